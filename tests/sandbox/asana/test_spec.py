"""The sandbox's requests and answers against the vendor's OpenAPI document."""

from __future__ import annotations

import re

import httpx2

from tests.sandbox.asana.support import API, error, load, open_box
from tests.shared_material import need, spec_path

# What the document says and recorded answers or its own text do not: (pattern of the finding, reason).
DEVIATIONS: tuple[tuple[str, str], ...] = (
    (r"\.team: None", "null in recorded projects that belong to no team"),
    (r"\.attributable_to: None", "an entry need not be attributed to a project"),
    (r"/events \.data\[\]\.parent: None", "the text: only there for added and removed"),
    (r"\.new_dates\.due_on: None", "a due date that was removed"),
    (r"\.date_value\.date_time: None", "the text: a date without a time"),
    (r"/tags \.data\.color: 'none'", "`none` in recorded tags"),
    (
        r"request (POST|PUT) .*\.custom_fields\['\d+'\]",
        "the text: number, list, object or null, by the field's type",
    ),
    (r"request PUT .*custom_field_gid} \.data: 'workspace'", "the text: only what shall change must be sent"),
)


class Caller:
    """Sends requests and checks them and their answers."""

    def __init__(self, opened, document):
        self.box, self._document = opened, document
        self.findings, self.operations = [], set()

    async def __call__(self, method, path, data=None, *, status=200, **options):
        if data is not None:
            options["json"] = {"data": data}
        answer = await self.box.client.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text[:400])
        url = API + path.partition("?")[0]
        body = answer.json()
        self.operations.add((method, self._document.path_of(url)))
        self.findings += self._document.check_answer(method, url, status, body)
        if data is not None:
            self.findings += self._document.check_request(method, url, {"data": data})
        return body["data"] if status < 400 else body


async def _people(call, box):
    w, team = box.workspace, box.team
    for path in (
        "/users/me",
        "/users",
        f"/users?workspace={w}&limit=2",
        f"/users?team={team}",
        f"/workspaces/{w}/users",
        f"/workspaces/{w}/users/me",
        f"/teams/{team}/users",
        "/workspaces",
        f"/workspaces/{w}",
        f"/workspaces/{w}/teams",
        f"/teams/{team}",
        f"/users/me/teams?organization={w}",
        f"/teams/{team}/team_memberships",
        f"/users/me/team_memberships?workspace={w}",
        f"/team_memberships?team={team}",
        f"/workspaces/{w}/workspace_memberships",
        "/users/me/workspace_memberships",
        f"/users/me/user_task_list?workspace={w}",
        f"/teams/{team}/custom_field_settings",
    ):
        await call("GET", path)
    await call("PUT", "/users/me", {"name": "Ada Admin"})
    member = (await call("GET", f"/workspaces/{w}/workspace_memberships"))[0]
    await call("GET", f"/workspace_memberships/{member['gid']}")
    joined = (await call("GET", f"/teams/{team}/team_memberships"))[0]
    await call("GET", f"/team_memberships/{joined['gid']}")
    mine = await call("GET", f"/users/me/user_task_list?workspace={w}")
    await call("GET", f"/user_task_lists/{mine['gid']}")
    await call("GET", f"/user_task_lists/{mine['gid']}/tasks")
    await call("PUT", f"/workspaces/{w}", {"name": "Example"})
    nora = await call("POST", f"/workspaces/{w}/addUser", {"user": "nora@example.com"})
    made = await call("POST", "/teams", {"name": "Ops", "organization": w}, status=201)
    await call("PUT", f"/teams/{made['gid']}", {"description": "All of it"})
    await call("POST", f"/teams/{made['gid']}/addUser", {"user": nora["gid"]})
    await call("POST", f"/teams/{made['gid']}/removeUser", {"user": nora["gid"]})
    await call("POST", f"/workspaces/{w}/removeUser", {"user": nora["gid"]})
    await call("GET", "/users/999", status=404)


