"""Amazon Connect: contacts by a searchable attribute that holds the customer's number, each described on its own.

Source: Amazon Connect API Reference, SearchContacts, DescribeContact, GetContactAttributes. What it needs to be set up,
and what it cannot see: docs/connectors/amazon_connect.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx
import msgspec

from connectors.base import Capabilities, Fetched, Query, SourceConfig, VendorConnector
from connectors.deadline import Deadline
from connectors.http import Auth, segment
from connectors.identifiers import e164, external
from connectors.interaction import (
    Channel,
    HeldIdentifier,
    Identifier,
    IdentifierKind,
    Interaction,
    Record,
    SourceKind,
)
from connectors.mapping import Kept, decode_rows, together
from connectors.telephony.amazon_connect_mapping import Contact, Names, row_of
from connectors.telephony.aws_signature import Signer

T = TypeVar("T")

LONGEST_CHAIN = timedelta(days=1)
"""Between a contact and the last that it was transferred to."""

MOST_TRANSFERS = 20
MORE_CONTACTS = 5
"""Than calls that are wanted: some are transfers of others, and the last of a page is not certain yet."""

CONTACTS_KEPT_SECONDS = 3600.0
NAMES_KEPT_SECONDS = 3600.0
_ID = re.compile(r"[\w-]{1,256}", re.ASCII)
_PHONE = IdentifierKind.PHONE


class AmazonConnectCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`session_token`: of temporary keys alone."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


class AmazonConnectOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`phone_attribute`: the searchable contact attribute that flows write the number (E.164) to. `range_days`: the
    longest time that one search may span. `history_days`: how far back is asked. `site`: for links,
    `https://{name}.my.connect.aws`.
    """

    instance_id: str
    region: str
    phone_attribute: str
    range_days: int = 56
    history_days: int = 730
    site: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.range_days <= 366 or not self.range_days <= self.history_days <= 3660:
            raise ValueError("range_days is 1 to 366, and history_days as many or more")


class _Found(msgspec.Struct, rename="pascal"):
    contacts: list[msgspec.Raw]
    next_token: str | None = None


class _Described(msgspec.Struct, rename="pascal"):
    contact: Contact


class _Attributes(msgspec.Struct, rename="pascal"):
    attributes: dict[str, Any]


class _UserIdentity(msgspec.Struct, rename="pascal"):
    first_name: str | None = None
    last_name: str | None = None


class _User(msgspec.Struct, rename="pascal"):
    username: str | None = None
    identity_info: _UserIdentity | None = None


class _DescribedUser(msgspec.Struct, rename="pascal"):
    user: _User


class _Queue(msgspec.Struct, rename="pascal"):
    name: str | None = None


