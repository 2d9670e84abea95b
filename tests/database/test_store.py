"""Connections, mappings and the shared rate gate."""

from __future__ import annotations

import asyncio
import math
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from pm_providers import ConfigurationError, ConflictError, NotFoundError, PMProject, ValidationError, store
from pm_providers.database.crypto import Vault, new_key
from pm_providers.database.schema import connections
from pm_providers.transport import Gate, LocalGate, Pace, Quota, Timing
from tests.support.databases import provider_on

KEY = new_key()
VAULT = Vault([KEY])


async def _connection(db: Any, name: str = "work", **more: Any) -> store.Connection:
    values = {"base_url": "https://pm.example.com", "api_key": "s3cret-key", "project_key": "MOON",
              "additional_config": {"status_map": {"New": "todo"}, "webhook_secret": "s3cret-hook"}}  # fmt: skip
    return await store.add_connection(db, name, "openproject", vault=VAULT, **(values | more))


async def test_connection_round_trip(engine: Engine) -> None:
    """What is stored opens as a configuration; the row itself and the record show no secret."""
    added = await _connection(engine)
    assert "s3cret" not in repr(added)
    with engine.connect() as connection:
        row = dict(connection.execute(select(connections)).mappings().one())
    assert "s3cret" not in repr(row)
    assert row["additional_config"]["status_map"] == {"New": "todo"}
    found = await store.get_connection(engine, "work")
    assert found == added == await store.get_connection(engine, added.id)
    assert found is not None
    config = store.config_for(found, vault=VAULT)
    assert (config.provider_type, config.base_url) == ("openproject", "https://pm.example.com")
    assert (config.api_key, config.api_token, config.project_key) == ("s3cret-key", None, "MOON")
    assert config.additional_config == {"status_map": {"New": "todo"}, "webhook_secret": "s3cret-hook"}
    assert "s3cret" not in repr(config)


async def test_additional_config_can_be_queried(engine: Engine) -> None:
    """It is JSON to the database (JSONB on PostgreSQL), not a text of ours."""
    await _connection(engine)
    path = "additional_config #>> '{status_map,New}'"
    if engine.dialect.name == "sqlite":
        path = "json_extract(additional_config, '$.status_map.New')"
    with engine.connect() as connection:
        assert connection.execute(text(f"SELECT {path} FROM pm_provider_connections")).scalar() == "todo"


async def test_connections_are_listed_changed_and_removed(engine: Engine) -> None:
    """Names are unique; `None` clears; removing twice is no error."""
    await _connection(engine, "b")
    await _connection(engine, "a", api_key=None, additional_config=None)
    assert [one.name for one in await store.list_connections(engine)] == ["a", "b"]
    assert await store.list_connections(engine, provider_type="jira") == []
    with pytest.raises(ConflictError, match="'a'"):
        await _connection(engine, "a")
    with pytest.raises(ConflictError):
        await store.update_connection(engine, "b", {"name": "a"})
    changed = await store.update_connection(
        engine, "b", {"api_token": "s3cret", "api_key": None}, vault=VAULT
    )
    assert changed.updated_at > changed.created_at
    config = store.config_for(changed, vault=VAULT)
    assert (config.api_token, config.api_key, config.project_key) == ("s3cret", None, "MOON")
    assert (await store.update_connection(engine, "b", {"name": "c"})).name == "c"
    with pytest.raises(NotFoundError):
        await store.update_connection(engine, "b", {"name": "d"})
    assert await store.remove_connection(engine, "c") is True
    assert await store.remove_connection(engine, "c") is False
    assert await store.get_connection(engine, "c") is None


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"provider_type": None}, "provider_type"),
        ({"api_key": 5}, "api_key"),
        ({"api_key": "s3cret\x00"}, "api_key"),
        ({"apikey": "s3cret"}, "apikey"),
        ({"additional_config": ["s3cret"]}, "additional_config"),
        ({"additional_config": {"s3cret": object()}}, "additional_config"),
    ],
)
async def test_malformed_connections_are_refused(engine: Engine, values: dict[str, Any], field: str) -> None:
    """The error names the field, never a value that may be a secret."""
    with pytest.raises(ValidationError) as caught:
        await store.add_connection(engine, **({"name": "n", "provider_type": "p", "vault": VAULT} | values))
    assert list(caught.value.fields) == [field]
    assert "s3cret" not in str(caught.value)
    assert await store.list_connections(engine) == []


