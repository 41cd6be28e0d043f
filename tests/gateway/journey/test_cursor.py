"""A cursor holds a place and a question: sealed, refused elsewhere, and it keeps its window."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from connectors.base import Position, Window
from gateway.journey.cursor import Cursors, digest_of, open_cursor
from gateway.journey.filter import Period, window_of
from gateway.journey.merge import edge_position
from gateway.journey.read import FAR_FUTURE, FAR_PAST
from gateway.sealing import Sealer
from tests.gateway.support import NOW, SECRET

SEALER = Sealer(SECRET, "cursor")
QUESTION = digest_of({"channels": ["VOICE"]})
WINDOW = Window(NOW - timedelta(days=365), NOW)
PLACE = Position(NOW, "calls", "a1b2")


def sealed(
    place: Position = PLACE, question: bytes = QUESTION, window: Window = WINDOW, sealer: Sealer = SEALER
) -> str:
    return Cursors(sealer, question, window).seal(place)


def bytes_of(cursor: str) -> bytes:
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.mark.parametrize("seed", range(100))
def test_what_was_sealed_is_what_is_opened(seed: int):
    random = Random(seed)

    def instant() -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=random.randrange(-(10**15), 10**16))

    place = Position(instant(), random.choice(["", "calls", "è"]), random.choice(["", "x" * 300, "\U0010ffff", "1"]))
    window = Window(random.choice([None, instant()]), random.choice([None, instant()]))
    assert open_cursor(SEALER, sealed(place, window=window), QUESTION) == (place, window)


@pytest.mark.parametrize("ascending", [False, True])
def test_the_ends_of_time_can_be_sealed(ascending: bool):
    for at in (FAR_PAST, FAR_FUTURE, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        place, window = edge_position(at, ascending), Window(at, at)
        assert open_cursor(SEALER, sealed(place, window=window), QUESTION) == (place, window)


def test_an_instant_of_another_zone_comes_back_as_the_same_instant():
    local = NOW.astimezone(datetime.fromisoformat("2026-11-23T09:00+05:45").tzinfo)
    opened = open_cursor(SEALER, sealed(Position(local, "calls", "1")), QUESTION)
    assert opened is not None and opened.position.started_at == NOW


def test_another_question_refuses_it():
    for other in ({}, {"channels": ["CHAT"]}, {"channels": ["VOICE"], "tags": []}, {"channels": ["VOICE", "CHAT"]}):
        assert open_cursor(SEALER, sealed(), digest_of(other)) is None


def test_the_same_question_is_the_same_in_any_order_of_its_fields():
    asked = {"channels": ["VOICE"], "period": "LAST_30_DAYS", "activeSince": NOW}
    assert digest_of(asked) == digest_of(dict(reversed(asked.items())))
    assert len(digest_of(asked)) == 16


def test_every_flipped_bit_refuses_it():
    raw = bytes_of(sealed())
    for place in range(len(raw)):
        for bit in range(8):
            flipped = bytearray(raw)
            flipped[place] ^= 1 << bit
            assert open_cursor(SEALER, text_of(bytes(flipped)), QUESTION) is None


def test_every_changed_character_refuses_it():
    cursor = sealed()
    for place in range(len(cursor)):
        for other in "Aa0-_=é ":
            if cursor[place] != other:
                assert open_cursor(SEALER, cursor[:place] + other + cursor[place + 1 :], QUESTION) is None


def test_what_nobody_sealed_here_is_refused():
    cursor = sealed()
    made_up = ["", "A", "abc", "null", cursor[:-1], cursor + "A", cursor + "=", cursor * 2, cursor[::-1], "A" * 5_000]
    assert all(open_cursor(SEALER, text, QUESTION) is None for text in made_up)
    assert open_cursor(Sealer(bytes(32), "cursor"), cursor, QUESTION) is None
    assert open_cursor(Sealer(SECRET, "id"), cursor, QUESTION) is None
    assert open_cursor(SEALER, SEALER.seal(["something", "else"]), QUESTION) is None


def test_nothing_in_it_can_be_read_and_its_length_says_little():
    place = Position(NOW, "hidden-source", "+393331112201")
    raw = bytes_of(sealed(place))
    assert b"hidden" not in raw and b"3331112201" not in raw
    lengths = {len(sealed(Position(NOW, "calls", "x" * many))) for many in range(1, 12)}
    assert len(lengths) <= 2


def test_the_window_stays_as_it_stood_when_the_first_page_was_asked_for():
    window = window_of(Period.LAST_12_MONTHS, NOW)
    later = window_of(Period.LAST_12_MONTHS, NOW + timedelta(days=40))
    opened = open_cursor(SEALER, sealed(window=window), QUESTION)
    assert opened is not None and opened.window == window != later
