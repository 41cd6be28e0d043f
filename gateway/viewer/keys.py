"""API keys: 256 random bits that are shown once; the configuration holds their SHA-256.

`jgk_<id>_<43 characters of base64url>`. The prefix lets scanners of repositories find a key that leaked; the id leads
to its entry. A plain hash is enough, since nobody can guess 256 bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable

from gateway.settings.model import ApiKeySection

PREFIX = "jgk_"
SECRET_BYTES = 32
_KEY = re.compile(r"jgk_([a-z0-9-]{1,40})_[A-Za-z0-9_-]{43}")
_NO_HASH = "0" * 64


def new_key(key_id: str | None = None) -> tuple[str, str]:
    """A key's text and its hash, for `auth.keys.hashes`. Without an id, a random one. ValueError for a wrong id."""
    text = f"{PREFIX}{key_id or secrets.token_hex(4)}_{secrets.token_urlsafe(SECRET_BYTES)}"
    if _KEY.fullmatch(text) is None:
        raise ValueError("an id is made of 1 to 40 small letters, digits and hyphens")
    return text, hash_of(text)


def key_id(text: str) -> str | None:
    """The id that a key's text names; None when it is no key."""
    match = _KEY.fullmatch(text)
    return None if match is None else match[1]


def hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def find_key(text: str, entries: Iterable[ApiKeySection]) -> ApiKeySection | None:
    """The entry that this key belongs to. Takes as long for an unknown id, and for either of two hashes."""
    wanted = key_id(text)
    if wanted is None:
        return None
    entry = next((entry for entry in entries if entry.id == wanted), None)
    first, second, *_ = (*(entry.hashes if entry is not None else ()), _NO_HASH, _NO_HASH)
    given = hash_of(text)
    right = hmac.compare_digest(given, first) | hmac.compare_digest(given, second)
    return entry if right else None
