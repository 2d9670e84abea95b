"""What a server starts with: Redmine's default data, and what only its web interface could make."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from .instance import Instance
from .machine import REDMINE, cache_folder, locked, package_version, work_folder

FORMATS = ("textile", "markdown", "common_mark")
"""Values of Redmine's setting `text_formatting`."""

_SETTING = re.compile(r"^(\w+):\n((?:  .*\n?)*)", re.MULTILINE)


@dataclass(frozen=True)
class Field:
    """A custom field; `choices` are those of a list or of key/value pairs.

    Issues of the tracker Support have all fields, others those that are `everywhere`: Redmine loads them
    again for each issue of a list, which takes most of the time of the tests.
    """

    name: str
    format: str
    owner: str = "Issue"
    choices: tuple[str, ...] = ()
    multiple: bool = False
    everywhere: bool = False


FIELDS = (
    Field("Long text", "text"),
    Field("Short text", "string", everywhere=True),
    Field("Whole number", "int", everywhere=True),
    Field("Decimal number", "float"),
    Field("Day", "date"),
    Field("Yes or no", "bool"),
    Field("Choice", "list", choices=("Red", "Green", "Blue")),
    Field("Choices", "list", choices=("Linux", "macOS", "Windows"), multiple=True, everywhere=True),
    Field("Key", "enumeration", choices=("Small", "Medium", "Large")),
    Field("Keys", "enumeration", choices=("North", "South", "West"), multiple=True),
    Field("Person", "user"),
    Field("Release", "version"),
    Field("Web page", "link"),
    Field("Project text", "string", "Project"),
    Field("Version text", "string", "Version"),
    Field("Time entry text", "string", "TimeEntry"),
    Field("User text", "string", "User"),
)
"""In the order of their ids, from 1."""


def known_settings() -> dict[str, bool]:
    """Names of Redmine's settings, and whether the value is a list."""
    text = (REDMINE / "config/settings.yml").read_text(encoding="utf-8")
    return {name: "  serialized: " in body for name, body in _SETTING.findall(text)}


def check_settings(settings: Mapping[str, str]) -> str | None:
    """What is wrong with settings, or None. Lists must be JSON, which is YAML too, as Redmine stores them."""
    known = known_settings()
    for name, value in settings.items():
        if name not in known:
            return f"Redmine has no setting {name!r}"
        if known[name]:
            try:
                json.loads(value)
            except ValueError:
                return f"the value of setting {name!r} must be JSON"
    return None


def template() -> Path:
    """A database with Redmine's schema and default data, made once for each package version and user.

    The packaged database is none: only root may read it, and it may hold someone's real projects.

    Raises:
        ServerError: Redmine could not make it.
    """
    path = cache_folder() / f"redmine-{package_version()}.db"
    with locked(cache_folder() / "redmine.lock"):
        if not path.exists():
            _build(Instance(work_folder() / "template"), path)
    return path


def _build(instance: Instance, path: Path) -> None:
    shutil.rmtree(instance.folder, ignore_errors=True)
    try:
        instance.create()
        instance.hand_over()
        # Not in one process: it would remember the tables as they were in the middle of the migrations.
        instance.rake("db:migrate")
        instance.rake("redmine:load_default_data")
        part = path.with_suffix(".part")
        shutil.copyfile(instance.database, part)
        part.replace(path)
    finally:
        shutil.rmtree(instance.folder, ignore_errors=True)


def seed(path: Path, *, api_key: str, text_format: str, settings: Mapping[str, str]) -> None:
    """Fit a copy of the template for use: REST API on, the administrator's key, custom fields, settings."""
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    # Mails go nowhere, but writing them takes half the time of a change.
    values = {"rest_api_enabled": "1", "notified_events": "[]", "text_formatting": text_format, **settings}
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for name, value in values.items():
            database.execute("DELETE FROM settings WHERE name = ?", (name,))
            database.execute(
                "INSERT INTO settings (name, value, updated_on) VALUES (?, ?, ?)", (name, value, now)
            )
        (admin,) = database.execute("SELECT id FROM users WHERE login = 'admin'").fetchone()
        database.execute("UPDATE users SET must_change_passwd = 0 WHERE id = ?", (admin,))
        database.execute(
            "INSERT INTO tokens (user_id, action, value, created_on, updated_on) VALUES (?, 'api', ?, ?, ?)",
            (admin, api_key, now, now),
        )
        for position, field in enumerate(FIELDS, 1):
            _add_field(database, position, field)


def _add_field(database: sqlite3.Connection, position: int, field: Field) -> None:
    # Rails takes the column for YAML, which JSON is, only after this sign.
    values = f"--- {json.dumps(field.choices)}\n" if field.format == "list" else None
    added = database.execute(
        "INSERT INTO custom_fields"
        " (type, name, field_format, possible_values, position, multiple, is_for_all, is_filter)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        (
            f"{field.owner}CustomField",
            field.name,
            field.format,
            values,
            position,
            int(field.multiple),
            int(field.owner == "Issue"),
        ),
    )
    if field.owner == "Issue":
        database.execute(
            "INSERT INTO custom_fields_trackers (custom_field_id, tracker_id)"
            " SELECT ?, id FROM trackers WHERE ? OR name = 'Support'",
            (added.lastrowid, field.everywhere),
        )
    if field.format == "enumeration":
        database.executemany(
            "INSERT INTO custom_field_enumerations (custom_field_id, name, position) VALUES (?, ?, ?)",
            [(added.lastrowid, name, place) for place, name in enumerate(field.choices, 1)],
        )
