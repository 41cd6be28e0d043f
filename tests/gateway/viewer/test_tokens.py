"""A corpus of bad tokens, none of which may pass, beside the good ones that must."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from gateway.errors import UnauthenticatedError
from gateway.viewer.issuer import LocalIssuer
from gateway.viewer.tokens import TokenVerifier
from tests.gateway.viewer.support import (
    AUDIENCE,
    ISSUER,
    NOW,
    NOW_S,
    b64,
    claims,
    fixed_verifier,
    jwk,
    private,
    public_pem,
    segment,
    signature,
    token,
    unb64,
)


def resigned(header: bytes, payload: bytes, algorithm: str = "RS256") -> str:
    message = f"{b64(header)}.{b64(payload)}"
    return f"{message}.{b64(signature(algorithm, message.encode(), private(algorithm)))}"


def altered(part: int, change) -> str:
    parts = token().split(".")
    parts[part] = change(parts[part])
    return ".".join(parts)


def hmac_with(secret: bytes, kid: str = "RS256", **header) -> str:
    return token(algorithm="HS256", key=secret, kid=kid, **header)


OWN = private("RS256", 7)
HEADER = b'{"alg":"RS256","kid":"RS256"}'
GOOD_CLAIMS = unb64(segment(claims()))
BAD = {
    # no signature, or one of another kind
    "none": token(algorithm="none", kid="RS256"),
    "none, capitals": token(algorithm="none", kid="RS256", alg="None"),
    "none with the good signature": altered(0, lambda _: segment({"alg": "none", "kid": "RS256"})),
    "HMAC with the public key in PEM": hmac_with(public_pem("RS256")),
    "HMAC with the public key's text": hmac_with(public_pem("RS256").strip()),
    "HMAC with the modulus": hmac_with(unb64(jwk(private("RS256"), "x")["n"])),
    "HMAC with the public Ed25519 key": hmac_with(unb64(jwk(private("EdDSA"), "x")["x"]), kid="EdDSA"),
    "HMAC with nothing": hmac_with(b"\0"),
    "HMAC said to be RS256": hmac_with(public_pem("RS256"), alg="RS256"),
    "RSA-PSS": token(algorithm="PS256", key=private("RS256"), kid="RS256"),
    "RS512": token(algorithm="RS512", key=private("RS256"), kid="RS256"),
    "ES384": token(algorithm="ES384", kid="ES256"),
    "RS256 with the id of an EC key": token(kid="ES256"),
    "EdDSA with the id of an RSA key": token(algorithm="EdDSA", kid="RS256"),
    "ES256 signed with RSA": token(alg="ES256", kid="ES256"),
    "algorithm in small letters": token(alg="rs256"),
    "algorithm that is no text": token(alg=["RS256"]),
    "no algorithm": token(alg=None),
    # keys
    "another RSA key": token(key=OWN),
    "another EC key": token(algorithm="ES256", key=private("ES256", 7)),
    "another Ed25519 key": token(algorithm="EdDSA", key=private("EdDSA", 7)),
    "unknown key id": token(kid="unknown"),
    "no key id": resigned(b'{"alg":"RS256"}', GOOD_CLAIMS),
    "empty key id": resigned(b'{"alg":"RS256","kid":""}', GOOD_CLAIMS),
    "key id that is no text": resigned(b'{"alg":"RS256","kid":1}', GOOD_CLAIMS),
    "key id with a path": token(kid="../../RS256"),
    "key id of 201 characters": token(kid="k" * 201),
    "its own key in jwk": token(key=OWN, jwk=jwk(OWN, "RS256")),
    "good key, and jwk": token(jwk=jwk(private("RS256"), "RS256")),
    "its own address in jku": token(key=OWN, jku="https://evil.example.org/jwks"),
    "good key, and jku": token(jku="https://evil.example.org/jwks"),
    "good key, and x5u": token(x5u="https://evil.example.org/cert"),
    "good key, and x5c": token(x5c=["MIIB"]),
    # headers
    "unknown crit": token(crit=["exp"], exp=1),
    "crit of ours": token(crit=["kid"]),
    "empty crit": token(crit=[]),
    "crit b64": token(crit=["b64"], b64=True),
    "b64 false": token(b64=False),
    "compressed": token(zip="DEF"),
    "a logout token": token(typ="logout+jwt"),
    "a DPoP proof": token(typ="dpop+jwt"),
    "typ that is no text": token(typ=1),
    "header that is a list": resigned(b"[]", GOOD_CLAIMS),
    "header that is no JSON": resigned(b"{", GOOD_CLAIMS),
    "header in UTF-16": resigned(b"\xff\xfe{", GOOD_CLAIMS),
    # claims missing one by one
    **{f"no {name}": token(claims(**{name: None})) for name in ("iss", "aud", "sub", "iat", "exp")},
    **{f"null {name}": token({**claims(), name: None}) for name in ("iss", "aud", "sub", "iat", "exp")},
    # claims that are wrong
    "another issuer": token(claims(iss="https://evil.example.org")),
    "issuer with a slash more": token(claims(iss=ISSUER + "/")),
    "issuer in a list": token(claims(iss=[ISSUER])),
    "another audience": token(claims(aud="billing")),
    "audiences without ours": token(claims(aud=["a", "b"])),
    "audience that begins like ours": token(claims(aud=AUDIENCE + "-admin")),
    "empty audience": token(claims(aud="")),
    "no audiences": token(claims(aud=[])),
    "audience that is an object": token(claims(aud={AUDIENCE: True})),
    "audiences that are no texts": token(claims(aud=[AUDIENCE, 1])),
    "expired": token(claims(exp=NOW_S - 31)),
    "expired at the end of the leeway": token(claims(exp=NOW_S - 30)),
    "expired long ago": token(claims(exp=0)),
    "expiry as text": token(claims(exp=str(NOW_S + 300))),
    "expiry that is true": token(claims(exp=True)),
    "expiry that is NaN": resigned(HEADER, GOOD_CLAIMS.replace(str(NOW_S + 300).encode(), b"NaN")),
    "expiry that is infinite": resigned(HEADER, GOOD_CLAIMS.replace(str(NOW_S + 300).encode(), b"1e999")),
    "expiry beyond all time": token(claims(exp=10**18)),
    "expiry of 300 digits": resigned(HEADER, GOOD_CLAIMS.replace(str(NOW_S + 300).encode(), b"9" * 300)),
    "issued in the future": token(claims(iat=NOW_S + 31)),
    "issued at no time": token(claims(iat="now")),
    "not valid yet": token(claims(nbf=NOW_S + 31)),
    "nbf as text": token(claims(nbf="x")),
    "empty subject": token(claims(sub="")),
    "subject that is a number": token(claims(sub=7)),
    "subject with a line break": token(claims(sub="ada\nadmin")),
    "subject of 201 characters": token(claims(sub="a" * 201)),
    "claims that are a list": token([claims()]),
    "claims that are text": token("claims"),
    "claims that are no JSON": resigned(HEADER, b"{"),
    "claims nested too deep": resigned(HEADER, b'{"iss":' + b"[" * 4000),
    # texts
    "swapped signature": ".".join([*token().split(".")[:2], token(claims(sub="bob")).split(".")[2]]),
    "swapped claims": altered(1, lambda _: segment(claims(sub="admin"))),
    "truncated signature": token()[:-4],
    "no signature": token().rpartition(".")[0] + ".",
    "without the last dot": token().rpartition(".")[0],
    "empty signature of another": altered(2, lambda _: ""),
    "one segment": token().split(".")[0],
    "four segments": token() + ".AAAA",
    "five segments": token() + ".AAAA.AAAA",
    "padding": token() + "==",
    "space before": " " + token(),
    "space behind": token() + " ",
    "line break behind": token() + "\n",
    "space within": token().replace(".", ". ", 1),
    "two tokens": f"{token()},{token()}",
    "standard base64": altered(2, lambda s: "+/" + s[2:]),
    "other spelling of the last bits": altered(2, lambda s: s[:-1] + chr(ord(s[-1]) + 1)),
    "JSON serialization": '{"payload":"","signatures":[]}',
    "letters beyond ASCII": token().replace("e", "е", 1),
    "a NUL": token() + "\0",
    "giant": token(claims(pad="x" * 9000)),
    "giant and no token": "a" * 10_000_000,
    "dots": "..",
    "nothing": "",
    "an API key": "jgk_reports_" + "A" * 43,
}


def test_the_corpus_is_large():
    assert len(BAD) >= 90


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
async def test_a_bad_token_is_refused_with_the_one_message(bad):
    with pytest.raises(UnauthenticatedError) as caught:
        await fixed_verifier().verify(bad)
    assert str(caught.value) == "A valid token or key is needed."
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


async def test_no_change_of_one_character_passes():
    good, verifier, numbers = token(algorithm="EdDSA"), fixed_verifier(), random.Random(7)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    accepted = 0
    for at in range(len(good)):
        for letter in numbers.sample(alphabet, 8):
            changed = good[:at] + letter + good[at + 1 :]
            if changed != good:
                try:
                    await verifier.verify(changed)
                    accepted += 1
                except UnauthenticatedError:
                    pass
    assert accepted == 0


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_good_token_of_each_algorithm_is_taken(algorithm):
    verified = await fixed_verifier().verify(token(algorithm=algorithm))
    assert verified.subject == "ada"
    assert verified.expires_at == NOW + timedelta(seconds=300)
    assert verified.claim("roles") == ["agent"]


@pytest.mark.parametrize(
    "good",
    {
        "no typ": token(typ=None),
        "an access token of RFC 9068": token(typ="at+jwt"),
        "typ in other letters": token(typ="jwt"),
        "a thumbprint": token(x5t="abc"),
        "an unknown header": token(vendor="x"),
        "several audiences": token(claims(aud=["billing", AUDIENCE])),
        "within the leeway": token(claims(exp=NOW_S - 29, iat=NOW_S + 30)),
        "a broken second": token(claims(exp=NOW_S + 0.5)),
    }.items(),
    ids=lambda item: item[0],
)
async def test_what_honest_issuers_do_is_taken(good):
    assert (await fixed_verifier().verify(good[1])).subject == "ada"


async def test_only_the_algorithms_of_the_issuer_are_taken():
    verifier = fixed_verifier(algorithms=["ES256"])
    assert await verifier.verify(token(algorithm="ES256"))
    with pytest.raises(UnauthenticatedError):
        await verifier.verify(token())


async def test_a_claim_with_dots_is_itself_or_a_path():
    verified = await fixed_verifier().verify(
        token(claims(realm_access={"roles": ["a"]}, **{"https://x.org/roles": ["b"], "realm_access.kind": "c"}))
    )
    assert verified.claim("realm_access.roles") == ["a"]
    assert verified.claim("https://x.org/roles") == ["b"]
    assert verified.claim("realm_access.kind") == "c"
    assert verified.claim("realm_access.none") is None
    assert verified.claim("sub.x") is None


# ---------------------------------------------------------------- the gateway's own tokens


async def test_own_tokens_are_taken_by_every_replica_and_end():
    secret = bytes(range(32))
    minted = LocalIssuer(secret, lambda: NOW).mint(
        "demo", {"roles": ["agent"], "iss": "x", "exp": 0}, timedelta(minutes=5)
    )
    replica = LocalIssuer(secret)
    verified = await TokenVerifier([replica.trusted()], 0, lambda: NOW).verify(minted)
    assert (verified.subject, verified.claim("roles")) == ("demo", ["agent"])
    assert verified.expires_at == NOW + timedelta(minutes=5)
    for verifier in (
        TokenVerifier([replica.trusted()], 0, lambda: NOW + timedelta(minutes=5)),
        TokenVerifier([LocalIssuer(b"another secret of thirty-two byte").trusted()], 0, lambda: NOW),
        fixed_verifier(),
    ):
        with pytest.raises(UnauthenticatedError):
            await verifier.verify(minted)


def test_the_published_key_is_the_public_half_alone():
    published = LocalIssuer(bytes(range(32))).jwks()
    assert set(published["keys"][0]) == {"kty", "crv", "x", "kid", "alg", "use"}
    assert published == LocalIssuer(bytes(range(32))).jwks()
