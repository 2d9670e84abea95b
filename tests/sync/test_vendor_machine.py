"""The state machine between our database and each vendor, and between vendors.

See `exploring` for how to look for more, and how to play a failure again.
"""

from __future__ import annotations

import asyncio
import os

import pytest
from sqlalchemy import Engine

from tests.conformance.asana_harness import AsanaHarness
from tests.conformance.clickup_harness import ClickUpHarness
from tests.conformance.harnesses import InternalSqliteHarness, OpenProjectHarness
from tests.conformance.jira_harness import JiraHarness
from tests.conformance.redmine_harness import RedmineHarness
from tests.conformance.trello_harness import TrelloHarness
from tests.sync.exploring import explored, number_of
from tests.sync.machine import SyncMachine
from tests.sync.regressions import FOUND
from tests.sync.replaying import replay
from tests.sync.vendor_machine import VendorMachine

KINDS = {
    "asana": AsanaHarness,
    "clickup": ClickUpHarness,
    "internal": InternalSqliteHarness,
    "jira": JiraHarness,
    "openproject": OpenProjectHarness,
    "redmine": RedmineHarness,
    "trello": TrelloHarness,
}
PAIRS = (
    "memory",
    "internal-openproject",
    "internal-jira",
    "internal-clickup",
    "internal-asana",
    "internal-trello",
    "jira-clickup",
    "asana-openproject",
    "trello-jira",
    pytest.param("internal-redmine", marks=pytest.mark.redmine),
)
IN_CI, BY_ITSELF = 3, 8
OTHERWISE = {"internal-redmine": 1, "memory": 8}
DEATHS, DEATHS_IN_CI = range(60), range(1, 60, 15)


def machine_of(pair: str) -> type[SyncMachine]:
    """The machine of two systems, by their names."""
    if pair == "memory":
        return SyncMachine
    left, right = pair.split("-")
    return type(f"Machine_{left}_{right}", (VendorMachine,), {"kinds": (KINDS[left], KINDS[right])})


@pytest.mark.parametrize("pair", PAIRS)
def test_both_sides_agree_whatever_happens(pair: str, sync_db: Engine) -> None:
    """Random edits, faults and deaths; see `VendorMachine`."""
    default = IN_CI if os.environ.get("CI") else BY_ITSELF
    explored(machine_of(pair), sync_db, number_of(OTHERWISE.get(pair, default)))


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once(name: str, sync_db: Engine) -> None:
    """See `regressions`."""
    pair, steps = FOUND[name]
    kind = machine_of(pair)
    kind.db = sync_db
    with asyncio.Runner() as kind.loop:
        replay(kind, steps)


@pytest.mark.parametrize("pair", ["internal-clickup", "trello-jira", "asana-openproject"])
def test_a_run_dies_at_each_step(pair: str, sync_db: Engine) -> None:
    """While it makes an item that some systems make in several steps, on either side."""
    kind = machine_of(pair)
    kind.db = sync_db
    begin = {"conflicts": "left", "skew": 0, "late": True, "comments": False}
    edits = [
        (name, {"side": side, "pick": 0, **more})
        for side in ("left", "right")
        for name, more in (("create", {"below": False}), ("edit", {"name": "status"}))
    ]
    with asyncio.Runner() as kind.loop:
        for number in DEATHS_IN_CI if os.environ.get("CI") else DEATHS:
            replay(kind, [("begin", begin), *edits, ("die", {"steps": number})])
