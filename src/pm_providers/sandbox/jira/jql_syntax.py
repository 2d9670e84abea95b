"""Reading JQL: from text to a tree of clauses, with the vendor's texts for what cannot be read.

The texts were recorded by users of real sites; positions count from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from pm_providers.sandbox.jira.jql_tokens import JqlError, Token, place, tokens
from pm_providers.sandbox.jira.jql_words import RESERVED_WORDS

__all__ = [
    "Clause",
    "Empty",
    "Function",
    "Group",
    "JqlError",
    "Listed",
    "Literal",
    "Name",
    "Not",
    "Operand",
    "Predicate",
    "Query",
    "Sort",
    "Where",
    "parse",
]

MAX_DEPTH = 60
MAX_LENGTH = 100_000
_KEYWORDS = frozenset({"and", "or", "not", "in", "is", "was", "changed", "order", "cf"})
_OPERATORS = "'=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'"


@dataclass(frozen=True, slots=True)
class Literal:
    """A value; `quoted` tells texts in quotation marks from bare words and numbers."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Empty:
    """EMPTY or NULL."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with its arguments."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of operands."""

    items: tuple[Operand, ...]


Operand = Literal | Empty | Function | Listed


@dataclass(frozen=True, slots=True)
class Name:
    """A field; `prop` is what follows in brackets and after it (`issue.property[key].path`)."""

    text: str
    prop: str = ""

    @property
    def shown(self) -> str:
        """As error texts show it."""
        return self.text


@dataclass(frozen=True, slots=True)
class Predicate:
    """A limit of WAS and CHANGED: after, before, on, during, by, from or to."""

    word: str
    operand: Operand


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison; the operator is in lower case. CHANGED has no operand."""

    name: Name
    operator: str
    operand: Operand | None
    predicates: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    part: Where


@dataclass(frozen=True, slots=True)
class Group:
    """Parts joined by `and` or `or`."""

    word: str
    parts: tuple[Where, ...]


Where = Clause | Not | Group


@dataclass(frozen=True, slots=True)
class Sort:
    """One part of ORDER BY; `direction` is asc, desc or empty."""

    name: Name
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A query; `where` is None when there is only an ORDER BY, or nothing."""

    where: Where | None
    order: tuple[Sort, ...] = ()


