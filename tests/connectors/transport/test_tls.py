"""Certificates: who is believed, and that the name is told and checked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from time import monotonic

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors import transport as module
from connectors.transport import LeanTransport
from tests.connectors.transport.wire import (
    HEAD,
    HELLO,
    Peer,
    always,
    ask,
    ask_once,
    only_open,
    open_files,
    refused,
    saying,
    serving,
)

DAY = timedelta(days=1)


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """Signs for anybody; `issue` writes certificate and key into a folder and makes a server's context of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._sign(name("Test Authority"), self.key, self.key, is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.file))

    def issue(
        self,
        host: str = "localhost",
        *,
        days: tuple[int, int] = (-1, 1),
        self_signed: bool = False,
    ) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(name(host), key, key if self_signed else self.key, host, days=days)
        file = self.folder / "server.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        signer: ec.EllipticCurvePrivateKey,
        host: str | None = None,
        *,
        days: tuple[int, int] = (-1, 1),
        is_authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if signer is key else name("Test Authority"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * DAY)
            .not_valid_after(now + days[1] * DAY)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        )
        if host is not None:
            is_address = host[0].isdigit()
            alternative = x509.IPAddress(ip_address(host)) if is_address else x509.DNSName(host)
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        if is_authority:
            usage = x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            )
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(signer, hashes.SHA256())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_the_right_certificate_is_accepted_and_the_server_is_told_its_name(authority: Authority):
    server, names = authority.issue(), []
    server.sni_callback = lambda ssl_object, server_name, context: names.append(server_name)
    async with serving(always(HELLO), server, "localhost") as wire:
        transport = LeanTransport(tls=authority.trusting())
        for _ in range(5):
            assert (await ask(transport, wire)).body == b"hello"
        assert wire.connections == 1 and transport.idle == 1
        await transport.aclose()
    assert names == ["localhost"]


async def test_an_address_may_be_certified_too(authority: Authority):
    async with serving(always(HELLO), authority.issue("127.0.0.1")) as wire:
        assert (await ask_once(wire, tls=authority.trusting())).body == b"hello"


async def test_the_machines_certificates_are_trusted_and_http_1_1_is_all_we_offer(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
):
    spoken: list[str | None] = []

    async def script(peer: Peer) -> None:
        spoken.append(peer.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await peer.hear()
        await peer.say(HELLO)

    server = authority.issue()
    server.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(script, server, "localhost") as wire:
        await refused(wire, httpx.ConnectError)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        module._default_tls.cache_clear()
        try:
            assert (await ask_once(wire)).body == b"hello"
            assert module._default_tls() is module._default_tls()
        finally:
            module._default_tls.cache_clear()
    assert spoken == ["http/1.1"]


WRONG: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "expired": lambda authority: authority.issue(days=(-3, -2)),
    "not yet valid": lambda authority: authority.issue(days=(2, 3)),
    "self-signed": lambda authority: authority.issue(self_signed=True),
    "another host": lambda authority: authority.issue("example.org"),
    "another address": lambda authority: authority.issue("127.0.0.1"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_certificate_is_refused_before_anything_is_sent(authority: Authority, wrong: str):
    async with serving(always(HELLO), WRONG[wrong](authority), "localhost") as wire:
        before = open_files()
        await refused(wire, httpx.ConnectError, tls=authority.trusting())
        assert wire.heard == []
        await only_open(before)


async def test_a_stranger_is_refused(authority: Authority, tmp_path: Path):
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    async with serving(always(HELLO), authority.issue(), "localhost") as wire:
        await refused(wire, httpx.ConnectError, tls=other.trusting())


async def test_old_protocol_versions_are_refused(authority: Authority):
    server = authority.issue()
    server.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        server.minimum_version = ssl.TLSVersion.TLSv1
        server.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(always(HELLO), server, "localhost") as wire:
        await refused(wire, httpx.ConnectError, tls=authority.trusting())


async def test_a_server_that_speaks_no_tls(authority: Authority):
    async with serving(always(HELLO)) as wire:
        wire.scheme, wire.host = "https", "localhost"
        with pytest.raises((httpx.ConnectError, httpx.ConnectTimeout)):
            await ask_once(wire, tls=authority.trusting(), connect_seconds=0.3)


async def test_a_handshake_that_stalls_is_a_timeout(authority: Authority):
    async with serving(Peer.wait_until_they_leave) as wire:
        wire.scheme, wire.host = "https", "localhost"
        before = open_files()
        started = monotonic()
        await refused(wire, httpx.ConnectTimeout, tls=authority.trusting(), connect_seconds=0.1)
        assert monotonic() - started < 2
        await only_open(before)


async def test_who_is_cancelled_in_the_handshake_leaves_nothing(authority: Authority):
    async with serving(Peer.wait_until_they_leave) as wire:
        wire.scheme, wire.host = "https", "localhost"
        before = open_files()
        transport = LeanTransport(tls=authority.trusting())
        task = asyncio.create_task(ask(transport, wire))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert transport.active == 0
        await only_open(before)
        await transport.aclose()


async def test_an_answer_that_is_cut_is_refused_over_tls_too(authority: Authority):
    async with serving(saying(HELLO[:-1]), authority.issue(), "localhost") as wire:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await ask_once(wire, tls=authority.trusting())


async def test_an_answer_may_end_with_the_connection_over_tls_too(authority: Authority):
    async def script(peer: Peer) -> None:
        await peer.hear()
        await peer.say(HEAD + b"\r\nhello")
        peer.writer.close()
        await peer.wait_until_they_leave()

    async with serving(script, authority.issue(), "localhost") as wire:
        assert (await ask_once(wire, tls=authority.trusting())).body == b"hello"


async def test_surplus_ends_the_connection_over_tls_too(authority: Authority):
    async with serving(always(HELLO + b"x"), authority.issue(), "localhost") as wire:
        transport = LeanTransport(tls=authority.trusting())
        for expected in (1, 2):
            assert (await ask(transport, wire)).body == b"hello"
            assert wire.connections == expected
        await transport.aclose()
