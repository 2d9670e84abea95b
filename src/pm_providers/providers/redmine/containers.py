"""Projects, sprints and labels."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from pm_providers.contract import ChoiceBook, Fields, ListQuery
from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMError,
    ValidationError,
)
from pm_providers.model import PMLabel, PMProject, PMSprint, WriteWarning
from pm_providers.providers.redmine.connection import Connection, names_project
from pm_providers.providers.redmine.mapping.choices import ARCHIVED, CLOSED_PROJECT, PROJECT_STATUSES
from pm_providers.providers.redmine.mapping.projects import ProjectReading, from_project, key_for, to_project
from pm_providers.providers.redmine.mapping.sprints import from_sprint, to_label, to_sprint
from pm_providers.toolkit.choices import version_word
from pm_providers.toolkit.documents import identifier, is_number, part
from pm_providers.toolkit.writes import refuse_clearing
from pm_providers.transport import bounded_map

__all__ = ["Labels", "Projects", "Sprints"]

_BY_AGE = {"sort": "created_on:asc,identifier:asc"}
_OPEN_AND_CLOSED = {"status": "1|5"}
_STATUS_BOOK = ChoiceBook(PROJECT_STATUSES, {one.id: one.status for one in PROJECT_STATUSES}, "status")
_VERBS = {"1": ("unarchive", "reopen"), "5": ("unarchive", "close"), "9": ("archive",)}


class ProjectReader(Connection):
    """What several parts need of projects."""

    async def _project_documents(
        self, window: int = 1, limit: int | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Open and closed projects, oldest first."""
        params = {**_OPEN_AND_CLOSED, **_BY_AGE}
        stream = self._api.items("projects", "projects", params, window=window, limit=limit)
        async with aclosing(stream) as found:
            async for one in found:
                yield one


class Projects(ProjectReader):
    """Projects."""

    async def _iter_projects(self, query: ListQuery) -> AsyncIterator[PMProject]:
        """Oldest first. Archived ones are in no list, whatever is asked (recorded 02-projects: step 54)."""
        async with aclosing(self._project_documents(query.window, query.limit)) as found:
            async for one in found:
                yield await self._project(one)

    async def _get_project(self, project_id: str) -> PMProject | None:
        found = await self._find_project(project_id)
        return None if found is None else await self._project(found)

    async def _create_project(self, fields: Fields) -> PMProject:
        text = await self._texts()
        sample = await self._any_project() if fields.get("custom_fields") else None
        custom = await self._plain_custom("project", fields, sample)
        key = fields.get("key") or key_for(fields["name"], secrets.token_hex(3))
        status = _STATUS_BOOK.candidates(fields["status"])[0].id if fields.get("status") else "1"
        wire = {name: value for name, value in fields.items() if name != "status"} | {"key": key}
        body = {"project": from_project(wire, text=text.write, custom=custom)}
        _check_key(key)
        await self._check_parent_project(fields)
        document = part(await self._api.post("projects", body), "project")
        if status == "1":
            return await self._project(document)
        try:
            return await self._project(await self._with_status(document, status))
        except PMError as error:
            # The project is there: an error would make callers create it again.
            made = await self._project(document)
            why = f"the project was created, its status not set: {error.message}"
            return replace(made, warnings=(WriteWarning("status", fields["status"], made.status, why),))

    async def _any_project(self) -> dict[str, Any] | None:
        found = await self._api.all("projects", "projects", {"limit": 1})
        return found[0] if found else None

    async def _check_parent_project(self, fields: Mapping[str, Any]) -> None:
        """An unknown parent is a server error (recorded 02-projects: step 19)."""
        parent = fields.get("parent_project_id")
        if parent and await self._find_project(parent) is None:
            raise ValidationError(fields={"parent_project_id": f"there is no project {parent!r:.80}"})

    async def _update_project(
        self, project_id: str, fields: Fields, expected_version: str | None
    ) -> PMProject:
        text = await self._texts()
        refuse_clearing(fields, ("status", "is_public"))  # to clear the latter is a server error
        status = _STATUS_BOOK.candidates(fields["status"])[0].id if fields.get("status") else None
        current = await self._find_project(project_id)
        if current is None:
            if status in (None, "9") or not names_project(project_id):
                raise NotFoundError(f"there is no project {project_id!r:.80}, or it is archived")
            current = await self._unarchived(project_id)
        custom = await self._plain_custom("project", fields, current)
        wire = {name: value for name, value in fields.items() if name != "status"}
        await self._check_parent_project(fields)
        path = f"projects/{identifier(current, 'project')}"
        body = from_project(wire, text=text.write, custom=custom)
        if body and status == "1" and current.get("status") == CLOSED_PROJECT:
            current = await self._with_status(current, status)  # nothing can be changed in a closed one
        if body:
            await self._api.put(path, {"project": body})
            current = await self._api.one(path, "project")
        if status is not None and status != str(current.get("status")):
            current = await self._with_status(current, status)
        return await self._project(current)

    async def _unarchived(self, project_id: str) -> dict[str, Any]:
        """Bring back a project that cannot be read: archived, unknown or hidden, the server tells which."""
        path = f"projects/{project_id}"
        await self._api.put(f"{path}/unarchive", {})
        return await self._api.one(path, "project")

    async def _with_status(self, project: Mapping[str, Any], status: str) -> dict[str, Any]:
        """Close, reopen or archive; the state that was reached.

        An archived project can be read by nobody, 403 even for administrators: that answer after the server
        accepted the call is the proof (recorded 02-projects: steps 52, 53).

        Raises:
            ValidationError: the call was accepted, and nothing happened.
        """
        path = f"projects/{identifier(project, 'project')}"
        await self._api.put(f"{path}/{_VERBS[status][-1]}", {})
        try:
            return await self._api.one(path, "project")
        except PermissionDeniedError:
            if status != str(ARCHIVED):
                raise
            return {**project, "status": ARCHIVED}

    async def _delete_project(self, project_id: str) -> bool:
        """Its subprojects go with it. From 5.1 on, the server marks it and deletes it in the background."""
        found = await self._find_project(project_id)
        if found is None:
            return False
        return await self._api.delete(f"projects/{identifier(found, 'project')}")

    async def _project(self, document: Mapping[str, Any]) -> PMProject:
        reading = ProjectReading(
            text=(await self._texts()).read,
            fields=await self._catalog.fields_for("project", [document]),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )
        return to_project(document, reading)


