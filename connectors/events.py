"""What vendors tell by themselves: a delivery, verified and read by a receiver, becomes events.

A receiver is pure: it takes what arrived and gives values. Storing, deduplicating and telling others is the gateway's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

from connectors.errors import MalformedError
from connectors.interaction import (
    Attachment,
    Channel,
    DeliveryState,
    HeldIdentifier,
    Identifier,
    Interaction,
    Message,
    Record,
)


class Delivery(msgspec.Struct, frozen=True):
    """One request of a vendor. `headers`: by name in small letters. `url`: as the vendor sees it, for signatures that
    cover it. `body`: the raw bytes."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class RowChanged(msgspec.Struct, frozen=True, tag="row"):
    """A row as it is now, whole; of two of one `external_id` the one with the later `at` counts."""

    at: datetime
    row: Interaction
    record: Record | None = None


class RowRemoved(msgspec.Struct, frozen=True, tag="removed"):
    at: datetime
    external_id: str


class MessageArrived(msgspec.Struct, frozen=True, tag="message"):
    """A message of a source that has no threads and keeps no history: they are folded into conversations when read.

    `record_id`: whom it is with, as the source names them; `identifiers`: what the source says they are known by.
    `line`: our own number or account.
    """

    id: str
    record_id: str
    identifiers: tuple[HeldIdentifier, ...]
    channel: Channel
    message: Message
    line: str = ""
    name: str | None = None


class DeliveryChanged(msgspec.Struct, frozen=True, tag="delivery"):
    """What became of a message; may come before the message, twice, or behind a later one.

    `record_id`, `line`: as in `MessageArrived`, where the source says whom it went to and from which line.
    """

    message_id: str
    state: DeliveryState
    at: datetime
    record_id: str = ""
    line: str = ""


class MessageEdited(msgspec.Struct, frozen=True, tag="edited"):
    """A message's content as it is now; may come before the message. Of several the one with the later `at` counts."""

    message_id: str
    at: datetime
    text: str | None
    attachments: tuple[Attachment, ...] = ()


class MessageRemoved(msgspec.Struct, frozen=True, tag="message_removed"):
    """Its writer took the message back: its content is to be shown no more."""

    message_id: str
    at: datetime


class Hint(msgspec.Struct, frozen=True, tag="hint"):
    """Something about these people or rows has changed; what, the vendor's API tells. Cached answers that it makes
    stale are dropped, and those who watch are told."""

    at: datetime
    record_ids: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    external_ids: tuple[str, ...] = ()


Change = RowChanged | RowRemoved | MessageArrived | MessageEdited | MessageRemoved | DeliveryChanged | Hint


class Event(msgspec.Struct, frozen=True):
    """`id`: the vendor's own, unique in its source; where it gives none, made of what was said, so that the same
    thing told twice has the same id."""

    id: str
    changes: tuple[Change, ...]


class Refused(Exception):
    """The delivery is not the vendor's, or too old; nothing of it is looked at."""


class PartlyMalformedError(MalformedError):
    """Some of a batch makes no sense. `events`: the others, which count now; the delivery is kept aside besides."""

    def __init__(self, source: str, reason: str, events: Sequence[Event]) -> None:
        super().__init__(source, reason)
        self.events = tuple(events)


class Receiver(Protocol):
    """One source's way in. `secrets`: those that are live, at most two while one replaces the other."""

    def challenge(self, delivery: Delivery, secrets: Sequence[str]) -> bytes | None:
        """The answer to a vendor's verification request (a GET, or a POST that is nothing else); None: it is none.

        Raises `Refused`.
        """
        ...

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        """Whether it is the vendor's, before anything of the body is parsed. Constant-time. Raises `Refused`."""
        ...

    def events(self, delivery: Delivery) -> list[Event]:
        """What a verified delivery says. Raises `connectors.errors.MalformedError` when it makes no sense: it is kept
        aside then, and can be read again by a later version. Of a batch see `PartlyMalformedError`."""
        ...
