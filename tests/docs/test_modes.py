"""The page about ways to run it, and the README's copy loop, do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pm_providers import PMProject, PMTask, build_pm_provider
from pm_providers.sandbox import SANDBOXES
from pm_providers.service.modes import open_fallback
from pm_providers.service.sync import run_sync
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/modes.md")}


def defined(page, name):
    blocks = re.findall(r"```python\n(.*?)```", PAGES[page], flags=re.DOTALL)
    (block,) = (one for one in blocks if f"async def {name}(" in one and "asyncio.run" not in one)
    space = {}
    exec(compile(block, f"{page}:{name}", "exec"), space)
    return space[name]


@pytest.fixture
async def openproject(tmp_path, encryption_key, monkeypatch):
    """Settings of a system besides the internal database; the switch is still off."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PM_DATABASE_URL", f"sqlite:///{tmp_path}/modes.db")
    monkeypatch.delenv("PM_PROVIDER", raising=False)
    box = SANDBOXES["openproject"](dataset="demo")
    async with box.serve():
        for name, value in box.settings.items():
            monkeypatch.setenv(name, value)
        yield box


async def bot():
    """Code that knows no system."""
    async with build_pm_provider() as provider:
        project = await provider.create_project(PMProject(name="Bot's own"))
        for title, status in (("One", "todo"), ("Two", "in_progress")):
            draft = PMTask(title=title, project_id=project.id, description="*text*", status=status)
            await provider.create_task(draft)
        return provider.name, project.id


async def test_replace_is_a_switch(openproject, monkeypatch):
    """The same code, another system."""
    assert (await bot())[0] == "internal"
    monkeypatch.setenv("PM_PROVIDER", "openproject")
    assert (await bot())[0] == "openproject"
    async with build_pm_provider(provider="openproject") as provider:
        assert "Bot's own" in [one.name for one in await provider.list_projects()]


@pytest.mark.parametrize("page", PAGES)
async def test_the_copy_loop(openproject, page):
    """One way, as written, between two systems."""
    _, project_id = await bot()
    async with (
        build_pm_provider(provider="internal") as source,
        build_pm_provider(provider="openproject") as target,
    ):
        twin = await defined(page, "copy_tasks")(source, target, project_id)
        found = {one.title: (one.status, one.description) for one in await target.list_tasks(twin)}
        assert found == {"One": ("todo", "*text*"), "Two": ("in_progress", "*text*")}
        assert (await target.get_project(twin)).name == "Bot's own"


async def test_dual_opens_both(openproject):
    _, project_id = await bot()
    twin = await defined("docs/modes.md", "take_along")(project_id)
    async with build_pm_provider(provider="openproject") as target:
        assert len(await target.list_tasks(twin)) == 2


async def test_shadow_carries_selected_projects_only(openproject):
    """The internal database is the primary; only what is mapped goes out."""
    async with (
        build_pm_provider(provider="internal") as here,
        build_pm_provider(provider="openproject") as there,
    ):
        outside = await there.create_project(PMProject(name="Mapped"))
        known = len(await there.list_tasks())
        await keep_connection(None, "op", "openproject", dict(openproject.settings))
        mapping = await keep_mapping(None, MappingRequest("op", outside.id))
        home = await here.create_project(PMProject(name="Stays at home"))
        await here.create_task(PMTask(title="Secret", project_id=home.id))
        await here.create_task(PMTask(title="Shared", project_id=mapping.internal_project_id))
        assert (await run_sync(None, mapping.id)).report.writes == 1
        assert [one.title for one in await there.list_tasks(outside.id)] == ["Shared"]
        assert len(await there.list_tasks()) == known + 1


async def test_routing_as_written(openproject, capsys):
    """The loop prints tasks of all systems, and the update reaches the right one."""
    await bot()
    async with build_pm_provider(provider="openproject") as there:
        task = (await there.list_tasks())[0]
        source = PAGES["docs/modes.md"].replace("op:42", f"op:{task.id}")
        blocks = re.findall(r"```python\n(.*?)```", source, flags=re.DOTALL)
        space = {}
        exec(compile(next(one for one in blocks if "everything" in one), "docs/modes.md", "exec"), space)
        await space["everything"]()
        assert (await there.get_task(task.id)).status == "completed"
    printed = capsys.readouterr().out.splitlines()
    assert any(one.startswith("internal:") and one.endswith(" Two") for one in printed)
    assert any(one.startswith("op:") for one in printed)


async def test_fallback_as_written(openproject, capsys, monkeypatch, tmp_path):
    """Down, then up: the task of the page arrives."""
    async with build_pm_provider(provider="openproject") as there:
        outside = await there.create_project(PMProject(name="Mapped"))
        await keep_connection(None, "jira-main", "openproject", dict(openproject.settings))
        mapping = await keep_mapping(None, MappingRequest("jira-main", outside.id))
        openproject.faults.add("401")
        url = f"sqlite:///{tmp_path}/modes.db"
        await defined("docs/modes.md", "in_front")(url, mapping.internal_project_id)
        assert "down since" in capsys.readouterr().out
        openproject.faults.clear()
        assert await there.list_tasks(outside.id) == []
        async with await open_fallback(url) as provider:
            [line] = await provider.catch_up()
        assert str(line) == "up, 0 waiting"
        assert [one.title for one in await there.list_tasks(outside.id)] == ["Works without Jira"]
