"""What Zendesk's tickets become."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import respx

from connectors.base import Page, Wanted, Window
from connectors.deadline import Deadline
from connectors.errors import MalformedError, RateLimitedError, RefusedError
from connectors.interaction import (
    Address,
    AddressKind,
    Agent,
    Channel,
    Comment,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Link,
    LinkKind,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    TicketDetails,
    TicketPriority,
    TicketStatus,
)
from connectors.ticketing.zendesk import Zendesk
from tests.connectors.support import connect, router, samples_beside, soon
from tests.connectors.ticketing.zendesk.fake import FakeSearch, ticket

BASE = "https://acme.zendesk.com"
sample = samples_beside(__file__)
LIVIA = Record(source="zendesk", id="5001", identifiers=())
ALWAYS = Window()


def zendesk(routes: respx.MockRouter, base: str = BASE, **config: Any) -> Zendesk:
    config.setdefault("credentials", {"email": "bot@example.com", "token": "t0ken"})
    return connect(Zendesk, routes, base, **config)


def desk(tickets: Any = None) -> respx.MockRouter:
    routes = router()
    routes.get(f"{BASE}/api/v2/search").respond(json=sample("tickets") if tickets is None else tickets)
    routes.get(f"{BASE}/api/v2/groups").respond(json=sample("groups"))
    routes.get(f"{BASE}/api/v2/users/show_many").respond(json=sample("agents"))
    return routes


async def read(connector: Zendesk, window: Window = ALWAYS, **how: Any) -> Page:
    return await connector.interactions([LIVIA], window, None, 50, soon(), **how)


async def one(fields: dict[str, Any], **config: Any) -> Interaction:
    """The first ticket of the samples with other fields."""
    row = copy.deepcopy(sample("tickets")["results"][0]) | fields
    page = await read(zendesk(desk({"results": [row], "count": 1, "next_page": None}), **config))
    assert (len(page.items), page.dropped) == (1, 0)
    return page.items[0]


async def test_a_ticket_with_everything() -> None:
    page = await read(zendesk(desk(), options={"division": "brand", "topic_field": 360}))
    started_at, ended_at = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 21, 10, 30, tzinfo=UTC)
    assert page.items[0] == Interaction(
        source="zendesk",
        external_id="3001",
        record_id="5001",
        channel=Channel.TICKET,
        direction=Direction.INBOUND,
        started_at=started_at,
        last_activity_at=ended_at,
        ended_at=ended_at,
        duration_seconds=91800,
        status=InteractionStatus.COMPLETED,
        url="https://acme.zendesk.com/agent/tickets/3001",
        outcome=Outcome(OutcomeKind.SUCCESS, "CSAT: good"),
        legs=(Leg(started_at, ended_at, LegKind.AGENT, Queue("71", "Front desk"), Agent("901", "Bruna Agosti")),),
        tags=("lamp", "warranty"),
        division_ids=("44",),
        address=Address(AddressKind.OTHER, IdentifierKind.EMAIL, "livia.marchetti@example.org"),
        subject="The lamp does not light",
        topic="repairs",
        preview="Good morning, since yesterday the lamp & its timer stay dark.",
        comments=(Comment("Quick and kind"),),
        details=TicketDetails("3001", TicketStatus.SOLVED, "solved", TicketPriority.HIGH, None, Channel.EMAIL),
    )


async def test_what_a_page_keeps_drops_and_passes_over() -> None:
    page = await read(zendesk(desk()))
    assert [row.external_id for row in page.items] == ["3001", "3002", "3003", "3004"]
    assert (page.dropped, page.foreign, page.next, page.capped) == (2, 1, None, False)  # bad rows; somebody else's


async def test_an_outbound_call_is_to_the_customer_and_its_note_is_not_shown() -> None:
    call = (await read(zendesk(desk()))).items[1]
    assert call.direction is Direction.OUTBOUND
    assert call.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331110001")
    assert call.preview is None
    assert call.status is InteractionStatus.ON_HOLD and call.ended_at is None and call.duration_seconds is None
    assert call.outcome is None
    assert call.legs == (Leg(call.started_at, None, LegKind.AGENT, None, Agent("902", "902")),)  # name not to be had
    assert isinstance(call.details, TicketDetails)
    assert (call.details.opened_via, call.details.status) == (Channel.VOICE, TicketStatus.ON_HOLD)


async def test_words_that_are_not_known_and_internal_descriptions() -> None:
    row = (await read(zendesk(desk()))).items[2]
    assert row.status is InteractionStatus.UNKNOWN
    assert row.details == TicketDetails("3003", TicketStatus.UNKNOWN, "frozen", None, None, Channel.WEB)
    assert (row.preview, row.subject, row.address, row.direction) == (None, None, None, Direction.UNKNOWN)
    assert row.outcome == Outcome(OutcomeKind.FAILURE, "CSAT: bad") and row.comments == ()
    assert row.legs == (Leg(row.started_at, None, LegKind.QUEUE, Queue("79", "79")),)


async def test_a_ticket_with_nothing() -> None:
    row = (await read(zendesk(desk()))).items[3]
    assert row == Interaction(
        source="zendesk",
        external_id="3004",
        record_id="5001",
        channel=Channel.TICKET,
        direction=Direction.UNKNOWN,
        started_at=datetime(2026, 11, 17, 9, tzinfo=UTC),
        last_activity_at=datetime(2026, 11, 17, 9, tzinfo=UTC),
        status=InteractionStatus.UNKNOWN,
        url="https://acme.zendesk.com/agent/tickets/3004",
        details=TicketDetails("3004", TicketStatus.UNKNOWN, ""),
    )


@pytest.mark.parametrize(
    ("word", "status", "ticket_status", "over"),
    [
        ("new", InteractionStatus.QUEUED, TicketStatus.NEW, False),
        ("open", InteractionStatus.ACTIVE, TicketStatus.OPEN, False),
        ("pending", InteractionStatus.PENDING, TicketStatus.PENDING, False),
        ("hold", InteractionStatus.ON_HOLD, TicketStatus.ON_HOLD, False),
        ("solved", InteractionStatus.COMPLETED, TicketStatus.SOLVED, True),
        ("closed", InteractionStatus.COMPLETED, TicketStatus.CLOSED, True),
        ("deleted", InteractionStatus.UNKNOWN, TicketStatus.UNKNOWN, False),
    ],
)
async def test_statuses(word: str, status: InteractionStatus, ticket_status: TicketStatus, over: bool) -> None:
    row = await one({"status": word})
    assert isinstance(row.details, TicketDetails)
    assert (row.status, row.details.status, row.details.source_status) == (status, ticket_status, word)
    assert (row.ended_at is not None) is over is (row.duration_seconds is not None)


@pytest.mark.parametrize(
    ("via", "messaging", "channel"),
    [
        ({"channel": "web"}, False, Channel.WEB),
        ({"channel": "chat"}, False, Channel.CHAT),
        ({"channel": "native_messaging"}, True, Channel.WEB_MESSAGING),
        ({"channel": "whatsapp"}, True, Channel.WHATSAPP),
        ({"channel": "carrier_pigeon"}, True, Channel.WEB_MESSAGING),
        ({"channel": "carrier_pigeon"}, False, Channel.OTHER),
        ({"channel": 29, "source": None}, None, Channel.OTHER),
        ({"channel": None, "source": {}}, None, None),
        (None, None, None),
    ],
)
async def test_how_it_was_opened(via: Any, messaging: bool | None, channel: Channel | None) -> None:
    row = await one({"via": via, "from_messaging_channel": messaging})
    assert isinstance(row.details, TicketDetails)
    assert row.details.opened_via is channel


@pytest.mark.parametrize(
    ("rating", "outcome", "comments"),
    [
        ({"score": "good_with_comment", "comment": "ok"}, "CSAT: good", ("ok",)),
        ({"score": "bad", "comment": " "}, "CSAT: bad", ()),
        ({"score": "offered", "comment": "early"}, None, ()),
        ({"score": "splendid"}, None, ()),
        ("unoffered", None, ()),
        (None, None, ()),
    ],
)
async def test_a_rating_is_an_outcome_only_once_it_is_given(
    rating: Any, outcome: str | None, comments: tuple[str, ...]
) -> None:
    row = await one({"satisfaction_rating": rating})
    assert (row.outcome.label if row.outcome else None) == outcome
    assert tuple(comment.text for comment in row.comments) == comments


@pytest.mark.parametrize(
    "hidden", [{"is_public": False}, {"submitter_id": 901}, {"submitter_id": None}, {"description": None}]
)
async def test_what_an_agent_may_have_written_as_a_note_is_no_preview(hidden: dict[str, Any]) -> None:
    assert (await one(hidden)).preview is None


@pytest.mark.parametrize(
    ("source", "submitter", "address"),
    [
        ({"from": {"phone": "333 1110001"}, "rel": "inbound"}, 901, "+393331110001"),
        ({"from": {"phone": "+393331110001"}, "rel": "voicemail"}, None, "+393331110001"),
        ({"from": {"phone": "anonymous", "address": "Livia@Example.org"}}, 5001, "livia@example.org"),
        ({"from": {"address": "agent@example.com"}}, 901, None),
        ({"from": {"address": "no address"}}, 5001, None),
        ({"from": {"facebook_id": "1", "profile_url": "x"}}, 5001, None),
        ({"from": None}, 5001, None),
    ],
)
async def test_the_address_is_the_customers(source: Any, submitter: int | None, address: str | None) -> None:
    row = await one({"via": {"channel": "any_channel", "source": source}, "submitter_id": submitter})
    assert (row.address.value if row.address else None) == address


async def test_an_end_before_the_beginning_is_the_beginning() -> None:
    row = await one({"updated_at": "2026-11-20T08:59:59Z"})
    assert row.ended_at == row.last_activity_at == row.started_at and row.duration_seconds == 0


async def test_times_are_utc_and_need_an_offset() -> None:
    row = await one({"created_at": "2026-11-20T10:00:00+01:00"})
    assert row.started_at.isoformat() == "2026-11-20T09:00:00+00:00"
    naive = ticket(1, datetime(2026, 11, 1)) | {"created_at": "2026-11-20T10:00:00"}
    page = await read(zendesk(desk({"results": [naive, 7, None, "ticket"], "count": 4})))
    assert (page.items, page.dropped) == ((), 4)


async def test_options_for_links_divisions_and_topic() -> None:
    row = await one({}, options={"agent_url": "https://help.example.com/", "division": "group", "topic_field": 362})
    assert row.url == "https://help.example.com/agent/tickets/3001"
    assert row.division_ids == ("71",) and row.topic is None
    plain = await one({})
    assert plain.division_ids == () and plain.topic is None


async def test_a_closed_ticket_names_those_that_follow_it_up() -> None:
    assert (await one({"followup_ids": [3010, 3011]})).links == (
        Link(LinkKind.REPLY, "3010"),
        Link(LinkKind.REPLY, "3011"),
    )
    assert (await one({"followup_ids": None})).links == ()


async def test_names_are_asked_for_once_for_a_while_and_the_missing_too() -> None:
    routes = desk()
    connector = zendesk(routes)
    now = [1000.0]

    def paths() -> list[str]:
        return [call.request.url.path.removeprefix("/api/v2/") for call in routes.calls]

    async def ask() -> None:
        await connector.interactions([LIVIA], ALWAYS, None, 50, Deadline(now[0] + 30, lambda: now[0]))

    await ask()
    await ask()
    assert sorted(paths()) == ["groups", "search", "search", "users/show_many"]
    ids = next(call.request.url.params["ids"] for call in routes.calls if "ids" in call.request.url.params)
    assert ids == "901,902"
    now[0] += 601
    await ask()
    assert sorted(paths()) == ["groups"] * 2 + ["search"] * 3 + ["users/show_many"] * 2


async def test_groups_are_read_to_their_end() -> None:
    routes = desk()
    first = {"groups": [{"id": 1, "name": "Other"}], "meta": {"has_more": True, "after_cursor": "c2="}}
    groups = routes.get(f"{BASE}/api/v2/groups").mock(
        side_effect=lambda request: httpx.Response(
            200, json=sample("groups") if request.url.params.get("page[after]") == "c2=" else first
        )
    )
    page = await read(zendesk(routes))
    assert page.items[0].legs[0].queue == Queue("71", "Front desk")
    assert groups.call_count == 2


@pytest.mark.parametrize("status", [403, 404])
async def test_names_that_may_not_be_read_are_ids(status: int) -> None:
    routes = desk()
    routes.get(f"{BASE}/api/v2/groups").respond(status, json={"error": "Forbidden"})
    routes.get(f"{BASE}/api/v2/users/show_many").respond(status, json={"error": "Forbidden"})
    leg = (await read(zendesk(routes))).items[0].legs[0]
    assert (leg.queue, leg.agent) == (Queue("71", "71"), Agent("901", "901"))


async def test_names_that_fail_otherwise_fail_the_page() -> None:
    routes = desk()
    routes.get(f"{BASE}/api/v2/groups").respond(429)
    with pytest.raises(RateLimitedError):
        await read(zendesk(routes))


async def test_one_ticket_is_the_row_of_the_list() -> None:
    routes = desk()
    row = dict(sample("tickets")["results"][0])
    del row["result_type"]
    routes.get(f"{BASE}/api/v2/tickets/3001").respond(json={"ticket": row})
    connector = zendesk(routes)
    assert await connector.get("3001", soon()) == (await read(connector)).items[0]


async def test_one_ticket_that_is_not_there_or_is_another() -> None:
    routes = desk()
    routes.get(f"{BASE}/api/v2/tickets/1").respond(404, json={"error": "RecordNotFound"})
    routes.get(f"{BASE}/api/v2/tickets/03001").respond(json={"ticket": sample("tickets")["results"][0]})
    connector = zendesk(routes)
    assert await connector.get("1", soon()) is None
    assert await connector.get("03001", soon()) is None


@pytest.mark.parametrize(
    ("wanted", "terms"),
    [
        (Wanted(), ""),
        (Wanted(statuses=frozenset({InteractionStatus.QUEUED, InteractionStatus.COMPLETED})), "new solved closed"),
        (Wanted(statuses=frozenset({InteractionStatus.ACTIVE, InteractionStatus.UNKNOWN})), ""),
    ],
)
async def test_statuses_are_asked_for(wanted: Wanted, terms: str) -> None:
    routes = desk()
    await read(zendesk(routes), wanted=wanted)
    asked = routes.calls[0].request.url.params["query"]
    assert asked == " ".join(["type:ticket", "requester:5001", *(f"status:{word}" for word in terms.split())])


@pytest.mark.parametrize(
    ("tags", "terms"),
    [
        ({"lamp", "vip_2"}, " tags:lamp tags:vip_2"),
        ({"none"}, ""),
        ({"lamp", "a-b"}, ""),
        ({'x" requester:1'}, ""),
        ({"x requester:1"}, ""),
        ({f"t{n}" for n in range(11)}, ""),
        (set(), ""),
    ],
)
async def test_tags_are_asked_for_where_the_language_can_say_them(tags: set[str], terms: str) -> None:
    routes = desk()
    await read(zendesk(routes), wanted=Wanted(tags=frozenset(tags)))
    assert routes.calls[0].request.url.params["query"] == "type:ticket requester:5001" + terms


async def test_activity_is_asked_for() -> None:
    routes = desk()
    since = datetime(2026, 11, 23, 8, 59, 30, 900, tzinfo=UTC)
    await read(zendesk(routes), wanted=Wanted(active_since=since))
    assert routes.calls[0].request.url.params["query"].endswith(" updated>=2026-11-23T08:59:30Z")


async def test_a_status_that_no_ticket_has_is_not_asked_for() -> None:
    routes = desk()
    page = await read(zendesk(routes), wanted=Wanted(statuses=frozenset({InteractionStatus.MISSED})))
    assert (page, list(routes.calls)) == (Page(()), [])


async def test_records_with_ids_that_are_none_are_not_asked_for() -> None:
    routes = desk()
    odd = Record(source="zendesk", id="5001 requester:5002", identifiers=())
    page = await zendesk(routes).interactions([odd], ALWAYS, None, 50, soon())
    assert (page, list(routes.calls)) == (Page(()), [])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(httpx.Response(401), RefusedError, id="401"),
        pytest.param(httpx.Response(429, headers={"Retry-After": "7"}), RateLimitedError, id="429"),
        pytest.param(httpx.Response(200, text="<html>maintenance</html>"), MalformedError, id="html"),
    ],
)
async def test_failures(answer: httpx.Response, expected: type[Exception]) -> None:
    routes = desk()
    routes.get(f"{BASE}/api/v2/search").mock(return_value=answer)
    with pytest.raises(expected):
        await read(zendesk(routes))


async def test_the_fake_speaks_the_same_language() -> None:
    rows = [
        ticket(1, datetime(2026, 11, 1, 8), tags=["lamp"], status="new"),
        ticket(2, datetime(2026, 11, 1, 8), requester_id=5002),
        ticket(3, datetime(2026, 11, 1, 8), tags=["lamp"], status="hold"),
    ]
    search = FakeSearch(rows)
    routes = router()
    routes.get(f"{BASE}/api/v2/search").mock(side_effect=search)
    wanted = Wanted(
        statuses=frozenset({InteractionStatus.QUEUED}),
        tags=frozenset({"lamp", "oven"}),
        active_since=datetime(2026, 11, 1, tzinfo=UTC),
    )
    page = await read(zendesk(routes), wanted=wanted)
    assert [row.external_id for row in page.items] == ["1"]
