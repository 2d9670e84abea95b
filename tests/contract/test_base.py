"""What the base does around the hooks: names errors, refuses, compares, bounds, cancels."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from pm_providers import (
    AuthenticationError,
    PMAttachment,
    PMProviderConfig,
    PMTask,
    UnsupportedError,
    ValidationError,
)
from pm_providers.errors import ConflictError, NotFoundError, PMError, ProviderError
from tests.contract.memory import MemoryProvider


@pytest.fixture
def memory() -> MemoryProvider:
    return MemoryProvider()


def drafts(*titles: str) -> list[PMTask]:
    return [PMTask(title=title, project_id="1") for title in titles]


async def test_errors_of_hooks_are_named(memory):
    """A hook raises bare errors; they leave with provider and operation."""
    with pytest.raises(NotFoundError) as caught:
        await memory.update_task("9", {"title": "x"})
    assert str(caught.value) == "memory update_task: no task 9"


async def test_unsupported_calls_are_refused_by_name(memory):
    """Calls, lists and streams alike."""
    for attempt in (
        memory.list_comments("1"),
        memory.get_sprint("1"),
        memory.request("GET", "/"),
        memory.list_users(),
    ):
        with pytest.raises(UnsupportedError, match="memory does not have it") as caught:
            await attempt
        assert caught.value.provider == "memory"
        assert caught.value.operation in {"list_comments", "get_sprint", "request", "list_users"}
    with pytest.raises(UnsupportedError):
        await anext(memory.iter_labels())


async def test_stored_differently_is_a_warning(memory):
    """The base compares: the provider need not say that it trimmed."""
    memory.trim = True
    task = await memory.create_task(PMTask(title=" a ", project_id="1"))
    assert [(w.field, w.asked, w.got) for w in task.warnings] == [("title", " a ", "a")]
    assert (await memory.create_task(PMTask(title="b", project_id="1"))).warnings == ()


async def test_stored_differently_is_an_error_in_strict_mode():
    """Strict mode raises, and says that the write may have taken effect."""
    memory = MemoryProvider(PMProviderConfig("memory", additional_config={"strict_writes": True}))
    memory.trim = True
    with pytest.raises(ValidationError, match="written, but not as asked: title") as caught:
        await memory.create_task(PMTask(title=" a ", project_id="1"))
    assert caught.value.maybe_applied
    assert caught.value.operation == "create_task"
    assert set(caught.value.fields) == {"title"}


@pytest.mark.parametrize("version", [1, "", b"1", True])
async def test_malformed_expected_version(memory, version):
    """A version is the string of a record."""
    [task] = (await memory.create_tasks(drafts("a"))).items
    with pytest.raises(ValidationError) as caught:
        await memory.update_task(task.id, {"title": "b"}, expected_version=version)
    assert set(caught.value.fields) == {"expected_version"}


async def test_expected_version_without_versions():
    """A guard that cannot be kept is refused, not ignored."""
    memory = MemoryProvider()
    memory._capabilities = memory.capabilities.narrowed(
        fields={("task", "version"): MemoryProvider.CAPABILITIES.fields["task"]["key"]}
    )
    with pytest.raises(UnsupportedError, match="expected_version is not supported: memory does not have it"):
        await memory.update_task("1", {"title": "b"}, expected_version="1")


class TestStreams:
    """Lists and streams."""

    async def test_limit_closes_the_source(self, memory):
        """The hook is closed as soon as enough was taken."""
        (await memory.create_tasks(drafts("a", "b", "c"))).raise_for_errors()
        assert [task.title for task in await memory.list_tasks(limit=2)] == ["a", "b"]
        assert memory.closed_streams == 1
        assert await memory.list_tasks(limit=0) == []
        assert memory.closed_streams == 1

    async def test_leaving_early_closes_the_source(self, memory):
        """A consumer that stops closes the hook too."""
        (await memory.create_tasks(drafts("a", "b"))).raise_for_errors()
        stream = memory.iter_tasks()
        await anext(stream)
        await stream.aclose()
        assert memory.closed_streams == 1

    @pytest.mark.parametrize(
        ("name", "value"),
        [("limit", -1), ("limit", True), ("limit", 1.0), ("status", 5), ("status", " "), ("assignee_id", 5),
         ("sprint_id", ""), ("updated_since", "2026-03-02"), ("updated_since", datetime(2026, 3, 2)),  # noqa: DTZ001
         ("updated_since", datetime.max.replace(tzinfo=timezone(-timedelta(hours=12))))],
    )  # fmt: skip
    async def test_malformed_filters(self, memory, name, value):
        """Filters are checked before the hook sees them."""
        with pytest.raises(ValidationError) as caught:
            await memory.list_tasks(**{name: value})
        assert set(caught.value.fields) == {name}
        assert (caught.value.provider, caught.value.operation) == ("memory", "list_tasks")

    @pytest.mark.parametrize("text", [None, 5, "", " ", "a\ud800", "a\x00"])
    async def test_malformed_search(self, memory, text):
        """Search text is checked before the hook sees it."""
        with pytest.raises(ValidationError) as caught:
            await memory.search_tasks(text)
        assert set(caught.value.fields) == {"text"}

    async def test_errors_of_a_consumer_are_its_own(self, memory):
        """What is raised while looping is not blamed on the provider."""
        (await memory.create_tasks(drafts("a"))).raise_for_errors()
        error = PMError("mine")
        stream = memory.iter_tasks()
        with pytest.raises(PMError) as caught:
            async for _ in stream:
                raise error
        await stream.aclose()
        assert (caught.value.provider, caught.value.operation) == (None, None)


class TestBatches:
    """The batch that the base derives from single calls."""

    async def test_order_and_concurrency(self, memory):
        """Outcomes in order, items started in order, never more at once than declared, but more than one."""
        result = await memory.create_tasks(drafts(*"abcdefgh"))
        assert [outcome.index for outcome in result] == list(range(8))
        assert [task.title for task in result.items] == list("abcdefgh")
        assert memory.started == list("abcdefgh")
        assert memory.most_running == memory.capabilities.limits.concurrency == 3

    async def test_errors_stay_with_their_item(self, memory):
        """A bad item has its error, the others their result."""
        result = await memory.create_tasks([*drafts("a", "conflict", ""), "nonsense", *drafts("b")])
        assert [outcome.ok for outcome in result] == [True, False, False, False, True]
        assert [type(outcome.error) for outcome in result.errors] == [
            ConflictError,
            ValidationError,
            ValidationError,
        ]
        assert not result.ok
        with pytest.raises(ConflictError, match="memory create_task: already there"):
            result.raise_for_errors()

    async def test_cancelled_batch_stops(self, memory):
        """Nothing of a cancelled batch goes on, and nothing new is started."""
        memory.gate = asyncio.Event()
        batch = asyncio.ensure_future(memory.create_tasks(drafts(*"abcdef")))
        while memory.running < 3:  # noqa: ASYNC110 - a turn of the loop each, no waiting
            await asyncio.sleep(0)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        memory.gate.set()
        await asyncio.sleep(0)
        assert (memory.started, memory.running, memory.tasks) == (["a", "b", "c"], 0, {})

    async def test_updates_of_one_task_keep_their_order(self, memory):
        """However many run at once, those of one task run one after the other."""
        [task] = (await memory.create_tasks(drafts("a"))).items
        result = await memory.update_tasks([(task.id, {"title": str(n)}) for n in range(9)])
        assert [one.title for one in result.items] == [str(n) for n in range(9)]
        assert memory.tasks[task.id].title == "8"

    @pytest.mark.parametrize("updates", [["x"], [("1",)], [("1", {}, 3)], [5]])
    async def test_malformed_pairs(self, memory, updates):
        """Updates are a dict or pairs."""
        with pytest.raises(ValidationError, match="pairs of task id and fields"):
            await memory.update_tasks(updates)

    async def test_malformed_items_of_pairs(self, memory):
        """An id or fields of the wrong type are the item's error."""
        result = await memory.update_tasks([(["1"], {"title": "x"}), (None, {}), ("1", "x")])
        assert [type(outcome.error) for outcome in result] == [ValidationError] * 3

    async def test_deletes_tell_whether_the_task_was_there(self, memory):
        """False is a result, not an error."""
        [task] = (await memory.create_tasks(drafts("a"))).items
        result = await memory.delete_tasks([task.id, task.id, "77"])
        assert result.ok
        assert result.items == [True, False, False]

    async def test_progress(self, memory):
        """One call per item."""
        calls = []
        await memory.create_tasks(drafts("a", "", "c"), on_progress=lambda *call: calls.append(call))
        assert calls == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(("content", "said"), [("text", "must be bytes, not str"), (b"x" * 11, "at most 10")])
