"""Writes that break in the middle: each request of a write refused in turn, and what its error says of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import msgspec

from pm_providers import BasePMProvider, PMError
from pm_providers.model import MODELS, Entity, Owner, field_specs
from pm_providers.testing import ProviderHarness
from pm_providers.testing.samples import create, draft, new_task, place_of, sample_values

__all__ = ["Act", "Finding", "breaks", "stories"]

Act = Callable[[BasePMProvider], Awaitable[Any]]
Prepare = Callable[[ProviderHarness], Awaitable[Act]]

_READING_POST = re.compile(
    r"/(form|search|search/jql|worklog/list|jql/\w+|bulkfetch|approximate-count|uploads)(\.json)?$"
)
_PATIENCE = 60
_HELPERS = re.compile(r"POST .*(/1/labels|/space/\d+/list|/space/\d+/folder)$")
"""Writes that prepare a place, and which the next attempt finds: a label of a priority, a default list."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a write whose request number `number` was refused.

    Attributes:
        number: of the refused request, from 0.
        request: method and path of it.
        wrote: writes that the system carried out all the same.
        error: what the caller got; `None` where the write succeeded.
    """

    number: int
    request: str
    wrote: tuple[str, ...]
    error: PMError | None

    @property
    def is_silent(self) -> bool:
        """Whether something was written and stays, and the error says that nothing was."""
        if self.error is None or self.error.maybe_applied:
            return False
        if any(one.startswith("DELETE") for one in self.wrote):
            return False  # taken back
        return any(_HELPERS.match(one) is None for one in self.wrote)

    def __str__(self) -> str:
        said = "no error" if self.error is None else f"{type(self.error).__name__}: {self.error}"
        return f"#{self.number} {self.request} refused after {list(self.wrote)}: {said[:220]}"


@dataclass
class _Line:
    """Wire of one client; refuses one request, or spoils the answer of one write."""

    refuse: int
    status: int
    spoil: bool = False
    sent: list[str] = field(default_factory=list)
    wrote: list[str] = field(default_factory=list)

    def writes(self, call: Any, method: str, path: str) -> bool:
        if method == "POST" and path.endswith("/batch"):
            actions = msgspec.json.decode(call.content)["data"]["actions"]
            return any(one["method"].upper() != "GET" for one in actions)
        return method not in {"GET", "HEAD"} and not (method == "POST" and _READING_POST.search(path))


@asynccontextmanager
async def _listening(provider: Any, line: _Line) -> AsyncIterator[None]:
    pool = provider._api.http._pool
    send = pool.send

    async def sent(call: Any, method: str, url: httpx2.URL, headers: Mapping[str, str]) -> httpx2.Response:
        name, number = f"{method} {url.path}", len(line.sent)
        line.sent.append(name)
        if number == line.refuse and not line.spoil:
            return httpx2.Response(line.status, json={}, request=httpx2.Request(method, url))
        response = await send(call, method, url, headers)
        if response.status_code < 400 and line.writes(call, method, url.path):
            line.wrote.append(name)
            if number == line.refuse:
                content = b"{}"
                await response.aread()
                return httpx2.Response(
                    response.status_code,
                    content=content,
                    headers={"content-type": "application/json"},
                    request=response.request,
                )
        return response

    pool.send = sent
    try:
        yield
    finally:
        pool.send = send


async def breaks(
    harness: ProviderHarness, prepare: Prepare, status: int, *, spoil: bool = False
) -> AsyncIterator[Finding]:
    """A write, broken at its first request, at its second, and so on, until it goes through unbroken."""
    for number in range(_PATIENCE):
        act = await prepare(harness)
        victim = await harness.fresh()
        line, error = _Line(number, status, spoil), None
        async with _listening(victim, line):
            try:
                await act(victim)
            except PMError as found:
                error = found
        if len(line.sent) <= number:
            assert error is None, error
            return
        yield Finding(number, line.sent[number], tuple(line.wrote), error)


async def _sample(harness: ProviderHarness, entity: Entity, name: str, which: int) -> Any:
    return list(await sample_values(harness, entity, name))[which]


def _names(harness: ProviderHarness, entity: Entity) -> list[str]:
    caps = harness.provider.capabilities
    return [
        name
        for name, spec in field_specs(MODELS[entity]).items()
        if spec.owner is not Owner.SERVER and name != "position" and caps.field(entity, name).is_writable
    ]


def _creating(entity: Entity, name: str | None) -> Prepare:
    async def prepare(harness: ProviderHarness) -> Act:
        record = await draft(harness, entity)
        if name is not None:
            record = replace(record)
            setattr(record, name, await _sample(harness, entity, name, 0))
            for other, one in harness.companions.get(f"{entity}.{name}", {}).items():
                setattr(record, other, one)
        return lambda provider: create(provider, entity, record)

    return prepare


def _updating(entity: Entity, name: str) -> Prepare:
    async def prepare(harness: ProviderHarness) -> Act:
        made = await create(harness.provider, entity, await draft(harness, entity))
        made = await harness.changeable(made)
        value = await _sample(harness, entity, name, 1)
        updates = {name: value, **harness.companions.get(f"{entity}.{name}", {})}
        return lambda provider: getattr(provider, f"update_{entity}")(made.id, updates, **place_of(made))

    return prepare


def _deleting(entity: Entity) -> Prepare:
    async def prepare(harness: ProviderHarness) -> Act:
        made = await create(harness.provider, entity, await draft(harness, entity))
        return lambda provider: getattr(provider, f"delete_{entity}")(made.id, **place_of(made))

    return prepare


def _watching(verb: str) -> Prepare:
    async def prepare(harness: ProviderHarness) -> Act:
        task = await new_task(harness)
        user = (await harness.watchers((await harness.project()).id))[0]
        if verb == "remove_watcher":
            await harness.provider.add_watcher(task.id, user)
        return lambda provider: getattr(provider, verb)(task.id, user)

    return prepare


def stories(harness: ProviderHarness) -> dict[str, Prepare]:
    """Name -> writes to break: creations and updates with each field alone, and deletes."""
    supports = harness.provider.capabilities.supports
    found: dict[str, Prepare] = {}
    for entity in Entity:
        if entity is Entity.CHECKLIST_ITEM or not supports(f"create_{entity}"):
            continue
        found[f"create {entity}"] = _creating(entity, None)
        for name in _names(harness, entity):
            path = f"{entity}.{name}"
            if path not in harness.never_created and not field_specs(MODELS[entity])[name].required:
                found[f"create {path}"] = _creating(entity, name)
            settable = supports(f"update_{entity}") and path not in harness.never_changed
            if settable and field_specs(MODELS[entity])[name].owner is Owner.CALLER:
                found[f"update {path}"] = _updating(entity, name)
        if supports(f"delete_{entity}"):
            found[f"delete {entity}"] = _deleting(entity)
    for verb in ("add_watcher", "remove_watcher"):
        if supports(verb):
            found[verb] = _watching(verb)
    return found
