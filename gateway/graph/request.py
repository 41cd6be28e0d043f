"""What a client asks: one GraphQL operation, as every way in reads it and every way out words its result.

Source: the GraphQL-over-HTTP specification.
"""

from __future__ import annotations

from typing import Any

import msgspec
from graphql import ExecutionResult
from starlette.requests import ClientDisconnect

from gateway.errors import BadUserInputError
from gateway.graph.errors import is_refused_early, shown_errors
from gateway.web import JSON, Call


class Asked(msgspec.Struct, rename={"operation_name": "operationName"}):
    query: str | None = None
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


_bodies = msgspec.json.Decoder(Asked)


def read_asked(call: Call) -> Asked:
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
    if not body.query and digest_of_document(body) is None:
        raise BadUserInputError("The body must hold a `query`.")
    return body


def digest_of_document(body: Asked) -> str | None:
    """The hash of a trusted document, sent in its place as clients send persisted queries."""
    persisted = (body.extensions or {}).get("persistedQuery")
    digest = persisted.get("sha256Hash") if isinstance(persisted, dict) else None
    return digest if isinstance(digest, str) else None


def shown_result(result: ExecutionResult, request_id: str) -> dict[str, Any]:
    """`data` is left out when nothing was executed."""
    if not result.errors:
        return {"data": result.data}
    errors = shown_errors(result.errors, request_id)
    if result.data is None and is_refused_early(result.errors):
        return {"errors": errors}
    return {"data": result.data, "errors": errors}
