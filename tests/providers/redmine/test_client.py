"""What the client makes of answers that got lost."""

from __future__ import annotations

import httpx2
import pytest

from pm_providers import PMError, PMProviderConfig, RedmineProvider


@pytest.mark.parametrize(("status", "deleted"), [(404, True), (403, False), (200, False)])
async def test_a_lost_answer_to_a_delete_is_looked_up(status, deleted):
    """Gone is deleted; what may not be seen may well be there, so that the delete is not reported as done."""

    def server(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/users/current.json":
            return httpx2.Response(200, json={"user": {"id": 1, "login": "ada"}}, request=request)
        if request.method == "DELETE":
            raise httpx2.ReadError("the connection broke", request=request)
        return httpx2.Response(status, json={"issue": {"id": 7}} if status == 200 else None, request=request)

    config = PMProviderConfig(
        "redmine",
        base_url="https://redmine.example.com",
        api_key="k" * 40,
        additional_config={"text_format": "textile"},
    )
    async with RedmineProvider(config, transport=httpx2.MockTransport(server)) as provider:
        if deleted:
            assert await provider.delete_task("7") is True
            return
        with pytest.raises(PMError) as caught:
            await provider.delete_task("7")
        assert caught.value.maybe_applied
