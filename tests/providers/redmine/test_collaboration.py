"""Comments, relations, attachments and time entries against a real server: what it says, and what it hides."""

from __future__ import annotations

from datetime import date

import httpx2
import pytest

from pm_providers import (
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    PMAttachment,
    PMComment,
    PMError,
    PMRelation,
    PMTimeEntry,
    ValidationError,
)
from tests.providers.redmine.office import DEVELOPMENT, REPORTER, Faulty

pytestmark = pytest.mark.redmine

MISSING = "99999999"
DAY = date(2026, 3, 2)


def _writes_issue(request: httpx2.Request) -> bool:
    return request.method == "PUT" and "/issues/" in request.url.path


class TestComments:
    """Journal entries with notes."""

    async def test_life_of_a_comment(self, provider, office, task):
        """Changes of the issue are no comments; a comment that came with a change is emptied, not deleted."""
        made = await provider.create_comment(PMComment(task_id=task, body="first"))
        assert (made.body, made.author_name, made.is_internal) == ("first", "Redmine Admin", False)
        assert made.url == f"{office.server.url}/issues/{task}#change-{made.id}"
        assert made.warnings == ()
        office.call("PUT", f"issues/{task}", {"issue": {"subject": "Renamed"}})
        office.call("PUT", f"issues/{task}", {"issue": {"subject": "Again", "notes": "with a change"}})
        _, second = await provider.list_comments(task)
        assert second.body == "with a change"
        changed = await provider.update_comment(second.id, {"body": "changed"}, task_id=task)
        assert (changed.id, changed.body) == (second.id, "changed")
        assert await provider.delete_comment(second.id, task_id=task) is True
        assert await provider.delete_comment(second.id, task_id=task) is False
        assert await provider.list_comments(task) == [made]
        assert len(office.issue(task, "journals")["journals"]) == 3

    async def test_same_text_twice(self, provider, task):
        """The new entry is told from an older one with the same words."""
        made = [await provider.create_comment(PMComment(task_id=task, body="ping")) for _ in range(2)]
        assert await provider.list_comments(task) == made
        assert made[0].id != made[1].id

    async def test_entries_without_text_are_no_comments(self, provider, office, task):
        """Nobody writes a text into the journal entry of a change."""
        office.call("PUT", f"issues/{task}", {"issue": {"subject": "Renamed"}})
        [entry] = office.issue(task, "journals")["journals"]
        with pytest.raises(NotFoundError, match="there is no comment"):
            await provider.update_comment(str(entry["id"]), {"body": "x"}, task_id=task)
        assert await provider.delete_comment(str(entry["id"]), task_id=task) is False
        assert office.issue(task, "journals")["journals"] == [entry]

    @pytest.mark.parametrize("blank", ["&nbsp;", "&#32;"])
    async def test_blanks_delete_no_comment(self, provider, task, blank):
        """The server deletes an entry whose notes are blank, and stores none."""
        made = await provider.create_comment(PMComment(task_id=task, body="kept"))
        for call in (
            provider.update_comment(made.id, {"body": blank}, task_id=task),
            provider.create_comment(PMComment(task_id=task, body=blank)),
        ):
            with pytest.raises(ValidationError) as caught:
                await call
            assert set(caught.value.fields) == {"body"}
        assert await provider.list_comments(task) == [made]

    async def test_comment_of_another_task(self, provider, office, project, task):
        """An id goes with its task: a comment is not changed by way of another one."""
        made = await provider.create_comment(PMComment(task_id=task, body="mine"))
        other = office.task(project)
        with pytest.raises(NotFoundError):
            await provider.update_comment(made.id, {"body": "x"}, task_id=other)
        assert await provider.delete_comment(made.id, task_id=other) is False
        assert await provider.list_comments(task) == [made]

    @pytest.mark.parametrize("task_id", [None, ""])
    async def test_task_is_needed(self, provider, task_id):
        """Journal entries cannot be read alone."""
        for call in (
            provider.update_comment("1", {"body": "x"}, task_id=task_id),
            provider.delete_comment("1", task_id=task_id),
        ):
            with pytest.raises(ValidationError) as caught:
                await call
            assert "is needed" in caught.value.fields["task_id"]

    async def test_task_that_does_not_exist(self, provider):
        """Named by field on creation."""
        for task in (MISSING, "1.5"):
            with pytest.raises(ValidationError) as caught:
                await provider.create_comment(PMComment(task_id=task, body="x"))
            assert "task_id" in caught.value.fields
            with pytest.raises(NotFoundError):
                await provider.list_comments(task)

    async def test_private_notes(self, office, project, task):
        """Who may write them does; who may not is refused before anything is stored for all to see."""
        developer, reporter = office.person(project), office.person(project, REPORTER)
        async with office.provider(developer) as allowed:
            made = await allowed.create_comment(PMComment(task_id=task, body="secret", is_internal=True))
            assert made.is_internal is True
        transport = Faulty()
        async with office.provider(reporter, transport) as refused:
            with pytest.raises(PermissionDeniedError, match="would be seen by all"):
                await refused.create_comment(PMComment(task_id=task, body="mine too", is_internal=True))
            assert transport.count("PUT") == 0
            assert await refused.list_comments(task) == []
            open_one = await refused.create_comment(PMComment(task_id=task, body="open", is_internal=False))
            assert (open_one.is_internal, open_one.warnings) == (False, ())

    async def test_without_the_right_to_comment(self, office, project, task):
        """The server answers 204 and stores nothing: that is no success. The same text of before is no excuse."""
        outside = office.person()
        office.call("PUT", f"projects/{project}", {"project": {"is_public": False}})
        async with office.provider() as admin:
            await admin.create_comment(PMComment(task_id=task, body="hello"))
        dropped = Faulty(answer=lambda request: httpx2.Response(204) if _writes_issue(request) else None)
        async with office.provider(transport=dropped) as mute:
            with pytest.raises(PermissionDeniedError, match="may not comment"):
                await mute.create_comment(PMComment(task_id=task, body="hello"))
        async with office.provider(outside) as outsider:
            with pytest.raises(ValidationError):
                await outsider.create_comment(PMComment(task_id=task, body="hello"))

    async def test_comments_of_others(self, office, provider, project, task):
        """Without the right to edit them, they are refused, and stay."""
        made = await provider.create_comment(PMComment(task_id=task, body="mine"))
        async with office.provider(office.person(project, REPORTER)) as other:
            with pytest.raises(PermissionDeniedError):
                await other.update_comment(made.id, {"body": "x"}, task_id=task)
            with pytest.raises(PermissionDeniedError):
                await other.delete_comment(made.id, task_id=task)
        assert await provider.list_comments(task) == [made]

    async def test_lost_answer(self, office, task):
        """A comment whose answer got lost is found, and sent once."""
        transport = Faulty(lose=_writes_issue)
        async with office.provider(transport=transport) as provider:
            made = await provider.create_comment(PMComment(task_id=task, body="once"))
            assert [one.id for one in await provider.list_comments(task)] == [made.id]
        assert transport.count("PUT") == 1

    async def test_lost_request(self, office, task):
        """Where it is not there, the error says that it may come."""

        def broken(request: httpx2.Request) -> None:
            if _writes_issue(request):
                raise httpx2.ReadError("the connection broke", request=request)

        async with office.provider(transport=Faulty(answer=broken)) as provider:
            with pytest.raises(PMError) as caught:
                await provider.create_comment(PMComment(task_id=task, body="never"))
            assert caught.value.maybe_applied
            assert await provider.list_comments(task) == []

    async def test_somebody_was_faster(self, office, task):
        """The server refuses to write over a change that just came: nothing was stored, so it is sent again."""
        answers = iter([httpx2.Response(422, json={"errors": []}), httpx2.Response(422, json={"errors": []})])
        transport = Faulty(answer=lambda request: next(answers, None) if _writes_issue(request) else None)
        async with office.provider(transport=transport) as provider:
            made = await provider.create_comment(PMComment(task_id=task, body="third time"))
            assert [one.id for one in await provider.list_comments(task)] == [made.id]
        assert transport.count("PUT") == 3


