"""Calls handed on to the system that they belong to: what hooks share; projects, sprints and users."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any, TypeVar, cast

from pm_providers.contract import BasePMProvider, Fields, ListQuery, PMProviderConfig
from pm_providers.errors import PMError, ValidationError
from pm_providers.model import MODELS, Entity, PMProject, PMSprint, PMUser, Record
from pm_providers.service.modes.routes import Book, Route, own_asked, own_fields, own_id, own_record

__all__ = ["ContainerForwarding", "Forwarding"]

R = TypeVar("R", bound=Record)
T = TypeVar("T")
Source = Callable[[BasePMProvider], AsyncGenerator[R, None]]

_ANCHORS = {
    Entity.PROJECT: "parent_project_id",
    Entity.TASK: "project_id",
    Entity.SPRINT: "project_id",
    Entity.LABEL: "project_id",
    Entity.MEMBERSHIP: "project_id",
    Entity.COMMENT: "task_id",
    Entity.ATTACHMENT: "task_id",
    Entity.TIME_ENTRY: "task_id",
    Entity.CHECKLIST: "task_id",
    Entity.CHECKLIST_ITEM: "checklist_id",
    Entity.RELATION: "from_task_id",
}
"""Field of a new record that says which system it goes to; users go to the default one."""


class Forwarding(BasePMProvider):
    """Hands calls on to other providers.

    Args:
        config: options of this one.
        book: the systems, and whose an id is.
    """

    def __init__(self, config: PMProviderConfig, book: Book) -> None:
        super().__init__(config)
        self._book = book

    # for the modes

    @contextmanager
    def _named(self, route: Route) -> Iterator[None]:
        """Errors of a system leave as errors of this provider; those of prefixed systems name theirs."""
        try:
            yield
        except PMError as error:
            self._rename(error, route)
            raise

    def _rename(self, error: PMError, route: Route, operation: str | None = None) -> PMError:
        if route.prefix:
            error.message = f"{route.label}: {error.message}"
            error.args = (error.message,)
        error.provider, error.operation = self.name, operation
        return error

    async def _ask(self, route: Route, work: Callable[[BasePMProvider], Awaitable[T]]) -> T:
        """A read."""
        with self._named(route):
            return await work(route.provider)

    async def _tell(self, route: Route, work: Callable[[BasePMProvider], Awaitable[T]]) -> T:
        """A write."""
        with self._named(route):
            return await work(route.provider)

    async def _flow(self, route: Route, source: Source[R]) -> AsyncGenerator[R, None]:
        """A list, as callers see it."""
        with self._named(route):
            async with aclosing(source(route.provider)) as records:
                async for record in records:
                    yield route.outward(record)

    # comparing is done by the system's own provider

    def _reported(self, asked: Fields, result: Record) -> Record:
        del asked
        return super()._reported({}, result)

    def _holds(self, name: str, asked: Any, result: Record) -> bool:
        route, own = own_record(self._book, result)
        wanted = own_asked(self._book, type(result), name, asked)
        return route.provider._holds(name, wanted, own)  # noqa: SLF001 - the same hook, one provider further

    # one record

    async def _got(self, entity: Entity, identifier: str) -> Any:
        route, own = self._book.find(identifier)
        found = await self._ask(route, lambda one: getattr(one, f"get_{entity}")(own))
        return None if found is None else route.outward(found)

    async def _made(self, entity: Entity, fields: Fields, *extra: Any, **options: str | None) -> Any:
        route, draft = self._draft(entity, fields)
        owners = self._owners(route, options)
        made = await self._tell(route, lambda one: getattr(one, f"create_{entity}")(draft, *extra, **owners))
        return route.outward(made)

    def _draft(self, entity: Entity, fields: Fields) -> tuple[Route, Record]:
        """The system that a new record goes to, and the record with that system's ids."""
        anchor = fields.get(_ANCHORS.get(entity, ""))
        route = self._book.find(anchor)[0] if anchor else self._book.default
        return route, MODELS[entity](**own_fields(self._book, route, entity, fields))

    async def _changed(
        self, entity: Entity, identifier: str, fields: Fields, *, version: str | None = None, **options: Any
    ) -> Any:
        route, own = self._book.find(identifier)
        values = own_fields(self._book, route, entity, fields)
        given: dict[str, Any] = self._owners(route, options)
        if version is not None:
            given["expected_version"] = version
        changed = await self._tell(route, lambda one: getattr(one, f"update_{entity}")(own, values, **given))
        return route.outward(changed)

    async def _dropped(self, entity: Entity, identifier: str, **options: str | None) -> bool:
        route, own = self._book.find(identifier)
        owners = self._owners(route, options)
        gone = await self._tell(route, lambda one: getattr(one, f"delete_{entity}")(own, **owners))
        return bool(gone)

    def _owners(self, route: Route, options: Mapping[str, str | None]) -> dict[str, str]:
        """What something stands on or in, where the caller says so."""
        return {
            name: own_id(self._book, route, name, value)
            for name, value in options.items()
            if value is not None
        }

    # many

    def _narrowed(self, **filters: str | None) -> tuple[Sequence[Route], dict[str, str]]:
        """Systems that ids to filter by leave, and the ids there.

        Raises:
            ValidationError: they belong to different systems.
        """
        given = {name: value for name, value in filters.items() if value is not None}
        if not given:
            return list(self._book.routes.values()), {}
        route = self._book.find(next(iter(given.values())))[0]
        return [route], self._owners(route, given)

    async def _each(self, routes: Sequence[Route], source: Source[R]) -> AsyncIterator[R]:
        """Records of one system after the other.

        A status that only some of them know is no error: nothing of the others has it.
        """
        refused: list[ValidationError] = []
        for route in routes:
            try:
                async with aclosing(self._flow(route, source)) as records:
                    async for record in records:
                        yield record
            except ValidationError as error:
                if "status" not in error.fields:
                    raise
                refused.append(error)
        if len(refused) == len(routes):
            raise refused[0]


