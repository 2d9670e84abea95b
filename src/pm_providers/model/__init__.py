"""Records and values, the same for every system. No I/O, no vendor words."""

from pm_providers.model.discovery import PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.model.entities import (
    PMProject,
    PMSprint,
    PMTask,
    PMUser,
    Record,
    WriteWarning,
)
from pm_providers.model.fields import FieldKind, FieldSpec, Owner, field_specs
from pm_providers.model.parts import (
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMMembership,
    PMRelation,
    PMTimeEntry,
)
from pm_providers.model.values import (
    INVERSE_RELATIONS,
    Entity,
    Priority,
    ProjectStatus,
    RelationType,
    SprintStatus,
    TaskStatus,
    guess_priority,
    guess_task_status,
)

__all__ = [
    "INVERSE_RELATIONS",
    "MODELS",
    "Entity",
    "FieldKind",
    "FieldSpec",
    "Owner",
    "PMAttachment",
    "PMChecklist",
    "PMChecklistItem",
    "PMComment",
    "PMField",
    "PMLabel",
    "PMMembership",
    "PMPriority",
    "PMProject",
    "PMRelation",
    "PMSprint",
    "PMStatus",
    "PMTask",
    "PMTaskType",
    "PMTimeEntry",
    "PMTransition",
    "PMUser",
    "Priority",
    "ProjectStatus",
    "Record",
    "RelationType",
    "SprintStatus",
    "TaskStatus",
    "WriteWarning",
    "field_specs",
    "guess_priority",
    "guess_task_status",
]

MODELS: dict[Entity, type[Record]] = {
    Entity.PROJECT: PMProject,
    Entity.TASK: PMTask,
    Entity.SPRINT: PMSprint,
    Entity.USER: PMUser,
    Entity.COMMENT: PMComment,
    Entity.LABEL: PMLabel,
    Entity.RELATION: PMRelation,
    Entity.ATTACHMENT: PMAttachment,
    Entity.TIME_ENTRY: PMTimeEntry,
    Entity.MEMBERSHIP: PMMembership,
    Entity.CHECKLIST: PMChecklist,
    Entity.CHECKLIST_ITEM: PMChecklistItem,
}
"""Entity -> its record class."""
