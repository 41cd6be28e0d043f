"""The imitation of SurveyMonkey, against its documentation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.app import SandboxSettings, create_app
from sandbox.credentials import SURVEYMONKEY_PHONE_FIELD, SURVEYMONKEY_SURVEY_ID, SURVEYMONKEY_TOKEN
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, JOHN_PHONE, build
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import surveymonkey as tables

AUTH = {"authorization": f"Bearer {SURVEYMONKEY_TOKEN}"}
BULK = f"/surveys/{SURVEYMONKEY_SURVEY_ID}/responses/bulk"


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=6_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, "/surveymonkey/v3", headers=AUTH) as client:
        yield client


async def get(http: httpx.AsyncClient, path: str, **params: object) -> Any:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_other_tokens_are_refused(app):
    for headers, code in (({}, "1010"), ({"authorization": "Bearer x"}, "1011")):
        async with client_of(app, "/surveymonkey/v3", headers=headers) as http:
            answer = await http.get("/surveys")
        assert answer.status_code == 401
        assert differences(answer.json(), tables.ERROR) == []
        assert answer.json()["error"]["id"] == code


async def test_every_resource_has_its_fields(http):
    told = await get(http, BULK, email=JOHN_EMAIL)
    assert differences(told, tables.listing(tables.RESPONSE)) == []
    (row,) = told["data"]
    assert row["metadata"]["contact"]["email"] == {"type": "string", "value": JOHN_EMAIL}
    one = await get(http, f"/surveys/{SURVEYMONKEY_SURVEY_ID}/responses/{row['id']}/details")
    assert one == row
    survey = await get(http, f"/surveys/{SURVEYMONKEY_SURVEY_ID}/details")
    assert differences(survey, tables.SURVEY) == []
    scale = survey["pages"][0]["questions"][0]["answers"]["choices"]
    given = row["pages"][0]["questions"][0]["answers"][0]["choice_id"]
    assert next(choice["text"] for choice in scale if choice["id"] == given) == "9"
    listed = await get(http, "/contacts", search_by="email", search=JOHN_EMAIL)
    assert differences(listed, tables.listing(tables.LISTED_CONTACT)) == []
    assert differences(await get(http, f"/contacts/{listed['data'][0]['id']}"), tables.CONTACT) == []
    assert len((await get(http, "/surveys"))["data"]) == 1


@pytest.mark.parametrize(
    ("field", "text", "count"),
    [
        (SURVEYMONKEY_PHONE_FIELD, JOHN_PHONE, 1),
        (SURVEYMONKEY_PHONE_FIELD, JOHN_PHONE[5:], 1),  # a part will do
        ("first_name", "joh", 1),
        ("email", "nobody@", 0),
    ],
)
async def test_contacts_are_searched(http, field, text, count):
    assert (await get(http, "/contacts", search_by=field, search=text))["total"] == count


async def test_pages_in_the_order_of_change(http):
    first = await get(http, BULK, email=DEEP_EMAIL, per_page=100, sort_order="DESC")
    assert first["links"]["next"]
    rows, link = first["data"], first["links"]["next"]
    while link:
        told = (await http.get(link)).json()
        rows, link = rows + told["data"], told["links"].get("next")
    assert len({row["id"] for row in rows}) == first["total"] == 250
    changed = [row["date_modified"] for row in rows]
    assert changed == sorted(changed, reverse=True)
    upwards = await get(http, BULK, email=DEEP_EMAIL, per_page=1)
    assert upwards["data"][0]["date_modified"] == changed[-1]


async def test_a_window_leaves_out_its_ends(http):
    rows = (await get(http, BULK, email=DEEP_EMAIL, per_page=30, sort_order="DESC"))["data"]
    times = sorted(row["date_created"] for row in rows)
    within = await get(http, BULK, email=DEEP_EMAIL, start_created_at=times[5], end_created_at=times[15], per_page=100)
    assert sorted(row["date_created"] for row in within["data"]) == times[6:15]


@pytest.mark.parametrize(
    "params",
    [
        {"per_page": 101},
        {"page": 0},
        {"sort_by": "date_created"},
        {"sort_order": "down"},
        {"start_created_at": "yesterday"},
    ],
)
async def test_what_is_out_of_bounds_is_refused(http, params):
    answer = await http.get(BULK, params=params)
    assert answer.status_code == 400
    assert differences(answer.json(), tables.ERROR) == []
    assert (await http.get("/contacts", params={"search_by": "shoe"})).status_code == 400


async def test_what_is_not_there_is_404(http):
    for path in ("/contacts/5x", "/surveys/5/details", f"/surveys/{SURVEYMONKEY_SURVEY_ID}/responses/5/details"):
        answer = await http.get(path)
        assert answer.status_code == 404 and differences(answer.json(), tables.ERROR) == []


async def test_the_limit_is_told_and_kept():
    app = create_app(build(SEED, NOW), SandboxSettings(rate_limits=True, clock=lambda: NOW))
    async with client_of(app, "/surveymonkey/v3", headers=AUTH) as http:
        answers = [await http.get("/surveys") for _ in range(121)]
    assert answers[0].headers["x-ratelimit-app-global-minute-remaining"] == "119"
    assert [answer.status_code for answer in answers[119:]] == [200, 429]
    assert differences(answers[-1].json(), tables.ERROR) == []


async def test_a_fault_gives_somebody_elses_responses_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=AUTH) as http:
        await http.put("/_control/surveymonkey", json={"fault": "foreign"})
        told = (await get(http, f"/surveymonkey/v3{BULK}", email=JOHN_EMAIL))["data"]
        assert told and all(row["metadata"]["contact"]["email"]["value"] != JOHN_EMAIL for row in told)
        await http.post("/_control/reset")
