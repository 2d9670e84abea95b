"""JQL against the sandbox's issues: compiles a query into a test and an order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import total_ordering
from typing import Any

from pm_providers.sandbox.jira.jql_dates import DATE_FUNCTIONS, date_function
from pm_providers.sandbox.jira.jql_fields import Scope, Searchable
from pm_providers.sandbox.jira.jql_history import History
from pm_providers.sandbox.jira.jql_syntax import (
    Clause,
    Empty,
    Function,
    Group,
    Listed,
    Literal,
    Not,
    Operand,
    Query,
    Sort,
    Where,
    parse,
)
from pm_providers.sandbox.jira.jql_text import matcher
from pm_providers.sandbox.jira.jql_tokens import JqlError
from pm_providers.sandbox.jira.records import Issue
from pm_providers.sandbox.jira.web import Session

__all__ = ["UNBOUNDED", "Plan", "compile_query", "prepare"]

UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
MAX_SORTS = 7
Test = Callable[[Issue], bool]
_EQUAL = ("=", "!=", "in", "not in", "is", "is not")
_COMPARE = ("<", "<=", ">", ">=")
_OPERATORS: dict[str, tuple[str, ...]] = {
    "set": _EQUAL,
    "ranked": (*_EQUAL, *_COMPARE),
    "order": (*_EQUAL, *_COMPARE),
    "text": ("~", "!~", "is", "is not"),
    "none": (),
}
_HISTORY = ("was", "was not", "was in", "was not in", "changed")


@total_ordering
class _Down:
    """A sort value in descending order."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Down) and self.value == other.value

    def __lt__(self, other: _Down) -> bool:
        return bool(other.value < self.value)

    def __hash__(self) -> int:
        return hash(self.value)


@dataclass(frozen=True)
class Plan:
    """A query that can run.

    Attributes:
        test: whether an issue is found, as far as its fields go.
        key: its place in the order, with the id as the last part.
        projects: ids of the projects that the caller may browse.
        bounded: whether there is any restriction.
    """

    test: Test
    key: Callable[[Issue], tuple[Any, ...]]
    projects: frozenset[int]
    bounded: bool

    def run(self, rows: Iterable[Issue]) -> list[tuple[tuple[Any, ...], int]]:
        """(place, id) of the issues found, in order."""
        test, key, projects = self.test, self.key, self.projects
        return sorted((key(row), row.id) for row in rows if row.project_id in projects and test(row))


def prepare(session: Session, text: str, *, bounded: bool = True) -> Plan:
    """Read and compile a query.

    A query without a restriction is refused where it has to be `bounded`.

    Raises:
        JqlError: with the vendor's texts.
    """
    plan = compile_query(session, parse(text))
    if bounded and not plan.bounded:
        raise JqlError(UNBOUNDED)
    return plan


def compile_query(session: Session, query: Query) -> Plan:
    """Compile a query that was read before.

    Raises:
        JqlError: with a text for each clause that means nothing here.
    """
    compiler = _Compiler(Scope(session))
    test = compiler.where(query.where) if query.where is not None else _always
    key = compiler.order(query.order)
    if compiler.problems:
        raise JqlError(*dict.fromkeys(compiler.problems))
    return Plan(test, key, frozenset(compiler.scope.projects), query.where is not None)


def _always(_issue: Issue) -> bool:
    return True


def _never(_issue: Issue) -> bool:
    return False


