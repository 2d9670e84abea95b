"""How the small objects look in answers: people, statuses, types, projects, versions, comments and more."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from pm_providers.sandbox.jira import records, rights
from pm_providers.sandbox.jira.adf import to_wiki
from pm_providers.sandbox.jira.durations import spoken
from pm_providers.sandbox.jira.web import Session

__all__ = ["CATEGORIES", "View", "avatars"]

# id, colour and name by key
CATEGORIES = {
    "undefined": (1, "medium-gray", "No Category"),
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
_SIZES = (("48x48", ""), ("24x24", "?size=small"), ("16x16", "?size=xsmall"), ("32x32", "?size=medium"))
PROJECT_EXPAND = "description,lead,issueTypes,url,projectKeys,permissions,insight"


def avatars(address: str) -> dict[str, str]:
    """The four sizes of an avatar."""
    return {size: address + query for size, query in _SIZES}


class View:
    """Builds the JSON of objects as one caller sees them; made per request, and remembers what it built."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.state = session.state
        self.api = session.api
        self._seen: dict[tuple[str, Any], Any] = {}

    def stamp(self, moment: Any) -> str | None:
        """A moment in the caller's zone; None stays None."""
        return None if moment is None else self.session.stamp(moment)

    def rich(self, document: dict[str, Any] | None) -> Any:
        """A rich text in the form of the API version; None stays None."""
        if document is None or self.session.version == "3":
            return document
        return to_wiki(document)

    def user(self, account_id: str | None, *, kind: bool = True) -> dict[str, Any] | None:
        """A person inside other objects; `kind` adds `accountType` and the zone.

        An account that is gone shows as a former user.
        """
        if account_id is None:
            return None
        slot = (f"user{kind}", account_id)
        if slot not in self._seen:
            self._seen[slot] = self._user(account_id, kind)
        return self._seen[slot]  # type: ignore[no-any-return]

    def _user(self, account_id: str, kind: bool) -> dict[str, Any]:
        row = self.state.users.get(account_id)
        user = row or records.User(id=account_id, name="Former user", active=False, account_type="unknown")
        body: dict[str, Any] = {
            "self": f"{self.api}/user?accountId={quote(account_id, safe='')}",
            "accountId": account_id,
        }
        if user.email and self._shows_email(user):
            body["emailAddress"] = user.email
        body |= {
            "avatarUrls": avatars(f"{self.session.base_url}/avatar/{quote(account_id, safe='')}.png"),
            "displayName": user.name,
            "active": user.active,
        }
        if kind:
            body |= {"timeZone": user.time_zone, "accountType": user.account_type}
        return body

    def _shows_email(self, user: records.User) -> bool:
        me = self.session.user
        return me is not None and (user.email_visible or me.id == user.id)

    def full_user(self, account_id: str) -> dict[str, Any]:
        """A person as `/user` and `/myself` show it."""
        user = self.state.users[account_id]
        groups = self.state.groups_of(account_id)
        return {
            **(self.user(account_id) or {}),
            "locale": user.locale,
            "groups": {"size": len(groups), "items": []},
            "applicationRoles": {"size": 1, "items": []},
            "expand": "groups,applicationRoles",
        }

    def group(self, row: records.Group) -> dict[str, Any]:
        """A group."""
        return {"name": row.name, "groupId": row.id, "self": f"{self.api}/group?groupId={row.id}"}

    def scope(self, project_id: int | None) -> dict[str, Any]:
        """The scope of something that belongs to a team-managed project; nothing for what is site-wide."""
        return (
            {} if project_id is None else {"scope": {"type": "PROJECT", "project": {"id": str(project_id)}}}
        )

    def category(self, key: str) -> dict[str, Any]:
        """A status category."""
        number, color, name = CATEGORIES[key]
        return {
            "self": f"{self.api}/statuscategory/{number}",
            "id": number,
            "key": key,
            "colorName": color,
            "name": name,
        }

    def status(self, status_id: int, *, scoped: bool = False) -> dict[str, Any]:
        """A status."""
        row = self.state.statuses[status_id]
        return {
            "self": f"{self.api}/status/{row.id}",
            "description": row.description,
            "iconUrl": f"{self.session.base_url}/images/icons/statuses/generic.png",
            "name": row.name,
            "id": str(row.id),
            "statusCategory": self.category(row.category),
            **(self.scope(row.project_id) if scoped else {}),
        }

    def issue_type(self, type_id: int, *, scoped: bool = False) -> dict[str, Any]:
        """An issue type."""
        row = self.state.types[type_id]
        return {
            "self": f"{self.api}/issuetype/{row.id}",
            "id": str(row.id),
            "description": row.description,
            "iconUrl": (
                f"{self.session.base_url}/rest/api/2/universal_avatar/view/type/issuetype/avatar/"
                f"{row.avatar_id}?size=medium"
            ),
            "name": row.name,
            "subtask": row.level < 0,
            "avatarId": row.avatar_id,
            "hierarchyLevel": row.level,
            **(self.scope(row.project_id) if scoped else {}),
        }

    def priority(self, key: int | None, *, full: bool = False) -> dict[str, Any] | None:
        """A priority; `full` adds colour and description."""
        row = self.state.priorities.get(key)
        if row is None:
            return None
        body: dict[str, Any] = {
            "self": f"{self.api}/priority/{row.id}",
            "iconUrl": f"{self.session.base_url}/images/icons/priorities/{row.name.lower()}_new.svg",
            "name": row.name,
            "id": str(row.id),
        }
        if full:
            body |= {"statusColor": row.color, "description": row.description, "isDefault": row.id == 3}
        return body

    def resolution(self, key: int | None) -> dict[str, Any] | None:
        """A resolution."""
        row = self.state.resolutions.get(key)
        if row is None:
            return None
        address = f"{self.api}/resolution/{row.id}"
        return {"self": address, "id": str(row.id), "description": row.description, "name": row.name}

    def option(self, option_id: int) -> dict[str, Any]:
        """An option of a select field."""
        row = self.state.options[option_id]
        return {
            "self": f"{self.api}/customFieldOption/{row.id}",
            "value": row.value,
            "id": str(row.id),
            **({"disabled": True} if row.disabled else {}),
        }

    def link_type(self, key: int) -> dict[str, Any]:
        """A type of links."""
        row = self.state.link_types[key]
        return {
            "id": str(row.id),
            "name": row.name,
            "inward": row.inward,
            "outward": row.outward,
            "self": f"{self.api}/issueLinkType/{row.id}",
        }

    def project_ref(self, project_id: int) -> dict[str, Any]:
        """A project inside an issue."""
        slot = ("project", project_id)
        if slot not in self._seen:
            row = self.state.projects[project_id]
            self._seen[slot] = {
                "self": f"{self.api}/project/{row.id}",
                "id": str(row.id),
                "key": row.key,
                "name": row.name,
                "projectTypeKey": row.type_key,
                "simplified": row.style == "next-gen",
                "avatarUrls": self._project_avatars(),
            }
        return self._seen[slot]  # type: ignore[no-any-return]

    def _project_avatars(self) -> dict[str, str]:
        return avatars(f"{self.api}/universal_avatar/view/type/project/avatar/10416")

    def project(self, row: records.Project, expand: set[str]) -> dict[str, Any]:
        """A project in a list, with what `expand` asks for: description, lead, issueTypes, url, insight."""
        body = {
            "expand": PROJECT_EXPAND,
            **self.project_ref(row.id),
            "style": row.style,
            "isPrivate": row.access == "private",
            "properties": {},
            "entityId": row.uuid,
            "uuid": row.uuid,
        }
        if "description" in expand:
            body["description"] = row.description
        if "lead" in expand:
            body["lead"] = self.user(row.lead, kind=False)
        if "issueTypes" in expand:
            body["issueTypes"] = [self.issue_type(t.id) for t in self.state.project_types(row)]
        if "url" in expand and row.url:
            body["url"] = row.url
        if "projectKeys" in expand:
            former = [k for k, key in self.state.former_project_keys.items() if key == row.id]
            body["projectKeys"] = [row.key, *former]
        if "insight" in expand:
            body["insight"] = self._insight(row)
        return body | self._gone(row)

    def _gone(self, row: records.Project) -> dict[str, Any]:
        if row.state == "live":
            return {}
        word = "archived" if row.state == "archived" else "deleted"
        return {
            word: True,
            f"{word}Date": self.stamp(row.state_at),
            f"{word}By": self.user(row.state_by, kind=False),
        }

    def _insight(self, row: records.Project) -> dict[str, Any]:
        issues = self.state.issues.where("project_id", row.id)
        last = max((issue.updated for issue in issues), default=None)
        found: dict[str, Any] = {"totalIssueCount": len(issues)}
        return found if last is None else {**found, "lastIssueUpdateTime": self.stamp(last)}

    def full_project(self, row: records.Project) -> dict[str, Any]:
        """A project by itself."""
        return self.project(row, {"description", "lead", "issueTypes", "url"}) | {
            "components": [self.component(c) for c in self.state.components.where("project_id", row.id)],
            "versions": [self.version(v) for v in self.versions_of(row.id)],
            "assigneeType": row.assignee_type,
            "roles": {role.name: f"{self.api}/project/{row.id}/role/{role.id}" for role in self.state.roles},
        }

    def versions_of(self, project_id: int) -> list[records.Version]:
        """Versions of a project in their order."""
        return sorted(self.state.versions.where("project_id", project_id), key=lambda v: (v.position, v.id))

    def component(self, row: records.Component) -> dict[str, Any]:
        """A component by itself."""
        project = self.state.projects[row.project_id]
        lead = self.user(row.lead, kind=False)
        real = {"COMPONENT_LEAD": row.lead, "PROJECT_LEAD": project.lead}.get(row.assignee_type)
        body = {
            **self.component_ref(row.id),
            "assigneeType": row.assignee_type,
            "realAssigneeType": row.assignee_type,
            "isAssigneeTypeValid": row.assignee_type != "COMPONENT_LEAD" or row.lead is not None,
            "project": project.key,
            "projectId": project.id,
        }
        if lead is not None:
            body["lead"] = lead
        if real is not None:
            body |= {"assignee": self.user(real, kind=False), "realAssignee": self.user(real, kind=False)}
        return body

    def component_ref(self, key: int) -> dict[str, Any]:
        """A component inside an issue."""
        row = self.state.components[key]
        body = {"self": f"{self.api}/component/{row.id}", "id": str(row.id), "name": row.name}
        return {**body, "description": row.description} if row.description else body

    def version(self, row: records.Version) -> dict[str, Any]:
        """A version by itself."""
        body = {**self.version_ref(row.id), "projectId": row.project_id}
        if row.start:
            body |= {"startDate": row.start, "userStartDate": _spoken_date(row.start)}
        if row.release:
            today = self.session.state.now().date().isoformat()
            body |= {
                "userReleaseDate": _spoken_date(row.release),
                "overdue": row.release < today and not row.released,
            }
        return body

    def version_ref(self, key: int) -> dict[str, Any]:
        """A version inside an issue."""
        row = self.state.versions[key]
        return {
            "self": f"{self.api}/version/{row.id}",
            "id": str(row.id),
            "description": row.description,
            "name": row.name,
            "archived": row.archived,
            "released": row.released,
            **({"releaseDate": row.release} if row.release else {}),
        }

    def comment(self, row: records.Comment) -> dict[str, Any]:
        """A comment."""
        return {
            "self": f"{self.api}/issue/{row.issue_id}/comment/{row.id}",
            "id": str(row.id),
            "author": self.user(row.author),
            "body": self.rich(row.body),
            "updateAuthor": self.user(row.update_author),
            "created": self.stamp(row.created),
            "updated": self.stamp(row.updated),
            **({"visibility": row.visibility} if row.visibility else {}),
            "jsdPublic": True,
        }

    def worklog(self, row: records.Worklog) -> dict[str, Any]:
        """A worklog."""
        return {
            "self": f"{self.api}/issue/{row.issue_id}/worklog/{row.id}",
            "author": self.user(row.author),
            "updateAuthor": self.user(row.update_author),
            **({"comment": self.rich(row.comment)} if row.comment is not None else {}),
            "created": self.stamp(row.created),
            "updated": self.stamp(row.updated),
            **({"visibility": row.visibility} if row.visibility else {}),
            "started": self.stamp(row.started),
            "timeSpent": spoken(row.seconds, self.state.settings),
            "timeSpentSeconds": row.seconds,
            "id": str(row.id),
            "issueId": str(row.issue_id),
        }

    def attachment(self, row: records.Attachment) -> dict[str, Any]:
        """An attachment."""
        return {
            "self": f"{self.api}/attachment/{row.id}",
            "id": str(row.id),
            "filename": row.filename,
            "author": self.user(row.author),
            "created": self.stamp(row.created),
            "size": len(row.content),
            "mimeType": row.mime,
            "content": f"{self.api}/attachment/content/{row.id}",
        }

    def change(self, row: records.Change) -> dict[str, Any]:
        """An entry of a changelog."""
        return {
            "id": str(row.id),
            "author": self.user(row.author),
            "created": self.stamp(row.created),
            "items": [self.change_item(item) for item in row.items],
        }

    def change_item(self, item: records.ChangeItem) -> dict[str, Any]:
        """One changed field."""
        return {
            "field": item.field,
            "fieldtype": item.field_type,
            **({"fieldId": item.field_id} if item.field_id else {}),
            "from": item.old,
            "fromString": item.old_text,
            "to": item.new,
            "toString": item.new_text,
        }

    def may(self, permission: str, project_id: int) -> bool:
        """Whether the caller has a permission in a project."""
        return rights.may_use(self.session, permission, self.state.projects[project_id])


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _spoken_date(text: str) -> str:
    year, month, day = text.split("-")
    return f"{day}/{_MONTHS[int(month) - 1]}/{year[2:]}"
