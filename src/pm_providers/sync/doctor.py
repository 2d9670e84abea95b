"""What is not well with a mapping, each finding with the command that mends it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pm_providers.store.sync_links import DETACHED, SINGLE, Link
from pm_providers.sync.doctor_findings import ERROR, INFO, WARNING, Finding
from pm_providers.sync.facts import Choice, Person, SideFacts
from pm_providers.sync.people import Directory
from pm_providers.sync.policy import LEFT, RIGHT, SIDES, Policy, other
from pm_providers.sync.translate import Translator
from pm_providers.sync.values import CUSTOM, FIELDS, Snapshot

__all__ = [
    "ERROR",
    "INFO",
    "WARNING",
    "Finding",
    "Sample",
    "examine_facts",
    "examine_links",
    "level_of",
    "reasons_of",
]

_MOST_TITLES = 5


@dataclass(slots=True)
class Sample:
    """What is remembered of all links: small, however many there are.

    Attributes:
        places: side -> digest of parent and title -> number of items.
        titles: side -> digest -> title.
        problems: why -> titles of items, and how many.
        apart: why -> the same of items that are no longer in step.
        lonely: side -> titles of items without counterpart that wait for somebody.
        people: side -> id of a user -> number of items.
    """

    places: dict[str, Counter[int]] = field(default_factory=lambda: {side: Counter() for side in SIDES})
    titles: dict[str, dict[int, str]] = field(default_factory=lambda: {side: {} for side in SIDES})
    problems: dict[str, list[str]] = field(default_factory=dict)
    apart: dict[str, list[str]] = field(default_factory=dict)
    lonely: dict[str, list[str]] = field(default_factory=lambda: {side: [] for side in SIDES})
    people: dict[str, Counter[str]] = field(default_factory=lambda: {side: Counter() for side in SIDES})

    def add(self, link: Link) -> None:
        """Look at one link."""
        title = ""
        for side in SIDES:
            values = _values(link, side)
            if link.id_on(side) is None or not values or _gone(link, side):
                continue
            title = title or str(values.get("title") or link.id_on(side))
            self._place(side, values)
            self.people[side].update(str(one) for one in values.get("assignees", ()))
        title = title or link.id
        if link.state == DETACHED:
            self.apart.setdefault(link.problem or "taken out of step", []).append(title)
        elif link.problem and not link.attempts:
            for why in reasons_of(link.problem):
                self.problems.setdefault(why, []).append(title)
        elif link.state == SINGLE and not link.dirty:
            self.lonely[LEFT if link.left_id is not None else RIGHT].append(title)

    def _place(self, side: str, values: Snapshot) -> None:
        title = " ".join(str(values.get("title") or "").split())
        if title:
            place = hash((values.get("parent"), title.casefold()))
            self.places[side][place] += 1
            if self.places[side][place] > 1:
                self.titles[side][place] = title


def _values(link: Link, side: str) -> Snapshot:
    now = link.left_now if side == LEFT else link.right_now
    agreed = link.left_agreed if side == LEFT else link.right_agreed
    return dict((now or {}).get("values") or agreed or {})


def _gone(link: Link, side: str) -> str | None:
    return link.left_gone if side == LEFT else link.right_gone


# links


def examine_links(sample: Sample, facts: Mapping[str, SideFacts], name: str) -> list[Finding]:
    """Orphans, duplicates and items with problems.

    Args:
        sample: of all links of the mapping.
        facts: side -> what it can hold.
        name: what commands call the mapping.
    """
    found = []
    for why, titles in sample.apart.items():
        text = f"no longer in step ({why}): {_some(titles)}"
        found.append(Finding(WARNING, "orphan", text, "delete what is not needed, or leave it"))
    for side, titles in sample.lonely.items():
        if titles:
            text = f"only on {facts[side].title}: {_some(titles)}"
            found.append(
                Finding(INFO, "orphan", text, f"pm-providers mappings update {name} --direction both")
            )
    for why, titles in sample.problems.items():
        level = level_of(why)
        text = f"{why.removeprefix(CUSTOM)}; that is about {_some(titles)}"
        found.append(Finding(level, "problem", text, _cure(why, name)))
    for side, places in sample.places.items():
        for place, number in places.items():
            if number > 1:
                title = f"{sample.titles[side][place]!r:.80}"
                text = f"{number} tasks side by side on {facts[side].title} are called {title}"
                found.append(
                    Finding(INFO, "duplicate", text, "rename or delete all but one if they are the same")
                )
    return found


def reasons_of(problem: str) -> list[str]:
    """What stands in the problem of a link, one for each field; a reason may hold semicolons itself."""
    found: list[str] = []
    for part in problem.split("; "):
        begins = part.partition(": ")[0] in FIELDS or part.startswith(CUSTOM)
        if found and not begins:
            found[-1] = f"{found[-1]}; {part}"
        else:
            found.append(part)
    return found


def level_of(why: str) -> str:
    """How much people should care that something of an item is not carried."""
    return INFO if why.startswith(CUSTOM) or "cannot hold" in why else WARNING


def _cure(why: str, name: str) -> str:
    if "could be the same" in why:
        return "give each a title of its own, then `pm-providers sync run`"
    if "nobody there" in why:
        return f'pm-providers mappings update {name} --pair "users:LEFT=RIGHT"'
    for word, kind in (
        ("has no status", "statuses"),
        ("has no priority", "priorities"),
        ("has no type", "types"),
    ):
        if word in why:
            return f'pm-providers mappings update {name} --pair "{kind}:LEFT=RIGHT"'
    if why.startswith(CUSTOM):
        return f'pm-providers mappings update {name} --pair "custom_fields:LEFT=RIGHT"'
    if why.partition(": ")[0] in FIELDS:
        return "nothing to do: it stays as it is on the side that has it"
    return f"pm-providers sync plan {name}"


def _some(titles: Sequence[str]) -> str:
    shown = ", ".join(f"{title!r:.60}" for title in titles[:_MOST_TITLES])
    return shown if len(titles) <= _MOST_TITLES else f"{shown} and {len(titles) - _MOST_TITLES} more"


# facts


def examine_facts(
    facts: Mapping[str, SideFacts], policy: Policy, name: str, people: Mapping[str, Mapping[str, int]]
) -> list[Finding]:
    """Users, statuses, priorities and types without counterpart; pairs that name nothing; fields held back.

    Args:
        facts: side -> what it can hold.
        policy: of the mapping.
        name: what commands call the mapping.
        people: side -> id of a user -> number of items that are assigned to them.
    """
    directory = Directory.of(facts[LEFT].people, facts[RIGHT].people, policy)
    translator = Translator(facts[LEFT], facts[RIGHT], policy, lambda *_: None, directory)
    return [
        *_pairs(facts, policy, name),
        *_users(facts, directory, name, people),
        *_choices(facts, translator, name),
        *_types(facts, translator, name),
        *_fields(facts, policy),
    ]


def _users(
    facts: Mapping[str, SideFacts],
    directory: Directory,
    name: str,
    people: Mapping[str, Mapping[str, int]],
) -> Iterable[Finding]:
    for one, why in directory.doubtful.items():
        person = facts[LEFT].people.get(one)
        text = f"{_called(person, one)} of {facts[LEFT].title} is paired with nobody: {why}"
        yield Finding(WARNING, "user", text, _pairing(name, "users", _handle(person, one), "USER", LEFT))
    for side in SIDES:
        for one, number in sorted(people.get(side, {}).items(), key=lambda item: -item[1]):
            if directory.partner(side, one) is not None or (side == LEFT and one in directory.doubtful):
                continue
            person = facts[side].people.get(one)
            tasks = "task is" if number == 1 else "tasks are"
            text = (
                f"{number} {tasks} assigned to {_called(person, one)} of {facts[side].title}, who is nobody "
                f"on {facts[other(side)].title}"
            )
            command = _pairing(name, "users", _handle(person, one), "USER", side)
            yield Finding(WARNING, "user", text, command)


def _called(person: Person | None, one: str) -> str:
    return (person.name or person.username if person is not None else "") or f"user {one}"


def _handle(person: Person | None, one: str) -> str:
    return (person.username or person.email if person is not None else "") or one


def _pairing(name: str, kind: str, value: str, wanted: str, side: str) -> str:
    left, right = (value, wanted) if side == LEFT else (wanted, value)
    return f'pm-providers mappings update {name} --pair "{kind}:{left}={right}"'


def _choices(facts: Mapping[str, SideFacts], translator: Translator, name: str) -> Iterable[Finding]:
    for word, kind in (("status", "statuses"), ("priority", "priorities")):
        for side in SIDES:
            offered: Sequence[Choice] = getattr(facts[side], kind)
            across: Sequence[Choice] = getattr(facts[other(side)], kind)
            if word in facts[other(side)].cannot or not across:
                continue
            for one in offered:
                told = translator.carry(word, {"is": one.value, "name": one.name}, side)
                why = told.held or told.note
                if why:
                    best = f"; it becomes {told.value.get('is')}" if told.value else ""
                    text = f"{word} {one.name!r:.60} of {facts[side].title}: {why}{best}"
                    level = WARNING if told.held else INFO
                    names = "|".join(there.name for there in across)[:120]
                    yield Finding(level, word, text, _pairing(name, kind, one.name, names, side))


def _types(facts: Mapping[str, SideFacts], translator: Translator, name: str) -> Iterable[Finding]:
    for side in SIDES:
        across = facts[other(side)]
        if "type" in across.cannot or not across.types:
            continue
        for one in facts[side].types:
            told = translator.carry("type", one, side)
            if told.held:
                text = f"type {one!r:.60} of {facts[side].title}: {told.held}"
                names = "|".join(across.types)[:120]
                yield Finding(INFO, "type", text, _pairing(name, "types", one, names, side))


def _pairs(facts: Mapping[str, SideFacts], policy: Policy, name: str) -> Iterable[Finding]:
    """Pairs that name what does not exist (any more), such as a status that was renamed."""
    for kind in ("statuses", "priorities", "types", "users", "custom_fields"):
        for pair in policy.pairs.get(kind, {}).items():
            for side, value in zip(SIDES, pair, strict=True):
                known = _known(facts[side], kind)
                if known and value.casefold() not in known:
                    text = (
                        f"the pair {pair[0]!r:.60} = {pair[1]!r:.60} of {kind.replace('_', ' ')}: "
                        f"{facts[side].title} has no {value!r:.60}"
                    )
                    command = f'pm-providers mappings update {name} --pair "{kind}:{pair[0]}="'
                    yield Finding(WARNING, "pair", text, command)


def _known(facts: SideFacts, kind: str) -> set[str]:
    if kind == "types":
        return {one.casefold() for one in facts.types}
    if kind == "custom_fields":
        return {one.casefold() for one in facts.custom}
    if kind == "users":
        people = facts.people.values()
        return {text.casefold() for one in people for text in (one.id, one.name, one.email, one.username)}
    offered: Sequence[Choice] = getattr(facts, kind)
    return {text.casefold() for one in offered for text in (one.id, one.name, one.value)}


def _fields(facts: Mapping[str, SideFacts], policy: Policy) -> Iterable[Finding]:
    for side in SIDES:
        held = [name for name in facts[side].cannot if policy.flows(name, side)]
        held = [name for name in held if name not in facts[other(side)].cannot and name in _SHOWN]
        if held:
            text = (
                f"{facts[side].title} cannot hold {', '.join(held)}; these stay as they are on the other side"
            )
            yield Finding(INFO, "field", text)


_SHOWN = frozenset(
    {
        "description", "status", "priority", "parent", "assignees", "sprint", "labels", "type", "start_date",
        "due_date", "estimated_hours", "actual_hours", "remaining_hours", "story_points", "progress",
    }
)  # fmt: skip
