"""GraphQL over HTTP: `POST /graphql`, JSON in and JSON out, whatever goes wrong.

Source: the GraphQL-over-HTTP specification; BEHAVIOUR.md, "Errors".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from math import ceil

import msgspec

from gateway.core import Gateway
from gateway.errors import BadUserInputError, GatewayError, RateLimitedError, UnauthenticatedError
from gateway.graph.request import Asked, digest_of_document, read_asked, shown_result
from gateway.graph.schema import Executable
from gateway.graph.streams import Bearer, Next, Streams, refused
from gateway.live.hub import Hub
from gateway.operation import Operation
from gateway.viewer.authenticate import Authenticator
from gateway.web import JSON, Answer, Call, RawHeader, Streamed, refusing

GRAPHQL_RESPONSE = "application/graphql-response+json"
EVENTS = "text/event-stream; charset=utf-8"
STATUS_OF: Mapping[str, int] = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429}
CHALLENGE = (b"www-authenticate", b'Bearer realm="journey-gateway"')


_encoder = msgspec.json.Encoder()


class GraphQLView:
    """Authenticates, runs, and words the answer. No file uploads, no GET, no batches."""

    def __init__(self, executable: Executable, gateway: Gateway, authenticator: Authenticator, hub: Hub) -> None:
        self._executable = executable
        self._gateway = gateway
        self._authenticator = authenticator
        self._hub = hub
        self._streams = Streams(executable, gateway, hub)

    async def __call__(self, call: Call) -> Answer | Streamed:
        if call.method != "POST":
            return refusal(call, BadUserInputError("Send the operation by POST."), 405)
        try:
            return await self._answer(call)
        except GatewayError as error:
            return refusal(call, error)

    async def _answer(self, call: Call) -> Answer | Streamed:
        bearer = self._bearer(call)
        viewer = await bearer.viewer()
        body = read_asked(call)
        self._gateway.admit(viewer)
        if wants_events(call):
            return Streamed(200, EVENTS, self._events(body, bearer, call.request_id))
        operation = Operation.begin(self._gateway, viewer, call.request_id, self._hub, bearer.viewer)
        prepared = self._executable.documents.prepare(body.query, digest_of_document(body))
        if self._executable.is_subscription(prepared, body.operation_name):
            raise BadUserInputError("Subscriptions are told over WebSocket, or as text/event-stream.")
        result = await self._executable.execute(prepared, body.variables, body.operation_name, operation)
        operation.told(prepared.root_fields(body.operation_name))
        media_type = preferred_media_type(call)
        shown = shown_result(result, operation.request_id)
        # 400 for a document or variables that were refused, where the media type lets a status say so
        status = 400 if "data" not in shown and media_type == GRAPHQL_RESPONSE else 200
        return Answer(status, media_type, _encoder.encode(shown))

    def _bearer(self, call: Call) -> Bearer:
        return Bearer(
            self._authenticator,
            call.header(b"authorization"),
            call.header(b"x-work-profile"),
            call.header(b"origin"),
            self._gateway.clocks.utc_now,
        )

    async def _events(self, asked: Asked, bearer: Bearer, request_id: str) -> AsyncIterator[bytes]:
        """As the protocol "GraphQL over Server-Sent Events" has it, distinct connections mode."""
        try:
            async with aclosing(self._streams.answers(asked, bearer, request_id, is_admitted=True)) as answers:
                async for answer in answers:
                    told = answer.result if isinstance(answer, Next) else {"errors": answer.errors}
                    yield b"event: next\ndata: " + _encoder.encode(told) + b"\n\n"
        except GatewayError as error:
            yield b"event: next\ndata: " + _encoder.encode({"errors": refused(error, request_id).errors}) + b"\n\n"
        yield b"event: complete\ndata: \n\n"


def wants_events(call: Call) -> bool:
    """Only who takes no JSON gets events: some clients name both, and read the first that is answered."""
    accept = call.headers.get(b"accept", b"").lower()
    return b"text/event-stream" in accept and b"json" not in accept and b"*/*" not in accept


def preferred_media_type(call: Call) -> str:
    """The specification's own type for callers that name it, plain JSON for all others."""
    return GRAPHQL_RESPONSE if GRAPHQL_RESPONSE.encode() in call.headers.get(b"accept", b"") else JSON


def refusal(call: Call, error: GatewayError, status: int | None = None) -> Answer:
    """The whole request is refused: GraphQL JSON with the status that says so."""
    status = status or STATUS_OF.get(error.code, 400)
    more_headers: tuple[RawHeader, ...] = (CHALLENGE,) if isinstance(error, UnauthenticatedError) else ()
    if isinstance(error, RateLimitedError) and error.retry_after_seconds is not None:
        more_headers = ((b"retry-after", b"%d" % ceil(error.retry_after_seconds)),)
    return refusing(error, status, call.request_id, preferred_media_type(call), more_headers)
