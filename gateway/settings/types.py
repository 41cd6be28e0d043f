"""Kinds of values that `gateway.toml` knows, each refused with a problem and a mend and never with the value."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import zoneinfo
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path as FilePath
from typing import Annotated, Any
from urllib.parse import urlsplit

import phonenumbers
from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    SecretBytes,
    SecretStr,
    StringConstraints,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from connectors import identifiers
from gateway.deployment import EVERY_DIVISION
from gateway.permissions import ALL_PERMISSIONS
from gateway.settings.fault import nearest
from gateway.viewer.jwks import read_key_set

SECRET_BYTES = 32
MAX_FILE_BYTES = 64 * 1024
MAX_DOCUMENTS_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Surroundings:
    """What values are judged against: the environment, the folder of the file, and the names defined in it."""

    environment: Mapping[str, str]
    folder: FilePath
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)


def refusal(problem: str, mend: str) -> PydanticCustomError:
    return PydanticCustomError("settings", "{problem}", {"problem": problem, "mend": mend})


def _around(info: ValidationInfo) -> Surroundings:
    assert isinstance(info.context, Surroundings)
    return info.context


# ---------------------------------------------------------------- references to names


def _known(kind: str) -> Callable[[str, ValidationInfo], str]:
    """Refuses a name that the file does not define; `kind` is one word for it, and the key of `names`."""

    def check(value: str, info: ValidationInfo) -> str:
        names = _around(info).names.get(kind, frozenset())
        if value not in names:
            raise refusal(f"names an unknown {kind}", nearest(value, names))
        return value

    return check


def _campaign(value: str, info: ValidationInfo) -> str:
    source, slash, campaign = value.partition("/")
    if not slash or not campaign:
        raise refusal("is no campaign", "write it as `source/campaign id`")
    return f"{_known('source')(source, info)}/{campaign}"


def _division(value: str, info: ValidationInfo) -> str:
    return value if value == EVERY_DIVISION else _known("division")(value, info)


def _division_list(value: Any) -> Any:
    if value == EVERY_DIVISION:
        return (EVERY_DIVISION,)
    return tuple(value) if isinstance(value, list) else value


def _every_stands_alone(value: tuple[str, ...]) -> tuple[str, ...]:
    if EVERY_DIVISION in value and len(value) > 1:
        raise refusal('names "*" and others', 'write "*" alone for every division')
    return value


def _some(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if not value:
        raise refusal("is empty", "give at least one")
    return value


def _permission(value: str) -> str:
    if value not in ALL_PERMISSIONS:
        raise refusal("is no permission", nearest(value, ALL_PERMISSIONS))
    return value


def _not_every(value: str) -> str:
    if value == EVERY_DIVISION:
        raise refusal("has a name that means every division", "choose another")
    return value


Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_not_every)]
SourceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
KeyId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")]
HexSha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Permission = Annotated[str, AfterValidator(_permission)]
RoleRef = Annotated[str, AfterValidator(_known("role"))]
ProfileRef = Annotated[str, AfterValidator(_known("work profile"))]
SourceRef = Annotated[str, AfterValidator(_known("source"))]
ConnectorRef = Annotated[str, AfterValidator(_known("connector"))]
OneDivision = Annotated[str, AfterValidator(_known("division"))]
CampaignRef = Annotated[str, AfterValidator(_campaign)]
NotEmpty = AfterValidator(_some)
"""Where `min_length` would also count elements that are refused themselves."""
Divisions = Annotated[
    tuple[Annotated[str, AfterValidator(_division)], ...],
    BeforeValidator(_division_list),
    AfterValidator(_every_stands_alone),
]


# ---------------------------------------------------------------- secrets and files


def _secret_text(value: Any, around: Surroundings) -> str:
    if isinstance(value, str):
        raise refusal("is written in the file", 'write { env = "NAME" } or { file = "/path" } instead of the secret')
    if not isinstance(value, dict) or len(value) != 1 or not isinstance(next(iter(value.values())), str):
        raise refusal("is no reference to a secret", 'write { env = "NAME" } or { file = "/path" }')
    kind, where = next(iter(value.items()))
    if kind == "env":
        if where not in around.environment:
            raise refusal(f"needs the variable {where}, which is not set", f"set {where}")
        text = around.environment[where]
    elif kind == "file":
        text = _file(where, around).decode("utf-8", "replace")
    else:
        raise refusal("is no reference to a secret", nearest(kind, ("env", "file")))
    text = text.strip("\r\n")
    if not text.strip():
        raise refusal("is empty", "put the secret there")
    if not text.isprintable():
        raise refusal("holds a line break or an unprintable character", "store the secret as one line of text")
    return text


def _file(name: str, around: Surroundings, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    try:
        with (around.folder / name).open("rb") as file:
            content = file.read(max_bytes + 1)
    except (OSError, ValueError):
        raise refusal("names a file that cannot be read", "check its path and that the gateway may read it") from None
    if len(content) > max_bytes:
        raise refusal("names a file that is too large", f"give one of at most {max_bytes} bytes")
    return content


def _secret(value: Any, info: ValidationInfo) -> SecretStr:
    return SecretStr(_secret_text(value, _around(info)))


def _secret_bytes(value: Any, info: ValidationInfo) -> SecretBytes:
    """32 bytes, written as 64 hexadecimal digits or in base64 of either alphabet."""
    text = _secret_text(value, _around(info)).strip()
    mend = "make one with `openssl rand -base64 32`"
    secret = b""
    if re.fullmatch(r"[0-9a-fA-F]{64}", text):
        secret = bytes.fromhex(text)
    elif re.fullmatch(r"[A-Za-z0-9+/]{43}=?", text):
        secret = b64decode(text.rstrip("=") + "=")
    elif re.fullmatch(r"[A-Za-z0-9_-]{43}=?", text):
        secret = urlsafe_b64decode(text.rstrip("=") + "=")
    if len(secret) != SECRET_BYTES:
        raise refusal("is not 32 bytes in base64 or hexadecimal", mend)
    if len(set(secret)) < SECRET_BYTES // 4:
        raise refusal("is not random", mend)
    return SecretBytes(secret)


@dataclass(frozen=True)
class KeySetFile:
    """A JWKS that was read from a file when the settings were."""

    name: str
    content: bytes = field(repr=False)


def _key_set_file(value: Any, info: ValidationInfo) -> KeySetFile:
    if not isinstance(value, str):
        raise refusal("must be text", "write the path of a file")
    content = _file(value, _around(info))
    if not read_key_set(content):
        raise refusal(
            "names a file without a usable key", "store a JWKS with RS256, ES256 or EdDSA keys that have a `kid`"
        )
    return KeySetFile(value, content)


@dataclass(frozen=True)
class DocumentsFile:
    """Trusted documents, by the SHA-256 of their text, that were read from a file when the settings were."""

    name: str
    documents: Mapping[str, str] = field(repr=False)


def _documents_file(value: Any, info: ValidationInfo) -> DocumentsFile:
    """A JSON object of hash and document, as code generators for clients write it."""
    if not isinstance(value, str):
        raise refusal("must be text", "write the path of a file")
    try:
        documents = json.loads(_file(value, _around(info), MAX_DOCUMENTS_BYTES))
    except ValueError:
        documents = None
    if not isinstance(documents, dict) or not all(isinstance(text, str) for text in documents.values()):
        raise refusal("names a file that is no JSON object of documents", 'store {"<SHA-256>": "<document>", …}')
    for digest, text in documents.items():
        if hashlib.sha256(text.encode()).hexdigest() != digest.removeprefix("sha256:"):
            raise refusal("names a file with a document under a wrong hash", "key each document by its SHA-256")
    return DocumentsFile(value, {digest.removeprefix("sha256:"): text for digest, text in documents.items()})


_hidden = PlainSerializer(lambda _: "**********", return_type=str, when_used="json")
Secret = Annotated[SecretStr, PlainValidator(_secret), _hidden]
Secret32Bytes = Annotated[SecretBytes, PlainValidator(_secret_bytes), _hidden]
DocumentsPath = Annotated[DocumentsFile, PlainValidator(_documents_file)]
KeySetPath = Annotated[KeySetFile, PlainValidator(_key_set_file)]


# ---------------------------------------------------------------- addresses, places and times


def is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(url: str) -> str:
    return urlsplit(url).hostname or ""


def web_address(value: str) -> str:
    """An absolute http(s) URL without credentials, query or fragment."""
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right or re.search(r"[\s\\\x00-\x1f]", value):
        raise refusal("is no web address", "write it as https://host/path")
    if parts.username is not None or parts.password is not None:
        raise refusal("holds a user name or password", "take it out and use the credentials of the source")
    if "?" in value or "#" in value:
        raise refusal("has a query or a fragment", "end it after the path")
    return value


def _encrypted(value: str) -> str:
    web_address(value)
    if value.startswith("http:") and not is_loopback(host_of(value)):
        raise refusal("is not encrypted", "use https")
    return value


_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:\d+)?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def _origin(value: str) -> str:
    web_address(value)
    parts = urlsplit(value)
    if not _ORIGIN.fullmatch(value):
        raise refusal("is no origin", "write scheme, host and port alone, in small letters: https://desk.example.org")
    if parts.port == _DEFAULT_PORTS[parts.scheme]:
        raise refusal("names the port that browsers leave out", "write no port")
    return value


def _host(value: str) -> str:
    if not re.fullmatch(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[?[0-9a-f:]+\]?", value):
        raise refusal("is no host name", "write it in small letters, without scheme, port or path")
    return value


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise refusal("is no region", "write the two capital letters of ISO 3166, such as IT")
    return value


def _time_zone(value: str) -> str:
    zones = _zones()
    if value not in zones:
        raise refusal("is no time zone", nearest(value, zones) if "/" in value else "write an IANA name, such as UTC")
    return value


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _contact(value: str) -> str:
    found = identifiers.email(value) if "@" in value else identifiers.phone(value)
    if found is None:
        raise refusal("is neither a phone number nor an e-mail address", "write +390212345678 or info@example.org")
    return found.value


def _address_pattern(value: str) -> str:
    """A contact in its normal form, or so much of one that many share."""
    if "*" not in value:
        return _contact(value)
    if not re.fullmatch(r"\+[1-9]\d{0,13}\*|\*@[^\s*@]+", value):
        raise refusal(
            "is no pattern of addresses", "write +3902* for numbers that begin so, *@example.org for a domain"
        )
    return value.casefold()


def _store_url(value: str) -> str:
    """As `gateway.store.store` understands it; empty: nothing is kept."""
    if not value:
        return value
    if value.startswith("sqlite:///"):
        path = value.removeprefix("sqlite:///")
        if not path or path.startswith(":") or re.search(r"[?#\x00-\x1f]", path):
            raise refusal("names no file", "write it as sqlite:///journey.db")
        return value
    try:
        parts = urlsplit(value)
        right = parts.scheme == "postgresql" and bool(parts.hostname) and len(parts.path) > 1
        right = right and (parts.port is None or parts.port > 0)
    except ValueError:
        right = False
    if not right:
        raise refusal("is no address of a store", "write sqlite:///journey.db or postgresql://user@host/database")
    if parts.password is not None:
        raise refusal("holds a password", "take it out and give it as `password`")
    return value


StoreUrl = Annotated[str, AfterValidator(_store_url)]
EncryptedUrl = Annotated[str, AfterValidator(_encrypted)]
Origin = Annotated[str, AfterValidator(_origin)]
Host = Annotated[str, AfterValidator(_host)]
Region = Annotated[str, AfterValidator(_region)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Contact = Annotated[str, AfterValidator(_contact)]
AddressPattern = Annotated[str, AfterValidator(_address_pattern)]
