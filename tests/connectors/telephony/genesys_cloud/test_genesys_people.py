"""Whom Genesys Cloud's contacts are found as, and how its queues, agents and codes get their names."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from connectors import identifiers
from connectors.deadline import Deadline
from connectors.interaction import Channel, Identifier, IdentifierKind
from tests.connectors.support import soon
from tests.connectors.telephony.genesys_cloud import samples
from tests.connectors.telephony.genesys_cloud.fake import HOST, FakeGenesys
from tests.connectors.telephony.genesys_cloud.samples import ALWAYS, ANNA, CALLS, CONTACT, RECORD, SOLVED

# who


@pytest.mark.parametrize(
    ("identifier", "claimed"),
    [
        (Identifier(IdentifierKind.WHATSAPP, "+393331110001"), ("SocialWhatsapp", "393331110001")),
        (Identifier(IdentifierKind.WHATSAPP, "+393331110001"), ("SocialWhatsapp", "+393331110001")),
        (Identifier(IdentifierKind.WHATSAPP, "IT.abc123"), ("SocialWhatsappBsuid", "IT.abc123")),
        (Identifier(IdentifierKind.COOKIE, "ck-1"), ("Cookie", "ck-1")),
        (Identifier(IdentifierKind.PHONE, "+393331110077"), ("Phone", "+393331110077")),
        (Identifier(IdentifierKind.EMAIL, "b@example.org"), ("Email", "b@example.org")),
        (identifiers.social(Channel.LINE, "U1"), ("SocialLine", "U1")),
        (identifiers.social(Channel.X, "77"), ("SocialTwitter", "77")),
        (identifiers.social(Channel.FACEBOOK, "f"), ("SocialFacebook", "f")),
        (identifiers.social(Channel.INSTAGRAM, "i"), ("SocialInstagram", "i")),
        (identifiers.social(Channel.APPLE_MESSAGES, "a"), ("AppleOpaqueId", "a")),
    ],
)
async def test_a_contact_is_found_by_what_it_claims(identifier: Identifier, claimed: tuple[str, str]) -> None:
    fake = FakeGenesys(contacts=[samples.contact(identifiers=[{"type": claimed[0], "value": claimed[1]}])])
    (record,) = await fake.connect().find([identifier], soon())
    assert record.id == CONTACT


async def test_a_record_carries_what_the_contact_does() -> None:
    full = samples.contact(
        workPhone={"display": "06 1111 0000", "normalizationCountryCode": "IT"},
        workEmail="ufficio@example.com",
        whatsAppId={"phoneNumber": {"display": "393331110002"}},
        twitterId={"id": "77", "screenName": "anna"},
        lineId={"ids": [{"userId": "U1"}]},
        facebookId={"ids": [{"scopedId": "f1"}]},
        instagramId={"ids": [{"scopedId": "i1"}]},
        appleOpaqueIds=[{"value": "a1"}],
        externalIds=[
            {"externalSource": {"id": "es-1", "name": "CRM"}, "value": "4711"},
            {"externalSource": {"id": "es-2", "name": "Shop"}, "value": "9"},
        ],
        identifiers=[{"type": "Cookie", "value": "ck"}, {"type": "Runes", "value": "x"}, {"type": "Phone"}],
    )
    fake = FakeGenesys(contacts=[full])
    connector = fake.connect(external_id_source="crm", options={"external_source_name": "CRM"})
    (record,) = await connector.find([Identifier(IdentifierKind.PHONE, "+393331110001")], soon())
    assert (record.name, record.division_ids) == ("Anna Bianchi", ("d-rome",))
    assert record.since == datetime(2025, 1, 10, 8, tzinfo=UTC)
    assert [(h.identifier.kind, h.identifier.value, h.verified) for h in record.identifiers] == [
        (IdentifierKind.EXTERNAL_ID, CONTACT, True),
        (IdentifierKind.PHONE, "+393331110001", None),
        (IdentifierKind.PHONE, "+390611110000", None),
        (IdentifierKind.EMAIL, "anna.bianchi@example.org", None),
        (IdentifierKind.EMAIL, "ufficio@example.com", None),
        (IdentifierKind.WHATSAPP, "+393331110002", None),
        (IdentifierKind.SOCIAL, "77", None),
        (IdentifierKind.SOCIAL, "U1", None),
        (IdentifierKind.SOCIAL, "f1", None),
        (IdentifierKind.SOCIAL, "i1", None),
        (IdentifierKind.SOCIAL, "a1", None),
        (IdentifierKind.EXTERNAL_ID, "4711", None),
        (IdentifierKind.COOKIE, "ck", None),
    ]
    assert record.identifiers[11].identifier.source == "crm"


async def test_an_external_id_is_looked_up_in_its_source() -> None:
    source = {"id": "es-1", "name": "CRM"}
    claimed = {"type": "ExternalId", "value": "4711", "externalSource": source}
    fake = FakeGenesys(contacts=[samples.contact(identifiers=[claimed])])
    connector = fake.connect(external_id_source="crm", options={"external_source": "es-1"})
    (record,) = await connector.find([identifiers.external("crm", "4711")], soon())
    assert record.id == CONTACT
    assert fake.lookups == [{"type": "ExternalId", "value": "4711", "externalSource": {"id": "es-1"}}]


async def test_a_switchboard_shows_as_many_contacts() -> None:
    fake = FakeGenesys(contacts=[samples.contact(f"c-{place}") for place in range(30)])
    found = await fake.connect().find([Identifier(IdentifierKind.PHONE, "+393331110001")], soon())
    assert len(found) == 25


async def test_somebody_elses_contact_is_not_found() -> None:
    fake = FakeGenesys(contacts=[samples.contact(cellPhone={"e164": "+393331119999"})])
    fake.routes.get(f"{HOST}/externalcontacts/reversewhitepageslookup").mock(
        return_value=httpx.Response(200, json={"contacts": [samples.contact(cellPhone={"e164": "+393331119999"})]})
    )
    assert await fake.connect().find([Identifier(IdentifierKind.PHONE, "+393331110001")], soon()) == []


async def test_search() -> None:
    fake = FakeGenesys(contacts=[samples.contact(), samples.contact("c-2", firstName="Bruno")])
    assert [record.name for record in await fake.connect().search("bruno", 20, soon())] == ["Bruno Bianchi"]


# names


async def test_names_are_asked_for_once() -> None:
    fake = FakeGenesys([samples.transferred()], [samples.contact()])
    fake.names = {"queues": {CALLS: "Assistenza"}, "users": {ANNA: "Anna Verdi"}, "wrapupcodes": {SOLVED: "Risolto"}}
    connector = fake.connect()
    for _ in range(3):
        page = await connector.interactions([RECORD], ALWAYS, None, 50, soon())
    legs = page.items[0].legs
    assert [leg.queue and leg.queue.name for leg in legs] == [
        None,
        "Assistenza",
        "Assistenza",
        "q-billing",
        "q-billing",
    ]
    assert legs[2].agent and legs[2].agent.name == "Anna Verdi"
    assert legs[4].wrap_up_codes[0].label == "Risolto"
    assert [fake.calls[kind] for kind in ("queues", "users", "wrapupcodes")] == [1, 1, 1]
    (users,) = [url for url in fake.asked_names if url.path.endswith("/users")]
    assert users.params["state"] == "any", "agents who have left too"


async def test_names_are_asked_for_again_after_an_hour() -> None:
    fake = FakeGenesys([samples.transferred()], [samples.contact()])
    connector = fake.connect()
    seconds = 0.0
    deadline = Deadline(10_000.0, lambda: seconds)
    await connector.interactions([RECORD], ALWAYS, None, 50, deadline)
    fake.names["users"] = {ANNA: "Anna Verdi"}
    seconds = 3601.0
    page = await connector.interactions([RECORD], ALWAYS, None, 50, deadline)
    assert page.items[0].legs[2].agent and page.items[0].legs[2].agent.name == "Anna Verdi"


async def test_names_that_may_not_be_read_are_ids() -> None:
    fake = FakeGenesys([samples.transferred()], [samples.contact()])
    fake.hidden |= {"queues", "users", "wrapupcodes"}
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    leg = page.items[0].legs[2]
    assert leg.queue and leg.queue.name == CALLS
    assert leg.agent and leg.agent.name == ANNA


async def test_the_platforms_own_wrap_up_codes_are_not_asked_for() -> None:
    sample = samples.transferred()
    sample["participants"][5]["sessions"][0]["segments"][-1]["wrapUpCode"] = "ININ-WRAP-UP-TIMEOUT"
    fake = FakeGenesys([sample], [samples.contact()])
    page = await fake.connect().interactions([RECORD], ALWAYS, None, 50, soon())
    assert page.items[0].legs[4].wrap_up_codes[0].label == "ININ-WRAP-UP-TIMEOUT"
    (codes,) = [url for url in fake.asked_names if url.path.endswith("/wrapupcodes")]
    assert codes.params.get_list("id") == ["w-moved"]
