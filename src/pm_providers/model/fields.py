"""What each model field holds: its kind, and who may set it. The models carry it as metadata."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

__all__ = ["FieldKind", "FieldSpec", "Owner", "field_specs", "spec"]


class FieldKind(StrEnum):
    """Kinds of values, with the Python type that holds them."""

    TEXT = "text"  # str, one line
    MARKDOWN = "markdown"  # str, CommonMark with GitHub's tables, task lists and strike-through
    CHOICE = "choice"  # str, one of a unified set, or (where said) a vendor's own name or id
    ID = "id"  # str, opaque
    IDS = "ids"  # list[str], order kept, no duplicates
    ITEMS = "items"  # list[PMChecklistItem], order kept
    NAMES = "names"  # list[str], each one line, no duplicates, without order
    DATE = "date"  # datetime.date
    INSTANT = "instant"  # timezone-aware datetime in UTC
    HOURS = "hours"  # float, hours, >= 0
    NUMBER = "number"  # float
    INTEGER = "integer"  # int
    FLAG = "flag"  # bool
    MAP = "map"  # dict[str, Any], by the vendor's field name
    OPAQUE = "opaque"  # the vendor's own record


class Owner(StrEnum):
    """Who decides the value of a field."""

    CALLER = "caller"  # may be written
    CREATOR = "creator"  # written on creation only (a task of a comment)
    SERVER = "server"  # assigned by the system; ignored on creation, refused in updates


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One model field.

    Attributes:
        name: as on the model.
        kind: what it holds.
        owner: who sets it.
        required: must be given on creation and may not be cleared.
        choices: allowed unified values of a `CHOICE`; empty for all other kinds.
        open_choice: a `CHOICE` that takes a vendor's own name or id too.
    """

    name: str
    kind: FieldKind
    owner: Owner = Owner.CALLER
    required: bool = False
    choices: tuple[str, ...] = ()
    open_choice: bool = False


def spec(
    kind: FieldKind,
    *,
    default: Any = MISSING,
    factory: Any = MISSING,
    owner: Owner = Owner.CALLER,
    required: bool = False,
    choices: type[StrEnum] | None = None,
    open_choice: bool = False,
    compare: bool = True,
    show: bool = True,
) -> Any:
    """Declare a model field: a `dataclasses.field` that carries its `FieldSpec`."""
    described = FieldSpec(
        name="",
        kind=kind,
        owner=owner,
        required=required,
        choices=tuple(choices or ()),
        open_choice=open_choice,
    )
    value = {"default_factory": factory} if factory is not MISSING else {"default": default}
    return field(**value, compare=compare, repr=show, metadata={"spec": described})


_SPECS: dict[type, dict[str, FieldSpec]] = {}


def field_specs(model: type) -> dict[str, FieldSpec]:
    """Field name -> spec, in the model's own order. `warnings` is not a field of the record."""
    if model not in _SPECS:
        described = [item for item in fields(model) if "spec" in item.metadata]
        _SPECS[model] = {item.name: replace(item.metadata["spec"], name=item.name) for item in described}
    return _SPECS[model]
