"""The receipt of an erasure: what was asked, what it reached, what it could not reach, when; signed with the vault's key.

A receipt is one JSON object. The signature is over the canonical bytes (RFC 8785) of all of it but ``signature``. It holds no
content: uids are hashes, words that somebody searched for are not in it, files are named as the owner named them when they were
written. What is out of reach is told with what to do there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import canonical
from satchel.codec.json_values import decode_unique
from satchel.errors import CanonicalError, InputError, MalformedInput, NotFound, Place
from satchel.formats.base import FormatInfo
from satchel.formats.signing import Step, Trust, Verdict, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.erasure import Erased
from satchel.move import receipt_page
from satchel.move.instructions import AGENTS, BACKUPS, account, export_of, held_back, reader_of
from satchel.trust.documents import holds as holds_for
from satchel.trust.documents import key_in
from satchel.trust.files import write_private
from satchel.trust.signatures import PrivateKey, encode_value
from satchel.vault.store import Store
from satchel.vault.values import AuditEntry, Handout

TYPE = "satchel-erasure-receipt"
VERSION = 1
INFO = FormatInfo(name=TYPE, version=str(VERSION), title="receipt of an erasure")
_LEAST = {"type", "version", "vault", "change", "erased", "audit", "signature"}


def receipt(store: Store, change: int, *, made: datetime | None = None) -> dict[str, Any]:
    """The signed receipt of what a change of the vault erased.

    Args:
        made: when it is made; now.

    Raises:
        NotFound: that change erased nothing, or the key that signed its tombstones was taken out of the vault.
    """
    erased = _erasure(store, change)
    entry = _entry(store, change)
    value: dict[str, Any] = {
        "type": TYPE,
        "version": VERSION,
        "vault": store.owner_id,
        "change": change,
        "at": _time(erased.at),
        "made": _time(made or datetime.now(UTC)),
        "asked": {"mode": erased.mode, **msgspec.to_builtins(erased.request)},
        "erased": {"records": erased.counts, "digest": digest_of(erased)},
        "reached": msgspec.to_builtins(erased.stores),
        "tombstones": list(erased.tombstones),
        "held_back": _held_back(store, erased),
        "checked": _checks(store, change),
        "out_of_reach": list(_out_of_reach(store, change)),
        "audit": {"entry": entry.id, "hash": entry.hash},
    }
    # As it will be read again: tuples are lists there.
    return signed(msgspec.json.decode(msgspec.json.encode(value)), _key(store, erased))


def signed(value: dict[str, Any], key: PrivateKey) -> dict[str, Any]:
    """The receipt with a signature over the rest of it."""
    told = {"algorithm": key.algorithm, "key": key.public.text}
    made = encode_value(key.sign(_signed_bytes(value, told)))
    return {**value, "signature": {**told, "value": made}}


def write(value: dict[str, Any], target: Path) -> Path:
    """Write a receipt as JSON, and beside it the page, whose path is returned.

    Raises:
        OutputError: they cannot be written.
    """
    page = target.with_suffix(".html")
    if page == target:
        page = target.with_name(target.name + ".html")
    write_private(target, msgspec.json.format(canonical.encode(value), indent=2) + b"\n")
    write_private(page, receipt_page.page(value, target.name))
    return page


def digest_of(erased: Erased) -> str:
    """The SHA-256 of the uids that were erased, sorted, a line each (hexadecimal)."""
    return hashlib.sha256("".join(f"{uid}\n" for uid in sorted(erased.uids)).encode()).hexdigest()


def recognises(path: Path) -> bool:
    """Whether a file is a receipt, by its structure."""
    try:
        if not path.is_file() or path.stat().st_size > DEFAULT.document_bytes:
            return False
        data = path.read_bytes()
        return b'"' + TYPE.encode() + b'"' in data and _is_receipt(msgspec.json.decode(data))
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def read(path: Path, limits: Limits = DEFAULT) -> dict[str, Any]:
    """A receipt's value.

    Raises:
        InputError: it cannot be read, or is none.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.document_bytes + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    value = decode_unique(data[: limits.document_bytes + 1])
    if len(data) > limits.document_bytes or not _is_receipt(value):
        raise MalformedInput("that is no receipt of an erasure", place=Place(file=path.name))
    return dict(value)


def verify_receipt(value: dict[str, Any], trust: Trust, store: Store | None = None) -> Verification:
    """What a receipt is worth: its signature, whose it is, and, with its own vault at hand, whether that still says the same.

    Args:
        store: a vault; another one than the receipt's is not asked.
    """
    steps: list[Step] = []
    signature = value["signature"] if isinstance(value["signature"], dict) else {}
    key = key_in(signature)
    holds = key is not None and holds_for(signature, key, lambda told: _signed_bytes(value, told))
    steps.append(_step("signature", holds, "it is the key's over every member", "it is not the key's over what is there"))
    known = key is not None and key in trust.keys
    if holds:
        steps.append(_step("key", known, "it is a key that you trust", "nobody whom you trust vouches for this key"))
    if store is None or value["vault"] != store.owner_id:
        why = "no vault was asked" if store is None else "it is of another vault than this one"
        steps.append(Step("vault", "skipped", "receipt-vault", why))
        agrees = True
    else:
        found = list(_in_vault(value, store))
        steps += found
        agrees = all(step.outcome != "failed" for step in found)
    verdict: Verdict = "invalid" if not holds or not agrees else "verified" if known else "untrusted"
    return Verification(
        verdict=verdict,
        holds=holds,
        key=key,
        name=trust.keys.get(key, "") if key is not None else "",
        algorithm=str(signature.get("algorithm", "")),
        owner=str(value["vault"]),
        steps=tuple(steps),
        unproven=(
            "It says what the vault did. What it lists as out of reach was not erased by it.",
            "Backups of the vault from before, with its key, still hold what was erased.",
        ),
    )


