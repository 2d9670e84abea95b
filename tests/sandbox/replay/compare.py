"""What counts as the same answer: status, error identity, shape, and plain values that do not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from tests.sandbox.replay.recordings import SHORTENED, Step

__all__ = ["compare_answers", "compare_bodies"]

# Times, renderings of text, and what is generated from secrets or sentences in prose.
# The recorded server gave every attachment the type `application/binary`, which its notes call doubtful.
VOLATILE = frozenset(
    {"contentType", "createdAt", "updatedAt", "html", "avatar", "message", "details", "parseError"}
)
# Lists that the vendor gives as its database happens to return them.
UNORDERED = (".projects", ".children")


def compare_answers(step: Step, status: int, body: Any) -> list[str]:
    """Differences between a recorded answer and ours; ours is already in recorded terms."""
    if status != step.status:
        seen = _error_identity(body) if isinstance(body, dict) else ""
        return [f"status: {step.status} is {status} {seen}".strip()]
    if _is_error(step.answer):
        left, right = _error_identity(step.answer), _error_identity(body)
        return [] if left == right else [f"error: {left} is {right}"]
    if not isinstance(step.answer, (dict, list)) or "_raw_text_body" in step.answer:
        structured = isinstance(body, list) or (isinstance(body, dict) and "_raw_text_body" not in body)
        return ["body: none or text is JSON"] if structured else []
    return list(compare_bodies(step.answer, body))


def compare_bodies(recorded: Any, ours: Any, path: str = "") -> Iterator[str]:
    """Differences of two JSON values: names, kinds, lengths of lists, plain values."""
    if isinstance(recorded, dict) and isinstance(ours, dict):
        yield from _objects(recorded, ours, path)
    elif isinstance(recorded, list) and isinstance(ours, list):
        yield from _lists(recorded, ours, path)
    elif _kind(recorded) != _kind(ours) or not _same(recorded, ours, path):
        yield f"{path}: {_show(recorded)} is {_show(ours)}"


def _objects(recorded: dict[str, Any], ours: dict[str, Any], path: str) -> Iterator[str]:
    for key in recorded:
        if key not in ours:
            yield f"{path}.{key}: missing"
    for key in ours:
        if key not in recorded:
            yield f"{path}.{key}: too much"
    for key, value in recorded.items():
        if key not in ours:
            continue
        if key in VOLATILE:
            if key != "details" and _kind(value) != _kind(ours[key]):
                yield f"{path}.{key}: {_kind(value)} is {_kind(ours[key])}"
        else:
            yield from compare_bodies(value, ours[key], f"{path}.{key}")


def _lists(recorded: list[Any], ours: list[Any], path: str) -> Iterator[str]:
    if path.endswith(UNORDERED):
        recorded, ours = _sorted(recorded), _sorted(ours)
    if len(recorded) != len(ours):
        yield f"{path}: {len(recorded)} elements are {len(ours)}"
        return
    for number, (left, right) in enumerate(zip(recorded, ours, strict=True)):
        yield from compare_bodies(left, right, f"{path}[{number}]")


def _sorted(values: list[Any]) -> list[Any]:
    return sorted(values, key=lambda v: (v.get("href") or "", v.get("id") or 0))


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "text", dict: "object", list: "list", type(None): "null"}[type(value)]


def _same(recorded: Any, ours: Any, path: str) -> bool:
    if recorded == ours:
        return True
    if not isinstance(recorded, str):
        return False
    short = SHORTENED.match(recorded)
    if short:
        return bool(ours.startswith(short.group(1)))
    return path.endswith("href") and _href(recorded) == _href(ours)


def _href(value: str) -> tuple[str, dict[str, str]]:
    path, _, query = value.partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))


def _is_error(body: Any) -> bool:
    return isinstance(body, dict) and body.get("_type") == "Error"


def _error_identity(body: Any) -> tuple[Any, ...]:
    """Identifier and attribute; of several faults the set of them."""
    if not _is_error(body):
        return ("no error",)
    embedded = body.get("_embedded") or {}
    name = body["errorIdentifier"].rpartition(":")[2]
    if "errors" in embedded:
        return (name, frozenset(_error_identity(e) for e in embedded["errors"]))
    return (name, (embedded.get("details") or {}).get("attribute"))


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 80 else text[:77] + "..."
