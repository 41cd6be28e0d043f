"""A Genesys Cloud conversation, and its journey session, as rows. Pure.

Genesys' own words: developer.genesys.cloud, Analytics > "Conversation detail model" and "Disconnect types". Ours are
explained in docs/connectors/genesys_cloud.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors import identifiers
from connectors.interaction import (
    CALL_CHANNELS,
    CONVERSATION_CHANNELS,
    Address,
    AddressKind,
    CallDetails,
    Campaign,
    Channel,
    ConversationDetails,
    Details,
    Direction,
    Identifier,
    Interaction,
    InteractionStatus,
    Leg,
    LegKind,
    Link,
    LinkKind,
    SurveyDetails,
)
from connectors.mapping import plausible, seconds_between
from connectors.telephony.genesys_api import (
    CommunicationSession,
    Conversation,
    ConversationSurvey,
    JourneySession,
    Participant,
)
from connectors.telephony.genesys_legs import AGENTS, CUSTOMERS, Labels, Stay, legs_of, seconds, stays_of, wrap_ups_of
from connectors.telephony.genesys_status import status_of

SURVEY_MARK = ":survey:"
IDLE_AFTER = timedelta(seconds=45)
AWAY_AFTER = timedelta(seconds=60)

MEDIA = {
    "voice": Channel.VOICE,
    "call": Channel.VOICE,
    "callback": Channel.CALLBACK,
    "video": Channel.VIDEO,
    "chat": Channel.CHAT,
    "webchat": Channel.CHAT,
    "email": Channel.EMAIL,
    "cobrowse": Channel.COBROWSE,
}
MESSAGES = {
    "sms": Channel.SMS,
    "whatsapp": Channel.WHATSAPP,
    "webmessaging": Channel.WEB_MESSAGING,
    "line": Channel.LINE,
    "twitter": Channel.X,
    "x": Channel.X,
    "facebook": Channel.FACEBOOK,
    "instagram": Channel.INSTAGRAM,
    "apple": Channel.APPLE_MESSAGES,
}
ENGAGEMENT_SOURCES = MESSAGES | {
    "applemessagesforbusiness": Channel.APPLE_MESSAGES,
    "facebookmessenger": Channel.FACEBOOK,
    "telegram": Channel.TELEGRAM,
    "email": Channel.EMAIL,
    "webchat": Channel.CHAT,
}
"""Of open messaging, where another product brings the messages."""
BESIDE = frozenset({"cobrowse", "screenshare", "screenmonitoring", "internalmessage"})
"""Media that join a conversation which has another."""
SOCIAL = frozenset(
    {Channel.LINE, Channel.X, Channel.FACEBOOK, Channel.INSTAGRAM, Channel.APPLE_MESSAGES, Channel.TELEGRAM}
)
DIRECTIONS = {"inbound": Direction.INBOUND, "outbound": Direction.OUTBOUND}
ANSWERED_SURVEYS = frozenset({"finished", "completed"})


@dataclass(frozen=True, slots=True)
class Setting:
    """What mapping needs beside the rows. `record_ids`: the record of each contact id, merged ones included."""

    source: str
    region: str | None
    apps_url: str | None
    labels: Labels
    record_ids: Mapping[str, str]

    def url(self, conversation_id: str) -> str | None:
        if self.apps_url is None:
            return None
        return f"{self.apps_url}/directory/#/engage/admin/interactions/{conversation_id}"


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Ids whose names are wanted."""

    queues: frozenset[str]
    users: frozenset[str]
    wrap_up_codes: frozenset[str]


def mentioned(conversations: Iterable[Conversation], sessions: Iterable[JourneySession]) -> Mentioned:
    queues: set[str | None] = set()
    users: set[str | None] = set()
    codes: set[str | None] = set()
    for conversation in conversations:
        for participant in conversation.participants or ():
            users.add(participant.user_id)
            for segment in participant.segments():
                queues.add(segment.queue_id)
                codes.add(segment.wrap_up_code)
        for survey in conversation.surveys or ():
            users.add(survey.user_id)
            queues.add(survey.queue_id)
    for session in sessions:
        queues.add(session.last_connected_queue.id if session.last_connected_queue else None)
        users.add(session.last_connected_user.id if session.last_connected_user else None)
        codes.add(session.last_user_disposition.code if session.last_user_disposition else None)
    return Mentioned(_present(queues), _present(users), _present(codes))


