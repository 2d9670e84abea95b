"""Notes on disk: `<folder>/<project>/project.json` and `<folder>/<project>/<task>.md`. Dicts in and out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}", re.ASCII)
_LINE = "---\n"


class Folder:
    """The folder. Ids that are no plain names do not exist, so that none leads out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def projects(self) -> list[dict[str, Any]]:
        found = [json.loads(path.read_text("utf-8")) for path in self.root.glob("*/project.json")]
        return sorted(found, key=lambda note: (note["created"], note["key"]))

    def project(self, key: str) -> dict[str, Any] | None:
        path = self.root / key / "project.json"
        return json.loads(path.read_text("utf-8")) if _NAME.fullmatch(key) and path.is_file() else None

    def write_project(self, note: dict[str, Any]) -> None:
        folder = self.root / note["key"]
        folder.mkdir(parents=True, exist_ok=True)
        _replace(folder / "project.json", json.dumps(note, ensure_ascii=False, indent=1))

    def delete_project(self, key: str) -> bool:
        found = self.project(key) is not None
        if found:
            shutil.rmtree(self.root / key)
        return found

    def tasks(self, project: str | None) -> Iterator[dict[str, Any]]:
        for path in sorted(self.root.glob(f"{project or '*'}/*.md"), key=lambda path: path.name):
            yield _parsed(path)

    def task(self, task_id: str) -> dict[str, Any] | None:
        path = self._path(task_id)
        return _parsed(path) if path else None

    def write_task(self, note: dict[str, Any]) -> None:
        before, folder = self._path(note["id"]), self.root / note["project"]
        head = {name: value for name, value in note.items() if name not in {"id", "project", "text"}}
        lines = json.dumps(head, ensure_ascii=False, indent=1, default=str)
        _replace(folder / f"{note['id']}.md", f"{_LINE}{lines}\n{_LINE}{note['text']}")
        if before and before.parent != folder:
            before.unlink()

    def delete_task(self, task_id: str) -> bool:
        path = self._path(task_id)
        if path:
            path.unlink()
        return path is not None

    def _path(self, task_id: str) -> Path | None:
        return next(self.root.glob(f"*/{task_id}.md"), None) if _NAME.fullmatch(task_id) else None


def _parsed(path: Path) -> dict[str, Any]:
    _, head, text = path.read_bytes().decode("utf-8").split(_LINE, 2)
    return {**json.loads(head), "id": path.stem, "project": path.parent.name, "text": text}


def _replace(path: Path, text: str) -> None:
    """Write all or nothing: a reader never sees half a file."""
    fresh = path.with_suffix(".new")
    fresh.write_bytes(text.encode("utf-8"))
    fresh.replace(path)
