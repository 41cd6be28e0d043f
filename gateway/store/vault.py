"""What stands in the store: sealed with the operator's key, if there is one, and named by keyed hashes.

A sealed value begins with a byte: 0 for plain text, 1 for AES-GCM under the key whose four-byte fingerprint follows.
It is bound to its place: moved to another row, it does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from connectors.interaction import Identifier
from gateway.store.errors import WrongKeyError

T = TypeVar("T")
PLAIN, SEALED = b"\0", b"\1"
NONCE_BYTES = 12
FINGERPRINT_BYTES = 4
DIGEST_BYTES = 16
_encoder = msgspec.msgpack.Encoder()


class Vault:
    """`secret`: the deployment's 32 bytes, for hashes. `keys`: for contents; the first one seals, all of them open."""

    def __init__(self, secret: bytes, keys: Sequence[bytes] = ()) -> None:
        self._hash_key = HKDF(hashes.SHA256(), 32, None, b"journey-gateway/store").derive(secret)
        self._ciphers = {_fingerprint(key): AESGCM(key) for key in keys}
        self._active = _fingerprint(keys[0]) if keys else None

    def digest(self, identifier: Identifier) -> bytes:
        return self.hash(
            "identifier", identifier.kind, identifier.value, identifier.channel or "", identifier.source or ""
        )

    def hash(self, *parts: str) -> bytes:
        """Of texts, keyed; so long that no two are alike."""
        text = "\0".join(parts).encode()
        return hashlib.blake2b(text, digest_size=DIGEST_BYTES, key=self._hash_key).digest()

    def chain(self, content: bytes) -> bytes:
        """32 bytes that nobody without the secret can work out."""
        return hmac.digest(self._hash_key, content, hashlib.sha256)

    def seal(self, content: bytes, *place: str) -> bytes:
        if self._active is None:
            return PLAIN + content
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._active].encrypt(nonce, content, _bound(place))
        return SEALED + self._active + nonce + sealed

    def open(self, sealed: bytes, *place: str) -> bytes:
        """Raises `WrongKeyError` for what was sealed with another key, for another place, or changed since."""
        if sealed[:1] == PLAIN:
            return sealed[1:]
        start = 1 + FINGERPRINT_BYTES
        cipher = self._ciphers.get(sealed[1:start])
        if cipher is None:
            raise WrongKeyError
        try:
            return cipher.decrypt(sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :], _bound(place))
        except InvalidTag:
            raise WrongKeyError from None

    def pack(self, content: msgspec.Struct, *place: str) -> bytes:
        return self.seal(_encoder.encode(content), *place)

    def unpack(self, sealed: bytes, type_: type[T], *place: str) -> T:
        return msgspec.msgpack.decode(self.open(sealed, *place), type=type_)


def _fingerprint(key: bytes) -> bytes:
    return hashlib.sha256(b"journey-gateway/key" + key).digest()[:FINGERPRINT_BYTES]


def _bound(place: Sequence[str]) -> bytes:
    return "\0".join(place).encode()