def rows_of(conversation: Conversation, session: JourneySession | None, setting: Setting) -> list[Interaction]:
    """The conversation and the surveys that were answered about it; nothing when it carries no contact, or a time at
    which there was none."""
    contact_id = _contact_id(conversation, setting.record_ids)
    if contact_id is None or not all(map(plausible, _instants(conversation))):
        return []
    customer = _customer(conversation, contact_id)
    row = _conversation_row(conversation, customer, setting.record_ids.get(contact_id, contact_id), session, setting)
    surveys = (_survey_row(survey, row, setting) for survey in conversation.surveys or ())
    return [row, *(survey for survey in surveys if survey is not None)]


def contact_ids_of(conversation: Conversation) -> frozenset[str]:
    return _present(participant.external_contact_id for participant in conversation.participants or ())


def session_row(session: JourneySession, setting: Setting) -> Interaction | None:
    """A conversation that only its journey session tells of yet: analytics lags behind by seconds to minutes."""
    conversation_id = session.conversation and session.conversation.id
    contact_id = session.external_contact and session.external_contact.id
    if not conversation_id or not contact_id or session.created_date is None:
        return None
    channel = _session_channel(session)
    ended_at = session.ended_date
    return Interaction(
        source=setting.source,
        external_id=conversation_id,
        record_id=setting.record_ids.get(contact_id, contact_id),
        channel=channel,
        direction=DIRECTIONS.get((session.originating_direction or "").lower(), Direction.UNKNOWN),
        started_at=session.created_date,
        ended_at=ended_at,
        last_activity_at=_last_activity(session, ended_at or session.created_date, ended_at),
        duration_seconds=seconds_between(session.created_date, ended_at),
        status=_session_status(session),
        url=setting.url(conversation_id),
        legs=_session_legs(session, setting.labels),
        division_ids=session.division_ids or (),
        subject=session.conversation_subject or None,
        details=_details(channel, [], (), ended_at, Direction.UNKNOWN, agentless=False),
    )


def _conversation_row(
    conversation: Conversation,
    customer: Participant,
    record_id: str,
    session: JourneySession | None,
    setting: Setting,
) -> Interaction:
    communications = _communications(conversation, customer)
    main = communications[0] if communications else CommunicationSession()
    channel = _channel(main, communications)
    direction = _direction(conversation, main)
    ended_at = conversation.conversation_end
    if ended_at is None and session is not None and session.is_conversation:
        ended_at = session.ended_date
    stays = stays_of(conversation, ended_at)
    last_activity = ended_at or max(_instants(conversation))
    if session is not None:
        last_activity = _last_activity(session, last_activity, ended_at)
    return Interaction(
        source=setting.source,
        external_id=conversation.conversation_id,
        record_id=record_id,
        channel=channel,
        direction=direction,
        started_at=conversation.conversation_start,
        ended_at=ended_at,
        last_activity_at=last_activity,
        duration_seconds=seconds_between(conversation.conversation_start, ended_at),
        status=status_of(conversation, customer, stays, channel, direction, ended_at),
        url=setting.url(conversation.conversation_id),
        legs=_legs(stays, session, setting.labels),
        wrap_up_codes=tuple(
            code
            for participant in conversation.participants or ()
            if not any(stay.participant is participant for stay in stays)
            for code in wrap_ups_of(participant, setting.labels)
        ),
        tags=_tags(conversation),
        campaign=_campaign(conversation),
        division_ids=conversation.division_ids or (),
        address=_address(main, channel, direction, setting.region),
        inbox=_inbox(main, direction),
        subject=_subject(conversation) or (session.conversation_subject if session else None) or None,
        details=_details(
            channel,
            stays,
            customer.sessions or (),
            ended_at,
            direction,
            agentless=not any(p.purpose in AGENTS for p in conversation.participants or ()),
        ),
    )


def _survey_row(survey: ConversationSurvey, about: Interaction, setting: Setting) -> Interaction | None:
    """An answered survey. It stands at its conversation's start: the list is ordered by that and by nothing else."""
    score = survey.survey_promoter_score
    answered = survey.survey_completed_date is not None or score is not None
    if not survey.survey_id or not (answered or (survey.survey_status or "").lower() in ANSWERED_SURVEYS):
        return None
    at = survey.survey_completed_date or survey.event_time
    ended_at = max(at, about.started_at) if at else about.ended_at
    agent, queue = setting.labels.agent(survey.user_id), setting.labels.queue(survey.queue_id)
    leg = Leg(about.started_at, ended_at, LegKind.AGENT if agent else LegKind.QUEUE, queue, agent)
    return Interaction(
        source=about.source,
        external_id=f"{about.external_id}{SURVEY_MARK}{survey.survey_id}",
        record_id=about.record_id,
        channel=Channel.SURVEY,
        direction=Direction.INBOUND,
        started_at=about.started_at,
        ended_at=ended_at,
        last_activity_at=ended_at or about.last_activity_at,
        status=InteractionStatus.COMPLETED,
        url=about.url,
        legs=(leg,) if agent or queue else (),
        division_ids=about.division_ids,
        details=SurveyDetails(
            survey_name=survey.survey_form_name or survey.survey_form_id or survey.survey_id,
            nps_score=score if score is not None and 0 <= score <= 10 else None,
        ),
        links=(Link(LinkKind.PARENT, about.external_id),),
    )


