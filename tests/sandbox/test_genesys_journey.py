"""The imitation of Genesys Cloud with its tracker: a web session before each contact, and what happened in it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from sandbox.credentials import GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET
from sandbox.population import build
from sandbox.vendors.genesys_ids import person_id
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of, serving

MOUNT = "/genesys_journey"
POPULATION = build(SEED, NOW, depth=2_000)
DEEP, JOHN = (person_id(POPULATION.named(key)) for key in ("deep", "john"))


@pytest.fixture(scope="module")
def app():
    return sandbox_of(POPULATION)


async def token(http: httpx.AsyncClient, mount: str = "") -> dict[str, str]:
    auth = (GENESYS_CLIENT_ID, GENESYS_CLIENT_SECRET)
    answer = await http.post(f"{mount}/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
async def http(app) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app, MOUNT) as client:
        client.headers.update(await token(client))
        yield client


async def sessions(http: httpx.AsyncClient, contact: str, size: int = 200) -> list[Any]:
    path: str | None = f"/api/v2/externalcontacts/contacts/{contact}/journey/sessions?pageSize={size}"
    found: list[Any] = []
    while path is not None:
        body = (await http.get(path)).json()
        found += body["entities"]
        path = body.get("nextUri")
    return found


async def test_visits_stand_beside_conversations_newest_first(http):
    found = await sessions(http, JOHN)
    assert {session["type"] for session in found} == {"conversation", "web"}
    times = [session["createdDate"] for session in found]
    assert times == sorted(times, reverse=True)
    deep = await sessions(http, DEEP, size=50)
    assert len({session["id"] for session in deep}) == len(deep) > 200


async def test_a_visit_by_its_id_with_its_events(http):
    visits = [session for session in await sessions(http, DEEP) if session["type"] == "web"]
    assert (await http.get(f"/api/v2/journey/sessions/{visits[0]['id']}")).json() == visits[0]
    kinds = set()
    for visit in visits[:30]:
        listed: list[Any] = []
        path: str | None = f"/api/v2/journey/sessions/{visit['id']}/events?pageSize=2"
        while path is not None:
            body = (await http.get(path)).json()
            listed += body["entities"]
            path = body.get("nextUri")
        assert len(listed) == visit["eventCount"]
        assert {event["session"]["id"] for event in listed} == {visit["id"]}
        kinds |= {event["eventType"].rpartition(".")[2] for event in listed}
        assert visit["pageviewCount"] == sum("webEvent" in event for event in listed)
    assert kinds == {"WebEvent", "WebActionEvent"}


async def test_events_of_a_kind(http):
    visit = next(session for session in await sessions(http, JOHN) if session["type"] == "web")
    path = f"/api/v2/journey/sessions/{visit['id']}/events"
    kind = "com.genesys.journey.AppEvent"
    assert (await http.get(path, params={"eventType": kind})).json()["entities"] == []
    assert (await http.get(path, params={"eventType": "page"})).status_code == 400


async def test_who_writes_on_the_website_now_is_still_there(http):
    chloe = person_id(POPULATION.named("live-chat"))
    live = [session for session in await sessions(http, chloe) if "endedDate" not in session]
    assert {session["type"] for session in live} == {"conversation", "web"}
    assert all(session["idleDate"] < session["awayDate"] for session in live)


async def test_a_session_of_a_conversation_is_as_it_was(http):
    talk = next(session for session in await sessions(http, JOHN) if session["type"] == "conversation")
    assert (await http.get(f"/api/v2/journey/sessions/{talk['id']}")).json()["id"] == talk["id"]
    assert (await http.get(f"/api/v2/journey/sessions/{talk['id']}/events")).json()["entities"] == []
    assert (await http.get("/api/v2/journey/sessions/x")).status_code == 404


async def test_a_fault_gives_somebody_elses_visits_over_real_http(app):
    async with serving(app) as url, httpx.AsyncClient(base_url=f"{url}{MOUNT}") as http:
        http.headers.update(await token(http))
        await http.put(f"{url}/_control{MOUNT}", json={"fault": "foreign"})
        path = f"/api/v2/externalcontacts/contacts/{JOHN}/journey/sessions"
        found = (await http.get(path)).json()["entities"]
        assert found and all(session["externalContact"]["id"] != JOHN for session in found)
        await http.post(f"{url}/_control/reset")
