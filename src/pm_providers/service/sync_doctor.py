"""Looking a mapping over: both sides, what is paired, what is stuck."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from pm_providers.database import database_for
from pm_providers.database.crypto import Vault
from pm_providers.errors import PMError
from pm_providers.model import Entity
from pm_providers.service.sync import open_sync
from pm_providers.service.sync_state import INTERNAL, MappingStatus, sync_status, title_of
from pm_providers.store.records import SyncMapping
from pm_providers.store.sync_links import Link
from pm_providers.store.sync_tries import failing_links
from pm_providers.store.sync_views import all_links, find_mapping, links_of, unsettled
from pm_providers.sync.doctor import ERROR, INFO, WARNING, Finding, Sample, examine_facts, examine_links
from pm_providers.sync.doctor_references import References, examine_references
from pm_providers.sync.engine import Engine
from pm_providers.sync.policy import SIDES

__all__ = ["examine"]

_MOST_NAMED = 5
_LEVELS = {ERROR: 0, WARNING: 1, INFO: 2}


async def examine(
    db: Any,
    reference: str | None = None,
    *,
    vault: Vault | None = None,
    learn: Callable[[Iterable[str]], None] = lambda _: None,
) -> tuple[SyncMapping, list[Finding]]:
    """A mapping and what is not well with it, the worst first. Nothing is written anywhere.

    Raises:
        NotFoundError: no such mapping.
    """
    mapping = await find_mapping(db, reference)
    name = mapping.id[-8:]
    found = await _standing(db, mapping, name)
    try:
        async with open_sync(db, mapping, vault=vault, learn=learn) as engine:
            found += await _looked_over(engine, name)
    except PMError as error:
        (status,) = await sync_status(db, mapping.id)
        found.append(Finding(ERROR, "state", str(error), _cure(status, error)))
    return mapping, sorted(found, key=lambda one: _LEVELS[one.level])


async def _standing(db: Any, mapping: SyncMapping, name: str) -> list[Finding]:
    """What the database alone knows."""
    (status,) = await sync_status(db, mapping.id)
    found = []
    if not mapping.sync_enabled:
        found.append(Finding(WARNING, "state", "it is paused", f"pm-providers mappings resume {name}"))
    if status.problem:
        text = f"the last run stopped: {status.problem}"
        found.append(Finding(ERROR, "state", text, status.next_step or f"pm-providers sync plan {name}"))
    if status.counts.conflicts:
        number = status.counts.conflicts
        what = "1 field was" if number == 1 else f"{number} fields were"
        text = f"{what} changed on both sides, and nobody has decided"
        found.append(Finding(WARNING, "conflict", text, f"pm-providers sync conflicts list {name}"))
    found += await _failing(db, mapping, name)
    unknown = await unsettled(db, mapping.id)
    if unknown:
        writes = "1 write" if unknown == 1 else f"{unknown} writes"
        text = f"it is not known what became of {writes} of a run that was cut short"
        found.append(Finding(WARNING, "state", text, f"pm-providers sync run {name}"))
    return found


async def _failing(db: Any, mapping: SyncMapping, name: str) -> list[Finding]:
    """Items that could not be written, by reason, with the command that tries them at once."""
    links = await failing_links(db, mapping.id)
    owners = await links_of(db, [one.owner_id for one in links if one.owner_id])
    reasons: defaultdict[str, list[Link]] = defaultdict(list)
    for one in links:
        reasons[one.problem or "no reason was given"].append(one)
    found = []
    for why, group in reasons.items():
        tasks = [owners.get(one.owner_id or "", one) for one in group]
        ids = sorted({str(one.left_id or one.right_id) for one in tasks})[:_MOST_NAMED]
        names = ", ".join(_named(one, task) for one, task in zip(group, tasks, strict=True))
        tries = max(one.attempts for one in group)
        text = (
            f"could not be written, tried {'once' if tries == 1 else f'{tries} times'}: {names:.400}; {why}"
        )
        only = "".join(f" --task {one}" for one in ids) if len(group) <= _MOST_NAMED else ""
        found.append(Finding(WARNING, "problem", text, f"mend it, then `pm-providers sync run {name}{only}`"))
    return found


def _named(one: Link, task: Link) -> str:
    title = f"{title_of(task)!r:.60}"
    return title if one.entity == Entity.TASK.value else f"{one.entity.replace('_', ' ')} of {title}"


async def _looked_over(engine: Engine, name: str) -> list[Finding]:
    sides = await engine.sides()
    facts = {side: await one.facts() for side, one in sides.items()}
    policy = engine.policy
    marks = References(policy.mark, {side: one.address for side, one in sides.items()})
    sample = await _sampled(engine.database, engine.mapping_id, marks)
    of_sides = examine_facts(facts, policy, name, sample.people)
    return _told_once(
        examine_links(sample, facts, name), [*of_sides, *examine_references(marks, facts, policy, name)]
    )


def _told_once(of_tasks: Iterable[Finding], of_sides: Iterable[Finding]) -> list[Finding]:
    """What tasks miss and what a side lacks is often the same: one finding then, with the exact command."""
    told, left = list(of_sides), []
    for one in of_tasks:
        why, _, tasks = one.text.partition("; that is about ")
        same = next((at for at, found in enumerate(told) if tasks and _is_same(why, found)), None)
        if same is None:
            left.append(one)
        else:
            found = told[same]
            level = min(one.level, found.level, key=lambda level: _LEVELS[level])
            told[same] = replace(found, level=level, text=f"{found.text}; that is about {tasks}")
    return [*left, *told]


def _is_same(why: str, found: Finding) -> bool:
    kind, _, reason = why.partition(": ")
    if kind == "assignees" and found.kind == "user":
        return f" assigned to {reason.removeprefix('nobody there is ')} of " in found.text
    return found.kind == kind and found.text.endswith(f": {reason}")


async def _sampled(db: Any, mapping_id: str, marks: References) -> Sample:
    sample, after = Sample(), ""
    while True:
        links = await database_for(db).read(
            lambda conn, after=after: all_links(conn, mapping_id, "task", after=after)  # type: ignore[misc]
        )
        if not links:
            return sample
        for one in links:
            sample.add(one)
            for side in SIDES if marks.mark else ():
                if one.id_on(side) is not None and one.gone_on(side) is None:
                    marks.add(side, one.state_on(side))
        after = links[-1].id


def _cure(status: MappingStatus, error: PMError) -> str:
    mapping, name, system = status.mapping, shlex.quote(status.right), status.right_type
    if status.left != INTERNAL:  # either side may be meant
        name, system = "NAME", "TYPE"
    table = {
        "AuthenticationError": f"pm-providers connections add {name} {system} --replace",
        "PermissionDeniedError": "give the account of the connection the right",
        "NotFoundError": f"pm-providers mappings remove {mapping.id[-8:]}, or restore the project",
        "ValidationError": f"pm-providers mappings update {mapping.id[-8:]}",
        "ConfigurationError": f"pm-providers connections add {name} {system} --replace",
    }
    return table.get(type(error).__name__, f"pm-providers connections test {name}, and try again")
