"""What each vendor's delivery says, as events."""

from __future__ import annotations

import base64
import json
import random
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from connectors.errors import MalformedError
from connectors.events import Change, Delivery, Event, Hint, PartlyMalformedError, RowChanged, RowRemoved
from connectors.identifiers import email, external, phone
from connectors.interaction import Channel, Direction, HeldIdentifier, Identifier, InteractionStatus
from connectors.questions import SourceConfig
from connectors.registry import BUILT_IN
from connectors.webhooks import RECEIVERS, make_receiver
from tests.connectors.webhooks.senders import (
    CHATWOOT,
    FORMBRICKS,
    FREESWITCH,
    GENESYS,
    INTERCOM,
    NOW,
    RECORD,
    ROW,
    SENDERS,
    SIGNED,
    TWILIO,
    URL,
    ZAMMAD,
    ZENDESK,
    Sender,
    named,
    with_body,
    with_header,
)

GIULIA = phone("+393331110001")
assert GIULIA is not None
MAIL = email("giulia@example.org")
assert MAIL is not None
SAID_AT = datetime(2026, 11, 23, 9, 59, 58, 123000, UTC)
WHOLE_SECOND = SAID_AT.replace(microsecond=0)


def changes(sender: Sender, delivery: Delivery | None = None) -> tuple[Change, ...]:
    events = sender.receiver.events(delivery or sender.delivery())
    return tuple(change for event in events for change in event.changes)


def only_hint(sender: Sender, delivery: Delivery | None = None) -> Hint:
    (hint,) = changes(sender, delivery)
    assert isinstance(hint, Hint)
    return hint


def with_values(sender: Sender, **values: Any) -> Delivery:
    return sender.told({**json.loads(sender.body), **values})


def test_every_receiver_has_a_sample_and_is_named_as_its_connector() -> None:
    assert {RECEIVERS[sender.name] for sender in SENDERS} == set(RECEIVERS.values())
    assert set(RECEIVERS) - set(BUILT_IN) == {"signed"}
    with pytest.raises(KeyError):
        make_receiver("none", {}, SourceConfig("desk", ""))


def test_odd_options_are_faults() -> None:
    for name, options in (("whatsapp_cloud", {}), ("zendesk", {"tolerance": 3}), ("zendesk", {"tolerance_seconds": 0})):
        with pytest.raises(msgspec.ValidationError):
            make_receiver(name, options, SourceConfig("desk", ""))


@pytest.mark.parametrize("sender", SENDERS, ids=named)
def test_the_same_told_again_has_the_same_id(sender: Sender) -> None:
    first, again = sender.delivery(), sender.delivery()
    assert sender.receiver.events(first) == sender.receiver.events(again)
    assert sender.receiver.events(first)


@pytest.mark.parametrize("sender", SENDERS, ids=named)
def test_an_event_has_an_id_and_instants_in_utc(sender: Sender) -> None:
    for event in sender.receiver.events(sender.delivery()):
        assert 0 < len(event.id) <= 200
        for change in event.changes:
            at = getattr(change, "at", NOW)
            assert at.utcoffset() == NOW.utcoffset()


def test_zendesk_ticket_and_user() -> None:
    assert only_hint(ZENDESK) == Hint(SAID_AT, ("70071",), external_ids=("5150",))
    (event,) = ZENDESK.receiver.events(ZENDESK.delivery())
    assert event.id == "3c1d9ab2-7a4e-4a4f-9d66-3f0c3d0e9a11"
    user = with_values(ZENDESK, subject="zen:user:70071", type="zen:event-type:user.deleted", detail={"id": 70071})
    assert only_hint(ZENDESK, user) == Hint(SAID_AT, ("70071",))
    assert changes(ZENDESK, with_values(ZENDESK, subject="zen:article:1")) == ()


def test_zendesk_trigger_with_our_body() -> None:
    told = {"ticket_id": "5150", "requester_id": "70071"}
    assert only_hint(ZENDESK, ZENDESK.told(told)) == Hint(NOW, ("70071",), external_ids=("5150",))
    with pytest.raises(MalformedError):
        ZENDESK.receiver.events(ZENDESK.told({"text": "the administrator's own"}))


def test_zammad_ticket() -> None:
    assert only_hint(ZAMMAD) == Hint(SAID_AT, ("14",), (MAIL, GIULIA), ("81",))


def test_zammad_id_is_of_what_is_signed() -> None:
    plain = ZAMMAD.delivery()
    again = with_header(plain, "x-zammad-delivery", "another")
    assert ZAMMAD.receiver.events(plain)[0].id == ZAMMAD.receiver.events(again)[0].id