async def test_attachment_content(memory, content, said):
    """Content is bytes of bounded size; the refusal is named like any other."""
    with pytest.raises(ValidationError, match=said) as caught:
        await memory.create_attachment(PMAttachment(task_id="1", file_name="x"), content)
    assert (caught.value.provider, caught.value.operation) == ("memory", "create_attachment")


@pytest.mark.parametrize("content", [b"abc", bytearray(b"abc"), memoryview(b"abc")])
async def test_attachment_buffers(memory, content):
    """Any buffer is bytes to the hook."""
    with pytest.raises(ValidationError, match="got 3 bytes"):
        await memory.create_attachment(PMAttachment(task_id="1", file_name="x"), content)


async def test_health_is_a_report_not_an_exception(memory):
    """An error of the system stands in the report; a programming error does not."""
    assert await memory.health_check() is True

    async def locked_out():
        raise AuthenticationError("who are you")

    memory._get_current_user = locked_out
    report = await memory.check_health()
    assert (report.ok, report.user, report.latency_ms) == (False, None, None)
    assert str(report.error) == "memory check_health: who are you"
    assert await memory.health_check() is False


async def test_a_failed_connect_closes():
    """`async with` leaves nothing open when the system cannot be reached."""
    events = []

    class Failing(MemoryProvider):
        async def _connect(self):
            raise AuthenticationError("no")

        async def aclose(self):
            events.append("closed")

    with pytest.raises(AuthenticationError, match="memory connect: no"):
        async with Failing():
            raise AssertionError("entered")
    assert events == ["closed"]


