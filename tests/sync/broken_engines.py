"""Engines with one thing wrong each. The tests of the engine must catch every one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from pm_providers.store import sync_state
from pm_providers.store.sync_links import Link
from pm_providers.store.sync_state import save_cursor
from pm_providers.sync import applying, changing, creating, observing, planning, recovery, run, settling
from pm_providers.sync.agreement import decided, written
from pm_providers.sync.policy import SIDES
from pm_providers.sync.values import snapshot_of

Patch = Callable[[pytest.MonkeyPatch], None]


def recovers_nothing(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Any) -> frozenset[str]:
        return frozenset()

    patch.setattr(recovery.Recovery, "run", nothing)


def looks_not_before_it_writes(patch: pytest.MonkeyPatch) -> None:
    original = applying.Applier._update

    async def update(self: Any, view: Any, one: Any, across: Any, then: Any) -> Any:
        task = await self._sides[one.side].provider.get_task(one.remote_id)
        now = {} if task is None else snapshot_of(task)
        steps = tuple(replace(step, old=now.get(step.field)) for step in one.steps)
        return await original(self, view, replace(one, steps=steps), across, then)

    patch.setattr(applying.Applier, "_update", update)


def names_no_version(patch: pytest.MonkeyPatch) -> None:
    original = applying.Applier._sent

    async def sent(self: Any, one: Any, write_id: str, updates: Any, current: Any, *rest: Any) -> Any:
        return await original(self, one, write_id, updates, replace(current, version=None), *rest)

    patch.setattr(applying.Applier, "_sent", sent)


def agrees_on_all_that_is_there(patch: pytest.MonkeyPatch) -> None:
    def all_of(link: Link, side: str, after: Any, **options: Any) -> dict[str, Any]:
        sent = {*options["sent"], *after, *link.agreed_on(side)}
        return written(link, side, after, **{**options, "sent": sent})

    def all_now(link: Link, _values: Any, _apart: Any) -> dict[str, Any]:
        return decided(link, {side: link.state_on(side) for side in SIDES})

    patch.setattr(applying, "written", all_of)
    patch.setattr(settling, "decided", all_now)


def agrees_on_what_it_sent(patch: pytest.MonkeyPatch) -> None:
    original = creating.Creator._columns

    def columns(self: Any, link: Link, made: Any) -> dict[str, Any]:
        wanted = {step.field: step.new for step in made.one.steps if step.new is not None}
        return {**original(self, link, made), f"{made.one.side}_agreed": wanted}

    patch.setattr(creating.Creator, "_columns", columns)


def agrees_in_the_end_only(patch: pytest.MonkeyPatch) -> None:
    def later(link: Link, side: str, after: Any, **_: Any) -> dict[str, Any]:
        return {}

    patch.setattr(applying, "written", later)


def forgets_what_the_source_said(patch: pytest.MonkeyPatch) -> None:
    def without(link: Link, side: str, after: Any, **options: Any) -> dict[str, Any]:
        return written(link, side, after, **{**options, "basis": {}, "half": ()})

    patch.setattr(applying, "written", without)
    patch.setattr(recovery, "written", without)


def saves_the_cursor_first(patch: pytest.MonkeyPatch) -> None:
    original = observing.Observer._changes

    async def changes(self: Any, side: Any, cursor: str | None, seen: Any) -> int:
        page = await side.provider.changes(side.project_id, cursor)
        await self._db.write(lambda conn: save_cursor(conn, self._mapping_id, side.name, page.cursor))
        return await original(self, side, cursor, seen)

    patch.setattr(observing.Observer, "_changes", changes)


def trusts_late_lists(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(observing, "stale_ids", lambda *_: set())


def creates_what_a_list_says(patch: pytest.MonkeyPatch) -> None:
    async def is_there(self: Any, link: Link) -> bool:
        return True

    patch.setattr(run.Run, "_is_there", is_there)


def deletes_what_stands_below(patch: pytest.MonkeyPatch) -> None:
    async def spared(self: Any, view: Any, one: Any) -> bool:
        return False

    async def alive(self: Any, links: Any) -> Mapping[str, str]:
        return {}

    patch.setattr(applying.Applier, "_spared", spared)
    patch.setattr(planning.Planner, "_alive_below", alive)


def leaves_circles(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(changing, "turned_back", lambda one, *_: [replace(one, steps=())])


def wakes_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(creating, "wake_children", lambda *_: None)
    patch.setattr(recovery, "wake_children", lambda *_: None)


def recreates_at_once(patch: pytest.MonkeyPatch) -> None:
    original = creating.Creator._not_created

    async def failed(self: Any, view: Any, write_id: str, error: Any) -> Any:
        error.maybe_applied = False
        return await original(self, view, write_id, error)

    patch.setattr(creating.Creator, "_not_created", failed)


def deletes_what_was_edited(patch: pytest.MonkeyPatch) -> None:
    from pm_providers.sync import plan

    patch.setattr(plan, "_still_wanted", lambda *_: "")


def takes_half_a_merge_for_all(patch: pytest.MonkeyPatch) -> None:
    def whole(link: Link, side: str, after: Any, **options: Any) -> dict[str, Any]:
        return written(link, side, after, **{**options, "half": ()})

    patch.setattr(applying, "written", whole)
    patch.setattr(recovery, "written", whole)


def has_no_fence(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync_state, "check_fence", lambda *_: None)


BROKEN: Mapping[str, tuple[Patch, str]] = {
    one.__name__: (one, story)
    for one, story in (
        (recovers_nothing, "an_answer_is_lost"),
        (recreates_at_once, "an_answer_is_lost"),
        (looks_not_before_it_writes, "an_edit_comes_between"),
        (names_no_version, "an_edit_comes_after_the_last_look"),
        (agrees_on_all_that_is_there, "another_field_is_edited_meanwhile"),
        (agrees_on_what_it_sent, "a_side_holds_less"),
        (agrees_in_the_end_only, "it_dies_and_people_go_on"),
        (forgets_what_the_source_said, "it_dies_and_people_think_again"),
        (takes_half_a_merge_for_all, "it_dies_while_it_merges"),
        (saves_the_cursor_first, "it_dies_while_it_creates"),
        (trusts_late_lists, "a_list_is_late"),
        (creates_what_a_list_says, "a_list_shows_ghosts"),
        (deletes_what_stands_below, "something_new_stands_below"),
        (leaves_circles, "moves_make_a_circle"),
        (wakes_nobody, "a_parent_comes_later"),
        (deletes_what_was_edited, "it_was_deleted_and_edited"),
        (has_no_fence, "a_frozen_run_wakes_up"),
    )
}
"""Name -> what is wrong, and the story that tells."""
