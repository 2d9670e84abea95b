"""Shapes of the sandbox's answers against recorded ones: members and types, kind by kind."""

from __future__ import annotations

import json

import httpx2
import pytest

from tests.sandbox.asana.support import error, open_box
from tests.shared_material import need, shared_path

NANGO = "NangoHQ_integration-templates"


def recorded(name):
    """The body of a recorded answer; without an envelope for records of a stream."""
    body = json.loads(need(shared_path("corpus", "asana", f"{name}.json")).read_text())
    return body["data"] if isinstance(body, dict) and "data" in body else body


def kinds(values):
    """Names of the JSON types in some values."""
    names = {type(None): "null", bool: "boolean", str: "text", int: "number", float: "number"}
    return {names.get(type(value), type(value).__name__) for value in values}


def agree(ours, theirs, where="", *, extra=False):
    """Our members are theirs, with types that fit; `extra` lets ours have more."""
    if isinstance(theirs, list):
        if theirs and ours:
            for row in theirs:
                agree(ours[0], row, f"{where}[]", extra=extra)
        return
    if not isinstance(theirs, dict):
        return
    assert isinstance(ours, dict), (where, ours)
    missing, more = theirs.keys() - ours.keys(), ours.keys() - theirs.keys()
    assert not missing, (where, "missing", sorted(missing))
    assert extra or not more, (where, "not recorded", sorted(more))
    for name, value in theirs.items():
        known = kinds([ours[name]]) | kinds([value])
        assert len(known - {"null"}) <= 1, (where, name, ours[name], value)
        agree(ours[name], value, f"{where}.{name}", extra=extra)


async def site(box):
    """A project with a tagged, assigned task that has a subtask."""
    project = await box.project("Recorded", team=box.team, color="dark-red")
    tag = await box.post(f"/workspaces/{box.workspace}/tags", 201, name="red")
    task = await box.task(
        "T", projects=[project["gid"]], assignee="me", due_on="2026-02-01", tags=[tag["gid"]]
    )
    return project, task, tag


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6])
async def test_lists_of_tasks(number):
    theirs = recorded(f"tasks__{NANGO}__{number}")
    fields = {
        1: "gid,name,resource_type,assignee,completed,due_on,created_at,modified_at,notes,permalink_url",
        2: "",
    }.get(
        number,
        "gid,name,resource_type,resource_subtype,modified_at,created_at,completed,assignee,due_on,due_at,workspace",
    )
    async with open_box() as box:
        project, _, _ = await site(box)
        query = f"&opt_fields={fields}" if fields else ""
        answer = await box.client.get(f"/projects/{project['gid']}/tasks?limit=5{query}")
        assert answer.json().keys() == {"data", "next_page"}
        agree(answer.json()["data"], theirs)


async def test_a_task_and_what_creating_and_changing_one_answers():
    async with open_box(plan="free") as box:  # the recorded ones have no custom_fields
        _, task, _ = await site(box)
        full = await box.get(f"/tasks/{task['gid']}")
        theirs = recorded(f"task__{NANGO}__1")
        theirs["memberships"] = []
        agree(full, theirs)
        made = await box.task("Combo", notes="n", due_on="2026-12-31", completed=True)
        agree(made, recorded(f"task_created__{NANGO}__1"))
        agree(await box.put(f"/tasks/{made['gid']}", name="New"), recorded(f"task_updated__{NANGO}__1"))
        below = await box.post(f"/tasks/{task['gid']}/subtasks", 201, name="Sub")
        agree(below, recorded(f"subtask_created__{NANGO}__1"))
        wide = (
            "gid,name,resource_type,assignee,assignee.name,completed,due_on,notes,parent,parent.gid,parent.name,"
            "permalink_url,created_at,modified_at,workspace,workspace.gid,workspace.name,projects,projects.gid,"
            "projects.name,tags,tags.gid,tags.name"
        )
        listed = await box.get(f"/tasks/{task['gid']}/subtasks?opt_fields={wide}")
        agree(listed, recorded(f"subtasks__{NANGO}__1"))


@pytest.mark.parametrize("number", [1, 2])
async def test_tasks_of_a_stream_that_asked_for_everything(number):
    theirs = recorded(f"task__airbytehq_airbyte__{number}")
    paths = {
        f"{name}.{key}"
        for name, value in theirs.items()
        for one in (value if isinstance(value, list) else [value])
        if isinstance(one, dict)
        for key in one
        if name != "custom_fields"
    }
    paths |= {f"{name}.{key}.gid" for name in ("memberships",) for key in ("project", "section")}
    paths |= {name for name in theirs if not any(path.startswith(f"{name}.") for path in paths)}
    async with open_box() as box:
        project, task, _ = await site(box)
        if number == 2:
            enum = {"name": "Status", "resource_subtype": "enum", "workspace": box.workspace}
            field = await box.post(
                "/custom_fields", 201, **enum, enum_options=[{"name": "Blocked ", "color": "red"}]
            )
            await box.post(f"/projects/{project['gid']}/addCustomFieldSetting", custom_field=field["gid"])
        ours = await box.get(f"/tasks/{task['gid']}?opt_fields={','.join(sorted(paths))}")
        fields, known = ours.pop("custom_fields", []), theirs.pop("custom_fields", [])
        agree(ours, theirs)
        agree(fields[:1], [row for row in known if row["type"] == "enum"][:1], extra=True)


