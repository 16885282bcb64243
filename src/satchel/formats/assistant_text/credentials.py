"""Whether a text holds what can only be a credential. Memory is where people paste keys; none of them goes into a prompt.

Forms that nothing else has: the prefixes that issuers gave their keys so that scanners find them, private keys, and a value
said to be a password. Not a search for everything that could be secret.
"""

from __future__ import annotations

import re

_FORMS = (
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    r"\bAGE-SECRET-KEY-1[0-9A-Z]{20}",
    r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20}",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{30}|github_pat_[A-Za-z0-9_]{30}|glpat-[A-Za-z0-9_-]{20})",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\bAIza[A-Za-z0-9_-]{35}",
    r"\b(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16}",
    r"\bhf_[A-Za-z0-9]{30}",
    r"\bnpm_[A-Za-z0-9]{30}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.",
    r"(?i:\b(?:password|passwort|passphrase|api[ _-]?key|secret[ _-]?key|access[ _-]?token)(?:\s+(?:is|lautet)\s+|\s*[:=]\s*))"
    r"(?=\S{0,200}[0-9])(?=\S{0,200}[A-Za-z])[^\s,;]{8}",
)
_CREDENTIAL = re.compile("|".join(f"(?:{form})" for form in _FORMS))


def names_credential(text: str) -> bool:
    """Whether a key, a token or a stated password is in ``text``."""
    return _CREDENTIAL.search(text) is not None
