"""Two worlds that differ only in what a viewer may not see.

A twin is the same row and record with everything hidden made up again: what hidden legs held, what no permission
counts for, divisions in which the viewer holds nothing. What may be seen is asked of the oracle, never of the product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from msgspec.structs import replace as with_fields

from connectors.interaction import (
    Address,
    Agent,
    CallDetails,
    Campaign,
    Comment,
    ConversationDetails,
    Details,
    Identifier,
    IdentifierKind,
    Interaction,
    Leg,
    LegKind,
    Message,
    Outcome,
    OutcomeKind,
    Queue,
    Record,
    ScoreChange,
    SurveyAnswer,
    SurveyDetails,
    WebVisitDetails,
    WrapUpCode,
)
from tests.gateway.visibility.oracle import EVENT_TYPE, PII, QUEUE, WRAP_UP, JudgedLeg, Oracle
from tests.gateway.visibility.oracle_masks import holds
from tests.gateway.visibility.worlds import (
    QUEUES,
    VENDOR_DIVISIONS,
    Case,
    a_comment,
    a_message,
    an_event,
    cases,
    maybe,
    some,
)

T = TypeVar("T")
Said = TypeVar("Said", Comment, Message)

TWINS_PER_CASE = 6
HIDDEN_QUEUES = (*QUEUES, Queue("q8", "Complaints"), Queue("q9", "Board"), Queue("q3", "Escalations"))
HIDDEN_AGENTS = (Agent("a8", "Dario Leone"), Agent("a9", "Elsa Grassi"))
HIDDEN_CODES = (WrapUpCode("W8", "Threatened", ("Legal", "Threatened")), WrapUpCode("W9", "Forwarded"))
HIDDEN_CAMPAIGNS = (Campaign("c8", "Winback"), Campaign("c9", "Collections"))


def pairs(seed: int) -> Iterator[tuple[Case, Case]]:
    random = Random(seed)
    for case in cases(seed):
        oracle = Oracle(case.world.deployment, case.world.viewer)
        if not oracle.visible(case.row, case.record):
            continue
        for _ in range(TWINS_PER_CASE):
            twin = a_twin(random, case, oracle)
            if twin is not None:
                yield case, twin


def a_twin(random: Random, case: Case, oracle: Oracle) -> Case | None:
    """None where what was made up would itself be seen: a hidden leg lends others its services, and a tag equal to its
    queue goes."""
    before = oracle.judged_legs(case.row)
    row = with_hidden_legs(random, case.row, before, oracle)
    after = oracle.judged_legs(row)
    if [leg.seen_in for leg in after] != [leg.seen_in for leg in before]:
        return None
    record = with_hidden_divisions(random, case.record, oracle)
    row = with_hidden_fields(random, case, row, before, oracle)
    shown_tags = oracle.shown_tags(case.row, before)
    if oracle.shown_tags(with_fields(row, tags=shown_tags), after) != shown_tags:
        return None
    tags = mixed(random, shown_tags, hidden_tags(random, row, after, oracle))
    return replace(case, row=with_fields(row, tags=tags), record=record)


def with_hidden_legs(random: Random, row: Interaction, legs: Sequence[JudgedLeg], oracle: Oracle) -> Interaction:
    """Also the campaign and the row's own divisions, which decide what the legs are."""
    changes: dict[str, object] = {"division_ids": other_divisions(random, row, row.division_ids, oracle)}
    if row.legs:
        changes["legs"] = tuple(hidden_leg(random, row, judged, legs, oracle) for judged in legs)
    if not legs[0].seen_in:
        changes["campaign"] = maybe(random, 0.6, lambda: random.choice(HIDDEN_CAMPAIGNS))
    return with_fields(row, **changes)


def hidden_leg(random: Random, row: Interaction, judged: JudgedLeg, legs: Sequence[JudgedLeg], oracle: Oracle) -> Leg:
    leg = judged.leg
    changes: dict[str, object] = {"division_ids": other_divisions(random, row, leg.division_ids, oracle)}
    if not judged.seen_in:
        changes["agent"] = maybe(random, 0.7, lambda: random.choice(HIDDEN_AGENTS))
    if not oracle.counts_for_leg(QUEUE, judged):
        changes["queue"] = maybe(random, 0.7, lambda: random.choice(HIDDEN_QUEUES))
    if not oracle.counts_for_leg(WRAP_UP, judged):
        changes["wrap_up_codes"] = some(random, HIDDEN_CODES, 0.5)
    if not any(oracle.counts_for_leg(EVENT_TYPE, other) for other in legs):
        changes["kind"] = random.choice(list(LegKind))
        changes["ended_at"] = leg.started_at + timedelta(minutes=random.randrange(30))
    return with_fields(leg, **changes)


def other_divisions(random: Random, row: Interaction, own: tuple[str, ...], oracle: Oracle) -> tuple[str, ...]:
    """The same ones among those that the viewer sees rows in, others among those that they don't."""
    seen = oracle.shown_division_ids(row, VENDOR_DIVISIONS)
    unseen = [vendor_id for vendor_id in VENDOR_DIVISIONS if vendor_id not in seen]
    kept = [vendor_id for vendor_id in own if vendor_id in seen]
    return mixed(random, kept, some(random, unseen, 0.4)) if own else own


