"""GraphQL over HTTP: `POST /graphql`, JSON in and JSON out, whatever goes wrong.

Source: the GraphQL-over-HTTP specification; BEHAVIOUR.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import ExecutionResult
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.core import Gateway
from gateway.errors import BadUserInputError, GatewayError, UnauthenticatedError
from gateway.graph.errors import is_refused_early, shown_error, shown_errors
from gateway.graph.schema import Executable
from gateway.operation import Operation
from gateway.viewer.authenticate import Authenticator

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
STATUS_OF: Mapping[str, int] = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429}


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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if request.method != "POST":
            response = refusal(request, BadUserInputError("Send the operation by POST."), 405)
        else:
            try:
                response = await self._answer(request)
            except GatewayError as error:
                response = refusal(request, error)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        headers = request.headers
        viewer = await self._authenticator.viewer(headers.get("authorization"), headers.get("x-work-profile"))
        body = await _read(request)
        operation = Operation.begin(self._gateway, viewer, request_id_of(request))
        prepared = self._executable.documents.prepare(body.query, _digest(body))
        result = await self._executable.execute(prepared, body.variables, body.operation_name, operation)
        media_type = preferred_media_type(request)
        shown = _shown(result, operation.request_id)
        # 400 for a document or variables that were refused, where the media type lets a status say so
        status = 400 if "data" not in shown and media_type == GRAPHQL_RESPONSE else 200
        return Response(_encoder.encode(shown), status_code=status, media_type=media_type)


async def _read(request: Request) -> _Body:
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != JSON:
        raise BadUserInputError("Send the operation as application/json.")
    content = await request.body()
    try:
        body = _bodies.decode(content)
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


def preferred_media_type(request: Request) -> str:
    """The specification's own type for callers that name it, plain JSON for all others."""
    return GRAPHQL_RESPONSE if GRAPHQL_RESPONSE in request.headers.get("accept", "") else JSON


def request_id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def refusal(request: Request, error: GatewayError, status: int | None = None) -> Response:
    """The whole request is refused: GraphQL JSON with the status that says so."""
    response = Response(
        msgspec.json.encode({"errors": [shown_error(error, request_id_of(request))]}),
        status_code=status or STATUS_OF.get(error.code, 400),
        media_type=preferred_media_type(request),
    )
    if isinstance(error, UnauthenticatedError):
        response.headers["www-authenticate"] = 'Bearer realm="journey-gateway"'
    return response
