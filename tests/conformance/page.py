"""The package that `docs/write-a-provider.md` builds, taken from the page."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "write-a-provider.md"
_BLOCK = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks() -> dict[str, list[str]]:
    """File name -> its blocks, in the order of the page."""
    found: dict[str, list[str]] = {}
    for name, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        found.setdefault(name, []).append(text)
    return found


def write_package(folder: Path) -> None:
    """Do what the page says: put its blocks into files, one after the other."""
    for name, texts in blocks().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(texts), "utf-8")
    (folder / "README.md").write_text("Written by following the page.\n", "utf-8")
