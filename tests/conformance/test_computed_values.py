"""The suite's tests of computed values find a provider that says success for what did not happen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pm_providers import BasePMProvider, OpenProjectProvider, PMTask
from pm_providers.effects import uncounted
from pm_providers.testing.suite.computed import ComputedSuite
from tests.conformance.harnesses import OpenProject13Harness, OpenProjectHarness

Written = Callable[[Any, str, Any, str | None], Any]


def broken(harness: type, monkeypatch: pytest.MonkeyPatch, written: Callable[[Written], Written]) -> type:
    """The harness with a fault in what updates of tasks do."""
    monkeypatch.setattr(OpenProjectProvider, "_update_task", written(OpenProjectProvider._update_task))
    return harness


def echoes(original: Written) -> Written:
    """Refused or not, the answer is what was asked for."""

    async def update(self: Any, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        try:
            task = await original(self, task_id, fields, expected_version)
        except Exception:  # noqa: BLE001 - the fault is to take any refusal for success
            task = await self._get_task(task_id)
        return replace(task, **fields, warnings=())

    return update


def forgets(original: Written) -> Written:
    """What happened besides is not told."""

    async def update(self: Any, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        return replace(await original(self, task_id, fields, expected_version), warnings=())

    return update


def halves(original: Written) -> Written:
    """A refusal comes after something was written."""

    async def update(self: Any, task_id: str, fields: Any, expected_version: str | None) -> PMTask:
        with uncounted():  # else the base says itself that something may have been written
            await original(self, task_id, {"title": "half"}, None)
        return await original(self, task_id, fields, expected_version)

    return update


CASES = [
    pytest.param(OpenProject13Harness, echoes, "due_date", id="echoes-dates"),
    pytest.param(OpenProject13Harness, echoes, "progress", id="echoes-progress"),
    pytest.param(OpenProjectHarness, echoes, "start_date", id="echoes-newest"),
    pytest.param(OpenProject13Harness, halves, "due_date", id="halves"),
]


@pytest.mark.parametrize(("harness", "fault", "name"), CASES)
async def test_lies_about_a_parent_are_found(monkeypatch, tmp_path, harness, fault, name) -> None:
    async with broken(harness, monkeypatch, fault)(tmp_path) as system:
        project = await system.project()
        with pytest.raises(AssertionError):
            await ComputedSuite().test_a_value_of_a_parent_is_stored_or_reported(
                system, project, name, 1, strict=False
            )


async def test_a_reset_status_that_is_not_told_is_found(monkeypatch, tmp_path) -> None:
    async with broken(OpenProjectHarness, monkeypatch, forgets)(tmp_path) as system:
        provider: BasePMProvider = system.provider
        monkeypatch.setitem(system.samples, ("task", "type"), ("Task", "Feature"))
        with pytest.raises(AssertionError):
            await ComputedSuite().test_a_new_type_changes_nothing_in_silence(
                system, provider, await system.project()
            )
