"""Whatever a body is, reading it ends in events or in `MalformedError`, and no text of it is in the error."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from connectors.errors import MalformedError
from connectors.events import Delivery, Event, Refused
from tests.connectors.webhooks.senders import NOW, SENDERS, SIGNED, URL, Sender, named, with_body

CANARY = "Zanzibar"
every = pytest.mark.parametrize("sender", SENDERS, ids=named)


def read(sender: Sender, delivery: Delivery) -> list[Event] | None:
    """None when it makes no sense."""
    try:
        return sender.receiver.events(delivery)
    except MalformedError as error:
        assert CANARY not in str(error)
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
        return None


@every
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"7",
        b'"Zanzibar"',
        b"[" * 200_000,
        b'{"a":' * 200_000,
        b"[" * 200 + b"]" * 200,
        b"\xff\xfe\x00{",
        b'{"Zanzibar":"\xc3\x28"}',
        b"\xef\xbb\xbf{}",
        '{"object":"Zanzibar"}'.encode("utf-16"),
        b'{"a":NaN}',
        b"{}{}",
        b"cdr=%FF%FE",
        b"cdr=%",
        b"&" * 100_000,
        b"a=1&a=2",
        b"MessageSid=%F0%28",
    ],
)
def test_a_body_that_is_none_is_malformed(sender: Sender, body: bytes) -> None:
    assert read(sender, with_body(sender.delivery(), body)) in (None, [])


@pytest.mark.parametrize("sender", [s for s in SENDERS if not s.form and s.name != "freeswitch"], ids=named)
def test_a_name_that_is_given_twice_and_a_zero_byte_are_malformed(sender: Sender) -> None:
    assert read(sender, sender.delivery()) is not None
    twice = sender.body[:-1] + b',"twice":1,"twice":2}'
    deep = sender.body[:-1] + b',"deep":[{"twice":1,"twice":2}]}'
    zero = sender.body[:-1] + b',"zero":"a\\u0000b"}'
    for body in (twice, deep, zero):
        assert read(sender, with_body(sender.delivery(), body)) is None


def _odd(chance: random.Random) -> Any:
    return chance.choice(
        [
            None,
            True,
            -1,
            10**40,
            1e300,
            "",
            CANARY,
            "x" * 5000,
            "\u202e\U0001f600",
            "9" * 60,
            [],
            {},
            [[[]]],
            {"id": {}},
            [None, 7, "a", {}],
            {"a": {"b": {"c": 1}}},
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-14:00",
            -(2**63),
            2**64,
        ]
    )


def _worse(value: Any, chance: random.Random, odds: float) -> Any:
    if chance.random() < odds:
        return _odd(chance)
    if isinstance(value, dict):
        return {name: _worse(one, chance, odds) for name, one in value.items() if chance.random() > odds / 3}
    if isinstance(value, list):
        return [_worse(one, chance, odds) for one in value for _ in range(chance.choice((1, 1, 1, 2)))]
    return value


@pytest.mark.parametrize("sender", [s for s in SENDERS if not s.form], ids=named)
def test_odd_values_anywhere_are_malformed_or_left_out(sender: Sender) -> None:
    chance, whole = random.Random(5), json.loads(sender.body)
    for turn in range(2500):
        worse = _worse(whole, chance, (0.03, 0.1, 0.3)[turn % 3])
        read(sender, with_body(sender.delivery(), json.dumps(worse).encode()))


@every
def test_flipped_bits_of_a_body_end_well(sender: Sender) -> None:
    chance, whole = random.Random(6), sender.delivery()
    for _ in range(2000):
        body = bytearray(whole.body)
        for _ in range(chance.choice((1, 2, 20))):
            body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
        read(sender, with_body(whole, bytes(body)))


@every
def test_odd_addresses_and_headers_are_refused_and_nothing_else(sender: Sender) -> None:
    for url in ("", "https://[", "\udcff", f"{URL}?{'a=1&' * 5000}", f"{URL}?%FF=%FF"):
        for value in ("\udcff", "x" * 100_000, "v1," * 1000, "Bearer ", "Basic !", "sha256=é"):
            headers = dict.fromkeys(sender.delivery().headers, value)
            for method in ("GET", "POST", "HEAD", "PATCH"):
                delivery = Delivery(method, url, headers, sender.body, NOW)
                with pytest.raises(Refused):
                    sender.receiver.verify(delivery, sender.secrets, NOW)


def test_a_giant_batch_of_ours_is_malformed() -> None:
    assert read(SIGNED, SIGNED.told({"events": [{"id": "e", "changes": []}] * 1001})) is None
