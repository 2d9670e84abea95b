"""What the parts around tasks ask for is in the vendor's document: addresses, fields, and bodies."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from pm_providers import PMAttachment, PMComment, PMLabel, PMMembership, PMRelation, PMTask, PMTimeEntry
from pm_providers.contract import OPERATIONS
from pm_providers.providers.asana.mapping.time_entries import COMPLETE_FIELDS
from pm_providers.providers.asana.provider import AsanaProvider
from pm_providers.sandbox.kit.log import RequestRecord
from tests.providers.asana.site import Site
from tests.providers.asana.test_requests_in_spec import ROOT, _check, _faults, _operation

DAY = date(2026, 3, 5)
PARTS = ("comment", "label", "relation", "attachment", "time_entry", "time_entries", "membership", "watcher")
_LISTS = ("/time_tracking_entries",)


class _Noted:
    """A provider, and which operations were called."""

    def __init__(self, provider: AsanaProvider) -> None:
        self.provider = provider
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self.provider, name)


async def _around_tasks(provider: Any, site: Site, mia: str) -> None:
    """All that parts of tasks ask for."""
    one = (await provider.create_task(PMTask(title="a", project_id=site.project))).id
    two = (await provider.create_task(PMTask(title="b", project_id=site.project))).id
    said = await provider.create_comment(PMComment(task_id=one, body="**a**"))
    await provider.update_comment(said.id, {"body": "b"})
    await provider.list_comments(one)
    await provider.delete_comment(said.id)
    made = await provider.create_label(PMLabel(name="bug", color="#ff0000"))
    await provider.update_label(made.id, {"name": "Bug", "color": None})
    await provider.list_labels(site.project)
    await provider.delete_label(made.id)
    link = await provider.create_relation(PMRelation("", one, two, "blocks"))
    await provider.list_relations(one)
    await provider.delete_relation(link.id)
    file = await provider.create_attachment(PMAttachment(task_id=one, file_name="ä.txt"), b"x")
    await provider.list_attachments(one)
    await provider.download_attachment(file.id)
    await provider.delete_attachment(file.id)
    await provider.list_attachments(one)
    body = {"workspace": site.workspace, "name": "Development"}
    await provider.request("POST", "time_tracking_categories", json={"data": body})
    entry = await provider.create_time_entry(
        PMTimeEntry("", one, 1.0, DAY, comment="c", activity="Development", user_id="me")
    )
    await provider.update_time_entry(
        entry.id, {"hours": 2.0, "comment": None, "spent_on": DAY, "activity": None}
    )
    await provider.update_time_entry(entry.id, {"task_id": one})
    for given in ({"task_id": one}, {"project_id": site.project}, {}):
        await provider.list_time_entries(**given)
    await provider.delete_time_entry(entry.id)
    member = await provider.create_membership(PMMembership("", site.project, mia, roles=["editor"]))
    await provider.update_membership(member.id, {"roles": ["admin"]})
    await provider.list_memberships(site.project)
    await provider.delete_membership(member.id)
    await provider.add_watcher(one, mia)
    await provider.list_watchers(one)
    await provider.remove_watcher(one, mia)


def _known_extra(faults: list[str], path: str) -> list[str]:
    """Faults without those fields of time entries that lists are asked for beyond their document.

    What a list leaves out is read entry by entry.
    """
    extra = {f"field {one}" for one in COMPLETE_FIELDS} if path.endswith(_LISTS) else set()
    return [one for one in faults if one not in extra]


def _seen(one: RequestRecord) -> set[str]:
    path, params = one.path.removeprefix(ROOT), dict(parse_qsl(one.query, keep_blank_values=True))
    if path == "/attachments" and one.method == "POST":
        assert _faults(one.method, path, params, None) == []
    elif path.endswith(_LISTS):
        body = json.loads(one.request_body) if one.request_body else None
        assert _known_extra(_faults(one.method, path, params, body), path) == [], (one.method, path, params)
    else:
        return _check(one)
    return {_operation(one.method, path)[0]["operationId"]}


async def test_every_request_of_parts_is_documented(site: Site, mia: str) -> None:
    async with site.provider() as provider:
        noted = _Noted(provider)
        await _around_tasks(noted, site, mia)
        supported = {one for one in OPERATIONS if provider.capabilities.operations[one].is_supported}
    wanted = {one for one in supported if one.endswith((*PARTS, *(f"{part}s" for part in PARTS)))}
    assert noted.called >= wanted
    seen: set[str] = set()
    for one in site.box.log:
        if one.path.startswith(ROOT):
            seen |= _seen(one)
    assert len(seen) >= 30, sorted(seen)
