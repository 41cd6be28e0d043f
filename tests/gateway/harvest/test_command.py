"""`gateway harvest` as operators run it: processes that are killed at any point lose nothing and double nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from typer.testing import CliRunner

from connectors.base import Window
from connectors.identifiers import phone
from gateway.build import build_gateway, make_store
from gateway.cli import app
from gateway.demo import world
from gateway.harvest.command import harvest
from gateway.journey.filter import EVERYTHING_SHOWN
from gateway.journey.read import read_page
from gateway.operation import Operation
from gateway.reload import Configuration
from gateway.sources.report import SourceState
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from sandbox.serve import make_server
from tests.gateway.harvest.support import content_of
from tests.gateway.support import supervisor
from tests.gateway.test_cli import Sandbox

KILLS = 8
SEED = 23
PATIENCE_SECONDS = 120
HARVEST = [sys.executable, "-c", "from gateway.cli import main; main()", "harvest", "--config", str(world.CONFIG)]


class Watched:
    """An application that says when it has been asked, or has answered, so many times."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._left = {"asked": 0, "answered": 0}
        self._reached = threading.Event()

    def watch(self, what: str, times: int) -> threading.Event:
        self._reached = threading.Event()
        self._left[what] = times
        return self._reached

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._count("asked")
        await self._app(scope, receive, send)
        self._count("answered")

    def _count(self, what: str) -> None:
        self._left[what] -= 1
        if self._left[what] == 0:
            self._reached.set()


@pytest.fixture(scope="module")
def watched() -> Watched:
    """The imitated vendors."""
    return Watched(make_server(now=datetime(2026, 11, 23, 9, tzinfo=UTC), depth=1500).config.app)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def vendors(watched: Watched) -> Iterator[str]:
    """Their address."""
    bound = socket.create_server(("127.0.0.1", 0))
    server = Sandbox(uvicorn.Config(watched, lifespan="off", access_log=False, log_level="warning"))
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]))
    thread.start()
    assert server.listening.wait(20)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def environment(vendors: str, folder: Path, **more: str) -> dict[str, str]:
    harvest = {
        "GATEWAY_HARVEST__SOURCES": "zendesk,requests",
        "GATEWAY_HARVEST__HISTORY_DAYS": "7300",
        "GATEWAY_HARVEST__CALLS_PER_MINUTE": "6000",
        "GATEWAY_STORE__URL": f"sqlite:///{folder}/journey.db",
        "GATEWAY_GATEWAY__LOG_LEVEL": "INFO",
    }
    return {"PATH": os.environ["PATH"], **world.environment(vendors), **harvest, **more}


