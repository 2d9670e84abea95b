"""Clients that are not ours against the sandbox on a real socket: `jira` and `atlassian-python-api`."""

from __future__ import annotations

import asyncio

import pytest

from pm_providers.sandbox.jira import ADMIN_EMAIL, ADMIN_TOKEN, JiraSandbox
from pm_providers.sandbox.jira.demo import account_of

jira = pytest.importorskip("jira")
atlassian = pytest.importorskip("atlassian")


async def served(work, **options):
    """Run blocking work in a thread while the sandbox serves; gives it the address and the sandbox."""
    box = JiraSandbox(**{"dataset": "demo", **options})
    async with box.serve() as url:
        return await asyncio.to_thread(work, url, box)


def pycontribs(url):
    return jira.JIRA(
        url, basic_auth=(ADMIN_EMAIL, ADMIN_TOKEN), max_retries=0, options={"rest_api_version": "3"}
    )


def api_client(url):
    return atlassian.Jira(url=url, username=ADMIN_EMAIL, password=ADMIN_TOKEN, cloud=True, api_version="3")


def document(text):
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
    return {"type": "doc", "version": 1, "content": content}


async def test_pycontribs_reads_the_site_and_searches():
    def work(url, _box):
        client = pycontribs(url)
        assert client._is_cloud
        assert client.myself()["emailAddress"] == ADMIN_EMAIL
        assert {project.key for project in client.projects()} == {"SHOP", "OFFICE"}
        assert len(client.fields()) > 40
        assert {kind.name for kind in client.issue_types()} >= {"Epic", "Task", "Sub-task"}
        assert client.priorities()[0].name == "Highest"
        found = client.enhanced_search_issues("project = SHOP ORDER BY key", maxResults=0)
        assert [issue.key for issue in found] == [f"SHOP-{n}" for n in range(1, 15)]
        assert found[1].fields.status.name == "In Review"
        assert client.approximate_issue_count("project = SHOP") == 14
        with pytest.raises(jira.JIRAError, match="does not exist for the field 'project'") as error:
            client.enhanced_search_issues("project = NOPE")
        assert error.value.status_code == 400

    await served(work)


async def test_pycontribs_pages_by_token():
    def work(url, box):
        client = pycontribs(url)
        found = client.enhanced_search_issues("project = SCALE", maxResults=0, fields="summary")
        assert len({issue.id for issue in found}) == 250
        searches = [entry for entry in box.log if entry.path.endswith("/search/jql")]
        assert len(searches) == 3

    await served(work, dataset="empty", scale=250)


async def test_pycontribs_writes_issues_and_what_is_around_them():
    def work(url, box):
        client = pycontribs(url)
        fields = {
            "project": {"key": "SHOP"},
            "issuetype": {"name": "Task"},
            "summary": "By a client",
            "description": document("Hello"),
            "labels": ["client"],
        }
        issue = client.create_issue(fields=fields)
        assert issue.fields.summary == "By a client"
        issue.update(fields={"summary": "Renamed", "priority": {"name": "High"}})
        issue.add_field_value("labels", "more")
        client.assign_issue(issue, "jonas@example.com")
        names = {step["name"]: step["id"] for step in client.transitions(issue)}
        client.transition_issue(issue, names["Start work"])
        client.add_comment(issue.key, document("A word"))
        client.add_worklog(issue.key, timeSpentSeconds=3600)
        other = client.issue("SHOP-2")
        client.create_issue_link("Blocks", inwardIssue=issue.key, outwardIssue=other.key)
        client.add_attachment(issue.key, attachment=__file__, filename="test.py")
        client.add_watcher(issue.key, "maya@example.com")
        again = client.issue(issue.key, expand="changelog")
        assert (again.fields.summary, again.fields.status.name) == ("Renamed", "In Progress")
        assert again.fields.assignee.accountId == account_of("jonas")
        assert sorted(again.fields.labels) == ["client", "more"]
        assert again.fields.issuelinks[0].outwardIssue.key == "SHOP-2"
        assert again.fields.timespent == 3600
        assert {item.field for history in again.changelog.histories for item in history.items} >= {
            "status",
            "summary",
        }
        assert client.comments(issue.key)[0].body.type == "doc"
        made = client.create_issues([{**fields, "summary": f"Bulk {n}"} for n in range(3)], prefetch=False)
        assert [entry["status"] for entry in made] == ["Success"] * 3
        issue.delete()
        with pytest.raises(jira.JIRAError) as error:
            client.issue(issue.key)
        assert error.value.status_code == 404
        assert box.state.issue(issue.key) is None

    await served(work)


