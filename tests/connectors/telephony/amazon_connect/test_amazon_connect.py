"""Amazon Connect: signatures, chains of transfers, ranges of weeks, and whose contacts are whose."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from connectors.base import Query, SourceConfig, Window
from connectors.errors import RefusedError
from connectors.identifiers import phone
from connectors.interaction import Channel, Direction, Interaction, InteractionStatus, LegKind
from connectors.telephony.amazon_connect import AmazonConnect, AmazonConnectOptions
from connectors.telephony.amazon_connect_mapping import Contact, Names, moment, row_of
from connectors.telephony.aws_signature import Signer
from connectors.testing.mutations import _assert_sound, mutations
from connectors.testing.walks import EVER, read_all
from tests.connectors.support import NOW, soon

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GIULIA, ATTRIBUTE = "+393331112222", "customer_phone"
SITE = "https://acme.my.connect.aws"


def test_requests_are_signed_as_the_vendor_shows():
    """Of AWS' own suite of signatures: get-vanilla and post-vanilla."""
    signer = Signer("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service")
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
    expected = {
        "GET": "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        "POST": "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
    }
    for method, signature in expected.items():
        date, authorization = signer.headers(method, "example.amazonaws.com", "/", (), b"", at)
        assert date == ("x-amz-date", "20150830T123600Z")
        assert authorization[1] == (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders=host;x-amz-date, Signature={signature}"
        )
    assert "wJalr" not in repr(signer)
    temporary = Signer("A", "s", "r", "connect", "a-session")
    names = [name for name, _ in temporary.headers("GET", "h", "/", (), b"", at)]
    assert names == ["x-amz-date", "x-amz-security-token", "authorization"]


def contact(
    id_: str = "call-1", start: int = 0, answered: int | None = 10, end: int | None = 60, **more: Any
) -> dict[str, Any]:
    """One that came in, waited in a queue and was answered, unless it says otherwise."""
    told: dict[str, Any] = {
        "Id": id_,
        "Channel": "VOICE",
        "InitiationMethod": "INBOUND",
        "InitiationTimestamp": BEGAN.timestamp() + start,
        "QueueInfo": {"Id": "q-1", "EnqueueTimestamp": BEGAN.timestamp() + start + 2},
        "CustomerEndpoint": {"Type": "TELEPHONE_NUMBER", "Address": GIULIA},
    }
    if answered is not None:
        told["AgentInfo"] = {"Id": "u-1", "ConnectedToAgentTimestamp": BEGAN.timestamp() + start + answered}
    if end is not None:
        told["DisconnectTimestamp"] = BEGAN.timestamp() + start + end
    return {**told, **more}


def transfer(id_: str, before: str, start: int, **more: Any) -> dict[str, Any]:
    linked = {"InitialContactId": "call-1", "PreviousContactId": before, "InitiationMethod": "TRANSFER"}
    return contact(id_, start, **{**linked, **more})


def told(*contacts: dict[str, Any]) -> Interaction:
    chain = [msgspec.convert(one, Contact) for one in contacts]
    row = row_of("connect", chain, GIULIA, Names({"q-1": "Sales"}, {"u-1": "Anna Verdi"}), SITE, NOW)
    assert row is not None
    return row


def test_a_call_waits_and_is_answered():
    row = told(contact())
    assert [(leg.kind, leg.queue.name, leg.agent and leg.agent.name) for leg in row.legs] == [
        (LegKind.QUEUE, "Sales", None),
        (LegKind.AGENT, "Sales", "Anna Verdi"),
    ]
    assert (row.status, row.direction, row.duration_seconds) == (InteractionStatus.COMPLETED, Direction.INBOUND, 60)
    assert (row.details.wait_seconds, row.details.talk_seconds) == (8, 50)
    assert row.url == f"{SITE}/contact-trace-records/details/call-1"


def test_transfers_are_one_row():
    row = told(
        contact(),
        transfer("call-2", "call-1", 60, AgentInfo={"Id": "u-2", "ConnectedToAgentTimestamp": BEGAN.timestamp() + 70}),
    )
    assert (row.external_id, row.duration_seconds) == ("call-1", 120)
    assert [leg.kind for leg in row.legs] == [LegKind.QUEUE, LegKind.AGENT, LegKind.QUEUE, LegKind.TRANSFER]
    assert row.legs[-1].agent.name == "u-2", "without a name it is the id"


SUBTYPE = {"connect:Subtype": {"ValueString": "connect:WhatsApp"}}


