from __future__ import annotations

import time
from datetime import datetime, timedelta

import httpx
import pytest

from sandbox.company import DIVISIONS, QUEUES, WRAP_UP_CODES
from sandbox.contacts import Contact
from sandbox.credentials import GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET
from sandbox.population import DEEP_PHONE, JOHN_EMAIL, JOHN_PHONE, SWITCHBOARD, Population, build
from sandbox.vendors.genesys_ids import CRM_SOURCE_ID, conversation_id, person_id
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import genesys_cloud as tables

TOLD = build(SEED, NOW, depth=300)
QUERY = "/api/v2/analytics/conversations/details/query"


async def signed_in(client: httpx.AsyncClient) -> httpx.AsyncClient:
    answer = await client.post(
        "/oauth/token", data={"grant_type": "client_credentials"}, auth=(GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET)
    )
    assert differences(answer.json(), tables.TOKEN) == []
    client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


@pytest.fixture
async def genesys():
    async with client_of(sandbox_of(TOLD), "/genesys_cloud") as client:
        yield await signed_in(client)


async def told(client: httpx.AsyncClient, path: str, shape: object, **params: object):
    answer = await client.get(f"/api/v2{path}", params=params)
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), shape) == []
    return answer.json()


async def refused(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert differences(answer.json(), tables.ERROR) == []


def interval(end: datetime = NOW, days: int = 31) -> str:
    return f"{end - timedelta(days=days):%Y-%m-%dT%H:%M:%S.000Z}/{end:%Y-%m-%dT%H:%M:%S.000Z}"


def about(key: str) -> list[dict[str, object]]:
    return [matching("externalContactId", person_id(TOLD.named(key)))]


def matching(dimension: str, *values: str) -> dict[str, object]:
    return {"type": "or", "predicates": [{"dimension": dimension, "value": value} for value in values]}


async def asked(client: httpx.AsyncClient, **query: object) -> dict[str, list[dict]]:
    answer = await client.post(QUERY, json={"interval": interval(), **query})
    assert answer.status_code == 200, answer.text
    assert differences(answer.json(), tables.QUERY_ANSWER) == []
    return answer.json()


def contacts(key: str, population: Population = TOLD) -> list[Contact]:
    return list(population.contacts(population.named(key), "genesys_cloud"))


# Who may ask


@pytest.mark.parametrize(
    ("form", "auth", "error"),
    [
        ({"grant_type": "client_credentials"}, (GENESYS_CLIENT_ID, "old"), "invalid_client"),
        ({"grant_type": "client_credentials"}, None, "invalid_client"),
        ({"grant_type": "password"}, (GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET), "unsupported_grant_type"),
        ({}, (GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET), "unsupported_grant_type"),
    ],
)
async def test_only_its_own_client_gets_a_token(form, auth, error):
    async with client_of(sandbox_of(TOLD), "/genesys_cloud") as client:
        answer = await client.post("/oauth/token", data=form, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert differences(answer.json(), tables.TOKEN_ERROR) == []


async def test_a_caller_without_a_token_or_with_an_unknown_one_is_refused():
    async with client_of(sandbox_of(TOLD), "/genesys_cloud") as client:
        await refused(await client.get("/api/v2/routing/queues"), 401, "authentication.required")
        unknown = await client.get("/api/v2/routing/queues", headers={"authorization": "Bearer x"})
        await refused(unknown, 401, "bad.credentials")


async def test_a_token_ends_after_its_day():
    moment = [NOW]
    async with client_of(sandbox_of(TOLD, clock=lambda: moment[0]), "/genesys_cloud") as client:
        await signed_in(client)
        moment[0] = NOW + timedelta(hours=23, minutes=59)
        assert (await client.get("/api/v2/routing/queues")).status_code == 200
        moment[0] = NOW + timedelta(hours=24)
        await refused(await client.get("/api/v2/routing/queues"), 401, "bad.credentials")


async def test_the_limit_of_calls_is_told_as_the_vendor_tells_it():
    async with client_of(sandbox_of(TOLD, rate_limits=True), "/genesys_cloud") as client:
        await signed_in(client)
        answers = [await client.get("/api/v2/authorization/divisions") for _ in range(300)]
    assert [answer.status_code for answer in answers] == [200] * 299 + [429]
    await refused(answers[-1], 429, "too.many.requests.retry.after")
    assert answers[-1].headers["retry-after"] == answers[-1].headers["inin-ratelimit-reset"]


# External contacts


async def test_every_contact_is_what_the_description_says(genesys):
    for person in TOLD.people_in("genesys_cloud"):
        path = f"/externalcontacts/contacts/{person_id(person)}"
        plain = await told(genesys, path, tables.CONTACT)
        assert "identifiers" not in plain
        whole = await told(genesys, path, tables.CONTACT, expand=["identifiers", "division", "externalSources"])
        assert whole["division"]["name"] == person.division.name
        identifiers = await told(genesys, f"{path}/identifiers", tables.IDENTIFIERS)
        assert identifiers["entities"] == whole["identifiers"]
        sessions = await told(genesys, f"{path}/journey/sessions", tables.SESSIONS)
        for session in sessions["entities"][:2]:
            await told(genesys, f"/journey/sessions/{session['id']}", tables.SESSION)
            await told(genesys, f"/journey/sessions/{session['id']}/events", tables.EVENTS)


async def look_up(client: httpx.AsyncClient, kind: str, value: str, **more: object) -> httpx.Response:
    path = "/api/v2/externalcontacts/identifierlookup/contacts"
    return await client.post(path, json={"type": kind, "value": value, **more})


@pytest.mark.parametrize(
    ("kind", "value", "more"),
    [
        ("Phone", JOHN_PHONE, {}),
        ("Phone", "+39 333 111 0001", {}),
        ("Email", JOHN_EMAIL.upper(), {}),
        ("SocialWhatsapp", JOHN_PHONE, {}),
        ("ExternalId", "CRM-00001", {"externalSource": {"id": CRM_SOURCE_ID}}),
    ],
)
async def test_an_identifier_belongs_to_one_contact(genesys, kind, value, more):
    answer = await look_up(genesys, kind, value, **more)
    assert answer.status_code == 200
    assert differences(answer.json(), tables.CONTACT) == []
    assert answer.json()["id"] == person_id(TOLD.named("john"))


@pytest.mark.parametrize(
    ("kind", "value", "status", "code"),
    [
        ("Phone", "+393330000000", 404, "not.found"),
        ("Cookie", "x", 404, "not.found"),
        ("Email", JOHN_PHONE, 404, "not.found"),
        ("Phone", "3331110001", 400, "bad.request"),
        ("ExternalId", "CRM-00001", 400, "bad.request"),
        ("Passport", "x", 400, "invalid.value"),
    ],
)
async def test_what_no_contact_claims_is_not_found(genesys, kind, value, status, code):
    await refused(await look_up(genesys, kind, value), status, code)


async def test_a_shared_number_is_claimed_once_but_looked_up_for_all(genesys):
    holders = TOLD.holders("genesys_cloud", SWITCHBOARD)
    assert len(holders) > 5
    found = await told(
        genesys, "/externalcontacts/reversewhitepageslookup", tables.REVERSE_LOOKUP, lookupVal=SWITCHBOARD
    )
    assert [contact["id"] for contact in found["contacts"]] == [person_id(person) for person in holders]
    assert (await look_up(genesys, "Phone", SWITCHBOARD)).json()["id"] == person_id(holders[0])
    none = await told(genesys, "/externalcontacts/reversewhitepageslookup", tables.REVERSE_LOOKUP, lookupVal="+1")
    assert none == {"contacts": []}
    missing = await genesys.get("/api/v2/externalcontacts/reversewhitepageslookup")
    await refused(missing, 400, "bad.request")


async def test_contacts_are_searched_by_keywords_and_paged(genesys):
    path = "/externalcontacts/contacts"
    for keywords in ("fair john", "John", JOHN_PHONE, "john.fairweather@"):
        found = await told(genesys, path, tables.CONTACTS, q=keywords)
        assert person_id(TOLD.named("john")) in [contact["id"] for contact in found["entities"]], keywords
    everybody = len(TOLD.people_in("genesys_cloud"))
    seen: list[str] = []
    for page in (1, 2, 3):
        listed = await told(genesys, path, tables.CONTACTS, pageSize=20, pageNumber=page, sortOrder="lastName:asc")
        assert (listed["total"], listed["pageNumber"]) == (everybody, page)
        seen += [contact["lastName"] for contact in listed["entities"]]
    assert len(seen) == min(60, everybody)
    assert seen == sorted(seen)
    for params in ({"pageSize": 100, "pageNumber": 11}, {"pageSize": 2_000}):
        await refused(await genesys.get(f"/api/v2{path}", params=params), 400, "bad.request")
    await refused(await genesys.get(f"/api/v2{path}?pageSize=x"), 400, "invalid.query.param.value")


# Journeys


async def test_a_journey_is_walked_by_cursor_newest_first_without_campaigns(genesys):
    path = f"/externalcontacts/contacts/{person_id(TOLD.named('deep'))}/journey/sessions"
    page = await told(genesys, path, tables.SESSIONS, pageSize=9, includeMerged="true")
    seen = page["entities"]
    while "nextUri" in page:
        answer = await genesys.get(page["nextUri"])
        assert differences(answer.json(), tables.SESSIONS) == []
        page = answer.json()
        seen += page["entities"]
    journey = [contact for contact in contacts("deep") if contact.campaign is None]
    assert len(journey) < len(contacts("deep"))
    assert [session["conversation"]["id"] for session in seen] == [conversation_id(c) for c in journey]
    started = [session["createdDate"] for session in seen]
    assert started == sorted(started, reverse=True)
    for params in ({"pageSize": 201}, {"after": "x"}):
        await refused(await genesys.get(f"/api/v2{path}", params=params), 400, "bad.request")
    await refused(await genesys.get(f"/api/v2{path}?includeMerged=maybe"), 400, "invalid.query.param.value")


async def test_a_session_tells_the_last_queue_agent_and_outcome(genesys):
    john = await told(
        genesys, f"/externalcontacts/contacts/{person_id(TOLD.named('john'))}/journey/sessions", tables.SESSIONS
    )
    call = next(session for session in john["entities"] if session["conversationChannels"][0]["type"] == "Call")
    queue = await told(genesys, f"/routing/queues/{call['lastConnectedQueue']['id']}", tables.QUEUE)
    assert queue["name"] == "Specialist Support"
    user = await told(genesys, f"/users/{call['lastConnectedUser']['id']}", tables.USER)
    assert user["name"] == "Kate Winslade"
    code = await told(genesys, f"/routing/wrapupcodes/{call['lastUserDisposition']['code']}", tables.WRAP_UP_CODE)
    assert code["name"] == "Call back later"
    assert call["lastAcdOutcome"] == "Answered"
    path = f"/externalcontacts/contacts/{person_id(TOLD.named('live-chat'))}/journey/sessions"
    live = (await told(genesys, path, tables.SESSIONS))["entities"][0]
    assert "endedDate" not in live
    assert live["idleDate"] < live["awayDate"]
    events = await genesys.get(f"/api/v2/journey/sessions/{live['id']}/events", params={"eventType": "click"})
    await refused(events, 400, "invalid.query.param.value")


# Conversations


async def test_every_conversation_is_what_the_description_says(genesys):
    for back in range(12):
        query = {"interval": interval(NOW - timedelta(days=31 * back)), "paging": {"pageSize": 100, "pageNumber": 1}}
        for conversation in (await asked(genesys, **query)).get("conversations", [])[:60]:
            path = f"/conversations/{conversation['conversationId']}"
            await told(genesys, path, tables.CONVERSATION)
            assert await told(genesys, f"/analytics{path}/details", tables.DETAILS) == conversation


async def test_a_call_that_was_handed_on_has_two_queues_and_two_agents(genesys):
    answer = await asked(genesys, segmentFilters=[*about("john"), matching("mediaType", "voice")])
    (call,) = answer["conversations"]
    assert [party["purpose"] for party in call["participants"]] == ["customer", "acd", "agent", "acd", "agent"]
    customer, queue, first, other, second = call["participants"]
    assert customer["externalContactId"] == person_id(TOLD.named("john"))
    assert customer["sessions"][0]["ani"] == f"tel:{JOHN_PHONE}"
    assert (queue["participantName"], other["participantName"]) == ("International Support", "Specialist Support")
    assert first["sessions"][0]["segments"][-1]["disconnectType"] == "transfer"
    done = second["sessions"][0]["segments"][-1]
    assert (done["segmentType"], done["wrapUpNote"][:5]) == ("wrapup", "Wants")
    codes = await told(genesys, "/routing/wrapupcodes", tables.WRAP_UP_CODES, id=done["wrapUpCode"])
    assert [code["name"] for code in codes["entities"]] == ["Call back later"]
    starts = [segment["segmentStart"] for segment in second["sessions"][0]["segments"]]
    assert starts == sorted(starts)


async def test_what_is_lost_was_never_with_an_agent(genesys):
    answer = await asked(genesys, segmentFilters=about("lost"), order="desc")
    callback, call = answer["conversations"]
    assert (call["originatingDirection"], callback["originatingDirection"]) == ("inbound", "outbound")
    for conversation in (call, callback):
        assert {party["purpose"] for party in conversation["participants"]} == {"customer", "acd"}
    session = callback["participants"][0]["sessions"][0]
    assert (session["mediaType"], session["segments"][0]["segmentType"]) == ("callback", "dialing")


async def test_a_live_call_has_no_end(genesys):
    answer = await asked(genesys, segmentFilters=about("live-call"), order="desc")
    live = answer["conversations"][0]
    assert "conversationEnd" not in live
    assert "segmentEnd" not in live["participants"][-1]["sessions"][0]["segments"][-1]
    told_now = await told(genesys, f"/conversations/{live['conversationId']}", tables.CONVERSATION)
    assert told_now["participants"][-1]["calls"][0]["state"] == "connected"
    assert told_now["participants"][1]["calls"][0]["state"] == "disconnected"
    last = await asked(genesys, segmentFilters=about("live-call"), orderBy="conversationEnd", order="asc")
    assert last["conversations"][-1] == live


async def test_surveys_tell_the_score(genesys):
    scored = next(
        contact
        for person in TOLD.people_in("genesys_cloud")
        for contact in TOLD.contacts(person, "genesys_cloud")
        if contact.nps_score is not None
    )
    answer = await genesys.get("/api/v2/analytics/conversations/details", params={"id": conversation_id(scored)})
    assert differences(answer.json(), tables.DETAILS_LIST) == []
    (conversation,) = answer.json()["conversations"]
    assert conversation["surveys"][0]["surveyPromoterScore"] == scored.nps_score
    day = interval(scored.started_at + timedelta(hours=1), 1)
    filters = [
        {"type": "and", "predicates": [{"dimension": "surveyPromoterScore", "range": {"gte": scored.nps_score}}]}
    ]
    found = await asked(genesys, interval=day, surveyFilters=filters)
    assert conversation["conversationId"] in [row["conversationId"] for row in found["conversations"]]


async def test_pages_of_a_query_fit_together_in_both_orders(genesys):
    whole = await asked(genesys, segmentFilters=about("deep"), paging={"pageSize": 100, "pageNumber": 1})
    rows = whole["conversations"]
    start = (NOW - timedelta(days=31)).replace(hour=0, minute=0)
    expected = [c for c in reversed(contacts("deep")) if c.started_at >= start]
    assert [row["conversationId"] for row in rows] == [conversation_id(c) for c in expected]
    assert whole["totalHits"] == len(rows) > 40
    walked = []
    for page in range(1, 12):
        answer = await asked(
            genesys, segmentFilters=about("deep"), order="desc", paging={"pageSize": 10, "pageNumber": page}
        )
        assert answer["totalHits"] == len(rows)
        walked += answer.get("conversations", [])
    assert walked == rows[::-1]
    beyond = await asked(genesys, segmentFilters=about("deep"), paging={"pageSize": 100, "pageNumber": 2})
    assert beyond == {"totalHits": len(rows)}
    assert len((await asked(genesys, segmentFilters=about("deep")))["conversations"]) == 25


async def test_the_interval_is_as_coarse_as_a_day(genesys):
    contact = contacts("deep")[5]
    noon = contact.started_at.replace(hour=0, minute=0, second=0)
    touched = f"{noon:%Y-%m-%dT%H:%M:%SZ}/{noon + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    found = await asked(genesys, interval=touched, segmentFilters=about("deep"))
    assert conversation_id(contact) in [row["conversationId"] for row in found["conversations"]]
    before = f"{noon - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}/{noon:%Y-%m-%dT%H:%M:%SZ}"
    missed = await asked(genesys, interval=before, segmentFilters=about("deep"))
    assert conversation_id(contact) not in [row["conversationId"] for row in missed.get("conversations", [])]


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ([matching("ani", f"tel:{JOHN_PHONE}")], 1),
        ([matching("ani", JOHN_PHONE)], 0),
        ([matching("addressFrom", JOHN_EMAIL)], 2),
        ([matching("externalContactId", "nobody")], 0),
        ([{"type": "or", "predicates": [{"dimension": "ani", "value": f"tel:{JOHN_PHONE}"},
                                        {"dimension": "addressFrom", "value": JOHN_EMAIL}]}], 3),
        ([{"type": "and", "predicates": [], "clauses": [matching("addressFrom", JOHN_EMAIL)]}], 2),
        ([matching("addressFrom", JOHN_EMAIL), matching("mediaType", "voice")], 0),
        ([{"type": "and", "predicates": [{"dimension": "wrapUpNote", "operator": "exists"},
                                         {"dimension": "queueId", "operator": "notExists"}]}], 0),
    ],
)  # fmt: skip
async def test_segment_filters_choose_by_address_and_identity(genesys, filters, count):
    answer = await asked(genesys, segmentFilters=filters)
    assert answer["totalHits"] == count
    assert ("conversations" in answer) is (count > 0)


