"""Issuers' public keys: read from a JWKS, fetched when they are needed, kept while the issuer is away.

A key serves one algorithm, decided by what it is and not by what a token says, so that no token can make an RSA key
an HMAC secret.
"""

from __future__ import annotations

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Protocol, cast

import httpx
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from connectors.http import VendorHttp

FRESH_SECONDS = 600.0
STALE_SECONDS = 24 * 3600.0
PAUSE_SECONDS = 30.0
"""Between two questions to an issuer, whatever tokens arrive meanwhile."""
FETCH_TIMEOUT_SECONDS = 2.0
MAX_BODY_BYTES = 256 * 1024
MAX_KEYS = 64
MAX_KEY_ID_CHARACTERS = 200
MIN_RSA_BITS = 2048

log = structlog.get_logger(__name__)


class Algorithm(StrEnum):
    RS256 = "RS256"
    ES256 = "ES256"
    EDDSA = "EdDSA"


KeySet = Mapping[tuple[str, Algorithm], Key]
"""By `kid` and the one algorithm that the key is for."""


class KeySource(Protocol):
    async def key(self, key_id: str, algorithm: Algorithm) -> Key | None:
        """The issuer's key of that id for that algorithm, if it has one."""
        ...

    async def aclose(self) -> None: ...


def read_key_set(content: bytes) -> KeySet:
    """The usable keys of a JWKS (RFC 7517): public, for signatures, strong, with a `kid`. Empty when it is none."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    listed = document.get("keys") if isinstance(document, dict) else None
    keys: dict[tuple[str, Algorithm], Key] = {}
    for entry in listed[:MAX_KEYS] if isinstance(listed, list) else ():
        found = _read_key(entry) if isinstance(entry, dict) else None
        if found is not None:
            algorithm, key = found
            keys.setdefault((cast(str, entry["kid"]), algorithm), key)
    return keys


def _read_key(entry: Mapping[str, Any]) -> tuple[Algorithm, Key] | None:
    key_id = entry.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID_CHARACTERS:
        return None
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ("verify",)):
        return None
    try:
        algorithm, key = _import(entry)
    except (JoseError, ValueError, TypeError, KeyError, OverflowError):
        return None
    return (algorithm, key) if entry.get("alg", algorithm) == algorithm else None


def _import(entry: Mapping[str, Any]) -> tuple[Algorithm, Key]:
    """Raises one of many errors for a key that is none of the three kinds. Private members are left behind."""
    match entry.get("kty"), entry.get("crv"):
        case "RSA", _:
            if int.from_bytes(urlsafe_b64decode(entry["n"] + "==")).bit_length() < MIN_RSA_BITS:
                raise ValueError("weak")  # before the library, which only warns
            return Algorithm.RS256, RSAKey.import_key({name: entry[name] for name in ("kty", "n", "e")})
        case "EC", "P-256":
            return Algorithm.ES256, ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
        case "OKP", "Ed25519":
            return Algorithm.EDDSA, OKPKey.import_key({name: entry[name] for name in ("kty", "crv", "x")})
    raise ValueError("another kind of key")


class FixedKeys:
    """Keys that the operator gave in a file, or that the gateway made itself."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def key(self, key_id: str, algorithm: Algorithm) -> Key | None:
        return self._keys.get((key_id, algorithm))

    async def aclose(self) -> None:
        return None


class RemoteKeys:
    """Keys of an issuer's JWKS address: cached 10 minutes, asked again for an unknown id, at most every 30 seconds.

    While the issuer cannot be reached, or gives no usable key, those of the last 24 hours go on counting.
    `clock`: monotonic seconds.
    """

    def __init__(
        self, url: str, transport: httpx.AsyncBaseTransport, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = httpx.URL(url)
        self._http = VendorHttp("issuer", url, transport, max_body_bytes=MAX_BODY_BYTES)
        self._clock = clock
        self._keys: KeySet = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, key_id: str, algorithm: Algorithm) -> Key | None:
        wanted = (key_id, algorithm)
        if wanted not in self._keys or self._age() >= FRESH_SECONDS:
            await self._refresh()
        return self._keys.get(wanted) if self._age() < STALE_SECONDS else None

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    async def _refresh(self) -> None:
        """One question for all who wait; a caller who leaves does not end it for the others."""
        if self._fetching is None:
            if self._clock() - self._asked_at < PAUSE_SECONDS:
                return
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        await asyncio.shield(self._fetching)

    async def _fetch(self) -> None:
        try:
            answer = await self._http.send_to(
                self._url,
                "GET",
                Deadline.after(FETCH_TIMEOUT_SECONDS),
                headers=[("Accept", "application/json"), ("User-Agent", "journey-gateway")],
            )
            keys = read_key_set(answer.body)
            if keys:
                self._keys, self._fetched_at = keys, self._clock()
            else:
                log.warning("issuer_without_keys", host=self._url.host)
        except ConnectorError as error:
            log.warning("issuer_unreachable", host=self._url.host, reason=error.reason)
        finally:
            self._fetching = None

    async def aclose(self) -> None:
        if self._fetching is not None:
            self._fetching.cancel()
        await self._http.aclose()
