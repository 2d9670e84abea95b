"""What several systems can do, all of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from pm_providers.contract import (
    NATIVE,
    OPERATIONS,
    Capabilities,
    Capability,
    ChangeDetection,
    Limits,
    Support,
    declare_fields,
    declare_operations,
    unsupported,
)
from pm_providers.model import Entity

__all__ = ["BEST", "united"]

_ORDER = (Support.UNSUPPORTED, Support.READ_ONLY, Support.MAPPED, Support.NATIVE)
_FINDING = ("none", "timestamp", "sweep", "log")
_WHICH = unsupported("the call does not say which system it is for: use `system_of(id)` or the system itself")

Named = Sequence[tuple[str, Capabilities]]


def _worst(found: Iterable[tuple[str, Capability]]) -> Capability:
    """The least that one of them has; the note says which one."""
    known = list(found)
    least = min((one for _, one in known), key=lambda one: _ORDER.index(one.support))
    same = [one for one in known if one[1].support is least.support]
    if least.support is Support.NATIVE or (
        len(same) == len(known) and len({one.note for _, one in same}) == 1
    ):
        return least
    return Capability(least.support, "; ".join(f"{name}: {one.note}" for name, one in same))


def _least(values: Iterable[int | None]) -> int | None:
    return min((one for one in values if one is not None), default=None)


def _limits(systems: Named) -> Limits:
    every = [one.limits for _, one in systems]
    lengths: dict[str, int] = {}
    for one in every:
        for path, most in one.lengths.items():
            lengths[path] = min(most, lengths.get(path, most))
    shared = [kind for kind in every[0].relation_types if all(kind in one.relation_types for one in every)]
    return Limits(
        page_size=_least(one.page_size for one in every),
        batch_size=min(one.batch_size for one in every),
        concurrency=min(one.concurrency for one in every),
        assignees=_least(one.assignees for one in every),
        labels=_least(one.labels for one in every),
        attachment_bytes=_least(one.attachment_bytes for one in every),
        lengths=lengths,
        relation_types=tuple(shared),
        quota="; ".join(f"{name}: {one.limits.quota}" for name, one in systems if one.limits.quota),
    )


def _changes(systems: Named) -> ChangeDetection:
    every = [one.changes for _, one in systems]

    def weakest(read: Callable[[ChangeDetection], str]) -> str:
        return min(map(read, every), key=lambda kind: _FINDING.index(kind) if kind in _FINDING else 0)

    return ChangeDetection(
        upserts=weakest(lambda one: one.upserts),
        deletes=weakest(lambda one: one.deletes),
        precision_s=max(one.precision_s for one in every),
        webhooks=tuple(kind for kind in every[0].webhooks if all(kind in one.webhooks for one in every)),
    )


def united(systems: Named) -> Capabilities:
    """Capabilities that hold whichever system a call reaches.

    Args:
        systems: name -> capabilities, at least one.
    """
    operations: dict[str, Capability] = {
        name: _worst((system, one.operation(name)) for system, one in systems) for name in OPERATIONS
    }
    operations["request"] = _WHICH
    fields: Mapping[Entity, Mapping[str, Capability]] = {
        entity: {name: _worst((system, one.field(entity, name)) for system, one in systems) for name in table}
        for entity, table in systems[0][1].fields.items()
    }
    formats = {one.text_format for _, one in systems}
    return Capabilities(
        operations=operations,
        fields=fields,
        limits=_limits(systems),
        changes=_changes(systems),
        text_format=formats.pop() if len(formats) == 1 else "mixed",
        conventions={
            f"{system}: {name}": text for system, one in systems for name, text in one.conventions.items()
        },
    )


def _best() -> Capabilities:
    return Capabilities(
        operations=declare_operations(request=_WHICH),
        fields={entity: declare_fields(entity, rest=NATIVE) for entity in Entity},
        changes=ChangeDetection(upserts="log", deletes="log"),
    )


BEST = _best()
"""What systems can do at best behind `RoutingProvider`."""
