"""What Genesys Cloud answers, as far as it is mapped.

After the Platform API's descriptions of Analytics, External Contacts, Journey and Routing. Words of an enum are kept
as text: a new one must not cost the row. Everything but the ids may be absent or null.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class Model(msgspec.Struct, rename="camel"):
    pass


class Reference(Model):
    id: str | None = None


class Named(Model):
    id: str
    name: str | None = None


class NamedListing(Model):
    entities: list[msgspec.Raw] | None = None


class Segment(Model):
    segment_type: str | None = None
    segment_start: Instant | None = None
    segment_end: Instant | None = None
    queue_id: str | None = None
    disconnect_type: str | None = None
    conference: bool | None = None
    subject: str | None = None
    wrap_up_code: str | None = None
    wrap_up_note: str | None = None
    wrap_up_tags: tuple[str, ...] | None = None


class CommunicationSession(Model):
    """A participant's session: one medium, one address at each side."""

    media_type: str | None = None
    message_type: str | None = None
    engagement_source: str | None = None
    direction: str | None = None
    ani: str | None = None
    dnis: str | None = None
    address_from: str | None = None
    address_to: str | None = None
    address_self: str | None = None
    callback_numbers: tuple[str, ...] | None = None
    callback_scheduled_time: Instant | None = None
    delivery_status: str | None = None
    outbound_campaign_id: str | None = None
    segments: tuple[Segment, ...] | None = None


class Participant(Model):
    purpose: str | None = None
    user_id: str | None = None
    external_contact_id: str | None = None
    sessions: tuple[CommunicationSession, ...] | None = None

    def segments(self) -> Iterator[Segment]:
        for session in self.sessions or ():
            yield from session.segments or ()


class ConversationSurvey(Model):
    survey_id: str | None = None
    survey_form_id: str | None = None
    survey_form_name: str | None = None
    survey_status: str | None = None
    survey_completed_date: Instant | None = None
    survey_promoter_score: int | None = None
    event_time: Instant | None = None
    queue_id: str | None = None
    user_id: str | None = None


class Conversation(Model):
    conversation_id: str
    conversation_start: Instant
    conversation_end: Instant | None = None
    originating_direction: str | None = None
    division_ids: tuple[str, ...] | None = None
    self_served: bool | None = None
    participants: tuple[Participant, ...] | None = None
    surveys: tuple[ConversationSurvey, ...] | None = None


class ConversationPage(Model):
    """There is no `conversations` when none was found."""

    conversations: list[msgspec.Raw] | None = None
    total_hits: int | None = None


class PhoneNumber(Model):
    display: str | None = None
    user_input: str | None = None
    e164: str | None = None
    normalization_country_code: str | None = None


class WhatsAppId(Model):
    phone_number: PhoneNumber | None = None


class SocialUser(Model):
    """Line calls it `userId`, Facebook and Instagram `scopedId`."""

    user_id: str | None = None
    scoped_id: str | None = None


class SocialUsers(Model):
    ids: tuple[SocialUser, ...] | None = None


class TypedValue(Model):
    value: str | None = None


class ExternalSource(Model):
    id: str | None = None
    name: str | None = None


class ExternalId(Model):
    value: str | None = None
    external_source: ExternalSource | None = None


class ContactIdentifier(Model):
    type: str | None = None
    value: str | None = None
    external_source: ExternalSource | None = None


class Contact(Model):
    id: str
    division: Reference | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    work_phone: PhoneNumber | None = None
    cell_phone: PhoneNumber | None = None
    home_phone: PhoneNumber | None = None
    other_phone: PhoneNumber | None = None
    work_email: str | None = None
    personal_email: str | None = None
    other_email: str | None = None
    twitter_id: Reference | None = None
    line_id: SocialUsers | None = None
    facebook_id: SocialUsers | None = None
    instagram_id: SocialUsers | None = None
    whats_app_id: WhatsAppId | None = None
    apple_opaque_ids: tuple[TypedValue, ...] | None = None
    external_ids: tuple[ExternalId, ...] | None = None
    identifiers: tuple[ContactIdentifier, ...] | None = None
    create_date: Instant | None = None
    canonical_contact: Reference | None = None
    merge_set: tuple[Reference, ...] | None = None


class ReverseLookup(Model):
    contacts: list[msgspec.Raw] | None = None


class ContactListing(Model):
    """What the search of contacts answers; without `entities` it is not that."""

    entities: list[msgspec.Raw]


class Disposition(Model):
    code: str | None = None
    notes: str | None = None
    user: Reference | None = None


class ConversationChannel(Model):
    type: str | None = None
    message_type: str | None = None


class SessionEvent(Model):
    created_date: Instant | None = None


class JourneySession(Model):
    id: str
    type: str | None = None
    external_contact: Reference | None = None
    conversation: Reference | None = None
    conversation_channels: tuple[ConversationChannel, ...] | None = None
    conversation_subject: str | None = None
    originating_direction: str | None = None
    last_connected_queue: Reference | None = None
    last_connected_user: Reference | None = None
    last_user_disposition: Disposition | None = None
    last_acd_outcome: str | None = None
    last_event: SessionEvent | None = None
    division_ids: tuple[str, ...] | None = None
    created_date: Instant | None = None
    ended_date: Instant | None = None
    idle_date: Instant | None = None
    away_date: Instant | None = None

    @property
    def is_conversation(self) -> bool:
        """Not a visit to the website or in the app, which may lead to one and goes on by itself."""
        return self.type not in ("web", "app")


class JourneySessionListing(Model):
    entities: list[msgspec.Raw] | None = None
