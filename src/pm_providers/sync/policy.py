"""How two projects are kept in step: what a mapping's `sync_config` says, checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.sync.values import CUSTOM, FIELDS

__all__ = ["BOTH", "LEFT", "RIGHT", "SIDES", "TO_LEFT", "TO_RIGHT", "Policy", "other"]

LEFT, RIGHT = "left", "right"
SIDES = (LEFT, RIGHT)
BOTH, TO_LEFT, TO_RIGHT = "both", "to_left", "to_right"
_DIRECTIONS = (BOTH, TO_RIGHT, TO_LEFT)
_CONFLICTS = ("newest", LEFT, RIGHT, "manual")
_DELETES = ("propagate", "close", "detach", "ignore")
_PAIRS = ("statuses", "priorities", "types", "users", "custom_fields")
_PARTS = ("comments", "relations", "attachments", "checklists", "sprints")
_PROJECT = "project"
_OF_PROJECT = (
    "name",
    "description",
    "status",
    "status_note",
    "priority",
    "start_date",
    "end_date",
    "owner_id",
)


_WHOLE = tuple(f"{_PROJECT}.{name}" for name in _OF_PROJECT)
"""Fields of the projects, as `without`, `directions` and `conflicts_by_field` name them."""

_REFERENCE = "External reference"
_NAMED = "field:"
_REACH = 8


def other(side: str) -> str:
    """The side across."""
    return RIGHT if side == LEFT else LEFT


@dataclass(frozen=True, slots=True)
class Policy:
    """What people decided about one mapping. Every option has a default.

    Attributes:
        direction: `both`, `to_right` or `to_left`.
        directions: field -> direction of that field alone.
        conflicts: who wins where both sides changed one field: `newest`, `left`, `right`, or `manual`
            (nobody, until it is resolved).
        conflicts_by_field: the same for single fields.
        tie: side that wins where `newest` cannot tell.
        uncertainty_s: seconds by which the clocks of the two systems may differ; closer edits are a tie.
        deletes: what becomes of an item whose counterpart was deleted: `propagate` (deleted, too), `close`
            (put into a closed status), `detach` (kept, no longer in step), `ignore` (kept, link kept). What
            was ignored stays so, whatever is decided later.
        fuse_share: share of all linked items that one run may delete.
        fuse_least: deletions that need no permission, however few items there are.
        fuse_overwrite_share: share of all linked items that one run may overwrite.
        fuse_overwrite_least: items that may be overwritten without permission, however few there are.
        budget: writes of one run at most; `None` for no bound.
        match_field: field whose equal values make items a pair at first contact, before titles do.
        fields: those in step; empty for all.
        without: those that are not.
        parts: which of `comments`, `relations`, `attachments`, `checklists`, `sprints` are in step; `project`
            for the fields of the two projects themselves, which are not unless it is named.
        pairs: `statuses`, `priorities`, `types`, `users`, `custom_fields` -> name or id on the left -> the
            one on the right.
        provenance: where items that the sync makes say what they were made of: `auto` in a custom text field
            "External reference", on sides that have it; `field:NAME` in that one; `none` nowhere.
        settle_s: seconds after which a created item that cannot be found is taken for never created.
    """

    direction: str = BOTH
    directions: Mapping[str, str] = field(default_factory=dict)
    conflicts: str = "newest"
    conflicts_by_field: Mapping[str, str] = field(default_factory=dict)
    tie: str = LEFT
    uncertainty_s: float = 120.0
    deletes: str = "propagate"
    fuse_share: float = 0.2
    fuse_least: int = 5
    fuse_overwrite_share: float = 0.5
    fuse_overwrite_least: int = 100
    budget: int | None = None
    match_field: str | None = None
    fields: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset(_PARTS)
    pairs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    settle_s: float = 180.0
    provenance: str = "auto"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Policy:
        """Read a mapping's `sync_config`.

        Raises:
            ValidationError: names every option that is unknown or malformed, and what it may be.
        """
        bad: dict[str, str] = {}
        given: dict[str, Any] = {}
        for name, value in config.items():
            check = _CHECKS.get(name) or _CHECKED_ONLY.get(name)
            if check is None:
                if name not in _NOT_OURS:
                    known = sorted([*_CHECKS, *_CHECKED_ONLY])
                    bad[name] = f"no such option; there are: {', '.join(known)}"
                continue
            try:
                checked = check(value)
            except (TypeError, ValueError) as error:
                bad[name] = str(error)
                continue
            if name in _CHECKS:
                given[name] = checked
        if bad:
            raise ValidationError(f"the sync options are not usable: {_listed(bad)}", fields=bad)
        return cls(**given)

    @property
    def digest(self) -> str:
        """Changes with the options; begins with what changes where more or less of parts is in step."""
        options = asdict(self)
        parts = {name: options[name] for name in ("direction", "directions", "parts", "without")}
        return _digest(parts)[:_REACH] + _digest(options)[_REACH:]

    def reaches_as(self, digest: str) -> bool:
        """Whether the same parts are in step as by options with this digest."""
        return digest[:_REACH] == self.digest[:_REACH]

    def flows(self, name: str, to: str) -> bool:
        """Whether values of a field are carried to a side."""
        if name in self.without or (self.fields and name not in self.fields):
            return False
        if name.startswith(CUSTOM) and name == self.mark:
            return False
        direction = self.directions.get(name, self.direction)
        return direction in {BOTH, f"to_{to}"}

    @property
    def reference_field(self) -> str | None:
        """Custom field in which items say what they were made of; `None` where they do not."""
        if self.provenance == "none":
            return None
        return _REFERENCE if self.provenance == "auto" else self.provenance.removeprefix(_NAMED)

    @property
    def mark(self) -> str:
        """The same, as snapshots name it: it is in no plan, whatever it says."""
        name = self.reference_field
        return "" if name is None else f"{CUSTOM}{name}"

    def creates(self, on: str) -> bool:
        """Whether items are created on (and deleted from) a side."""
        return self.direction in {BOTH, f"to_{on}"}

    def carries(self, entity: str, name: str, to: str) -> bool:
        """Whether values of a field of a sprint, a comment, ..., or of the project are carried to a side."""
        called = f"{entity}.{name}"
        direction = self.directions.get(called, self.direction)
        return called not in self.without and direction in {BOTH, f"to_{to}"}

    def winner(self, name: str) -> str:
        """Who wins a conflict about a field; one of `conflicts`."""
        return self.conflicts_by_field.get(name, self.conflicts)

    def partner(self, kind: str, value: str, source: str) -> str | None:
        """The name or id on the other side that people said `value` stands for; case ignored."""
        table = self.pairs.get(kind, {})
        items = table.items() if source == LEFT else ((right, left) for left, right in table.items())
        folded = value.casefold()
        return next((theirs for ours, theirs in items if ours.casefold() == folded), None)


def _digest(options: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(options, sort_keys=True, default=sorted).encode()).hexdigest()


def _listed(bad: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in bad.items())


_NOT_OURS = frozenset({"left_connection", "note"})
"""Options that others read."""


def _one_of(*allowed: str) -> Any:
    def check(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}, not {value!r:.60}")
        return str(value)

    return check


def _by_field(*allowed: str) -> Any:
    one = _one_of(*allowed)

    def check(value: Any) -> dict[str, str]:
        if not isinstance(value, Mapping):
            raise TypeError("must be an object, field -> choice")
        return {_field(name): one(choice) for name, choice in value.items()}

    return check


def _field(name: Any) -> str:
    custom = isinstance(name, str) and name.removeprefix(f"{_PROJECT}.").startswith(CUSTOM)
    if name not in FIELDS and not custom and name not in _WHOLE:
        every = ", ".join((*FIELDS, f"{CUSTOM}<name>", *_WHOLE, f"{_PROJECT}.{CUSTOM}<name>"))
        raise ValueError(f"{name!r:.60} is no field; there are: {every}")
    return str(name)


def _provenance(value: Any) -> str:
    text = value if isinstance(value, str) else ""
    if text not in {"auto", "none"} and not text.removeprefix(_NAMED).strip():
        raise ValueError("must be auto, none, or field: and the name of a custom field")
    if text not in {"auto", "none"} and not text.startswith(_NAMED):
        raise ValueError(f"must be auto, none, or field: and a name, not {value!r:.60}")
    return text


def _names(check: Any) -> Any:
    def names(value: Any) -> frozenset[str]:
        if isinstance(value, str) or not hasattr(value, "__iter__"):
            raise TypeError("must be a list of names")
        return frozenset(check(one) for one in value)

    return names


def _number(least: float, most: float, *, whole: bool = False) -> Any:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
            raise TypeError(f"must be a {'whole ' if whole else ''}number")
        if not least <= value <= most:
            raise ValueError(f"must be between {least} and {most}")
        return value

    return check


def _pairs(value: Any) -> dict[str, dict[str, str]]:
    if not isinstance(value, Mapping):
        raise TypeError("must be an object")
    found = {}
    for kind, table in value.items():
        if kind not in _PAIRS:
            raise ValueError(f"{kind!r:.60} cannot be paired; there are: {', '.join(_PAIRS)}")
        if not isinstance(table, Mapping) or not all(isinstance(one, str) for one in table.values()):
            raise ValueError(f"{kind} must be an object, name on the left -> name on the right")
        found[kind] = {str(name): str(one) for name, one in table.items()}
    return found


_CHECKS: Mapping[str, Any] = {
    "direction": _one_of(*_DIRECTIONS),
    "directions": _by_field(*_DIRECTIONS),
    "conflicts": _one_of(*_CONFLICTS),
    "conflicts_by_field": _by_field(*_CONFLICTS),
    "tie": _one_of(*SIDES),
    "uncertainty_s": _number(0, 86_400),
    "deletes": _one_of(*_DELETES),
    "fuse_share": _number(0, 1),
    "fuse_least": _number(0, 1_000_000, whole=True),
    "fuse_overwrite_share": _number(0, 1),
    "fuse_overwrite_least": _number(0, 1_000_000, whole=True),
    "budget": _number(1, 1_000_000, whole=True),
    "match_field": _field,
    "fields": _names(_field),
    "without": _names(_field),
    "parts": _names(_one_of(*_PARTS, _PROJECT)),
    "pairs": _pairs,
    "provenance": _provenance,
    "settle_s": _number(0, 86_400),
}
_CHECKED_ONLY: Mapping[str, Any] = {
    "schedule_s": _number(1, 31 * 86_400),
    "full_every_s": _number(0, 366 * 86_400),
}
"""Options that others read, and that are refused with the rest when they are malformed."""
