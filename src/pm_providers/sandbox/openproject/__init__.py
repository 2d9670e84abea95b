"""A stand-in for OpenProject's API v3, checked against recordings of a real server."""

from __future__ import annotations

from pm_providers.sandbox.openproject.sandbox import ADMIN_KEY, DATASETS, OpenProjectSandbox

__all__ = ["ADMIN_KEY", "DATASETS", "OpenProjectSandbox"]
