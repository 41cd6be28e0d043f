"""The enums of the API, each value described. The values themselves live with the code that decides them."""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeVar

import strawberry

from connectors import interaction as i
from gateway.deployment import Module
from gateway.journey.episodes import Resolution
from gateway.journey.figures import FigureState, NpsCategory
from gateway.journey.filter import Period
from gateway.journey.liveness import Liveness
from gateway.sources.report import SourceHealth, SourceState
from gateway.viewer.viewer import ViewerKind

E = TypeVar("E", bound=type[Enum])


class MatchState(Enum):
    MATCHED = "MATCHED"
    NOT_FOUND = "NOT_FOUND"
    AMBIGUOUS = "AMBIGUOUS"


class EvidenceKind(Enum):
    SOURCE = "SOURCE"
    OPERATOR = "OPERATOR"


def describe(enum: E, description: str, **values: str) -> E:
    """`enum` as a GraphQL enum; every value must be described, and nothing else."""
    names = {member.name for member in enum}
    if names != set(values):
        raise ValueError(f"{enum.__name__}: describe {sorted(names ^ set(values))}")
    described: Any = strawberry.enum(enum, description=description)
    for value in described.__strawberry_definition__.values:
        value.description = values[value.name]
    return enum


describe(
    i.Channel,
    "How customer and company were in touch. Licence, work profile and icon follow it. A campaign's call is VOICE with "
    "a `campaign`; CAMPAIGN is a campaign contact whose channel is not known.",
    VOICE="A telephone call.",
    CALLBACK="A call back that the customer asked for or the company promised.",
    VIDEO="A video call.",
    EMAIL="An e-mail thread that is not a ticket.",
    TICKET="A ticket or case.",
    CHAT="A web chat that ends when its window is closed.",
    WEB_MESSAGING="A web conversation that goes on between visits.",
    COBROWSE="A shared browsing session.",
    WEB="A visit to the web site.",
    WHATSAPP="WhatsApp messages.",
    SMS="Text messages.",
    LINE="LINE messages.",
    X="Messages on X, once Twitter.",
    FACEBOOK="Facebook messages.",
    INSTAGRAM="Instagram messages.",
    TELEGRAM="Telegram messages.",
    APPLE_MESSAGES="Apple Messages for Business.",
    SURVEY="An answered, or begun, survey.",
    CAMPAIGN="A campaign contact whose channel is not known.",
    KNOWLEDGE="A visit to the help centre.",
    FAX="A fax.",
    IN_PERSON="A visit to a shop, branch or desk.",
    OTHER="A channel that this API has no name for.",
)
describe(
    i.Direction,
    "Who began it.",
    INBOUND="The customer.",
    OUTBOUND="The company.",
    INTERNAL="Within the company, about the customer.",
    UNKNOWN="The source does not say.",
)
describe(
    Liveness,
    "Whether it is going on now, by the server's clock.",
    LIVE="Going on: a call that has not ended, or a conversation with activity in the last 45 seconds.",
    IDLE="A conversation that has been silent for 45 seconds or more.",
    INACTIVE="Over, or silent for 60 seconds or more; the next message makes it LIVE again.",
)
describe(
    i.InteractionStatus,
    "Where it stands.",
    SCHEDULED="Planned, not begun.",
    QUEUED="Waiting for the company.",
    ACTIVE="In hand.",
    ON_HOLD="Set aside by the company.",
    PENDING="Waiting for the customer.",
    COMPLETED="Done.",
    MISSED="Nobody answered.",
    ABANDONED="The customer gave up.",
    FAILED="It could not be delivered or connected.",
    UNKNOWN="The source says something that this API has no word for.",
)
describe(
    i.TicketStatus,
    "Where a ticket stands.",
    NEW="Nobody has looked at it.",
    OPEN="In hand.",
    PENDING="Waiting for the customer.",
    ON_HOLD="Set aside, or waiting for somebody else.",
    SOLVED="Solved; the customer may still object.",
    CLOSED="Closed for good.",
    UNKNOWN="See `sourceStatus`.",
)
describe(
    i.TicketPriority,
    "How pressing a ticket is.",
    LOW="Low.",
    NORMAL="Normal.",
    HIGH="High.",
    URGENT="Urgent.",
)
describe(
    i.OutcomeKind,
    "How it went.",
    SUCCESS="Well: sold, solved, satisfied.",
    FAILURE="Badly: shown with a red mark.",
    NEUTRAL="Neither.",
)
describe(
    i.AddressKind,
    "What kind of address was used; a phone's icon and colour follow it.",
    HOME="At home.",
    WORK="At work.",
    MOBILE="A mobile phone.",
    OFFICE="An office.",
    OTHER="Not known, or not a telephone.",
)
describe(
    i.LegKind,
    "What happened in a leg.",
    IVR="A voice menu.",
    QUEUE="Waiting in a queue.",
    AGENT="With an agent.",
    TRANSFER="With the agent it was transferred to.",
    CONSULT="An agent asking another.",
    CONFERENCE="Several agents at once.",
    HOLD="On hold.",
    VOICEMAIL="Leaving a message.",
    BOT="With a bot.",
    OTHER="Something else.",
)
describe(
    i.MessageParty,
    "Who wrote a message.",
    CUSTOMER="The customer.",
    AGENT="A person of the company.",
    BOT="A bot.",
    SYSTEM="The system itself.",
)
describe(
    i.DeliveryState,
    "How far a message of the company got.",
    SENT="Sent.",
    DELIVERED="Reached the customer's device.",
    READ="Read.",
    FAILED="Not delivered.",
)
describe(
    i.JourneyStage,
    "The stage of a customer's journey that a touchpoint stands in.",
    NEED="A need arises.",
    RESEARCH="Looking around.",
    COMPARISON="Comparing offers.",
    PURCHASE="Buying.",
    USE="Using what was bought.",
    SUPPORT="Being helped with it.",
)
describe(
    i.IdentifierKind,
    "What kind of address or id it is.",
    PHONE="A telephone number, in E.164.",
    EMAIL="An e-mail address.",
    WHATSAPP="A WhatsApp number, or WhatsApp's own user id.",
    EXTERNAL_ID="The id that some source knows the customer by.",
    SOCIAL="An account of a social network; see `channel`.",
    COOKIE="A browser's cookie.",
)
describe(
    i.SourceKind,
    "What kind of system a source is.",
    TELEPHONY="Telephony, and contact-centre suites built on it.",
    TICKETING="Tickets and cases.",
    SURVEY="Surveys.",
    CHAT="Chat and messaging desks.",
    WHATSAPP="WhatsApp providers.",
    CAMPAIGN="Campaigns and CRM.",
    WEB="Web tracking.",
    OTHER="Anything else.",
)
describe(
    Period,
    "How far back from now; months are calendar months.",
    LAST_30_DAYS="30 × 24 hours.",
    LAST_3_MONTHS="Three months.",
    LAST_6_MONTHS="Six months.",
    LAST_9_MONTHS="Nine months.",
    LAST_12_MONTHS="Twelve months; what a journey shows unless asked otherwise.",
    ALL_TIME="Everything the sources still have.",
)
describe(
    SourceState,
    "How a source answered.",
    FRESH="It answered just now.",
    CACHED="A recent answer was used; see `asOf`.",
    STALE="The source failed; this is what it last said.",
    PENDING="Not answered within `waitMs`.",
    TIMED_OUT="Not answered within the deadline.",
    UNAVAILABLE="It could not be reached, or failed.",
    RATE_LIMITED="It asked us to slow down; see `retryAfterSeconds`.",
    REFUSED="It does not accept the gateway's credential.",
    MALFORMED="It answered with something that is not what its description promises.",
)
describe(
    SourceHealth,
    "How a source has been doing lately.",
    UP="It answers.",
    DEGRADED="It answers, but not always.",
    DOWN="It does not answer.",
    UNKNOWN="It has not been asked yet.",
)
describe(
    Module,
    "What a deployment is licensed for. JOURNEY alone shows telephone calls.",
    JOURNEY="The journey itself, and calls, callbacks, video and fax.",
    SUPPORT="Tickets and e-mail.",
    SURVEYS="Surveys and the NPS.",
    WEB_WIDGET="Web chat, web messaging and co-browsing.",
    WHATSAPP="WhatsApp.",
    SOCIAL="SMS and social networks.",
    CAMPAIGNS="Campaign contacts whose channel is not known.",
    WEB_TRACKING="Visits to the web site and the help centre.",
    OTHER="Contacts in person, and channels without a name here.",
)
describe(
    FigureState,
    "How sure a figure is, or why there is none.",
    EXACT="It is the true figure.",
    AT_LEAST="A source was down, late or not read to its end: the true figure is this or more.",
    UNAVAILABLE="Every source of it failed.",
    NOT_LICENSED="The deployment has no licence for it.",
    NOT_PERMITTED="None of its channels is open to this viewer.",
)
describe(
    NpsCategory,
    "What a recommendation score means.",
    DETRACTOR="0 to 6.",
    PASSIVE="7 or 8.",
    PROMOTER="9 or 10.",
)
describe(
    Resolution,
    "Whether the customer got an answer, as far as this viewer may see.",
    RESOLVED="It ended well, or somebody dealt with it and the customer did not come back in time.",
    UNRESOLVED="It ended badly, nobody answered, or the customer came back about the same topic.",
    OPEN="Something of it stands, or it is too early to tell.",
    UNKNOWN="Nothing says how it ended.",
)
describe(
    ViewerKind,
    "What kind of caller this is.",
    AGENT="An agent: sees through the active work profile, and nothing without one.",
    SUPERVISOR="A supervisor.",
    SERVICE="Another system.",
    WIDGET="An embedded widget, for one customer.",
)
describe(
    MatchState,
    "What a key found.",
    MATCHED="One customer.",
    NOT_FOUND="Nobody, as far as the sources answered: see `sources`.",
    AMBIGUOUS="Several customers: see `candidates`.",
)
describe(
    EvidenceKind,
    "Who says that an identifier is the customer's.",
    SOURCE="A record of that source carries it.",
    OPERATOR="A person merged them.",
)
