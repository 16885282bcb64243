"""Granting: from what a person wants to a signed capability token that the vault remembers (portable-agent-memory.md 5).

A token of the vault's own is issued in its name. A delegated one is issued by the holder of its parent, in the name that the
parent was made out to; whose vault it opens need not be here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from satchel.errors import AccessDenied, NotFound, UsageError
from satchel.trust.capabilities.issuing import Terms, Written, issue
from satchel.trust.capabilities.scopes import Entries, Everything, Scope, Tags, is_sensitive
from satchel.trust.capabilities.tokens import Binding, Permission, Presented, Token
from satchel.trust.capabilities.validation import MOST_DELEGATIONS, widening
from satchel.vault.guard import own_issuer
from satchel.vault.sight import is_uid
from satchel.vault.store import Store

#: How long a grant lives where nobody says, and how long one of sensitive things should at most (TOK-20).
DAY = timedelta(hours=24)


def now() -> datetime:
    """The present, in whole seconds of UTC."""
    return datetime.now(UTC).replace(microsecond=0)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be granted. What is None, empty or "" is a day, ``read``, or as the parent has it."""

    scope: Scope | None
    permissions: frozenset[Permission] = frozenset()
    audience: str = ""
    bearer: bool = False
    expires_at: datetime | None = None
    not_before: datetime | None = None
    max_entries: int | None = None
    require_redaction: bool = False
    profile: Written | None = None


class Granted(msgspec.Struct, frozen=True):
    """A token with its parents, as its file holds it, and what should be thought of twice."""

    presented: Presented
    value: Any
    warnings: tuple[str, ...]

    @property
    def data(self) -> bytes:
        """The file."""
        return msgspec.json.format(msgspec.json.encode(self.value)) + b"\n"


class Called(msgspec.Struct, frozen=True):
    """A token that somebody named: its whole id, and whether it was issued here."""

    id: str
    is_ours: bool


def grant(store: Store, wanted: Wanted, *, key: str, parent: Presented | None = None, now: datetime) -> Granted:
    """Make a token, sign it and remember it.

    Args:
        key: the name of the signing key.
        parent: the token that it is a part of, None for one of the vault's own.

    Raises:
        UsageError: it says too little, holds never, or its spelling cannot say it.
        AccessDenied: it is more than its parent.
        NotFound: there is no such key.
    """
    if not wanted.audience and not wanted.bearer:
        raise UsageError("whom is it for?", hint="--audience agent:NAME, or --bearer for whoever has it")
    terms = _terms(wanted, parent, now)
    begin = terms.binding.not_before or now
    if terms.expires_at <= max(begin, now):
        raise UsageError("it would be over before it holds", hint="--expires must lie ahead, and behind --not-before")
    private = store.signing_key(key)
    if parent is None:
        token = issue(terms, issuer=own_issuer(store), key=private, now=now, profile=wanted.profile)
        made = Presented(token)
    else:
        made = _delegated(terms, parent, wanted, private, now)
    store.note_token(made.token, private.public.text, now)
    chain = [each.raw for each in (made.token, *made.parents)]
    return Granted(made, chain if made.parents else chain[0], tuple(_warnings(store, made.token, begin)))


def token_called(store: Store, text: str) -> Called:
    """The token that a whole id, or the beginning of the id of one that was issued here, names.

    Raises:
        NotFound: none, or more than one.
    """
    name = text.strip()
    ids = [token.id for token in store.issued_tokens()]
    found = [id for id in ids if id == name] or [
        id for id in ids if len(name) >= 4 and (id.startswith(name) or id.removeprefix("cap:").startswith(name))
    ]
    if len(found) > 1:
        raise NotFound(f"more than one token begins with {name}", hint="give more of it; satchel grants lists them")
    if found:
        return Called(found[0], is_ours=True)
    if len(name.removeprefix("cap:")) < 36:
        raise NotFound(f"no token that was granted here begins with {name}", hint="one of another issuer takes its whole id")
    return Called(name, is_ours=False)


def _terms(wanted: Wanted, parent: Presented | None, now: datetime) -> Terms:
    above = parent.token if parent else None
    scope = wanted.scope or (above.scope if above else None)
    if scope is None:
        raise UsageError("what is it about?", hint="--component, --entry, --any-tag, --all-tags, --no-tag or --everything")
    if parent is not None and isinstance(scope, Tags) and not scope.episodic:
        # A delegated token is the specification's, which asks tags of episodes alone.
        scope = msgspec.structs.replace(scope, episodic=True)
    held = above.binding if above else Binding()
    lives = [moment for moment in (wanted.expires_at, above.expires_at if above else None) if moment is not None]
    if wanted.expires_at is None:
        lives.append(now + DAY)
    return Terms(
        scope=scope,
        permissions=wanted.permissions or frozenset({"read"}),
        audience=None if wanted.bearer else wanted.audience,
        expires_at=wanted.expires_at or min(lives),
        binding=Binding(
            max_entries=held.max_entries if wanted.max_entries is None else wanted.max_entries,
            require_redaction=wanted.require_redaction or held.require_redaction,
            not_before=wanted.not_before,
        ),
    )


def _delegated(terms: Terms, parent: Presented, wanted: Wanted, private: Any, now: datetime) -> Presented:
    if len(parent.parents) + 1 > MOST_DELEGATIONS:
        raise AccessDenied(f"PAM_FORBIDDEN: a token can be passed on {MOST_DELEGATIONS} times", detail="TOKEN_CHAIN_INVALID")
    above = parent.token
    if above.audience is None:
        raise AccessDenied("PAM_FORBIDDEN: a bearer token cannot be delegated", detail="TOKEN_CHAIN_INVALID")
    token = issue(
        terms, issuer=above.audience, key=private, now=now, profile=wanted.profile or "spec-1.0", delegated_from=above.id
    )
    fault = widening(token, above)
    if fault:
        hint = "name the records by the parent's own kind of scope" if isinstance(token.scope, Entries) else ""
        raise AccessDenied(f"PAM_FORBIDDEN: it cannot be delegated: {fault}", detail="TOKEN_CHAIN_INVALID", hint=hint)
    return Presented(token, (above, *parent.parents))


def _warnings(store: Store, token: Token, begin: datetime) -> list[str]:
    warnings = []
    if isinstance(token.scope, Everything):
        warnings.append("it is about everything in the vault; a component, tags or single records are nearly always enough")
    if token.audience is None:
        warnings.append("whoever gets hold of it can use it")
    lives = token.expires_at is not None and token.expires_at - begin > DAY
    if lives and (is_sensitive(token.scope) or _lists_sensitive(store, token.scope)):
        warnings.append("it lives longer than 24 hours, and is about what is sensitive")
    if "write" in token.permissions or "rehydrate" in token.permissions:
        warnings.append("no door of this Satchel writes or re-hydrates with a token yet; others may")
    if token.binding.require_redaction:
        warnings.append("this Satchel takes it for satchel export --redact --irreversible alone; others may not")
    return warnings


def _lists_sensitive(store: Store, scope: Scope) -> bool:
    """Whether the scope lists a record that is marked as highly sensitive."""
    if not isinstance(scope, Entries):
        return False
    found = (store.get(id) for id in scope.ids if is_uid(id))
    return any(record is not None and record.access.sensitivity == "high" for record in found)
