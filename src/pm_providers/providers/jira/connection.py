"""What all parts of the provider stand on: life cycle, references by key, texts, own writes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any, ClassVar

import httpx2

from pm_providers.contract import Capabilities, Fields, PMProviderConfig, Setting
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import Entity, FieldKind, PMUser, Record, field_specs
from pm_providers.providers.jira.capabilities import CAPABILITIES, narrow, narrow_relations
from pm_providers.providers.jira.catalog import Catalog
from pm_providers.providers.jira.client import Api
from pm_providers.providers.jira.config import SETTINGS, Options, read_options
from pm_providers.providers.jira.mapping.links import link_types, writable_types
from pm_providers.providers.jira.mapping.people import to_user
from pm_providers.providers.jira.mapping.texts import ADF, WIKI, TextFormat
from pm_providers.providers.jira.mapping.values import person_id
from pm_providers.providers.jira.recent import RecentWrites
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.toolkit.remote import RemoteProvider

__all__ = ["Connection", "is_issue"]

_PROJECT_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}")
_ISSUE_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,254}-[1-9][0-9]{0,17}")
_ACCOUNT = re.compile(r"[A-Za-z0-9:_.@+-]{1,255}")
_SHORT_S = 60.0
_REFERENCES = (
    ("project_id", "_project_id"),
    ("assignee_id", "_user_id"),
    ("owner_id", "_user_id"),
    ("user_id", "_user_id"),
)
_TASKS = ("task_id", "from_task_id", "to_task_id", "parent_task_id")


def is_issue(value: str) -> bool:
    """Whether a text may be the id or key of an issue; others are not sent."""
    return is_number(value) or _ISSUE_KEY.fullmatch(value) is not None


class Connection(RemoteProvider):
    """Connection to one Jira site: Cloud, Data Center or Server.

    Options in `additional_config`: see `config.read_options`.
    """

    name: ClassVar[str] = "jira"
    title: ClassVar[str] = "Jira"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._recent = RecentWrites(self._timing.monotonic)
        self._project_ids: Cache[str, str] = Cache(self._look_up_project, _SHORT_S, self._timing.monotonic)
        self._user_ids: Cache[str, str] = Cache(self._look_up_user, _SHORT_S, self._timing.monotonic)
        self._limit(page_size=self._options.page_size, concurrency=self._options.concurrency)

    async def _connect(self) -> None:
        """What the site is, who we are, which fields and link types there are: four small requests."""
        await self._api.identify()
        # At once: each takes a round trip.
        asked = (self._catalog.fields(), self._catalog.link_types())
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer
        found = narrow(self._capabilities, cloud=self._cloud, special=await self._catalog.special())
        known = link_types(await self._catalog.link_types(), self._options.relation_map)
        self._capabilities = narrow_relations(found, writable_types(known) if known else None)

    async def _health_facts(self) -> dict[str, Any]:
        site, quota = self._api.site, self._api.http.governor.quota_left
        facts: dict[str, Any] = {
            "version": site.version or None,
            "details": {"base_url": site.url, "deployment": site.kind},
        }
        if quota is not None:
            facts |= {"quota_limit": quota.limit, "quota_remaining": quota.remaining}
        return facts

    @property
    def _cloud(self) -> bool:
        """Whether the site is Cloud; known after the first call."""
        return self._api.site.is_cloud

    @property
    def _text(self) -> TextFormat:
        """How rich text is stored; known after the first call."""
        return ADF if self._cloud else WIKI

    # projects

    async def _find_project(self, value: str, expand: str = "description,lead") -> dict[str, Any] | None:
        """A project by id or key; `None` where there is none, or it may not be seen."""
        if not is_number(value) and not _PROJECT_KEY.fullmatch(value):
            return None
        return await self._api.find(f"project/{value}", {"expand": expand} if expand else None)

    async def _project_document(self, value: str) -> dict[str, Any]:
        found = await self._find_project(value)
        if found is None or found.get("deleted") is True:
            raise NotFoundError(f"there is no project {value!r:.80}")
        return found

    async def _project_id(self, value: str) -> str:
        """Id of a project by id or key.

        Raises:
            NotFoundError: no such project, for a key; ids are not looked up.
        """
        return value if is_number(value) else await self._project_ids.get(value)

    async def _look_up_project(self, value: str) -> str:
        return identifier(await self._project_document(value), "project")

    # issues

    async def _find_issue(self, value: str, fields: Iterable[str] = ("*all",)) -> dict[str, Any] | None:
        """An issue by id or key, from the primary store; old keys are followed."""
        if not is_issue(value):
            return None
        return await self._api.find_issue(value, fields)

    async def _issue_id(self, value: str) -> str:
        """Id of an issue by id or key.

        Raises:
            NotFoundError: no such issue, for a key; ids are not looked up.
        """
        if is_number(value):
            return value
        found = await self._find_issue(value, ("project",))
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return identifier(found, "issue")

    # users

    async def _user_id(self, value: str) -> str:
        """What stands for a user, by account id (login on Data Center) or e-mail address.

        Raises:
            NotFoundError: no such user, for an e-mail address; ids are not looked up.
        """
        await self._api.identify()
        if "@" not in value:
            return value
        return await self._user_ids.get(value)

    async def _look_up_user(self, value: str) -> str:
        if not self._cloud and await self._find_user(value) is not None:
            return value  # logins may look like addresses
        query = {"query" if self._cloud else "username": value}
        async for one in self._api.people("user/search", query):
            found = person_id(one)
            if found and str(one.get("emailAddress") or "").casefold() == value.strip().casefold():
                return found
        raise NotFoundError(f"there is no user {value!r:.80}, or the address may not be seen")

    async def _find_user(self, value: str) -> dict[str, Any] | None:
        if not _ACCOUNT.fullmatch(value):
            return None
        await self._api.identify()
        return await self._api.find("user", {"accountId" if self._cloud else "username": value})

    async def _may_be_user(self, value: str) -> bool:
        """Whether a user exists; `True`, too, where these credentials may not look people up."""
        try:
            return _ACCOUNT.fullmatch(value) is not None and bool(
                await self._api.get("user", {"accountId" if self._cloud else "username": value})
            )
        except NotFoundError:
            return False
        except PermissionDeniedError:
            return True

    def _user(self, document: Any) -> PMUser:
        """Record of a user."""
        return to_user(document, base_url=self._api.site.url, keep_raw=self._options.keep_raw)

    # before a write, and after it

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Values in the form in which they are read back: keys and addresses become ids."""
        await self._api.identify()
        resolved = dict(fields)
        for name, lookup in _REFERENCES:
            if isinstance(resolved.get(name), str):
                await self._resolve_one(resolved, name, lookup)
        for name in _TASKS:
            if isinstance(resolved.get(name), str):
                if not is_issue(resolved[name]):
                    raise ValidationError(fields={name: f"there is no task {resolved[name]!r:.80}"})
                await self._resolve_one(resolved, name, "_issue_id")
        if isinstance(resolved.get("sprint_id"), str) and not is_number(resolved["sprint_id"]):
            raise ValidationError(fields={"sprint_id": f"there is no sprint {resolved['sprint_id']!r:.80}"})
        if entity is Entity.TASK:
            await self._resolve_choices(resolved)
        return resolved

    async def _resolve_one(self, fields: Fields, name: str, lookup: str) -> None:
        try:
            fields[name] = await getattr(self, lookup)(fields[name])
        except NotFoundError as error:
            raise ValidationError(fields={name: error.message}) from None

    async def _resolve_choices(self, fields: Fields) -> None:
        """Ids of choices become their names, which tasks show."""
        status, priority = fields.get("status"), fields.get("priority")
        if status and is_number(status):
            found = await self._catalog.status_candidates(status)
            fields["status"] = found[0].name if found[0].id == status else status
        if priority and is_number(priority):
            one = await self._catalog.priority(priority)
            fields["priority"] = one.name if one.id == priority else priority

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        kind = field_specs(type(result))[name].kind
        if kind is FieldKind.MARKDOWN and isinstance(asked, str) and self._is_rich(result):
            return self._text.same(asked, getattr(result, name))
        return super()._holds(name, asked, result)

    @staticmethod
    def _is_rich(result: Record) -> bool:
        """Whether texts of a record are rich; those of projects and sprints are plain."""
        return type(result).__name__ in {"PMTask", "PMComment", "PMTimeEntry"}
