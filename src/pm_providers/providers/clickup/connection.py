"""What all parts of the provider stand on: life cycle, references by name, places of projects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Any, ClassVar

import httpx2

from pm_providers.contract import Capabilities, Fields, PMProviderConfig, Setting
from pm_providers.contract.comparison import same_document
from pm_providers.errors import ConfigurationError, NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import Entity, PMUser, Record
from pm_providers.providers.clickup.capabilities import CAPABILITIES, at_level
from pm_providers.providers.clickup.catalog import Catalog
from pm_providers.providers.clickup.client import Api, is_custom_id, is_task_id
from pm_providers.providers.clickup.config import SETTINGS, Options, read_options
from pm_providers.providers.clickup.mapping.people import to_user
from pm_providers.providers.clickup.mapping.values import ref_id, zone_of
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.toolkit.remote import RemoteProvider

__all__ = ["Connection", "Place"]

_ZONE_AGE_S = 3600.0
_USERS = ("assignee_id", "owner_id", "user_id")
_PEOPLE = ("assignee_ids",)
_TASKS = ("task_id", "from_task_id", "to_task_id", "parent_task_id")


@dataclass(frozen=True, slots=True)
class Place:
    """A project and where it is.

    Attributes:
        id: of the project.
        space_id: space that it is, or lies in.
        document: as the vendor sent it.
    """

    id: str
    space_id: str
    document: Mapping[str, Any]


class Connection(RemoteProvider):
    """Connection to one ClickUp Workspace.

    Options in `additional_config`: see `config.read_options`.
    """

    name: ClassVar[str] = "clickup"
    title: ClassVar[str] = "ClickUp"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._level = self._options.project_level
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._capabilities = at_level(self._level)
        self._limit(concurrency=self._options.concurrency)

    async def _connect(self) -> None:
        """Who we are, who else is in the Workspace, and its types of tasks: three small requests.

        Raises:
            ConfigurationError: the credential does not reach the Workspace.
        """
        await self._api.identify()
        try:
            await self._catalog.members()
        except NotFoundError as error:
            setting = next(one for one in SETTINGS if one.field == "workspace_id")
            raise ConfigurationError(
                error.message, setting=setting.env, example=setting.example, provider=self.name
            ) from error
        await self._catalog.types()

    async def _health_facts(self) -> dict[str, Any]:
        """The vendor tells no version."""
        quota = self._api.http.governor.quota_left
        facts: dict[str, Any] = {
            "details": {"base_url": self._options.base_url, "workspace": self._options.team_id}
        }
        if quota is not None:
            facts |= {"quota_limit": quota.limit, "quota_remaining": quota.remaining}
        return facts

    # days

    async def _zone(self) -> tzinfo:
        """Time zone of the credential's user, which rules days without a time."""
        return zone_of(await self._api.identify(_ZONE_AGE_S))

    async def _today(self) -> date:
        return datetime.fromtimestamp(self._timing.wall(), UTC).astimezone(await self._zone()).date()

    # projects

    async def _find_project(self, value: str) -> dict[str, Any] | None:
        """A project's space, folder or list, asked anew; `None` where there is none that may be seen."""
        if not is_number(value):
            return None
        found = await self._looked_up(value)
        if found is None or found.get("deleted") is True or not self._is_project(found):
            return None
        return found

    async def _looked_up(self, value: str) -> dict[str, Any] | None:
        if self._level != "space":
            return await self._api.find(f"{self._level}/{value}")
        try:
            return await self._catalog.space(value, fresh=True)
        except (NotFoundError, PermissionDeniedError):
            return None

    def _is_project(self, document: Mapping[str, Any]) -> bool:
        """Whether a place is a project: hidden folders of single lists are none."""
        return self._level != "folder" or document.get("hidden") is not True

    async def _project_document(self, value: str) -> dict[str, Any]:
        """As `_find_project`.

        Raises:
            NotFoundError: there is none.
        """
        found = await self._find_project(value)
        if found is None:
            raise NotFoundError(f"there is no project {value!r:.80}")
        return found

    async def _place(self, value: str) -> Place:
        """Where a project is; kept for half a minute.

        Raises:
            NotFoundError: there is no such project.
        """
        try:
            if self._level == "space":
                found = await self._catalog.space(value)
            elif self._level == "list":
                found = await self._catalog.task_list(value)
            else:
                found = await self._project_document(value)
        except (NotFoundError, PermissionDeniedError):
            raise NotFoundError(f"there is no project {value!r:.80}") from None
        if found.get("deleted") is True:
            raise NotFoundError(f"there is no project {value!r:.80}")
        space = value if self._level == "space" else ref_id(found, "space")
        return Place(identifier(found, "project"), space or "", found)

    # tasks and people

    async def _task_document(self, value: str) -> dict[str, Any]:
        """A task by id or custom id.

        Raises:
            NotFoundError: no such task, or it may not be seen.
        """
        found = await self._api.find_task(value)
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return found

    async def _task_id(self, value: str) -> str:
        """Id of a task by id or custom id.

        Raises:
            NotFoundError: no such task, for a custom id; ids are not looked up.
        """
        if is_custom_id(value):
            return identifier(await self._task_document(value), "task")
        if not is_task_id(value):
            raise NotFoundError(f"there is no task {value!r:.80}")
        return value

    async def _user_id(self, value: str) -> str:
        """Id of a member by id or address.

        Raises:
            NotFoundError: there is none: others could be written to a task, and would be dropped.
        """
        found = await self._catalog.member(value)
        if found is None:
            raise NotFoundError(f"there is no user {value!r:.80} in the Workspace")
        return identifier(found, "user")

    def _user(self, document: Mapping[str, Any]) -> PMUser:
        """Record of a member."""
        return to_user(document, keep_raw=self._options.keep_raw)

    # before a write, and after it

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Values in the form in which they are read back: custom ids and addresses become ids.

        Raises:
            ValidationError: names a task or user that does not exist.
        """
        resolved = dict(fields)
        for name in (*_USERS, *_TASKS, *_PEOPLE):
            if resolved.get(name):
                resolved[name] = await self._referred(name, resolved[name])
        if entity in {Entity.TASK, Entity.PROJECT} and resolved.get("priority"):
            one = self._catalog.priority(resolved["priority"])
            if resolved["priority"] == one.id:
                resolved["priority"] = one.name
        if entity is Entity.TASK and resolved.get("type"):
            resolved["type"] = (await self._catalog.type_named(resolved["type"])).name
        for name in ("project_id", "sprint_id"):
            value = resolved.get(name)
            if isinstance(value, str) and not is_number(value):
                raise ValidationError(fields={name: f"there is no {name.removesuffix('_id')} {value!r:.80}"})
        return resolved

    async def _referred(self, name: str, value: Any) -> Any:
        """Ids of the tasks or people that a field names."""
        try:
            if name in _TASKS:
                return await self._task_id(value)
            if name in _USERS:
                return await self._user_id(value)
            return list(dict.fromkeys([await self._user_id(one) for one in value]))
        except NotFoundError as error:
            raise ValidationError(fields={name: error.message}) from None

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        """Texts are Markdown, spelled anew by the vendor: they are compared as documents.

        Tags are written in lower case.
        """
        if super()._holds(name, asked, result) or same_document(name, asked, result):
            return True
        got = getattr(result, name)
        if name == "label_ids":
            return sorted(one.casefold() for one in asked) == sorted(one.casefold() for one in got)
        return name == "description" and isinstance(asked, str) and (asked.strip() or None) == (got or None)