def _in_vault(value: dict[str, Any], store: Store) -> Iterator[Step]:
    """What the vault itself says of the change."""
    change = value["change"] if type(value["change"]) is int else 0
    try:
        erased = _erasure(store, change)
        entry = _entry(store, change)
    except NotFound as error:
        yield Step("change", "failed", "receipt-change", f"the vault knows of no such erasure: {error.message}")
        return
    told = value["audit"] if isinstance(value["audit"], dict) else {}
    matches = told == {"entry": entry.id, "hash": entry.hash} and not store.check_audit()
    yield _step("audit log", matches, "its entry is there, in a chain that is whole", "its entry is not what the log holds")
    same = value["erased"] == {"records": erased.counts, "digest": digest_of(erased)}
    yield _step("erased", same, "the same records", "the vault erased other records")
    held = _held_back(store, erased)
    if held is not None:
        is_open = held["purged"] is None
        until = f"the vault keeps the content, sealed, until {held['until']}: satchel forget --purge destroys it"
        gone = f"what was sealed was destroyed at {held['purged']}"
        yield Step(
            "undo window", "failed" if is_open and _says_gone(value) else "passed", "receipt-held", until if is_open else gone
        )
    back = sum(_is_back(store, uid) for uid in erased.uids)
    yield _step("since then", not back, "nothing of it came back", f"{back:,} of the records are in the vault again")


def _says_gone(value: dict[str, Any]) -> bool:
    told = value.get("held_back")
    return not isinstance(told, dict) or told.get("purged") is not None


def _is_back(store: Store, uid: str) -> bool:
    record = store.get(uid)
    return record is not None and "redacted" not in record.touched


def _step(name: str, good: bool, yes: str, no: str) -> Step:
    return Step(name, "passed" if good else "failed", f"receipt-{name.replace(' ', '-')}", yes if good else no)


def _signed_bytes(value: dict[str, Any], told: dict[str, str]) -> bytes:
    """All but the signature's own value: which key and algorithm it is are signed as well."""
    try:
        return canonical.encode({**value, "signature": told})
    except CanonicalError as error:
        raise MalformedInput(f"the receipt has no canonical bytes: {error.message}") from error


def _is_receipt(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == TYPE and value.get("version") == VERSION and value.keys() >= _LEAST


def _erasure(store: Store, change: int) -> Erased:
    for erased in store.erasures():
        if erased.change == change:
            return erased
    undone = next((batch.undone_by for batch in store.batches() if batch.id == change and batch.kind == "forget"), None)
    if undone:
        raise NotFound(f"what change {change} erased was brought back by change {undone}")
    raise NotFound(f"change {change} erased nothing", hint="satchel log shows the changes")


def _entry(store: Store, change: int) -> AuditEntry:
    for entry in store.audit(change - 1):
        if entry.batch == change and entry.operation == "forget":
            return entry
    raise NotFound(f"the audit log has no entry of change {change}")


def _key(store: Store, erased: Erased) -> PrivateKey:
    """The key that signed the tombstones; where it was replaced since, the vault's first one."""
    names = [key.name for key in store.signing_keys() if key.retired is None]
    for key in store.signing_keys():
        if key.retired is None and key.public == erased.signed_by:
            return store.signing_key(key.name)
    if not names:
        raise NotFound("the vault has no key to sign with", hint="satchel keys create makes one")
    return store.signing_key(names[0])


def _held_back(store: Store, erased: Erased) -> dict[str, Any] | None:
    """What an undo window keeps, or kept until it was purged; None where there was none."""
    if erased.undo_until is None:
        return None
    for entry in store.audit(erased.change - 1):
        if entry.operation == "purge" and erased.change in entry.detail.get("changes", ()):
            return {"until": _time(erased.undo_until), "purged": _time(entry.at)}
    return {"until": _time(erased.undo_until), "purged": None}


def _checks(store: Store, change: int) -> dict[str, Any] | None:
    """What the last search for residue that covered the change came to; None where there was none."""
    last = None
    for entry in store.audit(change - 1):
        if entry.operation == "erase-check" and change in entry.detail.get("changes", ()):
            last = {"at": _time(entry.at), **{name: entry.detail[name] for name in ("sought", "found", "unreadable")}}
    return last


def _out_of_reach(store: Store, change: int) -> Iterator[dict[str, Any]]:
    """Where what was erased may still be, and what to do there."""
    window = _held_back(store, _erasure(store, change))
    if window and window["purged"] is None:
        yield held_back(window["until"])
    for held in store.held_before(change):
        yield export_of(held)
    asked = {entry.detail.get("provider", ""): entry.detail for entry in _elsewhere(store, change)}
    for platform, records in store.came_from(change).items():
        if platform not in asked:
            yield account(platform, records)
    for detail in asked.values():
        yield {"kind": "provider", **detail}
    readers: dict[str, list[Handout]] = {}
    for handout in store.handouts(_erasure(store, change).uids):
        readers.setdefault(handout.reader, []).append(handout)
    for reader, handouts in sorted(readers.items()):
        yield reader_of(reader, handouts)
    yield BACKUPS
    yield AGENTS


def _elsewhere(store: Store, change: int) -> Iterator[AuditEntry]:
    for entry in store.audit(change - 1):
        if entry.operation == "forget-elsewhere" and entry.batch == change:
            yield entry


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
