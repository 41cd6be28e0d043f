"""What tests of the store share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import MalformedError
from connectors.events import Change, Delivery, Event, MessageArrived
from connectors.identifiers import whatsapp
from connectors.interaction import Channel, HeldIdentifier, Identifier, Message, MessageParty
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from tests.gateway.store.postgres import Cluster

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECRET = bytes(range(32))
SOURCE = "whatsapp"
_numbers = count()


@dataclass(frozen=True)
class Place:
    url: str
    folder: Path

    @classmethod
    def within(cls, cluster: Cluster, folder: Path) -> Place:
        """A new database of the cluster."""
        name = f"journey_{next(_numbers)}"
        cluster.psql(f"CREATE DATABASE {name}")
        return cls(cluster.url(name), folder)

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    def store(
        self, *, keys: Sequence[bytes] = (), exclusive: bool = True, channels: Mapping[str, Channel] | None = None
    ) -> Store:
        only = {SOURCE: Channel.WHATSAPP} if channels is None else channels
        return Store(database_at(self.url, self.folder, exclusive=exclusive), Vault(SECRET, keys), only)


def told(*events: Event, source: str = SOURCE, at: datetime = NOW) -> Delivery:
    """A delivery that `read` understands."""
    return Delivery("POST", f"https://gateway.example.org/ingest/{source}", {}, msgspec.msgpack.encode(events), at)


def read(source: str, delivery: Delivery) -> list[Event]:
    try:
        return msgspec.msgpack.decode(delivery.body, type=list[Event])
    except msgspec.MsgspecError:
        raise MalformedError(source, "it makes no sense") from None


def event(*changes: Change, id: str | None = None) -> Event:
    return Event(id or f"event-{next(_numbers)}", changes)


async def take(store: Store, *events: Event, source: str = SOURCE, now: datetime = NOW) -> None:
    """Through the inbox, all in one delivery."""
    await store.inbox.put(source, told(*events, source=source, at=now))
    await drain(store, now)


async def drain(store: Store, now: datetime = NOW) -> None:
    while (await store.intake.process(read, now)).taken:
        pass


def number(n: int = 0) -> Identifier:
    found = whatsapp(f"+3933311122{n:02}")
    assert found is not None
    return found


def message(id: str, hours: float = 0, *, who: int = 0, ours: bool = False, **fields: Any) -> MessageArrived:
    """`hours`: after the beginning of the year. `who`: whom it is with."""
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    party = MessageParty.AGENT if ours else MessageParty.CUSTOMER
    fields.setdefault("line", "our-line")
    return MessageArrived(
        id=id,
        record_id=f"3933311122{who:02}",
        identifiers=(HeldIdentifier(number(who), verified=True),),
        channel=Channel.WHATSAPP,
        message=Message(at=at, party=party, text=fields.pop("text", f"text of {id}")),
        **fields,
    )


def contents(rows: Iterable[Any]) -> list[bytes]:
    return [msgspec.msgpack.encode(row) for row in rows]
