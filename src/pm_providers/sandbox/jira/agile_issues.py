"""Issues in the agile API: lists of boards, sprints and epics; moving, ranking, estimating."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Board
from pm_providers.sandbox.jira.boards import AGILE, SOFTWARE, epic_body, need_board, sprint_body
from pm_providers.sandbox.jira.errors import NO_ISSUE, ApiError, bad_request, not_found
from pm_providers.sandbox.jira.field_sets import FieldSet
from pm_providers.sandbox.jira.issue_changes import apply_changes, set_sprint
from pm_providers.sandbox.jira.issue_view import IssueView
from pm_providers.sandbox.jira.ranking import rank_issues
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.search import indexed, plan_of, token_page
from pm_providers.sandbox.jira.sprints import need_sprint
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["routes", "software_routes"]

routes = Routes(AGILE)
software_routes = Routes(SOFTWARE)
MOVE_LIMIT = 50
PAGE, FULL_PAGE, ID_PAGE = 50, 100, 5000
_ORDER = re.compile(r"(?is)^(.*?)\border\s+by\b(.*)$")
_BACKLOG = (
    "hierarchyLevel = 0 AND statusCategory != Done AND (sprint is EMPTY OR sprint not in openSprints())"
)


def _split(jql: str) -> tuple[str, str]:
    found = _ORDER.match(jql)
    return (found.group(1).strip(), found.group(2).strip()) if found else (jql.strip(), "")


def _query(call: Call, *conditions: str, base: str = "") -> str:
    """One query out of a board's filter, conditions and the caller's `jql`; the last order wins."""
    wheres, order = [], "Rank ASC"
    for text in (base, *conditions, call.one("jql")):
        where, sorting = _split(text)
        if where:
            wheres.append(f"({where})")
        order = sorting or order
    return f"{' AND '.join(wheres)} ORDER BY {order}"


def _base(board: Board) -> str:
    return board.jql or f"project = {board.project_id}"


def _of_board(call: Call) -> str:
    return _query(call, base=_base(need_board(call.session, call.params["board"])))


def _backlog(call: Call) -> str:
    board = need_board(call.session, call.params["board"])
    if not board.sprints:
        first = board.columns[0][1] if board.columns else ()
        ids = ", ".join(str(key) for key in first) or "0"
        return _query(call, f"hierarchyLevel = 0 AND status in ({ids})", base=_base(board))
    return _query(call, _BACKLOG, base=_base(board))


def _no_epic(call: Call) -> str:
    board = need_board(call.session, call.params["board"])
    return _query(call, 'hierarchyLevel = 0 AND "Epic Link" is EMPTY', base=_base(board))


def _epic_of(call: Call) -> Issue:
    row = rights.need_issue(call.session, call.params["epic"])
    if call.state.types[row.type_id].level != 1:
        raise not_found("The requested epic does not exist or you do not have permission to view it.")
    return row


def _epic_on_board(call: Call) -> str:
    board, epic = need_board(call.session, call.params["board"]), _epic_of(call)
    return _query(call, f'"Epic Link" = {epic.key}', base=_base(board))


def _sprint_on_board(call: Call) -> str:
    board, sprint = (
        need_board(call.session, call.params["board"]),
        need_sprint(call.session, call.params["sprint"]),
    )
    return _query(call, f"sprint = {sprint.id}", base=_base(board))


def _of_sprint(call: Call) -> str:
    return _query(call, f"sprint = {need_sprint(call.session, call.params['sprint']).id}")


def _of_epic(call: Call) -> str:
    return _query(call, f'"Epic Link" = {_epic_of(call).key}')


def _without_epic(call: Call) -> str:
    return _query(call, 'hierarchyLevel = 0 AND "Epic Link" is EMPTY')


_LISTS: dict[str, Callable[[Call], str]] = {
    "board/{board}/issue": _of_board,
    "board/{board}/backlog": _backlog,
    "board/{board}/epic/none/issue": _no_epic,
    "board/{board}/epic/{epic}/issue": _epic_on_board,
    "board/{board}/sprint/{sprint}/issue": _sprint_on_board,
    "sprint/{sprint}/issue": _of_sprint,
    "epic/{epic}/issue": _of_epic,
    "epic/none/issue": _without_epic,
}


def _shown(call: Call, rows: list[Issue], wanted: FieldSet) -> list[dict[str, Any]]:
    view = IssueView(call.session)
    expand = {part for part in call.many("expand") if part not in {"names", "schema"}}
    found = []
    for row in rows:
        body = view.issue(row, wanted, expand)
        if "fields" in body and wanted.ids is None:
            body["fields"] |= agile_fields(call.session, row)
        found.append(body)
    return found


def agile_fields(session: Session, row: Issue) -> dict[str, Any]:
    """The fields that only this API knows: epic, sprint, closed sprints and the flag."""
    state = session.state
    parent = state.issues.get(row.parent_id)
    epic = parent if parent is not None and state.types[parent.type_id].level == 1 else None
    sprint = state.sprint_of(row)
    closed = [s for s in map(state.sprints.get, row.sprint_ids) if s is not None and s.state == "closed"]
    body: dict[str, Any] = {
        "epic": epic_body(session, epic) if epic is not None else None,
        "sprint": sprint_body(session, sprint) if sprint is not None else None,
        "flagged": bool(row.custom.get("customfield_10021")),
    }
    return body | ({"closedSprints": [sprint_body(session, s) for s in closed]} if closed else {})


def _offset_list(query: Callable[[Call], str]) -> Callable[[Call], Reply]:
    def handler(call: Call) -> Reply:
        plan = plan_of(call.session, query(call))
        places = plan.run(indexed(call.state, stale=call.stale))
        page = call.page(PAGE, FULL_PAGE)
        rows = [row for row in (call.state.issues.get(key) for _, key in page.cut(places)) if row is not None]
        wanted = FieldSet.of(call.state, call.many("fields"), "*all")
        body = page.bean(places, _shown(call, rows, wanted), name="issues")
        return Reply({"expand": "schema,names", **body})

    return handler


def _token_list(query: Callable[[Call], str]) -> Callable[[Call], Reply]:
    def handler(call: Call) -> Reply:
        wanted = FieldSet.of(call.state, call.many("fields"), "*all")
        size = min(call.number("maxResults", PAGE) or PAGE, ID_PAGE if wanted.bare else FULL_PAGE)
        ids = tuple(int(text) for text in call.many("reconcileIssues") if text.isascii() and text.isdigit())
        found = token_page(call, query(call), size, call.one("nextPageToken"), ids)
        return Reply(
            {
                "expand": "schema,names",
                "issues": _shown(call, found.issues, wanted),
                "isLast": not found.token,
                **({"nextPageToken": found.token} if found.token else {}),
            }
        )

    return handler


def _counted(query: Callable[[Call], str]) -> Callable[[Call], Reply]:
    def handler(call: Call) -> Reply:
        plan = plan_of(call.session, query(call))
        return Reply({"count": len(plan.run(indexed(call.state, stale=call.stale)))})

    return handler


for _path, _make in _LISTS.items():
    routes("GET", _path)(_offset_list(_make))
    software_routes("GET", _path)(_token_list(_make))
for _path in ("board/{board}/issue", "board/{board}/backlog"):
    software_routes("GET", f"{_path}/approximate-count")(_counted(_LISTS[_path]))


@routes("GET", "issue/{id}")
def show(call: Call) -> Reply:
    """An issue with its agile fields."""
    row = rights.need_issue(call.session, call.params["id"])
    return Reply(_shown(call, [row], FieldSet.of(call.state, call.many("fields"), "*all"))[0])


# moving


def _movable(call: Call, permission: str = "SCHEDULE_ISSUES") -> list[Issue]:
    """The issues named in the body.

    Raises:
        ApiError: 400, 403 or 404.
    """
    names = call.object().get("issues")
    if not isinstance(names, list) or not names:
        raise bad_request("At least one issue must be given.")
    if len(names) > MOVE_LIMIT:
        raise bad_request(f"The number of issues must not be greater than {MOVE_LIMIT}.")
    rows = [rights.need_issue(call.session, str(name)) for name in names]
    for row in rows:
        for needed in (permission, "EDIT_ISSUES"):
            rights.need_permission(
                call.session, needed, row, f"You do not have permission to move {row.key}."
            )
    return rows


def _no_subtasks(call: Call, rows: list[Issue]) -> None:
    for row in rows:
        if call.state.types[row.type_id].level < 0:
            raise bad_request(f"The issue {row.key} is a sub-task: it moves with its parent.")


@routes("POST", "sprint/{sprint}/issue")
def into_sprint(call: Call) -> Reply:
    """Move up to 50 issues into a sprint that is not closed, and rank them."""
    sprint = need_sprint(call.session, call.params["sprint"])
    if sprint.state == "closed":
        raise bad_request("Issues can only be moved to open or active sprints.")
    rows = _movable(call)
    _no_subtasks(call, rows)
    for row in rows:
        set_sprint(call.session, call.state.issues[row.id], sprint.id)
    return _ranked(call, rows)


@routes("POST", "backlog/issue")
def into_backlog(call: Call) -> Reply:
    """Take up to 50 issues out of their sprints."""
    rows = _movable(call)
    _no_subtasks(call, rows)
    for row in rows:
        set_sprint(call.session, call.state.issues[row.id], None)
    return Reply(None, 204)


@routes("POST", "backlog/{board}/issue")
def into_board_backlog(call: Call) -> Reply:
    """Take issues of a board out of their sprints, and rank them."""
    board = need_board(call.session, call.params["board"])
    rows = _movable(call)
    _no_subtasks(call, rows)
    for row in rows:
        if row.project_id != board.project_id:
            raise bad_request(f"The issue {row.key} is not on the board.")
    for row in rows:
        set_sprint(call.session, call.state.issues[row.id], None)
    return _ranked(call, rows)


@routes("POST", "board/{board}/issue")
def onto_board(call: Call) -> Reply:
    """Move issues from the backlog to the board: of a scrum board into its active sprint."""
    board = need_board(call.session, call.params["board"])
    rows = _movable(call)
    if board.sprints:
        running = [s for s in call.state.sprints.where("board_id", board.id) if s.state == "active"]
        if not running:
            raise bad_request("The board has no active sprint.")
        _no_subtasks(call, rows)
        for row in rows:
            set_sprint(call.session, call.state.issues[row.id], running[0].id)
    return _ranked(call, rows)


def _ranked(call: Call, rows: list[Issue]) -> Reply:
    """Rank if the body says where."""
    body = call.object()
    before, after = body.get("rankBeforeIssue"), body.get("rankAfterIssue")
    if before is not None and after is not None:
        raise bad_request("Only one of 'rankBeforeIssue' and 'rankAfterIssue' can be given.")
    anchor = before if before is not None else after
    if anchor is not None:
        target = rights.need_issue(call.session, str(anchor))
        rank_issues(call.session, rows, target, before=before is not None)
    return Reply(None, 204)


@routes("PUT", "issue/rank")
def rank(call: Call) -> Reply:
    """Rank up to 50 issues; 207 with an entry for each when some cannot be ranked."""
    body = call.object()
    names, anchor = body.get("issues"), body.get("rankBeforeIssue") or body.get("rankAfterIssue")
    if not isinstance(names, list) or not names or len(names) > MOVE_LIMIT:
        raise bad_request(f"Between 1 and {MOVE_LIMIT} issues must be given.")
    if anchor is None or (body.get("rankBeforeIssue") and body.get("rankAfterIssue")):
        raise bad_request("One of 'rankBeforeIssue' and 'rankAfterIssue' must be given.")
    target = rights.need_issue(call.session, str(anchor))
    good: list[Issue] = []
    entries: list[dict[str, Any]] = []
    for name in names:
        entry = _rankable(call, str(name), good)
        entries.append(entry)
    rank_issues(call.session, good, target, before=bool(body.get("rankBeforeIssue")))
    if len(good) == len(names):
        return Reply(None, 204)
    return Reply({"entries": entries}, 207)


def _rankable(call: Call, name: str, good: list[Issue]) -> dict[str, Any]:
    try:
        row = rights.need_issue(call.session, name)
        rights.need_permission(call.session, "SCHEDULE_ISSUES", row, "You cannot rank this issue.")
    except ApiError as error:
        return {"issueKey": name, "status": error.status, "errors": error.messages or [NO_ISSUE]}
    good.append(row)
    return {"issueId": row.id, "issueKey": row.key, "status": 200}


@routes("POST", "epic/none/issue")
def out_of_epic(call: Call) -> Reply:
    """Take issues out of their epics."""
    for row in _movable(call, "EDIT_ISSUES"):
        apply_changes(call.session, row, parent_id=None)
    return Reply(None, 204)


@routes("POST", "epic/{epic}/issue")
def into_epic(call: Call) -> Reply:
    """Put issues into an epic."""
    epic, rows = _epic_of(call), _movable(call, "EDIT_ISSUES")
    for row in rows:
        if call.state.types[row.type_id].level != 0:
            raise bad_request(f"The issue {row.key} cannot be in an epic.")
    for row in rows:
        apply_changes(call.session, row, parent_id=epic.id)
    return Reply(None, 204)


@routes("PUT", "epic/{epic}/rank")
def rank_epic(call: Call) -> Reply:
    """Move an epic before or after another one."""
    epic, body = _epic_of(call), call.object()
    before, after = body.get("rankBeforeEpic"), body.get("rankAfterEpic")
    if (before is None) is (after is None):
        raise bad_request("One of 'rankBeforeEpic' and 'rankAfterEpic' must be given.")
    target = rights.need_issue(call.session, str(before if before is not None else after))
    rank_issues(call.session, [epic], target, before=before is not None)
    return Reply(None, 204)


# estimation


def _estimated(call: Call) -> tuple[Issue, str]:
    row = rights.need_issue(call.session, call.params["id"])
    if not call.one("boardId"):
        raise bad_request("The board ID is required.")
    board = need_board(call.session, call.one("boardId"))
    if not board.estimation_field:
        raise bad_request("The board has no estimation field.")
    return row, board.estimation_field


@routes("GET", "issue/{id}/estimation")
def estimation(call: Call) -> Reply:
    """The estimate in the field of a board."""
    row, field = _estimated(call)
    value = row.custom.get(field)
    return Reply({"fieldId": field, **({} if value is None else {"value": value})})


@routes("PUT", "issue/{id}/estimation")
def estimate(call: Call) -> Reply:
    """Set the estimate, whatever is on the screens; a text with a number, or null."""
    row, field = _estimated(call)
    rights.need_permission(call.session, "EDIT_ISSUES", row, "You do not have permission to edit this issue.")
    value = call.object().get("value")
    try:
        number = None if value is None or value == "" else float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise ApiError(400, fields={field: "The estimate must be a number."}) from error
    if number is not None and not isfinite(number):
        raise ApiError(400, fields={field: "The estimate must be a number."})
    custom = {name: old for name, old in row.custom.items() if name != field}
    if number is not None:
        custom[field] = number
    apply_changes(call.session, row, custom=custom)
    return Reply({"fieldId": field, **({} if number is None else {"value": number})})
