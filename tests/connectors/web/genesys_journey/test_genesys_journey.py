"""What Genesys Cloud's web and app sessions become, and how their lists are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Window
from connectors.interaction import (
    Address,
    AddressKind,
    Campaign,
    Channel,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    WebEvent,
    WebVisitDetails,
)
from connectors.web.genesys_journey import GenesysJourney
from tests.connectors.support import NOW, connect, router, soon

API = "https://api.mypurecloud.de"
HOST = f"{API}/api/v2"
CONTACT, MERGED = "c0000000-0000-4000-8000-000000000001", "c0000000-0000-4000-8000-000000000002"
LIVIA = Record(source="genesys_journey", id=CONTACT, identifiers=())
START = NOW - timedelta(days=2)
SESSIONS = f"{HOST}/externalcontacts/contacts/{CONTACT}/journey/sessions"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def session(id_: str, began: datetime = START, minutes: float | None = 6, **more: Any) -> dict[str, Any]:
    """Without `minutes` it goes on."""
    row: dict[str, Any] = {
        "id": id_,
        "type": "web",
        "externalContact": {"id": CONTACT},
        "customerId": "5f1c-cookie",
        "customerIdType": "cookie",
        "pageviewCount": 3,
        "screenviewCount": 0,
        "lastPage": {"title": "Basket", "url": "https://shop.example.com/basket"},
        "lastEvent": {"id": "e", "eventName": "page_viewed", "createdDate": iso(began + timedelta(minutes=5))},
        "divisionIds": ["d-north"],
        "createdDate": iso(began),
    }
    ended = {} if minutes is None else {"endedDate": iso(began + timedelta(minutes=minutes))}
    return row | ended | more


def viewed(id_: str, minute: float, title: str, url: str = "https://shop.example.com/p?token=s#x") -> dict[str, Any]:
    page = {"title": title, "url": url}
    return {
        "id": id_,
        "eventType": "com.genesys.journey.WebEvent",
        "createdDate": iso(START + timedelta(minutes=minute)),
        "webEvent": {"eventName": "page_viewed", "page": page},
    }


class Fake:
    """`pages`: of the contact's sessions. `events`: by session; None is refused."""

    def __init__(self, *pages: list[dict[str, Any]], events: dict[str, Any] | None = None) -> None:
        self.pages = pages
        self.events = events or {}
        self.routes = self._routes()

    def _routes(self) -> respx.MockRouter:
        routes = router()
        routes.post("https://login.mypurecloud.de/oauth/token").respond(json={"access_token": "t", "expires_in": 3600})
        contact = {"id": CONTACT, "firstName": "Livia", "mergeSet": [{"id": MERGED}]}
        routes.get(f"{HOST}/externalcontacts/contacts/{CONTACT}").respond(json=contact)
        merged = {"id": MERGED, "canonicalContact": {"id": CONTACT}}
        routes.get(f"{HOST}/externalcontacts/contacts/{MERGED}").respond(json=merged)
        routes.get(SESSIONS).mock(side_effect=self._sessions)
        routes.get(url__regex=rf"{HOST}/journey/sessions/[^/]+/events").mock(side_effect=self._events)
        routes.get(url__regex=rf"{HOST}/journey/sessions/[^/]+$").mock(side_effect=self._session)
        return routes

    def _sessions(self, request: httpx.Request) -> httpx.Response:
        place = int(request.url.params.get("after", "0"))
        body: dict[str, Any] = {"entities": self.pages[place] if place < len(self.pages) else []}
        if place + 1 < len(self.pages):
            body["nextUri"] = f"/api/v2/externalcontacts/contacts/{CONTACT}/journey/sessions?after={place + 1}"
        return httpx.Response(200, json=body)

    def _events(self, request: httpx.Request) -> httpx.Response:
        found = self.events.get(request.url.path.split("/")[-2], [])
        return httpx.Response(403) if found is None else httpx.Response(200, json={"entities": found})

    def _session(self, request: httpx.Request) -> httpx.Response:
        id_ = request.url.path.rpartition("/")[2]
        found = next((s for page in self.pages for s in page if s["id"] == id_), None)
        return httpx.Response(404) if found is None else httpx.Response(200, json=found)

    def connect(self, **options: Any) -> GenesysJourney:
        credentials = {"client_id": "id", "client_secret": "secret"}
        return connect(GenesysJourney, self.routes, API, credentials=credentials, options=options)

    async def read(self, window: Window | None = None, **options: Any) -> Page:
        return await self.connect(**options).interactions([LIVIA], window or Window(), None, 50, soon())

    def asked(self, part: str) -> list[httpx.URL]:
        return [call.request.url for call in self.routes.calls if part in call.request.url.path]


