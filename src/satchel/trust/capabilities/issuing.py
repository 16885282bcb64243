"""Making tokens: the members of a spelling from what is granted, signed by the issuer's key (dossier 5.1, 5.7).

``sdk-0.1``, which real verifiers read, is written where it can say what is granted; ``all_of`` and ``none_of`` and delegation
are in ``spec-1.0`` alone.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, Literal

import msgspec

from satchel.codec import canonical
from satchel.errors import MalformedInput, UsageError
from satchel.model.times import to_rfc3339
from satchel.trust.capabilities.scopes import Components, Entries, Everything, Scope, Tags
from satchel.trust.capabilities.tokens import DIALECTS, PERMISSIONS, SIGNATURE, Binding, Permission, Token, read_token
from satchel.trust.signatures import PrivateKey

#: The spellings that are written.
Written = Literal["sdk-0.1", "spec-1.0"]


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What is granted, to whom, for how long. ``audience`` None: whoever has the token."""

    scope: Scope
    permissions: frozenset[Permission]
    audience: str | None
    expires_at: datetime
    binding: Binding = Binding()


def profile_for(terms: Terms, *, delegated: bool = False) -> Written:
    """The spelling that can say it: the SDK's, or else the specification's."""
    is_predicate = isinstance(terms.scope, Tags) and (terms.scope.operator != "any_of" or terms.scope.episodic)
    return "spec-1.0" if delegated or is_predicate else "sdk-0.1"


def issue(
    terms: Terms, *, issuer: str, key: PrivateKey, now: datetime, profile: Written | None = None, delegated_from: str = ""
) -> Token:
    """A signed token.

    Args:
        now: when it is issued.
        profile: None for ``profile_for``'s.
        delegated_from: the id of the token that the issuer holds and passes on a part of.

    Raises:
        UsageError: the spelling cannot say it, a name that it does not take, or a key that is not Ed25519.
    """
    spelling = profile or profile_for(terms, delegated=bool(delegated_from))
    seed = PrivateKey(key.algorithm, key.ed25519_seed("a capability token"))
    id = str(uuid.uuid4())
    value: dict[str, Any]
    if spelling == "spec-1.0":
        value = {"id": f"cap:{id}", "scope_expression": _expression(terms.scope)}
    elif delegated_from:
        raise UsageError(f"{spelling} has no delegation", hint="spec-1.0 has")
    else:
        value = {"id": id, "scope": _scope(terms.scope, spelling)}
    value["permissions"] = [name for name in PERMISSIONS if name in terms.permissions]
    value["issuer"] = issuer
    value[SIGNATURE] = ""
    value["audience"] = "*" if terms.audience is None and spelling == "spec-1.0" else terms.audience
    if spelling != "spec-1.0":
        value["issued_at"] = to_rfc3339(now)
    value["expires_at"] = to_rfc3339(terms.expires_at)
    binding = _params(terms.binding)
    if binding or spelling != "spec-1.0":
        value["binding_params"] = binding
    if delegated_from:
        value["delegated_from"] = delegated_from
    bare = {name: member for name, member in value.items() if name != SIGNATURE}
    signature = seed.sign(canonical.encode(bare, DIALECTS[spelling][0]))
    value[SIGNATURE] = signature.hex() if spelling == "sdk-0.1" else f"ed25519:{signature.hex()}"
    try:
        return read_token(value)
    except MalformedInput as error:
        raise UsageError(f"{spelling} cannot say it: {error.message.partition(': ')[2]}") from error


def _params(binding: Binding) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if binding.max_entries is not None:
        params["max_entries"] = binding.max_entries
    if binding.require_redaction:
        params["require_redaction"] = True
    if binding.not_before is not None:
        params["not_before"] = to_rfc3339(binding.not_before)
    return params


def _scope(scope: Scope, profile: Written) -> dict[str, Any]:
    match scope:
        case Everything():
            return {"type": "wildcard", "value": "*"}
        case Entries(ids):
            return {"type": "entry_ids", "value": sorted(ids)}
        case Components(names):
            return {"type": "component", "value": sorted(names)}
        case Tags("any_of", tags, episodic=False):
            return {"type": "tag", "value": sorted(tags)}
    raise UsageError(f"{profile} cannot say this scope", hint="it knows any of some tags, of all entries; spec-1.0 more")


def _expression(scope: Scope) -> dict[str, Any]:
    match scope:
        case Everything():
            return {"type": "wildcard"}
        case Entries(ids):
            return {"type": "entry_list", "entry_ids": sorted(ids)}
        case Components(names):
            return {"type": "component", "components": sorted(names)}
        case Tags(operator, tags, episodic=True):
            return {"type": "tag_predicate", "operator": operator, "tags": sorted(tags)}
    raise UsageError("spec-1.0 asks tags of episodic entries alone", hint="sdk-0.1 asks them of all")
