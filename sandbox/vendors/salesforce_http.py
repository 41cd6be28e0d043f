"""What Salesforce's faces share: the token, the shape of an error, ids, and how times are written."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import Response

from sandbox.company import stable_uuid
from sandbox.credentials import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from sandbox.vendor import has_basic, json_answer, root_url, same

TOKEN = f"00DSANDBOX00001!{stable_uuid('salesforce token')}"
VERSION = "/services/data/v61.0"

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?")


async def token(request: Request) -> Response:
    """Client credentials, as Basic or in the form. It does not say how long the token lasts."""
    form = parse_qs((await request.body()).decode(errors="replace"))
    client, secret = (form.get(name, [""])[0] for name in ("client_id", "client_secret"))
    is_known = has_basic(request, SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET) or (
        same(client, SALESFORCE_CLIENT_ID) and same(secret, SALESFORCE_CLIENT_SECRET)
    )
    if form.get("grant_type") != ["client_credentials"]:
        return json_answer({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400)
    if not is_known:
        return json_answer({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
    return json_answer(
        {
            "access_token": TOKEN,
            "signature": "c2FuZGJveA==",
            "scope": "cdp_query_api api",
            "instance_url": root_url(request),
            "id": f"{root_url(request)}/id/00DSANDBOX00001AAA/005SANDBOX00001AAA",
            "token_type": "Bearer",
            "issued_at": "1795424400000",
        }
    )


def refusal(request: Request) -> Response | None:
    if request.url.path.endswith("/services/oauth2/token"):
        return None
    if same(request.headers.get("authorization", ""), f"Bearer {TOKEN}"):
        return None
    return error(401, "INVALID_SESSION_ID", "Session expired or invalid")


def failure(status: int, retry_after: int | None) -> Response:
    """What is too much is 403 with Salesforce, and it does not say when to come again."""
    if status == 429:
        return error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    return error(status, "SERVER_UNAVAILABLE", "Try again later")


def error(status: int, code: str, message: str) -> Response:
    return json_answer([{"message": message, "errorCode": code}], status)


def make_id(prefix: str, number: int) -> str:
    """15 characters that differ by case as well, and 3 that say which of them are capitals."""
    body = ""
    while number:
        number, digit = divmod(number, 36)
        body = _DIGITS[digit] + body
    short = prefix + body.rjust(12, "0")
    capitals = (short[start : start + 5] for start in (0, 5, 10))
    return short + "".join(_SUFFIX[sum(1 << place for place, c in enumerate(part) if c.isupper())] for part in capitals)


def number_of(prefix: str, id_: str) -> int | None:
    """The number that an id of that prefix was made of."""
    if not is_id(id_) or not id_.startswith(prefix):
        return None
    try:
        number = int(id_[3:15], 36)
    except ValueError:
        return None
    return number if make_id(prefix, number)[: len(id_)] == id_ else None


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def told(moment: datetime | None) -> str | None:
    """`2026-11-23T01:50:47.000+0000`"""
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"
