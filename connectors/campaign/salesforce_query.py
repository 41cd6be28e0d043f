"""What Salesforce is asked: SOQL over people, tasks and voice calls, SOSL for numbers and words. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import phonenumbers

from connectors import identifiers
from connectors.base import Window
from connectors.campaign.literals import SOQL, is_id, literal, one_of, select, soql_instant
from connectors.campaign.salesforce_mapping import (
    CONTACT,
    LEAD,
    PEOPLE_FIELDS,
    TASK_FIELDS,
    VOICE_CALL_FIELDS,
    Fields,
)
from connectors.campaign.seeking import MOST_ROWS

People = Literal["Contact", "Lead"]
Listed = Literal["Task", "VoiceCall"]

STARTED: Mapping[Listed, str] = {"Task": "CreatedDate", "VoiceCall": "CallStartDateTime"}
PEOPLE_PREFIXES: Mapping[People, str] = {"Contact": CONTACT, "Lead": LEAD}
MOST_PEOPLE = 100
MILLISECOND = timedelta(milliseconds=1)
FIRST_OF_ITS_CHAIN = "PreviousCallId = null"
LED_BY = ("PreviousCallId", "PreviousCall.PreviousCallId", "PreviousCall.PreviousCall.PreviousCallId")
CAMPAIGNS = select(["Campaign.Id", "Campaign.Name"], "CampaignMembers", limit=50)

_NO_DIGITS = re.compile(r"\D+")


@dataclass(frozen=True, slots=True)
class Questions:
    """What the operator says of this source, and the questions that depend on it."""

    external_id_fields: Mapping[People, str]
    task_subtypes: Sequence[str]
    fields: Mapping[Listed, Fields]
    voice_call_person: str
    campaigns: bool = True

    def sample(self, name: People | Listed) -> str:
        """Of one row all that is ever asked: a field that is misspelt or may not be read is noticed."""
        if name == "Contact" or name == "Lead":
            return select(self._person_columns(name), name, limit=1)
        return select(self._columns(name), name, limit=1)

    def people(
        self, name: People, ids: Iterable[str], emails: Sequence[str] = (), external: Sequence[str] = ()
    ) -> str | None:
        """None where nobody can be meant. A converted lead is a contact now, and so are its activities."""
        own = [id_ for id_ in ids if is_id(id_) and id_.startswith(PEOPLE_PREFIXES[name])]
        asked = (("Id", own), ("Email", emails), (self.external_id_fields.get(name), external))
        conditions = [one_of(field, values, SOQL) for field, values in asked if field and values]
        if not conditions:
            return None
        living = ["IsConverted = false"] if name == "Lead" else []
        return select(self._person_columns(name), name, [f"({' OR '.join(conditions)})", *living], limit=MOST_PEOPLE)

    def listed(self, name: Listed, people: Sequence[str], window: Window, ascending: bool, limit: int) -> str:
        started, order = STARTED[name], "ASC" if ascending else "DESC"
        where = [*self._whose(name, people), *_within(started, window)]
        return select(self._columns(name), name, where, f"{started} {order}, Id {order}", limit)

    def one(self, name: Listed, id_: str) -> str:
        where = [f"Id = {literal(id_, SOQL)}", *([FIRST_OF_ITS_CHAIN] if name == "VoiceCall" else [])]
        return select(self._columns(name), name, where, limit=1)

    def tasks_told_as_calls(self, tasks: Sequence[str], people: Sequence[str]) -> str:
        """Those of these tasks that stand for a voice call which is listed itself."""
        return select(
            ["ActivityId"], "VoiceCall", [one_of("ActivityId", tasks, SOQL), *self._whose("VoiceCall", people)]
        )

    def followers(self, calls: Sequence[str]) -> str:
        """What these calls led to, by transfer or for a consultation: three deep."""
        led = " OR ".join(one_of(path, calls, SOQL) for path in LED_BY)
        return select(self._columns("VoiceCall"), "VoiceCall", [f"({led})"], limit=MOST_ROWS)

    def _whose(self, name: Listed, people: Sequence[str]) -> list[str]:
        if name == "Task":
            return [one_of("WhoId", people, SOQL), one_of("TaskSubtype", self.task_subtypes, SOQL)]
        return [one_of(self.voice_call_person, people, SOQL), FIRST_OF_ITS_CHAIN]

    def _columns(self, name: Listed) -> list[str]:
        if name == "Task":
            return [*TASK_FIELDS, *self.fields[name].names()]
        return [*VOICE_CALL_FIELDS, self.voice_call_person, *self.fields[name].names()]

    def _person_columns(self, name: People) -> list[str]:
        own = [self.external_id_fields[name]] if name in self.external_id_fields else []
        return [*PEOPLE_FIELDS[name], *own, *([f"({CAMPAIGNS})"] if self.campaigns else [])]


def find(looked_for: str, where: Literal["PHONE", "ALL"], people: Iterable[People], limit: int) -> str:
    returning = ", ".join(f"{name}(Id LIMIT {limit})" for name in people)
    return f"FIND {{{looked_for}}} IN {where} FIELDS RETURNING {returning}"


def spelled(number: str) -> str:
    """An E.164 number as people write it: with and without its country, in one piece and in groups.

    A search knows a number by its words, so each way to write it is looked for.
    """
    parsed = phonenumbers.parse(number)
    formats = (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.NATIONAL)
    grouped = (" ".join(_NO_DIGITS.sub(" ", phonenumbers.format_number(parsed, f)).split()) for f in formats)
    ways = dict.fromkeys([identifiers.digits(number), identifiers.national(number) or "", *grouped])
    return " OR ".join(f'"{way}"' for way in ways if way)


def _within(field: str, window: Window) -> list[str]:
    """Milliseconds, rounded outwards."""
    terms = [] if window.start is None else [f"{field} >= {soql_instant(window.start)}"]
    if window.end is not None:
        terms.append(f"{field} < {soql_instant(window.end + MILLISECOND - timedelta.resolution)}")
    return terms
