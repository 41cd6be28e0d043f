"""Whether a delivery is whose it says: signatures over the raw bytes, shared secrets, and how old it may be.

A given signature is compared as the text it is, never decoded: another spelling of the right bytes is not the right
signature. Every secret is tried, so that the time tells nothing about which one fits. An empty secret fits nothing.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from connectors.events import Delivery, Refused

MOST_SECRETS = 2
TOLERANCE = timedelta(minutes=5)
MOST_SIGNATURES = 8
MOST_FIELDS = 400
LEAST_KEY_BYTES = 24
"""Standard Webhooks, "Signature scheme": between 24 and 64 bytes."""

Algorithm = Literal["sha1", "sha256"]


def check_any(given: Iterable[str], expected: Iterable[str]) -> None:
    """Raises `Refused` unless one of the given is one of the expected."""
    wanted = [_bytes(text) for text in expected if text]
    found = False
    for text in given:
        for one in wanted:
            found |= hmac.compare_digest(_bytes(text), one)
    if not found:
        raise Refused("no signature of one of our secrets")


def check_hex(delivery: Delivery, header: str, secrets: Sequence[str], algorithm: Algorithm, signed: bytes) -> None:
    """`<algorithm>=<hexadecimal>` in that header, as Meta, Zammad, Chatwoot and Intercom write it."""
    expected = (f"{algorithm}={hmac.digest(key, signed, algorithm).hex()}" for key in text_keys(secrets))
    check_any([required(delivery, header)], expected)


def check_base64(delivery: Delivery, header: str, secrets: Sequence[str], algorithm: Algorithm, signed: bytes) -> None:
    check_any([required(delivery, header)], [sign_base64(key, signed, algorithm) for key in text_keys(secrets)])


def sign_base64(key: bytes, signed: bytes, algorithm: Algorithm) -> str:
    return base64.b64encode(hmac.digest(key, signed, algorithm)).decode()


def check_shared(delivery: Delivery, header: str, parameter: str, secrets: Sequence[str]) -> None:
    """A secret that is sent along, for vendors that sign nothing: in a header, else in the query of the address."""
    given = delivery.headers.get(header)
    if given is None:
        values = query(delivery.url).get(parameter, [])
        given = values[0] if len(values) == 1 else ""
    check_any([given.removeprefix("Bearer ")], secrets[:MOST_SECRETS])


def check_basic(delivery: Delivery, secrets: Sequence[str]) -> None:
    """HTTP's basic authentication; a secret is `user:password`."""
    expected = (f"Basic {base64.b64encode(key).decode()}" for key in text_keys(secrets))
    check_any([required(delivery, "authorization")], expected)


def check_standard(delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
    """Standard Webhooks (specification, "Verifying webhook authenticity"). A secret is `whsec_` and base64."""
    id_, written, given = (required(delivery, f"webhook-{part}") for part in ("id", "timestamp", "signature"))
    if not id_.isascii() or "." in id_ or len(id_) > 200:  # a full stop would let the id end elsewhere
        raise Refused("no such id")
    check_age(unix(written), now)
    signed = b".".join((id_.encode(), written.encode(), delivery.body))
    expected = [f"v1,{sign_base64(key, signed, 'sha256')}" for key in _standard_keys(secrets)]
    check_any(given.split(" ")[:MOST_SIGNATURES], expected)


def query(url: str) -> dict[str, list[str]]:
    """The fields of an address. Raises `Refused` when it is none, or has too many."""
    try:
        return parse_qs(urlsplit(url).query, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refused("no address") from None


def check_age(at: datetime, now: datetime, tolerance: timedelta = TOLERANCE) -> None:
    """Raises `Refused` for what was sent too long ago, or too far ahead of our clock."""
    if abs(now - at) > tolerance:
        raise Refused("not of this time")


def unix(text: str) -> datetime:
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        raise Refused("no time")
    return datetime.fromtimestamp(int(text), UTC)


def iso(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("no time") from None
    if at.tzinfo is None:
        raise Refused("no time")
    return at


def required(delivery: Delivery, header: str) -> str:
    value = delivery.headers.get(header)
    if not value:
        raise Refused(f"no {header}")
    return value


def text_keys(secrets: Sequence[str]) -> list[bytes]:
    return [_bytes(secret) for secret in secrets[:MOST_SECRETS] if secret]


def _standard_keys(secrets: Sequence[str]) -> list[bytes]:
    keys = []
    for secret in secrets[:MOST_SECRETS]:
        prefix, _, encoded = secret.partition("whsec_")
        try:
            key = b"" if prefix else base64.b64decode(encoded, validate=True)
        except ValueError:
            continue
        if len(key) >= LEAST_KEY_BYTES:
            keys.append(key)
    return keys


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
