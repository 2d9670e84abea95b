"""What the server does with tasks, unasked, and that each of it is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import httpx2
import pytest

from pm_providers import AuthenticationError, NotFoundError, PMProject, PMSprint, PMTask, ValidationError
from pm_providers.transport import Timing
from tests.providers.redmine.office import DEVELOPER, MANAGER, REPORTER, Faulty, Office
from tests.support.redmine import redmine_server

pytestmark = pytest.mark.redmine


def warned(task):
    return {one.field: one.reason for one in task.warnings}


@pytest.mark.parametrize(
    ("field", "value"),
    [("start_date", date(2026, 5, 4)), ("due_date", date(2026, 5, 8)), ("progress", 70), ("priority", "low")],
)
async def test_values_of_a_parent_come_from_its_children(office, provider, project, field, value):
    """The server answers 204 and keeps what it computed: told, with the reason (recorded 08-…)."""
    parent = office.task(project)
    office.task(project, parent_issue_id=int(parent), priority_id=4, start_date=None)
    changed = await provider.update_task(parent, {field: value})
    assert "subtasks" in warned(changed)[field]
    async with office.provider(strict_writes=True) as strict:
        with pytest.raises(ValidationError) as caught:
            await strict.update_task(parent, {field: value})
    assert caught.value.maybe_applied
    assert field in caught.value.fields


async def test_independent_parents_keep_their_values():
    """Where an administrator switched the computing off, the same updates are stored."""
    office = Office(redmine_server(parent_issue_dates="independent", parent_issue_done_ratio="independent"))
    parent = office.task(project := office.project())
    office.task(project, parent_issue_id=int(parent))
    async with office.provider() as provider:
        changed = await provider.update_task(parent, {"due_date": date(2027, 5, 8), "progress": 70})
    assert (changed.warnings, changed.due_date, changed.progress) == ((), date(2027, 5, 8), 70)
    office.close()


async def test_the_first_status_is_the_trackers_the_next_one_ours(office, provider, project):
    """A status that a new issue does not get at once is reached by a second step (recorded, note 3)."""
    for status in ("completed", "Resolved", "5"):
        made = await provider.create_task(PMTask(title="x", project_id=project, status=status))
        assert made.warnings == ()
        assert made.status_name in {"Closed", "Resolved"}


async def test_a_reporter_is_told_that_the_workflow_leads_nowhere(office, project):
    """Creation keeps the first status and says so; an update is refused before anything is written."""
    person = office.person(project, REPORTER)
    network = Faulty()
    async with office.provider(person, network) as provider:
        made = await provider.create_task(PMTask(title="x", project_id=project, status="completed"))
        assert (made.status, "workflow" in warned(made)["status"]) == ("todo", True)
        puts = network.count("PUT")
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(made.id, {"status": "in_progress", "title": "not written"})
        assert "workflow" in caught.value.fields["status"]
    assert network.count("PUT") == puts
    assert office.issue(made.id)["subject"] == "x"


async def test_a_field_that_the_role_may_not_write_is_told(office, project):
    """A reporter may add issues, but not edit them: the server answers 204 and does nothing."""
    person = office.person(project, REPORTER)
    task = office.task(project)
    async with office.provider(person) as provider:
        changed = await provider.update_task(task, {"title": "changed", "due_date": date(2026, 5, 8)})
    assert {"title", "due_date"} <= set(warned(changed))
    assert office.issue(task)["subject"] == "Task"


async def test_open_children_keep_their_parent_open(office, provider, project):
    """The closed statuses are not among those that are allowed next (recorded, note 24)."""
    parent = office.task(project)
    office.task(project, parent_issue_id=int(parent))
    with pytest.raises(ValidationError) as caught:
        await provider.update_task(parent, {"status": "completed"})
    assert "leads to" in caught.value.fields["status"]
    assert "Closed" not in caught.value.fields["status"]


async def test_reopening_forgets_when_it_was_completed(office, provider, project):
    """`closed_on` stays; it counts for closed tasks only (recorded, note 16)."""
    task = office.task(project)
    assert (await provider.update_task(task, {"status": "completed"})).completed_at is not None
    opened = await provider.update_task(task, {"status": "todo"})
    assert opened.completed_at is None
    assert office.issue(task)["closed_on"]


async def test_the_own_status_of_several_is_kept(office, provider, project):
    """Resolved and Feedback both read as in progress: writing that leaves either alone."""
    task = office.task(project)
    for name in ("Resolved", "Feedback"):
        assert (await provider.update_task(task, {"status": name})).status_name == name
        kept = await provider.update_task(task, {"status": "in_progress", "title": name})
        assert (kept.status_name, kept.warnings) == (name, ())


async def test_a_start_that_is_not_given_is_none(office, provider, project):
    """The server would take today (recorded, note 22)."""
    made = await provider.create_task(PMTask(title="x", project_id=project))
    assert made.start_date is None


async def test_what_a_move_takes_away_is_told(office, provider, project):
    """Version and category are dropped, the parent stays (recorded, note 25)."""
    sprint = await provider.create_sprint(PMSprint(name="S", project_id=project))
    body = {"issue_category": {"name": "Back end"}}
    label = str(office.call("POST", f"projects/{project}/issue_categories", body)["issue_category"]["id"])
    parent = office.task(project)
    task = office.task(
        project, parent_issue_id=int(parent), fixed_version_id=int(sprint.id), category_id=int(label)
    )
    moved = await provider.update_task(task, {"project_id": office.project()})
    assert {"sprint_id", "label_ids"} <= set(warned(moved))
    assert moved.project_id != project


async def test_ids_that_are_no_numbers_are_not_sent(office, provider):
    """`1.5` would read issue 1."""
    network = Faulty()
    async with office.provider(transport=network) as other:
        before = len(network.sent)
        for one in ("1.5", "1abc", "01", "-1", "1,2", "x/../1"):
            assert await other.get_task(one) is None
            assert await other.delete_task(one) is False
            with pytest.raises(NotFoundError):
                await other.update_task(one, {"title": "x"})
        assert len(network.sent) == before


async def test_a_tracker_that_the_project_lacks_is_refused(office, provider):
    """The server would take the project's first one without a word (recorded, note 3)."""
    project = office.project(tracker_ids=[1])
    with pytest.raises(ValidationError) as caught:
        await provider.create_task(PMTask(title="x", project_id=project, type="Feature"))
    assert "Bug" in caught.value.fields["type"]


