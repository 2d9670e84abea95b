"""Routes of a sandbox: handlers by method and path, looked up on raw paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar
from urllib.parse import unquote

__all__ = ["Router", "Routes"]

H = TypeVar("H")


class Routes(Generic[H]):
    """Handlers of one family of resources, collected by a decorator.

    Args:
        root: put before each path, for example `/api/v2`.
    """

    def __init__(self, root: str = "") -> None:
        self.root = root
        self.table: dict[str, dict[str, H]] = {}

    def __call__(self, method: str, path: str) -> Callable[[H], H]:
        """Register the decorated handler for a method and path; `{name}` stands for one part."""

        def register(handler: H) -> H:
            self.table.setdefault(self.root + path, {})[method] = handler
            return handler

        return register


class Router(Generic[H]):
    """All routes, looked up by the number of path parts; fixed parts win over named ones."""

    def __init__(self, groups: Iterable[Routes[H]]) -> None:
        by_parts: dict[tuple[str, ...], dict[str, H]] = {}
        for group in groups:
            for path, handlers in group.table.items():
                by_parts.setdefault(tuple(path.strip("/").split("/")), {}).update(handlers)
        self._by_size: dict[int, list[tuple[tuple[str, ...], dict[str, H]]]] = {}
        for parts in sorted(by_parts, key=lambda parts: tuple(part.startswith("{") for part in parts)):
            self._by_size.setdefault(len(parts), []).append((parts, by_parts[parts]))

    def find(self, path: str) -> tuple[dict[str, H], dict[str, str]] | None:
        """Handlers by method and the decoded named parts of a raw path; None for an unknown one."""
        given = tuple(path.removeprefix("/").rstrip("/").split("/"))
        for pattern, handlers in self._by_size.get(len(given), ()):
            params: dict[str, str] = {}
            for wanted, part in zip(pattern, given, strict=True):
                if wanted.startswith("{"):
                    params[wanted[1:-1]] = unquote(part)
                elif wanted != part:
                    break
            else:
                return handlers, params
        return None