class _Compiler:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.problems: list[str] = []

    def where(self, node: Where) -> Test:
        if isinstance(node, Not):
            inner = self.where(node.part)
            return lambda issue: not inner(issue)
        if isinstance(node, Group):
            tests = [self.where(part) for part in node.parts]
            if node.word == "and":
                return lambda issue: all(test(issue) for test in tests)
            return lambda issue: any(test(issue) for test in tests)
        return self._clause(node)

    def _clause(self, clause: Clause) -> Test:
        """One clause; anonymous callers get nothing where others get an error (recorded)."""
        try:
            tests = [self._leaf(clause, field) for field in self.scope.find(clause.name)]
        except JqlError as error:
            if self.scope.session.user is not None:
                self.problems += error.messages
            return _never
        if len(tests) == 1:
            return tests[0]
        join = all if clause.operator in {"!=", "not in", "!~", "was not", "was not in"} else any
        return lambda issue: join(test(issue) for test in tests)

    def _leaf(self, clause: Clause, field: Searchable) -> Test:
        operator = clause.operator
        if operator in _HISTORY:
            return History(self.scope, self.values, field, clause).test()
        if operator not in _OPERATORS[field.shape]:
            raise JqlError(f"The operator '{operator}' is not supported by the '{field.name}' field.")
        operand = clause.operand
        assert operand is not None  # noqa: S101  # only CHANGED has none
        if operator in {"is", "is not"} and not isinstance(operand, Empty):
            shown = operand.text if isinstance(operand, Literal) else "list"
            raise JqlError(
                f"Operator '{operator}' does not support the non-empty value '{shown}' "
                f"for field '{field.name}'."
            )
        if operator in {"in", "not in"}:
            return self._listed(field, operator, operand)
        if isinstance(operand, Listed):
            raise JqlError(f"Operator '{operator}' does not support list values for field '{field.name}'.")
        if isinstance(operand, Empty):
            return _emptiness(field, operator)
        if field.shape == "text":
            return self._words(field, operator, operand)
        return self._compared(field, operator, self.values(field, operand, operator))

    def _words(self, field: Searchable, operator: str, operand: Operand) -> Test:
        if not isinstance(operand, Literal):
            raise self._no_function(operand, field)
        test = matcher(operand.text, field.name)
        if operator == "~":
            return lambda issue: test(field.read(issue))
        return lambda issue: bool(field.read(issue)) and not test(field.read(issue))

    def _listed(self, field: Searchable, operator: str, operand: Operand) -> Test:
        if isinstance(operand, Literal | Empty):
            shown = operand.text if isinstance(operand, Literal) else "EMPTY"
            raise JqlError(
                f"Operator '{operator}' does not support the non-list value '{shown}' "
                f"for field '{field.name}'."
            )
        items = operand.items if isinstance(operand, Listed) else (operand,)
        wanted: set[Any] = set()
        for item in items:
            if isinstance(item, Listed):
                raise JqlError(
                    f"Operator '{operator}' does not support list values for field '{field.name}'."
                )
            if isinstance(item, Empty):
                _emptiness(field, "is")
                wanted.add(None)
            else:
                wanted |= self.values(field, item, operator)
        return _membership(field, operator == "not in", frozenset(wanted))

    def _compared(self, field: Searchable, operator: str, wanted: frozenset[Any]) -> Test:
        if operator in {"=", "!="}:
            return _membership(field, operator == "!=", wanted)
        if len(wanted) != 1:
            raise JqlError(f"Operator '{operator}' does not support list values for field '{field.name}'.")
        value = next(iter(wanted))
        compare = _COMPARISONS[operator]
        if field.rank is None:
            return lambda issue: any(compare(own, value) for own in field.read(issue))
        rank = field.rank
        group, place = rank(value)

        def ranked(issue: Issue) -> bool:
            own = (rank(part) for part in field.read(issue))
            return any(part[0] == group and compare(part[1], place) for part in own)

        return ranked

    def values(self, field: Searchable, operand: Operand, operator: str) -> frozenset[Any]:
        """What a literal or function stands for."""
        if isinstance(operand, Literal):
            return field.resolve(operand.text, operand.quoted)
        if not isinstance(operand, Function):
            raise JqlError(f"Operator '{operator}' does not support list values for field '{field.name}'.")
        name = operand.name.lower()
        if field.dates and name in DATE_FUNCTIONS:
            return frozenset(
                {date_function(operand.name, operand.arguments, self.scope.now, self.scope.zone)}
            )
        made = field.functions.get(name)
        if made is None:
            raise self._no_function(operand, field)
        if operator in {"=", "!="} and name in _LISTS:
            raise JqlError(
                f"A value provided by the function '{operand.name}' is invalid for the field '{field.name}': "
                f"operator '{operator}' does not support lists."
            )
        return made(operand.arguments)

    def _no_function(self, operand: Operand, field: Searchable) -> JqlError:
        from pm_providers.sandbox.jira.jql_words import FUNCTIONS

        name = operand.name if isinstance(operand, Function) else "list"
        if f"{name.lower()}()" in {known.lower() for known in FUNCTIONS}:
            return JqlError(
                f"A value provided by the function '{name}' is invalid for the field '{field.name}'."
            )
        return JqlError(f"Unable to find JQL function '{name}()'.")

    def order(self, sorts: tuple[Sort, ...]) -> Callable[[Issue], tuple[Any, ...]]:
        """The sort key; without ORDER BY the newest issue comes first."""
        if len(sorts) > MAX_SORTS:
            self.problems.append(f"The maximum number of fields in ORDER BY is {MAX_SORTS}.")
        parts = [part for part in (self._sort(sort) for sort in sorts) if part is not None]

        def key(issue: Issue) -> tuple[Any, ...]:
            return (*(part(issue) for part in parts), -issue.id if not sorts else issue.id)

        return key

    def _sort(self, sort: Sort) -> Callable[[Issue], Any] | None:
        try:
            read = _sort_key(self.scope.find(sort.name)[0])
        except JqlError as error:
            if self.scope.session.user is not None:
                self.problems += error.messages
            return None

        def place(issue: Issue) -> Any:
            value = read(issue)
            return (1, 0) if value is None else (0, value)

        return place if sort.direction != "desc" else lambda issue: _Down(place(issue))


_LISTS = frozenset(
    {"opensprints", "closedsprints", "futuresprints", "membersof", "releasedversions", "unreleasedversions"}
    | {"standardissuetypes", "subtaskissuetypes", "linkedissues", "watchedissues", "votedissues"}
)
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda own, value: bool(own < value),
    "<=": lambda own, value: bool(own <= value),
    ">": lambda own, value: bool(own > value),
    ">=": lambda own, value: bool(own >= value),
}


def _sort_key(field: Searchable) -> Callable[[Issue], Any]:
    if field.sort is None:
        raise JqlError(f"Not able to sort using field '{field.name}'.")
    return field.sort


def _emptiness(field: Searchable, operator: str) -> Test:
    if not field.empty:
        raise JqlError(f"The field '{field.name}' does not support searching for EMPTY values.")
    if operator not in {"is", "is not", "=", "!="}:
        raise JqlError(f"Operator '{operator}' does not support EMPTY values for field '{field.name}'.")
    if operator in {"is", "="}:
        return lambda issue: not field.read(issue)
    return lambda issue: bool(field.read(issue))


def _membership(field: Searchable, negative: bool, wanted: frozenset[Any]) -> Test:
    """`!=` and `not in` do not find issues where the field is empty."""
    none = None in wanted
    read = field.read
    if negative:

        def outside(issue: Issue) -> bool:
            own = read(issue)
            return bool(own) and wanted.isdisjoint(own)

        return outside

    def inside(issue: Issue) -> bool:
        own = read(issue)
        return not wanted.isdisjoint(own) or (none and not own)

    return inside
