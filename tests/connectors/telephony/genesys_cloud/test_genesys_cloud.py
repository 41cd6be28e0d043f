"""Genesys Cloud asked for whole histories, for what is going on now, and for one row."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from connectors import identifiers
from connectors.base import Page, Position, Window
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, InteractionStatus
from connectors.telephony.genesys_cloud import GenesysCloud
from tests.connectors.support import NOW, soon
from tests.connectors.telephony.genesys_cloud import samples
from tests.connectors.telephony.genesys_cloud.fake import HOST, FakeGenesys
from tests.connectors.telephony.genesys_cloud.samples import ALWAYS, CONTACT, RECORD, Json, stub


def history() -> list[Json]:
    """600 conversations over 20 months, 120 of them in one millisecond; months without any; somebody else's between."""
    dice = random.Random(7)
    oldest = NOW - timedelta(days=608)
    crowded = datetime(2026, 3, 31, 23, 59, 59, 999_000, tzinfo=UTC)
    starts = [crowded] * 120
    while len(starts) < 600:
        start = oldest + timedelta(milliseconds=dice.randrange(608 * 86_400_000))
        if not datetime(2025, 8, 1, tzinfo=UTC) <= start < datetime(2026, 1, 5, tzinfo=UTC):
            starts.append(start)
    own = [stub(f"conv-{place:03}", start) for place, start in enumerate(starts)]
    return own + [stub(f"other-{place}", start, "c-other") for place, start in enumerate(starts[::9])]


async def walk(
    connector: GenesysCloud, window: Window = ALWAYS, limit: int = 20, *, ascending: bool, anew: bool = False
) -> list[Interaction]:
    """Page by page to the end; `anew`: each page from the last row's position, as after a cursor came back."""
    rows: list[Interaction] = []
    page: Page | None = None
    position: Position | None = None
    while page is None or page.next is not None or (anew and page.items):
        after = None if page is None or (anew and page.items) else page.next
        page = await connector.interactions(
            [RECORD],
            window,
            position,
            limit,
            soon(),
            ascending=ascending,
            after=after,
        )
        assert not page.capped
        rows.extend(page.items)
        if rows:
            position = Position(rows[-1].started_at, rows[-1].source, rows[-1].external_id)
    return rows


@pytest.mark.parametrize("limit", [1, 20, 100])
@pytest.mark.parametrize("ascending", [True, False])
async def test_the_whole_history_is_walked_without_gap_or_repetition(ascending: bool, limit: int) -> None:
    fake = FakeGenesys(history(), [samples.contact()])
    connector = fake.connect(options={"history_days": 620})
    rows = await walk(connector, ascending=ascending, limit=limit)
    wanted = sorted(
        (c for c in fake.conversations if c["conversationId"].startswith("conv-")),
        key=lambda c: (-datetime.fromisoformat(c["conversationStart"]).timestamp(), c["conversationId"]),
        reverse=ascending,
    )
    assert [row.external_id for row in rows] == [c["conversationId"] for c in wanted]


@pytest.mark.parametrize("ascending", [True, False])
async def test_so_it_is_from_a_position_again_and_again(ascending: bool) -> None:
    fake = FakeGenesys(history(), [samples.contact()])
    connector = fake.connect(options={"history_days": 620})
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 6, 1, 12, tzinfo=UTC))
    anew = await walk(connector, window, 40, ascending=ascending, anew=True)
    at_once = await walk(connector, window, 40, ascending=ascending)
    assert anew == at_once
    assert {row.external_id for row in anew} == {
        c["conversationId"]
        for c in fake.conversations
        if c["conversationId"].startswith("conv-") and window.holds(datetime.fromisoformat(c["conversationStart"]))
    }


async def test_a_page_costs_the_same_at_any_depth() -> None:
    fake = FakeGenesys(history(), [samples.contact()])
    connector = fake.connect(options={"history_days": 620})
    costs = []
    for days in (0, 100, 400, 600):
        before = fake.calls["query"]
        position = Position(NOW - timedelta(days=days), "", "")
        await connector.interactions([RECORD], ALWAYS, position, 20, soon())
        costs.append(fake.calls["query"] - before)
    assert max(costs) <= 3


async def test_an_empty_history_costs_a_query_a_month() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    assert await walk(fake.connect(), ascending=False) == []
    assert fake.calls == {"query": 19, "sessions": 1, "contact": 1}


async def test_older_conversations_than_are_kept_are_not_asked_for() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    connector = fake.connect(options={"history_days": 10})
    window = Window(datetime(2005, 1, 1, tzinfo=UTC))
    await connector.interactions([RECORD], window, None, 50, soon())
    assert [query["interval"] for query in fake.queries] == ["2026-11-13T00:00:00.000Z/2026-11-23T23:59:59.999Z"]
    assert connector.capabilities.history_days == 10
    gone = Window(None, datetime(2026, 1, 1, tzinfo=UTC))
    assert await connector.interactions([RECORD], gone, None, 50, soon()) == Page(())


async def test_rows_that_cannot_be_read_are_counted_and_the_rest_is_given() -> None:
    broken: Json = {**stub("broken", NOW - timedelta(days=1)), "conversationEnd": "yesterday"}
    fake = FakeGenesys([stub("whole", NOW - timedelta(days=2)), broken], [samples.contact()])
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert ([row.external_id for row in page.items], page.dropped) == (["whole"], 1)


