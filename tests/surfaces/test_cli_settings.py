"""Settings: where they come from, what is masked, the database commands."""

from __future__ import annotations

import pytest

from pm_providers.registry import provider_class
from pm_providers.surfaces.cli.app import run

SECRET = "opapi-0123456789abcdef0123456789abcdef"


def settings(found) -> dict[str, dict]:
    return {one["name"]: one for one in found.json["settings"]}


def test_each_value_has_its_origin(cli, clean_environment, monkeypatch):
    monkeypatch.delenv("PM_INTERNAL_USER")
    (clean_environment / ".env").write_text(
        "PM_INTERNAL_USER=from-file\nPM_DATABASE_URL=sqlite:///other.db\n"
    )
    found = cli("config", "show", "--json")
    assert list(found.json) == ["provider", "env_file", "settings"]
    assert found.json["env_file"] == str(clean_environment / ".env")
    values = settings(found)
    assert (values["PM_PROVIDER"]["value"], values["PM_PROVIDER"]["origin"]) == ("internal", "default")
    assert (values["PM_INTERNAL_USER"]["value"], values["PM_INTERNAL_USER"]["origin"]) == (
        "from-file",
        ".env",
    )
    assert values["PM_DATABASE_URL"]["origin"] == "environment"
    assert "cli.db" in values["PM_DATABASE_URL"]["value"]
    assert cli("users", "me", "--json").json["username"] == "from-file"


def test_env_file_chooses_the_provider(cli, clean_environment):
    (clean_environment / ".env").write_text(
        "PM_PROVIDER=openproject\nOPENPROJECT_URL=https://op.example.com\n"
    )
    found = cli("config", "show", "--json")
    assert found.json["provider"] == "openproject"
    values = settings(found)
    assert values["OPENPROJECT_API_KEY"]["origin"] == "not set"
    assert values["OPENPROJECT_API_KEY"]["required"] is True
    assert "OPENPROJECT_API_KEY" in cli("tasks", "list", code=3).err
    assert settings(cli("config", "show", "-p", "internal", "--json"))["PM_PROVIDER"]["origin"] == "option"


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_masked(cli, monkeypatch, form):
    monkeypatch.setenv("PM_PROVIDER", "openproject")
    monkeypatch.setenv("OPENPROJECT_URL", "https://op.example.com")
    monkeypatch.setenv("OPENPROJECT_API_KEY", SECRET)
    monkeypatch.setenv("PM_ENCRYPTION_KEY", "key-key-key")
    monkeypatch.setenv("PM_DATABASE_URL", "postgresql://ada:p4ssw0rd@db.example.com/pm")
    found = cli("config", "show", *form)
    assert "********" in found.out
    assert "db.example.com" in found.out
    for secret in (SECRET, "key-key-key", "p4ssw0rd"):
        assert secret not in found.out + found.err


@pytest.mark.parametrize(
    "url",
    [
        "postgres//ada:p4ssw0rd@db/pm",
        "mysql://ada:p4ssw0rd@db/pm",
        "postgresql://ada:p4ssw0rd@127.0.0.1:1/pm",
    ],
)
def test_no_password_in_any_error(cli, monkeypatch, capsys, url):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("PM_DATABASE_URL", url)
    for arguments in (("projects", "list"), ("db", "current"), ("health",)):
        for form in ((), ("--json",), ("--debug",)):
            assert run([*arguments, *form]) in {3, 10}
            out, err = capsys.readouterr()
            assert "error" in err
            assert "p4ssw0rd" not in out + err


def test_debug_shows_no_key(cli, monkeypatch):
    monkeypatch.setenv("PM_PROVIDER", "openproject")
    monkeypatch.setenv("OPENPROJECT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OPENPROJECT_API_KEY", SECRET)

    async def careless(self):
        raise RuntimeError(f"sent {SECRET}")

    monkeypatch.setattr(provider_class("openproject"), "_connect", careless)
    for form in ((), ("--json",), ("--debug",)):
        found = cli("projects", "list", *form, code=1)
        assert "sent ***" in found.err
        assert SECRET not in found.err + found.out


def test_the_database_is_upgraded_and_described(cli, clean_environment):
    before = cli("db", "current", "--json").json
    found = cli("db", "upgrade", "--json").json
    assert list(found) == ["database", "revision", "head", "up_to_date"]
    assert found["up_to_date"] is True
    assert before["head"] == found["revision"] == found["head"]
    assert "up to date" in cli("db", "current").out


def test_providers_say_what_they_need(cli):
    found = {one["name"]: one for one in cli("providers", "--json").json}
    assert found["internal"]["state"] == "ready"
    assert found["openproject"]["state"] == "needs OPENPROJECT_URL"
    assert "OPENPROJECT_API_KEY" in cli("providers").out


def test_capabilities(cli):
    found = cli("capabilities", "--json").json
    assert list(found) == [
        "provider", "operations", "fields", "limits", "changes", "text_format", "conventions",
    ]  # fmt: skip
    assert found["operations"]["create_task"] == {"support": "native", "note": ""}
    assert found["fields"]["task"]["title"]["support"] == "native"
    assert "unsupported" in cli("capabilities").out
    assert "story_points" in cli("capabilities", "--fields").out
    assert cli("capabilities", "--connect", "--json").json["provider"] == "internal"
    assert "| operation |" in cli("capabilities", "--markdown").out


def test_health(cli):
    found = cli("health", "--json").json
    assert list(found) == [
        "ok", "provider", "user", "latency_ms", "version", "quota_limit", "quota_remaining",
        "quota_reset_at", "details", "error",
    ]  # fmt: skip
    assert found["ok"] is True
    assert found["user"]["username"] == "tester"
    assert "ok" in cli("health").out
    assert cli("--version").out.startswith("pm-providers ")