def _contact_id(conversation: Conversation, record_ids: Mapping[str, str]) -> str | None:
    """The contact that was asked for, where it is there: in a conference the other one is somebody else."""
    carrying = [p for p in conversation.participants or () if p.external_contact_id]
    carrying.sort(key=lambda p: (p.external_contact_id not in record_ids, p.purpose not in CUSTOMERS))
    return carrying[0].external_contact_id if carrying else None


def _customer(conversation: Conversation, contact_id: str) -> Participant:
    """The contact's own participant: an agent's may carry the contact too."""
    participants = [p for p in conversation.participants or () if p.purpose in CUSTOMERS]
    participants.sort(key=lambda p: p.external_contact_id != contact_id)
    return participants[0] if participants else Participant()


def _communications(conversation: Conversation, customer: Participant) -> list[CommunicationSession]:
    """The customer's sessions, or where there are none everybody's; those by which the contact came first."""
    own = customer.sessions or ()
    everybody = tuple(s for p in conversation.participants or () for s in p.sessions or ())
    return sorted(
        own or everybody, key=lambda s: (s.media_type in BESIDE, _start(s) or conversation.conversation_start)
    )


def _start(session: CommunicationSession) -> datetime | None:
    return min((s.segment_start for s in session.segments or () if s.segment_start), default=None)


def _channel(main: CommunicationSession, communications: Sequence[CommunicationSession]) -> Channel:
    media = (main.media_type or "").lower()
    if media != "message":
        return MEDIA.get(media, Channel.OTHER)
    kinds = [_message_channel(s) for s in communications if (s.media_type or "").lower() == "message"]
    return next((kind for kind in kinds if kind is not Channel.OTHER), Channel.OTHER)


def _message_channel(session: CommunicationSession) -> Channel:
    kind = (session.message_type or "").lower()
    if kind in MESSAGES:
        return MESSAGES[kind]
    return ENGAGEMENT_SOURCES.get((session.engagement_source or "").lower(), Channel.OTHER)


def _session_channel(session: JourneySession) -> Channel:
    for told in session.conversation_channels or ():
        kind = (told.type or "").lower()
        channel = MESSAGES.get((told.message_type or "").lower()) if kind == "message" else MEDIA.get(kind)
        if channel is not None:
            return channel
    return Channel.OTHER


def _direction(conversation: Conversation, main: CommunicationSession) -> Direction:
    told = conversation.originating_direction or main.direction or ""
    return DIRECTIONS.get(told.lower(), Direction.UNKNOWN)


def _address(main: CommunicationSession, channel: Channel, direction: Direction, region: str | None) -> Address | None:
    candidates = (
        *(main.callback_numbers or ()),
        *((main.ani, main.address_from) if _is_inbound(main, direction) else (main.dnis, main.address_to)),
        main.address_self,
    )
    for text in candidates:
        identifier = _identifier(text, channel, region) if text else None
        if identifier is not None:
            return Address(AddressKind.OTHER, identifier.kind, identifier.value)
    return None


def _inbox(main: CommunicationSession, direction: Direction) -> tuple[str, ...]:
    """The other side of `_address`: what the customer called or wrote to."""
    ours = (main.dnis, main.address_to) if _is_inbound(main, direction) else (main.ani, main.address_from)
    return tuple(text.removeprefix("tel:") for text in ours if text)


def _is_inbound(main: CommunicationSession, direction: Direction) -> bool:
    return DIRECTIONS.get((main.direction or "").lower(), direction) is not Direction.OUTBOUND


def _identifier(text: str, channel: Channel, region: str | None) -> Identifier | None:
    if channel in CALL_CHANNELS or channel is Channel.SMS:
        return identifiers.phone(text, region)
    if channel is Channel.WHATSAPP:
        return identifiers.whatsapp(text)
    if channel is Channel.EMAIL:
        return identifiers.email(text)
    return identifiers.social(channel, text) if channel in SOCIAL else None


