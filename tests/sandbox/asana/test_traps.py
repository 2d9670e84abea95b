"""What the vendor does that surprises."""

from __future__ import annotations

import pytest

from pm_providers.sandbox.asana.records import CustomType, StatusOption
from pm_providers.sandbox.asana.setup import add_field, add_setting
from tests.sandbox.asana.support import error, open_box, stopped


async def test_lists_are_compact_and_fields_not_asked_for_are_absent():
    async with open_box() as box:
        project = (await box.project())["gid"]
        task = (await box.task(projects=[project]))["gid"]
        assert await box.get(f"/tasks?project={project}") == [
            {"gid": task, "name": "Task", "resource_type": "task", "resource_subtype": "default_task"}
        ]
        assert await box.get(f"/tasks/{task}?opt_fields=due_on,nothing") == {"gid": task, "due_on": None}
        assert (await box.get(f"/tasks/{task}?opt_fields=memberships"))["memberships"] == [{}]
        found = await box.get(f"/tasks/{task}?opt_fields=memberships.project.gid,this.name")
        assert found == {"gid": task, "memberships": [{"project": {"gid": project}}], "name": "Task"}
        full = await box.get(f"/tasks/{task}")
        assert not {"html_notes", "num_subtasks", "dependencies", "created_by"} & full.keys()
        assert full["memberships"][0]["project"]["name"] == "Project"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"start_on": "2026-01-01"}, "start_on"),
        ({"start_on": None}, "start_on"),
        ({"start_at": "2026-01-01T00:00:00Z", "due_on": "2026-01-02"}, "start_at"),
        (
            {"due_on": "2026-01-01", "due_at": "2026-01-01T00:00:00Z"},
            "You may only provide one of due_on or due_at!",
        ),
        ({"due_on": "01.02.2026"}, "Date must be in ISO-8601 (yyyy-mm-dd) format, not: 01.02.2026"),
        ({"start_on": "2026-01-03", "due_on": "2026-01-02"}, "start_on"),
        ({"projects": []}, "projects: Cannot write this property"),
        ({"memberships": []}, "memberships: Cannot write this property"),
        ({"parent": None}, "parent: Cannot write this property"),
        ({"created_at": "2026-01-01"}, "created_at: Cannot write this property"),
        ({"name": 5}, "name: Value is not a string: 5"),
        ({"completed": "yes"}, "completed: Value is not a boolean: yes"),
        ({"assignee": "nobody@example.com"}, "assignee: Not a recognized ID: nobody@example.com"),
        ({"html_notes": "<body>a & b</body>"}, "html_notes: XML is invalid"),
        ({"html_notes": "<body><p>a</p></body>"}, "html_notes: XML is invalid"),
        ({"html_notes": "plain"}, "html_notes: XML is invalid"),
        ({"html_notes": "<!DOCTYPE x><body/>"}, "html_notes: XML is invalid"),
        ({"notes": "a", "html_notes": "<body>a</body>"}, "You may only provide one of notes or html_notes!"),
        ({"custom_fields": {"123": "x"}}, "custom_fields: Custom field with ID 123 is not on given object"),
        ({"resource_subtype": "milestone", "start_on": "2026-01-01", "due_on": "2026-01-02"}, "Milestones"),
        ({"external": {"gid": "x"}}, "external"),
    ],
)
async def test_writes_that_are_refused(data, message):
    async with open_box() as box:
        task = (await box.task())["gid"]
        assert message in error(await box.put(f"/tasks/{task}", 400, **data))


async def test_unknown_members_are_ignored_and_unwrapped_ones_refused():
    async with open_box() as box:
        assert (await box.task(colour="red"))["name"] == "Task"
        found = await box.call("POST", "/tasks", json={"data": {}, "name": "x"}, status=400)
        assert error(found).startswith("Unrecognized request field `name`.")
        found = await box.call(
            "POST", "/tasks", content="{", headers={"content-type": "application/json"}, status=400
        )
        assert error(found) == "Could not parse request data, invalid JSON"
        found = await box.post("/tasks", 400, name="x", project_id="1")
        assert error(found) == "You should specify one of workspace, parent, projects"