class TestRelations:
    """Relations between issues."""

    async def test_stored_one_way(self, provider, office, project, task):
        """`relates` is stored from the lower number; what was asked for holds both ways."""
        other = office.task(project)
        made = await provider.create_relation(PMRelation("", other, task, "relates"))
        assert (made.from_task_id, made.to_task_id, made.warnings) == (task, other, ())
        assert await provider.list_relations(other) == [made] == await provider.list_relations(task)

    async def test_who_sees_the_task_sees_them(self, office, provider, project, task):
        """Without the right to change them, and in a closed project."""
        made = await provider.create_relation(
            PMRelation(from_task_id=task, to_task_id=office.task(project), type="blocks")
        )
        async with office.provider(office.person(project, REPORTER)) as reporter:
            assert await reporter.list_relations(task) == [made]
            office.call("PUT", f"projects/{project}/close")
            assert await reporter.list_relations(task) == [made]

    @pytest.mark.parametrize("language", ["en", "de"])
    async def test_related_already(self, office, project, task, language):
        """A conflict that names the relation, whichever language the account speaks."""
        other = office.task(project)
        person = office.person(project, language=language)
        async with office.provider(person) as provider:
            made = await provider.create_relation(PMRelation("", task, other, "blocks"))
            for kind in ("blocks", "precedes"):
                with pytest.raises(ConflictError, match=f"{task} blocks {other} .relation {made.id}"):
                    await provider.create_relation(PMRelation("", task, other, kind))
            with pytest.raises(ConflictError):
                await provider.create_relation(PMRelation("", other, task, "relates"))
            with pytest.raises(ValidationError):
                await provider.create_relation(PMRelation("", other, task, "blocks"))
            with pytest.raises(ValidationError) as caught:
                await provider.create_relation(PMRelation("", other, MISSING, "blocks"))
            assert list(caught.value.fields) == ["to_task_id"]
            with pytest.raises(ValidationError) as caught:
                await provider.create_relation(PMRelation("", MISSING, other, "blocks"))
            assert list(caught.value.fields) == ["from_task_id"]
            assert await provider.list_relations(task) == [made]

    async def test_lag(self, provider, office, project, task):
        """Days between the two; other types have none, and are refused instead of losing it."""
        other = office.task(project)
        with pytest.raises(ValidationError, match="only a relation of type precedes"):
            await provider.create_relation(PMRelation("", task, other, "blocks", lag_days=2))
        made = await provider.create_relation(PMRelation("", task, other, "follows", lag_days=2))
        assert (made.from_task_id, made.to_task_id, made.lag_days) == (other, task, 2)
        assert made.warnings == ()

    @pytest.mark.parametrize("kind", ["includes", "requires", "part_of", "required_by"])
    async def test_types_that_there_are_not(self, provider, task, kind):
        """Refused by name, with those that there are."""
        with pytest.raises(ValidationError, match="it has: relates, blocks, precedes, duplicates"):
            await provider.create_relation(PMRelation("", task, MISSING, kind))

    async def test_copies(self, provider, office, project, task):
        """A copy is related to its original."""
        other = office.task(project)
        body = {"relation": {"issue_to_id": int(other), "relation_type": "copied_from"}}
        office.call("POST", f"issues/{task}/relations", body)
        [found] = await provider.list_relations(task)
        assert (found.from_task_id, found.to_task_id, found.type) == (other, task, "relates")
        assert found.raw_data["relation_type"] == "copied_to"

    async def test_ids_of_no_use(self, provider, task):
        """Ids that are no numbers are not sent."""
        for wrong in ("1.5", "x", "../1"):
            assert await provider.delete_relation(wrong) is False
            with pytest.raises(NotFoundError):
                await provider.list_relations(wrong)
        with pytest.raises(ValidationError, match="related to itself"):
            await provider.create_relation(PMRelation("", task, task, "relates"))