async def test_conversation_filters_and_aggregations_look_at_the_whole(genesys):
    outbound = await asked(genesys, conversationFilters=[matching("originatingDirection", "outbound")])
    assert {row["originatingDirection"] for row in outbound["conversations"]} == {"outbound"}
    longer = {"metric": "tConversationDuration", "range": {"gt": 3_600_000}}
    long = await asked(genesys, conversationFilters=[{"type": "and", "predicates": [longer]}])
    assert all("conversationEnd" in row for row in long["conversations"])
    answer = await genesys.post(
        QUERY,
        json={
            "interval": interval(),
            "segmentFilters": about("john"),
            "aggregations": [
                {"type": "termFrequency", "dimension": "mediaType"},
                {"type": "numericRange", "metric": "tConversationDuration", "ranges": [{"gte": 0}]},
            ],
        },
    )
    media, lengths = answer.json()["aggregations"]
    assert media["results"] == [{"value": "email", "count": 2}, {"value": "voice", "count": 1}]
    assert lengths["results"] == [{"gte": 0.0, "count": 3}]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "bad.request"),
        ({"interval": interval(days=32)}, "bad.request"),
        ({"interval": "2026-11-02T00:00:00Z/2026-11-01T00:00:00Z"}, "bad.request"),
        ({"interval": "2026-11-02"}, "invalid.date"),
        ({"interval": "last week/today"}, "invalid.date"),
        ({"interval": interval(), "paging": {"pageSize": 101, "pageNumber": 1}}, "bad.request"),
        ({"interval": interval(), "paging": {"pageSize": 10, "pageNumber": 0}}, "bad.request"),
        ({"interval": interval(), "paging": {"pageSize": 10}}, "bad.request"),
        ({"interval": interval(), "order": "newest"}, "invalid.value"),
        ({"interval": interval(), "orderBy": "duration"}, "invalid.value"),
        ({"interval": interval(), "pageSize": 10}, "invalid.property"),
        ({"interval": interval(), "segmentFilters": [matching("phone", "+39")]}, "invalid.value"),
        ({"interval": interval(), "conversationFilters": [matching("ani", "+39")]}, "invalid.value"),
        ({"interval": interval(), "segmentFilters": [{"type": "or", "predicates": [{}]}]}, "bad.request"),
        ({"interval": interval(), "segmentFilters": [{"predicates": []}]}, "bad.request"),
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(genesys, query, code):
    await refused(await genesys.post(QUERY, json=query), 400, code)


