"""What all parts of the provider stand on: life cycle, references by key, text format, custom fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import httpx2

from pm_providers.contract import Capabilities, Fields, PMProviderConfig, Setting
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import MODELS, Entity, FieldKind, field_specs
from pm_providers.providers.redmine.capabilities import CAPABILITIES
from pm_providers.providers.redmine.catalog import Catalog
from pm_providers.providers.redmine.client import Api
from pm_providers.providers.redmine.config import SETTINGS, Options, read_options
from pm_providers.providers.redmine.mapping.custom_fields import CustomField, carried, to_custom_field
from pm_providers.providers.redmine.mapping.texts import (
    MARKDOWN,
    TEXTILE,
    UNKNOWN,
    TextFormat,
    format_in_page,
)
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.custom_fields import checked_custom, fits
from pm_providers.toolkit.documents import identifier, is_number
from pm_providers.toolkit.remote import RemoteProvider

__all__ = ["ALL_STATUSES", "Connection", "names_project"]

ALL_STATUSES: Mapping[str, str | int] = {"status_id": "*"}
"""Without it, a list holds open issues only (recorded, note 14)."""

_KEY = re.compile(r"[a-z0-9_-]{1,100}")  # [code] app/models/project.rb, identifier
_USER_STATUSES = (1, 3, 2)  # active, locked, registered ([code] app/models/principal.rb)
_FORMAT_AGE_S = 3600.0
_UNKNOWN_AGE_S = 60.0
_REFERENCES = (
    ("project_id", "_project_id"),
    ("parent_project_id", "_project_id"),
    ("assignee_id", "_user_id"),
    ("user_id", "_user_id"),
)
_NUMBERS = ("task_id", "from_task_id", "to_task_id", "parent_task_id", "sprint_id")


class Connection(RemoteProvider):
    """Connection to one Redmine installation.

    Options in `additional_config`: `text_format`, `page_size`, `concurrency`, and those that all providers
    share.
    """

    name: ClassVar[str] = "redmine"
    title: ClassVar[str] = "Redmine"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS
    KEY_HEADERS: ClassVar[tuple[str, ...]] = ("x-redmine-api-key", "x-redmine-switch-user")

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._format: TextFormat = {"textile": TEXTILE, "markdown": MARKDOWN}.get(
            self._options.text_format, UNKNOWN
        )
        self._formats: Cache[None, TextFormat] = Cache(
            self._find_format, _FORMAT_AGE_S, self._timing.monotonic
        )
        self._limit(page_size=self._options.page_size, concurrency=self._options.concurrency)

    async def _connect(self) -> None:
        """Who we are, and how texts are formatted: two or three small requests."""
        await self._api.identify()
        text_format = (await self._texts()).name
        if text_format != UNKNOWN.name:
            self._capabilities = self._capabilities.narrowed(text_format=text_format)

    async def _health_facts(self) -> dict[str, Any]:
        """The vendor tells no version."""
        details = {"base_url": self._options.base_url, "text_format": (await self._texts()).name}
        return {"details": details}

    # texts

    async def _texts(self) -> TextFormat:
        """How texts are stored; asked again after a minute where it could not be found out."""
        if self._options.text_format == "auto":
            age = _UNKNOWN_AGE_S if self._format is UNKNOWN else None
            self._format = await self._formats.get(None, max_age_s=age)
        return self._format

    async def _find_format(self, _key: None) -> TextFormat:
        """Format of an editor's toolbar: on the page of news, for those who write some, or of an issue."""
        found = format_in_page(await self._api.page("news") or "")
        if found is None and (issue := await self._latest_issue()):
            found = format_in_page(await self._api.page(issue) or "")
        return found or UNKNOWN

    async def _latest_issue(self) -> str | None:
        params = {**ALL_STATUSES, "limit": 1, "sort": "updated_on:desc"}
        found = await self._api.all("issues", "issues", params)
        return f"issues/{identifier(found[0], 'issue')}" if found else None

    # references

    async def _find_project(self, value: str) -> dict[str, Any] | None:
        """A project by id or identifier; `None` for one that is archived, too: nobody may see those."""
        return await self._api.find(f"projects/{value}", "project") if names_project(value) else None

    async def _project_document(self, value: str) -> dict[str, Any]:
        found = await self._find_project(value)
        if found is None:
            raise NotFoundError(f"there is no project {value!r:.80}")
        return found

    async def _project_id(self, value: str) -> str:
        """Id of a project by id or identifier.

        Raises:
            NotFoundError: no such project, for an identifier; ids are not looked up.
        """
        return value if is_number(value) else identifier(await self._project_document(value), "project")

    async def _find_task(self, value: str, include: str = "") -> dict[str, Any] | None:
        params = {"include": include} if include else None
        return await self._api.find(f"issues/{value}", "issue", params) if is_number(value) else None

    async def _task_document(self, value: str, include: str = "") -> dict[str, Any]:
        """An issue with what else is asked for.

        Raises:
            NotFoundError: no such issue, or it may not be seen.
        """
        found = await self._find_task(value, include)
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return found

    async def _user_id(self, value: str) -> str:
        """Id of a user by id or login, locked ones too; only administrators can look up others' logins.

        The list is of one status at a time: all at once is asked for differently from 5.1 on.

        Raises:
            NotFoundError: no such user, for a login; ids are not looked up.
            PermissionDeniedError: somebody else's login, and these credentials are no administrator's.
        """
        if is_number(value):
            return value
        if _has_login(me := await self._api.identify(), value):
            return identifier(me, "user")
        try:
            for status in _USER_STATUSES:
                async for one in self._api.items("users", "users", {"name": value, "status": status}):
                    if _has_login(one, value):
                        return identifier(one, "user")
        except PermissionDeniedError as error:
            raise PermissionDeniedError("only administrators can look up logins: give the id") from error
        raise NotFoundError(f"there is no user {value!r:.80}")

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Values in the form in which they are read back: keys become ids, ids of choices their names."""
        resolved = dict(fields)
        for name, lookup in _REFERENCES:
            if isinstance(resolved.get(name), str):
                try:
                    resolved[name] = await getattr(self, lookup)(resolved[name])
                except (NotFoundError, PermissionDeniedError) as error:
                    raise ValidationError(fields={name: error.message}) from None
        for name in _NUMBERS:
            value = resolved.get(name)
            if isinstance(value, str) and not is_number(value):
                raise ValidationError(fields={name: f"there is no {name.removesuffix('_id')} {value!r:.80}"})
        if entity is Entity.TASK:
            await self._resolve_choices(resolved)
        specs = field_specs(MODELS[entity])
        if any(specs[name].kind is FieldKind.MARKDOWN for name in resolved):
            await self._texts()
        return resolved

    async def _resolve_choices(self, fields: Fields) -> None:
        if fields.get("status"):
            found = await self._catalog.status_candidates(fields["status"])
            fields["status"] = found[0].name if found[0].id == fields["status"] else fields["status"]
        if fields.get("priority"):
            one = await self._catalog.priority(fields["priority"])
            fields["priority"] = one.name if one.id == fields["priority"] else fields["priority"]

    # custom fields of projects, versions and users

    async def _plain_custom(
        self, kind: str, fields: Fields, sample: Mapping[str, Any] | None
    ) -> tuple[CustomField, ...]:
        """Checked custom fields of a project, version or user.

        Args:
            kind: the vendor's word.
            fields: checked in place.
            sample: an object of the kind, which carries ids and names for those who are told no formats.

        Raises:
            ValidationError: an unknown field, or a value that it cannot hold.
        """
        asked = fields.get("custom_fields")
        if not asked:
            return ()
        known = await self._catalog.fields(kind)
        if not fits(known, asked):
            known = await self._catalog.fields(kind, fresh=True)
        if not known and sample is not None:
            known = tuple(to_custom_field(one) for one in carried(sample))
        return checked_custom(fields, known)


def _has_login(user: Mapping[str, Any], login: str) -> bool:
    return str(user.get("login")).casefold() == login.casefold()


def names_project(value: str) -> bool:
    """Whether a text can be the id or identifier of a project; others would be other addresses."""
    return is_number(value) or _KEY.fullmatch(value) is not None
