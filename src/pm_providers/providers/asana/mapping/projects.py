"""Projects and `PMProject`; projects that are sprints and `PMSprint`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pm_providers.errors import ValidationError
from pm_providers.model import PMProject, PMSprint, SprintStatus
from pm_providers.providers.asana.mapping.choices import project_status
from pm_providers.providers.asana.mapping.custom_fields import (
    FieldInfo,
    read_value,
    to_field_info,
    unique_names,
)
from pm_providers.providers.asana.mapping.texts import read_text, write_text
from pm_providers.providers.asana.mapping.values import document, gid, listed, ref_gid
from pm_providers.toolkit.documents import Document, day, instant, optional_text

__all__ = [
    "OPTION_FIELDS",
    "PROJECT_FIELDS",
    "SEPARATOR",
    "SprintPlace",
    "carried_fields",
    "from_project",
    "from_sprint",
    "names_of",
    "sprint_owner",
    "sprint_place",
    "to_project",
    "to_sprint",
]

PROJECT_FIELDS = (
    "name", "notes", "html_notes", "archived", "completed", "owner", "start_on", "due_on", "created_at",
    "modified_at", "permalink_url", "privacy_setting", "team", "workspace",
    "custom_fields.name", "custom_fields.type", "custom_fields.representation_type",
    "custom_fields.enum_value.name", "custom_fields.multi_enum_values.name", "custom_fields.number_value",
    "custom_fields.text_value", "custom_fields.date_value.date", "custom_fields.date_value.date_time",
    "custom_fields.display_value",
)  # fmt: skip
"""`opt_fields` of projects."""

OPTION_FIELDS = ("custom_fields.enum_options.name", "custom_fields.enum_options.enabled")
"""`opt_fields` that writing the custom fields of a project needs as well."""

SEPARATOR = " – "  # noqa: RUF001 - the dash of the convention, as people write it
_MARK = re.compile(r"^pm:sprint-of=([0-9]{1,64})[ \t]*$", re.MULTILINE)
_MARK_IN_HTML = re.compile(r"\n{0,2}pm:sprint-of=[0-9]{1,64}[ \t]*(?=\n|</body>|$)")
_MARK_LINE = re.compile(r"^\W*pm:sprint-of=[0-9]+\W*$", re.MULTILINE)
_TAG = re.compile(r"<[^<>]*>")
_SPRINT = re.compile(r"sprint\b", re.IGNORECASE)
_PUBLIC = "public_to_workspace"


@dataclass(frozen=True, slots=True)
class SprintPlace:
    """A project that is a sprint.

    Attributes:
        id: gid.
        project: gid of the project that it is a sprint of; `None` where only a portfolio says that it is one.
        is_closed: archived or completed.
        document: as the list of projects shows it.
    """

    id: str
    project: str | None
    is_closed: bool
    document: Document


def sprint_place(
    value: Document, projects_by_name: Mapping[str, str], portfolio: frozenset[str] = frozenset()
) -> SprintPlace | None:
    """What a project is a sprint of; `None` for any other project.

    The marker line in its notes says it, else a name of the form `<Project> - Sprint ...` (with the dash of
    `SEPARATOR`), else the portfolio of sprints holds it.

    Args:
        value: the project.
        projects_by_name: name -> gid of all projects.
        portfolio: gids of the projects in the portfolio of sprints.
    """
    one = gid(value, "project")
    mark = _MARK.search(optional_text(value, "notes") or "")
    owner = mark[1] if mark else sprint_owner(optional_text(value, "name") or "", one, projects_by_name)
    if owner is None and one not in portfolio:
        return None
    closed = value.get("archived") is True or value.get("completed") is True
    return SprintPlace(one, owner, closed, value)


def sprint_owner(name: str, one: str | None, projects_by_name: Mapping[str, str]) -> str | None:
    """Gid of the project that another is a sprint of by its name; `None` where the name does not say so.

    Args:
        name: `<Project> - Sprint ...`, with the dash of `SEPARATOR`.
        one: gid of the project of that name; `None` for a new one.
        projects_by_name: name -> gid of all projects.
    """
    head, dash, tail = name.rpartition(SEPARATOR)
    owner = projects_by_name.get(head) if dash and _SPRINT.match(tail.strip()) else None
    return None if owner == one else owner


def _unmarked(html: str, name: str) -> str:
    """Rich text without a line that would say which project this is a sprint of.

    Raises:
        ValidationError: there is such a line, under the name of our field.
    """
    if any(_MARK_LINE.search(_TAG.sub(gap, html)) for gap in ("", "\n")):
        why = "a line pm:sprint-of=... marks the sprints of a project, and cannot be written"
        raise ValidationError(fields={name: why})
    return html


# projects


def to_project(value: Any, *, keep_raw: bool = True) -> PMProject:
    """A project.

    Raises:
        ProviderError: no project, or a value of the wrong kind.
    """
    found = document(value, "project")
    status, privacy = project_status(found), optional_text(found, "privacy_setting")
    return PMProject(
        id=gid(found, "project"),
        name=optional_text(found, "name") or "",
        description=read_text(optional_text(found, "html_notes")),
        status=status.status,
        status_name=status.name,
        start_date=day(found.get("start_on")),
        end_date=day(found.get("due_on")),
        owner_id=ref_gid(found, "owner"),
        raw_data=dict(found) if keep_raw else None,
        is_public=None if privacy is None else privacy == _PUBLIC,
        is_archived=found.get("archived") is True,
        url=optional_text(found, "permalink_url"),
        created_at=instant(found.get("created_at")),
        updated_at=instant(found.get("modified_at")),
        custom_fields=_values(found),
    )


def carried_fields(value: Document) -> list[FieldInfo]:
    """Custom fields that a project has values of: those of the portfolios that it is in."""
    return unique_names(to_field_info(one) for one in listed(value, "custom_fields"))


def _values(value: Document) -> dict[str, Any]:
    found = listed(value, "custom_fields")
    return {
        info.name: read_value(one, info.subtype, info.representation)
        for one, info in zip(found, unique_names(map(to_field_info, found)), strict=True)
    }


def from_project(fields: Mapping[str, Any], base_html: str | None = None) -> dict[str, Any]:
    """Body that writes checked project fields; `None` clears. Not of dates, status and custom fields.

    Raises:
        ValidationError: the description would make it a sprint.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["name"] = fields["name"]
    if "description" in fields:
        body["html_notes"] = _unmarked(write_text(fields["description"], base_html), "description")
    if "owner_id" in fields:
        body["owner"] = fields["owner_id"]
    if fields.get("is_public") is not None:
        body["privacy_setting"] = _PUBLIC if fields["is_public"] else "private"
    return body


