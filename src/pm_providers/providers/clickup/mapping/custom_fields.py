"""Custom fields by name. What is written and what is read differ for most types ([doc] customfields)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMField
from pm_providers.providers.clickup.mapping.values import day_ms, milliseconds, moment_day, optional_id
from pm_providers.toolkit.custom_fields import check_kind
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = ["READ_ONLY", "CustomField", "Option", "read_custom", "to_custom_field", "to_field"]

READ_ONLY = frozenset(
    {"automatic_progress", "formula", "votes", "voting", "button", "attachment", "files", "signature"}
)
"""Types that the API does not write: computed, votes of people, files that are uploaded elsewhere."""

_KINDS: Mapping[str, str] = {
    "short_text": "text",
    "text": "markdown",
    "email": "text",
    "phone": "text",
    "url": "url",
    "number": "number",
    "currency": "number",
    "date": "date",
    "drop_down": "choice",
    "labels": "choice",
    "users": "user",
    "checkbox": "flag",
    "emoji": "integer",
    "manual_progress": "number",
}
_LISTS = frozenset({"labels", "users", "tasks", "list_relationship"})
_RELATIONS = frozenset({"users", "tasks", "list_relationship"})
_MAX_RATING = 5
_NAME_END = 8
_USER = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Option:
    """Option of a drop-down or of labels.

    Attributes:
        id: uuid; that is what is written.
        name: what people see.
        place: `orderindex`; a drop-down is read as this.
    """

    id: str
    name: str
    place: int | None


@dataclass(frozen=True, slots=True)
class CustomField:
    """Description of a custom field.

    Attributes:
        id: uuid.
        name: what people see.
        type: the vendor's word.
        options: of drop-downs and labels.
        most: highest value of a rating, or end of a progress; `None` where there is none.
        least: beginning of a progress.
        is_required: must be set by people in the app; the API does not ask for it.
    """

    id: str
    name: str
    type: str
    options: tuple[Option, ...] = ()
    most: float | None = None
    least: float = 0.0
    is_required: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether the API writes it."""
        return self.type not in READ_ONLY

    @property
    def kind(self) -> str:
        """`PMField.type`."""
        return _KINDS.get(self.type, self.type)

    @property
    def is_list(self) -> bool:
        """Whether it holds several values."""
        return self.type in _LISTS

    # writing

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back; `None` clears.

        Raises:
            ValidationError: wrong type, no such option, or a field that the API does not write.
        """
        if not self.is_writable:
            raise self._wrong(f"is read-only: the vendor computes or collects it ({self.type})")
        if value is None or value in ("", [], ()):
            return None
        try:
            return self._list(value) if self.is_list else self._single(value)
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from None

    def _list(self, value: Any) -> list[str]:
        if not isinstance(value, list | tuple):
            raise TypeError("must be a list")
        if self.type == "labels":
            return [self._option(one).name for one in value]
        if self.type == "users" and not all(_USER.fullmatch(str(one)) for one in value):
            raise TypeError("must be a list of user ids")
        return [str(one) for one in value]

    def _single(self, value: Any) -> Any:
        if self.type == "drop_down":
            return self._option(value).name
        if self.type == "location":
            return _location(value)
        found = check_kind(self.kind, value)
        if self.type == "emoji" and not 0 <= found <= (self.most or _MAX_RATING):
            raise ValueError(f"must be from 0 to {self.most or _MAX_RATING:g}")
        if self.type == "manual_progress" and not self.least <= found <= (self.most or 100):
            raise ValueError(f"must be from {self.least:g} to {self.most or 100:g}")
        return found

    def _option(self, value: Any) -> Option:
        folded = str(value).strip().casefold()
        by_name = (one for one in self.options if one.name.strip().casefold() == folded)
        found = next((one for one in self.options if one.id == value), None) or next(by_name, None)
        if found is None:
            has = ", ".join(one.name for one in self.options) or "none"
            raise ValueError(f"{value!r:.60} is no option; there is: {has:.500}")
        return found

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})

    def wire(self, value: Any, before: Any, zone: tzinfo) -> dict[str, Any]:
        """Body that sets the field ([spec] SetCustomFieldValue).

        Args:
            value: as from `checked`; not `None`, which is another call.
            before: the value that the field has, as it is read: people and tasks are written as differences.
            zone: time zone of days.
        """
        if self.type in _RELATIONS:
            return {"value": _difference(value, before, numbers=self.type == "users")}
        if self.type == "date":
            return {"value": day_ms(value, zone), "value_options": {"time": False}}
        write = _WRITERS.get(self.type)
        return {"value": value if write is None else write(self, value)}

    def initial(self, value: Any, zone: tzinfo) -> dict[str, Any]:
        """The same within the body of a new task."""
        return {"id": self.id, **self.wire(value, None, zone)}

    # reading

    def read(self, value: Any, zone: tzinfo) -> Any:
        """A value as callers see it; `None` where the field is not set."""
        if value is None or value == "":
            return None
        read = _READERS.get(self.type)
        if read is not None:
            return read(self, value)
        return moment_day(value, zone) if self.type == "date" else value

    def option_read(self, value: Any) -> str:
        """Name of an option by its place in the list or its uuid; what is unknown stays as it is."""
        for one in self.options:
            if value == one.id or (one.place is not None and str(value) == str(one.place)):
                return one.name
        return str(value)


def _difference(value: Sequence[str], before: Any, *, numbers: bool) -> dict[str, list[Any]]:
    have = [str(one) for one in before or ()]
    made: Callable[[str], Any] = int if numbers else str
    return {
        "add": [made(one) for one in value if one not in have],
        "rem": [made(one) for one in have if one not in value],
    }


def _location(value: Any) -> dict[str, Any]:
    place = value.get("location") if isinstance(value, Mapping) else None
    if not isinstance(place, Mapping) or not all(
        isinstance(place.get(one), int | float) for one in ("lat", "lng")
    ):
        raise TypeError("must be {'location': {'lat': ..., 'lng': ...}, 'formatted_address': ...}")
    return {
        "location": {"lat": place["lat"], "lng": place["lng"]},
        "formatted_address": str(value.get("formatted_address") or ""),
    }


def _write_labels(field: CustomField, value: Any) -> list[str]:
    return [field._option(one).id for one in value]  # noqa: SLF001 - the same module


_WRITERS: Mapping[str, Callable[[CustomField, Any], Any]] = {
    "drop_down": lambda field, value: field._option(value).id,  # noqa: SLF001
    "labels": _write_labels,
    "manual_progress": lambda _, value: {"current": value},
}


def _read_number(_: CustomField, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return value
    try:
        found = float(value)
    except ValueError:
        return value
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def _read_flag(_: CustomField, value: Any) -> bool:
    return value is True or str(value).casefold() == "true"


def _read_progress(field: CustomField, value: Any) -> Any:
    return _read_number(field, value.get("current")) if isinstance(value, Mapping) else value


def _read_ids(_: CustomField, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    ids = [optional_id(one.get("id")) if isinstance(one, Mapping) else optional_id(one) for one in value]
    return [one for one in ids if one is not None] or None


def _read_labels(field: CustomField, value: Any) -> Any:
    return [field.option_read(one) for one in value] or None if isinstance(value, list) else value


_READERS: Mapping[str, Callable[[CustomField, Any], Any]] = {
    "number": _read_number,
    "currency": _read_number,
    "emoji": _read_number,
    "checkbox": _read_flag,
    "drop_down": lambda field, value: field.option_read(value),
    "labels": _read_labels,
    "users": _read_ids,
    "tasks": _read_ids,
    "list_relationship": _read_ids,
    "manual_progress": _read_progress,
}


def to_custom_field(document: Document) -> CustomField:
    """Description of a field, as lists of fields and each task carry it."""
    config = document.get("type_config")
    known: Mapping[str, Any] = config if isinstance(config, Mapping) else {}
    kind = optional_text(document, "type") or "text"
    most = known.get("count") if kind == "emoji" else known.get("end")
    least = known.get("start")
    return CustomField(
        id=identifier(document, "custom field"),
        name=optional_text(document, "name") or "",
        type=kind,
        options=tuple(_options(known.get("options"))),
        most=float(most) if isinstance(most, int | float) and not isinstance(most, bool) else None,
        least=float(least) if isinstance(least, int | float) and not isinstance(least, bool) else 0.0,
        is_required=document.get("required") is True,
    )


def _options(documents: Any) -> Iterable[Option]:
    for place, one in enumerate(documents if isinstance(documents, list) else ()):
        if isinstance(one, Mapping):
            name = optional_text(one, "name") or optional_text(one, "label") or ""
            index = milliseconds(one.get("orderindex"))
            yield Option(identifier(one, "option"), name, place if index is None else index)


def to_field(document: Document, *, keep_raw: bool = True) -> PMField:
    """A custom field as discovery shows it."""
    field = to_custom_field(document)
    return PMField(
        id=field.id,
        name=field.name,
        type=field.kind,
        entity=Entity.TASK,
        is_custom=True,
        is_required=field.is_required,
        is_multiple=field.is_list,
        is_writable=field.is_writable,
        allowed_values=tuple(one.name for one in field.options),
        raw_data=dict(document) if keep_raw else None,
    )


def read_custom(documents: Any, zone: tzinfo, known: dict[str, CustomField]) -> dict[str, date | Any]:
    """Values of a task's custom fields by name; those that are not set are left out.

    Two fields of one name (a list may inherit both) are told apart by the beginning of their ids.

    Args:
        documents: `custom_fields` of a task.
        zone: time zone of days.
        known: descriptions by id, filled here: reading those of 10,000 tasks one by one would take long.
    """
    found: dict[str, Any] = {}
    for one in documents if isinstance(documents, list) else ():
        value = one.get("value") if isinstance(one, Mapping) else None
        if value is None or value in ("", []):
            continue
        key = str(one.get("id"))
        field = known.get(key)
        if field is None:
            field = known[key] = to_custom_field(one)
        read = field.read(value, zone)
        if read is not None:
            name = field.name if field.name not in found else f"{field.name} [{key[:_NAME_END]}]"
            found[name] = read
    return found
