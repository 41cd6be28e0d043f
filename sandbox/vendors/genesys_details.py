"""One contact as the analytics of Genesys Cloud tell it: participants, their sessions, and the segments of those."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sandbox.company import stable_uuid
from sandbox.contacts import Contact, Stretch
from sandbox.vendor import iso_millis
from sandbox.vendors.genesys_ids import (
    COMPANY_EMAIL,
    COMPANY_PHONE,
    DEPLOYMENT_ID,
    SURVEY_FORM_ID,
    agent_id,
    campaign_id,
    conversation_id,
    division_id,
    guest_id,
    part_id,
    person_id,
    queue_id,
    wrap_up_id,
)

Row = dict[str, Any]

MEDIA = {"voice": "voice", "callback": "callback", "email": "email", "web_messaging": "message"}
PROVIDERS = {"voice": "Edge", "callback": "Edge", "email": "PureCloud Email", "web_messaging": "PureCloud Webmessaging"}
LONGEST_ALERT = timedelta(seconds=6)
HOLD_FROM = timedelta(minutes=2)
"""Calls that talk longer may be put on hold once."""


def details_row(contact: Contact, now: datetime) -> Row:
    """Fields without a value are left out, as the vendor does. `now` ends the work after it at the latest."""
    row: Row = {
        "conversationId": conversation_id(contact),
        "conversationStart": iso_millis(contact.started_at),
        "conversationInitiator": initiator(contact),
        "divisionIds": division_ids(contact),
        "originatingDirection": contact.direction,
        "participants": [
            _customer(contact),
            *(_handler(contact, place, stretch, now) for place, stretch in enumerate(contact.stretches)),
        ],
    }
    if contact.ended_at is not None:
        row["conversationEnd"] = iso_millis(contact.ended_at)
    if contact.channel == "voice":
        row["mediaStatsMinConversationMos"] = round(4.2 + contact.number % 7 / 10, 1)
    if contact.channel == "web_messaging":
        row["customerParticipation"] = any(turn.party == "customer" for turn in contact.texts)
    if contact.nps_score is not None:
        row["surveys"] = [_survey(contact)]
    return row


def division_ids(contact: Contact) -> list[str]:
    divisions = [contact.queue.division, *(stretch.division for stretch in contact.stretches)]
    return list(dict.fromkeys(division_id(division) for division in divisions))


def initiator(contact: Contact) -> str:
    if contact.direction == "inbound":
        return "customer"
    return "dialer" if contact.campaign else "agent"


def customer_purpose(contact: Contact) -> str:
    """Whom an agent called without a campaign is `external`; everybody else is `customer`."""
    return "external" if initiator(contact) == "agent" and contact.channel == "voice" else "customer"


def hung_up(contact: Contact) -> bool:
    """Whether the customer ended it: always when nobody answered, else every other time."""
    return contact.status == "abandoned" or contact.number % 2 == 0


def _session(contact: Contact, place: object, *segments: Row) -> Row:
    """`place` tells the participants' sessions apart."""
    row: Row = {
        "sessionId": part_id(contact, "session", place),
        "mediaType": MEDIA[contact.channel],
        "direction": contact.direction,
        "provider": PROVIDERS[contact.channel],
        **addresses(contact),
        "segments": list(segments),
    }
    if contact.channel == "web_messaging":
        row["messageType"] = "webmessaging"
        row["mediaCount"] = 0
    if contact.channel == "voice":
        row["recording"] = contact.agent is not None
    if contact.campaign is not None:
        row["outboundCampaignId"] = campaign_id(contact.campaign)
        row["outboundContactListId"] = stable_uuid("genesys", "contact-list", contact.campaign.number)
        row["outboundContactId"] = part_id(contact, "outbound-contact")
    return row