@pytest.mark.parametrize("cursor", [5, b"x", ["x"]])
async def test_cursor_is_text(cursor):
    """A cursor of another type never reaches the hook."""
    memory = MemoryProvider()
    memory._capabilities = memory.capabilities.narrowed(
        operations={"changes": memory.capabilities.operation("get_task")}
    )
    with pytest.raises(ValidationError) as caught:
        await memory.changes("1", cursor)
    assert set(caught.value.fields) == {"cursor"}


async def test_repr_shows_no_secret():
    """Class and address, no more."""
    config = PMProviderConfig("memory", base_url="https://x.test", api_key="k-1")
    assert repr(MemoryProvider(config)) == "MemoryProvider(https://x.test)"


async def test_updated_since_becomes_utc(memory):
    """Hooks get UTC."""
    seen = []

    async def source(query):
        seen.append(query)
        return
        yield

    memory._iter_tasks = source
    await memory.list_tasks(
        "1", updated_since=datetime.fromisoformat("2026-03-02T12:00:00+02:00"), status="todo"
    )
    assert seen[0].updated_since == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert seen[0].updated_since.tzinfo is UTC
    assert (seen[0].status, seen[0].project_id, seen[0].window) == ("todo", "1", 3)


async def test_a_defect_in_one_item_loses_no_other_outcome():
    """What was written is reported even where a provider fails in an unforeseen way."""

    class Broken(MemoryProvider):
        async def _create_task(self, fields):
            if fields["title"] == "bad":
                raise RuntimeError("a defect")
            return await super()._create_task(fields)

    result = await Broken().create_tasks(
        PMTask(title=title, project_id="1") for title in ("one", "bad", "two")
    )
    assert [one.title for one in result.items] == ["one", "two"]
    (failed,) = result.errors
    assert (failed.index, type(failed.error), failed.error.maybe_applied) == (1, ProviderError, True)
    assert "unexpected RuntimeError" in str(failed.error)
