"""There is a store without a word about it, so that every read is on record; and going without is said aloud."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import structlog

from gateway.privacy.recorder import read_entry
from gateway.serving import Assembled, assemble
from tests.gateway.support import SECRET

TEXT = """
[gateway]
modules = ["JOURNEY"]
secret = { env = "SEAL" }

[roles.supervisor]
permissions = ["journey:event:view", "externalContacts:session:view"]
divisions = "*"
"""
WITHOUT = '\n[store]\nurl = ""\n'
MISS = '{ singleCustomerView(by: {phone: "+393331112201"}) { state } }'
SEAL = {"SEAL": SECRET.hex()}


def configured(folder: Path, more: str = "") -> Path:
    path = folder / "gateway.toml"
    path.write_text(TEXT + more)
    return path


async def asked_once(assembled: Assembled) -> None:
    token = assembled.issuer.mint("emma", {"roles": ["supervisor"], "kind": "SUPERVISOR"}, timedelta(hours=1))
    transport = httpx.ASGITransport(app=assembled.app)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        answer = await client.post("/graphql", json={"query": MISS})
        assert answer.json() == {"data": {"singleCustomerView": {"state": "NOT_FOUND"}}}


async def test_a_gateway_records_reads_beside_its_configuration(tmp_path: Path) -> None:
    assembled = assemble(configured(tmp_path), SEAL, watch=False)
    store, recorder = assembled.gateway.store, assembled.gateway.recorder
    assert store is not None and recorder is not None
    async with assembled.app.router.lifespan_context(assembled.app):
        await asked_once(assembled)
        await recorder.flush()
        (entry,) = await store.audit.walk()
    assert (read_entry(entry.content).subject, read_entry(entry.content).misses) == ("emma", 1)
    assert (tmp_path / "journey.db").is_file()


async def test_going_without_is_possible_and_is_said_at_each_start(tmp_path: Path) -> None:
    assembled = assemble(configured(tmp_path, WITHOUT), SEAL, watch=False)
    with structlog.testing.capture_logs() as logged:
        async with assembled.app.router.lifespan_context(assembled.app):
            await asked_once(assembled)
    assert {"event": "reads_are_not_recorded", "log_level": "warning"} in logged
    assert os.listdir(tmp_path) == ["gateway.toml"]


def cli(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("gateway"), *arguments, "-c", folder / "gateway.toml"]
    environment = {"PATH": os.environ["PATH"], **SEAL}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_place_that_cannot_be_written_ends_it_with_a_clear_word(tmp_path: Path) -> None:
    configured(tmp_path, '\n[store]\nurl = "sqlite:///nowhere/journey.db"\n')
    ended = cli(tmp_path, "serve", "--port", "0")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "The folder of the store cannot be written: No such file or directory. Name another place in `[store] url`.\n"
    )


def test_commands_say_that_there_is_no_store(tmp_path: Path) -> None:
    configured(tmp_path, WITHOUT)
    ended = cli(tmp_path, "audit")
    assert (ended.returncode, ended.stderr) == (
        2,
        "Nothing is kept, since `[store] url` is empty: name a file or a database.\n",
    )
