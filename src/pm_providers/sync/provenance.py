"""References: a custom field in which an item says what it was made of, for links that got lost. Pure.

A reference is text like `jira:site.example.net/10012`: system, site, and the id of the item there. It is no
content: no side's is ever carried, shown as an edit, or decided about. People copy tasks with all that they
bear, so it counts only where it is the only one of its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from pm_providers.sync.decisions import Step
from pm_providers.sync.facts import SideFacts
from pm_providers.sync.policy import LEFT, Policy, other
from pm_providers.sync.values import CUSTOM

__all__ = ["address_of", "bears", "lacking", "mark_step", "reference", "reference_keys"]

_APART = "apart"


def address_of(system: str, base_url: str | None) -> str:
    """What references to a system's items begin with: no user, password or query is in it."""
    parts = urlsplit(base_url or "")
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return f"{system}:{host}{parts.path.rstrip('/')}"


def reference(address: str, item_id: str) -> str:
    """Names an item of a system."""
    return f"{address}/{item_id}"


def bears(target: SideFacts, policy: Policy) -> bool:
    """Whether items that are made on a side bear a reference; by default at no request of its own only."""
    name = policy.reference_field
    if name is None:
        return False
    if target.custom_fields == _APART and policy.provenance == "auto":
        return False
    if policy.partner("custom_fields", name, target.side) is not None:
        return False  # people put another field of the other side there
    return name in target.texts or target.custom_fields == "free"


def mark_step(source: SideFacts, target: SideFacts, policy: Policy, item_id: str) -> Step | None:
    """The reference that an item is made with; `None` where it bears none."""
    if not bears(target, policy):
        return None
    return Step(f"{CUSTOM}{policy.reference_field}", None, reference(source.address, item_id))


def reference_keys(side: str, item_id: str, text: object, addresses: Mapping[str, str]) -> list[str | None]:
    """What is equal of two items of which one refers to the other, in the order in which it is compared.

    Copies bear the reference of what they were copied from, and what was made of them bears one to them. So
    copies drop out with their own counterparts, and what they were copied from is told then: the first key is
    compared again last.

    Args:
        side: of the item.
        item_id: its id there.
        text: reference that it bears, if any.
        addresses: side -> what references to its items begin with.
    """
    own = reference(addresses[side], item_id)
    said = text if isinstance(text, str) and text.startswith(f"{addresses[other(side)]}/") else None
    return [own, said, own] if side == LEFT else [said, own, said]


def lacking(facts: Mapping[str, SideFacts], policy: Policy) -> Iterable[str]:
    """Sides on which people could make a place for references, and have not."""
    for side, one in facts.items():
        if not policy.creates(side) or policy.reference_field is None or "custom_fields" in one.cannot:
            continue
        if not bears(one, policy) and not (one.custom_fields == _APART and policy.provenance == "auto"):
            yield side
