"""A vendor's sandbox in a process of its own, with the vendor's quota on.

Says its settings as a JSON object, then answers each line it is given with what it was asked until then:
{"statuses": {...}, "busiest": n, "requests": n}, where `busiest` is the most of any ten seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys

from pm_providers.sandbox.trello import ORGANIZATION_ID, TrelloSandbox
from pm_providers.sandbox.trello.demo import add_member, join
from pm_providers.sandbox.trello.limits import Limits

__all__: list[str] = []

WINDOW_S = 10.0
PERSON = "grace"


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def main() -> None:
    """Serve until nobody asks any more."""
    box = TrelloSandbox()
    add_member(box.state, PERSON, "Grace", "grace@example.com")
    join(box.state, ORGANIZATION_ID, PERSON)
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def heard() -> None:
        lines.put_nowait(sys.stdin.readline())

    loop.add_reader(sys.stdin, heard)
    async with box.serve():
        say({"settings": box.settings, "person": box.token_of(PERSON)})
        while line := (await lines.get()).strip():
            if line == "limit":
                box.log.clear()
                box.limits = Limits(token=Limits.vendor().token, key=Limits.vendor().key)
            statuses = {str(status): count for status, count in box.log.statuses().items()}
            say({"statuses": statuses, "busiest": box.log.busiest(WINDOW_S), "requests": len(box.log)})


if __name__ == "__main__":
    asyncio.run(main())
