"""Assertions that many tests of the suite share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from pm_providers.contract import BasePMProvider, Support, holds
from pm_providers.errors import PMError, UnsupportedError
from pm_providers.model import Entity, PMProject, PMTask, Record
from pm_providers.testing.calls import call
from pm_providers.testing.harness import ProviderHarness

__all__ = [
    "Stream",
    "assert_gone",
    "assert_holds",
    "assert_refused",
    "ids",
    "missing_or",
    "needs",
    "read",
    "refusal",
    "stored",
]

F = TypeVar("F", bound=Callable[..., Any])
E = TypeVar("E", bound=PMError)
R = TypeVar("R", bound=Record)


def needs(*operations: str) -> Callable[[F], F]:
    """Mark a test that uses these operations.

    Where the connection does not support one, its refusal is checked instead and the test is skipped.
    """

    def mark(test: F) -> F:
        test.pm_needs = operations  # type: ignore[attr-defined]
        return test

    return mark


async def assert_refused(provider: BasePMProvider, operation: str) -> None:
    """An unsupported operation names the provider, itself and the declared reason."""
    note = provider.capabilities.operation(operation).note
    with pytest.raises(UnsupportedError) as caught:
        await call(provider, operation)
    error = caught.value
    assert (error.provider, error.operation) == (provider.name, operation)
    assert note, f"{operation} is unsupported without a reason"
    assert error.reason == note
    for part in (provider.name, operation, note):
        assert part in str(error)


@asynccontextmanager
async def refusal(
    provider: BasePMProvider, operation: str, *kinds: type[PMError]
) -> AsyncIterator[pytest.ExceptionInfo[PMError]]:
    """The body raises one of `kinds`, named by provider and operation."""
    with pytest.raises(kinds) as caught:
        yield caught
    error = caught.value
    assert error.provider == provider.name
    assert error.operation == operation
    assert str(error).startswith(f"{provider.name} {operation}: ")


async def missing_or(awaitable: Awaitable[R | None], *refusals: type[PMError]) -> R | None:
    """Result of a `get_*`, where one of `refusals` counts as missing."""
    try:
        return await awaitable
    except refusals:
        return None


def assert_gone(harness: ProviderHarness, found: PMTask | PMProject | None) -> None:
    """What was deleted cannot be read; where deleting archives, it is read as archived."""
    if harness.deletes_by_archiving:
        assert found is not None, "deleting archives, and what was deleted cannot be read"
        assert found.is_archived
        kind = "task" if isinstance(found, PMTask) else "project"
        deleting = harness.provider.capabilities.operation(f"delete_{kind}")
        assert deleting.support is Support.MAPPED, "deleting archives, and is declared native"
    else:
        assert found is None, "deleted, and still there"


def ids(records: Iterable[Record]) -> list[str]:
    """Ids of records, in order."""
    return [record.id for record in records]


async def read(provider: BasePMProvider, record: R) -> R | None:
    """The record as the system holds it now, by `get_*` or from the list that it stands in."""
    entity = next(one for one in Entity if type(record).__name__ == f"PM{one.title().replace('_', '')}")
    if entity in {Entity.PROJECT, Entity.TASK, Entity.SPRINT, Entity.USER}:
        found = await getattr(provider, f"get_{entity}")(record.id)
    else:
        owner = getattr(record, "from_task_id", None) or getattr(record, "task_id", None)
        scope = getattr(record, "project_id", None) if entity in {Entity.LABEL, Entity.MEMBERSHIP} else owner
        listed = await getattr(provider, f"list_{entity.plural}")(scope)
        found = next((one for one in listed if one.id == record.id), None)
    assert found is None or isinstance(found, type(record))
    return found


async def stored(fresh: BasePMProvider, written: R) -> R:
    """The record as another client reads it, proven equal to what the write returned."""
    found = await read(fresh, written)
    assert found is not None, f"{type(written).__name__} {written.id!r} was written but is not there"
    assert found == written, "the write returned something else than what is stored"
    assert not getattr(found, "warnings", ()), "a read has no write warnings"
    return found


def assert_holds(record: Record, **expected: Any) -> None:
    """Each field of the record holds the value that was asked for."""
    for name, value in expected.items():
        got = getattr(record, name)
        assert holds(name, value, record), f"{name}: asked for {value!r}, stored is {got!r}"


@dataclass(slots=True)
class Stream:
    """A reader of `changes()` that keeps what it read.

    Attributes:
        provider: the provider read from.
        project_id: the project followed.
        limit: upserts per page.
        cursor: where the next read starts.
        tasks: id -> task, as a copy kept by upserts and deletes would look.
        upserted: ids in the order of their arrival, of the last drain.
        deleted: deleted ids, of the last drain.
        pages: pages of the last drain.
    """

    provider: BasePMProvider
    project_id: str
    limit: int | None = None
    cursor: str | None = None
    tasks: dict[str, PMTask] = field(default_factory=dict)
    upserted: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    pages: int = 0

    async def page(self) -> bool:
        """Read one page into the copy; whether more waits."""
        page = await self.provider.changes(self.project_id, self.cursor, limit=self.limit)
        assert self.limit is None or len(page.upserts) <= self.limit, "a page is longer than its limit"
        assert isinstance(page.cursor, str)
        assert page.cursor
        for task in page.upserts:
            self.tasks[task.id] = task
            self.upserted.append(task.id)
        for task_id in page.deleted_ids:
            self.tasks.pop(task_id, None)
            self.deleted.append(task_id)
        self.cursor = page.cursor
        self.pages += 1
        return page.has_more

    async def drain(self) -> Stream:
        """Read until nothing waits."""
        self.upserted, self.deleted, self.pages = [], [], 0
        while await self.page():
            assert self.pages < 500, "changes() does not come to an end"
        return self
