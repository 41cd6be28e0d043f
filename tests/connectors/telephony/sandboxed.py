"""What telephony vendors with an HTTP API are proved with: the sandbox's imitation and a connector of it."""

from __future__ import annotations

from typing import Any

import httpx

from connectors.base import SourceConfig, VendorConnector
from connectors.identifiers import phone
from connectors.registry import connector_class
from connectors.testing.contract import Subject
from sandbox import credentials as known
from sandbox.app import Sandbox
from tests.connectors.support import NOW

CONFIGS: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "amazon_connect": (
        "",
        {"access_key_id": known.CONNECT_ACCESS_KEY, "secret_access_key": known.CONNECT_SECRET_KEY},
        {
            "instance_id": known.CONNECT_INSTANCE_ID,
            "region": known.CONNECT_REGION,
            "phone_attribute": known.CONNECT_PHONE_ATTRIBUTE,
            "site": "https://acme.my.connect.aws",
        },
    ),
    "tvox": (
        "",
        {"username": known.TVOX_USER, "password": known.TVOX_PASSWORD},
        {"numbers": (known.PBX_NUMBER,), "agents": {"anna.verdi": "Anna Verdi"}},
    ),
}
"""Path behind where the sandbox has it, credentials and options."""


def subject_of(vendor: str, app: Sandbox, **options: Any) -> Subject:
    path, credentials, usual = CONFIGS[vendor]
    config = SourceConfig(
        vendor, f"http://127.0.0.1:8100/{vendor}{path}", credentials, {**usual, **options}, region="IT"
    )

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return connector_class(vendor)(config, transport, lambda: NOW)

    john, stranger = phone("+393331110002"), phone("+393339999999")
    assert john is not None and stranger is not None
    return Subject.over_asgi(app, connect, known=john, stranger=stranger)
