"""SQL of one test for the next one: engines of tests share what SQLAlchemy compiled.

An engine compiles a statement once. Most tests have a database of their own, thus an engine of their own, and would
compile a hundred statements again, which takes longer than to run them.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import URL, Dialect, Engine

from pm_providers.database import session


class Statements(dict[Any, Any]):
    """Compiled statements by their keys, in which the dialects of two engines are the same if of one kind."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_shared(key), value)


def _shared(key: Any) -> tuple[Any, ...]:
    dialect, *statement = key
    assert isinstance(dialect, Dialect)
    return type(dialect), *statement


_known: defaultdict[str, Statements] = defaultdict(Statements)
_new_engine = session._new_engine


def share() -> None:
    """From now on, for all engines of our own."""
    session._new_engine = _sharing


def _sharing(url: URL) -> Engine:
    engine = _new_engine(url)
    engine._compiled_cache = _known[engine.dialect.name]
    return engine
