"""Which user of one side is which user of the other: as people said, by e-mail, by user name. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pm_providers.sync.facts import Person
from pm_providers.sync.policy import LEFT, Policy

__all__ = ["Directory", "folded", "may_be_same"]


@dataclass(frozen=True, slots=True)
class Directory:
    """Pairs of users; ambiguity is reported, never guessed.

    Attributes:
        to_right: left id -> right id.
        to_left: right id -> left id.
        doubtful: id on the left -> why it has no partner though there are candidates.
    """

    to_right: Mapping[str, str] = field(default_factory=dict)
    to_left: Mapping[str, str] = field(default_factory=dict)
    doubtful: Mapping[str, str] = field(default_factory=dict)

    def partner(self, source: str, user_id: str) -> str | None:
        """The id of the same person on the other side."""
        return (self.to_right if source == LEFT else self.to_left).get(user_id)

    @classmethod
    def of(cls, left: Mapping[str, Person], right: Mapping[str, Person], policy: Policy) -> Directory:
        """Pair the users of two sides.

        What people said comes first. Two users are the same when their e-mails are equal (case ignored),
        or when their user names are and no e-mail says otherwise. More than one candidate is no pair.
        """
        pairs = _said(left, right, policy)
        doubtful: dict[str, str] = {}
        for rule in (_email, _username):
            _pair_by(rule, left, right, pairs, doubtful)
        backwards = {theirs: ours for ours, theirs in pairs.items()}
        return cls(pairs, backwards, {one: why for one, why in doubtful.items() if one not in pairs})


def _said(left: Mapping[str, Person], right: Mapping[str, Person], policy: Policy) -> dict[str, str]:
    found: dict[str, str] = {}
    for ours, theirs in policy.pairs.get("users", {}).items():
        one, two = _named(left, ours), _named(right, theirs)
        if two not in found.values():
            found[one] = two
    return found


def _named(people: Mapping[str, Person], name: str) -> str:
    """The id of the one that a name, user name, e-mail or id stands for; itself where nobody is known so."""
    if name in people:
        return name
    wanted = folded(name)
    found = [
        one.id
        for one in people.values()
        if wanted in {one.email.casefold(), one.username.casefold(), one.name.casefold()}
    ]
    return found[0] if len(found) == 1 else name


class Known(Protocol):
    """A user as far as it may be seen."""

    @property
    def email(self) -> str | None: ...

    @property
    def username(self) -> str | None: ...


def folded(text: str | None) -> str:
    """An e-mail or user name as they are compared."""
    return (text or "").strip().casefold()


def may_be_same(one: Known, two: Known) -> bool:
    """Whether users of one user name may be the same: no e-mail says otherwise."""
    return not (one.email and two.email) or folded(one.email) == folded(two.email)


def _email(one: Person) -> str:
    return folded(one.email)


def _username(one: Person) -> str:
    return folded(one.username)


def _pair_by(
    rule: object,
    left: Mapping[str, Person],
    right: Mapping[str, Person],
    pairs: dict[str, str],
    doubtful: dict[str, str],
) -> None:
    ours, theirs = _index(rule, left), _index(rule, right)
    taken = set(pairs.values())
    for key, found in ours.items():
        candidates = [one for one in theirs.get(key, ()) if one.id not in taken]
        open_ones = [one for one in found if one.id not in pairs]
        if not candidates or not open_ones:
            continue
        if len(candidates) > 1 or len(found) > 1:
            for one in open_ones:
                doubtful[one.id] = f"{len(found)} users here and {len(candidates)} there share {key!r:.80}"
        elif rule is _email or may_be_same(open_ones[0], candidates[0]):
            pairs[open_ones[0].id] = candidates[0].id


def _index(rule: object, people: Mapping[str, Person]) -> dict[str, list[Person]]:
    found: defaultdict[str, list[Person]] = defaultdict(list)
    for one in people.values():
        key = rule(one) if callable(rule) else ""
        if key:
            found[key].append(one)
    return found
