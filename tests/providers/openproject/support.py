"""A sandbox with something in it, a provider connected to it, and the recorded exchanges."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from typing import Any

import httpx2

from pm_providers import OpenProjectProvider, PMProviderConfig, PMTask
from pm_providers.sandbox.openproject import OpenProjectSandbox
from pm_providers.sandbox.openproject.records import (
    Category,
    CustomField,
    CustomOption,
    Membership,
    Principal,
    Project,
    Version,
)
from pm_providers.transport import Timing
from tests.shared_material import need, shared_path

_NUMBERS = count(1)
KEY = "opapi-secret-key-that-must-never-be-shown-0123456789"
URL = "https://openproject.example"


class Pause:
    """Sleeping that takes no time: the clocks are put forward instead."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(
            monotonic=lambda: time.monotonic() + sum(self.slept),
            wall=lambda: time.time() + sum(self.slept),
            sleep=self.sleep,
            jitter=lambda low, high: high,
        )


def config(url: str = URL, key: str = KEY, **options: Any) -> PMProviderConfig:
    timeout_s, max_wait_s = options.pop("timeout_s", 30.0), options.pop("max_wait_s", 60.0)
    return PMProviderConfig(
        provider_type="openproject",
        base_url=url,
        api_key=key,
        timeout_s=timeout_s,
        max_wait_s=max_wait_s,
        additional_config=options,
    )


def provider_of(box: OpenProjectSandbox, login: str | None = None, **options: Any) -> OpenProjectProvider:
    key = box.key_of(login) if login else box.settings["OPENPROJECT_API_KEY"]
    options.setdefault("sprint_source", "version")
    return OpenProjectProvider(
        config(box.settings["OPENPROJECT_URL"], key, **options),
        transport=box.transport(),
        timing=Pause().timing(),
    )


@asynccontextmanager
async def connected(
    box: OpenProjectSandbox, login: str | None = None, **options: Any
) -> AsyncIterator[OpenProjectProvider]:
    async with provider_of(box, login, **options) as provider:
        yield provider


