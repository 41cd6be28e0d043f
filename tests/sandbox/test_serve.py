"""The sandbox as the command line serves it, and the live contacts that keep a demo alive."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx
import pytest

from sandbox.population import build
from sandbox.serve import make_server
from sandbox.vendors import VENDOR_TYPES
from tests.sandbox.support import NOW, SEED


async def test_it_serves_every_vendor_on_one_loopback_port():
    server = make_server(port=0, seed=SEED, now=NOW)
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    await server.startup()
    host, port = server.servers[0].sockets[0].getsockname()
    try:
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as http:
            assert set((await http.get("/_control")).json()) == {kind.name for kind in VENDOR_TYPES}
    finally:
        await server.shutdown()
    assert host == "127.0.0.1"


@pytest.mark.parametrize("vendor_type", VENDOR_TYPES, ids=lambda kind: kind.name)
def test_what_is_in_hand_goes_on_only_when_told_to(vendor_type):
    moment = [NOW]

    def clock() -> datetime:
        return moment[0]

    vendor = vendor_type(build(SEED, NOW), clock)
    before = [contact for person in vendor.people() for contact in vendor.contacts(person)]
    moment[0] += timedelta(minutes=10)
    assert [contact for person in vendor.people() for contact in vendor.contacts(person)] == before
    vendor.goes_on = True
    after = [contact for person in vendor.people() for contact in vendor.contacts(person)]
    moved = [then.live for then, now in zip(before, after, strict=True) if then != now]
    assert moved == [True for contact in before if contact.live]
    for contact in after:
        assert vendor.contact(contact.number) == contact
        if contact.live:
            assert moment[0] - contact.last_activity_at < timedelta(seconds=60)