async def _projects(call, box):
    w, team = box.workspace, box.team
    made = await call("POST", "/projects", {"name": "P", "workspace": w, "notes": "n"}, status=201)
    p = made["gid"]
    await call("POST", f"/workspaces/{w}/projects", {"name": "P2"}, status=201)
    await call("POST", f"/teams/{team}/projects", {"name": "P3", "color": "dark-red"}, status=201)
    for path in (
        f"/projects?workspace={w}&limit=1",
        f"/projects?team={team}&archived=false",
        f"/workspaces/{w}/projects",
        f"/teams/{team}/projects",
        f"/workspaces/{w}/projects/search?text=P",
        f"/projects/{p}",
        f"/projects/{p}/task_counts?opt_fields=num_tasks,num_completed_tasks",
        f"/projects/{p}/project_memberships",
        f"/memberships?parent={p}",
        f"/projects/{p}/custom_field_settings",
        f"/custom_types?project={p}",
    ):
        await call("GET", path)
    await call("PUT", f"/projects/{p}", {"start_on": "2026-01-01", "due_on": "2026-01-31", "archived": False})
    await call("PUT", f"/projects/{p}", {"start_on": "2026-01-01"}, status=400)
    await call("POST", f"/projects/{p}/addMembers", {"members": "maya@example.com"})
    await call("POST", f"/projects/{p}/removeMembers", {"members": "maya@example.com"})
    await call("POST", f"/projects/{p}/addFollowers", {"followers": "maya@example.com"})
    await call("POST", f"/projects/{p}/removeFollowers", {"followers": "maya@example.com"})
    shared = await call(
        "POST", "/memberships", {"parent": p, "member": team, "access_level": "editor"}, status=201
    )
    await call("GET", f"/memberships/{shared['gid']}")
    await call("GET", f"/project_memberships/{shared['gid']}")
    await call("PUT", f"/memberships/{shared['gid']}", {"access_level": "commenter"})
    await call("DELETE", f"/memberships/{shared['gid']}")
    s = (await call("POST", f"/projects/{p}/sections", {"name": "Doing"}, status=201))["gid"]
    first = (await call("GET", f"/projects/{p}/sections?limit=10"))[0]["gid"]
    await call("GET", f"/sections/{s}")
    await call("PUT", f"/sections/{s}", {"name": "Now"})
    await call("POST", f"/projects/{p}/sections/insert", {"section": s, "before_section": first})
    report = {"parent": p, "text": "fine", "status_type": "on_track"}
    update = await call("POST", "/status_updates", report, status=201)
    await call("GET", f"/status_updates?parent={p}")
    await call("GET", f"/status_updates/{update['gid']}")
    await call("GET", f"/projects/{p}")
    await call("GET", f"/projects/{p}/project_statuses")
    await call("GET", f"/project_statuses/{update['gid']}")
    await call("DELETE", f"/status_updates/{update['gid']}")
    old = {"text": "x", "color": "red"}
    status = await call("POST", f"/projects/{p}/project_statuses", old, status=201)
    await call("DELETE", f"/project_statuses/{status['gid']}")
    job = await call("POST", f"/projects/{p}/duplicate", {"name": "Copy"}, status=201)
    await call("GET", f"/jobs/{job['gid']}")
    await call("DELETE", f"/sections/{s}")
    await call("DELETE", f"/projects/{p}")
    await call("GET", f"/projects/{p}", status=404)


