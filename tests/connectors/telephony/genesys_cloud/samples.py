"""Conversations as Genesys Cloud's Analytics tells them, written by hand after its description; people are invented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Window
from connectors.interaction import Record

Json = dict[str, Any]

CONTACT = "c0000000-0000-4000-8000-000000000001"
CALLS = "q-calls"
BILLING = "q-billing"
ANNA = "u-anna"
BRUNO = "u-bruno"
SOLVED = "w-solved"
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
RECORD = Record(source="genesys_cloud", id=CONTACT, identifiers=())
ALWAYS = Window()


def at(seconds: float, start: datetime = START) -> str:
    return (start + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def segment(type_: str, start: float, end: float | None, **more: Any) -> Json:
    told = {"segmentType": type_, "segmentStart": at(start), "segmentEnd": None if end is None else at(end), **more}
    return {key: value for key, value in told.items() if value is not None}


def participant(purpose: str, *sessions: Json, **more: Any) -> Json:
    return {"participantId": f"p-{purpose}", "purpose": purpose, "sessions": list(sessions), **more}


def session(media: str, *segments: Json, **more: Any) -> Json:
    return {"sessionId": "s", "mediaType": media, "segments": list(segments), **more}


def conversation(id_: str, end: float | None, *participants: Json, **more: Any) -> Json:
    told = {
        "conversationId": id_,
        "conversationStart": at(0),
        "conversationEnd": None if end is None else at(end),
        "originatingDirection": "inbound",
        "divisionIds": ["d-rome"],
        "participants": list(participants),
        **more,
    }
    return {key: value for key, value in told.items() if value is not None}


def caller(end: float | None, disconnect: str | None = "endpoint", **more: Any) -> Json:
    talk = segment("interact", 0, end, disconnectType=disconnect if end is not None else None)
    told = {"direction": "inbound", "ani": "tel:+393331110001", "dnis": "tel:+390611110000", **more}
    return participant("customer", session("voice", talk, **told), externalContactId=CONTACT)


def ivr(start: float, end: float | None) -> Json:
    return participant("ivr", session("voice", segment("ivr", start, end, disconnectType="transfer")))


def queue(queue_id: str, start: float, end: float | None, media: str = "voice", **more: Any) -> Json:
    return participant("acd", session(media, segment("interact", start, end, queueId=queue_id, **more)))


def agent(user_id: str, queue_id: str, *segments: Json, media: str = "voice") -> Json:
    return participant("agent", session(media, *({"queueId": queue_id, **s} for s in segments)), userId=user_id)


def transferred() -> Json:
    """IVR, a queue, Anna (who holds once), a second queue of another division, Bruno; both wrap up."""
    return conversation(
        "conv-transfer",
        500,
        caller(500),
        ivr(0, 20),
        queue(CALLS, 20, 50),
        agent(
            ANNA,
            CALLS,
            segment("alert", 45, 50),
            segment("interact", 50, 110),
            segment("hold", 110, 140),
            segment("interact", 140, 200, disconnectType="transfer"),
            segment("wrapup", 200, 215, wrapUpCode="w-moved", wrapUpNote="Fattura"),
        ),
        queue(BILLING, 200, 230),
        agent(
            BRUNO,
            BILLING,
            segment("alert", 225, 230),
            segment("interact", 230, 500, disconnectType="peer"),
            segment("wrapup", 500, 520, wrapUpCode=SOLVED, wrapUpTags=["refund"]),
        ),
        divisionIds=["d-rome", "d-milan"],
    )


def consulted(*, handed_over: bool = False, conference: bool = False) -> Json:
    """Anna asks Bruno while the customer waits; he leaves again, or she leaves them alone."""
    anna_end, bruno_end = (200, 300) if handed_over else (300, 190)
    return conversation(
        "conv-consult",
        300,
        caller(300),
        queue(CALLS, 0, 10),
        agent(
            ANNA,
            CALLS,
            segment("interact", 10, 100),
            segment("hold", 100, 190),
            segment("interact", 190, anna_end, disconnectType="consultTransfer" if handed_over else "peer"),
        ),
        agent(BRUNO, CALLS, segment("interact", 110, bruno_end, conference=conference)),
    )


def abandoned(disconnect: str = "endpoint") -> Json:
    return conversation("conv-abandoned", 65, caller(65, disconnect), ivr(0, 5), queue(CALLS, 5, 65))


def outbound(*, answered: bool = True, disconnect: str = "endpoint") -> Json:
    called = [segment("dialing", 0, 12, disconnectType=None if answered else disconnect)]
    if answered:
        called.append(segment("interact", 12, 90, disconnectType="endpoint"))
    told = {"direction": "outbound", "ani": "tel:+390611110000", "dnis": "tel:+393331110001"}
    dialled = [segment("dialing", 0, 12), *([segment("interact", 12, 90)] if answered else [])]
    campaign = {"outboundCampaignId": "camp-7"}
    return conversation(
        "conv-outbound",
        90 if answered else 12,
        participant("customer", session("voice", *called, **told, **campaign), externalContactId=CONTACT),
        agent(ANNA, CALLS, *dialled),
        originatingDirection="outbound",
    )


def callback(*, call: bool | None = None) -> Json:
    """`call`: whether the customer took the call that the agent made; None: none was made."""
    sessions = [session("callback", segment("interact", 0, 600), callbackNumbers=["+393331110001"])]
    talked = []
    if call is not None:
        spoken = segment("interact", 520, 600) if call else segment("dialing", 520, 540)
        sessions.append(session("voice", segment("dialing", 500, 520), spoken, direction="outbound"))
        talked = [segment("interact", 480, 600)]
    agents = [agent(ANNA, CALLS, *talked, media="callback")] if talked else []
    return conversation(
        "conv-callback",
        600,
        participant("customer", *sessions, externalContactId=CONTACT),
        queue(CALLS, 0, 480, media="callback"),
        *agents,
    )


def outbound_in_vain(*, media: str = "voice", waited: bool = True) -> Json:
    """The customer took a campaign's call, or answered a notice, and no agent came."""
    talk = segment("interact", 5, 40, disconnectType="endpoint")
    customer = participant("customer", session(media, talk, direction="outbound"), externalContactId=CONTACT)
    waiting = [queue(CALLS, 5, 40, media=media)] if waited else []
    return conversation("conv-in-vain", 40, customer, *waiting, originatingDirection="outbound")


