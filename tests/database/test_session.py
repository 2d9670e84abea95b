"""Addresses, engines and sessions."""

from __future__ import annotations

import builtins
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from pm_providers import ConfigurationError, PMProject, build_pm_provider
from pm_providers.database import database_url, engine_for, get_async_db_session, get_db_session
from pm_providers.database import session as session_module


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user without settings: own data folder, own working directory."""
    monkeypatch.delenv("PM_DATABASE_URL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgresql://u:p@h:5433/d?sslmode=require", "postgresql+psycopg://u:p@h:5433/d?sslmode=require"),
        ("postgresql+psycopg://h/d", "postgresql+psycopg://h/d"),
        ("sqlite:///pm.db", "sqlite:///pm.db"),
        ("sqlite+aiosqlite:////var/pm.db", "sqlite:////var/pm.db"),
        ("sqlite://", "sqlite://"),
    ],
)
def test_usual_spellings_are_taken(given: str, expected: str) -> None:
    """Addresses as people copy them from a hosting service work."""
    assert database_url(given) == expected


@pytest.mark.parametrize(
    "given",
    ["s3cret-word", "mysql://u:s3cret@h/d", "sqlite://s3cret/pm.db", "postgresql+asyncpg://u:s3cret@h/d",
     "postgresql://u:s3cret@h:port/d", "://s3cret"],
)  # fmt: skip
def test_malformed_address_is_refused_without_its_password(given: str) -> None:
    """The error names the variable and an example, never what the address holds."""
    with pytest.raises(ConfigurationError) as caught:
        database_url(given)
    assert caught.value.setting == "PM_DATABASE_URL"
    assert str(caught.value.example).startswith("postgresql://")
    assert "s3cret" not in f"{caught.value}{caught.value!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_missing_driver_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without psycopg the error says what to install."""
    real = builtins.__import__

    def without_psycopg(name: str, *rest: object, **more: object) -> object:
        if name.split(".", maxsplit=1)[0] == "psycopg":
            raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_psycopg)
    with pytest.raises(ConfigurationError, match=r"pm-providers\[postgres\]"):
        engine_for("postgresql://nobody@localhost/missing_driver")


def test_default_is_a_file_in_a_private_folder(home: Path) -> None:
    """Without a setting the database lies in the user's data folder, which nobody else may enter."""
    address = database_url()
    folder = home / "data" / "pm-providers"
    assert address == f"sqlite:///{folder / 'pm.db'}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_env_file_is_read_and_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` is used where the variable is not set."""
    (home / ".env").write_text("PM_DATABASE_URL=sqlite:///from-file.db\n")
    assert database_url() == "sqlite:///from-file.db"
    monkeypatch.setenv("PM_DATABASE_URL", "sqlite:///from-environment.db")
    assert database_url() == "sqlite:///from-environment.db"


async def test_next_of_the_generator_gives_a_session_to_work_with(home: Path) -> None:
    """The documented two lines work; nothing is committed until the caller does."""
    db = next(get_db_session())
    provider = build_pm_provider(db_session=db, provider="internal")
    created = await provider.create_project(PMProject(name="Alpha"))
    other = next(get_db_session())
    assert await build_pm_provider(db_session=other, provider="internal").get_project(created.id) is None
    other.close()
    db.commit()
    assert await build_pm_provider(db_session=other, provider="internal").get_project(created.id) is not None
    other.close()
    db.close()


async def test_closing_the_generator_rolls_back(home: Path) -> None:
    """As a dependency of a web framework: what was not committed is gone."""
    generator = get_db_session()
    db = next(generator)
    await build_pm_provider(db_session=db, provider="internal").create_project(PMProject(name="Alpha"))
    generator.close()
    assert await build_pm_provider(db_session=db, provider="internal").list_projects() == []
    db.close()


async def test_async_session(home: Path) -> None:
    """The async generator serves the same database, uncommitted too."""
    async for db in get_async_db_session():
        provider = build_pm_provider(db_session=db, provider="internal")
        await provider.create_project(PMProject(name="Alpha"))
        await db.commit()
        await provider.create_project(PMProject(name="Beta"))
    db = next(get_db_session())
    names = [one.name for one in await build_pm_provider(db_session=db, provider="internal").list_projects()]
    db.close()
    assert names == ["Alpha"]


def test_sqlite_is_prepared_for_several_writers(tmp_path: Path) -> None:
    """Our engine waits for other writers, checks references, and keeps readers going."""
    engine = engine_for(f"sqlite:///{tmp_path / 'pm.db'}")
    with engine.connect() as connection:
        found = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
        assert connection.connection.driver_connection.isolation_level == "IMMEDIATE"
    engine.dispose()
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}


def test_one_engine_per_address(tmp_path: Path) -> None:
    """Pools are shared, and a password shows nowhere."""
    address = f"sqlite:///{tmp_path / 'pm.db'}"
    assert engine_for(address) is engine_for(address)
    assert "s3cret" not in repr(session_module.engine_for("postgresql://u:s3cret@localhost/d"))