@pytest.mark.parametrize(
    ("more", "channel", "direction"),
    [
        ({}, Channel.VOICE, Direction.INBOUND),
        ({"InitiationMethod": "CALLBACK"}, Channel.CALLBACK, Direction.OUTBOUND),
        ({"InitiationMethod": "API"}, Channel.VOICE, Direction.OUTBOUND),
        ({"InitiationMethod": "API", "Channel": "CHAT"}, Channel.CHAT, Direction.INBOUND),
        ({"Channel": "CHAT", "SegmentAttributes": SUBTYPE}, Channel.WHATSAPP, Direction.INBOUND),
        ({"Channel": "CHAT", "SegmentAttributes": {"connect:Subtype": 3}}, Channel.CHAT, Direction.INBOUND),
        ({"Channel": "EMAIL"}, Channel.EMAIL, Direction.INBOUND),
        ({"Channel": "TASK", "InitiationMethod": "a new word"}, Channel.OTHER, Direction.UNKNOWN),
    ],
)
def test_channels_and_directions(more: dict[str, Any], channel: Channel, direction: Direction):
    row = told(contact(**more))
    assert (row.channel, row.direction) == (channel, direction)


LOST = {"answered": None, "end": 40}


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({**LOST, "DisconnectReason": "CUSTOMER_DISCONNECT"}, InteractionStatus.ABANDONED),
        ({**LOST, "DisconnectReason": "OTHER"}, InteractionStatus.MISSED),
        ({**LOST, "QueueInfo": None}, InteractionStatus.COMPLETED),
        ({**LOST, "InitiationMethod": "OUTBOUND"}, InteractionStatus.MISSED),
        ({**LOST, "DisconnectReason": "TELECOM_PROBLEM"}, InteractionStatus.FAILED),
        ({"end": None}, InteractionStatus.ACTIVE),
        ({"end": None, "answered": None}, InteractionStatus.QUEUED),
        ({"end": None, "answered": None, "QueueInfo": None}, InteractionStatus.ACTIVE),
        ({"end": None, "answered": None, "ScheduledTimestamp": NOW.timestamp() + 9}, InteractionStatus.SCHEDULED),
    ],
)
def test_status(more: dict[str, Any], status: InteractionStatus):
    assert told(contact(**more)).status is status


def test_moments_are_seconds_or_text():
    assert moment(BEGAN.timestamp()) == moment("2026-11-20T09:00:00Z") == moment("2026-11-20T09:00:00") == BEGAN
    for odd in (None, 0, -5, 1e300, "", "yesterday", "0001-01-01T00:00:00+14:00"):
        assert moment(odd) is None


