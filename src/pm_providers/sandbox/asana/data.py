"""The `data` of a write, read member by member in the vendor's words for what does not fit.

Members that no resource has are ignored without a word, as the real service does
[obs roychri/mcp-server-asana#28: a `project_id` on a task]; members that are read-only or can be set on
creation only are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from pm_providers.sandbox.asana.errors import bad, missing, not_an_id, unwritable

__all__ = ["Data", "is_gid", "read_date", "read_moment", "shown"]

_GID = re.compile(r"[0-9]{1,19}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def is_gid(value: object) -> bool:
    """Whether a value has the form of an id."""
    return isinstance(value, str) and _GID.fullmatch(value) is not None


def shown(value: object) -> str:
    """A value inside a message, cut."""
    return str(value)[:200]


def read_date(name: str, value: Any) -> str:
    """A `YYYY-MM-DD` text.

    Raises:
        ApiError: 400 for another value [obs].
    """
    try:
        if not isinstance(value, str) or not _DATE.fullmatch(value):
            raise ValueError  # noqa: TRY301  # one answer for both
        date.fromisoformat(value)
    except ValueError:
        message = f"{name}: Date must be in ISO-8601 (yyyy-mm-dd) format, not: {shown(value)}"
        raise bad(message) from None
    return value


def read_moment(name: str, value: Any) -> datetime:
    """An ISO 8601 moment as UTC; without a zone it is UTC, a date alone is its midnight.

    Raises:
        ApiError: 400 for another value.
    """
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad(f"{name}: Not a valid ISO-8601 date: {shown(value)}") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Data:
    """Members of one object of a request.

    Args:
        values: as decoded.
        form: they came form encoded: everything is text, lists are separated by commas.
        where: path put before the names in messages.
    """

    def __init__(self, values: dict[str, Any], *, form: bool = False, where: str = "") -> None:
        self.values = values
        self.form = form
        self.where = where

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def label(self, name: str) -> str:
        """The name of a member as messages call it."""
        return f"{self.where}{name}"

    def refuse(self, names: Iterable[str]) -> None:
        """400 for the first of these members that was sent."""
        for name in names:
            if name in self.values:
                raise unwritable(self.label(name))

    def raw(self, name: str) -> Any:
        """The value as it is; None when it was not sent."""
        return self.values.get(name)

    def text(self, name: str, *, null: bool = True, limit: int = 65_535) -> str | None:
        """A text; None when it is null or was not sent. `null` False refuses a null."""
        value = self.values.get(name)
        if value is None and (null or name not in self.values):
            return None
        if not isinstance(value, str):
            raise bad(f"{self.label(name)}: Value is not a string: {shown(value)}")
        if len(value) > limit:
            raise bad(f"{self.label(name)}: Value is too long, at most {limit} characters are allowed")
        return value

    def need(self, name: str) -> str:
        """A text that must be there and not be empty."""
        value = self.text(name)
        if value is None or not value.strip():
            raise missing(self.label(name))
        return value

    def flag(self, name: str) -> bool | None:
        """True or false; None when it was not sent."""
        if name not in self.values:
            return None
        value = self.values[name]
        if self.form and value in {"true", "false"}:
            return bool(value == "true")
        if not isinstance(value, bool):
            raise bad(f"{self.label(name)}: Value is not a boolean: {shown(value)}")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number; None when it is null or was not sent."""
        value = self.values.get(name)
        if self.form and isinstance(value, str) and value.isdigit():
            return int(value)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad(f"{self.label(name)}: Value is not an integer: {shown(value)}")
        return value

    def gid(self, name: str) -> str | None:
        """An id; None when it is null or was not sent."""
        value = self.values.get(name)
        if value is None or (self.form and value in {"", "null"}):
            return None
        if not is_gid(value):
            raise not_an_id(self.label(name), shown(value))
        return str(value)

    def need_gid(self, name: str) -> str:
        """An id that must be there."""
        value = self.gid(name)
        if value is None:
            raise missing(self.label(name))
        return value

    def items(self, name: str) -> list[Any]:
        """A list; empty when it is null or was not sent. A form gives it as a comma separated text."""
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, str) and self.form:
            return [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise bad(f"{self.label(name)}: Value is not an array: {shown(value)}")
        return value

    def gids(self, name: str) -> list[str]:
        """A list of ids."""
        values = self.items(name)
        for number, value in enumerate(values):
            if not is_gid(value):
                raise not_an_id(f"{self.label(name)}: [{number}]", shown(value))
        return [str(value) for value in values]

    def names(self, name: str) -> list[str]:
        """A list of texts, or one text with commas (members and followers of projects)."""
        value = self.values.get(name)
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        values = self.items(name)
        if not all(isinstance(part, str) for part in values):
            raise bad(f"{self.label(name)}: Value is not an array of strings")
        return values

    def object(self, name: str) -> dict[str, Any] | None:
        """An object; None when it is null or was not sent."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise bad(f"{self.label(name)}: Value is not a JSON object: {shown(value)}")
        return value

    def date(self, name: str) -> str | None:
        """A date; None when it is null or was not sent."""
        value = self.values.get(name)
        return None if value is None else read_date(self.label(name), value)

    def moment(self, name: str) -> datetime | None:
        """A moment in UTC; None when it is null or was not sent."""
        value = self.values.get(name)
        return None if value is None else read_moment(self.label(name), value)

    def choice(self, name: str, known: Iterable[str], *, null: bool = False) -> str | None:
        """One of some texts; None when it was not sent (or is null, where that may be)."""
        value = self.text(name, null=null)
        if value is not None and value not in (options := tuple(known)):
            wanted = ", ".join(options)
            raise bad(
                f"{self.label(name)}: Value is not one of the allowed values: {wanted}; got: {shown(value)}"
            )
        return value
