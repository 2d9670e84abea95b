"""Which user of the target is which user of the source: by e-mail, then by user name, never by guess."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from pm_providers.contract import BasePMProvider
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import Entity, PMUser
from pm_providers.service.copy_narrowing import Narrower
from pm_providers.service.copy_report import UnmatchedUser
from pm_providers.sync.people import folded, may_be_same

__all__ = ["UserMatcher"]

_REFUSALS = (PermissionDeniedError, UnsupportedError, NotFoundError)


class UserMatcher:
    """Fills `report.ids[Entity.USER]` as users are met.

    Two users are the same when their e-mails are equal (case ignored), or when their user names are and no
    e-mail says otherwise. More than one candidate is no match.

    Args:
        source: provider that is read.
        target: provider that is written.
        narrower: cuts users that are created.
        create: create users in the target that it does not have.

    Attributes:
        me: id of the target's user whose credentials are used; `""` where that is not known.
        people: users of the source by id, as far as they were met.
    """

    def __init__(
        self, source: BasePMProvider, target: BasePMProvider, narrower: Narrower, *, create: bool
    ) -> None:
        self._source = source
        self._target = target
        self._narrower = narrower
        self._report = narrower.report
        self._create = create
        self._by_email: defaultdict[str, list[PMUser]] = defaultdict(list)
        self._by_login: defaultdict[str, list[PMUser]] = defaultdict(list)
        self._unreadable = ""
        self.me = ""
        self.people: dict[str, PMUser] = {}
        self._settled: set[str] = set()

    async def load(self, project_id: str) -> None:
        """Read the target's users and the members of the source's project."""
        if self._target.capabilities.supports("get_current_user"):
            # First of all, because some systems make this user when it is asked for.
            self.me = (await self._target.get_current_user()).id
        try:
            async for user in self._target.iter_users(window=2):
                self._index(user)
        except _REFUSALS as error:
            self._unreadable = f"the target does not show its users: {error.message}"
        try:
            async for user in self._source.iter_users(project_id, window=2):
                self.people[user.id] = user
        except _REFUSALS as error:
            self._report.leave_out_all(Entity.USER, f"the source does not show its users: {error.message}")

    def _index(self, user: PMUser) -> None:
        if user.email:
            self._by_email[folded(user.email)].append(user)
        if user.username:
            self._by_login[folded(user.username)].append(user)

    def name(self, user_id: str | None) -> str:
        """Display name of a source user, for text."""
        known = self.people.get(user_id or "")
        return known.name if known and known.name else f"user {user_id}"

    async def settle(self, user_ids: Iterable[str | None]) -> None:
        """Match the users that records name, before these are narrowed."""
        for user_id in user_ids:
            if not user_id or user_id in self._settled:
                continue
            self._settled.add(user_id)
            user = await self._look_up(user_id)
            self._report.read[Entity.USER] += 1
            found = self._match(user)
            if isinstance(found, str):
                found = await self._created(user, found)
            if isinstance(found, str):
                self._report.unmatched_users.append(UnmatchedUser(user, found))
            else:
                self._report.ids[Entity.USER][user_id] = found.id

    async def _look_up(self, user_id: str) -> PMUser:
        if user_id not in self.people:
            try:
                found = await self._source.get_user(user_id)
            except _REFUSALS:
                found = None
            self.people[user_id] = found or PMUser(id=user_id)
        return self.people[user_id]

    def _match(self, user: PMUser) -> PMUser | str:
        """The target's user, or why there is none."""
        if self._unreadable:
            return self._unreadable
        if not user.email and not user.username:
            return "the source shows neither e-mail nor user name"
        same = self._by_email.get(folded(user.email or ""), [])
        if not same and user.username:
            same = [one for one in self._by_login.get(folded(user.username), []) if may_be_same(one, user)]
        if len(same) == 1:
            self._report.matched[Entity.USER] += 1
            return same[0]
        return "the target has more than one such user" if same else "the target has no such user"

    async def _created(self, user: PMUser, why_not: str) -> PMUser | str:
        absent = why_not == "the target has no such user"
        if not (self._create and absent and user.kind == "user" and user.name):
            return why_not
        if not self._target.capabilities.supports("create_user"):
            return self._target.capabilities.operation("create_user").note
        values = self._narrower.values(Entity.USER, user)
        try:
            made = await self._target.create_user(PMUser(**values))
        except (*_REFUSALS, ValidationError) as error:
            return f"it could not be created: {error.message}"
        self._report.created[Entity.USER] += 1
        self._index(made)
        return made
