"""A third party's package works without touching this code: found by name, and proven by the same suite."""

from __future__ import annotations

import json

from tests.conformance.conftest import EXAMPLE, Installed
from tests.conformance.page import blocks

USE = """
import asyncio, json
from pm_providers import PMProject, PMTask, build_pm_provider, provider_names
from pm_providers.database import get_db_session

async def main():
    async with build_pm_provider(provider="plainfiles") as provider:
        project = await provider.create_project(PMProject(name="Garden"))
        task = await provider.create_task(PMTask(title="Plant", project_id=project.id))
        done = await provider.update_task(task.id, {"status": "completed"})
        listed = await provider.list_tasks(project.id)
        print(json.dumps([type(provider).__name__, done.status_name, len(listed), provider_names()]))

asyncio.run(main())
"""


def test_installed_provider_is_found_by_name(installed_example: Installed, tmp_path):
    """`build_pm_provider(provider="plainfiles")` and its settings, from the environment."""
    done = installed_example.run("-c", USE, cwd=tmp_path, PLAINFILES_FOLDER=str(tmp_path / "projects"))
    assert done.returncode == 0, done.stderr
    kind, status, count, names = json.loads(done.stdout)
    assert (kind, status, count) == ("PlainFilesProvider", "Done", 1)
    assert {"internal", "plainfiles"} <= set(names)
    assert list((tmp_path / "projects").glob("garden-*/*.md"))


def test_missing_setting_of_a_third_party_is_named(installed_example: Installed, tmp_path):
    """Its settings are checked like those of our own providers."""
    code = "from pm_providers import build_pm_provider; build_pm_provider(provider='plainfiles')"
    done = installed_example.run("-c", code, cwd=tmp_path, PLAINFILES_FOLDER="")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("pm_providers.errors.ConfigurationError: plainfiles: PLAINFILES_FOLDER is not set")
    assert "PLAINFILES_FOLDER=/home/ada/projects" in last


def test_its_own_tests_pass(installed_example: Installed):
    """Its tests are the conformance suite; they run as its author runs them."""
    done = installed_example.run(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", cwd=installed_example.source
    )
    assert done.returncode == 0, done.stdout[-3000:]
    passed = int(done.stdout.rsplit(" passed", 1)[0].rsplit(None, 1)[-1])
    assert passed > 150
    assert "failed" not in done.stdout.splitlines()[-1]


def test_page_and_example_are_the_same():
    """Every file of the example stands on the page in full, and nothing else does."""
    names = [path.relative_to(EXAMPLE) for path in EXAMPLE.rglob("*") if path.is_file()]
    files = {
        name.as_posix(): (EXAMPLE / name).read_text("utf-8")
        for name in names
        if not any(part.startswith((".", "__pycache__")) for part in name.parts) and name.name != "README.md"
    }
    page = {name: "\n".join(texts) for name, texts in blocks().items()}
    assert sorted(page) == sorted(files)
    for name, text in files.items():
        assert _lines(page[name]) == _lines(text), name


def _lines(text: str) -> list[str]:
    """Lines with something on them: where the page divides a file, blank lines are its own."""
    return [line for line in text.splitlines() if line.strip()]
