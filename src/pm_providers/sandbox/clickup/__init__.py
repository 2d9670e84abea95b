"""A stand-in of ClickUp (API v2, and v3 where v2 has no way)."""

from __future__ import annotations

from pm_providers.sandbox.clickup.sandbox import ADMIN_TOKEN, TEAM_ID, ClickUpSandbox

__all__ = ["ADMIN_TOKEN", "TEAM_ID", "ClickUpSandbox"]
