"""Comments, labels and relations against the sandbox, and what is not there."""

from __future__ import annotations

import json
from datetime import date

import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMChecklist,
    PMComment,
    PMLabel,
    PMRelation,
    PMTask,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.providers.asana.webhook import parse_webhook
from tests.providers.asana.site import Site

MISSING = "999999999999"
DAY = date(2026, 3, 5)


async def _another(provider: AsanaProvider, site: Site, title: str = "Start") -> PMTask:
    return await provider.create_task(PMTask(title=title, project_id=site.project))


# comments


async def test_comments_are_listed_without_the_history(
    site: Site, provider: AsanaProvider, task: PMTask
) -> None:
    """A task's stories tell what happened, too: that is no comment, and cannot be changed or deleted as one."""
    await provider.update_task(task.id, {"title": "Lander", "due_date": DAY})
    made = [await provider.create_comment(PMComment(task_id=task.id, body=f"Say *{n}*")) for n in range(3)]
    assert await provider.list_comments(task.id) == made
    assert await provider.list_comments(task.id, limit=2) == made[:2]
    assert [one.body for one in made] == ["Say *0*", "Say *1*", "Say *2*"]
    assert {(one.task_id, one.author_id, one.author_name) for one in made} == {
        (task.id, site.me, "Ada Admin")
    }
    assert all(one.created_at and not one.warnings for one in made)
    history = [one.id for one in site.box.state.stories if one.kind == "system" and one.task == task.id]
    assert history
    for one in history:
        assert await provider.delete_comment(one) is False
        with pytest.raises(NotFoundError):
            await provider.update_comment(one, {"body": "x"})
    assert site.count("DELETE", "stories") == site.count("PUT", "stories") == 0


async def test_rich_comments(provider: AsanaProvider, task: PMTask) -> None:
    """Markdown goes as the vendor's XML; headings, which comments have not, become bold lines, and that is said."""
    body = "# Plan\n\n**Bold**, `code` & [link](https://example.com)\n\n- one\n- two"
    made = await provider.create_comment(PMComment(task_id=task.id, body=body))
    assert made.raw_data is not None
    assert "<h1>" not in made.raw_data["html_text"]
    assert "<strong>Bold</strong>" in made.raw_data["html_text"]
    assert [one.field for one in made.warnings] == ["body"]
    assert (
        await provider.update_comment(made.id, {"body": body.replace("# Plan", "**Plan**")})
    ).warnings == ()
    assert "**Plan**" in made.body
    assert "- one\n- two" in made.body


async def test_an_edit_keeps_what_markdown_cannot_say(
    site: Site, provider: AsanaProvider, task: PMTask
) -> None:
    """A mention stays a mention when another paragraph is changed."""
    made = await provider.create_comment(PMComment(task_id=task.id, body="x"))
    html = f'<body><a data-asana-gid="{site.me}"/> look\n\nhere</body>'
    await provider.request("PUT", f"stories/{made.id}", json={"data": {"html_text": html}})
    (stored,) = await provider.list_comments(task.id)
    changed = await provider.update_comment(made.id, {"body": stored.body.replace("here", "there")})
    assert changed.raw_data is not None
    assert f'data-asana-gid="{site.me}"' in changed.raw_data["html_text"]
    assert "there" in changed.body
    assert changed == (await provider.list_comments(task.id))[0]


async def test_only_authors_edit_comments(provider: AsanaProvider, mias: AsanaProvider, task: PMTask) -> None:
    made = await provider.create_comment(PMComment(task_id=task.id, body="mine"))
    with pytest.raises(PermissionDeniedError):
        await mias.update_comment(made.id, {"body": "yours"})
    with pytest.raises(PermissionDeniedError):
        await mias.delete_comment(made.id)
    assert await provider.list_comments(task.id) == [made]


