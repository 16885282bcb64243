"""Whether a token holds for a caller, now: every check, and the refusal that is reported (dossier 5.5, 5.7).

Nothing is believed before the signatures: they are looked at first and silently. What is reported is the first fault in the
specification's order, expiry, audience, signature, and then ours: not yet valid, revoked, delegation, conditions that nobody
here knows. So a token that is expired and forged is told to be expired, and grants nothing either way.

Delegation. The holder of a token with ``derive`` passes a part of it on. A delegated token comes with its parents. Each one's
issuer is the audience of its parent, signs with a key of that name, and takes nothing that the parent has not: scope,
permissions, expiry and conditions can only narrow. What is revoked or not yet valid anywhere above holds nowhere below.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from satchel.model.components import Item
from satchel.trust.capabilities.scopes import Entries, Scope, is_within, permits
from satchel.trust.capabilities.tokens import SIGNATURE_BYTES, Permission, Presented, Token
from satchel.trust.public_keys import PublicKey
from satchel.trust.signatures import ALGORITHMS, ED25519, verify

#: How often a token may be passed on.
MOST_DELEGATIONS = 8
#: Who may issue a token that nobody delegated. Agents only pass on.
ROOT = "operator:"

#: The keys that may sign in an issuer's name; none for one that nobody here knows.
Issuers = Callable[[str], Sequence[PublicKey]]
#: Which of these ids are revoked.
Revoked = Callable[[Collection[str]], Collection[str]]
#: The item of an id, None where there is none at hand.
Lookup = Callable[[str], Item | None]


class Refusal(msgspec.Struct, frozen=True):
    """Why a token does not hold. ``code`` and ``status`` are the protocol's (dossier 10.5), ``detail`` ours."""

    code: str
    status: int
    text: str
    detail: str = ""


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What a token is checked against.

    ``skew_s``: by how many seconds clocks may differ. ``lookup``: the items at hand, for scopes that only they can compare.
    """

    issuers: Issuers
    #: Who asks, such as ``agent:analysis-bot``; "" for nobody that is known.
    caller: str
    now: datetime
    revoked: Revoked
    skew_s: int = 0
    lookup: Lookup | None = None


def refusal(presented: Presented, checks: Checks) -> Refusal | None:
    """Why the token does not hold, or None when it does: then it grants ``effective_permissions`` on what ``selects`` says."""
    token, chain = presented.token, (presented.token, *presented.parents)
    # All before anything is reported: how long it takes does not tell what failed.
    unsigned = [each for each in chain if not _is_signed(each, checks.issuers)]
    skew = timedelta(seconds=checks.skew_s)
    if any(each.expires_at is None for each in chain) or token.expires_at is None:
        return Refusal("PAM_TOKEN_EXPIRED", 401, "the token names no expiry", "NO_EXPIRY")
    if token.expires_at < checks.now - skew:
        return Refusal("PAM_TOKEN_EXPIRED", 401, f"the token expired on {token.expires_at:%Y-%m-%d %H:%M} UTC")
    if token.audience is not None and not same(token.audience, checks.caller):
        return Refusal("PAM_AUDIENCE_MISMATCH", 403, "the token was made out to somebody else than who asks")
    for each in unsigned:
        if not checks.issuers(each.issuer):
            return Refusal("PAM_INVALID_SIGNATURE", 401, "nobody here knows the token's issuer", "UNKNOWN_ISSUER")
        return Refusal("PAM_INVALID_SIGNATURE", 401, "the token's signature does not hold")
    for each in chain:
        begin = max((moment for moment in (each.issued_at, each.binding.not_before) if moment), default=None)
        if begin is not None and begin > checks.now + skew:
            return Refusal("PAM_UNAUTHORIZED", 401, f"the token holds from {begin:%Y-%m-%d %H:%M} UTC on", "NOT_YET_VALID")
    revoked = checks.revoked({each.id for each in chain})
    if revoked:
        whose = "the token is" if token.id in revoked else "a token that it was delegated from is"
        return Refusal("PAM_FORBIDDEN", 403, f"{whose} revoked", "TOKEN_REVOKED")
    fault = _fault_of_chain(chain, checks)
    if fault:
        return Refusal("PAM_FORBIDDEN", 403, fault, "TOKEN_CHAIN_INVALID")
    if any(each.binding.others for each in chain):
        text = "the token sets a condition that nobody here knows, and so cannot keep"
        return Refusal("PAM_FORBIDDEN", 403, text, "UNKNOWN_BINDING")
    return None


def lacks(token: Token, permission: Permission) -> Refusal | None:
    """The refusal of an operation that a token, which holds, does not permit."""
    if permission in token.permissions:
        return None
    return Refusal("PAM_FORBIDDEN", 403, f"the token does not permit to {permission}")


def selects(presented: Presented, item: Item) -> bool:
    """Whether a token that holds is about the item: it and all that it was delegated from are."""
    return all(permits(each.scope, item) for each in (presented.token, *presented.parents))


def same(one: str, other: str) -> bool:
    """Whether two texts are the same, in a time that does not tell how far they are."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))


def widening(child: Token, parent: Token, lookup: Lookup | None = None) -> str:
    """What a delegated token takes that its parent has not, or takes without leave; "" when it only narrows."""
    if "derive" not in parent.permissions:
        return "the parent does not permit to derive, so it cannot be delegated"
    if parent.audience is None:
        return "a bearer token cannot be delegated"
    if not same(child.issuer, parent.audience):
        return "its issuer is not whom the parent was made out to"
    if not same(child.delegated_from, parent.id):
        return "it names another parent"
    if child.permissions - parent.permissions:
        return "it permits what its parent does not"
    if parent.expires_at is not None and (child.expires_at is None or child.expires_at > parent.expires_at):
        return "it lives longer than its parent"
    most = parent.binding.max_entries
    if most is not None and (child.binding.max_entries is None or child.binding.max_entries > most):
        return "it allows more entries than its parent"
    if parent.binding.require_redaction and not child.binding.require_redaction:
        return "it drops the redaction that its parent requires"
    if not is_within(child.scope, parent.scope) and not _is_within_at_hand(child.scope, parent.scope, lookup):
        return "it is about more than its parent"
    return ""


def _is_signed(token: Token, issuers: Issuers) -> bool:
    if len(token.signature) != SIGNATURE_BYTES:
        return False
    keys = [key for key in issuers(token.issuer) if key.kind == "Ed25519"]
    return any(verify(ALGORITHMS[ED25519], key, token.signature, data) for data in token.signed() for key in keys)


def _fault_of_chain(chain: Sequence[Token], checks: Checks) -> str:
    root = chain[-1]
    if len(chain) > MOST_DELEGATIONS + 1:
        return f"the token was passed on more than {MOST_DELEGATIONS} times"
    if root.delegated_from:
        return "the token was delegated, and what it was delegated from did not come with it"
    if not root.issuer.startswith(ROOT):
        return "the token was issued by somebody who may only pass tokens on"
    for child, parent in pairwise(chain):
        if fault := widening(child, parent, checks.lookup):
            return f"the token was delegated, and {fault}"
    return ""


def _is_within_at_hand(inner: Scope, outer: Scope, lookup: Lookup | None) -> bool:
    """Whether listed entries, all of which are at hand, lie within another kind of scope: only they can tell."""
    if not isinstance(inner, Entries) or lookup is None:
        return False
    items = [lookup(id) for id in inner.ids]
    return all(item is not None and permits(outer, item) for item in items)