async def test_lists_hold_closed_tasks_and_no_subprojects(office, provider, project):
    """Both are the other way round by default (recorded, notes 13, 14)."""
    child = office.project(parent_id=int(project))
    other = office.task(child)
    closed = office.task(project)
    await provider.update_task(closed, {"status": "completed"})
    assert [one.id for one in await provider.list_tasks(project)] == [closed]
    assert [one.id for one in await provider.list_tasks(child)] == [other]


async def test_updated_since_has_no_false_friends(office, provider, project):
    """Whole seconds on the wire, so that the filter lets some through that are older: they are left out."""
    office.task(project)
    later = datetime(2100, 1, 1, tzinfo=UTC)
    assert await provider.list_tasks(project, updated_since=later) == []
    assert len(await provider.list_tasks(project, updated_since=datetime(2000, 1, 1, tzinfo=UTC))) == 1


@pytest.mark.parametrize(("role", "admin"), [(MANAGER, False), (DEVELOPER, False), (MANAGER, True)])
async def test_custom_fields_by_name_for_everybody(office, project, role, admin):
    """Administrators are told the formats; others write and read the texts that are stored."""
    person = None if admin else office.person(project, role)
    office.task(project, tracker_id=3)  # tells those who are told no formats which fields there are
    async with office.provider(person) as provider:
        values = {
            "Whole number": 5,
            "Yes or no": True,
            "Choices": ["Linux", "macOS"],
            "Day": date(2026, 5, 8),
        }
        made = await provider.create_task(
            PMTask(title="x", project_id=project, type="Support", custom_fields=values)
        )
        assert made.warnings == ()
        if admin:
            assert {name: made.custom_fields[name] for name in values} == values
        else:
            assert made.custom_fields["Whole number"] == "5"
            assert made.custom_fields["Yes or no"] == "1"
        with pytest.raises(ValidationError) as caught:
            await provider.update_task(made.id, {"custom_fields": {"No such field": 1}})
        assert "Whole number" in str(caught.value)
        cleared = await provider.update_task(made.id, {"custom_fields": dict.fromkeys(values)})
        assert cleared.warnings == ()
        assert not set(values) & set(cleared.custom_fields)


