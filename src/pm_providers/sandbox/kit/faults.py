"""Faults that a sandbox injects on request, so that callers can be tested against bad days.

A fault is one `Fault` value, or its text form for the command line::

    503;match=POST .*/work_packages;times=2
    429;retry_after=3
    429;retry_after=date+3
    drop-after;match=^POST;after=1;times=1
    slow;delay_s=2.5;probability=0.1
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from email.utils import format_datetime

__all__ = ["NAMED_KINDS", "STATUS_KINDS", "Fault", "FaultPlan", "parse_fault"]

STATUS_KINDS = frozenset({"401", "403", "404", "409", "422", "429", "500", "502", "503", "504"})
NAMED_KINDS = frozenset(
    {
        "html",
        "truncated",
        "huge",
        "garbage-null",
        "cyclic-next",
        "redirect",
        "drop-before",
        "drop-after",
        "slow",
        "stale-search",
        "deep",
    }
)


@dataclass(slots=True)
class Fault:
    """One kind of trouble and when it strikes.

    Attributes:
        kind: a status code as text (`STATUS_KINDS`) answered with the vendor's own error body before
            anything happened, or one of `NAMED_KINDS`: `html` (200 text/html), `truncated` (the JSON is cut),
            `huge` (an answer of `size` bytes), `garbage-null` (null in place of objects),
            `cyclic-next` (a list that never ends), `redirect` (302 to `to`), `drop-before` and
            `drop-after` (connection closed before or after the write took effect), `slow`
            (the write is done, the answer comes after `delay_s`), `stale-search` (lists show the state
            before the last `writes` writes), `deep` (JSON nested `depth` levels).
        match: regular expression searched in `"METHOD /path"`; empty matches all requests.
        times: strike so often, then never again; None has no end.
        after: let so many matching requests pass first.
        probability: chance of each strike, 0 to 1, drawn from the seeded generator of the plan.
        retry_after: for status kinds: `"5"` (seconds) or `"date+5"` (the HTTP date 5 seconds ahead).
        at: for `garbage-null`: dotted path of the member to null, for example
            `_embedded.elements.0`; empty nulls every object at the top level.
    """

    kind: str
    match: str = ""
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    retry_after: str = ""
    delay_s: float = 1.0
    size: int = 50_000_000
    depth: int = 100_000
    writes: int = 1
    to: str = "https://elsewhere.example/"
    at: str = ""
    struck: int = field(default=0, init=False)
    seen: int = field(default=0, init=False)
    _pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in STATUS_KINDS | NAMED_KINDS:
            known = ", ".join(sorted(STATUS_KINDS | NAMED_KINDS))
            raise ValueError(f"unknown fault {self.kind!r}; known: {known}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be between 0 and 1, not {self.probability}")
        if not re.fullmatch(r"|\d+|date\+\d+", self.retry_after):
            raise ValueError(f"retry_after is seconds or date+SECONDS, not {self.retry_after!r}")
        try:
            self._pattern = re.compile(self.match)
        except re.error as error:
            raise ValueError(f"match is no regular expression: {error}") from error

    @property
    def status(self) -> int | None:
        """The status code of a status kind, else None."""
        return int(self.kind) if self.kind in STATUS_KINDS else None

    def retry_after_header(self, now: datetime) -> str | None:
        """Value of the `Retry-After` header at `now`, in seconds or as an HTTP date; None without one."""
        if not self.retry_after:
            return None
        if self.retry_after.startswith("date+"):
            ahead = timedelta(seconds=int(self.retry_after.removeprefix("date+")))
            return format_datetime((now + ahead).replace(microsecond=0), usegmt=True)
        return self.retry_after

    def strikes(self, request_line: str, rng: random.Random) -> bool:
        """Count a request and say whether the fault hits it."""
        if not self._pattern.search(request_line):
            return False
        self.seen += 1
        if self.seen <= self.after or (self.times is not None and self.struck >= self.times):
            return False
        if self.probability < 1 and rng.random() >= self.probability:
            return False
        self.struck += 1
        return True


class FaultPlan:
    """The faults of one sandbox, tried in order; at most one strikes a request.

    Args:
        faults: `Fault` values or their text form.
        seed: of the generator behind `probability`, so that a run can be repeated.
    """

    def __init__(self, faults: Iterable[Fault | str] = (), *, seed: int = 0) -> None:
        self._faults = [parse_fault(f) if isinstance(f, str) else f for f in faults]
        self._rng = random.Random(seed)

    def add(self, fault: Fault | str) -> Fault:
        """Add a fault from now on; returns it, so that a test can read `struck`."""
        value = parse_fault(fault) if isinstance(fault, str) else fault
        self._faults.append(value)
        return value

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def pick(self, method: str, path: str) -> Fault | None:
        """The fault that hits this request, or None. Counts the request."""
        line = f"{method} {path}"
        return next((f for f in self._faults if f.strikes(line, self._rng)), None)


_CONVERT = {
    "match": str,
    "times": int,
    "after": int,
    "probability": float,
    "retry_after": str,
    "delay_s": float,
    "size": int,
    "depth": int,
    "writes": int,
    "to": str,
    "at": str,
}


def parse_fault(text: str) -> Fault:
    """Read `KIND[;key=value]...`, see the module's examples. A `;` cannot be part of a value.

    Raises:
        ValueError: unknown kind or key, or a value of the wrong type; the text says which.
    """
    kind, *options = [part.strip() for part in text.split(";")]
    known = {f.name for f in fields(Fault)} & _CONVERT.keys()
    values: dict[str, str | int | float] = {}
    for option in options:
        key, separator, raw = option.partition("=")
        if not separator or key not in known:
            raise ValueError(f"bad part {option!r} in fault {text!r}; keys: {', '.join(sorted(known))}")
        try:
            values[key] = _CONVERT[key](raw)
        except ValueError as error:
            raise ValueError(f"bad value for {key} in fault {text!r}: {raw!r}") from error
    return Fault(kind, **values)  # type: ignore[arg-type]  # converted per key above
