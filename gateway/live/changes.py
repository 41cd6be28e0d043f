"""What has become different for one viewer between two looks at a journey. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from connectors.base import Position
from gateway.journey.liveness import LivenessLimits, liveness_of
from gateway.journey.merge import comes_first
from gateway.journey.summary import Summary
from gateway.sources.report import ANSWERED, GIVES_ROWS, Report
from gateway.visibility import Shown

_encoder = msgspec.msgpack.Encoder()


class Key(NamedTuple):
    """Of a row: its source and its id there."""

    source: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Changed:
    """New, or shown differently than before."""

    shown: Shown


@dataclass(frozen=True, slots=True)
class Retracted:
    """Was shown to this viewer, and is no more."""

    key: Key


@dataclass(frozen=True, slots=True)
class SummaryChanged:
    summary: Summary


@dataclass(frozen=True, slots=True)
class SourceChanged:
    report: Report


@dataclass(frozen=True, slots=True)
class Reset:
    """What was missed cannot be told."""


Update = Changed | Retracted | SummaryChanged | SourceChanged | Reset


@dataclass(frozen=True, slots=True)
class Look:
    """rows: as this viewer is shown them, newest first. end: where looking ended with rows left behind it, if it did.
    unanswered: sources whose rows may be missing."""

    rows: Sequence[Shown]
    end: Position | None
    unanswered: Collection[str]
    reports: Sequence[Report]


def key_of(shown: Shown) -> Key:
    return Key(shown.position.source, shown.position.external_id)


def print_of(shown: Shown, now: datetime, limits: LivenessLimits) -> bytes:
    """A fingerprint of everything that the viewer is shown of a row, 16 bytes."""
    told = (shown, liveness_of(shown.row, now, limits))
    return blake2b(_encoder.encode(told), digest_size=16).digest()


def prints_of(rows: Iterable[Shown], now: datetime, limits: LivenessLimits) -> dict[Key, bytes]:
    return {key_of(shown): print_of(shown, now, limits) for shown in rows}


def compare_rows(
    known: Mapping[Key, bytes], places: Mapping[Key, Position], look: Look, prints: Mapping[Key, bytes]
) -> list[Update]:
    """What to tell somebody who was shown `known`, oldest first, so that what came last is told last.

    A row is taken back when it would be there: not when its source did not answer, nor behind the end of the look.
    """
    changed = [shown for shown in look.rows if known.get(key_of(shown)) != prints[key_of(shown)]]
    gone = [
        key
        for key in known
        if key not in prints
        and key.source not in look.unanswered
        and (look.end is None or key not in places or comes_first(places[key], look.end, ascending=False))
    ]
    return [*map(Retracted, gone), *map(Changed, reversed(changed))]


def compare_reports(known: Mapping[str, Report], reports: Iterable[Report]) -> list[Update]:
    """Sources that answer otherwise than before; that an answer was remembered is no news."""
    return [
        SourceChanged(report)
        for report in reports
        if report.source not in known or _standing(known[report.source]) != _standing(report)
    ]


def _standing(report: Report) -> tuple[object, bool]:
    return "answered" if report.state in ANSWERED else report.state, report.capped


def unanswered(reports: Iterable[Report]) -> frozenset[str]:
    return frozenset(report.source for report in reports if report.state not in GIVES_ROWS)


def summary_print(summary: Summary) -> bytes:
    """A fingerprint of a header, but for the moment it is of and whether its sources were asked for it."""
    told = (
        summary.nps,
        summary.last_30_days,
        summary.previous_30_days,
        summary.today,
        summary.active_tickets,
        summary.escalated_tickets,
        summary.last_interaction,
        summary.live,
        [(report.source, _standing(report)) for report in summary.reports],
    )
    return blake2b(_encoder.encode(told), digest_size=16).digest()


def next_change(rows: Iterable[Shown], now: datetime, limits: LivenessLimits) -> datetime | None:
    """When one of the rows turns idle or inactive by itself."""
    moments = (liveness_of(shown.row, now, limits) for shown in rows)
    return min((at for m in moments for at in (m.idle_at, m.inactive_at) if at is not None), default=None)
