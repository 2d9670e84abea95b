"""Every request that the provider makes stands in the vendor's own API document."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from pm_providers import (
    PMAttachment,
    PMComment,
    PMMembership,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
)
from tests.providers.openproject.support import World, connected
from tests.shared_material import need, spec_path

UNDOCUMENTED = {
    (
        "GET",
        "/api/v3/attachments/{id}/content",
    ): "the link downloadLocation; recorded 20-attachments: step 21",
}
OLDER = {
    "delay": "the name of lag before 14.0; unknown properties are ignored",
    "from": "12.0 fails without it (recorded 16-relations: step 17); unknown links are ignored",
}
PARAMETERS = {
    "includeSubprojects": "the code reads it; what it lets through where it is unknown is dropped",
    "offset": "left out of the document for lists that are paged",
    "pageSize": "left out of the document for lists that are paged",
}


async def everything(world: World) -> None:
    """One call of each kind."""
    world.box.state.settings["users_deletable_by_admins"] = True
    async with connected(world.box) as p:
        project = await p.create_project(PMProject(name="S", key="s", status="active"))
        await p.update_project(project.id, {"status": "archived"})
        await p.delete_project(project.id)
        await p.list_projects()
        sprint = await p.create_sprint(PMSprint(name="S", project_id=world.main))
        await p.update_sprint(sprint.id, {"goal": "g"})
        one, two = [await p.create_task(PMTask(title=n, project_id=world.main, type="Task", sprint_id=sprint.id,
                                               label_ids=[world.label], custom_fields={"CF list": "Red"})) for n in "ab"]  # fmt: skip
        await p.update_task(one.id, {"status": "completed", "sprint_id": None})
        await p.list_tasks(world.main)
        await p.list_tasks(sprint_id=sprint.id)
        await p.search_tasks("a")
        await p.list_transitions(one.id)
        await p.list_fields()
        await p.list_users(world.main)
        await p.get_user("99")
        comment = await p.create_comment(PMComment(task_id=one.id, body="c"))
        await p.update_comment(comment.id, {"body": "d"})
        await p.list_comments(one.id)
        relation = await p.create_relation(PMRelation(from_task_id=one.id, to_task_id=two.id, type="blocks"))
        await p.update_relation(relation.id, {"description": "d"})
        await p.list_relations(one.id)
        await p.delete_relation(relation.id)
        entry = await p.create_time_entry(
            PMTimeEntry(task_id=one.id, hours=1, spent_on=date(2026, 1, 1), activity="Testing")
        )
        await p.update_time_entry(entry.id, {"hours": 2})
        await p.list_time_entries(one.id)
        await p.delete_time_entry(entry.id)
        file = await p.create_attachment(PMAttachment(task_id=one.id, file_name="a.txt"), b"a")
        await p.list_attachments(one.id)
        await p.download_attachment(file.id)
        await p.delete_attachment(file.id)
        await p.list_labels(world.main)
        user = await p.create_user(PMUser(name="A B", email="ab@example.com"))
        await p.update_user(user.id, {"name": "A C"})
        await p.delete_user(user.id)
        member = await p.create_membership(
            PMMembership(project_id=world.other, user_id=world.zoe, roles=["Member"])
        )
        await p.update_membership(member.id, {"roles": ["Reader"]})
        await p.list_memberships(world.other)
        await p.delete_membership(member.id)
        await p.add_watcher(one.id, world.ann)
        await p.remove_watcher(one.id, world.ann)
        await p.changes(world.main)
        await p.delete_tasks([one.id, two.id])
        await p.delete_sprint(sprint.id)
        await p.check_health()


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    with need(spec_path("openproject-v3.yml")).open(encoding="utf-8") as file:
        return yaml.load(file, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def template_of(spec: dict[str, Any], method: str, path: str) -> str | None:
    """The documented path that fits, the one with the fewest variables first."""
    fitting = []
    for template, item in spec["paths"].items():
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if method.lower() in item and re.fullmatch(pattern, path):
            fitting.append(template)
    return min(fitting, key=lambda one: one.count("{"), default=None)


@pytest.mark.parametrize("version", ["17.6", "13.0"])
async def test_requests_are_documented(spec, version):
    world = World(version)
    await everything(world)
    unknown, parameters = set(), set()
    for record in world.box.log:
        path = record.path.rstrip("/")
        template = template_of(spec, record.method, path)
        if template is None:
            unknown.add((record.method, re.sub(r"/[\d-]+(?=/|$)", "/{id}", path)))
            continue
        item = spec["paths"][template]
        named = {
            one["name"]
            for one in (*item.get("parameters", []), *item[record.method.lower()].get("parameters", []))
            if "name" in one
        }
        parameters |= {name for name in parse_qs(record.query) if name not in named}
    assert unknown == set(UNDOCUMENTED)
    assert parameters == set(PARAMETERS)
    assert len(world.box.log) > 60


async def test_bodies_hold_documented_properties(spec):
    """What stands in a body or its links is a property of the vendor's model."""
    world = World()
    await everything(world)
    checked = 0
    for method, path, model in (
        ("POST", r"/work_packages$", "WorkPackageModel"),
        ("PATCH", r"/work_packages/\d+$", "WorkPackageModel"),
        ("POST", r"/projects$", "ProjectModel"),
        ("POST", r"/versions$", "VersionWriteModel"),
        ("PATCH", r"/versions/\d+$", "VersionWriteModel"),
        ("POST", r"/time_entries$", "TimeEntryModel"),
        ("POST", r"/relations$", "RelationWriteModel"),
        ("POST", r"/users$", "UserCreateModel"),
    ):
        properties, links = known(spec, model)
        for record in world.box.log.select(method, path):
            body = json.loads(record.request_body)
            ours = {key for key in body if not key.startswith("customField")} - {"_links"}
            assert ours - properties <= set(OLDER), (model, ours - properties)
            sent = {key for key in body.get("_links", {}) if not key.startswith("customField")}
            assert sent - links <= set(OLDER), (model, sent - links)
            checked += 1
    assert checked > 8


def known(spec: dict[str, Any], name: str) -> tuple[set[str], set[str]]:
    """Properties and links of a model in the document."""
    schemas = spec["components"]["schemas"]
    assert name in schemas, sorted(one for one in schemas if one[:4] == name[:4])
    properties: dict[str, Any] = {}

    def collect(schema: dict[str, Any], into: dict[str, Any]) -> None:
        if "$ref" in schema:
            collect(schemas[schema["$ref"].rpartition("/")[2]], into)
        for part in schema.get("allOf", []):
            collect(part, into)
        for key, value in schema.get("properties", {}).items():
            into.setdefault(key, value)
            if key == "_links":
                collect(value, links)

    links: dict[str, Any] = {}
    collect(schemas[name], properties)
    return set(properties), set(links)
