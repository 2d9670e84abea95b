"""Worklogs, and the site-wide feeds of changed and deleted ones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.comments import read_visibility, sees
from pm_providers.sandbox.jira.durations import parse_duration
from pm_providers.sandbox.jira.errors import ApiError, bad_field, bad_request, not_found
from pm_providers.sandbox.jira.issue_changes import apply_changes
from pm_providers.sandbox.jira.issue_values import FieldError, parse_moment, parse_rich
from pm_providers.sandbox.jira.properties import read_properties
from pm_providers.sandbox.jira.records import Issue, Worklog
from pm_providers.sandbox.jira.state import Event
from pm_providers.sandbox.jira.view import View
from pm_providers.sandbox.jira.web import Call, Reply, Routes, Session

__all__ = ["add_worklog", "check_worklog", "find_worklog", "routes", "visible_worklogs"]

routes = Routes()
PAGE = 5000
FEED = 1000
_ADJUST = frozenset({"new", "leave", "manual", "auto"})


def visible_worklogs(session: Session, issue: Issue) -> list[Worklog]:
    """Worklogs of an issue that the caller sees, oldest first."""
    rows = session.state.worklogs.where("issue_id", issue.id)
    return [row for row in rows if row.removed is None and sees(session, issue, row.visibility)]


def add_worklog(
    session: Session, issue: Issue, body: dict[str, Any], *, adjust: str, amount: str = ""
) -> Worklog:
    """Log work of `{timeSpent | timeSpentSeconds, started, comment, visibility}`; the author is the caller.

    Args:
        session: who logs.
        issue: on what.
        body: the worklog.
        adjust: auto (the remaining estimate shrinks), leave, new or manual.
        amount: the new estimate of `new`, the reduction of `manual`.

    Raises:
        ApiError: 400, 403 without the right, 404 without time tracking, 413 at the limit of worklogs.
    """
    state = session.state
    _need_tracking(session)
    rights.need_permission(
        session,
        "WORK_ON_ISSUES",
        issue,
        "You do not have the permission to associate a worklog to this issue.",
        400,
    )
    seconds = _seconds(session, body)
    if seconds is None:
        raise bad_field("timeLogged", "You must indicate the time spent working.")
    if len(state.worklogs.where("issue_id", issue.id)) >= state.settings["worklog_limit"]:
        raise ApiError(
            413, f"This issue has reached the limit of {state.settings['worklog_limit']} worklogs."
        )
    remaining = _remaining(session, issue, adjust, amount, seconds)
    moment, me = state.now(), session.account_id
    row = state.worklogs.put(
        Worklog(
            id=state.worklogs.next_id(),
            issue_id=issue.id,
            author=me,
            update_author=me,
            started=_started(body) or moment,
            seconds=seconds,
            created=moment,
            updated=moment,
            comment=_comment(session, body),
            visibility=read_visibility(session, body.get("visibility")),
            properties=read_properties(body.get("properties"), 50),
        )
    )
    _sum_up(session, issue, remaining, "issue_worklogged")
    state.emit(Event("worklog_created", moment, me, issue=state.issues[issue.id], subject=row))
    return row


def check_worklog(session: Session, body: dict[str, Any]) -> None:
    """Raise 400 for a worklog that `add_worklog` would refuse for its values, 404 without time tracking."""
    _need_tracking(session)
    if _seconds(session, body) is None:
        raise bad_field("timeLogged", "You must indicate the time spent working.")
    _started(body)
    _comment(session, body)
    read_visibility(session, body.get("visibility"))


def _need_tracking(session: Session) -> None:
    if not session.state.settings["time_tracking"]:
        raise not_found("Time tracking is disabled.")


def _seconds(session: Session, body: dict[str, Any]) -> int | None:
    """Whole minutes of the time spent; None without any.

    Raises:
        ApiError: 400.
    """
    seconds: Any = body.get("timeSpentSeconds")
    if seconds is None and body.get("timeSpent") is not None:
        seconds = parse_duration(body["timeSpent"], session.state.settings)
        if seconds is None:
            raise bad_field("timeLogged", "Invalid time duration entered.")
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 60:
        raise bad_field("timeLogged", "You must indicate the time spent working.")
    return seconds // 60 * 60


def _started(body: dict[str, Any]) -> datetime | None:
    if body.get("started") is None:
        return None
    moment = parse_moment(body["started"])
    if moment is None:
        raise bad_field("started", f"Error parsing date string: {body['started']}")
    return moment.astimezone(UTC)


def _comment(session: Session, body: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return parse_rich(session, body.get("comment"))
    except FieldError as error:
        raise bad_field("comment", str(error)) from error


def _remaining(session: Session, issue: Issue, adjust: str, amount: str, seconds: int) -> int | None:
    """The remaining estimate after logging (negative seconds: after taking back)."""
    if adjust not in _ADJUST:
        raise bad_request("'adjustEstimate' must be one of: new, leave, manual, auto")
    if adjust == "leave":
        return issue.remaining_s
    if adjust == "auto":
        return max(0, (issue.remaining_s or 0) - seconds)
    value = parse_duration(amount, session.state.settings)
    if value is None:
        name = "newEstimate" if adjust == "new" else "reduceBy"
        raise bad_field(
            "adjustmentAmount" if adjust == "manual" else name, "You must supply a valid duration."
        )
    return value if adjust == "new" else max(0, (issue.remaining_s or 0) - value)


def _sum_up(session: Session, issue: Issue, remaining: int | None, kind: str) -> None:
    state = session.state
    rows = [row for row in state.worklogs.where("issue_id", issue.id) if row.removed is None]
    spent = sum(row.seconds for row in rows)
    apply_changes(
        session,
        state.issues[issue.id],
        kind=kind,
        spent_s=spent,
        remaining_s=remaining,
        force=True,
    )


def find_worklog(call: Call, issue_name: str, name: str) -> Worklog:
    """A worklog of an issue that the caller sees.

    Raises:
        ApiError: 404.
    """
    issue = rights.need_issue(call.session, issue_name)
    row = call.state.worklogs.get(int(name)) if name.isascii() and name.isdigit() else None
    if row is None or row.removed is not None or row.issue_id != issue.id:
        raise not_found(f"Cannot find worklog with id: '{name}'.")
    if not sees(call.session, issue, row.visibility):
        raise not_found(f"Cannot find worklog with id: '{name}'.")
    return row


@routes("GET", "issue/{id}/worklog")
def worklogs(call: Call) -> Reply:
    """Worklogs of an issue in pages, by default 5,000."""
    _need_tracking(call.session)
    issue = rights.need_issue(call.session, call.params["id"])
    rows = visible_worklogs(call.session, issue)
    after, before = call.number("startedAfter"), call.number("startedBefore")
    rows = [
        row
        for row in rows
        if (not after or _millis(row.started) >= after) and (not before or _millis(row.started) < before)
    ]
    view, page = View(call.session), call.page(PAGE, PAGE)
    return Reply(page.bean(rows, [view.worklog(row) for row in page.cut(rows)], name="worklogs"))


@routes("POST", "issue/{id}/worklog")
def create(call: Call) -> Reply:
    """Log work."""
    issue = rights.need_issue(call.session, call.params["id"])
    adjust = call.one("adjustEstimate", "auto")
    amount = call.one("newEstimate" if adjust == "new" else "reduceBy")
    row = add_worklog(call.session, issue, call.object(), adjust=adjust, amount=amount)
    return Reply(View(call.session).worklog(row), 201)


@routes("GET", "issue/{issue}/worklog/{id}")
def show(call: Call) -> Reply:
    """One worklog."""
    return Reply(View(call.session).worklog(find_worklog(call, call.params["issue"], call.params["id"])))


@routes("PUT", "issue/{issue}/worklog/{id}")
def update(call: Call) -> Reply:
    """Change a worklog; what is absent stays."""
    row = find_worklog(call, call.params["issue"], call.params["id"])
    session, state, body = call.session, call.state, call.object()
    issue = state.issues[row.issue_id]
    _need(session, issue, row, "EDIT")
    seconds = _seconds(session, body) or row.seconds
    adjust = call.one("adjustEstimate", "auto")
    remaining = _remaining(session, issue, adjust, call.one("newEstimate"), seconds - row.seconds)
    changes: dict[str, Any] = {"started": _started(body) or row.started, "seconds": seconds}
    if "comment" in body:
        changes["comment"] = _comment(session, body)
    if "visibility" in body:
        changes["visibility"] = read_visibility(session, body["visibility"])
    after = state.worklogs.change(row, updated=state.now(), update_author=session.account_id, **changes)
    _sum_up(session, issue, remaining, "issue_worklog_updated")
    state.emit(
        Event("worklog_updated", state.now(), session.account_id, issue=state.issues[issue.id], subject=after)
    )
    return Reply(View(session).worklog(after))


@routes("DELETE", "issue/{issue}/worklog/{id}")
def delete(call: Call) -> Reply:
    """Delete a worklog; the remaining estimate grows back unless told otherwise."""
    row = find_worklog(call, call.params["issue"], call.params["id"])
    session, state = call.session, call.state
    issue = state.issues[row.issue_id]
    _need(session, issue, row, "DELETE")
    adjust = call.one("adjustEstimate", "auto")
    amount = call.one("newEstimate" if adjust == "new" else "increaseBy")
    remaining = _remaining(session, issue, adjust, amount, -row.seconds)
    if adjust == "manual":
        remaining = (issue.remaining_s or 0) + (parse_duration(amount, state.settings) or 0)
    after = state.worklogs.change(row, removed=state.now(), updated=state.now())
    _sum_up(session, issue, remaining, "issue_worklog_deleted")
    state.emit(
        Event("worklog_deleted", state.now(), session.account_id, issue=state.issues[issue.id], subject=after)
    )
    return Reply(None, 204)


@routes("POST", "issue/{id}/worklog/move")
def move(call: Call) -> Reply:
    """Move worklogs to another issue: without events and history.

    `adjustEstimate=auto` takes what is moved from the estimate of the source, and adds it to the other's.
    """
    session, state, body = call.session, call.state, call.object("ids", "issueIdOrKey")
    _need_tracking(session)
    source = rights.need_issue(session, call.params["id"])
    adjust = call.one("adjustEstimate", "auto")
    if adjust not in {"auto", "leave"}:
        raise bad_request("'adjustEstimate' must be one of: leave, auto")
    ids, name = body.get("ids"), body.get("issueIdOrKey")
    if not isinstance(name, str) or not isinstance(ids, list) or not ids or len(ids) > PAGE:
        raise bad_request("The issue and 1 to 5000 ids of worklogs must be provided.")
    target = rights.need_issue(session, name)
    rows = [find_worklog(call, str(source.id), str(one)) for one in dict.fromkeys(map(str, ids))]
    rights.need_permission(session, "DELETE_ALL_WORKLOGS", source, "You cannot move these worklogs.", 400)
    rights.need_permission(session, "WORK_ON_ISSUES", target, "You cannot log work on that issue.", 400)
    for row in rows:
        state.worklogs.change(row, issue_id=target.id)
    moved = sum(row.seconds for row in rows) if adjust == "auto" else 0
    for issue, seconds in ((source, -moved), (target, moved)):
        logged = [row for row in state.worklogs.where("issue_id", issue.id) if row.removed is None]
        left = issue.remaining_s if not seconds else max(0, (issue.remaining_s or 0) + seconds)
        spent = sum(row.seconds for row in logged)
        state.issues.change(state.issues[issue.id], spent_s=spent, remaining_s=left)
    return Reply(None, 204)


def _need(session: Session, issue: Issue, row: Worklog, verb: str) -> None:
    project = session.state.projects[issue.project_id]
    own = row.author == session.account_id and rights.may_use(session, f"{verb}_OWN_WORKLOGS", project)
    if not own and not rights.may_use(session, f"{verb}_ALL_WORKLOGS", project):
        word = verb.lower()
        raise bad_request(f"You do not have the permission to {word} the worklog with id: {row.id}.")


@routes("GET", "worklog/updated", login=True)
def updated(call: Call) -> Reply:
    """Ids of worklogs created or changed since a moment (epoch milliseconds); the last minute is withheld."""
    return _feed(call, "updated", [(row.updated, row) for row in call.state.worklogs if row.removed is None])


@routes("GET", "worklog/deleted", login=True)
def deleted(call: Call) -> Reply:
    """Ids of worklogs deleted since a moment."""
    return _feed(
        call, "deleted", [(row.removed, row) for row in call.state.worklogs if row.removed is not None]
    )


def _feed(call: Call, name: str, rows: list[tuple[datetime, Worklog]]) -> Reply:
    since = call.number("since")
    newest = _millis(call.state.now() - timedelta(minutes=1))
    wanted = sorted(
        ((at, row.id) for at, row in rows if since <= _millis(at) <= newest),
    )
    page = wanted[:FEED]
    until = _millis(page[-1][0]) if page else since
    base = f"{call.session.api}/worklog/{name}?since="
    body: dict[str, Any] = {
        "values": [{"worklogId": key, "updatedTime": _millis(at), "properties": []} for at, key in page],
        "since": since,
        "until": until,
        "self": f"{base}{since}",
        "lastPage": len(wanted) <= FEED,
    }
    if not body["lastPage"]:
        body["nextPage"] = f"{base}{until}"
    return Reply(body)


@routes("POST", "worklog/list")
def by_ids(call: Call) -> Reply:
    """Up to 1,000 worklogs by id; what the caller does not see is left out."""
    ids = call.object("ids").get("ids")
    if not isinstance(ids, list) or len(ids) > FEED:
        raise bad_request("The number of worklog ids must not be more than 1000.")
    view, session = View(call.session), call.session
    found = []
    for key in ids:
        row = call.state.worklogs.get(key if isinstance(key, int) else None)
        issue = call.state.issues.get(row.issue_id) if row is not None else None
        if row is None or issue is None or row.removed is not None:
            continue
        if view.may("BROWSE_PROJECTS", issue.project_id) and sees(session, issue, row.visibility):
            found.append(view.worklog(row))
    return Reply(found)


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
