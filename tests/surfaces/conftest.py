"""The command line in this process: arguments in, exit code and both streams out."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from dataclasses import dataclass
from typing import Any

import pytest

pytest.importorskip("typer", reason="the extra cli is not installed")

from pm_providers.surfaces.cli.app import run
from tests.support.databases import sqlite_database


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        return json.loads(self.err)["error"]


@pytest.fixture
def clean_environment(monkeypatch, tmp_path):
    """No setting of this machine, an empty working directory, a database of its own."""
    for name in list(os.environ):
        if name.startswith(("PM_", "OPENPROJECT_")):
            monkeypatch.delenv(name)
    for name in ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PM_DATABASE_URL", f"sqlite:///{tmp_path / 'cli.db'}")
    monkeypatch.setenv("PM_INTERNAL_USER", "tester")
    return tmp_path


@pytest.fixture
def cli(clean_environment, capsys):
    def call(*arguments: str, code: int = 0) -> Outcome:
        capsys.readouterr()
        found = run(list(arguments))
        out, err = capsys.readouterr()
        assert found == code, f"exit {found}, not {code}\n{out}\n{err}"
        return Outcome(found, out, err)

    return call


@pytest.fixture
def database(clean_environment):
    """The database is there, which otherwise the first command makes."""
    sqlite_database(clean_environment / "cli.db")


@pytest.fixture
def make(cli, database):
    """`make("project", name="X")` -> id."""
    words = {"project": "projects", "task": "tasks", "sprint": "sprints", "user": "users", "label": "labels"}

    def create(entity: str, **fields: str) -> str:
        options = [part for name, value in fields.items() for part in (f"--{name.replace('_', '-')}", value)]
        return cli(words[entity], "create", *options, "--json").json["id"]

    return create


@pytest.fixture
def there(cli, database, clean_environment, encryption_key, monkeypatch):
    """The command line on the other database."""
    url = sqlite_database(clean_environment / "there.db")

    def call(*arguments: str, code: int = 0):
        with monkeypatch.context() as patch:
            patch.setenv("PM_DATABASE_URL", url)
            return cli(*arguments, code=code)

    return call


@pytest.fixture
def mapped(cli, there, clean_environment):
    """Ids of a mapping and its two projects."""
    external = there("projects", "create", "--name", "Webshop", "--json").json["id"]
    url = f"PM_DATABASE_URL=sqlite:///{clean_environment / 'there.db'}"
    cli("connections", "add", "there", "internal", "--set", url)
    found = cli("mappings", "add", "there", external, "--json").json
    return found["id"], found["left_project_id"], external


@pytest.fixture
def openproject(clean_environment, monkeypatch):
    """A served sandbox with its settings in the environment; the thread ends with the test."""
    from pm_providers.sandbox import SANDBOXES

    box = SANDBOXES["openproject"](dataset="demo")
    started, stopped = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        stop = asyncio.Event()
        box.stop_now = lambda: loop.call_soon_threadsafe(stop.set)
        async with box.serve():
            started.set()
            await stop.wait()
        stopped.set()

    def work() -> None:
        loop.run_until_complete(serve())
        loop.close()

    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(30)
    for name, value in box.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PM_PROVIDER", "openproject")
    yield box
    box.stop_now()
    thread.join(30)
    assert stopped.is_set()
