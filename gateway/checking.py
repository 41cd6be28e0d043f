"""`gateway check`: asks every configured source a harmless question; or one source about one customer.

What a source tells of a customer is personal data: it is given to the caller's terminal and never logged.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors import identifiers
from connectors.base import Query, VendorConnector, Window
from connectors.deadline import Deadline
from connectors.declarative.connector import Declarative, Explained
from connectors.declarative.values import Cell
from connectors.errors import ConnectorError
from connectors.interaction import Identifier, IdentifierKind, Interaction, Record
from gateway.build import make_connector, network
from gateway.core import Clocks
from gateway.settings import Settings
from gateway.settings.model import SourceSection

CHECK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Told:
    """What one source tells of one customer: each person it found, and the newest rows of those."""

    problem: str | None = None
    people: Sequence[Explained] = ()
    records: Sequence[Record] = ()
    rows: Sequence[Explained] = ()


async def check_sources(settings: Settings, only: str | None = None) -> list[tuple[str, str, str | None, float]]:
    """(name, vendor, problem or None, milliseconds) of each source, in the configuration's order."""
    sections = [section for section in settings.sources if only in (None, section.name)]
    return list(await asyncio.gather(*(_check(settings, section) for section in sections)))


async def _check(settings: Settings, section: SourceSection) -> tuple[str, str, str | None, float]:
    connector = make_connector(settings, section, network(settings)(section), Clocks())
    started = time.perf_counter()
    problem = None
    try:
        await connector.check(Deadline.after(CHECK_SECONDS))
    except ConnectorError as error:
        problem = error.reason
    finally:
        await connector.aclose()
    return section.name, connector.vendor, problem, (time.perf_counter() - started) * 1000


async def tell_of(settings: Settings, section: SourceSection, customer: str, limit: int) -> Told:
    """What the source tells of whom `customer` names, field by field."""
    connector = make_connector(settings, section, network(settings)(section), Clocks())
    asked = identifiers_of(customer, connector.config.region)
    try:
        return await _tell(connector, asked, limit, Deadline.after(CHECK_SECONDS))
    except ConnectorError as error:
        return Told(problem=error.reason)
    finally:
        await connector.aclose()


async def _tell(connector: VendorConnector, asked: Sequence[Identifier], limit: int, deadline: Deadline) -> Told:
    records = await connector.find(asked, deadline)
    if isinstance(connector, Declarative):
        people = await connector.explain_people(asked, deadline)
        rows = await connector.explain_rows(records, Query(Window(), limit), deadline) if records else []
        rows.sort(key=_left_out_first_then_newest)
        return Told(None, people, records, rows[:limit])
    page = await connector.interactions(records, Window(), None, limit, deadline)
    return Told(None, [_plain(record) for record in records], records, [_plain(row) for row in page.items[:limit]])


def _left_out_first_then_newest(row: Explained) -> float:
    return -row.result.started_at.timestamp() if isinstance(row.result, Interaction) else -math.inf


def _plain(found: Record | Interaction) -> Explained:
    """The fields that are filled; how a connector in code came to them is in its code."""
    fields = msgspec.structs.asdict(found)
    filled = {field: value for field, value in fields.items() if value is not None and value != ()}
    return Explained(tuple(Cell(field, "", None, value) for field, value in filled.items()), found)


def identifiers_of(text: str, region: str | None) -> list[Identifier]:
    """Everything a key may mean: `+39…` a number, `a@b` an e-mail, `cookie:…` a visitor, `source:id` a contact's id."""
    kind, colon, value = text.partition(":")
    if colon and kind == "cookie":
        return [identifiers.cookie(value)]
    found = [identifiers.email(text), identifiers.phone(text, region), identifiers.whatsapp(text, region)]
    meant = [identifier for identifier in found if identifier is not None]
    if colon and not any(identifier.kind is IdentifierKind.PHONE for identifier in meant):
        meant.append(identifiers.external(kind, value))
    return meant
