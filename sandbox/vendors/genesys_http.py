"""What every answer of Genesys Cloud shares: errors, listings, and how query parameters are read."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sandbox.vendor import json_answer, page_of

Row = dict[str, Any]
Handler = Callable[[Request], Awaitable[Any]]
Body = TypeVar("Body")

ABSENT = "The requested resource was not found."


class Refused(Exception):
    """A request that is answered with an error body: the status, the vendor's code and words."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def error_answer(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    identity = secrets.token_hex(16)
    body: Row = {
        "message": message,
        "code": code,
        "status": status,
        "messageParams": {},
        "contextId": identity,
        "details": [],
        "errors": [],
    }
    return json_answer(body, status, {"inin-correlation-id": identity, **(headers or {})})


def token_error(error: str, words: str) -> Response:
    return json_answer({"error": error, "description": words, "error_description": words}, 400)


def answering(handler: Handler) -> Handler:
    async def endpoint(request: Request) -> Response:
        try:
            return json_answer(await handler(request))
        except Refused as error:
            return error_answer(error.status, error.code, str(error))

    return endpoint


def read_body(body: bytes, kind: type[Body]) -> Body:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Refused(400, "bad.request", "Invalid request body") from error


def invalid_parameter(request: Request, name: str, allowed: str) -> Refused:
    value = request.query_params.get(name)
    words = f"Value [{value}] is not valid for parameter [{name}]. Allowable values are: {allowed}"
    return Refused(400, "invalid.query.param.value", words)


def whole_parameter(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise invalid_parameter(request, name, "whole numbers from 1")
    return int(text)


def page_size(request: Request, default: int, most: int) -> int:
    size = whole_parameter(request, "pageSize", default)
    if size > most:
        raise Refused(400, "bad.request", f"pageSize must be at most {most}")
    return size


def expanded(request: Request) -> frozenset[str]:
    return frozenset(part for given in request.query_params.getlist("expand") for part in given.split(","))


def self_uri(request: Request, path: str) -> str:
    asked = urlencode(request.query_params.multi_items())
    return f"{path}?{asked}" if asked else path


def listing(
    request: Request, found: Sequence[Any], size: int, page: int, render: Callable[[Any], Row] = lambda row: row
) -> Row:
    path = "/api/v2" + request.url.path.partition("/api/v2")[2]
    last = max(1, -(-len(found) // size))

    def uri(number: int) -> str:
        kept = [(name, value) for name, value in request.query_params.multi_items() if not name.startswith("page")]
        return f"{path}?{urlencode([*kept, ('pageSize', size), ('pageNumber', number)])}"

    beside: dict[str, str] = {}
    if page < last:
        beside["nextUri"] = uri(page + 1)
    if page > 1:
        beside["previousUri"] = uri(page - 1)
    return {
        "entities": [render(row) for row in page_of(found, page, size)],
        "pageSize": size,
        "pageNumber": page,
        "total": len(found),
        "firstUri": uri(1),
        "lastUri": uri(last),
        "selfUri": uri(page),
        "pageCount": last,
        **beside,
    }


def fits(request: Request, row: Row) -> bool:
    """The filters that lists of the company's things share: ids, divisions, and a name with asterisks at its ends."""
    params = request.query_params
    ids = [part for given in params.getlist("id") for part in given.split(",")]
    divisions = [part for given in params.getlist("divisionId") for part in given.split(",")]
    if ids and row["id"] not in ids:
        return False
    if divisions and row.get("division", {}).get("id") not in (*divisions, "*"):
        return False
    name = params.get("name", "").casefold()
    held = row["name"].casefold()
    if name.startswith("*"):
        return name.strip("*") in held if name.endswith("*") else bool(held.endswith(name.strip("*")))
    return bool(held.startswith(name.strip("*"))) if name.endswith("*") else name in ("", held)


def pick(request: Request, found: Sequence[Row]) -> Row:
    for row in found:
        if row["id"] == request.path_params["id"]:
            return row
    raise Refused(404, "not.found", ABSENT)


def require_permission(request: Request) -> None:
    if not request.query_params.get("permission"):
        raise Refused(400, "bad.request", "permission is required")
