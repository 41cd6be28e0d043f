"""Who may ask the sandbox's Genesys Cloud, and what it tells of contacts, journeys and the company."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from sandbox.company import DIVISIONS, QUEUES, WRAP_UP_CODES
from sandbox.credentials import GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET
from sandbox.population import JOHN_EMAIL, JOHN_PHONE, SWITCHBOARD
from sandbox.vendors.genesys_ids import CRM_SOURCE_ID, conversation_id, person_id
from tests.sandbox.genesys import TOLD, about, asked, contacts, refused, signed_in, told
from tests.sandbox.shapes import differences
from tests.sandbox.support import NOW, client_of, sandbox_of
from tests.sandbox.tables import genesys_cloud as tables

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
