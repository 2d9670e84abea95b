"""Custom fields: ids and texts on the wire, names and plain values on our side."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.toolkit.custom_fields import check_kind
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = ["CustomField", "carried", "read_custom_fields", "to_custom_field", "write_custom_fields"]

_KINDS = {
    "string": "text",
    "text": "text",
    "int": "integer",
    "float": "number",
    "bool": "flag",
    "date": "date",
    "link": "url",
    "list": "choice",
    "enumeration": "choice",
    "user": "user",
    "version": "sprint",
    "attachment": "attachment",
}
_FLAGS = {"1": True, "0": False}


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field. Only administrators are told its format (recorded 04-…: step 12).

    Attributes:
        id: the vendor's id.
        name: what people see; the key in `custom_fields`.
        type: kind of value, in the words of `PMField.type`; `text` where these credentials are not told.
        multiple: holds a list.
        required: must be set.
        known: the format was told; without it values are the texts that the vendor stores.
        options: stored value -> what people see, of lists and key/value lists.
        trackers: ids of the trackers whose issues have it.
    """

    id: str
    name: str
    type: str = "text"
    multiple: bool = False
    required: bool = False
    known: bool = False
    options: tuple[tuple[str, str], ...] = ()
    trackers: frozenset[str] = frozenset()

    def read(self, value: Any) -> Any:
        """A stored value: texts and lists of texts become plain values; `None` where it is empty."""
        if isinstance(value, list):
            found = [one for one in map(self._read_one, value) if one is not None]
            return found or None
        return self._read_one(value)

    def _read_one(self, value: Any) -> Any:
        """What is stored as sent (`" -3 "`, `1e3`, recorded 06-…: steps 17, 19) is read all the same."""
        if value is None or value == "":
            return None
        text = str(value)
        if self.type == "choice":
            return dict(self.options).get(text, text)
        try:
            return _READERS[self.type](text) if self.type in _READERS else text
        except (KeyError, ValueError):
            return text

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back.

        Raises:
            ValidationError: wrong type, or no such option (lists those that exist).
        """
        if value is None or value in ("", [], ()):
            return None
        if self.type == "attachment":
            raise self._wrong("holds a file; the interface writes none into custom fields")
        if self.multiple:
            items = value if isinstance(value, list | tuple) else [value]
            return list(dict.fromkeys(self._checked_one(one) for one in items))
        if isinstance(value, list | tuple):
            raise self._wrong("holds a single value")
        return self._checked_one(value)

    def _checked_one(self, value: Any) -> Any:
        if not self.known:
            return _stored(value)
        if self.type == "choice":
            return self._option(value)[1]
        try:
            return check_kind(self.type, value)
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from None

    def _option(self, value: Any) -> tuple[str, str]:
        """The option of this name, of this stored value, or of this name but for case, in this order."""
        text = str(value)
        folded = text.strip().casefold()
        for found in (
            [one for one in self.options if one[1] == text],
            [one for one in self.options if one[0] == text],
            [one for one in self.options if one[1].casefold() == folded],
        ):
            if len(found) > 1:
                stored = ", ".join(one[0] for one in found)
                raise self._wrong(f"{value!r:.60} is the name of several; give one of {stored}")
            if found:
                return found[0]
        raise self._wrong(f"{value!r:.60} is unknown; it has: {', '.join(one[1] for one in self.options)}")

    def write(self, value: Any) -> Any:
        """Wire form of a checked value."""
        if self.multiple:
            return [""] if value is None else [self._write_one(one) for one in value]
        return "" if value is None else self._write_one(value)

    def _write_one(self, value: Any) -> str:
        return self._option(value)[0] if self.known and self.type == "choice" else _stored(value)

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})


def _flag(text: str) -> bool:
    return _FLAGS[text]


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _finite(text: str) -> float:
    """`1e400` may be stored; infinite numbers are none that JSON or another system could hold."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


_READERS: dict[str, Callable[[str], Any]] = {"integer": int, "number": _finite, "flag": _flag, "date": _date}


def _stored(value: Any) -> str:
    """A value as the text that the vendor stores."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value.isoformat() if isinstance(value, date) else str(value)


def to_custom_field(value: Document) -> CustomField:
    """Description of a field: of the administrators' list, or the id and name that records carry."""
    word = optional_text(value, "field_format")
    options = value.get("possible_values")
    trackers = value.get("trackers")
    kind = _KINDS.get(word, word) if word else "text"
    return CustomField(
        id=identifier(value, "custom field"),
        name=optional_text(value, "name") or "",
        type=kind,
        multiple=value.get("multiple") is True,
        required=value.get("is_required") is True,
        known=word is not None,
        options=tuple(_options(options)) if kind == "choice" and isinstance(options, list) else (),
        trackers=frozenset(identifier(one, "tracker") for one in trackers or () if isinstance(one, Mapping)),
    )


def _options(found: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for one in found:
        stored = one.get("value") if isinstance(one, Mapping) else None
        if stored not in (None, ""):
            yield str(stored), str(one.get("label") or stored)


def carried(value: Document) -> list[Document]:
    """The custom fields that a record carries, as they came."""
    found = value.get("custom_fields")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def read_custom_fields(value: Document, known: Mapping[str, CustomField]) -> dict[str, Any]:
    """Field name -> value of the fields that hold one.

    Args:
        value: the record.
        known: descriptions by id; a field without one is read as text.
    """
    result = {}
    for one in carried(value):
        field = known.get(identifier(one, "custom field")) or to_custom_field(one)
        found = field.read(one.get("value"))
        if found is not None:
            result[optional_text(one, "name") or field.name] = found
    return result


def write_custom_fields(values: Mapping[str, Any], fields: Sequence[CustomField]) -> list[dict[str, Any]]:
    """Wire form of checked values: by id, names are ignored (recorded 06-…: step 33)."""
    by_name = {one.name: one for one in fields}
    return [
        {"id": int(by_name[name].id), "value": by_name[name].write(value)} for name, value in values.items()
    ]