async def _tasks(call, box):
    w = box.workspace
    p = (await box.project("Tasks"))["gid"]
    s = (await box.sections(p))[0]["gid"]
    tag = (await call("POST", "/tags", {"name": "red", "workspace": w, "color": "light-red"}, status=201))[
        "gid"
    ]
    body = {
        "name": "A",
        "projects": [p],
        "tags": [tag],
        "assignee": "me",
        "due_on": "2026-02-01",
        "html_notes": "<body>x</body>",
    }
    a = (await call("POST", "/tasks", body, status=201))["gid"]
    b = (await call("POST", f"/tasks/{a}/subtasks", {"name": "B"}, status=201))["gid"]
    for path in (
        f"/tasks/{a}",
        f"/tasks/{a}?opt_fields=html_notes,dependencies,num_subtasks,created_by,memberships.section.name",
        f"/tasks?project={p}&limit=1",
        f"/tasks?section={s}",
        f"/tasks?assignee=me&workspace={w}&completed_since=now",
        f"/projects/{p}/tasks",
        f"/sections/{s}/tasks",
        f"/tags/{tag}/tasks",
        f"/tasks/{a}/subtasks",
        f"/tasks/{a}/projects",
        f"/tasks/{a}/tags",
        f"/tasks/{a}/stories?limit=2",
        f"/workspaces/{w}/tasks/search?text=A&sort_by=created_at",
        f"/workspaces/{w}/typeahead?resource_type=task&query=A",
        f"/tags/{tag}",
        f"/tags?workspace={w}",
        f"/workspaces/{w}/tags",
        f"/tasks/{b}",
    ):
        await call("GET", path)
    await call("POST", f"/workspaces/{w}/tags", {"name": "plain"}, status=201)
    await call("PUT", f"/tags/{tag}", {"name": "blue", "color": "light-blue"})
    await call("PUT", f"/tasks/{a}", {"completed": True, "name": "A2", "due_at": "2026-02-01T10:00:00.000Z"})
    await call("PUT", f"/tasks/{a}", {"projects": [p]}, status=400)
    await call("POST", f"/tasks/{a}/addFollowers", {"followers": ["maya@example.com"]})
    await call("POST", f"/tasks/{a}/removeFollowers", {"followers": ["maya@example.com"]})
    await call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [b]})
    await call("GET", f"/tasks/{a}/dependencies")
    await call("GET", f"/tasks/{b}/dependents")
    await call("POST", f"/tasks/{a}/removeDependencies", {"dependencies": [b]})
    await call("POST", f"/tasks/{b}/addDependents", {"dependents": [a]})
    await call("POST", f"/tasks/{b}/removeDependents", {"dependents": [a]})
    await call("POST", f"/tasks/{b}/setParent", {"parent": a})
    await call("POST", f"/tasks/{b}/addProject", {"project": p, "section": s})
    await call("POST", f"/sections/{s}/addTask", {"task": b})
    await call("POST", f"/tasks/{b}/removeProject", {"project": p})
    await call("POST", f"/tasks/{a}/addTag", {"tag": tag})
    await call("POST", f"/tasks/{a}/removeTag", {"tag": tag})
    story = (await call("POST", f"/tasks/{a}/stories", {"text": "Hello"}, status=201))["gid"]
    await call("GET", f"/stories/{story}")
    await call("PUT", f"/stories/{story}", {"text": "Hello you"})
    for row in await call("GET", f"/tasks/{a}/stories"):
        await call("GET", f"/stories/{row['gid']}")
    await call("DELETE", f"/stories/{story}")
    entry = {"duration_minutes": 30, "entered_on": "2026-01-05"}
    e = (await call("POST", f"/tasks/{a}/time_tracking_entries", entry, status=201))["gid"]
    await call("GET", f"/tasks/{a}/time_tracking_entries")
    await call("GET", f"/time_tracking_entries?task={a}")
    await call("GET", f"/time_tracking_entries/{e}")
    await call("PUT", f"/time_tracking_entries/{e}", {"duration_minutes": 60})
    await call("DELETE", f"/time_tracking_entries/{e}")
    link = {"parent": a, "resource_subtype": "external", "name": "Link", "url": "https://example.com/x"}
    attached = await box.client.post("/attachments", json={"data": link})
    gid = attached.json()["data"]["gid"]
    await box.client.post("/attachments", data={"parent": a}, files={"file": ("a.txt", b"abc", "text/plain")})
    for row in await call("GET", f"/attachments?parent={a}"):
        await call("GET", f"/attachments/{row['gid']}")
    await call("DELETE", f"/attachments/{gid}")
    job = await call("POST", f"/tasks/{a}/duplicate", {"name": "C", "include": "notes,subtasks"}, status=201)
    await call("GET", f"/jobs/{job['gid']}")
    sync = (await call("GET", f"/events?resource={p}", status=412))["sync"]
    await call("PUT", f"/tasks/{a}", {"name": "A3"})
    await call("GET", f"/events?resource={p}&sync={sync}")
    actions = [{"method": "get", "relative_path": f"/tasks/{a}", "options": {"fields": ["name"]}}]
    await call("POST", "/batch", {"actions": actions})
    await call("DELETE", f"/tasks/{b}")
    await call("DELETE", f"/tags/{tag}")
    await call("GET", f"/tasks/{b}", status=404)
    await call("GET", "/tasks", status=400)


