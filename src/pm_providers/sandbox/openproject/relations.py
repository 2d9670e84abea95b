"""Relations between work packages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.collection import paged_list, unpaged
from pm_providers.sandbox.openproject.errors import (
    ApiError,
    Fault422,
    forbidden,
    internal,
    not_found,
    raise_faults,
    violation,
)
from pm_providers.sandbox.openproject.filters import LIST, FilterSpec, run_query
from pm_providers.sandbox.openproject.links import ABSENT, ROOT, linked_id
from pm_providers.sandbox.openproject.records import Relation, WorkPackage
from pm_providers.sandbox.openproject.represent_misc import REVERSE, relation, relations_of
from pm_providers.sandbox.openproject.represent_wp import work_package
from pm_providers.sandbox.openproject.schedule import propagate
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import text
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.web import Call, Reply, Routes
from pm_providers.sandbox.openproject.work_packages import wp_of

__all__ = ["routes"]

routes = Routes()

# These are stored the other way round, recorded 16-relations: steps 3 and 5.
REVERSED = {
    "precedes": "follows",
    "blocked": "blocks",
    "duplicated": "duplicates",
    "partof": "includes",
    "required": "requires",
}
MISSING_TO = "Related work package work package in `to` position not found or not visible"
UNKNOWN_TYPE = "Relation type is not set to one of the allowed values."
TAKEN = "Work package has already been taken."
CIRCLE = "The relationship creates a circle of relationships."
SUBTASK = "A work package cannot be linked to one of its subtasks."
IMMUTABLE = "Related work package an existing relation's `to` link is immutable"
MAX_LAG = 2000


@routes("GET", "/relations")
def relations(call: Call) -> Reply:
    """All visible relations, newest first; without pages in 12.0."""
    state, view = call.state, View(call.state, call.user)
    rows = [r for r in state.relations if _visible(view, r)]
    specs = {
        "id": FilterSpec("ID", LIST, lambda r: r.id),
        "from": FilterSpec("From", LIST, lambda r: r.from_id),
        "to": FilterSpec("To", LIST, lambda r: r.to_id),
        "involved": FilterSpec("Involved", LIST, lambda r: (r.from_id, r.to_id)),
        "type": FilterSpec("Type", LIST, lambda r: (r.kind, REVERSE[r.kind])),
    }
    found, params = run_query(call, rows, specs, {"id": lambda r: r.id})

    def represent(row: Relation) -> dict[str, Any]:
        return relation(view, row)

    if state.features.number < (13, 0):
        query = f"?{urlencode(call.query)}" if call.query else ""
        return Reply(unpaged("/relations" + query, [represent(r) for r in found]))
    return Reply(paged_list(call, "/relations", found, represent, params))


@routes("GET", "/work_packages/{id}/relations")
def of_work_package(call: Call) -> Reply:
    """Relations of a work package; from 15.4 a redirect to the filtered list."""
    row = wp_of(call)
    if not call.state.features.relations_redirect:
        body = relations_of(View(call.state, call.user), row)
        body["_embedded"]["elements"].sort(key=lambda element: -element["id"])
        return Reply(body)
    involved = [{"involved": {"operator": "=", "values": [str(row.id)]}}]
    query = quote_plus(msgspec.json.encode(involved).decode())
    return Reply(None, 308, headers={"location": f"{ROOT}/relations?filters={query}"})


@routes("GET", "/relations/{id}")
def one_relation(call: Call) -> Reply:
    """One relation with both ends."""
    return Reply(_full(call, _row(call)))


@routes("POST", "/work_packages/{id}/relations")
def create_relation(call: Call) -> Reply:
    """Make a relation; the `from` link wins over the path, recorded 16-…: step 18."""
    here = wp_of(call)
    state = call.state
    _may_manage(call, here)
    body = call.object()
    source = _source(call, body, here)
    target = state.work_packages.get(_end(body, "to"))
    kind = text(body.get("type", "relates"))
    if target is None or not access.wp_visible(state, call.user, target):
        raise _refusal(violation("to", MISSING_TO))
    if kind not in REVERSE:
        raise _refusal(violation("type", UNKNOWN_TYPE))
    ends = (target, source) if kind in REVERSED else (source, target)
    kind = REVERSED.get(kind, kind)
    raise_faults(_faults(state, *ends, kind))
    row = Relation(
        id=state.relations.next_id(),
        from_id=ends[0].id,
        to_id=ends[1].id,
        kind=kind,
        lag=_lag(state, body, None),
        description=_description(body, None),
        **state.stamps(),
    )
    state.relations.put(row)
    _release_follower(state, row)
    propagate(state, row.to_id)
    return Reply(_full(call, row), 201)


def _release_follower(state: State, row: Relation) -> None:
    """From 15.4 a first predecessor makes a follower without children automatic.

    [code] `relations/concerns/rescheduling.rb`.
    """
    follower = state.work_packages[row.from_id]
    others = [one for one in state.relations.where("from_id", follower.id) if one.kind == "follows"]
    first = row.kind == "follows" and len(others) == 1
    if state.features.exact_schedule and first and follower.manual and not state.children(follower.id):
        state.work_packages.change(follower, manual=False, lock=follower.lock + 1, updated=state.now())


@routes("PATCH", "/relations/{id}")
def update_relation(call: Call) -> Reply:
    """Change type, lag or description; the ends stay.

    An empty body is a 500 (recorded 16-…: step 41, doubtful there), in 13.0 and later it changes nothing.
    """
    row = _row(call)
    state = call.state
    _may_manage(call, state.work_packages[row.from_id])
    body = call.object()
    if not body and state.features.number < (13, 0):
        raise internal("wrong number of arguments (given 0, expected 1)")
    kind = text(body.get("type", row.kind))
    if kind not in REVERSE:
        raise _refusal(violation("type", UNKNOWN_TYPE))
    raise_faults(_moved(state, row, body))
    ends = (row.to_id, row.from_id) if kind in REVERSED else (row.from_id, row.to_id)
    stored = state.relations.change(
        row,
        kind=REVERSED.get(kind, kind),
        from_id=ends[0],
        to_id=ends[1],
        lag=_lag(state, body, row.lag),
        description=_description(body, row.description),
        updated=state.now(),
    )
    propagate(state, stored.to_id)
    return Reply(_full(call, stored))


@routes("DELETE", "/relations/{id}")
def delete_relation(call: Call) -> Reply:
    """Remove a relation."""
    row = _row(call)
    _may_manage(call, call.state.work_packages[row.from_id])
    call.state.relations.remove(row.id)
    return Reply(None, 204)


def _visible(view: View, row: Relation) -> bool:
    ends = (view.state.work_packages[key] for key in (row.from_id, row.to_id))
    return all(view.can("view_work_packages", end.project_id) for end in ends)


def _row(call: Call) -> Relation:
    row = call.state.relations.get(call.number())
    if row is None or not _visible(View(call.state, call.user), row):
        raise not_found()
    return row


def _may_manage(call: Call, row: WorkPackage) -> None:
    project = call.state.projects[row.project_id]
    if not access.allowed(call.state, call.user, "manage_work_package_relations", project):
        raise forbidden()


def _full(call: Call, row: Relation) -> dict[str, Any]:
    view = View(call.state, call.user)
    ends = {"from": row.from_id, "to": row.to_id}
    embedded = {name: work_package(view, call.state.work_packages[key]) for name, key in ends.items()}
    return {**relation(view, row), "_embedded": embedded}


def _source(call: Call, body: dict[str, Any], here: WorkPackage) -> WorkPackage:
    """The start: without the link a 500 in 12.0 (recorded 16-…: step 17), the path's work package later."""
    key = _end(body, "from")
    found = call.state.work_packages.get(key)
    if found is None and key is None and call.state.features.number >= (13, 0):
        return here
    if found is None:
        raise internal("undefined method `project' for nil:NilClass")
    return found


