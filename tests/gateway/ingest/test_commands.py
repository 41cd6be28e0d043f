"""`gateway migrate` and `gateway ingest`, beside a gateway that runs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.store.inbox import State
from tests.gateway.ingest.support import ENVIRONMENT, from_meta, listening, until, write_config


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*arguments])
    return done.exit_code, done.output


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_migrating_says_so(tmp_path: Path):
    config = str(write_config(tmp_path))
    for _ in range(2):
        assert run("migrate", "-c", config) == (0, "The store has the shape of this version.\n")
    assert run("ingest", "list", "-c", config) == (0, "No delivery was set aside.\n")
    assert run("ingest", "replay", "--all", "-c", config) == (1, "0 will be read again.\n")
    assert run("ingest", "replay", "-c", config)[0] == 2


async def test_what_was_set_aside_is_listed_and_replayed_while_the_gateway_runs(tmp_path: Path):
    async with listening(tmp_path) as gateway:
        config = str(tmp_path / "gateway.toml")
        assert (await gateway.post("whatsapp", *from_meta(b"no JSON"))).status_code == 200
        await gateway.settled()
        code, said = await asyncio.to_thread(run, "ingest", "list", "-c", config)
        assert code == 0
        assert "whatsapp" in said
        assert "POISON" in said
        assert "no JSON of" in said or "JSON" in said
        assert (await asyncio.to_thread(run, "ingest", "replay", "1", "-c", config)) == (0, "1 will be read again.\n")

        async def is_aside_again() -> bool:
            (one,) = await gateway.store.inbox.listed()
            return one.state is State.POISON

        await until(is_aside_again)
        code, said = await asyncio.to_thread(run, "migrate", "-c", config)
        assert code == 2
        assert "Another gateway uses this store already." in said