async def one(**changes: Any) -> Interaction:
    page = await Fake([session("s-1") | changes]).read()
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


async def test_a_visit_with_everything() -> None:
    events = [viewed("e2", 2, "Prices"), viewed("e1", 0, "Home"), viewed("e2", 2, "Prices")]
    fake = Fake([session("s-1", mktCampaign={"name": "Autumn", "source": "letter"})], events={"s-1": events})
    (row,) = (await fake.read()).items
    end = START + timedelta(minutes=6)
    assert row == Interaction(
        source="genesys_journey",
        external_id="s-1",
        record_id=CONTACT,
        channel=Channel.WEB,
        direction=Direction.INBOUND,
        started_at=START,
        last_activity_at=end,
        ended_at=end,
        duration_seconds=360,
        status=InteractionStatus.COMPLETED,
        campaign=Campaign("Autumn", "Autumn"),
        division_ids=("d-north",),
        address=Address(AddressKind.OTHER, IdentifierKind.COOKIE, "5f1c-cookie"),
        subject="Home",
        preview="Basket",
        details=WebVisitDetails(
            3,
            (
                WebEvent(START, "page_viewed", "Home", "https://shop.example.com/p"),
                WebEvent(START + timedelta(minutes=2), "page_viewed", "Prices", "https://shop.example.com/p"),
            ),
        ),
    )
    (listed,) = fake.asked("/journey/sessions")[:1]
    assert dict(listed.params) == {"pageSize": "200", "includeMerged": "true"}


async def test_one_that_goes_on_was_last_alive_at_its_last_event() -> None:
    row = await one(endedDate=None, idleDate=iso(START), awayDate=iso(START))
    assert (row.status, row.ended_at, row.duration_seconds) == (InteractionStatus.ACTIVE, None, None)
    assert row.last_activity_at == START + timedelta(minutes=5)


async def test_of_an_app_its_screens() -> None:
    row = await one(type="app", screenviewCount=9, lastPage=None, lastScreen="Balance", customerIdType="email")
    assert row.details == WebVisitDetails(9, ())
    assert (row.subject, row.address) == ("Balance", None)


async def test_conversations_are_left_to_the_other_connector() -> None:
    talk = session("s-talk", type="conversation", conversation={"id": "c-1"})
    fake = Fake([talk, session("s-1")])
    page = await fake.read()
    assert ([row.external_id for row in page.items], page.dropped) == (["s-1"], 0)
    assert await fake.connect().get("s-talk", soon()) is None


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"appEvent": {"eventName": "screen", "screenName": "Balance"}}, ("screen", "Balance", None)),
        (
            {"webActionEvent": {"action": {"mediaType": "contentOffer", "state": "accepted", "prompt": "10% off"}}},
            ("contentOffer accepted", "10% off", None),
        ),
        ({"outcomeAchievedEvent": {"outcome": {"displayName": "Bought"}}}, ("outcome_achieved", "Bought", None)),
        ({"webEvent": {"page": {"url": "javascript:alert(1)"}}}, ("web_event", None, None)),
        ({"webEvent": {"eventName": "x", "page": {"url": "https://a:port/", "title": " a\n b "}}}, ("x", "a b", None)),
        ({"segmentAssignmentEvent": {"segment": {"id": "7"}}}, None),
        ({"createdDate": "0001-01-01T00:00:00Z", "webEvent": {}}, None),
    ],
)
async def test_kinds_of_events(event: dict[str, Any], told: tuple[str, str | None, str | None] | None) -> None:
    row = {"id": "e", "createdDate": iso(START), **event}
    (visit,) = (await Fake([session("s-1")], events={"s-1": [row, {"id": 7}]}).read()).items
    assert isinstance(visit.details, WebVisitDetails)
    assert [(e.name, e.title, e.url) for e in visit.details.events] == ([] if told is None else [told])


