"""A gateway that listens to webhooks, and vendors that send them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from connectors.events import Event
from gateway.core import Clocks
from gateway.serving import Assembled, assemble
from gateway.store.inbox import State
from gateway.store.store import Store

KEYS = ["whsec_" + base64.b64encode(bytes(range(n, n + 32))).decode() for n in (0, 100)]
APP_SECRET = "invented app secret"
VERIFY_TOKEN = "invented verify token"
MAX_BODY_BYTES = 20_000
SEAL = bytes(range(7, 39)).hex()

CONFIG = f"""
[gateway]
modules = ["JOURNEY", "WHATSAPP"]
region = "IT"
secret = {{ env = "SEAL" }}
public_url = "https://gateway.example.org"

[roles.supervisor]
permissions = ["journey:event:view", "customer:pii:view"]
divisions = "*"

[[sources]]
name = "whatsapp"
connector = "whatsapp_cloud"
base_url = "http://127.0.0.1:9"
credentials = {{ access_token = {{ env = "ANY" }} }}
options = {{ phone_number_id = "1234567890" }}

[sources.webhook]
secrets = [{{ env = "APP_SECRET" }}]
credentials = {{ verify_token = {{ env = "VERIFY_TOKEN" }} }}
max_body_bytes = {MAX_BODY_BYTES}

[[sources]]
name = "desk"
connector = "360dialog"
base_url = "http://127.0.0.1:9"
credentials = {{ api_key = {{ env = "ANY" }} }}

[sources.webhook]
receiver = "signed"
secrets = [{{ env = "KEY_0" }}, {{ env = "KEY_1" }}]
"""
ENVIRONMENT = {
    "SEAL": SEAL,
    "ANY": "anything",
    "APP_SECRET": APP_SECRET,
    "VERIFY_TOKEN": VERIFY_TOKEN,
    "KEY_0": KEYS[0],
    "KEY_1": KEYS[1],
}


def write_config(folder: Path, more: str = "") -> Path:
    path = folder / "gateway.toml"
    path.write_text(CONFIG + more)
    return path


@dataclass
class Listening:
    assembled: Assembled
    client: httpx.AsyncClient

    @property
    def store(self) -> Store:
        store = self.assembled.gateway.store
        assert store is not None
        return store

    async def post(self, source: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.client.post(f"/ingest/{source}", content=body, headers=headers)

    async def tell(self, *events: Event, at: datetime | None = None, key: str = KEYS[0]) -> httpx.Response:
        """To the source that understands our own shape."""
        body = own_shape(*events)
        return await self.post("desk", body, signed(body, key, at or datetime.now(UTC)))

    async def settled(self, seconds: float = 20) -> None:
        """Until nothing waits."""
        await until(self._is_settled, seconds)

    async def _is_settled(self) -> bool:
        return not (await self.store.inbox.count()).get(State.PENDING)


async def until(holds: Callable[[], Any], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for is in another process, or in a database
            await asyncio.sleep(0.01)


@asynccontextmanager
async def listening(
    folder: Path, *, clocks: Clocks | None = None, more: str = "", environment: dict[str, str] | None = None
) -> AsyncIterator[Listening]:
    """The application as it is served, but for the socket."""
    assembled = assemble(write_config(folder, more), {**ENVIRONMENT, **(environment or {})}, clocks=clocks, watch=False)
    transport = httpx.ASGITransport(app=assembled.app)
    async with (
        assembled.app.router.lifespan_context(assembled.app),
        httpx.AsyncClient(transport=transport, base_url="https://gateway.example.org") as client,
    ):
        yield Listening(assembled, client)


def own_shape(*events: Event) -> bytes:
    return msgspec.json.encode({"events": events})


def signed(body: bytes, key: str, at: datetime) -> dict[str, str]:
    """As Standard Webhooks says."""
    id_, written = hashlib.sha256(body).hexdigest(), str(int(at.timestamp()))
    content = f"{id_}.{written}.".encode() + body
    made = hmac.digest(base64.b64decode(key.removeprefix("whsec_")), content, "sha256")
    return {
        "webhook-id": id_,
        "webhook-timestamp": written,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }


def from_meta(content: Any, secret: str = APP_SECRET) -> tuple[bytes, dict[str, str]]:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    made = hmac.new(secret.encode(), body, "sha256").hexdigest()
    return body, {"x-hub-signature-256": f"sha256={made}", "content-type": "application/json"}


def whatsapp_text(id_: str, text: str, at: datetime, number: str = "393331112201", name: str = "Anna Verdi") -> Any:
    return _change(
        {
            "contacts": [{"profile": {"name": name}, "wa_id": number}],
            "messages": [
                {
                    "from": number,
                    "id": id_,
                    "timestamp": str(int(at.timestamp())),
                    "type": "text",
                    "text": {"body": text},
                }
            ],
        }
    )


def whatsapp_status(id_: str, status: str, at: datetime, number: str = "393331112201") -> Any:
    told = {"id": id_, "status": status, "timestamp": str(int(at.timestamp())), "recipient_id": number}
    return _change({"statuses": [told]})


def _change(value: dict[str, Any]) -> Any:
    metadata = {"display_phone_number": "390212345678", "phone_number_id": "1234567890"}
    told = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": told}]}],
    }
