"""The imitation of Formbricks, against its published description."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.app import SandboxSettings, create_app
from sandbox.credentials import FORMBRICKS_API_KEY
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, JOHN_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import formbricks as tables

KEY = {"x-api-key": FORMBRICKS_API_KEY}
V1, V2 = "/api/v1/management", "/api/v2/management"


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=12_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/formbricks", headers=KEY) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def contact(http: httpx.AsyncClient, value: str, prefix: str = "") -> str:
    told = (await get(http, f"{prefix}{V1}/contact-attributes"))["data"]
    (found,) = {row["contactId"] for row in told if row["value"] == value}
    return found


@pytest.mark.parametrize(("path", "shape"), [(f"{V1}/surveys", tables.ERROR_V1), ("/api/v2/me", tables.ERROR_V2)])
async def test_other_keys_are_refused_as_each_version_does(app, path, shape):
    for headers in ({}, {"x-api-key": "other"}):
        async with client_of(app, "/formbricks", headers=headers) as http:
            answer = await http.get(path)
        assert answer.status_code == 401
        assert differences(answer.json(), shape) == []


async def test_every_resource_has_its_fields(http):
    john = await contact(http, JOHN_EMAIL)
    assert john == await contact(http, JOHN_PHONE)
    assert differences(await get(http, f"{V1}/contacts"), {"data": [tables.CONTACT]}) == []
    assert differences(await get(http, f"{V1}/contacts/{john}"), {"data": tables.CONTACT}) == []
    assert differences(await get(http, f"{V1}/contact-attributes"), {"data": [tables.ATTRIBUTE]}) == []
    keys = await get(http, f"{V2}/contact-attribute-keys")
    assert differences(keys, {"data": [tables.KEY], "meta": tables.META}) == []
    told = await get(http, f"{V2}/responses", contactId=john)
    assert differences(told, {"data": [tables.RESPONSE], "meta": tables.META}) == []
    (row,) = told["data"]
    assert (row["data"]["recommend"], row["finished"]) == (9, True)
    assert await get(http, f"{V2}/responses/{row['id']}") == {"data": row}
    assert differences(await get(http, f"{V1}/surveys/{row['surveyId']}"), {"data": tables.SURVEY}) == []
    assert differences(await get(http, f"{V1}/surveys"), {"data": [tables.SURVEY]}) == []
    assert (await get(http, "/api/v2/me"))["organizationId"]


async def test_pages_orders_and_both_ends_of_a_window(http):
    deep = await contact(http, DEEP_EMAIL)
    first = await get(http, f"{V2}/responses", contactId=deep, limit=250)
    rest = await get(http, f"{V2}/responses", contactId=deep, limit=250, skip=250)
    total = first["meta"]["total"]
    assert total == 500 and len(first["data"]) == len(rest["data"]) == 250
    times = [row["createdAt"] for row in first["data"] + rest["data"]]
    assert times == sorted(times, reverse=True)
    upwards = await get(http, f"{V2}/responses", contactId=deep, order="asc", limit=1)
    assert upwards["data"][0]["createdAt"] == times[-1]
    within = await get(http, f"{V2}/responses", contactId=deep, startDate=times[30], endDate=times[20])
    assert [row["createdAt"] for row in within["data"]] == times[20:31]


async def test_a_contact_nobody_knows_has_nothing_and_none_is_everybody(http):
    assert (await get(http, f"{V2}/responses", contactId="clnobody"))["data"] == []
    everybody = await get(http, f"{V2}/responses", limit=250)
    assert len({row["contactId"] for row in everybody["data"]}) > 3


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 251},
        {"limit": "x"},
        {"skip": -1},
        {"order": "up"},
        {"sortBy": "score"},
        {"startDate": "yesterday"},
        {"startDate": "2026-02-02T00:00:00Z", "endDate": "2026-02-01T00:00:00Z"},
    ],
)
async def test_what_is_out_of_bounds_is_refused(http, params):
    answer = await http.get(f"{V2}/responses", params=params)
    assert answer.status_code == 400
    assert differences(answer.json(), tables.ERROR_V2) == []


async def test_what_is_not_there_is_404(http):
    for path in (f"{V1}/contacts/x", f"{V1}/surveys/x", f"{V2}/responses/x", f"{V2}/responses/cmresponse5"):
        assert (await http.get(path)).status_code == 404, path


async def test_the_limit_is_kept_by_the_proxy():
    app = create_app(build(SEED, NOW), SandboxSettings(rate_limits=True, clock=lambda: NOW))
    async with client_of(app, "/formbricks", headers=KEY) as http:
        answers = [await http.get("/api/v2/me") for _ in range(101)]
    assert [answer.status_code for answer in answers[99:]] == [200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0 and answers[-1].text == "Too Many Requests"


async def test_a_fault_gives_somebody_elses_answers_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=KEY) as http:
        john = await contact(http, JOHN_EMAIL, "/formbricks")
        await http.put("/_control/formbricks", json={"fault": "foreign"})
        told = (await get(http, f"/formbricks{V2}/responses", contactId=john))["data"]
        assert told and all(row["contactId"] != john for row in told)
        await http.post("/_control/reset")
