"""How many examples a property test tries: all of them by itself, enough of them in `make test`."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

_SHARE = 6
_FEWEST = 20


def examples(number: int, **options: Any) -> settings:
    """Settings of a property test that tries `number` examples, or a sixth of them where `CI` is set.

    There the examples are the same each time (`tests/conftest.py`), so that more of them find nothing new.

    Args:
        number: all of them; where `CI` is set at least 20 are tried, or all if those are fewer.
        options: other settings of Hypothesis, on top of the profile of `tests/conftest.py`.
    """
    if os.environ.get("CI"):
        number = min(number, max(_FEWEST, number // _SHARE))
    return settings(max_examples=number, **options)
