"""Sprints: create, start, close, full and partial update, delete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Board, Sprint
from pm_providers.sandbox.jira.boards import AGILE, need_board, sprint_body
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, not_found
from pm_providers.sandbox.jira.issue_changes import apply_changes
from pm_providers.sandbox.jira.properties import Owner, add_property_routes
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["need_sprint", "need_sprint_rights", "routes"]

routes = Routes(AGILE)
PAGE = 50
NAME_LENGTH = 30
_STATES = {"closed": 0, "active": 1, "future": 2}
_MEMBERS = {"name", "state", "startDate", "endDate", "goal"}
_NEW = ("name", "originBoardId", "startDate", "endDate", "goal")
_READ_ONLY = {"id", "self", "completeDate", "createdDate", "originBoardId"}
_NO_RIGHT = "You do not have the permission 'Manage sprints' that is needed to perform this operation."


def need_sprint(session: Session, text: str) -> Sprint:
    """The sprint of this id, if the caller may see its board.

    Raises:
        ApiError: 404.
    """
    row = session.state.sprints.get(int(text)) if text.isascii() and text.isdigit() else None
    board = session.state.boards.get(row.board_id) if row is not None else None
    project = session.state.projects.get(board.project_id) if board is not None else None
    if row is None or project is None or not rights.may_use(session, "BROWSE_PROJECTS", project):
        raise not_found("The requested sprint does not exist or you do not have permission to view it.")
    return row


def need_sprint_rights(session: Session, board: Board) -> None:
    """Raise 401 or 403 unless the caller may manage the sprints of a board."""
    project = session.state.projects[board.project_id]
    if session.account_id and not rights.may_use(session, "MANAGE_SPRINTS_PERMISSION", project):
        raise forbidden(_NO_RIGHT)


@routes("GET", "board/{id}/sprint")
def of_board(call: Call) -> Reply:
    """Sprints of a board: closed, then active, then future."""
    board = need_board(call.session, call.params["id"])
    if not board.sprints:
        raise bad_request("The board does not support sprints")
    states = set(call.many("state"))
    if states - set(_STATES):
        raise bad_request(f"Unknown sprint state: {', '.join(sorted(states - set(_STATES)))}")
    rows = [r for r in call.state.sprints.where("board_id", board.id) if not states or r.state in states]
    rows.sort(key=lambda row: (_STATES[row.state], row.position or row.id))
    page = call.page(PAGE, PAGE)
    return Reply(page.bean(rows, [sprint_body(call.session, row) for row in page.cut(rows)]))


@routes("POST", "sprint")
def create(call: Call) -> Reply:
    """Make a future sprint."""
    body = call.object(*_NEW)
    origin = body.get("originBoardId")
    if not isinstance(origin, int) or isinstance(origin, bool):
        raise ApiError(400, fields={"originBoardId": "The origin board ID is required."})
    board = need_board(call.session, str(origin))
    if not board.sprints:
        raise bad_request("The board does not support sprints")
    need_sprint_rights(call.session, board)
    values = _Values(body, full=True)
    row = call.state.sprints.put(
        Sprint(
            id=call.state.sprints.next_id(),
            board_id=board.id,
            created=call.state.now(),
            **values.checked(None),
        )
    )
    _tell(call, "sprint_created", row)
    return Reply(sprint_body(call.session, row), 201)


@routes("GET", "sprint/{id}")
def show(call: Call) -> Reply:
    """One sprint."""
    return Reply(sprint_body(call.session, need_sprint(call.session, call.params["id"])))


@routes("PUT", "sprint/{id}")
def replace(call: Call) -> Reply:
    """Full update: what is absent becomes null."""
    return _update(call, full=True)


@routes("POST", "sprint/{id}")
def update(call: Call) -> Reply:
    """Partial update."""
    return _update(call, full=False)


def _update(call: Call, *, full: bool) -> Reply:
    row = need_sprint(call.session, call.params["id"])
    need_sprint_rights(call.session, call.state.boards[row.board_id])
    body = call.object()
    if set(body) - _MEMBERS - _READ_ONLY:
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    changes = _Values(body, full=full).checked(row)
    if row.state == "closed":  # [spec] "changes to other fields will be ignored"
        changes = {name: value for name, value in changes.items() if name in {"name", "goal"}}
    wanted = changes.pop("state", row.state)
    event = "sprint_updated"
    if wanted != row.state:
        changes |= _moved(call, row, wanted, changes)
        event = "sprint_started" if wanted == "active" else "sprint_closed"
    after = call.state.sprints.change(row, **changes)
    _tell(call, event, after, before=row)
    return Reply(sprint_body(call.session, after))


def _moved(call: Call, row: Sprint, wanted: str, changes: dict[str, Any]) -> dict[str, Any]:
    """Start or close a sprint."""
    state = call.state
    if (row.state, wanted) == ("active", "closed"):
        return {"state": "closed", "completed": state.now()}
    if (row.state, wanted) != ("future", "active"):
        raise bad_request(f"A sprint cannot be changed from the state '{row.state}' to '{wanted}'.")
    if not (changes.get("start", row.start) and changes.get("end", row.end)):
        raise bad_request("A sprint needs a start date and an end date to be started.")
    board = state.boards[row.board_id]
    running = [r for r in state.sprints.where("board_id", board.id) if r.state == "active"]
    if running and not (board.parallel_sprints or state.settings.get("parallel_sprints")):
        raise bad_request("The board has an active sprint already; parallel sprints are not enabled.")
    return {"state": "active", "activated": state.now()}


class _Values:
    """The attributes in a request body."""

    def __init__(self, body: dict[str, Any], *, full: bool) -> None:
        self._body, self._full = body, full
        self._errors: dict[str, str] = {}

    def checked(self, row: Sprint | None) -> dict[str, Any]:
        """Attributes to store.

        Raises:
            ApiError: 400 with a text for each bad one.
        """
        body = self._body
        found: dict[str, Any] = {}
        if self._full or "name" in body:
            found["name"] = self._name(body.get("name"))
        if self._full or "goal" in body:
            found["goal"] = body.get("goal") or ""
            if not isinstance(found["goal"], str):
                self._errors["goal"] = "The goal must be a text."
        for name, attribute in (("startDate", "start"), ("endDate", "end")):
            if self._full or name in body:
                found[attribute] = self._moment(name, body.get(name))
        if row is not None and body.get("state") is not None:
            found["state"] = str(body["state"])
            if found["state"] not in _STATES:
                self._errors["state"] = f"Unknown sprint state: {found['state']}"
        self._check_order(found, row)
        if self._errors:
            raise ApiError(400, fields=self._errors)
        return found

    def _check_order(self, found: dict[str, Any], row: Sprint | None) -> None:
        start = found.get("start", row.start if row else None)
        end = found.get("end", row.end if row else None)
        if start is not None and end is not None and end <= start:
            self._errors["endDate"] = "The end date of a sprint must be after its start date."

    def _name(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            self._errors["name"] = "The sprint name is required."
            return ""
        if len(value) > NAME_LENGTH:
            self._errors["name"] = f"The sprint name must not be longer than {NAME_LENGTH} characters."
        return value.strip()

    def _moment(self, name: str, value: Any) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            found = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self._errors[name] = "The date must be in ISO 8601 format."
            return None
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


@routes("DELETE", "sprint/{id}")
def delete(call: Call) -> Reply:
    """Delete a sprint; its issues go to the backlog."""
    row = need_sprint(call.session, call.params["id"])
    need_sprint_rights(call.session, call.state.boards[row.board_id])
    for issue in call.state.issues:
        if row.id in issue.sprint_ids:
            rest = tuple(key for key in issue.sprint_ids if key != row.id)
            apply_changes(call.session, issue, sprint_ids=rest)
    call.state.sprints.remove(row.id)
    _tell(call, "sprint_deleted", row)
    return Reply(None, 204)


@routes("POST", "sprint/{id}/swap")
def swap(call: Call) -> Reply:
    """Let two future sprints of a board change places in its list."""
    row = need_sprint(call.session, call.params["id"])
    need_sprint_rights(call.session, call.state.boards[row.board_id])
    other = need_sprint(call.session, str(call.object().get("sprintToSwapWith")))
    if other.board_id != row.board_id or {row.state, other.state} != {"future"}:
        raise bad_request("Only future sprints of one board can be swapped.")
    first, second = row.position or row.id, other.position or other.id
    call.state.sprints.change(row, position=second)
    call.state.sprints.change(other, position=first)
    return Reply(None, 204)


def _tell(call: Call, name: str, row: Sprint, *, before: Sprint | None = None) -> None:
    extra = {} if before is None else {"oldValue": sprint_body(call.session, before)}
    call.state.emit(Event(name, call.state.now(), call.session.account_id, subject=row, extra=extra))


def _sprint_owner(call: Call) -> Owner:
    row = need_sprint(call.session, call.params["id"])
    project = call.state.projects[call.state.boards[row.board_id].project_id]

    def store(values: dict[str, Any]) -> None:
        call.state.sprints.change(row, properties=values)

    return Owner(
        row.properties,
        store,
        f"{call.session.base_url}{AGILE}/sprint/{row.id}",
        rights.may_use(call.session, "MANAGE_SPRINTS_PERMISSION", project),
    )


def _board_owner(call: Call) -> Owner:
    row = need_board(call.session, call.params["id"])
    project = call.state.projects[row.project_id]

    def store(values: dict[str, Any]) -> None:
        call.state.boards.change(row, properties=values)

    return Owner(
        row.properties,
        store,
        f"{call.session.base_url}{AGILE}/board/{row.id}",
        rights.may_use(call.session, "ADMINISTER_PROJECTS", project),
    )


add_property_routes(routes, "sprint/{id}", _sprint_owner)
add_property_routes(routes, "board/{id}", _board_owner)
