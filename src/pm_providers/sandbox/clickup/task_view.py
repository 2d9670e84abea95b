"""The JSON form of tasks, with the members and types as recorded.

An estimate is a number in the read of one task and in the list of a Workspace, elsewhere a text [spec].
Rows of a list lack attachments, and `time_spent` where no time was tracked; what was created lacks
attachments too. The form has no word about whether a date has a time.
"""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.clickup.field_values import shown
from pm_providers.sandbox.clickup.part_records import Attachment, Checklist, ChecklistItem, Dependency, Link
from pm_providers.sandbox.clickup.records import FieldDefinition, Task
from pm_providers.sandbox.clickup.render import (
    PRIORITIES,
    creator,
    field_form,
    ms,
    person,
    status_form,
)
from pm_providers.sandbox.clickup.state import State

__all__ = ["TaskView", "attachment_form", "checklist_form", "fields_of"]

SHARING: dict[str, Any] = {
    "public": False,
    "public_share_expires_on": None,
    "public_fields": [
        "assignees",
        "priority",
        "due_date",
        "content",
        "comments",
        "attachments",
        "customFields",
        "subtasks",
        "tags",
        "checklists",
        "coverimage",
    ],
    "token": None,
    "seo_optimized": False,
}
_ORDER = 39908288
_ZEROS = "0" * 32


def fields_of(state: State, list_id: str) -> list[FieldDefinition]:
    """Fields that tasks of a list have: its own, and those of its folder, Space and Workspace."""
    row = state.lists[list_id]
    space = state.spaces[row.space_id]
    places = (f"list:{row.id}", f"folder:{row.folder_id}", f"space:{space.id}", f"team:{space.team_id}")
    return [field for place in places for field in state.fields.where("place", place)]


def attachment_form(row: Attachment, base_url: str, state: State) -> dict[str, Any]:
    """An attachment as of one task."""
    url = f"{base_url}/attachments/{row.id}/{row.title}"
    return {
        "id": row.id,
        "date": row.date,
        "title": row.title,
        "type": 1,
        "source": 1,
        "version": 0,
        "extension": row.extension,
        "thumbnail_small": None,
        "thumbnail_medium": None,
        "thumbnail_large": None,
        "is_folder": None,
        "mimetype": row.mimetype,
        "hidden": False,
        "parent_id": row.task_id,
        "size": len(row.content),
        "total_comments": 0,
        "resolved_comments": 0,
        "user": person(state.users[row.user_id]),
        "deleted": False,
        "orientation": None,
        "url": url,
        "parent_comment_type": None,
        "parent_comment_parent": None,
        "email_data": None,
        "workspace_id": None,
        "url_w_query": f"{url}?view=open",
        "url_w_host": url,
    }


def checklist_form(state: State, row: Checklist) -> dict[str, Any]:
    """A checklist with its items, those below others inside `children`."""
    items = sorted(
        state.items.where("checklist_id", row.id), key=lambda each: (each.orderindex, each.created)
    )
    resolved = sum(1 for each in items if each.resolved)
    return {
        "id": row.id,
        "task_id": row.task_id,
        "name": row.name,
        "date_created": str(row.created),
        "orderindex": row.orderindex,
        "creator": row.creator,
        "resolved": resolved,
        "unresolved": len(items) - resolved,
        "items": [_item_form(state, each, items) for each in items if not each.parent],
    }


def _item_form(state: State, row: ChecklistItem, items: list[ChecklistItem]) -> dict[str, Any]:
    children = [_item_form(state, each, items) for each in items if each.parent == row.id]
    return {
        "id": row.id,
        "name": row.name,
        "orderindex": row.orderindex,
        "assignee": person(state.users[row.assignee]) if row.assignee is not None else None,
        "group_assignee": None,
        "resolved": row.resolved,
        "parent": row.parent or None,
        "date_created": str(row.created),
        "children": children,
    }


