"""Forgets a customer: everything that the gateway itself keeps of them, in the store and in memory.

The systems that are asked go on knowing them; what these are told to forget, they are told elsewhere. Why:
docs/decisions/0021-erasure.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from connectors.interaction import Identifier, Record
from gateway.customers.identity import cluster, matching, own_id, preference, shared_identifiers
from gateway.errors import BadUserInputError, InternalError

if TYPE_CHECKING:
    from gateway.live.bus import News
    from gateway.operation import Operation
    from gateway.store.erasing import Known
    from gateway.store.store import Store

log = structlog.get_logger()

Forgetting = Callable[[Collection[bytes]], int]
"""Forgets people by keyed hashes of their identifiers; how many things there were about them."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`stores`: how much was forgotten in each; those with nothing as well."""

    erased_at: datetime
    stores: dict[str, int]


@dataclass(slots=True)
class Memories:
    """What this process keeps of customers besides the store. Whoever keeps something adds how it is forgotten.

    places: where it is known whose it is, by the name that a receipt gives them. whole: dropped whole, since nobody
    knows whose it is. learned: found out anew.
    """

    places: dict[str, Forgetting] = field(default_factory=dict)
    whole: list[Callable[[], object]] = field(default_factory=list)
    learned: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def forget(self, digests: Collection[bytes]) -> dict[str, int]:
        gone = {name: forget(digests) for name, forget in self.places.items()}
        for drop in self.whole:
            drop()
        for learn in self.learned:
            await learn()
        return gone

    def hear(self, news: News) -> None:
        """Somebody was forgotten, here or by another gateway."""
        from gateway.store.feed import ChangeKind

        gone = {e.touched.digest for e in news.entries if e.touched.kind is ChangeKind.ERASED}
        if gone:
            task = asyncio.ensure_future(self._forget({digest for digest in gone if digest is not None}))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forget(self, digests: Collection[bytes]) -> None:
        try:
            await self.forget(digests)
        except Exception as error:
            log.error("forgetting_failed", error=type(error).__name__)


class SeveralPeopleError(Exception):
    """A key leads to more than one customer. `handles`: of each of them."""

    def __init__(self, handles: Sequence[Identifier]) -> None:
        super().__init__("the key leads to several customers")
        self.handles = tuple(handles)


async def known_of(operation: Operation, store: Store, handle: Identifier) -> Known:
    """Everything by which the store may know a person: what the sources say of them, and what the journal does.

    An identifier that others carry as well is not theirs alone: it stays, and so do the others. Raises
    `SeveralPeopleError`.
    """
    from gateway.store.erasing import Known

    own, met = await operation.anybody(handle)
    if len(own) > 1:
        raise SeveralPeopleError([one.handle for one in own])
    records: dict[Identifier, Record] = {own_id(r): r for c in met for r in c.records}
    keys = [handle, *(key for c in own for key in (*c.identifiers, *map(own_id, c.records)))]
    records |= {own_id(r): r for r in await store.records.anywhere(keys)}
    people = cluster(records.values(), operation.identity)
    theirs = {own_id(r) for c in own for r in c.records}
    if theirs:
        found = [c for c in people if theirs & set(map(own_id, c.records))]
    else:  # no source says anything of them, but the journal may
        found = matching(people, handle, operation.identity)
        if len(found) > 1:
            raise SeveralPeopleError([one.handle for one in found])
    others = [r for c in people if c not in found for r in c.records]
    elsewhere = {h.identifier for r in others for h in r.identifiers}
    shared = shared_identifiers(records.values(), operation.identity) | elsewhere
    carried = {i for c in found for i in (c.handle, *c.known_as, *c.identifiers)} | {handle}
    kept = [r for c in found for r in c.records]
    return Known(
        identifiers=tuple(sorted(carried - shared, key=preference)),
        records=tuple((r.source, r.id) for r in kept),
        names=tuple(dict.fromkeys(r.name for r in kept if r.name)),
    )


async def erase_customer(operation: Operation, handle: Identifier, reason: str) -> Receipt:
    """Recorded before anything is done. Raises `StoreError`, and then nothing of the store was erased."""
    gateway = operation.gateway
    store, recorder = gateway.store, gateway.recorder
    if store is None or recorder is None:
        raise InternalError("This gateway has no store, so it keeps nothing of anybody.")
    try:
        known = await known_of(operation, store, handle)
    except SeveralPeopleError:
        raise BadUserInputError("`customerId` leads to several customers now: take the id of one of them.") from None
    await recorder.write(operation.viewer, "eraseCustomer", [handle], operation.request_id, reason)
    return await erase_known(operation, store, known)


async def erase_known(operation: Operation, store: Store, known: Known) -> Receipt:
    gateway, at = operation.gateway, operation.now
    everything = known.everything()
    if gateway.recorder is not None:  # ids that were given and are not written down yet
        gateway.recorder.forget(everything)
        await gateway.recorder.flush()
    gone = await store.erase(known, at)
    if gateway.cache is not None:
        gone["cache"] = await gateway.cache.forget(_is_of(known))
    gone |= await gateway.memories.forget({store.vault.digest(one) for one in everything})
    return Receipt(at, gone)


def _is_of(known: Known) -> Callable[[Hashable], bool]:
    """Whether a cached answer was asked for by what they are known by."""
    named = frozenset(known.everything())
    records = frozenset(known.records)

    def belongs(key: Hashable) -> bool:
        if not isinstance(key, tuple) or len(key) < 2:
            return False
        return any(part in named or (key[1], part) in records for part in key[1:])

    return belongs
