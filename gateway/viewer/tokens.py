"""Viewers' JWTs, verified: by a configured issuer, with one of its keys, for us, and now.

Every fault is the same `UnauthenticatedError`. The library's `decode` checks signatures alone; claims are checked by
its registry, and what neither checks is checked here. Source: RFC 7519, RFC 8725, VISIBILITY.md §5.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from gateway.errors import UnauthenticatedError
from gateway.settings.model import IssuerSection
from gateway.viewer.jwks import MAX_KEY_ID_CHARACTERS, Algorithm, KeySource

MAX_TOKEN_CHARACTERS = 8192
MAX_SUBJECT_CHARACTERS = 200
REMEMBERED_FOR = timedelta(seconds=30)
MAX_REMEMBERED = 5_000
LATEST_TIME = datetime(9999, 1, 1, tzinfo=UTC).timestamp()

_COMPACT = re.compile(r"[A-Za-z0-9_-]{1,4096}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{1,1024}")
_REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "b64", "zip", "enc"})
"""Extensions that we do not know, keys that a token brings itself, and encodings that no access token needs."""

_TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""RFC 8725 §3.11: a logout token or a DPoP proof of the same issuer is no access token."""


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    section: IssuerSection
    keys: KeySource


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    issuer: IssuerSection
    subject: str
    expires_at: datetime
    claims: Mapping[str, Any]

    def claim(self, name: str) -> Any:
        """The claim of that name, else the one that it leads to when dots are taken as steps; None when absent."""
        if name in self.claims:
            return self.claims[name]
        value: Any = self.claims
        for step in name.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        return value


class TokenVerifier:
    """`utc_now` tells the time that tokens are judged at."""

    def __init__(
        self,
        issuers: Iterable[TrustedIssuer],
        leeway_seconds: int,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issuers = {trusted.section.issuer: trusted for trusted in issuers}
        self._leeway_seconds = leeway_seconds
        self._utc_now = utc_now
        self._remembered: OrderedDict[str, tuple[VerifiedToken, datetime]] = OrderedDict()

    def trusts(self, issuer: str) -> bool:
        return issuer in self._issuers

    async def verify(self, token: str) -> VerifiedToken:
        """A token that proved right is not proved again for half a minute: a signature costs more than a page."""
        now = self._utc_now()
        remembered = self._remembered.get(token)
        if remembered is not None and now < remembered[1]:
            return remembered[0]
        verified = await self._prove(token)
        self._remembered[token] = (verified, min(verified.expires_at, now + REMEMBERED_FOR))
        self._remembered.move_to_end(token)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)
        return verified

    async def _prove(self, token: str) -> VerifiedToken:
        if len(token) > MAX_TOKEN_CHARACTERS or _COMPACT.fullmatch(token) is None:
            raise UnauthenticatedError
        try:
            return await self._verify(token)
        except (JoseError, ValueError, TypeError, RecursionError, OverflowError):
            raise UnauthenticatedError from None

    async def _verify(self, token: str) -> VerifiedToken:
        header, payload = (_peek(segment) for segment in token.split(".")[:2])
        trusted = self._issuers.get(_text(payload.get("iss")))
        if trusted is None:
            raise ValueError("unknown issuer")
        section = trusted.section
        algorithm, key_id = _judge_header(header, section)
        key = await trusted.keys.key(key_id, algorithm)
        if key is None:
            raise ValueError("unknown key")
        claims = jwt.decode(token, key, registry=OneAlgorithm(algorithm)).claims
        self._claims_registry(section).validate(claims)
        subject = _text(claims["sub"])
        if not subject.isprintable() or not 0 < len(subject) <= MAX_SUBJECT_CHARACTERS or claims["exp"] > LATEST_TIME:
            raise ValueError("no subject, or no end")
        return VerifiedToken(section, subject, datetime.fromtimestamp(claims["exp"], UTC), claims)

    async def aclose(self) -> None:
        for trusted in self._issuers.values():
            await trusted.keys.aclose()

    def _claims_registry(self, section: IssuerSection) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self._utc_now().timestamp()),
            leeway=self._leeway_seconds,
            iss={"essential": True, "value": section.issuer},
            aud={"essential": True, "value": section.audience},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )


class OneAlgorithm(JWSRegistry):
    """Takes the one algorithm that the key is for. The library's own also warns at every EdDSA token (RFC 9864)."""

    def __init__(self, algorithm: Algorithm) -> None:
        super().__init__(algorithms=[algorithm], strict_check_header=False)
        self._name = str(algorithm)

    def get_alg(self, name: str) -> Any:
        if name != self._name:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


def _judge_header(header: Mapping[str, Any], section: IssuerSection) -> tuple[Algorithm, str]:
    algorithm = Algorithm(_text(header.get("alg")))
    key_id = _text(header.get("kid"))
    right_type = _text(header.get("typ", "JWT")).lower() in _TYPES
    if algorithm not in section.algorithms or not right_type or not _REFUSED_HEADERS.isdisjoint(header):
        raise ValueError("not a header of an access token")
    if not 0 < len(key_id) <= MAX_KEY_ID_CHARACTERS:
        raise ValueError("no key id")
    return algorithm, key_id


def _peek(segment: str) -> dict[str, Any]:
    """What a segment says before anybody vouches for it: enough to choose the issuer and its key, never more."""
    content = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    if not isinstance(content, dict):
        raise ValueError("no object")
    return content


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value