# sprints


def to_sprint(
    place: SprintPlace, *, project_name: str | None, today: date, keep_raw: bool = True
) -> PMSprint:
    """A project as a sprint: its name without that of its project, its notes without the marker line.

    Closed when archived or completed; planned before its first day, or without one; active from then on.

    Raises:
        ProviderError: a value of the wrong kind.
    """
    found = place.document
    start, end = day(found.get("start_on")), day(found.get("due_on"))
    begun = start is not None and start <= today
    status = (
        SprintStatus.CLOSED if place.is_closed else SprintStatus.ACTIVE if begun else SprintStatus.PLANNED
    )
    html = optional_text(found, "html_notes")
    return PMSprint(
        id=place.id,
        name=_short_name(optional_text(found, "name") or "", project_name),
        project_id=place.project,
        start_date=start,
        end_date=end,
        status=(SprintStatus.CLOSED if place.is_closed else status).value,
        goal=read_text(_MARK_IN_HTML.sub("", html)) if html else None,
        raw_data=dict(found) if keep_raw else None,
        status_name=project_status(found).name,
        url=optional_text(found, "permalink_url"),
        created_at=instant(found.get("created_at")),
        updated_at=instant(found.get("modified_at")),
    )


def _short_name(name: str, project_name: str | None) -> str:
    return name.removeprefix(f"{project_name}{SEPARATOR}") or name if project_name else name


def from_sprint(
    fields: Mapping[str, Any], *, project: str | None, project_name: str | None, base_html: str | None = None
) -> dict[str, Any]:
    """Body that writes checked sprint fields, but for dates and status.

    Args:
        fields: model field -> value.
        project: gid of the project that it is a sprint of.
        project_name: name of that project, which the sprint's begins with.
        base_html: notes as they are.

    Raises:
        ValidationError: the goal holds a line that would name another project.
    """
    body: dict[str, Any] = {}
    if "name" in fields:
        body["name"] = f"{project_name}{SEPARATOR}{fields['name']}" if project_name else fields["name"]
    if "goal" in fields:
        base = _MARK_IN_HTML.sub("", base_html) if base_html else None
        body["html_notes"] = _marked(_unmarked(write_text(fields["goal"], base), "goal"), project)
    return body


def _marked(html: str, project: str | None) -> str:
    if project is None:
        return html
    text = html.removesuffix("</body>")
    gap = "" if text == "<body>" else "\n\n"
    return f"{text}{gap}pm:sprint-of={project}</body>"


def names_of(documents: Sequence[Document]) -> dict[str, str]:
    """Name -> gid of projects; of several with one name the first."""
    found: dict[str, str] = {}
    for one in documents:
        found.setdefault(optional_text(one, "name") or "", gid(one, "project"))
    return found
