"""What all parts of the provider stand on: life cycle, references, texts."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import httpx2

from pm_providers.contract import Capabilities, Fields, PMProviderConfig, Setting
from pm_providers.errors import ConfigurationError, NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import Entity, FieldKind, PMUser, Record, field_specs
from pm_providers.providers.asana.capabilities import CAPABILITIES, narrow
from pm_providers.providers.asana.catalog import Catalog
from pm_providers.providers.asana.client import Api
from pm_providers.providers.asana.config import SETTINGS, Options, read_options
from pm_providers.providers.asana.mapping.people import USER_FIELDS, to_user
from pm_providers.providers.asana.mapping.projects import PROJECT_FIELDS, SEPARATOR, sprint_place
from pm_providers.providers.asana.mapping.tasks import OPTIONAL_FIELDS, TASK_FIELDS
from pm_providers.providers.asana.mapping.texts import same_text
from pm_providers.providers.asana.mapping.values import gid, is_gid, listed
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.remote import RemoteProvider

__all__ = ["Connection"]

_ADDRESS = re.compile(r"[^\s/?#%&]{1,200}@[^\s/?#%&]{1,200}")
_CUSTOM_ID = re.compile(r"[A-Za-z0-9]{1,20}-[0-9]{1,18}")
_SHORT_S = 60.0
_USERS = ("assignee_id", "owner_id", "user_id")
_NUMBERS = ("project_id", "task_id", "from_task_id", "to_task_id", "parent_task_id", "sprint_id")


class Connection(RemoteProvider):
    """Connection to one workspace of Asana.

    Options in `additional_config`: see `config.read_options`.
    """

    name: ClassVar[str] = "asana"
    title: ClassVar[str] = "Asana"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._user_ids: Cache[str, str] = Cache(self._look_up_user, _SHORT_S, self._timing.monotonic)
        self._task_fields: tuple[str, ...] = TASK_FIELDS
        self._capabilities = narrow(CAPABILITIES, self._options)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._options.base_url}, workspace {self._options.workspace})"

    async def _connect(self) -> None:
        """Who we are, and whether the workspace is one of ours: one small request.

        Raises:
            ConfigurationError: it is not.
        """
        me = await self._api.me((*USER_FIELDS, "workspaces"))
        known = [gid(one, "workspace") for one in listed(me, "workspaces")]
        if known and self._options.workspace not in known:
            setting = SETTINGS[1]
            raise ConfigurationError(
                f"{setting.env}: the account is in no workspace {self._options.workspace}; it is in: "
                f"{', '.join(known)}",
                setting=setting.env,
                example=known[0],
                provider=self.name,
            )

    async def _health_facts(self) -> dict[str, Any]:
        """The vendor tells neither a version nor what is left of the quota."""
        options = self._options
        return {
            "quota_limit": options.requests_per_minute,
            "details": {"base_url": options.base_url, "workspace": options.workspace},
        }

    @property
    def _today(self) -> date:
        return datetime.fromtimestamp(self._timing.wall(), UTC).date()

    @property
    def _keep_raw(self) -> bool:
        return self._options.keep_raw

    # projects

    async def _find_project(self, value: str) -> dict[str, Any] | None:
        """A project; `None` where there is none, it may not be seen, or it is a sprint."""
        if not is_gid(value):
            return None
        found = await self._api.find(f"projects/{value}", PROJECT_FIELDS)
        return None if found is None or await self._is_sprint(found) else found

    async def _is_sprint(self, found: dict[str, Any]) -> bool:
        if not self._options.has_sprint_projects:
            return False
        if sprint_place(found, {}) is not None:
            return True
        if SEPARATOR not in str(found.get("name")) and not self._options.sprint_portfolio:
            return False
        return gid(found, "project") in (await self._catalog.projects()).sprints

    async def _project_document(self, value: str) -> dict[str, Any]:
        """As `_find_project`.

        Raises:
            NotFoundError: there is none.
        """
        found = await self._find_project(value)
        if found is None:
            raise NotFoundError(f"there is no project {value!r:.80}")
        return found

    # tasks

    async def _find_task(self, value: str, fields: tuple[str, ...] = ()) -> dict[str, Any] | None:
        """A task by gid, or by the value of its ID field (`ENG-42`); `None` where there is none.

        Args:
            value: gid or key.
            fields: `opt_fields`; by default all that a record needs.
        """
        path = self._task_path(value)
        if path is None:
            return None
        try:
            return await self._api.get(path, fields or self._task_fields)
        except NotFoundError:
            return None
        except PermissionDeniedError as error:
            if fields or not self._asks_too_much(error):
                return None
        return await self._api.find(path, self._task_fields)

    def _task_path(self, value: str) -> str | None:
        if is_gid(value):
            return f"tasks/{value}"
        if _CUSTOM_ID.fullmatch(value):
            return f"workspaces/{self._options.workspace}/tasks/custom_id/{value}"
        return None

    async def _task_document(self, value: str, fields: tuple[str, ...] = ()) -> dict[str, Any]:
        """As `_find_task`.

        Raises:
            NotFoundError: there is none.
        """
        found = await self._find_task(value, fields)
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return found

    async def _task_id(self, value: str) -> str:
        """Gid of a task by gid or key.

        Raises:
            NotFoundError: no such task, for a key; gids are not looked up.
        """
        return value if is_gid(value) else gid(await self._task_document(value, ("name",)), "task")

    def _asks_too_much(self, error: PermissionDeniedError) -> bool:
        """Whether fields were refused that can be done without: those are left out from now on."""
        if "scope" not in error.message.lower() or len(self._task_fields) < len(TASK_FIELDS):
            return False
        self._task_fields = tuple(one for one in TASK_FIELDS if one not in OPTIONAL_FIELDS)
        return True

    # users

    async def _user_id(self, value: str) -> str:
        """Gid of a user by gid, e-mail or `me`.

        Raises:
            NotFoundError: no such user; gids are not looked up.
        """
        return value if is_gid(value) else await self._user_ids.get(value.strip().casefold())

    async def _look_up_user(self, value: str) -> str:
        found = await self._find_user(value)
        if found is None:
            raise NotFoundError(f"there is no user {value!r:.80}")
        return gid(found, "user")

    async def _find_user(self, value: str) -> dict[str, Any] | None:
        """A user by gid, e-mail or `me`; `None` where there is none."""
        if not is_gid(value) and value != "me" and not _ADDRESS.fullmatch(value):
            return None
        return await self._api.find(f"users/{value}", USER_FIELDS)

    def _user(self, document: Any) -> PMUser:
        """Record of a user."""
        return to_user(document, keep_raw=self._keep_raw)

    # before a write, and after it

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Values in the form in which they are read back: addresses and keys become gids."""
        resolved = dict(fields)
        for name in _USERS:
            if isinstance(resolved.get(name), str):
                await self._resolve_one(resolved, name, self._user_id)
        for name in ("task_id", "from_task_id", "to_task_id", "parent_task_id"):
            if isinstance(resolved.get(name), str) and self._task_path(resolved[name]) is not None:
                await self._resolve_one(resolved, name, self._task_id)
        for name in _NUMBERS:
            value = resolved.get(name)
            if isinstance(value, str) and not is_gid(value):
                kind = name.removesuffix("_id").replace("_", " ")
                raise ValidationError(fields={name: f"there is no {kind} {value!r:.80}"})
        for one in resolved.get("label_ids") or ():
            if not is_gid(one):
                raise ValidationError(fields={"label_ids": f"there is no label {one!r:.80}"})
        return resolved

    async def _resolve_one(self, fields: Fields, name: str, lookup: Any) -> None:
        try:
            fields[name] = await lookup(fields[name])
        except NotFoundError as error:
            raise ValidationError(fields={name: error.message}) from None

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        kind = field_specs(type(result))[name].kind
        if kind is FieldKind.MARKDOWN and isinstance(asked, str):
            return same_text(asked, getattr(result, name))
        return super()._holds(name, asked, result)
