"""Conversations from a journal, deliveries from Meta; without a journal the source is unavailable, not empty."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
import respx

from connectors.base import SourceConfig, Window
from connectors.errors import MalformedError, RateLimitedError, RefusedError, UnavailableError
from connectors.identifiers import external, phone, whatsapp
from connectors.interaction import (
    Channel,
    ConversationDetails,
    DeliveryState,
    Identifier,
    IdentifierKind,
    InteractionStatus,
    MessageParty,
    Record,
)
from connectors.whatsapp.dialog360 import Dialog360
from connectors.whatsapp.folding import TextMessage
from connectors.whatsapp.journal import spellings
from connectors.whatsapp.whatsapp_cloud import KeptConversations, WhatsAppCloud
from tests.connectors.support import NOW, router, soon
from tests.connectors.whatsapp.kept import CONFIGURED, ListJournal

GRAPH = "https://graph.facebook.com/v23.0/106540352242922"
HISTORY = f"{GRAPH}/message_history"
LIVIA, BSUID = "+393331115501", "IT.13491208655302741918"
ALWAYS = Window()


def message(id_: str, hours_ago: float, text: str = "", customer: str = LIVIA, **more: Any) -> TextMessage:
    """Without a text it is the company's."""
    return TextMessage(
        id=id_,
        at=NOW - timedelta(hours=hours_ago),
        customer=customer,
        channel=Channel.WHATSAPP,
        sender="+390255550140",
        party=MessageParty.CUSTOMER if text else MessageParty.AGENT,
        text=text or "How can we help?",
        **more,
    )


TALK = (
    message("wamid.A", 200, "Where is my parcel?"),
    message("wamid.B", 199),
    message("wamid.C", 198.5, delivery=DeliveryState.SENT),
    message("wamid.D", 198, delivery=DeliveryState.READ),
    message("wamid.E", 2, "It has come.", customer=LIVIA),
)


def history(message_id: str, *states: str) -> dict[str, Any]:
    events = [
        {"id": f"9{place}", "delivery_status": state, "timestamp": 1795424400} for place, state in enumerate(states)
    ]
    return {"data": [{"id": "77", "message_id": message_id, "events": {"data": events}}]}


def meta(deliveries: dict[str, Any] | None = None, number: Any = None) -> respx.MockRouter:
    routes = router()
    answers = deliveries or {}

    def answer(request: httpx.Request) -> httpx.Response:
        found = answers.get(request.url.params["message_id"], {"data": []})
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    routes.get(HISTORY).mock(side_effect=answer)
    routes.get(GRAPH).mock(
        return_value=number
        or httpx.Response(200, json={"id": "106540352242922", "display_phone_number": "+39 02 5555"})
    )
    return routes


def connect(
    cls: type[KeptConversations], routes: respx.MockRouter, messages: tuple[TextMessage, ...] | None = TALK
) -> KeptConversations:
    credentials, options = CONFIGURED[cls.vendor]
    journal = None if messages is None else ListJournal(messages)
    config = SourceConfig("whatsapp", "", credentials, options, region="IT")
    return cls(config, httpx.MockTransport(routes.async_handler), lambda: NOW, journal)


def known(identifier: Identifier | None) -> Identifier:
    assert identifier is not None
    return identifier


def record(customer: str = LIVIA) -> Record:
    return Record(source="whatsapp", id=customer, identifiers=())


@pytest.mark.parametrize("cls", [WhatsAppCloud, Dialog360])
async def test_without_a_journal_it_is_unavailable_and_says_so(cls: type[KeptConversations]) -> None:
    routes = meta()
    connector = connect(cls, routes, None)
    with pytest.raises(UnavailableError, match="nothing keeps them"):
        await connector.find([known(phone(LIVIA))], soon())
    with pytest.raises(UnavailableError):
        await connector.interactions([record()], ALWAYS, None, 10, soon())
    with pytest.raises(UnavailableError):
        await connector.get("wamid.A", soon())
    assert connector.capabilities.row_cap == 0 and "lists none" in connector.capabilities.cannot_see
    assert not routes.calls
    assert connect(cls, routes).capabilities.row_cap is None


async def test_people_are_those_of_the_journal() -> None:
    bare = message("wamid.Z", 5, "Hello", customer=BSUID)
    connector = connect(WhatsAppCloud, meta(), (*TALK, bare))
    (found,) = await connector.find([known(phone(LIVIA)), known(phone("+393331115599"))], soon())
    assert (found.id, {h.identifier.kind for h in found.identifiers}) == (
        LIVIA,
        {IdentifierKind.EXTERNAL_ID, IdentifierKind.WHATSAPP, IdentifierKind.PHONE},
    )
    (hidden,) = await connector.find([known(whatsapp(BSUID))], soon())
    assert [h.identifier for h in hidden.identifiers] == [
        external("whatsapp", BSUID),
        Identifier(IdentifierKind.WHATSAPP, BSUID),
    ]
    assert await connector.find([external("whatsapp", BSUID)], soon()) == [hidden]
    assert (await connector.interactions([hidden], ALWAYS, None, 10, soon())).items[0].external_id == "wamid.Z"


