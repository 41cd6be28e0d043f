from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.interaction import Channel
from tests.gateway.privacy.support import Desk, House, contact, email, house_over, phone
from tests.gateway.support import NOW, row_of

HOUR = timedelta(hours=1)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Anna, whom two sources know; Bruno, whom one does; and Carla of the north, whom one does as well."""
    anna, bruno = phone("+393331112201"), email("bruno@example.org")
    calls = Desk(
        "calls",
        [row_of("calls", "c1", NOW - HOUR, record_id="anna"), row_of("calls", "c2", NOW - 2 * HOUR, record_id="bruno")],
        records=[contact("calls", "anna", anna, name="Anna Verdi"), contact("calls", "bruno", bruno, name="Bruno")],
    )
    desk = Desk(
        "desk",
        [
            row_of("desk", "t1", NOW - 3 * HOUR, record_id="a1", channel=Channel.TICKET),
            row_of("desk", "t2", NOW - 4 * HOUR, record_id="carla", channel=Channel.TICKET, division_ids=("north",)),
        ],
        records=[
            contact("desk", "a1", anna, email("anna@example.org")),
            contact("desk", "carla", phone("+393331112203"), division_ids=("north",)),
        ],
    )
    async with house_over(calls, desk, folder=tmp_path) as running:
        yield running
