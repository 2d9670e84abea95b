"""Values of fields as callers send them, checked and turned into what is stored.

Each parser gets the session, the field, the value and the project; None clears the field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from pm_providers.sandbox.jira import rights
from pm_providers.sandbox.jira.adf import check_document, from_wiki
from pm_providers.sandbox.jira.records import Field, Project
from pm_providers.sandbox.jira.web import Session

__all__ = ["FieldError", "parse_moment", "parse_rich", "parse_value"]

MAX_LABEL = 255
MAX_STRING = 255


class FieldError(Exception):
    """A value that a field refuses; the text is for `errors`."""


Parser = Callable[[Session, Field, Any, Project], Any]


def parse_value(session: Session, field: Field, value: Any, project: Project) -> Any:
    """The value to store; None is an empty field.

    Raises:
        FieldError: the value does not fit.
    """
    parser = _PARSERS[field.kind]
    if value is None:
        return () if field.id in {"labels", "components", "fixVersions", "versions"} else None
    return parser(session, field, value, project)


def parse_rich(session: Session, value: Any) -> dict[str, Any] | None:
    """A rich text: a document, or wiki markup for the older API version.

    Raises:
        FieldError: it is neither.
    """
    if value is None:
        return None
    if session.version == "2":
        if not isinstance(value, str):
            raise FieldError("Operation value must be a string")
        return from_wiki(value) if value.strip() else None
    problem = check_document(value)
    if problem:
        raise FieldError(problem)
    return value  # type: ignore[no-any-return]  # checked above


def _string(_session: Session, field: Field, value: Any, _project: Project) -> Any:
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if field.id == "summary":
        return _summary(value)
    if len(value) > MAX_STRING:
        raise FieldError(
            f"The entered text is too long. It exceeds the allowed limit of {MAX_STRING} characters."
        )
    return value or None


def _summary(value: str) -> str:
    if not value.strip():
        raise FieldError("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise FieldError("The summary is invalid because it contains newline characters.")
    if len(value) > MAX_STRING:
        raise FieldError("Summary can't exceed 255 characters.")
    return value.strip()


def _rich(session: Session, _field: Field, value: Any, _project: Project) -> Any:
    return parse_rich(session, value)


def _number(_session: Session, _field: Field, value: Any, _project: Project) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FieldError("Operation value must be a number")
    if abs(value) > 1e14:
        raise FieldError("The number is outside the allowed range.")
    return float(value)


def _date(_session: Session, _field: Field, value: Any, _project: Project) -> Any:
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if not value:
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise FieldError(f"Error parsing date string: {value}")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise FieldError(f"Error parsing date string: {value}") from None


def parse_moment(value: Any) -> datetime | None:
    """A moment as the API wants it (`2026-02-06T09:30:49.157+0000`); None for other texts."""
    if not isinstance(value, str) or not re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}[+-]\d{4}", value
    ):
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None


def _datetime(_session: Session, _field: Field, value: Any, _project: Project) -> Any:
    if value == "":
        return None
    moment = parse_moment(value)
    if moment is None:
        raise FieldError(f"Error parsing date string: {value}")
    return moment


def _url(_session: Session, _field: Field, value: Any, _project: Project) -> Any:
    if not isinstance(value, str):
        raise FieldError("Operation value must be a string")
    if value and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*://\S+", value):
        raise FieldError(f"'{value}' is not a valid URL.")
    return value or None


def _option_id(session: Session, field: Field, value: Any, parent_id: int | None = None) -> int:
    rows = session.state.field_options(field.id, parent_id)
    if not isinstance(value, dict) or not ({"id", "value"} & value.keys()):
        raise FieldError(f"Specify a valid 'id' or 'name' for {field.name}")
    if "id" in value:
        found = [row for row in rows if str(row.id) == str(value["id"])]
        word = f"Option id '{value['id']}' is not valid"
    else:
        found = [row for row in rows if row.value == value["value"]]
        word = f"Option value '{value['value']}' is not valid"
    if not found or found[0].disabled:
        raise FieldError(word)
    return int(found[0].id)


def _option(session: Session, field: Field, value: Any, _project: Project) -> Any:
    return _option_id(session, field, value)


def _options(session: Session, field: Field, value: Any, _project: Project) -> Any:
    return _unique(_option_id(session, field, part) for part in _list(value)) or None


def _cascading(session: Session, field: Field, value: Any, _project: Project) -> Any:
    parent = _option_id(session, field, value)
    child = value.get("child")
    return (parent, None if child is None else _option_id(session, field, child, parent))


def _user(session: Session, field: Field, value: Any, project: Project) -> Any:
    key = value.get("accountId", value.get("id")) if isinstance(value, dict) else None
    if isinstance(value, dict) and not value.keys() & {"accountId", "id"} and "name" in value:
        # names are gone since the privacy changes; the vendor then behaves as if nobody were given
        return None if value["name"] is None else _refuse_name(field)
    if isinstance(value, dict) and key is None and value.keys() & {"accountId", "id"}:
        return None
    if not isinstance(key, str):
        raise FieldError("expected Object containing accountId")
    if field.id == "assignee":
        return _assignee(session, key, project)
    if key not in session.state.users:
        raise FieldError(f"Specify a valid value for {field.name}: user '{key}' does not exist.")
    return key


def _refuse_name(field: Field) -> Any:
    raise FieldError(
        f"'accountId' must be the only user identifying query parameter in GDPR strict mode. ({field.name})"
    )


def _assignee(session: Session, key: str, project: Project) -> str | None:
    if key == "-1":
        return project.lead if project.assignee_type == "PROJECT_LEAD" else None
    user = session.state.users.get(key)
    if user is None:
        raise FieldError(f"User '{key}' does not exist.")
    if not rights.allowed(session.state, user, "ASSIGNABLE_USER", project):
        raise FieldError(f"User '{user.name}' cannot be assigned issues.")
    return key


def _users(session: Session, field: Field, value: Any, project: Project) -> Any:
    return _unique(_user(session, field, part, project) for part in _list(value)) or None


def _group(session: Session, field: Field, value: Any, _project: Project) -> Any:
    if not isinstance(value, dict) or not ({"name", "groupId"} & value.keys()):
        raise FieldError(f"Specify a valid 'name' for {field.name}")
    for group in session.state.groups:
        if group.id == value.get("groupId") or group.name == value.get("name"):
            return group.id
    raise FieldError(f"Could not find group with name: '{value.get('name', value.get('groupId'))}'")


def _groups(session: Session, field: Field, value: Any, project: Project) -> Any:
    return _unique(_group(session, field, part, project) for part in _list(value)) or None


def _version(session: Session, _field: Field, value: Any, project: Project) -> Any:
    rows = session.state.versions.where("project_id", project.id)
    return _named(rows, value, "Version")


def _versions(session: Session, field: Field, value: Any, project: Project) -> Any:
    found = _unique(_version(session, field, part, project) for part in _list(value))
    return found or (() if not field.number else None)


def _components(session: Session, _field: Field, value: Any, project: Project) -> Any:
    rows = session.state.components.where("project_id", project.id)
    return _unique(_named(rows, part, "Component") for part in _list(value))


def _named(rows: list[Any], value: Any, word: str) -> int:
    """The id of the row that an object with `id` or `name` means."""
    if not isinstance(value, dict) or not ({"id", "name"} & value.keys()):
        raise FieldError(f"expected 'id' or 'name' property to identify the {word.lower()}")
    if "id" in value:
        found = [row for row in rows if str(row.id) == str(value["id"])]
        text = f"{word} id '{value['id']}' is not valid"
    else:
        found = [row for row in rows if row.name.lower() == str(value["name"]).lower()]
        text = f"{word} name '{value['name']}' is not valid"
    if not found:
        raise FieldError(text)
    return int(found[0].id)


def _priority(session: Session, _field: Field, value: Any, _project: Project) -> Any:
    return _named(list(session.state.priorities), value, "Priority")


def _resolution(session: Session, _field: Field, value: Any, _project: Project) -> Any:
    return _named(list(session.state.resolutions), value, "Resolution")


def _labels(_session: Session, _field: Field, value: Any, _project: Project) -> Any:
    found = []
    for part in _list(value):
        if not isinstance(part, str):
            raise FieldError("Operation value must be a string")
        if not part or re.search(r"\s", part):
            raise FieldError(f"The label '{part}' contains spaces which is invalid.")
        if len(part) > MAX_LABEL:
            raise FieldError(
                f"The label '{part[:20]}...' exceeds the maximum length of {MAX_LABEL} characters."
            )
        found.append(part)
    return tuple(sorted(set(found)))


def _sprint(session: Session, _field: Field, value: Any, _project: Project) -> Any:
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise FieldError("Number value expected as the Sprint id.")
    sprint = session.state.sprints.get(value)
    if sprint is None:
        raise FieldError("Sprint does not exist.")
    if sprint.state == "closed":
        raise FieldError("Issue can be assigned only active or future sprints.")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FieldError("data was not an array")
    return value


def _unique(values: Any) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


_PARSERS: dict[str, Parser] = {
    "string": _string,
    "rich": _rich,
    "number": _number,
    "date": _date,
    "datetime": _datetime,
    "url": _url,
    "option": _option,
    "options": _options,
    "cascading": _cascading,
    "user": _user,
    "users": _users,
    "group": _group,
    "groups": _groups,
    "version": _version,
    "versions": _versions,
    "components": _components,
    "labels": _labels,
    "priority": _priority,
    "resolution": _resolution,
    "sprint": _sprint,
}
