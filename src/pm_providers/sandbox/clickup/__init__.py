"""A stand-in of ClickUp (API v2, and of v3 what v2 has no way for).

It follows, in this order, recorded answers, the vendor's OpenAPI documents, the vendor's pages, public
reports. Where these disagree or say nothing, it decides:

- A folder and a list in the trash are still read, with `deleted: true` (recorded); tasks there are 401 like
  all that is missing, or 404 with `missing_status`, as some have seen.
- `PUT /space/{id}` without `multiple_assignees` turns it off (recorded); the document calls the member
  required.
- Estimates are texts in lists and answers of writes, numbers in the read of one task and in the list of a
  Workspace (document); tools often see numbers everywhere.
- A mapping of statuses is taken in the words of the document and in those of the vendor's page on moving.
- The Workspace's list of tasks shows nothing of archived lists, folders and Spaces, and closed means the
  closed type only, not the done one (nothing says otherwise).
- `parent: null` in an update is ignored; an unknown tag put on a task becomes one of the Space; a row of
  `linked_tasks` names the task that made the link first, on both ends (nothing is documented).
- A list counts all tasks that are not archived, subtasks and closed ones too (nothing is documented).

Left out: chat, docs, access lists and audit logs of v3, reactions, templates (there are none), rights of
guests beyond what they were given, and automations, whose calls are unsigned and of another form.
"""

from __future__ import annotations

from pm_providers.sandbox.clickup.sandbox import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox

__all__ = ["ADMIN_TOKEN", "TEAM_ID", "ClickUpSandbox"]
