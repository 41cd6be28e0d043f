"""LimeSurvey 6's RemoteControl 2 over JSON-RPC, after recorded answers of version 6.4.2.

Every failure but an unknown method is HTTP 200 with `{"status": …}` as the result. Results of exports are base64.
Times are the server's own, without an offset.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sandbox.contacts import Contact, Person
from sandbox.credentials import (
    LIMESURVEY_CLOSED_SURVEY_ID,
    LIMESURVEY_COMMENT_QUESTION,
    LIMESURVEY_CRM_ATTRIBUTE,
    LIMESURVEY_NPS_QUESTION,
    LIMESURVEY_PASSWORD,
    LIMESURVEY_PHONE_ATTRIBUTE,
    LIMESURVEY_SURVEY_ID,
    LIMESURVEY_TIME_ZONE,
    LIMESURVEY_USER,
)
from sandbox.population import Population, stable_uuid
from sandbox.vendor import Clock, Memo, Vendor, json_answer, retry_headers, same

Row = dict[str, Any]

SESSION_LIFETIME = timedelta(hours=2)
HEADERS = {"cache-control": "no-store, no-cache, must-revalidate"}
PAGE = '\n\n<!DOCTYPE html>\n<html lang="en" dir="ltr"><head><title>500: Internal Server Error</title></head></html>'
SURVEYS = {LIMESURVEY_SURVEY_ID: ("NPS", "Y"), LIMESURVEY_CLOSED_SURVEY_ID: ("Fiera 2024", "N")}
QUESTIONS = (
    (1, LIMESURVEY_NPS_QUESTION, "N", "numerical", "Quanto ci consiglieresti?"),
    (2, LIMESURVEY_COMMENT_QUESTION, "T", "longfreetext", "Perché?"),
)
OWN_COLUMNS = ("tid", "token", "firstname", "lastname", "email")


class Failed(Exception):
    """The call ends with this status text, and HTTP 200."""


class Broken(Exception):
    """The call ends in the server's error page, and HTTP 500, as one with a parameter of the wrong kind does."""


class Call(msgspec.Struct):
    method: str
    params: list[Any]
    id: Any = None