def start(variables: Mapping[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*HARVEST, *arguments], env=dict(variables), stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def next_page(process: subprocess.Popen[bytes]) -> bool:
    """Whether it said that another page is in the journal, before it ended."""
    assert process.stderr is not None
    return any(b'"harvested"' in line for line in iter(process.stderr.readline, b""))


def told_by(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    async def read() -> dict[str, list[tuple[Any, ...]]]:
        store = Store(database_at(f"sqlite:///{folder}/journey.db", folder), Vault(b64decode(world.SECRET)))
        await store.open()
        try:
            return await content_of(store)
        finally:
            await store.aclose()

    return asyncio.run(read())


def test_killed_at_any_point_it_loses_and_doubles_nothing(vendors: str, watched: Watched, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    done = subprocess.run([*HARVEST, "--once"], env=environment(vendors, whole), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    expected = told_by(whole)
    assert len(expected["interactions"]) > 300

    print("seed", SEED)
    chance = random.Random(SEED)
    variables = environment(vendors, killed)
    sizes = [0]
    for _ in range(KILLS):
        point, times = chance.choice(["asked", "answered", "kept"]), chance.randint(1, 3)
        reached = watched.watch(point, times) if point != "kept" else None
        process = start(variables, "--once")
        if reached is None:
            assert all(next_page(process) for _ in range(times)), "it ended before"
        else:
            assert reached.wait(PATIENCE_SECONDS), "it asks no more"
        process.kill()
        process.communicate(timeout=PATIENCE_SECONDS)
        sizes.append(len((told_by(killed))["interactions"]))
    assert sizes == sorted(sizes), "what is in the journal stays there"
    assert 0 < sizes[-1] < len(expected["interactions"]), "it was killed on the way"
    done = subprocess.run([*HARVEST, "--once"], env=environment(vendors, killed), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    found = told_by(killed)
    for table in ("interactions", "records", "identifiers", "search_terms"):
        assert found[table] == expected[table], table
    assert len(found["feed"]) == len(set(found["feed"])), "and nothing is told twice"


def test_told_to_end_it_ends_cleanly(vendors: str, tmp_path: Path) -> None:
    process = start(environment(vendors, tmp_path))
    assert next_page(process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said.decode()
    for line in said.splitlines():
        assert msgspec.json.decode(line)["event"] == "harvested"


def test_logs_hold_nothing_of_customers(vendors: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*HARVEST, "--once", "--source", "zendesk"], env=environment(vendors, tmp_path), capture_output=True
    )
    assert done.returncode == 0
    told = [msgspec.json.decode(line) for line in done.stderr.splitlines()]
    assert {entry["source"] for entry in told} == {"zendesk"}
    assert sum(entry["rows"] for entry in told) > 100
    assert b"@" not in done.stderr and b"+39" not in done.stderr and b"abissi" not in done.stderr.lower()


async def test_what_was_harvested_is_shown_when_the_vendors_are_gone(vendors: str, tmp_path: Path) -> None:
    """Put together as it serves: two sources are harvested, nobody answers."""
    path = tmp_path / "gateway.toml"
    path.write_text(world.CONFIG.read_text())
    settings = Configuration(path, environment(vendors, tmp_path)).settings
    assert await harvest(settings, tmp_path, ["zendesk", "requests"], once=True)
    gone = Configuration(path, environment("http://127.0.0.1:9", tmp_path))
    store = make_store(gone.settings, tmp_path)
    gateway = build_gateway(gone.settings, lambda: gone.deployment, store=store)
    assert {name for name, source in gateway.sources.items() if source.journal is not None} == {"zendesk", "requests"}
    await store.open()
    try:
        operation = Operation.begin(gateway, supervisor(), "request-1")
        vera = phone("+393331110002")
        assert vera is not None
        lookup = await operation.look_up(vera)
        assert len(lookup.people) == 1
        page = await read_page(operation.reading(lookup.people[0]), Window(), EVERYTHING_SHOWN, 200)
    finally:
        await gateway.aclose()
    assert {shown.row.source for shown in page.rows} == {"zendesk", "requests"}
    states = {report.source: report.state for report in page.reports}
    assert states.pop("zendesk") == states.pop("requests") == SourceState.STALE
    assert SourceState.STALE not in states.values()


def test_it_says_what_is_wrong(tmp_path: Path) -> None:
    runner = CliRunner()

    def run(*arguments: str, **more: str) -> Any:
        return runner.invoke(app, ["harvest", *arguments], env={**variables, **more})

    variables = {**environment("http://127.0.0.1:9", tmp_path), "GATEWAY_CONFIG": str(world.CONFIG)}
    for arguments, more, says, code in (
        (("--once", "--source", "surveys"), {}, "does not name it", 2),
        (("--once",), {"GATEWAY_HARVEST__SOURCES": ""}, "Nothing is harvested", 2),
        (("--once",), {"GATEWAY_HARVEST__SOURCES": "surveys"}, "tells no changes", 2),
        (("--once",), {"GATEWAY_HARVEST__SOURCES": "zendesk,zendesk"}, "is there already", 2),
        (("--once",), {"GATEWAY_HARVEST__SOURCES": "nobody"}, "an unknown source", 2),
    ):
        result = run(*arguments, **more)
        assert result.exit_code == code, result.output
        assert says in result.output


def test_what_cannot_be_reached_ends_it_with_a_failure(tmp_path: Path) -> None:
    done = subprocess.run([*HARVEST, "--once"], env=environment("http://127.0.0.1:9", tmp_path), capture_output=True)
    assert done.returncode == 1
    told = [msgspec.json.decode(line) for line in done.stderr.splitlines()]
    assert [entry["event"] for entry in told] == ["harvest_failed"] * 2