async def test_a_query_is_json_and_asked_for_by_post(genesys):
    await refused(
        await genesys.post(QUERY, content=b"{", headers={"content-type": "application/json"}), 400, "bad.request"
    )
    await refused(await genesys.post(QUERY, content=b"{}"), 415, "unsupported.media.type")


async def test_details_are_fetched_by_several_ids(genesys):
    known = [conversation_id(contact) for contact in contacts("deep")[:3]]
    absent = f"{known[0][:-1]}z"
    path = "/analytics/conversations/details"
    found = await told(genesys, path, tables.DETAILS_LIST, id=[known[0], f"{known[1]},{absent}"])
    assert [row["conversationId"] for row in found["conversations"]] == known[:2]
    assert await told(genesys, path, tables.DETAILS_LIST, id=absent) == {}
    await refused(await genesys.get(f"/api/v2{path}"), 400, "bad.request")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/externalcontacts/contacts/x", "entity.not.found"),
        ("/externalcontacts/contacts/x/journey/sessions", "entity.not.found"),
        ("/journey/sessions/x", "not.found"),
        ("/analytics/conversations/00000000-0000-0000-0000-000000000001/details", "not.found"),
        ("/conversations/x", "not.found"),
        ("/routing/queues/x", "not.found"),
        ("/outbound/nothing", "not.found"),
    ],
)
async def test_what_is_absent_is_not_found(genesys, path, code):
    await refused(await genesys.get(f"/api/v2{path}"), 404, code)


