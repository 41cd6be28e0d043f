"""Issuers whose keys the tests hold, so that any token can be made, right or wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.settings.model import IssuerSection
from gateway.viewer.jwks import FixedKeys, read_key_set
from gateway.viewer.tokens import TokenVerifier, TrustedIssuer

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
ISSUER, AUDIENCE = "https://login.example.org", "journey"


@cache
def private(kind: str, which: int = 0) -> Any:
    """One of several keys of a kind; the same at every call."""
    match kind:
        case "RS256" | "PS256" | "RS512":
            return rsa.generate_private_key(65537, 2048)
        case "weak":
            return rsa.generate_private_key(65537, 1024)
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "ES384":
            return ec.generate_private_key(ec.SECP384R1())
    return ed25519.Ed25519PrivateKey.generate()


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def segment(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def signature(algorithm: str, message: bytes, key: Any) -> bytes:
    match algorithm:
        case "RS256":
            return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        case "RS512":
            return key.sign(message, padding.PKCS1v15(), hashes.SHA512())
        case "PS256":
            return key.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        case "ES256" | "ES384":
            digest, size = (hashes.SHA256(), 32) if algorithm == "ES256" else (hashes.SHA384(), 48)
            r, s = decode_dss_signature(key.sign(message, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        case "HS256":
            return hmac.new(key, message, hashlib.sha256).digest()
        case "none":
            return b""
    return key.sign(message)


def claims(**changes: Any) -> dict[str, Any]:
    """Good ones; a change to None takes one out."""
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ada", "iat": NOW_S - 10, "exp": NOW_S + 300, "roles": ["agent"]}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(payload: Any = None, algorithm: str = "RS256", key: Any = None, kid: str | None = None, **header: Any) -> str:
    head = {"alg": algorithm, "kid": kid or algorithm, "typ": "JWT", **header}
    said = {name: value for name, value in head.items() if value is not None}
    message = f"{segment(said)}.{segment(claims() if payload is None else payload)}"
    return f"{message}.{b64(signature(algorithm, message.encode(), key or private(algorithm)))}"


def jwk(key: Any, kid: str | None, **members: Any) -> dict[str, Any]:
    kinds = {rsa.RSAPrivateKey: RSAKey, ec.EllipticCurvePrivateKey: ECKey}
    importer = next((to for kind, to in kinds.items() if isinstance(key, kind)), OKPKey)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {**importer.import_key(pem).as_dict(private=False), "kid": kid, **members}


def public_pem(kind: str) -> bytes:
    return private(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwks(*keys: dict[str, Any]) -> bytes:
    listed = keys or tuple(jwk(private(name), name) for name in ("RS256", "ES256", "EdDSA"))
    return json.dumps({"keys": listed}).encode()


def section(**changes: Any) -> IssuerSection:
    return IssuerSection.model_validate({"issuer": ISSUER, "audience": AUDIENCE, **changes}, strict=False)


def fixed_verifier(now: datetime = NOW, leeway_seconds: int = 30, **changes: Any) -> TokenVerifier:
    trusted = TrustedIssuer(section(**changes), FixedKeys(read_key_set(jwks())))
    return TokenVerifier([trusted], leeway_seconds, lambda: now)


class Clock:
    """Monotonic seconds that move when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Endpoint(httpx.AsyncBaseTransport):
    """A JWKS address: what it answers can be changed, and how often it was asked is counted."""

    def __init__(self, body: bytes) -> None:
        self.answer: httpx.Response | Exception | None = None
        self.body = body
        self.calls = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        assert request.headers["host"] == "login.example.org"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or httpx.Response(200, stream=httpx.ByteStream(self.body))