async def test_a_due_time_shows_as_a_date_in_the_zone_of_who_looks():
    async with open_box(dataset="demo") as box:
        task = await box.task(due_at="2026-02-01T23:30:00Z", followers=["maya@example.com"])
        assert (task["due_on"], task["due_at"]) == ("2026-02-01", "2026-02-01T23:30:00.000Z")
        async with box.as_user("maya@example.com") as maya:
            assert (await maya.get(f"/tasks/{task['gid']}"))["due_on"] == "2026-02-02"
        changed = await box.put(f"/tasks/{task['gid']}", due_on="2026-02-05")
        assert (changed["due_on"], changed["due_at"]) == ("2026-02-05", None)
        started = await box.put(f"/tasks/{task['gid']}", start_on="2026-02-04", due_on="2026-02-05")
        assert started["start_on"] == "2026-02-04"
        assert (await box.put(f"/tasks/{task['gid']}", due_on=None))["start_on"] is None


async def test_rich_texts():
    async with open_box() as box:
        me = (await box.get("/users/me"))["gid"]
        html = f'<body><b>A</b> &bull; <a data-asana-gid="{me}"/> <a href="https://x.example/?a=1&amp;b=2">t</a>\n<ul><li>1</li></ul></body>'
        gid = (await box.task(html_notes=html))["gid"]
        found = await box.get(f"/tasks/{gid}?opt_fields=notes,html_notes")
        assert found["html_notes"].startswith("<body><strong>A</strong> &amp;bull; <a href=")
        assert ">@Ada Admin</a>" in found["html_notes"]
        assert found["notes"] == "A &bull; @Ada Admin https://x.example/?a=1&b=2\n1"
        plain = await box.put(f"/tasks/{gid}?opt_fields=html_notes", notes="1 < 2 & 3")
        assert plain["html_notes"] == "<body>1 &lt; 2 &amp; 3</body>"


async def test_pages_have_tokens_that_belong_to_one_query_and_expire():
    async with open_box(scale=250, clock=stopped()) as box:
        project = next(iter(box.state.projects)).id
        path = f"/tasks?project={project}&limit=100"
        first = (await box.client.get(path)).json()
        assert first["next_page"]["path"].startswith("/tasks?project=")
        assert first["next_page"]["uri"] == f"{box.box.base_url}/api/1.0{first['next_page']['path']}"
        offset = first["next_page"]["offset"]
        last = (
            await box.client.get(
                (await box.client.get(f"{path}&offset={offset}")).json()["next_page"]["path"]
            )
        ).json()
        assert (len(last["data"]), last["next_page"]) == (50, None)
        for query in (
            f"{path}&offset=0",
            f"/tasks?project={project}&limit=100&completed_since=now&offset={offset}",
        ):
            assert error(await box.get(query, status=400)) == "offset: Your pagination token is invalid."
        box.box.clock.advance(7200)
        assert "expired" in error(await box.get(f"{path}&offset={offset}", status=400))
        for limit in ("0", "101", "x"):
            assert "limit" in error(await box.get(f"/tasks?project={project}&limit={limit}", status=400))


async def test_a_large_list_must_be_paged():
    async with open_box(scale=1001) as box:
        project = next(iter(box.state.projects)).id
        found = error(await box.get(f"/projects/{project}/tasks", status=400))
        assert (
            found
            == "The result is too large. You should use pagination (may require specifying a workspace)!"
        )
        answer = (await box.client.get("/workspaces")).json()
        assert "next_page" not in answer


async def test_plans():
    async with open_box(plan="free") as box:
        w, project = box.workspace, await box.project()
        gid = (await box.task(projects=[project["gid"]]))["gid"]
        found = await box.get(f"/workspaces/{w}/tasks/search", status=402)
        assert error(found) == "Search is only available to premium users."
        assert "custom_fields" not in await box.get(f"/tasks/{gid}")
        for path in (
            f"/workspaces/{w}/custom_fields",
            f"/portfolios?workspace={w}&owner=me",
            f"/tasks/{gid}/time_tracking_entries",
        ):
            await box.get(path, status=402)
        await box.put(f"/tasks/{gid}", 402, start_on="2026-01-01", due_on="2026-01-02")
        assert [
            row["gid"] for row in await box.get(f"/workspaces/{w}/typeahead?resource_type=task&query=tas")
        ] == [gid]


