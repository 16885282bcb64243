"""Tokens that stand in a text for what was taken out: ``[REDACTED:<type>:<id>]`` (portable-agent-memory.md 7.3).

An id is a keyed hash of where the token stands, so that each occurrence has its own and none says anything without the key; a
second pass over the same thing gives the same token. Made consistent, it is a keyed hash of what was taken out: the same value
has the same token in one artifact, and in no other, for each has its own key.

What looks like a token in the source is no token: it gets a backslash (``[REDACTED\\:``), and recovery takes one away. So a
recovered text is the source, character for character, and nobody's text can ask for somebody's original.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from satchel.trust.secrets import Secret, new_key

TOKEN = re.compile(r"\[REDACTED:([A-Za-z_]{1,32}):([A-Za-z0-9]{1,8})\]")
#: The same where no bracket or colon may stand: in an actor, in a procedure's name.
PLAIN_TOKEN = re.compile(r"redacted_([A-Za-z_]{1,32})_([a-z0-9]{8})")
_ID_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ID_LENGTH = 8
_LOOKS_LIKE_ONE = re.compile(r"\[REDACTED(\\*+):")
_TOKEN_OR_MARK = re.compile(rf"(?P<token>{TOKEN.pattern})|\[REDACTED\\(?P<rest>\\*+):")


class Kept(msgspec.Struct, frozen=True):
    """What a token stands for. ``original`` is a text, or a number where a number was taken out whole."""

    original: str | int | float
    type: str
    confidence: float


class Mint:
    """Makes the tokens of one artifact, and keeps what they stand for unless nobody shall ever know."""

    def __init__(self, key: Secret | None = None, *, consistent: bool = False, irreversible: bool = False) -> None:
        self._key = (key or new_key()).reveal()
        self._consistent = consistent
        self._irreversible = irreversible
        #: Which place or value has which id: no two share one.
        self._claims: dict[tuple[str, str], bytes] = {}
        self.kept: dict[str, Kept] = {}
        #: How many tokens of each (kind, type) were made.
        self.counts: dict[tuple[str, str], int] = {}

    def token(self, kept: Kept, *place: str, kind: str = "", plain: bool = False) -> str:
        """The token for what was found at ``place``, which names it within the artifact. ``kind`` is what it is counted
        under."""
        value = repr(kept.original) if type(kept.original) is not str else kept.original
        told = (kept.type, value) if self._consistent else (kept.type, value, *place)
        claim = hashlib.blake2b(_framed(told), key=self._key, digest_size=32, person=b"claim").digest()
        number = 0
        while True:
            id = self._id(claim, number)
            if self._claims.setdefault((kept.type, id), claim) == claim:
                break
            number += 1
        token = f"redacted_{kept.type}_{id}" if plain else f"[REDACTED:{kept.type}:{id}]"
        if token not in self.kept:
            # Of what nobody shall know, only that it was counted.
            self.kept[token] = _NOTHING if self._irreversible else kept
            self.counts[kind, kept.type] = self.counts.get((kind, kept.type), 0) + 1
        return token

    def _id(self, claim: bytes, number: int) -> str:
        value = int.from_bytes(hashlib.blake2b(claim + number.to_bytes(4), key=self._key, digest_size=8, person=b"id").digest())
        signs = []
        for _ in range(_ID_LENGTH):
            value, sign = divmod(value, len(_ID_SIGNS))
            signs.append(_ID_SIGNS[sign])
        return "".join(signs)


_NOTHING = Kept("", "", 0.0)


def _framed(names: tuple[str, ...]) -> bytes:
    coded = [name.encode("utf-8", "surrogatepass") for name in names]
    return b"".join([b"%d:%b" % (len(name), name) for name in coded])


def escaped(text: str) -> str:
    """``text``, in which nothing is a token any more."""
    return _LOOKS_LIKE_ONE.sub(r"[REDACTED\\\1:", text) if "[REDACTED" in text else text


def recovered(text: str, kept: Mapping[str, Kept]) -> str:
    """``text`` as it was. A token that is not among ``kept`` stays."""

    def put_back(found: re.Match[str]) -> str:
        token = found["token"]
        if token is None:
            return f"[REDACTED{found['rest']}:"
        known = kept.get(token)
        return token if known is None else str(known.original)

    return _TOKEN_OR_MARK.sub(put_back, text) if "[REDACTED" in text else text


def recovered_bytes(data: bytes, kept: Mapping[str, Kept]) -> bytes:
    """The same of a text in any encoding that has ASCII in it; what is no text stays as it is."""
    # Latin-1 has a letter for each byte. Half of a surrogate pair leaves as the three bytes that UTF-8 would have for it.
    coded = {
        token: Kept(str(each.original).encode("utf-8", "surrogatepass").decode("latin-1"), each.type, each.confidence)
        for token, each in kept.items()
    }
    return recovered(data.decode("latin-1"), coded).encode("latin-1")


def recovered_value(value: Any, kept: Mapping[str, Kept]) -> Any:
    """A JSON value as it was: all of its texts and members' names, and numbers that were taken out whole."""
    if type(value) is str:
        known = kept.get(value)
        if known is not None and type(known.original) is not str:
            return known.original
        return recovered(value, kept)
    if type(value) is dict:
        return {recovered(name, kept): recovered_value(member, kept) for name, member in value.items()}
    if type(value) is list:
        return [recovered_value(item, kept) for item in value]
    return value


def recovered_name(text: str, kept: Mapping[str, Kept]) -> str:
    """An actor or a procedure's name as it was."""

    def put_back(found: re.Match[str]) -> str:
        known = kept.get(found[0])
        return found[0] if known is None else str(known.original)

    return PLAIN_TOKEN.sub(put_back, text)
