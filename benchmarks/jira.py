"""Speed of the Jira provider beside two clients that are not ours, `jira` and `atlassian-python-api`.

    python -m benchmarks.jira                # lists 10,000 issues and creates 1,000, each 5 times
    python -m benchmarks.jira --records 2000 --created 200 --repeats 3   # quicker
    python -m benchmarks.jira --latency-ms 200

All talk to one sandbox. Prints Markdown. Ratios of one run on one machine mean something, absolute numbers
elsewhere do not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sized
from typing import Any

from benchmarks.compare import TEXT, Bench, Comparison, Task, main, our_work

PROJECT = "SCALE"
BULK = 50
"""Issues that one call may create: the vendor's limit."""


def connect(task: Task) -> Any:
    from pm_providers import PMProviderConfig
    from pm_providers.providers.jira.provider import JiraProvider

    return JiraProvider(
        PMProviderConfig(
            "jira", base_url=task["url"], username=task["user"], api_token=task["token"], additional_config={}
        )
    )


def pycontribs_work(task: Task) -> Callable[[], Sized]:
    """Objects of all issues, or the answers for those that were created."""
    import jira

    def work() -> Sized:
        client = jira.JIRA(
            task["url"], basic_auth=(task["user"], task["token"]), options={"rest_api_version": "3"}
        )
        if task["work"] == "list":
            chosen = {"fields": list(task["asked"]), "use_post": True} if task.get("tuned") else {}
            found: Sized = client.enhanced_search_issues(f'project = "{PROJECT}"', maxResults=0, **chosen)
            return found
        made: list[Any] = []
        for start in range(0, task["count"], BULK):
            made += client.create_issues(bodies(start, task["count"]), prefetch=False)
        return [one for one in made if one["status"] == "Success"]

    return work


def atlassian_work(task: Task) -> Callable[[], Sized]:
    """Documents of all issues, or the answers for those that were created."""
    import atlassian

    def work() -> Sized:
        client = atlassian.Jira(
            url=task["url"], username=task["user"], password=task["token"], cloud=True, api_version="3"
        )
        if task["work"] == "list":
            # A limit makes its pages as large as the server allows; without one they hold 50.
            tuned = {"fields": list(task["asked"]), "limit": task["count"] + 1} if task.get("tuned") else {}
            found: Sized = client.enhanced_jql_get_list_of_tickets(f'project = "{PROJECT}"', **tuned)
            return found
        made: list[Any] = []
        for start in range(0, task["count"], BULK):
            answer = client.create_issues([{"fields": one} for one in bodies(start, task["count"])])
            made += answer["issues"]
        return made

    return work


def bodies(start: int, count: int) -> list[dict[str, Any]]:
    """Issues for one call, in the vendor's words."""
    return [
        {
            "project": {"key": PROJECT},
            "issuetype": {"name": "Task"},
            "summary": f"New {number}",
            "description": paragraph(TEXT.format(number)),
        }
        for number in range(start, min(start + BULK, count))
    ]


def paragraph(text: str) -> dict[str, Any]:
    """A text in the vendor's form, as it is."""
    content = [{"type": "paragraph", "content": [{"type": "text", "text": text}]}]
    return {"type": "doc", "version": 1, "content": content}


def box(records: int, latency_ms: float) -> Any:
    from pm_providers.sandbox.jira import JiraSandbox

    return JiraSandbox(scale=records, latency_ms=latency_ms)


def login(site: Any) -> dict[str, Any]:
    from pm_providers.sandbox.jira import ADMIN_EMAIL, ADMIN_TOKEN

    return {"url": site.base_url, "user": ADMIN_EMAIL, "token": ADMIN_TOKEN, "project": PROJECT}


def fields_of(log: Any) -> list[str]:
    """Fields that the last search with fields asked for."""
    asked = [json.loads(one.request_body).get("fields") for one in log.select("POST", "/search/jql")]
    return next(one for one in reversed(asked) if one and one != ["id"])


BENCH = Bench(
    module="benchmarks.jira",
    noun="issue",
    works={"ours": our_work(connect), "jira": pycontribs_work, "atlassian-python-api": atlassian_work},
    box=box,
    login=login,
    asked=fields_of,
    comparisons=(
        Comparison(title="; the others as their documentation calls them", work="list"),
        Comparison(title="; the others tuned: our fields, largest pages", work="list", more={"tuned": True}),
        Comparison(title="", work="create"),
    ),
)

if __name__ == "__main__":
    main(BENCH, __doc__ or "")
