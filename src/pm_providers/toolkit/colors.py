"""Colours as `#rrggbb`, for vendors that have a few by name. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pm_providers.errors import ValidationError

__all__ = ["nearest_color"]

_HEX = re.compile(r"#([0-9a-fA-F]{6})")


def nearest_color(value: str, palette: Mapping[str, str], *, field: str = "color") -> str:
    """The vendor's name of the colour that looks most like one.

    Args:
        value: `#rrggbb`, or a name of the palette.
        palette: the vendor's name -> `#rrggbb`. Of equally near ones the first is taken.
        field: field of the record, for the error.

    Raises:
        ValidationError: neither.
    """
    name = value.strip().casefold()
    if name in palette:
        return name
    if _HEX.fullmatch(name) is None:
        raise ValidationError(fields={field: f"{value!r:.40} is no colour: '#rrggbb' is one"})
    wanted = _parts(name)
    return min(palette, key=lambda one: _distance(wanted, _parts(palette[one])))


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _distance(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """How different two colours look: the "redmean" approximation, cheap and near to the eye."""
    red, green, blue = (a - b for a, b in zip(one, other, strict=True))
    mean = (one[0] + other[0]) / 2
    return (2 + mean / 256) * red**2 + 4 * green**2 + (2 + (255 - mean) / 256) * blue**2