class Instance:
    """An instance with these contacts, and what it was asked."""

    def __init__(self, contacts: list[dict[str, Any]], numbers: dict[str, str] | None = None) -> None:
        self.contacts = {one["Id"]: one for one in contacts}
        self.numbers = numbers or {}
        self.asked: Counter[str] = Counter()
        self.searches: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        _, kind, *rest = request.url.path.split("/")
        self.asked[kind] += 1
        assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-central-1/")
        if kind == "search-contacts":
            return httpx.Response(200, json=self.search(json.loads(request.content)))
        found: Any = None
        if kind == "contacts":
            found = {"Contact": self.contacts[rest[-1]]} if rest[-1] in self.contacts else None
        elif kind == "contact":
            found = {"Attributes": {ATTRIBUTE: self.numbers[rest[-1]]} if rest[-1] in self.numbers else {}}
        return httpx.Response(200, json=found) if found else httpx.Response(403 if kind == "users" else 404, json={})

    def search(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.searches.append(asked)
        times = asked["TimeRange"]
        found = [
            {name: value for name, value in one.items() if name != "CustomerEndpoint"}
            for one in self.contacts.values()
            if times["StartTime"] <= one["InitiationTimestamp"] <= times["EndTime"]
        ]
        found.sort(key=lambda one: -one["InitiationTimestamp"])
        begin, size = int(asked.get("NextToken", 0)), asked["MaxResults"]
        more = {"NextToken": str(begin + size)} if begin + size < len(found) else {}
        return {"Contacts": found[begin : begin + size], **more}


def connected(instance: Instance, **options: Any) -> AmazonConnect:
    config = SourceConfig(
        "connect",
        "https://connect.eu-central-1.amazonaws.com",
        {"access_key_id": "AKID", "secret_access_key": "secret"},
        {"instance_id": "i-1", "region": "eu-central-1", "phone_attribute": ATTRIBUTE, **options},
        region="IT",
    )
    return AmazonConnect(config, httpx.MockTransport(instance), lambda: NOW)


CHAIN = [contact(), transfer("call-2", "call-1", 60), transfer("call-3", "call-2", 120)]


async def test_a_chain_is_whole_wherever_a_page_ends():
    days = [contact(f"day-{n}", -86_400 * n) for n in range(1, 4)]
    connector = connected(Instance([*CHAIN, *days]))
    (record,) = await connector.find([phone(GIULIA)], soon())
    whole = await read_all(connector, [record], limit=20)
    assert [row.external_id for row in whole] == ["call-1", "day-1", "day-2", "day-3"]
    assert len([leg for leg in whole[0].legs if leg.agent]) == 3
    assert await read_all(connector, [record], limit=1) == whole
    before_transfers = Window(None, BEGAN + timedelta(seconds=1))
    assert await read_all(connector, [record], before_transfers) == whole
    assert await connector.get("call-1", soon()) == whole[0]
    assert await connector.get("call-2", soon()) is None, "a transfer is no call of its own"


async def test_a_search_spans_no_more_than_it_may():
    instance = Instance([contact("old", -86_400 * 100)])
    connector = connected(instance, range_days=30, history_days=120)
    (record,) = await connector.find([phone(GIULIA)], soon())
    assert [row.external_id for row in await read_all(connector, [record])] == ["old"]
    spans = [one["TimeRange"]["EndTime"] - one["TimeRange"]["StartTime"] for one in instance.searches]
    assert max(spans) == 30 * 86_400
    assert min(one["TimeRange"]["StartTime"] for one in instance.searches) == int(
        (NOW - timedelta(days=120)).timestamp()
    )
    instance.searches.clear()
    await connector.fetch_page([record], Query(Window(NOW - timedelta(days=3), None), 5), soon())
    (one,) = instance.searches
    assert one["TimeRange"]["StartTime"] == int((NOW - timedelta(days=3)).timestamp())


async def test_contacts_of_others_are_theirs():
    others = contact("other", CustomerEndpoint={"Type": "TELEPHONE_NUMBER", "Address": "+393339990000"})
    instance = Instance([contact(), others])
    connector = connected(instance)
    page = await connector.interactions(await connector.find([phone(GIULIA)], soon()), EVER, None, 20, soon())
    assert [row.external_id for row in page.items] == ["call-1"]
    assert page.foreign == 1
    assert await connected(Instance([others])).find([phone(GIULIA)], soon()) == []


async def test_a_chat_is_whose_its_attribute_says():
    chat = contact("chat", Channel="CHAT", InitiationMethod="API", CustomerEndpoint=None)
    connector = connected(Instance([chat], {"chat": "333 111 2222"}))
    (record,) = await connector.find([phone(GIULIA)], soon())
    (row,) = await read_all(connector, [record])
    assert (row.channel, row.record_id) == (Channel.CHAT, GIULIA)
    assert await connected(Instance([chat])).find([phone(GIULIA)], soon()) == []


async def test_what_is_over_is_described_once_and_names_may_be_hidden():
    instance = Instance(CHAIN)
    connector = connected(instance)
    records = await connector.find([phone(GIULIA)], soon())
    await read_all(connector, records)
    instance.asked.clear()
    (row,) = await read_all(connector, records)
    assert set(instance.asked) == {"search-contacts"}
    assert row.legs[-1].agent.name == "u-1"


async def test_supervisors_who_listen_are_no_contacts():
    connector = connected(Instance([contact(), contact("spy", 5, InitiationMethod="MONITOR")]))
    records = await connector.find([phone(GIULIA)], soon())
    assert [row.external_id for row in await read_all(connector, records)] == ["call-1"]


async def test_a_wrong_key_is_refused():
    refusing = httpx.MockTransport(lambda request: httpx.Response(403, json={"message": "no"}))
    connector = connected(Instance([]))
    with pytest.raises(RefusedError):
        await AmazonConnect(connector.config, refusing, lambda: NOW).check(soon())


def test_a_spoiled_contact_is_sound_or_none():
    row = {**contact(), "SegmentAttributes": SUBTYPE, "Tags": {"team": "a"}, "DisconnectReason": "OTHER"}
    count = 0
    for mutation in mutations(row):
        try:
            spoiled = msgspec.json.decode(json.dumps(mutation.apply(row)).encode(), type=Contact)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        made = row_of("connect", [spoiled], GIULIA, Names(), SITE, NOW) if spoiled.id.strip() else None
        if made is not None:
            _assert_sound(made, mutation)
            count += 1
    assert count > 100


@pytest.mark.parametrize("wrong", [{"range_days": 0}, {"range_days": 400}, {"history_days": 5}, {"typo": 1}])
def test_options_are_checked_at_the_start(wrong: dict[str, Any]):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"instance_id": "i", "region": "r", "phone_attribute": "p", **wrong}, AmazonConnectOptions)