async def test_pycontribs_works_with_boards_and_sprints():
    def work(url, _box):
        client = pycontribs(url)
        board = client.boards(projectKeyOrID="SHOP")[0]
        assert (board.name, board.type) == ("SHOP board", "scrum")
        assert [sprint.state for sprint in client.sprints(board.id)] == ["closed", "active", "future"]
        made = client.create_sprint("Sprint 9", board.id, startDate="2026-03-02T09:00:00.000Z", goal="Win")
        client.add_issues_to_sprint(made.id, ["SHOP-13"])
        found = client.enhanced_search_issues(f"sprint = {made.id}")
        assert [issue.key for issue in found] == ["SHOP-13"]
        client.move_to_backlog(["SHOP-13"])
        assert list(client.enhanced_search_issues(f"sprint = {made.id}")) == []
        client.update_sprint(made.id, name="Sprint 10")
        after = client.sprint(made.id)
        assert after.name == "Sprint 10"
        assert not hasattr(after, "startDate")  # the client updates with PUT, which nulls the rest
        client.rank("SHOP-13", next_issue="SHOP-1")

    await served(work)


async def test_pycontribs_sees_the_rate_limit():
    def work(url, box):
        client = pycontribs(url)
        box.faults.add("429;match=/myself;retry_after=1")
        with pytest.raises(jira.JIRAError) as error:
            client.myself()
        assert error.value.status_code == 429

    await served(work)


async def test_atlassian_python_api_reads_and_searches():
    def work(url, _box):
        client = api_client(url)
        assert client.myself()["emailAddress"] == ADMIN_EMAIL
        assert client.project("SHOP")["name"] == "Webshop relaunch"
        found = client.enhanced_jql("project = SHOP ORDER BY key", fields=["summary"], limit=5)
        assert len(found["issues"]) == 5
        assert found["nextPageToken"]
        everything = client.enhanced_jql_get_list_of_tickets("project = SHOP", fields=["summary"])
        assert len(everything) == 14
        assert client.approximate_issue_count("project = OFFICE")["count"] == 5
        assert client.issue("SHOP-6", fields="summary")["fields"]["summary"].startswith("VAT is wrong")
        assert client.get_issue_status("SHOP-12") == "On Hold"

    await served(work)


async def test_atlassian_python_api_writes():
    def work(url, box):
        client = api_client(url)
        made = client.issue_create(
            {
                "project": {"key": "OFFICE"},
                "issuetype": {"name": "Task"},
                "summary": "Plants",
                "labels": ["green"],
            }
        )
        key = made["key"]
        client.issue_update(key, fields={"summary": "More plants"})
        client.issue_add_comment(key, document("Ficus"))
        client.set_issue_status(key, "In Progress")
        assert client.get_issue_status(key) == "In Progress"
        assert client.issue_field_value(key, "summary") == "More plants"
        client.issue_add_watcher(key, account_of("maya"))
        client.delete_issue(key)
        assert box.state.issue(key) is None

    await served(work)


async def test_atlassian_python_api_works_with_boards():
    def work(url, _box):
        client = api_client(url)
        boards = client.get_all_agile_boards(project_key="SHOP")
        board = boards["values"][0]["id"]
        sprints = client.get_all_sprints_from_board(board, state="active,future")
        assert [sprint["state"] for sprint in sprints["values"]] == ["active", "future"]
        active = sprints["values"][0]["id"]
        issues = client.get_all_issues_for_sprint_in_board(board, active)
        assert issues["total"] == 5
        made = client.create_sprint(name="Sprint 9", board_id=board)
        client.add_issues_to_sprint(made["id"], ["SHOP-13"])
        renamed = client.update_partially_sprint(made["id"], {"goal": "Win"})
        assert (renamed["name"], renamed["goal"]) == ("Sprint 9", "Win")
        client.delete_sprint(made["id"])

    await served(work)
