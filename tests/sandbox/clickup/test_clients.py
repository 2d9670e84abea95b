"""A client that is not ours against the sandbox on a real socket: `clickup-python-sdk`."""

from __future__ import annotations

import asyncio

import pytest

from pm_providers.sandbox.clickup import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox
from tests.sandbox.clickup.support import Place

sdk = pytest.importorskip("clickup_python_sdk")
objects = pytest.importorskip("clickup_python_sdk.clickupobjects.list")
refused = pytest.importorskip("clickup_python_sdk.exceptions").ClickupRequestException


async def served(work, **options):
    """Run blocking work in a thread while the sandbox serves."""
    box = ClickUpSandbox(**options)

    def run(url):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sdk.ClickupClient, "API", f"{url}/api/")
            work(sdk.ClickupClient.init(user_token=ADMIN_TOKEN), box)

    async with box.serve() as url:
        await asyncio.to_thread(run, url)


async def test_it_reads_the_hierarchy():
    def work(client, _box):
        assert client.TOKEN_USER["email"] == "owner@example.com"
        (team,) = client.get_teams()
        assert (team["id"], len(team["members"])) == (TEAM_ID, 6)
        spaces = team.get_spaces()
        assert [space["name"] for space in spaces] == ["Team Space", "Webshop relaunch", "Office move"]
        shop = spaces[1]
        assert [row["name"] for row in shop.get_lists()] == ["Backlog"]
        (folder,) = shop.get_folders()
        assert [row["name"].split(" (")[0] for row in folder["lists"]] == ["Sprint 1", "Sprint 2", "Sprint 3"]
        assert {tag["name"] for tag in shop.get_tags()} == {"backend", "frontend", "operations", "search"}

    await served(work, dataset="demo")


async def test_it_walks_pages_until_an_empty_one():
    def work(client, box):
        load = client.get_teams()[0].get_spaces()[-1].get_lists()[0]
        assert len(load.get_tasks({"subtasks": "true", "include_closed": "true"})) == 250
        assert box.log.count("GET", r"/list/\d+/task$") == 4
        assert len(load.get_tasks()) == 175

    await served(work, scale=250)


async def test_it_creates_changes_and_deletes():
    def work(client, box):
        home = objects.List(id=Place.list)
        task = home.create_task("Report", markdown_description="**Soon**", tags=["Late"], priority=2)
        task.update(name="The report", status="in progress", assignees_add=[Place.owner])
        task.get()
        assert (task["name"], task["status"]["status"]) == ("The report", "in progress")
        assert [user["id"] for user in task["assignees"]] == [Place.owner]
        assert ([tag["name"] for tag in task["tags"]], task["description"]) == (["late"], "Soon")
        field = box.fields.add(f"list:{Place.list}", "Size", "number")
        task.update_custom_field(field.id, 5)
        assert task["custom_fields"][0]["value"] == "5"
        with pytest.raises(refused) as error:
            task.update(status="nowhere")
        assert error.value.body()["ECODE"] == "ITEM_114"
        with pytest.raises(AttributeError):  # it expects a body, the vendor sends none
            task.delete()
        with pytest.raises(refused) as error:
            client.get_task(task["id"])
        assert (error.value.http_status(), error.value.body()["ECODE"]) == (401, "OAUTH_027")

    await served(work)


async def test_it_works_with_what_is_around_a_task():
    def work(_client, box):
        home = objects.List(id=Place.list)
        task, other = home.create_task("One"), home.create_task("Two")
        task.add_tag("bug")
        task.create_comment("First")
        assert [row["comment_text"] for row in task.get_comments()] == ["First"]
        task.upload_file({"attachment": ("hello.txt", b"hello", "text/plain")})
        assert task["attachments"][0]["title"] == "hello.txt"
        checklist = task.create_checklist("Steps")["checklist"]["id"]
        assert box.state.checklists[checklist].name == "Steps"
        task.add_dependency(other["id"])
        task.get()
        assert task["dependencies"][0]["depends_on"] == other["id"]
        task.track_time(time=60000, start=1, end=60001)
        assert task.get_time_entries()[0]["time"] == 60000

    await served(work)


async def test_it_sees_the_limit():
    def work(client, _box):
        client.get_teams()
        assert client.RATE_LIMIT_REMAINING == "98"

    await served(work, limits=True)
