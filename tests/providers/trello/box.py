"""The sandbox of Trello with a connected provider: the other half, written from the documents alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pm_providers import PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, ORGANIZATION_ID, TrelloSandbox

__all__ = ["CUSTOM_FIELDS", "open_box", "with_custom_fields"]

CUSTOM_FIELDS = "56d5e249a98895a9797bebb9"
"""The Power-Up that boards need for custom fields."""


@asynccontextmanager
async def open_box(
    box: TrelloSandbox | None = None, *, token: str = ADMIN_TOKEN, workspace: bool = True, **options: Any
) -> AsyncIterator[tuple[TrelloSandbox, TrelloProvider]]:
    """A sandbox, an empty one by default, and a provider that is connected to it."""
    box = box or TrelloSandbox(dataset="empty", search_lag_s=0)
    config = PMProviderConfig(
        "trello",
        base_url=box.base_url,
        api_key=API_KEY,
        api_token=token,
        organization_id=ORGANIZATION_ID if workspace else None,
        additional_config={"pace": "none", **options},
    )
    async with TrelloProvider(config, transport=box.transport()) as provider:
        yield box, provider


async def with_custom_fields(provider: TrelloProvider, board: str, **kinds: str | list[str]) -> None:
    """Custom fields of a board by name: a type, or the options of a list."""
    await provider.request("POST", f"boards/{board}/boardPlugins", json={"idPlugin": CUSTOM_FIELDS})
    for name, kind in kinds.items():
        body: dict[str, Any] = {"idModel": board, "modelType": "board", "name": name, "pos": "bottom"}
        body |= {"type": kind if isinstance(kind, str) else "list", "display_cardFront": True}
        if not isinstance(kind, str):
            body["options"] = [
                {"value": {"text": text}, "color": "none", "pos": place + 1}
                for place, text in enumerate(kind)
            ]
        answer = await provider.request("POST", "customFields", json=body)
        assert answer.status == 200, answer
