"""Comments, links, files, worklogs, labels."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import httpx2
import pytest

from pm_providers import (
    ConfigurationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
    PMComment,
    PMRelation,
    PMTask,
    PMTimeEntry,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.toolkit.documents import instant
from tests.providers.jira.site import ADMIN, Scripted, Site, answer, scripted

API, OLD = "/rest/api/3", "/rest/api/2"
DAY = date(2026, 3, 5)
BLOCKS = {"id": "2", "name": "Blocks", "inward": "is blocked by", "outward": "blocks"}
PROJECT = {"id": "5", "key": "ED", "projectTypeKey": "software"}


@pytest.fixture
async def task(site: Site, provider: JiraProvider) -> PMTask:
    return await provider.create_task(PMTask(title="One", project_id=site.sc))


@pytest.fixture
async def other(site: Site, provider: JiraProvider) -> PMTask:
    return await provider.create_task(PMTask(title="Two", project_id=site.sc))


# comments


async def test_comments_come_by_pages_oldest_first(provider: JiraProvider, task: PMTask) -> None:
    made = [
        await provider.create_comment(PMComment(task_id=task.key or "", body=f"No. *{n}*")) for n in range(3)
    ]
    assert await provider.list_comments(task.id) == made
    assert await provider.list_comments(task.key or "", limit=2) == made[:2]
    first = made[0]
    assert (first.body, first.author_id, first.is_internal) == ("No. *0*", ADMIN, False)


async def test_a_comment_is_found_without_its_task(provider: JiraProvider, task: PMTask) -> None:
    made = await provider.create_comment(PMComment(task_id=task.id, body="Before"))
    changed = await provider.update_comment(made.id, {"body": "After"})
    assert (changed.id, changed.task_id, changed.body) == (made.id, task.id, "After")
    assert [await provider.delete_comment(made.id) for _ in range(2)] == [True, False]
    for missing in ("999999", "x"):
        with pytest.raises(NotFoundError):
            await provider.update_comment(missing, {"body": "x"})
    with pytest.raises(ValidationError) as caught:
        await provider.create_comment(PMComment(task_id="999999", body="x"))
    assert "task_id" in caught.value.fields


async def test_an_edit_keeps_what_markdown_cannot_say_and_who_may_see_it() -> None:
    panel = {"type": "panel", "attrs": {"panelType": "info"}, "content": [
        {"type": "paragraph", "content": [{"type": "text", "text": "Mind this"}]}]}  # fmt: skip
    words = {"type": "paragraph", "content": [{"type": "text", "text": "Old words"}]}
    hidden = {"type": "group", "value": "team"}
    stored: dict[str, Any] = {
        "id": "6",
        "body": {"type": "doc", "version": 1, "content": [panel, words]},
        "visibility": hidden,
    }

    def change(request: httpx2.Request) -> httpx2.Response:
        stored["body"] = server.bodies(request.url.path)[-1]["body"]
        return answer(stored)

    path = f"{API}/issue/7/comment/6"
    server = Scripted({f"GET {path}": stored, f"PUT {path}": change})
    async with scripted(server) as provider:
        before = await provider._api.get("issue/7/comment/6")
        text = provider._text.read(before["body"]) or ""
        found = await provider.update_comment("6", {"body": text.replace("Old", "New")}, task_id="7")
    assert "New words" in found.body
    assert found.warnings == ()
    [body] = server.bodies(path)
    assert body["body"]["content"][0] == panel
    assert body["visibility"] == hidden


async def test_an_answer_to_a_comment_does_not_say_who_may_see_it() -> None:
    """It inherits that, and the vendor refuses to be told ([spec] PUT comment)."""
    text = {"type": "paragraph", "content": [{"type": "text", "text": "x"}]}
    body = {"type": "doc", "version": 1, "content": [text]}
    stored = {"id": "6", "parentId": 5, "body": body, "visibility": {"type": "role", "value": "Team"}}
    path = f"{API}/issue/7/comment/6"
    server = Scripted({f"GET {path}": stored, f"PUT {path}": stored})
    async with scripted(server) as provider:
        await provider.update_comment("6", {"body": "x"}, task_id="7")
    assert [list(one) for one in server.bodies(path)] == [["body"]]


async def test_internal_comments_are_hidden_by_a_role(provider: JiraProvider, task: PMTask) -> None:
    made = await provider.create_comment(PMComment(task_id=task.id, body="Psst", is_internal=True))
    assert (made.is_internal, made.warnings) == (True, ())
    assert (made.raw_data or {})["visibility"]["value"] == "Administrator"


async def test_internal_comments_of_service_projects_are_hidden_from_customers() -> None:
    path = f"{API}/issue/7/comment"
    server = Scripted({
        f"GET {API}/issue/7": {"id": "7", "fields": {"project": {"id": "5", "projectTypeKey": "service_desk"}}},
        f"POST {path}": lambda request: answer({"id": "1", "body": None, "jsdPublic": False}, 201),
    })  # fmt: skip
    async with scripted(server) as provider:
        made = await provider.create_comment(PMComment(task_id="7", body="Psst", is_internal=True))
    assert made.is_internal
    [body] = server.bodies(path)
    assert body["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]
    assert "visibility" not in body


async def test_the_role_of_internal_comments_is_an_option(site: Site) -> None:
    async with site.provider(internal_role="No such role") as provider:
        task = await provider.create_task(PMTask(title="t", project_id=site.sc))
        with pytest.raises(ValidationError) as caught:
            await provider.create_comment(PMComment(task_id=task.id, body="x", is_internal=True))
        assert "is_internal" in caught.value.fields
        assert await provider.list_comments(task.id) == []


async def test_data_center_needs_the_task_of_a_comment() -> None:
    async with scripted(Scripted({}, cloud=False)) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.update_comment("6", {"body": "x"})
        assert "task_id" in caught.value.fields


# links


async def test_the_blocker_blocks_as_everybody_sees_it(
    site: Site, provider: JiraProvider, task: PMTask, other: PMTask
) -> None:
    """The direction trap, by what the vendor shows on both issues and stores."""
    made = await provider.create_relation(PMRelation("", task.id, other.id, "blocks"))
    assert await provider.list_relations(task.id) == [made] == await provider.list_relations(other.id)
    on_blocker = await provider._api.get(f"issue/{task.id}", {"fields": "issuelinks"})
    [link] = on_blocker["fields"]["issuelinks"]
    assert (link["type"]["outward"], link["outwardIssue"]["id"]) == ("blocks", other.id)
    inverse = await provider.create_relation(PMRelation("", task.id, other.id, "blocked_by"))
    assert (inverse.from_task_id, inverse.to_task_id, inverse.type) == (other.id, task.id, "blocks")


async def test_a_link_is_made_once(provider: JiraProvider, task: PMTask, other: PMTask) -> None:
    """The vendor takes a second one without a word."""
    made = await provider.create_relation(PMRelation("", task.id, other.id, "relates"))
    for ends in ((task.id, other.id), (other.id, task.id)):
        with pytest.raises(ConflictError):
            await provider.create_relation(PMRelation("", *ends, "relates"))
    assert [one.id for one in await provider.list_relations(task.id)] == [made.id]
    assert [await provider.delete_relation(made.id) for _ in range(2)] == [True, False]
    assert await provider.delete_relation("x") is False


@pytest.mark.parametrize("ends", [("999999", "{}"), ("{}", "999999"), ("{}", "{}")])
async def test_impossible_links(provider: JiraProvider, task: PMTask, ends: tuple[str, str]) -> None:
    start, end = (one.format(task.id) for one in ends)
    with pytest.raises(ValidationError) as caught:
        await provider.create_relation(PMRelation("", start, end, "blocks"))
    assert list(caught.value.fields) == ["from_task_id" if start == "999999" else "to_task_id"]


async def test_the_types_of_a_site_are_what_it_can_say(
    site: Site, provider: JiraProvider, task: PMTask
) -> None:
    assert provider.capabilities.limits.relation_types == ("relates", "blocks", "duplicates")
    async with site.provider(relation_map={"cloners": "precedes"}) as mapped:
        assert "precedes" in mapped.capabilities.limits.relation_types
        other = await mapped.create_task(PMTask(title="Two", project_id=site.sc))
        made = await mapped.create_relation(PMRelation("", task.id, other.id, "follows"))
        assert (made.from_task_id, made.type, made.warnings) == (other.id, "precedes", ())
    [seen] = await provider.list_relations(task.id)
    assert (seen.type, (seen.raw_data or {})["type"]["name"]) == ("relates", "Cloners")


def test_a_map_to_no_type_is_refused(site: Site) -> None:
    with pytest.raises(ConfigurationError, match="relation_map"):
        site.provider(relation_map={"Cloners": "clones"})


async def test_who_may_not_link_is_not_logged_out() -> None:
    """The vendor answers 401; whether the credentials are really refused is asked."""
    refusal = answer({"errorMessages": ["No Link Issue Permission for issue 'ED-7'"], "errors": {}}, 401)
    server = Scripted({
        f"GET {API}/issueLinkType": {"issueLinkTypes": [BLOCKS]},
        f"GET {API}/issue/7": {"id": "7", "fields": {"issuelinks": []}},
        f"POST {API}/issueLink": refusal,
        f"DELETE {API}/issueLink/5": refusal,
    })  # fmt: skip
    async with scripted(server) as provider:
        with pytest.raises(PermissionDeniedError, match="No Link Issue Permission"):
            await provider.create_relation(PMRelation("", "7", "8", "blocks"))
        with pytest.raises(PermissionDeniedError, match="No Link Issue Permission"):
            await provider.delete_relation("5")


@pytest.mark.parametrize("there", [True, False])
async def test_a_link_that_may_not_be_deleted_is_not_gone(there: bool) -> None:
    """The vendor says 404 for both."""
    found = {f"GET {API}/issueLink/5": {"id": "5"}} if there else {}
    server = Scripted({f"GET {API}/issueLinkType": {"issueLinkTypes": [BLOCKS]}, **found})
    async with scripted(server) as provider:
        if there:
            with pytest.raises(PermissionDeniedError):
                await provider.delete_relation("5")
        else:
            assert await provider.delete_relation("5") is False


async def test_where_linking_is_off_there_are_no_relations() -> None:
    server = Scripted({})  # issueLinkType: 404
    async with scripted(server) as provider:
        assert not provider.capabilities.supports("create_relation")
        with pytest.raises(UnsupportedError, match="linking is off"):
            await provider.list_relations("7")


async def test_a_lost_answer_links_once() -> None:
    """Linking is repeated: the second call changes nothing."""
    links: list[dict[str, Any]] = []

    def link(request: httpx2.Request) -> httpx2.Response:
        if not links:
            links.append({"id": "1", "type": BLOCKS, "outwardIssue": {"id": "20"}})
            raise httpx2.ReadError("lost")
        return answer(None, 201)

    server = Scripted({
        f"GET {API}/issueLinkType": {"issueLinkTypes": [BLOCKS]},
        f"GET {API}/issue/10": lambda _: answer({"id": "10", "fields": {"issuelinks": links}}),
        f"POST {API}/issueLink": link,
    })  # fmt: skip
    async with scripted(server) as provider:
        made = await provider.create_relation(PMRelation("", "10", "20", "blocks"))
    assert (made.id, made.to_task_id) == ("1", "20")
    assert server.asked(f"{API}/issueLink") == 2


# files


async def test_files_there_and_back(provider: JiraProvider, task: PMTask) -> None:
    content = bytes(range(256)) * 40
    made = await provider.create_attachment(
        PMAttachment(task_id=task.id, file_name='ä "b".bin', content_type="application/x-thing"), content
    )
    assert (made.file_name, made.content_type, made.size_bytes) == (
        'ä "b".bin',
        "application/x-thing",
        len(content),
    )
    assert await provider.list_attachments(task.key or "") == [made]
    assert await provider.download_attachment(made.id) == content
    assert [await provider.delete_attachment(made.id) for _ in range(2)] == [True, False]
    for missing in (made.id, "../x"):
        with pytest.raises(NotFoundError):
            await provider.download_attachment(missing)
    with pytest.raises(ValidationError):
        await provider.create_attachment(PMAttachment(task_id="999999", file_name="x"), b"x")


async def test_the_credential_does_not_follow_to_the_store() -> None:
    """Cloud redirects to a signed address of another host."""
    server = Scripted({
        f"GET {API}/attachment/9": {"id": "9", "filename": "a.txt"},
        f"GET {API}/attachment/content/9": httpx2.Response(303, headers={"location": "https://media.example.net/x?t=1"}),
        "GET /x": httpx2.Response(200, content=b"bytes"),
    })  # fmt: skip
    async with scripted(server) as provider:
        assert await provider.download_attachment("9") == b"bytes"
    first, second = server.requests[-2:]
    assert (first.url.host, second.url.host) == ("site.example.com", "media.example.net")
    assert "authorization" in first.headers
    assert "authorization" not in second.headers


async def test_files_of_data_center_lie_beside_the_api() -> None:
    server = Scripted({
        f"GET {OLD}/attachment/9": {"id": 9, "filename": "a b/ü.txt"},
        "GET /secure/attachment/9/a b/ü.txt": httpx2.Response(200, content=b"bytes"),
    }, cloud=False)  # fmt: skip
    async with scripted(server) as provider:
        assert await provider.download_attachment("9") == b"bytes"
    assert server.requests[-1].url.raw_path == b"/secure/attachment/9/a%20b%2F%C3%BC.txt"


async def test_an_upload_is_sent_once_with_the_header_against_forged_forms() -> None:
    def lost(request: httpx2.Request) -> httpx2.Response:
        assert request.headers["x-atlassian-token"] == "no-check"
        assert b'name="file"; filename="a.txt"' in request.content
        raise httpx2.ReadError("lost")

    server = Scripted({f"POST {API}/issue/7/attachments": lost})
    async with scripted(server) as provider:
        with pytest.raises(TransportError) as caught:
            await provider.create_attachment(PMAttachment(task_id="7", file_name="a.txt"), b"x")
    assert caught.value.maybe_applied
    assert server.asked(f"{API}/issue/7/attachments") == 1


# worklogs


async def test_work_is_logged_changed_and_deleted(provider: JiraProvider, task: PMTask) -> None:
    made = await provider.create_time_entry(PMTimeEntry("", task.id, 1.25, DAY, comment="1 * 2 _x_"))
    assert (made.hours, made.spent_on, made.comment, made.user_id) == (1.25, DAY, "1 * 2 _x_", ADMIN)
    assert (made.project_id, made.warnings) == (task.project_id, ())
    changed = await provider.update_time_entry(made.id, {"hours": 2.0, "comment": None})
    assert (changed.hours, changed.spent_on, changed.comment) == (2.0, DAY, None)
    moved = await provider.update_time_entry(made.id, {"spent_on": date(2026, 3, 1)}, task_id=task.key)
    assert (moved.spent_on, moved.hours) == (date(2026, 3, 1), 2.0)
    assert await provider.list_time_entries(task.id) == [moved]
    assert [await provider.delete_time_entry(made.id) for _ in range(2)] == [True, False]
    with pytest.raises(NotFoundError):
        await provider.update_time_entry("999999", {"hours": 1.0})
    with pytest.raises(ValidationError) as caught:
        await provider.create_time_entry(PMTimeEntry("", "999999", 1.0, DAY))
    assert "task_id" in caught.value.fields


async def test_time_of_a_project_is_gathered_from_its_issues(
    site: Site, provider: JiraProvider, task: PMTask, other: PMTask
) -> None:
    """Oldest day first; more than come with an issue are read by pages."""
    many = [
        await provider.create_time_entry(PMTimeEntry("", task.id, 0.5, date(2026, 3, 30 - n)))
        for n in range(22)
    ]
    one = await provider.create_time_entry(PMTimeEntry("", other.id, 0.5, date(2026, 3, 1)))
    elsewhere = await provider.create_task(PMTask(title="x", project_id=site.ed))
    away = await provider.create_time_entry(PMTimeEntry("", elsewhere.id, 0.5, date(2026, 2, 1)))
    expected = [one, *reversed(many)]
    assert await provider.list_time_entries(project_id=site.sc) == expected
    assert await provider.list_time_entries(task.id) == expected[1:]
    assert await provider.list_time_entries() == [away, *expected]
    assert await provider.list_time_entries(task.id, project_id=site.ed) == []
    for where in ({"task_id": "999999"}, {"project_id": "999999"}):
        with pytest.raises(NotFoundError):
            await provider.list_time_entries(**where)


async def test_a_worklog_that_moved_and_was_not_changed_then_is_told() -> None:
    def issue(one: str) -> dict[str, Any]:
        return {"id": one, "fields": {"project": {"id": "5"}}}

    server = Scripted({
        f"GET {API}/issue/7": issue("7"),
        f"GET {API}/issue/8": issue("8"),
        f"GET {API}/issue/7/worklog/6": {"id": "6", "timeSpentSeconds": 3600},
        f"POST {API}/issue/7/worklog/move": answer(None, 204),
        f"PUT {API}/issue/8/worklog/6": answer({"errorMessages": ["no"]}, 400),
    })  # fmt: skip
    async with scripted(server) as provider:
        with pytest.raises(ValidationError) as caught:
            await provider.update_time_entry("6", {"task_id": "8", "hours": 2.0}, task_id="7")
    assert caught.value.maybe_applied


async def test_a_site_that_takes_no_time_or_files_says_so(
    site: Site, provider: JiraProvider, task: PMTask
) -> None:
    """It answers 404, as it does for a task that does not exist."""
    site.box.state.settings.update(time_tracking=False, attachments=False)
    with pytest.raises(ValidationError, match="Time tracking is disabled"):
        await provider.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY))
    with pytest.raises(NotFoundError, match="Attachments are disabled"):
        await provider.create_attachment(PMAttachment(task_id=task.id, file_name="a"), b"x")
    with pytest.raises(ValidationError, match="no task"):
        await provider.create_attachment(PMAttachment(task_id="999999", file_name="a"), b"x")


async def test_days_are_those_of_the_callers_profile(
    site: Site, provider: JiraProvider, task: PMTask
) -> None:
    """Noon in New York is the same day in UTC."""
    async with site.mias() as mias:
        made = await mias.create_time_entry(PMTimeEntry("", task.id, 1.0, DAY))
        assert made.spent_on == DAY
    stored = (await provider.list_time_entries(task.id))[0]
    assert stored.spent_on == DAY
    assert instant((stored.raw_data or {})["started"]) == datetime(2026, 3, 5, 17, tzinfo=UTC)


async def test_a_worklog_moves_to_another_task() -> None:
    """[spec] POST issue/{issueIdOrKey}/worklog/move; Data Center has none."""
    log = {"id": "3", "started": "2026-03-05T12:00:00.000+0000", "timeSpentSeconds": 3600, "issueId": "7"}
    moved = [False]

    def move(request: httpx2.Request) -> httpx2.Response:
        moved[0] = True
        return answer(None, 204)

    def answers(root: str) -> dict[str, Any]:
        return {
            f"POST {root}/worklog/list": [log],
            f"GET {root}/issue/7/worklog/3": log,
            f"GET {root}/issue/8/worklog/3": lambda _: answer(
                log if moved[0] else {}, 200 if moved[0] else 404
            ),
            f"GET {root}/issue/8": {"id": "8", "fields": {"project": PROJECT}},
            f"POST {root}/issue/7/worklog/move": move,
        }

    server = Scripted(answers(API))
    async with scripted(server) as provider:
        found = await provider.update_time_entry("3", {"task_id": "8"})
    assert (found.task_id, found.project_id, found.hours) == ("8", "5", 1.0)
    assert server.bodies(f"{API}/issue/7/worklog/move") == [{"ids": [3], "issueIdOrKey": "8"}]
    async with scripted(Scripted(answers(OLD), cloud=False)) as provider:
        with pytest.raises(UnsupportedError):
            await provider.update_time_entry("3", {"task_id": "8"})


# labels


async def test_labels_are_those_of_the_site(
    site: Site, provider: JiraProvider, task: PMTask, other: PMTask
) -> None:
    await provider.update_task(task.id, {"label_ids": ["red", "Blue"]})
    await provider.update_task(other.id, {"label_ids": ["red"]})
    found = await provider.list_labels(site.ed)
    assert {(one.id, one.name, one.project_id) for one in found} == {
        ("red", "red", None),
        ("Blue", "Blue", None),
    }
    assert await provider.list_labels(limit=1) == found[:1]
    with pytest.raises(NotFoundError):
        await provider.list_labels("999999")


async def test_labels_come_by_pages() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        start = int(request.url.params["startAt"])
        return answer({"values": [f"l{start}"], "total": 3, "isLast": start == 2})

    async with scripted(Scripted({f"GET {API}/label": page})) as provider:
        assert [one.id for one in await provider.list_labels()] == ["l0", "l1", "l2"]


async def test_data_center_tells_labels_by_the_issues_that_wear_them() -> None:
    issues = [{"id": "1", "fields": {"labels": ["b", "a"]}}, {"id": "2", "fields": {"labels": ["a", "c"]}}]
    found = {"issues": issues, "total": 2, "startAt": 0, "maxResults": 100}
    server = Scripted({f"{method} {OLD}/search": found for method in ("GET", "POST")}, cloud=False)
    async with scripted(server) as provider:
        assert [one.id for one in await provider.list_labels()] == ["a", "b", "c"]
    assert server.asked(f"{OLD}/search") == 1
