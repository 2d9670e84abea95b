"""Durations as Jira writes them: `1w 2d 3h 4m`, with the site's hours in a day and days in a week."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["parse_duration", "spoken"]

_PART = re.compile(r"(\d{1,9}(?:\.\d{1,4})?)([wdhm]?)")


def _units(settings: dict[str, Any]) -> dict[str, int]:
    day = round(settings["hours_per_day"] * 3600)
    return {"w": round(settings["days_per_week"] * day), "d": day, "h": 3600, "m": 60}


def spoken(seconds: int, settings: dict[str, Any]) -> str:
    """Seconds in words; less than a minute is `0m`."""
    parts = []
    for unit, size in _units(settings).items():
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts) or "0m"


def parse_duration(text: Any, settings: dict[str, Any]) -> int | None:
    """Seconds of a text, a bare number being minutes; None for what is no duration."""
    if isinstance(text, int) and not isinstance(text, bool):
        text = str(text)
    if not isinstance(text, str) or not text.strip():
        return None
    total = 0.0
    for word in text.split():
        match = _PART.fullmatch(word)
        if match is None:
            return None
        total += float(match.group(1)) * _units(settings)[match.group(2) or "m"]
    return int(total // 60 * 60)
