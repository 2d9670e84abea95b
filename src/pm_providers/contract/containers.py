"""Projects, sprints and users: the operations that every system has in some form."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, cast

from pm_providers.contract.foundation import ProviderFoundation
from pm_providers.contract.queries import ListQuery
from pm_providers.contract.validation import Fields
from pm_providers.contract.values import check_filter, check_id, check_optional_id
from pm_providers.model import Entity, PMProject, PMSprint, PMUser

__all__ = ["ContainerOperations"]


class ContainerOperations(ProviderFoundation):
    """Projects, sprints, users."""

    # projects

    def iter_projects(
        self, *, include_archived: bool = False, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMProject, None]:
        """Projects that the caller may see, one page in memory. See `list_projects`."""
        query = ListQuery(include_archived=include_archived, limit=limit, window=window)
        return self._stream("list_projects", lambda: self._iter_projects(query), limit)

    async def list_projects(
        self, *, include_archived: bool = False, limit: int | None = None
    ) -> list[PMProject]:
        """All projects that the caller may see, subprojects included, in a stable order.

        Args:
            include_archived: archived projects too.
            limit: stop after so many.
        """
        stream = self.iter_projects(include_archived=include_archived, limit=limit, window=self._window)
        return [project async for project in stream]

    async def get_project(self, project_id: str) -> PMProject | None:
        """The project with this id or key; `None` when it does not exist or may not be seen."""
        return cast(
            "PMProject | None",
            await self._call("get_project", lambda: self._get_project(check_id(project_id, "project_id"))),
        )

    async def create_project(self, project: PMProject) -> PMProject:
        """Create a project; returns it as the system answered.

        Raises:
            ValidationError: a value is not allowed, or the key is taken.
            UnsupportedError: a field is set that the provider cannot hold.
        """
        return await self._create(Entity.PROJECT, project, self._create_project)

    async def update_project(
        self, project_id: str, updates: Mapping[str, Any], *, expected_version: str | None = None
    ) -> PMProject:
        """Change the fields given; `None` clears. Returns the project as the system answered.

        Raises:
            NotFoundError: no such project.
            ConflictError: `expected_version` is not the current one.
            ValidationError: unknown field, wrong type, or a value that is not allowed.
        """
        return cast(
            "PMProject",
            await self._update(
                Entity.PROJECT,
                project_id,
                updates,
                lambda one, fields: self._update_project(one, fields, expected_version),
                expected_version=expected_version,
            ),
        )

    async def delete_project(self, project_id: str) -> bool:
        """Delete a project with all that it holds; `False` when it did not exist."""
        return await self._delete(Entity.PROJECT, project_id, self._delete_project)

    # sprints

    def iter_sprints(
        self,
        project_id: str | None = None,
        *,
        status: str | None = None,
        limit: int | None = None,
        window: int = 1,
    ) -> AsyncGenerator[PMSprint, None]:
        """Sprints, one page in memory. See `list_sprints`."""
        return self._stream(
            "list_sprints",
            lambda: self._iter_sprints(
                ListQuery(
                    project_id=check_optional_id(project_id, "project_id"),
                    status=check_filter(status),
                    limit=limit,
                    window=window,
                )
            ),
            limit,
        )

    async def list_sprints(
        self, project_id: str | None = None, *, status: str | None = None, limit: int | None = None
    ) -> list[PMSprint]:
        """Sprints of a project, or of all that the caller may see, open and closed.

        Args:
            project_id: project id or key.
            status: only those of this unified status.
            limit: stop after so many.
        """
        stream = self.iter_sprints(project_id, status=status, limit=limit, window=self._window)
        return [sprint async for sprint in stream]

    async def get_sprint(self, sprint_id: str) -> PMSprint | None:
        """The sprint with this id; `None` when it does not exist or may not be seen."""
        return cast(
            "PMSprint | None",
            await self._call("get_sprint", lambda: self._get_sprint(check_id(sprint_id, "sprint_id"))),
        )

    async def create_sprint(self, sprint: PMSprint) -> PMSprint:
        """Create a sprint in its project; returns it as the system answered.

        Raises:
            ValidationError: a value is not allowed.
            UnsupportedError: the system has no sprints of its own to create, or cannot hold a field.
        """
        return await self._create(Entity.SPRINT, sprint, self._create_sprint)

    async def update_sprint(
        self, sprint_id: str, updates: Mapping[str, Any], *, expected_version: str | None = None
    ) -> PMSprint:
        """Change the fields given; `None` clears. Errors as in `update_project`."""
        return cast(
            "PMSprint",
            await self._update(
                Entity.SPRINT,
                sprint_id,
                updates,
                lambda one, fields: self._update_sprint(one, fields, expected_version),
                expected_version=expected_version,
            ),
        )

    async def delete_sprint(self, sprint_id: str) -> bool:
        """Delete a sprint; its tasks stay, without it. `False` when it did not exist.

        Raises:
            ValidationError: the system deletes only sprints without tasks, and this one has some.
        """
        return await self._delete(Entity.SPRINT, sprint_id, self._delete_sprint)

    # users

    def iter_users(
        self, project_id: str | None = None, *, limit: int | None = None, window: int = 1
    ) -> AsyncGenerator[PMUser, None]:
        """Users, one page in memory. See `list_users`."""
        return self._stream(
            "list_users",
            lambda: self._iter_users(
                ListQuery(project_id=check_optional_id(project_id, "project_id"), limit=limit, window=window)
            ),
            limit,
        )

    async def list_users(self, project_id: str | None = None, *, limit: int | None = None) -> list[PMUser]:
        """Users that tasks can be assigned to: of a project, or all that the caller may see."""
        return [user async for user in self.iter_users(project_id, limit=limit, window=self._window)]

    async def get_user(self, user_id: str) -> PMUser | None:
        """The user with this id; `None` when there is none or it may not be seen."""
        return cast(
            "PMUser | None",
            await self._call("get_user", lambda: self._get_user(check_id(user_id, "user_id"))),
        )

    async def get_current_user(self) -> PMUser:
        """The user whose credentials are used.

        Raises:
            AuthenticationError: the credentials are not accepted.
        """
        return cast("PMUser", await self._call("get_current_user", self._get_current_user))

    async def create_user(self, user: PMUser) -> PMUser:
        """Create a user, invited where the vendor has invitations. Mostly for administrators."""
        return await self._create(Entity.USER, user, self._create_user)

    async def update_user(self, user_id: str, updates: Mapping[str, Any]) -> PMUser:
        """Change the fields given; `None` clears. Errors as in `update_project`."""
        return cast("PMUser", await self._update(Entity.USER, user_id, updates, self._update_user))

    async def delete_user(self, user_id: str) -> bool:
        """Delete a user; `False` when there was none."""
        return await self._delete(Entity.USER, user_id, self._delete_user)

    # hooks

    def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        raise self._refuse("list_projects")

    async def _get_project(self, project_id: str) -> PMProject | None:
        raise self._refuse("get_project")

    async def _create_project(self, fields: Fields) -> PMProject:
        raise self._refuse("create_project")

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        raise self._refuse("update_project")

    async def _delete_project(self, project_id: str) -> bool:
        raise self._refuse("delete_project")

    def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        raise self._refuse("list_sprints")

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        raise self._refuse("get_sprint")

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        raise self._refuse("create_sprint")

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        raise self._refuse("update_sprint")

    async def _delete_sprint(self, sprint_id: str) -> bool:
        raise self._refuse("delete_sprint")

    def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        raise self._refuse("list_users")

    async def _get_user(self, user_id: str) -> PMUser | None:
        raise self._refuse("get_user")

    async def _get_current_user(self) -> PMUser:
        raise self._refuse("get_current_user")

    async def _create_user(self, fields: Fields) -> PMUser:
        raise self._refuse("create_user")

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        raise self._refuse("update_user")

    async def _delete_user(self, user_id: str) -> bool:
        raise self._refuse("delete_user")
