"""Custom fields: what is written is not what is read."""

from __future__ import annotations

import pytest

from tests.sandbox.clickup.support import Place, add_person, ecode, make, open_box

HERE = f"list:{Place.list}"


async def value_of(client, task, field):
    rows = (await client.get(f"/task/{task['id']}")).json()["custom_fields"]
    return next(row for row in rows if row["id"] == field.id).get("value", "unset")


async def written(client, kind, value, *, options=(), extra=None, **config):
    """The value as it is read after a write, or the error of the write."""
    field = client.box.fields.add(HERE, kind, kind, options=options, **config)
    task = await make(client)
    value = value(field) if callable(value) else value
    answer = await client.post(f"/task/{task['id']}/field/{field.id}", json={"value": value, **(extra or {})})
    return await value_of(client, task, field) if answer.status_code == 200 else ecode(answer)


def option(number):
    return lambda field: field.type_config["options"][number]["id"]


@pytest.mark.parametrize(
    ("kind", "sent", "read"),
    [
        ("number", 5, "5"),
        ("number", 2.5, "2.5"),
        ("currency", 8000, "8000"),
        ("short_text", "Hello", "Hello"),
        ("text", "Hello", "Hello"),
        ("email", "a@example.com", "a@example.com"),
        ("url", "https://example.com", "https://example.com"),
        ("phone", "+49 170 1234567", "+49 170 1234567"),
        ("checkbox", True, "true"),
        ("checkbox", False, None),
        ("emoji", 3, 3),
    ],
)
async def test_values(kind, sent, read):
    async with open_box() as client:
        assert await written(client, kind, sent) == read


@pytest.mark.parametrize(
    ("kind", "sent", "error"),
    [
        ("number", "5", (400, "FIELD_019")),
        ("email", "nobody", (400, "FIELD_018")),
        ("url", "example.com", (400, "FIELD_018")),
        ("checkbox", "true", (400, "FIELD_022")),
        ("emoji", 6, (400, "FIELD_020")),
        ("date", "2026-05-19", (500, "FIELD_017")),
        ("users", [1], (400, "FIELD_342")),
        ("tasks", {"add": [5]}, (400, "FIELD_342")),
        ("labels", ["nothing"], (400, "FIELD_144")),
        ("location", {"lat": 1}, (400, "FIELD_024")),
        ("manual_progress", 5, (400, "FIELD_021")),
        ("formula", 5, (400, "FIELD_023")),
        ("automatic_progress", 5, (400, "FIELD_023")),
        ("votes", 5, (400, "FIELD_023")),
        ("text", None, (400, "FIELD_010")),
    ],
)
async def test_bad_values(kind, sent, error):
    async with open_box() as client:
        assert await written(client, kind, sent) == error


async def test_a_drop_down_is_written_by_uuid_or_index_and_read_as_the_index():
    async with open_box() as client:
        for sent in (option(1), 1):
            assert await written(client, "drop_down", sent, options=("A", "B")) == 1
        for sent in ("A", 2, "1"):
            assert await written(client, "drop_down", sent, options=("A", "B")) == (400, "FIELD_011")


async def test_labels_replace():
    async with open_box() as client:
        field = client.box.fields.add(HERE, "Labels", "labels", options=("A", "B"))
        task = await make(client)
        ids = [row["id"] for row in field.type_config["options"]]
        for keys in (ids, ids[1:]):
            await client.post(f"/task/{task['id']}/field/{field.id}", json={"value": keys})
            assert await value_of(client, task, field) == keys


async def test_people_and_tasks_are_added_and_removed():
    async with open_box() as client:
        mia, _ = add_person(client.box, "Mia Sand")
        people = client.box.fields.add(HERE, "People", "users")
        tasks = client.box.fields.add(HERE, "Tasks", "tasks")
        task, other = await make(client), await make(client, "Other")
        path = f"/task/{task['id']}/field"
        await client.post(f"{path}/{people.id}", json={"value": {"add": [mia.id, Place.owner], "rem": []}})
        await client.post(f"{path}/{people.id}", json={"value": {"add": [], "rem": [Place.owner]}})
        assert [row["id"] for row in await value_of(client, task, people)] == [mia.id]
        await client.post(f"{path}/{tasks.id}", json={"value": {"add": [other["id"]]}})
        assert [row["name"] for row in await value_of(client, task, tasks)] == ["Other"]


