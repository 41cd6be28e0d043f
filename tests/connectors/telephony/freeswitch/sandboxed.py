"""The population's calls as a FreeSWITCH would have written them: a folder of documents, or a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from connectors.base import SourceConfig, VendorConnector
from connectors.identifiers import phone
from connectors.telephony.freeswitch import FreeSwitch
from connectors.testing.contract import Subject
from sandbox.app import Sandbox
from sandbox.credentials import FREESWITCH_TIME_ZONE
from sandbox.population import Population, build
from sandbox.vendors.freeswitch_rows import save_documents, save_table
from tests.connectors.support import NOW

FEW = build(1, NOW, people=20, depth=60)


def over_folder(folder: Path, app: Sandbox) -> tuple[Subject, Path]:
    path = folder / "json_cdr"
    path.mkdir()
    save_documents(FEW, "genesys_cloud", path)
    return subject(app, {"cdr": str(path), "wrap_up_variable": "wrap_up_code", "account_is_division": True}), path


def over_table(folder: Path, population: Population, app: Sandbox) -> tuple[Subject, Path]:
    path = folder / "cdr.db"
    save_table(population, "genesys_cloud", path)
    return subject(app, {"cdr": f"sqlite://{path}"}), path


def subject(app: Sandbox, options: dict[str, Any]) -> Subject:
    config = SourceConfig(
        "freeswitch", "http://127.0.0.1:8100/freeswitch", {}, options, region="IT", time_zone=FREESWITCH_TIME_ZONE
    )

    def connect(transport: httpx.AsyncBaseTransport) -> VendorConnector:
        return FreeSwitch(config, transport, lambda: NOW)

    known, stranger = phone("+393331110002"), phone("+393339999999")
    assert known is not None and stranger is not None
    return Subject.over_asgi(app, connect, known=known, stranger=stranger)
