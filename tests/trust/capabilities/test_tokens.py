"""The three spellings: read strictly, written back, and nothing else taken for a token."""

from __future__ import annotations

import base64
import copy
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import InputError, LimitExceeded, MalformedInput, SatchelError, UsageError
from satchel.limits import DEFAULT, raised
from satchel.trust.capabilities.issuing import issue
from satchel.trust.capabilities.scopes import Components, Entries, Everything, Tags
from satchel.trust.capabilities.tokens import Token, read_presented, read_token
from satchel.trust.signatures import ALGORITHMS, generate
from tests.trust.capabilities.made import AGENTS, KEYS, NOW, OWNER, PUBLIC, check, delegated, granted, made, terms

SDK = made(terms(Components(frozenset(["semantic"])), max_entries=5)).raw
SPEC = made(terms(Components(frozenset(["semantic"]))), profile="spec-1.0").raw
SCHEMA = {**SDK, "issuer_signature": "ed25519:" + base64.b64encode(b"s" * 64).decode()}


@pytest.mark.row("TOK-01")
def test_the_specifications_members() -> None:
    assert set(SPEC) == {"id", "scope_expression", "permissions", "issuer", "issuer_signature", "audience", "expires_at"}
    assert re.fullmatch(r"cap:[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", SPEC["id"])
    assert re.fullmatch(r"ed25519:[0-9a-f]{128}", SPEC["issuer_signature"])
    assert SPEC["expires_at"].endswith("Z")


def test_the_sdks_members_in_its_order() -> None:
    order = "id scope permissions issuer issuer_signature audience issued_at expires_at binding_params"
    assert list(SDK) == order.split()
    assert re.fullmatch(r"[0-9a-f]{128}", SDK["issuer_signature"])


@pytest.mark.row("TOK-01", "TOK-18", "TOK-19")
@pytest.mark.parametrize("value", [SDK, SPEC], ids=["sdk-0.1", "spec-1.0"])
def test_a_member_that_is_missing_or_unknown_is_refused(value: dict[str, Any]) -> None:
    for name in value:
        with pytest.raises(MalformedInput, match=r"missing|both"):
            read_token({other: member for other, member in value.items() if other != name})
    with pytest.raises(MalformedInput, match="could be a restriction"):
        read_token({**value, "only_on_sundays": True})


@pytest.mark.row("TOK-04")
def test_conditions_may_be_left_out_where_the_spelling_lets_them() -> None:
    assert read_token(SPEC).binding == read_token({**SPEC, "binding_params": {}}).binding
    bare = {name: member for name, member in SCHEMA.items() if name not in ("binding_params", "audience")}
    assert read_token(bare).audience is None


@pytest.mark.row("SDK-03")
@settings(max_examples=200, deadline=None)
@given(granted())
def test_the_sdk_can_check_what_we_sign(token: Token) -> None:
    """By its own rules, worked out here without our code: the whole of its model, sorted, in ASCII; a bare signature."""
    if token.profile != "sdk-0.1":
        return
    value = json.loads(json.dumps(token.raw))
    signature = value.pop("issuer_signature")
    assert set(value) == {"id", "scope", "permissions", "issuer", "audience", "issued_at", "expires_at", "binding_params"}
    said = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    Ed25519PublicKey.from_public_bytes(PUBLIC[OWNER].data).verify(bytes.fromhex(signature), said)
    assert datetime.fromisoformat(value["expires_at"]).tzinfo is not None
    assert value["audience"] != "*"


@pytest.mark.row("TOK-12")
def test_who_a_bearer_token_is_for() -> None:
    assert read_token({**SPEC, "audience": "*"}).audience is None
    assert read_token({**SDK, "audience": None}).audience is None
    # The SDK's * is a name like any other.
    assert read_token({**SDK, "audience": "*"}).audience == "*"


