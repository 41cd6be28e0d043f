"""What Genesys Cloud answers, field by field, written by hand from its API description (Platform API v2).

How a shape reads: see `tests.sandbox.shapes`. Fields that the vendor leaves out when they have no value
are marked with `?`, since it sends no nulls.
"""

from __future__ import annotations

import re

ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")
SELF_URI = re.compile(r"/api/v2/.*")
E164 = re.compile(r"\+\d{5,15}")

TOKEN = {"access_token": str, "token_type": {"bearer"}, "expires_in": int}

_REF = {"id": ID, "selfUri": SELF_URI}
_DIVISION_REF = {"id": ID, "name?": str, "selfUri": SELF_URI}
_PHONE = {"display": str, "acceptsSMS?": bool, "userInput?": str, "e164": E164, "countryCode": re.compile(r"[A-Z]{2}")}

IDENTIFIER_TYPES = {
    "SocialLine", "SocialFacebook", "SocialTwitter", "SocialWhatsapp", "SocialInstagram", "SocialWhatsappBsuid",
    "AppleOpaqueId", "Email", "Phone", "Cookie", "ExternalId",
}  # fmt: skip
_EXTERNAL_SOURCE = {"id": ID, "name?": str, "active?": bool, "selfUri": SELF_URI}
_IDENTIFIER = {
    "type": IDENTIFIER_TYPES,
    "value": str,
    "dateCreated": INSTANT,
    "division?": _DIVISION_REF,
    "externalSource?": _EXTERNAL_SOURCE,
}
CONTACT = {
    "id": ID,
    "division": _DIVISION_REF,
    "firstName": str,
    "lastName": str,
    "workPhone?": _PHONE,
    "cellPhone?": _PHONE,
    "homePhone?": _PHONE,
    "otherPhone?": _PHONE,
    "workEmail?": str,
    "personalEmail?": str,
    "otherEmail?": str,
    "whatsAppId?": {"phoneNumber": _PHONE, "displayName": str},
    "externalIds?": [{"externalSource": _EXTERNAL_SOURCE, "value": str}],
    "identifiers?": [_IDENTIFIER],
    "modifyDate": INSTANT,
    "createDate": INSTANT,
    "surveyOptOut": bool,
    "type": {"Ephemeral", "Identified", "Curated"},
    "selfUri": SELF_URI,
}
IDENTIFIERS = {"entities": [_IDENTIFIER]}
REVERSE_LOOKUP = {"contacts": [CONTACT]}


def listing(entity: object) -> dict[str, object]:
    return {
        "entities": [entity],
        "pageSize": int,
        "pageNumber": int,
        "total": int,
        "pageCount": int,
        "firstUri": SELF_URI,
        "lastUri": SELF_URI,
        "selfUri": SELF_URI,
        "nextUri?": SELF_URI,
        "previousUri?": SELF_URI,
    }


CONTACTS = listing(CONTACT)

SESSION = {
    "id": ID,
    "externalContact": _REF,
    "customerId": str,
    "customerIdType": str,
    "type": str,
    "shortId": re.compile(r"\d{4,6}"),
    "durationInSeconds?": int,
    "eventCount": int,
    "pageviewCount": int,
    "screenviewCount": int,
    "lastEvent": {"id": ID, "eventName": str, "createdDate": INSTANT},
    "conversation": _REF,
    "lastConnectedQueue?": _REF,
    "lastConnectedUser?": _REF,
    "lastUserDisposition?": {"code": str, "notes?": str, "user": _REF},
    "conversationChannels": [
        {
            "type": {
                "Unknown", "Call", "Callback", "Email", "GenericObject", "Messaging", "Social", "Webchat", "Voice",
                "Chat", "Cobrowse", "Video", "Screenshare", "Message",
            },
            "messageType?": {
                "Unknown", "Sms", "Twitter", "Facebook", "Line", "WhatsApp", "WebMessaging", "Open", "Instagram",
                "Apple",
            },
            "platform?": str,
        }
    ],
    "originatingDirection": {"Unknown", "Inbound", "Outbound"},
    "conversationSubject?": str,
    "lastUserDisconnectType?": {
        "Unknown", "Endpoint", "Client", "System", "Transfer", "Error", "Peer", "Other", "Spam", "Timeout",
        "TransportFailure", "ConferenceTransfer", "ConsultTransfer", "ForwardTransfer", "NoAnswerTransfer",
        "NotAvailableTransfer", "Uncallable", "DoNotDisturbEndpoint", "DoNotDisturbTransfer", "SessionExpired",
        "Takeover",
    },
    "lastAcdOutcome": {"Unknown", "Abandon", "Answered", "FlowOut"},
    "authenticated": bool,
    "divisionIds": [ID],
    "selfUri": SELF_URI,
    "createdDate": INSTANT,
    "endedDate?": INSTANT,
    "awayDate?": INSTANT,
    "idleDate?": INSTANT,
}  # fmt: skip
SESSIONS = {"entities": [SESSION], "nextUri?": SELF_URI, "selfUri": SELF_URI, "previousUri?": SELF_URI}
EVENTS = {"entities": [dict], "nextUri?": SELF_URI, "selfUri": SELF_URI, "previousUri?": SELF_URI}

