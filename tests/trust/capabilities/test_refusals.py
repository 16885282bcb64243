"""Every way in which a token does not hold, a thousand of each, and the code that is said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from satchel.trust.capabilities.scopes import Everything, Scope, Tags
from satchel.trust.capabilities.tokens import PERMISSIONS, Token, read_token
from satchel.trust.capabilities.validation import lacks
from tests.trust.capabilities.made import (
    A_THOUSAND,
    AGENTS,
    KEYS,
    NOW,
    OWNER,
    STRANGER,
    check,
    granted,
    made,
    resigned,
    said,
    terms,
)


@pytest.mark.row("TOK-02", "TOK-19")
@A_THOUSAND
@given(granted(), st.integers(1, 10**9))
def test_expired(token: Token, later_s: int) -> None:
    assert token.expires_at is not None
    found = check(token, token.audience or "", now=token.expires_at + timedelta(microseconds=later_s))
    assert said(found) == ("PAM_TOKEN_EXPIRED", 401, "")


@given(granted())
def test_it_holds_to_the_very_instant(token: Token) -> None:
    assert token.expires_at is not None
    assert check(token, token.audience or "", now=token.expires_at) is None


@pytest.mark.row("TOK-18")
@A_THOUSAND
@given(granted(audiences=("agent:0", "agent:1", "operator:owner")), st.text(max_size=12) | st.sampled_from([*AGENTS, "*", ""]))
def test_wrong_audience(token: Token, caller: str) -> None:
    assume(caller != token.audience)
    assert said(check(token, caller)) == ("PAM_AUDIENCE_MISMATCH", 403, "")


@pytest.mark.row("TOK-12")
@given(granted(audiences=(None,)), st.text(max_size=12))
def test_a_bearer_token_is_for_anyone(token: Token, caller: str) -> None:
    assert check(token, caller) is None


def _flip(token: Token, at: int) -> dict[str, Any]:
    text = token.raw["issuer_signature"]
    head, digits = ("ed25519:", text[8:]) if ":" in text else ("", text)
    place = at % len(digits)
    other = "0123456789abcdef"[(int(digits[place], 16) + 1 + at % 15) % 16]
    return {"issuer_signature": head + digits[:place] + other + digits[place + 1 :]}


def _more_permissions(token: Token, at: int) -> dict[str, Any]:
    names = [*token.raw["permissions"]]
    missing = [name for name in PERMISSIONS if name not in names]
    return {"permissions": [*names, missing[at % len(missing)]] if missing else names[1:]}


def _other_scope(token: Token, at: int) -> dict[str, Any]:
    if token.profile == "spec-1.0":
        return {"scope_expression": {"type": "entry_list", "entry_ids": [f"{at}"]}}
    return {"scope": {"type": "entry_ids", "value": [f"{at}"]}}


def _later(token: Token, at: int) -> dict[str, Any]:
    assert token.expires_at is not None
    return {"expires_at": f"{2100 + at % 800}-01-01T00:00:00Z"}


def _other_audience(token: Token, at: int) -> dict[str, Any]:
    names = [name for name in AGENTS if name != token.audience]
    return {"audience": names[at % len(names)]}


def _other_conditions(token: Token, at: int) -> dict[str, Any]:
    return {"binding_params": {"max_entries": at + 1000}}


def _other_id(token: Token, at: int) -> dict[str, Any]:
    return {"id": token.raw["id"][:-12] + f"{at % 16**12:012x}"}


EDITS: list[Callable[[Token, int], dict[str, Any]]] = [
    _flip, _more_permissions, _other_scope, _later, _other_audience, _other_conditions, _other_id,
]  # fmt: skip


@pytest.mark.row("TOK-03", "TOK-21")
@A_THOUSAND
@given(granted(), st.sampled_from(EDITS), st.integers(0, 2**40))
def test_altered_after_it_was_signed(token: Token, edit: Callable[[Token, int], dict[str, Any]], at: int) -> None:
    altered = read_token({**token.raw, **edit(token, at)})
    assume(altered.raw != token.raw)
    assert said(check(altered, altered.audience or "")) == ("PAM_INVALID_SIGNATURE", 401, "")


@pytest.mark.row("TOK-03", "TOK-21")
@A_THOUSAND
@given(granted(), st.sampled_from([STRANGER, *(KEYS[name] for name in AGENTS)]))
def test_signed_by_somebody_else(token: Token, key: Any) -> None:
    forged = resigned(token, key)
    assert said(check(forged, token.audience or "")) == ("PAM_INVALID_SIGNATURE", 401, "")


@given(granted())
def test_an_issuer_whom_nobody_knows(token: Token) -> None:
    strange = resigned(token, STRANGER, issuer="operator:stranger")
    assert said(check(strange, token.audience or "")) == ("PAM_INVALID_SIGNATURE", 401, "UNKNOWN_ISSUER")


@pytest.mark.row("TOK-23")
@A_THOUSAND
@given(granted(), st.lists(st.text(max_size=8), max_size=3))
def test_revoked(token: Token, others: list[str]) -> None:
    found = check(token, token.audience or "", revoked=[token.id, *others])
    assert said(found) == ("PAM_FORBIDDEN", 403, "TOKEN_REVOKED")


@pytest.mark.row("TOK-11")
def test_what_is_said_first() -> None:
    """Expiry, audience, signature, whatever else is wrong beside; and then ours."""
    base = made(terms(hours=1, not_before=NOW + timedelta(minutes=30)))
    late, wrong = {"now": NOW + timedelta(hours=2)}, {"caller": "agent:9"}
    forged, revoked = read_token({**base.raw, "permissions": ["export"]}), {"revoked": [base.id]}
    assert said(check(forged, **late, **wrong, **revoked))[0] == "PAM_TOKEN_EXPIRED"  # type: ignore[arg-type]
    assert said(check(forged, **wrong, **revoked))[0] == "PAM_AUDIENCE_MISMATCH"  # type: ignore[arg-type]
    assert said(check(forged, **revoked))[0] == "PAM_INVALID_SIGNATURE"  # type: ignore[arg-type]
    assert said(check(base, **revoked)) == ("PAM_UNAUTHORIZED", 401, "NOT_YET_VALID")  # type: ignore[arg-type]
    in_time = {"now": NOW + timedelta(minutes=40)}
    assert said(check(base, **in_time, **revoked))[2] == "TOKEN_REVOKED"  # type: ignore[arg-type]
    assert check(base, **in_time) is None  # type: ignore[arg-type]


@given(st.integers(1, 10**6), st.sampled_from([Tags("none_of", frozenset("a"), episodic=True), Everything()]))
def test_not_yet(seconds: int, scope: Scope) -> None:
    """Also of an issue that lies ahead; the specification's spelling knows no issue."""
    token = made(terms(scope, hours=1000, not_before=NOW + timedelta(seconds=seconds)))
    assert said(check(token)) == ("PAM_UNAUTHORIZED", 401, "NOT_YET_VALID")
    assert check(token, now=NOW + timedelta(seconds=seconds)) is None
    plain = made(terms(scope, hours=1000))
    early = check(plain, now=NOW - timedelta(seconds=seconds))
    assert (early is None) == (plain.profile == "spec-1.0")