class Sprints(ProjectReader):
    """Versions: a project's own, and those that other projects share with it."""

    async def _iter_sprints(self, query: ListQuery) -> AsyncIterator[PMSprint]:
        """By id. The list of a project is not paged (recorded 04-…: steps 30, 31)."""
        if query.project_id is not None:
            found = await self._versions(await self._project_id(query.project_id))
        else:
            projects = [identifier(one, "project") async for one in self._project_documents(query.window)]
            found = _merged(await bounded_map(self._versions, projects, self._options.concurrency))
        for one in sorted(found, key=lambda version: int(identifier(version, "version"))):
            sprint = await self._sprint(one)
            if query.status is None or query.status.casefold() in {sprint.status, sprint.status_name}:
                yield sprint

    async def _versions(self, project: str) -> list[dict[str, Any]]:
        try:
            return await self._api.all(f"projects/{project}/versions", "versions")
        except PermissionDeniedError:
            # Forbidden is also the answer of a project whose issue tracking is off: it has no versions.
            if await self._find_project(project) is None:
                raise NotFoundError(f"there is no project {project!r:.80}") from None
            return []

    async def _get_sprint(self, sprint_id: str) -> PMSprint | None:
        found = await self._find_sprint(sprint_id)
        return None if found is None else await self._sprint(found)

    async def _find_sprint(self, value: str) -> dict[str, Any] | None:
        return await self._api.find(f"versions/{value}", "version") if is_number(value) else None

    async def _create_sprint(self, fields: Fields) -> PMSprint:
        project = fields["project_id"]
        sample = next(iter(await self._versions_if_there(project)), None)
        wire, custom = await self._sprint_wire(fields, sample)
        body = {"version": from_sprint(wire, custom=custom)}
        try:
            document = part(await self._api.post(f"projects/{project}/versions", body), "version")
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from error
        return await self._sprint(document)

    async def _versions_if_there(self, project: str) -> list[dict[str, Any]]:
        try:
            return await self._versions(project)
        except NotFoundError:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from None

    async def _update_sprint(self, sprint_id: str, fields: Fields, expected_version: str | None) -> PMSprint:
        found = await self._find_sprint(sprint_id)
        if found is None:
            raise NotFoundError(f"there is no sprint {sprint_id!r:.80}")
        wire, custom = await self._sprint_wire(fields, found)
        if fields.get("status") == (await self._sprint(found)).status:
            wire.pop("status")  # locked and closed both read as closed
        body = from_sprint(wire, custom=custom)
        if body:
            await self._api.put(f"versions/{sprint_id}", {"version": body})
            found = await self._api.one(f"versions/{sprint_id}", "version")
        return await self._sprint(found)

    async def _delete_sprint(self, sprint_id: str) -> bool:
        """A version that has tasks, or that a custom field refers to, is not deleted: 422 without a text.

        Raises:
            ConflictError: that is so.
        """
        if not is_number(sprint_id):
            return False
        try:
            return await self._api.delete(f"versions/{sprint_id}")
        except ValidationError as error:
            why = f"sprint {sprint_id} has tasks, or a custom field refers to it: move them first"
            raise ConflictError(why, status=error.status) from error

    async def _sprint_wire(
        self, fields: Fields, sample: Mapping[str, Any] | None
    ) -> tuple[dict[str, Any], tuple[Any, ...]]:
        custom = await self._plain_custom("version", fields, sample)
        wire = dict(fields)
        if "status" in fields:
            wire["status"] = version_word(fields["status"] or "open")
        return wire, custom

    async def _sprint(self, document: Mapping[str, Any]) -> PMSprint:
        return to_sprint(
            document,
            fields=await self._catalog.fields_for("version", [document]),
            base_url=self._options.base_url,
            keep_raw=self._options.keep_raw,
        )


