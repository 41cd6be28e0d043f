"""GraphQL over HTTP: `POST /graphql`, JSON in and JSON out, whatever goes wrong.

Source: the GraphQL-over-HTTP specification; BEHAVIOUR.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import ExecutionResult
from starlette.requests import ClientDisconnect

from gateway.core import Gateway
from gateway.errors import BadUserInputError, GatewayError, UnauthenticatedError
from gateway.graph.errors import is_refused_early, shown_errors
from gateway.graph.schema import Executable
from gateway.operation import Operation
from gateway.viewer.authenticate import Authenticator
from gateway.web import JSON, Answer, Call, refusing

GRAPHQL_RESPONSE = "application/graphql-response+json"
STATUS_OF: Mapping[str, int] = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429}
CHALLENGE = (b"www-authenticate", b'Bearer realm="journey-gateway"')


class _Body(msgspec.Struct, rename={"operation_name": "operationName"}):
    query: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


_bodies = msgspec.json.Decoder(_Body)
_encoder = msgspec.json.Encoder()


class GraphQLView:
    """Authenticates, runs, and words the answer. No file uploads, no GET, no batches."""

    def __init__(self, executable: Executable, gateway: Gateway, authenticator: Authenticator) -> None:
        self._executable = executable
        self._gateway = gateway
        self._authenticator = authenticator

    async def __call__(self, call: Call) -> Answer:
        if call.method != "POST":
            return refusal(call, BadUserInputError("Send the operation by POST."), 405)
        try:
            return await self._answer(call)
        except GatewayError as error:
            return refusal(call, error)

    async def _answer(self, call: Call) -> Answer:
        viewer = await self._authenticator.viewer(call.header(b"authorization"), call.header(b"x-work-profile"))
        body = _read(call)
        operation = Operation.begin(self._gateway, viewer, call.request_id)
        prepared = self._executable.documents.prepare(body.query, _digest(body))
        result = await self._executable.execute(prepared, body.variables, body.operation_name, operation)
        media_type = preferred_media_type(call)
        shown = _shown(result, operation.request_id)
        # 400 for a document or variables that were refused, where the media type lets a status say so
        status = 400 if "data" not in shown and media_type == GRAPHQL_RESPONSE else 200
        return Answer(status, media_type, _encoder.encode(shown))


def _read(call: Call) -> _Body:
    content_type = call.header(b"content-type") or ""
    if content_type != JSON and content_type.partition(";")[0].strip().lower() != JSON:
        raise BadUserInputError("Send the operation as application/json.")
    if call.body is None:
        raise ClientDisconnect
    try:
        body = _bodies.decode(call.body)
    except msgspec.ValidationError:
        sentence = "The body must be one object with `query`, a text, and perhaps `variables`, an object."
        raise BadUserInputError(sentence) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadUserInputError("The body is not valid JSON.") from None
    if not body.query and _digest(body) is None:
        raise BadUserInputError("The body must hold a `query`.")
    return body


def _digest(body: _Body) -> str | None:
    """The hash of a trusted document, sent in its place as clients send persisted queries."""
    persisted = (body.extensions or {}).get("persistedQuery")
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return digest if isinstance(digest, str) else None


def _shown(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """`data` is left out when nothing was executed."""
    if not result.errors:
        return {"data": result.data}
    errors = shown_errors(result.errors, request_id)
    if result.data is None and is_refused_early(result.errors):
        return {"errors": errors}
    return {"data": result.data, "errors": errors}


def preferred_media_type(call: Call) -> str:
    """The specification's own type for callers that name it, plain JSON for all others."""
    return GRAPHQL_RESPONSE if GRAPHQL_RESPONSE.encode() in call.headers.get(b"accept", b"") else JSON


def refusal(call: Call, error: GatewayError, status: int | None = None) -> Answer:
    """The whole request is refused: GraphQL JSON with the status that says so."""
    status = status or STATUS_OF.get(error.code, 400)
    more_headers = (CHALLENGE,) if isinstance(error, UnauthenticatedError) else ()
    return refusing(error, status, call.request_id, preferred_media_type(call), more_headers)
