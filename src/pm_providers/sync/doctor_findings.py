"""What the doctor says. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ERROR", "INFO", "WARNING", "Finding"]

ERROR, WARNING, INFO = "error", "warning", "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not well, or that people should know.

    Attributes:
        level: `error`, `warning` or `info`.
        kind: `orphan`, `duplicate`, `user`, `status`, `priority`, `type`, `field`, `pair`, `problem`,
            `conflict`, `state`.
        text: what, in words.
        command: what mends it; `""` where nothing need be done.
    """

    level: str
    kind: str
    text: str
    command: str = ""
