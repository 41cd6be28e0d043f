"""The oracle's second writing of VISIBILITY.md §3, masks: how a value is masked, and what holds one and is emptied.

As plain as `oracle`, and sharing nothing with the product either.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import unquote

from msgspec.structs import replace

from connectors.interaction import (
    Address,
    Agent,
    Campaign,
    Comment,
    ConversationDetails,
    Details,
    Identifier,
    IdentifierKind,
    Interaction,
    Message,
    Queue,
    SurveyDetails,
    WebVisitDetails,
)

Named = TypeVar("Named", Agent, Queue, Campaign)


def address_identifiers(address: Address | None) -> list[Identifier]:
    return [] if address is None else [Identifier(address.identifier_kind, address.value)]


def masked_address(address: Address) -> Address:
    return Address(address.kind, address.identifier_kind, masked_value(address.identifier_kind, address.value))


def masked_value(kind: IdentifierKind, value: str) -> str:
    """«`***` and a phone's last two digits, or an e-mail's first letter, `***@`, domain; else `***`»"""
    if is_phone(kind, value):
        return "***" + digits_of(value)[-2:]
    if kind is IdentifierKind.EMAIL and "@" in value:
        name, _, domain = value.rpartition("@")
        return name[:1] + "***@" + domain
    return "***"


def is_phone(kind: IdentifierKind, value: str) -> bool:
    """PHONE, or WHATSAPP where it is a number and not WhatsApp's own user id."""
    return kind in (IdentifierKind.PHONE, IdentifierKind.WHATSAPP) and re.fullmatch(r"\+[0-9]+", value) is not None


def digits_of(value: str) -> str:
    return "".join(character for character in value if character.isdigit())


def holds(text: str, identifier: Identifier) -> bool:
    """«holding one (a phone: 7 last digits)»: however it is cased, spaced or percent-encoded, even twice. A short id
    counts as a whole word: ticket 1073 does not hold contact 7."""
    value = identifier.value.casefold()
    for spelled in (text.casefold(), unquote(text).casefold(), unquote(unquote(text)).casefold()):
        if is_phone(identifier.kind, identifier.value):
            if digits_of(value)[-7:] in digits_of(spelled):
                return True
        elif identifier.kind is IdentifierKind.EMAIL or len(value) >= 7:
            if value in spelled:
                return True
        elif re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", spelled):
            return True
    return False


def emptied(text: str, secrets: Sequence[Identifier]) -> str:
    return "" if any(holds(text, secret) for secret in secrets) else text


def emptied_url(text: str | None, secrets: Sequence[Identifier]) -> str | None:
    return None if text is None else emptied(text, secrets) or None


def named(value: Named | None, secrets: Sequence[Identifier]) -> Named | None:
    return None if value is None else replace(value, name=emptied(value.name, secrets))


def without_secret_names(row: Interaction, secrets: Sequence[Identifier]) -> Interaction:
    """Every other name and url that a row carries."""
    return replace(
        row,
        legs=tuple(replace(leg, queue=named(leg.queue, secrets), agent=named(leg.agent, secrets)) for leg in row.legs),
        campaign=named(row.campaign, secrets),
        comments=tuple(without_secret_author(comment, secrets) for comment in row.comments),
        touchpoint=row.touchpoint and replace(row.touchpoint, name=emptied(row.touchpoint.name, secrets)),
        details=without_secret_details(row.details, secrets),
    )


def without_secret_author(comment: Comment, secrets: Sequence[Identifier]) -> Comment:
    return replace(comment, author=named(comment.author, secrets))


def without_secret_details(details: Details | None, secrets: Sequence[Identifier]) -> Details | None:
    if isinstance(details, ConversationDetails):
        return replace(details, messages=tuple(without_secret_message(m, secrets) for m in details.messages))
    if isinstance(details, SurveyDetails):
        return replace(details, survey_name=emptied(details.survey_name, secrets))
    if isinstance(details, WebVisitDetails):
        return replace(
            details,
            events=tuple(
                replace(event, name=emptied(event.name, secrets), url=emptied_url(event.url, secrets))
                for event in details.events
            ),
        )
    return details


def without_secret_message(message: Message, secrets: Sequence[Identifier]) -> Message:
    return replace(
        message,
        agent=named(message.agent, secrets),
        attachments=tuple(
            replace(a, name=a.name and emptied(a.name, secrets), url=emptied_url(a.url, secrets))
            for a in message.attachments
        ),
    )
