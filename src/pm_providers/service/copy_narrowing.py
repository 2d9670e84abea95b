"""From a record of the source to one that the target can hold; what does not fit is noted, field by field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, replace
from typing import Any

from pm_providers.contract import Capabilities, ChoiceBook
from pm_providers.errors import PMError
from pm_providers.model import (
    MODELS,
    Entity,
    FieldKind,
    FieldSpec,
    Owner,
    PMChecklistItem,
    PMTask,
    Record,
    field_specs,
)
from pm_providers.service.copy_report import CopyReport
from pm_providers.sync.rejections import rejected, without

__all__ = ["Narrower", "without_rejected"]

REFERENCES: dict[str, Entity] = {
    "project_id": Entity.PROJECT,
    "parent_project_id": Entity.PROJECT,
    "parent_task_id": Entity.TASK,
    "task_id": Entity.TASK,
    "from_task_id": Entity.TASK,
    "to_task_id": Entity.TASK,
    "sprint_id": Entity.SPRINT,
    "label_ids": Entity.LABEL,
    "assignee_id": Entity.USER,
    "assignee_ids": Entity.USER,
    "owner_id": Entity.USER,
    "user_id": Entity.USER,
}
"""Field -> kind of record that its ids name."""

_NOT_COPIED: dict[Entity, str] = {
    Entity.PROJECT: "the project above is not part of the copy",
    Entity.TASK: "that task is not part of the copy",
    Entity.SPRINT: "the target has no such sprint",
    Entity.LABEL: "the target has no such label",
    Entity.USER: "no user of the target is known to be this one",
}
_TECHNICAL = frozenset({"id", "raw_data", "version", "status_name", "priority_name"})
_ITEM = re.compile(r"items\[(\d+)\]\.(\w+)")
_ITEM_FIELDS = frozenset({"assignee_id", "due_date", "parent_id"})
_IMPLIED = frozenset({(Entity.TIME_ENTRY, "project_id"), (Entity.ATTACHMENT, "size_bytes")})


class Narrower:
    """Cuts records to what the target can hold.

    Args:
        capabilities: of the target's connection.
        report: gets the notes; its `ids` translate references.
    """

    def __init__(self, capabilities: Capabilities, report: CopyReport) -> None:
        self.capabilities = capabilities
        self.report = report
        self.books: dict[str, ChoiceBook[Any]] = {}

    def values(
        self,
        entity: Entity,
        record: Record,
        *,
        kept: Iterable[str] = (),
        given: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Fields of the record for the target.

        Args:
            entity: kind of the record.
            record: as the source sent it.
            kept: fields that the caller keeps in another place; nothing is noted about them.
            given: values that the caller has translated itself; they replace the record's.
        """
        skip = {*kept, *(given or {}), *self._redundant(entity, record)}
        found: dict[str, Any] = {}
        for name, spec in field_specs(MODELS[entity]).items():
            value = getattr(record, name)
            if name in _TECHNICAL or name in skip or _is_empty(type(record), name, value):
                continue
            if (entity, name) in _IMPLIED:
                continue
            result = self._value(entity, spec, value, record)
            if result not in (None, "", [], {}):
                found[name] = result
        found.update({name: value for name, value in (given or {}).items() if value is not None})
        return self._agree(found)

    def _redundant(self, entity: Entity, record: Record) -> tuple[str, ...]:
        """Of `assignee_id` and `assignee_ids`, the one that the other says already."""
        if not isinstance(record, PMTask) or not record.assignee_ids:
            return ()
        if self.capabilities.field(entity, "assignee_ids").is_writable:
            return ("assignee_id",)
        return ("assignee_ids",) if record.assignee_ids == [record.assignee_id] else ()

    def _value(self, entity: Entity, spec: FieldSpec, value: Any, record: Record) -> Any:
        name, capability = spec.name, self.capabilities.field(entity, spec.name)
        if spec.owner is Owner.SERVER:
            reason = "the target sets it itself" if capability.is_supported else capability.note
            routine = capability.is_supported or name == "url"
            self.report.leave_out(entity, name, reason, record.id, routine=routine)
            return None
        if not capability.is_writable:
            self.report.leave_out(entity, name, capability.note or "the target cannot write it", record.id)
            return None
        if name in REFERENCES:
            return self._reference(entity, name, value, record)
        if spec.kind is FieldKind.CHOICE and f"{name}_name" in field_specs(MODELS[entity]):
            return self._choice(entity, name, value, record)
        return self.shortened(entity, name, value, record)

    def _reference(self, entity: Entity, name: str, value: Any, record: Record) -> Any:
        wanted = REFERENCES[name]
        known = self.report.ids[wanted]
        if not isinstance(value, list):
            found = known.get(value)
            if found is None:
                self.report.leave_out(entity, name, _NOT_COPIED[wanted], record.id)
            return found
        for one in value:
            if one not in known:
                self.report.leave_out(entity, name, _NOT_COPIED[wanted], record.id)
        return self._counted(
            entity, name, list(dict.fromkeys(known[one] for one in value if one in known)), record
        )

    def _counted(self, entity: Entity, name: str, found: list[str], record: Record) -> list[str]:
        limits = self.capabilities.limits
        most = {"assignee_ids": limits.assignees, "label_ids": limits.labels}.get(name)
        if most is None or len(found) <= most:
            return found
        for _ in found[most:]:
            self.report.leave_out(entity, name, f"the target holds at most {most}", record.id)
        return found[:most]

    def _choice(self, entity: Entity, name: str, value: str, record: Record) -> str:
        """The vendor's own name where the target has it with the same meaning, else the unified value."""
        own = getattr(record, f"{name}_name", None)
        book = self.books.get(name) if entity is Entity.TASK else None
        if not own or _plain(own) == _plain(value):
            return value
        for entry in book.entries if book else ():
            if (
                entry.name.strip().casefold() == own.strip().casefold()
                and book
                and book.read(entry.id) == value
            ):
                return str(entry.name)
        self.report.alter(entity, f"{name}_name", f"held as the unified {name}", record.id)
        return value

    def shortened(self, entity: Entity, name: str, value: Any, record: Record) -> Any:
        """A text that is no longer than the target takes; what is cut off is noted."""
        most = self.capabilities.limits.lengths.get(f"{entity.value}.{name}")
        if most is None or not isinstance(value, str) or len(value) <= most:
            return value
        self.report.alter(entity, name, f"shortened to {most} characters", record.id)
        return f"{value[: most - 1]}…"

    @staticmethod
    def _agree(found: dict[str, Any]) -> dict[str, Any]:
        """`assignee_id` is the first of `assignee_ids`; one of both is enough."""
        everyone = found.get("assignee_ids")
        if everyone:
            found["assignee_id"] = everyone[0]
        return found


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").split())


