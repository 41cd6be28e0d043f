"""The ways a manifest source proves who asks, and the credentials that each needs."""

from __future__ import annotations

from typing import Any

import msgspec

from connectors.base import NoOptions
from connectors.declarative.manifest import AuthTable
from connectors.http import Auth, ClientCredentials, StaticAuth, basic


class Basic(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    user: str
    password: str


class Bearer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    token: str


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str


class Client(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    client_id: str
    client_secret: str


KINDS: dict[str, type[msgspec.Struct]] = {
    "none": NoOptions,
    "basic": Basic,
    "bearer": Bearer,
    "header": Key,
    "client_credentials": Client,
}


def auth_of(table: AuthTable, credentials: Any, base_url: str) -> Auth | None:
    match credentials:
        case Basic():
            return basic(credentials.user, credentials.password)
        case Bearer():
            return StaticAuth("Authorization", f"Bearer {credentials.token}")
        case Key():
            assert table.header is not None
            value = credentials.key if table.scheme is None else f"{table.scheme} {credentials.key}"
            return StaticAuth(table.header, value)
        case Client():
            url = table.token_url or base_url.rstrip("/") + (table.token_path or "")
            told = (("scope", table.scope), ("audience", table.audience))
            more = [(name, value) for name, value in told if value is not None]
            return ClientCredentials(url, credentials.client_id, credentials.client_secret, more)
    return None
