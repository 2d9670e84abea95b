"""A mapping between the internal database and another one, and people who edit both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from pm_providers.contract import PMProviderConfig
from pm_providers.database import database_for
from pm_providers.model import PMProject, PMTask
from pm_providers.registry import build_pm_provider
from pm_providers.service.sync import run_sync
from pm_providers.service.sync_setup import MappingRequest, keep_connection, keep_mapping
from pm_providers.sync.engine import RunOptions
from tests.support.databases import sqlite_database


class Mapped:
    """The internal database on the left, another one behind the connection `there` on the right."""

    def __init__(self, folder: Path) -> None:
        self.url, self.there_url = [sqlite_database(folder / f"{name}.db") for name in ("here", "there")]
        self.db = database_for(self.url)
        self.left: Any = None
        self.right: Any = None
        self.mapping: Any = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, folder: Path, **config: Any) -> AsyncIterator[Self]:
        """Mapped with these options; closed in the end."""
        one = cls(folder)
        await one.open(**config)
        yield one
        await one.close()

    async def open(self, **config: Any) -> None:
        self.left, self.right = self._provider(self.url), self._provider(self.there_url)
        await self.left.connect()
        await self.right.connect()
        project = await self.right.create_project(PMProject(name="Webshop"))
        await keep_connection(self.db, "there", "internal", {"PM_DATABASE_URL": self.there_url})
        self.mapping = await keep_mapping(self.db, MappingRequest("there", project.id, config=config))

    @staticmethod
    def _provider(url: str) -> Any:
        config = PMProviderConfig(
            provider_type="internal", username="ada", additional_config={"database_url": url}
        )
        return build_pm_provider(config=config)

    async def close(self) -> None:
        await self.left.aclose()
        await self.right.aclose()
        await self.db.aclose()

    async def run(self, **options: Any) -> Any:
        return (await run_sync(self.db, self.mapping.id, RunOptions(**options))).report

    async def add_left(self, title: str, **values: Any) -> PMTask:
        return await self.left.create_task(
            PMTask(title=title, project_id=self.mapping.internal_project_id, **values)
        )

    async def add_right(self, title: str, **values: Any) -> PMTask:
        return await self.right.create_task(
            PMTask(title=title, project_id=self.mapping.external_project_id, **values)
        )

    async def on_left(self) -> dict[str, PMTask]:
        """Title -> task."""
        return {one.title: one for one in await self.left.list_tasks(self.mapping.internal_project_id)}

    async def on_right(self) -> dict[str, PMTask]:
        """Title -> task."""
        return {one.title: one for one in await self.right.list_tasks(self.mapping.external_project_id)}
