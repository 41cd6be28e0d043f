"""Who the population is made of: the people with a part to play, and the many beside them."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

from sandbox.company import DIVISION_OF
from sandbox.contacts import Person, PhoneKind
from sandbox.words import FAMILY_NAMES, GIVEN_NAMES

VENDORS = ("zendesk", "request_tracker", "limesurvey", "chatwoot", "twilio_messages", "genesys_cloud")
EVERYWHERE = frozenset(VENDORS)

SWITCHBOARD = "+390255550100"
SHARED_EMAIL = "info@meridiana.example.com"
SHARED_MOBILE = "+393331110020"
JOHN_PHONE = "+393331110001"
JOHN_EMAIL = "john.fairweather@example.org"
DEEP_PHONE = "+393331110002"
DEEP_EMAIL = "vera.abissi@example.org"

SHOWCASE_PHONE = "+447700900862"
SHOWCASE_HOME = "+442079460862"
SHOWCASE_OFFICE = "+442079460110"

MAX_PEOPLE = 1_000
"""Contact numbers keep the person in their last three digits."""

OFFICE_COLLEAGUES = 7
KNOWN_SINCE = timedelta(days=420)


def make_people(seed: int, now: datetime, count: int) -> tuple[Person, ...]:
    """Those with a part first; the numbers of the rest do not depend on how many there are."""
    parts = _parts(now)
    if not len(parts) <= count < MAX_PEOPLE:
        raise ValueError(f"a population has {len(parts)} to {MAX_PEOPLE - 1} people")
    rest = (_somebody(Random(f"{seed}/person/{number}"), number, now) for number in range(len(parts) + 1, count + 1))
    return (*parts, *rest)


def showcase_person(number: int, now: datetime) -> Person:
    """Whom the demo page shows first; not among the others unless asked for, so that these stay as they are."""
    return Person(
        number=number,
        key="showcase",
        given_name="Eleanor",
        family_name="Whitmore",
        language="en",
        phones=((SHOWCASE_PHONE, "mobile"), (SHOWCASE_OFFICE, "office"), (SHOWCASE_HOME, "home")),
        emails=("eleanor.whitmore@example.org", "orders@whitmore-books.example.com"),
        whatsapp=SHOWCASE_PHONE,
        crm_id=f"CRM-{number:05}",
        known_in=EVERYWHERE,
        division=DIVISION_OF["en"],
        known_since=now - KNOWN_SINCE,
    )


def _parts(now: datetime) -> tuple[Person, ...]:
    people: list[Person] = []

    def add(
        key: str,
        given_name: str,
        family_name: str,
        language: str,
        *more_phones: tuple[str, PhoneKind],
        mobile: str | None = None,
        emails: tuple[str, ...] | None = None,
        known_in: frozenset[str] = EVERYWHERE,
        since: timedelta = KNOWN_SINCE,
    ) -> None:
        number = len(people) + 1
        own = mobile or f"+39333111{number:04}"
        address = f"{given_name}.{family_name}@example.org".lower().replace(" ", "")
        people.append(
            Person(
                number=number,
                key=key,
                given_name=given_name,
                family_name=family_name,
                language=language,
                phones=((own, "mobile"), *more_phones),
                emails=(address,) if emails is None else emails,
                whatsapp=own,
                crm_id=f"CRM-{number:05}" if known_in else None,
                known_in=known_in,
                division=DIVISION_OF[language],
                known_since=now - since,
            )
        )

    add(
        "john",
        "John",
        "Fairweather",
        "en",
        ("+390255550101", "office"),
        mobile=JOHN_PHONE,
        emails=(JOHN_EMAIL, "j.fairweather@example.com"),
    )
    add("deep", "Vera", "Abissi", "it", mobile=DEEP_PHONE, emails=(DEEP_EMAIL,), since=timedelta(days=14_000))
    add("live-call", "Giorgia", "Ponti", "it")
    add("live-chat", "Chloé", "Dumas", "fr", emails=("chloe.dumas@example.org",))
    add("live-whatsapp", "Marco", "Testa", "it")
    add("lost", "Harriet", "Mills", "en")
    add("nobody", "Ivo", "Senzatraccia", "it", known_in=frozenset())
    some = frozenset({"zendesk", "chatwoot", "genesys_cloud"})
    add("twin-a", "Paola", "Ferri", "it", mobile=SHARED_MOBILE, known_in=some)
    add("twin-b", "Nicola", "Ferri", "it", mobile=SHARED_MOBILE, known_in=some)
    names = ("Ada", "Bruno", "Carla", "Dario", "Enrica", "Furio", "Gemma")
    for place, name in enumerate(names[:OFFICE_COLLEAGUES], start=1):
        own = f"{name}.meridiani@meridiana.example.com".lower()
        add(
            f"office-{place}",
            name,
            "Meridiani",
            "it",
            (SWITCHBOARD, "office"),
            emails=(own, SHARED_EMAIL),
            known_in=some,
        )
    return tuple(people)


def _somebody(random: Random, number: int, now: datetime) -> Person:
    language = random.choice(("it", "it", "fr", "en"))
    given_name, family_name = random.choice(GIVEN_NAMES[language]), random.choice(FAMILY_NAMES[language])
    mobile = {"it": "+39333112", "fr": "+3363998", "en": "+447700900"}[language]
    digits = {"it": f"{number:04}", "fr": f"{number:04}", "en": f"{number:03}"}[language]
    phones: list[tuple[str, PhoneKind]] = [(mobile + digits, "mobile")]
    if random.random() < 0.4:
        phones.append((f"+39025556{number:04}", random.choice(("home", "work"))))
    plain = str.maketrans("éèêëÉàâçîïôöûü", "eeeeEaaciioouu", " '")
    local = f"{given_name}.{family_name}{number}".translate(plain).lower()
    emails = [f"{local}@example.org"]
    if random.random() < 0.3:
        emails.append(f"{local}@example.com")
    known_in = frozenset(vendor for vendor in VENDORS if random.random() < 0.65) or frozenset({"zendesk"})
    return Person(
        number=number,
        key=f"p-{number:03}",
        given_name=given_name,
        family_name=family_name,
        language=language,
        phones=tuple(phones),
        emails=tuple(emails),
        whatsapp=phones[0][0] if random.random() < 0.8 or "twilio_messages" in known_in else None,
        crm_id=f"CRM-{number:05}" if random.random() < 0.7 else None,
        known_in=known_in,
        division=DIVISION_OF[language],
        known_since=now - KNOWN_SINCE,
    )
