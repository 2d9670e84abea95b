"""A reader of `changes()` holds an exact copy of a board, whatever happens to it."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

import pytest

from pm_providers import PMProject, PMTask
from pm_providers.providers.trello import TrelloProvider
from tests.providers.trello.box import open_box, with_custom_fields

Step = Callable[[TrelloProvider, str, list[str], random.Random], Awaitable[None]]


async def _add(provider: TrelloProvider, board: str, ids: list[str], chance: random.Random) -> None:
    status = chance.choice(["todo", "in_progress", "completed"])
    ids.append((await provider.create_task(PMTask(title=f"T{len(ids)}", project_id=board, status=status))).id)


async def _change(provider: TrelloProvider, _board: str, ids: list[str], chance: random.Random) -> None:
    if ids:
        values = {
            "title": str(chance.random()),
            "status": chance.choice(["todo", "completed"]),
            "priority": chance.choice(["high", "low", None]),
            "custom_fields": {"Room": chance.choice(["Lab", None])},
        }
        name = chance.choice(sorted(values))
        await provider.update_task(chance.choice(ids), {name: values[name]})


async def _archive(provider: TrelloProvider, _board: str, ids: list[str], chance: random.Random) -> None:
    if ids:
        await provider.delete_task(chance.choice(ids))


async def _erase(provider: TrelloProvider, _board: str, ids: list[str], chance: random.Random) -> None:
    if ids:
        gone = ids.pop(chance.randrange(len(ids)))
        assert (await provider.request("DELETE", f"cards/{gone}")).status == 200


async def _list(provider: TrelloProvider, board: str, _ids: list[str], chance: random.Random) -> None:
    one = chance.choice(await provider.list_statuses(board))
    await provider.request(
        "PUT", f"lists/{one.id}", json={"name": f"{one.name.split()[0]} {chance.random():.3}"}
    )


STEPS: tuple[Step, ...] = (_add, _add, _change, _change, _change, _archive, _erase, _list)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("limit", [None, 3])
async def test_a_reader_holds_an_exact_copy(seed: int, limit: int | None) -> None:
    chance = random.Random(seed)
    # Names of lists change under way: what they mean must not follow.
    async with (
        open_box(done_mode="complete") as (box, writer),
        open_box(box, done_mode="complete") as (_, reader),
    ):
        board = (await writer.create_project(PMProject(name="Mars"))).id
        await with_custom_fields(writer, board, Room="text")
        copy: dict[str, PMTask] = {}
        ids: list[str] = []
        cursor = None
        for _ in range(12):
            for _ in range(chance.randrange(6)):
                await chance.choice(STEPS)(writer, board, ids, chance)
            more = True
            while more:
                page = await reader.changes(board, cursor, limit=limit)
                cursor, more = page.cursor, page.has_more
                copy |= {one.id: one for one in page.upserts}
                for one in page.deleted_ids:
                    del copy[one]
            there = {one.id: one for one in await reader.list_tasks(board, include_archived=True)}
            assert copy == there
            assert sorted(there) == sorted(ids)