async def test_an_index_without_total_is_read_until_a_page_is_short() -> None:
    fake = FakeGenesys([stub(f"c{place:02}", NOW - timedelta(hours=place + 1)) for place in range(60)])
    asked: list[int] = []

    def untold(request: httpx.Request) -> httpx.Response:
        answer = fake._query(request)
        asked.append(fake.queries[-1]["paging"]["pageNumber"])
        body = answer.json()
        del body["totalHits"]
        return httpx.Response(200, json=body)

    fake.routes.post(f"{HOST}/analytics/conversations/details/query").mock(side_effect=untold)
    window = Window(NOW - timedelta(days=3))
    assert len(await walk(fake.connect(), window, 25, ascending=False)) == 60
    assert asked == [1, 2, 3]


async def test_a_merged_contacts_conversations_are_its_heads() -> None:
    head = samples.contact(
        canonicalContact={"id": CONTACT},
        mergeSet=[{"id": CONTACT}, {"id": "c-old"}],
        cellPhone={"e164": "+39021110000"},
    )
    old = samples.contact("c-old", canonicalContact={"id": CONTACT}, lastName="Rossi")
    fake = FakeGenesys([stub("before", NOW - timedelta(days=9), "c-old"), stub("after", NOW - timedelta(days=1))])
    fake.contacts = {"c-old": old, CONTACT: head}
    connector = fake.connect()
    (record,) = await connector.find([identifiers.external("genesys_cloud", "c-old")], soon()) or [None]
    assert record is None, "the old id is no identifier of the head"
    phone = Identifier(IdentifierKind.PHONE, "+393331110001")
    (record,) = await connector.find([phone], soon())
    assert (record.id, record.name) == (CONTACT, "Anna Bianchi")
    assert {h.identifier.value for h in record.identifiers} >= {"+393331110001", "+39021110000"}
    rows = (await connector.interactions([record], ALWAYS, None, 50, soon())).items
    assert [(row.external_id, row.record_id) for row in rows] == [("after", CONTACT), ("before", CONTACT)]
    one = await connector.get("before", soon())
    assert one is not None
    assert one.record_id == CONTACT


# live


def live(fake: FakeGenesys) -> None:
    sample = samples.message("webmessaging", live=True)
    fake.conversations.append(sample)
    fake.sessions = [
        samples.journey_session("js-1", "conv-webmessaging", 0, None, idleDate=samples.at(345)),
        samples.journey_session(
            "js-2", "conv-new", 7200, None, conversationChannels=[{"type": "Voice"}], originatingDirection="Inbound"
        ),
        samples.journey_session("js-3", None, 8000, None, type="web", pageviewCount=3),
    ]


async def test_sessions_fold_in_and_tell_what_analytics_does_not_know_yet() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    live(fake)
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert [(r.external_id, r.channel, r.status) for r in page.items] == [
        ("conv-new", Channel.VOICE, InteractionStatus.ACTIVE),
        ("conv-webmessaging", Channel.WEB_MESSAGING, InteractionStatus.ACTIVE),
    ]
    assert page.items[1].last_activity_at == samples.START + timedelta(seconds=300)
    assert fake.calls["sessions"] == 1


async def test_what_analytics_knows_by_id_is_taken_from_there() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    live(fake)
    fake.unlisted.add("conv-webmessaging")
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert [row.external_id for row in page.items] == ["conv-new", "conv-webmessaging"]
    assert page.items[1].legs, "a session has no queue and agent here"
    assert fake.calls["details"] == 1


async def test_old_sessions_make_no_rows_of_conversations_that_analytics_has_lost() -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    fake.sessions = [
        samples.journey_session("js-1", "conv-hidden", -40 * 86_400, -40 * 86_400 + 60),
        samples.journey_session("js-2", "conv-hidden-too", -2 * 86_400, -2 * 86_400 + 60),
    ]
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert page.items == ()


@pytest.mark.parametrize(
    ("window", "position", "ascending"),
    [
        (Window(None, NOW), None, False),
        (ALWAYS, Position(NOW - timedelta(days=1), "", ""), False),
        (ALWAYS, None, True),
    ],
)
async def test_sessions_are_read_for_the_newest_page_alone(
    window: Window, position: Position | None, ascending: bool
) -> None:
    fake = FakeGenesys(contacts=[samples.contact()])
    await fake.connect().interactions([RECORD], window, position, 50, soon(), ascending=ascending)
    assert fake.calls["sessions"] == 0


async def test_without_the_permission_for_sessions_there_are_conversations() -> None:
    fake = FakeGenesys([stub("c", NOW - timedelta(days=1))], [samples.contact()])
    fake.hidden.add("sessions")
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert [row.external_id for row in page.items] == ["c"]


# one row


async def test_a_row_is_had_by_its_id() -> None:
    fake = FakeGenesys([samples.surveyed()], [samples.contact()])
    connector = fake.connect()
    call = await connector.get("conv-survey", soon())
    survey = await connector.get("conv-survey:survey:sv-1", soon())
    assert call is not None
    assert survey is not None
    assert (call.channel, survey.channel) == (Channel.VOICE, Channel.SURVEY)
    page = await connector.interactions([RECORD], ALWAYS, None, 50, soon())
    assert {row.external_id: row for row in page.items} == {call.external_id: call, survey.external_id: survey}
    for unknown in ("conv-survey:survey:sv-2", "conv-survey:survey:", "nobody", " "):
        assert await connector.get(unknown, soon()) is None


async def test_an_id_that_genesys_refuses_to_parse_is_nobodys() -> None:
    fake = FakeGenesys()
    fake.routes.get(url__regex=r".*/analytics/conversations/[^/]+/details$").mock(return_value=httpx.Response(400))
    assert await fake.connect().get("../../users", soon()) is None
