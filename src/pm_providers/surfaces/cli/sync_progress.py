"""What is shown while a run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.sync_view import word_of
from pm_providers.surfaces.cli.text import line
from pm_providers.sync.decisions import Decision

__all__ = ["watched"]

_EVERY = 200
"""Writes between two lines where there is no terminal."""


@contextmanager
def watched(state: State, name: str) -> Iterator[Callable[[Decision], None]]:
    """Called with each write. On a terminal a line tells the last one; else there is a line once in a while.

    Args:
        state: of the command line; quiet, or for programs, it shows nothing.
        name: of the mapping.
    """
    if state.quiet or state.as_json:
        yield lambda _: None
    elif not state.err.is_terminal:
        yield _counted(state, name)
    else:
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        with Progress(*columns, console=state.err, transient=True) as shown:
            bar, number = shown.add_task(f"{name}: reading both sides", total=None), 0
            room = max(20, state.err.width - 20)

            def written(one: Decision) -> None:
                nonlocal number
                number += 1
                text = f"{name}: {number} written, {word_of(one)}  {line(one.title)}"
                shown.update(bar, description=text if len(text) <= room else f"{text[: room - 1]}…")

            yield written


def _counted(state: State, name: str) -> Callable[[Decision], None]:
    number = 0

    def written(_: Decision) -> None:
        nonlocal number
        number += 1
        if number % _EVERY == 0:
            state.note(f"mapping {name}: {number} written so far")

    return written
