"""GraphQL over HTTP: `POST /graphql`, JSON in and JSON out, whatever goes wrong.

Source: the GraphQL-over-HTTP specification; BEHAVIOUR.md, "Errors".
"""

from __future__ import annotations

from collections.abc import Mapping
from json import JSONDecodeError

import msgspec
from cross_web import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult

from gateway.core import Gateway
from gateway.errors import BadUserInputError, GatewayError, UnauthenticatedError
from gateway.graph.errors import is_refused_early, shown_error, shown_errors
from gateway.graph.schema import JourneySchema
from gateway.operation import Operation
from gateway.viewer.authenticate import Authenticator

GRAPHQL_RESPONSE = "application/graphql-response+json"
JSON = "application/json"
STATUS_OF: Mapping[str, int] = {"UNAUTHENTICATED": 401, "FORBIDDEN": 403, "RATE_LIMITED": 429}


class GraphQLView(GraphQL[Operation, None]):
    """Authenticates, runs, and words the answer. No file uploads, no GET, no batches."""

    def __init__(self, schema: JourneySchema, gateway: Gateway, authenticator: Authenticator) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            allow_queries_via_get=False,
            subscription_protocols=[GRAPHQL_TRANSPORT_WS_PROTOCOL],
        )
        self._gateway = gateway
        self._authenticator = authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocket(scope, receive, send).close(1008)
            return
        request = Request(scope, receive)
        try:
            if request.method != "POST":
                raise HTTPException(405, "Send the operation by POST.")
            response = await self.run(request)
        except GatewayError as error:
            response = refusal(request, error)
        except HTTPException as error:
            response = refusal(
                request, BadUserInputError(_REASONS.get(error.reason, "The request is not valid.")), error.status_code
            )
        except (JSONDecodeError, UnicodeDecodeError, RecursionError):
            response = refusal(request, BadUserInputError("The body is not valid JSON."), 400)
        await response(scope, receive, send)

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Operation:
        viewer = await self._authenticator.viewer(
            request.headers.get("authorization"), request.headers.get("x-work-profile")
        )
        return Operation.begin(self._gateway, viewer, request_id_of(request))

    def decode_json(self, data: str | bytes) -> object:
        try:
            decoded: object = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BadUserInputError("The body is not valid JSON.") from None
        if not isinstance(decoded, dict | list):
            raise BadUserInputError("The body must be a JSON object.")
        return decoded

    def encode_json(self, data: object) -> str | bytes:
        return msgspec.json.encode(data)

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        if not result.errors:
            return {"data": result.data}
        errors: list[object] = [*shown_errors(result.errors, request_id_of(request))]
        if result.data is None and is_refused_early(result.errors):
            return {"errors": errors}  # nothing was executed: the response has no data at all
        return {"data": result.data, "errors": errors}

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Carries the media type that the caller prefers to where the answer is made."""
        response = await super().get_sub_response(request)
        response.media_type = preferred_media_type(request)
        return response

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        """400 for a document or variables that were refused, where the media type lets a status say so."""
        media_type = sub_response.media_type or JSON
        refused = "data" not in response_data
        status = 400 if refused and media_type == GRAPHQL_RESPONSE else 200
        return Response(self.encode_json(response_data), status_code=status, media_type=media_type)


_REASONS = {
    "Batching is not enabled": "Batches are not supported: send one operation a request.",
    "No GraphQL query found in the request": "The body must hold a `query`.",
    "Send the operation by POST.": "Send the operation by POST.",
    "Unsupported content type": "Send the operation as application/json.",
}
"""Strawberry's reasons, and what we make of them."""


def preferred_media_type(request: Request | WebSocket) -> str:
    """The specification's own type for callers that name it, plain JSON for all others."""
    return GRAPHQL_RESPONSE if GRAPHQL_RESPONSE in request.headers.get("accept", "") else JSON


def request_id_of(request: Request | WebSocket) -> str:
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
