"""`gateway audit · erase · export · purge`: beside a gateway that may be running, and on record like everybody's.

Who is meant is found out as for a viewer: the sources are asked.
"""

from __future__ import annotations

import getpass
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.interaction import Identifier
from gateway.build import build_gateway, make_store
from gateway.checking import identifiers_of
from gateway.core import Gateway
from gateway.errors import RateLimitedError
from gateway.graph.ids import CustomerId
from gateway.operation import Operation
from gateway.privacy.erasure import Receipt, SeveralPeopleError, erase_known, known_of
from gateway.privacy.recorder import Recorder, Seen, read_entry
from gateway.privacy.retention import Retention
from gateway.settings import Settings
from gateway.store.audit import AuditEntry, BrokenChain
from gateway.store.erasing import Known
from gateway.store.store import Store
from gateway.viewer.viewer import Viewer, ViewerKind

READINGS_PER_MINUTE = 30
"""Of the record itself, by one user of this machine."""


class UnknownCustomerError(Exception):
    """What was given is no key of a customer."""


@dataclass(frozen=True, slots=True)
class Shown:
    seq: int
    at: datetime
    seen: Seen


@dataclass(frozen=True, slots=True)
class Anchor:
    """The last entry of the record at some moment: kept elsewhere, it shows later that none was cut off."""

    seq: int
    chain: str

    @classmethod
    def read(cls, text: str) -> Anchor:
        """ValueError for anything but `SEQ:CHAIN`."""
        seq, _, chain = text.partition(":")
        if len(bytes.fromhex(chain)) != 32:
            raise ValueError("no chain")
        return cls(int(seq), chain)

    def __str__(self) -> str:
        return f"{self.seq}:{self.chain}"


@dataclass(frozen=True, slots=True)
class Verified:
    """`broken_at`: the first entry that is not what was appended, if there is one. `matches`: whether the anchor that
    was given is part of the record."""

    last: Anchor | None
    broken_at: int | None = None
    matches: bool = True

    @property
    def is_whole(self) -> bool:
        return self.broken_at is None and self.matches


def _me() -> Viewer:
    """Whoever may read the configuration's secrets may do this; who it was, the machine says."""
    return Viewer(f"cli:{getpass.getuser()}", ViewerKind.SERVICE)


@asynccontextmanager
async def _beside(settings: Settings, folder: Path) -> AsyncIterator[Store]:
    store = make_store(settings, folder, exclusive=False)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


@asynccontextmanager
async def _gateway(settings: Settings, folder: Path) -> AsyncIterator[Gateway]:
    """As it is served, over a store that a running one may use."""
    store = make_store(settings, folder, exclusive=False)
    await store.open()
    deployment = settings.deployment()
    gateway = build_gateway(settings, lambda: deployment, store=store)
    try:
        if gateway.following is not None:
            await gateway.following.look()
        yield gateway
    finally:
        await gateway.aclose()


def _meant(gateway: Gateway, key: str) -> list[Identifier]:
    """An id of this API, or whatever else the key may be."""
    opened = gateway.ids.open(key)
    found = [opened.identifier] if isinstance(opened, CustomerId) else identifiers_of(key, gateway.region)
    if not found:
        raise UnknownCustomerError
    return found


async def _known(operation: Operation, store: Store, key: str) -> Known:
    """Raises `SeveralPeopleError`, `UnknownCustomerError`."""
    parts = [await known_of(operation, store, one) for one in _meant(operation.gateway, key)]
    people = {part.records for part in parts if part.records}
    if len(people) > 1:
        raise SeveralPeopleError([part.identifiers[0] for part in parts if part.records])
    identifiers = dict.fromkeys(i for part in parts for i in part.identifiers)
    names = dict.fromkeys(name for part in parts for name in part.names)
    return Known(tuple(identifiers), people.pop() if people else (), tuple(names))


async def erase(settings: Settings, folder: Path, key: str, reason: str) -> Receipt:
    """Raises `StoreError`, `SeveralPeopleError`, `UnknownCustomerError`."""
    async with _gateway(settings, folder) as gateway:
        store, recorder = _kept(gateway)
        operation = Operation.begin(gateway, _me(), "cli")
        known = await _known(operation, store, key)
        await recorder.write(_me(), "gateway erase", known.identifiers[:1], None, reason)
        return await erase_known(operation, store, known)


