"""Stand-ins of the vendors' APIs: to try things without an account, to test without a network.

In-process::

    box = OpenProjectSandbox(dataset="demo")
    client = httpx2.AsyncClient(transport=box.transport(), base_url=box.base_url)

As a server: `pm-providers sandbox openproject --port 0`, or `box.run()`.
"""

from __future__ import annotations

from collections.abc import Callable

from pm_providers.sandbox.kit import Sandbox

__all__ = ["SANDBOXES", "Sandbox"]


def _openproject(**options: object) -> Sandbox:
    from pm_providers.sandbox.openproject import OpenProjectSandbox

    if "plan" in options:
        raise ValueError("the sandbox of OpenProject has no plans to choose from")
    return OpenProjectSandbox(**options)  # type: ignore[arg-type]  # the factory's own checks apply


def _jira(**options: object) -> Sandbox:
    from pm_providers.sandbox.jira import JiraSandbox

    if "version" in options:
        raise ValueError("Jira Cloud has no versions to choose from")
    if "plan" in options:
        raise ValueError("the sandbox of Jira has no plans to choose from")
    return JiraSandbox(**options)  # type: ignore[arg-type]  # the factory's own checks apply


def _clickup(**options: object) -> Sandbox:
    from pm_providers.sandbox.clickup import ClickUpSandbox

    if "version" in options:
        raise ValueError("ClickUp has no versions to choose from")
    return ClickUpSandbox(**options)  # type: ignore[arg-type]  # the factory's own checks apply


def _trello(**options: object) -> Sandbox:
    from pm_providers.sandbox.trello import TrelloSandbox

    if "version" in options:
        raise ValueError("Trello has no versions to choose from")
    return TrelloSandbox(**options)  # type: ignore[arg-type]  # the factory's own checks apply


def _asana(**options: object) -> Sandbox:
    from pm_providers.sandbox.asana import AsanaSandbox

    if "version" in options:
        raise ValueError("Asana has no versions to choose from")
    return AsanaSandbox(**options)  # type: ignore[arg-type]  # the factory's own checks apply


# Vendor name to factory; all take dataset, scale, faults, quota, latency_ms, clock, seed;
# those of vendors that sell plans take plan.
SANDBOXES: dict[str, Callable[..., Sandbox]] = {
    "asana": _asana,
    "clickup": _clickup,
    "jira": _jira,
    "openproject": _openproject,
    "trello": _trello,
}