def message(kind: str | None, *, live: bool = False, address: str = "393331110001", **more: Any) -> Json:
    end = None if live else 1800
    told = {"messageType": kind, "direction": "inbound", "addressFrom": address, "addressTo": "page-1", **more}
    customer = session("message", segment("interact", 0, end), **{k: v for k, v in told.items() if v is not None})
    return conversation(
        f"conv-{kind}",
        end,
        participant("customer", customer, externalContactId=CONTACT),
        participant("botflow", session("message", segment("interact", 0, 30))),
        queue(CALLS, 30, 60, media="message"),
        agent(ANNA, CALLS, segment("interact", 60, end), media="message"),
    )


def email() -> Json:
    told = {"direction": "inbound", "addressFrom": "Anna.Bianchi@Example.org", "addressTo": "help@example.com"}
    talk = segment("interact", 0, 7200, subject="Disdetta contratto")
    return conversation(
        "conv-email",
        7200,
        participant("customer", session("email", talk, **told), externalContactId=CONTACT),
        queue(CALLS, 0, 3600, media="email"),
        agent(ANNA, CALLS, segment("interact", 3600, 7200), media="email"),
    )


def surveyed() -> Json:
    survey = {
        "surveyId": "sv-1",
        "surveyFormId": "form-1",
        "surveyFormName": "Dopo la chiamata",
        "surveyStatus": "Finished",
        "surveyCompletedDate": at(90_000),
        "surveyPromoterScore": 9,
        "queueId": BILLING,
        "userId": BRUNO,
    }
    unanswered = {"surveyId": "sv-2", "surveyStatus": "Sent", "eventTime": at(600)}
    return {**transferred(), "conversationId": "conv-survey", "surveys": [survey, unanswered]}


def journey_session(id_: str, conversation_id: str | None, created: float, ended: float | None, **more: Any) -> Json:
    told: Json = {
        "id": id_,
        "type": "conversation",
        "externalContact": {"id": CONTACT},
        "conversation": {"id": conversation_id} if conversation_id else None,
        "createdDate": at(created),
        "endedDate": None if ended is None else at(ended),
        "eventCount": 1,
        "authenticated": False,
        "lastEvent": {"id": "e", "eventName": "x", "createdDate": at(created)},
        **more,
    }
    return {key: value for key, value in told.items() if value is not None}


def contact(id_: str = CONTACT, **more: Any) -> Json:
    return {
        "id": id_,
        "firstName": "Anna",
        "lastName": "Bianchi",
        "division": {"id": "d-rome", "name": "Roma"},
        "cellPhone": {"display": "+39 333 111 0001", "e164": "+393331110001"},
        "personalEmail": "Anna.Bianchi@example.org",
        "type": "Curated",
        "createDate": "2025-01-10T08:00:00.000Z",
        **more,
    }


def stub(id_: str, start: datetime, contact: str = CONTACT) -> Json:
    """The least that is a conversation."""
    return {
        "conversationId": id_,
        "conversationStart": at(0, start),
        "conversationEnd": at(60, start),
        "originatingDirection": "inbound",
        "participants": [{"purpose": "customer", "externalContactId": contact, "sessions": []}],
    }
