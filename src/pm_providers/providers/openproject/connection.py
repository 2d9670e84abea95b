"""What all parts of the provider stand on: life cycle, references by key, names of what stands behind ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import httpx2

from pm_providers.contract import Capabilities, PMProviderConfig, Setting
from pm_providers.errors import NotFoundError, PermissionDeniedError, PMError, ValidationError
from pm_providers.model import Entity
from pm_providers.providers.openproject.capabilities import CAPABILITIES, NATIVE_SPRINTS_READ_ONLY
from pm_providers.providers.openproject.catalog import Catalog
from pm_providers.providers.openproject.client import Api
from pm_providers.providers.openproject.config import SETTINGS, Options, read_options
from pm_providers.providers.openproject.mapping.custom_fields import CustomField
from pm_providers.providers.openproject.mapping.hal import identifier, whole_seconds
from pm_providers.providers.openproject.mapping.projects import is_project
from pm_providers.providers.openproject.mapping.sprints import is_native
from pm_providers.toolkit.custom_fields import fits
from pm_providers.toolkit.documents import is_number
from pm_providers.toolkit.remote import RemoteProvider
from pm_providers.transport import path_segment

__all__ = ["Connection", "is_number", "task_reference"]

_TASK_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}-[0-9]{1,18}")
_BESIDE = frozenset({"form", "schema"})
_BAD_REQUEST = 400
_HOURS = ("estimated_hours", "remaining_hours", "hours")
_POLL_S = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0)


def task_reference(value: str) -> str | None:
    """Id or semantic key (`PROJ-42`, 17.5+) of a work package as it may stand in an address."""
    return value if is_number(value) or _TASK_KEY.fullmatch(value) else None


class Connection(RemoteProvider):
    """Connection to one OpenProject installation.

    Options in `additional_config`: `sprint_source`, `notify`, `page_size`, `concurrency`, `delete_wait_s`,
    `auth_scheme`, and those that all providers share.
    """

    name: ClassVar[str] = "openproject"
    title: ClassVar[str] = "OpenProject"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._deleted_projects: set[str] = set()
        self._deleted_users: set[str] = set()
        self._with_versions = self._options.sprint_source != "sprint"
        self._native_sprints: bool | None = {"version": False, "sprint": True}.get(
            self._options.sprint_source
        )
        self._version: str | None = None
        self._limit(page_size=self._options.page_size, concurrency=self._options.concurrency)
        if not self._with_versions:
            names = ("create_sprint", "update_sprint", "delete_sprint")
            refused = dict.fromkeys(names, NATIVE_SPRINTS_READ_ONLY)
            self._capabilities = self._capabilities.narrowed(operations=refused)

    async def _connect(self) -> None:
        """Who we are, which version, what it allows: three small requests."""
        await self._api.identify()
        root = await self._api.get("")
        version = root.get("coreVersion")
        self._version = version if isinstance(version, str) else None
        await self._learn_limits()

    async def _learn_limits(self) -> None:
        found = await self._api.find("configuration") or {}
        size = found.get("maximumAttachmentFileSize")
        if isinstance(size, int) and size > 0:
            self._limit(attachment_bytes=size)

    # sprints: versions, native ones, or both

    async def _has_native_sprints(self) -> bool:
        """Whether native sprints count as sprints; with `auto`, where the system knows them (17.3+)."""
        if self._native_sprints is None:
            try:
                found = await self._api.find("sprints", {"pageSize": 1, "offset": 1})
            except PermissionDeniedError:
                found = None
            self._native_sprints = found is not None
        return self._native_sprints

    async def _sprint_path(self, sprint_id: str) -> str | None:
        """Address of a sprint, `versions/7` or `sprints/12`; `None` for an id that no sprint has here."""
        if is_number(sprint_id):
            return f"versions/{sprint_id}" if self._with_versions else None
        return sprint_id if is_native(sprint_id) and await self._has_native_sprints() else None

    # references

    async def _project_id(self, value: str) -> str:
        """Id of a project by id or identifier.

        Raises:
            NotFoundError: no such project, for a key; ids are not looked up.
        """
        if is_number(value):
            return value
        return identifier(await self._project_document(value), "project")

    async def _find_named(self, kind: str, value: str) -> dict[str, Any] | None:
        """A project or user by id, identifier or login; addresses beside them are none."""
        return None if value in _BESIDE else await self._api.find(f"{kind}/{path_segment(value)}")

    async def _project_document(self, value: str) -> dict[str, Any]:
        found = await self._find_named("projects", value)
        if found is None or not is_project(found) or self._is_deleted(found):
            raise NotFoundError(f"there is no project {value!r:.80}")
        return found

    def _is_deleted(self, project: Mapping[str, Any]) -> bool:
        """Whether this connection deleted a project that a background job has not removed yet."""
        return str(project.get("id")) in self._deleted_projects and project.get("active") is False

    async def _task_document(self, value: str) -> dict[str, Any]:
        """A work package by id or key.

        Raises:
            NotFoundError: no such work package.
        """
        found = await self._find_task(value)
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return found

    async def _find_task(self, value: str) -> dict[str, Any] | None:
        """A work package by id or key; servers without semantic keys (up to 17.4) refuse a key with 400."""
        reference = task_reference(value)
        if reference is None:
            return None
        try:
            return await self._api.find(f"work_packages/{reference}")
        except ValidationError as error:
            if is_number(value) or error.status != _BAD_REQUEST:
                raise
            return None

    async def _task_id(self, value: str) -> str:
        """Id of a work package by id or key.

        Raises:
            NotFoundError: no such work package, for a key; ids are not looked up.
        """
        if is_number(value):
            return value
        return identifier(await self._task_document(value), "work package")

    async def _user_id(self, value: str) -> str:
        """Id of a user by id or login.

        Raises:
            NotFoundError: no such user, for a login; ids are not looked up.
        """
        if is_number(value):
            return value
        found = await self._find_named("users", value)
        if found is None:
            raise NotFoundError(f"there is no user {value!r:.80}")
        return identifier(found, "user")

    async def _resolve(self, entity: Entity, fields: dict[str, Any]) -> dict[str, Any]:
        """Values in the form in which they are read back.

        Keys become ids, ids of statuses, priorities and types their names, and hours lose what is less than
        half a second.
        """
        resolved = dict(fields)
        for name in _HOURS:
            if resolved.get(name) is not None:
                resolved[name] = whole_seconds(resolved[name])
        for name, lookup in (
            ("project_id", self._project_id),
            ("parent_project_id", self._project_id),
            ("task_id", self._task_id),
            ("from_task_id", self._task_id),
            ("to_task_id", self._task_id),
            ("parent_task_id", self._task_id),
            ("assignee_id", self._user_id),
            ("user_id", self._user_id),
        ):
            if isinstance(resolved.get(name), str):
                try:
                    resolved[name] = await lookup(resolved[name])
                except NotFoundError as error:
                    raise ValidationError(fields={name: error.message}) from None
        if entity is Entity.TASK:
            await self._resolve_choices(resolved)
        if entity is Entity.PROJECT and resolved.get("status"):
            resolved["status"] = self._project_choice(resolved["status"])
        return resolved

    async def _resolve_choices(self, fields: dict[str, Any]) -> None:
        if fields.get("status"):
            found = await self._catalog.status_candidates(fields["status"])
            fields["status"] = found[0].name if found[0].id == fields["status"] else fields["status"]
        for name, load in (("priority", self._catalog.priorities), ("type", self._catalog.types)):
            value = fields.get(name)
            if not value:
                continue
            known = [*await load()]
            if is_number(value) and value not in {one.id for one in known}:
                known = [*await load(fresh=True)]
            for one in known:
                if one.id == value or one.name.casefold() == value.strip().casefold():
                    fields[name] = one.name

    def _project_choice(self, value: str) -> str:
        if value == "archived":
            return value
        found = self._catalog.project_statuses().candidates(value)[0]
        return found.name if found.id == value.strip().casefold() else value

    # custom fields of projects, versions, users

    async def _known_plain(self, kind: str, fields: Mapping[str, Any]) -> tuple[CustomField, ...]:
        """Custom fields of `projects`, `versions` or `users`, asked anew when something does not fit."""
        asked = fields.get("custom_fields") or {}
        known = await self._catalog.plain_fields(kind)
        if fits(known, asked):
            return known
        return await self._catalog.plain_fields(kind, fresh=True)

    # the rest

    async def _gone(self, path: str) -> bool:
        """Wait until an asynchronous delete is done, for `delete_wait_s` at most.

        The vendor gives no job to ask about: the object stays readable until a background job ran
        (recorded 02-…: steps 66 to 71; 05-users: steps 42 to 44).
        """
        waited = 0.0
        delays = iter(_POLL_S)
        while True:
            if await self._api.find(path) is None:
                return True
            delay = next(delays, 1.0)
            if waited + delay > self._options.delete_wait_s:
                return False
            await self._timing.sleep(delay)
            waited += delay

    def _quiet(self) -> dict[str, str]:
        """Parameter that keeps mails from being sent."""
        return {} if self._options.notify else {"notify": "false"}

    def _today(self) -> date:
        return datetime.fromtimestamp(self._timing.wall(), UTC).date()

    async def _health_facts(self) -> dict[str, Any]:
        if self._version is None:
            self._version = await self._core_version()
        quota = self._api.http.governor.quota_left
        facts: dict[str, Any] = {"version": self._version, "details": {"base_url": self._options.base_url}}
        if quota is not None:
            facts.update(quota_limit=quota.limit, quota_remaining=quota.remaining)
            if quota.reset_s is not None:
                moment = self._timing.wall() + quota.reset_s
                facts["quota_reset_at"] = datetime.fromtimestamp(moment, UTC)
        return facts

    async def _core_version(self) -> str | None:
        """Version of the system; only administrators are told (recorded 01-…: steps 1, 3)."""
        try:
            found = (await self._api.get("")).get("coreVersion")
        except PMError:
            return None
        return found if isinstance(found, str) else None