async def test_events_are_read_of_young_visits_and_of_one_that_is_asked_for() -> None:
    old = session("s-old", START - timedelta(days=30))
    fake = Fake([session("s-1"), old], events={"s-1": [viewed("e", 1, "Home")], "s-old": [viewed("f", 1, "Help")]})
    young, aged = (await fake.read()).items
    assert [len(row.details.events) for row in (young, aged) if isinstance(row.details, WebVisitDetails)] == [1, 0]
    found = await fake.connect().get("s-old", soon())
    assert found is not None and isinstance(found.details, WebVisitDetails) and len(found.details.events) == 1


async def test_events_of_what_has_ended_are_kept() -> None:
    fake = Fake([session("s-1"), session("s-live", START - timedelta(hours=1), None)])
    connector = fake.connect()
    for _ in range(3):
        await connector.interactions([LIVIA], Window(), None, 50, soon())
    paths = [url.path.split("/")[-2] for url in fake.asked("/events")]
    assert sorted(paths) == ["s-1", "s-live", "s-live", "s-live"]


async def test_who_may_not_read_events_still_sees_visits() -> None:
    (row,) = (await Fake([session("s-1")], events={"s-1": None}).read()).items
    assert row.details == WebVisitDetails(3, ())


async def test_a_merged_contacts_visits_are_the_heads() -> None:
    assert (await one(externalContact={"id": MERGED})).record_id == CONTACT
    found = await Fake([session("s-1", externalContact={"id": MERGED})]).connect().get("s-1", soon())
    assert found is not None and found.record_id == CONTACT


async def test_pages_are_followed_until_they_lie_before_the_window() -> None:
    pages = [[session(f"s-{p}{n}", START - timedelta(days=p, hours=n)) for n in range(3)] for p in range(6)]
    fake = Fake(*pages)
    assert len((await fake.read()).items) == 18
    fake = Fake(*pages)
    window = Window(START - timedelta(days=1, hours=1))
    assert [row.external_id for row in (await fake.read(window)).items] == ["s-00", "s-01", "s-02", "s-10", "s-11"]
    assert len(fake.asked(f"{CONTACT}/journey")) == 3


async def test_a_list_in_another_order_is_read_to_its_end() -> None:
    pages = [[session(f"s-{p}{n}", START - timedelta(days=9 - p, hours=9 - n)) for n in range(3)] for p in range(6)]
    fake = Fake(*pages)
    window = Window(START - timedelta(days=4, hours=9))
    assert [row.external_id for row in (await fake.read(window)).items] == ["s-52", "s-51", "s-50"]
    assert len(fake.asked(f"{CONTACT}/journey")) == 6


async def test_an_odd_session_is_dropped_and_counted() -> None:
    odd: list[dict[str, Any]] = [
        session("s-2", externalContact=None),
        session("s-3", createdDate=None),
        session("s-4", createdDate="0001-01-01T00:00:00Z"),
        session("s-5", pageviewCount="many"),
    ]
    page = await Fake([*odd, session("s-1")]).read()
    assert ([row.external_id for row in page.items], page.dropped) == (["s-1"], 4)