class TestAttachments:
    """Uploads, attached by token."""

    async def test_kept_as_sent(self, provider, office, task):
        """Type, description and bytes; the address does not follow the host name of the administration."""
        draft = PMAttachment(
            task_id=task, file_name="Übersicht.txt", content_type="text/x-odd", description="d"
        )
        made = await provider.create_attachment(draft, b"\0\xff")
        assert (made.content_type, made.description, made.size_bytes) == ("text/x-odd", "d", 2)
        assert made.url == f"{office.server.url}/attachments/download/{made.id}"
        assert made.warnings == ()
        assert await provider.download_attachment(made.id) == b"\0\xff"

    async def test_names_are_cleaned(self, provider, task):
        """With a warning."""
        made = await provider.create_attachment(PMAttachment(task_id=task, file_name='../a"b.txt'), b"x")
        assert made.file_name == "a_b.txt"
        assert [warning.field for warning in made.warnings] == ["file_name"]

    async def test_update(self, provider, office, project, task):
        """Name and description; by way of its own task only."""
        made = await provider.create_attachment(
            PMAttachment(task_id=task, file_name="a.txt", description="d"), b"x"
        )
        changed = await provider.update_attachment(
            made.id, {"file_name": "b.txt", "description": None}, task_id=task
        )
        assert (changed.id, changed.file_name, changed.description) == (made.id, "b.txt", None)
        assert await provider.list_attachments(task) == [changed]
        for wrong in (office.task(project), MISSING):
            with pytest.raises(NotFoundError):
                await provider.update_attachment(made.id, {"file_name": "c.txt"}, task_id=wrong)
        with pytest.raises(ValidationError, match="is needed"):
            await provider.update_attachment(made.id, {"file_name": "c.txt"})
        assert await provider.list_attachments(task) == [changed]

    async def test_too_long_a_name(self, provider, task):
        """Refused by field; nothing is attached."""
        with pytest.raises(ValidationError) as caught:
            await provider.create_attachment(PMAttachment(task_id=task, file_name="x" * 300), b"x")
        assert "file_name" in caught.value.fields
        assert await provider.list_attachments(task) == []

    async def test_nothing_is_uploaded_for_a_missing_task(self, office):
        """The task is looked for first."""
        transport = Faulty()
        async with office.provider(transport=transport) as provider:
            with pytest.raises(ValidationError) as caught:
                await provider.create_attachment(PMAttachment(task_id=MISSING, file_name="a"), b"x")
        assert "task_id" in caught.value.fields
        assert transport.count("POST") == 0

    async def test_not_attached(self, office, task):
        """204 is no success: an upload that no task got is told."""
        dropped = Faulty(answer=lambda request: httpx2.Response(204) if _writes_issue(request) else None)
        async with office.provider(transport=dropped) as provider:
            with pytest.raises(PermissionDeniedError, match="may not attach it"):
                await provider.create_attachment(PMAttachment(task_id=task, file_name="a"), b"x")

    async def test_lost_answer(self, office, task):
        """A token works once: it is sent once, and the file is found."""
        transport = Faulty(lose=_writes_issue)
        async with office.provider(transport=transport) as provider:
            made = await provider.create_attachment(PMAttachment(task_id=task, file_name="a"), b"x")
            assert [one.id for one in await provider.list_attachments(task)] == [made.id]
        assert transport.count("PUT") == 1

    async def test_ids_of_no_use(self, provider):
        """Ids that are no numbers are not sent."""
        assert await provider.delete_attachment("../issues/1") is False
        for wrong in ("../issues/1", MISSING):
            with pytest.raises(NotFoundError):
                await provider.download_attachment(wrong)


