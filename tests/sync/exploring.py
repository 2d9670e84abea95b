"""Trying lives of two systems: days on which people work, and then something happens to a run.

By itself it tries other lives each time; with `CI` set, those of `make test`, which are the same each time.

| variable | effect |
|---|---|
| `PM_SYNC_EXAMPLES` | so many lives of each pair of systems |
| `PM_SYNC_SEED` | those of this seed, which a failure names |
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy import Engine

from tests.sync.machine import NAME, PICK, SIDE
from tests.sync.replaying import Steps, replay, shortened

SHORTEN_S = 120.0
DAYS = (3, 6)


def _step(name: str, /, **given: Any) -> Any:
    return st.tuples(st.just(name), st.fixed_dictionaries(given))


_FAULT = st.sampled_from(["", "", "before", "after", "limit", "spent", "gateway"])
_CREATE = _step("create", side=SIDE, pick=PICK, below=st.booleans())
_EDIT = _step("edit", side=SIDE, pick=PICK, name=NAME)
_BOTH = _step("edit_both", side=SIDE, pick=PICK, name=NAME)
PEOPLE = st.one_of(
    _CREATE, _CREATE, _EDIT, _EDIT, _EDIT, _BOTH, _BOTH,
    _step("clear", side=SIDE, pick=PICK),
    _step("move", side=SIDE, pick=PICK, onto=PICK),
    _step("move", side=SIDE, pick=PICK, onto=PICK),
    _step("delete", side=SIDE, pick=PICK),
    _step("comment", side=SIDE, pick=PICK),
    _step("wait", seconds=st.sampled_from([1, 61, 400, 90_000])),
    _step("restart"),
    _step("list_late", side=SIDE, number=st.integers(1, 3)),
)  # fmt: skip
_HOW = st.sampled_from(["add", "add", "remove", "replace"])
_ANY = st.integers(0, 5)
_ITEMS = st.sampled_from(["list", "item", "item", "tick", "tick", "remove"])
AROUND = {
    "labels": (_step("label", side=SIDE, pick=PICK, number=_ANY, how=_HOW),),
    "people": (_step("assign", side=SIDE, pick=PICK, number=_ANY, how=_HOW),),
    "sprints": (
        _step("new_sprint", side=SIDE),
        _step("rename_sprint", side=SIDE, number=_ANY),
        _step("into_sprint", side=SIDE, pick=PICK, number=_ANY),
        _step("into_sprint", side=SIDE, pick=PICK, number=_ANY),
    ),
    "relations": (
        _step("relate", side=SIDE, pick=PICK, onto=PICK),
        _step("relate", side=SIDE, pick=PICK, onto=PICK),
        _step("unrelate", side=SIDE, pick=PICK, number=_ANY),
    ),
    "checklists": (_step("check", side=SIDE, pick=PICK, number=_ANY, how=_ITEMS),),
    "files": (_step("attach", side=SIDE, pick=PICK),),
}
_BOTH_OF = {"labels", "people", "relations", "checklists"}
"""Kind of what stands around tasks -> what people do to it."""

_KNOWN = st.sampled_from(["status", "due_date", "estimated_hours"])
"""By none of these an item is found again of which nobody knows whether it was made."""

_TOLD = st.sampled_from(["title", "due_date"])
"""Of these it can be told whether a value stands in the history."""
_THEN = st.one_of(st.just(""), NAME)

_WHAT = st.sampled_from(["edit", "edit", "delete", "create", "around"])
RUN = st.one_of(
    _step("run"),
    _step("run_full"),
    _step("die", steps=st.integers(0, 60)),
    _step("die", steps=st.integers(0, 60)),
    _step("run_with_faults", faults=st.lists(_FAULT, min_size=1, max_size=5)),
    _step("run_with_faults", faults=st.lists(_FAULT, min_size=1, max_size=5)),
    _step("edit_between", side=SIDE, pick=PICK, name=_TOLD, then=_THEN, calls=st.integers(1, 12)),
    _step("lose_an_answer", side=SIDE, number=st.integers(0, 2), name=_KNOWN, late=st.booleans()),
    _step("run_without_an_answer", number=st.integers(0, 20)),
    _step("run_while_people_work", calls=st.integers(1, 40), side=SIDE, pick=PICK, name=NAME, what=_WHAT),
)


@st.composite
def lives(draw: Any, begin: Any) -> list[tuple[str, dict[str, Any]]]:
    """Steps of a life; the first days of all begin with tasks."""
    begun = draw(begin)
    around = [one for kind in begun.get("around", ()) for one in AROUND[kind]]
    around += [
        _step("both", kind=st.just(kind), pick=PICK, onto=PICK, number=_ANY)
        for kind in begun.get("around", ())
        if kind in _BOTH_OF
    ]
    people = st.one_of(PEOPLE, *around, *around) if around else PEOPLE
    steps = [("begin", begun), *draw(st.lists(_CREATE, min_size=2, max_size=4))]
    if around and draw(st.booleans()):
        steps.append(("run", {}))
    for _ in range(draw(st.integers(*DAYS))):
        steps += draw(st.lists(people, max_size=4 + len(around) // 2))
        steps.append(draw(RUN))
    return steps


def number_of(default: int) -> int:
    """How many examples to try."""
    return int(os.environ.get("PM_SYNC_EXAMPLES", default))


def explored(kind: Any, db: Engine, number: int) -> None:
    """Try lives. A failure comes with its seed, and with the steps for `regressions.py`."""
    in_ci, chosen = bool(os.environ.get("CI")), os.environ.get("PM_SYNC_SEED")
    started = int(chosen or (0 if in_ci else secrets.randbelow(10**9)))
    found: list[tuple[Steps, Exception]] = []

    @settings(
        max_examples=number,
        deadline=None,
        phases=(Phase.generate,),  # theirs takes hours: see `shortened`
        suppress_health_check=list(HealthCheck),
        database=None,
        report_multiple_bugs=False,
    )
    @seed(started)
    @given(lives(kind.beginnings))
    def tried(steps: Steps) -> None:
        try:
            replay(kind, steps)
        except Exception as error:
            found.append((steps, error))
            raise

    kind.db = db
    log = logging.getLogger("pm_providers")
    level = log.level
    log.setLevel(logging.ERROR)
    with asyncio.Runner() as kind.loop:
        try:
            tried()
        except Exception:  # Hypothesis tells of its second try, which may have come out otherwise
            if not found:
                raise
            steps, error = found[0]
            if not in_ci:
                steps = shortened(kind, steps, SHORTEN_S)
            error.add_note(f"PM_SYNC_SEED={started}; a case for regressions.py:\n{list(steps)!r}")
            raise error from None
        finally:
            log.setLevel(level)