def test_chatwoot_message_conversation_and_contact() -> None:
    assert only_hint(CHATWOOT) == Hint(NOW, ("6",), (GIULIA, MAIL), ("33",))
    conversation = CHATWOOT.told({"event": "conversation_status_changed", "id": 34, "meta": {"sender": {"id": 7}}})
    assert only_hint(CHATWOOT, conversation) == Hint(NOW, ("7",), (), ("34",))
    contact = CHATWOOT.told({"event": "contact_updated", "id": 6, "email": "giulia@example.org"})
    assert only_hint(CHATWOOT, contact) == Hint(NOW, ("6",), (MAIL,))
    assert changes(CHATWOOT, CHATWOOT.told({"event": "conversation_typing_on", "conversation": {"id": 3}})) == ()
    assert changes(CHATWOOT, CHATWOOT.told({"event": "webwidget_triggered", "id": "x"})) == ()


def test_chatwoot_agent_is_no_customer() -> None:
    told = {**json.loads(CHATWOOT.body), "sender": {"id": 1, "type": "user", "email": "agent@example.org"}}
    assert only_hint(CHATWOOT, CHATWOOT.told(told)).record_ids == ("6",)


def test_intercom_conversation_contact_and_ping() -> None:
    assert only_hint(INTERCOM) == Hint(NOW, ("5ba682d23d7cf92b",), (), ("147",))
    item = {"type": "contact", "id": "c1", "email": "giulia@example.org", "phone": "+393331110001"}
    contact = with_values(INTERCOM, topic="contact.user.updated", data={"item": item})
    assert only_hint(INTERCOM, contact) == Hint(NOW, ("c1",), (MAIL, GIULIA))
    assert changes(INTERCOM, with_values(INTERCOM, topic="ping", data={"item": {"type": "ping"}}, id=None)) == ()
    assert changes(INTERCOM, with_values(INTERCOM, topic="admin.logged_in")) == ()
    assert INTERCOM.receiver.challenge(Delivery("HEAD", URL, {}, b"", NOW), INTERCOM.secrets) == b""


def test_formbricks_response() -> None:
    assert only_hint(FORMBRICKS) == Hint(SAID_AT, ("cm1contact",), (), ("cm1response",))
    anonymous = with_values(FORMBRICKS, data={"id": "cm2"})
    assert only_hint(FORMBRICKS, anonymous) == Hint(NOW, (), (), ("cm2",))
    assert changes(FORMBRICKS, with_values(FORMBRICKS, event="testEndpoint", data={})) == ()


CONVERSATION = "7d5a1c1e-0000-4000-8000-000000000001"
CONTACT = "c0ffee00-0000-4000-8000-000000000009"


def test_genesys_detail_event_of_eventbridge() -> None:
    assert only_hint(GENESYS) == Hint(WHOLE_SECOND, (CONTACT,), (GIULIA,), (CONVERSATION,))


def test_genesys_notification_as_it_is() -> None:
    told = {
        "topicName": "v2.users.11111111-0000-4000-8000-000000000001.conversations",
        "eventBody": {
            "id": CONVERSATION,
            "participants": [
                {"purpose": "customer", "externalContactId": CONTACT, "address": "tel:+393331110001"},
                {"purpose": "agent", "address": "tel:+390651110001"},
            ],
        },
    }
    assert only_hint(GENESYS, GENESYS.told(told)) == Hint(NOW, (CONTACT,), (GIULIA,), (CONVERSATION,))
    told = {"topicName": f"v2.externalcontacts.contact.{CONTACT}", "eventBody": {}}
    assert only_hint(GENESYS, GENESYS.told(told)) == Hint(NOW, (CONTACT,))
    assert changes(GENESYS, GENESYS.told({"topicName": "channel.metadata", "eventBody": {"message": "beat"}})) == ()


def test_genesys_our_own_number_is_no_customer() -> None:
    event = json.loads(GENESYS.body)
    event["detail"]["eventBody"]["direction"] = "OUTBOUND"
    assert only_hint(GENESYS, GENESYS.told(event)).identifiers == (phone("+390651110000"),)
    del event["detail"]["eventBody"]["direction"]
    assert only_hint(GENESYS, GENESYS.told(event)).identifiers == ()


def test_genesys_a_batch_keeps_what_makes_sense() -> None:
    one = json.loads(GENESYS.body)
    with pytest.raises(PartlyMalformedError) as partly:
        GENESYS.receiver.events(GENESYS.told([one, {"id": 7}, one]))
    assert [event.id for event in partly.value.events] == [one["id"]]


def _twilio(**fields: str) -> Delivery:
    return with_body(TWILIO.delivery(), urlencode(fields).encode())


SMS, CALL = "SM" + "0a" * 16, "CA" + "0b" * 16


