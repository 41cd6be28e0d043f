"""Amazon Connect: contacts searched by an attribute, described one by one. A transfer is a contact of its own.

Callers sign each request (Signature Version 4), and a wrong signature is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.company import AGENTS, QUEUES, Agent, Queue, stable_uuid
from sandbox.contacts import Contact, Stretch
from sandbox.credentials import (
    CONNECT_ACCESS_KEY,
    CONNECT_INSTANCE_ID,
    CONNECT_PHONE_ATTRIBUTE,
    CONNECT_REGION,
    CONNECT_SECRET_KEY,
)
from sandbox.vendor import Vendor, first_with, json_answer, retry_headers, same, tells_foreign_rows

LONGEST_RANGE_SECONDS = 56 * 86_400
MOST_A_PAGE = 100
CHANNELS = {"voice": "VOICE", "callback": "VOICE", "web_messaging": "CHAT"}
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/connect/aws4_request, "
    r"SignedHeaders=([\w;-]+), Signature=(\w{64})"
)
_ID = re.compile(r"c0([0-9a-f]{6})-0000-4000-8000-([0-9a-f]{12})")
ARN = f"arn:aws:connect:{CONNECT_REGION}:123456789012:instance/{CONNECT_INSTANCE_ID}"


class _Refused(Exception):
    """By the name of the vendor's exception."""


@dataclass(frozen=True, slots=True)
class Part:
    """One contact of Connect's: a queue and perhaps its agent. `place` 0 is what it all began with."""

    contact: Contact
    place: int
    queue: Queue | None
    agent: Agent | None
    started_at: datetime
    connected_at: datetime | None
    ended_at: datetime | None

    @property
    def id(self) -> str:
        return f"c0{self.place:06x}-0000-4000-8000-{self.contact.number:012x}"

    @property
    def first_id(self) -> str:
        return f"c0{0:06x}-0000-4000-8000-{self.contact.number:012x}"


class AmazonConnect(Vendor):
    name = "amazon_connect"
    plays = "genesys_cloud"

    def routes(self) -> Sequence[Route]:
        one: dict[str, Callable[[Request], Any]] = {
            "/contacts/{instance}/{id}": self.describe_contact,
            "/contact/attributes/{instance}/{id}": self.attributes,
            "/queues/{instance}/{id}": self.describe_queue,
            "/users/{instance}/{id}": self.describe_user,
        }
        gets = [Route(path, self._answering(handler)) for path, handler in one.items()]
        return [Route("/search-contacts", self.search, methods=["POST"]), *gets]

    def refusal(self, request: Request) -> Response | None:
        """The body is not known yet: it is in the signature that `search` looks at again."""
        given = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
        if given is None:
            return _error(403, "MissingAuthenticationTokenException")
        key, day, region, _, _ = given.groups()
        stamp = request.headers.get("x-amz-date", "")
        if key != CONNECT_ACCESS_KEY or region != CONNECT_REGION or not stamp.startswith(day):
            return _error(403, "UnrecognizedClientException")
        if request.method == "GET" and not _is_signed(request, b""):
            return _error(403, "InvalidSignatureException")
        return None

    def failure(self, status: int, retry_after: int | None) -> Response:
        name = "TooManyRequestsException" if status == 429 else "InternalServiceException"
        return _error(status, name, retry_headers(retry_after))

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            known = request.path_params["instance"] == CONNECT_INSTANCE_ID
            found = handler(request) if known else None
            return _error(404, "ResourceNotFoundException") if found is None else json_answer(found)

        return answer

    def describe_contact(self, request: Request) -> Any:
        part = self._part(request.path_params["id"])
        return None if part is None else {"Contact": _described(part)}

    def attributes(self, request: Request) -> Any:
        part = self._part(request.path_params["id"])
        return None if part is None else {"Attributes": {CONNECT_PHONE_ATTRIBUTE: number_of(part.contact)}}

    def describe_queue(self, request: Request) -> Any:
        queue = first_with(QUEUES, lambda queue: queue_id(queue) == request.path_params["id"])
        return (
            None if queue is None else {"Queue": {"QueueId": queue_id(queue), "Name": queue.name, "Status": "ENABLED"}}
        )

    def describe_user(self, request: Request) -> Any:
        agent = first_with(AGENTS, lambda agent: user_id(agent) == request.path_params["id"])
        if agent is None:
            return None
        identity = {"FirstName": agent.given_name, "LastName": agent.family_name, "Email": agent.email}
        return {"User": {"Id": user_id(agent), "Username": agent.email, "IdentityInfo": identity}}

    async def search(self, request: Request) -> Response:
        content = await request.body()
        if not _is_signed(request, content):
            return _error(403, "InvalidSignatureException")
        try:
            return json_answer(self._search(json.loads(content)))
        except (_Refused, ValueError, KeyError, TypeError):
            return _error(400, "InvalidRequestException")

    def _search(self, asked: dict[str, Any]) -> dict[str, Any]:
        times, size = asked["TimeRange"], asked.get("MaxResults", 100)
        start, end = (datetime.fromtimestamp(times[name], UTC) for name in ("StartTime", "EndTime"))
        if asked["InstanceId"] != CONNECT_INSTANCE_ID or times["Type"] != "INITIATION_TIMESTAMP":
            raise _Refused
        if not 0 <= (end - start).total_seconds() <= LONGEST_RANGE_SECONDS or not 1 <= size <= MOST_A_PAGE:
            raise _Refused
        criteria = asked["SearchCriteria"]["SearchableContactAttributes"]["Criteria"]
        values = {v for one in criteria if one["Key"] == CONNECT_PHONE_ATTRIBUTE for v in one["Values"]}
        found = [part for part in self._parts_of(values) if start <= part.started_at <= end]
        newest = asked.get("Sort", {}).get("Order") != "ASCENDING"
        found.sort(key=lambda part: (part.started_at, part.id), reverse=newest)
        begin = int(asked.get("NextToken", "0"))
        more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
        return {
            "Contacts": [_summary(part) for part in found[begin : begin + size]],
            "TotalCount": len(found),
            **more,
        }

    def _parts_of(self, numbers: set[str]) -> list[Part]:
        people = {p.number: p for number in numbers for p in self.population.holders(self.part, number)}
        contacts = (contact for person in people.values() for contact in self.contacts(person))
        foreign = tells_foreign_rows.get()
        return [
            part
            for contact in contacts
            if contact.channel in CHANNELS and (foreign or number_of(contact) in numbers)
            for part in parts_of(contact)
        ]

    def _part(self, id_: str) -> Part | None:
        spelled = _ID.fullmatch(id_)
        contact = self.contact(int(spelled[2], 16)) if spelled else None
        if spelled is None or contact is None or contact.channel not in CHANNELS:
            return None
        return first_with(parts_of(contact), lambda part: part.place == int(spelled[1], 16))


