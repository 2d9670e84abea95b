"""The demo ends by itself, proves what it says, and leaves nothing behind."""

from __future__ import annotations

import pytest

pytest.importorskip("uvicorn")


def test_demo(cli, clean_environment):
    found = cli("demo")
    assert list(clean_environment.iterdir()) == []
    assert "ConflictError" in found.out
    assert "Write the launch note" in found.out
    assert "records on each side, read back and equal; 2 bad writes refused" in found.out.splitlines()[-1]
    assert max(map(len, found.out.splitlines())) <= 100
    assert "\x1b" not in found.out
    lines = found.out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert found.out.count("created_at") == 1
    assert "    set by internal itself: url, created_at, updated_at, author_id" in lines
    [head] = [
        at for at, line in enumerate(lines) if "Internal database" in line and "OpenProject " in line[:20]
    ]
    rows = lines[head + 3 : lines.index("", head)]
    assert len(rows) > 10
    for left, right in (("In progress", "In progress"), ("Rejected", "Cancelled"), ("On hold", "Blocked")):
        assert any(row.endswith(right) and f" {left} " in row for row in rows)


def test_demo_for_programs(cli):
    found = cli("demo", "--json")
    assert found.err == ""
    counts = found.json["counts"]
    assert counts["openproject"] == counts["internal"]
    assert counts["internal"]["tasks"] > 10
    assert found.json["equal"] is True
    assert found.json["refusals"]["conflict"].startswith("ConflictError: ")


def test_an_unknown_sandbox(cli):
    assert "openproject" in cli("demo", "--sandbox", "nope", code=3).err
