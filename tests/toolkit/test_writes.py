"""What a write took away besides what was asked for."""

from __future__ import annotations

import pytest

from pm_providers import PMTask
from pm_providers.toolkit.writes import with_losses

NAMES = ("status", "custom_fields")


def lost(before, now, **fields):
    return [one.field for one in with_losses(now, before, fields, NAMES).warnings]


@pytest.mark.parametrize("moved", [{"project_id": "2"}, {"type": "Bug"}])
def test_moves_to_another_project_or_type(moved):
    """Both have custom fields and statuses of their own: values that are gone are told."""
    before = PMTask(project_id="1", type="Task", status="todo", custom_fields={"a": 1, "b": 2})
    now = PMTask(
        **{"project_id": "1", "type": "Task", "status": "blocked", "custom_fields": {"a": 1}, **moved}
    )
    assert lost(before, now) == ["status", "custom_fields"]
    assert lost(before, now, status="blocked") == ["custom_fields"]


def test_what_is_new_is_no_loss():
    """A default of the new place."""
    before = PMTask(project_id="1", custom_fields={"a": 1})
    assert lost(before, PMTask(project_id="2", custom_fields={"a": 1, "b": 2})) == []


def test_what_stays_where_it_is_loses_nothing():
    """Others may have changed it meanwhile."""
    before = PMTask(project_id="1", status="todo")
    assert lost(before, PMTask(project_id="1", status="blocked")) == []
