"""The fields of a bulk edit, turned into the body of an ordinary edit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pm_providers.sandbox.jira.errors import ApiError

__all__ = ["bulk_error", "edit_body"]

Change = tuple[str, str, Any]  # field id, "set" or an operation, value
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OPERATIONS = {"ADD": "add", "REMOVE": "remove"}


def bulk_error(*messages: str, status: int = 400) -> ApiError:
    """An error as bulk operations word it: a list of messages."""
    return ApiError(status, *messages, body={"errors": [{"message": text} for text in messages]})


def edit_body(given: dict[str, Any], actions: list[str]) -> dict[str, Any]:
    """`editedFieldsInput` as `{fields, update}`, with the type and status under `issuetype` and `status`.

    Raises:
        ApiError: 400 for unknown members, fields that are not selected, and selected ones without a value.
    """
    changes: list[Change] = []
    for name, value in given.items():
        reader = _READERS.get(name)
        if reader is None:
            raise bulk_error(f"Unknown member of editedFieldsInput: {name}")
        entries = value if isinstance(value, list) else [value]
        for entry in entries:
            if not isinstance(entry, dict):
                raise bulk_error(f"The value of {name} is not valid.")
            changes += reader(entry)
    found = [name for name, _, _ in changes]
    unlisted = sorted(set(found) - set(actions))
    if unlisted:
        raise bulk_error(
            "The following editedFieldInput values are not listed as selectedActions : " + ", ".join(unlisted)
        )
    missing = sorted(set(actions) - set(found))
    if missing:
        raise bulk_error(
            "The following selectedActions have no value in editedFieldsInput : " + ", ".join(missing)
        )
    return _body(changes)


def _body(changes: list[Change]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    update: dict[str, Any] = {}
    for name, verb, value in changes:
        if verb == "set":
            both = name == "timetracking" and name in fields
            fields[name] = {**fields[name], **value} if both else value
        else:
            update.setdefault(name, []).extend({verb: part} for part in value)
    return {"fields": fields, "update": update}


def _id(entry: dict[str, Any]) -> str:
    name = entry.get("fieldId")
    if not isinstance(name, str) or not name:
        raise bulk_error("A fieldId is required.")
    return name


def _several(
    key: str, read: Callable[[Any], Any], default_id: str = ""
) -> Callable[[dict[str, Any]], list[Change]]:
    def reader(entry: dict[str, Any]) -> list[Change]:
        name = default_id if default_id and not entry.get("fieldId") else _id(entry)
        option = str(entry.get("bulkEditMultiSelectFieldOption", "REPLACE"))
        given = entry.get(key) or []
        if not isinstance(given, list):
            raise bulk_error(f"The value of {name} is not valid.")
        values = [read(part) for part in given]
        if option == "REMOVE_ALL":
            return [(name, "set", [])]
        if option == "REPLACE":
            return [(name, "set", values)]
        if option not in _OPERATIONS:
            raise bulk_error(f"Unknown bulkEditMultiSelectFieldOption: {option}")
        return [(name, _OPERATIONS[option], values)]

    return reader


def _single(key: str, read: Callable[[Any], Any]) -> Callable[[dict[str, Any]], list[Change]]:
    return lambda entry: [(_id(entry), "set", read(entry.get(key)))]


def _fixed(name: str, key: str, read: Callable[[Any], Any]) -> Callable[[dict[str, Any]], list[Change]]:
    return lambda entry: [(name, "set", read(entry.get(key)))]


def _member(name: str, out: str = "") -> Callable[[Any], Any]:
    """Take one member of an object; an empty one clears the field."""

    def read(value: Any) -> Any:
        inner = value.get(name) if isinstance(value, dict) else None
        if inner is None or str(inner) in {"", "-1"}:
            return None
        return {out: inner if out == "accountId" else str(inner)} if out else inner

    return read


def _cascading(entry: dict[str, Any]) -> list[Change]:
    parent = _member("optionId", "id")(entry.get("parentOptionValue"))
    child = _member("optionId", "id")(entry.get("childOptionValue"))
    value = None if parent is None else {**parent, **({"child": child} if child else {})}
    return [(_id(entry), "set", value)]


def _date(value: Any) -> str | None:
    found = _member("formattedDate")(value)
    if found is None:
        return None
    text = str(found)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return text
    found = re.fullmatch(r"(\d\d)-(\d\d)-(\d{4})", text)
    if found:
        return f"{found[3]}-{found[2]}-{found[1]}"
    found = re.fullmatch(r"(\d{1,2})/([A-Za-z]{3})/(\d\d)", text)
    if found is None or str(found[2]).lower() not in _MONTHS:
        raise bulk_error(f"The date '{text}' is not valid.")
    return f"20{found[3]}-{_MONTHS.index(found[2].lower()) + 1:02d}-{int(found[1]):02d}"


def _rich(value: Any) -> Any:
    return value.get("adfValue") if isinstance(value, dict) else None


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> Any:
    return value or None


def _named(value: Any) -> dict[str, str]:
    return {"id": str(value)}


_READERS: dict[str, Callable[[dict[str, Any]], list[Change]]] = {
    "labelsFields": _several("labels", _member("name"), "labels"),
    "multiselectComponents": _several("components", _member("componentId", "id"), "components"),
    "multipleVersionPickerFields": _several("versions", _member("versionId", "id")),
    "multipleSelectFields": _several("options", _member("optionId", "id")),
    "multipleSelectClearableUserPickerFields": _several("users", _member("accountId", "accountId")),
    "multipleGroupPickerFields": _several("groups", _member("groupName", "name")),
    "singleSelectFields": _single("option", _member("optionId", "id")),
    "singleVersionPickerFields": _single("version", _member("versionId", "id")),
    "singleGroupPickerFields": _single("group", _member("groupName", "name")),
    "singleSelectClearableUserPickerFields": _single("user", _member("accountId", "accountId")),
    "singleLineTextFields": _single("text", _text),
    "urlFields": _single("url", _text),
    "colorFields": _single("color", _member("name")),
    "richTextFields": _single("richText", _rich),
    "clearableNumberFields": _single("value", _same),
    "datePickerFields": _single("date", _date),
    "dateTimePickerFields": _single("dateTime", _member("formattedDateTime")),
    "cascadingSelectFields": _cascading,
    "priority": _fixed("priority", "priorityId", _named),
    "issueType": _fixed("issuetype", "issueTypeId", _named),
    "status": _fixed("status", "statusId", _same),
    "originalEstimateField": _fixed(
        "timetracking", "originalEstimateField", lambda value: {"originalEstimate": value}
    ),
    "timeTrackingField": _fixed("timetracking", "timeRemaining", lambda value: {"remainingEstimate": value}),
}
