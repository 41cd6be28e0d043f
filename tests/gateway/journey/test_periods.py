"""Periods: calendar months back from now, at the ends of months and in leap years."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from connectors.base import Window
from gateway.journey.filter import Period, window_of

MONTHS = {
    Period.LAST_3_MONTHS: 3,
    Period.LAST_6_MONTHS: 6,
    Period.LAST_9_MONTHS: 9,
    Period.LAST_12_MONTHS: 12,
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "period", "start"),
    [
        ("2026-11-23T09:00:01.000007", Period.LAST_3_MONTHS, "2026-08-23T09:00:01.000007"),
        ("2026-11-23T09:00", Period.LAST_12_MONTHS, "2025-11-23T09:00"),
        ("2026-05-31T10:00", Period.LAST_3_MONTHS, "2026-02-28T10:00"),
        ("2028-05-31T10:00", Period.LAST_3_MONTHS, "2028-02-29T10:00"),
        ("2028-05-30T10:00", Period.LAST_3_MONTHS, "2028-02-29T10:00"),
        ("2028-05-29T10:00", Period.LAST_3_MONTHS, "2028-02-29T10:00"),
        ("2026-05-29T10:00", Period.LAST_3_MONTHS, "2026-02-28T10:00"),
        ("2028-02-29T23:59:59", Period.LAST_12_MONTHS, "2027-02-28T23:59:59"),
        ("2029-02-28T00:00", Period.LAST_12_MONTHS, "2028-02-28T00:00"),
        ("2026-12-31T00:00", Period.LAST_6_MONTHS, "2026-06-30T00:00"),
        ("2026-12-31T00:00", Period.LAST_9_MONTHS, "2026-03-31T00:00"),
        ("2026-01-31T00:00", Period.LAST_3_MONTHS, "2025-10-31T00:00"),
        ("2026-03-31T00:00", Period.LAST_3_MONTHS, "2025-12-31T00:00"),
        ("2026-03-01T00:00", Period.LAST_30_DAYS, "2026-01-30T00:00"),
        ("2000-03-30T00:00", Period.LAST_12_MONTHS, "1999-03-30T00:00"),
    ],
)
def test_a_period_starts_on_the_same_day_or_the_months_last(now: str, period: Period, start: str):
    assert window_of(period, at(now)) == Window(at(start), None)


def test_all_time_has_no_bounds():
    assert window_of(Period.ALL_TIME, at("2026-11-23T09:00")) == Window()


@pytest.mark.parametrize("period", MONTHS)
def test_every_day_of_many_years_has_its_start(period: Period):
    random = Random(period.value)
    for day in range(0, 366 * 12):
        now = at("2020-01-01T00:00") + timedelta(days=day, seconds=random.randrange(86_400))
        start = window_of(period, now).start
        assert start is not None and start.time() == now.time()
        assert (now.year - start.year) * 12 + now.month - start.month == MONTHS[period]
        assert start.day == min(now.day, calendar.monthrange(start.year, start.month)[1])


def test_there_is_a_rule_for_every_period():
    assert {*MONTHS, Period.ALL_TIME, Period.LAST_30_DAYS} == set(Period)
