"""Recorded ids to ours and back, learned by pairing answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

__all__ = ["IdMap"]

HREF = re.compile(r"(/api/v3/)(time_entries/activities|[a-z_]+)/(\d+)(?![\d.])")
# These collections share one sequence of ids.
SHARED = {"users": "principals", "groups": "principals", "placeholder_users": "principals"}
FILTERS = {
    "parent": "work_packages",
    "work_package": "work_packages",
    "workPackage": "work_packages",
    "involved": "work_packages",
    "from": "work_packages",
    "to": "work_packages",
    "relates": "work_packages",
    "project": "projects",
    "parent_id": "projects",
    "ancestor": "projects",
    "member": "projects",
    "version": "versions",
    "category": "categories",
    "assignee": "users",
    "author": "users",
    "responsible": "users",
    "principal": "users",
    "user": "users",
}


class IdMap:
    """Ids that nobody taught are the same on both sides."""

    def __init__(self) -> None:
        self._ours: dict[tuple[str, int], int] = {}
        self._recorded: dict[tuple[str, int], int] = {}
        self._etags: dict[str, str] = {}

    def learn(self, space: str, recorded: int, ours: int) -> None:
        """Pair two ids of one collection."""
        space = SHARED.get(space, space)
        self._ours[space, recorded] = ours
        self._recorded[space, ours] = recorded

    def learn_etag(self, recorded: str | None, ours: str | None) -> None:
        """Pair the ETags of one answer."""
        if recorded and ours:
            self._etags[recorded] = ours

    def ours(self, space: str, recorded: int) -> int:
        """Our id for a recorded one."""
        return self._ours.get((SHARED.get(space, space), recorded), recorded)

    def recorded(self, space: str, ours: int) -> int:
        """The recorded id for ours."""
        return self._recorded.get((SHARED.get(space, space), ours), ours)

    def request(self, value: Any) -> Any:
        """A path, header or body as we have to send it."""
        return _walk(value, lambda text: self._etags.get(text, _hrefs(text, self.ours)))

    def query(self, query: str, path: str) -> str:
        """A query string as we have to send it; broken ones stay as they are."""
        if (
            not query.startswith(("filters=%5B", "pageSize=", "offset=", "sortBy="))
            or "filters=" not in query
        ):
            return query
        params = dict(parse_qsl(query, keep_blank_values=True))
        try:
            filters = json.loads(params["filters"])
            changed = [self._filter(f, path) for f in filters]
        except (ValueError, TypeError, AttributeError):
            return query
        if changed == filters:
            return query
        return urlencode({**params, "filters": json.dumps(changed)})

    def _filter(self, entry: dict[str, Any], path: str) -> dict[str, Any]:
        own = path.rstrip("/").rpartition("/")[2]
        result = {}
        for name, body in entry.items():
            space = own if name == "id" else FILTERS.get(name)
            values = body.get("values")
            if space and isinstance(values, list):
                result[name] = {**body, "values": [self._number(space, v) for v in values]}
            else:
                result[name] = body
        return result

    def _number(self, space: str, value: Any) -> Any:
        text = str(value)
        return type(value)(self.ours(space, int(text))) if text.isdigit() else value

    def answer(self, value: Any) -> Any:
        """Our answer in terms of the recording."""
        walked = _walk(value, lambda text: _hrefs(text, self.recorded))
        _own_ids(walked)
        return walked

    def pair(self, recorded: Any, ours: Any, *, created: bool) -> None:
        """Learn from two answers: the created object, and activities anywhere."""
        if created:
            self._pair_one(recorded, ours)
        for left, right in _activities(recorded, ours):
            self._pair_one(left, right)

    def _pair_one(self, recorded: Any, ours: Any) -> None:
        left, right = _self(recorded), _self(ours)
        if left and right and left[0] == right[0]:
            self.learn(left[0], left[1], right[1])


def _self(body: Any) -> tuple[str, int] | None:
    href = ((body.get("_links") or {}).get("self") or {}).get("href") if isinstance(body, dict) else None
    match = HREF.fullmatch(href or "")
    return (match.group(2), int(match.group(3))) if match else None


def _activities(recorded: Any, ours: Any) -> list[tuple[Any, Any]]:
    if not (isinstance(recorded, dict) and isinstance(ours, dict)):
        return []
    if str(recorded.get("_type", "")).startswith("Activity"):
        return [(recorded, ours)]
    left = (recorded.get("_embedded") or {}).get("elements")
    right = (ours.get("_embedded") or {}).get("elements")
    if isinstance(left, list) and isinstance(right, list):
        pairs = zip(left, right, strict=False)
        return [p for p in pairs if str(p[0].get("_type", "")).startswith("Activity")]
    return []


def _hrefs(text: str, change: Callable[[str, int], int]) -> str:
    if "/api/v3/" not in text:
        return text
    return HREF.sub(lambda m: f"{m[1]}{m[2]}/{change(m[2], int(m[3]))}" if _plain(m) else m[0], text)


def _plain(match: re.Match[str]) -> bool:
    return not match[3].startswith("0") and len(match[3]) < 10


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(part, change) for part in value]
    if isinstance(value, dict):
        return {key: _walk(part, change) for key, part in value.items()}
    return value


def _own_ids(value: Any) -> None:
    if isinstance(value, list):
        for part in value:
            _own_ids(part)
    elif isinstance(value, dict):
        own = _self(value) if isinstance(value.get("_links"), dict) else None
        if own and isinstance(value.get("id"), int):
            value["id"] = own[1]
        for part in value.values():
            _own_ids(part)
