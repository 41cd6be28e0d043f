"""The population's calls as an Asterisk would have written them, with the sandbox's ARI beside."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import httpx

from connectors.base import SourceConfig, VendorConnector
from connectors.identifiers import phone
from connectors.telephony.asterisk import Asterisk
from connectors.testing.contract import Subject
from sandbox.app import Sandbox
from sandbox.credentials import ARI_PASSWORD, ARI_USER, ASTERISK_TIME_ZONE
from sandbox.population import Population
from sandbox.vendors.asterisk_rows import Written, save_database, save_files, written
from tests.connectors.support import NOW

OPTIONS: dict[str, Any] = {"trunks": ("PJSIP/trunk",), "wrap_up_prefix": "wrapup:", "division": "accountcode"}


@cache
def rows(population: Population) -> Written:
    return written(population, "genesys_cloud")


def over_database(folder: Path, population: Population, app: Sandbox) -> tuple[Subject, Path]:
    path = folder / "master.db"
    save_database(rows(population), path)
    address = f"sqlite://{path}"
    return _subject(app, {"cdr": address, "cel": address, "queue_log": address}), path


def over_files(folder: Path, population: Population, app: Sandbox) -> tuple[Subject, Path]:
    save_files(rows(population), folder)
    path = folder / "Master.csv"
    return _subject(app, {"cdr": str(path), "queue_log": str(folder / "queue_log")}), path


def _subject(app: Sandbox, places: dict[str, str]) -> Subject:
    config = SourceConfig(
        "asterisk",
        "http://127.0.0.1:8100/asterisk/ari",
        {"ari_user": ARI_USER, "ari_password": ARI_PASSWORD},
        {**OPTIONS, **places},
        region="IT",
        time_zone=ASTERISK_TIME_ZONE,
    )

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return Asterisk(config, transport, lambda: NOW)

    known, stranger = phone("+393331110002"), phone("+393339999999")
    assert known is not None and stranger is not None
    return Subject.over_asgi(app, connect, known=known, stranger=stranger)
