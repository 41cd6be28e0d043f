"""Nothing but what the vendor signed is believed: every scheme, its secrets, its time, every bit of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode

import pytest

from connectors.events import Delivery, Refused
from tests.connectors.webhooks.senders import (
    CHATWOOT,
    CHATWOOT_UNSIGNED,
    DIALOG360,
    FORMBRICKS,
    KEY,
    META,
    NOW,
    SENDERS,
    SIGNED,
    SIGNERS,
    TWILIO,
    URL,
    ZENDESK,
    Sender,
    named,
    with_body,
    with_header,
)

FLIPS = 110_000
every = pytest.mark.parametrize("sender", SENDERS, ids=named)
signing = pytest.mark.parametrize("sender", SIGNERS, ids=named)


def accepted(sender: Sender, delivery: Delivery, secrets: tuple[str, ...] | None = None) -> bool:
    try:
        sender.receiver.verify(delivery, sender.secrets if secrets is None else secrets, NOW)
    except Refused as refused:
        told = [text for text in (*sender.secrets, *delivery.headers.values()) if text]
        assert not any(text in str(refused) for text in told)
        return False
    return True


@every
def test_what_the_vendor_signs_is_accepted_with_either_of_two_secrets(sender: Sender) -> None:
    first, second = sender.secrets
    for secret in (first, second):
        assert accepted(sender, sender.delivery(secret=secret), (first, second))
        assert accepted(sender, sender.delivery(secret=secret), (secret,))
    assert not accepted(sender, sender.delivery(secret=first), (second,))


@every
def test_a_third_secret_and_an_empty_one_are_none(sender: Sender) -> None:
    assert not accepted(sender, sender.delivery(), ("", "", sender.secrets[0]))
    assert not accepted(sender, sender.delivery(), ())
    assert not accepted(sender, sender.delivery(secret=""), ("",))


@every
def test_without_its_headers_it_is_refused(sender: Sender) -> None:
    whole = sender.delivery()
    for missing in whole.headers:
        rest = {name: value for name, value in whole.headers.items() if name != missing}
        assert not accepted(sender, Delivery(whole.method, whole.url, rest, whole.body, NOW))
        for odd in ("", "\udcff\u20ac", "sha256=", "v1,", "0" * 5000):
            assert not accepted(sender, with_header(whole, missing, odd))


@pytest.mark.parametrize("sender", [sender for sender in SENDERS if sender.dated], ids=named)
def test_what_is_older_than_five_minutes_or_of_the_future_is_refused(sender: Sender) -> None:
    for seconds, fresh in ((0, True), (-300, True), (300, True), (-301, False), (301, False), (-86_400, False)):
        assert accepted(sender, sender.delivery(at=NOW + timedelta(seconds=seconds))) is fresh


@every
def test_a_flipped_bit_of_the_signature_or_the_body_is_never_accepted(sender: Sender) -> None:
    """110,000 of them over all schemes: half in the headers, half in the body where it is signed."""
    chance, receiver, whole = random.Random(sender.name), sender.receiver, sender.delivery()
    fields = parse_qsl(whole.body.decode(), keep_blank_values=True) if sender.form else []
    names = list(whole.headers)
    for turn in range(FLIPS // len(SENDERS)):
        if sender.signs_body and turn % 2:
            flipped = with_body(whole, _flipped(whole.body, chance))
            if sender.form and _fields(flipped.body) == fields:
                continue  # `%2B` and `%2b` are one sign: what a form says is signed, not how it is spelt
        else:
            name = chance.choice(names)
            told = _flipped(whole.headers[name].encode(), chance).decode("latin-1")
            flipped = with_header(whole, name, told)
        with pytest.raises(Refused) if turn < 50 else _Refusing():
            receiver.verify(flipped, sender.secrets, NOW)


class _Refusing:
    """As `pytest.raises`, without its cost."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        assert kind is Refused, "accepted" if kind is None else kind
        return True


def _flipped(text: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(text) * 8)
    changed = bytearray(text)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


def _fields(body: bytes) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        return None


@signing
def test_a_signature_of_another_body_or_longer_body_is_refused(sender: Sender) -> None:
    whole = sender.delivery()
    for body in (b"", whole.body + b" x=1", whole.body[:-1], whole.body[::-1]):
        assert not accepted(sender, with_body(whole, body))


@signing
def test_another_spelling_of_the_right_signature_is_refused(sender: Sender) -> None:
    whole = sender.delivery()
    for name, value in whole.headers.items():
        if "signature" not in name:
            continue
        for spelling in (value.upper(), f" {value}x", f"{value}=", value.removeprefix("sha256=").removeprefix("v1,")):
            if spelling != value:
                assert not accepted(sender, with_header(whole, name, spelling))


