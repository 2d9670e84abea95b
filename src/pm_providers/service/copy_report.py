"""What a copy did, what it left out, and what it could not do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from pm_providers.errors import PMError
from pm_providers.model import Entity, PMUser

__all__ = ["CopyFailure", "CopyNote", "CopyProgress", "CopyReport", "UnmatchedUser"]

CopyProgress = Callable[[str, int, int | None], None]
"""Called with (stage, finished, total): stages are plural entity names, `total` is `None` while unknown."""

_EXAMPLES = 3


@dataclass(slots=True)
class CopyNote:
    """Something of the source that the target does not hold, or holds differently.

    Attributes:
        entity: kind of record.
        field: field of the record; `None` for whole records.
        reason: why, in the target's words where it gave any.
        count: values (or records) concerned; `None` when they were not counted, because the target has
            no place for any.
        examples: the first few source ids.
        is_routine: the target has a value of its own for it (address, author and times of the record), as any
            system would. Worth a line, not a table.
    """

    entity: Entity
    field: str | None
    reason: str
    count: int | None = 0
    examples: list[str] = attribute(default_factory=list)
    is_routine: bool = False


@dataclass(frozen=True, slots=True)
class CopyFailure:
    """A record that should have been copied and was not.

    Attributes:
        entity: kind of record.
        source_id: its id in the source.
        error: what went wrong. `error.maybe_applied` says that the target may hold the record all the same.
    """

    entity: Entity
    source_id: str
    error: PMError


@dataclass(frozen=True, slots=True)
class UnmatchedUser:
    """A user of the source whom no single user of the target is known to be."""

    user: PMUser
    reason: str


@dataclass(slots=True)
class CopyReport:
    """Result of `copy_project`.

    Attributes:
        source: registered name of the provider that was read.
        target: registered name of the provider that was written.
        project_id: project in the source.
        target_project_id: project in the target; `""` until it exists.
        read: records of the source's project, by kind.
        created: records made in the target, by kind.
        matched: records that the target had already and that were used, by kind.
        ids: kind -> source id -> target id, of projects, sprints, labels, users and tasks.
        left_out: what the target does not hold, and why. `raw_data` and `version` are no data and never
            stand here.
        altered: what the target holds differently, and how.
        failed: records that could not be written or read.
        unmatched_users: users that members, tasks or comments name and the target does not have.
    """

    source: str = ""
    target: str = ""
    project_id: str = ""
    target_project_id: str = ""
    read: Counter[Entity] = attribute(default_factory=Counter)
    created: Counter[Entity] = attribute(default_factory=Counter)
    matched: Counter[Entity] = attribute(default_factory=Counter)
    ids: dict[Entity, dict[str, str]] = attribute(default_factory=lambda: {entity: {} for entity in Entity})
    left_out: list[CopyNote] = attribute(default_factory=list)
    altered: list[CopyNote] = attribute(default_factory=list)
    failed: list[CopyFailure] = attribute(default_factory=list)
    unmatched_users: list[UnmatchedUser] = attribute(default_factory=list)
    _index: dict[tuple[bool, Entity, str | None, str], CopyNote] = attribute(default_factory=dict, repr=False)

    @property
    def ok(self) -> bool:
        """Whether every record that the target can hold was written."""
        return not self.failed

    def raise_for_errors(self) -> None:
        """Raise the first failure, if there is one."""
        if self.failed:
            raise self.failed[0].error

    def leave_out(
        self, entity: Entity, name: str | None, reason: str, source_id: str = "", *, routine: bool = False
    ) -> None:
        """Note one value (or, without `name`, one record) that is not copied."""
        self._note(self.left_out, entity, name, reason, source_id).is_routine = routine

    def leave_out_all(self, entity: Entity, reason: str, name: str | None = None) -> None:
        """Note that no record of a kind is copied (or no value of a field); they are not counted."""
        self._note(self.left_out, entity, name, reason, "").count = None

    def alter(self, entity: Entity, name: str | None, reason: str, source_id: str = "") -> None:
        """Note one value that the target holds differently."""
        self._note(self.altered, entity, name, reason, source_id)

    def _note(
        self, notes: list[CopyNote], entity: Entity, name: str | None, reason: str, source_id: str
    ) -> CopyNote:
        key = (notes is self.left_out, entity, name, reason)
        note = self._index.get(key)
        if note is None:
            note = self._index[key] = CopyNote(entity, name, reason)
            notes.append(note)
        if note.count is not None:
            note.count += 1
        if source_id and len(note.examples) < _EXAMPLES:
            note.examples.append(source_id)
        return note

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON. Errors are text; ids are left out but for the project's."""
        return {
            "source": self.source,
            "target": self.target,
            "project_id": self.project_id,
            "target_project_id": self.target_project_id,
            "ok": self.ok,
            "read": _counts(self.read),
            "created": _counts(self.created),
            "matched": _counts(self.matched),
            "left_out": [_plain_note(note) for note in self.left_out],
            "altered": [_plain_note(note) for note in self.altered],
            "failed": [
                {"entity": one.entity.value, "source_id": one.source_id, "error": str(one.error)}
                for one in self.failed
            ],
            "unmatched_users": [
                {"id": one.user.id, "name": one.user.name, "reason": one.reason}
                for one in self.unmatched_users
            ],
        }


def _counts(counter: Counter[Entity]) -> dict[str, int]:
    return {entity.plural: counter[entity] for entity in Entity if counter[entity]}


def _plain_note(note: CopyNote) -> dict[str, Any]:
    return {
        "entity": note.entity.value,
        "field": note.field,
        "reason": note.reason,
        "count": note.count,
        "examples": list(note.examples),
        "is_routine": note.is_routine,
    }