PURPOSES = {
    "acd", "agent", "api", "botflow", "campaign", "customer", "dialer", "external", "fax", "group", "inbound", "ivr",
    "manual", "outbound", "station", "user", "voicemail", "voicesurveyflow", "workflow",
}  # fmt: skip
MEDIA_TYPES = {
    "callback", "chat", "cobrowse", "email", "internalmessage", "message", "screenmonitoring", "screenshare",
    "unknown", "video", "voice",
}  # fmt: skip
SEGMENT_TYPES = {
    "alert", "barging", "callback", "coaching", "contacting", "converting", "delay", "dialing", "hold", "interact",
    "ivr", "monitoring", "parked", "scheduled", "screenmonitoring", "sharing", "system", "transmitting", "unknown",
    "uploading", "voicemail", "wrapup",
}  # fmt: skip
DISCONNECT_TYPES = {
    "client", "conferenceTransfer", "consultTransfer", "dndEndpoint", "dndTransfer", "endpoint", "error",
    "forwardTransfer", "inactivity", "noAnswerTransfer", "notAvailableTransfer", "other", "peer", "sessionExpired",
    "spam", "system", "takeover", "timeout", "transfer", "transportFailure", "uncallable",
}  # fmt: skip

SEGMENT = {
    "segmentStart": INSTANT,
    "segmentEnd?": INSTANT,
    "segmentType": SEGMENT_TYPES,
    "conference": bool,
    "disconnectType?": DISCONNECT_TYPES,
    "queueId?": ID,
    "subject?": str,
    "wrapUpCode?": ID,
    "wrapUpNote?": str,
    "wrapUpTags?": [str],
}
ANALYTICS_SESSION = {
    "sessionId": ID,
    "mediaType": MEDIA_TYPES,
    "messageType?": str,
    "direction": {"inbound", "outbound"},
    "ani?": re.compile(r"tel:\+\d{5,15}|sip:.+"),
    "dnis?": re.compile(r"tel:\+\d{5,15}|sip:.+"),
    "sessionDnis?": re.compile(r"tel:\+\d{5,15}|sip:.+"),
    "remote?": str,
    "remoteNameDisplayable?": str,
    "addressFrom?": str,
    "addressTo?": str,
    "addressOther?": str,
    "addressSelf?": str,
    "callbackNumbers?": [E164],
    "callbackUserName?": str,
    "callbackScheduledTime?": INSTANT,
    "outboundCampaignId?": ID,
    "outboundContactId?": ID,
    "outboundContactListId?": ID,
    "dispositionName?": str,
    "mediaCount?": int,
    "peerId?": ID,
    "provider": str,
    "recording?": bool,
    "requestedRoutings?": [
        {"Bullseye", "Conditional", "Direct", "Last", "Manual", "Predictive", "Preferred", "Standard", "Vip"}
    ],
    "usedRouting?": {
        "Bullseye", "Conditional", "Direct", "Last", "Manual", "Predictive", "Preferred", "Standard", "Vip"
    },
    "selectedAgentId?": ID,
    "metrics?": [{"emitDate": INSTANT, "name": str, "value": int}],
    "segments": [SEGMENT],
}  # fmt: skip
PARTICIPANT = {
    "participantId": ID,
    "purpose": PURPOSES,
    "participantName?": str,
    "externalContactId?": ID,
    "userId?": ID,
    "teamId?": ID,
    "sessions": [ANALYTICS_SESSION],
}
SURVEY = {
    "surveyId": ID,
    "surveyFormId": ID,
    "surveyFormContextId": ID,
    "surveyFormName": str,
    "surveyStatus": str,
    "surveyType?": {"Web", "Voice"},
    "surveyCompletedDate?": INSTANT,
    "surveyPromoterScore?": int,
    "oSurveyTotalScore?": int,
    "queueId?": ID,
    "userId?": ID,
    "eventTime": INSTANT,
}
DETAILS = {
    "conversationId": ID,
    "conversationStart": INSTANT,
    "conversationEnd?": INSTANT,
    "conversationInitiator": PURPOSES,
    "customerParticipation?": bool,
    "divisionIds": [ID],
    "originatingDirection": {"inbound", "outbound"},
    "selfServed?": bool,
    "mediaStatsMinConversationMos?": float,
    "surveys?": [SURVEY],
    "participants": [PARTICIPANT],
}
QUERY_ANSWER = {"conversations?": [DETAILS], "totalHits": int}
DETAILS_LIST = {"conversations?": [DETAILS]}

