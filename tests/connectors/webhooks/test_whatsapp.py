"""WhatsApp: messages of every kind, statuses, people without a number, batches in any order."""

from __future__ import annotations

import itertools
import json
import random
from datetime import timedelta
from typing import Any

import pytest

from connectors.errors import MalformedError
from connectors.events import (
    DeliveryChanged,
    Event,
    Hint,
    MessageArrived,
    MessageEdited,
    MessageRemoved,
    PartlyMalformedError,
)
from connectors.interaction import Attachment, Channel, DeliveryState, IdentifierKind, MessageParty
from tests.connectors.webhooks.senders import (
    DIALOG360,
    META,
    NOW,
    SECONDS,
    WHATSAPP_CONTACT,
    WHATSAPP_TEXT,
    change,
    whatsapp,
)

JPEG, PDF, OGG = "image/jpeg", "application/pdf", "audio/ogg"
NUMBER, USER_ID, ID = "+393331110001", "IT.1502576394655843", WHATSAPP_TEXT["id"]


def read(*changes: dict[str, Any]) -> list[Event]:
    return META.receiver.events(META.told(whatsapp(*changes)))


def message(**values: Any) -> dict[str, Any]:
    """Without what is None."""
    return {name: value for name, value in {**WHATSAPP_TEXT, **values}.items() if value is not None}


def arrived(row: dict[str, Any], *contacts: dict[str, Any]) -> MessageArrived:
    (event,) = read(change(contacts=list(contacts or (WHATSAPP_CONTACT,)), messages=[row]))
    (found,) = event.changes
    assert isinstance(found, MessageArrived)
    return found


def test_a_text_says_who_it_is_from_and_which_line_it_came_to() -> None:
    found = arrived(message())
    assert found.id == ID
    assert (found.record_id, found.name, found.line) == (NUMBER, "Giulia Bianchi", "+390651110000")
    assert found.channel is Channel.WHATSAPP
    assert found.message.at == NOW
    assert found.message.party is MessageParty.CUSTOMER
    assert found.message.text == "Buongiorno, dov'è il mio pacco?"
    assert all(held.verified for held in found.identifiers)
    assert [(held.identifier.kind, held.identifier.value) for held in found.identifiers] == [
        (IdentifierKind.EXTERNAL_ID, NUMBER),
        (IdentifierKind.WHATSAPP, NUMBER),
        (IdentifierKind.WHATSAPP, USER_ID),
        (IdentifierKind.PHONE, NUMBER),
    ]


def test_360dialog_says_the_same() -> None:
    assert DIALOG360.receiver.events(DIALOG360.delivery()) == META.receiver.events(META.delivery())


@pytest.mark.parametrize("from_user_id", [USER_ID, None])
def test_somebody_without_a_number_is_known_by_the_user_id(from_user_id: str | None) -> None:
    """Also where only the contact tells it."""
    contact = {"profile": {"username": "giulia.b"}, "user_id": USER_ID}
    found = arrived(message(**{"from": None}, from_user_id=from_user_id), contact)
    assert (found.record_id, found.name) == (USER_ID, "giulia.b")
    assert [held.identifier.value for held in found.identifiers] == [USER_ID, USER_ID]


def test_nobody_is_guessed_among_several() -> None:
    contacts = [WHATSAPP_CONTACT, {"wa_id": "393331110002"}]
    with pytest.raises(PartlyMalformedError) as partly:
        read(change(contacts=contacts, messages=[message(**{"from": None}, from_user_id=None)]))
    assert partly.value.events == ()