@pytest.mark.parametrize(
    ("base", "changes"),
    [
        (SDK, {"scope_expression": {"type": "wildcard"}}),
        (SDK, {"scope": {"type": "nothing", "value": []}}),
        (SDK, {"scope": {"type": "component", "value": [1]}}),
        (SDK, {"scope": {"type": "component"}}),
        (SDK, {"scope": {"type": ["component"], "value": []}}),
        (SDK, {"scope": "wildcard"}),
        (SDK, {"permissions": ["read", "delete"]}),
        (SDK, {"permissions": [["read"]]}),
        (SDK, {"permissions": "read"}),
        (SDK, {"id": ""}),
        (SDK, {"id": "a\nb"}),
        (SDK, {"id": "x" * 257}),
        (SDK, {"issuer": 5}),
        (SDK, {"audience": 5}),
        (SDK, {"expires_at": "2099-01-01"}),
        (SDK, {"expires_at": "2099-01-01T00:00:00"}),
        (SDK, {"expires_at": "2099-13-01T00:00:00Z"}),
        (SDK, {"expires_at": None}),
        (SDK, {"issued_at": ""}),
        (SDK, {"binding_params": []}),
        (SDK, {"binding_params": {"max_entries": -1}}),
        (SDK, {"binding_params": {"max_entries": 1.5}}),
        (SDK, {"binding_params": {"max_entries": True}}),
        (SDK, {"binding_params": {"require_redaction": 1}}),
        (SDK, {"binding_params": {"not_before": "soon"}}),
        (SDK, {"issuer_signature": None}),
        (SCHEMA, {"permissions": []}),
        (SCHEMA, {"permissions": ["read", "read"]}),
        (SCHEMA, {"scope": {"type": "component", "value": ["dreams"]}}),
        (SCHEMA, {"scope": {"type": "component", "value": "semantic"}}),
        (SPEC, {"id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"}),
        (SPEC, {"id": "cap:f47ac10b-58cc-1372-a567-0e02b2c3d479"}),
        (SPEC, {"id": "cap:F47AC10B-58CC-4372-A567-0E02B2C3D479"}),
        (SPEC, {"delegated_from": ""}),
        (SPEC, {"issuer": "user:mina"}),
        (SPEC, {"audience": None}),
        (SPEC, {"audience": ""}),
        (SPEC, {"audience": "agent:a b"}),
        (SPEC, {"expires_at": "2099-01-01T00:00:00+00:00"}),
        (SPEC, {"permissions": []}),
        (SPEC, {"scope_expression": {"type": "wildcard", "value": "*"}}),
        (SPEC, {"scope_expression": {"type": "component", "components": ["dreams"]}}),
        (SPEC, {"scope_expression": {"type": "tag_predicate", "tags": ["a"]}}),
        (SPEC, {"scope_expression": {"type": "tag_predicate", "operator": "some_of", "tags": ["a"]}}),
        (SPEC, {"scope_expression": {"type": "entry_list", "entry_ids": "blake3:1"}}),
        (SPEC, {"scope_expression": {"type": {}}}),
    ],
)
def test_what_no_spelling_allows(base: dict[str, Any], changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedInput) as caught:
        read_token({**base, **changes})
    assert str(caught.value).count("\n") == 0


def test_what_the_sdk_alone_lets_be() -> None:
    lenient = {**SDK, "permissions": [], "scope": {"type": "component", "value": ["semantic", "dreams"]}, "expires_at": ""}
    token = read_token(lenient)
    assert (token.permissions, token.scope, token.expires_at) == (frozenset(), Components(frozenset(["semantic"])), None)
    assert read_token({**SDK, "scope": {"type": "tag", "value": "a"}}).scope == Tags("any_of", frozenset("a"), episodic=False)


@pytest.mark.parametrize(
    ("base", "text"),
    [
        (SDK, "ABCDEF" + SDK["issuer_signature"][6:]),
        (SDK, SDK["issuer_signature"] + "\n"),
        (SDK, SDK["issuer_signature"][2:]),
        (SDK, " " + SDK["issuer_signature"]),
        (SDK, "ed25519:" + SDK["issuer_signature"]),
        (SPEC, SPEC["issuer_signature"].removeprefix("ed25519:")),
        (SPEC, SPEC["issuer_signature"].upper()),
        (SPEC, "ed25519:" + base64.b64encode(bytes.fromhex(SPEC["issuer_signature"][8:])).decode()),
        (SPEC, "ed25519:"),
    ],
    ids=["upper case", "line end", "short", "space", "prefixed", "bare", "prefix in upper case", "base64", "none"],
)
def test_a_signature_in_another_spelling_is_none(base: dict[str, Any], text: str) -> None:
    found = check(read_token({**base, "issuer_signature": text}))
    assert found is not None
    assert found.code == "PAM_INVALID_SIGNATURE"


