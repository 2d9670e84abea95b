"""The nearest of a few colours."""

from __future__ import annotations

import pytest

from pm_providers import ValidationError
from pm_providers.toolkit.colors import nearest_color

PALETTE = {"red": "#e8384f", "green": "#62d26f", "blue": "#4186e0", "gray": "#8da3a6"}


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ("#ff0000", "red"),
        ("#00FF00", "green"),
        ("#0000ff", "blue"),
        ("#888888", "gray"),
        ("#4186e0", "blue"),
        (" #E8384F ", "red"),
        ("Green", "green"),
    ],
)
def test_the_nearest_color(color: str, name: str) -> None:
    assert nearest_color(color, PALETTE) == name


def test_every_color_is_its_own_nearest() -> None:
    assert [nearest_color(color, PALETTE) for color in PALETTE.values()] == list(PALETTE)


@pytest.mark.parametrize("color", ["", "#fff", "ff0000", "#gg0000", "#ff00000", "pink", "#ff0000;"])
def test_what_is_no_color(color: str) -> None:
    with pytest.raises(ValidationError) as caught:
        nearest_color(color, PALETTE, field="tint")
    assert list(caught.value.fields) == ["tint"]
