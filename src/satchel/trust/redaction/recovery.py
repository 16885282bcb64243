"""Who may learn what the tokens of a redaction store stand for (portable-agent-memory.md 7.6, RED-06, RED-08).

There is one door: ``opened``. It takes the key, which comes from the unlocked vault or from an age identity, and where a
capability token is shown, that token must hold, carry every permission that the store asks for and be made out to the audience
that the store names. A token alone opens nothing, and the key alone opens it only for whoever has the vault.
"""

from __future__ import annotations

from satchel.errors import AccessDenied
from satchel.trust.capabilities.tokens import Presented
from satchel.trust.capabilities.validation import Checks, refusal, same
from satchel.trust.redaction.store import Policy, RedactionStore, Sealed
from satchel.trust.secrets import Secret


def opened(sealed: Sealed, key: Secret, *, presented: Presented | None = None, checks: Checks | None = None) -> RedactionStore:
    """The store, for its owner, or for whoever shows the token ``presented``.

    Args:
        checks: what a token is checked against; needed with one.

    Raises:
        AccessDenied: the token does not hold, or not for this.
        WrongKey, MalformedInput: as ``Sealed.open``.
    """
    store = sealed.open(key)
    if presented is not None:
        if checks is None:
            raise AccessDenied("a token was shown and nobody can check it", refusal="PAM_UNAUTHORIZED")
        permit(store.policy, presented, checks)
    return store


def permit(policy: Policy, presented: Presented, checks: Checks) -> None:
    """Nothing, where the token permits what the policy asks for.

    Raises:
        AccessDenied: it does not.
    """
    refused = refusal(presented, checks)
    if refused is not None:
        raise AccessDenied(refused.text, refusal=refused.code, detail=refused.detail)
    token = presented.token
    for permission in {"redact", *policy.required_permissions}:
        if permission not in token.permissions:
            raise AccessDenied(f"the token does not permit to {permission}")
    wanted = policy.required_audience
    if wanted and (token.audience is None or not same(token.audience, wanted)):
        raise AccessDenied("the redaction store is for another audience than the token", refusal="PAM_AUDIENCE_MISMATCH")
