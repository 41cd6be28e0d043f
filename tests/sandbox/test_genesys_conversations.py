"""Conversations of the sandbox's Genesys Cloud: as they are described, queried and paged."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from sandbox.population import DEEP_PHONE, JOHN_EMAIL, JOHN_PHONE, build
from sandbox.vendors.genesys_ids import conversation_id, person_id
from tests.sandbox.genesys import QUERY, TOLD, about, asked, contacts, interval, matching, refused, signed_in, told
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of
from tests.sandbox.tables import genesys_cloud as tables


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


async def test_the_depth_of_a_journey_costs_nothing():
    deep = build(SEED, NOW, depth=100_000)
    identity = person_id(deep.named("deep"))
    oldest = deep.contacts(deep.named("deep"), "genesys_cloud")[-1]
    async with client_of(sandbox_of(deep), "/genesys_cloud") as client:
        await signed_in(client)
        began = time.process_time()
        for end in (NOW, NOW - timedelta(days=5_000), oldest.started_at + timedelta(days=30)):
            query = {
                "interval": interval(end),
                "segmentFilters": [matching("externalContactId", identity), matching("ani", f"tel:{DEEP_PHONE}")],
            }
            assert (await client.post(QUERY, json=query)).json()["totalHits"] > 5
        await told(client, f"/externalcontacts/contacts/{identity}/journey/sessions", tables.SESSIONS, pageSize=200)
        took = time.process_time() - began
    assert took < 1
