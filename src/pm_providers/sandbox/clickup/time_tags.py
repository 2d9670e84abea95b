"""Tags of time entries, which are others than those of tasks."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.access import team
from pm_providers.sandbox.clickup.checks import MISSING, Fields, read
from pm_providers.sandbox.clickup.errors import bad_input, not_authorized
from pm_providers.sandbox.clickup.part_records import TimeEntry, TimeTag
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes", "tag_names"]

routes = v2_routes()


def tag_names(call: Call, team_id: str, given: Any) -> tuple[str, ...]:
    """Names of `tags` as sent; unknown ones become tags of the Workspace.

    Raises:
        ApiError: 400 for another shape.
    """
    if given is MISSING:
        return ()
    if not isinstance(given, list) or not all(
        isinstance(part, dict) and isinstance(part.get("name"), str) for part in given
    ):
        raise bad_input("tags must be an array of tags", "TIMEENTRY_061")
    for part in given:
        key = f"{team_id}:{part['name']}"
        if key not in call.state.time_tags:
            fg, bg = str(part.get("tag_fg") or "#BF55EC"), str(part.get("tag_bg") or "#FF7FAB")
            call.state.time_tags.put(
                TimeTag(id=key, team_id=team_id, name=part["name"], fg=fg, bg=bg, creator=call.user.id)
            )
    return tuple(dict.fromkeys(part["name"] for part in given))


@routes("GET", "/team/{team_id}/time_entries/tags")
def tags(call: Call) -> Reply:
    """All tags that time entries have."""
    rows = call.state.time_tags.where("team_id", team(call).id)
    shown = [{"name": r.name, "creator": r.creator, "tag_bg": r.bg, "tag_fg": r.fg} for r in rows]
    return Reply({"data": shown})


@routes("POST", "/team/{team_id}/time_entries/tags")
def add_tags(call: Call) -> Reply:
    """Put tags on entries."""
    fields = read(call, "time_entry_ids", "tags")
    rows, names = _named(call, fields)
    for row in rows:
        call.state.times.change(row, tags=tuple(dict.fromkeys((*row.tags, *names))))
    return Reply({})


@routes("DELETE", "/team/{team_id}/time_entries/tags")
def remove_tags(call: Call) -> Reply:
    """Take tags from entries."""
    fields = read(call, "time_entry_ids", "tags")
    rows, names = _named(call, fields)
    for row in rows:
        call.state.times.change(row, tags=tuple(name for name in row.tags if name not in names))
    return Reply({})


@routes("PUT", "/team/{team_id}/time_entries/tags")
def rename_tag(call: Call) -> Reply:
    """Rename and recolour a tag on all entries."""
    found = team(call)
    fields = read(call, "name", "new_name", "tag_bg", "tag_fg")
    old = call.state.time_tags.get(f"{found.id}:{fields.text('name')}")
    name = fields.text("new_name")
    if old is None or name is MISSING or not name:
        raise bad_input("Tag not found", "TIMEENTRY_062")
    call.state.time_tags.remove(old.id)
    fg, bg = str(fields.raw("tag_fg", old.fg)), str(fields.raw("tag_bg", old.bg))
    call.state.time_tags.put(
        TimeTag(id=f"{found.id}:{name}", team_id=found.id, name=name, fg=fg, bg=bg, creator=old.creator)
    )
    for row in call.state.times.where("team_id", found.id):
        if old.name in row.tags:
            call.state.times.change(row, tags=tuple(name if tag == old.name else tag for tag in row.tags))
    return Reply({})


def _named(call: Call, fields: Fields) -> tuple[list[TimeEntry], tuple[str, ...]]:
    found = team(call)
    ids = fields.text_list("time_entry_ids")
    if ids is MISSING:
        raise bad_input("time_entry_ids is required", "TIMEENTRY_063")
    rows = [row for row in (call.state.times.get(key) for key in ids) if row is not None]
    if len(rows) != len(ids) or any(row.team_id != found.id for row in rows):
        raise not_authorized()
    return rows, tag_names(call, found.id, fields.raw("tags"))
