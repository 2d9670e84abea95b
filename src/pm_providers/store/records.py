"""Rows of the store as records."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pm_providers.contract import check_text

__all__ = ["Connection", "SyncMapping", "json_problem"]


@dataclass(frozen=True, slots=True)
class Connection:
    """A stored connection to a system. Its secrets are encrypted; `config_for` opens them.

    Attributes:
        id: our id.
        name: what people call it; unique.
        provider_type: registered name of the provider.
        base_url: address of the system.
        api_key: encrypted.
        api_token: encrypted.
        username: login or e-mail.
        organization_id: vendor's organisation.
        project_key: project to work in by default.
        workspace_id: vendor's workspace or team.
        additional_config: provider's own options; values under names that look secret are encrypted.
        created_at: instant of creation.
        updated_at: instant of the last change.
    """

    id: str
    name: str
    provider_type: str
    base_url: str | None
    api_key: str | None = field(repr=False)
    api_token: str | None = field(repr=False)
    username: str | None
    organization_id: str | None
    project_key: str | None
    workspace_id: str | None
    additional_config: dict[str, Any] = field(repr=False)
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SyncMapping:
    """A project of ours that is kept in step with one of another system.

    Attributes:
        id: our id.
        internal_project_id: project of the internal provider.
        provider_connection_id: connection to the other system.
        external_project_id: project there.
        sync_enabled: False while paused.
        last_sync_at: instant of the last run that ended well; missing before the first.
        sync_config: options of the sync.
        created_at: instant of creation.
        updated_at: instant of the last change.
    """

    id: str
    internal_project_id: str
    provider_connection_id: str
    external_project_id: str
    sync_enabled: bool
    last_sync_at: datetime | None
    sync_config: dict[str, Any]
    created_at: datetime
    updated_at: datetime


def json_problem(value: Any) -> str | None:
    """What keeps a value from being stored as a JSON object, if anything; never shows the value."""
    if not isinstance(value, Mapping):
        return f"must be a dict, not {type(value).__name__}"
    try:
        json.dumps(dict(value), allow_nan=False)
        _check_names_and_texts(value)
    except (TypeError, ValueError, RecursionError):
        return "must hold nothing but what JSON can: text, numbers, flags, lists, dicts"
    return None


def _check_names_and_texts(value: Any) -> None:
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            if not isinstance(name, str):
                raise TypeError("a name must be text")
            check_text(name)
            _check_names_and_texts(one)
    elif isinstance(value, list | tuple):
        for one in value:
            _check_names_and_texts(one)
