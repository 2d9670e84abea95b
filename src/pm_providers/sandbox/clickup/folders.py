"""Routes of folders; the hidden ones that hold folderless lists show nowhere but in those lists."""

from __future__ import annotations

from pm_providers.sandbox.clickup import history
from pm_providers.sandbox.clickup.access import folder, space, writer
from pm_providers.sandbox.clickup.checks import MISSING, read
from pm_providers.sandbox.clickup.containers import make_folder, trash_folder
from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.render import folder_form
from pm_providers.sandbox.clickup.state import State
from pm_providers.sandbox.clickup.web import Call, Reply, v2_routes

__all__ = ["routes"]

routes = v2_routes()


@routes("GET", "/space/{space_id}/folder")
def space_folders(call: Call) -> Reply:
    """Folders of a Space with their lists; `archived=true` gives only the archived ones."""
    home, archived = space(call), call.flag("archived")
    rows = call.state.folders.where("space_id", home.id)
    shown = [
        folder_form(call.state, row, single=False)
        for row in rows
        if not row.hidden and not row.deleted and row.archived == archived
    ]
    return Reply({"folders": shown})


@routes("POST", "/space/{space_id}/folder")
def create_folder(call: Call) -> Reply:
    """A new folder, in another one where `parent_folder_id` says so."""
    home = space(call)
    writer(call, home.team_id)
    fields = read(call, "name", "parent_folder_id")
    name = fields.name("Folder name invalid", "CAT_010")
    _unused(call.state, home.id, name, "")
    above = fields.text("parent_folder_id", null=True)
    parent = folder(call, above).id if above not in {MISSING, None, ""} else ""
    row = make_folder(call.state, home.id, name, parent_id=parent)
    history.place_event(call.state, "folder", "Created", row)
    return Reply(folder_form(call.state, row))


@routes("GET", "/folder/{folder_id}")
def read_folder(call: Call) -> Reply:
    """One folder; from the trash too, with `deleted: true` (recorded)."""
    row = folder(call, trash=True)
    shown = folder_form(call.state, row)
    if call.flag("include_subfolders"):
        below = [each for each in call.state.folders.where("parent_id", row.id) if not each.deleted]
        shown["folders"] = [folder_form(call.state, each) for each in below]
    return Reply(shown)


@routes("PUT", "/folder/{folder_id}")
def update_folder(call: Call) -> Reply:
    """Rename; nothing else of a folder can be changed."""
    old = folder(call, write=True)
    fields = read(call, "name")
    name = fields.name("Folder name invalid", "CAT_010")
    _unused(call.state, old.space_id, name, old.id)
    new = call.state.folders.change(old, name=name)
    history.place_event(call.state, "folder", "Updated", new)
    return Reply(folder_form(call.state, new))


@routes("DELETE", "/folder/{folder_id}")
def delete_folder(call: Call) -> Reply:
    """Into the trash, with its lists and tasks."""
    row = folder(call, write=True)
    trash_folder(call.state, row)
    return Reply({})


def _unused(state: State, space_id: str, name: str, own: str) -> None:
    rows = state.folders.where("space_id", space_id)
    if any(row.name == name and row.id != own and not row.hidden and not row.deleted for row in rows):
        raise bad_input("Folder name taken", "CAT_014")
