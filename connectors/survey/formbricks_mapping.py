"""Formbricks: contacts, surveys and responses, and what they become.

Shapes: management API v1 (contact attributes, surveys) and v2 (responses, attribute keys). Answers are keyed by the
question's id and are a text, a number, a list of texts or a table of texts.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from connectors import identifiers
from connectors.interaction import (
    Channel,
    Comment,
    Direction,
    HeldIdentifier,
    Identifier,
    Interaction,
    InteractionStatus,
    Record,
    SurveyAnswer,
    SurveyDetails,
)
from connectors.mapping import decode_rows, plain_text, plausible, preview, seconds_between
from connectors.survey.answers import nps_score, spoken

_RECALL = re.compile(r"#recall:[^/#]*/fallback:([^#]*)#")
"""An earlier answer within a question; what would stand there without one is all that can be told."""

_NOT_GIVEN = frozenset({"", "dismissed"})


class _Model(msgspec.Struct, rename="camel"):
    """What a vendor tells."""


class AttributeKey(_Model):
    id: str
    key: str


class Attribute(_Model):
    """One value of one contact."""

    contact_id: str
    attribute_key_id: str
    value: str | None = None


class Contact(_Model):
    id: str


class Question(_Model):
    id: str
    type: str | None = None
    headline: dict[str, Any] | None = None
    input_type: str | None = None


class SurveyRow(_Model):
    id: str
    name: str | None = None
    environment_id: str | None = None
    workspace_id: str | None = None
    questions: list[msgspec.Raw] | None = None

    def asked(self) -> list[Question]:
        """In their order. `questions` is told by all versions, beside the newer `blocks`."""
        return decode_rows(self.questions or (), Question)[0]


class ResponseRow(_Model):
    id: str
    survey_id: str
    created_at: datetime
    contact_id: str | None = None
    updated_at: datetime | None = None
    finished: bool | None = None
    language: str | None = None
    data: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which attributes of a contact say who it is; `phone` and `external_id` where the company keeps them."""

    email: str
    phone: str | None
    external_id: str | None


class Directory:
    """All contacts by what they carry, as Formbricks has no search for them."""

    def __init__(self, keys: Iterable[AttributeKey], rows: Iterable[Attribute], build: RecordBuilder) -> None:
        names = {key.id: key.key for key in keys}
        told: dict[str, dict[str, str]] = defaultdict(dict)
        for row in rows:
            name = names.get(row.attribute_key_id)
            if name is not None and row.value:
                told[row.contact_id][name] = row.value
        self._records = {id_: build.record(id_, attributes) for id_, attributes in told.items()}
        self._holders: dict[Identifier, list[str]] = defaultdict(list)
        for record in self._records.values():
            for held in record.identifiers:
                self._holders[held.identifier].append(record.id)

    def with_any(self, asked: Sequence[Identifier]) -> list[Record]:
        ids = dict.fromkeys(id_ for identifier in asked for id_ in self._holders.get(identifier, ()))
        return [self._records[id_] for id_ in ids]


@dataclass(frozen=True, slots=True)
class RecordBuilder:
    source: str
    attributes: Attributes
    external_id_source: str | None
    region: str | None

    def record(self, id_: str, told: Mapping[str, str]) -> Record:
        """Formbricks takes attributes as the company's pages send them, and verifies none."""
        names = self.attributes
        carried = [
            identifiers.email(told.get(names.email, "")),
            identifiers.phone(told.get(names.phone, ""), self.region) if names.phone else None,
        ]
        customer = told.get(names.external_id, "").strip() if names.external_id else ""
        if self.external_id_source is not None and customer:
            carried.append(identifiers.external(self.external_id_source, customer))
        held = [HeldIdentifier(identifiers.external(self.source, id_), True)]
        held += [HeldIdentifier(one) for one in dict.fromkeys(carried) if one is not None]
        parts = (told.get("firstName", "").strip(), told.get("lastName", "").strip())
        name = " ".join(part for part in parts if part) or told.get("name", "").strip() or None
        return Record(source=self.source, id=id_, identifiers=tuple(held), name=name)


@dataclass(frozen=True, slots=True)
class ResponseMapper:
    """`site`: where people open Formbricks. `nps_questions`: by survey, where an operator says which question it is."""

    source: str
    site: str
    nps_questions: Mapping[str, str]

    def response(self, row: ResponseRow, survey: SurveyRow | None) -> Interaction | None:
        """None for a response that is nobody's, or that does not say when it was given.

        survey: None for one that is gone, or that the key may not read: the answers cannot be told then.
        """
        started_at = plausible(row.created_at)
        if started_at is None or not row.contact_id or not row.id:
            return None
        changed_at = max(started_at, plausible(row.updated_at) or started_at)
        ended_at = changed_at if row.finished else None
        data, questions = row.data or {}, [] if survey is None else survey.asked()
        comment = _comment(questions, data)
        return Interaction(
            source=self.source,
            external_id=row.id,
            record_id=row.contact_id,
            channel=Channel.SURVEY,
            direction=Direction.OUTBOUND,
            started_at=started_at,
            ended_at=ended_at,
            last_activity_at=changed_at,
            duration_seconds=seconds_between(started_at, ended_at),
            status=InteractionStatus.COMPLETED if row.finished else InteractionStatus.PENDING,
            url=self._url(row, survey),
            preview=preview(comment),
            comments=() if comment is None else (Comment(comment, at=changed_at),),
            details=SurveyDetails(
                survey_name=(survey.name if survey else None) or row.survey_id,
                nps_score=self._score(row.survey_id, questions, data),
                answers=tuple(_answers(questions, data, row.language)),
            ),
        )

    def _score(self, survey_id: str, questions: Sequence[Question], data: Mapping[str, Any]) -> int | None:
        """Of the question that an operator named, else of the first that was answered of the survey's NPS questions."""
        named = self.nps_questions.get(survey_id)
        asked = [named] if named is not None else [q.id for q in questions if q.type == "nps"]
        scores = (nps_score(data.get(id_)) for id_ in asked)
        return next((score for score in scores if score is not None), None)

    def _url(self, row: ResponseRow, survey: SurveyRow | None) -> str | None:
        if survey is None or not (survey.environment_id or survey.workspace_id):
            return None
        place = (
            f"environments/{survey.environment_id}" if survey.environment_id else f"workspaces/{survey.workspace_id}"
        )
        return f"{self.site}/{place}/surveys/{row.survey_id}/responses"


def _comment(questions: Sequence[Question], data: Mapping[str, Any]) -> str | None:
    """The first free text: not what was asked for as an address, a number or a link."""
    texts = (data.get(q.id) for q in questions if q.type == "openText" and q.input_type in (None, "text"))
    return next((text for text in map(plain_text, filter(_is_text, texts)) if text), None)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _answers(questions: Iterable[Question], data: Mapping[str, Any], language: str | None) -> Iterable[SurveyAnswer]:
    """In the survey's order, of the questions that were come to. Hidden fields are no answers."""
    for question in questions:
        if question.id in data:
            headline = _RECALL.sub(r"\1", spoken(question.headline, language) or "")
            yield SurveyAnswer(plain_text(headline) or question.id, _told(data[question.id]))


def _told(value: Any) -> str | None:
    """As one text: several choices by commas, a table's rows as `row: answer`."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, list):
        return ", ".join(text for text in map(_told, value) if text) or None
    if isinstance(value, dict):
        cells = ((plain_text(str(row)), _told(cell)) for row, cell in value.items())
        return "; ".join(f"{row}: {text}" for row, text in cells if text) or None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = plain_text(str(value))
    return None if text is None or text in _NOT_GIVEN else text
