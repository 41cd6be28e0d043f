"""Twilio, API 2010-04-01: the messages of one account, over WhatsApp and SMS.

A thread is not a thing here: each turn of a talk is a message of its own, and a customer's messages are found by asking
for those from the customer's address and for those to it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.contacts import Contact, Person, Turn
from sandbox.credentials import TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_NUMBER
from sandbox.vendor import Vendor, json_answer, tells_foreign_rows
from sandbox.vendors.twilio_http import (
    API,
    Refused,
    error_answer,
    failure_of,
    gmt_day,
    midnight,
    missing,
    not_found,
    page_frame,
    page_size,
    refusal_of,
    rfc_2822,
    whole,
)

LONGEST_TALK = timedelta(days=1)
"""No talk lasts longer, so a day's messages belong to contacts that began at most this much earlier."""

_SID = re.compile(r"SM[0-9a-f]{18}([0-9a-f]{12})([0-9a-f]{2})")
_UNDELIVERABLE = (63016, "Failed to send freeform message because you are outside the allowed window.")


@dataclass(frozen=True, slots=True)
class _Message:
    """One turn that customers may see, as a row; `index` is its place among those of its contact."""

    contact: Contact
    index: int
    turn: Turn

    @property
    def key(self) -> tuple[datetime, int, int]:
        """The list's order, turned round: newest first is greatest first."""
        return self.turn.at.replace(microsecond=0), self.contact.number, self.index

    @property
    def inbound(self) -> bool:
        return self.turn.party == "customer"

    @property
    def sid(self) -> str:
        place = f"{self.contact.number:012x}{self.index:02x}"
        return f"SM{hashlib.sha256(place.encode()).hexdigest()[:18]}{place}"

    @property
    def sent_at(self) -> datetime | None:
        return None if self.contact.status == "queued" and not self.inbound else self.key[0]

    def addresses(self) -> tuple[str, str]:
        """From and to."""
        prefix = "whatsapp:" if self.contact.channel == "whatsapp" else ""
        customer, company = prefix + self.contact.address, prefix + TWILIO_NUMBER
        return (customer, company) if self.inbound else (company, customer)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The filters of a list. `first` and `last`: whole GMT days, both included."""

    sender: str | None
    receiver: str | None
    first: date | None
    last: date | None

    def holds(self, message: _Message) -> bool:
        sent_at = message.sent_at
        if self.first is not None and (sent_at is None or sent_at.date() < self.first):
            return False
        if self.last is not None and (sent_at is None or sent_at.date() > self.last):
            return False
        if tells_foreign_rows.get():
            return self._direction() in (None, message.inbound)
        sender, receiver = message.addresses()
        return self.sender in (None, sender) and self.receiver in (None, receiver)

    def customer(self) -> str | None:
        """The address that is not the company's, without its channel."""
        asked = (address.removeprefix("whatsapp:") for address in (self.sender, self.receiver) if address)
        return next((address for address in asked if address != TWILIO_NUMBER), None)

    def _direction(self) -> bool | None:
        customer = self.customer()
        if customer is None:
            return None
        return self.sender is not None and self.sender.removeprefix("whatsapp:") == customer


