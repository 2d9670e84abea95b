"""Custom fields: `customField7` on the wire, their names and plain values on our side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from pm_providers.errors import ValidationError
from pm_providers.providers.openproject.mapping.hal import Resource, day, href_id
from pm_providers.toolkit.custom_fields import check_kind

__all__ = [
    "CustomField",
    "Option",
    "custom_fields_of",
    "custom_keys",
    "has_custom_fields",
    "read_custom_fields",
    "to_custom_field",
]

_KEY = re.compile(r"customField\d+")
_TYPES = {
    "String": "text",
    "Text": "text",
    "Formattable": "markdown",
    "Integer": "integer",
    "Float": "number",
    "Boolean": "flag",
    "Date": "date",
    "Link": "url",
    "CustomOption": "choice",
    "CustomField::Hierarchy::Item": "choice",
    "User": "user",
    "Version": "sprint",
}
_NAMESPACES = {"user": "users", "sprint": "versions"}


@dataclass(frozen=True, slots=True)
class Option:
    """A value to choose from.

    Attributes:
        href: address that a write refers to.
        name: what people see.
    """

    href: str
    name: str


class _Chosen(str):
    """Name of an option that was chosen, with its address: names need not be unique."""

    __slots__ = ("href",)
    href: str

    def __new__(cls, option: Option) -> Self:
        found = super().__new__(cls, option.name)
        found.href = option.href
        return found


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field as the schema of a project and type (or of projects, versions, users) describes it.

    Attributes:
        key: `customField7`.
        name: what people see; the key in `custom_fields`.
        type: kind of value, in the words of `PMField.type`; the vendor's word for an unknown kind.
        multiple: holds a list.
        required: must be set.
        writable: these credentials may write it.
        linked: the value stands in `_links`.
        options: values to choose from; empty where the schema does not list them.
    """

    key: str
    name: str
    type: str
    multiple: bool = False
    required: bool = False
    writable: bool = True
    linked: bool = False
    options: tuple[Option, ...] = ()

    def read(self, value: Resource) -> Any:
        """Value in a resource; `None` where it is empty or the field is not enabled there.

        Lists give the options' names; users and versions their ids; everything else plain values.
        """
        holder = value.get("_links") if self.linked else value
        found = holder.get(self.key) if isinstance(holder, Mapping) else None
        if self.linked:
            return self._read_links(found)
        if self.type == "markdown":
            return (found.get("raw") if isinstance(found, Mapping) else None) or None
        if self.type == "date":
            return day(found)
        return None if found == "" else found

    def _read_links(self, found: Any) -> Any:
        items = found if isinstance(found, list) else [found]
        values = [self._read_link(item) for item in items if isinstance(item, Mapping)]
        kept = [one for one in values if one is not None]
        if self.multiple:
            return kept or None
        return kept[0] if kept else None

    def _read_link(self, item: Mapping[str, Any]) -> str | None:
        href = item.get("href")
        if href is None:
            return None
        if self.type in _NAMESPACES:
            return href_id(href)
        title = item.get("title")
        named = next((one.name for one in self.options if one.href == href), None)
        return title if isinstance(title, str) else named or href_id(href)

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back.

        Raises:
            ValidationError: wrong type, or no such option (lists those that exist).
        """
        if value is None or value in ("", [], ()):
            return None
        if not self.writable:
            raise self._wrong("is read-only for these credentials")
        if self.multiple:
            items = value if isinstance(value, list | tuple) else [value]
            # What is chosen twice is stored once (recorded 15-custom-fields).
            return _once([self._one(item) for item in items])
        if isinstance(value, list | tuple):
            raise self._wrong("holds a single value")
        return self._one(value)

    def _one(self, value: Any) -> Any:
        if self.type == "choice":
            return self._option(value) if self.options else self._text(value)
        try:
            return check_kind(self.type, value)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._wrong(str(error)) from None

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise self._wrong("must be text")
        return value

    def _option(self, value: Any) -> _Chosen:
        """The option of this name, of this id, or of this name but for case, in this order."""
        text = str(value)
        folded = text.strip().casefold()
        for found in (
            [one for one in self.options if one.name == text],
            [one for one in self.options if href_id(one.href) == text],
            [one for one in self.options if one.name.casefold() == folded],
        ):
            if len(found) > 1:
                ids = ", ".join(str(href_id(one.href)) for one in found)
                raise self._wrong(f"{value!r:.60} is the name of several; give one of the ids {ids}")
            if found:
                return _Chosen(found[0])
        raise self._wrong(f"{value!r:.60} is unknown; it has: {', '.join(one.name for one in self.options)}")

    def write(self, value: Any) -> Any:
        """Wire form of a checked value."""
        if not self.linked:
            return self._plain(value)
        if self.multiple:
            return [] if value is None else [{"href": self._href(item)} for item in value]
        return {"href": None if value is None else self._href(value)}

    def _plain(self, value: Any) -> Any:
        if self.type == "markdown":
            return {"raw": value or ""}
        return value.isoformat() if isinstance(value, date) else value

    def _href(self, value: Any) -> str:
        if self.type in _NAMESPACES:
            return f"/api/v3/{_NAMESPACES[self.type]}/{value}"
        return value.href if isinstance(value, _Chosen) else self._option(value).href

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})


def _once(values: list[Any]) -> list[Any]:
    marks = [(one, getattr(one, "href", None)) for one in values]
    return [one for place, one in enumerate(values) if marks[place] not in marks[:place]]


def to_custom_field(key: str, schema: Mapping[str, Any]) -> CustomField:
    """Description of a field in a schema; `[]CustomOption` stands for a list of them."""
    vendor_type = str(schema.get("type", ""))
    multiple = vendor_type.startswith("[]")
    return CustomField(
        key=key,
        name=str(schema.get("name") or key),
        type=_TYPES.get(vendor_type.removeprefix("[]"), vendor_type.removeprefix("[]")),
        multiple=multiple,
        required=bool(schema.get("required")),
        writable=schema.get("writable") is not False,
        linked=multiple or schema.get("location") == "_links" or _is_linked(vendor_type),
        options=tuple(_options(schema)),
    )


def _is_linked(vendor_type: str) -> bool:
    return vendor_type in {"CustomOption", "CustomField::Hierarchy::Item", "User", "Version"}


def _options(schema: Mapping[str, Any]) -> Iterable[Option]:
    """Options in a form's schema: embedded resources (recorded 14-…: step 4), else the links with titles."""
    embedded, links = schema.get("_embedded"), schema.get("_links")
    found = embedded.get("allowedValues") if isinstance(embedded, Mapping) else None
    for item in found if isinstance(found, list) else []:
        href = item.get("_links", {}).get("self", {}).get("href") if isinstance(item, Mapping) else None
        name = href and (item.get("value") or item.get("name") or item["_links"]["self"].get("title"))
        if isinstance(href, str) and isinstance(name, str):
            yield Option(href, name)
    listed = links.get("allowedValues") if isinstance(links, Mapping) and not found else None
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, Mapping) and isinstance(item.get("href"), str):
            yield Option(item["href"], str(item.get("title") or href_id(item["href"])))


def custom_fields_of(schema: Mapping[str, Any]) -> tuple[CustomField, ...]:
    """Custom fields of a schema, in its order."""
    return tuple(
        to_custom_field(key, entry)
        for key, entry in schema.items()
        if _KEY.fullmatch(key) and isinstance(entry, Mapping)
    )


def read_custom_fields(value: Resource, fields: Sequence[CustomField]) -> dict[str, Any]:
    """Field name -> value of the fields that hold one."""
    found = {field.name: field.read(value) for field in fields}
    return {name: one for name, one in found.items() if one is not None}


def custom_keys(value: Resource) -> set[str]:
    """Keys of the custom fields that a resource carries."""
    links = value.get("_links")
    return {key for holder in (value, links or {}) for key in holder if _KEY.fullmatch(key)}


def has_custom_fields(value: Resource) -> bool:
    """Whether a resource carries custom fields at all."""
    return bool(custom_keys(value))
