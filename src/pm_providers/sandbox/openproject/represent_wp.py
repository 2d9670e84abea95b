"""Work packages as the API shows them."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.links import api, link
from pm_providers.sandbox.openproject.records import Project, Type, WorkPackage
from pm_providers.sandbox.openproject.represent_misc import attachments_of, relations_of
from pm_providers.sandbox.openproject.rollup import derived_dates, derived_hours, spent_hours
from pm_providers.sandbox.openproject.values import date_key, duration_text, formattable, work_days
from pm_providers.sandbox.openproject.view import View
from pm_providers.sandbox.openproject.wp_links import action_links, module_links

__all__ = ["work_package", "work_package_title"]

NO_COSTS = "0.00 EUR"


def work_package(
    view: View, row: WorkPackage, *, embed: bool = False, parent: WorkPackage | None = None
) -> dict[str, Any]:
    """A work package; `embed` adds the copies that a single GET carries.

    `parent`: its record to show in place of the stored one (see `work_packages._create`).
    """
    state = view.state
    project = state.projects[row.project_id]
    kind = state.types[row.type_id]
    bare = view.bare("work_packages", row)
    fields = [] if bare else state.fields_for("WorkPackage", row.project_id, row.type_id)
    body = {
        "_type": "WorkPackage",
        "id": row.id,
        "lockVersion": row.lock,
        "subject": row.subject,
        "description": formattable(row.description),
        "scheduleManually": row.manual,
        **_dates(view, row, kind),
        **_hours(view, row, project),
        "percentageDone": row.done,
        **view.stamps(row),
        **_version_extras(view, row),
        **view.plain_custom("WorkPackage", row.custom, fields),
    }
    if "backlogs" in project.modules and kind.id in state.settings["story_types"]:
        body |= {"position": row.position, "storyPoints": row.story_points}
    if embed:
        body["_embedded"] = _embedded(view, row, parent)
    links = {
        **action_links(view, row, project, kind),
        **value_links(view, row),
        **module_links(view, row, project),
        **view.linked_custom("WorkPackage", row.custom, fields),
        **_watch_link(view, row),
        **_tree_links(view, row),
        "customActions": [],
    }
    return {**body, "_links": links}


def work_package_title(view: View, key: int | None) -> dict[str, Any]:
    """Link to a work package; null for none and for what the user may not see."""
    row = view.state.work_packages.get(key)
    if row is None or not view.can("view_work_packages", row.project_id):
        return {"href": None, "title": None}
    return link(row.subject, "work_packages", row.id)


def _dates(view: View, row: WorkPackage, kind: Type) -> dict[str, Any]:
    if kind.milestone:
        return {"date": row.due or row.start, **_duration(view, row)}
    low, high = derived_dates(view.state, row)
    return {
        "startDate": row.start,
        "dueDate": row.due,
        "derivedStartDate": low,
        "derivedDueDate": high,
        **_duration(view, row),
    }


def _duration(view: View, row: WorkPackage) -> dict[str, Any]:
    if not view.features.duration:
        return {}
    days = row.duration
    if row.start and row.due and date_key(row.due) <= (10, "9999-12-31"):
        days = work_days(row.start, row.due, all_days=row.ignore_non_working)
    return {
        "duration": f"P{days}D" if days is not None else None,
        "ignoreNonWorkingDays": row.ignore_non_working,
    }


def _hours(view: View, row: WorkPackage, project: Project) -> dict[str, Any]:
    state = view.state
    hours: dict[str, Any] = {
        "estimatedTime": duration_text(row.estimated_hours),
        "derivedEstimatedTime": duration_text(
            derived_hours(state, row, "estimated_hours") if view.features.progress else row.derived_hours
        ),
    }
    if view.features.progress:
        hours["remainingTime"] = duration_text(row.remaining_hours)
        hours["derivedRemainingTime"] = duration_text(derived_hours(state, row, "remaining_hours"))
        hours["derivedPercentageDone"] = _derived_done(view, row)
    elif "backlogs" in project.modules:
        hours["remainingTime"] = duration_text(row.remaining_hours)
    if "costs" in project.modules:
        if view.can("view_time_entries", project):
            # 12.0 loses a second here and there, recorded 17-time-entries: step 9
            cut = view.features.number < (13, 0)
            hours["spentTime"] = duration_text(spent_hours(state, row), cut=cut)
        if view.can("view_cost_entries", project):
            hours |= dict.fromkeys(("laborCosts", "materialCosts", "overallCosts"), NO_COSTS)
    return hours


def _derived_done(view: View, row: WorkPackage) -> int | None:
    work = derived_hours(view.state, row, "estimated_hours")
    left = derived_hours(view.state, row, "remaining_hours")
    if not work or left is None:
        return None
    return round((work - left) / work * 100)


def _version_extras(view: View, row: WorkPackage) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if view.features.progress:
        extras["readonly"] = view.state.statuses[row.status_id].readonly
    if view.features.display_id:
        extras["displayId"] = str(row.id)
    return extras


def value_links(view: View, row: WorkPackage) -> dict[str, Any]:
    """Links that are values of the work package."""
    state = view.state
    kind, status = state.types[row.type_id], state.statuses[row.status_id]
    priority = state.priorities[row.priority_id]
    category, version = state.categories.get(row.category_id), state.versions.get(row.version_id)
    links: dict[str, Any] = {
        "category": {"href": None},
        "type": link(kind.name, "types", kind.id),
        "priority": link(priority.name, "priorities", priority.id),
        "project": view.project_link(row.project_id),
        "status": link(status.name, "statuses", status.id),
        "author": view.principal_link(row.author_id),
        "responsible": view.principal_link(row.responsible_id),
        "assignee": view.principal_link(row.assignee_id),
        "version": {"href": None},
    }
    if category is not None:
        links["category"] = link(category.name, "categories", category.id)
    if version is not None:
        links["version"] = link(version.name, "versions", version.id)
    if view.features.sprints:
        sprint = state.sprints.get(row.sprint_id)
        links["sprint"] = {"href": None}
        if sprint is not None:
            links["sprint"] = link(sprint.name, "sprints", sprint.id)
    return links


def _tree_links(view: View, row: WorkPackage) -> dict[str, Any]:
    state = view.state
    links: dict[str, Any] = {}
    children = [link(c.subject, "work_packages", c.id) for c in _visible_children(view, row)]
    if children:
        links["children"] = children
    links["ancestors"] = [
        link(a.subject, "work_packages", a.id)
        for a in reversed(state.ancestors(row))
        if view.can("view_work_packages", a.project_id)
    ]
    links["parent"] = work_package_title(view, row.parent_id)
    return links


def _visible_children(view: View, row: WorkPackage) -> list[WorkPackage]:
    found = view.state.children(row.id)
    return [child for child in found if view.can("view_work_packages", child.project_id)]


def _watch_link(view: View, row: WorkPackage) -> dict[str, Any]:
    user = view.user
    if user.anonymous:
        return {}
    href = api("work_packages", row.id, "watchers")
    if user.id in row.watcher_ids:
        return {"unwatch": {"href": f"{href}/{user.id}", "method": "delete"}}
    payload = {"user": {"href": api("users", user.id)}}
    return {"watch": {"href": href, "method": "post", "payload": payload}}


def _embedded(view: View, row: WorkPackage, parent: WorkPackage | None) -> dict[str, Any]:
    state = view.state
    own = api("work_packages", row.id)
    project = state.projects[row.project_id]
    embedded: dict[str, Any] = {
        "attachments": attachments_of(view, "work_packages", row.id),
        "relations": relations_of(view, row),
        "type": view.type(state.types[row.type_id]),
        "priority": view.priority(state.priorities[row.priority_id]),
        "project": view.project(project, embed=False),
        "status": view.status(state.statuses[row.status_id]),
        "author": view.principal(state.principals[row.author_id]),
        "customActions": [],
    }
    if "costs" in project.modules and view.can("view_cost_entries", project):
        embedded["costsByType"] = {
            "_type": "Collection",
            "total": 0,
            "count": 0,
            "_embedded": {"elements": []},
            "_links": {"self": {"href": f"{own}/summarized_costs_by_type"}},
        }
    return embedded | _embedded_optional(view, row, parent)


def _embedded_optional(view: View, row: WorkPackage, parent: WorkPackage | None) -> dict[str, Any]:
    state = view.state
    embedded: dict[str, Any] = {}
    for name, key in (("assignee", row.assignee_id), ("responsible", row.responsible_id)):
        principal = state.principals.get(key)
        if principal is not None:
            embedded[name] = view.principal(principal)
    category, version = state.categories.get(row.category_id), state.versions.get(row.version_id)
    sprint = state.sprints.get(row.sprint_id)
    parent = parent or state.work_packages.get(row.parent_id)
    if category is not None:
        embedded["category"] = view.category(category)
    if version is not None:
        embedded["version"] = view.version(version)
    if view.features.sprints and sprint is not None:
        embedded["sprint"] = view.sprint(sprint)
    if parent is not None and view.can("view_work_packages", parent.project_id):
        embedded["parent"] = work_package(view, parent)
    embedded |= _embedded_custom(view, row)
    return embedded


def _embedded_custom(view: View, row: WorkPackage) -> dict[str, Any]:
    """Copies of the users and versions that custom fields hold."""
    state = view.state
    found: dict[str, Any] = {}
    for field in state.fields_for("WorkPackage", row.project_id, row.type_id):
        value = row.custom.get(field.id)
        if field.multi or value is None:
            continue
        if field.format == "user" and value in state.principals:
            found[f"customField{field.id}"] = view.principal(state.principals[value])
        elif field.format == "version" and value in state.versions:
            found[f"customField{field.id}"] = view.version(state.versions[value])
    return found
