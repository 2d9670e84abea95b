"""Values of a sync in words: names of people, labels and tasks instead of their ids."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pm_providers.errors import PMError
from pm_providers.model import Entity
from pm_providers.store.sync_history import SyncWrite
from pm_providers.store.sync_views import made_labels, titles_of
from pm_providers.sync.decisions import Decision
from pm_providers.sync.engine import Engine
from pm_providers.sync.facts import Choice
from pm_providers.sync.parts_model import NEW
from pm_providers.sync.policy import LEFT, SIDES
from pm_providers.sync.side import Side
from pm_providers.sync.translate import NEW_LABEL

__all__ = ["Naming", "naming_of", "naming_of_writes"]

_CHOICES = {"status": "statuses", "priority": "priorities"}
_KINDS = {"assignees": "people", "labels": "labels", "parent": "tasks", "sprint": "sprints"}


@dataclass(frozen=True, slots=True)
class Naming:
    """Names of what the values of each side point to.

    Attributes:
        sides: side -> name of its system.
        names: side -> `people`, `labels`, `tasks`, `sprints` -> id -> name; and `statuses`, `priorities` ->
            unified value -> the name that the side itself uses for it first.
    """

    sides: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def system(self, side: str) -> str:
        """Name of a side's system."""
        return self.sides.get(side, side)

    def say(self, side: str, name: str, value: Any) -> str:
        """A value of a side for people, in as few words as say it; `""` for none."""
        if value is None or value == []:
            return ""
        if isinstance(value, Mapping):
            unified = str(value.get("is", ""))
            own = self.names.get(side, {}).get(_CHOICES.get(name, ""), {}).get(unified)
            return str(value.get("name") or own or unified.replace("_", " "))
        if isinstance(value, list):
            return ", ".join(self.say(side, name, one) for one in value)
        if isinstance(value, bool):
            return "yes" if value else "no"
        text = str(value)
        if name == "labels" and text.startswith(NEW_LABEL):
            return f"{text[len(NEW_LABEL) :]} (new)"
        known = self.names.get(side, {}).get(_KINDS.get(name, ""), {})
        return known.get(text, text)


async def naming_of(engine: Engine, decisions: Iterable[Decision] = ()) -> Naming:
    """Names for decisions; asks nothing that the run has not asked already, but for sprints at first contact.

    Raises:
        PMError: a side cannot be read.
    """
    decisions = list(decisions)
    sides = await engine.sides(sure=False)
    titles = {name: f"{side.title} ({name})" for name, side in sides.items()}
    if not decisions:
        return Naming(titles)
    names: dict[str, dict[str, dict[str, str]]] = {}
    for name, side in sides.items():
        facts = await side.facts(custom=False)
        names[name] = {
            "people": {one.id: one.name or one.username or one.id for one in facts.people.values()},
            "labels": dict(facts.labels),
            "statuses": _first(facts.statuses),
            "priorities": _first(facts.priorities),
            "tasks": await titles_of(
                engine.database, engine.mapping_id, name, _pointed(decisions, "parent", name)
            ),
            "sprints": await _sprints(engine, side, _pointed(decisions, "sprint", name)),
        }
    return Naming(titles, names)


async def _sprints(engine: Engine, side: Side, ids: set[str]) -> dict[str, str]:
    """Id -> name. At first contact no run has stored those yet that both sides have."""
    entity = Entity.SPRINT.value
    found = await titles_of(engine.database, engine.mapping_id, side.name, ids, entity=entity)
    if any(one not in found and not one.startswith(NEW) for one in ids):
        with contextlib.suppress(PMError):  # an id will do where a name cannot be asked for
            found |= {one.id: one.name for one in await side.provider.list_sprints(side.project_id)}
    return found


async def naming_of_writes(db: Any, mapping_id: str, writes: Sequence[SyncWrite]) -> Naming:
    """Names for what the history tells, as far as our database knows them: asks no system.

    People stand by their ids.
    """
    names: dict[str, dict[str, dict[str, str]]] = {}
    for side in SIDES:
        said = [
            values
            for one in writes
            if one.side == side
            for values in (one.before, one.wanted, one.after)
            if values
        ]
        found = {
            name: {str(values[name]) for values in said if values.get(name)} for name in ("parent", "sprint")
        }
        names[side] = {
            "tasks": await titles_of(db, mapping_id, side, found["parent"]),
            "sprints": await titles_of(db, mapping_id, side, found["sprint"], entity=Entity.SPRINT.value),
            "labels": await made_labels(db, mapping_id, side),
        }
    return Naming({}, names)


def _first(choices: Iterable[Choice]) -> dict[str, str]:
    """Unified value -> the first name for it, as what has only the unified value is called there."""
    found: dict[str, str] = {}
    for one in choices:
        found.setdefault(one.value, one.name)
    return found


def _pointed(decisions: Iterable[Decision], name: str, side: str) -> set[str]:
    """Ids that a field of the decisions points to on a side."""
    found: set[str] = set()
    for one in decisions:
        if one.side in {side, ""}:
            found |= {
                str(value)
                for step in one.steps
                if step.field == name
                for value in (step.old, step.new)
                if value
            }
        for clash in (clash for clash in one.clashes if clash.field == name):
            value = clash.left if side == LEFT else clash.right
            found |= {str(value)} if value else set()
    return found