class LimeSurvey(Vendor):
    name = "limesurvey"

    def __init__(self, population: Population, clock: Clock) -> None:
        super().__init__(population, clock)
        self._zone = ZoneInfo(LIMESURVEY_TIME_ZONE)
        self._sessions: dict[str, datetime] = {}
        self._sessions_opened = 0
        self._people = {_token(person): person for person in self.people()}
        self._memo = Memo()

    def routes(self) -> Sequence[Route]:
        return [Route("/index.php/admin/remotecontrol", self.remote_control, methods=["POST"])]

    def refusal(self, request: Request) -> Response | None:
        return None  # the session key is a parameter of each call

    def failure(self, status: int, retry_after: int | None) -> Response:
        return HTMLResponse(PAGE, status, {**HEADERS, **retry_headers(retry_after)})

    async def remote_control(self, request: Request) -> Response:
        try:
            call = msgspec.json.decode(await request.body(), type=Call)
            result = self._dispatch(call)
        except Failed as failed:
            result = {"status": str(failed)}
        except (ValueError, Broken):
            return self.failure(500, None)
        return json_answer({"id": call.id, "result": result, "error": None}, headers=HEADERS)

    def _dispatch(self, call: Call) -> Any:
        if call.method == "get_session_key":
            return self.get_session_key(*_filled(call.params, 2))
        methods: dict[str, tuple[int, Callable[..., Any]]] = {
            "release_session_key": (0, self.release_session_key),
            "list_surveys": (0, self.list_surveys),
            "list_participants": (6, self.list_participants),
            "list_questions": (1, self.list_questions),
            "get_fieldmap": (1, self.get_fieldmap),
            "get_summary": (2, self.get_summary),
            "get_response_ids": (2, self.get_response_ids),
            "export_responses": (8, self.export_responses),
            "export_responses_by_token": (6, self.export_responses_by_token),
        }
        if call.method not in methods:
            raise Broken
        count, method = methods[call.method]
        key, *params = _filled(call.params, count + 1)
        issued = self._sessions.get(str(key))
        if issued is None or self.clock() - issued > SESSION_LIFETIME:
            raise Failed("Invalid session key")
        if call.method == "release_session_key":
            params = [key]
        return method(*params)

    # Sessions

    def get_session_key(self, user: object, password: object) -> str:
        if not (same(str(user), LIMESURVEY_USER) and same(str(password), LIMESURVEY_PASSWORD)):
            raise Failed("Invalid user name or password")
        now = self.clock()
        self._sessions = {key: at for key, at in self._sessions.items() if now - at <= SESSION_LIFETIME}
        self._sessions_opened += 1
        key = stable_uuid("limesurvey session", self._sessions_opened).replace("-", "")
        self._sessions[key] = now
        return key

    def release_session_key(self, key: str) -> str:
        del self._sessions[key]
        return "OK"

    # Surveys

    def list_surveys(self) -> list[Row]:
        return [
            {"sid": sid, "surveyls_title": title, "startdate": None, "expires": None, "active": active}
            for sid, (title, active) in SURVEYS.items()
        ]

    def _survey(self, sid: object) -> int:
        if str(sid) not in map(str, SURVEYS):
            raise Failed("Error: Invalid survey ID")
        return int(str(sid))

    def list_questions(self, sid: object) -> list[Row]:
        number = self._survey(sid)
        return [
            {
                "id": qid,
                "question": text,
                "help": "",
                "language": "it",
                "qid": qid,
                "parent_qid": 0,
                "sid": number,
                "type": kind,
                "title": code,
                "preg": None,
                "other": "N",
                "mandatory": "N",
                "encrypted": "N",
                "question_order": qid + 1,
                "scale_id": 0,
                "same_default": 0,
                "question_theme_name": theme,
                "modulename": None,
                "gid": 1,
                "relevance": "1",
                "same_script": 0,
            }
            for qid, code, kind, theme, text in QUESTIONS
        ]

    def get_fieldmap(self, sid: object) -> dict[str, Row]:
        number = self._survey(sid)
        titles = {
            "id": "Response ID",
            "submitdate": "Date submitted",
            "lastpage": "Last page",
            "startlanguage": "Start language",
            "seed": "Seed",
            "token": "Access code",
            "startdate": "Date started",
            "datestamp": "Date last action",
        }
        fields: dict[str, Row] = {
            name: {
                **{"fieldname": name, "sid": number, "type": name, "gid": "", "qid": "", "aid": "", "title": ""},
                **{"question": title, "group_name": ""},
            }
            for name, title in titles.items()
        }
        for qid, code, kind, _, text in QUESTIONS:
            name = f"{number}X1X{qid}"
            fields[name] = {
                **{"fieldname": name, "type": kind, "sid": number, "gid": 1, "qid": qid, "aid": ""},
                **{"title": code, "question": text, "group_name": "G1", "mandatory": "N", "encrypted": "N"},
                **{"hasconditions": "N", "usedinconditions": "N", "questionSeq": qid - 1, "groupSeq": 0},
                **{"relevance": "1", "grelevance": None, "preg": None, "other": "N", "help": ""},
            }
        return fields

    def get_summary(self, sid: object, stat: object) -> Row | int:
        self._active(sid)
        answers = [answer for person in self.people() for answer in self.contacts(person)]
        complete = sum(answer.status == "completed" for answer in answers)
        summary = {
            "token_count": len(self._people),
            "token_invalid": 0,
            "token_sent": len(self._people),
            "token_opted_out": 0,
            "token_completed": 0,
            "token_screenout": 0,
            "completed_responses": complete,
            "incomplete_responses": len(answers) - complete,
            "full_responses": len(answers),
        }
        if stat not in (None, "all") and stat not in summary:
            raise Failed("Invalid summary key")
        return summary if stat in (None, "all") else summary[str(stat)]

    # Participants

    def list_participants(
        self, sid: object, start: object, limit: object, unused: object, attributes: object, conditions: object
    ) -> list[Row]:
        """Conditions are exact; on an attribute, `["LIKE", …]` finds nobody. A column there is not breaks the call."""
        if self._survey(sid) != LIMESURVEY_SURVEY_ID:
            raise Failed("Error: No survey participants table")
        wanted = conditions if isinstance(conditions, dict) else {}
        first, count = int(str(start or 0)), int(str(limit or 10))
        held = ((person, self._columns(person)) for person in self.people())
        found = [
            person for person, row in held if all(_holds(row, name, condition) for name, condition in wanted.items())
        ]
        if unused:
            found = [person for person in found if not self.contacts(person)]
        page = found[first : first + count]
        if not page:
            raise Failed("No survey participants found.")
        asked = [str(name) for name in attributes] if isinstance(attributes, list) else []
        return [self._participant(self.told(person), asked) for person in page]

    def _columns(self, person: Person) -> dict[str, str]:
        held = self.population.held(person, self.name)
        return {
            "tid": str(person.number),
            "token": _token(person),
            "firstname": person.given_name,
            "lastname": person.family_name,
            "email": next(iter(held.emails), ""),
            "language": person.language,
            "completed": "N",
            "usesleft": "1",
            LIMESURVEY_PHONE_ATTRIBUTE: next((phone for phone, _ in held.phones), ""),
            LIMESURVEY_CRM_ATTRIBUTE: held.crm_id or "",
        }

    def _participant(self, person: Person, attributes: Iterable[str]) -> Row:
        columns = self._columns(person)
        return {
            "tid": person.number,
            "token": columns["token"],
            "participant_info": {name: columns[name] for name in ("firstname", "lastname", "email")},
            **{name: columns[name] for name in attributes if name in columns and name not in OWN_COLUMNS},
        }

    # Responses

    def _active(self, sid: object) -> None:
        if self._survey(sid) != LIMESURVEY_SURVEY_ID:
            raise Failed("No Data, survey table does not exist.")

    def get_response_ids(self, sid: object, token: object) -> list[int]:
        self._active(sid)
        return [answer.number for answer in self._answers_of(str(token))]

    def _answers_of(self, token: str) -> list[Contact]:
        """Oldest first. A list of tokens is no token."""
        person = self._people.get(token)
        return list(reversed(self.contacts(person))) if person else []

    def export_responses_by_token(
        self, sid: object, kind: object, token: object, language: object, completion: object, heading: object
    ) -> str:
        self._active(sid)
        found = _completed(self._answers_of(str(token)), completion)
        if not found:
            raise Failed("No Response found for Token")
        return self._exported(found, kind, language, heading)

    def export_responses(
        self,
        sid: object,
        kind: object,
        language: object,
        completion: object,
        heading: object,
        response_type: object,
        from_id: object,
        to_id: object,
    ) -> str:
        """The window is of response ids, both ends included; rows come in the order of ids."""
        self._active(sid)
        least, most = int(str(from_id or 0)), int(str(to_id)) if to_id else None
        answers = (answer for person in self.people() for answer in self.contacts(person))
        found = _completed(sorted(answers, key=lambda answer: answer.number), completion)
        found = [answer for answer in found if answer.number >= least and (most is None or answer.number <= most)]
        if not found:
            raise Failed("No Data, could not get max id.")
        return self._exported(found, kind, language, heading)

    def _exported(self, answers: Iterable[Contact], kind: object, language: object, heading: object) -> str:
        if kind != "json":
            raise Failed("Unsupported document type")
        as_text, headings = language is None, str(heading)
        rows = [
            self._memo.row((answer.number, as_text, headings), partial(self._response, answer, as_text, headings))
            for answer in answers
        ]
        return base64.b64encode(msgspec.json.encode({"responses": rows})).decode()

    def _response(self, answer: Contact, as_text: bool, heading: str) -> Row:
        finished = answer.status == "completed"
        values = {
            LIMESURVEY_NPS_QUESTION: "" if answer.nps_score is None else str(answer.nps_score),
            LIMESURVEY_COMMENT_QUESTION: answer.nps_comment or "",
        }
        texts = {code: text for _, code, _, _, text in QUESTIONS} if heading == "full" else {}
        row = {
            "id": answer.number,
            "submitdate": self._local(answer.last_activity_at) if finished else None,
            "lastpage": 1 if finished else 0,
            "startlanguage": answer.person.language,
            "seed": "",
            "token": _token(answer.person),
            "startdate": self._local(answer.started_at),
            "datestamp": self._local(answer.last_activity_at),
            **{texts.get(code, code): value for code, value in values.items()},
        }
        return {name: str(value) if as_text and value is not None else value for name, value in row.items()}

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")


def _token(person: Person) -> str:
    return f"tok{person.number:05}"


def _filled(params: Sequence[Any], count: int) -> list[Any]:
    """Positional parameters, null for those at the end that were left out; further ones are not read."""
    return [*params[:count], *[None] * (count - len(params))]


def _completed(answers: list[Contact], completion: object) -> list[Contact]:
    if completion in (None, "all"):
        return answers
    return [answer for answer in answers if (answer.status == "completed") == (completion == "complete")]


def _holds(row: dict[str, str], name: str, condition: object) -> bool:
    if name not in row:
        raise Broken
    if isinstance(condition, list):
        if len(condition) != 2 or str(condition[0]).upper() != "LIKE" or name.startswith("attribute_"):
            return False
        return fnmatchcase(row[name].lower(), str(condition[1]).lower().replace("%", "*"))
    return row[name] == str(condition)
