"""GraphQL over WebSocket: the protocol `graphql-transport-ws`.

Source: the protocol's own page in the repository of `graphql-ws`, "GraphQL over WebSocket Protocol"; BEHAVIOUR.md.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from gateway.core import Gateway
from gateway.errors import GatewayError, UnauthenticatedError
from gateway.graph.request import Asked
from gateway.graph.streams import Bearer, Next, Refused, Streams, refused
from gateway.viewer.authenticate import Authenticator

PROTOCOL = "graphql-transport-ws"
INIT_SECONDS = 3.0
MAX_OPERATIONS = 20
"""At once over one connection."""

BAD_MESSAGE, UNAUTHORIZED, FORBIDDEN, BAD_PROTOCOL = 4400, 4401, 4403, 4406
INIT_TIMEOUT, ALREADY_THERE, TOO_MANY = 4408, 4409, 4429
UNWANTED = 1008


class _Message(msgspec.Struct, omit_defaults=True):
    type: str
    id: str | None = None
    payload: Any = None


_messages = msgspec.json.Decoder(_Message)
_encoder = msgspec.json.Encoder()


class _Closing(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class GraphQLSocket:
    """An ASGI application for one path. `hosts`, `origins`: as for HTTP; no origin at all is no browser."""

    def __init__(
        self,
        streams: Streams,
        gateway: Gateway,
        authenticator: Authenticator,
        *,
        answers_host: Callable[[str], bool],
        origins: Sequence[str],
        max_message_bytes: int,
    ) -> None:
        self._streams = streams
        self._gateway = gateway
        self._authenticator = authenticator
        self._answers_host = answers_host
        self._origins = frozenset(origins)
        self._max_message_bytes = max_message_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        socket = WebSocket(scope, receive, send)
        origin = socket.headers.get("origin")
        if not self._answers_host(socket.headers.get("host", "")) or (origin and origin not in self._origins):
            await socket.close(UNWANTED)
            return
        if PROTOCOL not in socket.scope["subprotocols"]:
            await socket.accept()
            await socket.close(BAD_PROTOCOL, "Subprotocol not acceptable")
            return
        await socket.accept(PROTOCOL)
        connection = _Connection(self, socket)
        with suppress(WebSocketDisconnect):
            try:
                await connection.run()
            except _Closing as closing:
                await socket.close(closing.code, closing.reason)

    def bearer(self, payload: Any, origin: str | None) -> Bearer:
        """Of what `connection_init` says: `Authorization` as in HTTP, and perhaps `workProfile`."""
        said = payload if isinstance(payload, dict) else {}
        authorization = said.get("Authorization") or said.get("authorization")
        profile = said.get("workProfile")
        return Bearer(
            self._authenticator,
            authorization if isinstance(authorization, str) else None,
            profile if isinstance(profile, str) else None,
            origin,
            self._gateway.clocks.utc_now,
        )

    @property
    def streams(self) -> Streams:
        return self._streams

    @property
    def max_message_bytes(self) -> int:
        return self._max_message_bytes


class _Connection:
    """One connection: who holds it, and the operations that are under way over it."""

    def __init__(self, face: GraphQLSocket, socket: WebSocket) -> None:
        self._face = face
        self._socket = socket
        self._bearer: Bearer | None = None
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._expiry: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Until the client leaves, or what it does or may do ends it."""
        reading = asyncio.ensure_future(self._read())
        try:
            await asyncio.wait((reading, self._ended), return_when=asyncio.FIRST_COMPLETED)
            for finished in (self._ended, reading):
                if finished.done():
                    finished.result()
        finally:
            if self._expiry is not None:
                self._expiry.cancel()
            tasks = [reading, *self._operations.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS):
                message = await self._message()
        except TimeoutError:
            raise _Closing(INIT_TIMEOUT, "Connection initialisation timeout") from None
        while True:
            await self._take(message)
            message = await self._message()

    async def _message(self) -> _Message:
        text = await self._socket.receive_text()
        if len(text) > self._face.max_message_bytes:
            raise _Closing(BAD_MESSAGE, "The message is too large")
        try:
            return _messages.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise _Closing(BAD_MESSAGE, "The message is not one of this protocol") from None

    async def _take(self, message: _Message) -> None:
        match message.type:
            case "connection_init":
                await self._begin(message)
            case "ping":
                await self._send("pong")
            case "pong":
                pass
            case "subscribe":
                self._subscribe(message)
            case "complete":
                task = self._operations.pop(message.id or "", None)
                if task is not None:
                    task.cancel()
            case _:
                raise _Closing(BAD_MESSAGE, "The message is not one of this protocol")

    async def _begin(self, message: _Message) -> None:
        if self._bearer is not None:
            raise _Closing(TOO_MANY, "Too many initialisation requests")
        bearer = self._face.bearer(message.payload, self._socket.headers.get("origin"))
        try:
            viewer = await bearer.viewer()
        except UnauthenticatedError:
            raise _Closing(UNAUTHORIZED, "Unauthorized") from None
        except GatewayError:
            raise _Closing(FORBIDDEN, "Forbidden") from None
        self._bearer = bearer
        if viewer.expires_at is not None:  # also where nothing is asked any more
            left = (viewer.expires_at - bearer.utc_now()).total_seconds()
            expired = _Closing(UNAUTHORIZED, "Unauthorized")
            self._expiry = asyncio.get_running_loop().call_later(left, self._end, expired)
        await self._send("connection_ack")

    def _subscribe(self, message: _Message) -> None:
        if self._bearer is None:
            raise _Closing(UNAUTHORIZED, "Unauthorized")
        if not message.id:
            raise _Closing(BAD_MESSAGE, "An operation needs an id")
        if message.id in self._operations:
            raise _Closing(ALREADY_THERE, f"Subscriber for {message.id} already exists"[:120])
        if len(self._operations) >= MAX_OPERATIONS:
            raise _Closing(TOO_MANY, "Too many operations at once")
        try:
            asked = msgspec.convert(message.payload, Asked)
        except msgspec.ValidationError:
            raise _Closing(BAD_MESSAGE, "The payload is not an operation") from None
        self._operations[message.id] = asyncio.create_task(self._tell(message.id, asked, self._bearer))

    async def _tell(self, id_: str, asked: Asked, bearer: Bearer) -> None:
        request_id = secrets.token_hex(8)
        try:
            async with aclosing(self._face.streams.answers(asked, bearer, request_id)) as answers:
                async for answer in answers:
                    if isinstance(answer, Refused):
                        await self._fail(id_, answer)
                        return
                    assert isinstance(answer, Next)
                    await self._send("next", id_, answer.result)
            await self._send("complete", id_)
        except UnauthenticatedError:
            self._end(_Closing(UNAUTHORIZED, "Unauthorized"))
        except GatewayError as error:
            await self._fail(id_, refused(error, request_id))
        except WebSocketDisconnect:
            self._end(_Closing(1001, ""))
        finally:
            if self._operations.get(id_) is asyncio.current_task():
                del self._operations[id_]

    async def _fail(self, id_: str, answer: Refused) -> None:
        await self._send("error", id_, answer.errors)

    def _end(self, closing: _Closing) -> None:
        if not self._ended.done():
            self._ended.set_exception(closing)

    async def _send(self, type_: str, id_: str | None = None, payload: Any = None) -> None:
        await self._socket.send_text(_encoder.encode(_Message(type_, id_, payload)).decode())
