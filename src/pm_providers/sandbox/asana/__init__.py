"""A stand-in of Asana (API 1.0)."""

from __future__ import annotations

from pm_providers.sandbox.asana.limits import Limits
from pm_providers.sandbox.asana.sandbox import ME_TOKEN, AsanaSandbox

__all__ = ["ME_TOKEN", "AsanaSandbox", "Limits"]
