"""What an imitated vendor is, and the pieces that all of them share.

A vendor module subclasses `Vendor`: its routes, its way to refuse a caller, its shape of an error. It reads contacts
through `self.contacts(person)`, so that the fault `foreign` reaches every vendor alike.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any, ClassVar, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sandbox.live import as_of
from sandbox.population import Contact, ContactLog, Person, Population
from sandbox.scenes import LIVE_KEYS

Clock = Callable[[], datetime]
T = TypeVar("T")

tells_foreign_rows: ContextVar[bool] = ContextVar("tells_foreign_rows", default=False)
"""Set while a request is answered with another customer's rows."""

CALLS_LEFT = "sandbox.calls_left"
"""Key of the ASGI scope: calls the caller has left in this minute, None where there is no limit."""

_encode = msgspec.json.Encoder().encode


class Memo:
    """Rows that were already written as JSON, so that a page asked again is only put together again."""

    def __init__(self, size: int = 20_000) -> None:
        self._size = size
        self._written: dict[Hashable, msgspec.Raw] = {}

    def row(self, key: Hashable, make: Callable[[], object]) -> msgspec.Raw:
        """The JSON of what `make` gives; `key` must hold everything it depends on."""
        written = self._written.get(key)
        if written is None:
            if len(self._written) >= self._size:
                self._written.clear()
            written = self._written[key] = msgspec.Raw(_encode(make()))
        return written


def json_answer(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`media_type` may be overridden by a `content-type` among `headers` (lower case)."""
    return Response(_encode(payload), status, headers, media_type="application/json")


class Vendor(ABC):
    """One imitated vendor, mounted at `/{name}`.

    `calls_per_minute`: the vendor's documented limit, enforced when the sandbox's settings or its control face say so.
    `clock` tells the current moment; contacts are told from `population.now`, and those in hand go on with the clock
    when `goes_on` is set.
    """

    name: ClassVar[str]
    plays: ClassVar[str | None] = None
    """Whose people and contacts it tells: one of the population's vendors, as if the company had this one instead."""
    calls_per_minute: ClassVar[int | None] = None

    def __init__(self, population: Population, clock: Clock) -> None:
        self.population = population
        self.clock = clock
        self.goes_on = False

    @property
    def part(self) -> str:
        return self.plays or self.name

    @abstractmethod
    def routes(self) -> Sequence[BaseRoute]: ...

    @abstractmethod
    def refusal(self, request: Request) -> Response | None:
        """The vendor's answer to a caller without its credentials; None for a caller that may go on."""

    def failure(self, status: int, retry_after: int | None) -> Response:
        """The vendor's own shape of an error; 429 is asked here too, with the seconds to wait."""
        return json_answer({"error": "the sandbox was told to fail"}, status, retry_headers(retry_after))

    def told(self, person: Person) -> Person:
        """Whose record is shown when `person` was found: somebody else's while the fault `foreign` is on."""
        return self.population.another(person, self.part) if tells_foreign_rows.get() else person

    def contacts(self, person: Person) -> ContactLog:
        """The contacts shown when `person`'s were asked, newest first; somebody else's while `foreign` is on."""
        log = self.population.contacts(self.told(person), self.part)
        if not self.goes_on or person.key not in LIVE_KEYS:
            return log
        return ContactLog(len(log), log.starts_at, lambda at: as_of(log[at], self.population.now, self.clock()))

    def contact(self, number: int) -> Contact | None:
        """The contact of this number; while `foreign` is on, the newest one of somebody else."""
        found = self.population.contact(self.part, number)
        if found is None:
            return None
        if self.told(found.person) is not found.person:
            return next(iter(self.contacts(found.person)), None)
        return as_of(found, self.population.now, self.clock()) if self.goes_on else found

    def people(self) -> tuple[Person, ...]:
        return self.population.people_in(self.part)


def retry_headers(retry_after: int | None) -> dict[str, str]:
    return {} if retry_after is None else {"retry-after": str(retry_after)}


def root_url(request: Request) -> str:
    """Where this vendor is mounted, as the caller sees it, without a slash at the end."""
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"


def basic_credentials(request: Request) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None


def has_basic(request: Request, user: str, password: str) -> bool:
    given = basic_credentials(request)
    return given is not None and same(given[0], user) and same(given[1], password)


def same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def page_of(rows: Sequence[T], page: int, per_page: int) -> Sequence[T]:
    """The rows of a page that counts from 1."""
    return rows[(page - 1) * per_page : page * per_page]


def whole_number(value: str | None, default: int, least: int = 1, most: int | None = None) -> int:
    """A number as lenient vendors read it: what is missing or no number is the default, the rest is clipped."""
    try:
        number = default if value is None else int(value)
    except ValueError:
        number = default
    return max(least, number if most is None else min(number, most))


def iso_seconds(moment: datetime | None) -> str | None:
    """`2026-11-23T01:50:47Z`"""
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_millis(moment: datetime | None) -> str | None:
    """`2026-11-23T01:50:47.000Z`"""
    if moment is None:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1_000:03}Z"


def first_with(items: Iterable[T], holds: Callable[[T], Any]) -> T | None:
    return next((item for item in items if holds(item)), None)