async def test_a_lost_answer_to_a_change_is_found_out(office, project):
    """A change that was carried out twice is the same change: it is sent again and read back."""
    task = office.task(project)
    lost = iter([True])
    network = Faulty(lose=lambda request: request.method == "PUT" and next(lost, False))
    async with office.provider(transport=network) as provider:
        changed = await provider.update_task(task, {"title": "once"})
    assert (changed.title, changed.warnings) == ("once", ())


async def test_a_lost_answer_to_a_creation_is_no_second_task(office, project):
    """A creation is not sent again: the error says that it may have happened."""
    network = Faulty(lose=lambda request: request.method == "POST")
    async with office.provider(transport=network) as provider:
        with pytest.raises(Exception) as caught:
            await provider.create_task(PMTask(title="once", project_id=project))
        assert caught.value.maybe_applied
        assert len(await provider.list_tasks(project)) == 1


async def test_archived_projects_come_back(office, provider):
    """They can be read by nobody; the result of archiving is what was read before it (recorded 02-…)."""
    made = await provider.create_project(PMProject(name="Shelved", status="archived"))
    assert (made.status, made.warnings) == ("archived", ())
    assert await provider.get_project(made.id) is None
    with pytest.raises(NotFoundError):
        await provider.update_project(made.id, {"name": "x"})
    back = await provider.update_project(made.id, {"status": "active", "name": "Back"})
    assert (back.status, back.name, back.warnings) == ("active", "Back", ())
    assert await provider.delete_project(made.id) is True


async def test_an_unknown_parent_project_is_no_server_error(office, provider, project):
    """500 otherwise (recorded 02-projects: step 19)."""
    with pytest.raises(ValidationError) as caught:
        await provider.update_project(project, {"parent_project_id": "999999"})
    assert "parent_project_id" in caught.value.fields


async def test_no_key_of_anybody_is_in_a_record(office, provider):
    """Administrators are shown everybody's API key (recorded, note 33)."""
    person = office.person()
    user = await provider.get_user(person.id)
    assert user is not None
    assert person.key not in repr(user) + repr(user.raw_data)
    assert "api_key" not in (user.raw_data or {})
    me = await provider.get_current_user()
    assert office.server.api_key not in repr(me.raw_data)


async def test_a_task_whose_status_is_refused_is_told_not_made_twice(office, project):
    """The workflow may want more fields in the next status: the task is there all the same."""

    def answer(request: httpx2.Request) -> httpx2.Response | None:
        texts = {"errors": ["Due date cannot be blank"]}
        return httpx2.Response(422, json=texts) if request.method == "PUT" else None

    async with office.provider(transport=Faulty(answer=answer)) as provider:
        made = await provider.create_task(PMTask(title="x", project_id=project, status="completed"))
        assert "Due date cannot be blank" in warned(made)["status"]
        assert [one.id for one in await provider.list_tasks(project)] == [made.id]


async def test_updated_since_counts_whole_seconds(office, provider, project):
    """What changed half a second later is shown with the beginning of the second: it must not be missed."""
    shown = (await provider.get_task(office.task(project))).updated_at
    later = shown + timedelta(microseconds=999_999)
    assert len(await provider.list_tasks(project, updated_since=later)) == 1
    assert await provider.list_tasks(project, updated_since=shown + timedelta(seconds=1)) == []


async def test_updated_since_the_beginning_of_time(office, provider, project):
    """Years have four digits on the wire, or the server refuses them."""
    office.task(project)
    first = datetime.min.replace(tzinfo=UTC)
    assert len(await provider.list_tasks(project, updated_since=first)) == 1


