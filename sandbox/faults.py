"""What can go wrong with an imitated vendor on demand, down to the socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass, field
from random import Random
from typing import Literal

import msgspec
from starlette.responses import HTMLResponse, Response
from starlette.types import Message, Receive, Scope, Send

Fault = Literal["none", "hang", "reset", "drip", "status", "html", "empty", "foreign", "truncated"]

TRANSPORT = "sandbox.transport"
"""Key of the ASGI scope under which the connection's transport is found, when a server gives it."""

PAGE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head>"
    "<body><h1>We will be back soon</h1><p>Scheduled maintenance.</p></body></html>"
)


class Control(msgspec.Struct, forbid_unknown_fields=True):
    """What the control face sets for one vendor, until it is set again.

    fault_rate: share of the calls that the fault strikes. remaining: calls it still strikes, None without end.
    path: strikes only calls whose path holds this text. status, retry_after (seconds): of the fault `status`; `html`
    uses `status` too. drip_bytes every drip_ms: of the fault `drip`. calls_per_minute: None for no limit.
    """

    latency_ms: float = 0
    jitter_ms: float = 0
    fault: Fault = "none"
    fault_rate: float = 1
    remaining: int | None = None
    path: str = ""
    status: int | None = None
    retry_after: int | None = None
    drip_bytes: int = 1
    drip_ms: float = 200
    calls_per_minute: int | None = None


@dataclass
class Faults:
    """The control of one vendor and its seeded dice."""

    control: Control
    random: Random = field(default_factory=lambda: Random(0))

    def strike(self, path: str) -> Fault:
        """The fault of this call."""
        control = self.control
        if control.fault == "none" or control.path not in path or control.remaining == 0:
            return "none"
        if control.fault_rate < 1 and self.random.random() >= control.fault_rate:
            return "none"
        if control.remaining is not None:
            control.remaining -= 1
        return control.fault

    def latency_seconds(self) -> float:
        jitter = self.random.random() * self.control.jitter_ms if self.control.jitter_ms else 0
        return (self.control.latency_ms + jitter) / 1_000


def page() -> Response:
    return HTMLResponse(PAGE)


async def hang(receive: Receive) -> None:
    """Never answer: wait until the caller goes away."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def reset(scope: Scope, receive: Receive) -> None:
    """Drop the connection with a TCP reset, before a byte of an answer."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the sandbox was told to reset")
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await hang(receive)


async def drip(messages: list[Message], receive: Receive, send: Send, control: Control) -> None:
    """The whole answer, a few bytes at a time, as long as the caller stays."""
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    await send(start)
    size = max(control.drip_bytes, 1)
    for offset in range(0, len(body), size):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(control.drip_ms / 1_000):
                await hang(receive)
                return
        await send({"type": "http.response.body", "body": body[offset : offset + size], "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def truncate(messages: list[Message], scope: Scope, receive: Receive, send: Send) -> None:
    """The head announces the whole answer, half of it comes, then the connection closes."""
    start, body = messages[0], b"".join(message.get("body", b"") for message in messages[1:])
    await send(start)
    await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise ConnectionResetError("the sandbox was told to stop in the middle")
    transport.close()
    await hang(receive)
