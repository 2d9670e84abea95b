"""What a run would do: links with what both sides say now -> decisions. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.store.sync_links import KEPT
from pm_providers.sync.comparing import Pair, in_order
from pm_providers.sync.decisions import DELETED, Act, Clash, Decision, LinkView, Step
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.provenance import mark_step
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import CUSTOM, changed_fields

__all__ = [
    "Act",
    "Clash",
    "Decision",
    "LinkView",
    "Step",
    "decide",
    "digest_of",
    "one_per_side",
    "plan_id",
    "reaches",
    "turned_back",
]


def decide(link: LinkView, translator: Translator) -> list[Decision]:
    """What to do about one link."""
    policy = translator.policy
    if link.detached:
        return []
    if len(link.ids) < len(SIDES):
        return list(_single(link, translator))
    lost = [side for side in SIDES if side in link.gone]
    if len(lost) == len(SIDES):
        away = [side for side in lost if link.gone[side] not in {DELETED, KEPT}]
        if KEPT in link.gone.values() and away:  # it may return, and nothing is made of it then
            reason = f"{link.gone[away[0]]} on the {away[0]}"
            return [Decision(Act.DETACH, link.id, title=link.title, reason=reason)]
        return [Decision(Act.FORGET, link.id, title=link.title, reason="gone on both sides")]
    if lost:
        return _lost(link, lost[0], policy, translator)
    return Pair(link, translator).run()


# items without counterpart


def _single(link: LinkView, translator: Translator) -> Iterator[Decision]:
    side = next(iter(link.ids))
    if side in link.gone:
        yield Decision(Act.FORGET, link.id, title=link.title, reason="it never had a counterpart")
        return
    if side not in link.now or not translator.policy.creates(other(side)):
        reason = f"nothing is created on the {other(side)}"
        yield Decision(Act.LEAVE, link.id, title=link.title, reason=reason)
        return
    yield _creation(link, side, translator)


def _creation(link: LinkView, source: str, translator: Translator, reason: str = "") -> Decision:
    state, policy, target = link.state(source), translator.policy, other(source)
    steps, held, waits, apart = [], {}, {}, set()
    for name in in_order(state):
        theirs = translator.renamed(name, source)
        if not policy.flows(theirs if source == RIGHT else name, target) and name != "title":
            apart |= {theirs if source == RIGHT else name} - {policy.mark}
            continue
        told = translator.carry(theirs if name.startswith(CUSTOM) else name, state[name], source)
        if told.held:
            held[theirs if source == RIGHT else name] = told.held
            waits[theirs if source == RIGHT else name] = source
        else:
            steps.append(Step(theirs, None, told.value, told.note))
    mark = mark_step(translator.facts[source], translator.facts[target], policy, link.ids[source])
    steps += [] if mark is None else [mark]
    return Decision(
        Act.CREATE, link.id, target, link.title, "", tuple(steps), held, reason=reason, waits=waits,
        apart=frozenset(apart),
    )  # fmt: skip


# items whose counterpart is gone


def _lost(link: LinkView, side: str, policy: Policy, translator: Translator) -> list[Decision]:
    target, why = other(side), link.gone[side]
    if why == KEPT:
        reason = f"deleted on the {side} when deletions were not carried; it stays"
        return [Decision(Act.LEAVE, link.id, title=link.title, reason=reason)]
    if why != DELETED:
        return [Decision(Act.DETACH, link.id, title=link.title, reason=f"{why} on the {side}")]
    if policy.deletes == "ignore" or not policy.creates(target):
        reason = f"deleted on the {side}; the policy keeps it"
        return [Decision(Act.LEAVE, link.id, title=link.title, reason=reason)]
    if policy.deletes == "detach":
        return [Decision(Act.DETACH, link.id, title=link.title, reason=f"deleted on the {side}")]
    needed = _still_wanted(link, side, policy)
    if needed:
        return [_creation(link, target, translator, f"deleted on the {side}, but {needed}")]
    if policy.deletes == "close":
        return [_closing(link, target, translator, side)]
    remote = link.ids[target]
    return [Decision(Act.DELETE, link.id, target, link.title, remote, reason=f"deleted on the {side}")]


def _still_wanted(link: LinkView, side: str, policy: Policy) -> str:
    """Why an item that was deleted on one side is made again there."""
    target = other(side)
    if not policy.creates(side):
        return ""
    edited = changed_fields(link.agreed.get(target, {}), link.state(target))
    edited = [name for name in edited if policy.flows(name, side)]
    if edited and policy.winner("title") != side:
        return f"edited on the {target} since ({', '.join(edited)})"
    if link.alive_below is not None:
        return f"below it on the {target} stands {link.alive_below!r:.80}, which nobody deleted"
    return ""


def _closing(link: LinkView, target: str, translator: Translator, side: str) -> Decision:
    old = link.state(target).get("status")
    offered = {one.value for one in translator.facts[target].statuses}
    closed = "cancelled" if not offered or "cancelled" in offered else "completed"
    steps: tuple[Step, ...] = ()
    if not (isinstance(old, dict) and old.get("is") in {"cancelled", "completed"}):
        steps = (Step("status", old, {"is": closed, "name": ""}),)
    reason = f"deleted on the {side}"
    return Decision(Act.CLOSE, link.id, target, link.title, link.ids[target], steps, reason=reason)


# moves that edits on both sides would turn into circles


def turned_back(one: Decision, link: LinkView, translator: Translator) -> list[Decision]:
    """What to do about a move that would put an item below one that stands below it.

    Both sides moved items so that each move alone is possible and both are not. Who wins by policy keeps
    its own: a move of the other side is taken back there, a move of the winner waits until that is done.

    Args:
        one: decision with the move.
        link: link that it is about.
        translator: carries the place above on the side where the move cannot be.
    """
    why = "it would stand below a task that stands below it"
    source, policy = other(one.side), translator.policy
    rest = tuple(step for step in one.steps if step.field != "parent")
    rule = policy.winner("parent")
    winner = rule if rule in SIDES else policy.tie
    told = translator.carry("parent", link.state(one.side).get("parent"), one.side)
    left_out = replace(
        one, steps=rest, held={**one.held, "parent": why}, act=Act.UPDATE if rest else Act.SETTLE
    )
    if not policy.flows("parent", source):
        return [left_out]
    if source == winner or told.held:
        undecided = tuple(clash for clash in one.clashes if clash.field != "parent")
        return [replace(left_out, kept=one.kept | {"parent"}, clashes=undecided)]
    there, here = (link.state(side).get("parent") for side in (source, one.side))
    values = (there, here) if source == LEFT else (here, there)
    base = link.agreed.get(LEFT, {}).get("parent")
    clash = Clash("parent", *values, base, one.side, f"{why}: the {one.side} wins")
    step = Step("parent", there, told.value)
    back = Decision(
        Act.UPDATE, link.id, source, link.title, link.ids[source], (step,), {}, (clash,), reason=why
    )
    return [replace(one, steps=rest), back] if rest else [back]


def reaches(above: Mapping[str, str], start: str, goal: str) -> bool:
    """Whether one gets from an item to another by going up.

    Args:
        above: item id -> id of its parent.
        start: where one starts.
        goal: where one wants to get.
    """
    seen: set[str] = set()
    at: str | None = start
    while at is not None and at not in seen:
        if at == goal:
            return True
        seen.add(at)
        at = above.get(at)
    return False


def one_per_side(decisions: Iterable[Decision]) -> list[Decision]:
    """Decisions about one link, those of one side in one."""
    found: dict[tuple[Act, str], Decision] = {}
    for one in decisions:
        known = found.get((one.act, one.side))
        found[one.act, one.side] = one if known is None else replace(
            known,
            steps=(*known.steps, *one.steps),
            held={**known.held, **one.held},
            waits={**known.waits, **one.waits},
            clashes=tuple({clash.field: clash for clash in (*known.clashes, *one.clashes)}.values()),
            kept=known.kept | one.kept,
            apart=known.apart | one.apart,
        )  # fmt: skip
    return list(found.values())


# names of plans


def plan_id(decisions: Iterable[Decision]) -> str:
    """Names a plan by what it does: equal plans have equal ids, whatever the order of their decisions."""
    lines = sorted(json.dumps(_shape(one), sort_keys=True, default=str) for one in decisions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def digest_of(one: Decision) -> int:
    """A decision as a number of 64 bits: equal ones have equal numbers."""
    return int.from_bytes(hashlib.sha256(plan_id([one]).encode()).digest()[:8])


def _shape(one: Decision) -> list[Any]:
    steps = [[step.field, step.old, step.new] for step in one.steps]
    clashes = [[clash.field, clash.winner] for clash in one.clashes]
    which = f"{one.entity} {one.name}" if one.name else one.link_id
    return [one.act.value, which, one.side, one.remote_id, steps, clashes]
