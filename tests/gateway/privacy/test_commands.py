"""`gateway audit · erase · export · purge`, beside a gateway that runs."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from typer.testing import CliRunner

from connectors.events import RowChanged
from connectors.interaction import Channel
from gateway.cli import app
from gateway.privacy import commands
from gateway.privacy.recorder import Recorder
from gateway.privacy.trail import Trail
from gateway.store import schema
from gateway.store.store import Store, database_at
from gateway.store.vault import Vault
from tests.gateway.privacy.support import TEXT, contact, email, phone
from tests.gateway.privacy.test_erasure import ANNA_PHONE, about_anna, about_bruno, events
from tests.gateway.support import NOW, SECRET, row_of, supervisor

CONFIG = TEXT + '\n[store]\nurl = "sqlite:///journey.db"\n'
RETAINED = """
[[sources]]
name = "wa"
connector = "zendesk"
base_url = "https://desk.example.org"
credentials = { email = { env = "MAIL" }, token = { env = "TOKEN" } }
retention_days = 30
retention_days_by_channel = { VOICE = 400, TICKET = 10 }
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("SEAL", SECRET.hex())
    monkeypatch.setenv("MAIL", "agent@example.org")
    monkeypatch.setenv("TOKEN", "a token")
    return path


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments))


def with_store(folder: Path, work: Any) -> Any:
    async def act() -> Any:
        store = Store(database_at("sqlite:///journey.db", folder, exclusive=False), Vault(SECRET))
        await store.open()
        try:
            return await work(store)
        finally:
            await store.aclose()

    return asyncio.run(act())


async def plant(store: Store) -> None:
    await store.intake.apply("whatsapp", events([*about_anna(), *about_bruno()], "first"), NOW)
    recorder = Recorder(store, utc_now=lambda: NOW)
    for n in range(3):
        trail = Trail({phone(ANNA_PHONE): None}, {email("anna@example.org"): None}, rows={("calls", str(n))})
        recorder.note(supervisor(), "customer", trail, "request-1")
    await recorder.flush()


def test_what_is_stored_is_exported_and_erased(config: Path) -> None:
    with_store(config.parent, plant)
    exported = run("export", ANNA_PHONE, "--reason", "she asked", "-c", str(config))
    assert exported.exit_code == 0, exported.output
    found = json.loads(exported.output)
    assert len(found["journal"]) == 79 and [one["name"] for one in found["contacts"]] == ["Anna Verdi"]
    assert "TRACE-041" in exported.output and "bruno" not in exported.output
    assert [(one["operation"], one["rows"]) for one in found["audit"]] == [("customer", 1)] * 3 + [
        ("gateway export", 0)
    ]
    erased = run("erase", ANNA_PHONE, "--reason", "she asked", "-c", str(config))
    assert erased.exit_code == 0 and "journal      79" in erased.output, erased.output
    again = json.loads(run("export", ANNA_PHONE, "--reason", "to be sure", "-c", str(config)).output)
    assert (again["contacts"], again["journal"], again["ids"]) == ([], [], [])
    files = b"".join(path.read_bytes() for path in config.parent.glob("journey.db*"))
    assert b"of-anna" not in files and b"bruno says" in files


def test_no_key_is_no_customer(config: Path) -> None:
    answer = run("erase", "nobody", "--reason", "x", "-c", str(config))
    assert (answer.exit_code, "no key of a customer" in answer.output) == (1, True)


def test_several_people_are_not_erased_at_once(config: Path) -> None:
    async def two(store: Store) -> None:
        one, other = (contact("desk", id_, phone(ANNA_PHONE)) for id_ in ("a1", "a2"))
        rows = [row_of("desk", f"t-{r.id}", NOW, record_id=r.id, channel=Channel.TICKET) for r in (one, other)]
        changes = [RowChanged(NOW, row, record) for row, record in zip(rows, (one, other), strict=True)]
        await store.intake.apply("desk", events(list(changes), "x"), NOW)

    with_store(config.parent, two)
    answer = run("erase", ANNA_PHONE, "--reason", "x", "-c", str(config))
    assert (answer.exit_code, "Several customers" in answer.output) == (1, True)
    assert run("erase", "desk:a1", "--reason", "x", "-c", str(config)).exit_code == 0
    assert len(json.loads(run("export", "desk:a2", "--reason", "x", "-c", str(config)).output)["journal"]) == 1


