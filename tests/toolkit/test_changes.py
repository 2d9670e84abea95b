"""The stream of changes over a system in memory that keeps seconds only and shifts while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pm_providers.errors import NotFoundError, PermissionDeniedError, ProviderError
from pm_providers.toolkit.change_source import ChangedPage, Sweep
from pm_providers.toolkit.change_state import SETTLED_S, ChangedItem
from pm_providers.toolkit.changes import ChangeStream
from tests.support.examples import examples

START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = START.timestamp()


@dataclass
class System:
    """Tasks by id: time of change in whole seconds and a title. The title is the mark."""

    page_size: int = 3
    provider: str = "acme"
    precision: timedelta = timedelta(seconds=1)
    tasks: dict[str, tuple[int, str]] = field(default_factory=dict)
    second: int = 0
    visible: bool = True
    tells_time: bool = True
    asked: list[str] = field(default_factory=list)
    happens: list = field(default_factory=list)

    def write(self, one, title):
        self.tasks[str(one)] = (self.second, title)

    def titles(self):
        return {one: title for one, (_, title) in self.tasks.items()}

    def _ask(self, what):
        if self.happens:
            self.happens.pop(0)()
        self.asked.append(what)

    def _item(self, one):
        second, title = self.tasks[one]
        return ChangedItem(one, START + timedelta(seconds=second), title, {"id": one, "title": title})

    async def newest(self, project):
        self._ask("newest")
        times = [second for second, _ in self.tasks.values()]
        return START + timedelta(seconds=max(times)) if times else None

    async def changed(self, project, since, number, size):
        self._ask(f"changed {number}")
        found = sorted((second, int(one)) for one, (second, _) in self.tasks.items())
        fits = [
            str(one) for second, one in found if since is None or START + timedelta(seconds=second) >= since
        ]
        shown = [self._item(one) for one in fits[(number - 1) * size : number * size]]
        clock = START + timedelta(seconds=self.second) if self.tells_time else None
        return ChangedPage(shown, len(fits), size, clock)

    async def count(self, project):
        self._ask("count")
        return len(self.tasks)

    async def sweep(self, project):
        self._ask("sweep")
        return Sweep(list(self.tasks), [len(self.tasks)])

    async def items(self, ids, project):
        self._ask("items")
        return {one: self._item(one) for one in ids if one in self.tasks}

    async def is_visible(self, project):
        self._ask("is_visible")
        return self.visible


@dataclass
class Looking(System):
    """Tells the newest changes first."""

    async def latest(self, project, since, size):
        self._ask("latest")
        fits = [self._item(one) for one in self.tasks]
        fits = [one for one in fits if since is None or one.changed_at >= since]
        shown = sorted(fits, key=lambda one: (one.changed_at, one.id), reverse=True)[:size]
        clock = START + timedelta(seconds=self.second) if self.tells_time else None
        return ChangedPage(shown, len(fits), size, clock)


class Reader:
    """A consumer that applies every page to a copy of the system's tasks."""

    def __init__(self, system):
        self.system = system
        self.cursor = None
        self.copy = {}
        self.handed = []

    async def call(self, limit=None, now=0.0):
        stream = ChangeStream(self.system, NOW + now)
        state = stream.resume(self.cursor) if self.cursor else await stream.begin("1")
        batch = await stream.advance(state, limit)
        self.cursor = state.write("acme")
        self.handed = [one.id for one in batch.items]
        assert limit is None or len(self.handed) <= limit
        for one in batch.items:
            self.copy[one.id] = one.document["title"]
        for one in batch.deleted:
            self.copy.pop(one, None)
        return batch

    async def drain(self, limit=None, now=0.0):
        handed, deleted = [], []
        for _ in range(300):
            batch = await self.call(limit, now)
            handed += self.handed
            deleted += batch.deleted
            if not batch.more:
                return handed, deleted
        raise AssertionError("never ends")


@pytest.fixture
def system():
    found = System()
    for n in range(1, 9):
        found.second = n // 4  # several in one second, across the border of a page
        found.write(n, f"T{n}")
    return found


async def test_everything_first_and_nothing_twice(system):
    reader = Reader(system)
    assert await reader.drain() == ([str(n) for n in range(1, 9)], [])
    assert reader.copy == system.titles()
    assert await reader.drain() == ([], [])


async def test_an_idle_call_is_two_requests(system):
    system.page_size = 100
    reader = Reader(system)
    await reader.drain()
    system.asked.clear()
    await reader.call()
    assert system.asked == ["changed 1", "count"]


@pytest.mark.parametrize("tells_time", [True, False])
async def test_an_idle_call_is_two_requests_whatever_changed_last_once_that_settled(system, tells_time):
    system.tells_time = tells_time
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    system.asked.clear()
    await reader.call()
    assert len(system.asked) > 2, "within the overlap all of them come again"
    system.second += int(SETTLED_S) + 10
    await reader.drain(now=SETTLED_S + 10)
    system.asked.clear()
    await reader.call(now=SETTLED_S + 10)
    assert system.asked == ["changed 1", "count"]
    system.write(3, "later")
    assert await reader.drain(now=SETTLED_S + 10) == (["3"], [])


