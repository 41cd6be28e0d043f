"""What a conversation becomes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from connectors.interaction import (
    Address,
    AddressKind,
    CallDetails,
    Campaign,
    Channel,
    ConversationDetails,
    Direction,
    IdentifierKind,
    Interaction,
    InteractionStatus,
    LegKind,
    Link,
    LinkKind,
    SurveyDetails,
)
from connectors.telephony.genesys_api import Conversation, JourneySession
from connectors.telephony.genesys_legs import Labels
from connectors.telephony.genesys_mapping import Setting, mentioned, rows_of, session_row
from tests.connectors.telephony.genesys_cloud import samples
from tests.connectors.telephony.genesys_cloud.samples import ANNA, BILLING, BRUNO, CALLS, CONTACT, SOLVED, START, Json

LABELS = Labels(queues={CALLS: "Assistenza"}, users={ANNA: "Anna Verdi"}, wrap_up_codes={SOLVED: "Risolto"})
SETTING = Setting("genesys_cloud", "IT", "https://apps.example.com", LABELS, {CONTACT: CONTACT})


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def rows(sample: Json, session: Json | None = None) -> list[Interaction]:
    conversation = msgspec.convert(sample, Conversation)
    return rows_of(conversation, None if session is None else msgspec.convert(session, JourneySession), SETTING)


def row(sample: Json, session: Json | None = None) -> Interaction:
    return rows(sample, session)[0]


def test_a_call_moved_to_a_second_queue_has_a_leg_for_each_stretch() -> None:
    call = row(samples.transferred())
    assert [(leg.kind, leg.queue and leg.queue.name, leg.agent and leg.agent.name) for leg in call.legs] == [
        (LegKind.IVR, None, None),
        (LegKind.QUEUE, "Assistenza", None),
        (LegKind.AGENT, "Assistenza", "Anna Verdi"),
        (LegKind.QUEUE, BILLING, None),
        (LegKind.TRANSFER, BILLING, BRUNO),
    ]
    anna, bruno = call.legs[2], call.legs[4]
    assert (anna.started_at, anna.ended_at) == (after(50), after(200)), "neither the alert nor the wrap-up"
    assert [(c.code, c.label, c.note) for c in anna.wrap_up_codes] == [("w-moved", "w-moved", "Fattura")]
    assert [(c.code, c.label, c.at) for c in bruno.wrap_up_codes] == [(SOLVED, "Risolto", after(520))]
    assert call.wrap_up_codes == ()
    assert call.tags == ("refund",)
    assert call.division_ids == ("d-rome", "d-milan")
    assert call.details == CallDetails(after(50), wait_seconds=60, talk_seconds=390, hold_seconds=30)
    assert (call.status, call.channel, call.direction) == (
        InteractionStatus.COMPLETED,
        Channel.VOICE,
        Direction.INBOUND,
    )
    assert (call.duration_seconds, call.last_activity_at) == (500, after(500))
    assert call.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331110001")
    assert call.url == "https://apps.example.com/directory/#/engage/admin/interactions/conv-transfer"


@pytest.mark.parametrize(
    ("handed_over", "conference", "kind"),
    [
        (False, False, LegKind.CONSULT),
        (False, True, LegKind.CONFERENCE),
        (True, False, LegKind.TRANSFER),
    ],
)
def test_a_second_agent_beside_the_first(handed_over: bool, conference: bool, kind: LegKind) -> None:
    call = row(samples.consulted(handed_over=handed_over, conference=conference))
    assert [leg.kind for leg in call.legs] == [LegKind.QUEUE, LegKind.AGENT, kind]


def test_talk_with_a_consulted_agent_is_not_talk_with_the_customer() -> None:
    details = row(samples.consulted()).details
    assert details == CallDetails(after(10), wait_seconds=10, talk_seconds=200, hold_seconds=90)


def test_an_agent_who_carries_on_after_a_pause_was_not_transferred_to() -> None:
    sample = samples.conversation(
        "conv-again",
        100,
        samples.caller(100),
        samples.agent(ANNA, CALLS, samples.segment("interact", 0, 40)),
        samples.agent(ANNA, CALLS, samples.segment("interact", 60, 100)),
    )
    assert [leg.kind for leg in row(sample).legs] == [LegKind.AGENT, LegKind.AGENT]


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        (samples.abandoned(), InteractionStatus.ABANDONED),
        (samples.abandoned("client"), InteractionStatus.ABANDONED),
        (samples.abandoned("system"), InteractionStatus.MISSED),
        (samples.abandoned("peer"), InteractionStatus.MISSED),
        ({**samples.abandoned(), "selfServed": True}, InteractionStatus.COMPLETED),
        (samples.outbound(), InteractionStatus.COMPLETED),
        (samples.outbound(answered=False), InteractionStatus.MISSED),
        (samples.outbound(answered=False, disconnect="uncallable"), InteractionStatus.FAILED),
        (samples.outbound_in_vain(), InteractionStatus.ABANDONED),
        (samples.outbound_in_vain(waited=False), InteractionStatus.COMPLETED),
        (samples.outbound_in_vain(media="message"), InteractionStatus.ABANDONED),
        (samples.outbound_in_vain(media="message", waited=False), InteractionStatus.COMPLETED),
        (samples.message("sms", deliveryStatus="DeliveryFailed"), InteractionStatus.FAILED),
        (samples.callback(), InteractionStatus.MISSED),
        (samples.callback(call=False), InteractionStatus.MISSED),
        (samples.callback(call=True), InteractionStatus.COMPLETED),
        (samples.email(), InteractionStatus.COMPLETED),
        (samples.message("whatsapp"), InteractionStatus.COMPLETED),
        (samples.message("webmessaging", live=True), InteractionStatus.ACTIVE),
    ],
)
def test_status(sample: Json, status: InteractionStatus) -> None:
    assert row(sample).status is status


def running(*participants: Json, **more: Any) -> Json:
    return samples.conversation("conv-live", None, samples.caller(None), *participants, **more)


@pytest.mark.parametrize(
    ("sample", "status"),
    [
        (running(samples.ivr(0, None)), InteractionStatus.ACTIVE),
        (running(samples.queue(CALLS, 5, None)), InteractionStatus.QUEUED),
        (running(samples.agent(ANNA, CALLS, samples.segment("alert", 5, None))), InteractionStatus.QUEUED),
        (running(samples.agent(ANNA, CALLS, samples.segment("interact", 5, None))), InteractionStatus.ACTIVE),
        (running(samples.agent(ANNA, CALLS, samples.segment("hold", 5, None))), InteractionStatus.ON_HOLD),
        (
            running(samples.participant("acd", samples.session("callback", samples.segment("scheduled", 0, None)))),
            InteractionStatus.SCHEDULED,
        ),
    ],
)
def test_status_of_what_goes_on(sample: Json, status: InteractionStatus) -> None:
    live = row(sample)
    assert live.status is status
    assert (live.ended_at, live.duration_seconds) == (None, None)


def test_messaging_that_nobody_is_in_waits_for_the_customer() -> None:
    sample = samples.message("whatsapp", live=True)
    sample["participants"][-1]["sessions"][0]["segments"][0]["segmentEnd"] = samples.at(900)
    assert row(sample).status is InteractionStatus.PENDING


def test_a_voicemail_and_a_bot() -> None:
    voicemail = samples.participant("voicemail", samples.session("voice", samples.segment("voicemail", 60, 90)))
    left = row(samples.conversation("conv-vm", 90, samples.caller(90), samples.queue(CALLS, 0, 60), voicemail))
    assert (left.status, left.legs[-1].kind) == (InteractionStatus.MISSED, LegKind.VOICEMAIL)
    bot = samples.participant("botflow", samples.session("chat", samples.segment("interact", 0, 90)))
    served = row(samples.conversation("conv-bot", 90, samples.caller(90, mediaType="chat"), bot))
    assert (served.status, served.legs[0].kind) == (InteractionStatus.COMPLETED, LegKind.BOT)
    assert served.details == ConversationDetails(agentless=True)


@pytest.mark.parametrize(
    ("kind", "more", "channel", "address"),
    [
        ("whatsapp", {}, Channel.WHATSAPP, (IdentifierKind.WHATSAPP, "+393331110001")),
        ("sms", {"address": "+39 333 111 0001"}, Channel.SMS, (IdentifierKind.PHONE, "+393331110001")),
        ("webmessaging", {"address": "guest-77"}, Channel.WEB_MESSAGING, None),
        ("line", {"address": "U77"}, Channel.LINE, (IdentifierKind.SOCIAL, "U77")),
        ("twitter", {"address": "77"}, Channel.X, (IdentifierKind.SOCIAL, "77")),
        ("facebook", {"address": "fb-7"}, Channel.FACEBOOK, (IdentifierKind.SOCIAL, "fb-7")),
        ("instagram", {"address": "ig-7"}, Channel.INSTAGRAM, (IdentifierKind.SOCIAL, "ig-7")),
        ("apple", {"address": "urn:7"}, Channel.APPLE_MESSAGES, (IdentifierKind.SOCIAL, "urn:7")),
        ("open", {"engagementSource": "Telegram"}, Channel.TELEGRAM, (IdentifierKind.SOCIAL, "393331110001")),
        ("open", {}, Channel.OTHER, None),
        ("hologram", {}, Channel.OTHER, None),
        (None, {}, Channel.OTHER, None),
    ],
)
def test_messages(kind: str | None, more: Json, channel: Channel, address: tuple[IdentifierKind, str] | None) -> None:
    found = row(samples.message(kind, **more))
    assert found.channel is channel
    assert (found.address and (found.address.identifier_kind, found.address.value)) == address
    assert (found.details is None) == (channel is Channel.OTHER)


def test_an_email_is_a_conversation_with_its_subject() -> None:
    mail = row(samples.email())
    assert (mail.channel, mail.subject) == (Channel.EMAIL, "Disdetta contratto")
    assert mail.details == ConversationDetails(agentless=False)
    assert mail.address == Address(AddressKind.OTHER, IdentifierKind.EMAIL, "anna.bianchi@example.org")


def test_outbound_tells_campaign_callee_and_when_the_customer_answered() -> None:
    call = row(samples.outbound())
    assert call.direction is Direction.OUTBOUND
    assert call.campaign == Campaign("camp-7", "camp-7")
    assert call.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331110001")
    assert isinstance(call.details, CallDetails)
    assert call.details.answered_at == after(12)
    assert [leg.kind for leg in row(samples.outbound(answered=False)).legs] == [LegKind.AGENT]


def test_a_callback_keeps_its_number_though_a_call_belongs_to_it() -> None:
    called = row(samples.callback(call=True))
    assert called.channel is Channel.CALLBACK
    assert called.address == Address(AddressKind.OTHER, IdentifierKind.PHONE, "+393331110001")


def test_a_screen_that_is_shared_does_not_change_the_channel() -> None:
    sample = samples.transferred()
    sample["participants"][0]["sessions"].insert(0, samples.session("cobrowse", samples.segment("sharing", 0, 60)))
    assert row(sample).channel is Channel.VOICE
    sample["participants"][0]["sessions"] = sample["participants"][0]["sessions"][:1]
    assert row(sample).channel is Channel.COBROWSE


def test_an_answered_survey_is_a_row_of_its_own() -> None:
    call, survey = rows(samples.surveyed())
    assert call.external_id == "conv-survey"
    assert survey.external_id == "conv-survey:survey:sv-1"
    assert (survey.channel, survey.status) == (Channel.SURVEY, InteractionStatus.COMPLETED)
    assert survey.details == SurveyDetails("Dopo la chiamata", 9)
    assert (survey.started_at, survey.ended_at) == (call.started_at, after(90_000))
    assert [(leg.queue and leg.queue.id, leg.agent and leg.agent.id) for leg in survey.legs] == [(BILLING, BRUNO)]
    assert survey.division_ids == call.division_ids
    assert survey.links == (Link(LinkKind.PARENT, "conv-survey"),)


def test_a_score_outside_the_scale_is_none() -> None:
    sample = samples.surveyed()
    sample["surveys"][0]["surveyPromoterScore"] = 11
    details = rows(sample)[1].details
    assert isinstance(details, SurveyDetails)
    assert details.nps_score is None


def test_words_that_nobody_knows_and_keys_that_are_missing() -> None:
    strange = {
        "conversationId": "conv-strange",
        "conversationStart": samples.at(0),
        "conversationEnd": samples.at(9),
        "originatingDirection": "sideways",
        "participants": [
            {"purpose": "oracle", "sessions": [{"mediaType": "telepathy", "segments": [samples.segment("om", 0, 9)]}]},
            {"purpose": "customer", "externalContactId": CONTACT, "sessions": None},
            {"purpose": "agent", "userId": ANNA, "sessions": [{"segments": [{"segmentType": "interact"}]}]},
            {"purpose": None},
        ],
        "newThing": {"deep": [1, 2]},
    }
    found = row(strange)
    assert (found.channel, found.direction) == (Channel.OTHER, Direction.UNKNOWN)
    assert [leg.kind for leg in found.legs] == [LegKind.OTHER]
    bare = {"conversationId": "conv-bare", "conversationStart": samples.at(0)}
    assert rows(bare) == [], "whose it is nobody knows"
    assert row({**bare, "participants": [{"externalContactId": CONTACT}]}).status is InteractionStatus.ACTIVE


def test_in_a_conference_of_two_contacts_the_row_is_the_one_that_was_asked_for() -> None:
    sample = samples.transferred()
    other = samples.participant("customer", samples.session("voice", ani="tel:+393331110009"), externalContactId="x")
    sample["participants"].insert(0, other)
    found = row(sample)
    assert found.record_id == CONTACT
    assert found.address and found.address.value == "+393331110001"


def test_a_contact_on_an_agents_participant_does_not_make_the_agent_the_customer() -> None:
    sample = samples.transferred()
    del sample["participants"][0]["externalContactId"]
    sample["participants"][3]["externalContactId"] = CONTACT
    found = row(sample)
    assert (found.record_id, found.address and found.address.value) == (CONTACT, "+393331110001")
    assert LegKind.AGENT in [leg.kind for leg in found.legs]


def test_a_wrap_up_of_an_agent_who_never_talked_belongs_to_no_leg() -> None:
    sample = samples.abandoned()
    sample["participants"].append(samples.agent(ANNA, CALLS, samples.segment("wrapup", 60, 65, wrapUpCode=SOLVED)))
    assert [code.label for code in row(sample).wrap_up_codes] == ["Risolto"]


def test_a_session_adds_subject_activity_and_disposition() -> None:
    session = samples.journey_session(
        "js-1",
        "conv-webmessaging",
        0,
        None,
        conversationSubject="Reso",
        idleDate=samples.at(945),
        awayDate=samples.at(960),
        lastUserDisposition={"code": SOLVED, "notes": "Tutto bene", "user": {"id": ANNA}},
    )
    live = row(samples.message("webmessaging", live=True), session)
    assert (live.subject, live.last_activity_at) == ("Reso", after(900)), "idle 45 s after the last activity"
    assert [(c.label, c.note) for c in live.legs[-1].wrap_up_codes] == [("Risolto", "Tutto bene")]
    assert row(samples.surveyed(), session).legs[-1].wrap_up_codes[0].code == SOLVED
    ended = {**session, "endedDate": samples.at(1000)}
    assert row(samples.message("webmessaging", live=True), ended).ended_at == after(1000)
    visit = {**ended, "type": "web"}
    assert row(samples.message("webmessaging", live=True), visit).ended_at is None, "a visit's end is not the talk's"


@pytest.mark.parametrize(
    ("more", "channel", "status", "kinds"),
    [
        ({"conversationChannels": [{"type": "Voice"}]}, Channel.VOICE, InteractionStatus.ACTIVE, []),
        (
            {"lastConnectedQueue": {"id": CALLS}, "conversationChannels": [{"type": "Callback"}]},
            Channel.CALLBACK,
            InteractionStatus.QUEUED,
            [LegKind.QUEUE],
        ),
        (
            {
                "lastConnectedQueue": {"id": CALLS},
                "lastConnectedUser": {"id": ANNA},
                "conversationChannels": [{"type": "Message", "messageType": "WhatsApp"}],
            },
            Channel.WHATSAPP,
            InteractionStatus.ACTIVE,
            [LegKind.AGENT],
        ),
        ({"endedDate": samples.at(60), "lastAcdOutcome": "Abandon"}, Channel.OTHER, InteractionStatus.ABANDONED, []),
        ({"endedDate": samples.at(60), "lastAcdOutcome": "Answered"}, Channel.OTHER, InteractionStatus.COMPLETED, []),
        ({"endedDate": samples.at(60), "lastAcdOutcome": "New"}, Channel.OTHER, InteractionStatus.UNKNOWN, []),
    ],
)
def test_a_session_alone(more: Json, channel: Channel, status: InteractionStatus, kinds: list[LegKind]) -> None:
    session = samples.journey_session("js-2", "conv-new", 0, None, **more)
    found = session_row(msgspec.convert(session, JourneySession), SETTING)
    assert found is not None
    assert (found.external_id, found.record_id) == ("conv-new", CONTACT)
    assert (found.channel, found.status, [leg.kind for leg in found.legs]) == (channel, status, kinds)


def test_what_must_be_named() -> None:
    told = msgspec.convert(samples.surveyed(), Conversation)
    wanted = mentioned([told], [])
    assert wanted.queues == {CALLS, BILLING}
    assert wanted.users == {ANNA, BRUNO}
    assert wanted.wrap_up_codes == {"w-moved", SOLVED}
