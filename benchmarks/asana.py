"""Speed of the Asana provider beside Asana's own client, `asana`.

    python -m benchmarks.asana               # lists 10,000 tasks 5 times and creates 1,000
    python -m benchmarks.asana --records 2000 --created 200

Both talk to one sandbox with the quota of a paid organization: 1,500 requests a minute, 50 reads and 15
writes in flight. Each action of a batch counts as a request. Creating is measured without a quota as well,
where the pace of ours is switched off.
"""

from __future__ import annotations

from collections.abc import Callable, Sized
from dataclasses import replace
from itertools import count
from typing import Any

from benchmarks.compare import TEXT, Bench, Comparison, Task, main, our_work

_tokens = count(1)
_DOCUMENTED_PAGE = 50


def connect(task: Task) -> Any:
    from pm_providers import PMProviderConfig
    from pm_providers.providers.asana.provider import AsanaProvider

    return AsanaProvider(
        PMProviderConfig(
            "asana",
            base_url=task["url"],
            api_token=task["token"],
            workspace_id=task["workspace"],
            additional_config={} if task.get("paced", True) else {"requests_per_minute": 100_000},
        )
    )


def sdk_work(task: Task) -> Callable[[], Sized]:
    """Documents of all tasks of the project, or of those that were created."""
    import asana
    from pm_providers.providers.asana.mapping.tasks import TASK_FIELDS

    # The example of the documentation names all fields there are; these are the ones that ours needs.
    fields = ",".join(TASK_FIELDS)

    def work() -> Sized:
        configuration = asana.Configuration()
        configuration.access_token = task["token"]
        configuration.host = f"{task['url']}/api/1.0"
        tasks = asana.TasksApi(asana.ApiClient(configuration))
        if task["work"] == "list":
            page = 100 if task.get("tuned") else _DOCUMENTED_PAGE
            return list(tasks.get_tasks_for_project(task["project"], {"limit": page, "opt_fields": fields}))
        return [
            tasks.create_task({"data": body(number, task["project"])}, {"opt_fields": fields})
            for number in range(task["count"])
        ]

    return work


def body(number: int, project: str) -> dict[str, Any]:
    """A new task in the vendor's words, its text as it is."""
    return {"name": f"New {number}", "notes": TEXT.format(number), "projects": [project]}


def box(records: int, latency_ms: float) -> Any:
    from pm_providers.sandbox.asana import AsanaSandbox

    site = AsanaSandbox(scale=records, latency_ms=latency_ms)
    limit(site, True)
    return site


def limit(site: Any, holds: bool) -> None:
    """The vendor's limits as they are documented; for how long a part of a minute they hold is not."""
    from pm_providers.sandbox.asana import Limits

    site.limits = replace(Limits.vendor(), slice_s=None) if holds else None


def login(site: Any) -> dict[str, Any]:
    """A token of its own for each run: the quota is counted by token."""
    from pm_providers.sandbox.asana import ME_TOKEN

    token = f"2/benchmark/{next(_tokens)}"
    site.state.tokens[token] = site.state.tokens[ME_TOKEN]
    project = next(one for one in site.state.projects if one.name == "Scale")
    return {"url": site.base_url, "token": token, "workspace": site.workspace, "project": project.id}


def cost(record: Any) -> int:
    """Each action of a batch counts."""
    return max(1, record.request_body.count(b'"relative_path"'))


BENCH = Bench(
    module="benchmarks.asana",
    noun="task",
    works={"ours": our_work(connect), "asana": sdk_work},
    box=box,
    login=login,
    limit=limit,
    cost=cost,
    comparisons=(
        Comparison(title="; the other with the page size of its documentation", work="list"),
        Comparison(title="; the other tuned: largest pages", work="list", more={"tuned": True}),
        Comparison(title=", quota of a paid organization", work="create", repeats=1),
        Comparison(title=", no quota", work="create", more={"paced": False}, repeats=3, unlimited=True),
    ),
)

if __name__ == "__main__":
    main(BENCH, __doc__ or "")
