"""Whom Request Tracker's users are found as."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
import pytest
import respx

from connectors import identifiers
from connectors.errors import RefusedError
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind
from connectors.ticketing.request_tracker import RequestTracker
from tests.connectors.support import connect, router, soon
from tests.connectors.ticketing.request_tracker.fake import FakeTickets, Row, person, ticket

BASE = "https://help.example.com/rt"
AT = datetime(2026, 11, 2, tzinfo=UTC)
EMAIL = identifiers.email("Giulia.Bianchi@example.org")
PHONE = identifiers.phone("+393331112222")
assert EMAIL is not None and PHONE is not None

GIULIA = person(
    "vm-giulia",
    "Giulia.Bianchi@Example.org",
    RealName="Giulia Bianchi",
    MobilePhone="+39 333 111 2222",
    WorkPhone="02 / 1234567",
    HomePhone="",
    Created="2026-01-02T03:04:05Z",
) | {"CustomFields": [{"id": "2", "name": "CRM", "values": ["C-77", ""]}, {"id": "3", "name": "Else", "values": [{}]}]}
ANNA = person("anna", "anna.verdi@example.org", MobilePhone="+39 333 111 22229")
RT_ITSELF = [person("Nobody", ""), person("RT_System", ""), person("root", "root@localhost")]


class FakeUsers:
    """Conditions on columns it may search are kept, others are dropped, as the real one does."""

    def __init__(self, users: list[Row], searchable: tuple[str, ...] = ("Name", "RealName", "EmailAddress")) -> None:
        self.users, self.searchable = users, searchable
        self.asked: list[Row] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        [condition] = json.loads(request.url.params["query"])
        self.asked.append(condition)
        found = self.users
        if condition["field"] in self.searchable:
            found = [user for user in found if self._fits(user, condition)]
        elif condition["field"] == "CustomField.{CRM}" and "CRM" in self.searchable:
            found = [user for user in found if condition["value"] in str(user.get("CustomFields"))]
        items = found[: int(request.url.params["per_page"])]
        return httpx.Response(200, json={"items": items, "total": len(found), "pages": 1, "page": 1, "per_page": 100})

    def _fits(self, user: Row, condition: Row) -> bool:
        held, sought = user.get(condition["field"], "").casefold(), condition["value"].casefold()
        return sought in held if condition["operator"] == "LIKE" else held == sought


def over(users: Any = None, tickets: Any = None, **config: Any) -> RequestTracker:
    routes: respx.MockRouter = router()
    if users is not None:
        routes.get(f"{BASE}/REST/2.0/users").mock(side_effect=users)
    if tickets is not None:
        routes.get(f"{BASE}/REST/2.0/tickets").mock(side_effect=tickets)
    config.setdefault("credentials", {"user": "gateway", "password": "s3cret"})
    return connect(RequestTracker, routes, BASE, **config)


def with_crm(**config: Any) -> Any:
    return {"external_id_source": "crm", "options": {"external_id_field": "CRM"}, **config}


async def test_a_record_carries_all_that_reaches_the_user_and_no_verification() -> None:
    [record] = await over(FakeUsers([GIULIA, ANNA]), **with_crm()).find([EMAIL], soon())
    assert record.id == "vm-giulia"
    assert (record.name, record.since) == ("Giulia Bianchi", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert record.identifiers == (
        HeldIdentifier(identifiers.external("request_tracker", "vm-giulia"), verified=True),
        HeldIdentifier(identifiers.external("crm", "C-77")),
        HeldIdentifier(EMAIL),
        HeldIdentifier(PHONE),
        HeldIdentifier(Identifier(IdentifierKind.PHONE, "+39021234567")),
    )


async def test_a_dropped_condition_gives_nobody_and_tickets_are_asked_instead() -> None:
    users = FakeUsers([*RT_ITSELF, ANNA], searchable=())
    tickets = FakeTickets([ticket(1, AT, ANNA), ticket(2, AT, GIULIA)])
    found = await over(users, tickets).find([EMAIL], soon())
    assert [record.id for record in found] == ["vm-giulia"]
    assert tickets.queries[0] == "Type = 'ticket' AND Requestor.EmailAddress = 'giulia.bianchi@example.org'"


async def test_a_phone_is_never_asked_of_the_users_and_is_checked_for_equality() -> None:
    users = FakeUsers(RT_ITSELF)
    tickets = FakeTickets([ticket(1, AT, ANNA), ticket(2, AT, person("boss"), GIULIA)])
    found = await over(users, tickets).find([PHONE], soon())
    assert [record.id for record in found] == ["vm-giulia"]
    assert users.asked == []
    assert "Requestor.MobilePhone LIKE '3%3%3%1%1%1%2%2%2%2'" in tickets.queries[0]


async def test_a_switchboard_shows_behind_one_busy_customer() -> None:
    people = [person(f"p{n:02}", f"p{n}@example.org", WorkPhone="02-123.45.67") for n in range(30)]
    busy = [ticket(1000 + n, AT, people[0]) for n in range(300)]
    tickets = FakeTickets([*busy, *(ticket(n, AT, someone) for n, someone in enumerate(people))])
    number = identifiers.phone("+39021234567")
    assert number is not None
    found = await over(tickets=tickets).find([number], soon())
    assert len(found) >= 6
    assert len(tickets.queries) <= 6


async def test_phones_that_the_credential_may_not_read_match_nobody() -> None:
    tickets = FakeTickets([ticket(1, AT, GIULIA)])

    def blind(request: httpx.Request) -> httpx.Response:
        body = tickets(request).json()
        for row in body["items"]:
            row["Requestor"] = [someone | {"MobilePhone": "", "CustomFields": ""} for someone in row["Requestor"]]
        return httpx.Response(200, json=body)

    assert await over(tickets=blind).find([PHONE], soon()) == []


@pytest.mark.parametrize("value", ["vm-giulia", "o'brien\\x", "12", 'say "hello"'])
async def test_its_own_id_is_asked_by_name(value: str) -> None:
    """`/user/12` would be the user with that number, and a slash in a name would be another address."""
    users = FakeUsers([person(value, "a@example.org"), *RT_ITSELF])
    found = await over(users).find([identifiers.external("request_tracker", value)], soon())
    assert [record.id for record in found] == [value]
    assert users.asked == [{"field": "Name", "operator": "=", "value": value}]


async def test_the_vendors_own_external_id_is_a_custom_field_of_users() -> None:
    users = FakeUsers([GIULIA, ANNA], searchable=("CRM",))
    assert [r.id for r in await over(users, **with_crm()).find([identifiers.external("crm", "C-77")], soon())] == [
        "vm-giulia"
    ]
    assert await over(users, **with_crm()).find([identifiers.external("crm", "C-7")], soon()) == []
    unseen = FakeUsers([person("anna") | {"CustomFields": ""}], searchable=())
    assert await over(unseen, **with_crm()).find([identifiers.external("crm", "C-77")], soon()) == []


async def test_a_source_without_a_field_for_it_does_not_ask_for_an_external_id() -> None:
    users = FakeUsers([GIULIA])
    assert await over(users, external_id_source="crm").find([identifiers.external("crm", "C-77")], soon()) == []
    assert users.asked == []


@pytest.mark.parametrize("value", ["giulia\n", "\x00", "giu\x85lia", "  "])
async def test_control_characters_are_refused_before_a_call(value: str) -> None:
    found = await over(FakeUsers([GIULIA])).find([identifiers.external("request_tracker", value)], soon())
    assert found == []


async def test_text_is_searched_column_by_column_and_checked() -> None:
    users = FakeUsers([GIULIA, ANNA, *RT_ITSELF], searchable=("RealName", "EmailAddress"))
    connector = over(users)
    assert [record.id for record in await connector.search("bianchi", 5, soon())] == ["vm-giulia"]
    assert {condition["field"] for condition in users.asked} == {"RealName", "EmailAddress", "Name"}
    assert await connector.search("%", 5, soon()) == []
    assert await connector.search("root", 5, soon()) != []


async def test_check_is_refused_for_whoever_may_not_list_users() -> None:
    await over(FakeUsers(RT_ITSELF)).check(soon())
    with pytest.raises(RefusedError):
        await over(lambda request: httpx.Response(403, json={"message": "Forbidden"})).check(soon())


@pytest.mark.parametrize(
    ("credentials", "header"),
    [
        ({"token": "1-14-abc"}, "token 1-14-abc"),
        ({"user": "gateway", "password": "s3cret"}, "Basic Z2F0ZXdheTpzM2NyZXQ="),
    ],
)
async def test_the_credential_goes_into_the_header(credentials: dict[str, str], header: str) -> None:
    seen: list[str] = []

    def users(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"items": [], "total": 0, "pages": 0.0, "page": 1, "per_page": 1})

    await over(users, credentials=credentials).check(soon())
    assert seen == [header]


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"user": "gateway"},
        {"password": "s3cret"},
        {"token": ""},
        {"token": "1-14-abc", "user": "gateway", "password": "s3cret"},
        {"token": "1-14-abc", "password": "s3cret"},
        {"key": "1-14-abc"},
    ],
)
def test_one_way_to_prove_who_asks_must_be_given(credentials: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        over(credentials=credentials)
    assert "s3cret" not in str(caught.value) and "abc" not in str(caught.value)


@pytest.mark.parametrize("options", [{"statuses": {"parked": "SLEEPING"}}, {"priorities": {"TOP": 1}}, {"colour": 1}])
def test_options_are_checked_at_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        over(options=options)
