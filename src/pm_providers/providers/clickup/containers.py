"""Projects: spaces, or folders, or lists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from pm_providers.contract import Fields, ListQuery
from pm_providers.errors import ConfigurationError, NotFoundError, PMError
from pm_providers.model import PMProject, WriteWarning
from pm_providers.providers.clickup.connection import Connection
from pm_providers.providers.clickup.mapping.places import from_list, from_space, new_space, to_project
from pm_providers.toolkit.documents import identifier
from pm_providers.toolkit.sharing import is_brief
from pm_providers.transport import bounded_map

__all__ = ["ProjectReader", "Projects"]


class ProjectReader(Connection):
    """What several parts need of projects."""

    async def _spaces(self, *, archived: bool = False) -> list[dict[str, Any]]:
        """Spaces of the Workspace: the archived ones, or the others; both never come together ([inf])."""
        return await self._api.all(f"{self._api.team}/space", "spaces", {"archived": archived})

    async def _projects_in(self, space: str, *, archived: bool) -> list[dict[str, Any]]:
        """Folders or lists of a space that are projects."""
        structure = await self._catalog.structure(space, archived=archived, fresh=True)
        if self._level == "folder":
            return list(structure.folders)
        return [one for one, _ in structure.all_lists()]

    async def _project_ids(self) -> list[str]:
        """Ids of all projects that are not archived."""
        spaces = [identifier(one, "space") for one in await self._spaces()]
        if self._level == "space":
            return spaces
        return [
            identifier(one, "project")
            for space in spaces
            for one in await self._projects_in(space, archived=False)
        ]

    async def _lists_of(self, project: str) -> dict[str, bool]:
        """Lists of a project -> whether a list, or its folder, is archived.

        Tasks of archived ones are no archived tasks, and the list of the Workspace leaves them out as well.
        """
        place = await self._place(project)
        if self._level == "list":
            return {place.id: False}
        return await self._lists_within(place.space_id, None if self._level == "space" else place.id)

    async def _lists_within(self, space: str, folder: str | None = None) -> dict[str, bool]:
        """As `_lists_of`, of a space or of one of its folders.

        Folders carry their lists that are as they are, archived or not: the others are a request for each.
        Who wants names of fields alone is told of those that are not archived.
        """
        found: dict[str, bool] = {}
        asked: list[tuple[str, bool]] = []
        brief = is_brief()
        for old in (False,) if brief else (False, True):
            structure = await self._catalog.structure(space, archived=old, fresh=True)
            for one, holder in structure.all_lists():
                if folder is None or str(holder.get("id")) == folder:
                    found[identifier(one, "list")] = old
            keys = [identifier(one, "folder") for one in structure.folders]
            asked += [(key, not old) for key in keys if folder in {None, key} and not brief]
        for answer in await bounded_map(self._lists_in_folder, asked, self._options.concurrency):
            if isinstance(answer, BaseException):
                raise answer
            found |= dict.fromkeys(answer, True)
        return found

    async def _lists_in_folder(self, asked: tuple[str, bool]) -> list[str]:
        folder, archived = asked
        found = await self._api.all(f"folder/{folder}/list", "lists", {"archived": archived})
        return [identifier(one, "list") for one in found]


class Projects(ProjectReader):
    """Projects."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        """In the order of the app, archived ones last. Folders and lists: two requests for each space."""
        ages = (False, True) if query.include_archived else (False,)
        spaces = {age: await self._spaces(archived=age) for age in ages}
        for archived in ages:
            for one in await self._projects_of(spaces, archived=archived):
                yield await self._project(one)

    async def _projects_of(
        self, spaces: Mapping[bool, list[dict[str, Any]]], *, archived: bool
    ) -> list[dict[str, Any]]:
        """Projects that are archived, or those that are not.

        Args:
            spaces: spaces that are archived, and that are not.
            archived: which.
        """
        if self._level == "space":
            return spaces[archived]
        every = [one for found in spaces.values() for one in found] if archived else spaces[False]
        found: list[dict[str, Any]] = []
        for space in every:
            found += await self._projects_in(identifier(space, "space"), archived=archived)
        return found

    async def _get_project(self, project_id: str) -> PMProject | None:
        found = await self._find_project(project_id)
        return None if found is None else await self._project(found)

    async def _create_project(self, fields: Fields) -> PMProject:
        if self._level == "space":
            return await self._create_space(fields)
        space = await self._home_space()
        if self._level == "folder":
            made = await self._api.post(f"space/{space}/folder", {"name": fields["name"]})
        else:
            body = from_list(self._list_wire(fields), fields["name"], await self._zone(), new=True)
            made = await self._api.post(f"space/{space}/list", body)
        self._catalog.forget_space(space)
        return await self._project(await self._api.get(f"{self._level}/{identifier(made, 'project')}"))

    async def _create_space(self, fields: Fields) -> PMProject:
        """A space; that it is private can only be said in a second call ([spec])."""
        made = await self._api.post(f"{self._api.team}/space", new_space(fields["name"]))
        project = await self._project(made)
        if fields.get("is_public") in {None, project.is_public}:
            return project
        try:
            return await self._write_space(made, fields)
        except PMError as error:
            # The space is there: an error would make callers create it again.
            why = f"the project was created, its visibility not set: {error.message}"
            warning = WriteWarning("is_public", fields["is_public"], project.is_public, why)
            return replace(project, warnings=(warning,))

    async def _write_space(self, document: Mapping[str, Any], fields: Mapping[str, Any]) -> PMProject:
        path = f"space/{identifier(document, 'space')}"
        await self._api.put(path, from_space(fields, document))
        self._catalog.forget_space(identifier(document, "space"))
        return await self._project(await self._api.get(path))

    async def _home_space(self) -> str:
        """Space that new folders and lists get into.

        Raises:
            ConfigurationError: there are several, and `space_id` does not say which.
        """
        if self._options.space_id is not None:
            return self._options.space_id
        spaces = await self._spaces()
        if len(spaces) == 1:
            return identifier(spaces[0], "space")
        raise ConfigurationError(
            f"space_id is not set: the space in which new projects are made, as projects are {self._level}s "
            "here and there are several spaces, for example space_id=90151102337",
            setting="space_id",
            example="90151102337",
        )

    def _list_wire(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        wire = dict(fields)
        if wire.get("priority"):
            wire["priority"] = self._catalog.priority(wire["priority"]).id
        return wire

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        found = await self._project_document(project_id)
        if self._level == "space":
            return await self._write_space(found, fields)
        path, name = f"{self._level}/{project_id}", fields.get("name") or str(found.get("name"))
        if self._level == "folder":
            await self._api.put(path, {"name": name})
        else:
            await self._api.put(path, from_list(self._list_wire(fields), name, await self._zone()))
            self._catalog.forget_list(project_id)
        return await self._project(await self._api.get(path))

    async def _delete_project(self, project_id: str) -> bool:
        """All that is in it goes with it, into the trash of the app."""
        try:
            place = await self._project_document(project_id)
        except NotFoundError:
            return False
        path = f"{self._level}/{project_id}"
        done = await self._api.delete(path, look=path)
        space = place.get("space")
        self._catalog.forget_space(identifier(space, "space") if isinstance(space, Mapping) else project_id)
        self._catalog.forget_list(project_id)
        return done

    async def _project(self, document: Mapping[str, Any]) -> PMProject:
        return to_project(document, self._level, await self._zone(), keep_raw=self._options.keep_raw)
