"""The vendor's traps around tasks by name: silence, answers that lack, lists that hide."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import (
    PMAttachment,
    PMComment,
    PMLabel,
    PMRelation,
    PMTask,
)
from pm_providers.errors import PMError, ProviderError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import (
    HIDES,
    ME,
    SPACE,
    TEAM,
    Scripted,
    Site,
    answer,
    connected,
    fault,
    task,
)

DAY = date(2026, 3, 5)
ENTRIES = f"team/{TEAM}/time_entries"


@pytest.fixture
async def one(site: Site, provider: ClickUpProvider) -> PMTask:
    return await provider.create_task(PMTask(title="a", project_id=site.space))


def _comment(key: int, text: str = "x", **given: Any) -> dict[str, Any]:
    comment = [{"text": text}]
    return {"id": str(key), "comment": comment, "comment_text": text, "user": ME, "date": str(key), **given}


# comments


async def test_the_next_page_of_comments_needs_time_and_id():
    pages = {None: [_comment(one) for one in range(100, 75, -1)], "76": [_comment(75)]}
    server = Scripted(
        {"GET task/86abc/comment": lambda request: {"comments": pages[request.url.params.get("start_id")]}}
    )
    provider = await connected(server)
    assert [one.id for one in await provider.list_comments("86abc")] == [str(one) for one in range(75, 101)]
    first, second = server.asked("GET task/86abc/comment")
    assert dict(first) == {}
    assert dict(second) == {"start": "76", "start_id": "76"}


async def test_a_list_of_comments_that_begins_anew_has_an_end():
    page = [_comment(one) for one in range(25)]
    server = Scripted({"GET task/86abc/comment": {"comments": page}})
    provider = await connected(server)
    assert len(await provider.list_comments("86abc")) == 25
    assert len(server.requests) == 2


async def test_a_comment_whose_answer_got_lost_is_not_made_twice(
    site: Site, provider: ClickUpProvider, one: PMTask
):
    site.box.faults.add("drop-after;match=^POST .*/comment;times=1")
    with pytest.raises(PMError) as caught:
        await provider.create_comment(PMComment(task_id=one.id, body="x"))
    assert caught.value.maybe_applied is True
    assert len(await provider.list_comments(one.id)) == 1


async def test_a_comment_that_is_not_shown_is_no_success():
    server = Scripted(
        {
            "POST task/86abc/comment": {"id": 5, "date": 5},
            "GET task/86abc/comment": {"comments": [_comment(4)]},
        }
    )
    provider = await connected(server)
    with pytest.raises(ProviderError, match="does not show it") as caught:
        await provider.create_comment(PMComment(task_id="86abc", body="**x**"))
    assert caught.value.maybe_applied is True
    assert server.bodies("POST task/86abc/comment") == [
        {"comment": [{"text": "x", "attributes": {"bold": True}}], "notify_all": False}
    ]


async def test_plain_text_is_not_taken_for_markdown():
    """Text that other tools wrote with signs in it is shown with those signs, not as bold."""
    server = Scripted({"GET task/86abc/comment": {"comments": [_comment(4, "**not bold**")]}})
    provider = await connected(server)
    [found] = await provider.list_comments("86abc")
    assert found.body == "\\*\\*not bold\\*\\*"


async def test_what_an_edit_takes_away_is_told():
    stored = _comment(4, comment=[{"text": "red", "attributes": {"color": "#f00"}}])
    server = Scripted({"GET task/86abc/comment": {"comments": [stored]}})

    def change(request: httpx2.Request) -> httpx2.Response:
        server.set(
            "GET task/86abc/comment", {"comments": [_comment(4, json.loads(request.content)["comment_text"])]}
        )
        return answer({})

    server.set("PUT comment/4", change)
    provider = await connected(server)
    changed = await provider.update_comment("4", {"body": "blue"}, task_id="86abc")
    [warning] = changed.warnings
    assert (changed.body, warning.field) == ("blue", "body")
    assert "color" in warning.reason
    assert server.bodies("PUT comment/4") == [{"comment_text": "blue", "resolved": False}]


async def test_a_thread_that_goes_away_meanwhile_is_left_out():
    page = [_comment(4, reply_count=2), _comment(3, reply_count="1")]
    replies = {"comments": [_comment(9, "answer")]}
    server = Scripted({"GET task/86abc/comment": {"comments": page}, "GET comment/3/reply": replies})
    provider = await connected(server)
    assert [one.id for one in await provider.list_comments("86abc")] == ["3", "4", "9"]


# relations


@pytest.mark.parametrize(
    ("kind", "path"), [("blocks", "task/86b/dependency"), ("relates", "task/86a/link/86b")]
)
async def test_a_relation_that_is_taken_without_effect_is_no_success(kind: str, path: str):
    server = Scripted({"GET task/86b": task("86b"), f"POST {path}": {}})
    provider = await connected(server)
    with pytest.raises(ProviderError, match="does not show it"):
        await provider.create_relation(PMRelation("", "86a", "86b", kind))


async def test_a_link_that_is_not_there_is_deleted_with_200():
    server = Scripted({"GET task/86b": task("86b"), "DELETE task/86a/link/86b": {"task": {}}})
    provider = await connected(server)
    assert await provider.delete_relation("relates:86a:86b") is False
    assert server.calls == ["GET task/86b"]


@pytest.mark.parametrize("kind", ["blocks", "relates"])
async def test_a_relation_whose_answer_got_lost_is_made_once(
    site: Site, provider: ClickUpProvider, one: PMTask, kind: str
):
    other = await provider.create_task(PMTask(title="b", project_id=site.space))
    site.box.faults.add("drop-after;match=^POST .*/(dependency|link/);times=1")
    with pytest.raises(PMError) as caught:
        await provider.create_relation(PMRelation("", one.id, other.id, kind))
    assert caught.value.maybe_applied is True
    [made] = await provider.list_relations(one.id)
    site.box.faults.add("drop-after;match=^DELETE .*/(dependency|link/)")
    assert await provider.delete_relation(made.id) is True, "looked up after the answers got lost"
    assert await provider.list_relations(one.id) == []


async def test_only_the_parameter_that_says_something_is_sent():
    row = {"task_id": "86b", "depends_on": "86a", "type": 1}
    server = Scripted({"GET task/86b": task("86b", dependencies=[row]), "DELETE task/86b/dependency": {}})
    provider = await connected(server)
    assert await provider.delete_relation("blocks:86a:86b") is True
    assert [dict(one) for one in server.asked("DELETE task/86b/dependency")] == [{"depends_on": "86a"}]


# tags


async def test_a_tag_that_is_taken_without_effect_is_no_success():
    server = Scripted({f"POST space/{SPACE}/tag": {}})
    provider = await connected(server)
    with pytest.raises(ProviderError, match="does not show it"):
        await provider.create_label(PMLabel("", "new", SPACE))


async def test_the_slash_in_the_name_of_a_tag_is_no_part_of_the_address():
    server = Scripted({})
    provider = await connected(server)
    with pytest.raises(PMError):
        await provider.update_label("b/c", {"color": "#000000"}, project_id=SPACE)
    assert server.requests[-1].url.raw_path == f"/api/v2/space/{SPACE}/tag/b%2Fc".encode()


async def test_a_tag_whose_deletion_got_lost_is_looked_up(site: Site, provider: ClickUpProvider):
    await provider.create_label(PMLabel("", "x", site.space))
    site.box.faults.add("drop-after;match=^DELETE .*/tag/")
    assert await provider.delete_label("x", project_id=site.space) is True
    assert await provider.list_labels(site.space) == []


async def test_a_new_name_is_not_written_again_when_the_answer_got_lost(
    site: Site, provider: ClickUpProvider
):
    """The second attempt would find no tag of the old name."""
    await provider.create_label(PMLabel("", "old", site.space))
    site.box.faults.add("drop-after;match=^PUT .*/tag/;times=1")
    with pytest.raises(PMError) as caught:
        await provider.update_label("old", {"name": "new"}, project_id=site.space)
    assert caught.value.maybe_applied is True
    assert [one.id for one in await provider.list_labels(site.space)] == ["new"]


# files


async def test_files_of_other_hosts_are_read_without_the_credential():
    seen: list[httpx2.Request] = []

    def elsewhere(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        if request.url.path == "/a.txt":
            return httpx2.Response(302, headers={"location": "https://more.example/b.txt?signed=1"})
        return httpx2.Response(200, content=b"bytes")

    file = {"id": "f.txt", "title": "f", "url": "https://files.example/a.txt", "date": 5}
    gone = {"id": "g.txt", "title": "g", "url": "https://files.example/g.txt", "deleted": True}
    server = Scripted(
        {
            "GET task/86abc": task(attachments=[file, gone]),
            "GET /a.txt": elsewhere,
            "GET /b.txt": elsewhere,
        }
    )
    provider = await connected(server)
    assert [one.id for one in await provider.list_attachments("86abc")] == ["f.txt"]
    assert await provider.download_attachment("f.txt", task_id="86abc") == b"bytes"
    assert [one.url.host for one in seen] == ["files.example", "more.example"]
    assert not any("authorization" in one.headers for one in seen)


async def test_the_answer_of_an_upload_will_do_until_the_task_shows_the_file():
    made = {
        "id": "f.txt",
        "version": "0",
        "date": 1569988578766,
        "title": "f.txt",
        "url": "https://f.example",
    }
    server = Scripted({"POST task/86abc/attachment": made, "GET task/86abc": task(attachments=[])})
    provider = await connected(server)
    found = await provider.create_attachment(PMAttachment(task_id="86abc", file_name="f.txt"), b"x")
    assert (found.id, found.file_name, found.size_bytes) == ("f.txt", "f.txt", None)
    content_type = server.requests[0].headers["content-type"]
    assert content_type.startswith("multipart/form-data"), "not the JSON of all other calls"


async def test_an_upload_whose_answer_got_lost_is_not_repeated(
    site: Site, provider: ClickUpProvider, one: PMTask
):
    site.box.faults.add("drop-after;match=^POST .*/attachment;times=1")
    with pytest.raises(PMError) as caught:
        await provider.create_attachment(PMAttachment(task_id=one.id, file_name="x"), b"x")
    assert caught.value.maybe_applied is True
    assert len(await provider.list_attachments(one.id)) == 1


async def test_a_full_storage_names_the_content():
    server = Scripted({"POST task/86abc/attachment": fault("Storage full", "GBUSED_005", 400)})
    provider = await connected(server)
    with pytest.raises(ValidationError) as caught:
        await provider.create_attachment(PMAttachment(task_id="86abc", file_name="f.txt"), b"x")
    assert list(caught.value.fields) == ["content"]


# ids


async def test_custom_task_ids_are_looked_up_once():
    """`DEV-42` in an address without its two parameters is 401 "Team not authorized"."""
    server = Scripted(
        {"GET task/DEV-42": task(custom_id="DEV-42"), "GET task/86abc/comment": {"comments": []}}
    )
    provider = await connected(server)
    assert await provider.list_comments("DEV-42") == []
    assert server.calls == ["GET task/DEV-42", "GET task/86abc/comment"]
    assert server.asked("GET task/DEV-42")[0]["team_id"] == TEAM


async def test_what_may_not_be_seen_is_missing():
    server = Scripted({"DELETE comment/5": fault(*HIDES), f"DELETE {ENTRIES}/5": fault(*HIDES)})
    provider = await connected(server)
    assert await provider.delete_comment("5") is False
    assert await provider.delete_time_entry("5") is False
    assert await provider.delete_checklist("L") is False
