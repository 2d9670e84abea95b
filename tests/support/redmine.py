"""A real Redmine for tests: started by `scripts/redmine-server`, or the one of `PM_TEST_REDMINE_URL`.

Servers are shared by all tests of a process, so a test works in projects and with users of its own, under names that
no other test has. Mark tests that use one `@pytest.mark.redmine`.

| variable | effect |
|---|---|
| `PM_TEST_REDMINE=no` | tests that need a server skip |
| `PM_TEST_REDMINE_URL`, `PM_TEST_REDMINE_API_KEY` | this server and key of an administrator are used instead |
| `PM_TEST_REDMINE_TEXT` | its setting `text_formatting`, textile; tests that need another one skip |
"""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import httpx2
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "redmine-server"
_MISSING = 3
# The API can only read these. They depend on nothing but the server and whose key asks.
_SETTLED = ("custom_fields", "enumerations/", "issue_statuses", "roles.", "trackers")
_WHO = ("x-redmine-api-key", "x-redmine-switch-user", "authorization", "cookie")


@dataclass(frozen=True)
class RedmineServer:
    """A running server. `url` has no slash at the end; `api_key` is the administrator's."""

    url: str
    api_key: str = field(repr=False)
    text_format: str = "textile"


class Remembering(httpx2.AsyncHTTPTransport):
    """The network, where answers of a server that cannot change are fetched once for each key by all tests together.

    These are the lists that an administrator makes in the web interface, and with `people` who has a key, until some
    request writes anything of people: a third of a server's work for the tests. For tests of something else.
    """

    _known: ClassVar[dict[tuple[str, ...], httpx2.Response]] = {}

    def __init__(self, *, people: bool = False) -> None:
        super().__init__(verify=False)
        self._kept = (*_SETTLED, "users/current") if people else _SETTLED

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.lstrip("/")
        if request.method != "GET":
            if any(word in path for word in ("users", "memberships", "groups")):
                self._forget_people()
            return await super().handle_async_request(request)
        if not path.startswith(self._kept):
            return await super().handle_async_request(request)
        key = (str(request.url), *(request.headers.get(name, "") for name in _WHO))
        if key not in self._known:
            response = await super().handle_async_request(request)
            await response.aread()
            if response.status_code != httpx2.codes.OK:
                return response
            self._known[key] = response
        found = self._known[key]
        return httpx2.Response(found.status_code, headers=found.headers, content=found.content)

    @classmethod
    def _forget_people(cls) -> None:
        for key in [key for key in cls._known if "/users/" in key[0]]:
            del cls._known[key]


def redmine_server(text_format: str = "textile", **settings: str) -> RedmineServer:
    """The server of this test process with this format of texts and these settings; skips by name where none can be.

    It has Redmine's default data, and custom fields for all projects, some for Support only (`redmine_server.database.FIELDS`
    in the scripts). Nothing of it is left when the process ends, however it ends.

    Args:
        text_format: `textile`, `markdown` or `common_mark`.
        settings: Redmine's own settings, like `parent_issue_dates="independent"`; lists as JSON.
    """
    _skip_if_off()
    url = os.environ.get("PM_TEST_REDMINE_URL")
    if url:
        return _given(url, text_format, settings)
    need_own_server()
    return _start(text_format, tuple(f"--set={name}={value}" for name, value in sorted(settings.items())))


def need_own_server() -> None:
    """Skip the calling test by name where no server can be started."""
    _skip_if_off()
    reason = _why_not()
    if reason:
        pytest.skip(f"no Redmine here: {reason} (see `make redmine`)")


def _skip_if_off() -> None:
    if os.environ.get("PM_TEST_REDMINE") == "no":
        pytest.skip("Redmine is switched off by PM_TEST_REDMINE=no")


def _given(url: str, text_format: str, settings: dict[str, str]) -> RedmineServer:
    has = os.environ.get("PM_TEST_REDMINE_TEXT", "textile")
    if settings or has != text_format:
        wanted = ", ".join([f"text_formatting={text_format}", *(f"{k}={v}" for k, v in settings.items())])
        pytest.skip(f"the server of PM_TEST_REDMINE_URL is not known to have {wanted}")
    return RedmineServer(url.rstrip("/"), os.environ["PM_TEST_REDMINE_API_KEY"], text_format)


@functools.cache
def _why_not() -> str:
    done = subprocess.run([sys.executable, SCRIPT, "check"], capture_output=True, text=True, check=False)
    if done.returncode not in {0, _MISSING}:
        raise RuntimeError(done.stderr)
    return done.stderr.strip().removeprefix("redmine-server: ") if done.returncode else ""


@functools.cache
def _start(text_format: str, options: tuple[str, ...]) -> RedmineServer:
    # The server ends when this process does, as nobody has the other end of its standard input any more. A session
    # of its own keeps Ctrl-C from reaching it while tests still clean up.
    process = subprocess.Popen(
        [sys.executable, SCRIPT, "run", "0", "--text", text_format, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(_stop, process)
    printed = dict(
        line.rstrip("\n").split("=", 1)
        for line in (process.stdout.readline(), process.stdout.readline())
        if line
    )
    if "REDMINE_API_KEY" not in printed:
        raise RuntimeError(f"Redmine did not start: {process.communicate()[1]}")
    return RedmineServer(printed["REDMINE_URL"], printed["REDMINE_API_KEY"], text_format)


def _stop(process: subprocess.Popen[str]) -> None:
    # Closes its standard input and waits.
    process.communicate()
