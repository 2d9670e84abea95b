"""Parts that all vendors' sandboxes share: server, faults, quota, request log, clock, story data."""

from __future__ import annotations

from pm_providers.sandbox.kit.clock import Clock
from pm_providers.sandbox.kit.faults import Fault, FaultPlan, parse_fault
from pm_providers.sandbox.kit.log import RequestLog, RequestRecord
from pm_providers.sandbox.kit.quota import Quota, QuotaState
from pm_providers.sandbox.kit.server import Sandbox, require_known
from pm_providers.sandbox.kit.transport import SandboxTransport

__all__ = [
    "Clock",
    "Fault",
    "FaultPlan",
    "Quota",
    "QuotaState",
    "RequestLog",
    "RequestRecord",
    "Sandbox",
    "SandboxTransport",
    "parse_fault",
    "require_known",
]