def _details(
    channel: Channel,
    stays: Sequence[Stay],
    customer: Sequence[CommunicationSession],
    ended_at: datetime | None,
    direction: Direction,
    *,
    agentless: bool,
) -> Details | None:
    if channel in CONVERSATION_CHANNELS:
        return ConversationDetails(agentless=agentless)
    if channel not in CALL_CHANNELS:
        return None
    handling = [s for s in stays if s.is_agent]
    with_customer = [s for s in handling if s.kind is not LegKind.CONSULT]
    waits = [(s.start, s.end) for s in stays if s.kind is LegKind.QUEUE and s.end is not None]
    talks = [i for s in with_customer for i in s.intervals("interact")]
    holds = [i for s in with_customer for i in s.intervals("hold")]
    return CallDetails(
        answered_at=_answered_at(handling, customer, direction),
        wait_seconds=seconds(waits) if waits else None,
        talk_seconds=seconds(talks) if talks or ended_at else None,
        hold_seconds=seconds(holds) if holds or ended_at else None,
    )


def _answered_at(
    agents: Sequence[Stay], customer: Sequence[CommunicationSession], direction: Direction
) -> datetime | None:
    """When the called side took the call: the first agent's interact segment, outbound the customer's."""
    if direction is Direction.OUTBOUND:
        segments = [s for c in customer for s in c.segments or ()]
    else:
        segments = [s for stay in agents for s in stay.segments]
    return min((s.segment_start for s in segments if s.segment_type == "interact" and s.segment_start), default=None)


def _last_activity(session: JourneySession, known: datetime, ended_at: datetime | None) -> datetime:
    """With the customer's own last event; Genesys tells when it will call them idle (45 s later) and away (60 s)."""
    if ended_at is not None:
        return ended_at
    told = [
        session.last_event.created_date if session.last_event else None,
        session.idle_date - IDLE_AFTER if session.idle_date else None,
        session.away_date - AWAY_AFTER if session.away_date else None,
    ]
    return max([known, *(at for at in told if at is not None)])


def _legs(stays: Sequence[Stay], session: JourneySession | None, labels: Labels) -> tuple[Leg, ...]:
    """With the session's last disposition on its agent's last leg, where analytics has none yet."""
    legs = list(legs_of(stays, labels))
    disposition = session.last_user_disposition if session else None
    if disposition is None or not disposition.code or any(leg.wrap_up_codes for leg in legs):
        return tuple(legs)
    user_id = disposition.user.id if disposition.user else None
    for place in reversed(range(len(legs))):
        agent = legs[place].agent
        if agent is not None and user_id in (None, agent.id):
            code = labels.wrap_up(disposition.code, disposition.notes)
            leg = legs[place]
            legs[place] = Leg(leg.started_at, leg.ended_at, leg.kind, leg.queue, leg.agent, leg.division_ids, (code,))
            break
    return tuple(legs)


def _session_legs(session: JourneySession, labels: Labels) -> tuple[Leg, ...]:
    queue = labels.queue(session.last_connected_queue.id if session.last_connected_queue else None)
    agent = labels.agent(session.last_connected_user.id if session.last_connected_user else None)
    if session.created_date is None or not (queue or agent):
        return ()
    disposition = session.last_user_disposition
    codes = (labels.wrap_up(disposition.code, disposition.notes),) if disposition and disposition.code else ()
    kind = LegKind.AGENT if agent else LegKind.QUEUE
    return (Leg(session.created_date, session.ended_date, kind, queue, agent, wrap_up_codes=codes),)


def _session_status(session: JourneySession) -> InteractionStatus:
    if session.ended_date is None:
        waiting = session.last_connected_user is None and session.last_connected_queue is not None
        return InteractionStatus.QUEUED if waiting else InteractionStatus.ACTIVE
    if session.last_acd_outcome == "Abandon":
        return InteractionStatus.ABANDONED
    if session.last_acd_outcome == "Answered" or session.last_connected_user is not None:
        return InteractionStatus.COMPLETED
    return InteractionStatus.UNKNOWN


def _instants(conversation: Conversation) -> Iterator[datetime]:
    yield conversation.conversation_start
    if conversation.conversation_end is not None:
        yield conversation.conversation_end
    for participant in conversation.participants or ():
        for segment in participant.segments():
            yield from (at for at in (segment.segment_start, segment.segment_end) if at is not None)


def _tags(conversation: Conversation) -> tuple[str, ...]:
    segments = (s for p in conversation.participants or () for s in p.segments())
    return tuple(dict.fromkeys(tag for s in segments for tag in s.wrap_up_tags or () if tag))


def _campaign(conversation: Conversation) -> Campaign | None:
    sessions = (s for p in conversation.participants or () for s in p.sessions or ())
    id_ = next((s.outbound_campaign_id for s in sessions if s.outbound_campaign_id), None)
    return Campaign(id_, id_) if id_ else None


def _subject(conversation: Conversation) -> str | None:
    segments = (s for p in conversation.participants or () for s in p.segments())
    return next((s.subject for s in segments if s.subject), None)


def _present(ids: Iterable[str | None]) -> frozenset[str]:
    return frozenset(id_ for id_ in ids if id_)
