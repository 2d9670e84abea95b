"""Any number of tasks, for load."""

from __future__ import annotations

import random
from datetime import timedelta

from pm_providers.sandbox.asana.demo import ME
from pm_providers.sandbox.asana.records import Project, Task
from pm_providers.sandbox.asana.setup import add_project
from pm_providers.sandbox.asana.state import State

__all__ = ["seed_scale"]


def seed_scale(state: State, workspace: str, count: int, seed: int = 0) -> Project:
    """Add `count` tasks in a project Scale with three sections, changed one millisecond after the other."""
    rng = random.Random(seed)
    owner = state.users.where("email", ME)[0].id
    names = ("To do", "In progress", "Done")
    project = add_project(state, workspace, "Scale", owner, sections=names)
    sections = state.section_order[project.id]
    moment = state.now() - timedelta(hours=1)
    today = moment.date()
    for number in range(1, count + 1):
        at = moment + timedelta(milliseconds=number)
        spot = rng.choice((0, 0, 1, 2))
        row = Task(
            id=state.gid(),
            workspace=workspace,
            name=f"Task {number:06d}",
            created=at,
            modified=at,
            created_by=owner,
            html_notes=f"<body>Row {number}, made for load.</body>",
            completed_at=at if spot == 2 else None,
            due_on=(today + timedelta(days=rng.randrange(-100, 100))).isoformat(),
            memberships=((project.id, sections[spot]),),
            followers=(owner,),
        )
        state.tasks.put(row)
        state.placed[sections[spot]].append(row.id)
    return project
