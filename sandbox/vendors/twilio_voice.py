"""Twilio, API 2010-04-01: the calls of one account. A call that reached an agent has a leg that it dialled, a child."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contacts import Contact, Person, Stretch
from sandbox.credentials import TWILIO_ACCOUNT_SID, TWILIO_VOICE_NUMBER
from sandbox.vendor import Vendor, json_answer, tells_foreign_rows
from sandbox.vendors.twilio_http import (
    API,
    Refused,
    error_answer,
    failure_of,
    gmt_day,
    missing,
    not_found,
    page_frame,
    page_size,
    refusal_of,
    rfc_2822,
    whole,
)

CALLS = ("voice", "callback")
_SID = re.compile(r"CA[0-9a-f]{18}([0-9a-f]{12})([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class _Call:
    """`place` 0: the customer's leg; from 1: the agents'."""

    contact: Contact
    place: int = 0

    @property
    def sid(self) -> str:
        place = f"{self.contact.number:012x}{self.place:02x}"
        return f"CA{hashlib.sha256(place.encode()).hexdigest()[:18]}{place}"

    @property
    def stretch(self) -> Stretch | None:
        return _talks(self.contact)[self.place - 1] if self.place else None

    @property
    def started_at(self) -> datetime:
        return (self.stretch.start if self.stretch else self.contact.started_at).replace(microsecond=0)

    @property
    def ended_at(self) -> datetime | None:
        end = self.stretch.end if self.stretch else self.contact.ended_at
        return None if end is None else end.replace(microsecond=0)

    @property
    def key(self) -> tuple[datetime, int, int]:
        return self.started_at, self.contact.number, self.place

    def addresses(self) -> tuple[str, str]:
        """From and to. An agent's phone shows the customer's number."""
        contact = self.contact
        if self.stretch is not None and self.stretch.agent is not None:
            own = contact.address if contact.direction == "inbound" else TWILIO_VOICE_NUMBER
            return own, client_of(self.stretch)
        customer, company = contact.address, TWILIO_VOICE_NUMBER
        return (customer, company) if contact.direction == "inbound" else (company, customer)


class TwilioVoice(Vendor):
    name = "twilio_voice"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[BaseRoute]:
        calls = f"{API}/Accounts/{{account}}/Calls"
        return (
            Route(f"{calls}.json", self.list_calls),
            Route(f"{calls}/{{sid}}.json", self.fetch_call),
            Route("/{path:path}", not_found),
        )

    def refusal(self, request: Request) -> Response | None:
        return refusal_of(request)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return failure_of(status, retry_after)

    async def fetch_call(self, request: Request) -> Response:
        call = self._call(request.path_params["sid"])
        return missing(request) if call is None else json_answer(_row(call))

    async def list_calls(self, request: Request) -> Response:
        """Newest first. Unknown parameters are ignored."""
        try:
            return json_answer(self._list(request))
        except Refused as error:
            return error_answer(400, error.code, str(error))

    def _list(self, request: Request) -> dict[str, object]:
        params = request.query_params
        size, page, token = page_size(request), whole(request, "Page", 0, 0), params.get("PageToken")
        after = self._call(token[2:]) if token else None
        if token and after is None:
            raise Refused(20001, "Invalid page token")
        rows = list(islice(self._found(request, after), size + 1))
        shown = rows[:size]
        names = ("To", "From", "ParentCallSid", "Status", "StartTime", "StartTime<", "StartTime>")
        filters = {name: params[name] for name in names if params.get(name)}
        path = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}/Calls.json"
        following = f"PA{shown[-1].sid}" if len(rows) > size else None
        frame = page_frame(path, filters, size, page, token, len(shown), following, None)
        return {"calls": [_row(call) for call in shown], **frame}

    def _found(self, request: Request, after: _Call | None) -> Iterator[_Call]:
        params = request.query_params
        exact, last, first = (gmt_day(name, params.get(name)) for name in ("StartTime", "StartTime<", "StartTime>"))
        foreign = tells_foreign_rows.get()
        for call in self._newest_first(params.get("ParentCallSid"), params.get("From"), params.get("To")):
            sender, receiver = call.addresses()
            day = call.started_at.date()
            fits = (
                (foreign or params.get("From") in (None, "", sender))
                and (foreign or params.get("To") in (None, "", receiver))
                and params.get("Status") in (None, "", _status(call))
                and (exact is None or day == exact)
                and (last is None or day < last)
                and (first is None or day >= first)
                and (after is None or call.key < after.key)
            )
            if fits:
                yield call

    def _newest_first(self, parent: str | None, sender: str | None, receiver: str | None) -> list[_Call]:
        if parent:
            found = self._call(parent)
            return [call for call in _family(found.contact) if call.place] if found and not found.place else []
        asked = [address for address in (sender, receiver) if address and address != TWILIO_VOICE_NUMBER]
        people: Iterable[Person] = self.people()
        if asked:
            people = [person for address in asked for person in self.population.holders(self.part, address)]
        contacts = (contact for person in people for contact in self.contacts(person) if contact.channel in CALLS)
        calls = [call for contact in contacts for call in _family(contact)]
        return sorted(calls, key=lambda call: call.key, reverse=True)

    def _call(self, sid: str) -> _Call | None:
        spelled = _SID.fullmatch(sid)
        contact = self.contact(int(spelled[1], 16)) if spelled else None
        if spelled is None or contact is None or contact.channel not in CALLS:
            return None
        return next((call for call in _family(contact) if call.sid == sid), None)


def client_of(stretch: Stretch) -> str:
    assert stretch.agent is not None
    return f"client:{stretch.agent.given_name}.{stretch.agent.family_name}".lower()


def _talks(contact: Contact) -> list[Stretch]:
    return [stretch for stretch in contact.stretches if stretch.agent is not None]


def _family(contact: Contact) -> list[_Call]:
    return [_Call(contact, place) for place in range(len(_talks(contact)) + 1)]


def _status(call: _Call) -> str:
    if call.ended_at is None:
        return "in-progress"
    if call.place or _talks(call.contact):
        return "completed"
    return "canceled" if call.contact.direction == "inbound" else "no-answer"


def _row(call: _Call) -> dict[str, Any]:
    sender, receiver = call.addresses()
    status, ended_at = _status(call), call.ended_at
    answered = status in ("completed", "in-progress")
    seconds = int(((ended_at or call.started_at) - call.started_at) / timedelta(seconds=1))
    direction = "outbound-dial" if call.place else "inbound"
    if not call.place and call.contact.direction == "outbound":
        direction = "outbound-api"
    uri = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}/Calls/{call.sid}"
    created_at = rfc_2822(call.started_at)
    return {
        "account_sid": TWILIO_ACCOUNT_SID,
        "answered_by": None,
        "api_version": "2010-04-01",
        "caller_name": None,
        "date_created": created_at,
        "date_updated": rfc_2822(ended_at or call.started_at),
        "direction": direction,
        "duration": None if ended_at is None else str(seconds if answered else 0),
        "end_time": None if ended_at is None else rfc_2822(ended_at),
        "forwarded_from": None,
        "from": sender,
        "from_formatted": sender,
        "group_sid": None,
        "parent_call_sid": _Call(call.contact).sid if call.place else None,
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "queue_time": "0",
        "sid": call.sid,
        "start_time": created_at,
        "status": status,
        "subresource_uris": {"recordings": f"{uri}/Recordings.json"},
        "to": receiver,
        "to_formatted": receiver,
        "trunk_sid": None,
        "uri": f"{uri}.json",
    }