class ContainerForwarding(Forwarding):
    """Hooks of projects, sprints and users."""

    def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        return self._each(
            list(self._book.routes.values()),
            lambda one: one.iter_projects(
                include_archived=query.include_archived, limit=query.limit, window=query.window
            ),
        )

    async def _get_project(self, project_id: str) -> PMProject | None:
        return cast("PMProject | None", await self._got(Entity.PROJECT, project_id))

    async def _create_project(self, fields: Fields) -> PMProject:
        return cast("PMProject", await self._made(Entity.PROJECT, fields))

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        changed = await self._changed(Entity.PROJECT, project_id, fields, version=expected_version)
        return cast("PMProject", changed)

    async def _delete_project(self, project_id: str) -> bool:
        return await self._dropped(Entity.PROJECT, project_id)

    def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        routes, own = self._narrowed(project_id=query.project_id)
        return self._each(
            routes,
            lambda one: one.iter_sprints(
                own.get("project_id"), status=query.status, limit=query.limit, window=query.window
            ),
        )

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        return cast("PMSprint | None", await self._got(Entity.SPRINT, sprint_id))

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        return cast("PMSprint", await self._made(Entity.SPRINT, fields))

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        changed = await self._changed(Entity.SPRINT, sprint_id, fields, version=expected_version)
        return cast("PMSprint", changed)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        return await self._dropped(Entity.SPRINT, sprint_id)

    def _iter_users(self, query: ListQuery) -> AsyncIterator[PMUser]:
        routes, own = self._narrowed(project_id=query.project_id)
        return self._each(
            routes,
            lambda one: one.iter_users(own.get("project_id"), limit=query.limit, window=query.window),
        )

    async def _get_user(self, user_id: str) -> PMUser | None:
        return cast("PMUser | None", await self._got(Entity.USER, user_id))

    async def _get_current_user(self) -> PMUser:
        route = self._book.default
        return route.outward(await self._ask(route, lambda one: one.get_current_user()))

    async def _create_user(self, fields: Fields) -> PMUser:
        return cast("PMUser", await self._made(Entity.USER, fields))

    async def _update_user(self, user_id: str, fields: Fields) -> PMUser:
        return cast("PMUser", await self._changed(Entity.USER, user_id, fields))

    async def _delete_user(self, user_id: str) -> bool:
        return await self._dropped(Entity.USER, user_id)
