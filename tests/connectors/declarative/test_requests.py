"""What a value may hold never changes what is asked: the same path, parameters and keys, whatever it says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Query, SourceConfig, Window
from connectors.declarative.connector import made_of
from connectors.declarative.manifest import Request
from connectors.declarative.reading import read
from connectors.declarative.templates import fill, fill_link
from connectors.errors import ConnectorError, MalformedError
from connectors.http import VendorHttp
from connectors.identifiers import email, external, phone
from connectors.interaction import Identifier, IdentifierKind, Record
from connectors.testing.walks import deadline
from tests.connectors.declarative.support import FIELDS, HEAD, NOW, SMALL, Played, identified, tried

HOSTILE = [
    "x&admin=1",
    "x#fragment",
    "x?y=z",
    "../../",
    "..%2f..%2f",
    "a/b",
    '"}',
    '", "admin": true, "x": "',
    "{record_id}",
    "{cursor}",
    "a\r\nX-Evil: 1",
    "\x00",
    "%26admin%3D1",
    "' OR 1=1 --",
    "☎️",
    "+39 333",
]
EVERYWHERE = Request(
    method="POST",
    path="/a/{identifier}/b",
    query={"fixed": "1", "q": "{identifier}", "list": ["{identifier}", 2], "absent": "{cursor}"},
    body={"who": "{identifier}", "deep": [{"x": "{identifier}"}, "{cursor}"], "limit": "{limit}", "not": "{start}"},
)


async def sent(value: str) -> httpx.Request:
    played = Played({})
    http = VendorHttp("tried", "https://api.example.org/base", played)
    filled = fill(EVERYWHERE, {"identifier": value, "limit": 7})
    await http.send("POST", filled.path, deadline(), params=filled.params, json=filled.body, expect=(404,))
    (request,) = played.asked
    return request


async def assert_the_shape_holds(value: str) -> None:
    request = await sent(value)
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    assert [unquote(part) for part in path.split("/")] == ["", "base", "a", value, "b"]
    assert parse_qsl(query, keep_blank_values=True) == [("fixed", "1"), ("q", value), ("list", value), ("list", "2")]
    assert json.loads(request.content) == {"who": value, "deep": [{"x": value}], "limit": 7}
    assert not any("evil" in name.lower() for name in request.headers)


@pytest.mark.parametrize("value", [v for v in HOSTILE if v not in ("..", ".")])
async def test_the_shape_of_a_request_does_not_depend_on_a_value(value: str) -> None:
    await assert_the_shape_holds(value)


@given(value=st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
async def test_nor_on_any_text(value: str) -> None:
    if value not in (".", ".."):
        await assert_the_shape_holds(value)


@pytest.mark.parametrize("step", [".", ".."])
async def test_a_step_is_not_sent(step: str) -> None:
    with pytest.raises(MalformedError):
        await sent(step)


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_search_for_an_odd_identifier_has_one_shape_or_is_not_sent(value: str) -> None:
    played = Played({"/people": {"people": []}})
    connector = tried(SMALL, played)
    await connector.find([external("tried", value), Identifier(IdentifierKind.EMAIL, value)], deadline())
    for request in played.asked:
        assert request.url.path == "/people"
        assert parse_qsl(request.url.query.decode()) == [("q", value)]
    assert len(played.asked) == (2 if value.isprintable() else 0)


@pytest.mark.parametrize("value", HOSTILE)
async def test_a_record_or_row_of_an_odd_id_is_asked_in_one_shape(value: str) -> None:
    played = Played({"/rows": {"rows": []}})
    connector = tried(SMALL, played)
    record = Record(source="tried", id=value, identifiers=())
    await connector.interactions([record], Window(), None, 10, deadline())
    try:
        await connector.get(value, deadline())
    except ConnectorError as error:
        assert isinstance(error, MalformedError)
    for request in played.asked:
        path, _, query = request.url.raw_path.decode("ascii").partition("?")
        if path == "/rows":
            assert parse_qsl(query) == [("of", value)]
        else:
            assert (path.count("/"), query) == (2, "")
            assert unquote(path) == f"/rows/{value}"


@pytest.mark.parametrize("value", ["x&a=1", "../..", "a b", "javascript:alert(1)", "#"])
def test_a_link_holds_a_value_as_one_part(value: str) -> None:
    link = fill_link("/#/calls/{id}", {"of": "{record_id}"}, {"id": value, "record_id": value})
    assert link is not None
    path, _, query = link.partition("?")
    assert path.split("/")[:3] == ["", "#", "calls"]
    assert unquote(path.removeprefix("/#/calls/")) == value
    assert "/" not in path.removeprefix("/#/calls/")
    assert parse_qsl(query) == [("of", value)]
    assert fill_link("/calls/{id}", {}, {"id": ".."}) is None
    assert fill_link("/calls/{id}", {}, {}) is None


SPELLINGS = [("e164", "+393331110001"), ("digits", "393331110001"), ("national", "3331110001")]


@pytest.mark.parametrize(("spelling", "expected"), SPELLINGS)
async def test_numbers_are_spelled_as_the_vendor_wants(spelling: str, expected: str) -> None:
    played = Played({"/people": {"people": []}})
    connector = tried(SMALL.replace('rows = "people"', f'rows = "people", spelling = "{spelling}"'), played)
    await connector.find([identified(phone("+393331110001")), identified(phone("+33123456789"))], deadline())
    asked = [dict(request.url.params)["q"] for request in played.asked]
    assert asked[0] == expected
    assert len(asked) == (1 if spelling == "national" else 2)


AUTHS = [
    ('{ kind = "none" }', {}, None, ""),
    ('{ kind = "basic" }', {"user": "u", "password": "p"}, "authorization", "Basic dTpw"),
    ('{ kind = "bearer" }', {"token": "t"}, "authorization", "Bearer t"),
    ('{ kind = "header", header = "X-Api-Key" }', {"key": "k"}, "x-api-key", "k"),
    ('{ kind = "header", header = "Authorization", scheme = "Token" }', {"key": "k"}, "authorization", "Token k"),
    (
        '{ kind = "client_credentials", token_path = "/t", scope = "read all", audience = "a" }',
        {"client_id": "c", "client_secret": "s"},
        "authorization",
        "Bearer given",
    ),
]


@pytest.mark.parametrize(("auth", "credentials", "header", "value"), AUTHS, ids=[auth for auth, _, _, _ in AUTHS])
async def test_requests_prove_who_asks(auth: str, credentials: dict[str, str], header: str | None, value: str) -> None:
    played = Played({"/check": {"ok": True}, "/t": {"access_token": "given"}})
    connector = tried(SMALL.replace('{ kind = "none" }', auth), played, credentials=credentials)
    await connector.check(deadline())
    asked = played.asked[-1]
    assert asked.url.path == "/check"
    assert header is None or asked.headers[header] == value
    if "client_credentials" in auth:
        assert played.asked[0].content == b"grant_type=client_credentials&scope=read+all&audience=a"
        assert played.asked[0].headers["authorization"] == "Basic Yzpz"


async def test_fixed_headers_and_truth_values_are_sent() -> None:
    text = SMALL.replace(
        'path = "/check"', 'path = "/check", headers = { X-Version = "2" }, query = { all = true, n = 1.5 }'
    )
    played = Played({"/check": {"ok": True}})
    await tried(text, played).check(deadline())
    (asked,) = played.asked
    assert asked.headers["x-version"] == "2"
    assert asked.url.query == b"all=true&n=1.5"


WINDOW = """\
[[interactions]]
rows = "rows"
order = "newest"
window = {window}
requests = [{{ path = "/rows", query = {{ of = "{{record_id}}", from = "{{start}}", to = "{{end}}" }} }}]
"""
WINDOWS = [
    ("{}", "2026-11-20T08:30:15Z", "2026-11-23T09:00:01Z"),
    ('{ granularity = "millisecond" }', "2026-11-20T08:30:15.250Z", "2026-11-23T09:00:00.500Z"),
    ('{ granularity = "exact" }', "2026-11-20T08:30:15.250000Z", "2026-11-23T09:00:00.500001Z"),
    ('{ granularity = "minute", end = "inclusive" }', "2026-11-20T08:30:00Z", "2026-11-23T09:00:00Z"),
    ('{ granularity = "day", format = "%Y-%m-%d" }', "2026-11-20", "2026-11-24"),
    ('{ granularity = "day", format = "%d/%m/%Y", end = "inclusive" }', "20/11/2026", "23/11/2026"),
    ('{ format = "epoch_seconds" }', "1795163415", "1795424401"),
    ('{ format = "epoch_milliseconds", granularity = "millisecond" }', "1795163415250", "1795424400500"),
    ('{ format = "%Y-%m-%d %H:%M:%S" }', "2026-11-20 09:30:15", "2026-11-23 10:00:01"),
    ('{ format = "%Y-%m-%dT%H:%M:%S%z" }', "2026-11-20T09:30:15+0100", "2026-11-23T10:00:01+0100"),
]


@pytest.mark.parametrize(("window", "start", "end"), WINDOWS, ids=[window for window, _, _ in WINDOWS])
async def test_a_window_is_asked_wide_in_the_vendors_own_words(window: str, start: str, end: str) -> None:
    played = Played({"/rows": {"rows": []}})
    connector = tried(HEAD + WINDOW.format(window=window) + FIELDS, played, time_zone="Europe/Rome")
    asked = Window(
        NOW.replace(day=20, hour=8, minute=30, second=15, microsecond=250_000), NOW.replace(microsecond=500_000)
    )
    record = Record(source="tried", id="1", identifiers=())
    await connector.fetch_page([record], Query(asked, 10), deadline())
    params: dict[str, Any] = dict(played.asked[0].url.params)
    assert (params["from"], params["to"]) == (start, end)


async def test_an_open_window_is_not_asked_for() -> None:
    played = Played({"/rows": {"rows": []}})
    connector = tried(HEAD + WINDOW.format(window="{}") + FIELDS, played)
    await connector.interactions([Record(source="tried", id="1", identifiers=())], Window(), None, 10, deadline())
    assert dict(played.asked[0].url.params) == {"of": "1"}


async def test_external_ids_are_asked_where_they_are_configured() -> None:
    text = SMALL.replace('"RECORD_ID"]', '"EXTERNAL_ID"]').replace(
        'id = "id", emails', 'id = "id", external_id = "crm", emails'
    )
    played = Played({"/people": {"people": [{"id": 1, "crm": "C-1"}]}})
    manifest = read(text, "tried.toml")
    config = SourceConfig("tried", "https://api.example.org", options={"manifest": "t"}, external_id_source="crm")
    connector = made_of(manifest)(config, played, lambda: NOW)
    (record,) = await connector.find([external("crm", "C-1")], deadline())
    assert (record.id, await connector.find([external("tried", "1")], deadline())) == ("1", [])
    assert await connector.find([identified(email("a@example.org"))], deadline()) == []
