"""Identifiers in their normal form, and in the spelling that each vendor wants."""

from __future__ import annotations

import re

import phonenumbers

from connectors.interaction import Channel, Identifier, IdentifierKind

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")
_PHONE = re.compile(r"[+\d\s().\-/\u00a0\u2010-\u2015]{2,40}")
_WHATSAPP_USER_ID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")


def phone(text: str, region: str | None = None) -> Identifier | None:
    """A PHONE in E.164, or None when `text` is no possible number.

    `region` (ISO 3166, `IT`) is assumed where `text` has no country prefix; `tel:` and `whatsapp:` are taken off.
    """
    value = e164(text, region)
    return None if value is None else Identifier(IdentifierKind.PHONE, value)


def e164(text: str, region: str | None = None) -> str | None:
    bare = text.strip()
    for prefix in ("tel:", "whatsapp:", "sip:"):
        bare = bare.removeprefix(prefix)
    if not _PHONE.fullmatch(bare):  # the library would dig a number out of any text
        return None
    try:
        number = phonenumbers.parse(bare, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email(text: str) -> Identifier | None:
    """An EMAIL, case-folded, or None when `text` is no address."""
    value = text.strip().casefold()
    return Identifier(IdentifierKind.EMAIL, value) if len(value) <= 254 and _EMAIL.fullmatch(value) else None


def whatsapp(text: str, region: str | None = None) -> Identifier | None:
    """A WHATSAPP identifier from a number (digits alone are taken as international) or WhatsApp's own user id."""
    bare = text.strip().removeprefix("whatsapp:")
    if _WHATSAPP_USER_ID.fullmatch(bare):
        return Identifier(IdentifierKind.WHATSAPP, bare)
    if bare.isdigit() and region is None:
        bare = f"+{bare}"
    value = e164(bare, region)
    return None if value is None else Identifier(IdentifierKind.WHATSAPP, value)


def external(source: str, value: str) -> Identifier:
    return Identifier(IdentifierKind.EXTERNAL_ID, value, source=source)


def social(channel: Channel, value: str) -> Identifier:
    return Identifier(IdentifierKind.SOCIAL, value, channel=channel)


def digits(e164_value: str) -> str:
    """`+39333…` as `39333…`."""
    return e164_value.removeprefix("+")


def cookie(value: str) -> Identifier:
    return Identifier(IdentifierKind.COOKIE, value)


def national(e164_value: str, region: str | None = None) -> str | None:
    """The digits without the country's; with a `region`, only for a number of that region, else None."""
    try:
        number = phonenumbers.parse(e164_value)
    except phonenumbers.NumberParseException:
        return None
    if region is not None and number.country_code != phonenumbers.country_code_for_region(region):
        return None
    return phonenumbers.national_significant_number(number)


def spellings(e164_value: str, region: str | None) -> list[str]:
    """`+39333…`, `39333…` and, for a number of the region itself, `333…`: how most keep it who compare text."""
    rest = national(e164_value, region) if region is not None else None
    return [e164_value, digits(e164_value), *([] if rest is None else [rest])]
