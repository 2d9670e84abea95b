"""Reads request bodies: types are checked; names that ClickUp does not know are ignored, as there.

What was ignored is written down in `State.ignored`, so that tests find requests that say what nobody hears.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pm_providers.sandbox.clickup.errors import bad_input
from pm_providers.sandbox.clickup.web import Call

__all__ = ["MISSING", "Fields", "read", "unheard"]

MISSING: Any = object()
MAX_MS = 253402300799999
MAX_WHOLE = 2**53


class Fields:
    """Members of a body, read by kind; each is `MISSING` where it was not sent."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def __contains__(self, name: str) -> bool:
        return name in self.body

    def raw(self, name: str, default: Any = MISSING) -> Any:
        """The value as sent."""
        return self.body.get(name, default)

    def text(self, name: str, *, null: bool = False) -> Any:
        """A text.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name)
        if value is MISSING or isinstance(value, str) or (null and value is None):
            return value
        raise _wrong(name, "string")

    def name(self, err: str, code: str, *, required: bool = True) -> Any:
        """The `name`, which must say something.

        Raises:
            ApiError: 400 with this text and code where it is missing or empty.
        """
        value = self.text("name")
        if value is MISSING and not required:
            return MISSING
        if value is MISSING or not value.strip():
            raise bad_input(err, code)
        return value

    def whole(self, name: str, *, null: bool = False) -> Any:
        """A whole number; numbers in quotes are refused.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name)
        if value is MISSING or (null and value is None):
            return value
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_WHOLE:
            raise _wrong(name, "integer")
        return value

    def number(self, name: str, *, null: bool = False) -> Any:
        """A number.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name)
        if value is MISSING or (null and value is None):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong(name, "number")
        return value

    def moment(self, name: str, *, null: bool = False) -> Any:
        """Milliseconds of Unix time.

        Raises:
            ApiError: 400 for other kinds and for moments that no calendar has.
        """
        value = self.whole(name, null=null)
        if value is not MISSING and value is not None and abs(value) > MAX_MS:
            raise bad_input(f"{name} invalid", "INPUT_005")
        return value

    def flag(self, name: str, default: Any = MISSING) -> Any:
        """True or false.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name, default)
        if value is MISSING or isinstance(value, bool) or value is default:
            return value
        raise _wrong(name, "boolean")

    def whole_list(self, name: str) -> Any:
        """A list of whole numbers.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name)
        if value is MISSING or _all(value, int):
            return value
        raise _wrong(name, "array of integers")

    def text_list(self, name: str) -> Any:
        """A list of texts.

        Raises:
            ApiError: 400 for other kinds.
        """
        value = self.raw(name)
        if value is MISSING or _all(value, str):
            return value
        raise _wrong(name, "array of strings")

    def delta(self, name: str, kind: type) -> Any:
        """`{"add": [...], "rem": [...]}` as a pair of lists.

        Raises:
            ApiError: 400 for other kinds, for a plain list among them.
        """
        value = self.raw(name)
        if value is MISSING:
            return MISSING
        if not isinstance(value, dict) or not value.keys() <= {"add", "rem"}:
            raise _wrong(name, "object with add and rem")
        add, rem = value.get("add", []), value.get("rem", [])
        if not _all(add, kind) or not _all(rem, kind):
            raise _wrong(name, "object with add and rem")
        return add, rem


def read(call: Call, *names: str) -> Fields:
    """The body's members with these names; others are noted as ignored.

    Raises:
        ApiError: 400 for a body that is no object.
    """
    body = call.object()
    known = frozenset(names)
    unheard(call, (name for name in body if name not in known))
    return Fields({name: value for name, value in body.items() if name in known})


def unheard(call: Call, names: Iterable[str]) -> None:
    """Write down names that were sent and mean nothing."""
    call.state.ignored.extend((call.method, name) for name in names)


def _all(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(
        isinstance(part, kind) and not isinstance(part, bool) for part in value
    )


def _wrong(name: str, kind: str) -> Exception:
    return bad_input(f"{name} must be of type {kind}", "INPUT_005")
