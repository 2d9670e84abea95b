"""Boards: lists, configuration, what belongs to them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.agile_records import Board, Sprint
from pm_providers.sandbox.jira.errors import ApiError, bad_request, forbidden, not_found
from pm_providers.sandbox.jira.issue_view import sprint_stamp
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.setup import add_board
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["AGILE", "SOFTWARE", "need_board", "routes", "sprint_body", "visible_boards"]

AGILE, SOFTWARE = "/rest/agile/1.0", "/rest/software/1.0"
routes = Routes(AGILE)
PAGE = 50
_KINDS = {"scrum", "kanban", "simple"}
_NO_BOARD = (
    "The requested board cannot be viewed because it either does not exist or you do not have permission to "
    "view it."
)


def visible_boards(session: Session) -> list[Board]:
    """Boards of projects that the caller may browse, by id."""
    projects = {row.id for row in rights.browsable(session)}
    return [row for row in session.state.boards if row.project_id in projects]


def need_board(session: Session, text: str) -> Board:
    """The board of this id, if the caller may see it.

    Raises:
        ApiError: 404.
    """
    board = session.state.boards.get(int(text)) if text.isascii() and text.isdigit() else None
    if board is None or board not in visible_boards(session):
        raise not_found(_NO_BOARD)
    return board


def board_body(session: Session, row: Board) -> dict[str, Any]:
    """A board as lists show it."""
    project = session.state.projects[row.project_id]
    label = f"{project.name} ({project.key})"
    return {
        "id": row.id,
        "self": f"{session.base_url}{AGILE}/board/{row.id}",
        "name": row.name,
        "type": row.kind,
        "location": {
            "projectId": project.id,
            "displayName": label,
            "projectName": project.name,
            "projectKey": project.key,
            "projectTypeKey": project.type_key,
            "avatarURI": f"{session.base_url}/rest/api/2/universal_avatar/view/type/project/avatar/10416",
            "name": label,
        },
        "isPrivate": False,
    }


def sprint_body(session: Session, row: Sprint) -> dict[str, Any]:
    """A sprint; dates that are not set are absent."""
    body: dict[str, Any] = {
        "id": row.id,
        "self": f"{session.base_url}{AGILE}/sprint/{row.id}",
        "state": row.state,
        "name": row.name,
    }
    dates = {"startDate": row.start, "endDate": row.end, "completeDate": row.completed}
    body |= {name: sprint_stamp(moment) for name, moment in dates.items() if moment is not None}
    body["createdDate"] = sprint_stamp(row.created)
    return body | {"originBoardId": row.board_id, "goal": row.goal}


def _location(call: Call) -> int | None:
    text = call.one("projectKeyOrId") or call.one("projectLocation")
    if not text:
        return None
    project = call.state.project(text)
    if project is None or not rights.may_use(call.session, "BROWSE_PROJECTS", project):
        raise bad_request(f"No project could be found with key or id '{text}'.")
    return project.id


@routes("GET", "board")
def boards(call: Call) -> Reply:
    """Boards, filtered by type, name and project."""
    kinds, project, name = set(call.many("type")), _location(call), call.one("name").lower()
    if kinds - _KINDS:
        raise bad_request(f"Unknown board type: {', '.join(sorted(kinds - _KINDS))}")
    wanted = call.number("filterId") if call.one("filterId") else None
    rows = [
        row
        for row in visible_boards(call.session)
        if (not kinds or row.kind in kinds)
        and (project is None or row.project_id == project)
        and name in row.name.lower()
        and (wanted is None or row.filter_id == wanted)
    ]
    order = call.one("orderBy")
    if order.lstrip("+-") == "name":
        rows.sort(key=lambda row: row.name.lower(), reverse=order.startswith("-"))
    page = call.page(PAGE, PAGE)
    return Reply(page.bean(rows, [board_body(call.session, row) for row in page.cut(rows)]))


@routes("POST", "board")
def create(call: Call) -> Reply:
    """Make a board from a saved filter."""
    body = call.object()
    name, kind = body.get("name"), str(body.get("type"))
    if not isinstance(name, str) or not name.strip() or len(name) > 255:  # [spec] length
        raise ApiError(400, fields={"name": "A board name of at most 255 characters is required."})
    if kind not in {"scrum", "kanban", "agility"}:
        raise ApiError(400, fields={"type": "The board type must be scrum, kanban or agility."})
    number = body.get("filterId")
    saved = call.state.filters.get(number) if isinstance(number, int) else None
    if saved is None or (saved.owner != call.session.account_id and not rights.is_admin(call.session)):
        raise ApiError(400, fields={"filterId": "The filter does not exist or you cannot see it."})
    location = body.get("location") or {}
    project = call.state.project(location.get("projectKeyOrId")) if isinstance(location, dict) else None
    if project is None or not rights.may_use(call.session, "BROWSE_PROJECTS", project):
        raise ApiError(400, fields={"location": "A project must be given as the location of the board."})
    if not rights.has(call.session, "CREATE_SHARED_OBJECTS"):
        raise forbidden("You do not have permission to create boards.")
    row = add_board(call.state, project, "simple" if kind == "agility" else kind, name=name.strip())
    row = call.state.boards.change(row, filter_id=saved.id, jql=saved.jql)
    return Reply(board_body(call.session, row), 201)


@routes("GET", "board/filter/{filter}")
def by_filter(call: Call) -> Reply:
    """Boards of a filter."""
    rows = [r for r in visible_boards(call.session) if str(r.filter_id) == call.params["filter"]]
    page = call.page(PAGE, PAGE)
    body = [
        {"id": r.id, "self": f"{call.session.base_url}{AGILE}/board/{r.id}", "name": r.name}
        for r in page.cut(rows)
    ]
    return Reply(page.bean(rows, body))


@routes("GET", "board/{id}")
def show(call: Call) -> Reply:
    """One board."""
    return Reply(board_body(call.session, need_board(call.session, call.params["id"])))


@routes("DELETE", "board/{id}")
def delete(call: Call) -> Reply:
    """Delete a board; its sprints that are not closed go with it, and their issues to the backlog."""
    board = need_board(call.session, call.params["id"])
    rights.need_project_admin(call.session, str(board.project_id))
    state = call.state
    for sprint in state.sprints.where("board_id", board.id):
        for issue in state.issues.where("project_id", board.project_id):
            if sprint.id in issue.sprint_ids and sprint.state != "closed":
                rest = tuple(key for key in issue.sprint_ids if key != sprint.id)
                state.issues.change(issue, sprint_ids=rest)
        if sprint.state != "closed":
            state.sprints.remove(sprint.id)
    state.boards.remove(board.id)
    return Reply(None, 204)


@routes("GET", "board/{id}/configuration")
def configuration(call: Call) -> Reply:
    """Columns with their statuses, the estimation field and the rank field."""
    session, board = call.session, need_board(call.session, call.params["id"])
    state = call.state
    project = state.projects[board.project_id]
    platform = f"{session.base_url}/rest/api/2"
    body: dict[str, Any] = {
        "id": board.id,
        "name": board.name,
        "type": board.kind,
        "self": f"{session.base_url}{AGILE}/board/{board.id}/configuration",
        "location": {
            "type": "project",
            "key": project.key,
            "id": str(project.id),
            "self": f"{platform}/project/{project.id}",
            "name": project.name,
        },
        "filter": {"id": str(board.filter_id), "self": f"{platform}/filter/{board.filter_id}"},
    }
    if board.kind == "kanban":
        body["subQuery"] = {"query": "fixVersion in unreleasedVersions() OR fixVersion is EMPTY"}
    columns = [
        {"name": name, "statuses": [{"id": str(s), "self": f"{platform}/status/{s}"} for s in statuses]}
        for name, statuses in board.columns
    ]
    body["columnConfig"] = {"columns": columns, "constraintType": "none"}
    field = state.fields.get(board.estimation_field)
    if field is not None:
        body["estimation"] = {
            "type": "field",
            "field": {"fieldId": field.id, "displayName": field.name},
        }
    rank = state.fields.find(lambda row: row.kind == "rank")
    if rank is not None:
        body["ranking"] = {"rankCustomFieldId": rank.number}
    return Reply(body)


@routes("GET", "board/{id}/project")
def projects(call: Call) -> Reply:
    """The project of a board."""
    board = need_board(call.session, call.params["id"])
    view, page = View(call.session), call.page(PAGE, PAGE)
    rows = [board.project_id]
    return Reply(page.bean(rows, [view.project_ref(key) for key in page.cut(rows)]))


@routes("GET", "board/{id}/project/full")
def full_projects(call: Call) -> Reply:
    """The project of a board."""
    board = need_board(call.session, call.params["id"])
    view, page = View(call.session), call.page(PAGE, PAGE)
    row = call.state.projects[board.project_id]
    return Reply(page.bean([row], [view.project(row, {"description", "lead", "url"})]))


@routes("GET", "board/{id}/version")
def versions(call: Call) -> Reply:
    """Versions of the board's project."""
    board = need_board(call.session, call.params["id"])
    view, page = View(call.session), call.page(PAGE, PAGE)
    rows = view.versions_of(board.project_id)
    if call.one("released"):
        rows = [row for row in rows if row.released is call.flag("released")]
    body = [{**view.version_ref(r.id), "id": r.id, "projectId": r.project_id} for r in page.cut(rows)]
    return Reply(page.bean(rows, body))