async def test_a_batch_has_ten_actions_and_no_order():
    async with open_box() as box:
        actions = [
            {
                "method": "post",
                "relative_path": "/tasks",
                "data": {"name": str(n), "workspace": box.workspace},
            }
            for n in range(3)
        ]
        answers = await box.post("/batch", actions=actions)
        assert [answer["body"]["data"]["name"] for answer in answers] == ["0", "1", "2"]
        gids = [answer["body"]["data"]["gid"] for answer in answers]
        assert gids == sorted(gids, reverse=True)
        await box.post("/batch", 400, actions=actions * 4)
        await box.post("/batch", 400, actions=[{"method": "get", "relative_path": "/tasks?x=1"}])
        nested = (await box.post("/batch", actions=[{"method": "post", "relative_path": "/batch"}]))[0]
        assert nested["status_code"] == 400
        reads = [
            {"method": "get", "relative_path": f"/workspaces/{box.workspace}/users", "options": {"limit": 1}}
        ]
        page = (await box.post("/batch", actions=reads))[0]["body"]
        assert (len(page["data"]), page["next_page"]) == (1, None)


async def test_deleting_a_project_keeps_tasks_that_are_in_another():
    async with open_box() as box:
        a, b = (await box.project("A"))["gid"], (await box.project("B"))["gid"]
        both, alone = (await box.task(projects=[a, b]))["gid"], (await box.task(projects=[a]))["gid"]
        await box.delete(f"/projects/{a}")
        assert [row["gid"] for row in (await box.get(f"/tasks/{both}"))["projects"]] == [b]
        assert error(await box.get(f"/tasks/{alone}", status=404)) == f"task: Unknown object: {alone}"


async def test_project_dates():
    async with open_box() as box:
        gid = (await box.project())["gid"]
        await box.put(f"/projects/{gid}", 400, start_on="2026-01-01")
        found = await box.put(f"/projects/{gid}", 400, start_on="2026-01-01", due_on="2026-01-01")
        assert "cannot be the same date" in error(found)
        found = await box.put(f"/projects/{gid}", start_on="2026-01-01", due_on="2026-01-02")
        assert (found["start_on"], found["due_on"], found["due_date"]) == (
            "2026-01-01",
            "2026-01-02",
            "2026-01-02",
        )
        assert (
            error(await box.put(f"/projects/{gid}", 400, public=True)) == "public: Cannot write this property"
        )
        found = await box.get(f"/projects/{gid}/task_counts")
        assert found == {}


async def test_sections():
    async with open_box() as box:
        project = (await box.project())["gid"]
        only = (await box.sections(project))[0]
        assert only["name"] == "Untitled section"
        assert "last section" in error(await box.delete(f"/sections/{only['gid']}", status=400))
        top = (await box.post(f"/projects/{project}/sections", 201, name="Top", insert_before=only["gid"]))[
            "gid"
        ]
        task = (await box.task(memberships=[{"project": project, "section": top}]))["gid"]
        assert "contains tasks" in error(await box.delete(f"/sections/{top}", status=400))
        other = (await box.task(projects=[project]))["gid"]
        await box.post(f"/sections/{top}/addTask", task=other)
        assert [row["gid"] for row in await box.get(f"/sections/{top}/tasks")] == [other, task]
        await box.post(f"/tasks/{other}/addProject", project=project, section=top)
        assert [row["gid"] for row in await box.get(f"/sections/{top}/tasks")] == [task, other]
        await box.post(f"/tasks/{task}/addProject", project=project, section=only["gid"])
        assert [row["gid"] for row in await box.get(f"/projects/{project}/tasks")] == [other, task]


async def test_approvals_are_kept_in_sync():
    async with open_box() as box:
        gid = (await box.task(resource_subtype="approval"))["gid"]
        assert (await box.put(f"/tasks/{gid}", completed=True))["approval_status"] == "approved"
        assert (await box.put(f"/tasks/{gid}", approval_status="pending"))["completed"] is False
        assert (await box.put(f"/tasks/{gid}", approval_status="rejected"))["completed"] is True