@pytest.mark.parametrize(
    ("fields", "id_", "customer"),
    [
        ({"MessageSid": SMS, "From": "+393331110001", "To": "+390651110000"}, f"{SMS}:received", True),
        ({"SmsSid": SMS, "SmsStatus": "sent", "To": "+393331110001", "From": "A"}, f"{SMS}:sent", True),
        ({"MessageSid": SMS, "MessageStatus": "read", "To": "+393331110001"}, f"{SMS}:read", True),
        ({"MessageSid": SMS, "MessageStatus": "read", "To": ""}, f"{SMS}:read", False),
        ({"CallSid": CALL, "CallStatus": "ringing", "From": "+393331110001"}, f"{CALL}:ringing:", True),
        (
            {
                "CallSid": CALL,
                "CallStatus": "completed",
                "SequenceNumber": "3",
                "Direction": "outbound-api",
                "To": "+393331110001",
                "From": "+390651110000",
            },
            f"{CALL}:completed:3",
            True,
        ),
    ],
)
def test_twilio_messages_statuses_and_calls(fields: dict[str, str], id_: str, customer: bool) -> None:
    (event,) = TWILIO.receiver.events(_twilio(**fields))
    assert event.id == id_
    assert event.changes == ((Hint(NOW, ("+393331110001",), (GIULIA,)),) if customer else ())


def test_twilio_whatsapp_user_without_a_number() -> None:
    hint = only_hint(TWILIO, _twilio(MessageSid=SMS, From="whatsapp:IT.1502576394655843", To="whatsapp:+390651110000"))
    assert hint.record_ids == ("IT.1502576394655843",)
    assert [identifier.kind for identifier in hint.identifiers] == ["WHATSAPP"]


def test_freeswitch_leg_in_every_coding() -> None:
    expected = Hint(NOW, ("+393331110001",), (GIULIA,), ("a1c9f2c0-1111-4000-8000-000000000001",))
    assert only_hint(FREESWITCH) == expected
    form = with_body(FREESWITCH.delivery(), b"cdr=" + quote(FREESWITCH.body, safe="").encode())
    assert only_hint(FREESWITCH, form) == expected
    packed = with_body(FREESWITCH.delivery(), b"cdr=" + base64.b64encode(FREESWITCH.body))
    packed = with_header(packed, "content-type", "application/x-www-form-base64-encoded")
    assert only_hint(FREESWITCH, packed) == expected
    assert FREESWITCH.receiver.events(form)[0].id == "cdr:a1c9f2c0-1111-4000-8000-000000000001"


def _freeswitch_row(**variables: str) -> RowChanged | Hint:
    receiver = make_receiver("freeswitch", {"rows": True}, SourceConfig("pbx", "", region="IT"))
    told = {
        "uuid": "a1c9f2c0-1111-4000-8000-000000000001",
        "start_epoch": "1795427000",
        "answer_epoch": "1795427010",
        "end_epoch": "1795427060",
        "hangup_cause": "NORMAL_CLEARING",
        "bridge_uuid": "b1c9f2c0-1111-4000-8000-000000000002",
        **variables,
    }
    profile = {"caller_id_number": "%2B393331110001", "caller_id_name": "Giulia%20Bianchi", "destination_number": "600"}
    flow = {"profile_index": "1", "caller_profile": {**profile, "context": "public"}}
    body = json.dumps({"variables": told, "callflow": [flow]}).encode()
    ((change,),) = [event.changes for event in receiver.events(with_body(FREESWITCH.delivery(), body))]
    assert isinstance(change, (RowChanged, Hint))
    return change


def test_freeswitch_call_as_a_row_where_nobody_keeps_it() -> None:
    change = _freeswitch_row()
    assert isinstance(change, RowChanged)
    assert change.row.external_id == "a1c9f2c0-1111-4000-8000-000000000001"
    assert change.row.direction is Direction.INBOUND
    assert change.row.status is InteractionStatus.COMPLETED
    assert change.row.record_id == "+393331110001"
    assert change.record is not None
    assert change.record.name == "Giulia Bianchi"
    assert isinstance(_freeswitch_row(originator="c1c9f2c0-1111-4000-8000-000000000003"), Hint)


def test_our_own_shape() -> None:
    first, second = SIGNED.receiver.events(SIGNED.delivery())
    (changed,), (removed,) = first.changes, second.changes
    assert (first.id, second.id) == ("e-1", "e-2")
    assert isinstance(changed, RowChanged)
    assert removed == RowRemoved(datetime(2026, 11, 23, 9, 46, tzinfo=UTC), "visit-6")
    assert changed.row.source == "desk"
    assert changed.row.channel is Channel.IN_PERSON
    assert changed.row.started_at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert changed.row.started_at.tzinfo is UTC
    assert changed.record is not None
    assert changed.record.identifiers == (
        HeldIdentifier(external("desk", "c-42"), True),
        HeldIdentifier(GIULIA, True),  # type: ignore[arg-type]
    )


