"""WhatsApp's messages and statuses as Meta tells them, and what they become.

Source: Meta, "Webhooks reference: messages" (with its pages on edit, revoke, reaction, system and status messages),
"smb_message_echoes" and "Business-scoped user IDs". Whatever says who somebody is may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from connectors import identifiers
from connectors.events import (
    Change,
    DeliveryChanged,
    Event,
    Hint,
    MessageArrived,
    MessageEdited,
    MessageRemoved,
)
from connectors.interaction import (
    Attachment,
    Channel,
    DeliveryState,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Message,
    MessageParty,
)
from connectors.webhooks.receiver import event, id_of, seconds

_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.READ,
    "played": DeliveryState.READ,
    "failed": DeliveryState.FAILED,
}


class Metadata(msgspec.Struct):
    display_phone_number: str | None = None
    phone_number_id: str | None = None


class _Profile(msgspec.Struct):
    name: str | None = None
    username: str | None = None


class Contact(msgspec.Struct):
    wa_id: str | None = None
    user_id: str | None = None
    profile: _Profile | None = None


_NOBODY = Contact()


class _Text(msgspec.Struct):
    body: str | None = None


class _Media(msgspec.Struct):
    caption: str | None = None
    filename: str | None = None
    mime_type: str | None = None


class _Location(msgspec.Struct):
    latitude: float | None = None
    longitude: float | None = None
    name: str | None = None
    address: str | None = None


class _Title(msgspec.Struct):
    title: str | None = None
    body: str | None = None


class _Interactive(msgspec.Struct):
    button_reply: _Title | None = None
    list_reply: _Title | None = None
    nfm_reply: _Title | None = None


class _Button(msgspec.Struct):
    text: str | None = None


class _Reaction(msgspec.Struct):
    emoji: str | None = None


class _Name(msgspec.Struct):
    formatted_name: str | None = None


class _Card(msgspec.Struct):
    name: _Name | None = None


class _System(msgspec.Struct):
    type: str | None = None
    wa_id: str | None = None
    user_id: str | None = None


class Content(msgspec.Struct):
    """What a message holds, by its `type`."""

    type: str | None = None
    text: _Text | None = None
    image: _Media | None = None
    audio: _Media | None = None
    video: _Media | None = None
    document: _Media | None = None
    sticker: _Media | None = None
    location: _Location | None = None
    contacts: list[_Card] | None = None
    interactive: _Interactive | None = None
    button: _Button | None = None
    order: _Button | None = None
    reaction: _Reaction | None = None

    def media(self) -> _Media | None:
        return self.image or self.video or self.document or self.audio or self.sticker

    def words(self) -> str | None:
        """What was written, or chosen; a place by its name. An emoji is all that a reaction says."""
        media, interactive = self.media(), self.interactive
        reply = interactive and (interactive.button_reply or interactive.list_reply or interactive.nfm_reply)
        told = (
            self.text and self.text.body,
            media and media.caption,
            reply and (reply.title or reply.body),
            self.button and self.button.text,
            self.order and self.order.text,
            self.reaction and self.reaction.emoji,
            self.location and _place(self.location),
        )
        return next((text for text in told if text), None)

    def attachments(self) -> tuple[Attachment, ...]:
        """Without an address: Meta's asks for the company's token."""
        media = self.media()
        files = [] if media is None else [Attachment(media.filename, media.mime_type)]
        files += [Attachment(card.name.formatted_name if card.name else None) for card in self.contacts or ()]
        return tuple(files)


class _Revised(msgspec.Struct):
    original_message_id: str
    message: Content | None = None


class MessageRow(Content):
    """`from` or `to`, and their user ids: the other side of an echo is in `to`."""

    id: str = ""
    timestamp: str | float | None = None
    from_: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    to: str | None = None
    to_user_id: str | None = None
    edit: _Revised | None = None
    revoke: _Revised | None = None
    system: _System | None = None


class StatusRow(msgspec.Struct):
    id: str
    status: str
    timestamp: str | float | None = None
    recipient_id: str | None = None
    recipient_user_id: str | None = None


class _UserIds(msgspec.Struct):
    previous: str | None = None
    current: str | None = None


class UserIdRow(msgspec.Struct):
    user_id: _UserIds
    wa_id: str | None = None
    timestamp: str | float | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """By number, by WhatsApp's own user id, or by both."""

    known_by: tuple[Identifier, ...]

    @property
    def record_id(self) -> str:
        """The number where it is told: a person is known by it longest, and to other sources too."""
        return self.known_by[0].value

    def identifiers(self, source: str) -> tuple[HeldIdentifier, ...]:
        """All verified: nobody writes on WhatsApp by a number that is not theirs."""
        held = [identifiers.external(source, self.record_id), *self.known_by]
        held += [Identifier(IdentifierKind.PHONE, i.value) for i in self.known_by if i.value.startswith("+")]
        return tuple(HeldIdentifier(identifier, True) for identifier in held)


