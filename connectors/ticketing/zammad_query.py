"""What Zammad is asked: conditions for tickets, words for users.

Conditions are the language of its triggers and overviews. A search that has one and no `query` is answered from the
database, whether there is an Elasticsearch or not; `query` means other things with and without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import phonenumbers

from connectors import identifiers
from connectors.base import Query
from connectors.ticketing.zammad_mapping import State

Condition = dict[str, dict[str, Any]]

MILLISECOND = timedelta(milliseconds=1)
_ID = re.compile(r"[1-9][0-9]{0,17}")
_WORD = re.compile(r"\w[\w@.+-]*")


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None and text.isascii()


def condition(
    record_ids: Iterable[str], query: Query, edge: datetime | None, states: Mapping[int, State]
) -> Condition | None:
    """Tickets of these customers on the asked side of `edge`, or of the window; None: there can be none.

    A condition names each attribute once, so the window's other end is left to whoever reads the answer.
    """
    wanted = query.wanted
    terms = {"ticket.customer_id": _one_of([int(id_) for id_ in record_ids])}
    bound = edge or (query.window.start if query.ascending else query.window.end)
    if bound is not None:
        terms["ticket.created_at"] = _after(bound) if query.ascending else _before(bound)
    if wanted.active_since is not None:
        terms["ticket.updated_at"] = _after(wanted.active_since)
    if wanted.statuses is not None and all(state.is_known for state in states.values()):
        terms["ticket.state_id"] = _one_of([id_ for id_, state in states.items() if state.status in wanted.statuses])
    if wanted.queue_ids is not None:
        terms["ticket.group_id"] = _one_of([int(id_) for id_ in sorted(wanted.queue_ids) if is_id(id_)])
    if wanted.agent_ids is not None:
        terms["ticket.owner_id"] = _one_of([int(id_) for id_ in sorted(wanted.agent_ids) if is_id(id_)])
    if wanted.tags is not None and all("," not in tag for tag in wanted.tags):
        terms["ticket.tags"] = {"operator": "contains one", "value": ", ".join(sorted(wanted.tags))}
    return None if any(term["value"] in ([], "") for term in terms.values()) else terms


def customers_with(attribute: str, operator: str, value: str, but: Sequence[int]) -> Condition:
    """Tickets of customers with that attribute, beside those of the customers in `but`."""
    terms: Condition = {f"customer.{attribute}": {"operator": operator, "value": value}}
    if but:
        terms["ticket.customer_id"] = {"operator": "is not", "value": list(but)}
    return terms


def changed_since(at: datetime) -> Condition:
    """Everybody's tickets that changed in that millisecond or later."""
    return {"ticket.updated_at": _after(at)}


def is_past(at: datetime, query: Query) -> bool:
    """Whether a row that began at `at` lies behind the window's other end, so that no more need be read."""
    start, end = query.window.start, query.window.end
    return end is not None and at >= end if query.ascending else start is not None and at < start


def _one_of(ids: list[int]) -> dict[str, Any]:
    return {"operator": "is", "value": ids}


def _after(at: datetime) -> dict[str, Any]:
    """That millisecond included."""
    return {"operator": "after (absolute)", "value": _millisecond(at)}


def _before(at: datetime) -> dict[str, Any]:
    """As `_after`; Zammad keeps milliseconds, so a finer instant is rounded outwards."""
    return {"operator": "before (absolute)", "value": _millisecond(at + MILLISECOND - timedelta.resolution)}


def _millisecond(at: datetime) -> str:
    utc = at.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03}Z"


def phone_queries(e164: str) -> list[str]:
    """The spellings that a search can find: digits with the country, without it, and in groups.

    Without Elasticsearch the digits without the country are found in any number that is written without gaps.
    """
    national = identifiers.national(e164)
    if national is None:
        return []
    _, _, grouped = phonenumbers.format_number(
        phonenumbers.parse(e164), phonenumbers.PhoneNumberFormat.INTERNATIONAL
    ).partition(" ")
    return list(dict.fromkeys(query for query in (identifiers.digits(e164), national, grouped) if query))


def plain_query(text: str) -> list[str]:
    """The text where it means the same with and without Elasticsearch; nothing where a sign of it would be obeyed."""
    return [text] if _WORD.fullmatch(text) else []


def text_queries(text: str) -> list[str]:
    """All words, which takes Elasticsearch for a first and last name; and the longest, which does not.

    In small letters, as AND, OR and NOT are operators.
    """
    words = _WORD.findall(text.casefold())
    return list(dict.fromkeys([" ".join(words), max(words, key=len)])) if words else []
