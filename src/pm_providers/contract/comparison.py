"""Whether a stored value is the value that was asked for."""

from __future__ import annotations

import math
from typing import Any

from pm_providers.model import INVERSE_RELATIONS, FieldKind, PMChecklistItem, Record, field_specs

__all__ = ["holds", "same_document"]

_HOURS_TOLERANCE = 1e-6


def holds(name: str, asked: Any, result: Record) -> bool:
    """Whether `result` holds `asked` in field `name`, by the rules that are the same for all vendors.

    Empty and missing are the same. A choice may have been asked for by unified value or by the vendor's name.
    Lists of ids and of names have no order, names no
    case. Only the custom fields that were asked for count. Line ends of Markdown may be changed.
    """
    spec = field_specs(type(result))[name]
    got = getattr(result, name)
    if asked in (None, "", [], {}) or got is None:
        return asked in (None, "", [], {}) and got in (None, "", [], {})
    if spec.kind is FieldKind.CHOICE:
        return _same_choice(name, str(asked), result)
    if spec.kind is FieldKind.MARKDOWN:
        return _lines(asked) == _lines(got)
    if spec.kind in {FieldKind.HOURS, FieldKind.NUMBER}:
        return math.isclose(asked, got, rel_tol=1e-9, abs_tol=_HOURS_TOLERANCE)
    if spec.kind is FieldKind.IDS:
        return sorted(asked) == sorted(got)
    if spec.kind is FieldKind.NAMES:
        return {_folded(one) for one in asked} == {_folded(one) for one in got}
    if spec.kind is FieldKind.ITEMS:
        return _same_items(asked, got)
    if spec.kind is FieldKind.MAP:
        return all(got.get(key) == value for key, value in asked.items())
    return bool(asked == got)


def _same_items(asked: list[PMChecklistItem], got: list[PMChecklistItem]) -> bool:
    """Whether items in order hold what others are asked for; where they stand is not compared."""
    return len(asked) == len(got) and all(
        holds(name, getattr(one, name), other)
        for one, other in zip(asked, got, strict=True)
        for name in ("title", "is_done", "assignee_id", "due_date")
    )


def _folded(name: str) -> str:
    return name.strip().casefold()


def same_document(name: str, asked: Any, result: Record) -> bool:
    """Whether two Markdown texts say the same, however they are spelled: bullets as `*` or `-`, and so on.

    For systems that keep texts in another format, out of which a spelling cannot come back.
    """
    got = getattr(result, name)
    if field_specs(type(result))[name].kind is not FieldKind.MARKDOWN:
        return False
    if not isinstance(asked, str) or not isinstance(got, str):
        return False
    from pm_providers.text import parse_markdown  # most writes never need the parser

    return parse_markdown(_lines(asked)) == parse_markdown(_lines(got))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _same_choice(name: str, asked: str, result: Record) -> bool:
    folded = _folded(asked)
    known = (getattr(result, name), getattr(result, f"{name}_name", None))
    if any(isinstance(one, str) and _folded(one) == folded for one in known):
        return True
    return name == "type" and asked in INVERSE_RELATIONS and known[0] == INVERSE_RELATIONS[asked]