@pytest.mark.parametrize(
    ("values", "text", "attachments"),
    [
        ({"image": {"id": "1", "mime_type": JPEG, "caption": "Rotto"}}, "Rotto", (Attachment(None, JPEG),)),
        ({"document": {"filename": "a.pdf", "mime_type": PDF}}, None, (Attachment("a.pdf", PDF),)),
        ({"audio": {"mime_type": OGG, "url": "https://media.example.org/1"}}, None, (Attachment(None, OGG),)),
        ({"location": {"latitude": 45.4, "longitude": 9.2}}, "45.4, 9.2", ()),
        ({"location": {"latitude": 45.4, "name": "Casa", "address": "Via Roma 1"}}, "Casa, Via Roma 1", ()),
        ({"contacts": [{"name": {"formatted_name": "Luca Verdi"}}]}, None, (Attachment("Luca Verdi"),)),
        ({"interactive": {"type": "button_reply", "button_reply": {"id": "1", "title": "Sì"}}}, "Sì", ()),
        ({"interactive": {"type": "list_reply", "list_reply": {"id": "1", "title": "Roma"}}}, "Roma", ()),
        ({"interactive": {"type": "nfm_reply", "nfm_reply": {"body": "Inviato", "name": "flow"}}}, "Inviato", ()),
        ({"button": {"text": "Conferma", "payload": "ok"}}, "Conferma", ()),
        ({"reaction": {"message_id": "wamid.x", "emoji": "👍"}}, "👍", ()),
        ({"order": {"catalog_id": "1", "text": "Due, grazie"}}, "Due, grazie", ()),
        ({"errors": [{"code": 131051, "title": "Unsupported"}]}, None, ()),
    ],
)
def test_every_kind_of_content(values: dict[str, Any], text: str | None, attachments: tuple[Attachment, ...]) -> None:
    found = arrived(message(text=None, type=next(iter(values)), **values)).message
    assert (found.text, found.attachments) == (text, attachments)


def test_a_reaction_that_is_taken_back_says_nothing_more() -> None:
    (event,) = read(change(messages=[message(type="reaction", text=None, reaction={"message_id": "wamid.x"})]))
    assert event.changes == ()


def test_an_edit_and_a_revocation_are_of_the_message_they_name() -> None:
    content = {"type": "text", "text": {"body": "Buonasera"}, "context": {"id": "wamid.w"}}
    edited = message(id="wamid.e", type="edit", text=None, edit={"original_message_id": ID, "message": content})
    revoked = message(id="wamid.r", type="revoke", text=None, revoke={"original_message_id": ID})
    first, second = read(change(messages=[edited, revoked]))
    assert (first.id, first.changes) == ("message:wamid.e", (MessageEdited(ID, NOW, "Buonasera"),))
    assert (second.id, second.changes) == ("message:wamid.r", (MessageRemoved(ID, NOW),))


def test_what_the_company_wrote_in_the_app() -> None:
    echo = {**message(**{"from": "390651110000"}, from_user_id=None), "to": "393331110001"}
    (event,) = read({**change(message_echoes=[echo]), "field": "smb_message_echoes"})
    (found,) = event.changes
    assert isinstance(found, MessageArrived)
    assert (found.record_id, found.message.party, found.line) == (NUMBER, MessageParty.AGENT, "+390651110000")


def test_a_new_number_is_looked_at_again_under_both() -> None:
    system = {"type": "user_changed_number", "wa_id": "393331110009", "body": "changed"}
    (event,) = read(change(messages=[message(type="system", text=None, system=system)]))
    (hint,) = event.changes
    assert isinstance(hint, Hint)
    assert hint.record_ids == (NUMBER, USER_ID, "+393331110009")


def test_a_new_user_id_is_looked_at_again_under_both() -> None:
    row = {"wa_id": "393331110001", "timestamp": SECONDS, "user_id": {"previous": "IT.1", "current": "IT.2"}}
    (event,) = read({**change(user_id_update=[row]), "field": "user_id_update"})
    (hint,) = event.changes
    assert isinstance(hint, Hint)
    assert hint.record_ids == (NUMBER, "IT.1", "IT.2")


def status(state: str, id_: str = "wamid.out", seconds: int = 0) -> dict[str, Any]:
    return {
        "id": id_,
        "status": state,
        "timestamp": str(int(SECONDS) + seconds),
        "recipient_id": "393331110001",
        "conversation": {"id": "c", "origin": {"type": "utility"}},
        "errors": [{"code": 131026, "title": "Message undeliverable"}],
    }


