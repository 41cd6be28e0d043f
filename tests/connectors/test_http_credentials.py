"""connectors/http.py: credentials that are fixed, and tokens that are fetched, renewed and waited for."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from typing import Any

import httpx
import pytest

from connectors.deadline import Deadline
from connectors.errors import (
    ConnectorError,
    MalformedError,
    RateLimitedError,
    RefusedError,
    TimedOutError,
    UnavailableError,
)
from connectors.http import ClientCredentials, StaticAuth, VendorHttp, basic
from connectors.testing.faults import CANARY
from tests.connectors.http_client import Recorder, Thing, over
from tests.connectors.support import soon


async def test_a_fixed_credential_is_refused_once():
    vendor = Recorder(httpx.Response(401))
    with pytest.raises(RefusedError):
        await over(vendor, auth=basic("a", "b")).get("/", Thing, soon())
    assert len(vendor.requests) == 1


async def test_a_refusal_that_is_expected_is_an_answer():
    answer = await over(Recorder(httpx.Response(401)), auth=basic("a", "b")).send("GET", "/", soon(), expect=(401,))
    assert answer.status == 401


class TokenVendor:
    """Hands out tokens 1, 2, 3…; those up to `refused` are not accepted."""

    def __init__(self, expires_in: float = 3600.0) -> None:
        self.expires_in = expires_in
        self.refused = 0
        self.fetched = 0
        self.token_answer: httpx.Response | Exception | None = None
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        if request.url.path == "/oauth/token":
            self.fetched += 1
            if isinstance(self.token_answer, Exception):
                raise self.token_answer
            said = {"access_token": str(self.fetched), "token_type": "bearer", "expires_in": self.expires_in}
            return self.token_answer or httpx.Response(200, json=said)
        number = int(request.headers["authorization"].removeprefix("Bearer "))
        return httpx.Response(200, json={"id": number}) if number > self.refused else httpx.Response(401)


def with_token(vendor: TokenVendor) -> VendorHttp:
    return over(vendor, auth=ClientCredentials("https://login.example.org/oauth/token", "id", "secret"))


async def test_a_token_is_fetched_once_by_all():
    vendor = TokenVendor()
    http = with_token(vendor)
    things = await asyncio.gather(*(http.get("/", Thing, soon()) for _ in range(20)))
    assert things == [Thing(1)] * 20 and vendor.fetched == 1
    first = vendor.requests[0]
    assert first.method == "POST" and first.content == b"grant_type=client_credentials"
    assert first.headers["host"] == "login.example.org"
    assert b64decode(first.headers["authorization"].removeprefix("Basic ")) == b"id:secret"


async def test_refused_at_once_by_all_a_token_is_renewed_once():
    vendor = TokenVendor()
    http = with_token(vendor)
    await http.get("/", Thing, soon())
    vendor.refused = 1
    things = await asyncio.gather(*(http.get("/", Thing, soon()) for _ in range(20)))
    assert things == [Thing(2)] * 20 and vendor.fetched == 2


async def test_a_token_that_is_never_accepted_is_refused_after_a_second_one():
    vendor = TokenVendor()
    vendor.refused = 100
    with pytest.raises(RefusedError):
        await with_token(vendor).get("/", Thing, soon())
    assert vendor.fetched == 2


async def test_a_token_that_was_refused_is_not_shown_again():
    vendor = TokenVendor()
    vendor.refused = 2
    http = with_token(vendor)
    with pytest.raises(RefusedError):
        await http.get("/", Thing, soon())
    vendor.requests.clear()
    assert await http.get("/", Thing, soon()) == Thing(3)
    assert [request.url.path for request in vendor.requests] == ["/oauth/token", "/v2/"]


async def test_each_credential_may_lose_a_connection_once():
    class Renewable(StaticAuth):
        def reject(self, value: str) -> bool:
            return True

    replies = [httpx.ReadError("x"), httpx.Response(401), httpx.ReadError("x"), httpx.Response(200, json={"id": 1})]
    vendor = Recorder(*replies)
    assert await over(vendor, auth=Renewable("X-Key", "a")).get("/", Thing, soon()) == Thing(1)
    assert len(vendor.requests) == 4


@pytest.mark.parametrize(("expires_in", "used_until"), [(3600.0, 3540.0), (20.0, 10.0)])
async def test_a_token_is_renewed_before_it_ends(expires_in: float, used_until: float):
    vendor = TokenVendor(expires_in)
    http = with_token(vendor)
    now = [1000.0]

    def until() -> Deadline:
        return Deadline.after(30, clock=lambda: now[0])

    for at, fetched in ((0.0, 1), (used_until - 1, 1), (used_until, 2), (used_until + 1, 2)):
        now[0] = 1000.0 + at
        await http.get("/", Thing, until())
        assert vendor.fetched == fetched


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_client"}), RefusedError),
        (httpx.Response(401), RefusedError),
        (httpx.Response(429, headers={"Retry-After": "5"}), RateLimitedError),
        (httpx.Response(500), UnavailableError),
        (httpx.Response(200, text="<html>"), MalformedError),
        (httpx.Response(200, json={"token": CANARY}), MalformedError),
        (httpx.ConnectError(CANARY), UnavailableError),
    ],
)
async def test_a_token_that_cannot_be_had_is_a_leaf(answer: Any, error: type[ConnectorError]):
    vendor = TokenVendor()
    vendor.token_answer = answer
    with pytest.raises(error):
        await with_token(vendor).get("/", Thing, soon())
    vendor.token_answer = None
    assert isinstance(await with_token(vendor).get("/", Thing, soon()), Thing)


async def test_nobody_waits_for_a_token_beyond_his_own_deadline():
    asked = asyncio.Event()

    async def vendor(request: httpx.Request) -> httpx.Response:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    http = over(vendor, auth=ClientCredentials("https://login.example.org/oauth/token", "id", "secret"))
    patient = asyncio.create_task(http.get("/", Thing, Deadline.after(30)))
    await asked.wait()
    with pytest.raises(TimedOutError):
        await http.get("/", Thing, Deadline.after(0.02))
    patient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await patient
