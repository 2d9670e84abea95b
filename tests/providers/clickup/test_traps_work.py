"""The vendor's traps of time entries, checklists and watchers by name."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx2
import pytest

from pm_providers import (
    PMChecklist,
    PMChecklistItem,
    PMTask,
    PMTimeEntry,
)
from pm_providers.errors import PMError, ProviderError, ValidationError
from pm_providers.providers.clickup import ClickUpProvider
from tests.providers.clickup.site import (
    ME,
    MIA,
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


# time entries


def _entry(key: str, **given: Any) -> dict[str, Any]:
    return {
        "id": key,
        "task": {"id": "86abc"},
        "user": ME,
        "start": "1772740800000",
        "duration": "3600000",
        "description": "",
        "tags": [],
        "at": "1772740800000",
        "task_location": {"space_id": SPACE},
        **given,
    }


async def test_entries_of_all_times_and_people_are_asked_for():
    """Left out, they are those of the caller in the last 30 days."""
    server = Scripted({f"GET {ENTRIES}": {"data": [_entry("1"), _entry("2", user=MIA)]}})
    provider = await connected(server)
    assert [one.user_id for one in await provider.list_time_entries(project_id=SPACE)] == ["183", "184"]
    [asked] = server.asked(f"GET {ENTRIES}")
    assert asked["assignee"] == "183,184"
    assert asked["space_id"] == SPACE
    assert int(asked["start_date"]) == 1
    assert int(asked["end_date"]) > 250_000_000_000_000


async def test_who_may_not_see_others_gets_ones_own():
    def entries(request: httpx2.Request) -> httpx2.Response:
        if "assignee" in request.url.params:
            return fault("You do not have access", "TIMEENTRY_073", 403)
        return answer({"data": [_entry("1")]})

    server = Scripted({f"GET {ENTRIES}": entries})
    provider = await connected(server)
    assert [one.id for one in await provider.list_time_entries()] == ["1"]


async def test_hundreds_of_people_are_asked_for_in_parts():
    people = [{"user": {**ME, "role": 1}}, *({"user": {"id": 1000 + one, "role": 3}} for one in range(249))]
    server = Scripted(
        {
            f"GET {ENTRIES}": {"data": []},
            "GET team": {"teams": [{"id": TEAM, "name": "T", "members": people}]},
        }
    )
    provider = await connected(server)
    assert await provider.list_time_entries() == []
    asked = [one["assignee"].split(",") for one in server.asked(f"GET {ENTRIES}")]
    assert [len(one) for one in asked] == [100, 100, 50]
    assert len({user for one in asked for user in one}) == 250


async def test_what_the_server_did_not_store_of_an_entry_is_told():
    stored = _entry("1", user=ME, task=None, description=None, duration="60000")
    server = Scripted(
        {
            f"POST {ENTRIES}": {"data": {"id": "1"}},
            f"GET {ENTRIES}/1": {"data": stored},
            "GET task/86abc": task(),
        }
    )
    provider = await connected(server)
    made = await provider.create_time_entry(PMTimeEntry("", "86abc", 1, DAY, user_id="184", comment="c"))
    assert {one.field for one in made.warnings} == {"task_id", "hours", "user_id", "comment"}


async def test_an_entry_whose_answer_got_lost_is_not_made_twice(
    site: Site, provider: ClickUpProvider, one: PMTask
):
    site.box.faults.add("drop-after;match=^POST .*/time_entries;times=1")
    with pytest.raises(PMError) as caught:
        await provider.create_time_entry(PMTimeEntry("", one.id, 1, DAY))
    assert caught.value.maybe_applied is True
    [entry] = await provider.list_time_entries(one.id)
    site.box.faults.add("drop-after;match=^DELETE .*/time_entries;times=99")
    assert await provider.delete_time_entry(entry.id) is True
    assert await provider.list_time_entries(one.id) == []


# checklists


def _list(*items: dict[str, Any], **given: Any) -> dict[str, Any]:
    return {"id": "L", "task_id": "86abc", "name": "L", "orderindex": 0, "items": list(items), **given}


def _item(key: str, **given: Any) -> dict[str, Any]:
    return {
        "id": key,
        "name": key,
        "orderindex": 0,
        "resolved": False,
        "parent": None,
        "children": [],
        **given,
    }


async def test_a_new_item_is_found_among_all_that_are_answered():
    """The answer is the whole checklist; somebody else may have added one at the same time."""
    before = _list(_item("a"))
    after = _list(_item("a"), _item("mine", orderindex=1), _item("theirs", orderindex=2))
    server = Scripted(
        {"GET task/86abc": task(checklists=[before]), "POST checklist/L/checklist_item": {"checklist": after}}
    )
    provider = await connected(server)
    made = await provider.create_checklist_item(PMChecklistItem("", "mine", "L"), task_id="86abc")
    assert (made.id, made.position) == ("mine", 1)


async def test_an_item_that_is_not_shown_is_no_success():
    there = task(checklists=[_list(_item("a"))])
    server = Scripted(
        {
            "GET task/86abc": there,
            "POST checklist/L/checklist_item": {"checklist": _list(_item("a"))},
            "PUT checklist/L/checklist_item/a": {"checklist": _list()},
        }
    )
    provider = await connected(server)
    with pytest.raises(ProviderError, match="does not show it") as caught:
        await provider.create_checklist_item(PMChecklistItem("", "b", "L"), task_id="86abc")
    assert caught.value.maybe_applied is True
    with pytest.raises(ProviderError, match="does not show it"):
        await provider.update_checklist_item("a", {"title": "b"}, task_id="86abc")


async def test_a_parent_that_is_ignored_is_told():
    stored = _list(_item("a"), _item("b", orderindex=1))
    server = Scripted(
        {
            "GET task/86abc": task(checklists=[stored]),
            "PUT checklist/L/checklist_item/b": {"checklist": stored},
        }
    )
    provider = await connected(server)
    changed = await provider.update_checklist_item("b", {"parent_id": "a", "is_done": True}, task_id="86abc")
    assert {one.field for one in changed.warnings} == {"parent_id", "is_done"}


async def test_items_that_stay_below_a_deleted_one_are_deleted_after_it():
    top = _item("a", children=[_item("b", parent="a", children=[_item("c", parent="b")])])
    server = Scripted({"GET task/86abc": task(checklists=[_list(top, _item("d"))])})
    left = task(checklists=[_list(_item("b", children=[_item("c", parent="b")]), _item("d"))])

    def deleted(_: httpx2.Request) -> httpx2.Response:
        server.set("GET task/86abc", left)
        return answer({})

    for one in "abc":
        server.set(f"DELETE checklist/L/checklist_item/{one}", deleted)
    provider = await connected(server)
    assert await provider.delete_checklist_item("a", task_id="86abc") is True
    assert [one[-1] for one in server.calls if one.startswith("DELETE")] == ["a", "c", "b"]


async def test_places_are_counted_as_their_numbers_have_gaps():
    lists = [_list(id="z", orderindex=5), _list(id="x", orderindex="0"), _list(id="y", orderindex=5)]
    server = Scripted({"GET task/86abc": task(checklists=lists)})
    provider = await connected(server)
    found = await provider.list_checklists("86abc")
    assert [(one.id, one.position) for one in found] == [("x", 0), ("z", 1), ("y", 2)]


async def test_a_place_that_the_server_does_not_keep_is_told():
    server = Scripted({"GET task/86abc": task(checklists=[_list(), _list(id="M")]), "PUT checklist/M": {}})
    provider = await connected(server)
    changed = await provider.update_checklist("M", {"position": 0}, task_id="86abc")
    assert [(one.field, one.got) for one in changed.warnings] == [("position", 1)]


async def test_a_checklist_whose_answer_got_lost(site: Site, provider: ClickUpProvider, one: PMTask):
    site.box.faults.add("drop-after;match=^POST .*/checklist$;times=1")
    with pytest.raises(PMError) as caught:
        await provider.create_checklist(PMChecklist("", "L", one.id))
    assert caught.value.maybe_applied is True
    [made] = await provider.list_checklists(one.id)
    site.box.faults.add("drop-after;match=^DELETE .*/checklist/")
    assert await provider.delete_checklist(made.id, task_id=one.id) is True
    assert await provider.list_checklists(one.id) == []


async def test_an_item_whose_deletion_got_lost_is_looked_up(
    site: Site, provider: ClickUpProvider, one: PMTask
):
    items = [PMChecklistItem("1", "a"), PMChecklistItem("", "b", parent_id="1")]
    made = await provider.create_checklist(PMChecklist("", "L", one.id, items=items))
    site.box.faults.add("drop-after;match=^DELETE .*/checklist_item/")
    assert await provider.delete_checklist_item(made.items[0].id, task_id=one.id) is True
    assert (await provider.list_checklists(one.id))[0].items == []


async def test_what_somebody_else_deleted_first_is_gone():
    """Presence is looked up, then the delete is refused with 400: in between, somebody was faster."""
    row = {"task_id": "86b", "depends_on": "86a", "type": 1}
    server = Scripted({"GET task/86b": task("86b", dependencies=[row])})

    def refused(_: httpx2.Request) -> httpx2.Response:
        server.set("GET task/86b", task("86b"))
        server.set(f"GET space/{SPACE}/tag", {"tags": []})
        return fault("Not found", "DEP_012", 400)

    server.set("DELETE task/86b/dependency", refused)
    server.set(f"DELETE space/{SPACE}/tag/red%20fox", refused)
    server.set(f"DELETE space/{SPACE}/tag/red fox", refused)
    provider = await connected(server)
    assert await provider.delete_label("red fox", project_id=SPACE) is True
    server.set("GET task/86b", task("86b", dependencies=[row]))
    assert await provider.delete_relation("blocks:86a:86b") is True
    assert await provider.delete_relation("blocks:86a:86b") is False


async def test_a_delete_that_is_refused_is_no_success():
    row = {"task_id": "86b", "depends_on": "86a", "type": 1}
    refused = fault("Not allowed", "DEP_099", 400)
    server = Scripted(
        {
            "GET task/86b": task("86b", dependencies=[row]),
            "DELETE task/86b/dependency": refused,
            f"DELETE space/{SPACE}/tag/red fox": refused,
        }
    )
    provider = await connected(server)
    with pytest.raises(ValidationError):
        await provider.delete_relation("blocks:86a:86b")
    with pytest.raises(ValidationError):
        await provider.delete_label("red fox", project_id=SPACE)


# watchers


async def test_watchers_that_are_taken_without_effect_are_no_success():
    server = Scripted({"GET task/86abc": task(watchers=[ME]), "PUT task/86abc": task(watchers=[])})
    provider = await connected(server)
    with pytest.raises(ValidationError) as caught:
        await provider.add_watcher("86abc", "184")
    assert list(caught.value.fields) == ["user_id"]
    with pytest.raises(ProviderError, match="still watches"):
        await provider.remove_watcher("86abc", "183")
    assert server.bodies("PUT task/86abc") == [
        {"watchers": {"add": [184], "rem": []}},
        {"watchers": {"add": [], "rem": [183]}},
    ]
