"""HTTP for every vendor; knows no vendor and no model.

One `HttpClient` per server and credential. It retries what may be repeated, keeps to the vendor's
quota, bounds every answer in size, depth and time, follows no redirect with the credential to
another host, and turns every failure into one of `pm_providers.errors`.
"""

from __future__ import annotations

from pm_providers.transport.answer import Answer
from pm_providers.transport.auth import Auth, BasicAuth, BearerAuth, HeaderAuth, fingerprint
from pm_providers.transport.client import HttpClient
from pm_providers.transport.concurrency import bounded_map, let_begin
from pm_providers.transport.download import Download
from pm_providers.transport.errors import VendorFault
from pm_providers.transport.exchange import FilePart
from pm_providers.transport.pacing import (
    Gate,
    LocalGate,
    Pace,
    PaceState,
    Quota,
    admit,
    gcra,
    gcra_push,
)
from pm_providers.transport.paging import Page, collect, iter_items, iter_links, iter_pages
from pm_providers.transport.policy import MIB, Timing, TransportPolicy
from pm_providers.transport.quota_headers import RateState, parse_rate_headers
from pm_providers.transport.ratelimit import (
    Governor,
    RateHeaderParser,
    common_gate,
    share_quotas,
    shared_governor,
)
from pm_providers.transport.redact import redact
from pm_providers.transport.urls import Params, parse_base_url, path_segment
from pm_providers.transport.verdict import ErrorParser

__all__ = [
    "MIB",
    "Answer",
    "Auth",
    "BasicAuth",
    "BearerAuth",
    "Download",
    "ErrorParser",
    "FilePart",
    "Gate",
    "Governor",
    "HeaderAuth",
    "HttpClient",
    "LocalGate",
    "Pace",
    "PaceState",
    "Page",
    "Params",
    "Quota",
    "RateHeaderParser",
    "RateState",
    "Timing",
    "TransportPolicy",
    "VendorFault",
    "admit",
    "bounded_map",
    "collect",
    "common_gate",
    "fingerprint",
    "gcra",
    "gcra_push",
    "iter_items",
    "iter_links",
    "iter_pages",
    "let_begin",
    "parse_base_url",
    "parse_rate_headers",
    "path_segment",
    "redact",
    "share_quotas",
    "shared_governor",
]