def addresses(contact: Contact) -> Row:
    inbound = contact.direction == "inbound"
    if contact.channel == "web_messaging":
        pair = (guest_id(contact.person), DEPLOYMENT_ID)
        return dict(zip(("addressFrom", "addressTo"), pair if inbound else pair[::-1], strict=True))
    if contact.channel == "email":
        mails = (contact.address, COMPANY_EMAIL) if inbound else (COMPANY_EMAIL, contact.address)
        return dict(zip(("addressFrom", "addressTo"), mails, strict=True))
    if contact.channel == "callback":
        return {"callbackNumbers": [contact.address], "callbackUserName": contact.person.name}
    numbers = (f"tel:{contact.address}", f"tel:{COMPANY_PHONE}")
    return dict(zip(("ani", "dnis"), numbers if inbound else numbers[::-1], strict=True))


def _customer(contact: Contact) -> Row:
    end = contact.ended_at
    ending = None if end is None else "endpoint" if hung_up(contact) else "peer"
    answered = next((stretch.start for stretch in contact.stretches if stretch.agent), None)
    segments: list[Row]
    if contact.direction == "outbound" and contact.channel in ("voice", "callback"):
        if answered is None:
            segments = [segment("dialing", contact.started_at, end, disconnect="timeout" if end else None)]
        else:
            segments = [
                segment("dialing", contact.started_at, answered),
                segment("interact", answered, end, disconnect=ending),
            ]
    else:
        segments = [segment("interact", contact.started_at, end, disconnect=ending, subject=_subject(contact))]
    session = _session(contact, "customer", *segments)
    if contact.channel == "email":
        session |= {"addressOther": COMPANY_EMAIL, "addressSelf": contact.address}
    if contact.campaign is not None:
        reached = "person" if answered else "noanswer"
        session["dispositionName"] = f"disposition.classification.callable.{reached}"
    if contact.channel == "voice":
        session["sessionDnis"] = session["dnis"]
    return {
        "participantId": part_id(contact, "participant", "customer"),
        "participantName": contact.person.name,
        "purpose": customer_purpose(contact),
        "externalContactId": person_id(contact.person),
        "sessions": [session],
    }


def _handler(contact: Contact, place: int, stretch: Stretch, now: datetime) -> Row:
    """A queue or an agent: every hand-over adds a participant of each."""
    following = contact.stretches[place + 1] if place + 1 < len(contact.stretches) else None
    if stretch.agent:
        return {
            "participantId": part_id(contact, "participant", place),
            "participantName": stretch.agent.name,
            "purpose": "agent",
            "userId": agent_id(stretch.agent),
            "sessions": [_agent_session(contact, place, stretch, following, now)],
        }
    leaves = None if stretch.end is None else "transfer" if following else "peer" if hung_up(contact) else "system"
    waited = segment("interact", stretch.start, stretch.end, disconnect=leaves, queue=stretch)
    session = _session(contact, place, waited)
    if stretch.end is not None:
        name = "tAnswered" if following else "tAbandon"
        session["metrics"] = [
            metric("nOffered", 1, stretch.start),
            metric("tWait", milliseconds(stretch.start, stretch.end), stretch.end),
            metric(name, milliseconds(stretch.start, stretch.end), stretch.end),
        ]
    return {
        "participantId": part_id(contact, "participant", place),
        "participantName": stretch.queue.name,
        "purpose": "acd",
        "sessions": [session],
    }


def _agent_session(contact: Contact, place: int, stretch: Stretch, following: Stretch | None, now: datetime) -> Row:
    before = contact.stretches[place - 1].start if place else stretch.start
    alerted = max(before, stretch.start - LONGEST_ALERT)
    leaves = None if stretch.end is None else "transfer" if following else "peer" if hung_up(contact) else "client"
    alert = segment("alert", alerted, stretch.start, queue=stretch)
    talks = _talks(contact, stretch, leaves)
    session = _session(contact, place, alert, *talks)
    session |= {"requestedRoutings": ["Standard"], "usedRouting": "Standard", "remote": contact.person.name}
    if contact.channel == "email":
        session |= {"addressOther": contact.address, "addressSelf": COMPANY_EMAIL}
    if stretch.end is None:
        return session
    metrics = [
        metric("tAlert", milliseconds(alerted, stretch.start), stretch.start),
        metric("tTalkComplete", _spent(talks, "interact"), stretch.end),
        *([metric("tHeldComplete", _spent(talks, "hold"), stretch.end)] if len(talks) > 1 else ()),
        *([metric("nTransferred", 1, stretch.end)] if following else ()),
    ]
    if contact.wrap_up is not None and following is None:
        worked_until = min(stretch.end + timedelta(seconds=10 + contact.number % 50), max(now, stretch.end))
        session["segments"].append(_wrap_up(contact, stretch, worked_until))
        metrics.append(metric("tAcw", milliseconds(stretch.end, worked_until), worked_until))
    return session | {"metrics": metrics}


