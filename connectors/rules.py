"""What an operator knows of one source's rows and its vendor does not say: which channel an inbox carries, which
numbers are mobiles, which wrap-up codes are successes.

Pure, and a matter of the row alone: applied before anybody asks who may see it, since the channel decides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    WEB_VISIT_CHANNELS,
    Address,
    AddressKind,
    Channel,
    Interaction,
    Leg,
    Outcome,
    OutcomeKind,
    Queue,
    WrapUpCode,
)

if TYPE_CHECKING:
    from connectors.questions import Wanted

FAMILIES = (CALL_CHANNELS, CONVERSATION_CHANNELS, WEB_VISIT_CHANNELS)
"""Channels whose rows have the same details, so that one can be told as another."""

LABELS = {kind: kind.value.capitalize() for kind in OutcomeKind}
"""Of outcomes made from wrap-up codes, whose own words not everybody may read."""


def can_be_told_as(channel: Channel, other: Channel) -> bool:
    """A call stays a call and a conversation a conversation; what is of no known channel may be anything."""
    return channel in (other, Channel.OTHER) or any(channel in family and other in family for family in FAMILIES)


@dataclass(frozen=True)
class RowRules:
    """inboxes: by what the vendor calls the inbox, number or queue. number_types: by the whole address in its normal
    form, the beginning of a number (`+3902*`) or the end of an e-mail address (`*@example.org`); the longest counts.
    outcomes: by the vendor's outcome, wrap-up code or disposition, by id or label.
    """

    inboxes: Mapping[str, Channel] = field(default_factory=dict)
    number_types: Mapping[str, AddressKind] = field(default_factory=dict)
    outcomes: Mapping[str, OutcomeKind] = field(default_factory=dict)

    def widened(self, wanted: Wanted) -> Wanted:
        """A vendor knows its own channels, not what becomes of them here."""
        return replace(wanted, channels=None) if self.inboxes else wanted

    def apply(self, row: Interaction) -> Interaction:
        """The same row where nothing is to be said of it."""
        channel = self._channel(row) if self.inboxes else row.channel
        address = self._address(row.address) if self.number_types else row.address
        outcome = self._outcome(row) if self.outcomes else row.outcome
        if channel is row.channel and address is row.address and outcome is row.outcome:
            return row
        return replace(row, channel=channel, address=address, outcome=outcome)

    def _channel(self, row: Interaction) -> Channel:
        """By the inbox, else by the first of its queues that a rule names."""
        queues = (word for leg in row.legs if leg.queue is not None for word in (leg.queue.id, leg.queue.name))
        told = next((self.inboxes[word] for word in chain(row.inbox, queues) if word in self.inboxes), row.channel)
        return told if can_be_told_as(row.channel, told) else row.channel

    def _address(self, address: Address | None) -> Address | None:
        """Only where the vendor does not say."""
        if address is None or address.kind is not AddressKind.OTHER:
            return address
        kind = self.number_types.get(address.value) or next(
            (kind for start, end, kind in self._patterns if _fits(address.value, start, end)), None
        )
        return address if kind is None else replace(address, kind=kind)

    @cached_property
    def _patterns(self) -> Sequence[tuple[str, str, AddressKind]]:
        """(beginning, end, kind), the longest first."""
        parted = ((text.partition("*"), kind) for text, kind in self.number_types.items())
        found = [(start, end, kind) for (start, star, end), kind in parted if star]
        return sorted(found, key=lambda pattern: len(pattern[0]) + len(pattern[1]), reverse=True)

    def _outcome(self, row: Interaction) -> Outcome | None:
        told = row.outcome
        if told is not None:
            kind = self.outcomes.get(told.label, told.kind)
            return told if kind is told.kind else Outcome(kind, told.label)
        codes = chain(reversed(row.wrap_up_codes), reversed(codes_at_the_end(row.legs)))
        known = (self.outcomes[word] for code in codes for word in _words(code) if word in self.outcomes)
        return next((Outcome(kind, LABELS[kind]) for kind in known), None)


def codes_at_the_end(legs: Iterable[Leg]) -> tuple[WrapUpCode, ...]:
    """Of the last leg that has some, where whoever may see the very last leg may see that one as well: an outcome is
    shown with the last leg (docs/visibility.md), and must not tell of one that is hidden.
    """
    later: set[Queue | None] = set()
    divisions: tuple[str, ...] | None = None
    for leg in sorted(legs, key=lambda leg: leg.started_at, reverse=True):
        is_seen_alike = divisions in (None, leg.division_ids) and later <= {leg.queue}
        if leg.wrap_up_codes or not is_seen_alike:
            return leg.wrap_up_codes if is_seen_alike else ()
        divisions = leg.division_ids
        later |= {leg.queue} - {None}
    return ()


def _words(code: WrapUpCode) -> tuple[str, ...]:
    """The innermost disposition first."""
    return (code.code, code.label, *reversed(code.levels))


def _fits(value: str, start: str, end: str) -> bool:
    return value.startswith(start) and value.endswith(end) and len(value) > len(start) + len(end)
