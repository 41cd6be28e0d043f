"""Twilio Messages against an imitation of its message list."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from connectors.base import Position, SourceConfig, Wanted, Window
from connectors.errors import MalformedError, RefusedError
from connectors.identifiers import external, phone, whatsapp
from connectors.interaction import (
    Attachment,
    Channel,
    ConversationDetails,
    DeliveryState,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    InteractionStatus,
    MessageParty,
    Record,
)
from connectors.testing.walks import read_all
from connectors.whatsapp.twilio_messages import BASE_URL, TwilioMessages
from tests.connectors.support import NOW, connect, router, soon
from tests.connectors.whatsapp.fake_twilio import ACCOUNT, ANNA, BRUNO, OURS, ROOT, FakeTwilio, Sent, sid

TOKEN = {"account_sid": ACCOUNT, "auth_token": "secret"}
EVER = Window()


def twilio(fake: FakeTwilio, base_url: str = "https://api.twilio.com", **config: Any) -> TwilioMessages:
    routes = router()
    routes.route().mock(side_effect=fake)
    config.setdefault("credentials", TOKEN)
    return connect(TwilioMessages, routes, base_url, **config)


def record(number: str = ANNA) -> Record:
    held = HeldIdentifier(external("twilio_messages", number), True)
    return Record(source="twilio_messages", id=number, identifiers=(held,))


def ago(**delta: float) -> Any:
    return NOW - timedelta(**delta)


async def rows_of(connector: TwilioMessages, window: Window = EVER, **kwargs: Any) -> list[Any]:
    return await read_all(connector, [record()], window, limit=50, **kwargs)


PHONE, WHATSAPP = phone(ANNA), whatsapp(ANNA)


@pytest.mark.parametrize("asked", [PHONE, WHATSAPP, external("twilio_messages", ANNA)])
async def test_a_number_with_whatsapp_messages_is_found_and_verified(asked: Identifier):
    fake = FakeTwilio([Sent(1, ago(hours=1), direction="outbound-api")])
    (found,) = await twilio(fake).find([asked], soon())
    assert found.id == ANNA
    assert found.identifiers == (
        HeldIdentifier(external("twilio_messages", ANNA), True),
        HeldIdentifier(WHATSAPP, True),
        HeldIdentifier(PHONE, True),
    )
    assert sorted(str(url.query) for url in fake.requests) == [
        "b'From=whatsapp%3A%2B393331110001&PageSize=1'",
        "b'To=whatsapp%3A%2B393331110001&PageSize=1'",
    ]


async def test_a_number_without_messages_is_nobody():
    assert await twilio(FakeTwilio([Sent(1, ago(hours=1))])).find([phone(BRUNO)], soon()) == []


async def test_a_number_that_only_had_an_sms_is_a_phone_of_nobody_verified():
    fake = FakeTwilio([Sent(1, ago(hours=1), prefix="")])
    assert await twilio(fake).find([PHONE], soon()) == []
    both = twilio(fake, options={"channels": ["WHATSAPP", "SMS"]})
    (found,) = await both.find([PHONE], soon())
    assert [h for h in found.identifiers if h.identifier.kind is IdentifierKind.PHONE] == [HeldIdentifier(PHONE, None)]
    assert await both.find([WHATSAPP], soon()) == []


async def test_a_message_that_failed_verifies_nothing():
    fake = FakeTwilio([Sent(1, ago(hours=1), direction="outbound-api", status="undelivered")])
    (found,) = await twilio(fake).find([PHONE], soon())
    assert {h.verified for h in found.identifiers if h.identifier.kind is not IdentifierKind.EXTERNAL_ID} == {None}


async def test_our_own_sender_is_no_customer():
    fake = FakeTwilio([Sent(1, ago(hours=2)), Sent(2, ago(hours=1), direction="outbound-api")])
    assert await twilio(fake).find([phone(OURS)], soon()) == []


async def test_a_filter_that_is_ignored_finds_nobody_and_shows_nothing():
    fake = FakeTwilio([Sent(1, ago(hours=1), customer=BRUNO)], ignores_addresses=True)
    connector = twilio(fake)
    assert await connector.find([PHONE], soon()) == []
    page = await connector.interactions([record()], EVER, None, 10, soon())
    assert page.items == () and page.foreign == 1


async def test_both_sides_make_one_conversation():
    fake = FakeTwilio(
        [
            Sent(1, ago(days=3), body="È arrivato?", num_media="2"),
            Sent(2, ago(days=3, minutes=-1), direction="outbound-reply", body="Un momento", status="read"),
            Sent(3, ago(days=3, minutes=-5), direction="outbound-api", body=None, status="failed"),
        ]
    )
    (row,) = await rows_of(twilio(fake))
    assert row.external_id == sid(1)
    assert row.url == f"https://www.twilio.com/console/sms/logs/{ACCOUNT}/{sid(1)}"
    assert (row.channel, row.direction, row.status) == (
        Channel.WHATSAPP,
        Direction.INBOUND,
        InteractionStatus.COMPLETED,
    )
    assert row.ended_at == row.last_activity_at == ago(days=3, minutes=-5)
    assert row.preview == "È arrivato?"
    details = row.details
    assert isinstance(details, ConversationDetails) and details.message_count == 3
    assert [(m.party, m.text, m.delivery) for m in details.messages] == [
        (MessageParty.CUSTOMER, "È arrivato?", None),
        (MessageParty.BOT, "Un momento", DeliveryState.READ),
        (MessageParty.AGENT, None, DeliveryState.FAILED),
    ]
    assert details.messages[0].attachments == (Attachment(), Attachment())


async def test_the_question_names_days_and_carries_the_comparison_in_the_name():
    fake = FakeTwilio()
    await rows_of(twilio(fake), Window(ago(days=10), ago(days=5)))
    queries = sorted(url.query.decode() for url in fake.requests)
    assert queries[0] == ("From=whatsapp%3A%2B393331110001&PageSize=100&DateSent%3E=2026-11-12&DateSent%3C=2026-11-20")
    assert queries[1].startswith("To=whatsapp") and len(queries) == 2


async def test_the_page_size_follows_the_limit():
    fake = FakeTwilio()
    connector = twilio(fake)
    for limit in (1, 40, 100):
        await connector.interactions([record()], EVER, None, limit, soon())
    assert [url.params["PageSize"] for url in fake.requests[::2]] == ["50", "80", "200"]


async def test_odd_rows_cost_themselves_alone():
    fake = FakeTwilio([Sent(1, ago(hours=1))])
    fake.extra_rows = [
        {"sid": "SM1", "direction": "sideways", "from": "x", "to": "y", "date_sent": None},
        {"sid": 7},
        None,
        {**Sent(2, ago(hours=2)).row(), "date_sent": "yesterday", "date_created": None},
        {**Sent(3, ago(hours=2)).row(), "from": "whatsapp:IT.12345"},
    ]
    page = await twilio(fake).interactions([record()], EVER, None, 10, soon())
    assert [row.external_id for row in page.items] == [sid(1)]
    assert page.dropped == 2 * len(fake.extra_rows)  # both streams carry them


@pytest.mark.parametrize("num_media", [None, "", "many", "-1", "²", 3, "99"])
async def test_media_are_counted_where_there_is_a_number(num_media: Any):
    (row,) = await rows_of(twilio(FakeTwilio([Sent(1, ago(hours=1), num_media=num_media)])))
    assert len(row.details.messages[0].attachments) == {3: 3, "99": 10}.get(num_media, 0)


async def test_an_unknown_status_is_no_delivery_state():
    fake = FakeTwilio([Sent(1, ago(hours=1), direction="outbound-api", status="teleported")])
    (row,) = await rows_of(twilio(fake))
    assert row.details.messages[0].delivery is None


async def test_what_was_never_sent_is_no_message():
    never = [Sent(n, ago(hours=1), direction="outbound-api", status=s) for n, s in enumerate(["scheduled", "canceled"])]
    fake = FakeTwilio([*never, Sent(9, ago(hours=2))])
    (row,) = await rows_of(twilio(fake))
    assert row.external_id == sid(9) and row.details.message_count == 1


async def test_a_message_not_sent_yet_stands_where_it_was_made():
    waiting = Sent(1, ago(minutes=1), direction="outbound-api", status="queued", created_at=ago(minutes=1))
    (row,) = await rows_of(twilio(FakeTwilio([waiting])))
    assert row.started_at == ago(minutes=1)


async def test_only_the_channels_and_senders_of_the_options_are_read():
    messages = [
        Sent(1, ago(days=9)),
        Sent(2, ago(days=6), prefix=""),
        Sent(3, ago(days=3), ours="+390651110009"),
    ]
    fake = FakeTwilio(messages)
    both = {"channels": ["WHATSAPP", "SMS"]}
    assert [r.external_id for r in await rows_of(twilio(fake))] == [sid(3), sid(1)]
    assert [r.external_id for r in await rows_of(twilio(fake, options=both))] == [sid(3), sid(2), sid(1)]
    ours = twilio(fake, options={**both, "numbers": [OURS]})
    assert [r.external_id for r in await rows_of(ours)] == [sid(2), sid(1)]
    (found,) = await ours.find([PHONE], soon())
    assert found.id == ANNA
    assert await ours.get(sid(3), soon()) is None


async def test_channels_that_nobody_wants_are_not_asked_for():
    fake = FakeTwilio([Sent(1, ago(days=1)), Sent(2, ago(days=2), prefix="")])
    connector = twilio(fake, options={"channels": ["WHATSAPP", "SMS"]})
    (row,) = await rows_of(connector, wanted=Wanted(channels=frozenset({Channel.SMS, Channel.VOICE})))
    assert row.external_id == sid(2) and len(fake.requests) == 2
    assert await rows_of(connector, wanted=Wanted(channels=frozenset({Channel.VOICE}))) == []
    assert len(fake.requests) == 2


async def test_a_conversation_is_whole_though_the_window_cuts_it():
    """Begun inside the window, it goes on for ten days behind its end."""
    messages = [Sent(n, ago(days=40) + timedelta(hours=20 * n)) for n in range(12)]
    connector = twilio(FakeTwilio(messages))
    (row,) = await rows_of(connector, Window(ago(days=41), ago(days=40) + timedelta(seconds=1)))
    assert row.details.message_count == 12
    assert row.last_activity_at == messages[-1].at
    assert await rows_of(connector, Window(ago(days=40) + timedelta(seconds=1), ago(days=30))) == []


async def test_a_beginning_is_looked_for_behind_the_window():
    messages = [Sent(1, ago(days=10)), Sent(2, ago(days=10, hours=-23)), Sent(3, ago(days=8))]
    assert [r.external_id for r in await rows_of(twilio(FakeTwilio(messages)), Window(ago(days=9, hours=12)))] == [
        sid(3)
    ]


async def test_a_page_costs_the_same_at_any_depth():
    fake = FakeTwilio([Sent(n, ago(days=2 * n), direction=d) for n, d in enumerate(["inbound", "outbound-api"] * 400)])
    connector = twilio(fake)
    costs = []
    for days in (0, 400, 1400):
        position = Position(ago(days=days), "twilio_messages", sid(days // 2))
        fake.requests.clear()
        page = await connector.interactions([record()], EVER, position, 20, soon())
        assert page.items[0].external_id == sid(days // 2 + 1) and len(page.items) >= 20
        costs.append(len(fake.requests))
    assert costs == [2, 2, 2]


async def test_one_is_had_by_its_first_message_alone():
    messages = [Sent(n, ago(days=40) + timedelta(hours=20 * n)) for n in range(12)]
    connector = twilio(FakeTwilio([*messages, Sent(90, ago(days=60))]))
    row = await connector.get(sid(0), soon())
    assert row is not None and row.details is not None and row.details.message_count == 12
    assert await connector.get(sid(1), soon()) is None
    assert await connector.get(sid(11), soon()) is None
    assert await connector.get(sid(77), soon()) is None
    last = await connector.get(sid(90), soon())
    assert last is not None and last.started_at == ago(days=60)


@pytest.mark.parametrize("external_id", ["SM1", "../Calls", "SM" + "g" * 32, "CA" + "0" * 32])
async def test_what_is_no_message_id_is_not_asked_for(external_id: str):
    fake = FakeTwilio()
    assert await twilio(fake).get(external_id, soon()) is None
    assert fake.requests == []


async def test_links_are_followed_behind_a_path_of_ours():
    fake = FakeTwilio([Sent(n, ago(hours=n)) for n in range(20)], largest_page=7)
    connector = twilio(fake, "https://proxy.example.org/twilio/")
    (row,) = await rows_of(connector)
    assert row.details.message_count == 20
    assert {url.path for url in fake.requests} == {f"/twilio{ROOT}/Messages.json"}


async def test_a_link_to_another_host_is_not_followed():
    fake = FakeTwilio()
    connector = twilio(fake)
    routes = router()
    routes.route().respond(json={"messages": [], "next_page_uri": "https://evil.example.org/2010-04-01"})
    connector = connect(TwilioMessages, routes, "https://api.twilio.com", credentials=TOKEN)
    with pytest.raises(MalformedError):
        await rows_of(connector)


async def test_a_list_that_is_not_newest_first_is_not_trusted():
    pages = [
        {"messages": [Sent(1, ago(days=9)).row()], "next_page_uri": f"{ROOT}/Messages.json?PageToken=PA1"},
        {"messages": [Sent(2, ago(days=3)).row()], "next_page_uri": None},
    ]
    routes = router()
    routes.route(params__contains={"PageToken": "PA1"}).respond(json=pages[1])
    routes.route(params__contains={"From": f"whatsapp:{ANNA}"}).respond(json=pages[0])
    routes.route().respond(json={"messages": [], "next_page_uri": None})
    with pytest.raises(MalformedError):
        await rows_of(connect(TwilioMessages, routes, BASE_URL, credentials=TOKEN))


@pytest.mark.parametrize("message", [[], [Sent(1, ago(days=9)).row()]])
async def test_the_same_page_again_and_again_is_noticed(message: list[Any]):
    routes = router()
    link = f"{ROOT}/Messages.json?PageToken=PA1"
    routes.route().respond(json={"messages": message, "next_page_uri": link})
    connector = connect(TwilioMessages, routes, BASE_URL, credentials=TOKEN)
    with pytest.raises(MalformedError):
        await rows_of(connector)
    with pytest.raises(MalformedError):
        await rows_of(connector, Window(None, ago(days=9, seconds=-1)))
    assert routes.calls.call_count < 20


async def test_check_reads_one_message_and_a_refused_credential_is_told():
    fake = FakeTwilio()
    await twilio(fake).check(soon())
    assert [str(url) for url in fake.requests] == [f"https://api.twilio.com{ROOT}/Messages.json?PageSize=1"]
    routes = router()
    routes.route().respond(401, json={"code": 20003})
    with pytest.raises(RefusedError):
        await connect(TwilioMessages, routes, BASE_URL, credentials=TOKEN).check(soon())


@pytest.mark.parametrize(
    ("credentials", "user"),
    [(TOKEN, f"{ACCOUNT}:secret"), ({"account_sid": ACCOUNT, "api_key": "SK1", "api_secret": "key"}, "SK1:key")],
)
async def test_either_the_account_or_a_key_proves_who_asks(credentials: dict[str, str], user: str):
    routes = router()
    route = routes.route().respond(json={"messages": []})
    await connect(TwilioMessages, routes, "", credentials=credentials).check(soon())
    sent = route.calls.last.request
    assert b64decode(sent.headers["Authorization"].removeprefix("Basic ")).decode() == user
    assert sent.url.host == "api.twilio.com"


@pytest.mark.parametrize(
    "credentials",
    [
        {"account_sid": ACCOUNT},
        {"account_sid": "", "auth_token": "x"},
        {"account_sid": ACCOUNT, "api_key": "SK1"},
        {**TOKEN, "api_key": "SK1", "api_secret": "x"},
        {**TOKEN, "password": "x"},
    ],
)
def test_credentials_that_cannot_work_are_refused_at_the_start(credentials: dict[str, str]):
    config = SourceConfig("wa", BASE_URL, credentials=credentials)
    with pytest.raises(msgspec.ValidationError):
        TwilioMessages(config, connect(TwilioMessages, router(), BASE_URL, credentials=TOKEN).http._transport)
