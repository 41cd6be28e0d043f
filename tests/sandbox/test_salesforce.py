"""The imitations of Salesforce and its Data Cloud, against what their documentation says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.credentials import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from sandbox.population import DEEP_EMAIL, JOHN_EMAIL, build
from sandbox.vendors.salesforce_data_cloud import STATEMENT, TABLE
from sandbox.vendors.salesforce_http import TOKEN, VERSION, make_id, number_of
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving
from tests.sandbox.tables import salesforce as tables

MOUNT, CLOUD = "/salesforce", "/salesforce_data_cloud"
AUTH = {"authorization": f"Bearer {TOKEN}"}
CREDENTIALS = (SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET)
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def app():
    return sandbox_of(build(SEED, NOW, depth=2_000))


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, MOUNT, headers=AUTH) as client:
        yield client


@pytest.fixture
async def cloud(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, CLOUD, headers=AUTH) as client:
        yield client


async def query(http: httpx.AsyncClient, soql: str) -> Any:
    answer = await http.get(f"{VERSION}/query", params={"q": soql})
    assert answer.status_code == 200, answer.text
    assert answer.headers["sforce-limit-info"].startswith("api-usage=")
    return answer.json()


async def person(http: httpx.AsyncClient, email: str) -> str:
    (found,) = (await query(http, f"SELECT Id FROM Contact WHERE Email IN ('{email}')"))["records"]
    return found["Id"]


def columns(table: dict[str, object]) -> str:
    paths = [f"{name}.Name" if name in ("Owner", "What") else name for name in table if name != "attributes"]
    members = "(SELECT Campaign.Id, Campaign.Name FROM CampaignMembers LIMIT 50)"
    return ", ".join(members if name == "CampaignMembers" else name for name in paths)


@pytest.mark.parametrize("mount", [MOUNT, CLOUD])
async def test_a_token_for_the_clients_credentials_alone(app, mount):
    async with client_of(app, mount) as http:
        path = "/services/oauth2/token"
        given = await http.post(path, data=GRANT, auth=CREDENTIALS)
        in_form = await http.post(
            path, data=GRANT | dict(zip(("client_id", "client_secret"), CREDENTIALS, strict=True))
        )
        assert differences(given.json(), tables.TOKEN) == [] == differences(in_form.json(), tables.TOKEN)
        assert (await http.post(path, data=GRANT, auth=("x", "y"))).json()["error"] == "invalid_client"
        assert (await http.post(path, data={"grant_type": "password"})).status_code == 400
        refused = await http.get(f"{VERSION}/query", params={"q": "SELECT Id FROM Task"})
        assert refused.status_code == 401 and refused.json()[0]["errorCode"] == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    ("table", "shape", "where"),
    [
        ("Contact", tables.CONTACT, "Email IN ('{email}')"),
        ("Task", tables.TASK, "WhoId IN ('{person}') AND TaskSubtype IN ('Call', 'Email')"),
        ("VoiceCall", tables.VOICE_CALL, "RelatedRecordId IN ('{person}')"),
    ],
)
async def test_every_object_has_its_fields(http, table, shape, where):
    deep = await person(http, DEEP_EMAIL)
    where = where.format(email=DEEP_EMAIL, person=deep)
    found = await query(http, f"SELECT {columns(shape)} FROM {table} WHERE {where} LIMIT 40")
    assert found["records"] and differences(found, tables.answer(shape)) == []


async def test_a_batch_may_be_smaller_than_what_was_asked_and_its_locator_leads_on(http):
    deep = await person(http, DEEP_EMAIL)
    page = await query(
        http, f"SELECT Id, CreatedDate FROM Task WHERE WhoId IN ('{deep}') ORDER BY CreatedDate DESC, Id DESC"
    )
    assert len(page["records"]) < page["totalSize"] and page["done"] is False
    rows = page["records"]
    while not page["done"]:
        page = (await http.get(page["nextRecordsUrl"])).json()
        rows += page["records"]
    times = [row["CreatedDate"] for row in rows]
    assert len({row["Id"] for row in rows}) == page["totalSize"] and times == sorted(times, reverse=True)
    assert (await http.get(f"{VERSION}/query/01gzz-5")).status_code == 400


async def test_conditions_hold(http):
    deep = await person(http, DEEP_EMAIL)
    soql = (
        f"SELECT CreatedDate FROM Task WHERE WhoId = '{deep}' AND (TaskSubtype = 'Email' OR IsClosed = false)"
        " AND CreatedDate >= 2026-10-01T00:00:00Z AND CreatedDate < 2026-11-01T00:00:00.000+0100"
        " ORDER BY CreatedDate ASC"
    )
    times = [row["CreatedDate"] for row in (await query(http, soql))["records"]]
    assert times and times == sorted(times) and times[0] >= "2026-10-01" and times[-1] < "2026-10-31T23"


async def test_a_transferred_call_leads_to_another_and_stands_for_a_task(http):
    deep = await person(http, DEEP_EMAIL)
    soql = (
        f"SELECT Id, NextCallId, ActivityId FROM VoiceCall WHERE RelatedRecordId = '{deep}' AND PreviousCallId = null"
    )
    first = (await query(http, soql))["records"]
    call = next(row for row in first if row["NextCallId"])
    found = await query(http, f"SELECT Id, CallType FROM VoiceCall WHERE PreviousCallId IN ('{call['Id']}')")
    assert [(row["Id"], row["CallType"]) for row in found["records"]] == [(call["NextCallId"], "Transfer")]
    tasks = await query(http, f"SELECT WhoId FROM Task WHERE Id = '{call['ActivityId']}'")
    assert tasks["records"][0]["WhoId"] == deep


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM Opportunity", "INVALID_TYPE"),
        ("SELECT Colour__c FROM Task", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE Colour__c = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Task WHERE WhoId = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Task WHERE Subject = 'it's'", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Task WHERE Subject = 'a\qb'", "MALFORMED_QUERY"),
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("DELETE FROM Task", "MALFORMED_QUERY"),
    ],
)
async def test_a_query_that_cannot_be_is_an_error_by_its_code(http, soql, code):
    answer = await http.get(f"{VERSION}/query", params={"q": soql})
    assert answer.status_code == 400 and answer.json()[0]["errorCode"] == code
    assert differences(answer.json(), tables.ERROR) == []


async def test_people_are_searched_by_number_and_words(http):
    async def search(looked_for: str, where: str = "ALL") -> Any:
        sosl = f"FIND {{{looked_for}}} IN {where} FIELDS RETURNING Contact(Id LIMIT 25), Lead(Id LIMIT 25)"
        return await http.get(f"{VERSION}/search", params={"q": sosl})

    deep = await person(http, DEEP_EMAIL)
    for answer in (await search('"393331110002"', "PHONE"), await search("vera abissi")):
        assert [row["Id"] for row in answer.json()["searchRecords"]] == [deep]
    assert len((await search('"3331110020"', "PHONE")).json()["searchRecords"]) == 2
    assert (await search("nobody-at-all")).json() == {"searchRecords": []}
    for odd in ("x", "a} IN ALL FIELDS RETURNING User(Id LIMIT 1"):
        assert (await search(odd)).json()[0]["errorCode"] == "MALFORMED_SEARCH"


def test_ids_are_made_of_numbers():
    ids = {make_id("003", number) for number in range(500)}
    assert len(ids) == 500 and all(len(id_) == 18 for id_ in ids)
    assert [number_of("003", make_id("003", n)) for n in (0, 7, 10**14)] == [0, 7, 10**14]
    assert number_of("00T", make_id("003", 7)) is None and number_of("003", "003x") is None


async def test_data_cloud_answers_lists_whose_columns_have_places(cloud):
    sql = f"SELECT * FROM ({STATEMENT}) AS told WHERE email = '{JOHN_EMAIL}' ORDER BY started_at DESC"
    answer = await cloud.post(f"{VERSION}/ssot/queryv2", json={"sql": sql})
    body = answer.json()
    places = {name: column["placeInOrder"] for name, column in body["metadata"].items()}
    rows = [row["rowData"] for row in body["data"]]
    assert rows and {row[places["email"]] for row in rows} == {JOHN_EMAIL}
    assert rows[0][places["started_at"]].endswith(".000 UTC") and body["done"] is True


async def test_data_clouds_batches_lead_on(cloud):
    body = (await cloud.post(f"{VERSION}/ssot/queryv2", json={"sql": f"SELECT ssot__Id__c FROM {TABLE}"})).json()
    assert body["done"] is False
    following = await cloud.get(f"{VERSION}/ssot/queryv2/{body['nextBatchId']}")
    assert following.json()["data"] != body["data"]


@pytest.mark.parametrize("sql", ["SELECT colour FROM nowhere", "DELETE FROM Contact_Attempt__dlm", "SELECT 'it's'", ""])
async def test_data_cloud_only_reads_what_there_is(cloud, sql):
    answer = await cloud.post(f"{VERSION}/ssot/queryv2", json={"sql": sql})
    assert answer.status_code == 400 and differences(answer.json(), tables.ERROR) == []


async def test_limits_and_faults_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=AUTH) as http:
        soql = f"SELECT Id FROM Contact WHERE Email IN ('{JOHN_EMAIL}')"
        own = (await http.get(f"{MOUNT}{VERSION}/query", params={"q": soql})).json()["records"]
        await http.put(f"/_control{MOUNT}", json={"fault": "foreign"})
        listed = f"SELECT WhoId FROM Task WHERE WhoId IN ('{own[0]['Id']}')"
        foreign = (await http.get(f"{MOUNT}{VERSION}/query", params={"q": listed})).json()["records"]
        assert foreign and all(row["WhoId"] != own[0]["Id"] for row in foreign)
        await http.put(f"/_control{MOUNT}", json={"calls_per_minute": 1})
        answers = [await http.get(f"{MOUNT}{VERSION}/query", params={"q": soql}) for _ in range(2)]
        assert [a.status_code for a in answers] == [200, 403]
        assert answers[1].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"
        await http.put(f"/_control{CLOUD}", json={"fault": "foreign"})
        sql = {"sql": f"SELECT person FROM ({STATEMENT}) AS told WHERE email = '{JOHN_EMAIL}' LIMIT 1"}
        (other,) = (await http.post(f"{CLOUD}{VERSION}/ssot/queryv2", json=sql)).json()["data"]
        await http.post("/_control/reset")
        (john,) = (await http.post(f"{CLOUD}{VERSION}/ssot/queryv2", json=sql)).json()["data"]
        assert other != john
