"""WAS and CHANGED in JQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from pm_providers.sandbox.jira.jql_dates import DATE_FUNCTIONS, date_function
from pm_providers.sandbox.jira.jql_fields import Scope, Searchable
from pm_providers.sandbox.jira.jql_syntax import (
    Clause,
    Empty,
    Function,
    Listed,
    Literal,
    Operand,
    Predicate,
)
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.records import ChangeItem, Issue

__all__ = ["History"]

Values = Callable[[Searchable, Operand, str], frozenset[Any]]


class History:
    """WAS and CHANGED: looks into the changelog."""

    def __init__(self, scope: Scope, values: Values, field: Searchable, clause: Clause) -> None:
        if not field.history:
            raise JqlError(f"History searches do not support the '{field.name}' field.")
        self._scope, self._values, self._field, self._clause = scope, values, field, clause
        self._state = scope.state
        self._limits = [self._limit(limit) for limit in clause.predicates]

    def test(self) -> Callable[[Issue], bool]:
        """What the clause asks of an issue."""
        if self._clause.operator == "changed":
            return lambda issue: any(True for _ in self._changes(issue))
        operand = self._clause.operand
        items = operand.items if isinstance(operand, Listed) else (operand,)
        wanted: set[str | None] = set()
        for item in items:
            if item is None or isinstance(item, Empty):
                wanted.add(None)
            else:
                wanted |= _texts(self._values(self._field, item, "was"))
        if "not" in self._clause.operator:
            return lambda issue: not self._had(issue, wanted)
        return lambda issue: self._had(issue, wanted)

    def _had(self, issue: Issue, wanted: set[str | None]) -> bool:
        items = [item for item, _, _ in self._changes(issue)]
        if any(item.new in wanted for item in items):
            return True
        if not self._clause.predicates:
            now = _texts(self._field.read(issue)) or {None}
            return bool(now & wanted) or any(item.old in wanted for item in items)
        return False

    def _changes(self, issue: Issue) -> Iterable[tuple[ChangeItem, datetime, str]]:
        for row in self._state.changes.where("issue_id", issue.id):
            for item in row.items:
                found = (item, row.created, row.author)
                if item.field_id == self._field.history and all(limit(*found) for limit in self._limits):
                    yield found

    def _limit(self, limit: Predicate) -> Callable[[ChangeItem, datetime, str], bool]:
        word = limit.word
        if word in {"from", "to"}:
            ids = _texts(self._values(self._field, limit.operand, "changed"))
            return lambda item, _at, _who: (item.old if word == "from" else item.new) in ids
        if word == "by":
            people = self._people(limit.operand)
            return lambda _item, _at, who: who in people
        moments = self._moments(limit.operand)
        if word == "during":
            return lambda _item, at, _who: moments[0] <= at <= moments[-1]
        if word == "on":
            zone = self._scope.session
            return lambda _item, at, _who: zone.stamp(at)[:10] == zone.stamp(moments[0])[:10]
        return lambda _item, at, _who: at > moments[0] if word == "after" else at < moments[0]

    def _people(self, operand: Operand) -> frozenset[Any]:
        scope = self._scope
        if isinstance(operand, Function):
            made = scope.people().get(operand.name.lower())
            if made is None:
                raise JqlError(f"Unable to find JQL function '{operand.name}()'.")
            return made(operand.arguments)
        if isinstance(operand, Literal):
            return scope.person("by", operand.text, operand.quoted)
        raise JqlError("The predicate 'by' needs a user.")

    def _moments(self, operand: Operand) -> list[datetime]:
        scope = self._scope
        if isinstance(operand, Listed):
            return [moment for item in operand.items for moment in self._moments(item)]
        if isinstance(operand, Function) and operand.name.lower() in DATE_FUNCTIONS:
            return [date_function(operand.name, operand.arguments, scope.now, scope.zone)]
        if isinstance(operand, Literal):
            return list(scope.date("date", operand.text, operand.quoted))
        raise JqlError("A date predicate needs a date.")


def _texts(values: Iterable[Any]) -> set[str | None]:
    return {None if value is None else str(value) for value in values}