class Labels(ProjectReader):
    """Categories of issues."""

    async def _iter_labels(self, query: ListQuery) -> AsyncIterator[PMLabel]:
        if query.project_id is not None:
            found = await self._categories(await self._project_id(query.project_id))
        else:
            projects = [identifier(one, "project") async for one in self._project_documents(query.window)]
            found = _merged(await bounded_map(self._categories, projects, self._options.concurrency))
        for one in sorted(found, key=lambda category: int(identifier(category, "category"))):
            yield to_label(one, keep_raw=self._options.keep_raw)

    async def _categories(self, project: str) -> list[dict[str, Any]]:
        """Categories. Without the right to manage them the list is forbidden: the project tells."""
        try:
            return await self._api.all(f"projects/{project}/issue_categories", "issue_categories")
        except PermissionDeniedError:
            place = await self._catalog.place(project, fresh=True)
            owner = {"id": int(place.id)}
            return [
                {"id": int(one), "name": name, "project": owner} for one, name in place.categories.items()
            ]

    async def _create_label(self, fields: Fields) -> PMLabel:
        project = fields.get("project_id")
        if project is None:
            raise ValidationError(fields={"project_id": "is required: categories belong to a project"})
        body = {"issue_category": {"name": fields["name"]}}
        await self._check_label_name(fields["name"], project)
        try:
            document = await self._api.post(f"projects/{project}/issue_categories", body)
        except NotFoundError as error:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from error
        return to_label(part(document, "issue_category"), keep_raw=self._options.keep_raw)

    async def _update_label(self, label_id: str, fields: Fields, project_id: str | None) -> PMLabel:
        if not is_number(label_id):
            raise NotFoundError(f"there is no label {label_id!r:.80}")
        path = f"issue_categories/{label_id}"
        before = to_label(await self._api.one(path, "issue_category"))
        await self._check_label_name(fields["name"], before.project_id or "", label_id)
        await self._api.put(path, {"issue_category": {"name": fields["name"]}})
        return to_label(await self._api.one(path, "issue_category"), keep_raw=self._options.keep_raw)

    async def _check_label_name(self, name: str, project: str, own: str | None = None) -> None:
        """Names of labels are told apart without case everywhere; the server tells them apart by case, too.

        Raises:
            ConflictError: another category of the project has the name.
        """
        folded = name.strip().casefold()
        try:
            known = await self._categories(project)
        except NotFoundError:
            raise ValidationError(fields={"project_id": f"there is no project {project!r:.80}"}) from None
        for one in map(to_label, known):
            if one.id != own and one.name.strip().casefold() == folded:
                raise ConflictError(f"there is a label {one.name!r:.60} already ({one.id})", fields=("name",))

    async def _delete_label(self, label_id: str, project_id: str | None) -> bool:
        """Issues lose it."""
        return is_number(label_id) and await self._api.delete(f"issue_categories/{label_id}")


def _merged(answers: Iterable[Any]) -> list[dict[str, Any]]:
    """Objects of several lists, each once.

    Raises:
        PMError: one of the lists failed.
    """
    found: dict[Any, dict[str, Any]] = {}
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
        found.update({one.get("id"): one for one in answer})
    return list(found.values())


def _check_key(key: str) -> None:
    """Refuse what is no identifier here: the server names no field of it in any language but English.

    Raises:
        ValidationError: other characters, nothing but digits, or a word that is taken ([code]
            app/models/project.rb).
    """
    if not names_project(key) or is_number(key) or key == "new":
        rule = "is not of lower-case letters, digits, dashes and underscores, not all digits"
        raise ValidationError(fields={"key": f"{key!r:.120} {rule}"})