@pytest.mark.parametrize("tells_time", [True, False])
async def test_a_long_window_is_looked_at_by_its_newest_and_read_once_more_in_the_end(tells_time):
    system = Looking(tells_time=tells_time)
    for n in range(1, 30):
        system.second += 1
        system.write(n, f"T{n}")
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    system.asked.clear()
    assert await reader.drain() == ([], [])
    assert system.asked == ["latest", "count"]
    system.write(7, "again")
    assert await reader.drain() == (["7"], [])
    system.second += int(SETTLED_S) + 10
    later = SETTLED_S + 10
    await reader.drain(now=later)
    system.asked.clear()
    assert await reader.drain(now=later) == ([], [])
    assert system.asked == ["changed 1", "count"]


async def test_what_changed_during_a_long_call_settles_after_the_next(system):
    system = System(tells_time=False)
    reader = Reader(system)
    system.happens = [lambda: setattr(system, "second", 700), lambda: system.write(1, "a")]
    await reader.call()
    await reader.call(now=700.0)
    system.write(1, "b")
    await reader.drain(now=701.0)
    assert reader.copy == {"1": "b"}


async def test_twice_in_one_second(system):
    reader = Reader(system)
    await reader.drain()
    system.second += 60
    for title in ("a", "b", "c"):
        system.write(5, title)
        assert await reader.drain() == (["5"], [])
    assert reader.copy == system.titles()


async def test_an_id_that_is_given_out_again_is_an_upsert(system):
    reader = Reader(system)
    await reader.drain()
    system.second += 60
    del system.tasks["8"]
    system.write(8, "somebody else")
    assert await reader.drain() == (["8"], [])
    assert reader.copy == system.titles()


async def test_deletes_are_found_by_the_count_and_checked(system):
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    del system.tasks["2"], system.tasks["7"]
    system.asked.clear()
    assert await reader.drain() == ([], ["2", "7"])
    assert system.asked[-3:] == ["sweep", "is_visible", "items"]
    assert await reader.drain() == ([], [])


async def test_what_a_sweep_missed_is_not_gone(system):
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    whole = System.sweep

    async def hasty(self, project):
        found = await whole(self, project)
        return Sweep([one for one in found.ids if one != "4"], [7, 8])

    del system.tasks["2"]
    system.sweep = hasty.__get__(system)
    assert await reader.drain() == ([], ["2"])
    assert reader.copy == system.titles()
    assert system.asked.count("sweep") >= 3, "swept again while the counts differ"


async def test_more_was_missed_than_there_is_room_for(system):
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    system.second += 60
    for n in range(20, 25):
        system.tasks[str(n)] = (-100, f"moved here {n}")
    handed, deleted = await reader.drain(limit=2)
    assert (sorted(handed), deleted) == ([str(n) for n in range(20, 25)], [])


async def test_a_project_that_became_invisible_is_an_error_and_no_delete(system):
    reader = Reader(system)
    await reader.drain()
    system.tasks.clear()
    system.visible = False
    with pytest.raises(NotFoundError):
        await reader.drain()


@pytest.mark.parametrize(("visible", "error"), [(False, NotFoundError), (True, PermissionDeniedError)])
async def test_a_refusal_says_whether_the_project_is_there(system, visible, error):
    async def refused(project, since, number, size):
        raise PermissionDeniedError("no")

    system.changed, system.visible = refused, visible
    with pytest.raises(error):
        await Reader(system).drain()


async def test_a_sweep_is_forced_now_and_then(system):
    system.page_size = 100
    reader = Reader(system)
    await reader.drain()
    system.asked.clear()
    for _ in range(100):
        await reader.call()
    assert system.asked.count("sweep") == 1
    system.asked.clear()
    await reader.call(now=24 * 3600.0)
    assert system.asked.count("sweep") == 1


async def test_a_delete_while_paging(system):
    reader = Reader(system)
    await reader.drain()
    system.second += 60
    for n in range(1, 9):
        system.write(n, f"again {n}")
    await reader.call(limit=3)
    system.happens = [lambda: system.tasks.pop("1"), lambda: system.tasks.pop("2")]
    await reader.drain(limit=3)
    await reader.drain()
    assert reader.copy == system.titles()


async def test_a_list_that_never_ends_is_an_error(system):
    async def same(project, since, number, size):
        return ChangedPage([system._item("1")], 1000, 1)

    system.changed = same
    with pytest.raises(ProviderError, match="never ends"):
        await Reader(system).drain()


@pytest.mark.parametrize("size", [0, 3])
async def test_pages_that_contradict_their_count_are_an_error(system, size):
    async def nothing(project, since, number, size_asked):
        return ChangedPage([], 5, size)

    system.changed = nothing
    with pytest.raises(ProviderError):
        await Reader(system).drain()


def nothing():
    pass


