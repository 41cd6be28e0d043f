"""Callers that several test modules share."""

from __future__ import annotations

import pytest

from tests.sandbox.genesys import TOLD, signed_in
from tests.sandbox.support import client_of, sandbox_of


@pytest.fixture
async def genesys():
    async with client_of(sandbox_of(TOLD), "/genesys_cloud") as client:
        yield await signed_in(client)
