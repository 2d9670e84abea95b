"""Mappings between two databases, people who edit both sides, and processes that run them and get killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

from pm_providers import RedmineProvider
from pm_providers.contract import PMProviderConfig
from pm_providers.database import database_for
from pm_providers.model import PMProject, PMTask
from pm_providers.registry import build_pm_provider
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping
from pm_providers.store.records import SyncMapping
from tests.support.redmine import RedmineServer

ROOT = Path(__file__).parents[2]
SIDES = ("left", "right")


async def begun(module: str) -> Any:
    """A module in a process of its own, which hears and says lines."""
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, cwd=ROOT, stdin=pipe, stdout=pipe
    )


class Nursery:
    """Processes that begin at once; see `nursery.py`."""

    def __init__(self) -> None:
        self._process: Any = None
        self._reader: Any = None
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._ended: dict[int, asyncio.Future[int]] = {}

    async def open(self) -> Nursery:
        self._process = await begun("tests.jobs.nursery")
        self._reader = asyncio.create_task(self._read())
        return self

    async def _read(self) -> None:
        while line := await self._process.stdout.readline():
            told = json.loads(line)
            if "pid" in told:
                self._end_of(told["pid"])
                await self._born.put(told["pid"])
            else:
                self._end_of(told["ended"]).set_result(told["code"])

    def _end_of(self, pid: int) -> asyncio.Future[int]:
        return self._ended.setdefault(pid, asyncio.get_running_loop().create_future())

    async def start(self, **asked: Any) -> int:
        """Pid of a new process."""
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        await self._process.stdin.drain()
        return await asyncio.wait_for(self._born.get(), 60)

    async def end(self, pid: int) -> int:
        """Wait for the end of a process: its code."""
        return await asyncio.wait_for(asyncio.shield(self._end_of(pid)), 90)

    async def kill(self, pid: int) -> None:
        if not self._end_of(pid).done():
            os.kill(pid, signal.SIGKILL)
        await self.end(pid)

    async def close(self) -> None:
        for pid in list(self._ended):
            await self.kill(pid)
        self._process.stdin.close()
        await self._process.wait()
        await self._reader


def internal(url: str) -> Any:
    config = PMProviderConfig(
        provider_type="internal", username="ada", additional_config={"database_url": url}
    )
    return build_pm_provider(config=config)


class Mappings:
    """Mappings with people on both sides. A task is edited on the side that it was made on, and there only."""

    def __init__(self, here: str, there: str, seed: int) -> None:
        self.urls = {"left": here, "right": there}
        self.db = database_for(here)
        self.sides = {"left": internal(here), "right": self.beyond()}
        self.all: list[SyncMapping] = []
        self.dice = random.Random(seed)
        self.wanted: dict[str, dict[str, str]] = {}
        self._made: list[tuple[str, str, str, str]] = []
        self._number = 0

    def beyond(self) -> Any:
        """Client of people on the right."""
        return internal(self.urls["right"])

    def settings(self) -> dict[str, str]:
        """What the connection to the right needs."""
        return {"PM_DATABASE_URL": self.urls["right"]}

    async def open(self, count: int, **config: Any) -> Mappings:
        for one in self.sides.values():
            await one.connect()
        await keep_connection(self.db, "there", self.sides["right"].name, self.settings())
        for number in range(count):
            project = await self.sides["right"].create_project(PMProject(name=f"Shop {number}"))
            mapping = await keep_mapping(self.db, MappingRequest("there", project.id, config=config))
            self.all.append(mapping)
            self.wanted[mapping.id] = {}
        return self

    def project(self, mapping: SyncMapping, side: str) -> str:
        return mapping.internal_project_id if side == "left" else mapping.external_project_id

    def system(self, mapping: SyncMapping, side: str) -> Any:
        """Client of people on a side."""
        del mapping
        return self.sides[side]

    async def edit(self, mapping: SyncMapping, count: int = 2) -> None:
        """New tasks on both sides, and a new text for an older one."""
        for side in SIDES:
            for _ in range(count):
                self._number += 1
                title, text = f"task {self._number} of the {side}", f"text {self._number}"
                made = await self.system(mapping, side).create_task(
                    PMTask(title=title, description=text, project_id=self.project(mapping, side))
                )
                self._made.append((mapping.id, side, made.id, title))
                self.wanted[mapping.id][title] = text
        older = [one for one in self._made if one[0] == mapping.id]
        _, side, task_id, title = self.dice.choice(older)
        self._number += 1
        await self.system(mapping, side).update_task(task_id, {"description": f"edit {self._number}"})
        self.wanted[mapping.id][title] = f"edit {self._number}"

    async def found(self, mapping: SyncMapping, side: str) -> tuple[Counter[str], dict[str, str]]:
        """How often each title is there, and title -> text."""
        tasks = await self.system(mapping, side).list_tasks(self.project(mapping, side))
        return Counter(one.title for one in tasks), {one.title: one.description for one in tasks}

    async def problem(self, mapping: SyncMapping) -> str | None:
        """What keeps a mapping from being as it shall be."""
        wanted = self.wanted[mapping.id]
        for side in SIDES:
            counts, texts = await self.found(mapping, side)
            doubled = {title: count for title, count in counts.items() if count != 1}
            if doubled or texts != wanted:
                wrong = {
                    title: (wanted.get(title), texts.get(title))
                    for title in {*wanted, *texts}
                    if wanted.get(title) != texts.get(title)
                }
                return f"{side} of {mapping.id[-8:]}: doubled {doubled}, wanted and there {wrong}"
        return None

    async def close(self) -> None:
        for one in self.sides.values():
            await one.aclose()
        await self.db.aclose()


class RedmineMappings(Mappings):
    """The same with a real Redmine on the right."""

    def __init__(self, here: str, server: RedmineServer, seed: int) -> None:
        self.server = server
        super().__init__(here, server.url, seed)

    def beyond(self) -> Any:
        config = PMProviderConfig("redmine", base_url=self.server.url, api_key=self.server.api_key)
        return RedmineProvider(config, transport=httpx2.AsyncHTTPTransport(verify=False))

    def settings(self) -> dict[str, str]:
        return {"REDMINE_URL": self.server.url, "REDMINE_API_KEY": self.server.api_key}