class TwilioMessages(Vendor):
    name = "twilio_messages"

    def routes(self) -> Sequence[BaseRoute]:
        messages = f"{API}/Accounts/{{account}}/Messages"
        return (
            Route(f"{API}/Accounts/{{account}}.json", self.account),
            Route(f"{messages}.json", self.list_messages),
            Route(f"{messages}/{{sid}}/Media.json", self.list_media),
            Route(f"{messages}/{{sid}}.json", self.fetch_message),
            Route("/{path:path}", not_found),
        )

    def refusal(self, request: Request) -> Response | None:
        return refusal_of(request)

    def failure(self, status: int, retry_after: int | None) -> Response:
        return failure_of(status, retry_after)

    async def account(self, request: Request) -> Response:
        made_at = min(person.known_since for person in self.people())
        uri = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}"
        return json_answer(
            {
                "auth_token": TWILIO_AUTH_TOKEN,
                "date_created": rfc_2822(made_at),
                "date_updated": rfc_2822(made_at),
                "friendly_name": "Contact centre",
                "owner_account_sid": TWILIO_ACCOUNT_SID,
                "sid": TWILIO_ACCOUNT_SID,
                "status": "active",
                "subresource_uris": {"messages": f"{uri}/Messages.json"},
                "type": "Full",
                "uri": f"{uri}.json",
            }
        )

    async def fetch_message(self, request: Request) -> Response:
        message = self._message(request.path_params["sid"])
        return missing(request) if message is None else json_answer(_row(message))

    async def list_media(self, request: Request) -> Response:
        """Always empty: nobody here sends pictures."""
        message = self._message(request.path_params["sid"])
        if message is None:
            return missing(request)
        path = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}/Messages/{message.sid}/Media.json"
        try:
            size = page_size(request)
        except Refused as error:
            return error_answer(400, error.code, str(error))
        return json_answer({"media_list": [], **page_frame(path, {}, size, 0, None, 0, None, None)})

    async def list_messages(self, request: Request) -> Response:
        """Newest first. Unknown parameters are ignored."""
        try:
            return json_answer(self._list(request))
        except Refused as error:
            return error_answer(400, error.code, str(error))

    def _list(self, request: Request) -> dict[str, object]:
        params = request.query_params
        asked, size, page = _asked(request), page_size(request), whole(request, "Page", 0, 0)
        token = params.get("PageToken")
        rows, more_before, more_after = self._read(asked, size, token)
        filters = {name: params[name] for name in ("To", "From", *_DATES) if params.get(name)}
        path = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}/Messages.json"
        following = f"PA{rows[-1].sid}" if more_after else None
        previous = f"PB{rows[0].sid}" if more_before else None
        return {
            "messages": [_row(message) for message in rows],
            **page_frame(path, filters, size, page, token, len(rows), following, previous),
        }

    def _read(self, asked: _Asked, size: int, token: str | None) -> tuple[list[_Message], bool, bool]:
        """A page, and whether there are newer and older messages. `PA…` continues after a message, `PB…` before it."""
        if not token:
            rows = list(islice(self._stream(asked, None, newest_first=True), size + 1))
            return rows[:size], False, len(rows) > size
        beside = self._message(token[2:])
        if beside is None or token[:2] not in ("PA", "PB"):
            raise Refused(20001, "Invalid page token")
        newest_first = token[:2] == "PA"
        rows = list(islice(self._stream(asked, beside, newest_first=newest_first), size + 1))
        shown, more = rows[:size], len(rows) > size
        return (shown, bool(shown), more) if newest_first else (shown[::-1], more, bool(shown))

    def _stream(self, asked: _Asked, beside: _Message | None, *, newest_first: bool) -> Iterator[_Message]:
        """Messages that fit, from one end or from beside a message on, made as they are read."""
        customer = asked.customer()
        people: Iterable[Person] = self.people() if customer is None else self.population.holders(self.name, customer)
        told = (self._of_person(person, asked, beside, newest_first) for person in people)
        for message in merge(*told, key=lambda message: message.key, reverse=newest_first):
            passed = beside is None or (message.key < beside.key if newest_first else message.key > beside.key)
            if passed and asked.holds(message):
                yield message

    def _of_person(
        self, person: Person, asked: _Asked, beside: _Message | None, newest_first: bool
    ) -> Iterator[_Message]:
        start = None if asked.first is None else midnight(asked.first) - LONGEST_TALK
        end = None if asked.last is None else midnight(asked.last) + timedelta(days=1)
        if beside is not None and newest_first:
            turn = beside.key[0] + timedelta(seconds=1)
            end = turn if end is None else min(end, turn)
        elif beside is not None:
            turn = beside.key[0] - LONGEST_TALK
            start = turn if start is None else max(start, turn)
        log = self.contacts(person)
        positions = log.window(start, end)
        for position in positions if newest_first else reversed(positions):
            messages = _messages(log[position])
            yield from reversed(messages) if newest_first else messages

    def _message(self, sid: str) -> _Message | None:
        spelled = _SID.fullmatch(sid)
        contact = self.contact(int(spelled[1], 16)) if spelled else None
        if spelled is None or contact is None:
            return None
        return next((message for message in _messages(contact) if message.sid == sid), None)


def _messages(contact: Contact) -> list[_Message]:
    shown = (turn for turn in contact.texts if not turn.private)
    return [_Message(contact, index, turn) for index, turn in enumerate(shown)]


def _row(message: _Message) -> dict[str, Any]:
    sender, receiver = message.addresses()
    status, (error_code, error_message) = _status(message)
    uri = f"{API}/Accounts/{TWILIO_ACCOUNT_SID}/Messages/{message.sid}"
    created_at = message.key[0]
    sent_at = message.sent_at
    billed = not message.inbound and sent_at is not None and error_code is None
    return {
        "account_sid": TWILIO_ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": message.turn.text,
        "date_created": rfc_2822(created_at),
        "date_sent": None if sent_at is None else rfc_2822(sent_at),
        "date_updated": rfc_2822(created_at),
        "direction": "inbound" if message.inbound else "outbound-api",
        "error_code": error_code,
        "error_message": error_message,
        "from": sender,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": "-0.00500" if billed else None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": receiver,
        "uri": f"{uri}.json",
    }


def _status(message: _Message) -> tuple[str, tuple[int | None, str | None]]:
    if message.inbound:
        return "received", (None, None)
    if message.contact.status == "failed":
        return "failed", _UNDELIVERABLE
    if message.sent_at is None:
        return "queued", (None, None)
    answered = any(turn.party == "customer" and turn.at > message.turn.at for turn in message.contact.texts)
    read = answered and message.contact.channel == "whatsapp"
    return "read" if read else "delivered", (None, None)


_DATES = ("DateSent", "DateSent<", "DateSent>")


def _asked(request: Request) -> _Asked:
    """`DateSent>=2026-01-01` is the parameter `DateSent>`; its day is included, as that of `DateSent<` is."""
    exact, last, first = (gmt_day(name, request.query_params.get(name)) for name in _DATES)
    if exact is not None:
        first = exact if first is None else max(first, exact)
        last = exact if last is None else min(last, exact)
    return _Asked(request.query_params.get("From") or None, request.query_params.get("To") or None, first, last)
