"""Where the vendor fails without a word, from end to end; most traps have their tests beside what they endanger.

docs/vendors/jira.md lists all of them with their tests.
"""

from __future__ import annotations

from datetime import date

import pytest

from pm_providers import AuthenticationError, PMSprint, PMTask
from pm_providers.providers.jira.client import AGILE
from pm_providers.providers.jira.provider import JiraProvider
from pm_providers.sandbox.jira.limits import Limits
from tests.providers.jira.site import Site


async def test_a_token_that_expires_between_two_looks_deletes_nothing(site: Site) -> None:
    async with site.provider() as provider:
        await provider.create_task(PMTask(title="x", project_id="ED"))
        cursor = (await provider.changes("ED")).cursor
        tokens = dict(site.box.state.tokens)
        site.box.state.tokens.clear()
        with pytest.raises(AuthenticationError):
            await provider.changes("ED", cursor)
        site.box.state.tokens.update(tokens)
        page = await provider.changes("ED", cursor)
        assert (page.deleted_ids, page.has_more) == ([], False)


@pytest.mark.parametrize("window", [1, 8])
async def test_a_last_page_that_is_none(site: Site, window: int) -> None:
    site.box.state.settings["unreliable_is_last"] = True
    async with site.provider(page_size=2) as provider:
        for number in range(5):
            await provider.create_task(PMTask(title=f"{number}", project_id="ED"))
        found = [one async for one in provider.iter_tasks("ED", window=window)]
    assert sorted(one.title for one in found) == list("01234")


async def test_a_full_write_of_a_sprint_nulls_what_it_does_not_name(
    site: Site, provider: JiraProvider
) -> None:
    """The sandbox is as dangerous as the vendor, so that the provider's own care shows."""
    dates = {"start_date": date(2026, 3, 2), "end_date": date(2026, 3, 13)}
    made = await provider.create_sprint(PMSprint(name="One", project_id=site.sc, goal="Win", **dates))
    kept = await provider.update_sprint(made.id, {"name": "Two"})
    assert (kept.goal, kept.start_date, kept.end_date) == ("Win", dates["start_date"], dates["end_date"])
    await provider._api.put(
        f"{AGILE}/sprint/{made.id}", {"id": int(made.id), "name": "Three", "state": "future"}
    )
    lost = await provider.get_sprint(made.id)
    assert lost is not None
    assert (lost.name, lost.goal, lost.start_date) == ("Three", None, None)
    await provider.update_sprint(made.id, {"goal": "Again", "start_date": dates["start_date"]})
    cleared = await provider.update_sprint(made.id, {"start_date": None})
    assert (cleared.name, cleared.goal, cleared.start_date) == ("Three", "Again", None)


async def test_points_of_the_site_are_known_after_a_call(site: Site) -> None:
    site.box.limits = Limits(points=1000, everyone=True)
    async with site.provider() as provider:
        await provider.list_tasks("ED")
        details = await provider.check_health()
    known = details.details | {"limit": details.quota_limit, "left": details.quota_remaining}
    assert known["limit"] == 1000
    assert 0 < known["left"] < 1000
