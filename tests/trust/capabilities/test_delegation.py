"""Delegation: chains that only narrow hold; whatever takes more than its parent has is refused, a thousand of each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from satchel.model.components import Item
from satchel.trust.capabilities.scopes import Components, Entries, Scope, Tags, is_within, permits
from satchel.trust.capabilities.tokens import PERMISSIONS, Permission, Presented, Token
from satchel.trust.capabilities.validation import MOST_DELEGATIONS, selects, widening
from tests.trust.capabilities.made import (
    A_THOUSAND,
    AGENTS,
    KEYS,
    STRANGER,
    check,
    delegated,
    items,
    made,
    resigned,
    said,
    sayable,
    scopes,
    terms,
)


def narrower(draw: st.DrawFn, scope: Scope) -> Scope:
    """A scope that lies within another."""
    for _ in range(4):
        other = draw(scopes)
        other = msgspec.structs.replace(other, episodic=True) if isinstance(other, Tags) else other
        if is_within(other, scope):
            return other
    return msgspec.structs.replace(scope, episodic=True) if isinstance(scope, Tags) else scope


@st.composite
def chains(draw: st.DrawFn, *, least: int = 1, most: int = 3) -> Presented:
    """A token that was passed on, each time for less or the same."""
    scope = sayable(draw(scopes))
    held: frozenset[Permission] = frozenset({"derive", *draw(st.frozensets(st.sampled_from(PERMISSIONS)))})
    entries, redaction = draw(st.none() | st.integers(1, 50)), draw(st.booleans())
    hours = draw(st.floats(1, 100))
    chain = [made(terms(scope, held, AGENTS[0], hours, max_entries=entries, require_redaction=redaction))]
    for step in range(1, draw(st.integers(least, most)) + 1):
        scope = narrower(draw, scope)
        kept = draw(st.frozensets(st.sampled_from(sorted(held))))
        held = frozenset({"derive", *kept})
        entries = draw(st.integers(1, entries)) if entries else draw(st.none() | st.integers(1, 50))
        redaction = redaction or draw(st.booleans())
        hours = hours * draw(st.sampled_from([1, 0.99, 0.9]))
        of = terms(scope, held, AGENTS[step], hours, max_entries=entries, require_redaction=redaction)
        chain.insert(0, delegated(of, chain[0]))
    return Presented(chain[0], tuple(chain[1:]))


@pytest.mark.row("TOK-13", "TOK-14")
@settings(max_examples=500, deadline=None)
@given(chains(), st.lists(items, max_size=5))
def test_what_only_narrows_holds(presented: Presented, given_items: list[Item]) -> None:
    assert check(presented, presented.token.audience or "") is None
    for child, parent in zip((presented.token, *presented.parents), presented.parents, strict=False):
        assert child.raw["delegated_from"] == parent.id
        assert child.issuer == parent.audience
    for each in given_items:
        assert selects(presented, each) == permits(presented.token.scope, each)


Widen = Callable[[st.DrawFn, Token, Token], Token]


def _again(child: Token, parent: Token, **changes: Any) -> Token:
    """The child as its holder signs it with other terms."""
    assert child.expires_at is not None
    of = terms(child.scope, child.permissions, child.audience)
    kept = {"expires_at": child.expires_at, "binding": child.binding}
    return delegated(msgspec.structs.replace(of, **{**kept, **changes}), parent)


def _wider_scope(draw: st.DrawFn, child: Token, parent: Token) -> Token:
    other = draw(scopes)
    other = msgspec.structs.replace(other, episodic=True) if isinstance(other, Tags) else other
    assume(not is_within(other, parent.scope))
    return _again(child, parent, scope=other)


def _wider_permissions(draw: st.DrawFn, child: Token, parent: Token) -> Token:
    missing = sorted(set(PERMISSIONS) - parent.permissions)
    assume(missing)
    return _again(child, parent, permissions=child.permissions | {draw(st.sampled_from(missing))})


def _longer(draw: st.DrawFn, child: Token, parent: Token) -> Token:
    assert parent.expires_at is not None
    more = timedelta(seconds=draw(st.integers(1, 10**8)))
    return _again(child, parent, expires_at=parent.expires_at + more)


def _more_entries(draw: st.DrawFn, child: Token, parent: Token) -> Token:
    most = parent.binding.max_entries
    assume(most is not None)
    assert most is not None
    wider = draw(st.none() | st.integers(most + 1, most + 1000))
    return _again(child, parent, binding=msgspec.structs.replace(child.binding, max_entries=wider))


def _no_redaction(draw: st.DrawFn, child: Token, parent: Token) -> Token:
    assume(parent.binding.require_redaction)
    return _again(child, parent, binding=msgspec.structs.replace(child.binding, require_redaction=False))


def widened(draw: st.DrawFn, widen: Widen) -> Presented:
    """A chain, one step of which takes more than it has; what is below it was passed on by the rules."""
    presented = draw(chains(most=2))
    chain = [presented.token, *presented.parents]
    at = draw(st.integers(0, len(chain) - 2))
    chain[at] = widen(draw, chain[at], chain[at + 1])
    for below in range(at - 1, -1, -1):
        of = terms(chain[at].scope, chain[at].permissions, chain[below].audience)
        of = msgspec.structs.replace(of, expires_at=chain[at].expires_at, binding=chain[at].binding)
        chain[below] = delegated(of, chain[below + 1])
    return Presented(chain[0], tuple(chain[1:]))


@pytest.mark.row("TOK-15")
@A_THOUSAND
@given(st.data())
def test_a_wider_scope(data: st.DataObject) -> None:
    presented = widened(data.draw, _wider_scope)
    assert said(check(presented, presented.token.audience or "")) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")


@pytest.mark.row("TOK-16")
@A_THOUSAND
@given(st.data())
def test_wider_permissions(data: st.DataObject) -> None:
    presented = widened(data.draw, _wider_permissions)
    assert said(check(presented, presented.token.audience or "")) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")


@pytest.mark.row("TOK-17")
@A_THOUSAND
@given(st.data())
def test_a_longer_life(data: st.DataObject) -> None:
    presented = widened(data.draw, _longer)
    assert said(check(presented, presented.token.audience or "")) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")


@A_THOUSAND
@given(st.data(), st.sampled_from([_more_entries, _no_redaction]))
def test_looser_conditions(data: st.DataObject, widen: Widen) -> None:
    presented = widened(data.draw, widen)
    assert said(check(presented, presented.token.audience or "")) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")


@pytest.mark.row("TOK-23")
@given(chains(), st.data())
def test_what_is_revoked_above_holds_nowhere_below(presented: Presented, data: st.DataObject) -> None:
    one = data.draw(st.sampled_from([presented.token, *presented.parents]))
    found = check(presented, presented.token.audience or "", revoked=[one.id])
    assert said(found) == ("PAM_FORBIDDEN", 403, "TOKEN_REVOKED")


@given(chains())
def test_a_parent_that_does_not_hold(presented: Presented) -> None:
    """Forged, not yet valid, or not there: its child is nothing."""
    token, parent, *rest = presented.token, *presented.parents
    caller = token.audience or ""
    forged = resigned(parent, STRANGER)
    assert said(check(Presented(token, (forged, *rest)), caller))[0] == "PAM_INVALID_SIGNATURE"
    assert said(check(Presented(token), caller))[2] == "TOKEN_CHAIN_INVALID"
    assert said(check(Presented(token, (parent, *rest, made(terms()))), caller))[2] == "TOKEN_CHAIN_INVALID"
    signer = KEYS[parent.issuer]
    ahead = resigned(
        parent, signer, binding_params={**parent.raw.get("binding_params", {}), "not_before": "2099-01-01T00:00:00Z"}
    )
    assert said(check(Presented(token, (ahead, *rest)), caller))[2] == "NOT_YET_VALID"


def test_the_rules_of_passing_on() -> None:
    root = made(terms(audience=AGENTS[0]))
    child = terms(audience=AGENTS[1], hours=0.5)

    def fault(token: Token, parent: Token = root) -> str:
        assert said(check(Presented(token, (parent,)), AGENTS[1])) == ("PAM_FORBIDDEN", 403, "TOKEN_CHAIN_INVALID")
        return widening(token, parent)

    assert check(Presented(delegated(child, root), (root,)), AGENTS[1]) is None
    assert "issuer" in fault(delegated(child, root, signer=AGENTS[5]))
    assert "another parent" in fault(delegated(child, root, delegated_from="cap:f47ac10b-58cc-4372-a567-0e02b2c3d479"))
    plain = made(terms(permissions=["read"], audience=AGENTS[0]))
    assert "derive" in fault(delegated(child, plain), plain)
    bearer = made(terms(audience=None))
    assert "bearer" in fault(delegated(child, bearer, signer=AGENTS[0]), bearer)


@pytest.mark.parametrize(("times", "holds"), [(MOST_DELEGATIONS, True), (MOST_DELEGATIONS + 1, False)])
def test_how_often_it_is_passed_on(times: int, holds: bool) -> None:
    chain = [made(terms(audience=AGENTS[0]))]
    for step in range(1, times + 1):
        chain.insert(0, delegated(terms(audience=AGENTS[step]), chain[0]))
    found = check(Presented(chain[0], tuple(chain[1:])), AGENTS[times])
    assert (found is None) is holds


def test_listed_entries_within_a_component_are_for_the_items_at_hand_to_tell() -> None:
    root = made(terms(Components(frozenset(["semantic"])), audience=AGENTS[0]))
    child = delegated(terms(Entries(frozenset(["e1", "e2"])), audience=AGENTS[1]), root)
    presented = Presented(child, (root,))
    world = {"e1": Item(frozenset(["e1"]), "semantic", frozenset()), "e2": Item(frozenset(["e2"]), "semantic", frozenset())}
    assert said(check(presented, AGENTS[1]))[2] == "TOKEN_CHAIN_INVALID"
    assert check(presented, AGENTS[1], lookup=world.get) is None
    assert selects(presented, world["e1"])
    moved = {**world, "e2": Item(frozenset(["e2"]), "identity", frozenset())}
    assert said(check(presented, AGENTS[1], lookup=moved.get))[2] == "TOKEN_CHAIN_INVALID"
    # Whatever the check said: what lies outside the parent is not selected.
    assert not selects(presented, moved["e2"])
    assert said(check(presented, AGENTS[1], lookup={"e1": world["e1"]}.get))[2] == "TOKEN_CHAIN_INVALID"
