"""A connector over recorded rows of a real Asterisk 22.10.1, saved as its modules save them, and its ARI."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import httpx
import respx

from connectors.base import SourceConfig
from connectors.telephony.asterisk import Asterisk
from connectors.telephony.asterisk_rows import CDR_FILE
from tests.connectors.support import NOW, router

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "recorded_rows.json").read_text())
EXCHANGES = {one["name"]: one for one in json.loads((HERE / "recorded.json").read_text())["exchanges"]}
QUEUE_LOG = HERE / "recorded_queue_log.txt"
GIULIA = "+393331112222"
ANSWERED_IN_QUEUE, ANSWERED_DIRECT, NOT_ANSWERED = "1795398855.0", "1795398855.4", "1795398855.8"


def save(path: Path, **tables: list[dict[str, Any]]) -> Path:
    """A database with these tables."""
    with closing(connect(path)) as database, database:
        for table, rows in tables.items():
            columns = list(rows[0])
            quoted = ", ".join(f'"{column}"' for column in columns)
            database.execute(f"CREATE TABLE {table} ({quoted})")
            places = ", ".join("?" * len(columns))
            database.executemany(f"INSERT INTO {table} VALUES ({places})", [[row[c] for c in columns] for row in rows])
    return path


def save_csv(path: Path, rows: list[dict[str, Any]]) -> Path:
    """As cdr_csv writes them, with all that it can be told to write."""
    theirs = {"start": "calldate", "end": "endtime"}
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([[row[theirs.get(name, name)] for name in CDR_FILE] for row in rows])
    return path


def pbx(cdr: Path | str, transport: httpx.AsyncBaseTransport | None = None, **options: Any) -> Asterisk:
    """`cdr`: a database, or a file where its name ends with `.csv`. With a transport there is an ARI."""
    place = cdr if isinstance(cdr, str) or cdr.suffix == ".csv" else f"sqlite://{cdr}"
    credentials = {"ari_user": "gw", "ari_password": "ari-secret"} if transport else {}
    zone = options.pop("time_zone", "UTC")
    region = options.pop("region", "IT")
    config = SourceConfig(
        "pbx", "http://pbx.example.org:8088/ari", credentials, {"cdr": str(place), **options}, None, region, zone
    )
    return Asterisk(config, transport or httpx.MockTransport(router().async_handler), lambda: NOW)


def ari(*, channels: Any = None, bridges: Any = None) -> httpx.MockTransport:
    """Answers as recorded, or with these channels and bridges."""
    routes = respx.MockRouter(assert_all_called=False)
    root = "http://pbx.example.org:8088/ari"
    told = {"/channels": ("live channels", channels), "/bridges": ("live bridges", bridges)}
    for path, (name, given) in told.items():
        routes.get(root + path).respond(json=EXCHANGES[name]["body"] if given is None else given)
    routes.get(f"{root}/asterisk/info").respond(json=EXCHANGES["info"]["body"])
    return httpx.MockTransport(routes.async_handler)
