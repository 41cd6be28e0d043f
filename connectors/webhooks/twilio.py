"""Twilio: messages that came in, what became of those that went out, calls. Its API keeps them all: these are hints.

Twilio, "Webhooks security": base64 of HMAC-SHA1, keyed by the auth token, over the address as Twilio has it and the
form's fields in the order of their names; of another body the address holds the hash (`bodySHA256`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from connectors import identifiers
from connectors.events import Delivery, Event, Hint, Refused
from connectors.interaction import Identifier
from connectors.webhooks.receiver import ODD, VendorReceiver, event
from connectors.webhooks.signatures import MOST_FIELDS, check_any, query, required, sign_base64, text_keys

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_PORTS = {"https": 443, "http": 80}
_INBOUND = frozenset({"receiving", "received"})


class Twilio(VendorReceiver):
    """A secret is an account's auth token."""

    def verify(self, delivery: Delivery, secrets: Sequence[str], now: datetime) -> None:
        given = required(delivery, "x-twilio-signature")
        try:
            fields = _signed_fields(delivery)
            urls = [(url + fields).encode("utf-8", "surrogatepass") for url in _spellings(delivery.url)]
        except ODD:
            raise Refused("no address and form") from None
        check_any([given], [sign_base64(key, url, "sha1") for key in text_keys(secrets) for url in urls])

    def events(self, delivery: Delivery) -> list[Event]:
        told = self._form(delivery)
        message, call = told.get("MessageSid") or told.get("SmsSid") or "", told.get("CallSid", "")
        if _SID.fullmatch(message):
            state = told.get("MessageStatus") or told.get("SmsStatus") or "received"
            id_, customer = f"{message}:{state}", _customer(told, state not in _INBOUND)
        elif _SID.fullmatch(call):
            id_ = f"{call}:{told.get('CallStatus', '')}:{told.get('SequenceNumber', '')}"
            customer = _customer(told, told.get("Direction", "").startswith("outbound"))
        else:
            self.malformed("neither a message nor a call")
        known = tuple(self._identifiers(customer))
        if not known:
            return [event(id_)]  # somebody without a number: there is nothing to look at again
        return [event(id_, Hint(delivery.received_at, (known[0].value,), known))]

    def _form(self, delivery: Delivery) -> Mapping[str, str]:
        try:
            text = delivery.body.decode("ascii") if delivery.method != "GET" else urlsplit(delivery.url).query
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ODD:
            self.malformed("no form")
        told = dict(pairs)
        if len(told) != len(pairs):
            self.malformed("a field is given twice")
        return told

    def _identifiers(self, address: str) -> Iterator[Identifier]:
        number = identifiers.phone(address, self.config.region)
        if address.startswith("whatsapp:"):
            on_whatsapp = identifiers.whatsapp(address)
            if on_whatsapp is not None:
                yield on_whatsapp
        if number is not None:
            yield number


def _customer(told: Mapping[str, str], is_ours: bool) -> str:
    return told.get("To" if is_ours else "From", "")


def _signed_fields(delivery: Delivery) -> str:
    """What is signed behind the address. Raises `Refused` when the body is not the one that the address speaks of."""
    hashes = query(delivery.url).get("bodySHA256")
    if hashes is not None:
        check_any(hashes[:1], [hashlib.sha256(delivery.body).hexdigest()])
        return ""
    fields = parse_qsl(delivery.body.decode("ascii"), True, errors="strict", max_num_fields=MOST_FIELDS)
    return "".join(name + value for name, value in sorted(set(fields)))


def _spellings(url: str) -> Iterator[str]:
    """The address with and without the port that goes without saying: Twilio is known to sign either."""
    parts = urlsplit(url)
    yield url
    port = _PORTS.get(parts.scheme)
    if parts.port is None and port is not None:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))
    elif parts.port is not None:
        yield urlunsplit(parts._replace(netloc=parts.netloc.rsplit(":", 1)[0]))
