"""Tokens made for tests: keys of a few issuers and agents, and strategies for what is granted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.model.components import COMPONENTS, Item
from satchel.trust.capabilities.issuing import Terms, issue
from satchel.trust.capabilities.scopes import Components, Entries, Everything, Scope, Tags
from satchel.trust.capabilities.tokens import (
    DIALECTS,
    PERMISSIONS,
    SIGNATURE,
    Binding,
    Permission,
    Presented,
    Token,
    read_token,
)
from satchel.trust.capabilities.validation import Checks, Refusal, refusal
from satchel.trust.public_keys import PublicKey
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ED25519, PrivateKey

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OWNER = "operator:owner"
AGENTS = [f"agent:{number}" for number in range(10)]
KEYS = {name: PrivateKey(ED25519, Secret(bytes([number]) * 32)) for number, name in enumerate([OWNER, *AGENTS], 1)}
PUBLIC = {name: key.public for name, key in KEYS.items()}
STRANGER = PrivateKey(ED25519, Secret(b"s" * 32))


def issuers(name: str) -> Sequence[PublicKey]:
    return [PUBLIC[name]] if name in PUBLIC else []


#: How many of each are looked at.
A_THOUSAND = settings(max_examples=1000, deadline=None)


def said(found: Refusal | None) -> tuple[str, int, str]:
    """Code, status and our detail of a refusal."""
    assert found is not None
    return found.code, found.status, found.detail


def check(
    token: Token | Presented, caller: str = "agent:0", *, now: datetime = NOW, revoked: Collection[str] = (), **more: Any
) -> Refusal | None:
    presented = token if isinstance(token, Presented) else Presented(token)
    return refusal(
        presented,
        Checks(issuers=issuers, caller=caller, now=now, revoked=lambda ids: set(ids) & set(revoked), **more),
    )


def terms(
    scope: Scope = Everything(),  # noqa: B008
    permissions: Collection[Permission] = ("read", "derive"),
    audience: str | None = "agent:0",
    hours: float = 1,
    **binding: Any,
) -> Terms:
    return Terms(
        scope=scope,
        permissions=frozenset(permissions),
        audience=audience,
        expires_at=NOW + timedelta(hours=hours),
        binding=Binding(**binding),
    )


def made(of: Terms, **more: Any) -> Token:
    return issue(of, issuer=OWNER, key=KEYS[OWNER], now=NOW, **more)


def delegated(of: Terms, parent: Token, *, signer: str | None = None, **more: Any) -> Token:
    name = signer or parent.audience or ""
    return issue(of, issuer=name, key=KEYS[name], now=NOW, delegated_from=more.pop("delegated_from", parent.id), **more)


def resigned(token: Token, key: PrivateKey, **members: Any) -> Token:
    """The token with other members, signed anew."""
    value = {**token.raw, **members}
    bare = {name: member for name, member in value.items() if name != SIGNATURE}
    value[SIGNATURE] = key.sign(canonical.encode(bare, DIALECTS[token.profile][0])).hex()
    if token.profile == "spec-1.0":
        value[SIGNATURE] = "ed25519:" + value[SIGNATURE]
    return read_token(value)


names = st.sampled_from(["a", "b", "c", "é", "日本"])
some_tags = st.frozensets(names, max_size=4)
ids = st.sampled_from([f"blake3:{digit * 64}" for digit in "0123"] + [digit * 40 for digit in "45"])
tag_scopes = st.builds(Tags, st.sampled_from(["any_of", "all_of", "none_of"]), some_tags, st.booleans())
scopes: st.SearchStrategy[Scope] = st.one_of(
    st.builds(Entries, st.frozensets(ids, max_size=4)),
    st.builds(Components, st.frozensets(st.sampled_from(COMPONENTS), max_size=5)),
    tag_scopes,
    st.just(Everything()),
)
items = st.builds(
    Item, st.frozensets(ids, min_size=1, max_size=2), st.sampled_from([*COMPONENTS, ""]), st.frozensets(names, max_size=5)
)
permissions = st.frozensets(st.sampled_from(PERMISSIONS), min_size=1)


def sayable(scope: Scope) -> Scope:
    """The scope as one of the two written spellings can say it: what the SDK's cannot, asks episodes alone."""
    if isinstance(scope, Tags) and scope.operator != "any_of":
        return msgspec.structs.replace(scope, episodic=True)
    return scope


@st.composite
def granted(draw: st.DrawFn, *, audiences: Sequence[str | None] = ("agent:0", "agent:1", None)) -> Token:
    """A token that holds now, in either spelling."""
    of = terms(
        sayable(draw(scopes)),
        draw(permissions),
        draw(st.sampled_from(audiences)),
        draw(st.floats(0.01, 10_000)),
        max_entries=draw(st.none() | st.integers(1, 50)),
        require_redaction=draw(st.booleans()),
    )
    return made(of)
