"""Where searches and lists look: in the workspace of the connection, in open boards, in what may be seen."""

from __future__ import annotations

import httpx2

from pm_providers import PMProviderConfig
from pm_providers.providers.trello import TrelloProvider
from pm_providers.sandbox.trello import ADMIN_TOKEN, API_KEY, ORGANIZATION_ID, TrelloSandbox
from tests.providers.trello.world import BOARD, World

OTHER = "650000000000000000000002"


async def test_the_workspace_may_be_set_by_its_short_name() -> None:
    """`idOrganizations` takes ids alone ([spec] GET /search)."""
    box = TrelloSandbox(dataset="demo", search_lag_s=0)
    found = []
    for workspace in (ORGANIZATION_ID, box.state.orgs[ORGANIZATION_ID].name):
        config = PMProviderConfig(
            "trello",
            base_url=box.base_url,
            api_key=API_KEY,
            api_token=ADMIN_TOKEN,
            organization_id=workspace,
            additional_config={"pace": "none"},
        )
        async with TrelloProvider(config, transport=box.transport()) as provider:
            word = (await provider.list_tasks(limit=1))[0].title.split()[0]
            found.append([one.id for one in await provider.search_tasks(word)])
    assert found[0]
    assert found[0] == found[1]


async def test_cards_of_closed_boards_are_found_only_where_the_board_is_named(
    world: World, provider: TrelloProvider
) -> None:
    """They say `closed: false`, and come back ([obs] blangel/wrk#5)."""
    one = world.card("needle")
    assert [found.id for found in await provider.search_tasks("needle")] == [one]
    world.boards[BOARD]["closed"] = True
    async with world.provider() as later:
        assert await later.list_tasks() == []
        assert await later.search_tasks("needle") == []
        assert [found.id for found in await later.search_tasks("needle", project_id=BOARD)] == [one]


async def test_a_status_is_looked_for_on_the_boards_that_may_be_seen(
    world: World, provider: TrelloProvider
) -> None:
    """A board that was hidden since the boards were listed is left out, as it is without a status."""
    one = world.card("seen")
    world.board(OTHER)
    world.override = lambda _method, path, _query: (
        httpx2.Response(401, text="unauthorized permission requested") if path == f"boards/{OTHER}" else None
    )
    assert [found.id for found in await provider.list_tasks()] == [one]
    assert [found.id for found in await provider.list_tasks(status="To Do")] == [one]
