"""Faults strike when and as told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2
import pytest

from pm_providers.sandbox.kit import Fault, FaultPlan, parse_fault
from pm_providers.sandbox.openproject import ADMIN_KEY, OpenProjectSandbox

PROJECTS, PACKAGES = "/api/v3/projects", "/api/v3/work_packages"


@pytest.fixture
def box() -> OpenProjectSandbox:
    return OpenProjectSandbox(dataset="demo")


@pytest.fixture
async def client(box):
    auth = ("apikey", ADMIN_KEY)
    async with httpx2.AsyncClient(transport=box.transport(), base_url=box.base_url, auth=auth) as client:
        yield client


def new_task(subject="x"):
    return {"subject": subject, "_links": {"project": {"href": "/api/v3/projects/1"}}}


class TestPlan:
    def test_counts_only_matching_requests(self):
        plan = FaultPlan(["503;match=^POST .*/work_packages$;after=1;times=2"])
        hits = [plan.pick("POST", PACKAGES) is not None for _ in range(5)]
        assert hits == [False, True, True, False, False]
        assert plan.pick("GET", PACKAGES) is None

    def test_first_fault_wins_and_is_removed_by_clear(self):
        plan = FaultPlan(["500", "503"])
        hit = plan.pick("GET", PROJECTS)
        assert hit is not None
        assert hit.kind == "500"
        plan.clear()
        assert plan.pick("GET", PROJECTS) is None

    def test_probability_repeats_with_the_seed(self):
        def run(seed):
            plan = FaultPlan([Fault("500", probability=0.5)], seed=seed)
            return [plan.pick("GET", PROJECTS) is not None for _ in range(50)]

        assert run(7) == run(7)
        assert 5 < sum(run(7)) < 45

    def test_probability_zero_never_strikes(self):
        plan = FaultPlan([Fault("500", probability=0)])
        assert not any(plan.pick("GET", PROJECTS) for _ in range(20))

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            ("teapot", "unknown fault"),
            ("418", "unknown fault"),
            ("503;times=many", "bad value for times"),
            ("503;colour=red", "bad part"),
            ("503;times", "bad part"),
            ("503;probability=2", "between 0 and 1"),
            ("429;retry_after=soon", "retry_after"),
            ("500;match=(", "regular expression"),
        ],
    )
    def test_bad_text_is_named(self, text, part):
        with pytest.raises(ValueError, match=part):
            parse_fault(text)

    def test_all_keys_are_read(self):
        fault = parse_fault("slow; match=GET ; times=3; after=1; probability=0.5; delay_s=0.25")
        assert (fault.kind, fault.match, fault.times, fault.after) == ("slow", "GET", 3, 1)
        assert (fault.probability, fault.delay_s) == (0.5, 0.25)

    def test_retry_after_in_both_forms(self):
        now = datetime(2026, 1, 1, tzinfo=UTC)
        assert Fault("429", retry_after="7").retry_after_header(now) == "7"
        as_date = Fault("503", retry_after="date+7").retry_after_header(now)
        assert as_date is not None
        assert parsedate_to_datetime(as_date) == datetime(2026, 1, 1, 0, 0, 7, tzinfo=UTC)
        assert Fault("503").retry_after_header(now) is None


class TestAnswers:
    @pytest.mark.parametrize(
        ("status", "identifier"),
        [
            (401, "Unauthenticated"),
            (403, "MissingPermission"),
            (404, "NotFound"),
            (409, "UpdateConflict"),
            (422, "PropertyConstraintViolation"),
            (429, "Throttled"),
            (500, "InternalServerError"),
        ],
    )
    async def test_status_comes_with_the_vendors_body(self, box, client, status, identifier):
        box.faults.add(f"{status};times=1")
        answer = await client.get(PROJECTS)
        assert answer.status_code == status
        assert answer.json()["errorIdentifier"].endswith(f":{identifier}")
        assert (await client.get(PROJECTS)).status_code == 200

    @pytest.mark.parametrize("status", [502, 503, 504])
    async def test_gateway_errors_are_html(self, box, client, status):
        box.faults.add(f"{status};retry_after=2")
        answer = await client.get(PROJECTS)
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "2")
        assert answer.headers["content-type"] == "text/html"

    async def test_status_strikes_before_the_write(self, box, client):
        box.faults.add("503;match=POST;times=1")
        before = len(box.state.work_packages)
        assert (await client.post(PACKAGES, json=new_task())).status_code == 503
        assert len(box.state.work_packages) == before

    async def test_html_in_place_of_json(self, box, client):
        box.faults.add("html")
        answer = await client.get(PROJECTS)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")

    async def test_truncated_json_does_not_parse(self, box, client):
        box.faults.add("truncated")
        answer = await client.get(PROJECTS)
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            json.loads(answer.content)

    async def test_huge_answer_has_the_size_told(self, box, client):
        box.faults.add("huge;size=300000")
        answer = await client.get(PROJECTS)
        assert len(answer.content) == 300_000
        assert set(answer.json()) == {"filler"}

    async def test_null_where_objects_were(self, box, client):
        box.faults.add("garbage-null;times=1")
        assert (await client.get(PROJECTS)).json()["_embedded"] is None
        box.faults.add("garbage-null;times=1;at=_embedded.elements.0")
        elements = (await client.get(PROJECTS)).json()["_embedded"]["elements"]
        assert elements[0] is None
        assert elements[1]["_type"] == "Project"

    async def test_next_page_that_is_itself(self, box, client):
        box.faults.add("cyclic-next")
        url = f"{PACKAGES}?pageSize=2&filters=%5B%5D"
        body = (await client.get(url)).json()
        assert body["_links"]["nextByOffset"]["href"] == url
        assert body["total"] > 1000

    async def test_redirect_to_another_host(self, box, client):
        box.faults.add("redirect;to=https://evil.example/")
        answer = await client.get(PROJECTS)
        assert (answer.status_code, answer.headers["location"]) == (302, "https://evil.example/")

    async def test_deep_json(self, box, client):
        box.faults.add("deep;depth=5000")
        answer = await client.get(PROJECTS)
        assert answer.content.count(b"{") == 5000
        with pytest.raises(RecursionError):
            json.loads(answer.content)


class TestConnections:
    async def test_drop_before_leaves_nothing(self, box, client):
        box.faults.add("drop-before;match=POST;times=1")
        before = len(box.state.work_packages)
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.post(PACKAGES, json=new_task())
        assert len(box.state.work_packages) == before

    async def test_drop_after_has_written(self, box, client):
        box.faults.add("drop-after;match=POST;times=1")
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.post(PACKAGES, json=new_task("written"))
        assert box.state.work_packages.find(lambda row: row.subject == "written")

    async def test_slow_answer_is_a_read_timeout_but_written(self, box, client):
        box.faults.add("slow;delay_s=3600;times=1")
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(PACKAGES, json=new_task("slowly"), timeout=5)
        assert box.state.work_packages.find(lambda row: row.subject == "slowly")

    async def test_slow_within_the_timeout_is_answered(self, box, client):
        box.faults.add("slow;delay_s=0.001")
        assert (await client.get(PROJECTS, timeout=5)).status_code == 200

    @pytest.mark.parametrize("kind", ["drop-before", "drop-after"])
    async def test_dropped_on_a_real_socket(self, box, kind):
        box.faults.add(f"{kind};match=POST;times=1")
        async with box.serve() as url, httpx2.AsyncClient(base_url=url, auth=("apikey", ADMIN_KEY)) as client:
            with pytest.raises((httpx2.RemoteProtocolError, httpx2.ReadError)):
                await client.post(PACKAGES, json=new_task("on the wire"))
            written = box.state.work_packages.find(lambda row: row.subject == "on the wire")
            assert (written is not None) is (kind == "drop-after")
            assert (await client.get(PROJECTS)).status_code == 200


class TestStaleSearch:
    async def test_lists_lag_behind_while_reads_do_not(self, box, client):
        box.faults.add("stale-search;match=GET .*/work_packages$;writes=1")
        made = (await client.post(PACKAGES, json=new_task("fresh"))).json()
        listed = (await client.get(PACKAGES, params={"filters": "[]", "pageSize": 500})).json()
        assert made["id"] not in {e["id"] for e in listed["_embedded"]["elements"]}
        assert (await client.get(f"{PACKAGES}/{made['id']}")).json()["subject"] == "fresh"
        await client.post(PACKAGES, json=new_task("fresher"))
        listed = (await client.get(PACKAGES, params={"filters": "[]", "pageSize": 500})).json()
        assert made["id"] in {e["id"] for e in listed["_embedded"]["elements"]}

    async def test_old_values_of_changed_and_deleted_rows(self, box, client):
        row = box.state.work_packages[3]
        await client.patch(f"{PACKAGES}/3", json={"lockVersion": row.lock, "subject": "changed"})
        await client.delete(f"{PACKAGES}/19")
        box.faults.add("stale-search;writes=2")
        listed = (await client.get(PACKAGES, params={"filters": "[]", "pageSize": 500})).json()
        subjects = {e["id"]: e["subject"] for e in listed["_embedded"]["elements"]}
        assert subjects[3] == row.subject
        assert 19 in subjects
