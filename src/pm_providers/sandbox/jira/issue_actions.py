"""Comments, worklogs and links that come inside the `update` of an issue."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.comments import (
    add_comment,
    change_comment,
    read_body,
    read_visibility,
    remove_comment,
)
from pm_providers.sandbox.jira.errors import bad_field
from pm_providers.sandbox.jira.links import add_link_of, check_link_of
from pm_providers.sandbox.jira.records import Issue, Project
from pm_providers.sandbox.jira.web import Session
from pm_providers.sandbox.jira.worklogs import add_worklog, check_worklog

__all__ = ["check_action", "run_actions"]


_RIGHTS = {"comment": "ADD_COMMENTS", "worklog": "WORK_ON_ISSUES", "issuelinks": "LINK_ISSUES"}


def check_action(session: Session, project: Project, name: str, verb: str, value: dict[str, Any]) -> None:
    """Raise the error of an action before anything is stored: its values, and the right to do it."""
    if not rights.may_use(session, _RIGHTS[name], project):
        raise bad_field(name, f"You do not have the permission to set the field '{name}'.")
    if name == "worklog":
        check_worklog(session, value)
    elif name == "issuelinks":
        check_link_of(session, value)
    elif verb != "remove":
        read_body(session, value.get("body"))
        read_visibility(session, value.get("visibility"))


def run_actions(session: Session, issue: Issue, actions: list[tuple[str, str, Any]]) -> None:
    """Do what `Draft.actions` holds, in order.

    Raises:
        ApiError: as the resources of their own raise it.
    """
    for name, verb, value in actions:
        if name == "comment":
            _comment(session, issue, verb, value)
        elif name == "worklog":
            add_worklog(session, session.state.issues[issue.id], value, adjust="auto")
        else:
            add_link_of(session, issue, value)


def _comment(session: Session, issue: Issue, verb: str, value: dict[str, Any]) -> None:
    if verb == "add":
        add_comment(session, session.state.issues[issue.id], value)
        return
    text = str(value.get("id", ""))
    row = session.state.comments.get(int(text)) if text.isascii() and text.isdigit() else None
    if row is None or row.issue_id != issue.id:
        raise bad_field("comment", f"Can not find a comment for the id: {text}.")
    if verb == "remove":
        remove_comment(session, issue, row)
    else:
        change_comment(session, issue, row, value)
