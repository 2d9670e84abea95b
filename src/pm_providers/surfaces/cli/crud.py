"""One factory for `list`, `get`, `create`, `update` and `delete` of every kind of record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime
from inspect import Parameter
from typing import Any

import typer

from pm_providers.contract import BasePMProvider
from pm_providers.errors import NotFoundError
from pm_providers.model import MODELS, Entity, Record, field_specs
from pm_providers.surfaces.cli.custom import custom_values
from pm_providers.surfaces.cli.failures import UsageError
from pm_providers.surfaces.cli.lookup import find_names
from pm_providers.surfaces.cli.options import (
    Group,
    argument,
    command,
    field_options,
    given_fields,
    option,
    settable,
)
from pm_providers.surfaces.cli.resources import Resource
from pm_providers.surfaces.cli.state import State
from pm_providers.surfaces.cli.tables import Names, count_line, empty_line, record_table, records_table
from pm_providers.surfaces.cli.text import record_dict

__all__ = ["build_group", "show_list", "show_record"]

_RAW = option("raw", bool, "With the system's own record (JSON only).", "--raw", default=False)
_SET = option(
    "custom", list[str] | None, "Custom field by name; NAME:=JSON for a JSON value. Repeat for several.",
    "--set", metavar="NAME=VALUE",
)  # fmt: skip


def build_group(resource: Resource) -> typer.Typer:
    """The commands of one kind of record."""
    group = typer.Typer(cls=Group, no_args_is_help=True, help=resource.help)
    _add_list(group, resource)
    for verb, add in (
        ("get", _add_get),
        ("create", _add_create),
        ("update", _add_update),
        ("delete", _add_delete),
    ):
        if verb in resource.verbs:
            add(group, resource)
    return group


def _title(entity: Entity) -> str:
    return entity.value.replace("_", " ")


def _has_custom(entity: Entity) -> bool:
    return "custom_fields" in field_specs(MODELS[entity])


# list


def _add_list(group: typer.Typer, resource: Resource) -> None:
    limit = option("limit", int | None, "Stop after so many.", "--limit", "-n", min=0, metavar="N")

    @command(
        group, "list", extra=(*resource.filters, limit, _RAW), help=f"List {resource.word.replace('-', ' ')}."
    )
    def _list(state: State, **given: Any) -> None:
        raw = given.pop("raw")
        records, names = state.call(lambda provider: _read(state, provider, resource, given))
        show_list(state, resource.entity, records, names, raw=raw)


async def _read(
    state: State, provider: BasePMProvider, resource: Resource, given: dict[str, Any]
) -> tuple[list[Record], Names]:
    filters = {name: value for name, value in given.items() if value is not None}
    entity = resource.entity
    records: list[Record] = []
    with state.progress() as step:
        if "search" in filters:
            records += await _search(provider, filters)
        else:
            if "updated_since" in filters:
                filters["updated_since"] = _instant(filters["updated_since"])
            iterate = _iter_items if entity is Entity.CHECKLIST_ITEM else _iter
            async for record in iterate(provider, entity, filters):
                records.append(record)
                step(entity.plural, len(records), None)
    names = Names() if state.as_json else await find_names(provider, records)
    return records, names


async def _iter(
    provider: BasePMProvider, entity: Entity, filters: Mapping[str, Any]
) -> AsyncIterator[Record]:
    stream = getattr(provider, f"iter_{entity.plural}")
    async for record in stream(**filters, window=max(1, provider.capabilities.limits.concurrency)):
        yield record


async def _iter_items(
    provider: BasePMProvider, _entity: Entity, filters: Mapping[str, Any]
) -> AsyncIterator[Record]:
    """Items come with the checklists of their task."""
    only, left = filters.get("checklist_id"), filters.get("limit")
    for checklist in await provider.list_checklists(filters["task_id"]):
        for item in checklist.items if only in {None, checklist.id} else ():
            if left == 0:
                return
            left = None if left is None else left - 1
            yield item


async def _search(provider: BasePMProvider, filters: dict[str, Any]) -> list[Any]:
    text = filters.pop("search")
    filters.pop("include_archived", None)
    other = sorted(set(filters) - {"project_id", "limit"})
    if other:
        names = ", ".join(f"--{name.replace('_', '-')}" for name in other)
        raise UsageError(f"--search goes with --project and --limit only, not with {names}")
    return await provider.search_tasks(text, **filters)


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no ISO 8601 instant, for example 2026-01-31T08:00Z", param_hint="--updated-since"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def show_list(state: State, entity: Entity, records: list[Any], names: Names, *, raw: bool = False) -> None:
    """Print records: a table, or a JSON list."""
    if state.as_json:
        state.write_json([record_dict(record, raw=raw) for record in records])
    elif records:
        listing = records_table(entity, records, names, width=state.width)
        state.show(listing.table)
        tail = f"; no room here for {', '.join(listing.hidden)}" if listing.hidden else ""
        state.note(count_line(len(records), entity) + tail)
    else:
        state.show(empty_line(entity))


def show_record(
    state: State, record: Record, names: Names | None = None, *, raw: bool = False, written: bool = False
) -> None:
    """Print one record; what a write changed besides goes to stderr."""
    if state.as_json:
        state.write_json(record_dict(record, raw=raw, written=written))
    else:
        state.show(record_table(record, names))
    state.warn_of(record)


# get


def _add_get(group: typer.Typer, resource: Resource) -> None:
    entity = resource.entity
    identifier = argument("id", str, f"Id or key of the {_title(entity)}.")

    @command(group, "get", extra=(identifier, _RAW), help=f"Show one {_title(entity)}.")
    def _get(state: State, **given: Any) -> None:
        async def work(provider: BasePMProvider) -> tuple[Record, Names]:
            record = await getattr(provider, f"get_{entity.value}")(given["id"])
            if record is None:
                raise NotFoundError(
                    f"no {_title(entity)} {given['id']!r}",
                    provider=provider.name,
                    operation=f"get_{entity.value}",
                )
            return record, Names() if state.as_json else await find_names(provider, [record])

        record, names = state.call(work)
        show_record(state, record, names, raw=given["raw"])


# create, update


def _add_create(group: typer.Typer, resource: Resource) -> None:
    entity = resource.entity
    extra = [*field_options(entity, creating=True), *resource.creating, _RAW]
    if _has_custom(entity):
        extra.append(_SET)

    text = f"Create a {_title(entity)} and show it as the system stored it."

    @command(group, resource.words.get("create", "create"), extra=extra, help=text)
    def _create(state: State, **given: Any) -> None:
        values = given_fields(entity, given, creating=True)
        more = _told(resource.creating, given)

        async def work(provider: BasePMProvider) -> Record:
            values.update(await custom_values(provider, entity, given.get("custom") or ()))
            made: Record = await getattr(provider, f"create_{entity.value}")(MODELS[entity](**values), **more)
            return made

        record = state.call(work)
        state.note(f"created {_title(entity)} {record.id}")
        show_record(state, record, raw=given["raw"], written=True)


def _add_update(group: typer.Typer, resource: Resource) -> None:
    entity = resource.entity
    leave_out = tuple(one.name for one in resource.scoped)
    extra = [
        argument("id", str, f"Id or key of the {_title(entity)}."),
        *field_options(entity, creating=False, leave_out=leave_out),
        option("clear", list[str] | None, "Clear a field. Repeat for several.", "--clear", metavar="FIELD"),
        _RAW,
    ]
    if _has_custom(entity):
        extra.append(_SET)
    if "version" in field_specs(MODELS[entity]):
        text = "Refuse when the record has another version by now."
        extra.append(option("expected_version", str | None, text, metavar="VERSION"))
    extra += resource.scoped

    @command(group, "update", extra=extra, help="Change the fields given; all others stay as they are.")
    def _update(state: State, **given: Any) -> None:
        values = given_fields(entity, {k: v for k, v in given.items() if k not in leave_out}, creating=False)
        values.update(_cleared(entity, given.get("clear") or (), values))
        if not values and not given.get("custom"):
            raise UsageError("nothing to change: give at least one field, --set or --clear")
        named = ("expected_version", *leave_out)
        more = {name: given[name] for name in named if given.get(name) is not None}

        async def work(provider: BasePMProvider) -> Record:
            values.update(await custom_values(provider, entity, given.get("custom") or ()))
            record: Record = await getattr(provider, f"update_{entity.value}")(given["id"], values, **more)
            return record

        record = state.call(work)
        state.note(f"updated {_title(entity)} {record.id}")
        show_record(state, record, raw=given["raw"], written=True)


def _told(options: Iterable[Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Of these options, those that were used."""
    return {one.name: given[one.name] for one in options if given.get(one.name)}


