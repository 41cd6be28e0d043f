"""`/ingest/{source}`: verified over the raw bytes, on the disk, and only then acknowledged.

A vendor is told 200 for what is stored, 401 or 403 for what is not its own, 413 for what is too large to be looked
at, and 503 when it should come again. What it sent is read later, so that no answer waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from connectors.events import Delivery, Refused
from gateway.errors import BadUserInputError, ForbiddenError, InternalError, UnauthenticatedError
from gateway.ingest.ways import WayIn
from gateway.store.errors import UnavailableError
from gateway.store.inbox import Inbox
from gateway.web import Answer, Call, refusing

log = structlog.get_logger()

STORING_SECONDS = 8.0
"""Vendors wait five to fifteen."""
MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of all deliveries that wait to be stored."""
COME_AGAIN = (b"retry-after", b"5")
TEXT = "text/plain; charset=utf-8"


class Ingest:
    """One for all sources. `nudge`: called when there is something to read."""

    def __init__(
        self,
        inbox: Inbox,
        nudge: Callable[[], None],
        utc_now: Callable[[], datetime],
        max_held_bytes: int = MAX_HELD_BYTES,
    ) -> None:
        self._inbox = inbox
        self._nudge = nudge
        self._utc_now = utc_now
        self._max_held_bytes = max_held_bytes
        self._held_bytes = 0

    async def take(self, way: WayIn, call: Call) -> Answer:
        if call.method not in ("GET", "POST"):
            return refusing(BadUserInputError("This path does not take this method."), 405, call.request_id)
        if call.body is None:
            return refusing(BadUserInputError("The body ended early."), 400, call.request_id)
        now = self._utc_now()
        delivery = _delivery(way, call, call.body, now)
        try:
            challenge = way.receiver.challenge(delivery, way.secrets)
            if challenge is not None:
                return Answer(200, TEXT, challenge)
            if call.method == "GET":
                raise Refused
            way.receiver.verify(delivery, way.secrets, now)
        except Refused:
            log.warning("webhook_refused", source=way.source, request_id=call.request_id)
            if call.method == "GET":
                return refusing(ForbiddenError(), 403, call.request_id)
            return refusing(UnauthenticatedError(), 401, call.request_id)
        try:
            await self._store(way.source, delivery)
        except UnavailableError:
            log.error("webhook_not_stored", source=way.source, request_id=call.request_id)
            error = InternalError("This cannot be stored now. Send it again later.")
            return refusing(error, 503, call.request_id, more_headers=(COME_AGAIN,))
        self._nudge()
        return Answer(200, TEXT, b"")  # without a word: Twilio would send it to the customer

    async def _store(self, source: str, delivery: Delivery) -> None:
        size = len(delivery.body)
        if self._held_bytes + size > self._max_held_bytes:
            raise UnavailableError
        self._held_bytes += size
        try:
            async with asyncio.timeout(STORING_SECONDS):
                await self._inbox.put(source, delivery)
        except TimeoutError:
            raise UnavailableError from None
        finally:
            self._held_bytes -= size


def _delivery(way: WayIn, call: Call, body: bytes, now: datetime) -> Delivery:
    url = f"{way.address}?{call.query.decode('latin-1')}" if call.query else way.address
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in call.headers.items()}
    return Delivery(call.method, url, headers, body, now)
