"""Mappings of a vendor's boards beside those of a database: all by one credential, whose quota is on."""

from __future__ import annotations

import json
from typing import Any

import httpx2

from pm_providers.contract import PMProviderConfig
from pm_providers.model import PMProject, PMTask
from pm_providers.providers.trello import TrelloProvider
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping
from pm_providers.store.records import SyncMapping
from tests.jobs.worlds import Mappings, begun

__all__ = ["Boards", "Vendor"]


class Vendor:
    """The sandbox in a process of its own; see `vendor_process.py`.

    Attributes:
        settings: of the credential that all mappings share.
        person: client of somebody who edits boards with a token of his own.
    """

    def __init__(self) -> None:
        self._process: Any = None
        self.settings: dict[str, str] = {}
        self.person: Any = None

    async def open(self) -> Vendor:
        self._process = await begun("tests.jobs.vendor_process")
        told = json.loads(await self._process.stdout.readline())
        self.settings = told["settings"]
        config = PMProviderConfig(
            "trello",
            base_url=self.settings["TRELLO_URL"],
            api_key=self.settings["TRELLO_API_KEY"],
            api_token=told["person"],
            organization_id=self.settings["TRELLO_ORGANIZATION_ID"],
        )
        self.person = TrelloProvider(config, transport=httpx2.AsyncHTTPTransport(verify=False))
        await self.person.connect()
        return self

    async def ask(self, what: str = "log") -> dict[str, Any]:
        """What it was asked since its quota is on; `limit` puts it on."""
        self._process.stdin.write(what.encode() + b"\n")
        await self._process.stdin.drain()
        told: dict[str, Any] = json.loads(await self._process.stdout.readline())
        return told

    async def close(self) -> None:
        await self.person.aclose()
        self._process.stdin.close()
        await self._process.wait()


class Boards(Mappings):
    """Some mappings on boards."""

    def __init__(self, here: str, there: str, seed: int, vendor: Vendor) -> None:
        super().__init__(here, there, seed)
        self.vendor = vendor
        self.boards: set[str] = set()

    async def join(self, count: int, tasks: int, **config: Any) -> None:
        """So many more, on boards, with so many tasks each that are on the left only."""
        await keep_connection(self.db, "boards", "trello", self.vendor.settings)
        for number in range(count):
            board = await self.vendor.person.create_project(PMProject(name=f"Board {number}"))
            mapping = await keep_mapping(self.db, MappingRequest("boards", board.id, config=config))
            self.boards.add(mapping.id)
            self.all.append(mapping)
            titles = [f"task {one} of board {number}" for one in range(tasks)]
            drafts = [
                PMTask(title=title, description="first", project_id=mapping.internal_project_id)
                for title in titles
            ]
            await self.sides["left"].create_tasks(drafts)
            self.wanted[mapping.id] = dict.fromkeys(titles, "first")

    def system(self, mapping: SyncMapping, side: str) -> Any:
        is_board = side == "right" and mapping.id in self.boards
        return self.vendor.person if is_board else super().system(mapping, side)
