"""The gateway as an issuer of its own tokens, for `gateway demo` and `gateway token`.

Its Ed25519 key is derived from the deployment's secret, so every replica has the same and nothing is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import OKPKey

from gateway.settings.model import IssuerSection
from gateway.viewer.jwks import Algorithm, FixedKeys, read_key_set
from gateway.viewer.tokens import OneAlgorithm, TrustedIssuer

ISSUER = "urn:journey-gateway:local"
AUDIENCE = "journey-gateway"
_PURPOSE = b"journey-gateway/local issuer"


class LocalIssuer:
    """`secret`: the deployment's 32 bytes."""

    def __init__(self, secret: bytes, utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        seed = HKDF(hashes.SHA256(), 32, None, _PURPOSE).derive(secret)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        self._key = OKPKey.import_key(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        self._key_id = self._key.thumbprint()
        self._utc_now = utc_now

    def mint(self, subject: str, claims: Mapping[str, Any], lifetime: timedelta) -> str:
        """A token for `subject` from now on; `claims` cannot replace the registered ones."""
        now = int(self._utc_now().timestamp())
        registered = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
        }
        header = {"alg": str(Algorithm.EDDSA), "kid": self._key_id}
        return jwt.encode(header, {**claims, **registered}, self._key, registry=OneAlgorithm(Algorithm.EDDSA))

    def jwks(self) -> dict[str, Any]:
        """The public half, as RFC 7517 writes it."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._key_id, "alg": str(Algorithm.EDDSA), "use": "sig"}]}

    def trusted(self) -> TrustedIssuer:
        """This issuer, for a `TokenVerifier`."""
        section = IssuerSection.model_validate({"issuer": ISSUER, "audience": AUDIENCE}, strict=False)
        return TrustedIssuer(section, FixedKeys(read_key_set(json.dumps(self.jwks()).encode())))
