"""Schemas of work packages, on their own and inside forms."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.links import api
from pm_providers.sandbox.openproject.records import Project, Type
from pm_providers.sandbox.openproject.schemas import custom_schema, property_schema
from pm_providers.sandbox.openproject.view import View

__all__ = ["attribute_groups", "schema", "schema_members"]


def schema_members(view: View, project: Project | None, kind: Type | None) -> dict[str, Any]:
    """Schemas of all properties of a work package of this type in this project."""
    fields = view.state.fields_for("WorkPackage", project.id if project else None, kind.id if kind else None)
    members = {
        **_plain_members(view),
        **_date_members(view, kind),
        **_hour_members(view, project),
        **_link_members(view, project, kind),
        **_module_members(view, project, kind),
        **({f"customField{f.id}": custom_schema(f, "Other") for f in fields} if project else {}),
    }
    if project is not None and not _may_write(view, project):
        for name, member in members.items():
            # these keep their flag in the vendor's schema, recorded 13-…: step 111
            if name != "parent" and not name.startswith("customField"):
                member["writable"] = False
    return members


def _may_write(view: View, project: Project) -> bool:
    return view.can("edit_work_packages", project) or view.can("add_work_packages", project)


def schema(view: View, project: Project, kind: Type) -> dict[str, Any]:
    """The schema resource of a project and type."""
    key = f"{project.id}-{kind.id}"
    return {
        "_type": "Schema",
        "_dependencies": [],
        "_attributeGroups": attribute_groups(view, project, kind),
        **schema_members(view, project, kind),
        "_links": {"self": {"href": api("work_packages", "schemas", key)}},
    }


def attribute_groups(view: View, project: Project | None, kind: Type | None) -> list[dict[str, Any]]:
    """How the form is laid out."""
    if project is None or kind is None:
        return []
    details = ["date", "percentageDone", "category", "version", "priority"]
    times = ["estimatedTime", "spentTime"]
    story = "backlogs" in project.modules and kind.id in view.state.settings["story_types"]
    if story:
        times.append("storyPoints")
    if view.features.progress or "backlogs" in project.modules:
        times.append("remainingTime")
    costs = ["overallCosts", "laborCosts", "materialCosts", "costsByType"]
    fields = [f"customField{f.id}" for f in view.state.fields_for("WorkPackage", project.id, kind.id)]
    if story:
        fields.insert(0, "position")
    groups = [
        ("People", ["assignee", "responsible"]),
        ("Estimates and time", times),
        ("Details", details),
        ("Other", fields),
        ("Costs", costs if "costs" in project.modules else []),
    ]
    return [
        {"_type": "WorkPackageFormAttributeGroup", "name": name, "attributes": names}
        for name, names in groups
        if names or name == "Costs"
    ]


def _plain_members(view: View) -> dict[str, Any]:
    fixed: dict[str, Any] = {"required": True, "writable": False}
    text: dict[str, Any] = {"required": True, "minLength": 1, "maxLength": 255}
    members = {
        "lockVersion": property_schema("Integer", "Lock Version", **fixed),
        "id": property_schema("Integer", "ID", **fixed),
        "subject": property_schema("String", "Subject", **text),
        "description": property_schema("Formattable", "Description"),
        "scheduleManually": property_schema("Boolean", "Manual scheduling", default=True),
        "createdAt": property_schema("DateTime", "Created on", **fixed),
        "updatedAt": property_schema("DateTime", "Updated on", **fixed),
        "author": property_schema("User", "Author", linked=True, bare=True, **fixed),
    }
    if view.features.display_id:
        members["displayId"] = property_schema("String", "ID", **fixed)
    if view.features.duration:
        members["duration"] = property_schema("Duration", "Duration")
        members["ignoreNonWorkingDays"] = property_schema("Boolean", "Ignore non working days")
    return members


def _date_members(_view: View, kind: Type | None) -> dict[str, Any]:
    if kind is not None and kind.milestone:
        return {"date": property_schema("Date", "Date", group="Details")}
    return {
        "startDate": property_schema("Date", "Start date"),
        "dueDate": property_schema("Date", "Finish date"),
        "derivedStartDate": property_schema("Date", "Derived start date", writable=False),
        "derivedDueDate": property_schema("Date", "Derived finish date", writable=False),
    }


def _hour_members(view: View, project: Project | None) -> dict[str, Any]:
    new = view.features.progress
    times = "Estimates and time" if project else None
    details = "Details" if project else None
    members = {
        "estimatedTime": property_schema("Duration", "Work" if new else "Estimated time", group=times),
        "derivedEstimatedTime": property_schema(
            "Duration", "Total work" if new else "Derived estimated time", writable=False
        ),
        "percentageDone": property_schema("Integer", "% Complete" if new else "Progress (%)", group=details),
    }
    if new:
        members["remainingTime"] = property_schema("Duration", "Remaining work", group=times)
        members["derivedRemainingTime"] = property_schema("Duration", "Total remaining work", writable=False)
        members["derivedPercentageDone"] = property_schema("Integer", "Total % complete", writable=False)
        members["readonly"] = property_schema("Boolean", "Read only", writable=False)
    return members


def _link_members(view: View, project: Project | None, _kind: Type | None) -> dict[str, Any]:
    people, details = ("People", "Details") if project else (None, None)
    members = {
        "project": property_schema("Project", "Project", required=True, linked=True),
        "parent": property_schema("WorkPackage", "Parent", linked=True, bare=True),
        "assignee": property_schema("User", "Assignee", group=people, linked=True),
        "responsible": property_schema("User", "Accountable", group=people, linked=True),
        "type": property_schema("Type", "Type", required=True, linked=True),
        "status": property_schema("Status", "Status", required=True, default=True, linked=True),
        "priority": property_schema(
            "Priority", "Priority", required=True, default=True, group=details, linked=True
        ),
    }
    members["category"] = property_schema("Category", "Category", group=details, linked=True)
    members["version"] = property_schema("Version", "Version", group=details, linked=True)
    if view.features.sprints:
        members["sprint"] = property_schema("Sprint", "Sprint", group=details, linked=True)
    return members


def _module_members(view: View, project: Project | None, kind: Type | None) -> dict[str, Any]:
    if project is None:
        return {}
    members: dict[str, Any] = {}
    times: dict[str, Any] = {"writable": False, "group": "Estimates and time"}
    costs: dict[str, Any] = {"writable": False, "group": "Costs"}
    if "costs" in project.modules:
        if view.can("view_time_entries", project):
            members["spentTime"] = property_schema("Duration", "Spent time", **times)
        if view.can("view_cost_entries", project):
            members["overallCosts"] = property_schema("String", "Overall costs", **costs)
            members["laborCosts"] = property_schema("String", "Labor costs", **costs)
            members["materialCosts"] = property_schema("String", "Unit costs", **costs)
            members["costsByType"] = property_schema("Collection", "Spent units", **costs)
    if "backlogs" in project.modules:
        if not view.features.progress:
            group = "Estimates and time"
            members["remainingTime"] = property_schema("Duration", "Remaining hours", group=group)
        if kind is not None and kind.id in view.state.settings["story_types"]:
            members["position"] = property_schema("Integer", "Position", writable=False, group="Other")
            group = "Estimates and time"
            members["storyPoints"] = property_schema("Integer", "Story Points", group=group)
    return members