def _end(body: dict[str, Any], name: str) -> int | None:
    key = linked_id(body, name, "work_packages")
    return None if key is ABSENT else key


def _lag(state: State, body: dict[str, Any], current: int | None) -> int | None:
    name, human = ("lag", "Lag") if state.features.lag else ("delay", "Delay")
    value = body.get(name, current)
    if value is None:
        return None
    if not re.fullmatch(r"-?\d+", str(value)):
        raise _refusal(violation(name, f"{human} is not a number."))
    lag = int(value)
    if state.features.lag and abs(lag) > MAX_LAG:
        raise _refusal(violation(name, f"Lag must be between -{MAX_LAG} and {MAX_LAG}."))
    return lag


def _description(body: dict[str, Any], current: str | None) -> str | None:
    if "description" not in body:
        return current
    return None if body["description"] is None else text(body["description"])


def _refusal(fault: Fault422) -> ApiError:
    return ApiError(422, "", "", body=fault.body())


def _faults(state: State, source: WorkPackage, target: WorkPackage, kind: str) -> list[Fault422]:
    """Recorded 16-relations: steps 7 to 14 and 21 to 23: one relation per pair, no circles."""
    if source.id == target.id:
        taken = [violation("from", TAKEN)] if state.features.number < (13, 0) else []
        return [violation("to", "To is invalid."), *taken, violation("base", CIRCLE)]
    if _related_by_parents(state, source, target):
        taken = [violation("from", TAKEN)] if state.features.number < (13, 0) else []
        return [violation("base", SUBTASK), *taken]
    for row in state.relations.where("from_id", source.id):
        if row.to_id == target.id:
            return [violation("from", TAKEN)]
    if kind == "relates":
        back = state.relations.where("from_id", target.id)
        return [violation("from", TAKEN)] if any(r.to_id == source.id for r in back) else []
    return [violation("base", CIRCLE)] if _reaches(state, target.id, source.id, kind) else []


def _related_by_parents(state: State, one: WorkPackage, other: WorkPackage) -> bool:
    above = {row.id for row in state.ancestors(one)}
    below = {row.id for row in state.ancestors(other)}
    return other.id in above or one.id in below


def _reaches(state: State, start: int, goal: int, kind: str) -> bool:
    """Whether relations lead from start to goal: all kinds in 12.0, later only `follows`."""
    every = state.features.number < (13, 0)
    if not every and kind != "follows":
        return False
    seen, todo = {start}, [start]
    while todo:
        for row in state.relations.where("from_id", todo.pop()):
            if row.to_id == goal and (every or row.kind == "follows"):
                return True
            if row.to_id not in seen and (every or row.kind == "follows"):
                seen.add(row.to_id)
                todo.append(row.to_id)
    return False


def _moved(state: State, row: Relation, body: dict[str, Any]) -> list[Fault422]:
    found: list[Fault422] = []
    for name, current in (("from", row.from_id), ("to", row.to_id)):
        key = _end(body, name)
        if key is not None and key != current:
            message = IMMUTABLE.replace("`to`", f"`{name}`")
            found.append(Fault422(name, message, "PropertyIsReadOnly"))
    if found and state.features.number < (13, 0):
        found.append(violation("from", TAKEN))
    return found