async def export(settings: Settings, folder: Path, key: str, reason: str) -> dict[str, Any]:
    """Everything that is stored of a customer, and when they were looked at. Raises as `erase`."""
    async with _gateway(settings, folder) as gateway:
        store, recorder = _kept(gateway)
        operation = Operation.begin(gateway, _me(), "cli")
        known = await _known(operation, store, key)
        await recorder.write(_me(), "gateway export", known.identifiers[:1], None, reason)
        digests = {store.vault.digest(one) for one in known.everything()}
        looked = [
            {"at": one.at.isoformat(), "kind": one.seen.kind, "operation": one.seen.operation, "rows": one.seen.rows}
            async for one in _entries(store)
            if not digests.isdisjoint(one.seen.whom)
        ]
        found = await store.export(known)
        return {"exportedAt": operation.now.isoformat(), **found, "audit": looked}


def _kept(gateway: Gateway) -> tuple[Store, Recorder]:
    assert gateway.store is not None and gateway.recorder is not None
    return gateway.store, gateway.recorder


async def purge(settings: Settings, folder: Path) -> dict[str, int]:
    """How much was deleted, by source. Raises `StoreError`."""
    async with _beside(settings, folder) as store:
        return await Retention.of(settings, store, lambda: datetime.now(UTC)).purge()


# ---------------------------------------------------------------- the record


async def audit(
    settings: Settings,
    folder: Path,
    *,
    customers: Sequence[str] = (),
    subject: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> list[Shown]:
    """The last entries that fit, the oldest first; this reading is one as well. Raises `StoreError`, `BrokenChain`,
    `RateLimitedError`."""
    async with _beside(settings, folder) as store:
        asked = [identifier for key in customers for identifier in _keys(settings, key)]
        digests = frozenset(map(store.vault.digest, asked))
        me, now = _me(), datetime.now(UTC)
        found: deque[Shown] = deque(maxlen=limit)
        lately = 0
        async for one in _entries(store):
            lately += one.seen.subject == me.subject and one.seen.operation == "gateway audit" and _is_recent(one, now)
            if _fits(one, digests, subject, since):
                found.append(one)
        if lately >= READINGS_PER_MINUTE:
            raise RateLimitedError("The record was read too often: wait a minute.", 60)
        await Recorder(store).write(me, "gateway audit", asked, None, None)
        return list(found)


def _is_recent(one: Shown, now: datetime) -> bool:
    return now - one.at < timedelta(minutes=1)


def _fits(one: Shown, digests: Collection[bytes], subject: str | None, since: datetime | None) -> bool:
    return (
        (not digests or not frozenset(digests).isdisjoint(one.seen.whom))
        and subject in (None, one.seen.subject)
        and (since is None or one.at >= since)
    )


def _keys(settings: Settings, key: str) -> list[Identifier]:
    """Nobody is asked: what somebody was asked for by, and what their id is made of, is what stands in the record."""
    from gateway.graph.ids import Ids
    from gateway.sealing import Sealer

    opened = Ids(Sealer(settings.gateway.secret.get_secret_value(), "id")).open(key)
    if isinstance(opened, CustomerId):
        return [opened.identifier]
    found = identifiers_of(key, settings.gateway.region)
    if not found:
        raise UnknownCustomerError
    return found


async def _entries(store: Store) -> AsyncIterator[Shown]:
    """Every one, checked. Raises `BrokenChain`."""
    last: AuditEntry | None = None
    while entries := await store.audit.walk(last):
        for entry in entries:
            yield Shown(entry.seq, entry.at, read_entry(entry.content))
        last = entries[-1]


async def verify(settings: Settings, folder: Path, anchor: Anchor | None = None) -> Verified:
    """The whole record, from its first entry. Raises `StoreError`."""
    async with _beside(settings, folder) as store:
        last: AuditEntry | None = None
        matches = anchor is None
        try:
            while entries := await store.audit.walk(last):
                if anchor is not None:
                    matches = matches or any((e.seq, e.chain.hex()) == (anchor.seq, anchor.chain) for e in entries)
                last = entries[-1]
        except BrokenChain as broken:
            return Verified(None, broken.seq, matches)
        return Verified(None if last is None else Anchor(last.seq, last.chain.hex()), None, matches)
