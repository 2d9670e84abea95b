"""The README's examples run as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pm_providers import PMProject, PMSprint, build_pm_provider
from pm_providers.database import get_db_session

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(autouse=True)
def _own_database(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PM_DATABASE_URL", f"sqlite:///{tmp_path}/readme.db")
    monkeypatch.delenv("PM_PROVIDER", raising=False)


@pytest.fixture(params=["internal", "openproject"])
async def system(request, monkeypatch):
    """The examples are for every system: the environment says which one it is."""
    if request.param == "internal":
        yield "internal"
        return
    sandbox = pytest.importorskip("pm_providers.sandbox")
    box = sandbox.SANDBOXES["openproject"](dataset="demo")
    async with box.serve():
        for name, value in box.settings.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PM_PROVIDER", "openproject")
        yield request.param


def _defined(name):
    (block,) = (one for one in BLOCKS if f"async def {name}(" in one and "asyncio.run" not in one)
    space = {}
    exec(compile(block, f"README.md:{name}", "exec"), space)
    return space[name]


def test_the_first_example_prints_what_it_promises(tmp_path):
    """The ten lines at the top run on a machine without any setting."""
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", BLOCKS[0]], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == "Draw the site map completed ['Draw the site map']\n"


async def test_plan(capsys, system):
    """Sprint, batch, comment, versioned update and iteration work as written."""
    async with build_pm_provider() as provider:
        assert provider.name == system
        project = await provider.create_project(PMProject(name="P"))
        await _defined("plan")(provider, project.id)
    found = capsys.readouterr().out.splitlines()
    assert (
        found if system == "internal" else sorted(found)
    ) == [  # single calls, several at a time: any order
        "Step 1 in_progress ()",
        "Step 2 todo ()",
        "Step 3 todo ()",
    ]


async def test_follow(capsys, system):
    """The change loop ends, and a second run from its cursor has nothing to say."""
    async with build_pm_provider() as provider:
        project = await provider.create_project(PMProject(name="P"))
        await _defined("plan")(provider, project.id)
        capsys.readouterr()
        cursor = await _defined("follow")(provider, project.id, None)
        assert len(capsys.readouterr().out.splitlines()) == 3
        await _defined("follow")(provider, project.id, cursor)
        assert capsys.readouterr().out == ""


async def test_own_transaction():
    """What the host commits is there afterwards."""
    await _defined("in_my_transaction")()
    async with build_pm_provider() as provider:
        assert [one.name for one in await provider.list_projects()] == ["Only if I commit"]


async def test_the_documented_calls():
    """`next(get_db_session())` and keyword records work as documented."""
    db = next(get_db_session())
    provider = build_pm_provider(db_session=db)
    project = await provider.create_project(PMProject(id="", name="X", description="d", status="active"))
    sprint = await provider.create_sprint(PMSprint(id="", name="S", project_id=project.id))
    assert await provider.get_sprint(sprint.id) == sprint
    assert await provider.health_check() is True
    db.rollback()
    assert await provider.list_projects() == []


def test_links_lead_somewhere():
    """Every relative link of the README and the docs names a file that exists."""
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)}: {target}"