def parse(text: str) -> Query:
    """Read a query.

    Raises:
        JqlError: with one text, as the vendor stops at the first mistake.
    """
    if len(text) > MAX_LENGTH:
        raise JqlError("The JQL query is too long.")
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._tokens, self._n, self._depth = text, tokens(text), 0, 0

    @property
    def token(self) -> Token:
        return self._tokens[self._n]

    def take(self) -> Token:
        token = self.token
        self._n = min(self._n + 1, len(self._tokens) - 1)
        return token

    def word(self, *words: str) -> bool:
        """Take these bare words if they come next."""
        ahead = self._tokens[self._n : self._n + len(words)]
        if [t.text.lower() for t in ahead if t.kind == "word"] != list(words):
            return False
        self._n += len(words)
        return True

    def symbol(self, *symbols: str) -> bool:
        """Take one of these symbols if it comes next."""
        if self.token.kind == "symbol" and self.token.text in symbols:
            self._n += 1
            return True
        return False

    def fail(self, expected: str, tail: str = "", end: str = "", *, article: str = "the ") -> JqlError:
        token = self.token
        head = f"Error in {article}JQL Query: Expecting {expected}"
        if token.kind == "end":
            return JqlError(f"{head} {end or 'before the end of the query.'}")
        more = tail.format(token.text) if tail else ""
        return JqlError(f"{head} but got '{token.text}'.{more} {place(self._text, token.at)}")

    def query(self) -> Query:
        where = None
        if self.token.kind != "end" and not self._at_order():
            where = self.either()
        order: list[Sort] = []
        if self.word("order", "by"):
            order.append(self.sort())
            while self.symbol(","):
                order.append(self.sort())
        if self.token.kind != "end":
            raise self.fail("either ',' or the end of the query" if order else "either 'OR' or 'AND'")
        return Query(where, tuple(order))

    def _at_order(self) -> bool:
        ahead = self._tokens[self._n : self._n + 2]
        return [t.text.lower() for t in ahead if t.kind == "word"] == ["order", "by"]

    def sort(self) -> Sort:
        name = self.name()
        for direction in ("asc", "desc"):
            if self.word(direction):
                return Sort(name, direction)
        return Sort(name)

    def either(self) -> Where:
        parts = [self.both()]
        while self.word("or") or self.symbol("|", "||"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Group("or", tuple(parts))

    def both(self) -> Where:
        parts = [self.unit()]
        while self.word("and") or self.symbol("&", "&&"):
            parts.append(self.unit())
        return parts[0] if len(parts) == 1 else Group("and", tuple(parts))

    def unit(self) -> Where:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JqlError("The JQL query is too complex: its clauses are nested too deeply.")
        try:
            return self._unit()
        finally:
            self._depth -= 1

    def _unit(self) -> Where:
        if self.word("not") or self.symbol("!"):
            return Not(self.unit())
        if self.symbol("("):
            inner = self.either()
            if not self.symbol(")"):
                if self.token.kind == "end":
                    raise self.fail("')'")
                raise self.fail("either 'OR' or 'AND'")
            return inner
        return self.clause()

    def clause(self) -> Clause:
        name = self.name()
        operator = self.operator()
        if operator == "changed":
            return Clause(name, operator, None, self.predicates())
        operand = self.operand()
        limits = self.predicates() if operator.startswith("was") else ()
        return Clause(name, operator, operand, limits)

    def name(self) -> Name:
        token = self.token
        word = token.text.lower()
        if token.kind == "word" and word == "cf":
            return self._numbered()
        if token.kind not in {"word", "string"} or (token.kind == "word" and word in _KEYWORDS):
            raise self.fail(
                "a field name",
                " You must surround '{0}' in quotation marks to use it as a field name.",
                "at the end of the query.",
            )
        if token.kind == "word":
            self._not_reserved(token)
        self.take()
        if self.token.text == "[" and self.token.kind == "symbol" and token.kind == "word":
            return self._with_property(token.text)
        return Name(token.text)

    def _numbered(self) -> Name:
        self.take()
        if not self.symbol("["):
            raise self.fail("'['")
        number = self.take()
        if not number.text.isdigit():
            raise JqlError(
                f"Error in the JQL Query: Expecting custom field identifier but got '{number.text}'. "
                f"{place(self._text, number.at)}"
            )
        if not self.symbol("]"):
            raise self.fail("']'")
        return Name(f"cf[{number.text}]")

    def _with_property(self, text: str) -> Name:
        self.take()
        key = self.take().text
        if not self.symbol("]"):
            raise self.fail("']'")
        path = self.take().text if self.token.kind == "word" and self.token.text.startswith(".") else ""
        return Name(text, f"[{key}]{path}")

    def _not_reserved(self, token: Token) -> None:
        if token.text.lower() in RESERVED_WORDS:
            raise JqlError(
                f"Error in the JQL Query: '{token.text}' is a reserved JQL word. You must surround it in "
                f"quotation marks to use it in a query. {place(self._text, token.at)}"
            )

    def operator(self) -> str:
        for words in (
            ("not", "in"),
            ("in",),
            ("is", "not"),
            ("is",),
            ("was", "not", "in"),
            ("was", "not"),
            ("was", "in"),
            ("was",),
            ("changed",),
        ):
            if self.word(*words):
                return " ".join(words)
        for symbol in ("=", "!=", "<", ">", "<=", ">=", "~", "!~"):
            if self.symbol(symbol):
                return symbol
        valid = f" The valid operators are {_OPERATORS}."
        raise self.fail("operator", valid, f"before the end of the query.{valid}")

    def operand(self) -> Operand:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise JqlError("The JQL query is too complex: its lists are nested too deeply.")
        try:
            return self._operand()
        finally:
            self._depth -= 1

    def _operand(self) -> Operand:
        if self.symbol("("):
            items = [self.operand()]
            while self.symbol(","):
                items.append(self.operand())
            if not self.symbol(")"):
                raise self.fail("')'" if self.token.kind == "end" else "either ')' or ','")
            return Listed(tuple(items))
        token = self.token
        word = token.text.lower()
        if token.kind not in {"word", "string"} or (token.kind == "word" and word in _KEYWORDS):
            tail = " You must surround '{0}' in quotation marks to use it as a value."
            raise self.fail("either a value, list or function", tail, article="")
        self.take()
        if self.symbol("("):
            return self._function(token)
        if token.kind == "word":
            if word in {"empty", "null"}:
                return Empty()
            self._not_reserved(token)
        return Literal(token.text, token.kind == "string")

    def _function(self, name: Token) -> Function:
        arguments: list[str] = []
        while not self.symbol(")"):
            if arguments and not self.symbol(","):
                raise self.fail("')'" if self.token.kind == "end" else "either ')' or ','")
            if self.token.kind not in {"word", "string"}:
                raise self.fail("function argument")
            arguments.append(self.take().text)
        return Function(name.text, tuple(arguments))

    def predicates(self) -> tuple[Predicate, ...]:
        found: list[Predicate] = []
        while self.token.kind == "word":
            word = self.token.text.lower()
            if word not in {"after", "before", "on", "during", "by", "from", "to"}:
                break
            self.take()
            found.append(Predicate(word, self.operand()))
        return tuple(found)
