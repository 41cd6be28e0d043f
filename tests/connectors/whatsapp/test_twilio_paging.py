"""Random histories, folded by a plain oracle and read page by page: both ways, in windows, from any depth."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import groupby

import pytest

from connectors.base import Window
from connectors.interaction import ConversationDetails, Interaction, Record
from connectors.testing.walks import deadline, read_all, read_anew
from connectors.whatsapp.twilio_messages import TwilioMessages
from tests.connectors.support import NOW, connect, router
from tests.connectors.whatsapp.fake_twilio import ACCOUNT, ANNA, BRUNO, FakeTwilio, Sent, random_history

SEEDS = range(60)
BOTH = {"channels": ["WHATSAPP", "SMS"]}
Told = tuple[str, datetime, datetime, tuple[datetime, ...]]


def oracle(messages: list[Sent], window: Window, ascending: bool) -> list[Told]:
    """Sort, cut where 24 hours are silent, keep what began in the window."""
    told: list[Told] = []
    in_turn = sorted(messages, key=lambda m: (m.customer, m.prefix, m.ours, m.at, not m.is_inbound, m.sid))
    for _, exchanged in groupby(in_turn, key=lambda m: (m.customer, m.prefix, m.ours)):
        talk: list[Sent] = []
        for message in [*exchanged, None]:
            if talk and (message is None or (message.at - talk[-1].at).total_seconds() >= 86_400):
                told.append((talk[0].sid, talk[0].at, talk[-1].at, tuple(m.at for m in talk)))
                talk = []
            if message is not None:
                talk.append(message)
    kept = [t for t in told if window.holds(t[1])]
    kept.sort(key=lambda t: t[0])
    kept.sort(key=lambda t: t[1], reverse=True)
    return kept[::-1] if ascending else kept


def as_told(row: Interaction) -> Told:
    assert isinstance(row.details, ConversationDetails)
    return row.external_id, row.started_at, row.last_activity_at, tuple(m.at for m in row.details.messages)


def random_window(rng: random.Random, messages: list[Sent]) -> Window:
    """Edges on messages, a microsecond beside them, and anywhere."""
    edges = [m.at + timedelta(microseconds=rng.choice([-1, 0, 1])) for m in messages] or [NOW]
    start = rng.choice([None, rng.choice(edges), NOW - timedelta(seconds=rng.randrange(10**7))])
    end = rng.choice([None, rng.choice(edges), NOW - timedelta(seconds=rng.randrange(10**7))])
    return Window(start, end)


@pytest.mark.parametrize("seed", SEEDS)
async def test_pages_of_any_size_and_direction_are_the_folded_history(seed: int):
    print(f"seed {seed}")
    rng = random.Random(seed)
    customers = (ANNA, BRUNO) if rng.random() < 0.3 else (ANNA,)
    fake = FakeTwilio(
        random_history(rng, NOW, customers),
        largest_page=rng.choice([12, 20, 37, 1000]),
        stops_at_midnight=rng.random() < 0.5,
        ignores_addresses=len(customers) == 1 and rng.random() < 0.1,
    )
    routes = router()
    routes.route().mock(side_effect=fake)
    connector = connect(
        TwilioMessages,
        routes,
        "https://api.twilio.com",
        credentials={"account_sid": ACCOUNT, "auth_token": "secret"},
        options=BOTH,
    )
    records = [Record(source="twilio_messages", id=customer, identifiers=()) for customer in customers]
    for ascending in (False, True):
        for window in (Window(), random_window(rng, fake.messages)):
            expected = oracle(fake.messages, window, ascending)
            limit = rng.choice([1, 2, 7, 50])
            run_on = await read_all(connector, records, window, limit=limit, ascending=ascending)
            assert [as_told(row) for row in run_on] == expected
    window = random_window(rng, fake.messages)
    limit = max(3, len(fake.messages) // 20)
    for ascending in (False, True):
        anew = await read_anew(connector, records, window, limit=limit, ascending=ascending)
        assert [as_told(row) for row in anew] == oracle(fake.messages, window, ascending)
    first = {told[0] for told in oracle(fake.messages, Window(), False)}
    for message in rng.sample(fake.messages, min(4, len(fake.messages))):
        row = await connector.get(message.sid, deadline())
        assert (row is not None) == (message.sid in first)
