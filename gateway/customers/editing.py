"""Operators' edits of who is who, made: recorded, stored, followed by this gateway at once and by the others soon."""

from __future__ import annotations

from connectors.interaction import Identifier
from gateway.core import Gateway
from gateway.customers.edits import (
    SamePersonError,
    Separation,
    Stamp,
    StillJoinedError,
    merge,
    separation,
)
from gateway.customers.identity import cluster, own_id
from gateway.customers.links import Cut, Merge, Undone
from gateway.errors import BadUserInputError, InternalError
from gateway.operation import Operation, Person

NOT_KEPT = "This gateway has no store to keep it in."
CANNOT_BE_SEPARATED = "Without this identifier it is one customer nevertheless."


async def merge_customers(
    operation: Operation, into: Person, absorbed: Person, reason: str
) -> tuple[Operation, Person]:
    """The one customer that both are from now on, and an operation that knows it. Raises a `GatewayError`, or
    `StoreError`."""
    try:
        link = merge(into.cluster, absorbed.cluster, _stamp(operation, reason))
    except SamePersonError:
        raise BadUserInputError("`fromId` and `intoId` are one customer already.") from None
    after = await _make(operation, "mergeCustomers", link, [into.handle, absorbed.handle])
    together = cluster((*into.cluster.records, *absorbed.cluster.records), after.identity)
    one = next(c for c in together if link.into in map(own_id, c.records))
    return after, Person(one, {**absorbed.found, **into.found})


async def unlink_identifier(
    operation: Operation, identifier: Identifier, reason: str
) -> tuple[Operation, Person, Person]:
    """Who goes on under the customer's id, and who is somebody else from now on. Raises as `merge_customers`."""
    people = await operation.holders(identifier)
    found = [(person, parted) for person in people if (parted := _parted(operation, person, identifier, reason))]
    if not people:
        raise BadUserInputError("`identifierId` must be the id of a customer's identifier.")
    if len(found) != 1:
        raise BadUserInputError(CANNOT_BE_SEPARATED)
    person, parted = found[0]
    after = await _make(operation, "unlinkIdentifier", parted.link, [parted.stays.handle, parted.leaves.handle])
    return after, Person(parted.stays, person.found), Person(parted.leaves, person.found)


def _parted(operation: Operation, person: Person, identifier: Identifier, reason: str) -> Separation | None:
    """None where there is nobody to be separated, or nobody of whom this viewer knows."""
    try:
        parted = separation(person.cluster, identifier, operation.identity, _stamp(operation, reason))
    except StillJoinedError:
        return None
    seen = operation.judge.sees_record
    both_seen = any(map(seen, parted.stays.records)) and any(map(seen, parted.leaves.records))
    return parted if both_seen else None


def _stamp(operation: Operation, reason: str) -> Stamp:
    """With the number that it would get next; the store gives the true one."""
    following = operation.gateway.following
    last = following.known[-1].id if following is not None and following.known else 0
    return Stamp(last + 1, operation.now, operation.viewer.subject, reason)


async def _make(operation: Operation, what: str, link: Merge | Undone | Cut, handles: list[Identifier]) -> Operation:
    """Recorded first, so that nothing is done that is not on record; the ids of both go on leading somewhere."""
    gateway, viewer = operation.gateway, operation.viewer
    store, following, recorder = gateway.store, gateway.following, gateway.recorder
    if store is None or following is None or recorder is None:
        raise InternalError(NOT_KEPT)
    await recorder.write(viewer, what, handles, operation.request_id, link.reason)
    await store.handles.remember(handles, operation.now, _records(link))
    await store.links.append(link)
    await following.look()
    return operation.again()


def _records(link: Merge | Cut | Undone) -> dict[Identifier, Identifier | None]:
    match link:
        case Merge():
            return {link.handle: link.into, link.known_as: link.absorbed}
        case Cut():
            return {link.handle: link.keeper}
        case Undone():
            return {}


async def latest(operation: Operation) -> Operation:
    """The same operation, under all that was said until now. Raises `StoreError`."""
    gateway: Gateway = operation.gateway
    if gateway.following is None:
        return operation
    await gateway.following.look()
    return operation if operation.identity is gateway.identity() else operation.again()
