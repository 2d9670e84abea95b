"""Bulk operations on issues: edit, transition, move, delete, watch."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira.bulk_input import bulk_error, edit_body
from pm_providers.sandbox.jira.bulk_tasks import need_bulk_right, picked, submit
from pm_providers.sandbox.jira.errors import bad_request
from pm_providers.sandbox.jira.issue_write import delete_issue, edit_issue
from pm_providers.sandbox.jira.moving import read_moves
from pm_providers.sandbox.jira.records import Field, Issue, Transition
from pm_providers.sandbox.jira.transitions import available, transition_issue
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["routes"]

routes = Routes(login=True)
FIELD_LIMIT = 200
PAGE = 50
_UNBULKED = frozenset({"attachment", "issuelinks", "comment", "worklog", "parent", "project", "summary"})
_MULTI = {
    "labels": "labels",
    "components": "components",
    "versions": "versions",
    "options": "options",
    "users": "users",
    "groups": "groups",
}


def _body(call: Call) -> dict[str, Any]:
    need_bulk_right(call.session)
    return call.object()


@routes("POST", "bulk/issues/fields")
def edit(call: Call) -> Reply:
    """Edit up to 1,000 issues."""
    body = _body(call)
    actions, given = body.get("selectedActions"), body.get("editedFieldsInput")
    if not isinstance(actions, list) or not actions or not isinstance(given, dict):
        raise bulk_error("selectedActions and editedFieldsInput must not be empty")
    if len(actions) > FIELD_LIMIT:
        raise bulk_error(f"The number of fields exceeds the limit of {FIELD_LIMIT}.")
    wanted = edit_body(given, [str(name) for name in actions])
    status = wanted["fields"].pop("status", None)
    ids, hidden = picked(call.session, body.get("selectedIssueIdsOrKeys"))

    def act(session: Session, issue: Issue) -> None:
        if wanted["fields"] or wanted["update"]:
            edit_issue(session, issue, wanted)
        if status is not None:
            _to_status(session, session.state.issues[issue.id], str(status))

    return submit(call, [(key, act) for key in ids], hidden)


def _to_status(session: Session, issue: Issue, status: str) -> None:
    step = next((step for step in available(session, issue) if str(step.to) == status), None)
    if step is None:
        raise bad_request(f"The status '{status}' cannot be reached from the current status.")
    transition_issue(session, issue, {"transition": {"id": str(step.id)}})


@routes("GET", "bulk/issues/fields")
def editable(call: Call) -> Reply:
    """Fields that all of the issues have on their edit screens."""
    rows = _asked(call)
    state = call.state
    names: set[str] | None = None
    for row in rows:
        layout = state.layout(state.projects[row.project_id], row.type_id)
        own = set(layout.edit)
        names = own if names is None else names & own
    fields = [state.fields[name] for name in sorted((names or set()) - _UNBULKED) if name in state.fields]
    fields = [row for row in fields if row.kind not in {"readonly", "rank", "sprint", "epic-link", "parent"}]
    text = call.one("searchText").lower()
    fields = [row for row in fields if text in row.name.lower()]
    start = max(0, call.number("startingAfter"))
    body: dict[str, Any] = {"fields": [_field(call, row) for row in fields[start : start + PAGE]]}
    if start + PAGE < len(fields):
        body["startingAfter"] = str(start + PAGE)
    return Reply(body)


def _field(call: Call, row: Field) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": row.id,
        "name": row.name,
        "type": row.custom or row.id,
        "isRequired": False,
    }
    if row.kind in _MULTI:
        body["multiSelectFieldOptions"] = ["ADD", "REMOVE", "REPLACE", "REMOVE_ALL"]
    options = call.state.field_options(row.id)
    if options:
        body["fieldOptions"] = [{"id": str(o.id), "value": o.value} for o in options]
    if row.id == "priority":
        body["fieldOptions"] = [
            {"id": str(p.id), "priority": p.name, "description": p.description} for p in call.state.priorities
        ]
    if row.id == "assignee":
        body["searchUrl"] = f"{call.session.api}/user/assignable/multiProjectSearch?projectKeys=&query="
    return body


def _asked(call: Call) -> list[Issue]:
    need_bulk_right(call.session)
    ids, _ = picked(call.session, call.many("issueIdsOrKeys"))
    if not ids:
        raise bulk_error("Some of the issues in the issueIdsOrKeys are not valid")
    return [call.state.issues[key] for key in ids]


@routes("POST", "bulk/issues/transition")
def transition(call: Call) -> Reply:
    """Do transitions of up to 1,000 issues."""
    body = _body(call)
    inputs = body.get("bulkTransitionInputs")
    if not isinstance(inputs, list) or not inputs or not all(isinstance(part, dict) for part in inputs):
        raise bulk_error("bulkTransitionInputs must not be empty")
    work: list[tuple[int, Any]] = []
    hidden = 0
    for part in inputs:
        ids, missing = picked(call.session, part.get("selectedIssueIdsOrKeys"))
        hidden += missing
        work += [(key, _doing(str(part.get("transitionId")))) for key in ids]
    return submit(call, work, hidden)


def _doing(transition_id: str) -> Any:
    def act(session: Session, issue: Issue) -> None:
        transition_issue(session, issue, {"transition": {"id": transition_id}})

    return act


@routes("GET", "bulk/issues/transition")
def common_transitions(call: Call) -> Reply:
    """Transitions without a screen that the issues of each workflow share."""
    state = call.state
    groups: dict[int, list[Issue]] = {}
    for row in _asked(call):
        workflow = state.workflow(state.projects[row.project_id], row.type_id)
        groups.setdefault(workflow.id, []).append(row)
    found = []
    for rows in groups.values():
        steps = [available(call.session, row) for row in rows]
        shared = [step for step in steps[0] if all(step in other for other in steps[1:])]
        plain = [step for step in shared if not any(part.required for part in step.screen)]
        found.append(
            {
                "issues": [row.key for row in rows],
                "isTransitionsFiltered": len(plain) < max(len(own) for own in steps),
                "transitions": [_step(call, step) for step in plain],
            }
        )
    return Reply({"availableTransitions": found})


def _step(call: Call, step: Transition) -> dict[str, Any]:
    return {
        "transitionId": step.id,
        "transitionName": step.name,
        "to": {"statusId": step.to, "statusName": call.state.statuses[step.to].name},
    }


@routes("POST", "bulk/issues/move")
def move(call: Call) -> Reply:
    """Move up to 1,000 issues to other projects and types."""
    body = _body(call)
    work: list[tuple[int, Any]] = []
    hidden = 0
    for plan, names in read_moves(call.session, body.get("targetToSourcesMapping")):
        ids, missing = picked(call.session, names)
        if missing:
            raise bulk_error("Some of the issues in the issueIdsOrKeys are not valid")
        work += [(key, plan.carry_out) for key in ids]
        hidden += missing
    return submit(call, work, hidden)


@routes("POST", "bulk/issues/delete")
def delete(call: Call) -> Reply:
    """Delete up to 1,000 issues with their sub-tasks."""
    body = _body(call)
    ids, hidden = picked(call.session, body.get("selectedIssueIdsOrKeys"))

    def act(session: Session, issue: Issue) -> None:
        delete_issue(session, issue, with_subtasks=True)

    return submit(call, [(key, act) for key in ids], hidden)


def _watching(call: Call, *, on: bool) -> Reply:
    body = _body(call)
    ids, hidden = picked(call.session, body.get("selectedIssueIdsOrKeys"))

    def act(session: Session, issue: Issue) -> None:
        me = session.account_id
        rest = tuple(key for key in issue.watchers if key != me)
        session.state.issues.change(issue, watchers=(*rest, me) if on else rest)

    return submit(call, [(key, act) for key in ids], hidden)


@routes("POST", "bulk/issues/watch")
def watch(call: Call) -> Reply:
    """Watch up to 1,000 issues."""
    return _watching(call, on=True)


@routes("POST", "bulk/issues/unwatch")
def unwatch(call: Call) -> Reply:
    """Stop watching up to 1,000 issues."""
    return _watching(call, on=False)
