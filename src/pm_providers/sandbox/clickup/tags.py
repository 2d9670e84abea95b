"""Tags of Spaces and tasks: a tag is its name, in small letters; a new name is a new tag."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import space, task, writer
from pm_providers.sandbox.clickup.checks import read
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.records import Tag, Task
from pm_providers.sandbox.clickup.render import tag_form
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["ensure_tag", "routes"]

routes = v2_routes()
_FG, _BG = "#FFFFFF", "#7C4DFF"


def ensure_tag(call: Call, space_id: str, name: str) -> str:
    """The name as it is kept; an unknown tag becomes one of the Space.

    Raises:
        ApiError: 400 for an empty name.
    """
    kept = name.strip().lower()
    if not kept:
        raise bad_input("Tag name invalid", "TAG_005")
    key = f"{space_id}:{kept}"
    if key not in call.state.tags:
        call.state.tags.put(Tag(id=key, space_id=space_id, name=kept, fg=_FG, bg=_BG, creator=call.user.id))
    return kept


@routes("GET", "/space/{space_id}/tag")
def space_tags(call: Call) -> Reply:
    """All tags of a Space."""
    rows = call.state.tags.where("space_id", space(call).id)
    return Reply({"tags": [tag_form(row) for row in rows]})


@routes("POST", "/space/{space_id}/tag")
def create_tag(call: Call) -> Reply:
    """A new tag; one of the same name is changed in its colours."""
    home = space(call)
    writer(call, home.team_id)
    body = _tag(call)
    kept = ensure_tag(call, home.id, str(body["name"]))
    row = call.state.tags[f"{home.id}:{kept}"]
    call.state.tags.change(row, fg=str(body.get("tag_fg") or row.fg), bg=str(body.get("tag_bg") or row.bg))
    return Reply({})


@routes("PUT", "/space/{space_id}/tag/{tag_name}")
def update_tag(call: Call) -> Reply:
    """Rename or recolour; the members are called `fg_color` and `bg_color` here."""
    home, row = _found(call)
    body = _tag(call)
    kept = str(body["name"]).strip().lower()
    if not kept or (kept != row.name and f"{home}:{kept}" in call.state.tags):
        raise bad_input("Tag already exists", "TAG_006")
    new = Tag(
        id=f"{home}:{kept}",
        space_id=home,
        name=kept,
        fg=str(body.get("fg_color") or row.fg),
        bg=str(body.get("bg_color") or row.bg),
        creator=row.creator,
    )
    call.state.tags.remove(row.id)
    call.state.tags.put(new)
    if kept != row.name:
        _replace(call, home, row.name, kept)
    return Reply({"tag": {"name": new.name, "fg_color": new.fg, "bg_color": new.bg}})


@routes("DELETE", "/space/{space_id}/tag/{tag_name}")
def delete_tag(call: Call) -> Reply:
    """Take the tag from the Space and from all its tasks."""
    home, row = _found(call)
    call.state.tags.remove(row.id)
    _replace(call, home, row.name, None)
    return Reply({})


@routes("POST", "/task/{task_id}/tag/{tag_name}")
def add_tag(call: Call) -> Reply:
    """Put a tag on a task; twice is once."""
    row = task(call, write=True)
    kept = ensure_tag(call, row.space_id, call.params["tag_name"])
    if kept not in row.tags:
        _set(call, row, (*row.tags, kept), "tag", kept)
    return Reply({})


@routes("DELETE", "/task/{task_id}/tag/{tag_name}")
def remove_tag(call: Call) -> Reply:
    """Take a tag from a task; one that it has not is no error."""
    row = task(call, write=True)
    kept = call.params["tag_name"].strip().lower()
    if kept in row.tags:
        _set(call, row, tuple(name for name in row.tags if name != kept), "tag_removed", kept)
    return Reply({})


def _set(call: Call, row: Task, tags: tuple[str, ...], field: str, name: str) -> None:
    state = call.state
    new = state.tasks.change(row, tags=tags, updated=max(state.now(), row.updated))
    shown = [tag_form(state.tags[f"{row.space_id}:{name}"])] if f"{row.space_id}:{name}" in state.tags else []
    if field == "tag":
        history.told(state, new, call.user, field, None, shown)
    else:
        history.told(state, new, call.user, field, shown, None)


def _tag(call: Call) -> dict[str, Any]:
    body = read(call, "tag").raw("tag", None)
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise bad_input("Tag name invalid", "TAG_005")
    return body


def _found(call: Call) -> tuple[str, Tag]:
    home = space(call)
    writer(call, home.team_id)
    row = call.state.tags.get(f"{home.id}:{call.params['tag_name'].strip().lower()}")
    if row is None:
        raise bad_input("Tag not found", "TAG_007")
    return home.id, row


def _replace(call: Call, space_id: str, old: str, new: str | None) -> None:
    for row in call.state.tasks.where("space_id", space_id):
        if old in row.tags:
            tags = (new if name == old else name for name in row.tags)
            call.state.tasks.change(row, tags=tuple(dict.fromkeys(name for name in tags if name)))