@pytest.mark.parametrize(
    ("dialled", "known_as"),
    [
        ("+525512345678", "+5215512345678"),
        ("+541123456789", "+5491123456789"),
        ("+551198765432", "+5511998765432"),
        ("+5511998765432", "+551198765432"),
    ],
)
async def test_numbers_that_whatsapp_spells_otherwise_are_one(dialled: str, known_as: str) -> None:
    assert spellings(dialled) == (dialled, known_as)
    connector = connect(WhatsAppCloud, meta(), (message("wamid.A", 5, "Olá", customer=known_as),))
    (found,) = await connector.find([known(phone(dialled))], soon())
    assert found.id == known_as


async def test_a_silence_ends_a_conversation_and_lists_ask_nothing_of_meta() -> None:
    routes = meta()
    page = await connect(WhatsAppCloud, routes).interactions([record()], ALWAYS, None, 10, soon())
    assert [(row.external_id, row.status) for row in page.items] == [
        ("wamid.E", InteractionStatus.QUEUED),
        ("wamid.A", InteractionStatus.COMPLETED),
    ]
    assert not routes.calls
    window = Window(NOW - timedelta(hours=199.5))
    page = await connect(WhatsAppCloud, routes).interactions([record()], window, None, 10, soon())
    assert [row.external_id for row in page.items] == ["wamid.E"]


async def deliveries(routes: respx.MockRouter) -> list[DeliveryState | None]:
    row = await connect(WhatsAppCloud, routes).get("wamid.A", soon())
    assert row is not None and isinstance(row.details, ConversationDetails)
    return [told.delivery for told in row.details.messages]


async def test_one_conversation_is_mended_by_what_meta_knows() -> None:
    routes = meta({"wamid.B": history("wamid.B", "READ", "SENT", "DELIVERED"), "wamid.C": history("wamid.C", "SENT")})
    assert await deliveries(routes) == [None, DeliveryState.READ, DeliveryState.SENT, DeliveryState.READ]
    asked = [call.request.url.params for call in routes.calls]
    assert [params["message_id"] for params in asked] == ["wamid.B", "wamid.C"]
    assert asked[0]["fields"] == "id,message_id,events{delivery_status,timestamp}"
    assert routes.calls[0].request.headers["authorization"].startswith("Bearer ")


@pytest.mark.parametrize(
    "answer",
    [
        {"data": []},
        history("wamid.of-somebody-else", "READ"),
        history("wamid.B", "DELETED", "NEW_WORD"),
        {"data": [{"id": "1", "message_id": "wamid.B", "events": {"data": [{"delivery_status": 7}, 3]}}, None]},
        httpx.Response(400, json={"error": {"message": "x", "type": "OAuthException", "code": 100}}),
        httpx.Response(404, json={"error": {"message": "x", "type": "GraphMethodException", "code": 33}}),
    ],
)
async def test_what_meta_does_not_know_stays_open(answer: Any) -> None:
    assert (await deliveries(meta({"wamid.B": answer})))[1] is None


async def test_a_failure_is_never_taken_back() -> None:
    routes = meta({"wamid.B": history("wamid.B", "FAILED", "READ")})
    assert (await deliveries(routes))[1] is DeliveryState.FAILED


async def test_the_middle_of_a_conversation_is_no_conversation() -> None:
    connector = connect(WhatsAppCloud, meta())
    assert await connector.get("wamid.B", soon()) is None
    assert await connector.get("wamid.none", soon()) is None


@pytest.mark.parametrize(
    ("status", "code", "leaf"),
    [
        (400, 80007, RateLimitedError),
        (400, 4, RateLimitedError),
        (429, 4, RateLimitedError),
        (400, 190, RefusedError),
        (401, 190, RefusedError),
        (403, 10, RefusedError),
        (403, 200, RefusedError),
        (400, 100, MalformedError),
        (400, 131000, MalformedError),
        (500, 2, UnavailableError),
    ],
)
async def test_errors_are_told_by_their_code(status: int, code: int, leaf: type[Exception]) -> None:
    fault = httpx.Response(status, json={"error": {"message": "secret", "type": "OAuthException", "code": code}})
    with pytest.raises(leaf) as caught:
        await connect(WhatsAppCloud, meta(number=fault)).check(soon())
    assert "secret" not in str(caught.value)


async def test_check_wants_the_very_number() -> None:
    await connect(WhatsAppCloud, meta()).check(soon())
    with pytest.raises(MalformedError):
        await connect(WhatsAppCloud, meta(number=httpx.Response(200, json={"id": "1"}))).check(soon())
    with pytest.raises(ValueError, match="made of digits"):
        WhatsAppCloud.Options(phone_number_id="+39")


async def test_360dialog_is_checked_by_its_webhook_and_mends_nothing() -> None:
    routes = router()
    routes.get("https://waba-v2.360dialog.io/v1/configs/webhook").respond(json={"url": None})
    connector = connect(Dialog360, routes)
    await connector.check(soon())
    assert routes.calls[0].request.headers["d360-api-key"]
    row = await connector.get("wamid.A", soon())
    assert row is not None and len(routes.calls) == 1
