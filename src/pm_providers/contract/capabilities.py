"""What a provider can do, as data: per operation, per field, with limits and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pm_providers.errors import UnsupportedError
from pm_providers.model import MODELS, Entity, RelationType, field_specs

__all__ = [
    "BATCH_OPERATIONS",
    "NATIVE",
    "OPERATIONS",
    "Capabilities",
    "Capability",
    "ChangeDetection",
    "Limits",
    "Support",
    "declare_fields",
    "declare_operations",
    "mapped",
    "read_only",
    "unsupported",
]


class Support(StrEnum):
    """How a provider supports an operation or a field."""

    NATIVE = "native"  # the vendor has it
    MAPPED = "mapped"  # by a documented convention
    READ_ONLY = "read_only"  # fields only: read, never written
    UNSUPPORTED = "unsupported"  # refused by name


@dataclass(frozen=True, slots=True)
class Capability:
    """Support of one operation or field.

    Attributes:
        support: how it is supported.
        note: the convention of `mapped`, the reason of `read_only` and `unsupported`; `""` for `native`
            unless there is something to know.
    """

    support: Support
    note: str = ""

    @property
    def is_supported(self) -> bool:
        """Whether it can be used at all, if only for reading."""
        return self.support is not Support.UNSUPPORTED

    @property
    def is_writable(self) -> bool:
        """Whether values can be written."""
        return self.support is Support.NATIVE or self.support is Support.MAPPED


NATIVE = Capability(Support.NATIVE)


def mapped(note: str) -> Capability:
    """Supported by the convention that `note` describes."""
    return Capability(Support.MAPPED, note)


def read_only(note: str) -> Capability:
    """Read, but not written, because of `note`."""
    return Capability(Support.READ_ONLY, note)


def unsupported(reason: str) -> Capability:
    """Refused by name, because of `reason`."""
    return Capability(Support.UNSUPPORTED, reason)


def _operations() -> tuple[str, ...]:
    full = (Entity.PROJECT, Entity.TASK, Entity.SPRINT, Entity.USER)
    names = [f"{verb}_{e.plural if verb == 'list' else e.value}"
             for e in full for verb in ("list", "get", "create", "update", "delete")]  # fmt: skip
    names.append("get_current_user")
    parts = [one for one in Entity if one not in full]
    names += [f"{verb}_{e.plural if verb == 'list' else e.value}"
              for e in parts for verb in ("list", "create", "update", "delete")]  # fmt: skip
    names.remove("list_checklist_items")  # they come with their checklists
    names += ["list_watchers", "add_watcher", "remove_watcher"]
    names += ["download_attachment", "search_tasks"]
    names += ["list_statuses", "list_priorities", "list_types", "list_transitions", "list_fields"]
    return (*names, "create_tasks", "update_tasks", "delete_tasks", "changes", "request")


OPERATIONS: tuple[str, ...] = _operations()
"""Every operation that a provider may support, by the name of its public method, in reading order.
`iter_X` goes with `list_X`; health checks and life cycle are always there."""

BATCH_OPERATIONS: Mapping[str, str] = MappingProxyType(
    {"create_tasks": "create_task", "update_tasks": "update_task", "delete_tasks": "delete_task"}
)
"""Batch operation -> the single operation that the base repeats where the vendor has no bulk call."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vendor sets bounds to. `None` means no known bound.

    Attributes:
        page_size: records in one page that the provider asks for.
        batch_size: records in one bulk call; 1 where there is none.
        concurrency: requests that the provider keeps in flight at most.
        assignees: assignees of one task.
        labels: labels of one task.
        attachment_bytes: size of one attachment.
        lengths: `entity.field` -> characters.
        relation_types: unified types of relations that the system has; the inverse names go with them.
        quota: the vendor's documented quota, in words.
        custom_fields: those of tasks are `defined` (by an administrator, and written with the rest), `apart`
            (defined, and written by a request for each), or `free` (any name can be written).
        any_type: a task may be of a type that is not listed.
        any_label: regular expression of texts that are labels without being made: one exists as soon as a
            task wears it; `""` where there are none.
    """

    page_size: int | None = None
    batch_size: int = 1
    concurrency: int = 4
    assignees: int | None = None
    labels: int | None = None
    attachment_bytes: int | None = None
    lengths: Mapping[str, int] = field(default_factory=dict)
    relation_types: tuple[str, ...] = tuple(one.value for one in RelationType)
    quota: str = ""
    custom_fields: str = "defined"
    any_type: bool = False
    any_label: str = ""


@dataclass(frozen=True, slots=True)
class ChangeDetection:
    """How `changes()` finds out.

    Attributes:
        upserts: `log` (the system keeps a log), `timestamp` (filter on the time of change), `none`.
        deletes: `log`, `sweep` (comparing ids), `none`.
        precision_s: seconds that the vendor's timestamps resolve; 0 for a log.
        webhooks: kinds of deliveries that the vendor sends.
    """

    upserts: str = "none"
    deletes: str = "none"
    precision_s: float = 0.0
    webhooks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that a provider declares about itself.

    The class states what the vendor can do at best; a connection may narrow it (an older version, a module
    that is off, missing rights).

    Attributes:
        operations: every name in `OPERATIONS` -> support.
        fields: entity -> every field of its record but `id` and `raw_data` -> support.
        limits: bounds.
        changes: how changes are found.
        text_format: what the vendor stores for text: `markdown`, `html`, `adf`, `wiki`.
        conventions: names of documented conventions in force, with a sentence each.
    """

    operations: Mapping[str, Capability]
    fields: Mapping[Entity, Mapping[str, Capability]]
    limits: Limits = field(default_factory=Limits)
    changes: ChangeDetection = field(default_factory=ChangeDetection)
    text_format: str = "markdown"
    conventions: Mapping[str, str] = field(default_factory=dict)

    def operation(self, name: str) -> Capability:
        """Support of an operation, by the name of its public method."""
        return self.operations[name]

    def field(self, entity: Entity, name: str) -> Capability:
        """Support of a field of a record."""
        return self.fields[entity][name]

    def supports(self, name: str) -> bool:
        """Whether an operation can be called."""
        return self.operations[name].is_supported

    def require(self, name: str, provider: str) -> None:
        """Refuse an unsupported operation.

        Raises:
            UnsupportedError: naming provider, operation and reason.
        """
        found = self.operations[name]
        if not found.is_supported:
            raise UnsupportedError(
                f"not supported: {found.note}", reason=found.note, provider=provider, operation=name
            )

    def narrowed(
        self,
        *,
        operations: Mapping[str, Capability] | None = None,
        fields: Mapping[tuple[Entity, str], Capability] | None = None,
        **changes: Any,
    ) -> Capabilities:
        """A copy with some entries replaced; `changes` replaces whole attributes (`limits=...`)."""
        merged = {entity: dict(table) for entity, table in self.fields.items()}
        for (entity, name), value in (fields or {}).items():
            merged[entity][name] = value
        return replace(self, operations={**self.operations, **(operations or {})}, fields=merged, **changes)