async def test_projects():
    async with open_box(plan="free") as box:
        project, _, _ = await site(box)
        gid = project["gid"]
        extra = {"completed_by", "privacy_setting", "icon", "current_status"}
        for name in (f"project__{NANGO}__1", f"project_created__{NANGO}__1", f"project_updated__{NANGO}__1"):
            theirs = recorded(name)
            for member in ("custom_fields", "custom_field_settings"):
                theirs.pop(member, None)
            ours = await box.get(f"/projects/{gid}")
            agree({key: value for key, value in ours.items() if key in theirs or key not in extra}, theirs)
        base = f"/workspaces/{box.workspace}/projects"
        fields = "gid,resource_type,name,archived,color,created_at,modified_at,notes,owner,team,workspace,permalink_url"
        agree(await box.get(f"{base}?opt_fields={fields}"), recorded(f"projects__{NANGO}__2"))
        agree(await box.get(f"/teams/{box.team}/projects"), recorded(f"projects__{NANGO}__1"))
        agree(await box.get(f"{base}?limit=100&opt_fields=gid,name"), recorded(f"projects__{NANGO}__4"))
        third = recorded(f"projects__{NANGO}__3")
        agree(await box.get(f"{base}?limit=100&opt_fields={','.join(third[0])}"), third)


async def test_projects_of_a_stream_and_on_a_paid_plan():
    async with open_box() as box:
        project, _, _ = await site(box)
        theirs = recorded("project_created__unknown_stored-file-28588083804__1")
        agree(await box.get(f"/projects/{project['gid']}"), {**theirs, "privacy_setting": "private"})
        for number in (1, 2, 3, 4):
            theirs = recorded(f"project__airbytehq_airbyte__{number}")
            nested = {name: "gid" for name, value in theirs.items() if isinstance(value, dict)}
            nested |= {
                name: "gid"
                for name, value in theirs.items()
                if isinstance(value, list) and name != "custom_fields"
            }
            fields = ",".join(f"{name}.{nested[name]}" if name in nested else name for name in theirs)
            agree(await box.get(f"/projects/{project['gid']}?opt_fields={fields}"), theirs)


async def test_sections_tags_stories_and_attachments():
    async with open_box() as box:
        project, task, tag = await site(box)
        asked = "created_at,name,project.gid,resource_type"
        agree(
            await box.get(f"/projects/{project['gid']}/sections?opt_fields={asked}"),
            [recorded("section__airbytehq_airbyte__1")],
        )
        agree(await box.get(f"/tags/{tag['gid']}"), recorded(f"tag__{NANGO}__1"))
        agree(tag, recorded(f"tag_created__{NANGO}__1"))
        agree(await box.put(f"/tags/{tag['gid']}", name="blue"), recorded(f"tag_updated__{NANGO}__1"))
        fields = (
            "color,created_at,followers,followers.name,name,notes,permalink_url,uri,workspace,workspace.name"
        )
        base = f"/workspaces/{box.workspace}/tags"
        agree(await box.get(f"{base}?opt_fields={fields}"), recorded(f"tags__{NANGO}__1"))
        fields = "gid,name,color,notes,created_at,permalink_url,workspace"
        agree(await box.get(f"{base}?limit=100&opt_fields={fields}"), recorded(f"tags__{NANGO}__2"))
        fields = (
            "gid,resource_type,created_at,resource_subtype,text,html_text,type,is_editable,is_edited,is_pinned,"
            "sticker_name,created_by.gid,created_by.resource_type,created_by.name"
        )
        story = await box.post(f"/tasks/{task['gid']}/stories", 201, text="Hello")
        rows = await box.get(f"/tasks/{task['gid']}/stories?opt_fields={fields}")
        for kind in ("system", "comment"):
            theirs = [row for row in recorded(f"stories__{NANGO}__1") if row["type"] == kind]
            agree([row for row in rows if row["type"] == kind], theirs)
        agree(story, recorded(f"story_created__{NANGO}__1"))
        theirs = recorded("story__airbytehq_airbyte__3")
        fields = "created_at,created_by.gid,resource_type,text,type,resource_subtype"
        agree(await box.get(f"/stories/{story['gid']}?opt_fields={fields}"), theirs)
        await box.client.post("/attachments", data={"parent": task["gid"]}, files={"file": ("a.txt", b"abc")})
        listed = await box.get(f"/attachments?limit=100&parent={task['gid']}")
        agree(listed, recorded(f"attachments__{NANGO}__1"))


