"""A customer's whole history: what is read for episodes, and how sure figures of it are."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from connectors.base import Window
from connectors.errors import UnavailableError
from connectors.interaction import Agent, Channel, Leg, LegKind, Link, LinkKind
from gateway.deployment import Module
from gateway.journey.analysis import CONTACT_CHANNELS, Analysis, analyse, having
from gateway.journey.episodes import Resolution, is_contact, key_of
from gateway.journey.figures import Count, FigureState
from gateway.journey.filter import Filter
from gateway.journey.history import MAX_ROWS_A_SOURCE, History, read_history
from gateway.viewer.viewer import Viewer
from tests.gateway.journey.walks import a_world
from tests.gateway.support import NOW, FakeVendor, deployment_of, gateway_of, reading_of, row_of, rows_every

DAY = timedelta(days=1)
WEEK = 7 * DAY
ADA, BRUNO = Agent("a1", "Ada"), Agent("b1", "Bruno")


async def history_of(*vendors: FakeVendor, viewer: Viewer | None = None, **deployment: Any) -> History:
    gateway = gateway_of(*vendors, deployment=deployment_of(vendors, **deployment))
    return await read_history(reading_of(gateway, vendors, viewer=viewer), WEEK)


def analysis_of(history: History, window: Window | None = None, filter_: Filter | None = None) -> Analysis:
    window, filter_ = window or Window(), filter_ or Filter()
    basis = history.basis(CONTACT_CHANNELS, filter_, window.start)
    return analyse(history.kept(window, filter_), basis, legs_shown=True)


def two_sources() -> tuple[FakeVendor, FakeVendor]:
    legs = (Leg(NOW, agent=ADA), Leg(NOW, kind=LegKind.TRANSFER, agent=BRUNO))
    calls = FakeVendor("calls", [row_of("calls", "1", NOW - 30 * DAY, topic="bill", legs=legs)])
    chats = FakeVendor(
        "chats",
        [
            row_of("chats", "2", NOW - 29 * DAY, topic="Bill", channel=Channel.CHAT, legs=(Leg(NOW, agent=ADA),)),
            row_of("chats", "3", NOW - 900 * DAY, channel=Channel.CHAT),
            row_of("chats", "s", NOW - DAY, channel=Channel.SURVEY, links=(Link(LinkKind.PARENT, "2"),)),
        ],
    )
    return calls, chats


async def test_episodes_span_sources_and_all_of_time():
    history = await history_of(*two_sources())
    assert [[s.row.external_id for s in e.rows] for e in history.episodes] == [["1", "2", "s"], ["3"]]
    assert history.holding([("chats", "s"), ("chats", "nonsense")]) == {
        ("calls", "1"),
        ("chats", "2"),
        ("chats", "s"),
    }
    assert history.holding([]) == frozenset()


async def test_figures_count_what_the_filter_keeps():
    history = await history_of(*two_sources())
    exact = FigureState.EXACT
    assert analysis_of(history) == Analysis(Count(3, exact), (Channel.CHAT, Channel.VOICE), Count(1, exact))
    chats = analysis_of(history, filter_=Filter(channels=frozenset({Channel.CHAT})))
    assert chats == Analysis(Count(1, exact), (Channel.CHAT,), Count(0, exact))
    recent = history.kept(Window(NOW - 2 * DAY), Filter())
    assert having(history.episodes, recent, None) == [history.episodes[0]], "the survey is of it"
    assert having(history.episodes, recent, {Resolution.OPEN}) == []


async def test_without_legs_there_is_no_telling_of_transfers():
    history = await history_of(*two_sources())
    basis = history.basis(CONTACT_CHANNELS, Filter(), None)
    blind = analyse(history.rows, basis, legs_shown=False)
    assert (blind.agents_involved.state, blind.transfers) == (
        FigureState.AT_LEAST,
        Count(None, FigureState.NOT_PERMITTED),
    )


async def test_a_source_that_fails_makes_figures_a_lower_bound_and_silence_no_proof():
    calls, chats = two_sources()
    assert (await history_of(calls, chats)).episodes[1].resolution is Resolution.RESOLVED
    calls.faults.append(UnavailableError("calls", "gone"))
    history = await history_of(calls, chats)
    assert history.episodes[1].resolution is Resolution.UNKNOWN
    assert analysis_of(history).agents_involved == Count(1, FigureState.AT_LEAST)
    only_chats = Filter(sources=frozenset({"chats"}))
    assert analysis_of(history, filter_=only_chats).agents_involved == Count(1, FigureState.EXACT)
    assert analysis_of(history, filter_=Filter(sources=frozenset({"calls"}))).transfers == Count(
        None, FigureState.UNAVAILABLE
    )


async def test_what_is_not_licensed_is_said():
    history = await history_of(*two_sources(), modules=frozenset({Module.JOURNEY}))
    assert analysis_of(history).channels_used == (Channel.VOICE,)
    chats = analysis_of(history, filter_=Filter(channels=frozenset({Channel.CHAT})))
    assert chats.agents_involved == Count(None, FigureState.NOT_LICENSED)


@pytest.mark.parametrize("seek", [False, True])
async def test_two_thousand_rows_of_a_source_are_read_and_more_are_told(seek: bool):
    vendor = FakeVendor("calls", rows_every("calls", timedelta(hours=1), MAX_ROWS_A_SOURCE + 400), seek=seek)
    history = await history_of(vendor)
    assert len(history.rows) == len(history.by_row) == MAX_ROWS_A_SOURCE
    assert ("calls", "calls-000000") in history.by_row and ("calls", "calls-002399") not in history.by_row
    assert analysis_of(history).transfers == Count(0, FigureState.AT_LEAST)
    assert analysis_of(history, Window(NOW - 30 * DAY)).transfers == Count(0, FigureState.EXACT)


@pytest.mark.parametrize("batch", range(2))
async def test_every_contact_that_is_shown_is_in_an_episode(batch: int):
    """Over vendors of every habit, viewers who see part of it, and the plain list of what they are shown."""
    for seed in range(batch * 40, (batch + 1) * 40):
        print(f"seed {seed}")
        world = a_world(Random(f"history {seed}"))
        reading = world.reading()
        history = await read_history(reading, WEEK)
        shown = []
        for vendor in world.vendors:
            records = {record.id: record for record in vendor.records}
            judged = (reading.judge.show(r, records[r.record_id], reading.identifiers) for r in vendor.tells())
            shown += [s for s in judged if s is not None]
        assert {key_of(s) for s in history.rows} == {key_of(s) for s in shown}
        assert set(history.by_row) == {key_of(s) for s in shown if is_contact(s)}
