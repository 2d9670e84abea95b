"""Finds reference material that lies beside the repository and is not part of it.

Tests that read it skip by name where it is absent: third-party documents and recordings are never copied
into the repository.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

__all__ = ["need", "shared_path", "spec_path"]

ROOT = Path(__file__).resolve().parents[1]


def shared_path(*parts: str) -> Path:
    """Path below the shared folder: `PM_SHARED_DIR`, else `shared` beside the repository."""
    base = os.environ.get("PM_SHARED_DIR")
    folder = Path(base) if base else ROOT.parent / "shared"
    return folder.joinpath(*parts)


def spec_path(name: str) -> Path:
    """Path of a vendor's API document: in `PM_SPECS_DIR`, else in the shared folder."""
    base = os.environ.get("PM_SPECS_DIR")
    return Path(base) / name if base else shared_path("specs", name)


def need(path: Path) -> Path:
    """The path, or skip the calling test by the name of what is missing."""
    if not path.exists():
        pytest.skip(f"{path.name} is not here (PM_SHARED_DIR, PM_SPECS_DIR)")
    return path
