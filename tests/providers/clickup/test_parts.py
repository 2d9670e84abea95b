"""Comments, relations, tags, files, members and watchers, against the sandbox."""

from __future__ import annotations

import pytest

from pm_providers import PMAttachment, PMComment, PMLabel, PMProject, PMRelation, PMTask
from pm_providers.errors import ConflictError, NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import Site

MISSING = "86nothing"


@pytest.fixture
async def task(site: Site, provider: ClickUpProvider) -> PMTask:
    return await provider.create_task(PMTask(title="a", project_id=site.space))


@pytest.fixture
async def other(site: Site, provider: ClickUpProvider) -> PMTask:
    return await provider.create_task(PMTask(title="b", project_id=site.space))


def _mias(site: Site) -> ClickUpProvider:
    return site.provider(api_key=site.box.token_of("mia@example.com"))


# comments


async def test_comments_are_written_read_changed_and_deleted(provider: ClickUpProvider, task: PMTask):
    body = "# Done\n\n- [x] **all**\n- [ ] `rest`\n\n> quoted\n\n```py\nx = 1\n```"
    made = await provider.create_comment(PMComment(task_id=task.id, body=body))
    me = await provider.get_current_user()
    assert (made.body, made.task_id, made.warnings) == (body, task.id, ())
    assert (made.author_id, made.author_name) == (me.id, me.name)
    assert made.created_at is not None
    assert await provider.list_comments(task.id) == [made]
    changed = await provider.update_comment(made.id, {"body": "short"}, task_id=task.id)
    assert (changed.id, changed.body, changed.created_at) == (made.id, "short", made.created_at)
    assert await provider.delete_comment(made.id) is True
    assert await provider.delete_comment(made.id, task_id=task.id) is False
    assert await provider.list_comments(task.id) == []


async def test_comments_come_oldest_first_past_the_page_of_25(
    site: Site, provider: ClickUpProvider, task: PMTask
):
    made = [
        await provider.create_comment(PMComment(task_id=task.id, body=f"c{number}")) for number in range(55)
    ]
    mark = site.mark()
    assert await provider.list_comments(task.id) == made
    assert len(site.since(mark)) == 3
    assert await provider.list_comments(task.id, limit=2) == made[:2]
    changed = await provider.update_comment(made[0].id, {"body": "first"}, task_id=task.id)
    assert (changed.id, changed.body) == (made[0].id, "first")


async def test_answers_are_comments_of_the_task(provider: ClickUpProvider, task: PMTask):
    first = await provider.create_comment(PMComment(task_id=task.id, body="first"))
    await provider.request(
        "POST", f"comment/{first.id}/reply", json={"comment_text": "answer", "notify_all": False}
    )
    await provider.create_comment(PMComment(task_id=task.id, body="last"))
    listed = await provider.list_comments(task.id)
    assert [one.body for one in listed] == ["first", "answer", "last"]
    changed = await provider.update_comment(listed[1].id, {"body": "better"}, task_id=task.id)
    assert (changed.id, changed.body) == (listed[1].id, "better")
    assert await provider.delete_comment(listed[1].id, task_id=task.id) is True
    assert [one.body for one in await provider.list_comments(task.id)] == ["first", "last"]


