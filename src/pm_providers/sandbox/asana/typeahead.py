"""The quick search by name: any plan, one page, not exact."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.errors import bad
from pm_providers.sandbox.asana.fields import COMPACT, Ref, show
from pm_providers.sandbox.asana.rights import can_see_project, can_see_task, find_workspace
from pm_providers.sandbox.asana.view_fields import definition_ref
from pm_providers.sandbox.asana.web import Call, Reply, routes

__all__ = ["on"]

on = routes("workspaces.typeahead")
KINDS = ("custom_field", "goal", "project", "project_template", "portfolio", "tag", "task", "team", "user")
DEFAULT, MOST = 20, 100


@on("GET", "/workspaces/{workspace}/typeahead")
def typeahead(call: Call) -> Reply:
    """Resources of one type whose name has the words of the query; without a query what changed last."""
    place = find_workspace(call.session, call.params["workspace"])
    kind = call.one("resource_type") or call.one("type")
    if kind not in KINDS:
        raise bad(f"resource_type: Value is not one of the allowed values: {', '.join(KINDS)}")
    text = call.one("count") or str(DEFAULT)
    if not text.isdigit() or not 1 <= int(text[:9]) <= MOST:
        raise bad(f"count: Must be an integer between 1 and {MOST}")
    words = (call.one("query") or "").lower().split()
    found = [ref for ref in _all(call, kind, place.id) if _fits(ref, words)]
    spec = call.fields() or COMPACT
    return Reply({"data": [show(call.session, ref, spec) for ref in found[: int(text)]]})


def _fits(ref: Ref, words: list[str]) -> bool:
    row = ref.row
    name = (row.field.name if ref.kind == "custom_field" else row.name).lower()
    if ref.kind == "user":
        name += " " + row.email.lower()
    return all(word in name for word in words)


def _all(call: Call, kind: str, workspace: str) -> list[Ref]:
    state, session = call.state, call.session
    if kind == "task":
        rows: list[Any] = [row for row in state.tasks.where("workspace", workspace) if row.trashed is None]
        rows = [row for row in rows if can_see_task(session, row)]
        rows.sort(key=lambda row: row.modified, reverse=True)
    elif kind == "project":
        rows = [
            row for row in state.projects.where("workspace", workspace) if can_see_project(session, row.id)
        ]
    elif kind == "user":
        rows = [state.users[row.user] for row in state.workspace_members.where("workspace", workspace)]
    elif kind == "custom_field":
        fields = state.fields.where("workspace", workspace) if state.paid() else []
        return [definition_ref(row) for row in fields]
    elif kind in {"tag", "team", "portfolio"}:
        tables: dict[str, Any] = {"tag": state.tags, "team": state.teams, "portfolio": state.portfolios}
        rows = tables[kind].where("workspace", workspace)
    else:
        rows = []
    return [Ref(kind, row) for row in rows]
