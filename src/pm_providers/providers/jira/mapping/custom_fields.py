"""Custom fields, and the system's own that tasks have no field for: ids on the wire, names on our side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.providers.jira.mapping.values import person_id, timestamp
from pm_providers.toolkit.custom_fields import check_kind
from pm_providers.toolkit.documents import day, instant

__all__ = [
    "EPIC_LINK",
    "EPIC_NAME",
    "SEPARATOR",
    "SPRINT",
    "STORY_POINTS",
    "SYSTEM_EXTRAS",
    "FieldInfo",
    "Option",
    "label_of",
    "read_fields",
    "story_point_rank",
    "write_fields",
]

_GH = "com.pyxis.greenhopper.jira:"
SPRINT, EPIC_LINK, EPIC_NAME = f"{_GH}gh-sprint", f"{_GH}gh-epic-link", f"{_GH}gh-epic-label"
STORY_POINTS = f"{_GH}jsw-story-points"
_FLOAT = "com.atlassian.jira.plugin.system.customfieldtypes:float"
_POINT_NAMES = ("story points", "story point estimate")
_DATE_PICKER = "com.atlassian.jira.plugin.system.customfieldtypes:datepicker"
_HIDDEN = frozenset(
    {
        SPRINT,
        EPIC_LINK,
        STORY_POINTS,
        f"{_GH}gh-lexo-rank",
        f"{_GH}gh-global-rank",
        f"{_GH}gh-epic-color",
        f"{_GH}gh-epic-status",
        "com.atlassian.jpo:jpo-custom-field-parent",
        "com.atlassian.jira.ext.charting:firstresponsedate",
        "com.atlassian.jira.ext.charting:timeinstatus",
    }
)
"""Custom fields that tasks have a field for, or that nobody can write."""

_PANELS = "com.atlassian.jira.plugins.jira-development-integration-plugin:"
"""What other tools show in panels of an issue: nobody writes it, and it is no value to people."""

SYSTEM_EXTRAS = frozenset({"components", "environment", "fixVersions", "resolution", "security", "versions"})
"""The system's own fields that tasks have no field for: they are in `custom_fields` by name."""

SEPARATOR = " / "
"""Between the names of an option and its child."""


@dataclass(frozen=True, slots=True)
class Option:
    """A value to choose from.

    Attributes:
        id: the vendor's id.
        name: what people see; of a child in a cascading field, with its parent before it.
        wire: what is sent.
    """

    id: str
    name: str
    wire: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of issues.

    Attributes:
        id: the vendor's id (`customfield_10016`, `components`).
        name: what people see; the key in `custom_fields`.
        kind: kind of value, in the words of `PMField.type`, or `datetime`, `cascading`, `group`, or the
            vendor's own word.
        multiple: holds a list.
        custom: the vendor's word for the type of a custom field; `""` for the system's own.
        scope: id of the team-managed project that it belongs to; `None` for all.
        required: must be set where it stands on a screen, and has no default.
        operations: what may be done with it (`set`, `add`, ...); empty where that is not told.
        options: values to choose from; empty where they are not told.
        person: how users are written, `accountId` or `name`.
        told: it stands on a screen that was asked for, so that options and operations are known.
    """

    id: str
    name: str
    kind: str = "text"
    multiple: bool = False
    custom: str = ""
    scope: str | None = None
    required: bool = False
    operations: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    person: str = "accountId"
    told: bool = False

    @property
    def is_modelled(self) -> bool:
        """Whether tasks have a field for it, so that it is none of `custom_fields`."""
        if not self.custom:
            return self.id not in SYSTEM_EXTRAS
        if self.custom in _HIDDEN or self.custom.startswith(_PANELS):
            return True
        return self.is_start_date or story_point_rank(self) is not None

    @property
    def is_start_date(self) -> bool:
        """Whether it is the day on which work starts: the vendor's field is known by its name only."""
        return self.custom == _DATE_PICKER and self.name.strip().casefold() == "start date"

    @property
    def is_writable(self) -> bool:
        """Whether a value of its kind can be written."""
        return self.kind in _WRITERS

    # reading

    def read(self, value: Any, text: Callable[[Any], str | None]) -> Any:
        """A stored value as a plain one; `None` where it is empty.

        Args:
            value: as it came.
            text: stored rich text -> Markdown.
        """
        if value is None or value in ("", [], {}):
            return None
        if isinstance(value, list):
            found = [one for one in (self._read_one(one, text) for one in value) if one is not None]
            return found or None
        return self._read_one(value, text)

    def _read_one(self, value: Any, text: Callable[[Any], str | None]) -> Any:
        if self.kind == "markdown":
            return text(value)
        if self.kind == "date" and isinstance(value, str):
            return day(value)
        if self.kind == "datetime" and isinstance(value, str):
            return instant(value)
        if self.kind == "user":
            return person_id(value)
        if self.kind == "cascading":
            return _cascade_name(value)
        if isinstance(value, Mapping):
            return label_of(value)
        return value

    # writing

    def checked(self, value: Any) -> Any:
        """A value to write, in the form in which it will be read back.

        Raises:
            ValidationError: wrong type, or no such option (lists those that exist).
        """
        if value is None or value in ("", [], ()):
            return None
        if not self.is_writable:
            raise self._wrong(f"is a field of type {self.kind!r:.40}; the interface cannot write it")
        if self.multiple:
            items = value if isinstance(value, list | tuple) else [value]
            return list(dict.fromkeys(self._checked_one(one) for one in items))
        if isinstance(value, list | tuple):
            raise self._wrong("holds a single value")
        return self._checked_one(value)

    def _checked_one(self, value: Any) -> Any:
        try:
            if self.kind in {"choice", "cascading"}:
                return self.option(value).name if self.options else check_kind("text", value)
            if self.kind == "datetime":
                return _moment(value)
            if self.kind in {"user", "group"}:
                return check_kind("text", value)
            return check_kind(self.kind, value)
        except (TypeError, ValueError) as error:
            raise self._wrong(str(error)) from None

    def option(self, value: Any) -> Option:
        """The option of this name, of this id, or of this name but for case, in this order.

        Raises:
            ValidationError: there is none, or several; lists them.
        """
        text = str(value)
        folded = text.strip().casefold()
        for found in (
            [one for one in self.options if one.name == text],
            [one for one in self.options if one.id == text],
            [one for one in self.options if one.name.strip().casefold() == folded],
        ):
            if len(found) > 1:
                ids = ", ".join(one.id for one in found)
                raise self._wrong(f"{value!r:.60} is the name of several; give one of the ids {ids}")
            if found:
                return found[0]
        raise self._wrong(f"{value!r:.60} is unknown; it has: {self.choices}")

    @property
    def choices(self) -> str:
        """Names of the options, for messages."""
        return ", ".join(one.name for one in self.options)[:500] or "none"

    def write(self, value: Any, text: Callable[[str | None], Any]) -> Any:
        """Wire form of a checked value.

        Args:
            value: from `checked`.
            text: Markdown -> stored rich text.
        """
        if value is None:
            return [] if self.multiple else None
        if self.multiple:
            return [self._write_one(one, text) for one in value]
        return self._write_one(value, text)

    def _write_one(self, value: Any, text: Callable[[str | None], Any]) -> Any:
        if self.kind == "markdown":
            return text(value)
        return _WRITERS[self.kind](self, value)

    def _wrong(self, why: str) -> ValidationError:
        return ValidationError(fields={f"custom_fields.{self.name}": why})