# The company


async def test_the_company_is_listed_in_pages_and_by_id(genesys):
    queues = await told(genesys, "/routing/queues", tables.QUEUES, pageSize=3, pageNumber=2)
    assert (len(queues["entities"]), queues["total"], queues["pageCount"]) == (3, len(QUEUES), 3)
    assert "pageNumber=3" in queues["nextUri"]
    ids = [queue["id"] for queue in queues["entities"]][:2]
    named = await told(genesys, "/routing/queues", tables.QUEUES, id=ids)
    assert sorted(queue["id"] for queue in named["entities"]) == sorted(ids)
    special = await told(genesys, "/routing/queues", tables.QUEUES, name="*special*")
    assert [queue["name"] for queue in special["entities"]] == ["Specialist Support"]
    divided = await told(genesys, "/routing/queues", tables.QUEUES, divisionId=queues["entities"][0]["division"]["id"])
    assert len({queue["division"]["id"] for queue in divided["entities"]}) == 1
    codes = await told(genesys, "/routing/wrapupcodes", tables.WRAP_UP_CODES)
    assert codes["total"] == len(WRAP_UP_CODES)
    users = await told(genesys, "/users", tables.USERS)
    await told(genesys, "/users", tables.USERS, id=users["entities"][0]["id"])
    divisions = await told(genesys, "/authorization/divisions", tables.DIVISIONS)
    assert [division["name"] for division in divisions["entities"]] == [division.name for division in DIVISIONS]
    permission = {"permission": "routing:queue:view"}
    mine = await told(genesys, "/authorization/divisionspermitted/me", [tables.DIVISION], **permission)
    paged = await told(genesys, "/authorization/divisionspermitted/paged/me", tables.PERMITTED_DIVISIONS, **permission)
    assert mine == paged["entities"] == divisions["entities"]
    await refused(await genesys.get("/api/v2/authorization/divisionspermitted/me"), 400, "bad.request")
    await refused(await genesys.get("/api/v2/routing/queues?pageSize=501"), 400, "bad.request")


