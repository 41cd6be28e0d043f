"""What Twilio's resources share: who may ask, pages with links, days in parameters' names, and errors."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from email.utils import format_datetime, parsedate_to_datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from sandbox.credentials import TWILIO_ACCOUNT_SID, TWILIO_API_KEY, TWILIO_API_SECRET, TWILIO_AUTH_TOKEN
from sandbox.vendor import has_basic, json_answer, retry_headers

API = "/2010-04-01"
PAGE_SIZE = 50
MOST_A_PAGE = 1_000

_ACCOUNT_IN_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+?)(?:\.json)?(?:/|$)")


def refusal_of(request: Request) -> Response | None:
    by_token = has_basic(request, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN)
    if not by_token and not has_basic(request, TWILIO_API_KEY, TWILIO_API_SECRET):
        return error_answer(401, 20003, "Authenticate", {"www-authenticate": 'Basic realm="Twilio API"'})
    account = _ACCOUNT_IN_PATH.search(request.url.path)
    return None if account is None or account[1] == TWILIO_ACCOUNT_SID else missing(request)


def failure_of(status: int, retry_after: int | None) -> Response:
    code, message = (20429, "Too Many Requests") if status == 429 else (20500, "An internal error has occurred")
    return error_answer(status, code, message, retry_headers(retry_after))


class Refused(Exception):
    """A request this vendor does not take: its own error code and what it says."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def page_frame(
    path: str,
    filters: dict[str, str],
    size: int,
    page: int,
    token: str | None,
    rows: int,
    following: str | None,
    previous: str | None,
) -> dict[str, object]:
    """The frame around a page. Its addresses start at the host's root and keep the filters that were asked."""

    def uri(number: int, token: str | None) -> str:
        asked = {**filters, "PageSize": size, "Page": number, **({"PageToken": token} if token else {})}
        return f"{path}?{urlencode(asked)}"

    start = page * size
    return {
        "end": start + max(rows - 1, 0),
        "first_page_uri": uri(0, None),
        "next_page_uri": uri(page + 1, following) if following else None,
        "page": page,
        "page_size": size,
        "previous_page_uri": uri(max(page - 1, 0), previous) if previous else None,
        "start": start,
        "uri": uri(page, token),
    }


def gmt_day(name: str, text: str | None) -> date | None:
    """Only the GMT day of what is given counts, however the moment is spelled."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except ValueError:
            raise Refused(20001, f"Invalid date for {name}") from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def page_size(request: Request) -> int:
    size = whole(request, "PageSize", PAGE_SIZE, 1)
    if size > MOST_A_PAGE:
        raise Refused(20007, f"Page size must be at most {MOST_A_PAGE}")
    return size


def whole(request: Request, name: str, default: int, least: int) -> int:
    text = request.query_params.get(name, str(default))
    if not text.isdecimal() or int(text) < least:
        raise Refused(20001, f"Invalid {name}")
    return int(text)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def rfc_2822(moment: datetime) -> str:
    """`Fri, 24 May 2019 17:44:46 +0000`"""
    return format_datetime(moment.astimezone(UTC))


def error_answer(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return json_answer({"code": code, "message": message, "more_info": more, "status": status}, status, headers)


def missing(request: Request) -> Response:
    path = API + request.url.path.partition(API)[2]
    return error_answer(404, 20404, f"The requested resource {path} was not found")


async def not_found(request: Request) -> Response:
    return missing(request)
