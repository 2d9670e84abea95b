"""Versions and `PMSprint`; categories and `PMLabel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pm_providers.model import PMLabel, PMSprint
from pm_providers.providers.redmine.mapping.custom_fields import (
    CustomField,
    read_custom_fields,
    write_custom_fields,
)
from pm_providers.providers.redmine.mapping.values import document, ref_id
from pm_providers.toolkit.choices import VERSION_STATUSES
from pm_providers.toolkit.documents import day, identifier, instant, optional_text

__all__ = ["from_sprint", "to_label", "to_sprint"]

_MEANING = {one.id: one.status for one in VERSION_STATUSES}


def to_sprint(
    value: Any,
    *,
    fields: Mapping[str, CustomField] | None = None,
    base_url: str = "",
    keep_raw: bool = True,
) -> PMSprint:
    """A version as a sprint. It has an end, but no start; its description is plain text.

    Raises:
        ProviderError: no version, or a value of the wrong kind.
    """
    found = document(value, "version")
    one = identifier(found, "version")
    word = optional_text(found, "status")
    return PMSprint(
        id=one,
        name=optional_text(found, "name") or "",
        project_id=ref_id(found, "project"),
        end_date=day(found.get("due_date")),
        status=_MEANING.get(word or ""),
        goal=optional_text(found, "description"),
        raw_data=dict(found) if keep_raw else None,
        status_name=word,
        url=f"{base_url}/versions/{one}",
        created_at=instant(found.get("created_on")),
        updated_at=instant(found.get("updated_on")),
        custom_fields=read_custom_fields(found, fields or {}),
    )


def from_sprint(fields: Mapping[str, Any], *, custom: Sequence[CustomField] = ()) -> dict[str, Any]:
    """Body that writes checked sprint fields. `status` holds the vendor's word here."""
    body: dict[str, Any] = {name: fields[name] for name in ("name", "status") if name in fields}
    if "goal" in fields:
        body["description"] = fields["goal"] or ""
    if "end_date" in fields:
        body["due_date"] = "" if fields["end_date"] is None else fields["end_date"].isoformat()
    if fields.get("custom_fields"):
        body["custom_fields"] = write_custom_fields(fields["custom_fields"], custom)
    return body


def to_label(value: Any, *, keep_raw: bool = True) -> PMLabel:
    """A category of issues as a label.

    Raises:
        ProviderError: no category, or a value of the wrong kind.
    """
    found = document(value, "category")
    return PMLabel(
        id=identifier(found, "category"),
        name=optional_text(found, "name") or "",
        project_id=ref_id(found, "project"),
        raw_data=dict(found) if keep_raw else None,
    )
