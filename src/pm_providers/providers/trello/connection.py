"""What all parts of the provider stand on: life cycle, references by key, cards as tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import httpx2

from pm_providers.collector import collector_paused
from pm_providers.contract import Capabilities, Fields, PMProviderConfig, Setting
from pm_providers.errors import NotFoundError, PermissionDeniedError, ValidationError
from pm_providers.model import Entity, PMTask
from pm_providers.providers.trello.capabilities import CAPABILITIES, narrowed
from pm_providers.providers.trello.cards import BoardCards
from pm_providers.providers.trello.catalog import Catalog
from pm_providers.providers.trello.client import Api
from pm_providers.providers.trello.config import SETTINGS, Options, read_options
from pm_providers.providers.trello.mapping.places import Place
from pm_providers.providers.trello.mapping.tasks import CARD_FIELDS, is_task, reading_of, to_task
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.toolkit.cache import Cache
from pm_providers.toolkit.documents import identifier, optional_text
from pm_providers.toolkit.remote import RemoteProvider

__all__ = ["CARD_PARAMS", "Connection"]

CARD_PARAMS: Mapping[str, str] = {"fields": f"{CARD_FIELDS},labels", "customFieldItems": "true"}
"""A single card, with its labels as they are now."""

_USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,100}")
_TASKS = ("task_id", "from_task_id", "to_task_id")
_USERS = ("assignee_id", "user_id")


class Connection(RemoteProvider):
    """Connection to one account of Trello.

    Options in `additional_config`: `auth`, `page_size`, `concurrency`, `pace`, those of `Conventions`, and
    those that all providers share.
    """

    name: ClassVar[str] = "trello"
    title: ClassVar[str] = "Trello"
    CAPABILITIES: ClassVar[Capabilities] = CAPABILITIES
    SETTINGS: ClassVar[tuple[Setting, ...]] = SETTINGS

    _api: Api
    _options: Options

    def _set_up(self, config: PMProviderConfig, transport: httpx2.AsyncBaseTransport | None) -> None:
        self._options = read_options(config)
        self._rules = self._options.conventions
        self._api = Api(self._options, transport=transport, timing=self._timing)
        self._catalog = Catalog(self._api, self._timing.monotonic)
        self._cards = BoardCards(self._api, self._catalog)
        self._workspaces = Cache(self._load_workspace, clock=self._timing.monotonic)
        self._capabilities = narrowed(self._options)

    async def _connect(self) -> None:
        """Who we are: one small request."""
        await self._api.me()

    async def _health_facts(self) -> dict[str, Any]:
        """The quota as the last answer told it; the vendor tells no version."""
        left = self._api.http.governor.quota_left
        facts: dict[str, Any] = {"details": {"base_url": self._options.base_url}}
        if left is not None:
            facts |= {"quota_limit": left.limit, "quota_remaining": left.remaining}
        return facts

    async def _workspace_id(self) -> str | None:
        """Id of the workspace to stay in, which may be set by its short name; `None` for all boards."""
        value = self._options.organization
        return None if value is None else await self._workspaces.get(value)

    async def _load_workspace(self, value: str) -> str:
        if is_id(value):
            return value.lower()
        found = await self._api.get(f"organizations/{value}", {"fields": "id"})
        return identifier(found, "workspace")

    # boards

    async def _place(self, value: str, *, fresh: bool = False) -> Place:
        """The frame of a board by id or short link.

        Raises:
            NotFoundError: no such board.
        """
        if not is_object(value):
            raise NotFoundError(f"there is no project {value!r:.80}")
        return await self._catalog.place(value, fresh=fresh)

    async def _project_id(self, value: str) -> str:
        """Id of a board by id or short link.

        Raises:
            NotFoundError: no such board, for a short link; ids are not looked up.
        """
        return value.lower() if is_id(value) else (await self._place(value)).id

    # cards

    async def _find_card(self, value: str) -> dict[str, Any] | None:
        """A card that is a task, by id or short link."""
        if not is_object(value):
            return None
        found = await self._api.find(f"cards/{value}", CARD_PARAMS)
        return found if found is not None and is_task(found) else None

    async def _card(self, value: str) -> dict[str, Any]:
        """A card that is a task, by id or short link.

        Raises:
            NotFoundError: there is none, or it may not be seen.
        """
        found = await self._find_card(value)
        if found is None:
            raise NotFoundError(f"there is no task {value!r:.80}")
        return found

    async def _task_id(self, value: str) -> str:
        """Id of a card by id or short link; ids are not looked up.

        Raises:
            NotFoundError: no such card.
        """
        return value.lower() if is_id(value) else identifier(await self._card(value), "card")

    async def _task(self, card: Mapping[str, Any]) -> PMTask:
        place = await self._catalog.place_for(card)
        return to_task(card, reading_of(place, keep_raw=self._options.keep_raw))

    def _to_tasks(self, cards: Sequence[Mapping[str, Any]], place: Place) -> list[PMTask]:
        reading = reading_of(place, keep_raw=self._options.keep_raw)
        with collector_paused():
            return [to_task(one, reading) for one in cards if is_task(one)]

    # people

    async def _user_id(self, value: str, place: Place | None = None) -> str:
        """Id of a member by id or user name; ids are not looked up.

        Raises:
            NotFoundError: no such member, for a user name.
        """
        if is_id(value):
            return value.lower()
        for one in place.members if place is not None else ():
            if (optional_text(one, "username") or "").casefold() == value.casefold():
                return identifier(one, "member")
        found = await self._find_member(value)
        if found is None:
            raise NotFoundError(f"there is no user {value!r:.80}")
        return identifier(found, "member")

    async def _find_member(self, value: str) -> dict[str, Any] | None:
        if not is_id(value) and not _USERNAME.fullmatch(value):
            return None
        fields = "id,username,fullName,avatarUrl,url,email,memberType"
        return await self._api.find(f"members/{value}", {"fields": fields})

    # checked fields

    async def _resolve(self, entity: Entity, fields: Fields) -> Fields:
        """Values in the form in which they are read back: short links and user names become ids."""
        resolved = dict(fields)
        place = None
        if isinstance(resolved.get("project_id"), str):
            resolved["project_id"] = await self._resolved(
                "project_id", resolved["project_id"], self._project_id
            )
            if entity is Entity.TASK:
                place = await self._checked_place(resolved["project_id"])
        for name in _TASKS:
            if isinstance(resolved.get(name), str):
                resolved[name] = await self._resolved(name, resolved[name], self._task_id)
        for name in _USERS:
            if isinstance(resolved.get(name), str):
                resolved[name] = await self._resolved(
                    name, resolved[name], lambda one: self._user_id(one, place)
                )
        if resolved.get("assignee_ids"):
            resolved["assignee_ids"] = [
                await self._resolved("assignee_ids", one, lambda value: self._user_id(value, place))
                for one in resolved["assignee_ids"]
            ]
        return resolved

    async def _checked_place(self, board: str) -> Place:
        try:
            return await self._catalog.place(board)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {board!r:.80}"}) from error

    @staticmethod
    async def _resolved(name: str, value: str, lookup: Any) -> str:
        try:
            return str(await lookup(value))
        except (NotFoundError, PermissionDeniedError) as error:
            raise ValidationError(fields={name: error.message}) from None
