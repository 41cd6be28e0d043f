"""The contact centre that the vendors serve: its divisions, queues, agents, campaigns and wrap-up codes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sandbox.words import TOPICS

_NAMESPACE = uuid.UUID("5d0a2c1e-7f43-5e0b-9a31-0c4e9d6b1f72")


def stable_uuid(*parts: object) -> str:
    """The same parts give the same id, on every machine and in every run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(map(str, parts))))


@dataclass(frozen=True, slots=True)
class Division:
    number: int
    name: str
    language: str


@dataclass(frozen=True, slots=True)
class Queue:
    number: int
    name: str
    division: Division


@dataclass(frozen=True, slots=True)
class Agent:
    number: int
    given_name: str
    family_name: str
    email: str
    division: Division

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Campaign:
    number: int
    name: str
    division: Division


@dataclass(frozen=True, slots=True)
class WrapUpCode:
    """A disposition of two levels: `group`, and `name` within it."""

    number: int
    group: str
    name: str


ITALY = Division(1, "Italy", "it")
FRANCE = Division(2, "France", "fr")
INTERNATIONAL = Division(3, "International", "en")
DIVISIONS = (ITALY, FRANCE, INTERNATIONAL)
DIVISION_OF = {division.language: division for division in DIVISIONS}

QUEUES = tuple(
    Queue(number, name, division)
    for number, (name, division) in enumerate(
        (
            ("Assistenza Italia", ITALY),
            ("Commerciale Italia", ITALY),
            ("Support France", FRANCE),
            ("Commercial France", FRANCE),
            ("International Support", INTERNATIONAL),
            ("International Sales", INTERNATIONAL),
            ("Specialist Support", INTERNATIONAL),
        ),
        start=1,
    )
)
SPECIALISTS = QUEUES[-1]

AGENTS = tuple(
    Agent(number, given, family, f"{given}.{family}@contact-centre.example.com".lower(), division)
    for number, (given, family, division) in enumerate(
        (
            ("Anna", "Verdi", ITALY),
            ("Fabio", "Conti", ITALY),
            ("Silvia", "Greco", ITALY),
            ("Claire", "Morel", FRANCE),
            ("Hugo", "Perrin", FRANCE),
            ("Lucie", "Blanc", FRANCE),
            ("Emma", "Hartley", INTERNATIONAL),
            ("Daniel", "Osborne", INTERNATIONAL),
            ("Kate", "Winslade", INTERNATIONAL),
        ),
        start=1,
    )
)

CAMPAIGNS = (
    Campaign(1, "Rinnovi autunno", ITALY),
    Campaign(2, "Relance devis", FRANCE),
    Campaign(3, "Spring upgrades", INTERNATIONAL),
)

WRAP_UP_CODES = tuple(
    WrapUpCode(number, group, name)
    for number, (group, name) in enumerate(
        (
            *((topic.group, topic.outcome) for topic in TOPICS),
            ("Sales", "Demo supplied"),
            ("Sales", "Not interested"),
            ("Support", "Handed to specialists"),
            ("Support", "Call back later"),
        ),
        start=1,
    )
)


def queues_of(division: Division) -> tuple[Queue, ...]:
    """The division's general queues: support first, then sales."""
    return tuple(queue for queue in QUEUES if queue.division is division and queue is not SPECIALISTS)


def agents_of(division: Division) -> tuple[Agent, ...]:
    return tuple(agent for agent in AGENTS if agent.division is division)


def wrap_up_code(name: str) -> WrapUpCode:
    return next(code for code in WRAP_UP_CODES if code.name == name)