class TestTimeEntries:
    """Hours on issues."""

    async def test_life_of_an_entry(self, provider, office, project, task):
        """The project follows the task, the activity is read back by name."""
        draft = PMTimeEntry("", task, 1.5, DAY, comment="c", activity=str(DEVELOPMENT))
        made = await provider.create_time_entry(draft)
        me = str(office.call("GET", "users/current")["user"]["id"])
        assert (made.activity, made.project_id, made.user_id) == ("Development", project, me)
        assert made.warnings == ()
        elsewhere = office.project()
        other = office.task(elsewhere)
        changed = await provider.update_time_entry(
            made.id, {"task_id": other, "comment": None, "activity": "DESIGN", "hours": 2.0}
        )
        assert (changed.task_id, changed.project_id, changed.comment) == (other, elsewhere, None)
        assert (changed.activity, changed.hours, changed.warnings) == ("Design", 2.0, ())
        assert await provider.list_time_entries(task) == []
        assert await provider.list_time_entries(other) == [changed]
        assert await provider.delete_time_entry(made.id) is True
        assert await provider.delete_time_entry(made.id) is False

    async def test_first_activity_without_any(self, provider, task):
        """The server would refuse the entry; no default is set."""
        made = await provider.create_time_entry(PMTimeEntry("", task, 1.0, DAY))
        assert made.activity == "Design"
        with pytest.raises(ValidationError, match="'Sleep' is unknown; the project has: Design, Development"):
            await provider.create_time_entry(PMTimeEntry("", task, 1.0, DAY, activity="Sleep"))

    async def test_hundredths(self, provider, office, task):
        """Hours are rounded before they are sent: sums hold what the entries tell. The loss is told."""
        made = await provider.create_time_entry(PMTimeEntry("", task, 1 / 3, DAY))
        assert made.hours == 0.33
        assert [warning.field for warning in made.warnings] == ["hours"]
        assert office.issue(task)["spent_hours"] == 0.33
        with pytest.raises(ValidationError, match=r"at least 0\.01"):
            await provider.create_time_entry(PMTimeEntry("", task, 0.004, DAY))
        with pytest.raises(ValidationError):
            await provider.create_time_entry(PMTimeEntry("", task, 1000.0, DAY))

    async def test_lists(self, provider, office):
        """Of a task alone, of a project without its subprojects; oldest day first."""
        project = office.project()
        task, twin = office.task(project), office.task(project)
        below = office.task(office.project(parent_id=int(project)))
        days = [date(2026, 3, 3), date(2026, 3, 1), date(2026, 3, 2)]
        late, early, middle = [
            await provider.create_time_entry(PMTimeEntry("", one, 1.0, day))
            for one, day in zip((task, task, twin), days, strict=True)
        ]
        deep = await provider.create_time_entry(PMTimeEntry("", below, 1.0, DAY))
        assert await provider.list_time_entries(task) == [early, late]
        assert await provider.list_time_entries(project_id=project) == [early, middle, late]
        assert await provider.list_time_entries(task, project_id=project) == [early, late]
        key = office.call("GET", f"projects/{project}")["project"]["identifier"]
        assert await provider.list_time_entries(project_id=key, limit=1) == [early]
        assert {late.id, deep.id} <= {one.id for one in await provider.list_time_entries()}

    async def test_unknown_ends(self, provider, task):
        """Tasks, projects, people and entries that do not exist."""
        for wrong in (MISSING, "x"):
            with pytest.raises(NotFoundError):
                await provider.list_time_entries(wrong)
            with pytest.raises(NotFoundError):
                await provider.list_time_entries(project_id=wrong)
            with pytest.raises(NotFoundError):
                await provider.update_time_entry(wrong, {"hours": 1.0})
            assert await provider.delete_time_entry(wrong) is False
            with pytest.raises(ValidationError) as caught:
                await provider.create_time_entry(PMTimeEntry("", wrong, 1.0, DAY))
            assert "task_id" in caught.value.fields
        with pytest.raises(ValidationError) as caught:
            await provider.create_time_entry(PMTimeEntry("", task, 1.0, DAY, user_id=MISSING))
        assert "user_id" in caught.value.fields

    async def test_of_others(self, office, provider, project, task):
        """Administrators log for members; others are refused."""
        person, other = office.person(project), office.person(project)
        made = await provider.create_time_entry(PMTimeEntry("", task, 1.0, DAY, user_id=person.id))
        assert (made.user_id, made.warnings) == (person.id, ())
        async with office.provider(person) as limited:
            with pytest.raises(ValidationError) as caught:
                await limited.create_time_entry(PMTimeEntry("", task, 1.0, DAY, user_id=other.id))
            assert "user_id" in caught.value.fields

    @pytest.mark.parametrize("language", ["en", "de"])
    async def test_of_who_is_no_member(self, office, project, task, language):
        """Named as the reason, whatever the language of the refusal."""
        admin, other = office.person(admin=True, language=language), office.person()
        async with office.provider(admin) as provider:
            with pytest.raises(ValidationError) as caught:
                await provider.create_time_entry(
                    PMTimeEntry(task_id=task, hours=1, spent_on=DAY, user_id=other.id)
                )
        assert set(caught.value.fields) == {"user_id"}

    async def test_hidden_entries_are_no_empty_list(self, office, provider, project, task):
        """A module that is off hides them."""
        await provider.create_time_entry(PMTimeEntry("", task, 1.0, DAY))
        person = office.person(project)
        modules = {"enabled_module_names": ["issue_tracking"]}
        office.call("PUT", f"projects/{project}", {"project": modules})
        async with office.provider(person) as limited:
            with pytest.raises(PermissionDeniedError):
                await limited.list_time_entries(task)
