"""Custom fields: texts by id on the wire, plain values by name on our side. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.providers.trello.mapping.values import day_of, noon
from pm_providers.toolkit.custom_fields import check_kind
from pm_providers.toolkit.documents import Document, identifier, optional_text

__all__ = ["CustomField", "held", "to_custom_fields"]

_KINDS = {"text": "text", "number": "number", "date": "date", "checkbox": "flag", "list": "choice"}


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field of a board.

    Attributes:
        id: the vendor's id.
        name: what people see, with the id behind it where the board has several of the name.
        type: kind of value, in the words of `PMField.type`.
        options: id -> text, of lists, in the order that people see.
        zone: zone in which dates are read.
    """

    id: str
    name: str
    type: str
    options: tuple[tuple[str, str], ...]
    zone: tzinfo

    def read(self, item: Mapping[str, Any]) -> Any:
        """Value of an item of a card; `None` where it is empty. Values are texts, numbers and ticks too.

        What no value of the kind is comes as the text that it is.
        """
        if self.type == "choice":
            chosen = item.get("idValue")
            return dict(self.options).get(chosen, chosen) if isinstance(chosen, str) and chosen else None
        value = item.get("value")
        if not isinstance(value, Mapping):
            return None
        found = next((one for one in value.values() if one not in (None, "")), None)
        if found is None:
            return None
        return _READERS.get(self.type, _as_text)(found, self.zone)

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back: a tick that is off is no value.

        Raises:
            ValidationError: wrong type, or no such option (lists those that exist).
        """
        if value in (None, "", [], ()) or value is False:
            if value is False and self.type != "flag":
                raise self._wrong("must not be False")
            return None
        if self.type == "choice":
            return self._option(value)[1]
        try:
            return check_kind(self.type, value)
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from None

    def write(self, value: Any) -> dict[str, Any]:
        """Wire form of a checked value, as `PUT /cards/{id}/customFields` wants it."""
        if value is None:
            return {"idCustomField": self.id, "value": "", "idValue": ""}
        if self.type == "choice":
            return {"idCustomField": self.id, "idValue": self._option(value)[0]}
        return {"idCustomField": self.id, "value": {_WIRE.get(self.type, "text"): self._text(value)}}

    def _text(self, value: Any) -> str:
        if self.type == "flag":
            return "true"
        if self.type == "date":
            return noon(value, self.zone)
        if self.type == "number":
            return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))
        return str(value)

    def _option(self, value: Any) -> tuple[str, str]:
        """The option of this text, of this id, or of this text but for case."""
        text = str(value)
        folded = text.strip().casefold()
        for fits in (
            [one for one in self.options if one[1] == text],
            [one for one in self.options if one[0] == text],
            [one for one in self.options if one[1].strip().casefold() == folded],
        ):
            if fits:
                return fits[0]
        known = ", ".join(one[1] for one in self.options) or "none"
        raise self._wrong(f"{value!r:.60} is unknown; it has: {known:.500}")

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})


_WIRE = {"text": "text", "number": "number", "date": "date", "flag": "checked"}


def _as_text(value: Any, _zone: tzinfo) -> Any:
    return str(value)


def _as_number(value: Any, _zone: tzinfo) -> Any:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    return number if math.isfinite(number) else str(value)


def _as_flag(value: Any, _zone: tzinfo) -> Any:
    """A tick that is off is missing, or says so: both are no value."""
    return True if str(value).casefold() == "true" else None


def _as_day(value: Any, zone: tzinfo) -> Any:
    return day_of(value, zone)


_READERS: dict[str, Callable[[Any, tzinfo], Any]] = {
    "number": _as_number,
    "flag": _as_flag,
    "date": _as_day,
}


def to_custom_fields(values: Sequence[Document], zone: tzinfo) -> tuple[CustomField, ...]:
    """Custom fields of a board, in the vendor's order. Of several with one name, each wears its id."""
    names = [optional_text(one, "name") or "" for one in values]
    return tuple(
        CustomField(
            id=identifier(one, "custom field"),
            name=name if names.count(name) == 1 and name else f"{name} ({identifier(one, 'custom field')})",
            type=_KINDS.get(str(one.get("type")), str(one.get("type") or "text")),
            options=tuple(_options(one)),
            zone=zone,
        )
        for one, name in zip(values, names, strict=True)
    )


def _options(value: Document) -> list[tuple[str, str]]:
    found = value.get("options")
    options = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    texts = []
    for one in sorted(options, key=lambda option: _place(option.get("pos"))):
        shown = one.get("value")
        text = shown.get("text") if isinstance(shown, Mapping) else None
        texts.append((identifier(one, "option"), str(text or "")))
    return texts


def _place(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def held(card: Mapping[str, Any], fields: Mapping[str, CustomField]) -> dict[str, Any]:
    """Field name -> value of the fields that a card holds; those without a description are left out."""
    items = card.get("customFieldItems")
    result: dict[str, Any] = {}
    for item in items if isinstance(items, list) else ():
        field = fields.get(str(item.get("idCustomField"))) if isinstance(item, Mapping) else None
        value = None if field is None else field.read(item)
        if field is not None and value is not None:
            result[field.name] = value
    return result
