"""`watchers`: who is told of changes of a task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from pm_providers.contract import BasePMProvider
from pm_providers.model import Entity
from pm_providers.surfaces.cli.crud import show_list
from pm_providers.surfaces.cli.options import Group, command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import Names

__all__ = ["add_commands"]

_Task = Annotated[str, typer.Option("--task-id", "--task", help="Task (id or key).", metavar="ID")]
_Users = Annotated[list[str], typer.Argument(metavar="USERS", help="Ids of users.")]
_Change = Callable[[BasePMProvider, str], Awaitable[bool]]


def add_commands(app: typer.Typer) -> None:
    """`watchers list`, `watchers add` and `watchers remove`."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help="Watchers of a task.")
    command(group, "list")(list_)
    command(group, "add")(add)
    command(group, "remove")(remove)
    app.add_typer(group, name="watchers", rich_help_panel="Records")


def list_(state: State, *, task_id: _Task) -> None:
    """List the users who watch a task."""
    show_list(state, Entity.USER, state.call(lambda provider: provider.list_watchers(task_id)), Names())


def add(state: State, users: _Users, *, task_id: _Task) -> None:
    """Let users watch a task."""
    found = _each(state, users, "added", lambda provider, user: provider.add_watcher(task_id, user))
    _show(state, found, "added", "watches the task already")


def remove(state: State, users: _Users, *, task_id: _Task) -> None:
    """End that users watch a task."""
    found = _each(state, users, "removed", lambda provider, user: provider.remove_watcher(task_id, user))
    _show(state, found, "removed", "did not watch the task")


def _each(state: State, users: list[str], key: str, change: _Change) -> list[dict[str, Any]]:
    async def work(provider: BasePMProvider) -> list[dict[str, Any]]:
        return [{"id": user, key: await change(provider, user)} for user in users]

    return state.call(work)


def _show(state: State, found: list[dict[str, Any]], key: str, otherwise: str) -> None:
    if state.as_json:
        state.write_json(found)
        return
    for one in found:
        if one[key]:
            state.show(f"{key} watcher {one['id']}")
        else:
            state.warn(f"user {one['id']} {otherwise}")