def declare_operations(
    *,
    default: Capability = NATIVE,
    native: str = "",
    checklists: Capability | None = None,
    **exceptions: Capability,
) -> dict[str, Capability]:
    """Table of all operations: `default` but for the `native` names (space separated) and the exceptions.

    `checklists` stands for all operations on checklists and their items: mostly a system has all or none.

    Raises:
        ValueError: an exception names no operation.
    """
    group = [name for name in OPERATIONS if checklists and "_checklist" in name]
    exceptions = {**dict.fromkeys(native.split(), NATIVE), **exceptions}
    unknown = sorted(set(exceptions) - set(OPERATIONS))
    if unknown:
        raise ValueError(f"no such operations: {', '.join(unknown)}")
    defaults = dict.fromkeys(OPERATIONS, default) | dict.fromkeys(group, checklists or default)
    return {**defaults, **exceptions}


def declare_fields(
    entity: Entity, *, native: str = "", rest: Capability | None = None, **others: Capability
) -> dict[str, Capability]:
    """Table of all fields of a record: `native` names (space separated) and the others one by one.

    Fields that the system assigns (`created_at`, `url`, ...) count as native when they are filled. `rest`
    stands for all fields that are not named: for records that the system does not have.

    Raises:
        ValueError: a field is missing, doubled or unknown: support is total, nothing goes unsaid.
    """
    names = native.split()
    expected = [name for name in field_specs(MODELS[entity]) if name not in {"id", "raw_data"}]
    if rest is not None:
        others |= {name: rest for name in expected if name not in names and name not in others}
    stated = [*names, *others]
    if sorted(stated) != sorted(expected):
        missing = sorted(set(expected) - set(stated))
        extra = sorted({name for name in stated if stated.count(name) > 1 or name not in expected})
        raise ValueError(f"{entity} fields: missing {missing}, unknown or doubled {extra}")
    table = {**dict.fromkeys(names, NATIVE), **others}
    return {name: table[name] for name in expected}
