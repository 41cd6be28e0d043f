"""Genesys Cloud's external contacts as records: what they carry, and who they were merged with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from connectors import identifiers
from connectors.interaction import Channel, HeldIdentifier, Identifier, IdentifierKind, Record
from connectors.telephony.genesys_api import Contact, ContactIdentifier, ExternalSource, PhoneNumber, SocialUsers

SOCIAL_TYPES = {
    Channel.LINE: "SocialLine",
    Channel.FACEBOOK: "SocialFacebook",
    Channel.X: "SocialTwitter",
    Channel.INSTAGRAM: "SocialInstagram",
    Channel.APPLE_MESSAGES: "AppleOpaqueId",
}
NETWORKS = {type_: channel for channel, type_ in SOCIAL_TYPES.items()}


class ContactReader:
    """`external_id_source`: the name by which others know the ids of `external_source` in Genesys; without either
    they are not read."""

    def __init__(
        self, source: str, region: str | None, external_id_source: str | None, external_source: ExternalSource
    ) -> None:
        self._source = source
        self._region = region
        self._external_id_source = external_id_source
        self._external_source = external_source

    def record(self, contact: Contact, parts: Iterable[Contact] = ()) -> Record:
        """`parts`: contacts that were merged into this one, whose identifiers are its own too."""
        held = [identifiers.external(self._source, contact.id)]
        for part in (contact, *parts):
            held.extend(self._carried(part))
        names = (contact.first_name, contact.middle_name, contact.last_name)
        return Record(
            source=self._source,
            id=contact.id,
            identifiers=tuple(
                HeldIdentifier(identifier, True if place == 0 else None)
                for place, identifier in enumerate(dict.fromkeys(held))
            ),
            name=" ".join(name.strip() for name in names if name and name.strip()) or None,
            division_ids=(contact.division.id,) if contact.division and contact.division.id else (),
            since=contact.create_date,
        )

    def _carried(self, contact: Contact) -> Iterator[Identifier]:
        for number in (contact.cell_phone, contact.home_phone, contact.work_phone, contact.other_phone):
            yield from _some(self._phone(number))
        for address in (contact.personal_email, contact.work_email, contact.other_email):
            yield from _some(identifiers.email(address) if address else None)
        yield from self._social(contact)
        for external in contact.external_ids or ():
            yield from _some(self._external(external.value, external.external_source))
        for identifier in contact.identifiers or ():
            yield from _some(self._claimed(identifier))

    def _phone(self, number: PhoneNumber | None) -> Identifier | None:
        if number is None:
            return None
        region = number.normalization_country_code or self._region
        for text in (number.e164, number.display, number.user_input):
            found = identifiers.phone(text, region) if text else None
            if found is not None:
                return found
        return None

    def _social(self, contact: Contact) -> Iterator[Identifier]:
        whatsapp = contact.whats_app_id.phone_number if contact.whats_app_id else None
        number = whatsapp and (whatsapp.e164 or whatsapp.display or whatsapp.user_input)
        yield from _some(identifiers.whatsapp(number) if number else None)
        if contact.twitter_id and contact.twitter_id.id:
            yield identifiers.social(Channel.X, contact.twitter_id.id)
        for channel, users in (
            (Channel.LINE, contact.line_id),
            (Channel.FACEBOOK, contact.facebook_id),
            (Channel.INSTAGRAM, contact.instagram_id),
        ):
            for id_ in _user_ids(users):
                yield identifiers.social(channel, id_)
        for apple in contact.apple_opaque_ids or ():
            if apple.value:
                yield identifiers.social(Channel.APPLE_MESSAGES, apple.value)

    def _claimed(self, claimed: ContactIdentifier) -> Identifier | None:
        if not claimed.value or not claimed.type:
            return None
        if claimed.type in NETWORKS:
            return identifiers.social(NETWORKS[claimed.type], claimed.value)
        match claimed.type:
            case "Phone":
                return identifiers.phone(claimed.value, self._region)
            case "Email":
                return identifiers.email(claimed.value)
            case "SocialWhatsapp" | "SocialWhatsappBsuid":
                return identifiers.whatsapp(claimed.value)
            case "Cookie":
                return Identifier(IdentifierKind.COOKIE, claimed.value)
            case "ExternalId":
                return self._external(claimed.value, claimed.external_source)
        return None

    def _external(self, value: str | None, source: ExternalSource | None) -> Identifier | None:
        if not value or not self._external_id_source or source is None:
            return None
        wanted = self._external_source
        if not (wanted.id and wanted.id == source.id) and not (wanted.name and wanted.name == source.name):
            return None
        return identifiers.external(self._external_id_source, value)


def lookups(identifier: Identifier, external_source: ExternalSource) -> list[dict[str, object]]:
    """Bodies of the exact lookup. WhatsApp numbers are asked in both spellings: the description tells E.164 with a
    plus for phones and without for WhatsApp accounts, and not which of them this lookup wants."""
    value = identifier.value
    match identifier.kind:
        case IdentifierKind.PHONE:
            asked = [("Phone", value)]
        case IdentifierKind.EMAIL:
            asked = [("Email", value)]
        case IdentifierKind.WHATSAPP if not value.startswith("+"):
            asked = [("SocialWhatsappBsuid", value)]
        case IdentifierKind.WHATSAPP:
            asked = [("SocialWhatsapp", identifiers.digits(value)), ("SocialWhatsapp", value)]
        case IdentifierKind.COOKIE:
            asked = [("Cookie", value)]
        case IdentifierKind.SOCIAL if identifier.channel in SOCIAL_TYPES:
            asked = [(SOCIAL_TYPES[identifier.channel], value)]
        case IdentifierKind.EXTERNAL_ID:
            told = {"id": external_source.id, "name": external_source.name}
            source = {key: text for key, text in told.items() if text}
            return [{"type": "ExternalId", "value": value, "externalSource": source}]
        case _:
            asked = []
    return [{"type": type_, "value": spelt} for type_, spelt in asked]


def head_of(contact: Contact) -> str:
    """The contact that stands for all it was merged with."""
    head = contact.canonical_contact
    return head.id if head and head.id else contact.id


def members_of(contact: Contact) -> frozenset[str]:
    """Ids that conversations of this person may carry."""
    return frozenset({contact.id, head_of(contact), *(m.id for m in contact.merge_set or () if m.id)})


def _user_ids(users: SocialUsers | None) -> Iterator[str]:
    for user in (users.ids or ()) if users else ():
        if id_ := user.scoped_id or user.user_id:
            yield id_


def _some(identifier: Identifier | None) -> Iterator[Identifier]:
    if identifier is not None:
        yield identifier
