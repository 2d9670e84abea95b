"""Tables in narrow terminals: columns give way as a whole, words stay readable."""

from __future__ import annotations

from datetime import UTC, date, datetime
from io import StringIO

import pytest

pytest.importorskip("rich", reason="the extra cli is not installed")

from rich.console import Console
from rich.progress import Progress

from pm_providers.model import Entity, PMProject, PMTask
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import record_table, records_table

TASKS = [
    PMTask(
        id=str(number),
        title="A title that is far too long for any narrow terminal",
        status="in_progress",
        status_name="In progress",
        priority="highest",
        priority_name="Immediate",
        type="User story",
        estimated_hours=12.5,
        due_date=date(2026, 12, 9),
        assignee_id="Wilhelmina Lindqvist",
        sprint_id="Sprint 12",
    )
    for number in range(3)
]


def draw(part, width):
    console = Console(file=StringIO(), width=width)
    console.print(part)
    return console.file.getvalue()


def test_without_a_width_all_columns_are_there():
    listing = records_table(Entity.TASK, TASKS)
    assert listing.hidden == ()
    shown = draw(listing.table, 1000)
    for text in (TASKS[0].title, "12.5", "2026-12-09", "Immediate", "User story", "Wilhelmina Lindqvist"):
        assert text in shown


@pytest.mark.parametrize("width", [46, 60, 80, 100, 120])
def test_what_is_shown_can_be_read(width):
    listing = records_table(Entity.TASK, TASKS, width=width)
    shown = draw(listing.table, width)
    assert "In progress" in shown
    assert max(map(len, shown.splitlines())) <= width
    for head, text in (("due", "2026-12-09"), ("priority", "Immediate"), ("type", "User story")):
        assert (head in listing.hidden) != (text in shown)
    assert "A title that is far" in shown


def test_the_narrower_the_fewer():
    counts = [len(records_table(Entity.TASK, TASKS, width=width).hidden) for width in (40, 60, 80, 100, 140)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1] == 0


def test_other_records_lose_their_last_columns_first():
    projects = [
        PMProject(id="1", name="Webshop relaunch", key="webshop-relaunch", status="active", is_public=True)
    ]
    assert records_table(Entity.PROJECT, projects, width=50).hidden == ("public",)


def test_one_record_shows_lists_and_zones():
    task = PMTask(
        id="1",
        title="T",
        created_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        custom_fields={"Platforms": ["iOS", "Android"]},
        assignee_id="7",
        assignee_ids=["7"],
    )
    shown = draw(record_table(task), 100)
    assert "iOS, Android" in shown
    assert "2026-01-02 03:04 UTC" in shown
    assert "assignee ids" not in shown


def test_a_stage_without_a_total_ends_when_the_next_begins(monkeypatch):
    state = State()
    state._err = Console(file=StringIO(), force_terminal=True, width=80)
    seen = []
    update = Progress.update
    monkeypatch.setattr(
        Progress, "update", lambda bar, task, **more: (seen.append((task, more)), update(bar, task, **more))
    )
    with state.progress() as step:
        step("sprints", 3, None)
        step("tasks", 1, None)
    assert (0, {"total": 3}) in seen
    assert (1, {"total": 1}) not in seen


@pytest.mark.parametrize("width", range(70, 140, 7))
def test_what_fits_is_never_cut_at_the_edge(width):
    listing = records_table(Entity.TASK, TASKS, width=width)
    lines = draw(listing.table, width).splitlines()
    rows = [line for line in lines if "A title" in line]
    assert len(rows) == len(TASKS)
    assert all("In progress" in line for line in rows)
    assert all("2026-12-09" in line for line in rows if "due" not in listing.hidden)
    assert all(line.rstrip().endswith(("…", "Sprint 12", "progress", "09", "12.5", "quist", "Immediate"))
               for line in rows)  # fmt: skip
