"""Copying a project: everything that fits arrives, everything else is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from pm_providers.contract import read_only, unsupported
from pm_providers.errors import (
    ConflictError,
    NotFoundError,
    TransportError,
    UnsupportedError,
    ValidationError,
)
from pm_providers.model import (
    Entity,
    PMAttachment,
    PMChecklist,
    PMChecklistItem,
    PMComment,
    PMLabel,
    PMProject,
    PMRelation,
    PMSprint,
    PMTask,
    PMTimeEntry,
    PMUser,
)
from pm_providers.service import CopyReport, copy_project


def notes(found) -> dict[tuple[str, str | None], int | None]:
    return {(note.entity.value, note.field): note.count for note in found}


def narrow(provider, **changes) -> None:
    provider._capabilities = provider.capabilities.narrowed(**changes)


async def make_project(provider, **fields) -> PMProject:
    return await provider.create_project(PMProject(**{"name": "Webshop", "key": "WEB", **fields}))


async def tasks_by_title(provider, project_id) -> dict[str, PMTask]:
    return {task.title: task for task in await provider.list_tasks(project_id)}


@pytest.fixture
async def story(source):
    """A project with one of everything."""
    ada = await source.create_user(PMUser(name="Ada *L*", email="Ada@Example.com", username="ada"))
    project = await make_project(
        source, description="# Goal", status="active", start_date=date(2026, 1, 1), owner_id=ada.id
    )
    sprint = await source.create_sprint(PMSprint(name="Sprint 1", project_id=project.id, status="closed"))
    label = await source.create_label(PMLabel(name="backend", project_id=project.id, color="#ff0000"))
    parent = await source.create_task(
        PMTask(
            title="Epic",
            project_id=project.id,
            assignee_ids=[ada.id],
            label_ids=[label.id],
            sprint_id=sprint.id,
            priority="high",
            due_date=date(2026, 2, 1),
            estimated_hours=8.5,
            custom_fields={"Team": "red"},
        )
    )
    child = await source.create_task(
        PMTask(title="Child", project_id=project.id, parent_task_id=parent.id, status="completed")
    )
    await source.create_comment(PMComment(task_id=child.id, body="First"))
    await source.create_comment(PMComment(task_id=child.id, body="Second"))
    await source.create_relation(
        PMRelation(from_task_id=parent.id, to_task_id=child.id, type="blocks", description="why")
    )
    await source.create_time_entry(
        PMTimeEntry(task_id=child.id, hours=1.25, spent_on=date(2026, 1, 5), user_id=ada.id, comment="wrote")
    )
    await source.create_attachment(PMAttachment(task_id=child.id, file_name="a.txt"), b"content")
    items = [
        PMChecklistItem("1", "Draw", is_done=True),
        PMChecklistItem("2", "Paint", assignee_id=ada.id, due_date=date(2026, 1, 7)),
        PMChecklistItem("3", "Blue", parent_id="2"),
    ]
    await source.create_checklist(PMChecklist(name="Steps", task_id=child.id, items=items))
    await source.create_checklist(PMChecklist(name="Empty", task_id=child.id))
    return project


async def test_everything_arrives(source, target, story):
    await target.create_user(PMUser(name="A. Lovelace", email="ada@example.COM"))
    report = await copy_project(source, target, "WEB")
    assert report.ok
    assert {entity.value: count for entity, count in report.created.items()} == {
        "project": 1,
        "sprint": 1,
        "label": 1,
        "task": 2,
        "relation": 1,
        "comment": 2,
        "checklist": 2,
        "checklist_item": 3,
        "time_entry": 1,
        "attachment": 1,
    }
    assert report.matched == {Entity.USER: 1}
    project = await target.get_project(report.target_project_id)
    assert (project.name, project.key, project.description) == ("Webshop", "WEB", "# Goal")
    assert project.start_date == date(2026, 1, 1)
    [sprint] = await target.list_sprints(project.id)
    assert (sprint.name, sprint.status) == ("Sprint 1", "closed")
    [label] = await target.list_labels(project.id)
    tasks = await tasks_by_title(target, project.id)
    epic, child = tasks["Epic"], tasks["Child"]
    [ada] = [user for user in await target.list_users() if user.name == "A. Lovelace"]
    assert (epic.assignee_ids, epic.label_ids, epic.sprint_id) == ([ada.id], [label.id], sprint.id)
    assert (epic.priority, epic.due_date, epic.estimated_hours) == ("high", date(2026, 2, 1), 8.5)
    assert epic.custom_fields == {"Team": "red"}
    assert (child.parent_task_id, child.status) == (epic.id, "completed")
    [relation] = await target.list_relations(epic.id)
    assert (relation.from_task_id, relation.to_task_id, relation.type) == (epic.id, child.id, "blocks")
    assert relation.description == "why"
    [entry] = await target.list_time_entries(project_id=project.id)
    assert (entry.hours, entry.user_id, entry.comment) == (1.25, ada.id, "wrote")
    [attachment] = await target.list_attachments(child.id)
    assert await target.download_attachment(attachment.id) == b"content"


async def test_checklists_arrive_in_their_order(source, target, story):
    ada = await target.create_user(PMUser(name="Ada", email="ada@example.com"))
    report = await copy_project(source, target, story.id)
    child = (await tasks_by_title(target, report.target_project_id))["Child"]
    steps, empty = await target.list_checklists(child.id)
    assert (steps.name, empty.name, empty.items) == ("Steps", "Empty", [])
    assert [(one.title, one.is_done, one.assignee_id, one.due_date) for one in steps.items] == [
        ("Draw", True, None, None),
        ("Paint", False, ada.id, date(2026, 1, 7)),
        ("Blue", False, None, None),
    ]
    assert [one.parent_id for one in steps.items] == [None, None, steps.items[1].id]
    assert report.read[Entity.CHECKLIST_ITEM] == 3
    assert not [one for one in (*report.left_out, *report.altered) if "checklist" in one.entity]


async def test_what_the_target_cannot_hold_of_items_is_noted(source, target, story):
    gone = {(Entity.CHECKLIST_ITEM, name): unsupported("none") for name in ("due_date", "parent_id")}
    narrow(target, fields=gone)
    report = await copy_project(source, target, story.id)
    said = notes(report.left_out)
    assert said["checklist_item", "due_date"] == said["checklist_item", "parent_id"] == 1
    assert said["checklist_item", "assignee_id"] == 1
    assert report.ok
    child = (await tasks_by_title(target, report.target_project_id))["Child"]
    steps, _ = await target.list_checklists(child.id)
    assert [(one.title, one.parent_id) for one in steps.items] == [
        ("Draw", None),
        ("Paint", None),
        ("Blue", None),
    ]


async def test_fields_of_items_that_the_target_rejects_are_left_out(source, target, story, monkeypatch):
    await target.create_user(PMUser(name="Ada", email="ada@example.com"))
    real = type(target)._create_checklist

    async def picky(self, fields, items):
        wrong = [index for index, item in enumerate(items) if item.get("assignee_id")]
        if wrong:
            raise ValidationError(fields={f"items[{wrong[0]}].assignee_id": "is no member"})
        return await real(self, fields, items)

    monkeypatch.setattr(type(target), "_create_checklist", picky)
    report = await copy_project(source, target, story.id)
    assert report.ok
    [note] = [one for one in report.left_out if one.field == "items.assignee_id"]
    assert (note.entity, note.reason) == (Entity.CHECKLIST, "rejected by the target: is no member")
    child = (await tasks_by_title(target, report.target_project_id))["Child"]
    assert [len(one.items) for one in await target.list_checklists(child.id)] == [3, 0]


async def test_a_checklist_that_is_rejected_is_told(source, target, story, monkeypatch):
    async def picky(self, fields, items):
        raise ValidationError(fields={"items[0].title": "is rude"})

    monkeypatch.setattr(type(target), "_create_checklist", picky)
    report = await copy_project(source, target, story.id)
    assert [one.entity for one in report.failed] == [Entity.CHECKLIST, Entity.CHECKLIST]
    assert Entity.CHECKLIST_ITEM not in report.created


async def test_authors_of_comments_stand_in_the_text(source, target, story):
    report = await copy_project(source, target, story.id)
    child = (await tasks_by_title(target, report.target_project_id))["Child"]
    first, second = await target.list_comments(child.id)
    assert first.body.startswith("*left on 2")
    assert first.body.endswith(":*\n\nFirst")
    assert second.body.endswith("Second")
    assert notes(report.altered)["comment", "author_id"] == 2


async def test_own_comments_stay_as_they_are(source, story):
    report = await copy_project(source, source, story.id)
    child = (await tasks_by_title(source, report.target_project_id))["Child"]
    assert [one.body for one in await source.list_comments(child.id)] == ["First", "Second"]
    assert notes(report.altered) == {("project", "key"): 1}


async def test_unknown_users_are_reported_and_named_in_the_text(source, target, story):
    report = await copy_project(source, target, story.id)
    assert [(one.user.name, one.reason) for one in report.unmatched_users if one.user.name != "left"] == [
        ("Ada *L*", "the target has no such user")
    ]
    left = notes(report.left_out)
    assert left["task", "assignee_ids"] == 1
    assert left["project", "owner_id"] == 1
    assert ("task", "assignee_id") not in left
    [entry] = await target.list_time_entries(project_id=report.target_project_id)
    assert entry.comment == "[Ada *L*] wrote"
    assert notes(report.altered)["time_entry", "user_id"] == 1


@pytest.mark.parametrize(
    ("users", "reason"),
    [
        ([("ada@example.com", "x"), ("ADA@example.com ", "y")], "more than one"),
        ([("other@example.com", "ada")], "no such user"),
        ([], "no such user"),
    ],
)
async def test_users_are_never_guessed(source, target, story, users, reason):
    for email, name in users:
        await target.create_user(PMUser(name=name, email=email, username=name))
    report = await copy_project(source, target, story.id)
    [found] = [one for one in report.unmatched_users if one.user.username == "ada"]
    assert reason in found.reason


async def test_user_name_matches_where_no_email_says_otherwise(source, target, story):
    ada = await target.create_user(PMUser(name="Somebody", username="ADA"))
    report = await copy_project(source, target, story.id)
    assert ada.id in report.ids[Entity.USER].values()


async def test_users_are_created_when_asked_for(source, target, story):
    report = await copy_project(source, target, story.id, create_users=True)
    assert report.unmatched_users == []
    assert {user.name for user in await target.list_users()} >= {"Ada *L*", "left"}
    epic = (await tasks_by_title(target, report.target_project_id))["Epic"]
    assert epic.assignee_id in report.ids[Entity.USER].values()


async def test_fields_that_the_target_cannot_hold_are_counted(source, target, story):
    narrow(
        target,
        fields={
            (Entity.TASK, "due_date"): unsupported("it has no dates"),
            (Entity.TASK, "estimated_hours"): read_only("a sum"),
            (Entity.TASK, "custom_fields"): unsupported("none here"),
            (Entity.LABEL, "color"): unsupported("all grey"),
        },
    )
    report = await copy_project(source, target, story.id)
    reasons = {(note.entity.value, note.field): (note.reason, note.count) for note in report.left_out}
    assert reasons["task", "due_date"] == ("it has no dates", 1)
    assert reasons["task", "estimated_hours"] == ("a sum", 1)
    assert reasons["task", "custom_fields"] == ("none here", 1)
    assert reasons["label", "color"] == ("all grey", 1)
    assert report.ok


async def test_nothing_that_is_set_goes_unsaid(source, target, story):
    """Each field that a source task sets is equal in the target, or stands in the report."""
    await target.create_user(PMUser(name="Ada", email="ada@example.com"))
    report = await copy_project(source, target, story.id)
    said = {note.field for note in (*report.left_out, *report.altered) if note.entity is Entity.TASK}
    copies = await tasks_by_title(target, report.target_project_id)
    translated = {"id", "raw_data", "version", "project_id", "parent_task_id", "sprint_id"}
    translated |= {"label_ids", "assignee_id", "assignee_ids"}
    for task in await source.list_tasks(story.id):
        copied = copies[task.title]
        for name in ("title", "status", "created_at", "author_id", "completed_at", "updated_at", "priority"):
            assert getattr(task, name) == getattr(copied, name) or name in said, name
        for name in translated - {"id", "raw_data", "version", "assignee_id"}:
            assert bool(getattr(task, name)) == bool(getattr(copied, name)), name


@pytest.mark.parametrize(
    "operation",
    [
        "create_comment",
        "create_label",
        "create_sprint",
        "create_relation",
        "create_attachment",
        "create_checklist",
    ],
)
async def test_kinds_that_the_target_does_not_have(source, target, story, operation):
    narrow(target, operations={operation: unsupported("not here")})
    report = await copy_project(source, target, story.id)
    assert report.ok
    entity = operation.removeprefix("create_")
    assert (entity, None) in notes(report.left_out)
    assert Entity(entity) not in report.created


async def test_kinds_that_the_source_does_not_have(source, target, story):
    gone = ("list_comments", "list_labels", "list_sprints", "list_relations", "list_time_entries")
    narrow(
        source,
        operations=dict.fromkeys((*gone, "list_attachments", "list_checklists"), unsupported("not here")),
    )
    report = await copy_project(source, target, story.id)
    assert report.ok
    assert set(report.created) == {Entity.PROJECT, Entity.TASK}


async def test_rejected_fields_are_left_out_with_the_targets_reason(source, target, story, monkeypatch):
    real = type(target)._create_tasks

    async def picky(self, tasks, progress):
        result = await real(self, [task for task in tasks if task.priority != "high"], progress)
        made = iter(result)
        error = ValidationError(fields={"priority": "'high' is unknown; the system has: low"})
        outcomes = (
            [
                replace(next(made), index=index)
                if task.priority != "high"
                else type(result.outcomes[0])(index, error=error)
                for index, task in enumerate(tasks)
            ]
            if result.outcomes
            else [_failed(index, error) for index, _ in enumerate(tasks)]
        )
        return type(result)(tuple(outcomes))

    monkeypatch.setattr(type(target), "_create_tasks", picky)
    report = await copy_project(source, target, story.id)
    assert report.ok
    assert report.created[Entity.TASK] == 2
    [note] = [note for note in report.left_out if note.field == "priority"]
    assert note.reason == "rejected by the target: 'high' is unknown; the system has: low"
    child = (await tasks_by_title(target, report.target_project_id))["Child"]
    assert child.parent_task_id


def _failed(index, error):
    from pm_providers.contract import BatchOutcome

    return BatchOutcome(index, error=error)


async def test_a_write_that_may_have_happened_is_not_repeated(source, target, story, monkeypatch):
    calls = []

    async def strict(self, fields):
        calls.append(fields)
        error = ValidationError("written, but not as asked", fields={"color": "grey"})
        error.maybe_applied = True
        raise error

    monkeypatch.setattr(type(target), "_create_label", strict)
    report = await copy_project(source, target, story.id)
    assert len(calls) == 1
    assert [failure.entity for failure in report.failed] == [Entity.LABEL]
    assert notes(report.left_out)["task", "label_ids"] == 1
    with pytest.raises(ValidationError, match="not as asked"):
        report.raise_for_errors()


async def test_a_lost_connection_ends_the_copy_with_the_report_kept(source, target, story, monkeypatch):
    async def broken(self, fields):
        raise TransportError("connection dropped")

    monkeypatch.setattr(type(target), "_create_comment", broken)
    report = CopyReport()
    with pytest.raises(TransportError):
        await copy_project(source, target, story.id, report=report)
    assert report.created[Entity.TASK] == 2
    assert report.target_project_id


async def test_a_single_failure_does_not_stop_the_others(source, target, story, monkeypatch):
    async def taken(self, fields):
        raise ConflictError("exists")

    monkeypatch.setattr(type(target), "_create_relation", taken)
    report = await copy_project(source, target, story.id)
    assert [failure.entity for failure in report.failed] == [Entity.RELATION]
    assert report.created[Entity.COMMENT] == 2


async def test_internal_comments_are_not_made_public(source, target, story):
    child = (await tasks_by_title(source, story.id))["Child"]
    await source.create_comment(PMComment(task_id=child.id, body="secret price", is_internal=True))
    narrow(target, fields={(Entity.COMMENT, "is_internal"): unsupported("all comments are public")})
    report = await copy_project(source, target, story.id)
    copied = (await tasks_by_title(target, report.target_project_id))["Child"]
    assert not any("secret" in one.body for one in await target.list_comments(copied.id))
    assert notes(report.left_out)["comment", None] == 1


async def test_into_an_existing_project_uses_what_is_there(source, target, story):
    there = await target.create_project(PMProject(name="Elsewhere"))
    sprint = await target.create_sprint(PMSprint(name="SPRINT 1 ", project_id=there.id))
    label = await target.create_label(PMLabel(name="Backend", project_id=there.id))
    report = await copy_project(source, target, story.id, into=there.id)
    epic = (await tasks_by_title(target, there.id))["Epic"]
    assert (epic.sprint_id, epic.label_ids) == (sprint.id, [label.id])
    assert report.matched[Entity.SPRINT] == report.matched[Entity.LABEL] == 1
    assert (await target.get_project(there.id)).name == "Elsewhere"


async def test_wrong_ends_are_refused(source, target, story):
    with pytest.raises(NotFoundError, match="nowhere"):
        await copy_project(source, target, "nowhere")
    with pytest.raises(NotFoundError, match="nowhere"):
        await copy_project(source, target, story.id, into="nowhere")
    with pytest.raises(ValidationError, match="into"):
        await copy_project(source, source, story.id, into=story.key)
    assert await target.list_projects() == []


async def test_parents_come_first_whatever_the_order(source, target):
    project = await make_project(source)
    made = await source.create_tasks(PMTask(title=f"T{n}", project_id=project.id) for n in range(40))
    ids = [task.id for task in made.items]
    result = await source.update_tasks([(one, {"parent_task_id": above}) for one, above in pairwise(ids)])
    assert result.ok
    report = await copy_project(source, target, project.id)
    copies = await tasks_by_title(target, report.target_project_id)
    assert len(copies) == 40
    assert all(copies[f"T{n}"].parent_task_id == copies[f"T{n + 1}"].id for n in range(39))
    assert copies["T39"].parent_task_id is None


async def test_a_parent_that_cannot_be_copied_is_noted(source, target, monkeypatch):
    project = await make_project(source)
    parent = await source.create_task(PMTask(title="Epic", project_id=project.id))
    await source.create_task(PMTask(title="Child", project_id=project.id, parent_task_id=parent.id))
    real = type(target)._create_tasks

    async def no_epics(self, tasks, progress):
        if any(task.title == "Epic" for task in tasks):
            from pm_providers.contract import BatchResult

            return BatchResult(tuple(_failed(index, ConflictError("no")) for index, _ in enumerate(tasks)))
        return await real(self, tasks, progress)

    monkeypatch.setattr(type(target), "_create_tasks", no_epics)
    report = await copy_project(source, target, project.id)
    assert [failure.source_id for failure in report.failed] == [parent.id]
    assert notes(report.left_out)["task", "parent_task_id"] == 1
    assert list(await tasks_by_title(target, report.target_project_id)) == ["Child"]


async def test_what_the_target_changes_afterwards_is_noted(source, target, story, monkeypatch):
    real = type(target)._create_relation

    async def rescheduling(self, fields):
        await self.update_task(fields["to_task_id"], {"due_date": date(2027, 1, 1)})
        return await real(self, fields)

    monkeypatch.setattr(type(target), "_create_relation", rescheduling)
    report = await copy_project(source, target, story.id)
    assert notes(report.altered)["task", "due_date"] == 1


async def test_long_texts_are_shortened_and_noted(source, target, story):
    limits = replace(target.capabilities.limits, lengths={"task.title": 3}, assignees=1)
    narrow(target, limits=limits)
    report = await copy_project(source, target, story.id)
    assert set(await tasks_by_title(target, report.target_project_id)) == {"Ep…", "Ch…"}
    assert notes(report.altered)["task", "title"] == 2


async def test_attachments_without_a_file_are_left_out(source, target, story, monkeypatch):
    async def refused(attachment_id, **_):
        raise UnsupportedError(f"attachment {attachment_id}: a link", reason="a link")

    monkeypatch.setattr(source, "download_attachment", refused)
    report = await copy_project(source, target, story.id)
    assert report.ok
    [note] = [one for one in report.left_out if (one.entity, one.field) == (Entity.ATTACHMENT, None)]
    assert (note.reason, note.count) == ("a link", 1)


async def test_too_large_attachments_are_left_out(source, target, story):
    narrow(target, limits=replace(target.capabilities.limits, attachment_bytes=3))
    report = await copy_project(source, target, story.id)
    assert notes(report.left_out)["attachment", None] == 1
    assert report.ok


async def test_relations_of_types_that_the_target_has_not(source, target, story):
    narrow(target, limits=replace(target.capabilities.limits, relation_types=("relates",)))
    report = await copy_project(source, target, story.id)
    assert [note.reason for note in report.left_out if note.entity is Entity.RELATION] == [
        "the target has no relations of type blocks"
    ]
    assert report.ok


async def test_relations_that_leave_the_project(source, target, story):
    other = await make_project(source, key="OTHER")
    outside = await source.create_task(PMTask(title="Outside", project_id=other.id))
    epic = (await tasks_by_title(source, story.id))["Epic"]
    await source.create_relation(PMRelation(from_task_id=epic.id, to_task_id=outside.id, type="relates"))
    report = await copy_project(source, target, story.id)
    assert notes(report.left_out)["relation", None] == 1
    assert report.created[Entity.RELATION] == 1


async def test_progress_and_plain_report(source, target, story):
    seen = []
    report = await copy_project(source, target, story.id, on_progress=lambda *step: seen.append(step))
    assert ("comments", 2, 2) in seen
    assert {"sprints", "labels", "tasks", "relations", "comments", "time_entries", "attachments"} <= {
        stage for stage, _, _ in seen
    }
    plain = report.as_dict()
    assert plain["created"]["tasks"] == 2
    assert plain["ok"] is True
    assert all(
        set(note) == {"entity", "field", "reason", "count", "examples", "is_routine"}
        for note in plain["left_out"]
    )


async def test_hours_of_whom_the_target_refuses_keep_their_name(source, target, story, monkeypatch):
    """Otherwise they would count as the copying account's own."""
    ada = await target.create_user(PMUser(name="A. Lovelace", email="ada@example.com"))
    real = type(target)._create_time_entry

    async def members_only(self, fields):
        if fields.get("user_id") == ada.id:
            raise ValidationError(fields={"user_id": "is no member"})
        return await real(self, fields)

    monkeypatch.setattr(type(target), "_create_time_entry", members_only)
    report = await copy_project(source, target, story.id)
    [entry] = await target.list_time_entries(project_id=report.target_project_id)
    assert (entry.comment, entry.hours) == ("[Ada *L*] wrote", 1.25)
    assert notes(report.altered)["time_entry", "user_id"] == 1
    assert notes(report.left_out)["time_entry", "user_id"] == 1


async def test_names_in_texts_make_none_too_long(source, target, story):
    """The text is shortened by what the name takes, not left out."""
    lengths = {"time_entry.comment": 12, "comment.body": 20}
    narrow(target, limits=replace(target.capabilities.limits, lengths=lengths))
    report = await copy_project(source, target, story.id)
    [entry] = await target.list_time_entries(project_id=report.target_project_id)
    assert entry.comment == "[Ada *L*] w…"
    assert report.created[Entity.COMMENT] == 2
    assert notes(report.altered)["time_entry", "comment"] == 1
    assert notes(report.altered)["comment", "body"] == 2


async def test_a_priority_that_the_target_computes_is_noted(source, target, story, monkeypatch):
    real = type(target)._create_relation

    async def computing(self, fields):
        await self.update_task(fields["from_task_id"], {"priority": "low"})
        return await real(self, fields)

    monkeypatch.setattr(type(target), "_create_relation", computing)
    report = await copy_project(source, target, story.id)
    assert notes(report.altered)["task", "priority"] == 1
