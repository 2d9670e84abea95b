"""Comments of tasks, lists and views, and replies to them.

Listed newest first, 25 a page; the next page needs both `start` and `start_id`. The answer of a new one has
its id as a number, a list as a text, and it says `version` and more that no document has (recorded).
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import find_task, member, place, task_list
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import ApiError, bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import Comment
from pm_providers.sandbox.clickup.records import User
from pm_providers.sandbox.clickup.render import person
from pm_providers.sandbox.clickup.views import find_view
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()
PAGE = 25
_NAMES = ("comment_text", "comment", "assignee", "group_assignee", "notify_all")
_PARENTS = {"task": 1, "list": 6, "view": 8, "comment": 2}


def _place(call: Call, kind: str) -> tuple[str, str]:
    if kind != "view":
        return place(call, kind)
    row = find_view(call)
    return f"view:{row.id}", row.team_id


def _of(kind: str) -> None:
    """Comments of a task, a list, or a (chat) view."""

    @routes("GET", f"/{kind}/{{{kind}_id}}/comment")
    def listed(call: Call) -> Reply:
        return _page(call, _place(call, kind)[0])

    @routes("POST", f"/{kind}/{{{kind}_id}}/comment")
    def create(call: Call) -> Reply:
        return _created(call, *_place(call, kind))


for _kind in ("task", "list", "view"):
    _of(_kind)


@routes("GET", "/comment/{comment_id}/reply")
def replies(call: Call) -> Reply:
    """Replies to a comment; the comment itself is not among them."""
    rows = call.state.comments.where("place", f"comment:{_comment(call).id}")
    return Reply({"comments": [_form(call, row) for row in reversed(rows)]})


@routes("POST", "/comment/{comment_id}/reply")
def reply(call: Call) -> Reply:
    """Reply to a comment."""
    row = _comment(call)
    return _created(call, f"comment:{row.id}", row.team_id)


@routes("PUT", "/comment/{comment_id}")
def update_comment(call: Call) -> Reply:
    """Change text, assignee or whether it is resolved; the answer is empty."""
    row = _comment(call)
    fields = read(call, "comment_text", "comment", "assignee", "group_assignee", "resolved")
    changes: dict[str, Any] = {}
    if "comment_text" in fields or "comment" in fields:
        if row.user_id != call.user.id:
            raise ApiError(403, "You can only edit your own comments", "ACCESS_051")
        changes["blocks"] = _blocks(fields)
    if "resolved" in fields:
        changes["resolved"] = fields.flag("resolved")
    if "assignee" in fields or "group_assignee" in fields:
        changes |= _assigned(call, fields, row.team_id)
    new = call.state.comments.change(row, **changes)
    _tell(call, "taskCommentUpdated", new)
    return Reply({})


@routes("DELETE", "/comment/{comment_id}")
def delete_comment(call: Call) -> Reply:
    """Remove a comment with its replies; people remove their own, owners and admins all."""
    row = _comment(call)
    if row.user_id != call.user.id and call.state.role_of(call.user.id, row.team_id) > 2:
        raise ApiError(403, "You can only delete your own comments", "ACCESS_051")
    for below in call.state.comments.where("place", f"comment:{row.id}"):
        call.state.comments.remove(below.id)
    call.state.comments.remove(row.id)
    return Reply({})


def _comment(call: Call) -> Comment:
    key = call.params["comment_id"]
    row = call.state.comments.get(int(key)) if key.isdigit() else None
    if row is None or not call.state.role_of(call.user.id, row.team_id):
        raise not_authorized()
    kind, _, place = row.place.partition(":")
    if kind == "task":
        find_task(call, place)
    elif kind == "list":
        task_list(call, place)
    return row


def _page(call: Call, place: str) -> Reply:
    """One page; `start` without `start_id`, or the other way round, starts from the top."""
    rows = sorted(call.state.comments.where("place", place), key=lambda row: (row.date, row.id), reverse=True)
    start, start_id = call.number("start"), call.number("start_id")
    if start is not None and start_id is not None:
        rows = [row for row in rows if (row.date, row.id) < (start, start_id)]
    return Reply({"comments": [_form(call, row) for row in rows[:PAGE]]})


def _form(call: Call, row: Comment) -> dict[str, Any]:
    state = call.state
    found: dict[str, Any] = {
        "id": str(row.id),
        "comment": list(row.blocks),
        "comment_text": _text(row),
        "user": person(state.users[row.user_id]),
        "assignee": person(state.users[row.assignee]) if row.assignee is not None else None,
        "group_assignee": row.group_assignee,
        "reactions": [],
        "date": str(row.date),
        "reply_count": len(state.comments.where("place", f"comment:{row.id}")),
    }
    if row.assignee is not None:
        assigner = state.users[row.assigned_by or row.user_id]
        found |= {"assigned_by": person(assigner), "resolved": row.resolved}
    return found


def _text(row: Comment) -> str:
    return "".join(str(block.get("text", "")) for block in row.blocks)


def _created(call: Call, place: str, team_id: str) -> Reply:
    fields = read(call, *_NAMES)
    state = call.state
    now = state.now()
    row = Comment(
        id=state.comments.next_id(),
        place=place,
        team_id=team_id,
        user_id=call.user.id,
        date=now,
        blocks=_blocks(fields),
        **_assigned(call, fields, team_id),
    )
    fields.flag("notify_all")
    state.comments.put(row)
    if place.startswith("task:"):
        found = state.tasks[place.partition(":")[2]]
        state.tasks.change(found, updated=max(now, found.updated))
    hist_id = _tell(call, "taskCommentPosted", row)
    return Reply({"id": row.id, "hist_id": hist_id, "date": now, "version": _version(row, call.user)})


def _assigned(call: Call, fields: Fields, team_id: str) -> dict[str, Any]:
    """Who has to do with it: a person, or a group by its id."""
    found: dict[str, Any] = {}
    group = fields.raw("group_assignee")
    if group is not MISSING:
        if group is not None and (not isinstance(group, str) or group not in call.state.groups):
            raise bad_input("Group not found", "GROUP_001")
        found["group_assignee"] = group
    key = fields.whole("assignee", null=True)
    if key is None:
        return {**found, "assignee": None, "assigned_by": None}
    if key is not MISSING:
        found |= {"assignee": member(call, key, team_id).id, "assigned_by": call.user.id}
    return found


def _blocks(fields: Fields) -> tuple[dict[str, Any], ...]:
    """Rich blocks win over the text, which is no Markdown: it is kept as it is."""
    rich = fields.raw("comment")
    if rich is not MISSING:
        if not isinstance(rich, list) or not all(isinstance(part, dict) for part in rich):
            raise bad_input("comment must be an array of blocks", "INPUT_005")
        if not rich:
            raise bad_input("Comment text invalid", "COMM_007")
        return tuple(_block(part) for part in rich)
    text = fields.text("comment_text")
    if text is MISSING or not text.strip():
        raise bad_input("Comment text invalid", "COMM_007")
    return ({"text": text},)


def _block(part: dict[str, Any]) -> dict[str, Any]:
    """A mention has a person and no text of its own; ClickUp writes the name."""
    if part.get("type") == "tag" and isinstance(part.get("user"), dict):
        return {"text": f"@{part['user'].get('username', part['user'].get('id'))}", **part}
    if not isinstance(part.get("text"), str):
        raise bad_input("Comment block has no text", "COMM_008")
    return part


def _tell(call: Call, name: str, row: Comment) -> str:
    kind, _, key = row.place.partition(":")
    if kind != "task" or key not in call.state.tasks:
        return call.state.long_id()
    return history.comment(
        call.state, call.state.tasks[key], call.user, name, row.id, _webhook_form(call, row)
    )


def _webhook_form(call: Call, row: Comment) -> dict[str, Any]:
    user = person(call.state.users[row.user_id])
    empty = dict.fromkeys(("x", "y", "image_y", "image_x", "page", "comment_number", "page_id", "page_name"))
    return {
        "id": str(row.id),
        "date": str(row.date),
        "parent": row.place.partition(":")[2],
        "type": _PARENTS[row.place.partition(":")[0]],
        "comment": [{**block, "attributes": block.get("attributes", {})} for block in row.blocks],
        "text_content": f"{_text(row)}\n",
        **empty,
        "view_id": None,
        "view_name": None,
        "team": None,
        "user": user,
        "new_thread_count": 0,
        "new_mentioned_thread_count": 0,
        "email_attachments": [],
        "threaded_users": [],
        "threaded_replies": 0,
        "threaded_assignees": 0,
        "threaded_assignees_members": [],
        "threaded_unresolved_count": 0,
        "thread_followers": [user],
        "group_thread_followers": [],
        "reactions": [],
        "emails": [],
    }


def _version(row: Comment, user: User) -> dict[str, Any]:
    """What the server tells of its own bookkeeping (recorded)."""
    team, kind, key = int(row.team_id), *row.place.split(":", 1)
    author = {
        "type": "comment-author",
        "object_type": "user",
        "object_id": str(user.id),
        "workspace_id": team,
    }
    parent = {"type": "comment-parent", "object_type": kind, "object_id": key, "workspace_id": team}
    audit = {"userid": user.id, "current_time": row.date, "route": "*"}
    context = {
        "user_id": user.id,
        "root_parent_type": _PARENTS[kind],
        "is_chat": False,
        "audit_context": audit,
        "originating_service": "publicapi",
    }
    return {
        "object_type": "comment",
        "object_id": str(row.id),
        "workspace_id": team,
        "operation": "c",
        "data": {
            "context": context,
            "relationships": [author, parent],
            "changes": [{"field": "date_created", "after": row.date}],
        },
        "master_id": 23,
        "version": row.date * 1000,
        "deleted": False,
        "traceparent": "8748778339088076128",
        "date_created": row.date,
        "date_updated": row.date,
        "event_publish_time": row.date,
    }
