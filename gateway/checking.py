"""`gateway check`: asks every configured source a harmless question, all at once."""

from __future__ import annotations

import asyncio
import time

from connectors.deadline import Deadline
from connectors.errors import ConnectorError
from gateway.build import make_connector, network
from gateway.core import Clocks
from gateway.settings import Settings
from gateway.settings.model import SourceSection

CHECK_SECONDS = 10.0


async def check_sources(settings: Settings) -> list[tuple[str, str, str | None, float]]:
    """(name, vendor, problem or None, milliseconds) of each source, in the configuration's order."""
    return list(await asyncio.gather(*(_check(settings, section) for section in settings.sources)))


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
