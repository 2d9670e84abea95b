"""Watchers and votes."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import bad_request, forbidden, not_found
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()


def _issue(call: Call) -> Issue:
    return rights.need_issue(call.session, call.params["id"])


@routes("GET", "issue/{id}/watchers")
def watchers(call: Call) -> Reply:
    """Who watches an issue; without the right to see them only how many."""
    issue, view, me = _issue(call), View(call.session), call.user
    body: dict[str, Any] = {
        "self": f"{view.api}/issue/{issue.id}/watchers",
        "isWatching": me is not None and me.id in issue.watchers,
        "watchCount": len(issue.watchers),
        "watchers": [],
    }
    if view.may("VIEW_VOTERS_AND_WATCHERS", issue.project_id):
        body["watchers"] = [view.user(key) for key in issue.watchers]
    return Reply(body)


@routes("POST", "issue/{id}/watchers")
def watch(call: Call) -> Reply:
    """Add a watcher: the body is the account id as a JSON text; without a body the caller."""
    issue, me = _issue(call), call.session.account_id
    body = call.json()
    if body is not None and not isinstance(body, str):
        raise bad_request("The body must be an account id as a JSON string.")
    key = body or me
    _need_managing(call, issue, key)
    user = call.state.users.get(key)
    if user is None:
        raise not_found(f"The user with account id '{key}' does not exist.")
    if not rights.allowed(call.state, user, "BROWSE_PROJECTS", call.state.projects[issue.project_id]):
        raise bad_request(f'The user "{user.name}" does not have permission to view this issue.')
    if key not in issue.watchers:
        call.state.issues.change(issue, watchers=(*issue.watchers, key))
    return Reply(None, 204)


@routes("DELETE", "issue/{id}/watchers")
def unwatch(call: Call) -> Reply:
    """Remove the watcher `accountId`."""
    issue, key = _issue(call), call.one("accountId")
    if not key:
        raise bad_request("The 'accountId' query parameter must be provided.")
    _need_managing(call, issue, key)
    if key not in call.state.users:
        raise not_found(f"The user with account id '{key}' does not exist.")
    call.state.issues.change(issue, watchers=tuple(w for w in issue.watchers if w != key))
    return Reply(None, 204)


def _need_managing(call: Call, issue: Issue, key: str) -> None:
    if key != call.session.account_id:
        text = "You do not have permission to manage the watchers of this issue."
        rights.need_permission(call.session, "MANAGE_WATCHERS", issue, text)


@routes("GET", "issue/{id}/votes")
def votes(call: Call) -> Reply:
    """Who voted for an issue."""
    issue, view, me = _issue(call), View(call.session), call.user
    return Reply(
        {
            "self": f"{view.api}/issue/{issue.key}/votes",
            "votes": len(issue.voters),
            "hasVoted": me is not None and me.id in issue.voters,
            "voters": [view.user(key) for key in issue.voters],
        }
    )


@routes("POST", "issue/{id}/votes")
def vote(call: Call) -> Reply:
    """Vote for an issue of somebody else."""
    issue, me = _issue(call), call.session.account_id
    if issue.reporter == me:
        raise not_found("You cannot vote for an issue you have reported.")
    if issue.resolution_id is not None:
        raise forbidden("You cannot vote for an issue that is resolved.")
    if me not in issue.voters:
        call.state.issues.change(issue, voters=(*issue.voters, me))
    return Reply(None, 204)


@routes("DELETE", "issue/{id}/votes")
def unvote(call: Call) -> Reply:
    """Take a vote back."""
    issue, me = _issue(call), call.session.account_id
    if me not in issue.voters:
        raise not_found("You have not voted for this issue.")
    call.state.issues.change(issue, voters=tuple(key for key in issue.voters if key != me))
    return Reply(None, 204)