def canned(answer: Callable[[httpx2.Request], httpx2.Response], **options: Any) -> OpenProjectProvider:
    """A provider whose server is a function; what connecting asks is answered already."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("/users/me"):
            return httpx2.Response(200, json=ME)
        if request.url.path in {"/api/v3", "/api/v3/configuration"}:
            return httpx2.Response(200, json={"_type": "Root", "coreVersion": "12.0.0"})
        return answer(request)

    return OpenProjectProvider(
        config(**options), transport=httpx2.MockTransport(handle), timing=Pause().timing()
    )


ME = {"_type": "User", "id": 3, "name": "A B", "login": "ab", "_links": {"self": {"href": "/api/v3/users/3"}}}


async def create(provider: OpenProjectProvider, world: World, title: str = "Task", **fields: Any) -> PMTask:
    """A task in the main project."""
    return await provider.create_task(PMTask(title=title, project_id=world.main, **fields))


def no_secret(error: BaseException | None) -> None:
    """No secret stands in an error or in what caused it."""
    while error is not None:
        assert KEY not in f"{error}{error!r}"
        assert "sandbox-admin-key" not in f"{error}{error!r}"
        error = error.__cause__ or error.__context__


class World:
    """An instance with two projects, a child, members, versions, categories and custom fields.

    Attributes:
        box: the sandbox.
        main, other, child: project ids; the child is below main.
        ann, ben: users, members of main; ben is no member of other.
    """

    def __init__(self, version: str = "17.6", **options: Any) -> None:
        self.box = OpenProjectSandbox(dataset="empty", version=version, **options)
        # Rate governors live as long as their address and key: each world has an address of its own.
        self.box.base_url = f"http://op{next(_NUMBERS)}.sandbox"
        state = self.box.state
        self.ann = self._user("ann", "Ann", "Lee")
        self.ben = self._user("ben", "Ben", "Ode")
        self.zoe = self._user("zoe", "Zoe", "Out")
        types, modules = (
            tuple(row.id for row in state.types),
            frozenset({"costs", "backlogs", "github", "work_package_tracking"}),
        )
        put = state.projects.put
        common = {"type_ids": types, "modules": modules}
        self.main = str(
            put(
                Project(
                    id=state.projects.next_id(), identifier="main", name="Main", **common, **state.stamps()
                )
            ).id
        )
        self.other = str(
            put(
                Project(
                    id=state.projects.next_id(), identifier="other", name="Other", **common, **state.stamps()
                )
            ).id
        )
        self.child = str(
            put(
                Project(
                    id=state.projects.next_id(),
                    identifier="child",
                    name="Child",
                    parent_id=int(self.main),
                    **common,
                    **state.stamps(),
                )
            ).id
        )
        for project, users in ((self.main, (self.ann, self.ben)), (self.other, (self.ann,))):
            for user in users:
                state.memberships.put(
                    Membership(
                        id=state.memberships.next_id(),
                        principal_id=int(user),
                        project_id=int(project),
                        role_ids=(4,),
                        **state.stamps(),
                    )
                )
        self.sprint = self._version("Sprint A", self.main, start="2020-01-01", end="2020-01-14")
        self.foreign_sprint = self._version("Foreign", self.other)
        self.closed_sprint = self._version("Old", self.main, status="closed")
        self.label = self._category("Backend", self.main)
        self.label2 = self._category("Frontend", self.main)
        self.foreign_label = self._category("Foreign", self.other)
        self.fields = {
            kind: self._field(f"CF {kind}", kind)
            for kind in ("text", "string", "int", "float", "bool", "date", "user", "version", "link")
        }
        self.fields["list"] = self._field("CF list", "list")
        self.fields["multi"] = self._field("CF multi", "list", multi=True)
        for name in ("Red", "Green", "Blue"):
            self._option(self.fields["list"], name)
            self._option(self.fields["multi"], name)

    def _user(self, login: str, first: str, last: str) -> str:
        state = self.box.state
        row = state.principals.put(
            Principal(
                id=state.principals.next_id(),
                login=login,
                first=first,
                last=last,
                email=f"{login}@example.com",
                **state.stamps(),
            )
        )
        self.box.add_key(f"{KEY}-{login}", row.id)
        return str(row.id)

    def _version(self, name: str, project: str, **more: Any) -> str:
        state = self.box.state
        return str(
            state.versions.put(
                Version(
                    id=state.versions.next_id(), name=name, project_id=int(project), **more, **state.stamps()
                )
            ).id
        )

    def _category(self, name: str, project: str) -> str:
        state = self.box.state
        return str(
            state.categories.put(
                Category(id=state.categories.next_id(), name=name, project_id=int(project), **state.stamps())
            ).id
        )

    def _field(self, name: str, kind: str, **more: Any) -> int:
        state = self.box.state
        return state.custom_fields.put(
            CustomField(id=state.custom_fields.next_id(), name=name, format=kind, **more, **state.stamps())
        ).id

    def _option(self, field: int, value: str) -> None:
        state = self.box.state
        state.custom_options.put(
            CustomOption(id=state.custom_options.next_id(), field_id=field, value=value, **state.stamps())
        )

    def native_sprint(self, name: str, status: str = "active", project: str | None = None) -> str:
        made = self.box.add_sprint(
            int(project or self.main), name, status=status, start="2026-01-05", finish="2026-01-16"
        )
        return f"sprints/{made}"

    def links(self, task: str) -> tuple[str | None, str | None]:
        """Version and native sprint of a task as the system keeps them."""
        row = self.box.state.work_packages[int(task)]
        return (
            None if row.version_id is None else str(row.version_id),
            None if row.sprint_id is None else f"sprints/{row.sprint_id}",
        )


@cache
def recordings(file: str) -> list[dict[str, Any]]:
    """Steps of the recorded scenario whose file name starts with `file`."""
    folder = need(shared_path("corpus", "openproject-live"))
    found = next(path for path in sorted(folder.iterdir()) if path.name.startswith(file))
    return json.loads(found.read_text(encoding="utf-8"))


def recorded(file: str, n: int) -> dict[str, Any]:
    """One recorded step."""
    return next(step for step in recordings(file) if step["n"] == n)


def all_recordings() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every recorded step with the name of its file."""
    folder = need(shared_path("corpus", "openproject-live"))
    for path in sorted(folder.glob("*.json")):
        for step in json.loads(path.read_text(encoding="utf-8")):
            yield path.stem, step


def payload(name: str) -> Any:
    """A real payload by file name."""
    path = need(shared_path("corpus", "openproject")) / name
    return json.loads(need(path).read_text(encoding="utf-8"))