def test_standard_webhooks_known_example() -> None:
    """The specification's own secret, id, time and body."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = NOW.fromtimestamp(1614265330, NOW.tzinfo)
    SIGNED.receiver.verify(Delivery("POST", URL, headers, body, at), [secret], at)


def test_standard_webhooks_takes_several_signatures_but_not_any_number() -> None:
    whole = FORMBRICKS.delivery()
    right = whole.headers["webhook-signature"]
    wrong = "v1," + base64.b64encode(bytes(32)).decode()
    assert accepted(FORMBRICKS, with_header(whole, "webhook-signature", f"v1a,abc {wrong} {right}"))
    assert not accepted(FORMBRICKS, with_header(whole, "webhook-signature", " ".join([wrong] * 20 + [right])))


@pytest.mark.parametrize("secret", ["whsec_", "whsec_AAAA", "whsec_not base64!", KEY.removeprefix("whsec_"), "x" + KEY])
def test_a_secret_that_is_none_of_standard_webhooks_fits_nothing(secret: str) -> None:
    for key in (b"", b"\0\0\0", secret.encode()):
        signed = base64.b64encode(hmac.digest(key, b"a.1." + SIGNED.body, "sha256")).decode()
        whole = with_header(SIGNED.delivery(), "webhook-signature", f"v1,{signed}")
        assert not accepted(SIGNED, whole, (secret,))
    assert not accepted(SIGNED, SIGNED.delivery(), (secret,))


def test_the_end_of_an_id_cannot_be_moved() -> None:
    """`a` at 1 with the body `2.x` is signed like `a.1` at 2 with the body `x`."""
    moved = SIGNED.sign(SIGNED.body, SIGNED.secrets[0], NOW)
    whole = Delivery("POST", URL, {**moved, "webhook-id": f"{moved['webhook-id']}.1"}, SIGNED.body, NOW)
    assert not accepted(SIGNED, whole)


TWILIO_KEY = "12345"
TWILIO_FIELDS = {
    "CallSid": "CA1234567890ABCDE",
    "Caller": "+12349013030",
    "Digits": "1234",
    "From": "+12349013030",
    "To": "+18005551212",
}


def _twilio_call(url: str, signature: str = "0/KCTR6DLpKmkAf8muzZqo1nDgQ=") -> Delivery:
    return Delivery("POST", url, {"x-twilio-signature": signature}, urlencode(TWILIO_FIELDS).encode(), NOW)


def test_twilio_published_example_with_and_without_the_port() -> None:
    for url in ("https://mycompany.com/myapp.php?foo=1&bar=2", "https://mycompany.com:443/myapp.php?foo=1&bar=2"):
        assert accepted(TWILIO, _twilio_call(url), (TWILIO_KEY,))
    for url in (
        "http://mycompany.com/myapp.php?foo=1&bar=2",
        "https://mycompany.com/myapp.php?bar=2&foo=1",
        "https://[",
    ):
        assert not accepted(TWILIO, _twilio_call(url), (TWILIO_KEY,))


def test_twilio_signs_the_hash_of_what_is_no_form() -> None:
    body = b'{"CallSid":"CA1"}'
    known = hashlib.sha256(body)
    url = f"{URL}?bodySHA256={known.hexdigest()}"
    signature = base64.b64encode(hmac.digest(TWILIO_KEY.encode(), url.encode(), "sha1")).decode()
    whole = Delivery("POST", url, {"x-twilio-signature": signature}, body, NOW)
    assert accepted(TWILIO, whole, (TWILIO_KEY,))
    assert not accepted(TWILIO, with_body(whole, body + b" "), (TWILIO_KEY,))


@pytest.mark.parametrize("sender", [DIALOG360, CHATWOOT_UNSIGNED], ids=named)
def test_a_secret_that_is_sent_along_may_be_in_the_address_once(sender: Sender) -> None:
    secret = sender.secrets[1]
    for query, fits in (
        (urlencode({"token": secret}), True),
        (urlencode({"token": secret + "x"}), False),
        (urlencode([("token", secret), ("token", secret)]), False),
        (urlencode({"other": secret}), False),
        ("&".join(["a=1"] * 1000), False),
    ):
        assert accepted(sender, Delivery("POST", f"{URL}?{query}", {}, sender.body, NOW)) is fits
    assert not accepted(sender, Delivery("POST", "https://[", {}, sender.body, NOW))


def test_a_chatwoot_that_signs_is_not_believed_for_a_secret_that_is_sent_along() -> None:
    assert not accepted(CHATWOOT, CHATWOOT_UNSIGNED.delivery())


def test_the_time_of_zendesk_says_its_offset() -> None:
    for told in ("2026-11-23T10:00:00", "yesterday", "1790000000", "9999-12-31T23:59:59-14:00"):
        signed = with_header(ZENDESK.delivery(), "x-zendesk-webhook-signature-timestamp", told)
        assert not accepted(ZENDESK, signed)


CHALLENGE = "hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=told+to+Meta"


def _asked(query: str, method: str = "GET") -> Delivery:
    return Delivery(method, f"{URL}?{query}", {}, b"", NOW)


def test_meta_is_told_back_what_it_asks_with() -> None:
    receiver = META.receiver
    assert receiver.challenge(_asked(CHALLENGE), META.secrets) == b"1158201444"
    assert receiver.challenge(_asked(CHALLENGE, "POST"), META.secrets) is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        CHALLENGE.replace("told+to+Meta", "told+to+meta"),
        CHALLENGE.replace("told+to+Meta", ""),
        CHALLENGE.replace("subscribe", "unsubscribe"),
        CHALLENGE.replace("1158201444", "<script>"),
        CHALLENGE + "&hub.challenge=2",
        "&".join([CHALLENGE] + ["a=1"] * 500),
    ],
)
def test_a_verification_request_that_is_none_of_ours_is_refused(query: str) -> None:
    with pytest.raises(Refused):
        META.receiver.challenge(_asked(query), META.secrets)


def test_an_app_secret_does_not_verify_the_address() -> None:
    with pytest.raises(Refused):
        META.receiver.challenge(_asked(CHALLENGE.replace("told+to+Meta", META.secrets[0])), META.secrets)
