"""Stories: comments, and the history of a task."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import Data
from pm_providers.sandbox.asana.errors import bad, forbidden, missing
from pm_providers.sandbox.asana.happenings import story_event
from pm_providers.sandbox.asana.mentions import read_text
from pm_providers.sandbox.asana.paging import listing
from pm_providers.sandbox.asana.records import Story
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.rights import find_row, find_task
from pm_providers.sandbox.asana.web import Call, Reply, done, record, routes

__all__ = ["on"]

on = routes("stories")
STICKERS = (
    "green_checkmark",
    "people_dancing",
    "dancing_unicorn",
    "heart",
    "party_popper",
    "people_waving_flags",
    "splashing_narwhal",
    "trophy",
    "yeti_riding_unicorn",
    "celebrating_people",
    "determined_climbers",
    "phoenix_spreading_love",
)
READ_ONLY = ("gid", "resource_type", "created_at", "created_by", "type", "target", "source", "is_edited")


@on("GET", "/tasks/{task}/stories")
def many(call: Call) -> Reply:
    """Comments and history together, oldest first."""
    task = find_task(call.session, call.params["task"])
    return listing(call, "story", call.state.stories.where("task", task.id))


@on("POST", "/tasks/{task}/stories")
def create(call: Call) -> Reply:
    """Comment on a task, as the caller."""
    task, data = find_task(call.session, call.params["task"]), call.data()
    data.refuse(READ_ONLY)
    html = _words(call, data)
    sticker = data.choice("sticker_name", STICKERS)
    if html is None and sticker is None:
        raise missing("text")
    state = call.state
    html = html or "<body></body>"
    story = Story(
        id=state.gid(),
        task=task.id,
        created=state.now(),
        author=call.session.user.id,
        subtype="comment_added",
        kind="comment",
        text=to_text(html),
        html_text=html,
        pinned=data.flag("is_pinned") or False,
        sticker=sticker,
    )
    state.stories.put(story)
    row = state.tasks.change(task, modified=state.now())
    story_event(call.session, "added", story, row)
    return record(call, "story", story, 201)


def _words(call: Call, data: Data) -> str | None:
    html = read_text(call.session, data, "text", "html_text")
    if html is not None and not to_text(html).strip():
        raise missing("text" if "text" in data else "html_text")
    return html


def _story(call: Call) -> Story:
    row: Story = find_row("story", call.params["story"], call.state.stories)
    find_task(call.session, row.task, "story")
    return row


@on("GET", "/stories/{story}")
def one(call: Call) -> Reply:
    """A story, full unless fields are asked for."""
    return record(call, "story", _story(call))


@on("PUT", "/stories/{story}")
def change(call: Call) -> Reply:
    """Change the text of one's own comment, or pin a comment [spec]."""
    row, data = _story(call), call.data()
    data.refuse(READ_ONLY)
    changes: dict[str, Any] = {}
    html = _words(call, data)
    if html is not None:
        _own(call, row)
        changes |= {"html_text": html, "text": to_text(html), "edited": True}
    pinned = data.flag("is_pinned")
    if pinned is not None:
        if row.subtype not in {"comment_added", "attachment_added"}:
            raise bad("is_pinned: Only comment and attachment stories can be pinned")
        changes["pinned"] = pinned
    sticker = data.choice("sticker_name", STICKERS)
    if sticker is not None:
        _own(call, row)
        changes["sticker"] = sticker
    if changes:
        row = call.state.stories.change(row, **changes)
        story_event(call.session, "changed", row, call.state.tasks[row.task])
    return record(call, "story", row)


def _own(call: Call, row: Story) -> None:
    if row.kind != "comment":
        raise bad("text: Only comment stories can have their text updated")
    if row.author != call.session.user.id:
        raise forbidden("You can only change your own comments.")


@on("DELETE", "/stories/{story}")
def delete(call: Call) -> Reply:
    """Delete one's own story; the task counts as changed [spec]."""
    row = _story(call)
    if row.author != call.session.user.id:
        raise forbidden("A user can only delete stories they have created.")
    call.state.stories.remove(row.id)
    task = call.state.tasks.change(call.state.tasks[row.task], modified=call.state.now())
    story_event(call.session, "deleted", row, task)
    return done()