async def test_people_teams_and_workspaces():
    async with open_box() as box:
        w = box.workspace
        agree(await box.get("/users/me"), recorded(f"user_me__{NANGO}__1"), extra=True)
        people = f"/workspaces/{w}/users?limit=100&opt_fields="
        agree(
            await box.get(f"/teams/{box.team}/users?opt_fields=name,email,resource_type"),
            recorded(f"users__{NANGO}__1"),
        )
        agree(await box.get(f"{people}gid,name,email,resource_type"), recorded(f"users__{NANGO}__2"))
        agree(await box.get(f"{people}name,email,photo"), recorded(f"users__{NANGO}__3"))
        agree(await box.get(f"/workspaces/{w}"), recorded(f"workspace__{NANGO}__1"))
        fields = ("gid,resource_type,name,email_domains,is_organization", "", "gid,name", "gid,name", "")
        for number, asked in enumerate(fields, 1):
            query = f"?opt_fields={asked}" if asked else ""
            agree(await box.get(f"/workspaces{query}"), recorded(f"workspaces__{NANGO}__{number}"))
        agree(await box.get(f"/teams/{box.team}"), recorded(f"team__{NANGO}__1"), extra=True)
        asked = f"/users/me/teams?limit=100&organization={w}&opt_fields=name,description,organization,permalink_url"
        agree(await box.get(asked), recorded(f"teams__{NANGO}__1"))
        agree(await box.get(f"/workspaces/{w}/teams?limit=100"), recorded(f"teams__{NANGO}__3"))
        agree(
            await box.get(f"/workspaces/{w}/teams?opt_fields=gid,name,resource_type"),
            recorded(f"teams__{NANGO}__2"),
        )


async def test_errors_have_the_recorded_words():
    def theirs(name):
        body = json.loads(need(shared_path("corpus", "asana", f"{name}.json")).read_text())
        return body["errors"][0]["message"]

    store = "unknown_stored-file"
    async with open_box() as box:
        w = box.workspace
        found = await box.call("POST", f"/workspaces/{w}/projects", json={"name": "x"}, status=400)
        assert error(found) == theirs(f"error_400__{store}-28588083804__1")
        found = await box.get(f"/tasks?workspace={w}", status=400)
        assert error(found) == theirs(f"error_400__{store}-69200460025__1")
        assert found["errors"][0]["help"]
        found = await box.get("/tasks/@1210394648960798", status=400)
        assert error(found) == theirs(f"error_400__{store}-741576141__1")
        found = await box.get("/projects/1206761664935512", status=404)
        assert error(found) == theirs(f"error_404__{store}-28588083804__1")
        found = await box.get(f"/events?resource={(await box.task())['gid']}", status=412)
        assert error(found) == theirs("error_412__Asana_developer-docs__1")
        assert found.keys() == {"errors", "sync"}
        actions = [{"method": "get", "relative_path": "/tasks/9999999999999999"}]
        answer = (await box.post("/batch", actions=actions))[0]
        known = recorded(f"batch_error_404__{store}-60305871998__1")[0]
        assert answer.keys() == known.keys()
        assert (answer["status_code"], answer["body"]["errors"][0]) == (404, known["body"]["errors"][0])
        assert await box.delete(f"/tasks/{(await box.task())['gid']}") == recorded(f"empty_data__{NANGO}__1")
        async with box.as_user(kind="oauth", expires=box.state.clock.now()) as late:
            found = await late.get("/users/me", status=401)
            assert error(found) == theirs(f"error_401__{store}-22325028428__1")
    async with open_box(token=None) as nobody:
        found = await nobody.get("/projects/1206761664935906", status=401)
        assert error(found) == theirs(f"error_401__{store}-28588083804__1")


async def test_deliveries_of_webhooks():
    bodies = []

    async def receiver(request):
        bodies.append(request.content)
        secret = request.headers.get("x-hook-secret")
        return httpx2.Response(200, headers={"x-hook-secret": secret} if secret else {})

    async with open_box() as box:
        box.box.webhooks.transport = httpx2.MockTransport(receiver)
        project = await box.project()
        await box.post("/webhooks", 201, resource=project["gid"], target="https://hook.example/a")
        await box.box.webhooks.deliver()
        heartbeat = json.loads(
            need(
                shared_path("corpus", "asana", "webhook_heartbeat__Asana_developer-docs__1.json")
            ).read_text()
        )
        assert json.loads(bodies[-1]) == heartbeat
        task = await box.task(projects=[project["gid"]])
        await box.box.webhooks.deliver()
        theirs = recorded("webhook_events__unknown_stored-file-52844268799__1")["events"]
        ours = json.loads(bodies[-1])["events"]
        agree(ours[:1], theirs[:1])
        assert [(e["action"], e["parent"]["resource_type"]) for e in ours[:2]] == [
            (e["action"], e["parent"]["resource_type"]) for e in theirs
        ]
        await box.post(f"/tasks/{task['gid']}/subtasks", 201, name="Sub")
        await box.box.webhooks.deliver()
        agree(
            json.loads(bodies[-1])["events"][:1],
            recorded("webhook_events_subtask__unknown_stored-file-52844268799__1")["events"],
        )