async def test_comments_need_words(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    before = site.count("POST")
    for body in ("", "  \n", "&nbsp;", "> ", "- "):
        with pytest.raises(ValidationError) as caught:
            await provider.create_comment(PMComment(task_id=task.id, body=body))
        assert "body" in caught.value.fields
    assert site.count("POST") == before


async def test_comments_of_nothing(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    with pytest.raises(NotFoundError):
        await provider.list_comments(MISSING)
    with pytest.raises((NotFoundError, ValidationError)):
        await provider.create_comment(PMComment(task_id=MISSING, body="x"))
    with pytest.raises(NotFoundError):
        await provider.update_comment(MISSING, {"body": "x"})
    made = await provider.create_comment(PMComment(task_id=task.id, body="gone"))
    assert [await provider.delete_comment(made.id) for _ in range(2)] == [True, False]
    assert await provider.list_comments(task.id) == []
    before = len(site.box.log)
    assert await provider.delete_comment("../tasks") is False
    assert len(site.box.log) == before


# labels


async def test_labels(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    made = await provider.create_label(PMLabel(name="bug", color="#e8384f"))
    assert (made.name, made.color, made.warnings) == ("bug", "#e8384f", ())
    plain = await provider.create_label(PMLabel(name="idea"))
    assert plain.color is None
    assert await provider.list_labels(site.project) == [made, plain]
    assert await provider.list_labels(limit=1) == [made]
    tagged = await provider.update_task(task.id, {"label_ids": [made.id]})
    assert tagged.label_ids == [made.id]
    renamed = await provider.update_label(made.id, {"name": "Bug", "color": None})
    assert (renamed.id, renamed.name, renamed.color) == (made.id, "Bug", None)
    assert [await provider.delete_label(made.id) for _ in range(2)] == [True, False]
    found = await provider.get_task(task.id)
    assert found is not None
    assert found.label_ids == []
    with pytest.raises(NotFoundError):
        await provider.update_label(made.id, {"name": "x"})
    with pytest.raises(NotFoundError):
        await provider.update_label("x/y", {"name": "x"})
    with pytest.raises(NotFoundError):
        await provider.list_labels(MISSING)


async def test_colors_are_the_nearest_and_that_is_said(provider: AsanaProvider) -> None:
    made = await provider.create_label(PMLabel(name="hot", color="#ff0000"))
    assert made.color == "#e8384f"
    assert [(one.field, one.asked, one.got) for one in made.warnings] == [("color", "#ff0000", "#e8384f")]
    named = await provider.update_label(made.id, {"color": "Light-Blue"})
    assert (named.color, named.warnings) == ("#9ec5f7", ())
    upper = await provider.update_label(made.id, {"color": "#9EC5F7"})
    assert upper.warnings == ()


async def test_wrong_labels_are_refused_before_any_request(site: Site, provider: AsanaProvider) -> None:
    before = len(site.box.log)
    with pytest.raises(ValidationError) as caught:
        await provider.create_label(PMLabel(name="x", color="very red"))
    assert list(caught.value.fields) == ["color"]
    with pytest.raises(UnsupportedError):
        await provider.create_label(PMLabel(name="x", project_id=site.project))
    assert len(site.box.log) == before


async def test_label_names_are_taken_once(site: Site, provider: AsanaProvider) -> None:
    """The vendor takes a name twice: then nobody can tell the two apart."""
    made = await provider.create_label(PMLabel(name="bug"))
    other = await provider.create_label(PMLabel(name="idea"))
    for attempt in (
        provider.create_label(PMLabel(name=" BUG ")),
        provider.update_label(other.id, {"name": "Bug"}),
    ):
        with pytest.raises(ValidationError) as caught:
            await attempt
        assert list(caught.value.fields) == ["name"]
    assert (await provider.update_label(made.id, {"name": "BUG"})).name == "BUG"
    assert site.count("POST", "tags") == 2


# relations


async def test_dependencies_are_relations(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    other = await _another(provider, site)
    made = await provider.create_relation(PMRelation("", other.id, task.id, "blocks"))
    assert (made.from_task_id, made.to_task_id, made.type, made.warnings) == (other.id, task.id, "blocks", ())
    row = site.box.state.tasks[task.id]
    assert row.dependencies == (other.id,)
    assert await provider.list_relations(task.id) == await provider.list_relations(other.id) == [made]
    inverse = await provider.create_relation(
        PMRelation("", task.id, (third := await _another(provider, site)).id, "blocked_by")
    )
    assert (inverse.from_task_id, inverse.to_task_id) == (third.id, task.id)
    assert [await provider.delete_relation(made.id) for _ in range(2)] == [True, False]
    assert await provider.list_relations(task.id) == [inverse]
    assert await provider.list_relations(other.id) == []


async def test_impossible_relations(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    other, third = await _another(provider, site), await _another(provider, site)
    await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
    await provider.create_relation(PMRelation("", other.id, third.id, "blocks"))
    before = site.count("POST", "Dependencies")
    with pytest.raises(ConflictError):
        await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", other.id, task.id, "blocks"))
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", task.id, task.id, "blocks"))
    with pytest.raises(ValidationError) as caught:
        await provider.create_relation(PMRelation("", MISSING, task.id, "blocks"))
    assert list(caught.value.fields) == ["from_task_id"]
    with pytest.raises(ValidationError) as caught:
        await provider.create_relation(PMRelation("", task.id, MISSING, "blocks"))
    assert list(caught.value.fields) == ["to_task_id"]
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", task.id, other.id, "relates"))
    assert site.count("POST", "Dependencies") == before
    with pytest.raises(ValidationError):  # the vendor sees circles of more than two
        await provider.create_relation(PMRelation("", third.id, task.id, "blocks"))
    with pytest.raises(NotFoundError):
        await provider.list_relations(MISSING)
    for wrong in ("x", "1:", "1:2:3", f"{MISSING}:{task.id}", f"{task.id}:{MISSING}"):
        assert await provider.delete_relation(wrong) is False


async def test_thirty_dependencies_at_most(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    """Both kinds count together; the one too many is refused, not dropped."""
    state = site.box.state
    many = (
        await provider.create_tasks([PMTask(title=f"t{n}", project_id=site.project) for n in range(30)])
    ).items
    state.tasks.change(state.tasks[task.id], dependencies=tuple(one.id for one in many))
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", task.id, (await _another(provider, site)).id, "blocks"))


# the rest


async def test_checklists_are_refused_by_name(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    before = len(site.box.log)
    with pytest.raises(UnsupportedError, match="subtasks"):
        await provider.create_checklist(PMChecklist(name="Steps", task_id=task.id))
    with pytest.raises(UnsupportedError, match="subtasks"):
        await provider.list_checklists(task.id)
    assert len(site.box.log) == before


async def test_deliveries_of_the_sandbox_are_read(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    """Events are the same in the feed and in deliveries ([spec] EventResponse)."""
    begin = await provider._api.events(site.project, None)
    said = await provider.create_comment(PMComment(task_id=task.id, body="x"))
    page = await provider._api.events(site.project, begin.sync)
    hints = parse_webhook(json.dumps({"events": page.events}).encode())
    assert (said.id, task.id) in {(one.id, one.task_id) for one in hints}
    assert {one.actor_id for one in hints} == {site.me}
