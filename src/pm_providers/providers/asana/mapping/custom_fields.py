"""Custom fields: what they are, and their values both ways. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMField
from pm_providers.providers.asana.mapping.values import gid, listed
from pm_providers.toolkit.custom_fields import check_kind
from pm_providers.toolkit.documents import Document, day, instant, optional_number, optional_text

__all__ = [
    "FIELD_FIELDS",
    "VALUE_FIELDS",
    "FieldInfo",
    "Option",
    "find_field",
    "read_value",
    "to_field_info",
    "to_pm_field",
    "unique_names",
    "write_values",
]

VALUE_FIELDS = (
    "custom_fields.name",
    "custom_fields.resource_subtype",
    "custom_fields.representation_type",
    "custom_fields.format",
    "custom_fields.enum_value.name",
    "custom_fields.multi_enum_values.name",
    "custom_fields.number_value",
    "custom_fields.text_value",
    "custom_fields.date_value.date",
    "custom_fields.date_value.date_time",
    "custom_fields.people_value",
    "custom_fields.reference_value",
    "custom_fields.display_value",
)
"""`opt_fields` of values: without the options of each field, which are many.

`date_value` is no record: alone it comes without what is in it, so both of its members are named.
"""

FIELD_FIELDS = (
    "name",
    "resource_subtype",
    "representation_type",
    "format",
    "precision",
    "enum_options.name",
    "enum_options.enabled",
    "is_value_read_only",
    "is_formula_field",
)
"""`opt_fields` of descriptions."""

_LONGEST_TEXT = 1024
_KINDS: Mapping[str, str] = {
    "text": "text",
    "enum": "choice",
    "multi_enum": "choice",
    "number": "number",
    "date": "date",
    "people": "user",
    "reference": "reference",
}
_COMPUTED = {"formula", "custom_id"}
_MANY = {"multi_enum", "people", "reference"}


@dataclass(frozen=True, slots=True)
class Option:
    """One value of an enum field; options cannot be deleted, only disabled."""

    id: str
    name: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A custom field.

    Attributes:
        id: gid.
        name: what people see; made unique within a project.
        subtype: `text`, `enum`, `multi_enum`, `number`, `date`, `people` or `reference`.
        representation: the same, or `formula` or `custom_id` (values are computed).
        format: of numbers: `duration` is in minutes.
        precision: digits behind the point of numbers; `None` where it is not told.
        options: values of enums, in their order.
        locked: values may not be written by us.
        document: as the vendor describes it.
    """

    id: str
    name: str
    subtype: str
    representation: str = ""
    format: str = ""
    precision: int | None = None
    options: tuple[Option, ...] = ()
    locked: bool = False
    document: Mapping[str, Any] | None = None

    @property
    def is_computed(self) -> bool:
        """Whether the system makes the values: formulas and IDs."""
        return self.representation in _COMPUTED

    @property
    def is_writable(self) -> bool:
        """Whether values can be set."""
        return not self.locked and not self.is_computed and self.subtype in _KINDS

    @property
    def is_duration(self) -> bool:
        """Whether numbers are minutes."""
        return self.subtype == "number" and self.format == "duration"

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back.

        Raises:
            ValidationError: the field cannot be written, or cannot hold the value.
        """
        if not self.is_writable:
            raise self._wrong("is computed or locked, and cannot be written")
        if value is None or value in ("", []):
            return None
        try:
            return self._checked_many(value) if self.subtype in _MANY else self._checked_one(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from None

    def _checked_many(self, value: Any) -> list[str]:
        values = list(value) if isinstance(value, list | tuple) else [value]
        if self.subtype == "multi_enum":
            return list(dict.fromkeys(self.option(one).name for one in values))
        return list(dict.fromkeys(_gid(one) for one in values))

    def _checked_one(self, value: Any) -> Any:
        if self.subtype == "enum":
            return self.option(value).name
        if self.subtype == "date" and isinstance(value, datetime):
            if value.tzinfo is None:
                raise TypeError("must be a date, or an instant with a time zone")
            return value.astimezone(UTC)
        found = check_kind(_KINDS[self.subtype], value)
        if self.subtype == "text" and len(found) > _LONGEST_TEXT:
            raise ValueError(f"has {len(found)} characters; the field holds {_LONGEST_TEXT}")
        return found

    def option(self, value: Any) -> Option:
        """The option that a name or id means.

        Raises:
            ValidationError: none does; lists those that there are.
        """
        usable = [one for one in self.options if one.enabled]
        folded = str(value).strip().casefold()
        for one in usable:
            if one.id == value or one.name.strip().casefold() == folded:
                return one
        known = ", ".join(one.name for one in usable) or "none"
        raise self._wrong(f"{value!r:.60} is none of its options: {known:.500}")

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})


def _gid(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).isdigit():
        raise TypeError("must be ids")
    return str(value)


def to_field_info(value: Document) -> FieldInfo:
    """Description of a field, from a list of fields or from a value of it."""
    precision = optional_number(value, "precision")
    subtype = optional_text(value, "resource_subtype") or optional_text(value, "type") or ""
    formula = value.get("is_formula_field") is True
    return FieldInfo(
        id=gid(value, "custom field"),
        name=optional_text(value, "name") or "",
        subtype=subtype,
        representation="formula" if formula else optional_text(value, "representation_type") or subtype,
        format=optional_text(value, "format") or "",
        precision=None if precision is None else int(precision),
        options=tuple(
            Option(gid(one, "option"), optional_text(one, "name") or "", one.get("enabled") is not False)
            for one in listed(value, "enum_options")
        ),
        locked=value.get("is_value_read_only") is True,
        document=value,
    )


def unique_names(fields: Iterable[FieldInfo]) -> list[FieldInfo]:
    """Fields under names that tell them apart: those of one name wear their ids."""
    known = list(fields)
    counts = Counter(one.name for one in known)
    return [replace(one, name=f"{one.name} ({one.id})") if counts[one.name] > 1 else one for one in known]


def find_field(fields: Iterable[FieldInfo], name: str, subtypes: Sequence[str]) -> FieldInfo | None:
    """The field of a convention: by gid or name (without case), and of one of the kinds."""
    folded = name.strip().casefold()
    for one in fields:
        if one.subtype in subtypes and folded and folded in {one.id, one.name.strip().casefold()}:
            return one
    return None


def read_value(value: Document, subtype: str, representation: str) -> Any:
    """Value of a custom field as a record holds it.

    Names for options, gids for people and references, a date or an instant, a number, a text. Formulas and
    kinds that are not known read as what people see. Without a value `None`, of lists too.
    """
    if representation in _COMPUTED:
        return optional_text(value, "display_value")
    if subtype == "enum":
        found = value.get("enum_value")
        return optional_text(found, "name") if isinstance(found, Mapping) else None
    if subtype == "number":
        return optional_number(value, "number_value")
    if subtype == "text":
        return optional_text(value, "text_value")
    if subtype == "date":
        return _date(value.get("date_value"))
    if subtype == "multi_enum":
        names = [
            one["name"] for one in listed(value, "multi_enum_values") if isinstance(one.get("name"), str)
        ]
        return names or None
    if subtype in _MANY and f"{subtype}_value" in value:
        return [gid(one, subtype) for one in listed(value, f"{subtype}_value")] or None
    return optional_text(value, "display_value")


def _date(value: Any) -> date | datetime | None:
    if not isinstance(value, Mapping):
        return day(value)
    return instant(value.get("date_time")) or day(value.get("date"))


def write_values(values: Mapping[str, Any], fields: Iterable[FieldInfo]) -> dict[str, Any]:
    """Checked values by name as the vendor takes them: by gid, `None` to clear.

    Options are written by gid, dates as objects ([doc] custom fields guide; the document's example has a
    plain date).
    """
    by_name = {one.name: one for one in fields}
    return {by_name[name].id: _wire(by_name[name], value) for name, value in values.items()}


def _wire(field: FieldInfo, value: Any) -> Any:
    if value is None:
        return None
    if field.subtype == "enum":
        return field.option(value).id
    if field.subtype == "multi_enum":
        return [field.option(one).id for one in value]
    if isinstance(value, datetime):
        return {"date_time": f"{value.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"}
    return {"date": value.isoformat()} if isinstance(value, date) else value


def to_pm_field(field: FieldInfo, *, keep_raw: bool = True) -> PMField:
    """A custom field as discovery tells it."""
    kind = field.representation if field.is_computed else _KINDS.get(field.subtype, field.subtype)
    return PMField(
        id=field.id,
        name=field.name,
        type=kind,
        entity=Entity.TASK,
        is_custom=True,
        is_multiple=field.subtype in _MANY,
        is_writable=field.is_writable,
        allowed_values=tuple(one.name for one in field.options if one.enabled),
        raw_data=dict(field.document) if keep_raw and field.document is not None else None,
    )
