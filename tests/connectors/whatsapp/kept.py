"""A journal as the gateway would keep it, of what the sandbox's population wrote."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from connectors.base import SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import TimedOutError
from connectors.identifiers import e164, phone
from connectors.interaction import Channel, DeliveryState, MessageParty
from connectors.registry import connector_class
from connectors.testing.contract import Subject
from connectors.whatsapp.folding import TextMessage
from connectors.whatsapp.whatsapp_cloud import KeptConversations
from sandbox.app import Sandbox
from sandbox.credentials import (
    DIALOG_360_KEY,
    TWILIO_NUMBER,
    WHATSAPP_CLOUD_PHONE_NUMBER_ID,
    WHATSAPP_CLOUD_TOKEN,
)
from sandbox.population import Population
from sandbox.vendors.whatsapp_cloud import Told, kept
from tests.connectors.support import NOW

CONFIGURED: dict[str, tuple[dict[str, str], dict[str, Any]]] = {
    "whatsapp_cloud": (
        {"access_token": WHATSAPP_CLOUD_TOKEN},
        {"phone_number_id": WHATSAPP_CLOUD_PHONE_NUMBER_ID},
    ),
    "360dialog": ({"api_key": DIALOG_360_KEY}, {}),
}


class ListJournal:
    """Messages in memory; a deadline that is over is one for it as well."""

    def __init__(self, messages: Iterable[TextMessage]) -> None:
        self._messages = list(messages)

    async def customers(self, source: str, asked: Sequence[str], deadline: Deadline) -> frozenset[str]:
        _in_time(source, deadline)
        return frozenset(asked) & {message.customer for message in self._messages}

    async def messages(
        self, source: str, customers: Sequence[str], window: Window, deadline: Deadline
    ) -> Sequence[TextMessage]:
        _in_time(source, deadline)
        return [m for m in self._messages if m.customer in customers and window.holds(m.at)]

    async def message(self, source: str, message_id: str, deadline: Deadline) -> TextMessage | None:
        _in_time(source, deadline)
        return next((message for message in self._messages if message.id == message_id), None)


def _in_time(source: str, deadline: Deadline) -> None:
    if deadline.remaining_seconds() <= 0:
        raise TimedOutError(source, "no answer within the deadline")


def journal_of(population: Population) -> ListJournal:
    return ListJournal(_message(told) for told in kept(population))


def _message(told: Told) -> TextMessage:
    customer = e164(told.contact.address)
    assert customer is not None
    return TextMessage(
        id=told.id,
        at=told.turn.at,
        customer=customer,
        channel=Channel.WHATSAPP,
        sender=TWILIO_NUMBER,
        party=MessageParty.CUSTOMER if told.is_customers else MessageParty.AGENT,
        text=told.turn.text,
        delivery=None if told.status is None else DeliveryState(told.status.upper()),
    )


def subject_of(name: str, population: Population, app: Sandbox) -> Subject:
    credentials, options = CONFIGURED[name]
    config = SourceConfig(name, f"http://127.0.0.1:8100/{name}", credentials, options, region="IT")
    journal = journal_of(population)
    cls = connector_class(name)
    assert issubclass(cls, KeptConversations)

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return cls(config, transport, lambda: NOW, journal)

    known, stranger = phone("+393331110002"), phone("+393339999999")
    assert known is not None and stranger is not None
    return Subject.over_asgi(app, connect, known=known, stranger=stranger)