async def test_key_rotation(engine: Engine) -> None:
    """All credentials are sealed anew, those written by hand for the first time; a lost key changes nothing."""
    new = new_key()
    await _connection(engine)
    now = datetime.now(UTC)
    with engine.begin() as connection:
        connection.execute(insert(connections).values(
            id="0" * 32, name="by hand", provider_type="jira", api_token="s3cret", additional_config={},
            created_at=now, updated_at=now,
        ))  # fmt: skip
    with pytest.raises(ConfigurationError):
        await store.rotate_keys(engine, vault=Vault([new]))
    with engine.connect() as connection:
        assert (
            connection.scalar(select(connections.c.api_token).where(connections.c.name == "by hand"))
            == "s3cret"
        )
    assert await store.rotate_keys(engine, vault=Vault([new, KEY])) == 2
    found = {
        one.name: store.config_for(one, vault=Vault([new])) for one in await store.list_connections(engine)
    }
    assert (found["work"].api_key, found["by hand"].api_token) == ("s3cret-key", "s3cret")
    assert found["work"].additional_config["webhook_secret"] == "s3cret-hook"
    with engine.connect() as connection:
        assert "s3cret" not in repr(connection.execute(select(connections)).all())


async def test_store_in_the_transaction_of_a_host(engine: Engine) -> None:
    """On a session nothing is committed, here as everywhere."""
    with Session(engine) as session:
        await _connection(session)
        assert len(await store.list_connections(session)) == 1
        session.rollback()
        assert await store.list_connections(session) == []


# mappings


async def _mapping(engine: Engine, external: str = "17") -> store.SyncMapping:
    provider = provider_on(engine)
    project = await provider.create_project(PMProject(name="Moon"))
    found = await store.get_connection(engine, "work") or await _connection(engine)
    return await store.add_mapping(engine, project.id, found.id, external, sync_config={"direction": "both"})


async def test_mapping_life(engine: Engine) -> None:
    """Added, listed, paused, resumed, touched, removed."""
    one, two = await _mapping(engine, "17"), await _mapping(engine, "18")
    assert (one.sync_enabled, one.last_sync_at, one.sync_config) == (True, None, {"direction": "both"})
    assert await store.get_mapping(engine, one.id) == one
    assert (await store.pause_mapping(engine, one.id)).sync_enabled is False
    assert await store.list_mappings(engine, sync_enabled=True) == [two]
    assert (await store.resume_mapping(engine, one.id)).sync_enabled is True
    assert [m.id for m in await store.list_mappings(engine)] == [one.id, two.id]
    assert await store.list_mappings(engine, internal_project_id=two.internal_project_id) == [two]
    assert await store.list_mappings(engine, provider_connection_id="0") == []
    at = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (await store.touch_mapping(engine, one.id, at)).last_sync_at == at
    assert (await store.touch_mapping(engine, one.id, at - timedelta(days=1))).last_sync_at == at
    now = (await store.touch_mapping(engine, one.id)).last_sync_at
    assert now is not None
    assert now > at
    assert await store.remove_mapping(engine, one.id) is True
    assert await store.remove_mapping(engine, one.id) is False
    with pytest.raises(NotFoundError):
        await store.pause_mapping(engine, one.id)


