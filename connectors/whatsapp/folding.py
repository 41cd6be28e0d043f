"""Messages without threads of their own, folded into conversations: one lasts until 24 hours of silence.

A conversation's id is its first message's, so it keeps it while it grows. Rule: docs/connectors/contract.md.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.interaction import (
    Address,
    AddressKind,
    Attachment,
    Channel,
    ConversationDetails,
    DeliveryState,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Message,
    MessageParty,
)
from connectors.mapping import preview, seconds_between

SILENCE = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One message between a customer and one of the company's senders (`sender`: a number or a name).

    `customer` is E.164. `party`: CUSTOMER for what the customer wrote, else who wrote for the company.
    """

    id: str
    at: datetime
    customer: str
    channel: Channel
    sender: str
    party: MessageParty
    text: str | None = None
    delivery: DeliveryState | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def is_customers(self) -> bool:
        return self.party is MessageParty.CUSTOMER


Thread = tuple[TextMessage, ...]
"""The messages of one conversation, oldest first; never empty."""


def fold(messages: Iterable[TextMessage]) -> list[Thread]:
    """Each message in exactly one thread; one customer, channel and sender a thread."""
    by_partners: dict[tuple[str, Channel, str], list[TextMessage]] = defaultdict(list)
    for message in messages:
        by_partners[message.customer, message.channel, message.sender].append(message)
    threads: list[list[TextMessage]] = []
    for exchanged in by_partners.values():
        exchanged.sort(key=_order)
        for previous, message in zip([None, *exchanged], exchanged, strict=False):
            if previous is None or message.at - previous.at >= SILENCE:
                threads.append([])
            threads[-1].append(message)
    return [tuple(thread) for thread in threads]


def _order(message: TextMessage) -> tuple[datetime, bool, str]:
    """Within one second the answer of a machine follows what the customer wrote."""
    return message.at, not message.is_customers, message.id


def starts_surely(thread: Thread, known_from: datetime) -> bool:
    """Whether no older message can belong to it, every message since `known_from` being known."""
    return thread[0].at - known_from >= SILENCE


def ends_surely(thread: Thread, known_to: datetime) -> bool:
    """Whether no newer message can belong to it, every message before `known_to` being known."""
    return known_to - thread[-1].at >= SILENCE


def status_of(thread: Thread, now: datetime) -> InteractionStatus:
    """FAILED: nothing the company wrote got through and the customer wrote nothing. What failed waits for nobody."""
    heard = [m for m in thread if m.delivery is not DeliveryState.FAILED]
    if not heard:
        return InteractionStatus.FAILED
    if ends_surely(thread, now):
        return InteractionStatus.COMPLETED
    return InteractionStatus.QUEUED if heard[-1].is_customers else InteractionStatus.PENDING


def conversation(source: str, thread: Thread, now: datetime, url: str | None = None) -> Interaction:
    """Without a word from the customer it is a notification: agentless, its messages written by the SYSTEM."""
    first, last = thread[0], thread[-1]
    ended_at = last.at if ends_surely(thread, now) else None
    agentless = not any(m.is_customers for m in thread)
    kind = IdentifierKind.WHATSAPP if first.channel is Channel.WHATSAPP else IdentifierKind.PHONE
    return Interaction(
        source=source,
        external_id=first.id,
        record_id=first.customer,
        channel=first.channel,
        direction=Direction.INBOUND if first.is_customers else Direction.OUTBOUND,
        started_at=first.at,
        last_activity_at=last.at,
        ended_at=ended_at,
        duration_seconds=seconds_between(first.at, ended_at),
        status=status_of(thread, now),
        url=url,
        address=Address(AddressKind.OTHER, kind, first.customer),
        preview=_preview(thread),
        inbox=(first.sender,),
        details=ConversationDetails(
            agentless=agentless,
            message_count=len(thread),
            messages=tuple(_message(m, agentless) for m in thread),
        ),
    )


def _message(message: TextMessage, agentless: bool) -> Message:
    return Message(
        at=message.at,
        party=MessageParty.SYSTEM if agentless else message.party,
        text=message.text,
        attachments=message.attachments,
        delivery=message.delivery,
    )


def _preview(thread: Sequence[TextMessage]) -> str | None:
    """Of the first message with words. Escaped first: these texts are no markup, whatever they look like."""
    words = next((m.text for m in thread if m.text and not m.text.isspace()), None)
    return None if words is None else preview(html.escape(words, quote=False))
