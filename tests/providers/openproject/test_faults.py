"""Bad days: each gives the right error, nothing half-written, and no secret anywhere."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from pm_providers import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    OpenProjectProvider,
    PermissionDeniedError,
    PMComment,
    PMProject,
    PMRelation,
    PMTask,
    PMTimeEntry,
    ProviderError,
    RateLimitedError,
    TransportError,
    ValidationError,
)
from pm_providers.sandbox.kit import Quota
from pm_providers.transport import Timing
from tests.providers.openproject.support import Pause, World, config, connected, no_secret

READS = {
    "list_projects": lambda p, w: p.list_projects(),
    "get_project": lambda p, w: p.get_project(w.main),
    "list_tasks": lambda p, w: p.list_tasks(w.main),
    "get_task": lambda p, w: p.get_task("1"),
    "list_sprints": lambda p, w: p.list_sprints(w.main),
    "list_users": lambda p, w: p.list_users(w.main),
    "list_comments": lambda p, w: p.list_comments("1"),
    "list_relations": lambda p, w: p.list_relations("1"),
    "list_attachments": lambda p, w: p.list_attachments("1"),
    "list_time_entries": lambda p, w: p.list_time_entries(project_id=w.main),
    "search_tasks": lambda p, w: p.search_tasks("x"),
    "changes": lambda p, w: p.changes(w.main),
    "get_current_user": lambda p, w: p.get_current_user(),
}
WRITES = {
    "create_task": lambda p, w: p.create_task(PMTask(title="x", project_id=w.main)),
    "update_task": lambda p, w: p.update_task("1", {"title": "changed"}),
    "delete_task": lambda p, w: p.delete_task("1"),
    "create_project": lambda p, w: p.create_project(PMProject(name="x")),
    "update_project": lambda p, w: p.update_project(w.main, {"name": "changed"}),
    "create_comment": lambda p, w: p.create_comment(PMComment(task_id="1", body="x")),
    "create_time_entry": lambda p, w: p.create_time_entry(
        PMTimeEntry(task_id="1", hours=1, spent_on=date(2026, 1, 1))
    ),
    "create_relation": lambda p, w: p.create_relation(
        PMRelation(from_task_id="1", to_task_id="2", type="blocks")
    ),
}
GETS = "match=GET /api/v3/(projects|work_packages|principals|relations|time_entries|users)(/|$)"


@pytest.fixture
async def seeded(world):
    async with connected(world.box) as provider:
        for n in range(3):
            await provider.create_task(PMTask(title=f"T{n}", project_id=world.main))
    return world


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize(
    ("fault", "kind", "text"),
    [
        ("401", AuthenticationError, ""),
        ("403", PermissionDeniedError, ""),
        ("409", ConflictError, ""),
        ("422", ValidationError, ""),
        ("429;retry_after=99999", RateLimitedError, "99999"),
        ("500", ProviderError, ""),
        ("502", ProviderError, ""),
        ("html", ProviderError, "text/html"),
        ("truncated", ProviderError, "cut off"),
        ("deep", ProviderError, "levels deep"),
        ("huge", ProviderError, "limit"),
        ("redirect", ProviderError, "elsewhere.example"),
        ("garbage-null", ProviderError, ""),
        ("drop-before", TransportError, ""),
        ("slow;delay_s=60", TransportError, "too long"),
    ],
)
async def test_reads(seeded, name, fault, kind, text):
    async with connected(seeded.box) as provider:
        seeded.box.faults.add(f"{fault};{GETS}")
        with pytest.raises(kind) as caught:
            await READS[name](provider, seeded)
    error = caught.value
    assert (error.provider, error.operation) == ("openproject", name)
    assert text in str(error)
    assert not error.maybe_applied
    no_secret(error)


@pytest.mark.parametrize("name", READS)
async def test_reads_get_over_a_short_outage(seeded, name):
    for fault in (
        "503;times=2",
        "429;retry_after=1;times=1",
        "drop-before;times=1",
        "drop-after;times=1",
        "504;times=1",
    ):
        async with connected(seeded.box) as provider:
            seeded.box.faults.clear()
            seeded.box.faults.add(f"{fault};{GETS}")
            await READS[name](provider, seeded)


async def test_lists_that_never_end(seeded):
    async with connected(seeded.box) as provider:
        seeded.box.faults.add(f"cyclic-next;{GETS}")
        for name in ("list_projects", "list_tasks", "list_users", "list_relations", "changes"):
            with pytest.raises(ProviderError):
                await READS[name](provider, seeded)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("401", AuthenticationError),
        ("403", PermissionDeniedError),
        ("404", (NotFoundError, ValidationError)),
        ("409", ConflictError),
        ("422", ValidationError),
        ("429;retry_after=99999", RateLimitedError),
        ("500", ProviderError),
        ("html", ProviderError),
        ("redirect", ProviderError),
        ("drop-before", TransportError),
    ],
)
async def test_writes_that_fail_change_nothing(seeded, name, fault, kind):
    async with connected(seeded.box) as provider:
        await provider.list_types(seeded.main)
        before = snapshot(seeded)
        seeded.box.faults.add(f"{fault};match=(POST|PATCH|DELETE) ")
        if name == "delete_task" and fault == "404":
            assert await WRITES[name](provider, seeded) is False
        else:
            with pytest.raises(kind) as caught:
                await WRITES[name](provider, seeded)
            assert caught.value.operation == name
            no_secret(caught.value)
    assert snapshot(seeded) == before


def snapshot(world: World) -> list[object]:
    state = world.box.state
    tables = (state.work_packages, state.projects, state.journals, state.relations, state.time_entries)
    return [list(table) for table in tables]


@pytest.mark.parametrize(
    "name", ["create_task", "create_project", "create_comment", "create_time_entry", "create_relation"]
)
async def test_a_creation_whose_answer_is_lost_is_not_repeated(seeded, name):
    async with connected(seeded.box) as provider:
        await provider.list_types(seeded.main)
        seeded.box.faults.add(
            "drop-after;match=POST .*(work_packages|projects|activities|time_entries|relations)$;times=1"
        )
        seeded.box.log.clear()
        with pytest.raises(TransportError) as caught:
            await WRITES[name](provider, seeded)
    assert caught.value.maybe_applied
    assert seeded.box.log.count("POST", r"(work_packages|projects|activities|time_entries|relations)$") == 1


async def test_an_update_whose_answer_is_lost_is_repeated_under_its_lock(seeded):
    async with connected(seeded.box) as provider:
        seeded.box.faults.add("drop-after;match=PATCH;times=1")
        changed = await provider.update_task("1", {"title": "once"})
        assert changed.title == "once"
        assert int(changed.version) == 2, "written once"
        seeded.box.faults.add("drop-after;match=PATCH;times=1")
        with pytest.raises(TransportError) as caught:
            await provider.update_task("1", {"title": "strict"}, expected_version=changed.version)
        assert caught.value.maybe_applied


async def test_a_delete_whose_answer_is_lost_is_looked_up(seeded):
    async with connected(seeded.box) as provider:
        seeded.box.faults.add("drop-after;match=DELETE;times=1")
        assert await provider.delete_task("1") is True
        assert await provider.get_task("1") is None
        seeded.box.faults.add("drop-before;match=DELETE;times=1")
        with pytest.raises(TransportError):
            await provider.delete_task("2")
        assert await provider.get_task("2") is not None


async def test_a_throttled_form_is_waited_for(seeded):
    async with connected(seeded.box) as provider:
        fault = seeded.box.faults.add("429;retry_after=2;match=POST .*/form;times=1")
        assert await provider.list_transitions("1")
        assert fault.struck == 1


async def test_the_vendors_own_throttle_of_forms_is_kept(seeded):
    """6 forms in 3 seconds, 429 with the epoch of the reset and without Retry-After (code: rack-attack)."""
    box, pause = seeded.box, Pause()
    box.clock.freeze()
    box.quota = Quota(6, window_s=3, match="POST .*/form$", retry_after=False)

    class Ticking(Pause):
        async def sleep(self, seconds):
            pause.slept.append(seconds)
            box.clock.advance(seconds)

    timing = Timing(monotonic=lambda: box.clock.now().timestamp(), wall=lambda: box.clock.now().timestamp(),
                    sleep=Ticking().sleep, jitter=lambda low, high: high)  # fmt: skip
    made = config("http://throttled.sandbox", box.settings["OPENPROJECT_API_KEY"], sprint_source="version")
    async with OpenProjectProvider(made, transport=box.transport(), timing=timing) as provider:
        for _ in range(15):
            assert await provider.list_transitions("1")
    assert box.log.statuses()[429] <= 3
    assert 3 <= sum(pause.slept) < 30


async def test_retry_after_is_obeyed_in_full(seeded):
    pause = Pause()
    settings = seeded.box.settings
    provider = OpenProjectProvider(
        config(settings["OPENPROJECT_URL"], settings["OPENPROJECT_API_KEY"], sprint_source="version"),
        transport=seeded.box.transport(),
        timing=pause.timing(),
    )
    seeded.box.faults.add("429;retry_after=7;match=GET .*/projects$;times=1")
    await provider.list_projects()
    assert max(pause.slept) == pytest.approx(7, abs=0.5)
    await provider.aclose()


async def test_partial_batches_tell_which(seeded):
    async with connected(seeded.box, concurrency=1) as provider:
        await provider.list_types(seeded.main)
        seeded.box.faults.add("500;match=POST .*/work_packages$;after=2;times=1")
        result = await provider.create_tasks(
            [PMTask(title=f"B{n}", project_id=seeded.main) for n in range(5)]
        )
    assert [one.ok for one in result] == [True, True, False, True, True]
    assert isinstance(result.outcomes[2].error, ProviderError)
    assert result.outcomes[2].error.maybe_applied


async def test_logs_hold_no_secret(seeded, caplog):
    caplog.set_level(logging.DEBUG)
    async with connected(seeded.box) as provider:
        await provider.list_tasks(seeded.main)
        seeded.box.faults.add(f"401;{GETS}")
        with pytest.raises(AuthenticationError):
            await provider.list_tasks(seeded.main)
    text = "\n".join(record.getMessage() for record in caplog.records)
    assert "/api/v3/projects" in text
    assert "sandbox-admin-key" not in text
    assert "Basic " not in text
