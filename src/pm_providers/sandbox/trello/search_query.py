"""The words of a search: plain ones, and operators like `board:` and `due:week` ([doc] search operators)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pm_providers.sandbox.trello.ids import born, stamp
from pm_providers.sandbox.trello.records import Card
from pm_providers.sandbox.trello.state import State
from pm_providers.sandbox.trello.web import Session

__all__ = ["Query", "parse"]

_PART = re.compile(r'(-?)(?:(\w+):)?("[^"]*"|\S+)')
_WORD = re.compile(r"\w+", re.UNICODE)
_DAYS = {"day": 1, "week": 7, "month": 28}
Test = Callable[[Session, Card], bool]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed search.

    Attributes:
        terms: plain words in small letters, with whether they are excluded.
        modifiers: operators as the answer's `options` echo them.
    """

    terms: tuple[tuple[str, bool], ...]
    tests: tuple[tuple[Test, bool], ...]
    modifiers: tuple[dict[str, Any], ...]

    def matches(self, text: str, *, partial: bool) -> bool:
        """Whether all words are in a text: whole ones, or (partial) as beginnings."""
        words = {word.lower() for word in _WORD.findall(text)}
        for term, negative in self.terms:
            parts = [part.lower() for part in _WORD.findall(term)]
            if partial:
                found = bool(parts) and all(any(word.startswith(part) for word in words) for part in parts)
            else:
                found = bool(parts) and all(part in words for part in parts)
            if found is negative:
                return False
        return True

    def allows(self, session: Session, card: Card) -> bool:
        """Whether the operators let a card through."""
        return all(test(session, card) is not negative for test, negative in self.tests)


def parse(session: Session, text: str) -> Query:
    """Read a search; operators that there are not are words like others."""
    terms: list[tuple[str, bool]] = []
    tests: list[tuple[Test, bool]] = []
    modifiers: list[dict[str, Any]] = []
    for minus, name, raw in _PART.findall(text):
        value = raw.strip('"')
        test = _operator(session, name.lower(), value) if name else _short(session, value)
        if test is None:
            terms.append((f"{name}:{value}" if name else value, bool(minus)))
        else:
            tests.append((test, bool(minus)))
            modifiers.append({"text": f"{minus}{name}:{raw}" if name else raw})
    return Query(tuple(terms), tuple(tests), tuple(modifiers))


def _short(session: Session, value: str) -> Test | None:
    """`@name` and `#label`."""
    if value.startswith("@") and len(value) > 1:
        return _operator(session, "member", value[1:])
    if value.startswith("#") and len(value) > 1:
        return _operator(session, "label", value[1:])
    return None


def _operator(session: Session, name: str, value: str) -> Test | None:
    makers: dict[str, Callable[[State, Session, str], Test | None]] = {
        "board": lambda s, _c, v: lambda _x, card: _same(v, card.board_id, s.boards[card.board_id].name),
        "list": lambda s, _c, v: lambda _x, card: _same(v, card.list_id, s.lists[card.list_id].name),
        "label": lambda s, _c, v: lambda _x, card: _labelled(s, card, v),
        "member": lambda s, c, v: lambda _x, card: _on_card(s, c, card, v),
        "is": lambda s, _c, v: _state(s, v),
        "has": lambda _s, _c, v: _having(v),
        "due": lambda s, _c, v: _due(s, v),
        "edited": lambda s, _c, v: _recent(s, v, created=False),
        "created": lambda s, _c, v: _recent(s, v, created=True),
        "name": lambda _s, _c, v: lambda _x, card: v.lower() in card.name.lower(),
        "description": lambda _s, _c, v: lambda _x, card: v.lower() in card.desc.lower(),
        "comment": lambda s, _c, v: lambda _x, card: _commented(s, card, v),
        "checklist": lambda s, _c, v: lambda _x, card: _listed(s, card, v),
        "sort": lambda _s, _c, _v: lambda _x, _card: True,
    }
    maker = makers.get(name)
    return maker(session.state, session, value) if maker is not None else None


def _same(value: str, key: str, name: str) -> bool:
    return value.lower() == key or value.lower() in name.lower()


def _labelled(state: State, card: Card, value: str) -> bool:
    rows = (state.labels.get(key) for key in card.label_ids)
    return any(row is not None and value.lower() in {row.name.lower(), row.color or ""} for row in rows)


def _on_card(state: State, session: Session, card: Card, value: str) -> bool:
    member = session.member if value == "me" else state.member(value)
    return member is not None and member.id in card.member_ids


def _state(state: State, value: str) -> Test | None:
    tests: dict[str, Test] = {
        "open": lambda _s, card: not card.closed and not state.lists[card.list_id].closed,
        "archived": lambda _s, card: card.closed or state.lists[card.list_id].closed,
        "starred": lambda s, card: any(
            row.member_id == s.member_id for row in state.stars.where("board_id", card.board_id)
        ),
        "complete": lambda _s, card: card.due_complete,
        "incomplete": lambda _s, card: card.due is not None and not card.due_complete,
        "overdue": lambda _s, card: _late(state, card),
    }
    return tests.get(value.lower())


def _late(state: State, card: Card) -> bool:
    return card.due is not None and card.due < state.now() and not card.due_complete


def _having(value: str) -> Test | None:
    tests: dict[str, Test] = {
        "attachments": lambda _s, card: card.attachments > 0,
        "cover": lambda _s, card: card.cover_attachment is not None or bool(card.cover),
        "description": lambda _s, card: bool(card.desc),
        "members": lambda _s, card: bool(card.member_ids),
        "stickers": lambda _s, _card: False,
    }
    return tests.get(value.lower())


def _days(value: str) -> int | None:
    if value.isascii() and value.isdigit() and len(value) <= 4:
        return int(value)
    return _DAYS.get(value.lower())


def _due(state: State, value: str) -> Test | None:
    if value.lower() in {"complete", "incomplete"}:
        return _state(state, value)
    if value.lower() == "overdue":
        return lambda _s, card: _late(state, card)
    days = _days(value)
    if days is None:
        return None
    end = stamp(state.clock.now() + timedelta(days=days))
    return lambda _s, card: card.due is not None and state.now() <= card.due <= end


def _recent(state: State, value: str, *, created: bool) -> Test | None:
    days = _days(value)
    if days is None:
        return None
    start = stamp(state.clock.now() - timedelta(days=days))
    if created:
        return lambda _s, card: stamp(born(card.id)) >= start
    return lambda _s, card: card.last_activity >= start


def _commented(state: State, card: Card, value: str) -> bool:
    rows = (row for row in state.actions.where("card_id", card.id) if row.type == "commentCard")
    return any(value.lower() in str(row.data.get("text", "")).lower() for row in rows)


def _listed(state: State, card: Card, value: str) -> bool:
    names = [row.name for row in state.checklists.where("card_id", card.id)]
    names += [row.name for row in state.check_items.where("card_id", card.id)]
    return any(value.lower() in name.lower() for name in names)
