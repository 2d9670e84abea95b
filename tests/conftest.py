"""Fixtures of all tests."""

import gc
import importlib.util
import os
import sys
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from pm_providers.database import session
from tests.support import statements
from tests.support.postgres import empty_postgres_url, postgres_server, postgres_url

__all__ = ["empty_postgres_url", "postgres_server", "postgres_url"]

# A busy machine is no failure: no test depends on how long an example takes.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Continuous integration tries the same examples each time: a change is not refused for another one's rare fault.
settings.register_profile("repeatable", settings.get_profile("unhurried"), derandomize=True)
settings.load_profile("repeatable" if os.environ.get("CI") else "unhurried")


# httpx2 imports this at each request to an application; Python looks everywhere for what is missing, each time.
if importlib.util.find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # known to be missing

statements.share()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: half a million objects are made, which stay and are never looked at again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.fixture
def encryption_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of kept secrets, which is in the environment."""
    key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    monkeypatch.setenv("PM_ENCRYPTION_KEY", key)
    return key


@pytest.fixture(autouse=True)
def _databases_of_a_test_are_closed() -> Iterator[None]:
    """A process keeps the engine of an address, and its files, for good; tests have thousands of addresses."""
    before = set(session._engines)
    yield
    for address in session._engines.keys() - before:
        session._engines.pop(address).dispose()
