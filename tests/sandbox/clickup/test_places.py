"""Places of tasks: subfolders, statuses of their own, moves with fields and subtasks, groups, guests."""

from __future__ import annotations

import json

from pm_providers.sandbox.clickup.containers import make_folder, make_list, make_space, statuses
from tests.sandbox.clickup.support import Place, add_person, ecode, listed, make, open_box

OWN = (("backlog", "open", "#111111"), ("review", "custom", "#222222"), ("shipped", "closed", "#333333"))


async def move(client, task, home, **body):
    api = str(client.base_url).replace("/api/v2/", "/api/v3")
    return await client.put(f"{api}/workspaces/{Place.team}/tasks/{task}/home_list/{home}", json=body)


async def test_lists_may_have_statuses_of_their_own():
    async with open_box() as client:
        state = client.box.state
        folder = make_folder(state, Place.space, "Folder")
        state.folders.change(folder, statuses=statuses(f"c{folder.id}", OWN))
        inside = make_list(state, Place.space, "Inside", state.folders[folder.id])
        own = make_list(state, Place.space, "Own", state.folders[folder.id])
        state.lists.change(
            own, statuses=statuses(f"s{own.id}", (("new", "open", "#1"), ("end", "closed", "#2")))
        )
        shown = {}
        for key in (Place.list, inside.id, own.id):
            body = (await client.get(f"/list/{key}")).json()
            shown[key] = (
                body["statuses"][0]["status"],
                body["statuses"][0]["status_group"],
                body["override_statuses"],
            )
        assert shown == {
            Place.list: ("to do", f"proj_{Place.space}", False),
            inside.id: ("backlog", f"cat_{folder.id}", False),
            own.id: ("new", f"subcat_{own.id}", True),
        }
        assert (await make(client, home=own.id))["status"]["status"] == "new"
        body = {"name": "T", "status": "to do"}
        assert ecode(await client.post(f"/list/{inside.id}/task", json=body)) == (400, "ITEM_114")


async def test_subfolders_show_where_asked():
    async with open_box() as client:
        path = f"/space/{Place.space}/folder"
        above = (await client.post(path, json={"name": "Above"})).json()["id"]
        below = (await client.post(path, json={"name": "Below", "parent_folder_id": above})).json()
        assert below["parent_folder"] == above
        assert "folders" not in (await client.get(f"/folder/{above}")).json()
        shown = (await client.get(f"/folder/{above}", params={"include_subfolders": "true"})).json()
        assert [row["id"] for row in shown["folders"]] == [below["id"]]
        await client.delete(f"/folder/{above}")
        assert (await client.get(f"/folder/{below['id']}")).json()["deleted"] is True
        assert (await client.post(path, json={"name": "Below"})).status_code == 200


async def test_a_move_takes_subtasks_and_the_fields_that_are_asked_for():
    async with open_box() as client:
        state, fields = client.box.state, client.box.fields
        target = make_list(state, Place.space, "Target")
        kept, lost = (fields.add(f"list:{Place.list}", name, "text") for name in ("Kept", "Lost"))
        values = [{"id": field.id, "value": "x"} for field in (kept, lost)]
        task = await make(client, custom_fields=values)
        below = await make(client, "Below", parent=task["id"])
        answer = await move(client, task["id"], target.id, custom_fields_to_move=[kept.id])
        assert answer.status_code == 200
        found = (await client.get(f"/task/{task['id']}")).json()
        assert [(row["name"], row.get("value")) for row in found["custom_fields"]] == [("Kept", "x")]
        assert (await client.get(f"/task/{below['id']}")).json()["list"]["id"] == target.id


async def test_a_move_to_another_space_without_a_mapping_is_refused():
    async with open_box() as client:
        space = make_space(client.box.state, Place.team, "Other", rows=OWN)
        home = make_list(client.box.state, space.id, "There")
        task = await make(client)
        assert (await move(client, task["id"], home.id, status_mappings=["x", {}])).status_code == 400
        mapping = {"source_status_id": task["status"]["id"], "destination_status_id": home.id}
        assert (await move(client, task["id"], home.id, status_mappings=[mapping])).status_code == 400


async def test_what_is_in_the_trash_is_not_in_other_lists():
    async with open_box() as client:
        sprint = make_list(client.box.state, Place.space, "Sprint 1")
        task = await make(client)
        await client.post(f"/list/{sprint.id}/task/{task['id']}")
        await client.delete(f"/list/{sprint.id}")
        assert (await client.get(f"/task/{task['id']}")).json()["locations"] == []


async def test_groups_may_be_assigned():
    async with open_box() as client:
        group = {"name": "Writers", "members": [Place.owner]}
        key = (await client.post(f"/team/{Place.team}/group", json=group)).json()["id"]
        task = await make(client, group_assignees=[key])
        assert [row["name"] for row in task["group_assignees"]] == ["Writers"]
        body = {"group_assignees": {"add": [], "rem": [key]}}
        assert (await client.put(f"/task/{task['id']}", json=body)).json()["group_assignees"] == []
        body = {"group_assignees": {"add": ["nobody"]}}
        assert (await client.put(f"/task/{task['id']}", json=body)).status_code == 400


async def test_a_drop_down_and_a_tick_can_be_filtered():
    async with open_box() as client:
        choice = client.box.fields.add(f"list:{Place.list}", "Choice", "drop_down", options=("A", "B"))
        tick = client.box.fields.add(f"list:{Place.list}", "Tick", "checkbox")
        option = choice.type_config["options"][1]["id"]
        values = [{"id": choice.id, "value": option}, {"id": tick.id, "value": True}]
        await make(client, "yes", custom_fields=values)
        await make(client, "no")
        for field, value in ((choice, option), (choice, 1), (tick, "true")):
            condition = {"field_id": field.id, "operator": "=", "value": value}
            for query in (
                {"custom_fields": json.dumps([condition])},
                {"custom_field": json.dumps(condition)},
            ):
                assert await listed(client, f"/list/{Place.list}/task", **query) == ["yes"]


async def test_watchers_can_be_filtered_in_a_list():
    async with open_box() as client:
        mia, _ = add_person(client.box, "Mia Sand")
        await make(client, "hers", assignees=[mia.id])
        await make(client, "mine")
        assert await listed(client, f"/list/{Place.list}/task", **{"watchers[]": mia.id}) == ["hers"]


async def test_guests_lists_and_folders():
    async with open_box(plan="enterprise") as client:
        guest, header = add_person(client.box, "Gus Guest", role=4)
        body = {"permission_level": "edit"}
        await client.post(f"/list/{Place.list}/guest/{guest.id}", json=body)
        assert (
            await client.post(f"/list/{Place.list}/task", json={"name": "T"}, headers=header)
        ).status_code == 200
        rows = (await client.get(f"/list/{Place.list}/member")).json()["members"]
        assert [row["id"] for row in rows] == [guest.id]
        shared = (await client.get(f"/team/{Place.team}/shared", headers=header)).json()["shared"]
        assert [row["name"] for row in shared["lists"]] == ["Project 1"]
        assert (
            await client.post(f"/space/{Place.space}/list", json={"name": "L"}, headers=header)
        ).status_code == 401
        await client.delete(f"/list/{Place.list}/guest/{guest.id}")
        assert ecode(await client.get(f"/list/{Place.list}", headers=header)) == (401, "OAUTH_027")


async def test_members_do_not_delete_spaces():
    async with open_box() as client:
        _, header = add_person(client.box, "Mia Sand")
        assert (await client.delete(f"/space/{Place.space}", headers=header)).status_code == 403