def _ours(*told: dict[str, Any]) -> list[Event]:
    return SIGNED.receiver.events(SIGNED.told({"events": [{"id": "e", "changes": list(told)}]}))


def test_our_own_shape_says_details_by_their_type() -> None:
    row = {**ROW, "channel": "VOICE", "details": {"type": "call", "talk_seconds": 30}, "source": "somebody else"}
    ((change,),) = [event.changes for event in _ours({"type": "row", "at": "2026-11-23T10:00:00Z", "row": row})]
    assert isinstance(change, RowChanged)
    assert change.row.source == "desk"
    assert msgspec.to_builtins(change.row.details)["talk_seconds"] == 30


def test_our_own_shape_takes_hints_messages_and_statuses() -> None:
    at = "2026-11-23T10:00:00Z"
    message = {
        "type": "message",
        "id": "m1",
        "record_id": "c-42",
        "identifiers": RECORD["identifiers"],
        "channel": "TELEGRAM",
        "message": {"at": at, "party": "CUSTOMER", "text": "Salve"},
    }
    ((*_,),) = [
        event.changes
        for event in _ours(
            {"type": "hint", "at": at, "identifiers": [{"kind": "EMAIL", "value": " Giulia@example.org"}]},
            message,
            {"type": "delivery", "message_id": "m1", "state": "READ", "at": at},
            {"type": "edited", "message_id": "m1", "at": at, "text": "Salve!"},
            {"type": "message_removed", "message_id": "m1", "at": at},
        )
    ]
    hint = only_hint(
        SIGNED,
        SIGNED.told(
            {
                "events": [
                    {
                        "id": "e",
                        "changes": [
                            {
                                "type": "hint",
                                "at": at,
                                "identifiers": [{"kind": "EMAIL", "value": "Giulia@Example.org"}],
                            }
                        ],
                    }
                ]
            }
        ),
    )
    assert hint.identifiers == (MAIL,)


@pytest.mark.parametrize(
    "told",
    [
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "started_at": "2026-11-23T10:00:00"}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "last_activity_at": "2026-11-22T10:00:00Z"}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "external_id": ""}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "record_id": "x" * 201}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "channel": "PIGEON"}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": {**ROW, "duration_seconds": -1}},
        {"type": "row", "at": "2026-11-23T10:00:00Z", "row": ROW, "record": {**RECORD, "id": "c-43"}},
        {"type": "row", "at": "0001-01-01T00:00:00Z", "row": ROW},
        {"type": "hint", "at": "2026-11-23T10:00:00Z", "identifiers": [{"kind": "PHONE", "value": "call me"}]},
        {"type": "hint", "at": "2026-11-23T10:00:00Z", "identifiers": [{"kind": "SOCIAL", "value": "giulia"}]},
        {"type": "removed", "at": "2026-11-23T10:00:00Z", "external_id": ""},
        {"type": "order", "at": "2026-11-23T10:00:00Z"},
        {"at": "2026-11-23T10:00:00Z", "external_id": "e"},
    ],
)
def test_our_own_shape_is_taken_exactly(told: dict[str, Any]) -> None:
    with pytest.raises(MalformedError):
        _ours(told)


def test_one_odd_event_does_not_cost_the_others() -> None:
    told = json.loads(SIGNED.body)
    told["events"].insert(0, {"id": "odd", "changes": [{"type": "row"}]})
    with pytest.raises(PartlyMalformedError) as partly:
        SIGNED.receiver.events(SIGNED.told(told))
    assert [event.id for event in partly.value.events] == ["e-1", "e-2"]


def test_an_external_id_of_nobody_else_is_the_sources_own() -> None:
    told = {"type": "hint", "at": "2026-11-23T10:00:00Z", "identifiers": [{"kind": "EXTERNAL_ID", "value": "7"}]}
    ((hint,),) = [event.changes for event in _ours(told)]
    assert isinstance(hint, Hint)
    assert hint.identifiers == (Identifier(hint.identifiers[0].kind, "7", source="desk"),)


@pytest.mark.parametrize("sender", [SIGNED, GENESYS], ids=named)
def test_batches_may_be_cut_and_shuffled(sender: Sender) -> None:
    chance = random.Random(9)
    whole = json.loads(sender.body)
    rows = whole["events"] if sender is SIGNED else [{**whole, "id": f"event-{turn}"} for turn in range(6)]

    def told(batch: list[Any]) -> list[Event]:
        return sender.receiver.events(sender.told({"events": batch} if sender is SIGNED else batch))

    expected = {event.id: event for event in told(rows)}
    for _ in range(50):
        mixed = rows * 2
        chance.shuffle(mixed)
        cut = chance.randrange(len(mixed))
        found = {event.id: event for batch in (mixed[:cut], mixed[cut:]) for event in told(batch)}
        assert found == expected
