"""FreeSWITCH: `mod_json_cdr` posts one document for each leg of a call when it is over.

Its source, `mod_json_cdr.c`: basic authentication with `cred`; the document as it is, or as the field `cdr` of a form,
percent-encoded or in base64 (`encode`), and its values percent-encoded once more unless `encode-values` is off.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from connectors import identifiers
from connectors.events import Delivery, Event, Hint, RowChanged
from connectors.interaction import HeldIdentifier, Identifier, IdentifierKind, Record
from connectors.mapping import decode_rows
from connectors.questions import SourceConfig
from connectors.telephony.freeswitch_mapping import Setting, row_of
from connectors.telephony.freeswitch_rows import leg_of_document
from connectors.telephony.numbers import Numbers, Sides
from connectors.webhooks.receiver import ODD, VendorReceiver, event, id_of, ids_of, rows_of, seconds
from connectors.webhooks.signatures import check_basic

FIELD = b"cdr="


class _Variables(msgspec.Struct):
    uuid: str | None = None
    call_uuid: str | None = None
    originator: str | None = None
    signal_bond: str | None = None
    end_epoch: str | int | None = None
    sip_from_user: str | None = None
    sip_to_user: str | None = None


class _Profile(msgspec.Struct):
    caller_id_number: str | None = None
    callee_id_number: str | None = None
    destination_number: str | None = None
    ani: str | None = None


class _Flow(msgspec.Struct):
    caller_profile: _Profile | None = None


class _Document(msgspec.Struct):
    variables: _Variables
    callflow: msgspec.Raw = msgspec.Raw(b"null")


class FreeSwitchOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`rows`: each call is told whole, as its first leg knows it, where nobody keeps the documents; else that there is
    something new to read. The others are the connector's."""

    rows: bool = False
    inbound_contexts: tuple[str, ...] = ("public",)
    outbound_contexts: tuple[str, ...] = ("default",)
    gateways: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    dial_prefixes: tuple[str, ...] = ()
    agents: dict[str, str] = {}
    queues: dict[str, str] = {}
    wrap_up_variable: str | None = None
    account_is_division: bool = False


class FreeSwitch(VendorReceiver):
    """A secret is `user:password`."""

    Options = FreeSwitchOptions

    def __init__(self, options: Mapping[str, Any], config: SourceConfig) -> None:
        super().__init__(options, config)
        said = self.options
        self._company = Numbers(config.region, said.dial_prefixes, said.numbers)
        sides = Sides(self._company, frozenset(said.inbound_contexts), frozenset(said.outbound_contexts), said.gateways)
        self._setting = Setting(config.name, sides, said.agents, said.queues, said.account_is_division)

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        check_basic(delivery, secrets)

    def events(self, delivery: Delivery) -> list[Event]:
        """Older servers repeat `callflow`: the last one counts, the first stretch of the call."""
        content = self._document(delivery)
        document = self.decode(content, _Document, repeated=True)
        said = document.variables
        leg = id_of(unquote(said.uuid or ""))
        if leg is None:
            self.malformed("a call without uuid")
        calls = ids_of(*(unquote(text or "") for text in (said.call_uuid, said.originator, said.signal_bond)), leg)
        known = tuple(dict.fromkeys(self._numbers(document)))
        hint = Hint(
            at=seconds(said.end_epoch) or delivery.received_at,
            record_ids=tuple(identifier.value for identifier in known),
            identifiers=known,
            external_ids=calls,
        )
        return [event(f"cdr:{leg}", (self._row(content) if self.options.rows else None) or hint)]

    def _row(self, content: bytes) -> RowChanged | None:
        """None for a leg that the call did not begin with, and for a call of nobody's."""
        leg = leg_of_document(content, self._company, self.options.wrap_up_variable)
        if leg is None or leg.call_id != leg.uuid:
            return None
        row = row_of(leg.call_id, [leg], self._setting)
        if row is None:
            return None
        number = row.record_id
        held = (
            HeldIdentifier(identifiers.external(self.source, number), True),
            HeldIdentifier(Identifier(IdentifierKind.PHONE, number)),
        )
        name = leg.caller_name if self._company.of(leg.caller) == number else ""
        named = name if name and self._company.of(name) is None else None
        return RowChanged(leg.ended_at, row, Record(source=self.source, id=number, identifiers=held, name=named))

    def _document(self, delivery: Delivery) -> bytes:
        if not delivery.body.startswith(FIELD):
            return delivery.body
        told = delivery.body[len(FIELD) :].rstrip(b"\0")
        try:
            if "base64" in delivery.headers.get("content-type", ""):
                return base64.b64decode(told, validate=True)
            return unquote(told.decode("ascii"), errors="strict").encode()
        except ODD:
            self.malformed("no form with a cdr")

    def _numbers(self, document: _Document) -> Iterator[Identifier]:
        """Both sides: which of them is the customer's, the connector knows."""
        said = document.variables
        told = [said.sip_from_user, said.sip_to_user]
        for flow in decode_rows(rows_of(document.callflow), _Flow)[0]:
            profile = flow.caller_profile or _Profile()
            told += [profile.caller_id_number, profile.ani, profile.callee_id_number, profile.destination_number]
        for text in told:
            number = identifiers.phone(unquote(text), self.config.region) if text else None
            if number is not None:
                yield number