def _talks(contact: Contact, stretch: Stretch, leaves: str | None) -> list[Row]:
    """One segment, or three when a long call was put on hold."""
    subject = _subject(contact)
    long = stretch.end is not None and stretch.end - stretch.start > HOLD_FROM
    if stretch.end is None or contact.channel != "voice" or not long or contact.number % 3:
        return [segment("interact", stretch.start, stretch.end, disconnect=leaves, queue=stretch, subject=subject)]
    length = stretch.end - stretch.start
    held, resumed = stretch.start + length / 2, stretch.start + length * 3 / 5
    return [
        segment("interact", stretch.start, held, queue=stretch),
        segment("hold", held, resumed, queue=stretch),
        segment("interact", resumed, stretch.end, disconnect=leaves, queue=stretch),
    ]


def _wrap_up(contact: Contact, stretch: Stretch, worked_until: datetime) -> Row:
    assert stretch.end is not None
    assert contact.wrap_up is not None
    row = segment("wrapup", stretch.end, worked_until, queue=stretch)
    row["wrapUpCode"] = wrap_up_id(contact.wrap_up)
    if contact.wrap_up_note:
        row["wrapUpNote"] = contact.wrap_up_note
    if contact.tags:
        row["wrapUpTags"] = list(contact.tags)
    return row


def _subject(contact: Contact) -> str | None:
    return contact.subject if contact.channel == "email" else None


def _survey(contact: Contact) -> Row:
    done_at = contact.last_activity_at
    row: Row = {
        "surveyId": part_id(contact, "survey"),
        "surveyFormId": SURVEY_FORM_ID,
        "surveyFormContextId": SURVEY_FORM_ID,
        "surveyFormName": "Recommendation",
        "surveyStatus": "Finished",
        "surveyType": "Voice" if contact.channel == "voice" else "Web",
        "surveyCompletedDate": iso_millis(done_at),
        "surveyPromoterScore": contact.nps_score,
        "oSurveyTotalScore": 100,
        "eventTime": iso_millis(done_at),
        "queueId": queue_id(contact.last_queue),
    }
    return row | ({"userId": agent_id(contact.agent)} if contact.agent else {})


def segment(
    kind: str,
    start: datetime,
    end: datetime | None,
    *,
    disconnect: str | None = None,
    queue: Stretch | None = None,
    subject: str | None = None,
) -> Row:
    row: Row = {"segmentType": kind, "segmentStart": iso_millis(start), "conference": False}
    optional = {
        "segmentEnd": iso_millis(end),
        "disconnectType": disconnect,
        "queueId": queue_id(queue.queue) if queue else None,
        "subject": subject,
    }
    return row | {name: value for name, value in optional.items() if value is not None}


def metric(name: str, value: int, at: datetime) -> Row:
    return {"emitDate": iso_millis(at), "name": name, "value": value}


def milliseconds(start: datetime, end: datetime) -> int:
    return (end - start) // timedelta(milliseconds=1)


def _spent(segments: list[Row], kind: str) -> int:
    return sum(
        milliseconds(datetime.fromisoformat(s["segmentStart"]), datetime.fromisoformat(s["segmentEnd"]))
        for s in segments
        if s["segmentType"] == kind
    )
