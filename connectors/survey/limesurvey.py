"""LimeSurvey 6: the surveys that one customer was invited to and answered.

RemoteControl 2 over JSON-RPC. LimeSurvey has no customers, only a participant list for each survey, so every
configured survey is asked. Who is one person, and what is mapped: docs/connectors/limesurvey.md.
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline, alone
from connectors.errors import ConnectorError, MalformedError, RefusedError
from connectors.http import Auth, VendorHttp
from connectors.identifiers import external
from connectors.interaction import Channel, Identifier, IdentifierKind, Interaction, Record, SourceKind
from connectors.mapping import Kept, decode_rows, map_rows, together
from connectors.survey.limesurvey_mapping import (
    Participant,
    Question,
    Questions,
    ResponseMapper,
    Row,
    SurveyOption,
    conditions,
    participant,
    record,
)

T = TypeVar("T")

MAX_CANDIDATES = 50
"""Lines of one participant list read for one identifier: enough to tell a mailbox or number that many share."""
MAX_INVITATIONS = 200
"""Lines of one participant list read for one person."""
TOKENS_A_CALL = 10
"""Exports asked for at once: each runs as one PHP process over the whole response table."""
NAMES_LIFETIME_SECONDS = 3600.0
LOGIN_PAUSE_SECONDS = 600.0
"""A refused login is not repeated for so long: LimeSurvey shuts an address out for ten minutes after three of them."""

_INVALID_KEY = "invalid session key"
_NOTHING = frozenset(
    {
        "no surveys found",
        "no survey participants found",
        "no response found for token",
        "no questions found",
        "no data, could not get max id",  # nobody has answered yet
        "no data, survey table does not exist",  # not active
        "error: no survey participants table",  # open to everybody
    }
)
_REFUSALS = {
    "no permission": "the user may not read a configured survey's participants, questions or responses",
    "error: invalid survey id": "a configured survey does not exist",
    "language code not found for this survey": "a configured survey does not have the configured language",
}


class _Reply(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"null")
    error: Any = None


class _Status(msgspec.Struct):
    status: str


class _Survey(msgspec.Struct):
    sid: int | str
    surveyls_title: str | None = None


class _Export(msgspec.Struct):
    responses: list[msgspec.Raw]


class RemoteControl:
    """RemoteControl 2 behind one session key, which all calls share. Failures come as HTTP 200 and a `status`."""

    def __init__(self, http: VendorHttp, user: str, password: str) -> None:
        self._http = http
        self._user = user
        self._password = password
        self._session: str | None = None
        self._refused_until = float("-inf")
        self._lock = asyncio.Lock()

    async def ask(self, method: str, params: Sequence[Any], type_: type[T], deadline: Deadline) -> T | None:
        """What the method answers, or None where LimeSurvey says that there is nothing.

        A session that has ended is begun again, once.
        """
        for _ in (0, 1):
            session = await self._begin_session(deadline)
            result = await self._post(method, [session, *params], deadline)
            status = self._status(result)
            if status is None:
                return self._http.decode(result, type_)
            if status in _NOTHING:
                return None
            if status != _INVALID_KEY:
                raise self._error(status)
            if self._session == session:
                self._session = None
        raise RefusedError(self._http.source, "it does not accept the session keys that it gives")

    async def _begin_session(self, deadline: Deadline) -> str:
        """The session key: one caller fetches it for all, and a refusal stands for all of them too."""
        async with alone(self._lock, self._http.source, deadline):
            if self._session is None:
                if deadline.clock() < self._refused_until:
                    raise self._refused_login()
                result = await self._post("get_session_key", [self._user, self._password], deadline)
                if self._status(result) is not None:
                    self._refused_until = deadline.clock() + LOGIN_PAUSE_SECONDS
                    raise self._refused_login()
                self._session = self._http.decode(result, str)
            return self._session

    def _refused_login(self) -> RefusedError:
        return RefusedError(self._http.source, "it does not accept the user name or the password")

    async def _post(self, method: str, params: list[Any], deadline: Deadline) -> bytes:
        call = {"method": method, "params": params, "id": 1}
        reply = await self._http.post("/index.php/admin/remotecontrol", call, _Reply, deadline)
        if reply.error is not None:
            raise MalformedError(self._http.source, "it did not understand a call")
        return bytes(reply.result)

    def _status(self, result: bytes) -> str | None:
        """None for an answer; none of those asked for here is an object."""
        if not result.startswith(b"{"):
            return None
        return self._http.decode(result, _Status).status.strip().rstrip(".").lower()

    def _error(self, status: str) -> ConnectorError:
        refusal = _REFUSALS.get(status)
        if refusal is not None:
            return RefusedError(self._http.source, refusal)
        return MalformedError(self._http.source, "it answered with a status that is not known")


class LimeSurvey(VendorConnector):
    vendor = "limesurvey"
    kind = SourceKind.SURVEY
    channels = frozenset({Channel.SURVEY})
    capabilities = Capabilities(
        seek=False,
        ascending=False,
        finds_by=frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        window_granularity_seconds=None,
        page_cap=200,
        cannot_see="Surveys that are not configured or that the user may not read, anonymous responses, "
        "and responses given without a token.",
    )

    class Credentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        user: str
        password: str

    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        surveys: Annotated[list[SurveyOption], msgspec.Meta(min_length=1)]

    surveys: dict[int, SurveyOption]

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        self.surveys = {survey.id: survey for survey in self.options.surveys}
        self._rpc = RemoteControl(self.http, self.credentials.user, self.credentials.password)
        self._mapper = ResponseMapper(self.name, config.base_url.rstrip("/"), ZoneInfo(config.time_zone))
        self._titles: Kept[None, dict[str, str]] = Kept(NAMES_LIFETIME_SECONDS)
        self._questions: Kept[int, Questions] = Kept(NAMES_LIFETIME_SECONDS)

    def auth(self) -> Auth | None:
        """None: the session key travels among the parameters of each call."""
        return None

    async def check(self, deadline: Deadline) -> None:
        """Signs in and asks for the surveys: each configured one must be among them."""
        titles = await self._read_titles(deadline)
        if any(str(id_) not in titles for id_ in self.surveys):
            raise RefusedError(self.name, "a configured survey does not exist, or the user may not read it")

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        people: dict[str, list[Participant]] = {}
        for lines in await self._participants(identifiers, MAX_CANDIDATES, deadline):
            for line in lines:
                people.setdefault(line.person, []).append(line)
        return [record(self.name, self.config.external_id_source, lines) for lines in people.values()]

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        """`query.cursor`: the invitations whose responses are still to be read."""
        invitations, capped = query.cursor, False
        if invitations is None:
            people = {r.id for r in records}
            asked = [external(self.name, person) for person in sorted(people)]
            found = await self._participants(asked, MAX_INVITATIONS, deadline)
            theirs = [[line for line in lines if line.person in people] for lines in found]
            capped = any(len(lines) >= MAX_INVITATIONS for lines in theirs)
            invitations = tuple({(line.survey_id, line.token): line for lines in theirs for line in lines}.values())
        read = await together(self._responses(line, deadline) for line in invitations[:TOKENS_A_CALL])
        return Fetched(
            items=[row for rows, _ in read for row in rows],
            cursor=invitations[TOKENS_A_CALL:] or None,
            capped=capped,
            dropped=sum(dropped for _, dropped in read),
        )

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """`external_id`: survey and response. None for a response without a token: it is nobody's."""
        survey_id, _, response_id = external_id.partition(":")
        survey = next((s for s in self.surveys.values() if str(s.id) == survey_id), None)
        if survey is None or not (response_id.isascii() and response_id.isdigit()):
            return None
        id_ = int(response_id)
        params = [survey.id, "json", survey.language, "all", "code", "long", id_, id_]
        rows, _ = self._exported(await self._rpc.ask("export_responses", params, str, deadline))
        row = next((row for row in rows if str(row.get("id")) == response_id), None)
        token = None if row is None else row.get("token")
        if row is None or not isinstance(token, str) or not token:
            return None
        lines = await self._list_participants(survey, {"token": token}, 2, deadline)
        line = next((line for line in lines if line.token == token), None)
        if line is None:
            return None
        return self._mapper.response(row, line, survey, *await self._names(survey, deadline))

    async def _participants(
        self, identifiers: Iterable[Identifier], limit: int, deadline: Deadline
    ) -> list[list[Participant]]:
        """Lines of all surveys for these identifiers, by call; some may come more than once.

        They are candidates: a condition on a column that a survey does not have is left out by LimeSurvey, which
        then answers with everybody.
        """
        return await together(
            self._list_participants(survey, condition, limit, deadline)
            for identifier in identifiers
            for survey in self.surveys.values()
            for condition in conditions(survey, identifier, self.name, self.config.region)
        )

    async def _list_participants(
        self, survey: SurveyOption, condition: dict[str, str], limit: int, deadline: Deadline
    ) -> list[Participant]:
        params = [survey.id, 0, limit, False, survey.attributes(), condition]
        rows = await self._rpc.ask("list_participants", params, list[msgspec.Raw], deadline) or []
        return map_rows(rows, Row, lambda row: participant(row, survey, self.config.region))[0]

    async def _responses(self, invitation: Participant, deadline: Deadline) -> tuple[list[Interaction], int]:
        """Responses given with one token, and how many could not be mapped."""
        survey = self.surveys[invitation.survey_id]
        params = [survey.id, "json", invitation.token, survey.language, "all", "code", "long"]
        rows, dropped = self._exported(await self._rpc.ask("export_responses_by_token", params, str, deadline))
        if not rows:
            return [], dropped
        names = await self._names(survey, deadline)
        mapped = [self._mapper.response(row, invitation, survey, *names) for row in rows]
        kept = [row for row in mapped if row is not None]
        return kept, dropped + len(mapped) - len(kept)

    def _exported(self, document: str | None) -> tuple[list[Row], int]:
        """Rows of a base64 export, and how many were no rows."""
        if document is None:
            return [], 0
        try:
            body = b64decode(document, validate=True)
        except (binascii.Error, ValueError):
            raise MalformedError(self.name, "an export is not base64") from None
        return decode_rows(self.http.decode(body, _Export).responses, Row)

    async def _names(self, survey: SurveyOption, deadline: Deadline) -> tuple[str, Questions]:
        """The survey's name (its id where it has no title) and its questions."""
        questions = await self._questions.get(survey.id, deadline, lambda: self._read_questions(survey, deadline))
        if survey.name is not None:
            return survey.name, questions
        titles = await self._titles.get(None, deadline, lambda: self._read_titles(deadline))
        return titles.get(str(survey.id)) or str(survey.id), questions

    async def _read_questions(self, survey: SurveyOption, deadline: Deadline) -> Questions:
        params = [survey.id, None, survey.language]
        rows = await self._rpc.ask("list_questions", params, list[msgspec.Raw], deadline) or []
        return Questions(decode_rows(rows, Question)[0])

    async def _read_titles(self, deadline: Deadline) -> dict[str, str]:
        rows = await self._rpc.ask("list_surveys", [], list[msgspec.Raw], deadline) or []
        return {str(row.sid): row.surveyls_title or "" for row in decode_rows(rows, _Survey)[0]}