async def test_dates_without_a_time_are_four_in_the_morning():
    async with open_box(zone="Etc/UTC") as client:
        noon = 1779184800000
        assert await written(client, "date", noon, extra={"value_options": {"time": True}}) == str(noon)
        assert await written(client, "date", noon) == "1779163200000"


async def test_progress_and_places():
    async with open_box() as client:
        read = await written(client, "manual_progress", {"current": 20}, start=0, end=80)
        assert read == {"percent_completed": 25, "current": "20"}
        place = {"location": {"lat": 52.5, "lng": 13.4}, "formatted_address": "Berlin"}
        assert await written(client, "location", place) == place


async def test_what_is_not_set_has_no_value():
    async with open_box() as client:
        field = client.box.fields.add(HERE, "Size", "number")
        task = await make(client, custom_fields=[{"id": field.id, "value": 5}])
        assert await value_of(client, task, field) == "5"
        assert (await client.delete(f"/task/{task['id']}/field/{field.id}")).json() == {}
        assert await value_of(client, task, field) == "unset"


async def test_fields_show_where_they_were_made_and_a_list_shows_all():
    async with open_box() as client:
        places = (HERE, f"folder:{Place.folder}", f"space:{Place.space}", f"team:{Place.team}")
        for place in places:
            client.box.fields.add(place, place.partition(":")[0], "text")
        for place in places[1:]:
            rows = (await client.get(f"/{place.replace(':', '/')}/field")).json()["fields"]
            assert [row["name"] for row in rows] == [place.partition(":")[0]]
        rows = (await client.get(f"/list/{Place.list}/field")).json()["fields"]
        assert [row["name"] for row in rows] == ["list", "folder", "space", "team"]


async def test_a_field_of_another_place_or_type_is_refused():
    async with open_box() as client:
        other = (await client.post(f"/space/{Place.space}/list", json={"name": "Other"})).json()["id"]
        far = client.box.fields.add(f"list:{other}", "Far", "text")
        epics = client.box.fields.add(HERE, "Epics", "text", applied=((19, 1300),))
        task = await make(client)
        path = f"/task/{task['id']}/field"
        assert ecode(await client.post(f"{path}/{far.id}", json={"value": "x"})) == (400, "FIELD_115")
        assert (await client.post(f"{path}/{epics.id}", json={"value": "x"})).status_code == 400
        query = {"include_applied_objects": "true"}
        rows = (await client.get(f"/list/{Place.list}/field", params=query)).json()["fields"]
        assert rows[0]["applied_objects"] == [{"object_type": 19, "object_id": 1300}]


async def test_required_fields_are_only_checked_when_asked():
    async with open_box() as client:
        field = client.box.fields.add(HERE, "Must", "number", required=True)
        assert (await make(client))["custom_fields"][0]["required"] is True
        body = {"name": "T", "check_required_custom_fields": True}
        assert (await client.post(f"/list/{Place.list}/task", json=body)).status_code == 400
        body["custom_fields"] = [{"id": field.id, "value": 1}]
        assert (await client.post(f"/list/{Place.list}/task", json=body)).status_code == 200


async def test_the_free_plan_counts_uses_for_ever():
    async with open_box(plan="free") as client:
        field = client.box.fields.add(HERE, "Size", "number")
        task = await make(client)
        path = f"/task/{task['id']}/field/{field.id}"
        answers = [await client.post(path, json={"value": number}) for number in range(61)]
        assert {answer.status_code for answer in answers[:60]} == {200}
        assert ecode(answers[60]) == (400, "FIELD_033")
        await client.delete(path)
        assert ecode(await client.post(path, json={"value": 1})) == (400, "FIELD_033")
