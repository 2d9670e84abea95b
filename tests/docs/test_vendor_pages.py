"""What the vendors' pages say of tests, options and settings is there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "vendors").glob("*.md"))
_TEST = re.compile(r"`(?P<file>test_\w+\.py)?::(?P<name>test_\w+)`")


@cache
def _tests(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_named_tests_exist(page):
    """A trap whose test was renamed or dropped is a trap without a guard."""
    file, wrong = "", []
    for found in _TEST.finditer(page.read_text(encoding="utf-8")):
        file = found["file"] or file
        paths = [*(ROOT / "tests").glob(f"*/{page.stem}/{file}"), *(ROOT / "tests").glob(f"*/{file}")]
        if not any(found["name"] in _tests(path) for path in paths):
            wrong.append(f"{file}::{found['name']}")
    assert wrong == []