@routes("GET", "board/{id}/quickfilter")
def quick_filters(call: Call) -> Reply:
    """Boards of the sandbox have none."""
    need_board(call.session, call.params["id"])
    return Reply(call.page(PAGE, PAGE).bean([], []))


def epic_body(session: Session, row: Issue) -> dict[str, Any]:
    """An epic as the agile API shows it."""
    state = session.state
    name = next((f.id for f in state.fields if f.custom.endswith(":gh-epic-label")), "")
    color = next((f.id for f in state.fields if f.custom.endswith(":jsw-issue-color")), "")
    return {
        "id": row.id,
        "key": row.key,
        "self": f"{session.base_url}{AGILE}/epic/{row.id}",
        "name": row.custom.get(name) or row.summary,
        "summary": row.summary,
        "color": {"key": row.custom.get(color) or "color_1"},
        "done": state.statuses[row.status_id].category == "done",
    }


@routes("GET", "board/{id}/epic")
def epics(call: Call) -> Reply:
    """Epics of the board's project."""
    board, state = need_board(call.session, call.params["id"]), call.state
    rows = [
        r for r in state.issues.where("project_id", board.project_id) if state.types[r.type_id].level == 1
    ]
    if call.one("done"):
        wanted = call.flag("done")
        rows = [row for row in rows if (state.statuses[row.status_id].category == "done") is wanted]
    page = call.page(PAGE, PAGE)
    return Reply(page.bean(rows, [epic_body(call.session, row) for row in page.cut(rows)]))


@routes("GET", "epic/{id}")
def epic(call: Call) -> Reply:
    """One epic."""
    row = rights.need_issue(call.session, call.params["id"])
    if call.state.types[row.type_id].level != 1:
        raise not_found("The requested epic does not exist or you do not have permission to view it.")
    return Reply(epic_body(call.session, row))
