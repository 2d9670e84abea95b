"""Speed of the ClickUp provider beside a client that is not ours, `clickup-python-sdk`.

    python -m benchmarks.clickup             # lists 10,000 tasks 5 times and creates 1,000 3 times
    python -m benchmarks.clickup --records 2000 --created 200

Both talk to one sandbox of the plan Enterprise: its quota, 10,000 requests a minute, holds. No smaller plan
fits both halves: Business Plus has 1,000 a minute, and 1,000 tasks take a request each.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from itertools import count
from typing import Any

from benchmarks.compare import TEXT, Bench, Comparison, Task, main, our_work

_tokens = count(1)


def connect(task: Task) -> Any:
    from pm_providers import PMProviderConfig
    from pm_providers.providers.clickup.provider import ClickUpProvider

    return ClickUpProvider(
        PMProviderConfig(
            "clickup",
            base_url=task["url"],
            api_key=task["token"],
            workspace_id=task["team"],
            additional_config={},
        )
    )


def sdk_work(task: Task) -> Callable[[], Sized]:
    """Objects of all tasks of the list, or of those that were created."""
    from clickup_python_sdk import ClickupClient
    from clickup_python_sdk.clickupobjects.list import List

    def work() -> Sized:
        ClickupClient.API = f"{task['url']}/api/"
        ClickupClient.init(user_token=task["token"])
        place = List(id=task["list"])
        if task["work"] == "list":
            chosen = {
                "subtasks": "true",
                "include_closed": "true",
                "include_markdown_description": "true",
            }
            found: Sized = place.get_tasks(chosen)
            return found
        return [
            place.create_task(f"New {number}", markdown_description=TEXT.format(number))
            for number in range(task["count"])
        ]

    return work


def box(records: int, latency_ms: float) -> Any:
    from pm_providers.sandbox.clickup import ClickUpSandbox

    return ClickUpSandbox(scale=records, latency_ms=latency_ms, plan="enterprise", limits=True)


def login(site: Any) -> dict[str, Any]:
    """A token of its own for each run: the quota is counted by token."""
    from pm_providers.sandbox.clickup import ADMIN_TOKEN, TEAM_ID

    owner = site.state.tokens[ADMIN_TOKEN]
    token = f"pk_{owner}_BENCHMARK{next(_tokens):06d}"
    site.state.tokens[token] = owner
    space = next(one for one in site.state.spaces if one.name == "Load")
    place = next(one for one in site.state.lists if one.name == "Load")
    return {
        "url": site.base_url,
        "token": token,
        "team": TEAM_ID,
        "project": space.id,
        "list": place.id,
    }


BENCH = Bench(
    module="benchmarks.clickup",
    noun="task",
    works={"ours": our_work(connect), "clickup-python-sdk": sdk_work},
    box=box,
    login=login,
    comparisons=(
        Comparison(title=", quota of Enterprise", work="list"),
        Comparison(title=", quota of Enterprise", work="create", repeats=3),
    ),
)

if __name__ == "__main__":
    main(BENCH, __doc__ or "")
