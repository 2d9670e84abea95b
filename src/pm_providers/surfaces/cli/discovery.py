"""Commands besides the usual five: what a system offers to choose from, who we are, files."""

from __future__ import annotations

import mimetypes
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from pm_providers.contract import BasePMProvider
from pm_providers.model import Entity, PMAttachment, PMField, PMPriority, PMStatus, PMTaskType, PMTransition
from pm_providers.surfaces.cli.crud import show_record
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.options import command
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import plain_table, short
from pm_providers.surfaces.cli.text import clean, plain

__all__ = ["add_commands", "add_files", "add_me"]

_PROJECT = typer.Option("--project-id", "--project", help="Of this project (id or key).", metavar="ID")
_PANEL = "What a system offers to choose from"
_HEADS = {"is_default": "default", "is_closed": "closed", "is_active": "active", "is_milestone": "milestone",
          "is_custom": "custom", "is_required": "required", "color": "colour"}  # fmt: skip
_MOST_BYTES = 1 << 30


def add_commands(app: typer.Typer) -> None:
    """`statuses`, `priorities`, `types`, `fields`, `transitions`."""
    command(app, "statuses", rich_help_panel=_PANEL)(statuses)
    command(app, "priorities", rich_help_panel=_PANEL)(priorities)
    command(app, "types", rich_help_panel=_PANEL)(types)
    command(app, "fields", rich_help_panel=_PANEL)(fields_)
    command(app, "transitions", rich_help_panel=_PANEL)(transitions)


def statuses(state: State, *, project_id: Annotated[str | None, _PROJECT] = None) -> None:
    """List the task statuses of a system or project, with the unified status of each."""
    _show(state, PMStatus, state.call(lambda provider: provider.list_statuses(project_id)))


def priorities(state: State) -> None:
    """List the task priorities of a system, lowest first."""
    _show(state, PMPriority, state.call(lambda provider: provider.list_priorities()))


def types(state: State, *, project_id: Annotated[str | None, _PROJECT] = None) -> None:
    """List the task types of a system or project."""
    _show(state, PMTaskType, state.call(lambda provider: provider.list_types(project_id)))


def fields_(state: State, *, project_id: Annotated[str | None, _PROJECT] = None) -> None:
    """List the fields of a system or project, custom ones included."""
    _show(state, PMField, state.call(lambda provider: provider.list_fields(project_id)))


def transitions(
    state: State, task: Annotated[str, typer.Argument(metavar="TASK", help="Id or key of the task.")]
) -> None:
    """List the statuses that a task may go to now."""
    _show(state, PMTransition, state.call(lambda provider: provider.list_transitions(task)))


def _show(state: State, model: type, found: list[Any]) -> None:
    names = [item.name for item in fields(model) if item.name != "raw_data"]
    if state.as_json:
        state.write_json([{name: plain(getattr(one, name)) for name in names} for one in found])
        return
    if not found:
        state.show("None found.")
        return
    rows = [{name: _cell(getattr(one, name)) for name in names} for one in found]
    shown = [name for name in names if any(row[name] for row in rows)]
    table = plain_table()
    for name in shown:
        table.add_column(_HEADS.get(name, name.replace("_", " ")), overflow="fold", no_wrap=name == "id")
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    state.show(table)


def _cell(value: Any) -> str:
    if isinstance(value, PMStatus):
        return clean(value.name)
    return clean(", ".join(value)) if isinstance(value, tuple) else short(value) or ""


def add_me(users: typer.Typer) -> None:
    """`users me`."""

    @command(users, "me")
    def _me(state: State) -> None:
        """Show the user whose credentials are used."""
        work: Callable[[BasePMProvider], Any] = lambda provider: provider.get_current_user()  # noqa: E731
        show_record(state, state.call(work))


def add_files(attachments: typer.Typer) -> None:
    """`attachments upload` and `attachments download`."""
    command(attachments, "upload")(upload)
    command(attachments, "download")(download)


def upload(
    state: State,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="File to upload.")],
    *,
    task_id: Annotated[str, typer.Option("--task-id", "--task", help="Task (id or key).", metavar="ID")],
    description: Annotated[str | None, typer.Option(help="One line.", metavar="TEXT")] = None,
    file_name: Annotated[
        str | None, typer.Option("--name", help="Another name than the file's.", metavar="TEXT")
    ] = None,
) -> None:
    """Attach a file to a task."""
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{file} is larger than 1 GiB")
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None
    name = file_name or file.name
    attachment = PMAttachment(
        task_id=task_id, file_name=name, content_type=mimetypes.guess_type(name)[0], description=description
    )
    made = state.call(lambda provider: provider.create_attachment(attachment, content))
    state.note(f"created {Entity.ATTACHMENT.value} {made.id}")
    show_record(state, made, written=True)


def download(
    state: State,
    attachment: Annotated[str, typer.Argument(metavar="ID", help="Id of the attachment.")],
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", help="File to write; - is standard output.", metavar="FILE")
    ],
    task_id: Annotated[
        str | None,
        typer.Option("--task", help="Task that it stands on; only some systems need it.", metavar="ID"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.", metavar="")] = False,
) -> None:
    """Save an attachment's content."""
    target = Path(output)
    if output != "-" and target.exists() and not force:
        raise UsageError(f"{target} exists; add --force to replace it")
    content = state.call(lambda provider: provider.download_attachment(attachment, task_id=task_id))
    if output == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
        return
    try:
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(f"cannot write {target}: {error.strerror}") from None
    if state.as_json:
        state.write_json({"id": attachment, "file": str(target), "size_bytes": len(content)})
    else:
        state.show(f"{target}: {len(content)} bytes")
