"""The imitation of Asterisk's ARI and of what it writes, against recordings of a real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.credentials import ARI_PASSWORD, ARI_USER
from sandbox.population import build
from sandbox.vendors.asterisk_rows import CDR_COLUMNS, CEL_COLUMNS, written
from tests.sandbox.support import NOW, SEED, client_of, sandbox_of

RECORDED = Path(__file__).parents[1] / "connectors" / "telephony" / "asterisk"
EXCHANGES = {one["name"]: one for one in json.loads((RECORDED / "recorded.json").read_text())["exchanges"]}
ROWS = json.loads((RECORDED / "recorded_rows.json").read_text())
POPULATION = build(SEED, NOW, depth=100)
SANDBOX = sandbox_of(POPULATION)


def shape(value: Any) -> Any:
    """The names and types of what was recorded, so far as one item shows them."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.fixture
async def ari():
    async with client_of(SANDBOX, "/asterisk/ari", auth=(ARI_USER, ARI_PASSWORD)) as client:
        yield client


@pytest.mark.parametrize(
    ("name", "path"), [("info", "/asterisk/info"), ("live channels", "/channels"), ("live bridges", "/bridges")]
)
async def test_answers_have_the_recorded_shape(ari, name: str, path: str):
    answer = (await ari.get(path)).json()
    assert shape(answer) == shape(EXCHANGES[name]["body"])


async def test_failures_are_the_recorded_ones(ari):
    missing = await ari.get("/channels/nope")
    assert (missing.status_code, missing.json()) == (404, EXCHANGES["no such channel"]["body"])
    async with client_of(SANDBOX, "/asterisk/ari") as stranger:
        refused = await stranger.get("/channels")
    assert (refused.status_code, refused.json()) == (401, EXCHANGES["no credentials"]["body"])


async def test_bridges_hold_channels_that_are_there(ari):
    channels = {channel["id"] for channel in (await ari.get("/channels")).json()}
    for bridge in (await ari.get("/bridges")).json():
        assert set(bridge["channels"]) <= channels
    one = (await ari.get("/channels")).json()[0]
    assert (await ari.get(f"/channels/{one['id']}")).json() == one


def test_what_is_written_is_as_recorded():
    rows = written(POPULATION, "genesys_cloud")
    for table, columns in (("cdr", CDR_COLUMNS), ("cel", CEL_COLUMNS)):
        assert set(columns) <= ROWS[table][0].keys()
    assert {row["disposition"] for row in rows.cdr} == {"ANSWERED", "NO ANSWER"}
    assert {row["eventtype"] for row in rows.cel} <= {row["eventtype"] for row in ROWS["cel"]}
    events = {line.split("|")[4] for line in rows.queue_log}
    assert events == {"ENTERQUEUE", "CONNECT", "COMPLETEAGENT", "BLINDTRANSFER", "ABANDON"}
    by_call = [row for row in rows.cdr if row["uniqueid"] == row["linkedid"]]
    assert 0 < len(by_call) < len(rows.cdr)
