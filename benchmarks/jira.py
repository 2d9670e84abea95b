"""Speed of the Jira provider beside two clients that are not ours, `jira` and `atlassian-python-api`.

    python benchmarks/jira.py                # lists 10,000 issues and creates 1,000, each 5 times
    python benchmarks/jira.py --issues 2000 --created 200 --repeats 3   # quicker
    python benchmarks/jira.py --latency-ms 200

All talk to one sandbox, which is a process of its own and waits before each answer as a site far away would.
Each measurement is a process of its own, too; the clients take turns. Prints Markdown. Ratios of one run on
one machine mean something, absolute numbers elsewhere do not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

PROJECT = "SCALE"
BULK = 50
"""Issues that one call may create: the vendor's limit."""

TEXT = "Look at *all* sides of number {}: **north** and south."
OURS, PYCONTRIBS, ATLASSIAN = "ours", "jira", "atlassian-python-api"
CLIENTS = (OURS, PYCONTRIBS, ATLASSIAN)
PYTHON = (sys.executable, "-P", __file__)
"""Without this script's folder in the path: one of the clients has its name."""

Result = dict[str, float]


# what each client does


def our_work(task: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], int]]:
    """Records of all issues, or of those that were created."""
    import httpcore2  # noqa: F401 - imported with the first request else; the others' imports are not timed

    from pm_providers import PMProviderConfig, PMTask
    from pm_providers.providers.jira.provider import JiraProvider

    config = PMProviderConfig(
        "jira", base_url=task["url"], username=task["user"], api_token=task["token"], additional_config={}
    )

    async def work() -> Any:
        async with JiraProvider(config) as provider:
            if task["work"] == "list":
                return await provider.list_tasks(PROJECT)
            new = [
                PMTask(title=f"New {n}", description=TEXT.format(n), project_id=PROJECT)
                for n in range(task["count"])
            ]
            return (await provider.create_tasks(new)).items

    return lambda: asyncio.run(work()), len


def pycontribs_work(task: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], int]]:
    """Objects of all issues, or the answers for those that were created."""
    import jira

    def work() -> Any:
        client = jira.JIRA(
            task["url"], basic_auth=(task["user"], task["token"]), options={"rest_api_version": "3"}
        )
        if task["work"] == "list":
            chosen = {"fields": list(task["fields"]), "use_post": True} if task["tuned"] else {}
            return client.enhanced_search_issues(f'project = "{PROJECT}"', maxResults=0, **chosen)
        made: list[Any] = []
        for start in range(0, task["count"], BULK):
            made += client.create_issues(bodies(start, task["count"]), prefetch=False)
        return [one for one in made if one["status"] == "Success"]

    return work, len


def atlassian_work(task: dict[str, Any]) -> tuple[Callable[[], Any], Callable[[Any], int]]:
    """Documents of all issues, or the answers for those that were created."""
    import atlassian

    def work() -> Any:
        client = atlassian.Jira(
            url=task["url"], username=task["user"], password=task["token"], cloud=True, api_version="3"
        )
        if task["work"] == "list":
            # A limit makes its pages as large as the server allows; without one they hold 50.
            chosen = {"fields": list(task["fields"]), "limit": task["count"] + 1} if task["tuned"] else {}
            return client.enhanced_jql_get_list_of_tickets(f'project = "{PROJECT}"', **chosen)
        made: list[Any] = []
        for start in range(0, task["count"], BULK):
            answer = client.create_issues([{"fields": one} for one in bodies(start, task["count"])])
            made += answer["issues"]
        return made

    return work, len


WORKS = {OURS: our_work, PYCONTRIBS: pycontribs_work, ATLASSIAN: atlassian_work}


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


def memory(name: str) -> float:
    """MiB of this process: `VmRSS` now, `VmHWM` at its peak."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


def run_client(task: dict[str, Any]) -> None:
    """Do one client's work and print what it took. Runs in its own process."""
    work, size = WORKS[task["client"]](task)
    before, cpu, wall = memory("VmRSS"), time.process_time(), time.perf_counter()
    found = work()
    result = {
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak": memory("VmHWM"),
        "grown": memory("VmHWM") - before,
        "count": size(found),
    }
    print(json.dumps(result))


# the server


def serve(issues: int, latency_ms: float) -> None:
    """A sandbox in this process; a line on standard input asks for its counters, the end of it stops it."""
    from pm_providers.sandbox.jira import ADMIN_EMAIL, ADMIN_TOKEN, JiraSandbox

    async def work() -> None:
        box = JiraSandbox(scale=issues, latency_ms=latency_ms)
        async with box.serve() as url:
            print(json.dumps({"url": url, "user": ADMIN_EMAIL, "token": ADMIN_TOKEN}), flush=True)
            while line := await asyncio.to_thread(sys.stdin.readline):
                if line.strip() == "fields":
                    answer: Any = fields_of(box.log)
                else:
                    answer = {"requests": len(box.log), "cpu": time.process_time()}
                    box.log.clear()
                print(json.dumps(answer), flush=True)

    asyncio.run(work())