def test_the_record_is_read_and_this_is_on_record(config: Path) -> None:
    with_store(config.parent, plant)
    shown = run("audit", "-c", str(config))
    assert shown.exit_code == 0 and shown.output.count("'customer' whom=") == 3
    assert run("audit", "--customer", "anna@example.org", "-c", str(config)).output.count("emma") == 3
    assert "Nothing of that" in run("audit", "--customer", "+393331110000", "-c", str(config)).output
    assert "Nothing of that" in run("audit", "--since", "2030-01-01", "-c", str(config)).output
    assert "Nothing of that" in run("audit", "--subject", "nobody", "-c", str(config)).output
    assert run("audit", "-c", str(config)).output.count("gateway audit") == 5
    assert "333111" not in run("audit", "-c", str(config)).output


def test_the_record_is_not_read_without_end(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "READINGS_PER_MINUTE", 2)
    codes = [run("audit", "-c", str(config)).exit_code for _ in range(4)]
    assert codes == [0, 0, 1, 1]


def test_a_changed_or_shortened_record_is_noticed(config: Path) -> None:
    assert "Nothing is on record" in run("audit", "--verify", "-c", str(config)).output
    with_store(config.parent, plant)
    whole = run("audit", "--verify", "-c", str(config))
    anchor = whole.output.split()[-1]
    assert (whole.exit_code, anchor.partition(":")[0]) == (0, "3")
    assert run("audit", "--verify", "--anchor", anchor, "-c", str(config)).exit_code == 0
    assert run("audit", "--verify", "--anchor", "3:zz", "-c", str(config)).exit_code == 2
    rows = schema.audit
    with_store(config.parent, lambda s: s.database.write(lambda c: c.execute(delete(rows).where(rows.c.seq == 3))))
    assert run("audit", "--verify", "-c", str(config)).exit_code == 0
    cut = run("audit", "--verify", "--anchor", anchor, "-c", str(config))
    assert (cut.exit_code, "cut off" in cut.output) == (1, True)
    with_store(config.parent, lambda s: s.database.write(lambda c: c.execute(update(rows).values(at=rows.c.at + 1))))
    broken = run("audit", "--verify", "-c", str(config))
    assert (broken.exit_code, "Entry 1" in broken.output) == (1, True)
    assert run("audit", "-c", str(config)).exit_code == 1


def test_what_is_old_is_deleted_by_source_and_channel(config: Path) -> None:
    config.write_text(CONFIG + RETAINED)
    now = commands.datetime.now(commands.UTC)

    async def old(store: Store) -> None:
        changes = []
        for channel in (Channel.VOICE, Channel.TICKET, Channel.CHAT):
            for days in (1, 20, 60, 500):
                at = now - timedelta(days=days)
                row = row_of("wa", f"{channel}-{days}", at, record_id=f"r{days}", channel=channel)
                changes.append(RowChanged(at, row, contact("wa", f"r{days}", phone(ANNA_PHONE))))
        await store.intake.apply("wa", events(list(changes), "x"), now)

    with_store(config.parent, old)
    answer = run("purge", "-c", str(config))
    assert answer.exit_code == 0 and answer.output.split() == ["quarantine", "0", "wa", "6"], answer.output

    async def left(store: Store) -> Any:
        rows, records = schema.interactions.c, schema.records.c
        told = await store.database.read(lambda c: sorted(c.execute(select(rows.external_id)).scalars()))
        return told, await store.database.read(lambda c: sorted(c.execute(select(records.record_id)).scalars()))

    kept = with_store(config.parent, left)
    assert kept == (["CHAT-1", "CHAT-20", "TICKET-1", "VOICE-1", "VOICE-20", "VOICE-60"], ["r1", "r20", "r60"])
