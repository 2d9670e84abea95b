"""Values of custom fields as they are sent."""

from __future__ import annotations

from typing import Any

from pm_providers.sandbox.asana.data import is_gid, read_date, read_moment, shown
from pm_providers.sandbox.asana.errors import bad, forbidden, not_an_id, payment_required
from pm_providers.sandbox.asana.records import Field
from pm_providers.sandbox.asana.rights import find_task, find_user
from pm_providers.sandbox.asana.view_fields import field_values, is_read_only
from pm_providers.sandbox.asana.web import Session, stamp

__all__ = ["read_values"]

MAX_TEXT = 1_024


def read_values(
    session: Session, sent: dict[str, Any] | None, parents: list[str], before: dict[str, Any]
) -> dict[str, Any]:
    """The values of a record after a write.

    Args:
        session: who writes.
        sent: field id to value, as in `custom_fields` of the body.
        parents: projects (or portfolios) whose fields the record has.
        before: the values it has now.

    Raises:
        ApiError: 400 for a field that is not on the record or a value that does not fit, 403 for a field that
            cannot be written, 402 on a plan without custom fields.
    """
    if not sent:
        return before
    if not session.state.paid():
        raise payment_required("Custom Fields")
    known = {row.id: row for row in field_values(session, parents)}
    found = dict(before)
    for gid, value in sent.items():
        if not is_gid(gid):
            raise not_an_id("custom_fields", shown(gid))
        row = known.get(gid)
        if row is None:
            raise bad(f"custom_fields: Custom field with ID {gid} is not on given object")
        if is_read_only(row):
            raise forbidden(f"custom_fields: {gid}: The value of this custom field cannot be edited")
        stored = None if value is None else _READERS[row.kind](session, row, value)
        if stored is None or stored == ():
            found.pop(gid, None)
        else:
            found[gid] = stored
    return found


def _where(row: Field) -> str:
    return f"custom_fields: {row.id}"


def _text(_session: Session, row: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise bad(f"{_where(row)}: Value is not a string: {shown(value)}")
    if len(value) > MAX_TEXT:
        raise bad(f"{_where(row)}: Value is too long, at most {MAX_TEXT} characters are allowed")
    return value or None


def _number(_session: Session, row: Field, value: Any) -> float | int:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise bad(f"{_where(row)}: Value is not a number: {shown(value)}") from None
    if (
        isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e15
    ):  # beyond exact doubles
        raise bad(f"{_where(row)}: Value is not a number: {shown(value)}")
    places = row.precision + (2 if row.format == "percentage" else 0)
    rounded = round(value, places)
    return int(rounded) if float(rounded).is_integer() else rounded


def _option(row: Field, value: Any) -> str:
    found = next((option for option in row.options if option.id == value), None)
    if found is None or not found.enabled:
        raise not_an_id(_where(row), shown(value))
    return found.id


def _enum(_session: Session, row: Field, value: Any) -> str | None:
    return None if value == "" else _option(row, value)


def _list(row: Field, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise bad(f"{_where(row)}: Value is not an array: {shown(value)}")
    return value


def _multi(_session: Session, row: Field, value: Any) -> tuple[str, ...]:
    chosen = {_option(row, part) for part in _list(row, value)}
    return tuple(option.id for option in row.options if option.id in chosen)


def _people(session: Session, row: Field, value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else _list(row, value)
    return tuple(dict.fromkeys(find_user(session, str(name).strip(), _where(row)).id for name in names))


def _date(_session: Session, row: Field, value: Any) -> dict[str, str | None]:
    if isinstance(value, str):
        return {"date": read_date(_where(row), value), "date_time": None}
    if not isinstance(value, dict) or not value.keys() <= {"date", "date_time"}:
        raise bad(f"{_where(row)}: Value is not a date object: {shown(value)}")
    if value.get("date_time"):
        moment = read_moment(_where(row), value["date_time"])
        return {"date": moment.date().isoformat(), "date_time": stamp(moment)}
    return {"date": read_date(_where(row), value.get("date")), "date_time": None}


def _reference(session: Session, row: Field, value: Any) -> tuple[str, ...]:
    return tuple(find_task(session, str(gid), _where(row)).id for gid in _list(row, value))


_READERS: dict[str, Any] = {
    "text": _text,
    "number": _number,
    "enum": _enum,
    "multi_enum": _multi,
    "people": _people,
    "date": _date,
    "reference": _reference,
}
