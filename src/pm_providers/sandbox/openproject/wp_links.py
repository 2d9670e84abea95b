"""Links of a work package to what can be done with it."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.openproject.links import ROOT, api, link, one_filter, write_link
from pm_providers.sandbox.openproject.records import Project, Type, WorkPackage
from pm_providers.sandbox.openproject.view import View

__all__ = ["action_links", "module_links"]


def action_links(view: View, row: WorkPackage, project: Project, kind: Type) -> dict[str, Any]:
    """Links that everybody has, and those that need a permission."""
    own, subject = ("work_packages", row.id), row.subject
    links: dict[str, Any] = {
        "attachments": {"href": api(*own, "attachments")},
        "self": link(subject, *own),
        "schema": {"href": api("work_packages", "schemas", f"{row.project_id}-{row.type_id}")},
        "availableRelationCandidates": {
            "href": api(*own, "available_relation_candidates"),
            "title": "Potential work packages to relate to",
        },
        "activities": {"href": api(*own, "activities")},
        "relations": {"href": api(*own, "relations")},
        "revisions": {"href": api(*own, "revisions")},
        "previewMarkup": {
            "href": f"{ROOT}/render/markdown?context={api(*own)}",
            "method": "post",
        },
    }
    granted = ((p, view.can(p, project)) for p in _ACTIONS)
    for permission, ok in granted:
        if ok:
            links |= _ACTIONS[permission](row, project, kind)
    if view.user.admin:
        links |= _admin_links(project, kind)
    return links


def _edit_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    own = ("work_packages", row.id)
    return {
        "addAttachment": write_link("post", *own, "attachments"),
        "update": write_link("post", *own, "form"),
        "updateImmediately": write_link("patch", *own),
    }


def _delete_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    return {"delete": write_link("delete", "work_packages", row.id)}


def _time_links(row: WorkPackage, project: Project, _kind: Type) -> dict[str, Any]:
    if "costs" not in project.modules:
        return {}
    return {"logTime": {"href": api("time_entries"), "title": f"Log time on {row.subject}"}}


def _entries_links(row: WorkPackage, project: Project, _kind: Type) -> dict[str, Any]:
    if "costs" not in project.modules:
        return {}
    href = f"{ROOT}/time_entries?{one_filter('work_package_id', row.id)}"
    return {"timeEntries": {"href": href, "title": "Time entries"}}


def _create_links(row: WorkPackage, project: Project, kind: Type) -> dict[str, Any]:
    links = {"copy": {"href": f"/work_packages/{row.id}/copy", "title": f"Copy {row.subject}"}}
    if not kind.milestone:
        href = api("projects", project.identifier, "work_packages")
        title = f"Add child of {row.subject}"
        links["addChild"] = {"href": href, "method": "post", "title": title}
    return links


def _move_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    href = f"/work_packages/{row.id}/move/new"
    return {"move": {"href": href, "type": "text/html", "title": f"Move {row.subject}"}}


def _export_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    page = f"/work_packages/{row.id}"
    return {
        "pdf": {"href": f"{page}.pdf", "type": "application/pdf", "title": "Export as PDF"},
        "atom": {"href": f"{page}.atom", "type": "application/rss+xml", "title": "Atom feed"},
    }


def _watcher_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    href = api("work_packages", row.id, "watchers")
    return {
        "availableWatchers": {"href": api("work_packages", row.id, "available_watchers")},
        "watchers": {"href": href},
        "addWatcher": {
            "href": href,
            "method": "post",
            "payload": {"user": {"href": "/api/v3/users/{user_id}"}},
            "templated": True,
        },
        "removeWatcher": {"href": f"{href}/{{user_id}}", "method": "delete", "templated": True},
    }


def _relation_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    href = api("work_packages", row.id, "relations")
    return {"addRelation": {"href": href, "method": "post", "title": "Add relation"}}


def _parent_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    title = f"Change parent of {row.subject}"
    return {"changeParent": {**write_link("patch", "work_packages", row.id), "title": title}}


def _comment_links(row: WorkPackage, _project: Project, _kind: Type) -> dict[str, Any]:
    href = api("work_packages", row.id, "activities")
    return {"addComment": {"href": href, "method": "post", "title": "Add comment"}}


_ACTIONS = {
    "edit_work_packages": _edit_links,
    "delete_work_packages": _delete_links,
    "log_time": _time_links,
    "view_time_entries": _entries_links,
    "add_work_packages": _create_links,
    "move_work_packages": _move_links,
    "export_work_packages": _export_links,
    "view_work_package_watchers": _watcher_links,
    "manage_work_package_relations": _relation_links,
    "manage_subtasks": _parent_links,
    "add_work_package_notes": _comment_links,
}


def _admin_links(project: Project, kind: Type) -> dict[str, Any]:
    page = {"type": "text/html"}
    fields = f"/projects/{project.identifier}/settings/custom_fields"
    form = f"/types/{kind.id}/edit?tab=form_configuration"
    return {
        "customFields": {"href": fields, **page, "title": "Custom fields"},
        "configureForm": {"href": form, **page, "title": "Configure form"},
    }


def module_links(view: View, row: WorkPackage, project: Project) -> dict[str, Any]:
    """Links of the modules costs and github, where the project has them."""
    links: dict[str, Any] = {}
    page = f"/work_packages/{row.id}"
    if "costs" in project.modules and view.can("view_cost_entries", project):
        html = {"type": "text/html"}
        log = {"href": f"{page}/cost_entries/new", **html, "title": f"Log costs on {row.subject}"}
        report = (
            f"/projects/{project.id}/cost_reports?fields%5B%5D=WorkPackageId&operators%5BWorkPackageId"
            f"%5D=%3D&set_filter=1&values%5BWorkPackageId%5D={row.id}"
        )
        links["logCosts"] = log
        links["showCosts"] = {"href": report, **html, "title": "Show cost entries"}
        links["costsByType"] = {"href": api("work_packages", row.id, "summarized_costs_by_type")}
    if "github" in project.modules:
        href = api("work_packages", row.id, "github_pull_requests")
        links["github_pull_requests"] = {"href": href, "title": "GitHub pull requests"}
    return links