async def test_values_of_custom_fields():
    async with open_box() as box:
        project = (await box.project())["gid"]

        async def field(name, kind, **more):
            row = await box.post(
                "/custom_fields", 201, name=name, resource_subtype=kind, workspace=box.workspace, **more
            )
            await box.post(f"/projects/{project}/addCustomFieldSetting", custom_field=row["gid"])
            return row

        level = await field("Level", "enum", enum_options=[{"name": "Low"}, {"name": "Top"}])
        number = await field("Number", "number", precision=1)
        day = await field("Day", "date")
        gid = (await box.task(projects=[project]))["gid"]
        low, top = (option["gid"] for option in level["enum_options"])

        async def put(row, value, status=200):
            found = await box.put(f"/tasks/{gid}", status, custom_fields={row["gid"]: value})
            if status >= 400:
                return error(found)
            return next(one for one in found["custom_fields"] if one["gid"] == row["gid"])

        assert (await put(level, low))["enum_value"]["name"] == "Low"
        await box.put(f"/enum_options/{top}", enabled=False)
        assert "Not a recognized ID" in await put(level, top, 400)
        assert "Not a recognized ID" in await put(level, "Low", 400)
        assert (await put(level, None))["display_value"] is None
        assert (await put(number, 2.26))["number_value"] == 2.3
        assert "not a number" in await put(number, True, 400)
        assert (await put(day, {"date": "2026-01-31"}))["date_value"] == {
            "date": "2026-01-31",
            "date_time": None,
        }
        assert (await put(day, {"date_time": "2026-01-31T10:00:00Z"}))["date_value"][
            "date_time"
        ] == "2026-01-31T10:00:00.000Z"
        found = await box.post(
            "/custom_fields", 400, name="level", resource_subtype="text", workspace=box.workspace
        )
        assert "already exists" in error(found)


async def test_custom_types_carry_their_own_status():
    async with open_box() as box:
        project = (await box.project())["gid"]
        state = box.state
        options = (
            StatusOption(id=state.gid(), name="Open"),
            StatusOption(id=state.gid(), name="Fixed", completion="complete"),
        )
        kind = state.custom_types.put(
            CustomType(
                id=state.gid(), workspace=box.workspace, name="Bug", options=options, projects=(project,)
            )
        )
        shown = (await box.get(f"/custom_types?project={project}&opt_fields=name,status_options.name"))[0]
        assert [option["name"] for option in shown["status_options"]] == ["Open", "Fixed"]
        gid = (await box.task(projects=[project], custom_type=kind.id))["gid"]
        fields = "opt_fields=completed,resource_subtype,custom_type.name,custom_type_status_option.name"
        plain = await box.get(f"/tasks/{gid}?{fields}")  # no member of creations
        assert (plain["resource_subtype"], plain["custom_type"]) == ("default_task", None)
        for name, value in (("custom_type", kind.id), ("custom_type_status_option", options[0].id)):
            refused = await box.put(f"/tasks/{gid}", 400, **{name: value})
            assert "resource_subtype custom" in error(refused)
        found = await box.put(f"/tasks/{gid}?{fields}", resource_subtype="custom", custom_type=kind.id)
        assert (found["resource_subtype"], found["completed"]) == ("custom", False)
        assert found["custom_type_status_option"]["name"] == "Open"
        changed = await box.put(f"/tasks/{gid}?{fields}", custom_type_status_option=options[1].id)
        assert (changed["completed"], changed["custom_type_status_option"]["name"]) == (True, "Fixed")
        back = await box.put(f"/tasks/{gid}?{fields}", completed=False)
        assert back["custom_type_status_option"]["name"] == "Open"
        plain = await box.put(f"/tasks/{gid}?{fields}", resource_subtype="default_task")
        assert (plain["resource_subtype"], plain["custom_type"]) == ("default_task", None)
        other = (await box.task())["gid"]
        far = await box.put(f"/tasks/{other}", 400, resource_subtype="custom", custom_type=kind.id)
        assert "custom_type: Not a recognized ID" in error(far)


async def test_ids_of_an_id_field_are_given_by_the_server_and_found():
    async with open_box() as box:
        project = (await box.project())["gid"]
        field = add_field(box.state, box.workspace, "ID", "text", representation="custom_id", id_prefix="BUG")
        add_setting(box.state, project, field.id)
        gids = [(await box.task(projects=[project]))["gid"] for _ in range(2)]
        assert (await box.get(f"/workspaces/{box.workspace}/tasks/custom_id/BUG-2"))["gid"] == gids[1]
        await box.get(f"/workspaces/{box.workspace}/tasks/custom_id/BUG-9", status=404)
        found = await box.put(f"/tasks/{gids[0]}", 403, custom_fields={field.id: "BUG-7"})
        assert "cannot be edited" in error(found)


async def test_a_report_completes_a_project_and_nothing_else_does():
    async with open_box() as box:
        gid = (await box.project())["gid"]
        assert (
            error(await box.put(f"/projects/{gid}", 400, completed=True))
            == "completed: Cannot write this property"
        )
        await box.post("/status_updates", 201, parent=gid, text="Done", status_type="complete")
        found = await box.get(f"/projects/{gid}")
        assert (found["completed"], found["current_status"]["color"]) == (True, "complete")
        await box.post("/status_updates", 201, parent=gid, text="Not yet", status_type="off_track")
        assert (await box.get(f"/projects/{gid}"))["completed"] is False