async def test_only_who_wrote_a_comment_changes_it(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_comment(PMComment(task_id=task.id, body="mine"))
    async with _mias(site) as mias:
        with pytest.raises(PermissionDeniedError):
            await mias.update_comment(made.id, {"body": "hers"}, task_id=task.id)
        with pytest.raises(PermissionDeniedError):
            await mias.delete_comment(made.id)
    assert [one.body for one in await provider.list_comments(task.id)] == ["mine"]


async def test_an_edit_keeps_the_assignee_of_a_comment(site: Site, provider: ClickUpProvider, task: PMTask):
    body = {"comment_text": "please", "notify_all": False, "assignee": int(site.mia)}
    await provider.request("POST", f"task/{task.id}/comment", json=body)
    [found] = await provider.list_comments(task.id)
    await provider.request("PUT", f"comment/{found.id}", json={"resolved": True})
    changed = await provider.update_comment(found.id, {"body": "pretty please"}, task_id=task.id)
    assert changed.raw_data is not None
    assert str(changed.raw_data["assignee"]["id"]) == site.mia
    assert changed.raw_data["resolved"] is True


async def test_members_are_mentioned_and_others_refused(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_comment(
        PMComment(task_id=task.id, body=f"[@{site.mia}](clickup:user/{site.mia}) look")
    )
    assert made.raw_data is not None
    assert made.raw_data["comment"][0]["type"] == "tag"
    assert made.warnings == ()
    mark = site.mark()
    with pytest.raises(ValidationError, match="not in the Workspace"):
        await provider.create_comment(PMComment(task_id=task.id, body="[@x](clickup:user/999)"))
    assert not any("comment" in one for one in site.since(mark))


async def test_wrong_comments_are_refused_by_name(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_comment(PMComment(task_id=task.id, body="x"))
    mark = site.mark()
    with pytest.raises(ValidationError) as caught:
        await provider.update_comment(made.id, {"body": "y"})
    assert "task_id" in caught.value.fields
    assert await provider.delete_comment("1,2") is False
    with pytest.raises(NotFoundError):
        await provider.update_comment("../x", {"body": "y"}, task_id=task.id)
    assert site.since(mark) == []
    with pytest.raises(NotFoundError):
        await provider.update_comment("404404", {"body": "y"}, task_id=task.id)
    with pytest.raises(ValidationError) as caught:
        await provider.create_comment(PMComment(task_id=MISSING, body="x"))
    assert "task_id" in caught.value.fields
    with pytest.raises(NotFoundError):
        await provider.list_comments(MISSING)


# relations


async def test_relations_are_made_seen_from_both_ends_and_deleted(
    provider: ClickUpProvider, task: PMTask, other: PMTask
):
    blocks = await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
    assert (blocks.from_task_id, blocks.to_task_id, blocks.type) == (task.id, other.id, "blocks")
    relates = await provider.create_relation(PMRelation("", other.id, task.id, "relates"))
    assert (relates.type, relates.warnings) == ("relates", ())
    for one in task, other:
        assert await provider.list_relations(one.id) == [blocks, relates]
    for one in blocks, relates:
        assert await provider.delete_relation(one.id) is True
        assert await provider.delete_relation(one.id) is False
    assert await provider.list_relations(task.id) == []


async def test_blocked_by_is_stored_the_other_way_round(
    provider: ClickUpProvider, task: PMTask, other: PMTask
):
    made = await provider.create_relation(PMRelation("", task.id, other.id, "blocked_by"))
    assert (made.from_task_id, made.to_task_id, made.type) == (other.id, task.id, "blocks")
    shown = await provider.request("GET", f"task/{task.id}")
    [row] = shown.data["dependencies"]
    assert (row["task_id"], row["depends_on"]) == (task.id, other.id), "the task waits for the other"


async def test_relations_that_cannot_be_are_refused(
    site: Site, provider: ClickUpProvider, task: PMTask, other: PMTask
):
    third = await provider.create_task(PMTask(title="c", project_id=site.space))
    await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
    await provider.create_relation(PMRelation("", task.id, other.id, "relates"))
    for kind in "blocks", "relates":
        with pytest.raises(ConflictError):
            await provider.create_relation(PMRelation("", task.id, other.id, kind))
    with pytest.raises(ConflictError):
        await provider.create_relation(PMRelation("", other.id, task.id, "relates"))
    with pytest.raises(ValidationError, match="wait for the other"):
        await provider.create_relation(PMRelation("", other.id, task.id, "blocks"))
    await provider.create_relation(PMRelation("", other.id, third.id, "blocks"))
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", third.id, task.id, "blocks"))
    mark = site.mark()
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", task.id, task.id, "blocks"))
    with pytest.raises(ValidationError):
        await provider.create_relation(PMRelation("", task.id, other.id, "duplicates"))
    assert await provider.delete_relation("whatever") is False
    assert site.since(mark) == []


@pytest.mark.parametrize("kind", ["blocks", "relates"])
@pytest.mark.parametrize("end", ["from_task_id", "to_task_id"])
async def test_relations_to_nothing_are_refused_by_name(
    provider: ClickUpProvider, task: PMTask, kind: str, end: str
):
    draft = PMRelation("", task.id, task.id, kind)
    setattr(draft, end, MISSING)
    with pytest.raises(ValidationError) as caught:
        await provider.create_relation(draft)
    assert list(caught.value.fields) == [end]
    with pytest.raises(NotFoundError):
        await provider.list_relations(MISSING)


# tags


async def test_tags_are_made_changed_and_deleted(site: Site, provider: ClickUpProvider, task: PMTask):
    made = await provider.create_label(PMLabel("", "Red Fox/x?", site.space, "#ff0000"))
    assert (made.id, made.name, made.color, made.project_id) == (
        "red fox/x?",
        "red fox/x?",
        "#ff0000",
        site.space,
    )
    assert [(one.field, one.got) for one in made.warnings] == [("name", "red fox/x?")]
    await provider.update_task(task.id, {"label_ids": [made.id]})
    changed = await provider.update_label(made.id, {"color": "#00ff00"}, project_id=site.space)
    assert (changed.id, changed.color) == (made.id, "#00ff00")
    renamed = await provider.update_label(made.id, {"name": "Blue"})
    assert (renamed.id, renamed.name, renamed.color) == ("blue", "blue", "#00ff00")
    found = await provider.get_task(task.id)
    assert found is not None
    assert found.label_ids == ["blue"]
    assert await provider.list_labels(site.space) == await provider.list_labels() == [renamed]
    assert await provider.delete_label("BLUE") is True
    assert await provider.delete_label("blue", project_id=site.space) is False
    assert await provider.list_labels(site.space) == []


async def test_tags_are_of_their_space(site: Site, provider: ClickUpProvider):
    second = await provider.create_project(PMProject(name="Second"))
    here = await provider.create_label(PMLabel("", "both", site.space))
    there = await provider.create_label(PMLabel("", "both", second.id))
    assert await provider.list_labels() == [here, there]
    for call in (
        lambda: provider.delete_label("both"),
        lambda: provider.update_label("both", {"color": "#000000"}),
    ):
        with pytest.raises(ValidationError) as caught:
            await call()
        assert "project_id" in caught.value.fields
    assert await provider.delete_label("both", project_id=second.id) is True
    assert await provider.list_labels() == [here]


async def test_wrong_tags_are_refused_by_name(site: Site, provider: ClickUpProvider):
    await provider.create_label(PMLabel("", "one", site.space, "#112233"))
    await provider.create_label(PMLabel("", "two", site.space))
    with pytest.raises(ValidationError, match="already"):
        await provider.create_label(PMLabel("", "ONE", site.space, "#445566"))
    assert (await provider.list_labels(site.space))[0].color == "#112233", "what was there is as it was"
    with pytest.raises(ValidationError, match="already"):
        await provider.update_label("two", {"name": "One"}, project_id=site.space)
    mark = site.mark()
    with pytest.raises(ValidationError) as caught:
        await provider.create_label(PMLabel("", "three"))
    assert list(caught.value.fields) == ["project_id"]
    assert site.since(mark) == []
    for wrong, field in (
        (PMLabel("", "x", "404"), "project_id"),
        (PMLabel("", "x", site.space, "red"), "color"),
    ):
        with pytest.raises(ValidationError) as caught:
            await provider.create_label(wrong)
        assert list(caught.value.fields) == [field]
    with pytest.raises(NotFoundError):
        await provider.update_label("none", {"name": "x"}, project_id=site.space)
    with pytest.raises(NotFoundError):
        await provider.list_labels("404")
    assert await provider.delete_label("none", project_id="404") is False


async def test_folders_and_lists_share_the_tags_of_their_space(site: Site):
    async with site.provider(project_level="list", space_id=site.space) as provider:
        made = await provider.create_project(PMProject(name="L"))
        label = await provider.create_label(PMLabel("", "tag", made.id))
        assert (label.project_id, [one.id for one in await provider.list_labels(made.id)]) == (
            made.id,
            ["tag"],
        )
        [free] = await provider.list_labels()
        assert free.project_id is None
        changed = await provider.update_label("tag", {"color": "#abcdef"})
        assert (changed.project_id, changed.color) == (None, "#abcdef")


# files


async def test_files_keep_their_bytes_and_names(provider: ClickUpProvider, task: PMTask):
    made = []
    for name in ("Übersicht – Q1.txt", "a b (1)#?.txt", 'quo"te.txt', "no-extension"):
        content = name.encode() * 3
        one = await provider.create_attachment(PMAttachment(task_id=task.id, file_name=name), content)
        assert (one.file_name, one.size_bytes, one.task_id, one.warnings) == (name, len(content), task.id, ())
        assert await provider.download_attachment(one.id, task_id=task.id) == content
        made.append(one)
    assert await provider.list_attachments(task.id) == made
    me = await provider.get_current_user()
    assert {one.author_id for one in made} == {me.id}


async def test_wrong_files_are_refused_by_name(site: Site, provider: ClickUpProvider, task: PMTask):
    one = await provider.create_attachment(
        PMAttachment(task_id=task.id, file_name="a.txt", content_type="text/plain"), b"x"
    )
    assert one.content_type == "text/plain"
    mark = site.mark()
    with pytest.raises(ValidationError) as caught:
        await provider.download_attachment(one.id)
    assert list(caught.value.fields) == ["task_id"]
    assert site.since(mark) == []
    with pytest.raises(NotFoundError):
        await provider.download_attachment("other", task_id=task.id)
    with pytest.raises(NotFoundError):
        await provider.list_attachments(MISSING)
    with pytest.raises(ValidationError) as caught:
        await provider.create_attachment(PMAttachment(task_id=MISSING, file_name="x"), b"x")
    assert "task_id" in caught.value.fields


# people


async def test_members_of_a_project_are_those_of_the_workspace(site: Site, provider: ClickUpProvider):
    found = await provider.list_memberships(site.space)
    assert [(one.user_id, one.roles, one.is_inherited) for one in found][1:] == [(site.mia, ["member"], True)]
    assert found[0].roles == ["owner"]
    assert {one.id for one in found} == {f"{site.space}:{one.user_id}" for one in found}
    with pytest.raises(NotFoundError):
        await provider.list_memberships("404")


async def test_watchers_come_and_go(site: Site, provider: ClickUpProvider, task: PMTask):
    me = await provider.get_current_user()
    assert await provider.add_watcher(task.id, site.mia) is True
    assert await provider.add_watcher(task.id, "mia@example.com") is False
    watching = await provider.list_watchers(task.id)
    assert {one.id for one in watching} == {me.id, site.mia}
    assert {one.email for one in watching} == {me.email, "mia@example.com"}
    assert await provider.remove_watcher(task.id, site.mia) is True
    assert await provider.remove_watcher(task.id, site.mia) is False
    assert await provider.remove_watcher(task.id, "999") is False
    assert [one.id for one in await provider.list_watchers(task.id)] == [me.id]
    with pytest.raises(ValidationError) as caught:
        await provider.add_watcher(task.id, "999")
    assert list(caught.value.fields) == ["user_id"]
    for call in (
        lambda: provider.list_watchers(MISSING),
        lambda: provider.add_watcher(MISSING, me.id),
        lambda: provider.remove_watcher(MISSING, me.id),
    ):
        with pytest.raises(NotFoundError):
            await call()
