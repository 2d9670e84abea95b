"""Use cases of the sync over stored mappings: open, run, state and next step, conflicts, doctor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import update

from pm_providers.database import database_for
from pm_providers.database.schema_sync import sync_runs
from pm_providers.errors import (
    AuthenticationError,
    ConfigurationError,
    ConflictError,
    NotFoundError,
    ValidationError,
)
from pm_providers.model import PMProject, PMUser
from pm_providers.providers.internal import InternalProvider
from pm_providers.service.sync import run_sync
from pm_providers.service.sync_doctor import examine
from pm_providers.service.sync_setup import (
    MappingRequest,
    ask_connection,
    keep_connection,
    keep_mapping,
    projects_of,
    reconfigure,
)
from pm_providers.service.sync_state import (
    conflict_view,
    conflict_views,
    history,
    resolve,
    run_view,
    sync_status,
)
from pm_providers.store import (
    configure_mapping,
    get_connection,
    get_mapping,
    pause_mapping,
    remove_connection,
    remove_mapping,
    resume_mapping,
    update_connection,
)
from pm_providers.store.sync_state import take_lease
from pm_providers.store.sync_views import find_mapping
from pm_providers.sync.doctor import reasons_of
from pm_providers.sync.engine import RunOptions
from pm_providers.sync.policy import Policy
from tests.support.databases import sqlite_database


async def status(world):
    (found,) = await sync_status(world.db, world.mapping.id)
    return found


async def test_a_mapping_is_brought_in_step_and_says_so(mapped):
    assert (await status(mapped)).state == "new"
    task = await mapped.add_left("One", priority="high")
    await mapped.add_right("Two")
    seen = []
    result = await run_sync(mapped.db, "there", on_write=seen.append)
    assert (result.report.state, len(seen)) == ("done", 2)
    assert set(await mapped.on_left()) == set(await mapped.on_right()) == {"One", "Two"}
    found = await status(mapped)
    assert (found.state, found.left, found.right, found.right_type) == ("ok", "internal", "there", "internal")
    assert (found.counts.linked, found.counts.waiting, found.holder) == (2, 0, None)
    assert found.mapping.last_sync_at is not None
    assert (await run_sync(mapped.db)).report.writes == 0
    await mapped.left.update_task(task.id, {"priority": "low"})
    planned = await run_sync(mapped.db, mapped.mapping.id, RunOptions(dry=True))
    (decision,) = planned.report.decisions
    (step,) = decision.steps
    assert planned.naming.say("right", "priority", step.new) == "Low"
    assert (await mapped.on_right())["One"].priority == "high"
    approved = await run_sync(mapped.db, None, RunOptions(plan_id=planned.report.plan_id))
    assert approved.report.writes == 1


@pytest.mark.parametrize(("seconds", "word"), [(60, "running"), (-60, "new")])
async def test_a_run_that_died_is_not_told_as_running_for_ever(mapped, seconds, word):
    await take_lease(mapped.db, mapping_id := mapped.mapping.id, "ada:1", seconds)
    (found,) = await sync_status(mapped.db, mapping_id)
    assert (found.state, found.holder) == (word, "ada:1" if seconds > 0 else None)


async def test_the_history_tells_what_a_run_wrote_before_it_died(mapped):
    for title in ("One", "Two"):
        await mapped.add_left(title)
    await mapped.run()
    (done,) = await history(mapped.db)
    values = {"state": "running", "counts": {}, "error": None}
    await database_for(mapped.db).write(
        lambda conn: conn.execute(update(sync_runs).where(sync_runs.c.id == done.id).values(**values))
    )
    (found,) = await history(mapped.db)
    assert (found.state, found.counts, found.error) == ("failed", {"create": 2}, "it ended without a word")
    assert (await run_view(mapped.db, done.id)).run == found
    assert (await sync_status(mapped.db))[0].last_run == found
    await take_lease(mapped.db, mapped.mapping.id, "ada:1", 60)
    (going,) = await history(mapped.db)
    assert (going.state, going.counts, going.error) == ("running", {"create": 2}, None)


def test_a_reason_may_hold_semicolons():
    problem = (
        "labels: has no label 'urgent'; progress: there is none; only time computes one; custom:A: no; b"
    )
    assert reasons_of(problem) == [
        "labels: has no label 'urgent'",
        "progress: there is none; only time computes one",
        "custom:A: no; b",
    ]
    assert reasons_of("undone") == ["undone"]


async def test_names_stand_for_ids(mapped):
    ours = await mapped.left.create_user(PMUser(name="Grace", username="grace", email="g@example.com"))
    await mapped.right.create_user(PMUser(name="Grace H.", username="gh", email="G@example.com"))
    parent = await mapped.add_left("Parent", assignee_id=ours.id)
    await mapped.run()
    child = await mapped.add_left("Child")
    await mapped.run()
    await mapped.left.update_task(child.id, {"parent_task_id": parent.id, "assignee_id": ours.id})
    result = await run_sync(mapped.db, None, RunOptions(dry=True))
    (one,) = result.report.decisions
    said = {step.field: result.naming.say(one.side, step.field, step.new) for step in one.steps}
    assert said == {"parent": "Parent", "assignees": "Grace H."}


async def test_both_sides_may_be_connections(mapped, tmp_path):
    url = sqlite_database(tmp_path / "third.db")
    await keep_connection(mapped.db, "third", "internal", {"PM_DATABASE_URL": url})
    external = mapped.mapping.external_project_id
    await remove_mapping(mapped.db, mapped.mapping.id)
    kept = await keep_mapping(mapped.db, MappingRequest("there", external, left="third"))
    third = await get_connection(mapped.db, "third")
    assert kept.sync_config["left_connection"] == third.id
    await mapped.add_right("One")
    assert (await run_sync(mapped.db)).report.counts["create"] == 1
    assert [one.name for one in await projects_of(mapped.db, "third")] == ["Webshop"]
    assert await projects_of(mapped.db, None) != []
    assert (await sync_status(mapped.db))[0].left == "third"
    with pytest.raises(ConflictError, match="remove the mappings first"):
        await remove_connection(mapped.db, "third")
    with pytest.raises(ConflictError, match="mapped already"):
        await keep_mapping(mapped.db, MappingRequest("there", external, left="third"))


# what is wrong with a mapping


async def test_a_paused_mapping_does_not_run(mapped):
    await pause_mapping(mapped.db, mapped.mapping.id)
    await mapped.add_left("One")
    with pytest.raises(ConflictError, match="mappings resume"):
        await mapped.run()
    assert (await status(mapped)).state == "paused"
    assert (await mapped.run(dry=True)).planned == {"create": 1}
    await resume_mapping(mapped.db, mapped.mapping.id)
    assert (await mapped.run()).writes == 1


async def refused(self, project_id, cursor=None):
    raise AuthenticationError("the token was revoked", provider="internal", operation="changes")


async def test_a_revoked_token_stands_on_the_mapping(mapped, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(InternalProvider, "changes", refused)
        with pytest.raises(AuthenticationError):
            await mapped.run()
        patch.setattr(InternalProvider, "get_project", refused)
        commands = [one.command for one in (await examine(mapped.db))[1]]
        assert "pm-providers connections add there internal --replace" in commands
    found = await status(mapped)
    assert (found.state, found.holder) == ("blocked", None)
    assert "revoked" in found.problem
    assert "credentials" in found.next_step
    assert (await mapped.run()).state == "done"
    found = await status(mapped)
    assert (found.state, found.problem, found.next_step) == ("ok", None, None)


async def test_a_vanished_project_stands_on_the_mapping(mapped):
    await mapped.run()
    await mapped.right.delete_project(mapped.mapping.external_project_id)
    with pytest.raises(NotFoundError):
        await mapped.run()
    found = await status(mapped)
    assert found.state == "blocked"
    assert "no project" in found.problem
    assert "restore the project" in found.next_step
    _, findings = await examine(mapped.db)
    assert {one.level for one in findings} == {"error"}
    assert any("mappings remove" in one.command for one in findings)


async def test_credentials_of_another_key_stand_on_the_mapping(mapped, monkeypatch):
    monkeypatch.setenv("PM_ENCRYPTION_KEY", "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWY=")
    with pytest.raises(ConfigurationError):
        await mapped.run()
    found = await status(mapped)
    assert (found.state, "PM_ENCRYPTION_KEY" in found.problem) == ("blocked", True)
    assert "connections add NAME TYPE --replace" in found.next_step


async def test_malformed_options_stand_on_the_mapping(mapped):
    await configure_mapping(mapped.db, mapped.mapping.id, {"direction": "sideways"})
    with pytest.raises(ValidationError, match="direction"):
        await mapped.run()
    found = await status(mapped)
    assert (found.state, "mappings update" in found.next_step) == ("blocked", True)
    with pytest.raises(ValidationError, match="must be one of"):
        await reconfigure(mapped.db, None, {"direction": "up"}, {})
    await reconfigure(mapped.db, None, {"direction": "to_right"}, {})
    assert (await mapped.run()).state == "done"


# setting up


async def test_options_and_pairs_are_changed_one_by_one(mapped):
    await reconfigure(mapped.db, None, {"tie": "right"}, {"users": {"ada": "lovelace", "bob": "rob"}})
    await reconfigure(mapped.db, None, {"tie": None}, {"users": {"bob": ""}, "statuses": {"A": "B"}})
    found = await get_mapping(mapped.db, mapped.mapping.id)
    assert found.sync_config == {
        "settle_s": 0,
        "pairs": {"users": {"ada": "lovelace"}, "statuses": {"A": "B"}},
    }
    with pytest.raises(ValidationError, match="cannot be paired"):
        await reconfigure(mapped.db, None, {}, {"colours": {"a": "b"}})
    with pytest.raises(ValidationError, match="no connection"):
        await configure_mapping(mapped.db, found.id, {"left_connection": "nowhere"})


async def test_both_ends_are_looked_at_before_anything_is_kept(mapped):
    other = await mapped.right.create_project(PMProject(name="Other"))
    before = len(await projects_of(mapped.db, None))
    for request, error in (
        (MappingRequest("nowhere", other.id), NotFoundError),
        (MappingRequest("there", "nothing"), NotFoundError),
        (MappingRequest("there", other.id, project="nothing"), NotFoundError),
        (MappingRequest("there", other.id, config={"colour": "red"}), ValidationError),
        (MappingRequest("there", mapped.mapping.external_project_id), ConflictError),
        (MappingRequest("there", other.id, project=other.id, left="there"), ConflictError),
    ):
        with pytest.raises(error):
            await keep_mapping(mapped.db, request)
    assert len(await projects_of(mapped.db, None)) == before
    assert len(await sync_status(mapped.db)) == 1


async def test_a_connection_is_stored_changed_and_asked(mapped):
    with pytest.raises(ConflictError):
        await keep_connection(mapped.db, "there", "internal", {"PM_DATABASE_URL": mapped.there_url})
    with pytest.raises(ValidationError, match="no setting of internal"):
        await keep_connection(mapped.db, "x", "internal", {"JIRA_URL": "https://jira.example.com"})
    with pytest.raises(ConfigurationError, match="unknown provider"):
        await keep_connection(mapped.db, "x", "jirra", {})
    changed = await keep_connection(
        mapped.db,
        "there",
        "internal",
        {"PM_DATABASE_URL": mapped.there_url, "PM_INTERNAL_USER": "grace"},
        replace=True,
    )
    assert changed.username == "grace"
    answer = await ask_connection(mapped.db, "there")
    assert (answer.health.ok, answer.health.user.username) == (True, "grace")
    await update_connection(mapped.db, "there", {"additional_config": {"database_url": "mysql://x/y"}})
    with pytest.raises(ConfigurationError):
        await ask_connection(mapped.db, "there")


async def test_mappings_are_found_by_what_people_call_them(mapped):
    one = mapped.mapping
    for reference in (None, one.id, one.id[-8:], one.id[:12], "there", one.external_project_id):
        assert (await find_mapping(mapped.db, reference)).id == one.id
    for reference in ("x", "nothing", one.id[-3:]):
        with pytest.raises(NotFoundError, match="mappings list"):
            await find_mapping(mapped.db, reference)
    other = await mapped.right.create_project(PMProject(name="Other"))
    await keep_mapping(mapped.db, MappingRequest("there", other.id))
    for reference in (None, "there"):
        with pytest.raises(ValidationError, match="2 mappings fit"):
            await find_mapping(mapped.db, reference)
    await remove_connection(mapped.db, "there", with_mappings=True)
    with pytest.raises(NotFoundError, match="init"):
        await find_mapping(mapped.db)


# conflicts and history


async def clashed(mapped):
    await configure_mapping(mapped.db, mapped.mapping.id, {"conflicts": "manual"})
    task = await mapped.add_left("One")
    await mapped.run()
    there = (await mapped.on_right())["One"]
    await mapped.left.update_task(task.id, {"title": "Left"})
    await mapped.right.update_task(there.id, {"title": "Right"})
    await mapped.run()


@pytest.mark.parametrize(("keep", "title"), [("left", "Left"), ("right", "Right")])
async def test_a_conflict_waits_until_somebody_decides(mapped, keep, title):
    await clashed(mapped)
    (one,) = await conflict_views(mapped.db)
    assert (one.conflict.field, one.conflict.left_value, one.conflict.right_value) == (
        "title",
        {"value": "Left"},
        {"value": "Right"},
    )
    assert (await status(mapped)).counts.conflicts == 1
    assert any("conflicts list" in found.command for found in (await examine(mapped.db))[1])
    await resolve(mapped.db, one.conflict.id[-8:], keep)
    assert (await mapped.run()).writes == 1
    assert set(await mapped.on_left()) == set(await mapped.on_right()) == {title}
    assert (await mapped.run()).writes == 0
    assert await conflict_views(mapped.db, "there") == []
    assert (await conflict_view(mapped.db, one.conflict.id)).conflict.state == "resolved"
    with pytest.raises(ConflictError, match="resolved already"):
        await resolve(mapped.db, one.conflict.id, keep)
    with pytest.raises(NotFoundError):
        await resolve(mapped.db, "ffffffff", keep)


async def test_the_history_keeps_before_and_after(mapped):
    task = await mapped.add_left("One", description="a")
    await mapped.run()
    await mapped.left.update_task(task.id, {"description": "b"})
    report = await mapped.run()
    newest, first = await history(mapped.db, "there")
    assert (newest.id, newest.state, first.counts["create"]) == (report.run_id, "done", 1)
    (write,) = (await run_view(mapped.db, newest.id[-8:])).writes
    assert (write.before["description"], write.after["description"]) == ("a", "b")
    assert await history(mapped.db, limit=1) == [newest]


# doctor


async def kinds(mapped):
    _, findings = await examine(mapped.db)
    return {(one.level, one.kind): one for one in findings}


async def test_a_mapping_that_is_well_has_no_findings(mapped):
    await mapped.add_left("One")
    await mapped.run()
    assert (await examine(mapped.db))[1] == []


async def test_users_without_counterpart(mapped):
    ours = await mapped.left.create_user(PMUser(name="Grace Hopper", username="grace"))
    for name in ("a", "b"):
        await mapped.right.create_user(PMUser(name=name, username=name, email="ada@example.com"))
    twin = await mapped.left.create_user(PMUser(name="Twin", username="t", email="ADA@example.com"))
    await mapped.add_left("One", assignee_id=ours.id)
    await mapped.add_left("Two", assignee_id=twin.id)
    await mapped.run()
    _, findings = await examine(mapped.db)
    texts = [one.text for one in findings if one.kind == "user"]
    assert len(texts) == 2
    assert any("Grace Hopper" in text and "nobody on" in text for text in texts)
    assert any("Twin" in text and "share 'ada@example.com'" in text for text in texts)
    (command,) = {one.command for one in findings if "Grace Hopper" in one.text and one.kind == "user"}
    assert command == f'pm-providers mappings update {mapped.mapping.id[-8:]} --pair "users:grace=USER"'
    await reconfigure(mapped.db, None, {}, {"users": {"grace": "a", "t": "b"}})
    assert [one for one in (await examine(mapped.db))[1] if one.kind == "user"] == []


async def test_pairs_of_statuses_that_are_gone(mapped):
    await reconfigure(mapped.db, None, {}, {"statuses": {"To do": "Inbox"}, "users": {"ada": "nobody"}})
    _, findings = await examine(mapped.db)
    found = [one for one in findings if one.kind == "pair"]
    assert ["'Inbox'" in one.text for one in found].count(True) == 1
    assert any(one.command.endswith('--pair "statuses:To do="') for one in found)
    assert any(one.kind == "status" and "paired with" in one.text for one in findings)


async def test_duplicates_and_orphans(mapped):
    await configure_mapping(mapped.db, mapped.mapping.id, {"deletes": "detach"})
    for title in ("Same", "Same", "Gone"):
        await mapped.add_left(title)
    await mapped.run()
    await mapped.left.delete_task((await mapped.on_left())["Gone"].id)
    await mapped.run()
    found = await kinds(mapped)
    assert "'Gone'" in found["warning", "orphan"].text
    assert "called 'Same'" in found["info", "duplicate"].text
    assert ("error", "state") not in found


async def test_what_is_not_carried_is_told_by_reason(mapped):
    await mapped.left.create_user(PMUser(name="Grace", username="grace"))
    (grace,) = [one for one in await mapped.left.list_users() if one.username == "grace"]
    for title in ("One", "Two"):
        await mapped.add_left(title, assignee_id=grace.id)
    await mapped.run()
    found = await kinds(mapped)
    told = found["warning", "user"]
    assert "2 tasks are assigned to Grace" in told.text
    assert "'One', 'Two'" in told.text
    assert "users:grace=USER" in told.command
    assert ("warning", "problem") not in found


async def test_a_paused_mapping_is_told(mapped):
    await pause_mapping(mapped.db, mapped.mapping.id)
    assert (await kinds(mapped))["warning", "state"].command.startswith("pm-providers mappings resume")


async def test_the_documented_python(mapped, capsys):
    """The example of the page about the sync runs as it stands."""
    page = (Path(__file__).parents[2] / "docs" / "sync.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    space: dict = {}
    exec(compile(block.replace("jira-main", "there"), "docs/sync.md", "exec"), space)
    await mapped.add_left("One")
    await space["nightly"](mapped.url)
    assert capsys.readouterr().out == "done {'create': 1} ['ok']\n"


def test_the_documented_options_are_those_that_there_are():
    page = (Path(__file__).parents[2] / "docs" / "sync.md").read_text(encoding="utf-8")
    table = page.partition("## Options")[2].partition("##")[0]
    named = {
        one
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for one in re.findall(r"`(\w+)`", row)
    }
    assert named == {*Policy.__dataclass_fields__, "schedule_s", "full_every_s"}
