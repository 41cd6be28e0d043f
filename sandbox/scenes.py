"""The contacts that are written rather than drawn: John's journey, what is going on now, and what was lost.

The demo page's customer has a story of their own: `sandbox.showcase`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from sandbox.company import INTERNATIONAL, SPECIALISTS, Agent, Queue, agents_of, queues_of, wrap_up_code
from sandbox.contacts import Channel, Contact, Person, Stretch, Turn, compose
from sandbox.showcase import SHOWCASE
from sandbox.steps import Step
from sandbox.words import TOPICS

Numbers = Callable[[Person, datetime], int]


def scene(person: Person, vendor: str, now: datetime, number: Numbers) -> list[Contact] | None:
    """What is written for this person in this vendor; None where nothing is and contacts are drawn instead."""
    steps = SCENES.get(person.key)
    if steps is None:
        return None
    written = [_play(step, person, now, number) for step in steps if step.vendor == vendor]
    return written if written or person.key == "john" else None


def _play(step: Step, person: Person, now: datetime, number: Numbers) -> Contact:
    start = now - step.ago
    last = min(start + timedelta(minutes=step.minutes), now)
    open_ended = step.status in ("queued", "active", "on_hold", "pending")
    end = None if open_ended else last
    queue = step.queue or queues_of(person.division)[0]
    stretches = _handled(step, queue, start, last, end)
    drawn = compose(Random(step.subject), person, step.vendor, step.channel, number(person, start), start, now)
    return replace(
        drawn,
        direction=step.direction,
        ended_at=end,
        last_activity_at=last,
        status=step.status,
        subject=step.subject,
        address=step.address or _first_address(person, step.channel),
        topic=next((topic for topic in TOPICS if topic.tag in step.tags), TOPICS[3]),
        queue=queue,
        stretches=() if step.channel == "survey" else stretches,
        texts=_turns(step, stretches, start, last),
        wrap_up=wrap_up_code(step.wrap_up) if step.wrap_up else None,
        wrap_up_note=step.note,
        tags=step.tags,
        priority=step.priority,
        escalated=step.escalated,
        nps_score=step.score,
        nps_comment=step.comment,
        campaign=step.campaign,
        via="email",
        live=step.live,
    )


def _first_address(person: Person, channel: Channel) -> str:
    if channel in ("voice", "callback", "whatsapp", "sms"):
        return person.phones[0][0]
    return person.emails[0]


def _handled(step: Step, queue: Queue, start: datetime, last: datetime, end: datetime | None) -> tuple[Stretch, ...]:
    """Queue, then agent; then the other queue and its agent when it was handed on."""
    if step.status in ("queued", "abandoned", "missed"):
        return (Stretch(queue, None, queue.division, start, end),)
    length = last - start
    answered = start + min(timedelta(seconds=40), length / 4)
    waited = Stretch(queue, None, queue.division, start, answered)
    agent = step.agent or agents_of(queue.division)[0]
    if step.handed_to is None:
        return waited, Stretch(queue, agent, queue.division, answered, end)
    other, handed = step.handed_to, start + length / 2
    taken = handed + min(timedelta(seconds=30), length / 8)
    return (
        waited,
        Stretch(queue, agent, queue.division, answered, handed),
        Stretch(other, None, other.division, handed, taken),
        Stretch(other, agents_of(other.division)[-1], other.division, taken, end),
    )


def _turns(step: Step, stretches: tuple[Stretch, ...], start: datetime, last: datetime) -> tuple[Turn, ...]:
    """Customer and agent in turn, evenly spread; who began is the direction's. A line in brackets is a private note."""
    agent: Agent | None = next((stretch.agent for stretch in reversed(stretches) if stretch.agent), None)
    customer_speaks = step.direction == "inbound"
    turns = []
    for place, line in enumerate(step.lines):
        at = start + (last - start) * place / max(len(step.lines) - 1, 1)
        at = at.replace(microsecond=0)
        if line.startswith("["):
            turns.append(Turn(at, "agent", line.strip("[]"), agent, private=True))
            continue
        turns.append(Turn(at, "customer", line) if customer_speaks else Turn(at, "agent", line, agent))
        customer_speaks = not customer_speaks
    return tuple(turns)


_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)

