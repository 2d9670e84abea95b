"""The demo data: the story that all sandboxes tell, in ClickUp's terms."""

from __future__ import annotations

import re

from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS
from tests.sandbox.clickup.support import Place, open_box

ALL = {"subtasks": "true", "include_closed": "true", "include_markdown_description": "true"}


async def tasks_of(client, space):
    answer = await client.get(f"/team/{Place.team}/task", params={"space_ids[]": space, **ALL})
    return {row["name"]: row for row in answer.json()["tasks"]}


async def test_every_task_of_the_story_is_there():
    async with open_box(dataset="demo") as client:
        spaces = (await client.get(f"/team/{Place.team}/space")).json()["spaces"]
        for story in PROJECTS:
            space = next(row for row in spaces if row["name"] == story.name)
            rows = await tasks_of(client, space["id"])
            assert set(rows) == {task.title for task in story.tasks}
            for task in story.tasks:
                row = rows[task.title]
                assert row["markdown_description"] == task.text
                assert bool(row["due_date"]) is (task.due is not None)
                assert bool(row["assignees"]) is bool(task.assignee)
                spent = sum(hours for _, hours, _ in task.spent)
                assert row.get("time_spent", 0) == spent * 3_600_000


async def test_a_sprint_is_a_list_with_dates_in_a_folder():
    async with open_box(dataset="demo") as client:
        spaces = (await client.get(f"/team/{Place.team}/space")).json()["spaces"]
        shop = next(row for row in spaces if row["features"]["sprints"]["enabled"])
        (folder,) = (await client.get(f"/space/{shop['id']}/folder")).json()["folders"]
        assert folder["name"] == "Sprints"
        for row, sprint in zip(folder["lists"], PROJECTS[0].sprints, strict=True):
            assert re.fullmatch(rf"{sprint.name} \(\d+/\d+ - \d+/\d+\)", row["name"])
            assert int(row["start_date"]) < int(row["due_date"])
            query = {"include_timl": "true", **ALL}
            found = (await client.get(f"/list/{row['id']}/task", params=query)).json()["tasks"]
            wanted = {task.title for task in PROJECTS[0].tasks if task.sprint == sprint.key}
            assert {task["name"] for task in found} == wanted
            assert {task["list"]["name"] for task in found} == {"Backlog"}


async def test_the_people_may_log_in():
    async with open_box(dataset="demo") as client:
        for person in PEOPLE:
            header = {"Authorization": client.box.token_of(person.email)}
            user = (await client.get("/user", headers=header)).json()["user"]
            assert (user["email"], user["username"]) == (person.email, f"{person.first} {person.last}")
        reader = {"Authorization": client.box.token_of("wen@example.com")}
        assert (await client.get(f"/team/{Place.team}/space", headers=reader)).json() == {"spaces": []}
        answer = await client.get(f"/team/{Place.team}/task", params=ALL, headers=reader)
        assert len(answer.json()["tasks"]) == len(PROJECTS[0].tasks)


async def test_two_runs_are_alike():
    answers = []
    for _ in range(2):
        async with open_box(dataset="demo", scale=30, seed=3) as client:
            answers.append((await client.get(f"/team/{Place.team}/task", params=ALL)).json())
    assert answers[0] == answers[1]
    assert len(answers[0]["tasks"]) == 49
