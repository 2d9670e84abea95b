"""Members of a copied project, so that its tasks can be assigned to them."""

from __future__ import annotations

from pm_providers.contract import BasePMProvider
from pm_providers.errors import (
    NotFoundError,
    PermissionDeniedError,
    PMError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import Entity, PMMembership
from pm_providers.service.copy_report import CopyFailure, CopyProgress
from pm_providers.service.copy_users import UserMatcher
from pm_providers.service.copy_writing import FATAL, Writer

__all__ = ["copy_members"]

_REFUSALS = (PermissionDeniedError, UnsupportedError, NotFoundError)
_UNKNOWN = "no user of the target is known to be this one"


async def copy_members(
    source: BasePMProvider, writer: Writer, users: UserMatcher, progress: CopyProgress
) -> None:
    """Make the matched users of the source's project members of the target's, with roles of the same name.

    Who is a member of the target's project already keeps the roles that he has.

    Raises:
        PMError: one of the systems cannot be reached any more.
    """
    members = _Members(source, writer, users)
    if not members.possible() or not await members.load():
        return
    for count, one in enumerate(members.found, start=1):
        await members.copy(one)
        progress(Entity.MEMBERSHIP.plural, count, len(members.found))


class _Members:
    """Attributes: `found`, memberships of the source's project."""

    def __init__(self, source: BasePMProvider, writer: Writer, users: UserMatcher) -> None:
        self.source, self.target = source, writer.target
        self.writer, self.report, self.users = writer, writer.report, users
        self.found: list[PMMembership] = []
        self._members: set[str] = set()

    def possible(self) -> bool:
        """Whether both systems have members; what the target lacks is noted."""
        if not self.source.capabilities.supports("list_memberships"):
            return False
        for operation in ("list_memberships", "create_membership"):
            needed = self.target.capabilities.operation(operation)
            if not needed.is_supported:
                self.report.leave_out_all(Entity.MEMBERSHIP, needed.note)
                return False
        return True

    async def load(self) -> bool:
        """Read the members of both projects; where they are not shown, that is noted."""
        who = "source"
        try:
            self.found = await self.source.list_memberships(self.report.project_id)
            who = "target"
            there = await self.target.list_memberships(self.report.target_project_id)
        except _REFUSALS as error:
            self.report.leave_out_all(
                Entity.MEMBERSHIP, f"the {who} does not show its members: {error.message}"
            )
            return False
        self._members = {one.user_id for one in there}
        self.report.read[Entity.MEMBERSHIP] = len(self.found)
        return True

    async def copy(self, membership: PMMembership) -> None:
        known = self.users.people.get(membership.user_id)
        if known is not None and known.kind != "user":
            self.report.leave_out(Entity.MEMBERSHIP, None, f"it is a {known.kind}: not copied", membership.id)
            return
        await self.users.settle([membership.user_id])
        user = self.report.ids[Entity.USER].get(membership.user_id)
        if user is None:
            self.report.leave_out(Entity.MEMBERSHIP, None, _UNKNOWN, membership.id)
        elif user in self._members:
            self.report.matched[Entity.MEMBERSHIP] += 1
        else:
            self._members.add(user)
            await self._add(membership)

    async def _add(self, membership: PMMembership) -> None:
        values = self.writer.narrower.values(Entity.MEMBERSHIP, membership, kept=("is_inherited",))
        try:
            made = await self._with_roles(membership, PMMembership(**values))
        except FATAL:
            raise
        except PMError as error:
            self.report.failed.append(CopyFailure(Entity.MEMBERSHIP, membership.id, error))
            return
        if made is None:
            reason = "the target has no role of that name"
            self.report.leave_out(Entity.MEMBERSHIP, None, reason, membership.id)
            return
        self.report.created[Entity.MEMBERSHIP] += 1
        self.writer.note_warnings(Entity.MEMBERSHIP, membership.id, made)
        if membership.is_inherited:
            reason = "held directly: in the source it comes from a group or a parent project"
            self.report.alter(Entity.MEMBERSHIP, "is_inherited", reason, membership.id)

    async def _with_roles(self, membership: PMMembership, draft: PMMembership) -> PMMembership | None:
        """The new membership with the roles that the target takes; `None` when it takes none."""
        made = await self._write(None, draft, draft.roles)
        if isinstance(made, PMMembership):
            return made
        if len(draft.roles) == 1:
            return None
        kept: PMMembership | None = None
        for role in draft.roles:
            made = await self._write(kept, draft, [*(kept.roles if kept else ()), role])
            if isinstance(made, PMMembership):
                kept = made
            else:
                self.report.leave_out(
                    Entity.MEMBERSHIP, "roles", f"rejected by the target: {made}", membership.id
                )
        return kept

    async def _write(
        self, stored: PMMembership | None, draft: PMMembership, roles: list[str]
    ) -> PMMembership | str:
        """What the target stored, or why it does not take the roles."""
        project, user = draft.project_id, draft.user_id
        try:
            if stored is None:
                return await self.target.create_membership(
                    PMMembership(project_id=project, user_id=user, roles=roles)
                )
            return await self.target.update_membership(stored.id, {"roles": roles}, project_id=project)
        except ValidationError as error:
            if "roles" not in error.fields or error.maybe_applied:
                raise
            return error.fields["roles"]