class TaskView:
    """Shows many tasks of one answer; what they share is built once.

    Args:
        state: the store.
        base_url: of the sandbox, for downloads.
        markdown: with `markdown_description`.
        numbers: estimates are numbers.
    """

    def __init__(self, state: State, base_url: str, *, markdown: bool = False, numbers: bool = False) -> None:
        self._state = state
        self._base_url = base_url
        self._markdown = markdown
        self._numbers = numbers
        self._places: dict[str, dict[str, Any]] = {}
        self._people: dict[int, dict[str, Any]] = {}
        self._fields: dict[str, list[tuple[FieldDefinition, dict[str, Any]]]] = {}

    def row(self, task: Task) -> dict[str, Any]:
        """A task among others."""
        found = self._base(task)
        if not found["time_spent"]:
            del found["time_spent"]
        return found

    def created(self, task: Task) -> dict[str, Any]:
        """A task just created."""
        return self._base(task)

    def single(self, task: Task, *, subtasks: bool = False) -> dict[str, Any]:
        """One task with its attachments, and all levels of subtasks where asked."""
        found = self._base(task)
        rows = self._state.attachments.where("task_id", task.id)
        found["attachments"] = [attachment_form(row, self._base_url, self._state) for row in rows]
        if subtasks:
            found["subtasks"] = [self.row(row) for row in self._below(task)]
        return found

    def _below(self, task: Task) -> list[Task]:
        rows = [row for row in self._state.tasks.where("parent", task.id) if not row.deleted]
        return [each for row in rows for each in (row, *self._below(row))]

    def _base(self, task: Task) -> dict[str, Any]:
        state = self._state
        place = self._place(task.list_id)
        found: dict[str, Any] = {
            "id": task.id,
            "custom_id": task.custom_id,
            "custom_item_id": task.custom_item_id,
            "name": task.name,
            "text_content": task.text,
            "description": task.text,
        }
        if self._markdown:
            found["markdown_description"] = task.markdown
        return found | {
            "status": status_form(task.status),
            "orderindex": f"{_ORDER + task.number}.{_ZEROS}",
            "date_created": str(task.created),
            "date_updated": str(task.updated),
            "date_closed": ms(task.closed),
            "date_done": ms(task.done),
            "archived": task.archived,
            "creator": creator(state.users[task.creator]),
            "assignees": [self._person(key) for key in task.assignees],
            "group_assignees": [self._group(key) for key in task.group_assignees if key in state.groups],
            "watchers": [self._person(key) for key in task.watchers],
            "checklists": [checklist_form(state, row) for row in state.checklists.where("task_id", task.id)],
            "tags": [self._tag(task.space_id, name) for name in task.tags],
            "parent": task.parent or None,
            "top_level_parent": self._top(task),
            "priority": PRIORITIES[task.priority] if task.priority else None,
            "due_date": ms(task.due),
            "start_date": ms(task.start),
            "points": task.points,
            "time_estimate": task.estimate if self._numbers else ms(task.estimate),
            "time_spent": state.time_spent(task.id),
            "custom_fields": self._custom(task),
            "dependencies": [self._dependency(row, task) for row in self._depends(task)],
            "linked_tasks": [self._link(row, task) for row in self._links(task)],
            "locations": [{"id": key, "name": state.lists[key].name} for key in task.locations],
            "team_id": task.team_id,
            "url": f"https://app.clickup.com/t/{task.id}",
            "sharing": SHARING,
            "permission_level": "create",
            **place,
        }

    def _place(self, list_id: str) -> dict[str, Any]:
        found = self._places.get(list_id)
        if found is None:
            row = self._state.lists[list_id]
            folder = self._state.folders[row.folder_id]
            shown_folder = {"id": folder.id, "name": folder.name, "hidden": folder.hidden, "access": True}
            found = self._places[list_id] = {
                "list": {"id": row.id, "name": row.name, "access": True},
                "project": shown_folder,
                "folder": shown_folder,
                "space": {"id": row.space_id},
            }
        return found

    def _person(self, user_id: int) -> dict[str, Any]:
        found = self._people.get(user_id)
        if found is None:
            found = self._people[user_id] = person(self._state.users[user_id])
        return found

    def _group(self, group_id: str) -> dict[str, Any]:
        row = self._state.groups[group_id]
        members = [self._person(key) for key in row.members]
        return {"id": row.id, "name": row.name, "handle": row.handle, "members": members}

    def _tag(self, space_id: str, name: str) -> dict[str, Any]:
        row = self._state.tags.get(f"{space_id}:{name}")
        if row is None:
            return {"name": name, "tag_fg": "#ffffff", "tag_bg": "#000000", "creator": 0}
        return {"name": row.name, "tag_fg": row.fg, "tag_bg": row.bg, "creator": row.creator}

    def _top(self, task: Task) -> str | None:
        above = task
        while above.parent and above.parent in self._state.tasks:
            above = self._state.tasks[above.parent]
        return above.id if above is not task else None

    def _custom(self, task: Task) -> list[dict[str, Any]]:
        known = self._fields.get(task.list_id)
        if known is None:
            rows = fields_of(self._state, task.list_id)
            known = self._fields[task.list_id] = [(row, field_form(row)) for row in rows]
        values = task.values
        return [
            {**form, "value": shown(self._state, row, values[row.id])} if row.id in values else form
            for row, form in known
        ]

    def _depends(self, task: Task) -> list[Dependency]:
        table = self._state.dependencies
        return [*table.where("task_id", task.id), *table.where("depends_on", task.id)]

    def _dependency(self, row: Dependency, task: Task) -> dict[str, Any]:
        return {
            "task_id": row.task_id,
            "depends_on": row.depends_on,
            "type": 1,
            "date_created": str(row.date),
            "userid": str(row.user_id),
            "workspace_id": task.team_id,
            "chain_id": None,
        }

    def _links(self, task: Task) -> list[Link]:
        return [*self._state.links.where("task_id", task.id), *self._state.links.where("other_id", task.id)]

    @staticmethod
    def _link(row: Link, task: Task) -> dict[str, Any]:
        # Which of the two a row names first is not documented: the one that made the link, on both ends.
        return {
            "task_id": row.task_id,
            "link_id": row.other_id,
            "date_created": str(row.date),
            "userid": str(row.user_id),
            "workspace_id": task.team_id,
        }
