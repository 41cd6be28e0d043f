"""What filter menus offer: campaigns over the window, the rest within the campaigns chosen."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.base import Window
from connectors.errors import UnavailableError
from connectors.interaction import Agent, Campaign, Channel, Leg, Queue
from gateway.deployment import SourceRules
from gateway.journey.facets import MAX_ROWS_A_SOURCE, read_facets
from gateway.journey.figures import Facets
from gateway.journey.filter import Filter
from gateway.permissions import ALL_PERMISSIONS, QUEUE_SEARCH
from gateway.viewer.viewer import EVERYWHERE, Viewer
from tests.gateway.journey.walks import a_world
from tests.gateway.support import (
    NOW,
    FakeVendor,
    deployment_of,
    gateway_of,
    reading_of,
    row_of,
    rows_every,
    supervisor,
)

MINUTE = timedelta(minutes=1)
SPRING, AUTUMN = Campaign("c1", "Spring"), Campaign("c2", "Autumn")
ADA = Agent("a1", "Ada Ferri")


async def facets_of(
    *vendors: FakeVendor,
    window: Window | None = None,
    campaigns: Filter | None = None,
    viewer: Viewer | None = None,
    **deployment: Any,
) -> Facets[str]:
    gateway = gateway_of(*vendors, deployment=deployment_of(vendors, **deployment))
    reading = reading_of(gateway, vendors, viewer=viewer)
    rules = reading.judge.deployment.sources
    return await read_facets(
        reading, window or Window(), campaigns or Filter(), lambda source, queue: rules[source].service(queue)
    )


def three_rows() -> FakeVendor:
    sales, care = Queue("q1", "Sales"), Queue("q2", "Care")
    return FakeVendor(
        "calls",
        [
            row_of(
                "calls", "1", NOW - MINUTE, campaign=SPRING, tags=("vip",), legs=(Leg(NOW, queue=sales, agent=ADA),)
            ),
            row_of("calls", "2", NOW - 2 * MINUTE, campaign=AUTUMN, tags=("vip", "late"), channel=Channel.CHAT),
            row_of("calls", "3", NOW - 3 * MINUTE, tags=("vip", "vip"), legs=(Leg(NOW, queue=care, agent=ADA),)),
        ],
    )


async def test_every_value_is_counted_once_a_row():
    facets = await facets_of(three_rows())
    assert facets.exhaustive
    assert facets.channels == {Channel.VOICE: 2, Channel.CHAT: 1}
    assert facets.campaigns == {("calls", SPRING): 1, ("calls", AUTUMN): 1}
    assert facets.queues == {"calls/q1": 1, "calls/q2": 1}
    assert facets.agents == {("calls", ADA): 2}
    assert facets.tags == {"vip": 3, "late": 1}


async def test_campaigns_count_the_window_and_the_rest_what_was_chosen_of_them():
    chosen = Filter(campaigns=frozenset({("calls", "c1")}))
    facets = await facets_of(three_rows(), campaigns=chosen)
    assert facets.campaigns == {("calls", SPRING): 1, ("calls", AUTUMN): 1}
    assert facets.channels == {Channel.VOICE: 1}
    assert (facets.queues, facets.agents, facets.tags) == ({"calls/q1": 1}, {("calls", ADA): 1}, {"vip": 1})
    nothing = await facets_of(three_rows(), campaigns=Filter(campaigns=frozenset()))
    assert len(nothing.campaigns) == 2 and not nothing.channels


async def test_only_the_window_counts():
    facets = await facets_of(three_rows(), window=Window(NOW - 2 * MINUTE, NOW - MINUTE))
    assert facets.campaigns == {("calls", AUTUMN): 1}
    assert facets.channels == {Channel.CHAT: 1}


async def test_queues_of_one_service_are_one():
    vendors = [three_rows(), FakeVendor("chats", [row_of("chats", "1", legs=(Leg(NOW, queue=Queue("z", "Vendite")),))])]
    rules = {
        "calls": SourceRules("calls", vendors[0].channels, services={"Sales": "sales"}),
        "chats": SourceRules("chats", vendors[1].channels, services={"z": "sales"}),
    }
    assert (await facets_of(*vendors, sources=rules)).queues == {"sales": 2, "calls/q2": 1}


async def test_what_is_withheld_is_not_counted():
    viewer = Viewer("emma", supervisor().kind, dict.fromkeys(ALL_PERMISSIONS - {QUEUE_SEARCH}, EVERYWHERE))
    facets = await facets_of(three_rows(), viewer=viewer)
    assert not facets.queues and facets.channels.total() == 3


@pytest.mark.parametrize("seek", [False, True])
@pytest.mark.parametrize(("amount", "exhaustive"), [(1_999, True), (2_000, True), (2_001, False), (2_600, False)])
async def test_two_thousand_rows_of_a_source_are_counted_and_more_are_told(seek: bool, amount: int, exhaustive: bool):
    assert MAX_ROWS_A_SOURCE == 2_000
    other = FakeVendor("desk", rows_every("desk", MINUTE, 30, channel=Channel.CHAT))
    facets = await facets_of(FakeVendor("calls", rows_every("calls", MINUTE, amount), seek=seek), other)
    assert facets.exhaustive is exhaustive
    assert facets.channels == {Channel.VOICE: min(amount, 2_000), Channel.CHAT: 30}


async def test_a_source_that_failed_or_keeps_rows_back_may_have_more_values():
    calls, desk = three_rows(), FakeVendor("desk", [row_of("desk", "1")])
    desk.faults.append(UnavailableError("desk", "gone"))
    facets = await facets_of(calls, desk)
    assert not facets.exhaustive and facets.channels.total() == 3
    assert (await facets_of(calls, desk)).exhaustive
    capped = FakeVendor("chats", rows_every("chats", MINUTE, 30), seek=False, row_cap=20, order_guaranteed=True)
    assert not (await facets_of(capped)).exhaustive


@pytest.mark.parametrize("batch", range(4))
async def test_facets_are_a_plain_count_of_what_is_shown(batch: int):
    for seed in range(batch * 40, (batch + 1) * 40):
        print(f"seed {seed}")
        world = a_world(Random(f"facets {seed}"))
        reading = world.reading()
        judge, rules = reading.judge, world.deployment.sources
        chosen = Filter(campaigns=world.filter.campaigns)
        facets = await read_facets(reading, world.window, chosen, lambda s, q: rules[s].service(q))  # noqa: B023
        window, shown = world.window, []
        for vendor in world.vendors:
            records = {record.id: record for record in vendor.records}
            visible = (judge.show(r, records[r.record_id], reading.identifiers) for r in vendor.tells())
            shown += [s for s in visible if s is not None]
        shown = [
            s
            for s in shown
            if (window.start is None or s.row.started_at >= window.start)
            and (window.end is None or s.row.started_at < window.end)
        ]
        inside = [
            s
            for s in shown
            if chosen.campaigns is None
            or (s.row.campaign is not None and (s.row.source, s.row.campaign.id) in chosen.campaigns)
        ]
        assert facets.campaigns == Counter((s.row.source, s.row.campaign) for s in shown if s.row.campaign)
        assert facets.channels == Counter(s.row.channel for s in inside)
        assert facets.agents == Counter((s.row.source, s.agent) for s in inside if s.agent)
        assert facets.queues == Counter(rules[s.row.source].service(s.queue) for s in inside if s.queue)
        assert facets.tags == Counter(tag for s in inside for tag in set(s.row.tags))