def fields_of(log: Any) -> list[str]:
    """Fields that the last search with fields asked for."""
    asked = [json.loads(one.request_body).get("fields") for one in log.select("POST", "/search/jql")]
    return next(one for one in reversed(asked) if one and one != ["id"])


class Server:
    """The sandbox's process.

    Attributes:
        login: its address and a credential.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.login: dict[str, str] = json.loads(self._line())

    def _line(self) -> str:
        return self._process.stdout.readline() if self._process.stdout else ""

    def ask(self, word: str) -> Any:
        """`counters`: requests since the last time, CPU seconds so far; `fields`: those last asked for."""
        print(word, file=self._process.stdin, flush=True)
        return json.loads(self._line())


@contextmanager
def server(issues: int, latency_ms: float) -> Iterator[Server]:
    """A sandbox in a process of its own."""
    command = [*PYTHON, "--serve", "--issues", str(issues), "--latency-ms", str(latency_ms)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Server(process)
    finally:
        process.communicate(timeout=30)


# the comparison


def measured(site: Server, client: str, work: str, count: int, fields: list[str], *, tuned: bool) -> Result:
    """One client's work, with what it cost the server."""
    task = {**site.login, "client": client, "work": work, "count": count, "fields": fields, "tuned": tuned}
    before = site.ask("counters")
    command = [*PYTHON, "--client", json.dumps(task)]
    found: Result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    if found["count"] < count:
        raise SystemExit(f"{client}: only {found['count']} of {count}")
    if work == "list" and client == OURS and not fields:
        fields += site.ask("fields")
    after = site.ask("counters")
    return {**found, "requests": after["requests"], "server": after["cpu"] - before["cpu"]}


def compared(
    site: Server, work: str, count: int, repeats: int, fields: list[str], *, tuned: bool = False
) -> dict[str, Result]:
    """Medians of the clients' numbers; they take turns.

    Tuned, the others ask for the very fields that ours does, in the largest pages; else they are called as
    their documentation does.
    """
    found: dict[str, list[Result]] = {name: [] for name in CLIENTS}
    for _ in range(repeats):
        for name in CLIENTS:
            found[name].append(measured(site, name, work, count, fields, tuned=tuned))
    return {
        name: {key: median(one[key] for one in results) for key in results[0]}
        for name, results in found.items()
    }


MEASURES = (
    ("wall time, s", "wall", "{:.2f}", 1.0),
    ("CPU time, ms per issue", "cpu", "{:.3f}", 1000.0),
    ("requests", "requests", "{:.0f}", 1.0),
    ("peak memory, MiB", "peak", "{:.0f}", 1.0),
    ("of it during the work, MiB", "grown", "{:.1f}", 1.0),
    ("CPU time of the server, s", "server", "{:.2f}", 1.0),
)


def table(title: str, found: dict[str, Result], count: int) -> None:
    """Print the numbers, and how many times ours the others take."""
    print(f"\n#### {title}\n")
    print(f"| measure | ours | {PYCONTRIBS} | {ATLASSIAN} | the better of both in units of ours |")
    print("|---|---|---|---|---|")
    for label, key, form, unit in MEASURES:
        scale = unit / count if key == "cpu" else unit
        values = [found[name][key] * scale for name in CLIENTS]
        ratio = min(values[1:]) / values[0] if values[0] else 0.0
        print(f"| {label} | {' | '.join(form.format(one) for one in values)} | {ratio:.2f} times |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--issues", type=int, default=10_000)
    parser.add_argument("--created", type=int, default=1_000)
    parser.add_argument("--latency-ms", type=float, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        run_client(json.loads(options.client))
        return
    if options.serve:
        serve(options.issues, options.latency_ms)
        return
    load = os.getloadavg()[0]
    fields: list[str] = []
    with server(options.issues, options.latency_ms) as site:
        listed = compared(site, "list", options.issues, options.repeats, fields)
        tuned = compared(site, "list", options.issues, options.repeats, fields, tuned=True)
        created = compared(site, "create", options.created, options.repeats, fields)
    title = f"List {options.issues:,} issues, {options.latency_ms:g} ms latency"
    table(f"{title}; the others as their documentation calls them", listed, options.issues)
    table(f"{title}; the others tuned: our fields, largest pages", tuned, options.issues)
    table(f"Create {options.created:,} issues, {options.latency_ms:g} ms latency", created, options.created)
    print(f"\n{options.repeats} runs, medians; {os.cpu_count()} cores, load {load:.1f} at the start")


if __name__ == "__main__":
    main()
