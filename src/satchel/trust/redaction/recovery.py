"""Who may learn what the tokens of a redaction store stand for (portable-agent-memory.md 7.6, RED-06, RED-08).

Two things are needed. The key: it comes from the unlocked vault, or from an age identity that it was sealed to. And where
somebody else than the owner asks, a capability token: the vault hands out the key only to one that holds and permits ``redact``
(``satchel.vault.guard``), and what is asked here is whether it is made out to the audience that the store names. A token alone
opens nothing.
"""

from __future__ import annotations

from satchel.errors import AccessDenied
from satchel.trust.capabilities.tokens import Token
from satchel.trust.capabilities.validation import lacks, same
from satchel.trust.redaction.store import Policy, RedactionStore, Sealed
from satchel.trust.secrets import Secret


def opened(sealed: Sealed, key: Secret, shown: Token | None = None) -> RedactionStore:
    """The store, for its owner, or for whoever showed a token.

    Args:
        shown: the token by which the key was got; that it holds was seen to where the key is.

    Raises:
        AccessDenied: the token is not for this.
        WrongKey, MalformedInput: as ``Sealed.open``.
    """
    store = sealed.open(key)
    if shown is not None:
        permit(store.policy, shown)
    return store


def permit(policy: Policy, token: Token) -> None:
    """Nothing, where a token that holds permits what the policy asks for.

    Raises:
        AccessDenied: it does not; a token that is made out to nobody never does.
    """
    refused = lacks(token, "redact")
    if refused is not None or not set(policy.required_permissions) <= set(token.permissions):
        raise AccessDenied("PAM_FORBIDDEN: the token does not permit to recover what was redacted")
    wanted = policy.required_audience
    if token.audience is None or (wanted and not same(token.audience, wanted)):
        raise AccessDenied(
            "PAM_AUDIENCE_MISMATCH: the redaction store is for another audience than the token",
            refusal="PAM_AUDIENCE_MISMATCH",
        )
