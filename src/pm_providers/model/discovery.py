"""What a system offers to choose from: statuses, priorities, types, transitions, fields."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pm_providers.model.values import Entity

__all__ = ["PMField", "PMPriority", "PMStatus", "PMTaskType", "PMTransition"]


@dataclass(frozen=True, slots=True)
class PMStatus:
    """A task status of the system.

    Attributes:
        id: the vendor's id.
        name: what people see.
        status: unified status that it reads as.
        is_closed: no work remains.
        is_default: given to new tasks.
        color: `#rrggbb`.
    """

    id: str
    name: str
    status: str
    is_closed: bool = False
    is_default: bool = False
    color: str | None = None


@dataclass(frozen=True, slots=True)
class PMPriority:
    """A task priority of the system; lists are lowest first.

    Attributes:
        id: the vendor's id.
        name: what people see.
        priority: unified priority that it reads as.
        is_default: given to new tasks.
        is_active: may be chosen.
    """

    id: str
    name: str
    priority: str
    is_default: bool = False
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class PMTaskType:
    """A task type of the system ("Task", "Bug", "Milestone").

    Attributes:
        id: the vendor's id.
        name: what people see; `PMTask.type` holds it.
        is_default: given to new tasks.
        is_milestone: has a single date.
    """

    id: str
    name: str
    is_default: bool = False
    is_milestone: bool = False


@dataclass(frozen=True, slots=True)
class PMTransition:
    """A status change that the workflow allows now for this task and these credentials.

    Attributes:
        id: the vendor's id of the transition; the target's id where transitions have none.
        name: what people see.
        to_status: status it leads to.
        required_fields: names of fields that must be sent along.
    """

    id: str
    name: str
    to_status: PMStatus
    required_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PMField:
    """A field of tasks, sprints or projects, as the system describes it.

    Attributes:
        id: the vendor's id (`customField3`).
        name: what people see; the key in `custom_fields`.
        type: `text`, `markdown`, `integer`, `number`, `flag`, `date`, `url`, `choice`, `user`, `sprint` or
            the vendor's own word for anything else.
        entity: kind of record that it belongs to.
        is_custom: defined by an administrator.
        is_required: must be set.
        is_multiple: holds a list.
        is_writable: may be set by these credentials.
        allowed_values: names of the values to choose from; empty when free.
        raw_data: the vendor's description, untouched.
    """

    id: str
    name: str
    type: str
    entity: Entity = Entity.TASK
    is_custom: bool = False
    is_required: bool = False
    is_multiple: bool = False
    is_writable: bool = True
    allowed_values: tuple[str, ...] = ()
    raw_data: dict[str, Any] | None = field(default=None, compare=False, repr=False)
