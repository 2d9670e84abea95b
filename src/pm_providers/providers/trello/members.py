"""Members of boards, and whether the account of the token watches a card."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ProviderError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import PMMembership, PMUser
from pm_providers.providers.trello.connection import Connection
from pm_providers.providers.trello.mapping.parts import role_of, to_membership
from pm_providers.providers.trello.mapping.projects import to_user
from pm_providers.providers.trello.mapping.tasks import is_task
from pm_providers.providers.trello.mapping.values import is_id, is_object
from pm_providers.toolkit.documents import identifier

__all__ = ["Memberships", "Watchers"]

_OTHERS = "of others than the account of the token the system neither tells nor changes whether they watch"

Document = Mapping[str, Any]


class Memberships(Connection):
    """Members of boards, with one role each. They are found through their board only."""

    async def _iter_memberships(self, query: ListQuery) -> AsyncIterator[PMMembership]:
        """Oldest first; those who were invited and have no account yet, or are deactivated, are among them.

        Raises:
            NotFoundError: no such project.
        """
        board = await self._project_id(query.project_id or "")
        for one in await self._memberships_of(board):
            yield to_membership(one, board, keep_raw=self._options.keep_raw)

    async def _memberships_of(self, board: str) -> list[dict[str, Any]]:
        try:
            found = await self._api.all(f"boards/{board}/memberships", {"filter": "all"})
        except PermissionDeniedError as error:
            raise NotFoundError(f"project {board} may not be seen", status=error.status) from error
        return sorted(found, key=lambda one: identifier(one, "membership"))

    async def _create_membership(self, fields: Fields) -> PMMembership:
        """Members are read first: who is one already would get another role without a word.

        Raises:
            ValidationError: unknown project, role or user.
            ConflictError: the user is a member already.
            PermissionDeniedError: the plan of the board has no observers, or no more members.
        """
        board, user = fields["project_id"], fields["user_id"]
        role, fields["roles"] = role_of(fields["roles"])
        try:
            before = await self._memberships_of(board)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {board!r:.80}"}) from error
        for one in before:
            if one.get("idMember") == user:
                own = identifier(one, "membership")
                text = f"user {user} is a member of project {board} already: update membership {own}"
                raise ConflictError(text, fields=("user_id",))
        try:
            await self._api.put(f"boards/{board}/members/{user}", {"type": role})
        except NotFoundError as error:
            raise ValidationError(fields={"user_id": f"there is no user {user!r:.80}"}) from error
        return await self._changed_membership(board, "idMember", user)

    async def _changed_membership(self, board: str, name: str, value: str) -> PMMembership:
        """A membership that was just written, as it is read.

        Raises:
            ProviderError: it is not there.
        """
        for one in await self._memberships_of(board):
            if one.get(name) == value:
                return to_membership(one, board, keep_raw=self._options.keep_raw)
        raise ProviderError("the system took the membership, and does not tell of it")

    async def _update_membership(
        self, membership_id: str, fields: Fields, project_id: str | None
    ) -> PMMembership:
        """The role is replaced: a member has one.

        Raises:
            NotFoundError: no such membership.
            ValidationError: unknown role.
            PermissionDeniedError: it is the last administrator of the board, or one may not.
        """
        role, fields["roles"] = role_of(fields["roles"])
        board, found = await self._membership(membership_id, project_id)
        if found is None:
            raise NotFoundError(f"there is no membership {membership_id!r:.80}")
        await self._api.put(f"boards/{board}/memberships/{membership_id}", {"type": role})
        return await self._changed_membership(board, "id", membership_id.lower())

    async def _delete_membership(self, membership_id: str, project_id: str | None) -> bool:
        """The user is taken off the board; cards keep no assignee who is no member ([inf])."""
        board, found = await self._membership(membership_id, project_id)
        if found is None:
            return False
        user = found.get("idMember")
        try:
            await self._api.call("DELETE", f"boards/{board}/members/{user}")
        except NotFoundError:
            return False
        except PMError as error:  # a single member has no address to be looked up at
            if not error.maybe_applied or (await self._membership(membership_id, board))[1] is not None:
                raise
        return True

    async def _membership(self, value: str, project: str | None) -> tuple[str, Document | None]:
        """Id of the board, and the membership.

        Raises:
            ValidationError: no project is given.
        """
        if project is None:
            raise ValidationError(
                fields={"project_id": "is needed: memberships are found by their board only"}
            )
        if not is_id(value) or not is_object(project):
            return project, None
        board = await self._project_id(project)
        try:
            found = await self._memberships_of(board)
        except NotFoundError:
            return board, None
        return board, next((one for one in found if one.get("id") == value.lower()), None)


class Watchers(Connection):
    """Whether the account of the token watches a card: of others nothing is told ([spec] `subscribed`)."""

    async def _list_watchers(self, task_id: str) -> list[PMUser]:
        """The account of the token, or nobody; who else watches is not told."""
        if not await self._watches(task_id):
            return []
        return [to_user(await self._api.identify(), keep_raw=self._options.keep_raw)]

    async def _watches(self, task_id: str) -> bool:
        """Whether the account of the token watches.

        Raises:
            NotFoundError: no such task.
        """
        params = {"fields": "subscribed,isTemplate,cardRole"}
        card = await self._api.find(f"cards/{task_id}", params) if is_object(task_id) else None
        if card is None or not is_task(card):
            raise NotFoundError(f"there is no task {task_id!r:.80}")
        return card.get("subscribed") is True

    async def _add_watcher(self, task_id: str, user_id: str) -> bool:
        """Only the account of the token can.

        Raises:
            ValidationError: another user.
        """
        before = await self._watches(task_id)
        if not await self._is_me(user_id):
            raise ValidationError(fields={"user_id": f"{user_id!r:.80}: {_OTHERS}"})
        return False if before else await self._watch(task_id, wanted=True)

    async def _remove_watcher(self, task_id: str, user_id: str) -> bool:
        """Only the account of the token can.

        Raises:
            UnsupportedError: another user, of whom it is not known whether he watches.
        """
        before = await self._watches(task_id)
        if not await self._is_me(user_id):
            if await self._find_member(user_id) is None:
                return False
            raise UnsupportedError(f"user {user_id!r:.80}: {_OTHERS}", reason=_OTHERS)
        return await self._watch(task_id, wanted=False) if before else False

    async def _is_me(self, user_id: str) -> bool:
        me = await self._api.identify()
        names = {str(me.get("id")).lower(), str(me.get("username")).casefold()}
        return user_id.casefold() in names

    async def _watch(self, task_id: str, *, wanted: bool) -> bool:
        answer = await self._api.put(f"cards/{task_id}", {"subscribed": wanted})
        now = answer.get("subscribed")
        if (now if isinstance(now, bool) else await self._watches(task_id)) is not wanted:
            raise ProviderError("the system took the change of who watches, and did not make it")
        return True
