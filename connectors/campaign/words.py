"""What words of a CRM or dialler mean, and an interaction's details by its channel."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.identifiers import e164, email
from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    Address,
    AddressKind,
    CallDetails,
    Channel,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Outcome,
    OutcomeKind,
)

CHANNELS: Mapping[str, Channel] = {
    "call": Channel.VOICE,
    "voice": Channel.VOICE,
    "phone": Channel.VOICE,
    "callback": Channel.CALLBACK,
    "email": Channel.EMAIL,
    "listemail": Channel.EMAIL,
    "sms": Channel.SMS,
    "chat": Channel.CHAT,
    "webchat": Channel.CHAT,
    "whatsapp": Channel.WHATSAPP,
}
DIRECTIONS: Mapping[str, Direction] = {
    "inbound": Direction.INBOUND,
    "in": Direction.INBOUND,
    "outbound": Direction.OUTBOUND,
    "out": Direction.OUTBOUND,
    "internal": Direction.INTERNAL,
    "internalcall": Direction.INTERNAL,
    "callback": Direction.OUTBOUND,
}
ADDRESS_KINDS: Mapping[str, AddressKind] = {
    "home": AddressKind.HOME,
    "work": AddressKind.WORK,
    "mobile": AddressKind.MOBILE,
    "office": AddressKind.OFFICE,
}
OUTCOME_KINDS: Mapping[str, OutcomeKind] = {
    "success": OutcomeKind.SUCCESS,
    "failure": OutcomeKind.FAILURE,
    "neutral": OutcomeKind.NEUTRAL,
}
TOLD_CHANNELS = frozenset(CHANNELS.values()) | {Channel.OTHER}


def channel_of(word: str | None) -> Channel:
    return CHANNELS.get(_plain(word), Channel.OTHER)


def direction_of(word: str | None) -> Direction:
    return DIRECTIONS.get(_plain(word), Direction.UNKNOWN)


def outcome_of(label: str | None, kinds: Mapping[str, OutcomeKind], kind: str | None = None) -> Outcome | None:
    """`kinds`: what labels mean; `kind`: a word for it that stands in the row itself."""
    if label is None:
        return None
    return Outcome(OUTCOME_KINDS.get(_plain(kind)) or kinds.get(label) or OutcomeKind.NEUTRAL, label)


def address_of(value: str | None, kind: str | None, channel: Channel, region: str | None) -> Address | None:
    """A number, or an address of e-mail; None for what is neither."""
    if value is None:
        return None
    meant = ADDRESS_KINDS.get(_plain(kind), AddressKind.OTHER)
    if "@" in value:
        address = email(value)
        return None if address is None else Address(meant, IdentifierKind.EMAIL, address.value)
    number = number_of(value, region)
    if number is None:
        return None
    return Address(meant, IdentifierKind.WHATSAPP if channel is Channel.WHATSAPP else IdentifierKind.PHONE, number)


def number_of(value: str | None, region: str | None) -> str | None:
    """E.164; without a region digits alone are taken as international, as `00` in front of them always is."""
    bare = (value or "").strip()
    if bare.startswith("00"):
        return e164(f"+{bare[2:]}")
    return e164(f"+{bare}") if region is None and bare.isdigit() else e164(bare, region)


def details_of(
    channel: Channel, talk_seconds: int | None, *, agentless: bool = False
) -> CallDetails | ConversationDetails | None:
    if channel in CALL_CHANNELS:
        return CallDetails(talk_seconds=talk_seconds)
    return ConversationDetails(agentless=agentless) if channel in CONVERSATION_CHANNELS else None


def _plain(word: str | None) -> str:
    """`Web Chat`, `web-chat` and `WEBCHAT` are one word."""
    return "".join(character for character in word.casefold() if character.isalnum()) if word else ""
