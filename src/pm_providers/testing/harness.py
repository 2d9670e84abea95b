"""What a provider supplies so that the suite can run on it."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar, Self

from pm_providers.contract import BasePMProvider
from pm_providers.model import Entity, PMLabel, PMProject, PMSprint, PMTask, PMUser, Record, TaskStatus
from pm_providers.testing.gaps import Gap

__all__ = ["ProviderHarness", "unique"]


def unique(prefix: str) -> str:
    """A name that nothing else has: the system under test need not be empty."""
    return f"{prefix} {uuid.uuid4().hex[:10]}"


class ProviderHarness(ABC):
    """One system under test, as one test sees it: started before the test, stopped after it.

    Only `open` must be written; the rest has defaults that use the provider itself, and is replaced where the
    system cannot do it that way (no right to create users, labels made by an administrator, ...).

    Attributes:
        gaps: tests that the provider cannot pass, with reasons.
        provider: connected provider of the test.
        tmp_path: empty directory of the test.
        page_options: entries of `additional_config` that make pages small, and
        page_tasks: the number of tasks that then need at least three pages.
        custom_fields: entity -> name of a custom field -> two values that it can hold.
        roles: names of two roles that members of a project can have, as the system writes them; tasks can be
            assigned to members with the first one. Needed where memberships can be created.
        samples: (entity, field) -> two values of a field, where the common ones do not fit the system.
        rarely_filled: `entity.field` -> why no record of the suite fills a field that is declared supported.
        never_empty: `entity.field` -> why the system refuses to clear a field that other systems clear.
        never_created: `entity.field` -> why a new record cannot have a field that updates can write.
        companions: `entity.field` -> other fields that must be given with it (a start that needs an end).
        never_changed: `entity.field` -> why a field can be given on creation, and is refused in updates.
        not_as_asked: `entity.field` -> why the system stores something else for a sample of a `mapped` field,
            of which the write warns.
        deletes_by_archiving: deleting archives tasks and projects: they can be read, stand in lists that
            ask for archived records, and are upserts among changes.
        top_task: fields of a task that two levels of tasks can stand below, where not every task can be that
            ({"type": "Epic"}). Tasks below get the type that the provider chooses.
        lower_types: types whose tasks must stand below another; they can stand below a task of the type that
            the provider chooses.
        missing_id: an id of the right form that does not exist, now and later.
        missing_label: the same for labels; differs where any text is one, which exists once a task has it.
    """

    gaps: ClassVar[tuple[Gap, ...]] = ()
    page_options: ClassVar[Mapping[str, Any]] = {}
    page_tasks: ClassVar[int] = 0
    custom_fields: ClassVar[Mapping[Entity, Mapping[str, tuple[Any, Any]]]] = {}
    roles: ClassVar[tuple[str, ...]] = ()
    samples: ClassVar[Mapping[tuple[Entity, str], Sequence[Any]]] = {}
    rarely_filled: ClassVar[Mapping[str, str]] = {}
    never_empty: ClassVar[Mapping[str, str]] = {}
    never_created: ClassVar[Mapping[str, str]] = {}
    companions: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    never_changed: ClassVar[Mapping[str, str]] = {}
    not_as_asked: ClassVar[Mapping[str, str]] = {}
    deletes_by_archiving: ClassVar[bool] = False
    top_task: ClassVar[Mapping[str, Any]] = {}
    lower_types: ClassVar[frozenset[str]] = frozenset()
    missing_id: ClassVar[str] = "999999999"
    missing_label: ClassVar[str] = "999999999"

    provider: BasePMProvider

    def __init__(self, tmp_path: Path) -> None:
        self.tmp_path = tmp_path
        self._opened = AsyncExitStack()
        self._projects: list[PMProject] = []

    # written by the provider's author

    @abstractmethod
    async def open(self, **options: Any) -> BasePMProvider:
        """A new client of the system, not connected yet. `options` go to `additional_config`."""

    async def start(self) -> None:  # noqa: B027 - most systems need no start of their own
        """Start the system: a server, a database, a directory."""

    async def stop(self) -> None:  # noqa: B027 - see start
        """Stop it. All clients are closed by then."""

    async def settle(self) -> None:  # noqa: B027 - most systems are done when they answer
        """Wait until the system has done what it does later: background jobs, indexes, coarse clocks."""

    def request_count(self) -> int | None:
        """Requests that reached the system so far; `None` where it is not reached by requests."""
        return None

    async def open_unauthorised(self) -> BasePMProvider | None:
        """A client with wrong credentials, not connected; `None` where the system knows no credentials."""
        return None

    # defaults

    async def make_project(self, **fields: Any) -> PMProject:
        """A new project in which all the suite's tests can run."""
        return await self.provider.create_project(PMProject(name=unique("Project"), **fields))

    async def archive_project(self, project_id: str) -> None:
        """Archive a project as people do; asked for where the interface cannot write `status` of projects."""
        raise AssertionError(f"project {project_id} can be archived, but not by the interface")

    async def changeable(self, record: Record) -> Record:
        """The record on which updates are tried: the new one, or one that the system lets us change."""
        return record

    async def make_user(self) -> PMUser:
        """A new user."""
        return await self.provider.create_user(self.user_draft())

    def user_draft(self) -> PMUser:
        """A user that the system can create."""
        name = unique("Ada").replace(" ", ".").lower()
        has_login = self.provider.capabilities.field(Entity.USER, "username").is_writable
        return PMUser(
            name=unique("Ada Lovelace"), email=f"{name}@example.com", username=name if has_login else None
        )

    def sprint_draft(self, project_id: str) -> PMSprint:
        """A sprint that the system can create, and bring into any status."""
        return PMSprint(name=unique("Sprint"), project_id=project_id)

    async def assignees(self, project_id: str) -> list[str]:
        """Ids of at least two users that tasks of the project can be assigned to."""
        known = [user.id for user in await self.provider.list_users(project_id)]
        while len(known) < 2 and self.provider.capabilities.supports("create_user"):
            known.append((await self.make_user()).id)
        return known

    async def outsiders(self, project_id: str) -> list[str]:
        """Ids of two users that can become members of the project and are none; new ones by default."""
        del project_id
        return [(await self.make_user()).id for _ in range(2)]

    async def watchers(self, project_id: str) -> list[str]:
        """Ids of two users that can watch the project's tasks."""
        return (await self.assignees(project_id))[:2]

    async def labels(self, project_id: str) -> list[str]:
        """Ids of at least two labels that tasks of the project can have."""
        known = [label.id for label in await self.provider.list_labels(project_id)]
        while len(known) < 2 and self.provider.capabilities.supports("create_label"):
            known.append((await self.provider.create_label(self.label_draft(project_id))).id)
        return known

    def label_draft(self, project_id: str) -> PMLabel:
        """A label that the system can create."""
        scoped = self.provider.capabilities.field(Entity.LABEL, "project_id").is_writable
        return PMLabel(name=unique("label"), project_id=project_id if scoped else None)

    def fit(self, task: PMTask) -> PMTask:
        """A random new task, made to agree with rules of the system across fields; as it is by default."""
        return task

    async def status_names(self, project_id: str) -> dict[str, str]:
        """Unified status -> the name of a status of the system that tasks of the project can take."""
        names: dict[str, str] = {}
        for status in await self.provider.list_statuses(project_id):
            names.setdefault(status.status, status.name)
        return {one: names[one] for one in TaskStatus if one in names}

    # used by the suite

    async def project(self) -> PMProject:
        """The project of the test; made when first asked for."""
        if not self._projects:
            self._projects.append(await self.make_project())
        return self._projects[0]

    async def fresh(self, **options: Any) -> BasePMProvider:
        """Another connected client of the same system: what it reads was stored, not remembered."""
        return await self._opened.enter_async_context(await self.open(**options))

    async def __aenter__(self) -> Self:
        try:
            await self.start()
            self.provider = await self.fresh()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        try:
            await self._opened.aclose()
        finally:
            await self.stop()