def with_hidden_divisions(random: Random, record: Record, oracle: Oracle) -> Record:
    """A visible record keeps the divisions it is visible in."""
    kept = [d for d in record.division_ids if oracle.sees_record(with_fields(record, division_ids=(d,)))]
    unseen = [d for d in VENDOR_DIVISIONS if not oracle.sees_record(with_fields(record, division_ids=(d,)))]
    return with_fields(record, division_ids=mixed(random, kept, some(random, unseen, 0.4))) if kept else record


def with_hidden_fields(
    random: Random, case: Case, row: Interaction, legs: list[JudgedLeg], oracle: Oracle
) -> Interaction:
    changes: dict[str, object] = {"details": hidden_details(random, case, row.details, legs, oracle)}
    if not legs[-1].seen_in:
        changes["outcome"] = maybe(random, 0.6, lambda: Outcome(random.choice(list(OutcomeKind)), "Hushed up"))
        changes["score"] = maybe(random, 0.6, lambda: ScoreChange(random.random(), 8.0))
    if not oracle.counts_for_leg(WRAP_UP, legs[-1]):
        changes["wrap_up_codes"] = some(random, HIDDEN_CODES, 0.5)
    if not oracle.counts_for_leg(EVENT_TYPE, legs[0]):
        changes["preview"] = maybe(random, 0.6, lambda: "Do not tell anybody")
    shown = [comment for comment in row.comments if oracle.said_shown(comment.at, legs)]
    changes["comments"] = mixed(random, shown, unsaid(lambda: a_comment(random), legs, oracle))
    if not oracle.counts_for_row(PII, legs):
        changes |= hidden_addresses(random, case, row)
    return with_fields(row, **changes)


def hidden_details(
    random: Random, case: Case, details: Details | None, legs: list[JudgedLeg], oracle: Oracle
) -> Details | None:
    if isinstance(details, ConversationDetails):
        shown = [message for message in details.messages if oracle.said_shown(message.at, legs)]
        others = unsaid(lambda: a_message(random, case.world), legs, oracle)
        return with_fields(details, messages=mixed(random, shown, others))
    if oracle.counts_for_row(EVENT_TYPE, legs):
        return details
    if isinstance(details, CallDetails):
        seconds = [maybe(random, 0.7, lambda: random.randrange(1000)) for _ in range(3)]
        return CallDetails(details.answered_at, *seconds)
    if isinstance(details, SurveyDetails):
        return with_fields(details, answers=(SurveyAnswer("Anything else?", "Never again"),))
    if isinstance(details, WebVisitDetails):
        return with_fields(details, events=(an_event(random, case.world),))
    return details


def hidden_addresses(random: Random, case: Case, row: Interaction) -> dict[str, object]:
    """Another address with the same mask, and another link that spells somebody out."""
    changes: dict[str, object] = {}
    identifiers = case.world.identifiers
    if row.url is not None and any(holds(row.url, identifier) for identifier in identifiers):
        changes["url"] = random.choice([None, f"https://elsewhere.example/{random.choice(identifiers).value}"])
    address = row.address
    if address is None:
        return changes
    elsewhere = repr(with_fields(row, address=None))
    if not holds(elsewhere, Identifier(address.identifier_kind, address.value)):
        changes["address"] = Address(address.kind, address.identifier_kind, same_mask(random, address))
    return changes


def same_mask(random: Random, address: Address) -> str:
    if address.value.startswith("+") and address.identifier_kind in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP):
        return f"+39345{random.randrange(10_000_000, 99_999_999)}{address.value[-2:]}"
    if address.identifier_kind is IdentifierKind.EMAIL:
        return f"{address.value[0]}{random.randrange(10**9)}@{address.value.partition('@')[2]}"
    return f"other-{random.randrange(10**9)}"


def hidden_tags(random: Random, row: Interaction, legs: list[JudgedLeg], oracle: Oracle) -> tuple[str, ...]:
    """Tags that go with what is withheld of the row."""
    codes = [*row.wrap_up_codes, *(code for leg in row.legs for code in leg.wrap_up_codes)]
    words = [code.label for code in codes] + [leg.queue.name for leg in row.legs if leg.queue]
    return some(random, [w for w in words if not oracle.shown_tags(with_fields(row, tags=(w,)), legs)], 0.5)


def unsaid(make: Callable[[], Said], legs: list[JudgedLeg], oracle: Oracle) -> list[Said]:
    """Comments or messages that this viewer is not shown."""
    return [said for said in (make(), make()) if not oracle.said_shown(said.at, legs)]


def mixed(random: Random, kept: Sequence[T], others: Sequence[T]) -> tuple[T, ...]:
    """`kept` in their order, with `others` anywhere between them."""
    result = list(kept)
    for other in others:
        result.insert(random.randrange(len(result) + 1), other)
    return tuple(result)