async def test_mapping_refusals(engine: Engine) -> None:
    """Dangling ends, doubles, and connections in use."""
    one = await _mapping(engine)
    with pytest.raises(ConflictError, match="'17'"):
        await store.add_mapping(engine, one.internal_project_id, one.provider_connection_id, "17")
    with pytest.raises(ValidationError) as caught:
        await store.add_mapping(engine, "0" * 32, one.provider_connection_id, "18")
    assert list(caught.value.fields) == ["internal_project_id"]
    with pytest.raises(ValidationError) as caught:
        await store.add_mapping(engine, one.internal_project_id, "0" * 32, "18")
    assert list(caught.value.fields) == ["provider_connection_id"]
    with pytest.raises(ValidationError):
        await store.add_mapping(
            engine, one.internal_project_id, one.provider_connection_id, "18", sync_config={"x": object()}
        )
    with pytest.raises(ValidationError):
        await store.touch_mapping(engine, one.id, datetime(2026, 1, 1))  # noqa: DTZ001 - what is refused
    with pytest.raises(ConflictError, match="mappings"):
        await store.remove_connection(engine, "work")
    assert await store.remove_connection(engine, "work", with_mappings=True) is True
    assert await store.list_mappings(engine) == []


# the gate


async def test_gate_reserves_in_turn(engine: Engine) -> None:
    """One credential's requests are spaced out; another's are not; what would come too late is not reserved."""
    gate: Gate = store.SqlGate(engine, clock=lambda: 1000.0)
    pace = Pace(emission_s=2.0, burst=2)
    assert [await gate.reserve("a", pace) for _ in range(4)] == [0.0, 0.0, 2.0, 4.0]
    assert await gate.reserve("b", pace) == 0.0
    assert await gate.reserve("a", pace, max_wait_s=1.0) == 6.0
    assert await gate.reserve("a", pace) == 6.0
    assert await gate.reserve("c", pace, cost=3.0) == 0.0


async def test_gate_push(engine: Engine) -> None:
    """After a push nothing is admitted for as long, and a shorter one does not shorten it."""
    gate = store.SqlGate(engine, clock=lambda: 1000.0)
    pace = Pace(emission_s=1.0, burst=3)
    await gate.push("a", pace, 30.0)
    await gate.push("a", pace, 5.0)
    assert await gate.reserve("a", pace) == 30.0
    assert await gate.reserve("a" * 600, pace) == 0.0
    assert await gate.reserve("a" * 599 + "b", pace) == 0.0


async def test_gate_counts_what_was_sent(engine: Engine) -> None:
    """Reservations are those of the gate in memory, whatever comes when."""
    chance, now = random.Random(7), [1000.0]
    gates: list[Gate] = [
        store.SqlGate(engine, clock=lambda: now[0]),
        LocalGate(Timing(monotonic=lambda: now[0])),
    ]
    pace, sent = Quota(30, 10.0, 20, counted=True).pace(), []
    for step in range(120):
        now[0] += chance.choice((0.0, 0.0, 0.1, 3.0))
        cost, longest = chance.choice((1.0, 1.0, 10.0)), chance.choice((math.inf, 2.0))
        waits = [await gate.reserve("k", pace, cost=cost, max_wait_s=longest) for gate in gates]
        assert waits[0] == pytest.approx(waits[1])
        if waits[0] <= longest:
            sent.append((now[0] + waits[0], cost))
        if step % 40 == 39:
            for gate in gates:
                await gate.push("k", pace, 1.0)
    assert max(sum(cost for moment, cost in sent if at <= moment < at + 10.0) for at, _ in sent) <= 30.0


async def test_gate_is_shared_and_atomic(engine: Engine) -> None:
    """Two workers at once never get the same moment; the clock is the database's own."""
    gates = [store.SqlGate(engine), store.SqlGate(engine)]
    pace = Pace(emission_s=100.0, burst=1)
    waits = sorted(await asyncio.gather(*(gates[n % 2].reserve("k", pace) for n in range(12))))
    assert waits[0] == 0.0
    steps = [after - before for before, after in pairwise(waits)]
    assert all(math.isclose(step, 100.0, abs_tol=30.0) for step in steps)


async def test_gate_refuses_a_session(engine: Engine) -> None:
    """In a host's transaction others would wait for its end."""
    with Session(engine) as session, pytest.raises(ConfigurationError, match="session"):
        store.SqlGate(session)