async def test_the_depth_of_a_journey_costs_nothing():
    deep = build(SEED, NOW, depth=100_000)
    identity = person_id(deep.named("deep"))
    oldest = deep.contacts(deep.named("deep"), "genesys_cloud")[-1]
    async with client_of(sandbox_of(deep), "/genesys_cloud") as client:
        await signed_in(client)
        began = time.perf_counter()
        for end in (NOW, NOW - timedelta(days=5_000), oldest.started_at + timedelta(days=30)):
            query = {
                "interval": interval(end),
                "segmentFilters": [matching("externalContactId", identity), matching("ani", f"tel:{DEEP_PHONE}")],
            }
            assert (await client.post(QUERY, json=query)).json()["totalHits"] > 5
        await told(client, f"/externalcontacts/contacts/{identity}/journey/sessions", tables.SESSIONS, pageSize=200)
        took = time.perf_counter() - began
    assert took < 1


async def test_confused_rows_are_somebody_elses(genesys):
    control = "http://sandbox.test/_control/genesys_cloud"
    await genesys.put(control, json={"fault": "foreign"})
    rows = (await asked(genesys, segmentFilters=about("deep"))).get("conversations", [])
    path = f"/externalcontacts/contacts/{person_id(TOLD.named('deep'))}/journey/sessions"
    sessions = (await told(genesys, path, tables.SESSIONS))["entities"]
    await genesys.put(control, json={})
    told_of = {row["participants"][0]["externalContactId"] for row in rows}
    told_of |= {session["externalContact"]["id"] for session in sessions}
    assert told_of
    assert person_id(TOLD.named("deep")) not in told_of