def parts_of(contact: Contact) -> list[Part]:
    """A queue and the agent that follows it are one; without either it is what a flow alone did."""
    if not contact.stretches:
        return [Part(contact, 0, None, None, contact.started_at, None, contact.ended_at)]
    pairs: list[list[Stretch]] = []
    for stretch in contact.stretches:
        if stretch.agent is None or not pairs:
            pairs.append([])
        pairs[-1].append(stretch)
    parts = []
    for place, pair in enumerate(pairs):
        met = next((stretch for stretch in pair if stretch.agent is not None), None)
        started_at = contact.started_at if place == 0 else pair[0].start
        agent, connected = (met.agent, met.start) if met else (None, None)
        parts.append(Part(contact, place, pair[0].queue, agent, started_at, connected, pair[-1].end))
    return parts


def number_of(contact: Contact) -> str:
    return contact.address if contact.address.startswith("+") else contact.person.phones[0][0]


def queue_id(queue: Queue) -> str:
    return stable_uuid("connect", "queue", queue.number)


def user_id(agent: Agent) -> str:
    return stable_uuid("connect", "user", agent.number)


def _summary(part: Part) -> dict[str, Any]:
    contact = part.contact
    first = {"inbound": "INBOUND", "outbound": "OUTBOUND"}[contact.direction]
    if contact.channel == "callback":
        first = "CALLBACK"
    elif contact.channel == "web_messaging":
        first = "API"
    told: dict[str, Any] = {
        "Arn": f"{ARN}/contact/{part.id}",
        "Id": part.id,
        "InitiationMethod": first if part.place == 0 else "TRANSFER",
        "Channel": CHANNELS[contact.channel],
        "InitiationTimestamp": _seconds(part.started_at),
    }
    if part.place:
        told["InitialContactId"] = part.first_id
        told["PreviousContactId"] = f"c0{part.place - 1:06x}-0000-4000-8000-{contact.number:012x}"
    if part.queue is not None:
        told["QueueInfo"] = {"Id": queue_id(part.queue), "EnqueueTimestamp": _seconds(part.started_at)}
    if part.agent is not None and part.connected_at is not None:
        told["AgentInfo"] = {"Id": user_id(part.agent), "ConnectedToAgentTimestamp": _seconds(part.connected_at)}
    if part.ended_at is not None:
        told["DisconnectTimestamp"] = _seconds(part.ended_at)
    return told


def _described(part: Part) -> dict[str, Any]:
    contact = part.contact
    told = _summary(part)
    told["LastUpdateTimestamp"] = _seconds(part.ended_at or part.started_at)
    if CHANNELS[contact.channel] == "VOICE":
        told["CustomerEndpoint"] = {"Type": "TELEPHONE_NUMBER", "Address": number_of(contact)}
    if part.ended_at is not None:
        gave_up = contact.status == "abandoned"
        told["DisconnectReason"] = "CUSTOMER_DISCONNECT" if gave_up else "AGENT_DISCONNECT"
    return told


def _seconds(at: datetime) -> float:
    return at.timestamp()


def _is_signed(request: Request, content: bytes) -> bool:
    """Signature Version 4, worked out from what arrived."""
    given = _AUTHORIZATION.fullmatch(request.headers["authorization"])
    assert given is not None
    _, day, region, names, signature = given.groups()
    path = request.scope.get("raw_path", b"").decode() or request.scope["path"]
    fields = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names.split(";"))
    canonical = [request.method, quote(path.partition("?")[0], safe="/-_.~"), "", fields, names]
    digest = hashlib.sha256("\n".join([*canonical, hashlib.sha256(content).hexdigest()]).encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{request.headers['x-amz-date']}\n{day}/{region}/connect/aws4_request\n{digest}"
    key = b"AWS4" + CONNECT_SECRET_KEY.encode()
    for word in (day, region, "connect", "aws4_request"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return same(signature, hmac.new(key, text.encode(), hashlib.sha256).hexdigest())


def _error(status: int, name: str, headers: dict[str, str] | None = None) -> Response:
    return json_answer({"message": name}, status, {**(headers or {}), "x-amzn-errortype": name})
