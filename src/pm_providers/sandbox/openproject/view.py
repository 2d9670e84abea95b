"""How records look to one user: the shared part of all representers."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pm_providers.sandbox.openproject import access
from pm_providers.sandbox.openproject.custom_view import LINKED_FORMATS, CustomFieldView, principal_path
from pm_providers.sandbox.openproject.links import ROOT, api, link, one_filter, write_link
from pm_providers.sandbox.openproject.records import (
    Category,
    Principal,
    Priority,
    Project,
    Role,
    Sprint,
    Status,
    Type,
    Version,
)
from pm_providers.sandbox.openproject.state import State
from pm_providers.sandbox.openproject.values import formattable, time_text

__all__ = ["LINKED_FORMATS", "STATUS_NAMES", "View", "principal_path"]

STATUS_NAMES = {
    "not_started": "Not started",
    "on_track": "On track",
    "at_risk": "At risk",
    "off_track": "Off track",
    "finished": "Finished",
    "discontinued": "Discontinued",
}
UNDISCLOSED = "Undisclosed - The selected parent is invisible because of lacking permissions."


class View(CustomFieldView):
    """Represents records for `user`; one per request, so that permissions are looked up once."""

    cached = True

    def __init__(self, state: State, user: Principal) -> None:
        super().__init__(state)
        self.user = user
        self.features = state.features
        self._granted: dict[int, frozenset[str] | None] = {}

    def can(self, permission: str, project: Project | int | None) -> bool:
        """Whether the user has a permission in a project."""
        row = self.state.projects.get(project) if isinstance(project, int) else project
        if row is None:
            return False
        if row.id not in self._granted:
            self._granted[row.id] = access.permissions(self.state, self.user, row)
        granted = self._granted[row.id]
        return granted is None or permission in granted

    def bare(self, collection: str, row: Any) -> bool:
        """Whether 12.0 shows an object without custom fields, see `State.bare`."""
        return self.cached and self.state.bare.get((collection, row.id)) == row.updated

    def time(self, moment: datetime) -> str:
        """A timestamp in this version's precision."""
        return time_text(moment, millis=self.features.millis)

    def stamps(self, row: Any) -> dict[str, Any]:
        """`createdAt` and `updatedAt`."""
        return {"createdAt": self.time(row.created), "updatedAt": self.time(row.updated)}

    # --- principals ---------------------------------------------------------------------------

    def principal_link(self, principal_id: int | None) -> dict[str, Any]:
        """Link to a user, group or placeholder; `{"href": null}` for none."""
        row = self.state.principals.get(principal_id)
        return link(row.name, *principal_path(row)) if row is not None else {"href": None}

    def principal(self, row: Principal) -> dict[str, Any]:
        """A user, group or placeholder user in full."""
        if row.kind != "User":
            return self._group(row)
        full = self.user.admin or self.user.id == row.id
        body: dict[str, Any] = {"_type": "User", "id": row.id, "name": row.name}
        if full:
            body |= self.stamps(row) | {"login": row.login}
            body |= {"admin": row.admin} if self.user.admin else {}
            body |= {"firstName": row.first, "lastName": row.last}
        if row.email and (full or not row.hide_mail):
            body["email"] = row.email
        body["avatar"] = _avatar(row)
        if full:
            shown = "active" if row.status == "builtin" else row.status
            body |= {"status": shown, "identityUrl": None, "language": row.language}
        if row.status != "builtin" and not self.bare("users", row):
            body |= self.plain_custom("User", row.custom)
        return {**body, "_links": self._user_links(row)}

    def _user_links(self, row: Principal) -> dict[str, Any]:
        links: dict[str, Any] = {"self": link(row.name, "users", row.id)}
        if self.user.admin or access.allowed_anywhere(self.state, self.user, "view_members"):
            query = one_filter("principal", row.id)
            links["memberships"] = {"href": f"{ROOT}/memberships?{query}", "title": "Members"}
        if row.status != "locked":
            links["showUser"] = {"href": f"/users/{row.id}", "type": "text/html"}
        if self.user.admin:
            action = {"title": f"Update {row.login}", "method": "patch"}
            links["updateImmediately"] = {"href": api("users", row.id), **action}
            name = "unlock" if row.status == "locked" else "lock"
            method = "delete" if row.status == "locked" else "post"
            if row.status in {"active", "builtin", "locked"}:
                title = {"lock": "Set lock on", "unlock": "Remove lock on"}[name]
                href = api("users", row.id, "lock")
                links[name] = {"href": href, "title": f"{title} {row.login}", "method": method}
            deletable = self.state.settings["users_deletable_by_admins"]
            if deletable and row.id != self.user.id:
                title = f"Delete {row.login}"
                links["delete"] = {"href": api("users", row.id), "title": title, "method": "delete"}
        return links

    def _group(self, row: Principal) -> dict[str, Any]:
        path = principal_path(row)
        members = [self.state.principals[m] for m in row.members]
        query = one_filter("principal", row.id)
        links: dict[str, Any] = {
            "self": link(row.name, *path),
            "memberships": {"href": f"{ROOT}/memberships?{query}", "title": "Members"},
        }
        if self.user.admin:
            links["delete"] = write_link("delete", *path)
        if row.kind == "Group":
            links["members"] = [link(m.name, *principal_path(m)) for m in members]
        if self.user.admin:
            links["updateImmediately"] = write_link("patch", *path)
        body = {"_type": row.kind, "id": row.id, "name": row.name, **self.stamps(row)}
        return {**body, "_links": links}

    # --- enumerations -------------------------------------------------------------------------

    def status(self, row: Status) -> dict[str, Any]:
        """A status."""
        body = {
            "_type": "Status",
            "id": row.id,
            "name": row.name,
            "isClosed": row.closed,
            "color": row.color,
            "isDefault": row.default,
            "isReadonly": row.readonly,
            "defaultDoneRatio": row.done_ratio or (0 if self.features.progress else None),
            "position": row.position,
        }
        if self.features.progress:
            body["excludedFromTotals"] = False
        return {**body, "_links": {"self": link(row.name, "statuses", row.id)}}

    def type(self, row: Type) -> dict[str, Any]:
        """A type."""
        return {
            "_type": "Type",
            "id": row.id,
            "name": row.name,
            "color": row.color,
            "position": row.position,
            "isDefault": row.default,
            "isMilestone": row.milestone,
            **self.stamps(row),
            "_links": {"self": link(row.name, "types", row.id)},
        }

    def priority(self, row: Priority) -> dict[str, Any]:
        """A priority."""
        return {
            "_type": "Priority",
            "id": row.id,
            "name": row.name,
            "position": row.position,
            "color": row.color,
            "isDefault": row.default,
            "isActive": row.active,
            "_links": {"self": link(row.name, "priorities", row.id)},
        }

    def role(self, row: Role) -> dict[str, Any]:
        """A role."""
        links = {"self": link(row.name, "roles", row.id)}
        return {"_type": "Role", "id": row.id, "name": row.name, "_links": links}

    def category(self, row: Category) -> dict[str, Any]:
        """A category."""
        links: dict[str, Any] = {
            "self": link(row.name, "categories", row.id),
            "project": self.project_link(row.project_id),
        }
        if row.assignee_id is not None:
            links["defaultAssignee"] = self.principal_link(row.assignee_id)
        return {"_type": "Category", "id": row.id, "name": row.name, "_links": links}

    # --- projects -----------------------------------------------------------------------------

    def project_path(self, row: Project) -> tuple[str, int]:
        """Collection and id; programs and portfolios have their own collections."""
        return {"Program": "programs", "Portfolio": "portfolios"}.get(row.kind, "projects"), row.id

    def project_link(self, project_id: int | None) -> dict[str, Any]:
        """Link to a project; `{"href": null}` for none."""
        row = self.state.projects.get(project_id)
        return link(row.name, *self.project_path(row)) if row is not None else {"href": None}

    def project(self, row: Project, *, embed: bool = True, listed: bool = False) -> dict[str, Any]:
        """A project in full; `embed` adds its parent and status.

        `listed`: as an element of a list, where 12.x leaves out the links that need a permission
        (recorded 03-projects-list-filter-sort-page: step 14).
        """
        body: dict[str, Any] = {}
        embedded: dict[str, Any] = {}
        parent = self.state.projects.get(row.parent_id)
        parent_seen = access.project_visible(self.state, self.user, parent)
        parent_seen = parent_seen and parent is not None and parent.active
        if parent is not None and parent_seen:
            embedded["parent"] = self.project(parent, embed=False)
        if row.status_code:
            embedded["status"] = self.project_status(row.status_code)
        if embed and embedded:
            body["_embedded"] = embedded
        body |= {
            "_type": row.kind,
            "id": row.id,
            "identifier": row.identifier,
            "name": row.name,
            "active": row.active,
            "public": row.public,
            "description": formattable(row.description),
            **self.stamps(row),
            "statusExplanation": formattable(row.status_explanation),
        }
        if self.features.workspaces:
            body["favorited"] = False
        body |= self.plain_custom("Project", row.custom)
        links = self._project_links(row, bare=listed and not self.features.projects_paged)
        links["status"] = {"href": None}
        if row.status_code:
            name = STATUS_NAMES[row.status_code]
            links["status"] = link(name, "project_statuses", row.status_code)
        links["parent"] = {"href": None}
        if parent is not None and parent_seen:
            links["parent"] = self.project_link(parent.id)
        elif parent is not None:
            links["parent"] = {"href": "urn:openproject-org:api:v3:undisclosed", "title": UNDISCLOSED}
        return {**body, "_links": links | self.linked_custom("Project", row.custom)}

    def _project_links(self, row: Project, *, bare: bool) -> dict[str, Any]:
        path = self.project_path(row)

        def may(permission: str, project: Project) -> bool:
            return not bare and self.can(permission, project)

        links: dict[str, Any] = {"self": link(row.name, *path)}
        if self.features.workspaces:
            links["ancestors"] = [
                self.project_link(p.id) for p in reversed(self.state.project_ancestors(row))
            ]
        if may("add_work_packages", row):
            href = ("projects", row.id, "work_packages")
            links["createWorkPackage"] = write_link("post", *href, "form")
            links["createWorkPackageImmediately"] = write_link("post", *href)
        if may("view_work_packages", row):
            links["workPackages"] = {"href": api("projects", row.id, "work_packages")}
        links["categories"] = {"href": api("projects", row.id, "categories")}
        if may("view_work_packages", row):
            links["versions"] = {"href": api("projects", row.id, "versions")}
        if may("view_members", row):
            links["memberships"] = {"href": f"{ROOT}/memberships?{one_filter('project', row.id)}"}
        if may("view_work_packages", row):
            links["types"] = {"href": api("projects", row.id, "types")}
        if may("edit_project", row):
            links["update"] = write_link("post", *path, "form")
            links["updateImmediately"] = write_link("patch", *path)
        if self.user.admin:
            links["delete"] = write_link("delete", *path)
        return {**links, "schema": {"href": api("projects", "schema")}}

    def project_status(self, code: str) -> dict[str, Any]:
        """One of the fixed project statuses."""
        name = STATUS_NAMES[code]
        links = {"self": link(name, "project_statuses", code)}
        return {"_type": "ProjectStatus", "id": code, "name": name, "_links": links}

    # --- versions and sprints -----------------------------------------------------------------

    def version(self, row: Version, *, embed: bool = False) -> dict[str, Any]:
        """A version; `embed` adds its project."""
        project = self.state.projects[row.project_id]
        body: dict[str, Any] = {}
        if embed and access.project_visible(self.state, self.user, project):
            body["_embedded"] = {"definingProject": self.project(project, embed=False)}
        body |= {
            "_type": "Version",
            "id": row.id,
            "name": row.name,
            "description": formattable(row.description, plain=True),
            "startDate": row.start,
            "endDate": row.end,
            "status": row.status,
            "sharing": row.sharing,
            **self.stamps(row),
            **self.plain_custom("Version", row.custom),
        }
        links: dict[str, Any] = {
            "self": link(row.name, "versions", row.id),
            "schema": {"href": api("versions", "schema")},
        }
        if self.can("manage_versions", project):
            links["update"] = write_link("post", "versions", row.id, "form")
            links["updateImmediately"] = write_link("patch", "versions", row.id)
            links["delete"] = write_link("delete", "versions", row.id)
        links["definingProject"] = self.project_link(project.id)
        links["availableInProjects"] = {"href": api("versions", row.id, "projects")}
        return {**body, "_links": links | self.linked_custom("Version", row.custom)}

    def sprint(self, row: Sprint) -> dict[str, Any]:
        """A native sprint."""
        project = self.state.projects[row.project_id]
        status = f"urn:openproject-org:api:v3:sprints:status:{row.status}"
        return {
            "_type": "Sprint",
            "id": row.id,
            "name": row.name,
            "startDate": row.start,
            "finishDate": row.finish,
            **self.stamps(row),
            "_links": {
                "self": link(row.name, "sprints", row.id),
                "status": {"href": status, "title": row.status.replace("_", " ").capitalize()},
                "definingWorkspace": link(project.name, *self.project_path(project)),
            },
        }


def _avatar(row: Principal) -> str:
    if not row.email:
        return ""
    digest = hashlib.md5(row.email.lower().encode(), usedforsecurity=False).hexdigest()
    return f"https://secure.gravatar.com/avatar/{digest}?default=404&secure=true"
