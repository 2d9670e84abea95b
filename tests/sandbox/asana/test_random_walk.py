"""Any order of writes leaves the store consistent."""

from __future__ import annotations

import random

import pytest

from pm_providers.sandbox.asana.task_write import restore_task
from pm_providers.sandbox.asana.web import Session
from tests.sandbox.asana.support import open_box


def consistent(state):
    """Orders, memberships, parents and dependencies say the same from both sides."""
    for section, gids in state.placed.items():
        assert len(gids) == len(set(gids))
        for gid in gids:
            task = state.tasks[gid]
            assert task.trashed is None
            assert section in {place for _, place in task.memberships}
    for parent, gids in state.children.items():
        assert all(state.tasks[gid].parent == parent and state.tasks[gid].trashed is None for gid in gids)
    for task in state.tasks:
        for other in task.dependencies:
            assert task.id in state.tasks[other].dependents
        if task.trashed is None:
            assert len({project for project, _ in task.memberships}) == len(task.memberships)
            for project, section in task.memberships:
                assert task.id in state.placed[section]
                assert state.sections[section].project == project
            assert task.parent is None or task.id in state.children[task.parent]
        assert all(gid in state.tags for gid in task.tags)


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_writes(seed):
    rng = random.Random(seed)
    async with open_box(dataset="demo") as box:
        state = box.state
        admin = state.users.where("email", "admin@example.com")[0]
        session = Session(state, admin, next(iter(state.tokens.values())), "")

        def some(table):
            return rng.choice([row.id for row in table])

        def step():
            task, other = some(state.tasks), some(state.tasks)
            project, section = some(state.projects), some(state.sections)
            return rng.choice(
                (
                    ("POST", "/tasks", {"name": "n", "projects": [project]}),
                    ("POST", f"/tasks/{task}/subtasks", {"name": "s", "projects": [project]}),
                    ("POST", f"/tasks/{task}/addProject", {"project": project}),
                    ("POST", f"/tasks/{task}/addProject", {"project": project, "insert_before": other}),
                    (
                        "POST",
                        f"/tasks/{task}/addProject",
                        {"project": project, "section": section, "insert_after": None},
                    ),
                    ("POST", f"/tasks/{task}/removeProject", {"project": project}),
                    ("POST", f"/sections/{section}/addTask", {"task": task}),
                    ("POST", f"/tasks/{task}/setParent", {"parent": rng.choice((None, other))}),
                    ("POST", f"/tasks/{task}/addDependencies", {"dependencies": [other]}),
                    (
                        "POST",
                        f"/tasks/{task}/duplicate",
                        {"name": "d", "include": "subtasks,projects,parent,tags"},
                    ),
                    ("POST", f"/projects/{project}/sections", {"name": "x"}),
                    ("PUT", f"/tasks/{task}", {"completed": True, "name": str(rng.random())}),
                    ("DELETE", f"/tasks/{task}", None),
                    ("DELETE", f"/sections/{section}", None),
                    *((("DELETE", f"/projects/{project}", None),) if rng.random() < 0.2 else ()),
                    *((("DELETE", f"/tags/{some(state.tags)}", None),) if len(state.tags) > 1 else ()),
                )
            )

        statuses = set()
        for number in range(250):
            method, path, data = step()
            answer = await box.client.request(method, path, json=None if data is None else {"data": data})
            statuses.add(answer.status_code)
            if number % 10 == 0:
                gone = [row.id for row in state.tasks if row.trashed is not None]
                if gone:
                    restore_task(session, rng.choice(gone))
            consistent(state)
        assert {200, 201, 400, 404} <= statuses
        async with box.as_user(kind="service") as service:  # sees all
            for row in state.tasks:
                if row.trashed is None:
                    await service.get(f"/tasks/{row.id}")
                    await service.get(f"/tasks/{row.id}/stories")
