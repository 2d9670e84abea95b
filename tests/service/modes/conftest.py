"""Databases behind modes, and other systems that go down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pm_providers.contract import BasePMProvider, PMProviderConfig
from pm_providers.errors import TransportError
from pm_providers.registry import build_pm_provider
from pm_providers.service import sync
from tests.support.databases import sqlite_database

WRITES = ("create_", "update_", "delete_")


class Weather:
    """How the other system is.

    Attributes:
        down: nothing gets there.
        broken: so many of the next writes get there, and the answer does not come back.
        calls: calls that were tried, by name.
    """

    def __init__(self) -> None:
        self.down = False
        self.broken = 0
        self.calls: list[str] = []

    def check(self, name: str) -> None:
        self.calls.append(name)
        if self.down:
            raise TransportError("no answer", provider="elsewhere", operation=name)


class Exposed:
    """A provider in the weather."""

    def __init__(self, inner: BasePMProvider, weather: Weather) -> None:
        self._inner = inner
        self._weather = weather

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name == "aclose" or not callable(found):
            return found
        return self._stream(name, found) if name.startswith("iter_") else self._call(name, found)

    def _stream(self, name: str, call: Callable[..., Any]) -> Any:
        async def stream(*args: Any, **options: Any) -> Any:
            self._weather.check(name)
            async for record in call(*args, **options):
                yield record

        return stream

    def _call(self, name: str, call: Callable[..., Any]) -> Any:
        async def exposed(*args: Any, **options: Any) -> Any:
            self._weather.check(name)
            result = await call(*args, **options)
            if self._weather.broken and name.startswith(WRITES):
                self._weather.broken -= 1
                raise TransportError("the connection broke", maybe_applied=True)
            return result

        return exposed


@pytest.fixture
def weather(mapped, monkeypatch):
    """The weather on the right side of `mapped`."""
    found = Weather()

    def build(*args: Any, **options: Any) -> Any:
        provider = build_pm_provider(*args, **options)
        config = options.get("config")
        if config is not None and config.option("database_url") == mapped.there_url:
            return Exposed(provider, found)
        return provider

    monkeypatch.setattr(sync, "build_pm_provider", build)
    return found


@pytest.fixture
def database(tmp_path):
    """Name -> internal provider with a database of its own."""

    def made(name: str) -> BasePMProvider:
        options = {"database_url": sqlite_database(tmp_path / f"{name}.db")}
        return build_pm_provider(
            config=PMProviderConfig("internal", username="ada", additional_config=options)
        )

    return made
