"""`gateway check --source NAME --customer KEY`: what a source tells of a customer, field by field."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
import uvicorn
from rich.console import Console
from typer.testing import CliRunner, Result

from connectors.declarative.connector import Explained
from connectors.declarative.values import Cell
from gateway.checking import Told, identifiers_of
from gateway.cli import app
from gateway.settings import SettingsError, load
from gateway.terminal import draw_told
from sandbox.credentials import CHATWOOT_TOKEN, PLAIN_REST_TOKEN
from sandbox.serve import make_server

SECRET = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
ENVIRONMENT = {"SECRET": SECRET, "TOKEN": PLAIN_REST_TOKEN, "CHAT": CHATWOOT_TOKEN, "COLUMNS": "200"}
SOURCES = """\
[gateway]
secret = {{ env = "SECRET" }}
modules = ["JOURNEY"]
region = "IT"
[[sources]]
name = "calls"
connector = "declarative"
base_url = "{vendors}/plain_rest"
credentials = {{ token = {{ env = "TOKEN" }} }}
options = {{ manifest = "{manifest}" }}
[[sources]]
name = "chats"
connector = "chatwoot"
base_url = "{vendors}/chatwoot"
credentials = {{ token = {{ env = "CHAT" }} }}
options = {{ account_id = 1 }}
"""
SHIPPED = Path(__file__).parents[2] / "connectors/declarative/manifests/plain_rest.toml"


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
    bound = socket.create_server(("127.0.0.1", 0))
    server = Sandbox(make_server(now=datetime(2026, 11, 23, 9, tzinfo=UTC)).config)
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]))
    thread.start()
    assert server.listening.wait(20)
    yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def folder(tmp_path: Path, vendors: str) -> Path:
    configure(tmp_path, vendors)
    return tmp_path


def configure(folder: Path, vendors: str = "http://127.0.0.1:9", manifest: str = "plain_rest") -> Path:
    path = folder / "gateway.toml"
    path.write_text(SOURCES.format(vendors=vendors, manifest=manifest))
    return path


def check(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["check", "--config", str(folder / "gateway.toml"), *arguments], env=ENVIRONMENT)


def test_a_manifest_shows_what_it_makes_of_each_field(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    result = check(folder, "--source", "calls", "--customer", "333 111 0002", "--rows", "2")
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.output.splitlines()]
    assert ["channel", "channel", "phone", "VOICE"] in lines
    assert ["direction", "direction", "in", "INBOUND"] in lines
    assert ["name", "name", "Vera", "Abissi", "Vera", "Abissi"] in lines
    assert result.output.count("Interaction ") == 2
    assert PLAIN_REST_TOKEN not in result.output
    assert not any("Abissi" in record.getMessage() or "333111" in record.getMessage() for record in caplog.records)


def test_any_other_source_shows_what_its_fields_became(folder: Path) -> None:
    result = check(folder, "--source", "chats", "--customer", "vera.abissi@example.org")
    assert result.exit_code == 0, result.output
    assert "Vera Abissi" in result.output
    assert "Expression" not in result.output
    assert result.output.count("Interaction ") == 3


def test_a_row_that_was_left_out_says_why(tmp_path: Path, vendors: str) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace('started_at = "started_at"', 'started_at = "begun"')
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    configure(tmp_path, vendors, "mine.toml")
    result = check(tmp_path, "--source", "calls", "--customer", "+393331110002")
    assert "left out: started_at is missing or not what it must be" in result.output


@pytest.mark.parametrize(
    ("customer", "said"), [("+393339999999", "Nobody found."), ("nobody@example.org", "Nobody found."), ("#", "Nobody")]
)
def test_nobody_is_said(folder: Path, customer: str, said: str) -> None:
    result = check(folder, "--source", "calls", "--customer", customer)
    assert (result.exit_code, said in result.output) == (1, True)


def test_one_source_alone_is_asked(folder: Path) -> None:
    result = check(folder, "--source", "calls")
    assert (result.exit_code, "calls" in result.output, "chats" in result.output) == (0, True, False)


def test_a_source_that_does_not_answer_is_said(tmp_path: Path) -> None:
    configure(tmp_path)
    result = check(tmp_path, "--source", "calls", "--customer", "+393331110002")
    assert result.exit_code == 1
    assert "could not be reached" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--customer", "x"), "--source"), (("--source", "cals", "--customer", "x"), "no source of that name")],
)
def test_a_question_that_names_no_source_is_refused(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    result = check(folder, *arguments)
    assert (result.exit_code, said in result.output) == (2, True)


def test_a_key_may_mean_several_identifiers() -> None:
    told = {
        "+39 333 111 0002": ["PHONE", "WHATSAPP"],
        "a@example.org": ["EMAIL"],
        "crm:CRM-1": ["EXTERNAL_ID"],
        "cookie:c-1": ["COOKIE"],
        "tel:+393331110002": ["PHONE", "WHATSAPP"],
        "?": [],
    }
    assert {key: [i.kind for i in identifiers_of(key, "IT")] for key in told} == told


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    console = Console(width=200, force_terminal=False, record=True, file=StringIO())
    cell = Cell("subject", "subject", "[red]x\x1b[31m\n\x9b", "[bold]y[/bold]")
    assert draw_told(console, Told(people=[Explained((cell,), None, "[blink]no[/]")])) == 1
    text = console.export_text()
    assert "[red]x·[31m··" in text
    assert "[bold]y[/bold]" in text
    assert "left out: [blink]no[/]" in text


def refused(path: Path) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load(path, ENVIRONMENT)
    return [str(fault) for fault in caught.value.faults]


def test_faults_of_a_manifest_are_faults_of_the_configuration(tmp_path: Path) -> None:
    text = (
        SHIPPED.read_text(encoding="utf-8").replace('"TELEPHONY"', '"TELEPHONE"').replace('"/v1/contacts"', '"v1"', 1)
    )
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    assert refused(configure(tmp_path, manifest="mine.toml")) == [
        "mine.toml:6: kind is none of the known words; did you mean `TELEPHONY`?",
        "mine.toml:13: check.path does not begin with `/`; write the path behind the base address, such as `/v1/calls`",
    ]


def test_a_manifest_decides_channels_and_credentials(tmp_path: Path) -> None:
    path = configure(tmp_path)
    (calls, _) = load(path, ENVIRONMENT).sources
    assert {"VOICE", "WHATSAPP"} <= set(calls.channels)
    assert "FAX" not in calls.channels
    assert set(calls.verifies) == {"EMAIL", "PHONE"}
    text = path.read_text().replace('{ token = { env = "TOKEN" } }', '{ tokn = { env = "TOKEN" } }')
    path.write_text(text.replace("options = { manifest", 'channels = ["FAX"]\noptions = { manifest'))
    told = refused(path)
    assert any("sources[0].credentials.token is missing" in fault for fault in told)
    assert any("sources[0].credentials.tokn is unknown" in fault for fault in told)
    assert any("sources[0].channels[0] is not among the channels" in fault for fault in told)


def test_a_manifest_that_is_missing_or_unknown_is_told(tmp_path: Path) -> None:
    path = configure(tmp_path, manifest="plain_rset")
    assert refused(path) == ["plain_rset: manifest is no manifest that is shipped; did you mean `plain_rest`?"]
    path.write_text(path.read_text().replace('options = { manifest = "plain_rset" }', ""))
    assert any("sources[0].options.manifest is missing" in fault for fault in refused(path))
