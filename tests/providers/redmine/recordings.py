"""Recorded exchanges with a running server, where they lie beside the repository."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.shared_material import need, shared_path

__all__ = ["body", "documents", "recordings", "step"]

Step = dict[str, Any]


@functools.cache
def _load(path: Path) -> list[Step]:
    found: list[Step] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _folder() -> Path:
    return need(shared_path("corpus", "redmine-live"))


def recordings() -> Iterator[tuple[str, Step]]:
    """All steps of all scenarios, with the number of the scenario; skips where there are none."""
    for path in sorted(_folder().glob("*.json")):
        for one in _load(path):
            yield path.name[:2], one


def step(scenario: str, number: int) -> Step:
    """One step of a scenario by its number (`"09"`)."""
    [path] = _folder().glob(f"{scenario}-*.json")
    return next(one for one in _load(path) if one["n"] == number)


def body(scenario: str, number: int) -> Any:
    """What was answered in a step."""
    return step(scenario, number)["response"]["body"]


def documents(value: Any, name: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Objects with an id within an answer, each with the name that it stands under."""
    if isinstance(value, dict):
        if "id" in value:
            yield name, value
        for key, inner in value.items():
            yield from documents(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from documents(inner, name)
