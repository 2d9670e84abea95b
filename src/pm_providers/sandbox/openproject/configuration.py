"""Instance configuration and users' preferences."""

from __future__ import annotations

import zoneinfo
from typing import Any

from pm_providers.sandbox.openproject.errors import (
    ApiError,
    forbidden,
    not_found,
    raise_faults,
    violation,
)
from pm_providers.sandbox.openproject.links import api, link, write_link
from pm_providers.sandbox.openproject.records import Principal
from pm_providers.sandbox.openproject.users import user_of
from pm_providers.sandbox.openproject.values import text, to_bool
from pm_providers.sandbox.openproject.web import Call, Reply, Routes

__all__ = ["routes"]

routes = Routes()
_FLAGS = ("hideMail", "warnOnLeavingUnsaved", "commentSortDescending", "autoHidePopups")
_NOTIFIED = {"watched": True, "involved": True, "mentioned": True}
_SILENT = (
    "workPackageCreated",
    "workPackageCommented",
    "workPackageProcessed",
    "workPackagePrioritized",
    "workPackageScheduled",
    "newsAdded",
    "newsCommented",
    "documentAdded",
    "forumMessages",
    "wikiPageAdded",
    "wikiPageUpdated",
    "membershipAdded",
    "membershipUpdated",
)


@routes("GET", "/configuration")
def configuration(call: Call) -> Reply:
    """What a client should know of the instance; open to everybody since 13."""
    settings, user = call.state.settings, call.user
    body: dict[str, Any] = {
        "_type": "Configuration",
        "maximumAttachmentFileSize": settings["attachment_max_size_kib"] * 1024,
        "perPageOptions": settings["per_page_options"],
        "dateFormat": None,
        "timeFormat": None,
        "startOfWeek": None,
    }
    if call.state.features.millis:
        body |= {
            "hostName": call.base_url.partition("://")[2],
            "maximumAPIV3PageSize": settings["max_page_size"],
            "durationFormat": "hours_only",
            "hoursPerDay": 8,
            "daysPerMonth": 20,
            "activeFeatureFlags": [],
            "availableFeatures": [],
            "triggeredFeatureFlags": [],
            "userDefaultTimezone": None,
        }
    path = api("users", user.id, "preferences")
    links = {"self": {"href": api("configuration")}, "userPreferences": {"href": path}}
    return Reply({**body, "_embedded": {"userPreferences": _preferences(user)}, "_links": links})


@routes("GET", "/my_preferences")
def old_address(call: Call) -> Reply:
    """Moved."""
    return _moved(call)


@routes("PATCH", "/my_preferences")
def old_address_write(call: Call) -> Reply:
    """Moved."""
    return _moved(call)


def _moved(call: Call) -> Reply:
    target = api("users", "me", "preferences")
    text = f"This resource has been moved permanently to {target}."
    return Reply(text.encode(), 301, headers={"location": call.base_url + target})


@routes("GET", "/users/{id}/preferences")
def preferences(call: Call) -> Reply:
    """A user's preferences: the own ones, or anybody's for administrators."""
    return Reply(_preferences(_owner(call)))


@routes("PATCH", "/users/{id}/preferences")
def change_preferences(call: Call) -> Reply:
    """Change preferences."""
    row, body = _owner(call), call.object()
    if row.anonymous:
        raise forbidden()
    zone = body.get("timeZone")
    if zone is not None and text(zone) not in zoneinfo.available_timezones():
        message = "Time zone is not set to one of the allowed values."
        raise_faults([violation("timeZone", message)])
    changes: dict[str, Any] = {name: bool(to_bool(body[name])) for name in _FLAGS if name in body}
    if "timeZone" in body:
        changes["timeZone"] = zone
    row = call.state.principals.change(row, preferences={**row.preferences, **changes})
    return Reply(_preferences(row))


def _owner(call: Call) -> Principal:
    row = user_of(call)
    if row.id != call.user.id and not call.user.admin:
        raise ApiError(404, "NotFound", not_found().body["message"])
    return row


def _preferences(row: Principal) -> dict[str, Any]:
    stored = row.preferences
    path = ("users", row.id, "preferences")
    notified = {**_NOTIFIED, **dict.fromkeys(_SILENT, False), "_links": {"project": {"href": None}}}
    links: dict[str, Any] = {"self": {"href": api(*path)}, "user": link(row.name, "users", row.id)}
    links["updateImmediately"] = write_link("patch", *path)
    return {
        "_type": "UserPreferences",
        "hideMail": stored.get("hideMail", True),
        "timeZone": stored.get("timeZone"),
        "warnOnLeavingUnsaved": stored.get("warnOnLeavingUnsaved", True),
        "commentSortDescending": stored.get("commentSortDescending", False),
        "autoHidePopups": stored.get("autoHidePopups", True),
        "dailyReminders": {"enabled": True, "times": ["08:00"]},
        "immediateReminders": {"mentioned": False},
        "pauseReminders": {"enabled": False},
        "workdays": [1, 2, 3, 4, 5],
        "notifications": [] if row.anonymous else [notified],
        "_links": links,
    }