_CALL_STATES = {
    "alerting", "dialing", "contacting", "offering", "connected", "disconnected", "terminated", "converting",
    "uploading", "transmitting", "none",
}  # fmt: skip
_MESSAGE_STATES = {"alerting", "connected", "parked", "disconnected"}
_EMAIL_STATES = {"alerting", "connected", "disconnected", "none", "parked", "transmitting"}
_CALLBACK_STATES = {
    "alerting", "dialing", "contacting", "offering", "connected", "disconnected", "terminated", "scheduled", "none",
}  # fmt: skip
_MESSAGE_KINDS = {
    "apple", "facebook", "instagram", "kakao", "line", "open", "sms", "telegram", "twitter", "webmessaging",
    "whatsapp", "unknown",
}  # fmt: skip
_COMMUNICATION = {
    "id": ID,
    "initialState?": str,
    "direction": {"inbound", "outbound"},
    "held": bool,
    "connectedTime?": INSTANT,
    "disconnectedTime?": INSTANT,
    "disconnectType?": str,
    "provider": str,
    "peerId?": ID,
}
CONVERSATION = {
    "id": ID,
    "startTime": INSTANT,
    "endTime?": INSTANT,
    "address?": str,
    "divisions": [{"division": _REF, "entities": [dict]}],
    "participants": [
        {
            "id": ID,
            "purpose": str,
            "startTime": INSTANT,
            "endTime?": INSTANT,
            "connectedTime?": INSTANT,
            "name?": str,
            "userId?": ID,
            "userUri?": SELF_URI,
            "externalContactId?": ID,
            "queueId?": ID,
            "queueName?": str,
            "address?": str,
            "ani?": str,
            "dnis?": str,
            "wrapup?": {
                "code": ID,
                "name?": str,
                "notes?": str,
                "tags?": [str],
                "durationSeconds?": int,
                "endTime?": INSTANT,
            },
            "attributes": dict,
            "calls": [_COMMUNICATION | {"state": _CALL_STATES, "recording": bool, "muted": bool}],
            "messages": [_COMMUNICATION | {"state": _MESSAGE_STATES, "type": _MESSAGE_KINDS}],
            "emails": [_COMMUNICATION | {"state": _EMAIL_STATES, "subject?": str, "messagesSent?": int}],
            "callbacks": [
                _COMMUNICATION | {"state": _CALLBACK_STATES, "callbackNumbers?": [E164], "callbackUserName?": str}
            ],
        }
    ],
    "selfUri": SELF_URI,
}

QUEUE = {
    "id": ID,
    "name": str,
    "division": _DIVISION_REF,
    "dateCreated": INSTANT,
    "dateModified": INSTANT,
    "memberCount": int,
    "userMemberCount": int,
    "joinedMemberCount": int,
    "selfUri": SELF_URI,
}
QUEUES = listing(QUEUE)
WRAP_UP_CODE = {
    "id": ID,
    "name": str,
    "division": {"id": (ID, {"*"}), "name?": str, "selfUri?": SELF_URI},
    "dateCreated": INSTANT,
    "createdBy": ID,
    "selfUri": SELF_URI,
}
WRAP_UP_CODES = listing(WRAP_UP_CODE)
# Users are not in the kept part of the description; these are the fields that the vendor's SDK lists for them.
USER = {
    "id": ID,
    "name": str,
    "division": _DIVISION_REF,
    "email": str,
    "primaryContactInfo?": [dict],
    "state": {"active", "inactive", "deleted"},
    "username": str,
    "version": int,
    "acdAutoAnswer": bool,
    "selfUri": SELF_URI,
}
USERS = listing(USER)
DIVISION = {"id": ID, "name": str, "description": str, "homeDivision": bool, "selfUri": SELF_URI}
DIVISIONS = listing(DIVISION)
PERMITTED_DIVISIONS = DIVISIONS | {"allDivsPermitted": bool}

ERROR = {
    "message": str,
    "code": re.compile(r"[a-z]+(\.[a-z]+)+"),
    "status": int,
    "messageWithParams?": str,
    "messageParams": dict,
    "contextId": str,
    "details": [dict],
    "errors": [dict],
}
TOKEN_ERROR = {"error": str, "description": str, "error_description": str}
