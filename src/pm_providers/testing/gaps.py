"""Known gaps of a provider: strict, so that a gap that was closed fails until its entry goes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import pytest

__all__ = ["Gap", "GapKind"]


class GapKind(StrEnum):
    """Whose gap it is."""

    NOTIMPL = "notimpl"  # ours: to be written
    NOTYET = "notyet"  # the vendor's: this version lacks it, a later one has it
    NEVER = "never"  # the vendor's own limit


@dataclass(frozen=True, slots=True)
class Gap:
    """One test of the suite that a provider cannot pass.

    What the capabilities declare as unsupported needs no gap: the suite then checks the refusal instead.

    Attributes:
        test: name of the test, with its parameter in brackets where only that one fails
            (`test_field_is_held[task.progress]`).
        kind: whose gap it is.
        reason: why, in a sentence; required.
        raises: what the test fails with; any other failure is no known gap.
    """

    test: str
    kind: GapKind
    reason: str
    raises: type[BaseException] | tuple[type[BaseException], ...] = AssertionError

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError(f"the gap of {self.test} needs a reason")

    def covers(self, *names: str) -> bool:
        """Whether one of the names of a test is the one of this gap."""
        return self.test in names

    def marker(self) -> pytest.MarkDecorator:
        """The strict expected failure that stands for the gap."""
        return pytest.mark.xfail(strict=True, raises=self.raises, reason=f"{self.kind}: {self.reason}")