@pytest.mark.parametrize("text", ['"q', '""', '"q" j', "q"])
async def test_searches_without_a_word(office, provider, project, text):
    """The server drops words of one letter, quotes aside, and answers without a count: looked for as it is."""
    task = office.task(project, subject=f"says {text} here")
    office.task(project, subject="nix")
    for where in (project, None):
        found = [one.id for one in await provider.search_tasks(text, project_id=where)]
        assert task in found
    assert [one.id for one in await provider.search_tasks(text, project_id=project)] == [task]


async def test_the_first_task_of_a_project_has_custom_fields_for_everybody(office):
    """Those who are told no formats know them from other projects, or from the project itself."""
    project = office.project()
    person = office.person(project, DEVELOPER)
    office.task(elsewhere := office.project())
    office.member(elsewhere, person.id, DEVELOPER)
    async with office.provider(person) as provider:
        draft = PMTask(title="x", project_id=project, type="Bug", custom_fields={"Short text": "first"})
        made = await provider.create_task(draft)
    assert (made.custom_fields["Short text"], made.warnings) == ("first", ())


async def test_a_key_that_is_not_accepted_any_more_deletes_nothing(office):
    """Public projects are shown to anybody: private tasks are missing then, but not gone."""
    project = office.project()
    person = office.person(project, MANAGER)
    office.task(project)
    hidden = office.task(project, is_private=True)
    now = [0.0]
    async with office.provider(person, timing=Timing(monotonic=lambda: now[0])) as provider:
        page = await provider.changes(project)
        assert hidden in {one.id for one in page.upserts}
        office.call("PUT", f"users/{person.id}", {"user": {"status": 3}})
        with pytest.raises(AuthenticationError):
            await provider.changes(project, page.cursor)


async def test_a_list_says_that_the_key_is_not_accepted_any_more(office):
    """It is asked again after a minute: what anonymous visitors see is not the project."""
    person = office.person(project := office.project(), MANAGER)
    now = [0.0]
    async with office.provider(person, timing=Timing(monotonic=lambda: now[0])) as provider:
        assert await provider.list_tasks(project) == []
        office.call("PUT", f"users/{person.id}", {"user": {"status": 3}})
        now[0] = 61.0
        with pytest.raises(AuthenticationError):
            await provider.list_tasks(project)


async def test_completed_tasks_stand_below_completed_ones(office, provider, project):
    """New issues are open, and the server takes no open one below a closed one."""
    parent = await provider.create_task(PMTask(title="Done", project_id=project, status="completed"))
    child = await provider.create_task(
        PMTask(title="Done, too", project_id=project, status="completed", parent_task_id=parent.id)
    )
    assert (child.warnings, child.status, child.parent_task_id) == ((), "completed", parent.id)


@pytest.mark.parametrize("language", ["en", "de"])
async def test_open_tasks_do_not_stand_below_completed_ones(office, provider, project, language):
    """The parent is named as the reason, and no task is made."""
    parent = await provider.create_task(PMTask(title="Done", project_id=project, status="completed"))
    async with office.provider(office.person(project, MANAGER, language=language)) as manager:
        for status in (None, "in_progress"):
            task = PMTask(title="Open", project_id=project, parent_task_id=parent.id)
            if status:
                task.status = status
            with pytest.raises(ValidationError) as caught:
                await manager.create_task(task)
            assert set(caught.value.fields) == {"parent_task_id"}
    assert [one.id for one in await provider.list_tasks(project)] == [parent.id]


async def test_a_step_below_a_completed_task_that_fails_is_told(office, project):
    """The task was made: it is told that it is open and has no parent."""
    network = Faulty(
        answer=lambda sent: (
            httpx2.Response(422, json={"errors": ["No"]}, request=sent) if sent.method == "PUT" else None
        )
    )
    async with office.provider() as provider:
        parent = await provider.create_task(PMTask(title="Done", project_id=project, status="completed"))
    async with office.provider(transport=network) as provider:
        task = PMTask(title="Half", project_id=project, status="completed", parent_task_id=parent.id)
        made = await provider.create_task(task)
    assert set(warned(made)) == {"status", "parent_task_id"}
    assert made.parent_task_id is None
