"""Reading a ledger: its head, its records one by one, and what its signature is worth. Nothing holds all of the records."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.codec.arrays import iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError, MalformedInput, Place
from satchel.formats.signing import Step, Trust, Verdict, Verification
from satchel.limits import DEFAULT, Limits
from satchel.move.ledgers.document import TYPE, VERSION, LedgerRecord, LossLedger
from satchel.trust.documents import holds as holds_for
from satchel.trust.documents import key_in

_HEAD_BYTES = 256
_RECORD = msgspec.json.Decoder(LedgerRecord)


class Head(msgspec.Struct, frozen=True):
    """A ledger without its records: what it says (see ``document.LossLedger``), and how many records there are, with their
    digest as it was found."""

    value: dict[str, Any]
    ledger: LossLedger
    records: int
    sha256: str

    @property
    def is_whole(self) -> bool:
        """Whether the records are those that the seal is over."""
        return (self.ledger.seal.records, self.ledger.seal.sha256) == (self.records, self.sha256)


def recognises(path: Path) -> bool:
    """Whether a file is a ledger, by how it begins: its type stands first, as Satchel writes it, or anywhere in its head."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(_HEAD_BYTES)
    except OSError:
        return False
    return start.lstrip()[:1] == b"{" and b'"' + TYPE.encode() + b'"' in start


def read(path: Path, each: Callable[[LedgerRecord], None] | None = None, *, limits: Limits = DEFAULT) -> Head:
    """Read all of a ledger; ``each`` is called with every record, in order.

    Raises:
        InputError: it cannot be read, or is none.
    """
    value: dict[str, Any] = {}
    digest = hashlib.sha256()
    count = 0
    try:
        with path.open("rb") as stream:
            for name, element in iter_members(stream, arrays=frozenset({"records"}), file=path.name, limits=limits):
                if element is None:
                    continue
                data = element.whole()
                if name != "records":
                    value[name] = decode_unique(data, limits=limits)
                    continue
                record = _RECORD.decode(data)
                digest.update(canonical.encode(decode_unique(data, limits=limits)) + b"\n")
                count += 1
                if each is not None:
                    each(record)
        ledger = msgspec.convert({**value, "records": ()}, LossLedger)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, CanonicalError) as error:
        raise MalformedInput(f"that is no loss ledger: {error}", place=Place(file=path.name)) from error
    if ledger.type != TYPE or ledger.version != VERSION:
        raise MalformedInput("that is no loss ledger that this Satchel reads", place=Place(file=path.name))
    return Head(value, ledger, count, digest.hexdigest())


def signed_bytes(value: dict[str, Any], told: dict[str, str]) -> bytes:
    """What a signature is over: all but the records, which the seal stands for, and the signature's own value.

    Raises:
        MalformedInput: it has no canonical bytes.
    """
    try:
        return canonical.encode({**{name: item for name, item in value.items() if name != "records"}, "signature": told})
    except CanonicalError as error:
        raise MalformedInput(f"the ledger has no canonical bytes: {error.message}") from error


def verify_ledger(head: Head, trust: Trust) -> Verification:
    """What a ledger is worth: whether its records are those that it was sealed over, its signature, and whose that is."""
    return Verification(**_verified(head, trust))


def _verified(head: Head, trust: Trust) -> dict[str, Any]:
    said = head.value.get("signature")
    signature: dict[str, Any] = said if type(said) is dict else {}
    key = key_in(signature)
    holds = key is not None and holds_for(signature, key, lambda told: signed_bytes(head.value, told))
    known = key is not None and key in trust.keys
    steps = list(_steps(head, has=bool(signature), holds=holds, known=known))
    verdict: Verdict = "verified" if known else "untrusted"
    if not head.is_whole or (signature and not holds):
        verdict = "invalid"
    elif not signature:
        verdict = "unsigned"
    return {
        "verdict": verdict,
        "holds": holds and head.is_whole,
        "key": key,
        "name": trust.keys.get(key, "") if key is not None else "",
        "algorithm": str(signature.get("algorithm", "")),
        "steps": tuple(steps),
        "unproven": (
            "It says what Satchel told of the journey. The files that it names are bound by their digests: compare them.",
        ),
    }


def _steps(head: Head, *, has: bool, holds: bool, known: bool) -> Iterator[Step]:
    good = head.is_whole
    text = f"all {head.records:,} are those that it was sealed over" if good else "they are not those that it was sealed over"
    yield Step("records", "passed" if good else "failed", "ledger-records", text)
    if not has:
        yield Step("signature", "skipped", "ledger-signature", "nobody signed it")
        return
    text = "it is the key's over every member" if holds else "it is not the key's over what is there"
    yield Step("signature", "passed" if holds else "failed", "ledger-signature", text)
    if holds:
        text = "it is a key that you trust" if known else "nobody whom you trust vouches for this key"
        yield Step("key", "passed" if known else "failed", "ledger-key", text)