def test_the_schemas_signature_is_base64_over_utf8() -> None:
    from satchel.codec import canonical

    value = {name: member for name, member in SCHEMA.items() if name != "issuer_signature"}
    value["scope"] = {"type": "tag", "value": ["日本"]}
    for dialect, holds in (("pam-utf8", True), ("pam-ascii", False)):
        signature = KEYS[OWNER].sign(canonical.encode(value, dialect))  # type: ignore[arg-type]
        token = read_token({**value, "issuer_signature": "ed25519:" + base64.b64encode(signature).decode()})
        assert token.profile == "schema-1.0"
        assert (check(token) is None) is holds


@settings(max_examples=300, deadline=None)
@given(granted())
def test_what_is_written_is_read_as_it_was_meant(token: Token) -> None:
    again = read_presented(json.dumps(token.raw).encode()).token
    assert again == token
    assert token.profile == ("spec-1.0" if isinstance(token.scope, Tags) and token.scope.episodic else "sdk-0.1")
    if not token.binding.require_redaction:
        found = check(again, token.audience or "")
        assert found is None


def test_the_spelling_that_can_say_it() -> None:
    predicate = Tags("none_of", frozenset("a"), episodic=True)
    assert made(terms(predicate)).profile == "spec-1.0"
    assert made(terms(Tags("any_of", frozenset("a"), episodic=False))).profile == "sdk-0.1"
    with pytest.raises(UsageError, match=r"spec-1\.0"):
        made(terms(predicate), profile="sdk-0.1")
    with pytest.raises(UsageError, match="episodic"):
        made(terms(Tags("any_of", frozenset("a"), episodic=False)), profile="spec-1.0")
    with pytest.raises(UsageError, match="Ed25519"):
        issue(terms(), issuer=OWNER, key=generate(ALGORITHMS["ES256"]), now=NOW)
    with pytest.raises(UsageError, match="operator:NAME"):
        made(terms(audience="somebody"), profile="spec-1.0")
    with pytest.raises(UsageError, match="delegation"):
        made(terms(), profile="sdk-0.1", delegated_from="cap:x")


def test_a_file_of_a_token_and_its_parents() -> None:
    root = made(terms(audience=AGENTS[0]))
    child = delegated(terms(audience=AGENTS[1], hours=0.5), root)
    presented = read_presented(json.dumps([child.raw, root.raw]).encode())
    assert (presented.token, presented.parents) == (child, (root,))
    for junk in (b"[]", b"5", b'"x"', b"[[]]", b"{}", b"", b"\xff", b"[5]"):
        with pytest.raises(InputError):
            read_presented(junk)


def test_a_name_that_stands_twice_is_refused() -> None:
    data = json.dumps(SDK)[:-1] + ', "permissions": ["export"]}'
    with pytest.raises(MalformedInput, match="twice"):
        read_presented(data.encode())


def test_a_token_has_a_size() -> None:
    many = made(terms(Entries(frozenset(f"blake3:{number:064}" for number in range(10_000)))))
    data = json.dumps(many.raw).encode()
    assert read_presented(data).token == many
    with pytest.raises(LimitExceeded, match="token_bytes"):
        read_presented(data, limits=raised(["token_bytes=1k"]))
    with pytest.raises(LimitExceeded):
        read_presented(b"[" * 500 + b"]" * 500, limits=DEFAULT)


_MEMBERS = sorted({*SDK, *SPEC, "delegated_from"})
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=600, deadline=None)
@given(st.sampled_from([SDK, SPEC, SCHEMA]), st.dictionaries(st.sampled_from(_MEMBERS), _json, max_size=3))
def test_whatever_stands_there_only_our_errors_leave(base: dict[str, Any], changes: dict[str, Any]) -> None:
    value = {**copy.deepcopy(base), **changes}
    try:
        token = read_token(value)
    except SatchelError:
        return
    found = check(token)
    # Nobody signed it so.
    assert found is not None or value == base


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_junk_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_presented(data)


def test_times_are_moments_whatever_their_offset() -> None:
    here, there = (
        read_token({**SDK, "expires_at": "2099-01-01T02:00:00+02:00"}),
        read_token({**SDK, "expires_at": "2099-01-01T00:00:00Z"}),
    )
    assert here.expires_at == there.expires_at
    assert here.expires_at is not None
    assert here.expires_at.utcoffset() == timedelta(0)


def test_everything_is_said_in_both_spellings() -> None:
    for scope in (Everything(), Entries(frozenset(["a"])), Components(frozenset(["identity"]))):
        for profile in ("sdk-0.1", "spec-1.0"):
            token = made(terms(scope), profile=profile)
            assert (token.scope, token.profile) == (scope, profile)
            assert check(token) is None
