"""The header above a journey, against a plain count of everything that may be seen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors.errors import RefusedError, UnavailableError
from connectors.interaction import (
    Channel,
    Direction,
    Interaction,
    InteractionStatus,
    SurveyDetails,
    TicketDetails,
    TicketStatus,
)
from gateway.deployment import Module, SourceRules, WorkProfile
from gateway.journey.figures import Count, FigureState, NpsCategory, category_of
from gateway.journey.read import MAX_ROWS_SCANNED
from gateway.journey.summary import Summary, summarise
from gateway.sources.report import SourceState
from gateway.viewer.viewer import Viewer, ViewerKind
from tests.gateway.support import (
    NOW,
    FakeVendor,
    Habits,
    StoppedClock,
    deployment_of,
    gateway_of,
    reading_of,
    row_of,
    rows_every,
    supervisor,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
ROME = ZoneInfo("Europe/Rome")
EXACT, AT_LEAST = FigureState.EXACT, FigureState.AT_LEAST
STATUS_OF = {
    TicketStatus.NEW: InteractionStatus.QUEUED,
    TicketStatus.OPEN: InteractionStatus.ACTIVE,
    TicketStatus.PENDING: InteractionStatus.PENDING,
    TicketStatus.ON_HOLD: InteractionStatus.ON_HOLD,
    TicketStatus.SOLVED: InteractionStatus.COMPLETED,
    TicketStatus.CLOSED: InteractionStatus.COMPLETED,
}


def ticket(name: str, ago: timedelta, status: TicketStatus, escalated: bool | None = False) -> Interaction:
    return row_of(
        "desk",
        name,
        NOW - ago,
        channel=Channel.TICKET,
        status=STATUS_OF[status],
        details=TicketDetails(name, status, status.value, escalated=escalated),
    )


def survey(name: str, ago: timedelta, score: int | None, source: str = "forms") -> Interaction:
    return row_of(
        source, name, NOW - ago, channel=Channel.SURVEY, details=SurveyDetails("After the call", nps_score=score)
    )


async def summary_of(
    *vendors: FakeVendor,
    now: datetime = NOW,
    zone: ZoneInfo = ROME,
    viewer: Viewer | None = None,
    **deployment: Any,
) -> Summary:
    gateway = gateway_of(*vendors, deployment=deployment_of(vendors, **deployment), clock=StoppedClock(now))
    return await summarise(reading_of(gateway, vendors, viewer=viewer), zone)


def exactly(value: int) -> Count:
    return Count(value, EXACT)


# ------------------------------------------------------------------------ against a plain count


def some_rows(random: Random, source: str, channels: list[Channel]) -> list[Interaction]:
    edges = [timedelta(0), 30 * DAY, 60 * DAY, 9 * HOUR, 10 * HOUR]
    rows = []
    for number in range(random.choice([0, 3, 20, 60])):
        ago = random.choice([*edges, random.randrange(400) * DAY, random.randrange(86_400) * SECOND])
        started_at = NOW - ago + MICROSECOND * random.choice([-1, 0, 1])
        channel = random.choice(channels)
        fields: dict[str, Any] = {"status": random.choice(list(InteractionStatus))}
        if channel is Channel.TICKET:
            status = random.choice(list(STATUS_OF))
            details = TicketDetails("1", status, "x", escalated=random.choice([None, False, True]))
            fields = {"status": STATUS_OF[status], "details": details}
        if channel is Channel.SURVEY:
            fields["details"] = SurveyDetails("s", nps_score=random.choice([None, *range(11)]))
        rows.append(
            row_of(
                source,
                f"{source}-{number:03}",
                started_at,
                channel=channel,
                direction=random.choice(list(Direction)),
                last_activity_at=max(started_at, NOW - random.choice([30, 50, 70]) * SECOND),
                **fields,
            )
        )
    return rows


@pytest.mark.parametrize("batch", range(8))
async def test_figures_are_what_a_plain_count_of_all_rows_says(batch: int):
    for seed in range(batch * 25, (batch + 1) * 25):
        print(f"seed {seed}")
        random = Random(seed)
        offered = {
            "calls": [Channel.VOICE, Channel.WEB, Channel.CALLBACK],
            "chats": [Channel.CHAT, Channel.EMAIL, Channel.KNOWLEDGE],
            "desk": [Channel.TICKET],
            "forms": [Channel.SURVEY],
        }
        vendors = [
            FakeVendor(
                name,
                some_rows(random, name, channels),
                seek=random.random() < 0.7 or name == "chats",
                channels=frozenset(channels),
                habits=Habits(page_size=random.choice([3, 20, 100]), pushes=random.random() < 0.5),
                window_granularity_seconds=random.choice([1, 86_400]),
            )
            for name, channels in offered.items()
            if random.random() < 0.9
        ]
        if not vendors:
            continue
        summary = await summary_of(*vendors)
        rows = [row for vendor in vendors for row in vendor.rows]
        midnight = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
        contacts = [
            row
            for row in rows
            if row.direction is not Direction.INTERNAL and row.channel not in (Channel.WEB, Channel.KNOWLEDGE)
        ]
        for activity, start, end in (
            (summary.last_30_days, NOW - 30 * DAY, None),
            (summary.previous_30_days, NOW - 60 * DAY, NOW - 30 * DAY),
            (summary.today, midnight, None),
        ):
            within = [row for row in contacts if row.started_at >= start and (end is None or row.started_at < end)]
            lost = [row for row in within if row.status in (InteractionStatus.MISSED, InteractionStatus.ABANDONED)]
            assert activity.interactions == exactly(len(within))
            assert activity.missed == exactly(len(lost))
        active = [
            row.details
            for row in rows
            if isinstance(row.details, TicketDetails)
            and row.details.status not in (TicketStatus.SOLVED, TicketStatus.CLOSED)
        ]
        assert summary.active_tickets == exactly(len(active))
        assert summary.escalated_tickets == exactly(sum(details.escalated is True for details in active))
        scored = [r for r in rows if isinstance(r.details, SurveyDetails) and r.details.nps_score is not None]
        newest = max((row.started_at for row in scored), default=None)
        assert summary.nps.state is EXACT
        assert (summary.nps.survey and summary.nps.survey.row.started_at) == newest
        latest = max((row.started_at for row in rows), default=None)
        assert (summary.last_interaction and summary.last_interaction.row.started_at) == latest
        assert all(report.complete for report in summary.reports)


# ------------------------------------------------------------------------ activity


async def test_thirty_days_are_thirty_times_twenty_four_hours():
    ages = [30 * DAY, 30 * DAY + MICROSECOND, 60 * DAY, 60 * DAY + MICROSECOND, timedelta(0)]
    vendor = FakeVendor("calls", [row_of("calls", str(n), NOW - age) for n, age in enumerate(ages)])
    summary = await summary_of(vendor)
    assert summary.last_30_days.interactions == exactly(2)
    assert summary.previous_30_days.interactions == exactly(2)


async def test_what_nobody_answered_is_missed_and_internal_contacts_are_none():
    rows = [
        row_of("calls", "missed", NOW - HOUR, status=InteractionStatus.MISSED),
        row_of("calls", "abandoned", NOW - HOUR, status=InteractionStatus.ABANDONED),
        row_of("calls", "failed", NOW - HOUR, status=InteractionStatus.FAILED),
        row_of("calls", "internal", NOW - HOUR, status=InteractionStatus.MISSED, direction=Direction.INTERNAL),
        row_of("calls", "unknown", NOW - HOUR, direction=Direction.UNKNOWN),
        row_of("calls", "visit", NOW - HOUR, channel=Channel.WEB),
        row_of("calls", "article", NOW - HOUR, channel=Channel.KNOWLEDGE),
    ]
    summary = await summary_of(FakeVendor("calls", rows))
    assert summary.last_30_days.interactions == exactly(4)
    assert summary.last_30_days.missed == exactly(2)


@pytest.mark.parametrize(
    ("zone", "now", "midnight"),
    [
        ("UTC", "2026-11-23T09:00", "2026-11-23T00:00"),
        ("Europe/Rome", "2026-11-23T09:00", "2026-11-22T23:00"),
        ("Asia/Tokyo", "2026-11-23T20:00", "2026-11-23T15:00"),
        ("America/New_York", "2026-11-23T03:00", "2026-11-22T05:00"),
        ("Asia/Kathmandu", "2026-11-23T09:00", "2026-11-22T18:15"),
        # the day on which clocks go forward has 23 hours, the one on which they go back 25
        ("Europe/Rome", "2026-03-29T12:00", "2026-03-28T23:00"),
        ("Europe/Rome", "2026-10-25T12:00", "2026-10-24T22:00"),
        ("America/New_York", "2026-11-01T12:00", "2026-11-01T04:00"),
        # midnight is left out: the day begins at one
        ("Africa/Cairo", "2026-04-24T12:00", "2026-04-23T22:00"),
        # midnight comes twice: the day begins with the first
        ("America/Havana", "2026-11-01T05:30", "2026-11-01T04:00"),
        ("America/Havana", "2026-11-01T15:00", "2026-11-01T04:00"),
    ],
)
async def test_today_begins_at_midnight_where_the_viewer_is(zone: str, now: str, midnight: str):
    clock, start = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (now, midnight))
    rows = [row_of("calls", "in", start), row_of("calls", "out", start - MICROSECOND), row_of("calls", "now", clock)]
    summary = await summary_of(FakeVendor("calls", rows), now=clock, zone=ZoneInfo(zone))
    assert summary.today.interactions == exactly(2)


# ------------------------------------------------------------------------ tickets, surveys, what is live


@pytest.mark.parametrize("pushes", [False, True])
@pytest.mark.parametrize("seek", [False, True])
async def test_tickets_that_are_not_closed_count_however_old(seek: bool, pushes: bool):
    rows = [
        ticket("new", 1 * DAY, TicketStatus.NEW),
        ticket("edge", 60 * DAY, TicketStatus.OPEN),
        ticket("older", 60 * DAY + MICROSECOND, TicketStatus.PENDING, escalated=True),
        ticket("ancient", 3_000 * DAY, TicketStatus.ON_HOLD, escalated=True),
        ticket("solved", 2 * DAY, TicketStatus.SOLVED, escalated=True),
        ticket("closed", 900 * DAY, TicketStatus.CLOSED, escalated=True),
        *(ticket(f"many-{n}", (61 + n) * DAY, TicketStatus.CLOSED) for n in range(300)),
    ]
    summary = await summary_of(FakeVendor("desk", rows, seek=seek, habits=Habits(pushes=pushes)))
    assert summary.active_tickets == exactly(4)
    assert summary.escalated_tickets == exactly(2)


async def test_the_newest_answer_with_a_score_is_found_behind_those_without():
    rows = [survey(f"silent-{n}", n * DAY, None) for n in range(1, 150)]
    vendor = FakeVendor(
        "forms", [*rows, survey("answered", 200 * DAY, 9), survey("before", 201 * DAY, 2)], habits=Habits(page_size=50)
    )
    summary = await summary_of(vendor)
    assert summary.nps.state is EXACT and summary.nps.survey is not None
    assert summary.nps.survey.row.external_id == "answered"


async def test_the_newest_of_two_sources_answers_counts():
    vendors = [
        FakeVendor("calls", [survey("older", 3 * DAY, 10, "calls")]),
        FakeVendor("forms", [survey("newer", 2 * DAY, 0)]),
    ]
    for order in (vendors, vendors[::-1]):
        found = (await summary_of(*order)).nps.survey
        assert found is not None and found.row.external_id == "newer"


async def test_no_answer_is_exact_and_has_no_score():
    nps = (await summary_of(FakeVendor("forms", [survey("silent", DAY, None)]))).nps
    assert (nps.state, nps.survey) == (EXACT, None)


@pytest.mark.parametrize("score", range(11))
def test_scores_fall_into_three_categories(score: int):
    expected = ["DETRACTOR"] * 7 + ["PASSIVE"] * 2 + ["PROMOTER"] * 2
    assert category_of(score) is NpsCategory(expected[score])


async def test_what_is_live_or_idle_is_listed_newest_first():
    def row(name: str, ago: timedelta, silent: float, channel: Channel, status: InteractionStatus) -> Interaction:
        return row_of("calls", name, NOW - ago, channel=channel, status=status, last_activity_at=NOW - silent * SECOND)

    active, done = InteractionStatus.ACTIVE, InteractionStatus.COMPLETED
    rows = [
        row("call", 2 * HOUR, 7_000, Channel.VOICE, active),
        row("chat", HOUR, 44, Channel.CHAT, active),
        row("idle", 3 * HOUR, 59, Channel.WHATSAPP, active),
        row("silent", HOUR, 60, Channel.CHAT, active),
        row("over", HOUR, 1, Channel.CHAT, done),
        row("ticket", HOUR, 1, Channel.TICKET, active),
    ]
    summary = await summary_of(FakeVendor("calls", rows))
    assert [shown.row.external_id for shown in summary.live] == ["chat", "call", "idle"]


@pytest.mark.parametrize("sheet", [{"pushes": frozenset({"active_since"})}, {"seek": False}], ids=["finds it", "whole"])
async def test_a_conversation_that_goes_on_is_live_however_long_ago_it_began(sheet: dict[str, Any]):
    def talk(name: str, silent: float) -> Interaction:
        active, spoken_at = InteractionStatus.ACTIVE, NOW - silent * SECOND
        return row_of("web", name, NOW - 90 * DAY, channel=Channel.CHAT, status=active, last_activity_at=spoken_at)

    rows = [talk("goes on", 30), talk("long silent", 7_000), *rows_every("web", 6 * HOUR, 300)]
    summary = await summary_of(FakeVendor("web", rows, **sheet))
    assert [shown.row.external_id for shown in summary.live] == ["goes on"]


async def test_the_last_interaction_is_found_however_long_ago_it_was():
    vendors = [FakeVendor("calls", [row_of("calls", "1", NOW - 900 * DAY)]), FakeVendor("desk")]
    last = (await summary_of(*vendors)).last_interaction
    assert last is not None and last.row.external_id == "1"
    assert (await summary_of(FakeVendor("calls"))).last_interaction is None


async def test_a_source_is_read_no_further_than_its_figures_need():
    vendor = FakeVendor("calls", rows_every("calls", HOUR, 10_000), channels=frozenset({Channel.VOICE}))
    summary = await summary_of(vendor)
    assert summary.previous_30_days.interactions == exactly(30 * 24)
    assert vendor.rows_given < 60 * 24 + 300


# ------------------------------------------------------------------------ states, in the contract's order


def four_vendors() -> list[FakeVendor]:
    return [
        FakeVendor("calls", rows_every("calls", DAY, 40), channels=frozenset({Channel.VOICE})),
        FakeVendor("desk", [ticket("1", DAY, TicketStatus.OPEN)], channels=frozenset({Channel.TICKET})),
        FakeVendor("help", channels=frozenset({Channel.TICKET, Channel.CHAT})),
        FakeVendor("forms", [survey("1", DAY, 9)], channels=frozenset({Channel.SURVEY})),
    ]


def states(summary: Summary) -> dict[str, FigureState]:
    assert summary.last_30_days.missed.state is summary.last_30_days.interactions.state
    assert summary.escalated_tickets.state is summary.active_tickets.state
    return {
        "activity": summary.last_30_days.interactions.state,
        "tickets": summary.active_tickets.state,
        "nps": summary.nps.state,
    }


async def test_everything_answered_is_exact():
    summary = await summary_of(*four_vendors())
    assert set(states(summary).values()) == {EXACT}
    assert summary.active_tickets == exactly(1)


async def test_one_source_of_several_failed_is_at_least_and_all_of_them_unavailable():
    calls, desk, help_, forms = vendors = four_vendors()
    desk.faults.extend([UnavailableError("desk", "gone")] * 2)
    summary = await summary_of(*vendors)
    assert states(summary) == {"activity": AT_LEAST, "tickets": AT_LEAST, "nps": EXACT}
    assert summary.active_tickets == Count(0, AT_LEAST)
    assert summary.last_30_days.interactions == Count(30 + 1, AT_LEAST)
    assert {r.source: r.state for r in summary.reports}["desk"] is SourceState.UNAVAILABLE
    for vendor in (desk, help_):
        vendor.faults.extend([UnavailableError(vendor.name, "gone")] * 2)
    forms.faults.append(RefusedError("forms", "no"))
    summary = await summary_of(calls, desk, help_, forms)
    assert states(summary) == {
        "activity": AT_LEAST,
        "tickets": FigureState.UNAVAILABLE,
        "nps": FigureState.UNAVAILABLE,
    }
    assert summary.active_tickets.value is None and summary.escalated_tickets.value is None
    assert summary.nps.survey is None


async def test_a_ticket_source_that_fails_on_the_old_tickets_alone_has_failed():
    desk, help_ = four_vendors()[1:3]
    desk.faults.extend([None, UnavailableError("desk", "gone")])
    assert states(await summary_of(desk, help_))["tickets"] is AT_LEAST


async def test_a_module_that_is_off_is_not_licensed_whatever_else():
    vendors = four_vendors()
    vendors[3].faults.append(UnavailableError("forms", "gone"))
    modules = frozenset(Module) - {Module.SUPPORT, Module.SURVEYS}
    summary = await summary_of(*vendors, modules=modules, viewer=Viewer("nobody", ViewerKind.AGENT))
    assert states(summary)["tickets"] is states(summary)["nps"] is FigureState.NOT_LICENSED
    assert summary.active_tickets.value is None
    everything_off = await summary_of(*vendors, modules=frozenset())
    assert set(states(everything_off).values()) == {FigureState.NOT_LICENSED}


async def test_channels_that_are_closed_to_this_viewer_are_not_permitted():
    vendors = four_vendors()
    profile = WorkProfile("phone", frozenset({Channel.VOICE}))
    agent = Viewer("anna", ViewerKind.AGENT, supervisor().grants, ("phone",), profile)
    vendors[1].faults.append(UnavailableError("desk", "gone"))
    summary = await summary_of(*vendors, viewer=agent)
    assert states(summary) == {
        "activity": EXACT,
        "tickets": FigureState.NOT_PERMITTED,
        "nps": FigureState.NOT_PERMITTED,
    }
    assert [report.source for report in summary.reports] == ["calls"]
    nothing = await summary_of(*vendors, viewer=replace(supervisor(), grants={}))
    assert set(states(nothing).values()) == {FigureState.NOT_PERMITTED}


async def test_no_source_for_a_figure_is_exactly_nothing():
    calls = four_vendors()[0]
    summary = await summary_of(calls)
    assert summary.active_tickets == summary.escalated_tickets == exactly(0)
    assert (summary.nps.state, summary.nps.survey) == (EXACT, None)


async def test_a_channel_taken_from_another_source_makes_no_source_of_it():
    calls, desk, help_, forms = vendors = four_vendors()
    help_.faults.append(UnavailableError("help", "gone"))
    rules = {v.name: SourceRules(v.name, v.channels) for v in vendors}
    rules["help"] = SourceRules("help", frozenset({Channel.CHAT}))
    summary = await summary_of(calls, desk, help_, forms, sources=rules)
    assert states(summary) == {"activity": AT_LEAST, "tickets": EXACT, "nps": EXACT}


async def test_a_customer_whom_a_source_does_not_know_is_counted_there_as_nothing():
    calls = four_vendors()[0]
    summary = await summary_of(calls, FakeVendor("desk", records=[]))
    assert summary.active_tickets == exactly(0)


# ------------------------------------------------------------------------ bounds


async def test_a_vendors_cap_makes_figures_lower_bounds_only_where_it_cuts_them():
    def capped(step: timedelta) -> FakeVendor:
        rows = rows_every("chats", step, 50)
        return FakeVendor(
            "chats",
            rows,
            seek=False,
            row_cap=20,
            order_guaranteed=True,
            channels=frozenset({Channel.CHAT, Channel.VOICE}),
        )

    short, long = await summary_of(capped(DAY)), await summary_of(capped(5 * DAY))
    assert short.last_30_days.interactions == Count(20, AT_LEAST)
    assert long.last_30_days.interactions == exactly(6)
    assert not short.reports[0].complete


async def test_our_own_bound_within_sixty_days_makes_a_lower_bound():
    vendor = FakeVendor("calls", rows_every("calls", 10 * SECOND, 9_000), channels=frozenset({Channel.VOICE}))
    counted = (await summary_of(vendor)).last_30_days.interactions
    assert counted.state is AT_LEAST
    assert counted.value is not None and MAX_ROWS_SCANNED <= counted.value <= MAX_ROWS_SCANNED + 100


async def test_tickets_too_many_to_read_are_a_lower_bound():
    rows = [ticket(f"{n:05}", 61 * DAY + n * HOUR, TicketStatus.CLOSED) for n in range(5_000)]
    vendor = FakeVendor("desk", [*rows, ticket("open", DAY, TicketStatus.OPEN)], channels=frozenset({Channel.TICKET}))
    assert (await summary_of(vendor)).active_tickets == Count(1, AT_LEAST)
    pushing = FakeVendor("desk", vendor.rows, channels=vendor.channels, habits=Habits(pushes=True))
    assert (await summary_of(pushing)).active_tickets == exactly(1)


async def test_surveys_too_many_to_read_may_hide_an_answer():
    rows = [survey(f"{n:05}", 61 * DAY + n * HOUR, None) for n in range(5_000)]
    forms = FakeVendor("forms", rows, channels=frozenset({Channel.SURVEY}))
    nps = (await summary_of(forms)).nps
    assert (nps.state, nps.survey) == (AT_LEAST, None)
    forms.add(survey("answered", DAY, 7))
    assert (await summary_of(forms)).nps.state is EXACT
