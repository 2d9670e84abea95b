"""Lists of tasks: what they hide, how they page, sort and filter."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.clickup.support import Place, add_person, ecode, listed, make, open_box

TEAM = f"/team/{Place.team}/task"
LIST = f"/list/{Place.list}/task"
ALL = {"subtasks": "true", "include_closed": "true"}


async def fill(client):
    """One of each kind that lists hide."""
    open_ = await make(client, "open")
    await make(client, "sub", parent=open_["id"])
    await make(client, "closed", status="complete")
    await make(client, "archived", archived=True)
    return open_


@pytest.mark.parametrize("path", [TEAM, LIST])
async def test_subtasks_closed_and_archived_are_hidden(path):
    async with open_box() as client:
        await fill(client)
        assert await listed(client, path) == ["open"]
        assert set(await listed(client, path, subtasks="true")) == {"open", "sub"}
        assert set(await listed(client, path, include_closed="true")) == {"open", "closed"}


async def test_archived_ones_come_alone_and_only_from_a_list():
    async with open_box() as client:
        await fill(client)
        assert await listed(client, LIST, archived="true", **ALL) == ["archived"]
        assert set(await listed(client, TEAM, archived="true", **ALL)) == {"open", "sub", "closed"}
        assert ("GET", "archived") in client.box.state.ignored


async def test_other_lists_tasks_need_include_timl():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Sprint 1"})).json()["id"]
        task = await make(client, "shared")
        await client.post(f"/list/{other}/task/{task['id']}")
        assert await listed(client, f"/list/{other}/task") == []
        assert await listed(client, f"/list/{other}/task", include_timl="true") == ["shared"]


async def test_pages_have_a_hundred_whatever_is_asked():
    async with open_box(scale=250) as client:
        rows, pages = [], []
        for page in range(4):
            query = {**ALL, "page": page, "limit": 500, "list_ids[]": "901523450955"}
            body = (await client.get(TEAM, params=query)).json()
            pages.append((len(body["tasks"]), body["last_page"]))
            rows += [row["id"] for row in body["tasks"]]
        assert pages == [(100, False), (100, False), (50, True), (0, True)]
        assert len(set(rows)) == 250
        assert (await client.get(TEAM, params={"page": -1})).status_code == 400


async def test_arrays_need_brackets():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        await make(client, "here")
        await make(client, "there", home=other)
        assert await listed(client, TEAM, **{"list_ids[]": other}) == ["there"]
        assert set(await listed(client, TEAM, list_ids=other)) == {"here", "there"}
        assert ("GET", "list_ids") in client.box.state.ignored


async def test_filters_that_fit_nothing_give_an_empty_list_but_a_wrong_order_gives_500():
    async with open_box() as client:
        await make(client, assignees=[Place.owner], tags=["bug"])
        for name, value in (("assignees[]", "1"), ("statuses[]", "nowhere"), ("tags[]", "nothing")):
            assert await listed(client, TEAM, **{name: value}) == []
        for name, value in (("assignees[]", Place.owner), ("statuses[]", "TO DO"), ("tags[]", "Bug")):
            assert await listed(client, TEAM, **{name: value}) == ["A task"]
        assert (await client.get(TEAM, params={"order_by": "name"})).status_code == 500


async def test_orders():
    async with open_box() as client:
        first = await make(client, "first")
        client.box.clock.advance(60)
        await make(client, "second")
        client.box.clock.advance(60)
        await client.put(f"/task/{first['id']}", json={"priority": 1})
        assert await listed(client, TEAM) == ["second", "first"]
        assert await listed(client, TEAM, reverse="true") == ["first", "second"]
        assert await listed(client, TEAM, order_by="updated") == ["first", "second"]


async def test_limits_of_dates_are_strict():
    async with open_box() as client:
        task = await make(client)
        at = int(task["date_updated"])
        assert await listed(client, TEAM, date_updated_gt=at) == []
        assert await listed(client, TEAM, date_updated_gt=at - 1) == ["A task"]
        assert await listed(client, TEAM, date_created_lt=at) == []
        assert await listed(client, TEAM, due_date_gt=0) == []
        assert (await client.get(TEAM, params={"date_updated_gt": "yesterday"})).status_code == 400


async def test_comments_tags_and_time_count_as_updates():
    async with open_box() as client:
        task = await make(client)
        path = f"/task/{task['id']}"
        entry = {"start": 1, "duration": 5, "tid": task["id"]}
        calls = (
            (f"{path}/comment", {"comment_text": "Hi"}),
            (f"{path}/tag/new", None),
            (f"{path}/checklist", {"name": "C"}),
            (f"/team/{Place.team}/time_entries", entry),
        )
        for url, body in calls:
            before = int((await client.get(path)).json()["date_updated"])
            client.box.clock.advance(1)
            assert (await client.post(url, json=body)).status_code == 200
            assert await listed(client, TEAM, date_updated_gt=before) == ["A task"]


async def test_folders_spaces_and_parents():
    async with open_box(dataset="demo") as client:
        names = await listed(client, TEAM, **{"space_ids[]": "901511023378", **ALL})
        assert len(names) == 5
        assert await listed(client, TEAM, **{"project_ids[]": "1"}) == []
        above = next(row for row in client.box.state.tasks if row.name.startswith("Checkout"))
        below = await listed(client, TEAM, parent=above.id)
        assert set(below) == {
            "Guests can buy without an account",
            "Pay with a wallet (Apple Pay, Google Pay)",
        }


async def test_tasks_of_archived_lists_are_hidden():
    async with open_box() as client:
        await make(client)
        state = client.box.state
        state.lists.change(state.lists[Place.list], archived=True)
        assert await listed(client, TEAM) == []


async def test_a_guest_sees_what_he_was_given():
    async with open_box(plan="enterprise") as client:
        guest, header = add_person(client.box, "Gus Guest", role=4)
        one = await make(client, "given")
        await make(client, "hidden")
        answer = await client.post(f"/task/{one['id']}/guest/{guest.id}", json={"permission_level": "read"})
        assert answer.status_code == 200
        body = (await client.get(TEAM, headers=header)).json()
        assert [row["name"] for row in body["tasks"]] == ["given"]
        assert (await client.get(f"/team/{Place.team}/space", headers=header)).json() == {"spaces": []}
        shared = (await client.get(f"/team/{Place.team}/shared", headers=header)).json()["shared"]
        assert [row["name"] for row in shared["tasks"]] == ["given"]
        path = f"/task/{one['id']}"
        assert (await client.put(path, json={"name": "x"}, headers=header)).status_code == 403
        assert (
            await client.post(f"{path}/comment", json={"comment_text": "Hi"}, headers=header)
        ).status_code == 200


@pytest.mark.parametrize(
    ("operator", "value", "wanted"),
    [
        ("=", 5, ["five"]),
        ("!=", 5, ["eight", "none"]),
        (">", 5, ["eight"]),
        (">=", 5, ["eight", "five"]),
        ("<", 8, ["five"]),
        ("<=", 8, ["eight", "five"]),
        ("IS NULL", None, ["none"]),
        ("IS NOT NULL", None, ["eight", "five"]),
        ("RANGE", {"low_value": 6, "high_value": 9}, ["eight"]),
        ("ANY", [5, 8], ["eight", "five"]),
        ("NOT ANY", [5], ["eight", "none"]),
    ],
)
async def test_conditions_of_custom_fields(operator, value, wanted):
    async with open_box() as client:
        field = client.box.fields.add(f"list:{Place.list}", "Size", "number")
        for name, size in (("five", 5), ("eight", 8), ("none", None)):
            await make(client, name, custom_fields=[{"id": field.id, "value": size}])
        condition = {"field_id": field.id, "operator": operator, "value": value}
        assert sorted(await listed(client, TEAM, custom_fields=json.dumps([condition]))) == wanted


async def test_texts_contain_and_labels_share():
    async with open_box() as client:
        text = client.box.fields.add(f"list:{Place.list}", "Note", "short_text")
        labels = client.box.fields.add(f"list:{Place.list}", "Labels", "labels", options=("A", "B"))
        one, two = (option["id"] for option in labels.type_config["options"])
        values = [{"id": text.id, "value": "Hello World"}, {"id": labels.id, "value": [one, two]}]
        await make(client, custom_fields=values)

        async def hits(field, operator, value):
            condition = {"field_id": field.id, "operator": operator, "value": value}
            return len(await listed(client, TEAM, custom_fields=json.dumps([condition])))

        assert await hits(text, "=", "world") == 1
        assert await hits(text, "==", "world") == 0
        assert await hits(labels, "ANY", [one]) == 1
        assert await hits(labels, "ALL", [one, two]) == 1
        assert await hits(labels, "NOT ALL", [one, two]) == 0


async def test_bad_conditions():
    async with open_box() as client:
        assert ecode(await client.get(TEAM, params={"custom_fields": "string"})) == (400, "ITEM_155")
        unknown = json.dumps([{"field_id": "x", "operator": "=", "value": 1}])
        assert (await client.get(TEAM, params={"custom_fields": unknown})).status_code == 400


async def test_the_index_may_lag():
    async with open_box(index_lag_s=30) as client:
        task = await make(client)
        assert await listed(client, TEAM) == []
        assert (await client.get(f"/task/{task['id']}")).status_code == 200
        client.box.clock.advance(31)
        assert await listed(client, TEAM) == ["A task"]


async def test_a_stale_listing_can_be_injected():
    async with open_box() as client:
        await make(client, "old")
        client.box.faults.add("stale-search;match=GET .*/task$;times=1")
        await make(client, "new")
        assert await listed(client, TEAM) == ["old"]
        assert set(await listed(client, TEAM)) == {"old", "new"}


async def test_a_write_between_pages_is_seen():
    async with open_box() as client:
        await make(client, "one")
        assert await listed(client, TEAM) == ["one"]
        await make(client, "two")
        assert set(await listed(client, TEAM)) == {"one", "two"}


async def test_views_search_for_words():
    async with open_box() as client:
        await make(client, "Write the report")
        await make(client, "Something else")
        view = {"name": "Reports", "type": "list", "filters": {"search": "REPORT"}}
        key = (await client.post(f"/list/{Place.list}/view", json=view)).json()["view"]["id"]
        assert await listed(client, f"/view/{key}/task", page=0) == ["Write the report"]
