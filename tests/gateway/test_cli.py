"""The command line, but for serving: what it prints and how it ends."""

from __future__ import annotations

import re
import socket
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from gateway.cli import app
from gateway.demo import world
from gateway.viewer.keys import hash_of
from sandbox.serve import make_server

runner = CliRunner()


class Sandbox(uvicorn.Server):
    """Runs in a thread of its own and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@pytest.fixture(scope="module")
def vendors() -> Iterator[str]:
    """The address of the imitated vendors."""
    bound = socket.create_server(("127.0.0.1", 0))
    server = Sandbox(make_server(now=datetime(2026, 11, 23, 9, tzinfo=UTC)).config)
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]))
    thread.start()
    assert server.listening.wait(20)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


def run(*arguments: str, vendors: str = "http://127.0.0.1:9", config: Path = world.CONFIG) -> Result:
    return runner.invoke(app, [*arguments], env={**world.environment(vendors), "GATEWAY_CONFIG": str(config)})


def test_check_says_what_works(vendors: str) -> None:
    result = run("check", vendors=vendors)
    assert result.exit_code == 0, result.output
    assert result.output.count("works") == 6


def test_check_says_what_does_not_and_fails() -> None:
    result = run("check")
    assert result.exit_code == 1
    assert result.output.count("could not be reached") == 6


def test_a_token_names_known_roles_alone() -> None:
    good = run("token", "ada", "--role", "agent", "--division", "Italy", "--profile", "Support desk")
    assert good.exit_code == 0
    assert good.output.count(".") == 2
    for option, value in (("--role", "king"), ("--division", "Atlantis"), ("--profile", "Night shift")):
        assert run("token", "ada", option, value).exit_code == 2


def test_a_new_key_comes_with_the_lines_to_configure_it() -> None:
    result = run("key", "new", "crm", "--name", "The CRM", "--role", "partner")
    key = re.search(r"jgk_crm_[A-Za-z0-9_-]{43}", result.output)
    assert key is not None
    lines = tomllib.loads(result.output[result.output.index("[[auth.keys]]") :])["auth"]["keys"][0]
    assert lines["hashes"] == [hash_of(key[0])]
    assert (lines["name"], lines["roles"]) == ("The CRM", ["partner"])
    assert run("key", "new", "Not an id").exit_code == 2


def test_every_fault_of_the_configuration_is_told_at_once(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[gateway]\nmodules = ["JOURNEY", "NOPE"]\ndedline_ms = 5\n')
    result = runner.invoke(app, ["serve", "--config", str(config)], env={"GATEWAY_CONFIG": None})
    assert result.exit_code == 2
    told = [line.split(" ")[0:2] for line in result.output.strip().splitlines()]
    assert [name for _, name in told] == ["gateway.secret", "gateway.modules[1]", "gateway.dedline_ms"]
