"""A client that is not ours against the sandbox on a real socket: Asana's own `asana`."""

from __future__ import annotations

import asyncio

import pytest

from pm_providers.sandbox.asana import ME_TOKEN, AsanaSandbox, Limits

asana = pytest.importorskip("asana")
rest = pytest.importorskip("asana.rest")


@pytest.fixture(autouse=True)
def _threads():
    """The SDK starts a pool of threads and leaves it to the garbage collector."""
    pools = []
    before = asana.ApiClient.__init__

    def started(self, *args, **options):
        before(self, *args, **options)
        pools.append(self)

    asana.ApiClient.__init__ = started
    yield
    asana.ApiClient.__init__ = before
    for client in pools:
        client.pool.close()
        client.pool.join()
        client.rest_client.pool_manager.clear()


async def served(work, **options):
    """Run blocking work in a thread while the sandbox serves; gives it a client and the sandbox."""
    box = AsanaSandbox(**{"dataset": "demo", **options})
    async with box.serve() as url:
        return await asyncio.to_thread(work, connected(url), box)


def connected(url):
    configuration = asana.Configuration()
    configuration.access_token = ME_TOKEN
    configuration.host = f"{url}/api/1.0"
    configuration.return_page_iterator = True
    return asana.ApiClient(configuration)


async def test_the_sdk_reads_people_projects_and_sections():
    def work(client, box):
        users = asana.UsersApi(client)
        assert users.get_user("me", {})["email"] == "admin@example.com"
        names = [user["name"] for user in users.get_users_for_workspace(box.workspace, {"limit": 2})]
        assert names == sorted(names, key=str.lower)
        assert len(names) == 6
        found = asana.ProjectsApi(client).get_projects_for_workspace(box.workspace, {"limit": 2})
        projects = {project["name"]: project["gid"] for project in found}
        assert {"Webshop relaunch", "Office move"} <= projects.keys()
        sections = asana.SectionsApi(client).get_sections_for_project(
            projects["Webshop relaunch"], {"limit": 100}
        )
        assert [section["name"] for section in sections][:2] == ["To do", "In progress"]

    await served(work)


async def test_the_sdk_pages_through_a_large_project():
    def work(client, box):
        project = next(row for row in box.state.projects if row.name == "Scale")
        tasks = asana.TasksApi(client)
        rows = list(tasks.get_tasks_for_project(project.id, {"limit": 100, "opt_fields": "name,completed"}))
        assert len({row["gid"] for row in rows}) == 250
        assert box.log.count("GET", "/tasks$") == 3

    await served(work, dataset="empty", scale=250)


async def test_the_sdk_writes_tasks_and_what_hangs_on_them():
    def work(client, box):
        tasks, w = asana.TasksApi(client), box.workspace
        project = asana.ProjectsApi(client).create_project(
            {"data": {"name": "By the SDK", "workspace": w}}, {}
        )
        board, stories, tags = asana.SectionsApi(client), asana.StoriesApi(client), asana.TagsApi(client)
        doing = board.create_section_for_project(project["gid"], {"body": {"data": {"name": "Doing"}}})
        data = {"name": "One", "projects": [project["gid"]], "assignee": "me", "due_on": "2026-03-01"}
        one = tasks.create_task({"data": data}, {"opt_fields": "name,due_on,assignee.email"})
        assert one == {
            "gid": one["gid"],
            "name": "One",
            "due_on": "2026-03-01",
            "assignee": {"gid": one["assignee"]["gid"], "email": "admin@example.com"},
        }
        board.add_task_for_section(doing["gid"], {"body": {"data": {"task": one["gid"]}}})
        shown = tasks.get_task(one["gid"], {"opt_fields": "memberships.section.name"})
        assert shown["memberships"][0]["section"]["name"] == "Doing"
        tasks.update_task({"data": {"completed": True}}, one["gid"], {})
        below = tasks.create_subtask_for_task({"data": {"name": "Two"}}, one["gid"], {})
        tasks.add_dependencies_for_task({"data": {"dependencies": [below["gid"]]}}, one["gid"])
        assert [row["gid"] for row in tasks.get_dependencies_for_task(one["gid"], {"limit": 10})] == [
            below["gid"]
        ]
        tag = tags.create_tag_for_workspace({"data": {"name": "sdk"}}, w, {})
        tasks.add_tag_for_task({"data": {"tag": tag["gid"]}}, one["gid"])
        stories.create_story_for_task({"data": {"text": "Well done"}}, one["gid"], {})
        told = [row["resource_subtype"] for row in stories.get_stories_for_task(one["gid"], {"limit": 50})]
        assert {"added_to_project", "section_changed", "marked_complete", "comment_added"} <= set(told)
        tasks.delete_task(below["gid"])
        with pytest.raises(rest.ApiException) as gone:
            tasks.get_task(below["gid"], {})
        assert gone.value.status == 404

    await served(work, dataset="empty")


async def test_the_sdk_reads_custom_fields_events_and_a_batch():
    def work(client, box):
        project = next(row for row in box.state.projects if row.name == "Webshop relaunch")
        found = asana.CustomFieldSettingsApi(client).get_custom_field_settings_for_project(
            project.id, {"limit": 100}
        )
        fields = {row["custom_field"]["name"]: row["custom_field"] for row in found}
        assert fields["Priority"]["enum_options"][2]["name"] == "High"
        events = asana.EventsApi(client)
        assert list(events.get_events(project.id, {})) == []  # it takes the 412 and its token itself
        assert box.log.statuses()[412] == 1
        actions = [{"method": "get", "relative_path": "/users/me", "options": {"fields": ["name"]}}]
        answers = asana.BatchAPIApi(client).create_batch_request({"data": {"actions": actions}}, {})
        assert [answer["status_code"] for answer in answers] == [200]
        searched = asana.TasksApi(client).search_tasks_for_workspace(box.workspace, {"text": "address form"})
        assert next(row["name"] for row in searched) == "Address form on one page"

    await served(work)


async def test_the_sdk_waits_after_a_429():
    def work(client, box):
        box.faults.add("429;retry_after=0;times=1")
        assert asana.UsersApi(client).get_user("me", {})["name"] == "Ada Admin"
        assert box.log.statuses() == {429: 1, 200: 1}

    await served(work, dataset="empty", limits=Limits.vendor())
