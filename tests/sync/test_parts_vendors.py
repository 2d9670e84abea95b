"""Comments, relations, attachments, checklists and sprints between an internal database and sandboxes."""

from __future__ import annotations

import pytest

from pm_providers.model import (
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMRelation,
    PMSprint,
    PMTask,
)
from pm_providers.store import add_connection, add_mapping
from pm_providers.sync.engine import Engine, RunOptions
from pm_providers.sync.policy import LEFT, Policy
from tests.conformance import harnesses
from tests.sync.parts_world import internal

SYSTEMS = ("OpenProject", "Jira", "ClickUp", "Asana", "Trello")


async def filled(left, project):
    """A task with everything around it, and another."""
    sprint = await left.create_sprint(PMSprint(name="First", project_id=project))
    one = await left.create_task(PMTask(title="one", project_id=project, sprint_id=sprint.id))
    two = await left.create_task(PMTask(title="two", project_id=project))
    await left.create_comment(PMComment(task_id=one.id, body="Some *text*\n\n- a\n- b"))
    await left.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
    await left.create_attachment(PMAttachment(task_id=one.id, file_name="f_1.txt"), b"abc")
    items = [PMChecklistItem(title="x", is_done=True), PMChecklistItem(title="y")]
    await left.create_checklist(PMChecklist(name="Steps", task_id=one.id, items=items))
    return one


@pytest.mark.parametrize("system", SYSTEMS)
async def test_parts_go_both_ways_and_then_there_is_rest(system, sync_db, tmp_path):
    left = internal(tmp_path, LEFT)
    async with left, getattr(harnesses, f"{system}Harness")(tmp_path) as harness:
        right = harness.provider
        ours = (await left.create_project(harnesses.PMProject(name="Ours"))).id
        theirs = (await harness.make_project()).id
        ends = [
            await add_connection(sync_db, f"{side} of {system}", "internal") for side in ("left", "right")
        ]
        mapping = await add_mapping(
            sync_db, ours, ends[1].id, theirs, sync_config={"left_connection": ends[0].id}
        )
        engine = Engine(sync_db, mapping.id, left, right, (ours, theirs), Policy(settle_s=0))
        one = await filled(left, ours)
        report = await engine.run()
        assert report.state == "done", report.reason
        there = next(task for task in await right.list_tasks(theirs) if task.title == "one")
        await right.create_comment(PMComment(task_id=there.id, body="from there"))
        await engine.run(RunOptions(full=True))
        bodies = [comment.body for comment in await left.list_comments(one.id)]
        assert bodies[0] == "Some *text*\n\n- a\n- b"
        assert bodies[1].endswith(f" in {right.title}:\n\nfrom there")
        across = [comment.body for comment in await right.list_comments(there.id)]
        assert [" wrote on " in across[0], "f_1.txt" in across[1], across[2:]] == [True, True, ["from there"]]
        has = right.capabilities.supports
        if has("list_relations"):
            assert [found.type for found in await right.list_relations(there.id)] == ["blocks"]
        if has("list_checklists"):
            lists = await right.list_checklists(there.id)
            assert [(item.title, item.is_done) for item in lists[0].items] == [("x", True), ("y", False)]
        else:
            assert "checklists" in report.held
        assert (await engine.run(RunOptions(full=True))).writes == 0
