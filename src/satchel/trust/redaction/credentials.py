"""Keys, tokens and passwords: what can only be a credential, and how far it reaches. The one place that knows them.

Forms that nothing else has: the prefixes that issuers gave their keys so that scanners find them, private keys, signed tokens,
and a value said to be a password or a key. Not a search for everything that could be secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from satchel.trust.redaction.layer_one import Span
from satchel.trust.redaction.tokens import TOKEN

#: Key families by their issuers' prefixes. No two alternatives begin alike for long, and each run is looked through once.
_KEYS = re.compile(
    "|".join(
        (
            r"\bAGE-SECRET-KEY-1[0-9A-Z]{20,}",
            r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}",
            r"\bgh[pousr]_[A-Za-z0-9]{30,}",
            r"\bgithub_pat_[A-Za-z0-9_]{30,}",
            r"\bgl(?:pat|dt|rt|ft|soat)-[A-Za-z0-9_.-]{20,}",
            r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
            r"\bxapp-\d-[A-Za-z0-9-]{10,}",
            r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
            r"\bAIza[A-Za-z0-9_-]{35}",
            r"\bya29\.[A-Za-z0-9_-]{20,}",
            r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9]{16,}",
            r"\bhf_[A-Za-z0-9]{30,}",
            r"\bnpm_[A-Za-z0-9]{30,}",
            r"\bpypi-[A-Za-z0-9_-]{30,}",
            r"\bdop_v1_[a-f0-9]{40,}",
            r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
            r"\bxai-[A-Za-z0-9]{30,}",
            r"\bgsk_[A-Za-z0-9]{30,}",
            r"\bpplx-[A-Za-z0-9]{30,}",
        )
    ),
    re.ASCII,
)
#: One of these is in every key that the pattern above matches; to look for them takes a tenth of its time.
_KEY_SIGNS = (
    *("AGE-SECRET", "sk-", "gh", "github_pat_", "gl", "xox", "xapp-", "AKIA", "ASIA", "AIza", "ya29.", "sk_", "rk_", "pk_"),
    *("whsec_", "hf_", "npm_", "pypi-", "dop_v1_", "SG.", "xai-", "gsk_", "pplx-"),
)
#: A JSON web token: head, claims, and the signature where there is one. From each place but the beginning of a run the rest of
#: it would be looked through again.
_SIGNED = re.compile(r"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}+\.eyJ[A-Za-z0-9_-]{10,}+\.(?:[A-Za-z0-9_-]++)?", re.ASCII)
_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----")
#: What a key's body is written with, for one whose end is missing.
_BODY = re.compile(r"(?:(?:\s{0,4}+[A-Za-z0-9+/=]{16,}+)++(?:\s{0,4}+[A-Za-z0-9+/]{1,15}={0,2}(?!\S))?)?")
_NAMED = (
    r"password|passwd|passwort|kennwort|contrase[nñ]a|mot de passe|passphrase|pwd|api[ _-]?key|secret[ _-]?key"
    r"|client[ _-]?secret|access[ _-]?key|access[ _-]?token|auth[ _-]?token|bearer[ _-]?token|private[ _-]?key"
)
_NAMED_SIGNS = ("pass", "kennwort", "contrase", "pwd", "key", "token", "secret")
_SAID = re.compile(
    rf"(?<![^\W_])(?:{_NAMED})(?:\s{{1,20}}(?:is|lautet|ist|es)\s{{1,20}}|[\"']?\s{{0,20}}[:=]\s{{0,20}}[\"']?)"
    r"(?=\S{0,200}[0-9])(?=\S{0,200}[A-Za-z])(?P<it>[^\s,;\"']{8,})",
    re.IGNORECASE,
)
#: A password in an address: what stands between the name and the host.
_IN_URL = re.compile(r"(?<=://)[^\s/@:\"'<>]{1,256}:(?P<it>[^\s/@\"'<>]{3,256})@")
_BEARER = re.compile(r"\b[Bb]earer +(?P<it>[A-Za-z0-9._~+/-]{20,}=*)", re.ASCII)


def keys(text: str) -> Iterator[Span]:
    """API keys and tokens."""
    if any(sign in text for sign in _KEY_SIGNS):
        for found in _KEYS.finditer(text):
            yield Span(found.start(), found.end(), 0.99)
    if "eyJ" in text:
        for found in _SIGNED.finditer(text):
            yield Span(found.start(), found.end(), 0.95)
    if "earer " in text:
        for found in _BEARER.finditer(text):
            yield Span(*found.span("it"), 0.8)


def private_keys(text: str) -> Iterator[Span]:
    """Private keys in PEM, whole; where the end is missing, as far as a key's body goes."""
    done = 0
    last = 0
    if "-----BEGIN " not in text:
        return
    ends = [found.end() for found in _END.finditer(text)]
    for begin in _BEGIN.finditer(text):
        if begin.start() < done:
            continue
        while last < len(ends) and ends[last] <= begin.end():
            last += 1
        if last < len(ends):
            done = ends[last]
        else:
            body = _BODY.match(text, begin.end())
            done = body.end() if body else begin.end()
        yield Span(begin.start(), done, 0.99)


def passwords(text: str) -> Iterator[Span]:
    """Values that are said to be a password or a key, and passwords in addresses."""
    lowered = text.lower()
    if any(sign in lowered for sign in _NAMED_SIGNS):
        for found in _SAID.finditer(text):
            yield Span(*found.span("it"), 0.8)
    if "://" in text:
        for found in _IN_URL.finditer(text):
            yield Span(*found.span("it"), 0.9)


FINDERS: dict[str, tuple[Callable[[str], Iterator[Span]], ...]] = {
    "api_key": (keys,),
    "private_key": (private_keys,),
    "password": (passwords,),
}


def names_credential(text: str) -> bool:
    """Whether a key, a token or a stated password is in ``text``; what stands where one was taken out is none."""
    text = TOKEN.sub(";", text)
    return any(next(find(text), None) is not None for finders in FINDERS.values() for find in finders)
