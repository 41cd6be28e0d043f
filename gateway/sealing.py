"""Ids and cursors: opaque, alike for every viewer and replica, and nothing in them can be read or changed.

AES-SIV (RFC 5297): deterministic, so the same thing always has the same id, and authenticated, so a made-up one is
noticed. What is inside is padded, so that its length says little. Why: docs/decisions/0004-sealed-ids.md.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from typing import Any, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

T = TypeVar("T")
_PAD_TO = 16
_PADDING = [b"\x80" + bytes(-(length + 1) % _PAD_TO) for length in range(_PAD_TO)]
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_encoder = msgspec.msgpack.Encoder()
MAX_SEALED_CHARACTERS = 2048


class Sealer:
    """`secret`: the deployment's 32 bytes. `purpose` keeps ids and cursors apart: one never opens as the other."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        key = HKDF(hashes.SHA256(), 64, None, b"journey-gateway/" + purpose.encode()).derive(secret)
        self._cipher = AESSIV(key)
        self._purpose = [purpose.encode()]

    def seal(self, content: Any) -> str:
        """`content`: anything msgspec packs; equal contents give equal texts."""
        packed = _encoder.encode(content)
        sealed = self._cipher.encrypt(packed + _PADDING[len(packed) % _PAD_TO], self._purpose)
        return b2a_base64(sealed, newline=False).translate(_URL_SAFE, b"=").decode()  # as urlsafe_b64encode, but faster

    def open(self, text: str, type_: type[T], max_characters: int = MAX_SEALED_CHARACTERS) -> T | None:
        """What was sealed, or None for anything that this deployment did not seal for this purpose."""
        if not text.isascii() or len(text) > max_characters:
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
                return None  # another spelling of the same bytes is not an id that we gave
            padded = self._cipher.decrypt(sealed, self._purpose)
            return msgspec.msgpack.decode(padded.rstrip(b"\0")[:-1], type=type_)
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None
