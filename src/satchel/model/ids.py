"""Identity: a uid is a hash of where an id is unique and the id itself, so that a second import is no second record.

A uid is 20 bytes of SHA-256, written as 40 lower-case hexadecimal digits. Its input is framed by lengths, so that no two
different paths of names give the same bytes. It never depends on the clock, the machine or the order of import.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

UID_BYTES = 20
UID = re.compile(rf"[0-9a-f]{{{2 * UID_BYTES}}}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
#: The first digit of a UUID's fourth group: its two high bits say that RFC 9562 lays it out.
_VARIANT = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}


def make_uid(*path: str) -> str:
    """The uid of the thing at ``path``: id space first (``"chatgpt"``, ``"conversation"``), native id last."""
    text = "".join([f"{len(name)}:{name}" for name in path])
    if text.isascii():
        framed = text.encode()
    else:
        # Lengths are of bytes.
        names = [name.encode("utf-8", "surrogatepass") for name in path]
        framed = b"".join([b"%d:%b" % (len(name), name) for name in names])
    return hashlib.sha256(framed).hexdigest()[: 2 * UID_BYTES]


def uids_in(*space: str) -> Callable[[str], str]:
    """``make_uid`` for many ids of one space: ``uids_in("a", "b")("c")`` is ``make_uid("a", "b", "c")``."""
    frame = "".join([f"{len(name)}:{name}" for name in space])

    def make(id: str) -> str:
        text = f"{frame}{len(id)}:{id}"
        return hashlib.sha256(text.encode()).hexdigest()[: 2 * UID_BYTES] if text.isascii() else make_uid(*space, id)

    return make


def is_uuid(native_id: str) -> bool:
    """Whether ``native_id`` is a UUID in its usual spelling: such an id is unique without naming an account."""
    return _UUID.fullmatch(native_id) is not None


def provider_uid(provider: str, account: str | None, kind: str, native_id: str) -> str:
    """The uid of a provider's object. Its id space is the provider alone when the id is a UUID, else the account in it.

    So a conversation that is exported once with and once without its account's name is still one record.
    """
    return make_uid(provider, "" if is_uuid(native_id) else account or "", kind, native_id)


def uuid_of(uid: str) -> str:
    """A UUID (version 5 form: bits of a hash of a name) for formats whose ids are UUIDs; deterministic."""
    # Version and variant set as uuid.UUID sets them, in a fifth of its time.
    variant = _VARIANT[uid[16]]
    return f"{uid[:8]}-{uid[8:12]}-5{uid[13:16]}-{variant}{uid[17:20]}-{uid[20:32]}"