def _cleared(entity: Entity, names: Any, values: dict[str, Any]) -> dict[str, None]:
    known = settable(entity, creating=False)
    for name in names:
        field = name.replace("-", "_")
        if field not in known:
            raise UsageError(f"--clear: {name!r} is no field; fields are {', '.join(known)}")
        if field in values:
            raise UsageError(f"--clear: {name!r} is set and cleared at once")
    return {name.replace("-", "_"): None for name in names}


# delete


def _add_delete(group: typer.Typer, resource: Resource) -> None:
    entity = resource.entity
    extra = [
        argument("ids", list[str], f"Ids (or keys) of {entity.plural.replace('_', ' ')}."),
        option("yes", bool, "Do not ask.", "--yes", "-y", default=False),
        *resource.scoped,
    ]

    name = resource.words.get("delete", "delete")

    @command(group, name, extra=extra, help=f"Delete {entity.plural.replace('_', ' ')} for good.")
    def _delete(state: State, **given: Any) -> None:
        ids: list[str] = given["ids"]
        what = f"{_title(entity)} {ids[0]}" if len(ids) == 1 else count_line(len(ids), entity)
        if not state.confirm(f"Delete {what}?", yes=given["yes"], names=ids if len(ids) > 1 else ()):
            state.note("nothing was deleted")
            raise typer.Exit(1)
        more = _told(resource.scoped, given)

        async def work(provider: BasePMProvider) -> list[dict[str, Any]]:
            delete = getattr(provider, f"delete_{entity.value}")
            found: list[dict[str, Any]] = []
            with state.progress() as step:
                for identifier in ids:
                    found.append({"id": identifier, "deleted": await delete(identifier, **more)})
                    step(entity.plural, len(found), len(ids))
            return found

        _show_deleted(state, entity, state.call(work))


def _show_deleted(state: State, entity: Entity, found: list[dict[str, Any]]) -> None:
    if state.as_json:
        state.write_json(found)
        return
    for one in found:
        if one["deleted"]:
            state.show(f"deleted {_title(entity)} {one['id']}")
        else:
            state.warn(f"{_title(entity)} {one['id']} did not exist")
