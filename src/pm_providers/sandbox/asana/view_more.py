"""How stories, attachments, time entries, portfolios, memberships, jobs and the rest look."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from pm_providers.sandbox.asana.fields import OMIT, Getter, Ref, define, refs
from pm_providers.sandbox.asana.records import (
    Attachment,
    Job,
    Membership,
    Portfolio,
    StatusUpdate,
    Story,
    TimeEntry,
    Webhook,
)
from pm_providers.sandbox.asana.rich_text import to_text
from pm_providers.sandbox.asana.view_fields import FieldValue, settings_refs, values_of
from pm_providers.sandbox.asana.view_people import member_refs, user_ref, workspace_ref
from pm_providers.sandbox.asana.view_work import Like
from pm_providers.sandbox.asana.web import APP, Session, stamp

__all__ = ["DETAILS", "DOWNLOAD_LIFE_S", "download_token", "parent_ref"]

DOWNLOAD_LIFE_S = 120
DETAILS = (
    "old_name",
    "new_name",
    "old_dates",
    "new_dates",
    "old_resource_subtype",
    "new_resource_subtype",
    "assignee",
    "follower",
    "old_section",
    "new_section",
    "task",
    "project",
    "tag",
    "custom_field",
    "old_text_value",
    "new_text_value",
    "old_number_value",
    "new_number_value",
    "old_enum_value",
    "new_enum_value",
    "old_date_value",
    "new_date_value",
    "old_people_value",
    "new_people_value",
    "old_multi_enum_values",
    "new_multi_enum_values",
    "old_approval_status",
    "new_approval_status",
    "duplicated_from",
    "dependency",
)


def parent_ref(session: Session, kind: str, gid: str) -> Any:
    """A record by kind and id."""
    tables: dict[str, Any] = {
        "task": session.state.tasks,
        "project": session.state.projects,
        "portfolio": session.state.portfolios,
        "section": session.state.sections,
        "tag": session.state.tags,
        "user": session.state.users,
        "team": session.state.teams,
    }
    row = tables[kind].get(gid)
    return None if row is None else Ref(kind, row)


def _detail_value(session: Session, value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        kind, key = value
        if kind == "option":
            return Ref("enum_option", key)
        if kind == "custom_field":
            row = session.state.fields.get(key)
            return None if row is None else Ref("field_name", FieldValue(row.id, row, None, valued=False))
        return parent_ref(session, kind, key)
    if isinstance(value, list):
        return [_detail_value(session, part) for part in value]
    return value


def _detail(name: str) -> Getter:
    def getter(session: Session, row: Story) -> Any:
        return _detail_value(session, row.details[name]) if name in row.details else OMIT

    return getter


def _story_likes(_session: Session, row: Story) -> list[Ref]:
    return [Ref("like", Like(f"{row.id}{number}", gid)) for number, gid in enumerate(row.likes)]


_STORY: dict[str, Getter] = {
    "created_at": lambda _s, row: stamp(row.created),
    "created_by": lambda s, row: user_ref(s, row.author),
    "resource_subtype": lambda _s, row: row.subtype,
    "text": lambda _s, row: row.text,
    "html_text": lambda _s, row: row.html_text,
    "type": lambda _s, row: row.kind,
    "is_editable": lambda s, row: row.kind == "comment" and row.author == s.user.id,
    "is_edited": lambda _s, row: row.edited if row.kind == "comment" else OMIT,
    "is_pinned": lambda _s, row: row.pinned if row.kind == "comment" else OMIT,
    "sticker_name": lambda _s, row: OMIT if row.sticker is None else row.sticker,
    "source": lambda _s, row: row.source,
    "hearted": lambda s, row: s.user.id in row.likes,
    "hearts": _story_likes,
    "num_hearts": lambda _s, row: len(row.likes),
    "liked": lambda s, row: s.user.id in row.likes,
    "likes": _story_likes,
    "num_likes": lambda _s, row: len(row.likes),
    "reaction_summary": lambda _s, _row: [],
    "previews": lambda _s, _row: [],
    "target": lambda s, row: parent_ref(s, "task", row.task),
    **{name: _detail(name) for name in DETAILS},
}
_STORY_OPT_IN = {"html_text", "reaction_summary"}
define(
    "story",
    _STORY,
    compact=("created_at", "created_by", "resource_type", "resource_subtype", "text", "type"),
    full=("resource_type", *(name for name in _STORY if name not in _STORY_OPT_IN)),
)
define(
    "field_name",
    {
        "name": lambda _s, row: row.field.name,
        "resource_subtype": lambda _s, row: row.field.kind,
        "type": lambda _s, row: row.field.kind,
        "enabled": lambda _s, _row: True,
    },
    compact=("resource_type", "resource_subtype", "name", "type", "enabled"),
    resource_type="custom_field",
)


def download_token(row: Attachment, moment: int) -> str:
    """Part of a short-lived address: until when, and proof of it."""
    proof = hashlib.sha256(f"{row.id} {row.name} {moment}".encode()).hexdigest()[:32]
    return f"{moment}.{proof}"


def _download(session: Session, row: Attachment) -> str | None:
    if row.host != "asana":
        return None
    until = int(session.state.clock.now().timestamp()) + DOWNLOAD_LIFE_S
    base = session.api.removesuffix("/api/1.0")
    return f"{base}/-/files/{row.id}/{quote(row.name, safe='')}?token={download_token(row, until)}"


def _view_url(session: Session, row: Attachment) -> str | None:
    return row.url if row.host != "asana" else _download(session, row)


define(
    "attachment",
    {
        "name": lambda _s, row: row.name,
        "resource_subtype": lambda _s, row: row.host,
        "created_at": lambda _s, row: stamp(row.created),
        "download_url": _download,
        "permanent_url": lambda _s, row: (
            f"{APP}/app/asana/-/get_asset?asset_id={row.id}" if row.host == "asana" else row.url
        ),
        "host": lambda _s, row: row.host,
        "parent": lambda s, row: parent_ref(s, row.parent_kind, row.parent),
        "size": lambda _s, row: len(row.content) if row.host == "asana" else OMIT,
        "view_url": _view_url,
        "connected_to_app": lambda _s, row: row.connected,
    },
    compact=("name", "resource_type", "resource_subtype"),
)


def _attributed(session: Session, row: TimeEntry) -> Any:
    return None if row.attributable_to is None else parent_ref(session, "project", row.attributable_to)


_ENTRY: dict[str, Getter] = {
    "duration_minutes": lambda _s, row: row.minutes,
    "entered_on": lambda _s, row: row.entered_on,
    "attributable_to": _attributed,
    "created_by": lambda s, row: user_ref(s, row.author),
    "categories": lambda s, row: refs(
        "time_tracking_category", [s.state.categories[gid] for gid in row.categories]
    ),
    "task": lambda s, row: parent_ref(s, "task", row.task),
    "created_at": lambda _s, row: stamp(row.created),
    "approval_status": lambda _s, row: row.approval,
    "billable_status": lambda _s, row: row.billable,
    "description": lambda _s, row: row.description,
}
define(
    "time_tracking_entry",
    _ENTRY,
    compact=("resource_type", "duration_minutes", "entered_on", "attributable_to", "created_by"),
)
define(
    "time_tracking_category",
    {
        "name": lambda _s, row: row.name,
        "color": lambda _s, row: row.color,
        "is_archived": lambda _s, row: row.archived,
        "workspace": lambda s, row: workspace_ref(s, row.workspace),
    },
    compact=("name", "resource_type", "color"),
)


def _portfolio_update(session: Session, row: Portfolio) -> Any:
    found = session.state.status_updates.get(row.current_status) if row.current_status else None
    return None if found is None else Ref("status_update", found)


_PORTFOLIO: dict[str, Getter] = {
    "name": lambda _s, row: row.name,
    "archived": lambda _s, row: row.archived,
    "color": lambda _s, row: row.color,
    "start_on": lambda _s, row: row.start_on,
    "due_on": lambda _s, row: row.due_on,
    "default_access_level": lambda _s, row: row.default_access_level,
    "created_at": lambda _s, row: stamp(row.created),
    "created_by": lambda s, row: user_ref(s, row.owner),
    "custom_field_settings": lambda s, row: settings_refs(s, row.id),
    "custom_fields": lambda s, row: values_of(s, [row.id], row.custom),
    "current_status_update": _portfolio_update,
    "members": lambda s, row: member_refs(s, row.id),
    "owner": lambda s, row: user_ref(s, row.owner),
    "workspace": lambda s, row: workspace_ref(s, row.workspace),
    "permalink_url": lambda _s, row: f"{APP}/0/portfolio/{row.id}/list",
    "public": lambda _s, row: row.public,
    "privacy_setting": lambda _s, row: "public_to_domain" if row.public else "members_only",
    "project_templates": lambda _s, _row: [],
}
define("portfolio", _PORTFOLIO)


def _membership_kind(_session: Session, row: Membership) -> str:
    return f"{row.parent_kind}_membership"


_MEMBERSHIP: dict[str, Getter] = {
    "parent": lambda s, row: parent_ref(s, row.parent_kind, row.parent),
    "member": lambda s, row: parent_ref(s, row.member_kind, row.member),
    "access_level": lambda _s, row: row.access_level,
    "resource_subtype": _membership_kind,
    "user": lambda s, row: parent_ref(s, "user", row.member) if row.member_kind == "user" else OMIT,
    "project": lambda s, row: parent_ref(s, "project", row.parent) if row.parent_kind == "project" else OMIT,
    "write_access": lambda _s, row: (
        "full_write" if row.access_level in {"admin", "editor"} else "comment_only"
    ),
}
define(
    "membership",
    _MEMBERSHIP,
    compact=("resource_type", "parent", "member", "access_level", "resource_subtype"),
    full=("resource_type", "parent", "member", "access_level", "resource_subtype"),
)
define(
    "project_membership",
    _MEMBERSHIP,
    compact=("resource_type", "parent", "member", "access_level"),
    full=("resource_type", "parent", "member", "access_level", "user", "project", "write_access"),
)
define(
    "portfolio_membership",
    {**_MEMBERSHIP, "portfolio": lambda s, row: parent_ref(s, "portfolio", row.parent)},
    compact=("resource_type", "portfolio", "user"),
    full=("resource_type", "portfolio", "user"),
)

_COLORS = {
    "on_track": "green",
    "at_risk": "yellow",
    "off_track": "red",
    "on_hold": "blue",
    "complete": "complete",
}


def _status_kind(_session: Session, row: StatusUpdate) -> str:
    return f"{row.parent_kind}_status_update"


_STATUS: dict[str, Getter] = {
    "title": lambda _s, row: row.title,
    "text": lambda _s, row: to_text(row.html_text),
    "html_text": lambda _s, row: row.html_text,
    "author": lambda s, row: user_ref(s, row.author),
    "created_by": lambda s, row: user_ref(s, row.author),
    "created_at": lambda _s, row: stamp(row.created),
    "modified_at": lambda _s, row: stamp(row.modified),
}
define(
    "status_update",
    {
        **_STATUS,
        "resource_subtype": _status_kind,
        "status_type": lambda _s, row: row.status_type,
        "hearted": lambda _s, _row: False,
        "hearts": lambda _s, _row: [],
        "liked": lambda _s, _row: False,
        "likes": lambda _s, _row: [],
        "num_hearts": lambda _s, _row: 0,
        "num_likes": lambda _s, _row: 0,
        "parent": lambda s, row: parent_ref(s, row.parent_kind, row.parent),
    },
    compact=("title", "resource_type", "resource_subtype"),
)
_OLD_STATUS: dict[str, Getter] = {**_STATUS, "color": lambda _s, row: _COLORS.get(row.status_type, "green")}
define("project_status", _OLD_STATUS, compact=("title", "resource_type"))
# inside of a project it is complete [spec]
_CURRENT = ("title", "resource_type", "text", "color", "author", "created_by", "created_at", "modified_at")
define("current_project_status", _OLD_STATUS, compact=_CURRENT, resource_type="project_status")
define(
    "custom_type",
    {
        "name": lambda _s, row: row.name,
        "status_options": lambda _s, row: refs("custom_type_status_option", list(row.options)),
    },
)
define(
    "custom_type_status_option",
    {
        "name": lambda _s, row: row.name,
        "enabled": lambda _s, row: row.enabled,
        "color": lambda _s, row: row.color,
        "completion_state": lambda _s, row: row.completion,
    },
    full=("resource_type", "name", "enabled", "color", "completion_state"),
)


def _made(kind: str) -> Getter:
    def getter(session: Session, row: Job) -> Any:
        if row.made is None or row.made[0] != kind:
            return None if kind == "task" else OMIT
        return parent_ref(session, kind, row.made[1])

    return getter


_JOB: dict[str, Getter] = {
    "resource_subtype": lambda _s, row: row.subtype,
    "status": lambda _s, row: row.status,
    "new_project": _made("project"),
    "new_portfolio": _made("portfolio"),
    "new_task": _made("task"),
}
define("job", _JOB, compact=("resource_type", *_JOB))


def _hook_resource(session: Session, row: Webhook) -> Any:
    if row.resource_kind == "workspace":
        return workspace_ref(session, row.resource)
    return parent_ref(session, row.resource_kind, row.resource)


def _maybe(getter: Getter) -> Getter:
    def known(session: Session, row: Webhook) -> Any:
        value = getter(session, row)
        return OMIT if value in {None, ""} else value

    return known


define(
    "webhook",
    {
        "active": lambda _s, row: row.active,
        "resource": _hook_resource,
        "target": lambda _s, row: row.target,
        "created_at": lambda _s, row: stamp(row.created),
        "filters": lambda _s, row: list(row.filters),
        "last_failure_at": _maybe(lambda _s, row: stamp(row.last_failure)),
        "last_failure_content": lambda _s, row: row.last_failure_content,
        "last_success_at": _maybe(lambda _s, row: stamp(row.last_success)),
        "delivery_retry_count": lambda _s, row: row.retries,
        "next_attempt_after": _maybe(lambda _s, row: stamp(row.next_attempt)),
        "failure_deletion_timestamp": _maybe(lambda _s, row: stamp(row.deletion)),
    },
    compact=("resource_type", "active", "resource", "target"),
)
