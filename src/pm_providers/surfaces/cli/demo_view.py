"""How the demo looks: numbered steps with the code that does them, tables that fit the terminal."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pm_providers.contract import HealthReport
from pm_providers.errors import PMError
from pm_providers.model import Entity, PMTask, Record
from pm_providers.service import CopyNote, CopyReport
from pm_providers.service.settings import MASK
from pm_providers.surfaces.cli.copying import routine_line
from pm_providers.surfaces.cli.demo_across import counts_across, tasks_across
from pm_providers.surfaces.cli.demo_steps import Snapshot, Visit
from pm_providers.surfaces.cli.state import ProgressCall, State
from pm_providers.surfaces.cli.tables import Names, count_line, plain_table, records_table, short
from pm_providers.surfaces.cli.text import line

__all__ = ["Stage"]

_WIDTH = 100
_INDENT = 3
_APART = 4


class Stage:
    """Everything that the demo prints; silent with `--json`.

    Args:
        state: options of the run.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        columns = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
        self.width = max(72, min(columns, 130))
        self._console: Console = state.console(width=self.width)
        self._number = 0

    def _print(self, part: RenderableType, indent: int = _INDENT) -> None:
        if not self.state.as_json:
            self._console.print(Padding(part, (0, 0, 0, indent), expand=False))

    def _gap(self) -> None:
        if not self.state.as_json:
            self._console.print()

    def step(self, text: str, code: str) -> None:
        """Announce a step, with the code that does it."""
        self._number += 1
        head = Text.assemble((f" {self._number} ", "bold reverse cyan"), " ", (line(text), "bold"))
        self._gap()
        self._print(head, 0)
        self._print(Text(code, style="dim"), _INDENT + 1)

    def settings(self, settings: Mapping[str, str]) -> None:
        """Settings as they would stand in the environment; keys are masked."""
        for name, value in settings.items():
            shown = value if "://" in value else f"{MASK}"
            self._print(Text.assemble((name, "green"), "=", shown), _INDENT + 1)

    def health(self, report: HealthReport, title: str) -> None:
        """Who we are on the system."""
        self._done("connected", f"to {_whole_name(report, title)}")

    def _done(self, what: str, text: str | Text) -> None:
        """A line of what worked, cut where the terminal ends."""
        shown = Text.assemble(("✓ ", "green"), (f"{what} ", "dim" if what != "connected" else ""), text)
        shown.no_wrap, shown.overflow = True, "ellipsis"
        self._print(shown, _INDENT + 1)

    def records(self, entity: Entity, records: Sequence[Record], names: Names) -> None:
        """A table."""
        self._print(records_table(entity, records, names, width=self.width - _INDENT).table)

    def facts(self, **facts: Any) -> None:
        """Some values on one line."""
        parts = [Text.assemble((f"{name} ", "dim"), short(value) or "") for name, value in facts.items()]
        self._print(Text.assemble(("✓ ", "green"), Text("   ").join(parts)), _INDENT + 1)

    def written(self, before: PMTask, after: PMTask, names: Sequence[str]) -> None:
        """What a write changed."""
        self._print(Text.assemble(("✓ ", "green"), _changed(before, after, names)), _INDENT + 1)
        for warning in after.warnings:
            self._print(Text(f"warning: {line(str(warning))}", style="yellow"), _INDENT + 1)

    def refusal(self, error: PMError) -> str:
        """An error that was to be expected; returns its line."""
        text = line(str(error))
        name = type(error).__name__
        self._print(Text.assemble(("✗ ", "red"), (name, "bold red"), f": {text}"), _INDENT + 1)
        return f"{name}: {text}"

    def progress(self) -> AbstractContextManager[ProgressCall]:
        """A progress bar, where there is a terminal."""
        return self.state.progress()

    def report(self, report: CopyReport) -> None:
        """What the copy created, and what the target does not hold."""
        made = ", ".join(count_line(count, entity) for entity, count in report.created.items())
        self._print(Text.assemble(("✓ ", "green"), f"created {made}"), _INDENT + 1)
        for title, notes in (("left out", report.left_out), ("held differently", report.altered)):
            reasons: dict[str, list[CopyNote]] = {}
            for note in (one for one in notes if not one.is_routine):
                reasons.setdefault(note.reason, []).append(note)
            for reason, group in reasons.items():
                names = ", ".join(dict.fromkeys(note.field or note.entity.plural for note in group))
                count = sum(note.count or 0 for note in group)
                tail = f" · {line(reason)} ({count})" if count else f" · {line(reason)}"
                text = Text.assemble((f"{title} ", "yellow"), names, (tail, "dim"))
                text.no_wrap, text.overflow = True, "ellipsis"
                self._print(text, _INDENT + 1)
        self._print(Text(routine_line(report).lower(), style="dim"), _INDENT + 1)

    def side_by_side(self, *sides: tuple[str, Sequence[PMTask], Names]) -> None:
        """The same tasks on both systems."""
        grid = Table.grid(padding=(0, _APART, 0, 0), pad_edge=False, expand=False)
        each = (self.width - _INDENT - _APART * (len(sides) - 1)) // len(sides)
        for _ in sides:
            grid.add_column(width=each)
        only = ("title", "status", "assignee")
        grid.add_row(
            *(
                records_table(Entity.TASK, tasks, names, title=title, only=only, width=each).table
                for title, tasks, names in sides
            )
        )
        self._print(grid)

    def counts(self, counts: Mapping[str, Mapping[str, int | None]]) -> None:
        """Counts of both systems, one under the other."""
        table = plain_table()
        table.add_column("")
        names = list(next(iter(counts.values())))
        for name in names:
            table.add_column(name.replace("_", " "), justify="right")
        for side, found in counts.items():
            table.add_row(side, *(_number(found[name]) for name in names))
        self._gap()
        self._print(table)

    # the other systems

    def visit(self, one: Visit) -> None:
        """All calls on one system, a line each."""
        self.step(
            f"The same calls on {one.held.title}",
            f'build_pm_provider(config=config_from_environment("{one.provider}", settings))',
        )
        self.settings(one.settings)
        self._done("connected", f"to {_whole_name(one.health, one.held.title)}")
        self._done("projects", line(", ".join(project.name for project in one.projects)))
        self._done("tasks", _by_status(one))
        self._done("created", line(f"{one.created.key or one.created.id} {one.created.title}"))
        names = ("status_name", *(("estimated_hours",) if one.created.estimated_hours else ()))
        self._done("updated", _changed(one.created, one.updated, names))
        self._done("commented", line(one.comment.body))
        titles = line(", ".join(dict.fromkeys(task.title for task in one.changes)))
        self._done("changes", f"{titles or 'none'}; {len(one.deleted)} deleted")
        for warning in (*one.created.warnings, *one.updated.warnings):
            self._print(Text(f"warning: {line(str(warning))}", style="yellow"), _INDENT + 1)
        for error in one.refusals.values():
            self.refusal(error)

    def without_sandbox(self, names: Sequence[str]) -> None:
        """Systems that are servers of one's own."""
        for name in names:
            text = f"{name} has no stand-in; scripts/{name}-server start, in a checkout, starts a real one"
            self._gap()
            self._print(Text.assemble(("· ", "dim"), (text, "dim")), _INDENT + 1)

    def across(self, project: str, held: Sequence[Snapshot]) -> None:
        """The same project on all systems: the status of each task in the system's own words, and counts."""
        self.step(f"{project} on every system, in the words of each", "await provider.list_tasks(project.id)")
        for table in (*tasks_across(held, self.width - _INDENT), counts_across(held)):
            self._print(table)
            self._gap()

    def close(self, result: Mapping[str, Any]) -> None:
        """What was proven."""
        *_, counts = result["counts"].values()
        total = sum(count or 0 for name, count in counts.items() if name != "subtasks")
        systems = result.get("systems", {})
        if not systems:
            self._gap()
        text = f"{total} records on each side, read back and equal; "
        if systems:
            text += f"the same calls on {len(systems)} systems; "
        refused = [result["refusals"], *(one.get("refusals", {}) for one in systems.values())]
        text += f"{sum(map(len, refused))} bad writes refused by name; {result['seconds']} s"
        self._print(Text.assemble(("✓ ", "bold green"), (line(text), "bold")), 0)


def _whole_name(report: HealthReport, title: str) -> str:
    user = line(report.user.name) if report.user else "unknown"
    version = f" {report.version}" if report.version else ""
    return f"{title}{version} as {user}"


def _changed(before: PMTask, after: PMTask, names: Sequence[str]) -> Text:
    parts = [
        Text.assemble(
            (f"{name.removesuffix('_name').replace('_', ' ')} ", "dim"),
            short(getattr(before, name)) or "none",
            (" → ", "cyan"),
            (short(getattr(after, name)) or "none", "bold"),
        )
        for name in names
    ]
    return Text("   ").join(parts)


def _by_status(one: Visit) -> str:
    found = Counter(task.status_name or task.status for task in one.held.tasks)
    parts = ", ".join(f"{count} {name}" for name, count in found.items())
    return line(f"{len(one.held.tasks)} in {one.project.name}: {parts}")


def _number(count: int | None) -> str:
    return "-" if count is None else str(count)
