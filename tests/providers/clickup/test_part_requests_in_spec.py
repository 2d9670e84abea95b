"""What is asked for around tasks is in the vendor's documents: addresses, parameters, bodies."""

from __future__ import annotations

import re

from pm_providers import (
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMRelation,
    PMTask,
    PMTimeEntry,
)
from pm_providers.contract import OPERATIONS
from pm_providers.providers.clickup import ClickUpProvider
from pm_providers.sandbox.kit.log import RequestRecord
from tests.providers.clickup import test_requests_in_spec as documents
from tests.providers.clickup.site import Site

DAY = documents.DAY
PARTS = ("comment", "relation", "label", "attachment", "time_entr", "checklist", "membership", "watcher")

DEVIATIONS = (
    (r"POST .*/comment$|PUT .*/comment/", r"'comment_text' is a required", "Rich text goes as `comment` ([doc] comment-formatting)."),
    (r"PUT .*/comment/", r"'assignee' is a required", "Few comments have one; it is a number, and cannot be sent empty."),
)  # fmt: skip
"""Request, finding, and why it is sent nevertheless."""


def _findings(one: RequestRecord) -> list[str]:
    if "/attachment" in one.path and one.method == "POST":
        operation = documents._operation(one.method, one.path)
        form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
        assert b'name="attachment"' in one.request_body
        assert list(form) == ["attachment"]
        return []
    known = [reason for request, reason, _ in DEVIATIONS if re.search(request, f"{one.method} {one.path}")]
    return [text for text in documents._faults(one) if not any(re.search(reason, text) for reason in known)]


async def _comments(provider: ClickUpProvider, task: str, user: str) -> None:
    for body in ("plain", f"- [x] **a**\n\n[@m](clickup:user/{user})"):
        made = await provider.create_comment(PMComment(task_id=task, body=body))
        await provider.update_comment(made.id, {"body": f"{body} *again*"}, task_id=task)
    for _ in range(30):
        await provider.create_comment(PMComment(task_id=task, body="x"))
    await provider.request(
        "POST", f"comment/{made.id}/reply", json={"comment_text": "r", "notify_all": False}
    )
    assert len(await provider.list_comments(task)) == 33
    await provider.delete_comment(made.id)


async def _relations_and_labels(provider: ClickUpProvider, site: Site, one: str, two: str) -> None:
    for kind in ("blocks", "blocked_by", "relates"):
        made = await provider.create_relation(PMRelation("", one, two, kind))
        assert await provider.list_relations(one) == [made]
        await provider.delete_relation(made.id)
    for color in (None, "#ff0000"):
        label = await provider.create_label(PMLabel("", "a/b?", site.space, color))
        await provider.update_label(label.id, {"name": "c d", "color": "#00ff00"}, project_id=site.space)
        await provider.list_labels()
        await provider.delete_label("c d")


async def _work(provider: ClickUpProvider, site: Site, one: str, two: str) -> None:
    made = await provider.create_attachment(PMAttachment(task_id=one, file_name="a.txt"), b"x")
    await provider.list_attachments(one)
    await provider.download_attachment(made.id, task_id=one)
    entry = await provider.create_time_entry(PMTimeEntry("", one, 1.5, DAY, user_id=site.mia, comment="c"))
    await provider.update_time_entry(
        entry.id, {"hours": 2.0, "spent_on": DAY.replace(day=9), "comment": None, "task_id": two}
    )
    for place in ({"task_id": two}, {"project_id": site.space}, {}):
        assert len(await provider.list_time_entries(**place)) == 1
    await provider.delete_time_entry(entry.id)
    for user in ("add_watcher", "remove_watcher"):
        await getattr(provider, user)(one, site.mia)
    await provider.list_watchers(one)
    await provider.list_memberships(site.space)


async def _checklists(provider: ClickUpProvider, site: Site, task: str) -> None:
    items = [
        PMChecklistItem("1", "a", assignee_id=site.mia),
        PMChecklistItem("", "b", parent_id="1", is_done=True),
    ]
    made = await provider.create_checklist(PMChecklist("", "L", task, items=items, position=0))
    await provider.update_checklist(made.id, {"name": "M", "position": 0}, task_id=task)
    item = await provider.create_checklist_item(PMChecklistItem("", "c", made.id), task_id=task)
    updates = {"title": "d", "assignee_id": site.mia, "parent_id": made.items[0].id}
    await provider.update_checklist_item(item.id, updates, task_id=task)
    cleared = {"assignee_id": None, "parent_id": None, "is_done": None}
    await provider.update_checklist_item(item.id, cleared, checklist_id=made.id)
    await provider.delete_checklist_item(made.items[0].id, task_id=task)
    await provider.list_checklists(task)
    await provider.delete_checklist(made.id)


async def test_every_request_around_tasks_is_documented(site: Site):
    documents._operations()
    async with site.provider() as provider:
        one, two = [
            (await provider.create_task(PMTask(title=name, project_id=site.space))).id for name in "ab"
        ]
        await _comments(provider, one, site.mia)
        await _relations_and_labels(provider, site, one, two)
        await _work(provider, site, one, two)
        await _checklists(provider, site, one)
    seen = set()
    for record in site.box.log:
        if record.path.startswith("/attachments/"):
            continue  # the address that the vendor named
        assert _findings(record) == [], f"{record.method} {record.path} {record.request_body[:300]!r}"
        assert record.status is not None
        assert record.status < 400, f"{record.method} {record.path} {record.status}"
        seen.add(documents._operation(record.method, record.path)["operationId"])
    assert len(seen) > 30, sorted(seen)


def test_declared_is_implemented_per_operation(site: Site):
    """Each operation around tasks that is declared has a hook of this provider's; others are refused."""
    provider = site.provider()
    for name in OPERATIONS:
        if not any(part in name for part in PARTS):
            continue
        hook = f"_iter_{name.removeprefix('list_')}" if name.startswith("list_") else f"_{name}"
        if name == "list_watchers":
            hook = "_list_watchers"
        own = getattr(ClickUpProvider, hook).__module__.startswith("pm_providers.providers.clickup")
        assert own == provider.capabilities.supports(name), name
