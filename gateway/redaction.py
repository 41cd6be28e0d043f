"""What is left of a row's parts when some of its legs are not the viewer's to see.

Pure; `gateway.visibility` says what may be seen, and puts the row together again. Source: VISIBILITY.md §3.
"""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import msgspec

from connectors.interaction import (
    Address,
    CallDetails,
    ConversationDetails,
    Details,
    Identifier,
    Interaction,
    Leg,
    SurveyDetails,
    WebVisitDetails,
    WrapUpCode,
)
from gateway.masking import mask


class Sight(NamedTuple):
    """What a viewer may see of things that carry one set of divisions.

    divisions: of those, where they see it; vendor_divisions: the same by the vendor's ids. whole: nothing is withheld.
    The others: whether the permission counts, in the order of `_FIELD_PERMISSIONS`.
    """

    divisions: tuple[str, ...] = ()
    vendor_divisions: tuple[str, ...] = ()
    whole: bool = False
    event_type: bool = False
    queue: bool = False
    wrap_up: bool = False
    pii: bool = False


BLIND = Sight()
WHOLE = Sight(whole=True, event_type=True, queue=True, wrap_up=True, pii=True)


def in_order(row: Interaction) -> Interaction:
    """Legs go by start, whatever a connector promised."""
    if all(leg.started_at <= later.started_at for leg, later in pairwise(row.legs)):
        return row
    return msgspec.structs.replace(row, legs=tuple(sorted(row.legs, key=lambda leg: leg.started_at)))


def shown_leg(leg: Leg, sight: Sight) -> Leg:
    """A hidden leg, or one whose details are withheld, keeps its times and its kind."""
    if not sight.event_type:
        return Leg(leg.started_at, leg.ended_at, leg.kind)
    if sight.whole:
        return leg
    return msgspec.structs.replace(
        leg,
        queue=leg.queue if sight.queue else None,
        wrap_up_codes=leg.wrap_up_codes if sight.wrap_up else (),
        division_ids=sight.vendor_divisions if leg.division_ids else (),
    )


def at_leg(row: Interaction, sights: list[Sight], at: datetime | None) -> Sight:
    """What may be seen of something said at `at`: it belongs to the last leg begun by then, else to the first."""
    found = sights[0]
    if at is not None:
        for leg, sight in zip(row.legs, sights, strict=False):
            if leg.started_at <= at:
                found = sight
    return found


def wrap_ups(row: Interaction, sights: list[Sight]) -> tuple[WrapUpCode, ...]:
    """Of the shown legs, and of the row itself, which follow the last leg; oldest first."""
    codes = [code for leg, s in zip(row.legs, sights, strict=False) if s.wrap_up for code in leg.wrap_up_codes]
    if sights[-1].wrap_up:
        codes += row.wrap_up_codes
    if all(code.at is not None for code in codes):
        codes.sort(key=lambda code: code.at or row.started_at)
    return tuple(codes)


def words(code: WrapUpCode) -> set[str]:
    return {word.casefold() for word in (code.code, code.label, *code.levels)}


def shown_details(row: Interaction, sights: list[Sight], event_type: bool) -> Details | None:
    details = row.details
    if isinstance(details, CallDetails):
        return details if event_type else CallDetails(answered_at=details.answered_at)
    if isinstance(details, ConversationDetails):
        messages = tuple(m for m in details.messages if at_leg(row, sights, m.at).event_type)
        return msgspec.structs.replace(details, messages=messages)
    if isinstance(details, SurveyDetails):
        return details if event_type else msgspec.structs.replace(details, answers=())
    if isinstance(details, WebVisitDetails):
        return details if event_type else msgspec.structs.replace(details, events=())
    return details


def masked_address(address: Address) -> Address:
    return msgspec.structs.replace(address, value=mask(Identifier(address.identifier_kind, address.value)))
