"""The demo ends by itself, proves what it says, and leaves nothing behind."""

from __future__ import annotations

import pytest
from rich.console import Console

from pm_providers import PMTask
from pm_providers.surfaces.cli.demo_across import counts_across, tasks_across
from pm_providers.surfaces.cli.demo_steps import Snapshot, other_systems

pytest.importorskip("uvicorn")

MAIN = "openproject"


def test_the_main_job(cli, clean_environment):
    found = cli("demo", "--sandbox", MAIN)
    assert list(clean_environment.iterdir()) == []
    assert "ConflictError" in found.out
    assert "Write the launch note" in found.out
    assert "records on each side, read back and equal; 2 bad writes refused" in found.out.splitlines()[-1]
    assert "same calls" not in found.out
    lines = found.out.splitlines()
    assert found.out.count("created_at") == 1
    assert "    set by internal itself: url, created_at, updated_at, author_id" in lines
    [head] = [
        at for at, line in enumerate(lines) if "Internal database" in line and "OpenProject " in line[:20]
    ]
    rows = lines[head + 3 : lines.index("", head)]
    assert len(rows) > 10
    for left, right in (("In progress", "In progress"), ("Rejected", "Cancelled"), ("On hold", "Blocked")):
        assert any(row.endswith(right) and f" {left} " in row for row in rows)


def test_every_system(cli):
    others, real = other_systems(MAIN)
    found = cli("demo")
    lines = found.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in found.out
    assert [line for line in lines if line != line.rstrip()] == []
    visited = [line for line in lines if " The same calls on " in line]
    assert len(visited) == len(others) > 1
    assert found.out.count("✓ changes Write the launch note; 0 deleted") == len(others)
    assert found.out.count("UnsupportedError") == 1 + 2 * len(others)
    assert [line.split()[1] for line in lines if "has no stand-in" in line] == real == ["redmine"]
    total = f"the same calls on {len(others) + 1} systems; {2 * len(others) + 2} bad writes refused by name;"
    assert total in " ".join(found.out.split())
    row = [line for line in lines if line.startswith("   Cookie banner")][-1]
    assert row.count("Rejected") + row.count("rejected") == len(others) + 1


def test_demo_for_programs(cli):
    found = cli("demo", "--json")
    assert found.err == ""
    counts = found.json["counts"]
    assert counts["openproject"] == counts["internal"]
    assert counts["internal"]["tasks"] > 10
    assert found.json["equal"] is True
    assert found.json["refusals"]["conflict"].startswith("ConflictError: ")
    systems = found.json["systems"]
    assert set(systems) == {MAIN, *other_systems(MAIN)[0]}
    for name, one in systems.items():
        assert one["counts"]["tasks"] == counts[MAIN]["tasks"], name
        assert one["counts"]["sprints"] == 3, name
        assert one["counts"]["comments"] == counts[MAIN]["comments"], name
        assert one["counts"]["time_entries"] in {5, None}, name
        assert set(one["statuses"]) == set(systems[MAIN]["statuses"]), name
        assert name == MAIN or one["changed"] == [one["created"]], name


def test_an_unknown_sandbox(cli):
    assert "openproject" in cli("demo", "--sandbox", "nope", code=3).err


def drawn(*tables, width):
    console = Console(width=width, file=None, record=True, quiet=False, no_color=True)
    with console.capture() as captured:
        for table in tables:
            console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def held(title, status, *titles, **counts):
    tasks = [PMTask(id=str(at), title=one, status_name=status) for at, one in enumerate(titles)]
    return Snapshot(title, tasks, counts)


def test_systems_that_do_not_fit_stand_in_a_further_table():
    systems = [
        held(f"System {n}", "In progress", "A task with a long title, longer than that") for n in range(6)
    ]
    wide = tasks_across(systems, 120)
    narrow = tasks_across(systems, 77)
    assert ([len(one.columns) for one in wide], [len(one.columns) for one in narrow]) == ([7], [4, 4])
    lines = drawn(*narrow, width=77)
    assert max(map(len, lines)) <= 77
    assert sum("A task with a long title" in line for line in lines) == 2


def test_tasks_that_a_system_does_not_have():
    [table] = tasks_across([held("One", "New", "a", "b"), held("Two", "To do", "b", "c")], 80)
    rows = [line.split("  ") for line in drawn(table, width=80)[2:]]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [["a", "New", "-"], ["b", "New", "To do"], ["c", "-", "To do"]]


def test_counts_of_what_a_system_has_not():
    table = counts_across(
        [held("One", "New", tasks=3, checklists=None), held("Two", "New", tasks=4, checklists=0)]
    )
    assert [line.split() for line in drawn(table, width=80)[2:]] == [
        ["tasks", "3", "4"],
        ["checklists", "-", "0"],
    ]
