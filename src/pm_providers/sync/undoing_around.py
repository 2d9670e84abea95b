"""What an undo does besides its items: tasks of sprints that come back, links of tasks, labels that stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Connection as SqlConnection
from sqlalchemy import insert

from pm_providers.database import Database
from pm_providers.database.schema_sync import sync_links
from pm_providers.errors import ValidationError
from pm_providers.model import Entity, PMTask
from pm_providers.store.sync_links import DETACHED, find_links
from pm_providers.sync.creating import fewer, ours
from pm_providers.sync.decisions import Act, Decision
from pm_providers.sync.parts_records import AGAIN
from pm_providers.sync.side import Side
from pm_providers.sync.undo import Undone
from pm_providers.sync.unfinished import UNDONE

__all__ = ["label_left", "made_again", "put_apart", "with_members"]

TASK, SPRINT, LABEL = Entity.TASK.value, Entity.SPRINT.value, Entity.LABEL.value

_ATTEMPTS = 6


async def with_members(db: Database, mapping_id: str, items: Iterable[Undone]) -> list[Undone]:
    """With the tasks that stood in a sprint that comes back: they are put into it again."""
    found: list[Undone] = []
    for one in items:
        found.append(one)
        if one.act is Act.CREATE and one.entity == SPRINT:
            found += await _tasks_of(db, mapping_id, one)
    return found


async def _tasks_of(db: Database, mapping_id: str, sprint: Undone) -> list[Undone]:
    ids = [str(task) for task in (sprint.before.get(AGAIN) or {}).get("tasks") or ()]
    links = await db.read(lambda conn: find_links(conn, mapping_id, TASK, sprint.side, ids))
    titles = {str(one.id_on(sprint.side)): str(one.state_on(sprint.side).get("title") or "") for one in links}
    known = {str(one.id_on(sprint.side)): one.id for one in links}
    before, after = {"sprint": sprint.remote_id}, {"sprint": None}
    return [
        Undone(
            Act.UPDATE, sprint.side, known[task], task, titles[task], before=dict(before), after=dict(after)
        )
        for task in ids
        if task in known
    ]


async def label_left(side: Side, one: Undone) -> Decision | None:
    """Labels stay: whether others wear one by now, in this project or another, cannot be known."""
    if one.remote_id not in (await side.facts()).labels:
        return None
    why = "the run made this label; it stays, for others may wear it by now"
    return Decision(Act.WAIT, "", one.side, one.title, one.remote_id, reason=why, entity=LABEL)


def put_apart(conn: SqlConnection, mapping_id: str, link_id: str) -> None:
    """Store a link out of step, for a task that comes back: the counterpart was deleted by somebody."""
    row = {
        "id": link_id, "mapping_id": mapping_id, "entity": TASK, "state": DETACHED, "dirty": False,
        "problem": UNDONE, "attempts": 0, "revision": 1, "updated_at": datetime.now(UTC),
    }  # fmt: skip
    conn.execute(insert(sync_links).values(**row))


async def made_again(side: Side, one: Decision) -> tuple[PMTask, dict[str, str]]:
    """Make a task again without what its system rejects by now: the task, and field -> why it was left out.

    Raises:
        PMError: it was not made.
    """
    task, notes = await side.task(one.steps), dict[str, str]()
    for _ in range(_ATTEMPTS):
        try:
            return await side.provider.create_task(task), notes
        except ValidationError as error:
            less = fewer(task, error)
            if less is None:
                raise
            task, notes = less[0], {**notes, **{ours(name): why for name, why in less[1].items()}}
    return await side.provider.create_task(task), notes
