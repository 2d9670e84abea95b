"""Text that may be shown: no control characters, no secrets; JSON with a stable form."""

from __future__ import annotations

import dataclasses
import json
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.model import PMChecklist, PMChecklistItem, Record, WriteWarning, field_specs

__all__ = ["clean", "done_of", "line", "plain", "record_dict", "ticked", "to_json"]

_LAYOUT = {"\n", "\t"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_JOINERS = {"\u200d", "\u200c", "\ufe0f"}


def clean(text: str) -> str:
    """The text without what would steer a terminal: escape sequences, direction marks, lone surrogates."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in _LAYOUT or char in _JOINERS or unicodedata.category(char) not in _HIDDEN else "�"
        for char in text
    )


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(clean(text).split())


def ticked(item: PMChecklistItem) -> str:
    """An item of a checklist on one line, with its box."""
    return f"{'☑' if item.is_done else '☐'} {line(item.title)}"


def done_of(checklist: PMChecklist) -> str | None:
    """How much of a checklist is done: `2/5`; `None` for an empty one."""
    items = checklist.items
    return f"{sum(item.is_done for item in items)}/{len(items)}" if items else None


def plain(value: Any) -> Any:
    """Plain data for JSON: instants end in `Z`, dates are ISO."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, WriteWarning):
        return {name: plain(getattr(value, name)) for name in ("field", "asked", "got", "reason")}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def record_dict(record: Record, *, raw: bool = False, written: bool = False) -> dict[str, Any]:
    """A record with all its fields in the order of the model.

    Args:
        record: what a provider returned.
        raw: `raw_data` too.
        written: `warnings` too, as a list.
    """
    names = [name for name in field_specs(type(record)) if raw or name != "raw_data"]
    found = {name: plain(getattr(record, name)) for name in names}
    if written:
        found["warnings"] = plain(list(getattr(record, "warnings", ())))
    return found


def to_json(value: Any) -> str:
    """Indented JSON. Lone surrogates, which no encoding can hold, are escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value, indent=2, allow_nan=False)
    return text
