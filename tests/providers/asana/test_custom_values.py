"""Values of tasks that their projects hold: custom fields and custom types, against the sandbox."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from pm_providers import PMTask
from pm_providers.errors import ValidationError
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.sandbox.asana.records import CustomType, StatusOption
from pm_providers.sandbox.asana.setup import add_field, add_setting
from tests.providers.asana.site import Site


@pytest.mark.parametrize("value", [date(2026, 3, 5), datetime(2026, 3, 5, 10, 30, tzinfo=UTC)])
async def test_dates_are_read_back_as_they_were_written(
    site: Site, provider: AsanaProvider, value: Any
) -> None:
    made = await provider.create_task(
        PMTask(title="x", project_id=site.project, custom_fields={"Launch": value})
    )
    assert (made.custom_fields["Launch"], made.warnings) == (value, ())
    (listed,) = await provider.list_tasks(site.project)
    assert listed.custom_fields["Launch"] == value


async def test_fields_of_another_project_of_the_task_have_options(
    site: Site, provider: AsanaProvider, task: PMTask
) -> None:
    other, state = site.new_project("Venus", "Backlog"), site.box.state
    pairs = (("Small", "none"), ("Large", "none"))
    row = add_field(state, site.workspace, "Size", "enum", options=pairs, precision=0)
    add_setting(state, other, row.id)
    await provider._api.post(f"tasks/{task.id}/addProject", {"project": other})
    changed = await provider.update_task(task.id, {"custom_fields": {"Size": "large"}})
    assert (changed.custom_fields["Size"], changed.project_id, changed.warnings) == (
        "Large",
        site.project,
        (),
    )
    with pytest.raises(ValidationError, match="Small, Large"):
        await provider.update_task(task.id, {"custom_fields": {"Size": "Huge"}})


async def test_clearing_what_is_not_there_moves_no_subtask(
    site: Site, provider: AsanaProvider, task: PMTask
) -> None:
    below: dict[str, Any] = {"title": "y", "project_id": site.project, "parent_task_id": task.id}
    made = await provider.create_task(PMTask(**below, custom_fields={"Note": None}))
    nothing = {"priority": None, "story_points": None, "custom_fields": {"Note": None}}
    changed = await provider.update_task(made.id, nothing)
    assert (changed.priority, changed.project_id, changed.warnings) == (None, site.project, ())
    assert site.box.state.tasks[made.id].memberships == ()
    held = await provider.update_task(made.id, {"custom_fields": {"Note": "n"}})
    cleared = await provider.update_task(held.id, {"custom_fields": {"Note": None}})
    assert (held.custom_fields["Note"], cleared.custom_fields["Note"]) == ("n", None)


async def test_custom_types_come_and_go(site: Site, provider: AsanaProvider, task: PMTask) -> None:
    state = site.box.state
    options = (
        StatusOption(id=state.gid(), name="Open"),
        StatusOption(id=state.gid(), name="Fixed", completion="complete"),
    )
    state.custom_types.put(
        CustomType(
            id=state.gid(), workspace=site.workspace, name="Bug", options=options, projects=(site.project,)
        )
    )
    made = await provider.create_task(PMTask(title="x", project_id=site.project, type="bug"))
    assert (made.type, made.warnings) == ("Bug", ())
    changed = await provider.update_task(task.id, {"type": "Bug", "title": "crash"})
    assert (changed.type, changed.title, changed.warnings) == ("Bug", "crash", ())
    back = await provider.update_task(task.id, {"type": "Task"})
    assert (back.type, back.warnings) == ("Task", ())
