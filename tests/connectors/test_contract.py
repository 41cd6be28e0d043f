"""The contract suite is proved itself: a good connector meets it, and each rule is broken once on purpose.

Acme Desk is an invented vendor: an ASGI application with tokens, pages by offset and exact windows.
"""

from __future__ import annotations

import inspect
import logging
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.base import Capabilities, Fetched, Page, Query, SourceConfig, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.errors import ConnectorError, MalformedError, UnavailableError
from connectors.http import Auth, ClientCredentials, segment
from connectors.identifiers import email, external
from connectors.interaction import (
    Channel,
    Direction,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    Record,
    SourceKind,
)
from connectors.testing.contract import ConnectorContract, Known, Subject, TokenContract
from tests.connectors.support import NOW

ANNA, BRUNO = email("anna@example.org"), email("bruno@example.org")
assert ANNA is not None and BRUNO is not None
PAGE_SIZE = 4


class Talk(msgspec.Struct):
    id: str
    person: str
    at: datetime


class Talks(msgspec.Struct):
    talks: list[Talk]
    more: bool


class Person(msgspec.Struct):
    id: str
    email: str


TALKS = [Talk(f"talk-{n:02}", "person-1", NOW - timedelta(days=n // 3)) for n in range(20)]
PEOPLE = [Person("person-1", "anna@example.org")]


def desk() -> Starlette:
    """Refuses every token but its own."""

    async def token(request: Request) -> Response:
        return JSONResponse({"access_token": "acme-token", "expires_in": 3600})

    def guarded(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != "Bearer acme-token":
                return Response(status_code=401)
            found = answer(request)
            return Response(status_code=404) if found is None else JSONResponse(msgspec.to_builtins(found))

        return endpoint

    def people(request: Request) -> Any:
        return [p for p in PEOPLE if request.query_params.get("email", p.email) == p.email]

    def person(request: Request) -> Any:
        return next((p for p in PEOPLE if p.id == request.path_params["id"]), None)

    def talk(request: Request) -> Any:
        return next((t for t in TALKS if t.id == request.path_params["id"]), None)

    def talks(request: Request) -> Any:
        asked = request.query_params
        start, end = (datetime.fromisoformat(asked[k]) if k in asked else None for k in ("start", "end"))
        rows = [t for t in TALKS if t.person in asked["people"].split(",") and Window(start, end).holds(t.at)]
        rows.sort(key=lambda t: t.at, reverse="ascending" not in asked)
        offset = int(asked.get("offset", 0))
        return Talks(rows[offset : offset + PAGE_SIZE], offset + PAGE_SIZE < len(rows))

    return Starlette(
        routes=[
            Route("/oauth/token", token, methods=["POST"]),
            Route("/people", guarded(people)),
            Route("/people/{id}", guarded(person)),
            Route("/talks", guarded(talks)),
            Route("/talks/{id}", guarded(talk)),
        ]
    )


class AcmeCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client_id: str
    client_secret: str


class AcmeDesk(VendorConnector):
    vendor = "acme_desk"
    kind = SourceKind.CHAT
    channels = frozenset({Channel.CHAT})
    Credentials = AcmeCredentials
    capabilities = Capabilities(
        seek=True, ascending=True, finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.EXTERNAL_ID})
    )

    def auth(self) -> Auth:
        known = self.credentials
        return ClientCredentials("https://acme.example.org/oauth/token", known.client_id, known.client_secret)

    async def check(self, deadline: Deadline) -> None:
        await self.http.get("/people", list[Person], deadline, [("email", "nobody@example.org")])

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        people: list[Person | None] = []
        for identifier in identifiers:
            if identifier.kind is IdentifierKind.EMAIL:
                params = [("email", identifier.value)]
                people += await self.http.get("/people", list[Person], deadline, params)
            else:
                people.append(await self.http.get_or_none(f"/people/{segment(identifier.value)}", Person, deadline))
        return [self.record(person) for person in people if person is not None]

    def record(self, person: Person) -> Record:
        address = email(person.email)
        held = [external(self.name, person.id), *([address] if address else [])]
        return Record(source=self.name, id=person.id, identifiers=tuple(HeldIdentifier(i, True) for i in held))

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        offset = query.cursor or 0
        params: list[tuple[str, str | int]] = [("people", ",".join(r.id for r in records)), ("offset", offset)]
        edges = (("start", query.window.start), ("end", query.window.end))
        params += [(name, at.isoformat()) for name, at in edges if at is not None]
        params += [("ascending", 1)] if query.ascending else []
        found = await self.http.get("/talks", Talks, deadline, params)
        return Fetched([self.row(t) for t in found.talks], offset + PAGE_SIZE if found.more else None)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        talk = await self.http.get_or_none(f"/talks/{segment(external_id)}", Talk, deadline)
        return None if talk is None else self.row(talk)

    def row(self, talk: Talk) -> Interaction:
        return Interaction(
            source=self.name,
            external_id=talk.id,
            record_id=talk.person,
            channel=Channel.CHAT,
            direction=Direction.INBOUND,
            started_at=talk.at,
            last_activity_at=talk.at,
            status=InteractionStatus.COMPLETED,
        )


def subject_of(cls: type[AcmeDesk]) -> Subject:
    config = SourceConfig(
        "desk",
        "https://acme.example.org",
        credentials={"client_id": "the-client", "client_secret": "the-secret-of-it"},
    )
    return Subject.over_asgi(
        desk(),
        lambda transport: cls(config, transport, utc_now=lambda: NOW),
        known=ANNA,
        stranger=BRUNO,
        token_path="/oauth/token",
    )


class TestAcmeDesk(ConnectorContract, TokenContract):
    @pytest.fixture
    def subject(self) -> Subject:
        return subject_of(AcmeDesk)


class ShowsOthers(AcmeDesk):
    """Says of every row that it is of whom it asked about."""

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        fetched = await super().fetch_page(records, query, deadline)
        rows = [msgspec.structs.replace(row, record_id=records[0].id) for row in fetched.items]
        return Fetched(rows, fetched.cursor)


class FindsAnybody(AcmeDesk):
    async def find(self, identifiers: Any, deadline: Deadline) -> list[Record]:
        return await self.fetch_records([i for i in identifiers if i.kind in self.capabilities.finds_by], deadline)


class GoesItsOwnWay(AcmeDesk):
    """Without the guards: neither exact windows nor an order within ties."""

    async def interactions(self, records: Sequence[Record], window: Window, *rest: Any, **options: Any) -> Page:
        page = await super().interactions(records, Window(), *rest, **options)
        return Page(page.items[::-1], page.next, page.reached)


class CutsTheWindowShort(AcmeDesk):
    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        fetched = await super().fetch_page(records, query, deadline)
        end = query.window.end
        return Fetched([r for r in fetched.items if end is None or r.started_at < end - timedelta(days=1)], None)


class TellsAll(AcmeDesk):
    """The vendor's words, and the customer's, in the error."""

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        try:
            return await super().fetch_records(identifiers, deadline)
        except ConnectorError as error:
            raise type(error)(self.name, f"about {identifiers[0].value}") from error


class LogsAll(AcmeDesk):
    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        logging.getLogger("acme").debug("asking for %s", identifiers[0].value)
        return await super().fetch_records(identifiers, deadline)


class SwallowsFailures(AcmeDesk):
    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        try:
            return await super().fetch_page(records, query, deadline)
        except UnavailableError:
            return Fetched(())


class TrustsAnything(AcmeDesk):
    async def check(self, deadline: Deadline) -> None:
        await self.http.send("GET", "/people", deadline)


class ForgetsTheDeadline(AcmeDesk):
    async def check(self, deadline: Deadline) -> None:
        await super().check(Deadline.after(5))


class NeverEnds(AcmeDesk):
    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        fetched = await super().fetch_page(records, query, deadline)
        return Fetched(fetched.items, (query.cursor or 0) + 1, reached=NOW)


class StaysOpen(AcmeDesk):
    async def aclose(self) -> None:
        """Leaves its connections behind."""


class ForgetsNoToken(AcmeDesk):
    """Each question fetches a token of its own."""

    async def find(self, identifiers: Any, deadline: Deadline) -> list[Record]:
        self.http._auth = self.auth()
        return await super().find(identifiers, deadline)


class LeaksForeignErrors(AcmeDesk):
    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        try:
            return await super().fetch_one(external_id, deadline)
        except MalformedError:
            raise ValueError(external_id) from None


BROKEN = [
    (ShowsOthers, "test_rows_of_others_never_surface", {}),
    (FindsAnybody, "test_nothing_is_asked_about_nobody", {}),
    (GoesItsOwnWay, "test_a_window_is_exact", {"ascending": False}),
    (GoesItsOwnWay, "test_rows_come_in_order", {}),
    (CutsTheWindowShort, "test_a_window_is_exact", {"ascending": False}),
    (CutsTheWindowShort, "test_pages_of_any_size_make_the_whole", {"limit": 2, "ascending": True}),
    (TellsAll, "test_every_failure_is_a_leaf_that_tells_nothing", {"fault": "500", "operation": "find"}),
    (LogsAll, "test_every_failure_is_a_leaf_that_tells_nothing", {"fault": "500", "operation": "find"}),
    (TellsAll, "test_errors_do_not_name_the_customer", {}),
    (
        SwallowsFailures,
        "test_every_failure_is_a_leaf_that_tells_nothing",
        {"fault": "502", "operation": "interactions"},
    ),
    (
        TrustsAnything,
        "test_every_failure_is_a_leaf_that_tells_nothing",
        {"fault": "HTML with 200", "operation": "check"},
    ),
    (ForgetsTheDeadline, "test_nothing_is_asked_after_the_deadline", {"operation": "check"}),
    (NeverEnds, "test_a_vendor_stuck_on_one_page_is_left", {}),
    (StaysOpen, "test_closing_closes_the_transport", {}),
    (ForgetsNoToken, "test_a_token_is_fetched_once_for_all", {}),
    (LeaksForeignErrors, "test_every_failure_is_a_leaf_that_tells_nothing", {"fault": "null", "operation": "get"}),
]


@pytest.mark.parametrize(
    ("cls", "rule", "asked"), BROKEN, ids=[f"{cls.__name__}-{rule.removeprefix('test_')}" for cls, rule, _ in BROKEN]
)
async def test_a_broken_connector_is_found_out(
    cls: type[AcmeDesk], rule: str, asked: dict[str, Any], caplog: pytest.LogCaptureFixture
):
    subject, good = subject_of(cls), subject_of(AcmeDesk)
    at_hand = {
        "subject": subject,
        "known": await Known.of(good),
        "connector": subject.connect(subject.transport),
        "caplog": caplog,
        **asked,
    }
    contract = TestAcmeDesk()
    test = getattr(contract, rule)
    with pytest.raises((AssertionError, ExceptionGroup, ConnectorError, pytest.fail.Exception)) as found:
        await test(**{name: at_hand[name] for name in inspect.signature(test).parameters})
    assert str(asked.get("fault", "")) in str(found.value)


@pytest.mark.parametrize("package", ["pytest", "aiohttp"])
def test_what_not_everybody_needs_is_not_loaded(package: str):
    """The library is used without the suite; a transport that is not ours takes a tenth of a second to load."""
    code = f"import sys, connectors.base, connectors.mapping, connectors.registry; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
