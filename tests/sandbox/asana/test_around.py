"""Rights, apps, searches, files, jobs, faults and the demo story."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.sandbox import SANDBOXES
from pm_providers.sandbox.asana import AsanaSandbox
from pm_providers.sandbox.asana.demo import STATUSES
from pm_providers.sandbox.asana.oauth import CLIENT_ID, CLIENT_SECRET
from pm_providers.sandbox.asana.task_write import restore_task
from pm_providers.sandbox.asana.web import Session
from pm_providers.sandbox.kit.story import PROJECTS
from tests.sandbox.asana.support import error, open_box, stopped


async def test_private_projects_are_not_there_and_commenters_do_not_write():
    async with open_box(dataset="demo") as box:
        secret = (await box.project("Secret", privacy_setting="private"))["gid"]
        task = (await box.task(projects=[secret]))["gid"]
        shop = next(row for row in box.state.projects if row.name == "Webshop relaunch")
        first = box.state.project_tasks(shop.id)[0]
        async with box.as_user("wen@example.com") as wen:
            await wen.get(f"/projects/{secret}", status=404)
            await wen.get(f"/tasks/{task}", status=404)
            assert secret not in {row["gid"] for row in await wen.get(f"/projects?workspace={box.workspace}")}
            await wen.put(f"/tasks/{first.id}", 403, name="x")
            await wen.put(f"/projects/{shop.id}", 403, name="x")
            await wen.post(f"/tasks/{first.id}/stories", 201, text="I may comment")
        await box.post(f"/projects/{secret}/addMembers", members="wen@example.com")
        async with box.as_user("wen@example.com") as wen:
            assert (await wen.get(f"/tasks/{task}"))["name"] == "Task"


async def test_comments_belong_to_their_author():
    async with open_box(dataset="demo") as box:
        task = (await box.task(followers=["maya@example.com"]))["gid"]
        story = (await box.post(f"/tasks/{task}/stories", 201, text="Mine"))["gid"]
        async with box.as_user("maya@example.com") as maya:
            await maya.put(f"/stories/{story}", 403, text="Hers")
            await maya.delete(f"/stories/{story}", status=403)
        assert (await box.put(f"/stories/{story}", text="Changed"))["is_edited"] is True
        assert error(await box.post(f"/tasks/{task}/stories", 400, text=" ")) == "text: Missing input"


async def test_apps_have_scopes_expiring_tokens_and_external_data():
    async with open_box() as box:
        code = box.box.oauth.consent("admin@example.com", scope="tasks:read tasks:write users:read")
        form = {
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": "https://app.example/back",
            "code": code,
        }
        site = box.box.base_url
        answer = await box.client.post(f"{site}/-/oauth_token", data=form)
        given = answer.json()
        assert (given["token_type"], given["expires_in"]) == ("bearer", 3600)
        assert (await box.client.post(f"{site}/-/oauth_token", data=form)).json()["error"] == "invalid_grant"
        headers = {"authorization": f"Bearer {given['access_token']}"}
        made = await box.call(
            "POST",
            "/tasks",
            {"workspace": box.workspace, "external": {"gid": "a 1", "data": "x"}},
            status=201,
            headers=headers,
        )
        found = await box.get("/tasks/external:a 1", headers=headers)
        assert (found["gid"], found["external"]) == (made["gid"], {"gid": "a 1", "data": "x"})
        again = {"workspace": box.workspace, "external": {"gid": "a 1"}}
        assert "already in use" in error(await box.call("POST", "/tasks", again, status=400, headers=headers))
        assert "external" not in await box.get(f"/tasks/{made['gid']}")
        await box.delete(f"/tasks/{made['gid']}", headers=headers, status=403)
        refresh = {**form, "grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
        assert (await box.client.post(f"{site}/-/oauth_token", data=refresh)).json()["access_token"]
        box.box.clock.advance(3601)
        assert "expired" in error(await box.get("/users/me", headers=headers, status=401))


async def test_searches_lag_have_no_pages_and_many_filters():
    async with open_box(dataset="demo", clock=stopped(), search_lag_s=30) as box:
        box.box.clock.advance(60)
        base = f"/workspaces/{box.workspace}/tasks/search"
        await box.task("Fresh fish")
        assert await box.get(f"{base}?text=fish") == []
        box.box.clock.advance(31)
        assert len(await box.get(f"{base}?text=fish")) == 1
        await box.get(f"{base}?offset=x", status=400)
        shop = next(row for row in box.state.projects if row.name == "Webshop relaunch")
        tag = next(row for row in box.state.tags if row.name == "Backend")
        points = next(row for row in box.state.fields if row.name == "Story points")

        async def names(query):
            return {row["name"] for row in await box.get(f"{base}?limit=100&projects.any={shop.id}&{query}")}

        assert len(await names("is_subtask=false&completed=false")) == 6
        assert await names(f"tags.any={tag.id}&completed=true") == {"Send the order confirmation to guests"}
        assert await names("is_blocked=true&is_subtask=false") == {"Relaunch"}
        assert await names(f"custom_fields.{points.id}.greater_than=5") == {
            "Pay with a wallet (Apple Pay, Google Pay)"
        }
        assert await names("assignee.any=null&completed=false") == {
            "Checkout that does not lose customers",
            "Relaunch",
        }
        assert await names("has_attachment=true") == {"Address form on one page"}
        assert await names("due_on.after=2026-01-10&due_on.before=2026-01-15") == {
            "VAT is wrong for orders from Switzerland"
        }
        assert len(await names("unknown=1")) == len(
            next(p for p in PROJECTS if p.key == "webshop-relaunch").tasks
        )


async def test_files_have_addresses_that_expire():
    async with open_box(clock=stopped()) as box:
        task = (await box.task())["gid"]
        files = {"file": ("%C3%A4 b.txt", b"a\r\n--b", "text/plain")}
        answer = await box.client.post("/attachments", data={"parent": task}, files=files)
        made = answer.json()["data"]
        assert (made["name"], made["size"], made["resource_subtype"]) == ("ä b.txt", 6, "asana")
        async with httpx2.AsyncClient(transport=box.box.transport()) as anybody:
            got = await anybody.get(made["download_url"])
            assert (got.status_code, got.content) == (200, b"a\r\n--b")
            assert (await anybody.get(made["download_url"][:-1] + "x")).status_code == 403
            box.box.clock.advance(121)
            assert (await anybody.get(made["download_url"])).status_code == 403
        assert (
            error(await box.call("POST", "/attachments", {"parent": task}, status=400))
            == "file: Missing input"
        )
        link = {"parent": task, "resource_subtype": "external", "name": "L", "url": "https://x.example/"}
        assert (await box.call("POST", "/attachments", link))["view_url"] == "https://x.example/"


async def test_copies_are_made_in_the_background():
    async with open_box(dataset="demo") as box:
        shop = next(row for row in box.state.projects if row.name == "Webshop relaunch")
        job = await box.post(f"/projects/{shop.id}/duplicate", 201, name="Copy", include="notes,task_notes")
        assert job["status"] == "in_progress"
        assert (await box.get(f"/jobs/{job['gid']}"))["status"] == "succeeded"
        rows = await box.get(f"/projects/{job['new_project']['gid']}/tasks")
        assert len(rows) == len(box.state.project_tasks(shop.id))


async def test_a_task_comes_back_from_the_trash():
    async with open_box() as box:
        project = (await box.project())["gid"]
        task = (await box.task(projects=[project]))["gid"]
        await box.delete(f"/tasks/{task}")
        assert await box.get(f"/projects/{project}/tasks") == []
        admin = box.state.users.where("email", "admin@example.com")[0]
        session = Session(box.state, admin, next(iter(box.state.tokens.values())), "")
        restore_task(session, task)
        assert [row["gid"] for row in await box.get(f"/projects/{project}/tasks")] == [task]
        assert box.state.events[-1].action == "undeleted"


async def test_a_loop_of_parents_or_dependencies_is_refused():
    async with open_box() as box:
        a, b = (await box.task("A"))["gid"], (await box.task("B"))["gid"]
        await box.post(f"/tasks/{b}/setParent", parent=a)
        await box.post(f"/tasks/{a}/setParent", 400, parent=b)
        await box.post(f"/tasks/{a}/addDependencies", dependencies=[b])
        await box.post(f"/tasks/{b}/addDependencies", 400, dependencies=[a])
        many = [(await box.task())["gid"] for _ in range(30)]
        assert "at most 30" in error(await box.post(f"/tasks/{a}/addDependencies", 400, dependencies=many))
        assert (await box.post(f"/tasks/{b}/setParent", parent=None))["parent"] is None


async def test_injected_faults_have_the_vendors_words():
    async with open_box() as box:
        box.box.faults.add("500;times=1")
        assert (await box.get("/users/me", status=500))["errors"][0]["phrase"]
        box.box.faults.add("cyclic-next;times=1")
        assert (await box.client.get("/workspaces?limit=1")).json()["next_page"]["offset"]
        assert error(await box.get("/nothing", status=404)) == "No matching route for request"


async def test_the_demo_tells_the_story():
    async with open_box(dataset="demo") as box:
        for story in PROJECTS:
            project = next(row for row in box.state.projects if row.name == story.name)
            rows = await box.get(
                f"/projects/{project.id}/tasks?opt_fields=name,completed,memberships.project.gid,memberships.section.name"
            )
            assert {row["name"] for row in rows} == {task.title for task in story.tasks}
            titles = {task.title: task for task in story.tasks}
            for row in rows:
                place = next(one for one in row["memberships"] if one["project"]["gid"] == project.id)
                assert place["section"]["name"] == STATUSES[titles[row["name"]].status]
                assert row["completed"] == (titles[row["name"]].status in {"done", "rejected"})
        folder = next(iter(box.state.portfolios))
        items = await box.get(f"/portfolios/{folder.id}/items?opt_fields=name,start_on,due_on,archived")
        assert [(one["name"][-8:], one["archived"]) for one in items] == [
            ("Sprint 1", True),
            ("Sprint 2", False),
            ("Sprint 3", False),
        ]
        assert all(one["start_on"] < one["due_on"] for one in items)


def test_options_are_checked():
    with pytest.raises(ValueError, match="unknown plan"):
        AsanaSandbox(plan="gold")
    with pytest.raises(ValueError, match="unknown dataset"):
        AsanaSandbox(dataset="large")
    with pytest.raises(ValueError, match="no versions"):
        SANDBOXES["asana"](version="1")
    box = SANDBOXES["asana"]()
    assert box.settings.keys() == {"ASANA_ACCESS_TOKEN", "ASANA_WORKSPACE_ID", "ASANA_URL"}
    with pytest.raises(KeyError):
        box.token_of("nobody@example.com")