def test_statuses_say_their_state_in_whatever_order_they_come() -> None:
    told = [status(state, seconds=place) for place, state in enumerate(("sent", "delivered", "read", "failed"))]
    expected = {
        f"status:wamid.out:{row['status']}": DeliveryChanged(
            "wamid.out", DeliveryState(row["status"].upper()), NOW + timedelta(seconds=place), NUMBER, "+390651110000"
        )
        for place, row in enumerate(told)
    }
    for order in itertools.permutations(told):
        assert {event.id: event.changes[0] for event in read(change(statuses=list(order)))} == expected


def test_a_state_that_is_not_known_says_nothing() -> None:
    (event,) = read(change(statuses=[status("pondered")]))
    assert event.changes == ()


def test_one_odd_row_does_not_cost_the_batch() -> None:
    rows = [message(timestamp="soon"), message(id="wamid.2"), {"id": 7}, message(id="")]
    with pytest.raises(PartlyMalformedError) as partly:
        read(change(contacts=[WHATSAPP_CONTACT], messages=rows), change(statuses=[status("read"), {}]))
    assert [event.id for event in partly.value.events] == ["message:wamid.2", "status:wamid.out:read"]


def test_other_fields_and_other_objects_are_not_ours() -> None:
    assert read({"field": "account_update", "value": {"event": "VERIFIED_ACCOUNT"}}) == []
    assert META.receiver.events(META.told({"object": "instagram", "entry": [{"id": "1"}]})) == []
    for odd in ({"object": "whatsapp_business_account"}, {"entry": []}, []):
        with pytest.raises(MalformedError):
            META.receiver.events(META.told(odd))


def _population(chance: random.Random) -> list[dict[str, Any]]:
    """Changes of one row each, for several people."""
    changes = []
    for person in range(6):
        wa_id = f"39333111000{person}"
        contact = {"wa_id": wa_id, "user_id": f"IT.{person}", "profile": {"name": f"Cliente {person}"}}
        for turn in range(4):
            row = {**message(), "from": wa_id, "from_user_id": f"IT.{person}", "id": f"wamid.{person}.{turn}"}
            row["timestamp"] = str(int(SECONDS) + chance.randrange(1000))
            changes.append(change(contacts=[contact], messages=[row]))
            state = chance.choice(("sent", "delivered", "read"))
            changes.append(change(statuses=[status(state, f"wamid.{person}.{turn}.out")]))
    return changes


def _batched(changes: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """The same rows in other batches: mixed, told up to three times, several in one change."""
    told = [one for one in changes for _ in range(chance.choice((1, 1, 2, 3)))]
    chance.shuffle(told)
    deliveries = []
    while told:
        size = chance.randrange(1, 8)
        taken, told = told[:size], told[size:]
        merged: dict[str, list[Any]] = {"contacts": [], "messages": [], "statuses": []}
        for one in taken:
            for name, rows in merged.items():
                rows.extend(one["value"].get(name, []))
        deliveries.append(whatsapp(*taken) if chance.random() < 0.5 else whatsapp(change(**merged)))
    return deliveries


def test_shuffled_batches_say_the_same_events() -> None:
    chance = random.Random(3)
    changes = _population(chance)
    expected = {event.id: event for event in read(*changes)}
    assert len(expected) == len(changes)
    for _ in range(200):
        found: dict[str, Event] = {}
        for body in _batched(changes, chance):
            for event in META.receiver.events(META.told(body)):
                assert found.setdefault(event.id, event) == event
        assert found == expected


def test_a_long_id_is_still_one_that_fits() -> None:
    (first,), (second,) = (read(change(statuses=[status("read", "w" * 199 + end)])) for end in ("a", "b"))
    assert first.id != second.id
    assert len(first.id) <= 200
    assert json.dumps(first.id)