class _DescribedQueue(msgspec.Struct, rename="pascal"):
    queue: _Queue


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a read stands: a range, its next page, and the calls that were told already."""

    start: datetime
    end: datetime
    token: str | None = None
    told: frozenset[str] = frozenset()


class AmazonConnect(VendorConnector):
    vendor = "amazon_connect"
    kind = SourceKind.TELEPHONY
    channels = frozenset(
        {
            Channel.VOICE,
            Channel.CALLBACK,
            Channel.CHAT,
            Channel.SMS,
            Channel.WHATSAPP,
            Channel.EMAIL,
            Channel.OTHER,
        }
    )
    Credentials = AmazonConnectCredentials
    Options = AmazonConnectOptions
    capabilities = Capabilities(
        seek=True,
        ascending=False,
        finds_by=frozenset({IdentifierKind.PHONE, IdentifierKind.EXTERNAL_ID}),
        order_guaranteed=False,
        page_cap=20,
        live_state=True,
        history_days=730,
        cannot_see=(
            "contacts whose flow did not write the number to the searchable attribute, what was said or written, "
            "and wrap-up codes"
        ),
    )

    def __init__(
        self,
        config: SourceConfig,
        transport: httpx.AsyncBaseTransport,
        utc_now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(config, transport, utc_now)
        known, options = self.credentials, self.options
        self._signer = Signer(
            known.access_key_id, known.secret_access_key, options.region, "connect", known.session_token
        )
        self._instance = segment(options.instance_id)
        self._site = options.site.rstrip("/") if options.site else None
        self._ended: Kept[str, Contact | None] = Kept(CONTACTS_KEPT_SECONDS, 5000)
        self._numbers: Kept[str, str | None] = Kept(CONTACTS_KEPT_SECONDS, 5000)
        self._names: Kept[tuple[str, str], str] = Kept(NAMES_KEPT_SECONDS)

    def auth(self) -> Auth | None:
        """Each request is signed as a whole, which a header alone cannot do."""
        return None

    async def check(self, deadline: Deadline) -> None:
        now = self.utc_now()
        await self._search(["+0"], _Place(now - timedelta(days=1), now), 1, deadline)

    async def fetch_records(self, identifiers: Sequence[Identifier], deadline: Deadline) -> list[Record]:
        found = [await self._record(number, deadline) for number in self.numbers_in(identifiers)]
        return [record for record in found if record is not None]

    async def _record(self, number: str, deadline: Deadline) -> Record | None:
        """Somebody with that number, if there is a contact to show for it: range after range, newest first."""
        place: _Place | None = self._begin(self._oldest(), self.utc_now() + LONGEST_CHAIN)
        while place is not None:
            found = await self._search([number], place, 1, deadline)
            contacts, _ = decode_rows(found.contacts, Contact)
            if contacts and await self._number_of(contacts[0], deadline) == number:
                break
            place = self._older(place, self._oldest())
        else:
            return None
        held = (HeldIdentifier(external(self.name, number), True), HeldIdentifier(Identifier(_PHONE, number)))
        return Record(source=self.name, id=number, identifiers=held)

    async def fetch_one(self, external_id: str, deadline: Deadline) -> Interaction | None:
        """None for a contact that another was transferred to: it is told with that one. What followed is searched."""
        if not _ID.fullmatch(external_id):
            return None
        first = await self._describe(external_id, deadline)
        if first is None or first.root_id != external_id or (began := first.started_at) is None:
            return None
        number = await self._number_of(first, deadline)
        if number is None:
            return None
        place = _Place(began, began + LONGEST_CHAIN)
        found = await self._search([number], place, 100, deadline)
        summaries, _ = decode_rows(found.contacts, Contact)
        later = [summary for summary in summaries if summary.root_id == external_id]
        rows = await self._rows([[first, *(one for one in later if one.id != first.id)]], deadline)
        return rows[0] if rows else None

    async def fetch_page(self, records: Sequence[Record], query: Query, deadline: Deadline) -> Fetched:
        start = max(query.window.start or self._oldest(), self._oldest())
        end = min(query.window.end or self.utc_now(), self.utc_now()) + LONGEST_CHAIN
        place: _Place | None = query.cursor or self._begin(start, end)
        if place is None:
            return Fetched(())
        found = await self._search([record.id for record in records], place, query.limit + MORE_CONTACTS, deadline)
        contacts, dropped = decode_rows(found.contacts, Contact)
        chains: dict[str, list[Contact]] = {}
        for contact in contacts:
            if contact.root_id not in place.told and contact.initiation_method != "MONITOR":
                chains.setdefault(contact.root_id, []).append(contact)
        rows = await self._rows(chains.values(), deadline)
        dropped += len(chains) - len(rows)
        told = place.told | chains.keys()
        if found.next_token:
            begun = [at for contact in contacts if (at := contact.started_at) is not None]
            following = _Place(place.start, place.end, found.next_token, told)
            return Fetched(rows, following, min(begun, default=None), dropped=dropped)
        older = self._older(place, start)
        if older is None:
            return Fetched(rows, dropped=dropped)
        return Fetched(rows, _Place(older.start, older.end, None, told), place.start, dropped=dropped)

    def _oldest(self) -> datetime:
        return self.utc_now() - timedelta(days=self.options.history_days)

    def _begin(self, start: datetime, end: datetime) -> _Place | None:
        """The newest range of a window; ranges are whole seconds."""
        end = end.replace(microsecond=0) + timedelta(seconds=1)
        start = start.replace(microsecond=0)
        if start >= end:
            return None
        return _Place(max(start, end - timedelta(days=self.options.range_days)), end)

    def _older(self, place: _Place, start: datetime) -> _Place | None:
        """The range before, with the very second in which the last one began."""
        return None if place.start <= start else self._begin(start, place.start)

    async def _rows(self, chains: Iterable[Sequence[Contact]], deadline: Deadline) -> list[Interaction]:
        """Each chain whole, with the customer's number from its own contacts."""
        whole = await together(self._chain(chain, deadline) for chain in chains)
        numbers = await together(self._number_of(chain[0], deadline) for chain in whole)
        names = await self._names_of([contact for chain in whole for contact in chain], deadline)
        now = self.utc_now()
        rows = (
            row_of(self.name, chain, number, names, self._site, now)
            for chain, number in zip(whole, numbers, strict=True)
            if number is not None
        )
        return [row for row in rows if row is not None]

    async def _chain(self, contacts: Sequence[Contact], deadline: Deadline) -> list[Contact]:
        """The contacts, described, and back from the oldest of them to the one that it all began with."""
        described = await together(self._describe(contact.id, deadline) for contact in contacts)
        chain = {contact.id: contact for contact in contacts} | {c.id: c for c in described if c is not None}
        for _ in range(MOST_TRANSFERS):
            missing = {c.previous_contact_id for c in chain.values() if c.previous_contact_id} - chain.keys()
            before = await together(self._describe(id_, deadline) for id_ in sorted(missing) if id_)
            found = {contact.id: contact for contact in before if contact is not None}
            if not found:
                break
            chain |= found
        return sorted(chain.values(), key=lambda contact: (contact.id != contact.root_id, contact.id))

    async def _describe(self, contact_id: str, deadline: Deadline) -> Contact | None:
        """What is over stays as it is, and is kept."""
        if not _ID.fullmatch(contact_id):
            return None
        path = f"/contacts/{self._instance}/{segment(contact_id)}"

        async def read() -> Contact | None:
            described = await self._ask("GET", path, _Described, deadline, nothing=(404,))
            return None if described is None else described.contact

        contact = await self._ended.get(contact_id, deadline, read)
        contact = contact if contact is None or contact.is_over else await read()
        return contact if contact is not None and contact.id == contact_id else None

    async def _number_of(self, contact: Contact, deadline: Deadline) -> str | None:
        """The number that the contact itself shows; that of the attribute where its medium has none."""
        described = contact if contact.customer_endpoint else await self._describe(contact.id, deadline)
        endpoint = described.customer_endpoint if described is not None else None
        if endpoint is not None and endpoint.type in (None, "TELEPHONE_NUMBER") and endpoint.address:
            return e164(endpoint.address, self.config.region)
        path = f"/contact/attributes/{self._instance}/{segment(contact.root_id)}"

        async def read() -> str | None:
            told = await self._ask("GET", path, _Attributes, deadline, nothing=(404,))
            value = told.attributes.get(self.options.phone_attribute) if told is not None else None
            return e164(value, self.config.region) if isinstance(value, str) else None

        return await self._numbers.get(contact.root_id, deadline, read)

    async def _names_of(self, contacts: Sequence[Contact], deadline: Deadline) -> Names:
        queues = sorted({c.queue_info.id for c in contacts if c.queue_info and c.queue_info.id})
        agents = sorted({c.agent_info.id for c in contacts if c.agent_info and c.agent_info.id})
        names = await together(
            [
                *(self._name("queues", id_, deadline) for id_ in queues),
                *(self._name("users", id_, deadline) for id_ in agents),
            ]
        )
        return Names(
            dict(zip(queues, names[: len(queues)], strict=True)), dict(zip(agents, names[len(queues) :], strict=True))
        )

    async def _name(self, kind: str, id_: str, deadline: Deadline) -> str:
        """The id itself where the key may not read the name."""
        path = f"/{kind}/{self._instance}/{segment(id_)}"

        async def read() -> str:
            if kind == "queues":
                queue = await self._ask("GET", path, _DescribedQueue, deadline, nothing=(403, 404))
                return (queue and queue.queue.name) or id_
            user = await self._ask("GET", path, _DescribedUser, deadline, nothing=(403, 404))
            if user is None:
                return id_
            identity = user.user.identity_info or _UserIdentity()
            full = " ".join(filter(None, (identity.first_name, identity.last_name)))
            return full or user.user.username or id_

        return await self._names.get((kind, id_), deadline, read) if _ID.fullmatch(id_) else id_

    async def _search(self, numbers: Sequence[str], place: _Place, limit: int, deadline: Deadline) -> _Found:
        body = {
            "InstanceId": self.options.instance_id,
            "TimeRange": {
                "Type": "INITIATION_TIMESTAMP",
                "StartTime": int(place.start.timestamp()),
                "EndTime": int(place.end.timestamp()),
            },
            "SearchCriteria": {
                "SearchableContactAttributes": {
                    "Criteria": [{"Key": self.options.phone_attribute, "Values": list(numbers)}],
                    "MatchType": "MATCH_ANY",
                }
            },
            "Sort": {"FieldName": "INITIATION_TIMESTAMP", "Order": "DESCENDING"},
            "MaxResults": limit,
            **({"NextToken": place.token} if place.token else {}),
        }
        found = await self._ask("POST", "/search-contacts", _Found, deadline, body=body)
        assert found is not None
        return found

    async def _ask(
        self,
        method: str,
        path: str,
        type_: type[T],
        deadline: Deadline,
        *,
        body: Any = None,
        nothing: Sequence[int] = (),
    ) -> T | None:
        """The decoded answer; None for the statuses in `nothing`."""
        content = b"" if body is None else msgspec.json.encode(body)
        base = self.http.base
        sent = base.raw_path.decode().rstrip("/") + path
        headers = self._signer.headers(method, base.netloc.decode(), sent, (), content, self.utc_now())
        json = None if body is None else msgspec.Raw(content)
        answer = await self.http.send(method, path, deadline, json=json, headers=headers, expect=nothing)
        return None if answer.status in nothing else self.http.decode(answer.body, type_)