async def test_teams_are_deprecated_and_were_once_required():
    async with open_box() as box:
        data = {"name": "P", "workspace": box.workspace, "team": box.team}
        answer = await box.client.post("/projects", json={"data": data})
        assert answer.headers["asana-change"].startswith("name=project_team")
        box.state.team_required = True
        assert (
            error(await box.post("/projects", 400, name="P", workspace=box.workspace))
            == "team: Missing input"
        )
        assert error(await box.post("/projects", 400, name="P")) == "workspace: Missing input"


async def test_tasks_in_two_projects_show_in_both_and_subtasks_in_none():
    async with open_box() as box:
        a, b = (await box.project("A"))["gid"], (await box.project("B"))["gid"]
        task = (await box.task(projects=[a, b]))["gid"]
        sub = (await box.post(f"/tasks/{task}/subtasks", 201, name="Sub"))["gid"]
        for project in (a, b):
            assert [row["gid"] for row in await box.get(f"/projects/{project}/tasks")] == [task]
        assert (await box.get(f"/tasks/{sub}"))["projects"] == []
        assert (await box.get(f"/tasks/{task}?opt_fields=num_subtasks"))["num_subtasks"] == 1
        for n in range(18):
            await box.post(f"/tasks/{task}/addProject", project=(await box.project(str(n)))["gid"])
        last = (await box.project("last"))["gid"]
        assert "at most 20" in error(await box.post(f"/tasks/{task}/addProject", 400, project=last))


async def test_modified_since_and_completed_since():
    async with open_box(clock=stopped()) as box:
        project = (await box.project())["gid"]
        old = (await box.task("Old", projects=[project], completed=True))["gid"]
        box.box.clock.advance(600)
        new = (await box.task("New", projects=[project]))["gid"]

        async def gids(query):
            return [row["gid"] for row in await box.get(f"/tasks?project={project}&{query}")]

        assert await gids("modified_since=2026-01-10T12:05:00Z") == [new]
        assert await gids("modified_since=2026-01-10T13:05:00+01:00") == [new]
        assert await gids("completed_since=now") == [new]
        assert await gids("completed_since=2026-01-10") == [old, new]
        await box.post(f"/tasks/{old}/stories", 201, text="Hm")
        assert await gids("modified_since=2026-01-10T12:05:00Z") == [old, new]
        before = (await box.get(f"/tasks/{new}"))["modified_at"]
        box.box.clock.advance(5)
        await box.put(f"/tasks/{new}", name="New")
        assert (await box.get(f"/tasks/{new}"))["modified_at"] == before


async def test_deleting_a_project_takes_subtasks_along_once():
    async with open_box(dataset="demo") as box:
        shop = next(row for row in box.state.projects if row.name == "Webshop relaunch")
        rows = [row.id for row in box.state.project_tasks(shop.id)]
        alone = [gid for gid in rows if len(box.state.tasks[gid].memberships) == 1]
        await box.delete(f"/projects/{shop.id}")
        gone = {row.id for row in box.state.tasks if row.trashed is not None}
        assert gone >= set(alone)
        for gid in set(rows) - gone:
            assert shop.id not in {place["gid"] for place in (await box.get(f"/tasks/{gid}"))["projects"]}
        await box.get(f"/projects/{shop.id}/tasks", status=404)


async def test_very_large_collections_break_off_and_lists_of_people_are_cut(monkeypatch):
    monkeypatch.setattr("pm_providers.sandbox.asana.paging.COLLECTION_CAP", 200)
    monkeypatch.setattr("pm_providers.sandbox.asana.people.MAX_USERS", 3)
    async with open_box(dataset="demo", scale=250) as box:
        project = next(row for row in box.state.projects if row.name == "Scale").id
        path = f"/tasks?project={project}&limit=100"
        for _ in range(2):
            path = (await box.client.get(path)).json()["next_page"]["path"]
        assert "truncated" in error(await box.get(path, status=400))
        assert len(await box.get(f"/workspaces/{box.workspace}/users?limit=100")) == 3
        assert len(await box.get(f"/users?workspace={box.workspace}&limit=100")) == 6
