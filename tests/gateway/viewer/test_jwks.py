"""Issuers' keys: rotated, flooded with unknown ids, away for a day."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from gateway.errors import UnauthenticatedError
from gateway.viewer.jwks import Algorithm, RemoteKeys, read_key_set
from gateway.viewer.tokens import TokenVerifier, TrustedIssuer
from tests.gateway.viewer.support import (
    NOW,
    Clock,
    Endpoint,
    b64,
    claims,
    fixed_verifier,
    jwk,
    jwks,
    private,
    section,
    token,
)

RS256 = Algorithm.RS256
URL = "https://login.example.org/keys/?v=1"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def endpoint():
    return Endpoint(jwks(jwk(private("RS256"), "old")))


@pytest.fixture
async def keys(endpoint, clock):
    remote = RemoteKeys(URL, endpoint, clock)
    yield remote
    await remote.aclose()


async def test_keys_are_fetched_once_in_ten_minutes(keys, endpoint, clock):
    assert endpoint.calls == 0
    for _ in range(100):
        assert await keys.key("old", RS256)
    assert endpoint.calls == 1
    clock.seconds += 599
    assert await keys.key("old", RS256)
    assert endpoint.calls == 1
    clock.seconds += 1
    assert await keys.key("old", RS256)
    assert endpoint.calls == 2


async def test_a_rotated_key_is_found_at_its_first_token_and_the_old_one_goes(keys, endpoint, clock):
    assert await keys.key("old", RS256)
    clock.seconds += 31
    endpoint.body = jwks(jwk(private("RS256", 1), "new"))
    assert await keys.key("new", RS256)
    assert await keys.key("old", RS256) is None
    assert endpoint.calls == 2


async def test_a_key_that_was_taken_back_counts_for_ten_minutes_at_most(keys, endpoint, clock):
    assert await keys.key("old", RS256)
    endpoint.body = jwks(jwk(private("RS256", 1), "new"))
    clock.seconds += 600
    assert await keys.key("old", RS256) is None


async def test_a_flood_of_unknown_ids_costs_two_fetches(endpoint, clock):
    verifier = TokenVerifier([TrustedIssuer(section(), RemoteKeys(URL, endpoint, clock))], 30, lambda: NOW)
    assert await verifier.verify(token(kid="old"))
    clock.seconds += 31
    forged = token(key=private("RS256", 2), kid="KID").split(".")
    refused = 0
    for number in range(10_000):
        clock.seconds += 0.002  # ten thousand in twenty seconds
        header = token({}, kid=f"kid-{number}", algorithm="none", alg="RS256").split(".")[0]
        try:
            await verifier.verify(f"{header}.{forged[1]}.{forged[2]}")
        except UnauthenticatedError:
            refused += 1
    assert (refused, endpoint.calls) == (10_000, 2)
    assert await verifier.verify(token(kid="old"))
    await verifier.aclose()


async def test_unknown_ids_are_asked_for_every_thirty_seconds_at_most(keys, endpoint, clock):
    for _ in range(600):
        await keys.key("unknown", RS256)
        clock.seconds += 1
    assert endpoint.calls == 20


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("down"),
        httpx.Response(503, stream=httpx.ByteStream(b"")),
        httpx.Response(200, stream=httpx.ByteStream(b"<html>")),
        httpx.Response(200, stream=httpx.ByteStream(b'{"keys": []}')),
        httpx.Response(200, stream=httpx.ByteStream(b"x" * 300_000)),
        httpx.Response(302, headers={"location": "https://evil.example.org"}, stream=httpx.ByteStream(b"")),
    ],
    ids=["unreachable", "503", "no JSON", "no keys", "too large", "redirect"],
)
async def test_keys_of_the_last_day_count_while_the_issuer_is_away(keys, endpoint, clock, answer):
    assert await keys.key("old", RS256)
    endpoint.answer = answer
    clock.seconds += 600
    for _ in range(50):
        assert await keys.key("old", RS256)
    asked = endpoint.calls
    assert asked <= 3, "a dropped connection is tried twice, and then there is a pause"
    clock.seconds += 23 * 3600
    assert await keys.key("old", RS256)
    clock.seconds += 3600
    assert await keys.key("old", RS256) is None
    endpoint.answer = None
    clock.seconds += 31
    assert await keys.key("old", RS256)


async def test_many_who_wait_ask_once_and_one_who_leaves_ends_it_for_nobody(clock):
    asked, answer = asyncio.Event(), asyncio.Event()

    class Slow(Endpoint):
        async def handle_async_request(self, request):
            asked.set()
            await answer.wait()
            return await super().handle_async_request(request)

    endpoint = Slow(jwks(jwk(private("RS256"), "old")))
    remote = RemoteKeys(URL, endpoint, clock)
    waiting = [asyncio.create_task(remote.key("old", RS256)) for _ in range(50)]
    await asked.wait()
    waiting[0].cancel()
    answer.set()
    first, *others = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert all(others)
    assert endpoint.calls == 1


def test_keys_that_are_not_for_this_are_left_out():
    good = jwk(private("RS256"), "good")
    listed = [
        good,
        jwk(private("RS256"), None),
        jwk(private("RS256"), ""),
        jwk(private("RS256"), "encrypts", use="enc"),
        jwk(private("RS256"), "wraps", key_ops=["wrapKey"]),
        jwk(private("RS256"), "other algorithm", alg="RS512"),
        {
            "kty": "RSA",
            "e": "AQAB",
            "kid": "weak",
            "n": b64(private("weak").public_key().public_numbers().n.to_bytes(128)),
        },
        jwk(private("ES384"), "other curve"),
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "kid": "symmetric"},
        {"kty": "RSA", "n": "AQAB", "kid": "half"},
        {"kty": "RSA", "n": 1, "e": [], "kid": "no text"},
        {"kty": "AKP", "kid": "of tomorrow"},
        "no object",
        jwk(private("EdDSA"), "good"),
        jwk(private("RS256", 1), "good"),
    ]
    keys = read_key_set(json.dumps({"keys": listed}).encode())
    assert set(keys) == {("good", Algorithm.RS256), ("good", Algorithm.EDDSA)}
    assert keys["good", RS256].as_dict(private=False)["n"] == good["n"], "the first of two alike"


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": 3}', b"\xff", b"[" * 100_000])
def test_what_is_no_key_set_has_no_keys(content):
    assert read_key_set(content) == {}


def test_a_private_key_that_an_issuer_publishes_by_mistake_is_not_kept():
    published = {**jwk(private("EdDSA"), "k"), "d": b64(private("EdDSA").private_bytes_raw())}
    (key,) = read_key_set(json.dumps({"keys": [published]}).encode()).values()
    assert not key.is_private


async def test_tokens_of_an_unreachable_issuer_are_refused_like_any_other(endpoint, clock):
    endpoint.answer = httpx.ConnectError("down")
    verifier = TokenVerifier([TrustedIssuer(section(), RemoteKeys(URL, endpoint, clock))], 30, lambda: NOW)
    with pytest.raises(UnauthenticatedError):
        await verifier.verify(token(claims(), kid="old"))
    assert await fixed_verifier().verify(token())
