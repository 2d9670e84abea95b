"""Speed of the Trello provider beside a client that is not ours, `py-trello`.

    python -m benchmarks.trello              # lists 10,000 cards 5 times and creates 1,000
    python -m benchmarks.trello --records 2000 --created 200

Both talk to one sandbox with the vendor's quota, 100 requests in 10 seconds for a token. py-trello knows
neither the quota nor that an answer holds no more than 1,000 cards: this script walks its pages and paces it.
Creating is measured without a quota as well, where the pace of ours is switched off.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sized
from itertools import count
from typing import Any

from benchmarks.compare import TEXT, Bench, Comparison, Task, main, our_work

_tokens = count(1)
_PAGE = 1000
_PACE_S = 0.102


def connect(task: Task) -> Any:
    from pm_providers import PMProviderConfig
    from pm_providers.providers.trello.provider import TrelloProvider

    return TrelloProvider(
        PMProviderConfig(
            "trello",
            base_url=task["url"],
            api_key=task["key"],
            api_token=task["token"],
            additional_config={} if task["work"] == "list" or task["paced"] else {"pace": "none"},
        )
    )


def py_trello_work(task: Task) -> Callable[[], Sized]:
    """Objects of all cards of the board, or of those that were created."""
    import requests

    import trello

    class Redirected(requests.Session):
        """py-trello has no setting for its address."""

        def request(self, method: Any, url: Any, *args: Any, **options: Any) -> Any:
            return super().request(
                method, url.replace("https://api.trello.com", task["url"]), *args, **options
            )

    def work() -> Sized:
        client = trello.TrelloClient(api_key=task["key"], api_secret=task["token"], http_service=Redirected())
        board = client.get_board(task["project"])
        if task["work"] == "list":
            return all_cards(board)
        return new_cards(board.list_lists("open")[0], task)

    return work


def all_cards(board: Any) -> list[Any]:
    """Page by page, each before the oldest card of the last; ids begin with the time of creation."""
    found: dict[str, Any] = {}
    filters: dict[str, Any] = {"limit": _PAGE, "customFieldItems": "true"}
    while True:
        page = board.get_cards(dict(filters), "visible")
        found |= {one.id: one for one in page}
        if len(page) < _PAGE:
            return list(found.values())
        filters["before"] = min(one.id for one in page)


def new_cards(place: Any, task: Task) -> list[Any]:
    """One by one; where the quota holds, a little less than ten a second, as its windows are fixed."""
    made = []
    following = time.perf_counter()
    for number in range(task["count"]):
        if task["paced"]:
            time.sleep(max(0.0, following - time.perf_counter()))
            following = time.perf_counter() + _PACE_S
        made.append(place.add_card(f"New {number}", TEXT.format(number)))
    return made


def box(records: int, latency_ms: float) -> Any:
    from pm_providers.sandbox.trello import TrelloSandbox

    site = TrelloSandbox(scale=records, latency_ms=latency_ms)
    limit(site, True)
    return site


def limit(site: Any, holds: bool) -> None:
    from pm_providers.sandbox.trello import Limits

    site.limits = Limits.vendor() if holds else None


def login(site: Any) -> dict[str, Any]:
    """A token of its own for each run: the quota is counted by token."""
    from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY

    (known,) = site.state.tokens.where("secret", ADMIN_TOKEN)
    number = next(_tokens)
    secret = f"ATTA{number:064x}5A9C0DE1"
    site.state.tokens.put(replace_token(known, f"6{number:023x}", secret))
    board = next(one for one in site.state.boards if one.name == "Scale")
    return {"url": site.base_url, "key": API_KEY, "token": secret, "project": board.id}


def replace_token(known: Any, name: str, secret: str) -> Any:
    import msgspec

    return msgspec.structs.replace(known, id=name, secret=secret)


BENCH = Bench(
    module="benchmarks.trello",
    noun="card",
    works={"ours": our_work(connect), "py-trello": py_trello_work},
    box=box,
    login=login,
    limit=limit,
    window_s=10.0,
    comparisons=(
        Comparison(title=", the vendor's quota; the other's pages walked by the script", work="list"),
        Comparison(
            title=", the vendor's quota; the other paced by the script",
            work="create",
            more={"paced": True},
            repeats=1,
        ),
        Comparison(title=", no quota", work="create", more={"paced": False}, repeats=3, unlimited=True),
    ),
)

if __name__ == "__main__":
    main(BENCH, __doc__ or "")
