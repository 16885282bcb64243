"""DIDs: parsing, the four methods that are known, documents of every shape, and URLs that must not come about (dossier 4.8)."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import MalformedInput, NetworkError, SatchelError, UnsafeAddress
from satchel.trust import did, multibase
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ALGORITHMS, PrivateKey, generate

KEY = PrivateKey("Ed25519", Secret(bytes(range(32)))).public
P256 = generate(ALGORITHMS["ES256"]).public
OTHER = PrivateKey("Ed25519", Secret(bytes(32))).public
WEB = "did:web:example.com"


def document(*methods: dict[str, Any], id: str = WEB, **members: Any) -> Callable[[str], bytes]:
    data = json.dumps({"id": id, "verificationMethod": list(methods), **members}).encode()
    return lambda url: data


def method(name: str, value: Any, *, id: str = WEB + "#key-1", type: str = "Multikey", **members: Any) -> dict[str, Any]:
    return {"id": id, "type": type, "controller": WEB, name: value, **members}


MULTIKEY = method("publicKeyMultibase", KEY.multibase)


def test_did_key_is_its_own_document() -> None:
    found = did.resolve(f"did:key:{KEY.multibase}")
    assert found.outcome == "resolved"
    assert [each.id for each in found.methods] == [f"did:key:{KEY.multibase}#{KEY.multibase}"] == [did.did_key_url(KEY)]
    assert (found.match(KEY), found.match(OTHER)) == ("match", "no-match")
    assert did.resolve(did.did_key(P256)).match(P256) == "match"


@pytest.mark.parametrize(
    "rest",
    [
        "z",
        "z6Mk",
        "u" + "A" * 46,
        KEY.multibase + "1",
        "x" + KEY.multibase,
        "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme",
    ],
)
def test_a_did_key_of_no_key_that_could_sign(rest: str) -> None:
    assert did.resolve("did:key:" + rest).match(KEY) == "invalid"


def test_did_web_is_left_alone_without_a_way_to_fetch() -> None:
    found = did.resolve(WEB)
    assert (found.outcome, found.match(KEY)) == ("off", "not-resolved")
    assert "network" in found.text


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("did:pkh:eip155:1:0xb9c5714089478a327f09197987f16f9e5d936e8a", "unsupported-method"),
        ("did:pkh:bip122:000000000019d6689c085ae165831e93:128Lkh3S7CkDTBZ8W7BbpsN3YYizJMp8p6", "unsupported-method"),
        ("did:pkh:eip155:1", "invalid"),
        ("did:pkh:eip155:1:", "invalid"),
        ("did:ion:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w", "unsupported-method"),
        ("did:ion:test:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w", "unsupported-method"),
        ("did:ion:EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w:eyJkZWx0YSI6e319", "unsupported-method"),
        ("did:ion:short", "invalid"),
        ("did:plc:ewvi7nxzyoun6zhxrhs64oiz", "unsupported-method"),
        ("did:example:123", "unsupported-method"),
    ],
)
def test_methods_that_are_recognised_and_not_resolved(text: str, outcome: str) -> None:
    def never(url: str) -> bytes:
        raise AssertionError("nothing is to be fetched")

    found = did.resolve(text, fetch=never)
    assert found.match(KEY) == outcome
    assert found.text and not found.methods


def test_the_long_form_of_an_ion_did_is_told_from_the_short_one() -> None:
    suffix = "EiClkZMDxPKqC9c-umQfTkR8vvZ9JPhl_xLDI9Nfk38w5w"
    for short in (suffix, f"test:{suffix}"):
        assert "long form" not in did.resolve(f"did:ion:{short}").text
        assert "long form" in did.resolve(f"did:ion:{short}:eyJkZWx0YSI6e319").text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "did",
        "did:",
        "did:key",
        "did:key:",
        "DID:key:z6Mk",
        "did:KEY:z6Mk",
        "did:web:",
        "did:web:example.com:",
        "did:web:a/b",
        "did:web:a?b",
        "did:web:a#b",
        "did:web:a b",
        "did:web:é.example",
        "did:web:a%",
        "did:web:a%2",
        "did:web:a%zz",
        "did:web:a\n",
        "did:web:" + "a" * 5000,
        "\ud800",
    ],
)
def test_what_is_no_did(text: str) -> None:
    with pytest.raises(MalformedInput):
        did.parse(text)
    assert did.resolve(text).outcome == "invalid"


@pytest.mark.parametrize(
    ("rest", "url"),
    [
        ("example.com", "https://example.com/.well-known/did.json"),
        ("EXAMPLE.com", "https://example.com/.well-known/did.json"),
        ("example.com:user:alice", "https://example.com/user/alice/did.json"),
        ("example.com%3A8443", "https://example.com:8443/.well-known/did.json"),
        ("example.com%3a8443:a", "https://example.com:8443/a/did.json"),
        ("xn--bcher-kva.example", "https://xn--bcher-kva.example/.well-known/did.json"),
        ("example.com:%C3%BC", "https://example.com/%C3%BC/did.json"),
        ("example.com:a.b_c-d", "https://example.com/a.b_c-d/did.json"),
        ("example.com:...", "https://example.com/.../did.json"),
    ],
)
def test_where_a_did_web_lies(rest: str, url: str) -> None:
    assert did.web_url(did.parse("did:web:" + rest)) == url


@pytest.mark.parametrize(
    "rest",
    [
        # addresses, in every spelling, and names of this machine
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.1",
        "1.0x7f",
        "%5B%3A%3A1%5D",
        "%5B::1%5D",
        "localhost",
        "127.0.0.1%3A80",
        "example.com.",
        ".example.com",
        "example..com",
        "-a.example",
        "a-.example",
        "a_b.example",
        "a" * 64 + ".example",
        # users, and hosts hidden behind one
        "user%40example.com",
        "user%3Apass%40example.com",
        "example.com%40evil.example",
        "example.com%2F.evil.example",
        "example.com%5Cevil.example",
        "example.com%3F",
        "example.com%23",
        "example.com%00",
        "example.com%0D%0AX",
        "example.com%20",
        # ports
        "example.com%3A",
        "example.com%3A0",
        "example.com%3A080",
        "example.com%3A65536",
        "example.com%3A99999999",
        "example.com%3A80%3A80",
        "example.com%3Ahttp",
        "example.com%3A%31",
        "example.com%253A80",
        "example.com%3A-1",
        "example.com%3A８０",
        # IDN that is not written in Punycode
        "b%C3%BCcher.example",
        "%E2%84%82.example",
        # paths
        "example.com:..",
        "example.com:.",
        "example.com:a:..:b",
        "example.com:%2e%2e",
        "example.com:%2E",
        "example.com::a",
        "example.com:a%2Fb",
        "example.com:a%5Cb",
        "example.com:a%3Fb",
        "example.com:a%23b",
        "example.com:%252e%252e",
        "example.com:%00",
        "example.com:%0A",
        "example.com:%FF",
        "example.com:a%3Ab",
    ],
)
def test_urls_that_must_not_come_about(rest: str) -> None:
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return b"{}"

    found = did.resolve("did:web:" + rest, fetch=fetch)
    if rest == "example.com%3A%31":
        # %31 is the digit 1: a port that is spelled oddly is still that port.
        assert asked == ["https://example.com:1/.well-known/did.json"]
        return
    assert (found.outcome, asked) == ("invalid", [])


@pytest.mark.parametrize(
    "value",
    [
        method("publicKeyMultibase", KEY.multibase),
        method("publicKeyMultibase", KEY.multibase, type="Ed25519VerificationKey2020"),
        method("publicKeyMultibase", "u" + multibase.encode_base64url(b"\xed\x01" + KEY.data)),
        method("publicKeyJwk", {**KEY.jwk, "kid": "x", "alg": "EdDSA"}, type="JsonWebKey2020"),
        method("publicKeyBase58", multibase.encode_base58(KEY.data), type="Ed25519VerificationKey2018"),
    ],
    ids=lambda value: value["type"],
)
def test_keys_of_a_document_in_every_encoding(value: dict[str, Any]) -> None:
    found = did.resolve(WEB, fetch=document(value))
    assert found.match(KEY) == "match" and found.match(OTHER) == "no-match"
    assert found.methods[0].id == WEB + "#key-1"


def test_relative_ids_and_keys_inside_relationships() -> None:
    found = did.resolve(WEB, fetch=document(method("publicKeyJwk", P256.jwk, id="#a"), assertionMethod=["#a", MULTIKEY]))
    assert {each.id for each in found.methods} == {WEB + "#a", WEB + "#key-1"}
    # A key to agree on secrets with signs nothing.
    assert did.resolve(WEB, fetch=document(keyAgreement=[MULTIKEY])).match(KEY) == "no-match"


@pytest.mark.parametrize(
    "value",
    [
        {**MULTIKEY, "revoked": "2026-01-01T00:00:00Z"},
        {**MULTIKEY, "publicKeyMultibase": None},
        {**MULTIKEY, "id": None},
        {"id": "#a"},
        [],
        "x",
        None,
        1,
        method("publicKeyJwk", "x"),
        method("publicKeyJwk", {"kty": []}),
        method("publicKeyBase58", multibase.encode_base58(KEY.data)),
        method("publicKeyMultibase", KEY.multibase[1:]),
        method("publicKeyPem", "x"),
        method("ethereumAddress", "0x0"),
    ],
    ids=str,
)
def test_methods_that_are_no_key_are_passed_over(value: Any) -> None:
    found = did.resolve(WEB, fetch=document(value))
    assert (found.outcome, found.match(KEY)) == ("resolved", "no-match")
    also = did.resolve(WEB, fetch=document(value, MULTIKEY))
    assert also.match(KEY) == "match"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"id":"did:web:evil.example"}',
        b'{"id":"did:web:example.com","id":"did:web:example.com"}',
        b"\xff",
        b"[" * 5000,
        json.dumps({"id": WEB, "verificationMethod": [{}] * 1001}).encode(),
        b'{"id":"did:web:EXAMPLE.com"}',
        b'{"id":["did:web:example.com"]}',
    ],
    ids=lambda data: str(data[:30]),
)
def test_documents_that_are_not_its_own(data: bytes) -> None:
    found = did.resolve(WEB, fetch=lambda url: data)
    assert (found.outcome, found.match(KEY)) == ("invalid", "invalid")


def test_a_host_that_cannot_be_asked() -> None:
    def broken(error: Exception) -> Callable[[str], bytes]:
        def fetch(url: str) -> bytes:
            raise error

        return fetch

    assert did.resolve(WEB, fetch=broken(NetworkError("no"))).match(KEY) == "unreachable"
    assert did.resolve(WEB, fetch=broken(UnsafeAddress("no"))).match(KEY) == "invalid"


@given(
    st.one_of(
        st.text(max_size=60),
        st.lists(
            st.sampled_from(["did:", "web:", "key:", "pkh:", "ion:", "z6Mk", "%", "%3A", "..", ":", "/", "a.b", "\x00", "@"])
        ).map("".join),
    )
)
def test_any_text_resolves_to_an_outcome_and_raises_nothing(text: str) -> None:
    found = did.resolve(text, fetch=lambda url: b"{}")
    assert found.match(KEY) in ("match", "no-match", "not-resolved", "unsupported-method", "invalid", "unreachable")


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from([WEB, "#a", KEY.multibase, "Multikey"]) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "type", "publicKeyJwk", "publicKeyMultibase", "kty", "crv", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["verificationMethod", "assertionMethod", "authentication", "other"]), values))
def test_any_document_gives_keys_or_an_outcome(members: dict[str, Any]) -> None:
    data = json.dumps({"id": WEB, **members}).encode()
    assert did.resolve(WEB, fetch=lambda url: data).outcome in ("resolved", "invalid")


@given(st.binary(max_size=200))
def test_any_bytes_as_a_document(data: bytes) -> None:
    with contextlib.suppress(SatchelError):
        did.read_document(data, did.parse(WEB))