def _moment(value: Any) -> datetime:
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise TypeError("must be an instant with a time zone")
    found = found.astimezone(UTC)
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def label_of(value: Mapping[str, Any]) -> Any:
    """What people see of an option, version, component, group, project, ..."""
    for name in ("value", "name", "displayName", "key", "id"):
        found = value.get(name)
        if isinstance(found, str) and found:
            return found
    return dict(value)


def _cascade_name(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    child = value.get("child")
    name = label_of(value)
    return f"{name}{SEPARATOR}{label_of(child)}" if isinstance(child, Mapping) else name


def _write_option(field: FieldInfo, value: Any) -> Any:
    if field.options:
        return dict(field.option(value).wire)
    return {"value": value} if field.custom else {"name": value}


def _plain(_field: FieldInfo, value: Any) -> Any:
    return value


_WRITERS: dict[str, Callable[[FieldInfo, Any], Any]] = {
    "text": _plain,
    "markdown": _plain,
    "url": _plain,
    "number": _plain,
    "date": lambda _field, value: value.isoformat() if isinstance(value, date) else value,
    "datetime": lambda _field, value: timestamp(value),
    "choice": _write_option,
    "cascading": _write_option,
    "user": lambda field, value: {field.person: value},
    "group": lambda _field, value: {"name": value},
}


def story_point_rank(field: FieldInfo) -> int | None:
    """How likely a field holds the points that boards estimate by, 0 first; `None` when it does not.

    Team-managed projects have a type of their own for it; elsewhere it is a number of one of two names.
    """
    if field.custom == STORY_POINTS:
        return 0
    folded = field.name.strip().casefold()
    return _POINT_NAMES.index(folded) + 1 if field.custom == _FLOAT and folded in _POINT_NAMES else None


# whole records


def read_fields(
    values: Mapping[str, Any], known: Iterable[FieldInfo], text: Callable[[Any], str | None]
) -> dict[str, Any]:
    """Field name -> value of the fields that hold one.

    Args:
        values: `fields` of an issue.
        known: those of `custom_fields`, by unique names.
        text: stored rich text -> Markdown.
    """
    result = {}
    for field in known:
        raw = values.get(field.id)
        if raw is not None and raw != []:
            found = field.read(raw, text)
            if found is not None:
                result[field.name] = found
    return result


def write_fields(
    values: Mapping[str, Any],
    fields: Iterable[FieldInfo],
    text: Callable[[str, str | None], Any],
) -> dict[str, Any]:
    """Wire form of checked values, by id.

    Args:
        values: by name.
        fields: descriptions of at least those that are written.
        text: field id and Markdown -> stored rich text.
    """
    by_name = {one.name: one for one in fields}

    def writer(field: FieldInfo) -> Callable[[str | None], Any]:
        return lambda markdown: text(field.id, markdown)

    return {
        by_name[name].id: by_name[name].write(value, writer(by_name[name])) for name, value in values.items()
    }