def _is_empty(model: type, name: str, value: Any) -> bool:
    if value in (None, "", [], {}):
        return True
    described = next(item for item in fields(model) if item.name == name)
    return described.default is not MISSING and bool(described.default == value)


def without_rejected(
    entity: Entity, values: Mapping[str, Any], error: PMError
) -> tuple[dict[str, Any], dict[str, str]] | None:
    """The fields without those that the target rejected, and why it did so; `None` when that cannot help.

    Names of items of a checklist are told apart, and what a record needs is not left out.
    """
    left = dict(values)
    reasons: dict[str, str] = {}
    for name, why in rejected(error).items():
        item = _ITEM.fullmatch(name)
        if not (_drop_of_item(left, int(item[1]), item[2]) if item else _drop(entity, left, name)):
            return None
        reasons[f"items.{item[2]}" if item else name] = why
    return (left, reasons) if reasons else None


def _drop_of_item(left: dict[str, Any], index: int, name: str) -> bool:
    """Take a field off an item of a new checklist."""
    items: list[PMChecklistItem] = list(left.get("items") or ())
    spec = field_specs(PMChecklistItem).get(name)
    if spec is None or spec.required or index >= len(items) or name not in _ITEM_FIELDS:
        return False
    items[index] = replace(items[index])
    setattr(items[index], name, None)
    left["items"] = items
    return True


def _drop(entity: Entity, left: dict[str, Any], name: str) -> bool:
    spec = field_specs(MODELS[entity]).get(name)
    if spec is not None and not spec.required and name in left:
        for one in ("assignee_id", "assignee_ids") if name.startswith("assignee_id") else (name,):
            left.pop(one, None)
        return True
    fewer = without(left, [name])
    is_custom = fewer.get("custom_fields") != left.get("custom_fields")
    if is_custom:
        left.clear()
        left.update(fewer)
    return is_custom
