"""What is not well with references: copies that bear another's, sides without a place for them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pm_providers.sync.doctor_findings import INFO, Finding
from pm_providers.sync.facts import SideFacts
from pm_providers.sync.policy import SIDES, Policy, other
from pm_providers.sync.provenance import lacking
from pm_providers.sync.values import Snapshot

__all__ = ["References", "examine_references"]

_MOST = 20


@dataclass(slots=True)
class References:
    """What is remembered of the references that items bear: small, however many there are.

    Attributes:
        mark: field of snapshots that holds them; `""` for none.
        addresses: side -> what references to its items begin with.
        numbers: side -> digest of a reference -> number of items.
        copied: side -> reference that several bear -> title of one of them.
    """

    mark: str
    addresses: Mapping[str, str]
    numbers: dict[str, Counter[int]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    copied: dict[str, dict[str, str]] = field(default_factory=lambda: {side: {} for side in SIDES})

    def add(self, side: str, values: Snapshot) -> None:
        """Look at an item."""
        text = values.get(self.mark) if self.mark else None
        if not isinstance(text, str) or not text.startswith(f"{self.addresses[other(side)]}/"):
            return
        self.numbers[side][hash(text)] += 1
        if self.numbers[side][hash(text)] > 1 and len(self.copied[side]) < _MOST:
            self.copied[side][text] = str(values.get("title") or "")


def examine_references(
    found: References, facts: Mapping[str, SideFacts], policy: Policy, name: str
) -> Iterable[Finding]:
    """Copies, and sides on which people could make a place for references and have not.

    Args:
        found: what items bear.
        facts: side -> what it can hold.
        policy: of the mapping.
        name: what commands call the mapping.
    """
    called = policy.reference_field
    for side, copies in found.copied.items():
        for text, title in copies.items():
            number = found.numbers[side][hash(text)]
            what = f"{number} tasks of {facts[side].title}, {title!r:.60} among them, bear {text!r:.120}"
            mend = f"clear {called!r} of those that are copies"
            yield Finding(INFO, "duplicate", f"{what}: a reference of several counts for none", mend)
    for side in lacking(facts, policy):
        text = f"{facts[side].title} has no text field {called!r}: titles have to tell should links get lost"
        mend = f"add one there, or `pm-providers mappings update {name} --option provenance=none`"
        yield Finding(INFO, "field", text, mend)