JOHN = (
    Step(
        "request_tracker",
        "ticket",
        210 * _DAY,
        2_880,
        "Access to the trial area",
        ("I cannot sign in to the trial area.", "Your access has been reset."),
        tags=("fault",),
        priority="normal",
    ),
    Step(
        "chatwoot",
        "web_chat",
        24 * _DAY,
        14,
        "Is the platform right for us?",
        (
            "Hello, does your platform also handle e-mail and WhatsApp?",
            "It does: all channels share one queue. Shall I send you a quote?",
            "I would rather ask for it by e-mail.",
        ),
        tags=("quote",),
    ),
    Step(
        "genesys_cloud",
        "email",
        22 * _DAY,
        300,
        "Request for a quote",
        (
            "Please send me a quote for twenty seats with voice and e-mail.",
            "Please find the quote attached; it stays valid for thirty days.",
        ),
        wrap_up="Quote sent",
        tags=("quote",),
        queue=queues_of(INTERNATIONAL)[1],
    ),
    Step(
        "genesys_cloud",
        "voice",
        19 * _DAY,
        17,
        "Doubts about the quote",
        wrap_up="Call back later",
        note="Wants to see it work before deciding: arrange a demo.",
        tags=("quote",),
        handed_to=SPECIALISTS,
    ),
    Step(
        "request_tracker",
        "ticket",
        16 * _DAY,
        1_800,
        "Demo supplied",
        ("Your demo environment is ready.", "Thank you, I am in."),
        direction="outbound",
        tags=("demo",),
        priority="normal",
    ),
    Step(
        "limesurvey",
        "survey",
        13 * _DAY,
        2,
        "How likely are you to recommend us?",
        direction="outbound",
        score=9,
        comment="The demo answered all my questions.",
    ),
    Step(
        "genesys_cloud",
        "email",
        6 * _DAY,
        420,
        "Specialist support needed",
        (
            "The integration with our directory needs a specialist.",
            "I have passed this to our specialists, who will write today.",
        ),
        wrap_up="Handed to specialists",
        tags=("fault",),
        handed_to=SPECIALISTS,
    ),
    Step(
        "zendesk",
        "ticket",
        5 * _DAY,
        4_000,
        "Directory integration: specialist support",
        (
            "The directory only synchronises half of our users.",
            "[Internal note: look at the group filter first.]",
            "We are looking at the filter of your groups.",
        ),
        status="active",
        tags=("fault", "vip"),
        priority="urgent",
        escalated=True,
        queue=SPECIALISTS,
    ),
    Step(
        "zendesk",
        "ticket",
        3 * _DAY,
        600,
        "Invoice address",
        ("Please put our new address on the invoice.", "Could you confirm the postcode?"),
        status="pending",
        tags=("invoice",),
        priority="normal",
    ),
    Step(
        "twilio_messages",
        "whatsapp",
        2 * _DAY,
        45,
        "Visit of the specialist",
        (
            "Hi, is the visit of the specialist still on for Thursday?",
            "Yes, Thursday at ten, with Kate from our team.",
            "See you then!",
        ),
        tags=("appointment",),
    ),
)

LIVE_CALL = (
    Step(
        "genesys_cloud",
        "voice",
        4 * _MINUTE,
        4,
        "La linea cade di continuo",
        status="active",
        tags=("fault",),
        live=True,
    ),
    Step("genesys_cloud", "voice", 9 * _DAY, 8, "Il telefono perde la linea", wrap_up="Fault solved", tags=("fault",)),
)
LIVE_CHAT = (
    Step(
        "genesys_cloud",
        "web_messaging",
        3 * _MINUTE,
        3,
        "Suivi de livraison",
        ("Bonjour, où est mon colis ?", "Bonjour, je regarde tout de suite.", "Merci, j'attends."),
        status="active",
        tags=("delivery",),
        live=True,
    ),
    Step(
        "chatwoot",
        "web_chat",
        5 * _MINUTE,
        5,
        "Demande de devis",
        ("Bonjour, je voudrais un devis.", "Bonjour, pour combien de postes ?", "Pour douze."),
        status="active",
        tags=("quote",),
        live=True,
    ),
)
LIVE_WHATSAPP = (
    Step(
        "twilio_messages",
        "whatsapp",
        20 * _MINUTE,
        20,
        "Consegna in ritardo",
        ("Buongiorno, il pacco non è arrivato.", "Verifico con il corriere.", "Grazie, resto in attesa."),
        status="active",
        tags=("delivery",),
        live=True,
    ),
)
LOST = (
    Step("genesys_cloud", "voice", 5 * _HOUR, 1.5, "Late delivery", status="abandoned", tags=("delivery",)),
    Step(
        "genesys_cloud",
        "callback",
        3 * _HOUR,
        0.5,
        "Call back about the delivery",
        status="missed",
        direction="outbound",
        tags=("delivery",),
    ),
    Step(
        "chatwoot",
        "web_chat",
        2 * _HOUR,
        2,
        "Anybody there?",
        ("Hello? Is anybody there?",),
        status="abandoned",
        tags=("delivery",),
    ),
    Step(
        "twilio_messages",
        "whatsapp",
        1 * _HOUR,
        0.2,
        "Late delivery",
        ("Your parcel will be delivered tomorrow.",),
        status="failed",
        direction="outbound",
        tags=("delivery",),
    ),
)

SCENES = {
    "john": JOHN,
    "live-call": LIVE_CALL,
    "live-chat": LIVE_CHAT,
    "live-whatsapp": LIVE_WHATSAPP,
    "lost": LOST,
    "showcase": SHOWCASE,
}

LIVE_KEYS = frozenset(key for key, steps in SCENES.items() if any(step.live for step in steps))
