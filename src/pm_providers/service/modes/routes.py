"""One of several systems: its name, and its ids as callers of all of them write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from pm_providers.contract import BasePMProvider, Fields
from pm_providers.errors import ConfigurationError, ValidationError
from pm_providers.model import MODELS, Entity, FieldKind, Record, WriteWarning, field_specs

__all__ = ["SEPARATOR", "Book", "Route", "Single", "own_asked", "own_fields", "own_id", "own_record"]

R = TypeVar("R", bound=Record)

SEPARATOR = ":"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
_REFERRING = frozenset({FieldKind.ID, FieldKind.IDS, FieldKind.ITEMS})


_KNOWN: dict[type, tuple[str, ...]] = {}


def _references(model: type[Record]) -> tuple[str, ...]:
    """Fields that hold ids, or records that do."""
    if model not in _KNOWN:
        _KNOWN[model] = tuple(name for name, one in field_specs(model).items() if one.kind in _REFERRING)
    return _KNOWN[model]


@dataclass(frozen=True, slots=True)
class Route:
    """A system among several.

    Attributes:
        name: what callers call it.
        provider: speaks to it, with its own ids.
        prefix: stands before its ids; `""` where ids are the same on both sides.
    """

    name: str
    provider: BasePMProvider = field(compare=False)
    prefix: str = ""

    @property
    def label(self) -> str:
        """Its name for people, with the provider where that is another."""
        kind = self.provider.name
        return self.name if self.name == kind else f"{self.name} ({kind})"

    def outward(self, record: R) -> R:
        """The record with its ids as callers write them."""
        if not self.prefix:
            return record
        changes: dict[str, Any] = {}
        for name in _references(type(record)):
            value = getattr(record, name)
            if value:
                changes[name] = self._shown(value)
        warnings = getattr(record, "warnings", ())
        if warnings:
            changes["warnings"] = tuple(self._warned(type(record), one) for one in warnings)
        return replace(record, **changes)

    def shown_id(self, identifier: str) -> str:
        """An id of the system as callers write it."""
        return self.prefix + identifier

    def _shown(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.prefix + value
        if isinstance(value, list | tuple):
            return [self._shown(one) for one in value]
        return self.outward(value) if isinstance(value, Record) else value

    def _warned(self, model: type[Record], warning: WriteWarning) -> WriteWarning:
        if warning.field not in _references(model):
            return warning
        return replace(warning, asked=self._shown(warning.asked), got=self._shown(warning.got))


class Book:
    """All systems by name, and which one an id belongs to.

    An id that does not begin with the name of a system and a colon belongs to the default system.

    Args:
        routes: name -> provider.
        default: name of the default system; the first when missing.

    Raises:
        ConfigurationError: no systems, a name that is none, or an unknown default.
    """

    def __init__(self, routes: Mapping[str, BasePMProvider], default: str | None = None) -> None:
        if not routes:
            raise ConfigurationError("there must be at least one system", setting="routes")
        for name in routes:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise ConfigurationError(
                    f"{name!r:.60} cannot name a system: letters, digits, `.`, `_` and `-`, at most 40",
                    setting="routes",
                    example="jira-main",
                )
        self.routes = {name: Route(name, one, name + SEPARATOR) for name, one in routes.items()}
        chosen = next(iter(routes)) if default is None else default
        if chosen not in self.routes:
            known = ", ".join(self.routes)
            raise ConfigurationError(
                f"there is no system {chosen!r:.60}; there are: {known}", setting="default"
            )
        self.default = self.routes[chosen]

    def find(self, identifier: str) -> tuple[Route, str]:
        """System that an id belongs to, and the id there."""
        name, separator, own = identifier.partition(SEPARATOR)
        route = self.routes.get(name) if separator and own else None
        return (self.default, identifier) if route is None else (route, own)


class Single(Book):
    """One system, whose ids are everybody's."""

    def __init__(self, provider: BasePMProvider) -> None:
        self.default = Route(provider.name, provider)
        self.routes = {provider.name: self.default}

    def find(self, identifier: str) -> tuple[Route, str]:
        """See `Book.find`."""
        return self.default, identifier


def own_id(book: Book, route: Route, name: str, identifier: str) -> str:
    """An id that stands in field `name` of something of `route`, as that system writes it.

    Raises:
        ValidationError: it belongs to another system.
    """
    owner, own = book.find(identifier)
    if owner is not route:
        hint = "" if identifier != own else f"; write {route.shown_id(own)!r:.80} for the one there"
        raise ValidationError(
            fields={name: f"{identifier!r:.80} belongs to {owner.name}, the rest to {route.name}{hint}"}
        )
    return own


def own_fields(book: Book, route: Route, entity: Entity, fields: Fields) -> Fields:
    """Checked fields with the ids that the system itself uses. Errors as in `own_id`."""
    found = dict(fields)
    problems: dict[str, str] = {}
    for name in _references(MODELS[entity]):
        value = found.get(name)
        if not value:
            continue
        try:
            if isinstance(value, str):
                found[name] = own_id(book, route, name, value)
            elif all(isinstance(one, str) for one in value):
                found[name] = [own_id(book, route, name, one) for one in value]
        except ValidationError as error:
            problems |= error.fields
    if problems:
        raise ValidationError(fields=problems)
    return found


def own_record(book: Book, record: R) -> tuple[Route, R]:
    """The system of a record that callers see, and the record with that system's ids."""
    route = book.find(record.id)[0]
    changes = {
        name: _own_value(book, getattr(record, name))
        for name in _references(type(record))
        if getattr(record, name)
    }
    return route, replace(record, **changes)


def _own_value(book: Book, value: Any) -> Any:
    if isinstance(value, str):
        return book.find(value)[1]
    if isinstance(value, list | tuple):
        return [_own_value(book, one) for one in value]
    return own_record(book, value)[1] if isinstance(value, Record) else value


def own_asked(book: Book, model: type[Record], name: str, value: Any) -> Any:
    """A value that was asked for in a field, with the system's own ids."""
    return _own_value(book, value) if name in _references(model) else value