def test_clocks_may_differ_where_that_is_asked_for() -> None:
    token = made(terms(hours=1))
    for now in (NOW - timedelta(seconds=59), NOW + timedelta(hours=1, seconds=59)):
        assert check(token, now=now) is not None
        assert check(token, now=now, skew_s=60) is None
        assert check(token, now=now, skew_s=30) is not None


def test_a_condition_that_nobody_knows() -> None:
    token = resigned(made(terms()), KEYS[OWNER], binding_params={"only_from": "10.0.0.0/8"})
    assert said(check(token)) == ("PAM_FORBIDDEN", 403, "UNKNOWN_BINDING")


@pytest.mark.row("TOK-19")
def test_no_expiry_is_refused() -> None:
    token = resigned(made(terms()), KEYS[OWNER], expires_at="")
    assert said(check(token)) == ("PAM_TOKEN_EXPIRED", 401, "NO_EXPIRY")


@pytest.mark.row("GEN-04")
@given(granted())
def test_a_permission_that_it_has_not(token: Token) -> None:
    for name in PERMISSIONS:
        found = lacks(token, name)
        assert (found is None) == (name in token.permissions)
        if found is not None:
            assert said(found) == ("PAM_FORBIDDEN", 403, "")


def test_agents_only_pass_on() -> None:
    token = made(terms())
    own = resigned(token, KEYS["agent:3"], issuer="agent:3")
    assert said(check(own)) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")
