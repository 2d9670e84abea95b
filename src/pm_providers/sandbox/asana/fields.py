"""`opt_fields` and how records are shown: compact, full, or just what was asked for.

Facts: one `opt_fields` switches to "only these and the gid" [spec]; a nested record asked for without its
fields is compact, with some of them it has only those [recorded]; names that a record does not have are
ignored [recorded: `uri` of a tag]; `memberships` of a task asked for without fields are empty objects
[obs Asana/python-asana#114].
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from pm_providers.sandbox.asana.web import Session

__all__ = ["COMPACT", "FULL", "OMIT", "Getter", "Ref", "View", "define", "parse_fields", "refs", "show"]

OMIT: Final[Any] = object()
COMPACT, FULL = "compact", "full"
_ASKED: Final = "asked for without fields"
MAX_FIELDS, MAX_DEPTH = 500, 8
Getter = Callable[["Session", Any], Any]
# a tree of names as nested pairs, so that it can be a key: (("assignee", (("name", ()),)), ("name", ()))
Tree = tuple[Any, ...]
Spec = str | Tree


class Ref(NamedTuple):
    """A record inside another one; its kind is the name of a view."""

    kind: str
    row: Any


@dataclass(frozen=True, slots=True)
class View:
    """How records of a kind look.

    Attributes:
        getters: the value of a member for a record; a `Ref`, a list of them, plain JSON, or `OMIT`.
        compact, full: the members of both forms, without `gid`.
        gid: whether the record has one; those without are empty when asked for without fields.
    """

    kind: str
    getters: dict[str, Getter]
    compact: tuple[str, ...]
    full: tuple[str, ...]
    gid: bool = True


_VIEWS: dict[str, View] = {}


def define(
    kind: str,
    getters: dict[str, Getter],
    *,
    compact: tuple[str, ...] = ("name", "resource_type"),
    full: tuple[str, ...] = (),
    gid: bool = True,
    resource_type: str = "",
) -> None:
    """Register the view of a kind; every view has its `resource_type`. Without `full`, all members are."""
    shown = resource_type or kind
    known: dict[str, Getter] = {"resource_type": lambda _s, _row: shown} if gid else {}
    known |= getters
    _VIEWS[kind] = View(kind, known, compact, full or tuple(known), gid)


def refs(kind: str, rows: list[Any]) -> list[Ref]:
    """A list of records of one kind."""
    return [Ref(kind, row) for row in rows]


@dataclass(slots=True)
class _Step:
    name: str
    getter: Getter
    spec: Spec
    plans: dict[str, _Plan] = field(default_factory=dict)

    def plan(self, kind: str) -> _Plan:
        found = self.plans.get(kind)
        if found is None:
            found = self.plans[kind] = _plan(kind, self.spec)
        return found


@dataclass(slots=True)
class _Plan:
    gid: bool
    steps: list[_Step]


@lru_cache(maxsize=2048)
def _plan(kind: str, spec: Spec) -> _Plan:
    view = _VIEWS[kind]
    if isinstance(spec, str):
        names = view.full if spec == FULL else view.compact
        if spec == _ASKED and not view.gid:
            names = ()
        return _Plan(view.gid, [_Step(name, view.getters[name], COMPACT) for name in names])
    steps = []
    for name, below in spec:
        getter = view.getters.get(name)
        if getter is not None:
            steps.append(_Step(name, getter, below or _ASKED))
    return _Plan(view.gid, steps)


def show(session: Session, ref: Ref, spec: Spec) -> dict[str, Any]:
    """A record as JSON data; `spec` is `COMPACT`, `FULL` or what `parse_fields` gave."""
    return _show(session, ref.row, _plan(ref.kind, spec))


def _show(session: Session, row: Any, plan: _Plan) -> dict[str, Any]:
    session.cost += 1
    body: dict[str, Any] = {"gid": row.id} if plan.gid else {}
    for step in plan.steps:
        value = step.getter(session, row)
        if value is OMIT:
            continue
        kind = type(value)
        if kind is Ref:
            value = _nested(session, value, step)
        elif kind is list and value and type(value[0]) is Ref:
            value = [_nested(session, one, step) for one in value]
        body[step.name] = value
    return body


def _nested(session: Session, ref: Ref, step: _Step) -> dict[str, Any]:
    return _show(session, ref.row, step.plan(ref.kind))


@lru_cache(maxsize=512)
def parse_fields(text: str) -> Tree:
    """The tree of `a,b.c,this.d`; names with parentheses, as `(a|b).c`, stand for several."""
    tree: dict[str, Any] = {}
    for path in text.split(",")[:MAX_FIELDS]:
        _grow(tree, [part.strip() for part in path.strip().split(".")[:MAX_DEPTH]])
    return _frozen(tree)


def _grow(tree: dict[str, Any], parts: list[str]) -> None:
    if parts and parts[0] == "this":
        parts = parts[1:]
    if not parts or not parts[0]:
        return
    for name in parts[0].removeprefix("(").removesuffix(")").split("|"):
        below = tree.setdefault(name, {})
        _grow(below, parts[1:])


def _frozen(tree: dict[str, Any]) -> Tree:
    return tuple((name, _frozen(below)) for name, below in tree.items())