def person(*ids: str | None) -> Person | None:
    """Numbers first; None when nothing says who it is."""
    known = dict.fromkeys(identifiers.whatsapp(text) for text in ids if text)
    return Person(tuple(found)) if (found := [identifier for identifier in known if identifier is not None]) else None


class Mapper:
    """Of one line of the company's and the people who came with a change. None: the row makes no sense."""

    def __init__(self, source: str, metadata: Metadata | None, contacts: Sequence[Contact]) -> None:
        shown = "".join(filter(str.isdigit, (metadata and metadata.display_phone_number) or ""))
        self._line = f"+{shown}" if shown.isascii() and shown else (metadata and metadata.phone_number_id) or ""
        self._source = source
        self._contacts = contacts

    def message(self, row: MessageRow) -> Event | None:
        """What a customer wrote."""
        contact = self._contact(row.from_, row.from_user_id)
        who = person(row.from_, row.from_user_id, contact.wa_id, contact.user_id)
        return self._event(row, who, _name(contact), MessageParty.CUSTOMER)

    def echo(self, row: MessageRow) -> Event | None:
        """What the company wrote in WhatsApp's own app."""
        contact = self._contact(row.to, row.to_user_id)
        return self._event(row, person(row.to, row.to_user_id), _name(contact), MessageParty.AGENT)

    def _event(self, row: MessageRow, who: Person | None, name: str | None, party: MessageParty) -> Event | None:
        at, id_ = seconds(row.timestamp), id_of(row.id)
        if at is None or id_ is None:
            return None
        if row.type in ("edit", "revoke"):
            return self._revision(row, id_)
        if who is None:
            return None
        changes: tuple[Change, ...]
        if row.type == "system":
            system = row.system or _System()
            moved = person(system.wa_id, system.user_id)
            known = tuple(dict.fromkeys((*who.known_by, *(moved.known_by if moved else ()))))
            changes = (Hint(at, ids(known), known),)
        elif row.type == "reaction" and not row.words():
            changes = ()  # a reaction that was taken back; which one is not told
        else:
            message = Message(at=at, party=party, text=row.words(), attachments=row.attachments())
            held = who.identifiers(self._source)
            changes = (MessageArrived(id_, who.record_id, held, Channel.WHATSAPP, message, self._line, name),)
        return event(f"message:{id_}", *changes)

    def _revision(self, row: MessageRow, id_: str) -> Event | None:
        at, revised = seconds(row.timestamp), row.edit or row.revoke
        original = None if revised is None else id_of(revised.original_message_id)
        if at is None or revised is None or original is None:
            return None
        if row.type == "revoke":
            return event(f"message:{id_}", MessageRemoved(original, at))
        now = revised.message
        if now is None:
            return None
        return event(f"message:{id_}", MessageEdited(original, at, now.words(), now.attachments()))

    def status(self, row: StatusRow) -> Event | None:
        """A state that is not known says nothing, and is no fault."""
        at, id_, state = seconds(row.timestamp), id_of(row.id), _STATES.get(row.status)
        if at is None or id_ is None:
            return None
        who = person(row.recipient_id, row.recipient_user_id)
        changed = () if state is None else (DeliveryChanged(id_, state, at, who.record_id if who else "", self._line),)
        return event(f"status:{id_}:{row.status}", *changed)

    def user_id(self, row: UserIdRow) -> Event | None:
        """Who has a new number has a new user id: what hangs on the old one is looked at again."""
        at, who = seconds(row.timestamp), person(row.wa_id, row.user_id.previous, row.user_id.current)
        if at is None or who is None:
            return None
        told = ":".join((*ids(who.known_by), at.isoformat()))
        return event(f"user_id:{told}", Hint(at, ids(who.known_by), who.known_by))

    def _contact(self, *ids: str | None) -> Contact:
        """Who came with the change and is meant; a message that names nobody is from the only one."""
        asked = {id_ for id_ in ids if id_}
        if not asked:
            return self._contacts[0] if len(self._contacts) == 1 else _NOBODY
        return next((contact for contact in self._contacts if asked & {contact.wa_id, contact.user_id}), _NOBODY)


def ids(known: Sequence[Identifier]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(identifier.value for identifier in known))


def _name(contact: Contact) -> str | None:
    profile = contact.profile or _Profile()
    return (profile.name or "").strip() or profile.username or None


def _place(location: _Location) -> str | None:
    named = ", ".join(text for text in (location.name, location.address) if text)
    if named or location.latitude is None or location.longitude is None:
        return named or None
    return f"{location.latitude}, {location.longitude}"
