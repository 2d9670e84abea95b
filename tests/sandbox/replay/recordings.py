"""Reads the recorded exchanges; their format is described beside them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

__all__ = ["SHORTENED", "Recording", "Step", "load", "resources"]

SHORTENED = re.compile(r"^(.*)\.\.\.<shortened: (\d+) characters(?:, sha256 [0-9a-f]+)?>$", re.DOTALL)
TAIL = 6
SELF = re.compile(r"/api/v3/([a-z_/]+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded step; `kind` is call, jobs (background jobs ran) or delivery (of a webhook)."""

    file: str
    n: int
    name: str
    kind: str
    method: str = ""
    path: str = ""
    query: str = ""
    account: str | None = None
    headers: dict[str, str] | None = None
    body: Any = None
    status: int = 0
    answer_headers: dict[str, str] | None = None
    answer: Any = None
    deliveries: int = 0

    @property
    def key(self) -> str:
        """`10:5`: short file number and step."""
        return f"{self.file[:2]}:{self.n}"

    def body_bytes(self, body: Any) -> bytes:
        """A request body (the recorded one, or a translated copy) as sent."""
        if body is None:
            return b""
        if isinstance(body, dict) and "_raw_text_body" in body:
            return body["_raw_text_body"].encode()
        if isinstance(body, dict) and "_raw_base64_body" in body:
            return base64.b64decode(body["_raw_base64_body"])
        return json.dumps(body).encode()


@dataclass(frozen=True, slots=True)
class Recording:
    """All steps of one file, in order."""

    file: str
    steps: tuple[Step, ...]


def load(folder: Path) -> list[Recording]:
    """All recordings, in the order in which they were made."""
    found = []
    for path in sorted(folder.glob("[0-9]*.json")):
        steps = json.loads(path.read_text())
        found.append(Recording(path.stem, tuple(_step(path.stem, raw) for raw in steps)))
    return found


def _step(file: str, raw: dict[str, Any]) -> Step:
    request, answer = raw["request"], raw["response"]
    if request is None:
        return Step(file, raw["n"], raw["name"], "jobs", deliveries=raw["deliveries"])
    query = _whole(request["query"])
    return Step(
        file=file,
        n=raw["n"],
        name=raw["name"],
        kind="delivery" if "direction" in raw else "call",
        method=request["method"],
        path=request["path"],
        query=query if isinstance(query, str) else urlencode(query),
        account=request.get("as"),
        headers=request["headers"],
        body=_whole(request["body"]),
        status=answer["status"],
        answer_headers=answer.get("headers") or {},
        answer=answer.get("body"),
    )


def _whole(value: Any) -> Any:
    """A request with its shortened strings at their old length, the lost part made of the last characters kept."""
    if isinstance(value, dict):
        return {key: _whole(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_whole(part) for part in value]
    match = SHORTENED.match(value) if isinstance(value, str) else None
    if match is None:
        return value
    kept, length = match.group(1), int(match.group(2))
    return (kept + kept[-TAIL:] * length)[:length]


def resources(recordings: list[Recording]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Every object that an answer shows, in order: collection, id, body."""
    for recording in recordings:
        for step in recording.steps:
            if step.kind == "call":
                yield from _inside(step.answer)


def _inside(value: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
    if isinstance(value, list):
        for part in value:
            yield from _inside(part)
    elif isinstance(value, dict):
        own = (value.get("_links") or {}).get("self") if isinstance(value.get("_links"), dict) else None
        match = SELF.fullmatch((own or {}).get("href") or "") if isinstance(own, dict) else None
        if match and "_type" in value:
            yield match.group(1), int(match.group(2)), value
        for part in value.values():
            yield from _inside(part)
