"""What a real process writes while it serves good, bad and failing requests: none of it is anybody's data or secret.

The process is `gateway serve` at its most talkative, in front of vendors behind real sockets.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from gateway.demo import world
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.keys import new_key
from sandbox import credentials
from sandbox.people import DEEP_PHONE, JOHN_EMAIL, JOHN_PHONE
from tests.gateway.faults.conftest import Sandbox, listening_sandbox

JOURNEY = """query Canaryquery($by: CustomerKey!, $filter: JourneyFilter, $after: String) {
  canaryalias: singleCustomerView(by: $by) { state customer { id displayName identifiers { value } journey(
    first: 20, after: $after, filter: $filter
  ) { nodes { __typename subject preview address { value } comments { text } } pageInfo { endCursor } } } }
}"""
SEARCH = "query($text: String!) { customers(search: $text) { nodes { displayName } } }"
CANARY_PHONE, CANARY_EMAIL, CANARY_NAME = "+393331119877", "canary.person@example.org", "Canarina Segreti"


@asynccontextmanager
async def serving(sandbox: Sandbox, folder: Path) -> AsyncIterator[tuple[str, LocalIssuer, list[bytes]]]:
    """Its address, an issuer that it trusts, and what it has written; complete when the block has ended."""
    environment = {
        **world.environment(sandbox.url),
        "GATEWAY_CACHE__URL": "",
        "GATEWAY_GATEWAY__LOG_LEVEL": "DEBUG",
        "GATEWAY_GATEWAY__DEADLINE_MS": "1000",
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.getcwd(),
    }
    config = folder / "gateway.toml"
    config.write_text(world.CONFIG.read_text())
    arguments = ["-c", "from gateway.cli import main; main()", "serve", "--config", str(config), "--port", "0"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stdout=PIPE, stderr=asyncio.subprocess.STDOUT
    )
    written: list[bytes] = []
    try:
        address = await asyncio.wait_for(first_address(process, written), 30)
        reading = asyncio.create_task(read_on(process, written))
        secret = msgspec.convert(world.SECRET, bytes)
        yield address, LocalIssuer(secret), written
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(reading, 20)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def first_address(process: Process, written: list[bytes]) -> str:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        written.append(line)
        found = re.search(rb"Listening at (http://\S+)", line)
        if found is not None:
            return found[1].decode()
    raise AssertionError(b"".join(written).decode())


async def read_on(process: Process, written: list[bytes]) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        written.append(line)


async def test_no_flow_writes_anybodys_data_or_secret(tmp_path: Path) -> None:
    with listening_sandbox(datetime.now(UTC)) as sandbox:
        async with serving(sandbox, tmp_path) as (address, issuer, written):
            secrets = await all_flows(sandbox, address, issuer)
    told = b"".join(written).decode()
    entries = [msgspec.json.decode(line) for line in told.splitlines() if line.startswith("{")]
    requests = [entry for entry in entries if entry["event"] == "request"]
    assert len(requests) >= 30, "every request is one entry"
    assert any(entry["event"] == "source_failed" for entry in entries)
    assert {entry["status"] for entry in requests} >= {200, 400, 401, 403, 404, 405, 413}
    for secret in secrets:
        assert secret.casefold() not in told.casefold(), secret
        assert secret.replace("+", "%2B").replace("@", "%40").casefold() not in told.casefold(), secret


async def all_flows(sandbox: Sandbox, address: str, issuer: LocalIssuer) -> list[str]:
    """Asks everything, and names what must not have been written down."""
    life = timedelta(hours=1)
    claims = {"roles": ["supervisor"], "name": CANARY_NAME, "kind": "SUPERVISOR"}
    token = issuer.mint("canary-subject", claims, life)
    agent = issuer.mint(
        "canary-agent", {"roles": ["agent"], "divisions": ["Italy"], "work_profile": "Canaryprofile"}, life
    )
    late = LocalIssuer(msgspec.convert(world.SECRET, bytes), lambda: datetime.now(UTC) - timedelta(days=3))
    expired = late.mint("canary-late", claims, life)
    key = new_key("canary-key")[0]
    cursors: list[str] = []
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:

        async def post(body: Any, bearer: str | None = token, path: str = "/graphql", **headers: str) -> Any:
            if bearer is not None:
                headers["authorization"] = f"Bearer {bearer}"
            content = body if isinstance(body, bytes) else msgspec.json.encode(body)
            answer = await client.post(path, content=content, headers={"content-type": "application/json", **headers})
            return answer.json() if answer.content else None

        async def ask(by: Any, **variables: Any) -> Any:
            return await post({"query": JOURNEY, "variables": {"by": by, **variables}})

        good = await ask({"phone": JOHN_PHONE})
        cursors.append(good["data"]["canaryalias"]["customer"]["journey"]["pageInfo"]["endCursor"])
        customer_id = good["data"]["canaryalias"]["customer"]["id"]
        assert JOHN_EMAIL in str(good), "there is something that could be written down"
        keys: list[Any] = [
            {"email": JOHN_EMAIL}, {"phone": CANARY_PHONE}, {"email": CANARY_EMAIL}, {"whatsApp": JOHN_PHONE},
            {"phone": f"not {CANARY_PHONE} a phone"}, {"email": "canary.no.address"}, {"id": customer_id},
            {"external": {"source": "canarysource", "id": "canary-4711"}}, {"cookie": "canary-cookie"},
            {"phone": JOHN_PHONE, "email": CANARY_EMAIL}, {"canaryfield": CANARY_NAME},
        ]  # fmt: skip
        for by in keys:
            await ask(by)
        for text in (CANARY_NAME, JOHN_EMAIL, CANARY_PHONE, "Fairweather", ""):
            await post({"query": SEARCH, "variables": {"text": text}})
        await ask({"phone": JOHN_PHONE}, filter={"text": CANARY_NAME, "tags": [CANARY_EMAIL]})
        await ask({"phone": JOHN_PHONE}, after=cursors[0], filter={"text": "canarytext"})
        await ask({"phone": JOHN_PHONE}, after="canarycursor")
        await post({"query": f'{{ singleCustomerView(by: {{phone: "{CANARY_PHONE}"}}) {{ canaryfield }} }}'})
        await post({"query": f"{{ unclosed # {CANARY_NAME}"})
        await post({"query": "{ a" + " viewer { name }" * 2_000 + "}"})
        await post(b'{"query": "' + CANARY_EMAIL.encode())
        await post(f'"{CANARY_NAME}"'.encode() * 20_000)
        for bearer in (expired, key, "canary-token-garbage", token[:-3] + "abc", None, agent):
            await post({"query": "{ viewer { name } }"}, bearer)
        await post({"query": "{ viewer { name } }"}, **{"x-work-profile": "Canaryprofile"})
        await post(
            {"query": "{ viewer { name } }"},
            **{"x-request-id": "canary request id", "origin": "https://canary.example"},
        )
        await post({"query": "{ viewer { name } }"}, host="canary.example.net")
        await post({"query": "{ viewer { name } }"}, path=f"/canarypath/{CANARY_PHONE}")
        await client.get("/graphql", params={"query": CANARY_NAME, "token": "canary-token-in-url"})
        for fault in ({"fault": "html"}, {"fault": "status", "status": 401}, {"fault": "empty"}, {"fault": "truncated"},
                      {"fault": "reset"}, {"fault": "foreign"}, {"fault": "hang"}):  # fmt: skip
            for source in world.SOURCES:
                sandbox.control(source, **fault)
            await ask({"phone": JOHN_PHONE})
            await post({"query": SEARCH, "variables": {"text": JOHN_EMAIL}})
        sandbox.reset()
        await ask({"phone": DEEP_PHONE})
    tokens = [*(part for t in (token, agent, expired) for part in t.split(".")), key, *cursors, customer_id]
    people = [
        JOHN_PHONE,
        JOHN_PHONE[-9:],
        JOHN_EMAIL,
        "Fairweather",
        DEEP_PHONE,
        CANARY_PHONE,
        CANARY_EMAIL,
        "canary",
        "Canarina",
    ]
    ours = [v for name, v in vars(credentials).items() if isinstance(v, str) and name.isupper() and len(v) > 12]
    return [*tokens, *people, *ours, world.SECRET, "We will be back soon", "/_control", "remotecontrol"]
