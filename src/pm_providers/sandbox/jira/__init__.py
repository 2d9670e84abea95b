"""A stand-in of Jira Cloud (REST v3 and v2, agile/1.0)."""

from __future__ import annotations

from pm_providers.sandbox.jira.limits import Limits
from pm_providers.sandbox.jira.sandbox import ADMIN_EMAIL, ADMIN_TOKEN, JiraSandbox

__all__ = ["ADMIN_EMAIL", "ADMIN_TOKEN", "JiraSandbox", "Limits"]
