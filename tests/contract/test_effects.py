"""What an operation has written shows in its errors."""

from __future__ import annotations

import asyncio

import pytest

from pm_providers.effects import note_write, uncounted, watched, writes_undone
from pm_providers.errors import NotFoundError


def _fails(*, write: bool) -> NotFoundError:
    with pytest.raises(NotFoundError) as caught, watched():
        if write:
            note_write()
        raise NotFoundError("gone")
    return caught.value


def test_an_error_after_a_write_may_be_applied():
    assert _fails(write=True).maybe_applied
    assert not _fails(write=False).maybe_applied


def test_a_write_within_counts_for_what_is_around_it():
    with pytest.raises(NotFoundError) as caught, watched():
        with watched():
            note_write()
        raise NotFoundError("gone")
    assert caught.value.maybe_applied


def test_neighbours_do_not_count():
    with watched():
        assert _fails(write=True).maybe_applied
        assert not _fails(write=False).maybe_applied


async def test_tasks_of_an_operation_count_for_it():
    async def write() -> None:
        note_write()

    with pytest.raises(NotFoundError) as caught, watched():
        await asyncio.gather(write(), write())
        raise NotFoundError("gone")
    assert caught.value.maybe_applied


def test_what_does_not_count_and_what_was_taken_back():
    with pytest.raises(NotFoundError) as caught, watched():
        with uncounted():
            note_write()
        raise NotFoundError("gone")
    assert not caught.value.maybe_applied
    with pytest.raises(NotFoundError) as caught, watched():
        note_write()
        writes_undone()
        raise NotFoundError("gone")
    assert not caught.value.maybe_applied


def test_outside_of_operations_nothing_is_noted():
    note_write()
    writes_undone()
    assert not _fails(write=False).maybe_applied
