"""Transitions: which ones an issue has now, and doing one."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.errors import ApiError, bad_request
from pm_providers.sandbox.jira.issue_draft import Draft
from pm_providers.sandbox.jira.issue_write import store_draft
from pm_providers.sandbox.jira.meta import field_meta
from pm_providers.sandbox.jira.properties import read_properties
from pm_providers.sandbox.jira.records import Issue, Transition
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["available", "routes", "transition_issue", "transitions_of"]

routes = Routes()


def available(session: Session, issue: Issue) -> list[Transition]:
    """Transitions that the caller can do now; none without the right."""
    state = session.state
    project = state.projects[issue.project_id]
    if not rights.may_use(session, "TRANSITION_ISSUES", project):
        return []
    return [
        step
        for step in state.workflow(project, issue.type_id).transitions
        if (not step.sources or issue.status_id in step.sources)
        and (not step.permission or rights.may_use(session, step.permission, project))
    ]


def transitions_of(session: Session, issue: Issue, *, with_fields: bool) -> list[dict[str, Any]]:
    """The transitions as the API shows them."""
    view = View(session)
    return [_shown(view, issue, step, with_fields=with_fields) for step in available(session, issue)]


def _shown(view: View, issue: Issue, step: Transition, *, with_fields: bool) -> dict[str, Any]:
    state = view.state
    project = state.projects[issue.project_id]
    body: dict[str, Any] = {
        "id": str(step.id),
        "name": step.name,
        "to": view.status(step.to),
        "hasScreen": bool(step.screen),
        "isGlobal": not step.sources,
        "isInitial": False,
        "isAvailable": True,
        "isConditional": bool(step.permission),
        "isLooped": step.to == issue.status_id and not step.sources,
    }
    if with_fields:
        body["fields"] = {
            part.field_id: field_meta(
                view.session, state.fields[part.field_id], project, issue.type_id, required=part.required
            )
            for part in step.screen
        }
    return body


def transition_issue(session: Session, issue: Issue, body: dict[str, Any]) -> Issue:
    """Do a transition of `{transition: {id}, fields, update, properties}`.

    Raises:
        ApiError: 400 for a transition that is not there now, and for fields.
    """
    step = _wanted(session, issue, body.get("transition"))
    state = session.state
    project = state.projects[issue.project_id]
    screen = frozenset(part.field_id for part in step.screen)
    draft = Draft(session, project, issue.type_id, issue=issue, screen=screen)
    draft.read(body.get("fields"), body.get("update"))
    for part in step.screen:
        if part.required and part.field_id not in draft.errors and not draft.has_value(part.field_id):
            draft.errors[part.field_id] = f"{state.fields[part.field_id].name} is required."
    draft.check()
    properties = read_properties(body.get("properties"), 10)
    more: dict[str, Any] = {"status_id": step.to}
    if step.resolution_id is not None and "resolution_id" not in draft.changes:
        more["resolution_id"] = step.resolution_id or None
    return store_draft(draft, properties, **more)


def _wanted(session: Session, issue: Issue, value: Any) -> Transition:
    if not isinstance(value, dict) or value.get("id") is None:
        raise bad_request("Missing 'transition' identifier")
    text = str(value["id"])
    if not (text.isascii() and text.isdigit()):
        raise bad_request("'transition' identifier must be an integer")
    step = next((step for step in available(session, issue) if str(step.id) == text), None)
    if step is None:
        raise bad_request(f"Transition id '{text}' is not valid for this issue.")
    return step


@routes("GET", "issue/{id}/transitions")
def transitions(call: Call) -> Reply:
    """Transitions from where an issue is; with `expand=transitions.fields` the fields of their screens."""
    issue = rights.need_issue(call.session, call.params["id"])
    rows = transitions_of(call.session, issue, with_fields="transitions.fields" in call.one("expand"))
    wanted = call.one("transitionId")
    if wanted:
        rows = [row for row in rows if row["id"] == wanted]
    if call.flag("sortByOpsBarAndStatus"):
        rows.sort(key=lambda row: ("new", "indeterminate", "done").index(row["to"]["statusCategory"]["key"]))
    return Reply({"expand": "transitions", "transitions": rows})


@routes("POST", "issue/{id}/transitions")
def do_transition(call: Call) -> Reply:
    """Do a transition."""
    issue = rights.need_issue(call.session, call.params["id"])
    if call.state.projects[issue.project_id].state != "live":
        raise ApiError(404, "Issue does not exist or you do not have permission to see it.")
    transition_issue(call.session, issue, call.object())
    return Reply(None, 204)