async def _fields(call, box):
    w = box.workspace
    p = (await box.project("Fields"))["gid"]
    enum = {
        "name": "Level",
        "resource_subtype": "enum",
        "workspace": w,
        "enum_options": [{"name": "Low"}, {"name": "Top", "color": "red"}],
    }
    made = await call("POST", "/custom_fields", enum, status=201)
    f = made["gid"]
    gids = {"enum": f}
    for kind in ("text", "number", "multi_enum", "date", "people"):
        body = {"name": f"F {kind}", "resource_subtype": kind, "workspace": w}
        if kind == "multi_enum":
            body["enum_options"] = [{"name": "x"}]
        gids[kind] = (await call("POST", "/custom_fields", body, status=201))["gid"]
    option = (await call("POST", f"/custom_fields/{f}/enum_options", {"name": "Mid"}, status=201))["gid"]
    move = {"enum_option": option, "before_enum_option": made["enum_options"][0]["gid"]}
    await call("POST", f"/custom_fields/{f}/enum_options/insert", move)
    await call("PUT", f"/enum_options/{option}", {"name": "Middle", "enabled": True})
    await call("GET", f"/custom_fields/{f}")
    await call("GET", f"/workspaces/{w}/custom_fields?limit=3")
    await call("PUT", f"/custom_fields/{f}", {"name": "Level 2"})
    for gid in gids.values():
        await call(
            "POST", f"/projects/{p}/addCustomFieldSetting", {"custom_field": gid, "is_important": True}
        )
    await call("GET", f"/projects/{p}/custom_field_settings")
    await call("GET", f"/projects/{p}")
    multi = box.state.fields[gids["multi_enum"]].options[0].id
    values = {
        f: option,
        gids["text"]: "t",
        gids["number"]: 3,
        gids["multi_enum"]: [multi],
        gids["date"]: {"date": "2026-01-31"},
        gids["people"]: ["me"],
    }
    t = (await call("POST", "/tasks", {"name": "V", "projects": [p], "custom_fields": values}, status=201))[
        "gid"
    ]
    await call("PUT", f"/tasks/{t}", {"custom_fields": dict.fromkeys(values)})
    for row in await call("GET", f"/tasks/{t}/stories"):
        await call("GET", f"/stories/{row['gid']}")
    folder = (await call("POST", "/portfolios", {"name": "All", "workspace": w}, status=201))["gid"]
    await call("GET", f"/portfolios?workspace={w}&owner=me")
    await call("POST", f"/portfolios/{folder}/addItem", {"item": p})
    await call("POST", f"/portfolios/{folder}/addCustomFieldSetting", {"custom_field": f})
    await call("GET", f"/portfolios/{folder}/custom_field_settings")
    await call("PUT", f"/projects/{p}", {"custom_fields": {f: option}})
    for path in ("", "/items", "/portfolio_memberships"):
        await call("GET", f"/portfolios/{folder}{path}")
    await call("GET", f"/portfolio_memberships?portfolio={folder}")
    await call("PUT", f"/portfolios/{folder}", {"name": "Everything", "color": "dark-red"})
    await call("POST", f"/portfolios/{folder}/addMembers", {"members": "maya@example.com"})
    await call("POST", f"/portfolios/{folder}/removeMembers", {"members": "maya@example.com"})
    await call("POST", f"/portfolios/{folder}/removeCustomFieldSetting", {"custom_field": f})
    await call("POST", f"/portfolios/{folder}/removeItem", {"item": p})
    await call("DELETE", f"/portfolios/{folder}")
    category = (await call("POST", "/time_tracking_categories", {"name": "Dev", "workspace": w}, status=201))[
        "gid"
    ]
    await call("GET", f"/time_tracking_categories?workspace={w}")
    await call("GET", f"/time_tracking_categories/{category}")
    await call("PUT", f"/time_tracking_categories/{category}", {"name": "Work"})
    await call("GET", f"/time_tracking_categories/{category}/time_tracking_entries")
    await call("DELETE", f"/time_tracking_categories/{category}")
    await call("POST", f"/projects/{p}/removeCustomFieldSetting", {"custom_field": f})
    await call("DELETE", f"/custom_fields/{f}")


async def _hooks(call, box):
    async def echo(request):
        secret = request.headers.get("x-hook-secret")
        return httpx2.Response(200, headers={"x-hook-secret": secret} if secret else {})

    box.box.webhooks.transport = httpx2.MockTransport(echo)
    p = (await box.project("Hooks"))["gid"]
    body = {
        "resource": p,
        "target": "https://hook.example/1",
        "filters": [{"resource_type": "task", "action": "changed", "fields": ["name"]}],
    }
    hook = (await call("POST", "/webhooks", body, status=201))["gid"]
    await box.box.webhooks.deliver()
    await call("GET", f"/webhooks?workspace={box.workspace}")
    await call("GET", f"/webhooks/{hook}")
    await call("PUT", f"/webhooks/{hook}", {"filters": []})
    again = await call("POST", "/webhooks", body, status=403)
    assert error(again) == "Duplicated webhook"
    await call("DELETE", f"/webhooks/{hook}")


async def test_requests_and_answers_agree_with_the_document():
    document = load(need(spec_path("asana.yaml")))
    async with open_box(dataset="demo") as box:
        call = Caller(box, document)
        for part in (_people, _projects, _tasks, _fields, _hooks):
            await part(call, box)
        for row in await call("GET", f"/projects?workspace={box.workspace}"):
            await call("GET", f"/projects/{row['gid']}")
            for task in await call("GET", f"/projects/{row['gid']}/tasks"):
                await call("GET", f"/tasks/{task['gid']}")
    assert len(call.operations) > 140
    found = sorted({str(finding) for finding in call.findings})
    left = [text for text in found if not any(re.search(pattern, text) for pattern, _ in DEVIATIONS)]
    assert not left, "\n".join(left)
    unused = [pattern for pattern, _ in DEVIATIONS if not any(re.search(pattern, text) for text in found)]
    assert not unused