@pytest.fixture
async def busy():
    """A reader that is up to date, and then all tasks change, each in its own minute."""
    system = System(page_size=2)
    for n in range(1, 9):
        system.write(n, f"T{n}")
    reader = Reader(system)
    await reader.drain()
    await reader.drain()
    for n in range(1, 9):
        system.second += 60
        system.write(n, f"again {n}")
    return reader


async def test_a_change_that_slips_to_a_page_that_was_read_is_not_left_behind(busy):
    """The first page shrinks while the second is asked for: the third task comes on neither."""
    busy.system.happens = [nothing, lambda: busy.system.tasks.pop("1")]
    await busy.drain(limit=50)
    await busy.drain()
    assert busy.copy == busy.system.titles()


async def test_a_change_that_slips_twice_is_not_left_behind(busy):
    """Tasks 5 and 6 slip while the third page is asked for, and again in the pass that should find them."""
    delete = busy.system.tasks.pop
    busy.system.happens = [
        nothing, nothing, lambda: [delete("1"), delete("2")],
        nothing, lambda: [delete("3"), delete("4")],
    ]  # fmt: skip
    await busy.drain(limit=50)
    await busy.drain()
    assert busy.copy == busy.system.titles()


async def test_a_change_during_a_long_first_scan_that_slips_is_not_left_behind(system):
    system.page_size = 2
    reader = Reader(system)

    def change(one):
        system.second += 60
        system.write(one, "changed")

    await reader.call(limit=5)
    change(1)
    change(2)
    change(3)
    system.happens = [nothing, lambda: [system.tasks.pop(one) for one in ("4", "5")]]
    await reader.drain(limit=50)
    await reader.drain()
    assert reader.copy == system.titles()


async def test_a_delete_during_the_first_scan_hides_nothing():
    """One known task is gone and one slipped between the pages: the count alone would add up."""
    system = System(page_size=2)
    for n in range(1, 9):
        system.second += 60
        system.write(n, f"T{n}")
    system.happens = [nothing, nothing, lambda: system.tasks.pop("1")]
    reader = Reader(system)
    await reader.drain(limit=50)
    await reader.drain()
    assert reader.copy == system.titles()


events = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 9)),
    st.tuples(st.just("delete"), st.integers(1, 9)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 45, 700])),
)
calls = st.tuples(
    st.just("call"),
    st.sampled_from([1, 2, 50, None]),
    st.lists(st.one_of(st.none(), events), max_size=6),
)


@examples(300)
@given(
    steps=st.lists(st.one_of(events, calls), max_size=40),
    tells_time=st.booleans(),
    pace=st.sampled_from([0, 60]),
    kind=st.sampled_from([System, Looking]),
)
async def test_whatever_happens_between_and_during_calls_the_copy_is_right_in_the_end(
    steps, tells_time, pace, kind
):
    system = kind(page_size=2, tells_time=tells_time)
    reader = Reader(system)

    def happen(event, n):
        if event is None:
            return
        what, value = event
        if what == "write":
            system.write(value, f"v{n}")
            system.second += pace
        elif what == "delete":
            system.tasks.pop(str(value), None)
        else:
            system.second += value

    for n, (what, value, *under_way) in enumerate(steps):
        if what != "call":
            happen((what, value), n)
            continue
        system.happens = [
            lambda event=event, at=f"{n}.{k}": happen(event, at) for k, event in enumerate(*under_way)
        ]
        await reader.call(value, now=float(system.second))
    system.happens = []
    for _ in range(3):
        await reader.drain(now=float(system.second))
    assert reader.copy == system.titles()


@dataclass
class Lagging(System):
    """Its count may be wrong, and so may its list of ids for a while; what it says of single tasks is right."""

    is_exact: bool = False
    wrong: int = 0
    also: list[str] = field(default_factory=list)

    async def count(self, project):
        return await super().count(project) + self.wrong

    async def sweep(self, project):
        ids = (await super().sweep(project)).ids
        return Sweep([*ids, *self.also], [len(ids) + len(self.also)])


async def test_a_count_that_was_wrong_once_hides_no_delete_later(system):
    lagging = Lagging(tasks=system.tasks, second=system.second)
    reader = Reader(lagging)
    await reader.drain()
    lagging.wrong = -1
    assert await reader.drain() == ([], [])
    lagging.wrong = 0
    assert await reader.drain() == ([], [])
    del lagging.tasks["3"]
    lagging.also = ["3"]  # the list follows later than the count
    assert await reader.drain() == ([], [])
    lagging.also = []
    assert await reader.drain() == ([], ["3"])


async def test_a_count_that_stays_wrong_costs_two_comparisons(system):
    lagging = Lagging(tasks=system.tasks, second=system.second)
    reader = Reader(lagging)
    await reader.drain()
    lagging.wrong = -1
    lagging.asked.clear()
    for _ in range(4):
        assert await reader.drain() == ([], [])
    assert lagging.asked.count("sweep") == 2
    del lagging.tasks["3"]
    assert await reader.drain() == ([], ["3"])
