"""The demo data, the command line and issues for load."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers.sandbox import SANDBOXES
from pm_providers.sandbox.jira import JiraSandbox
from pm_providers.sandbox.jira.adf import check_document
from pm_providers.sandbox.jira.demo import account_of
from pm_providers.sandbox.kit.story import PEOPLE, PROJECTS


def test_the_whole_story_is_told():
    state = JiraSandbox(dataset="demo").state
    tasks = [task for project in PROJECTS for task in project.tasks]
    assert len(state.issues) == len(tasks)
    by_reference = {row.custom["customfield_10034"]: row for row in state.issues}
    for task in tasks:
        row = by_reference[f"DEMO-{task.key}"]
        assert row.summary == task.title
        assert state.statuses[row.status_id].category == {
            "new": "new",
            "done": "done",
            "rejected": "done",
        }.get(task.status, "indeterminate")
        assert row.assignee == (account_of(task.assignee) if task.assignee else None)
        assert (row.resolution_id is not None) is (task.status in {"done", "rejected"})
        parent = state.issues.get(row.parent_id)
        assert (parent.custom["customfield_10034"] if parent else "") == (
            f"DEMO-{task.parent}" if task.parent else ""
        )
        assert len(state.comments.where("issue_id", row.id)) == len(task.comments)
        assert sum(log.seconds for log in state.worklogs.where("issue_id", row.id)) == (row.spent_s or 0)
    assert len(state.links) == sum(len(task.blocks) + len(task.after) for task in tasks)
    assert len(state.sprints) == sum(len(project.sprints) for project in PROJECTS)
    assert len(state.users) == len(PEOPLE) + 1


def test_its_texts_are_documents():
    state = JiraSandbox(dataset="demo").state
    texts = [row.description for row in state.issues if row.description] + [
        row.body for row in state.comments
    ]
    assert len(texts) > 8
    assert [check_document(text) for text in texts] == [None] * len(texts)


async def test_every_person_can_log_in():
    box = JiraSandbox(dataset="demo")
    for person in PEOPLE:
        async with httpx2.AsyncClient(
            transport=box.transport(), base_url=box.base_url, auth=box.login_of(person.email)
        ) as client:
            me = (await client.get("/rest/api/3/myself")).json()
            assert me["displayName"] == f"{person.first} {person.last}"
    with pytest.raises(KeyError):
        box.login_of("nobody@example.com")


def test_the_registry_makes_one_with_the_settings_of_a_provider():
    box = SANDBOXES["jira"](dataset="demo", scale=3)
    assert set(box.settings) == {"JIRA_URL", "JIRA_USERNAME", "JIRA_API_TOKEN"}
    assert box.state.issue("SCALE-3").summary == "Task 000003"
    with pytest.raises(ValueError, match="unknown dataset"):
        SANDBOXES["jira"](dataset="other")
    with pytest.raises(ValueError, match="no versions"):
        SANDBOXES["jira"](version="9.4")


def test_load_is_the_same_for_the_same_seed():
    one, two = (JiraSandbox(scale=20, seed=7) for _ in range(2))
    assert [row.labels for row in one.state.issues] == [row.labels for row in two.state.issues]
    assert len({row.updated for row in one.state.issues}) == 20
