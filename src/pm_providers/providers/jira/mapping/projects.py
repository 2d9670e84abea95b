"""Projects and `PMProject`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from pm_providers.model import PMProject, PMStatus, ProjectStatus
from pm_providers.providers.jira.mapping.values import document, person_id
from pm_providers.toolkit.documents import identifier, optional_text

__all__ = ["PROJECT_STATUSES", "from_project", "is_trashed", "key_for", "to_project"]

PROJECT_STATUSES: tuple[PMStatus, ...] = (
    PMStatus(id="live", name="live", status=ProjectStatus.ACTIVE.value),
    PMStatus(id="archived", name="archived", status=ProjectStatus.ARCHIVED.value),
)
"""What a project can be; one in the trash (`deleted`) reads as archived."""

_MAX_KEY = 10


def to_project(value: Any, *, base_url: str = "", keep_raw: bool = True) -> PMProject:
    """A project.

    Raises:
        ProviderError: no project.
    """
    found = document(value, "project")
    hidden = found.get("archived") is True or is_trashed(found)
    key = optional_text(found, "key")
    private = found.get("isPrivate")
    state = "deleted" if is_trashed(found) else "archived" if hidden else "live"
    return PMProject(
        id=identifier(found, "project"),
        name=optional_text(found, "name") or "",
        description=optional_text(found, "description"),
        status=(ProjectStatus.ARCHIVED if hidden else ProjectStatus.ACTIVE).value,
        owner_id=person_id(found.get("lead")),
        raw_data=dict(found) if keep_raw else None,
        key=key,
        status_name=state,
        is_public=not private if isinstance(private, bool) else None,
        is_archived=hidden,
        url=f"{base_url}/browse/{key}" if key else None,
    )


def is_trashed(value: Mapping[str, Any]) -> bool:
    """Whether a project is in the trash, where it stays for 60 days."""
    return value.get("deleted") is True


def from_project(fields: Mapping[str, Any], *, cloud: bool) -> dict[str, Any]:
    """Body that writes checked project fields; archiving has addresses of its own."""
    body: dict[str, Any] = {name: fields[name] for name in ("name", "key") if name in fields}
    if "description" in fields:
        body["description"] = fields["description"] or ""
    if fields.get("owner_id"):
        body["leadAccountId" if cloud else "lead"] = fields["owner_id"]
    return body


def key_for(name: str, suffix: str) -> str:
    """Key for a project whose creator gave none: the vendor wants one.

    Capital letters and digits, a letter first, 2 to 10 characters.

    Args:
        name: of the project.
        suffix: letters and digits that make it unique.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").upper()
    stem = re.sub(r"[^A-Z0-9]", "", plain).lstrip("0123456789")[: _MAX_KEY - len(suffix)]
    return f"{stem or 'P'}{suffix.upper()}"
