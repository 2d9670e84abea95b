"""Rows of the store as records."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

__all__ = ["Connection", "SyncMapping"]


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
