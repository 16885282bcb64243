"""Signing and verifying a memory store, a package's or a file alone (dossier 4), without ever holding its memories.

Verifying goes by the raw file in the order of dossier 4.5, a step each: conditions, checksum, payload, value, key, signature,
the owner's DID; then whether anybody here trusts the key. Signing rewrites the root members that it must and no other byte; in
a zip the other members stay as they are packed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from satchel.codec.arrays import iter_members
from satchel.codec.json_values import decode_unique
from satchel.errors import InputError, MalformedInput, OutputError, Place, UsageError
from satchel.formats.portable_ai_memory import signature, terms, validation
from satchel.formats.portable_ai_memory.documents import File, is_regular
from satchel.formats.portable_ai_memory.files import is_zip, opened, store_of_zip
from satchel.formats.portable_ai_memory.integrity import Form, Integrity
from satchel.formats.portable_ai_memory.spelling import dump
from satchel.formats.portable_ai_memory.splice import Span, identity, replace_members, with_members
from satchel.formats.portable_ai_memory.verify import validate_zip
from satchel.formats.portable_ai_memory.zipped import put_store
from satchel.formats.signing import Seen, SignOptions, Step, Trust, Verdict, Verification
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from satchel.model.times import from_microseconds, to_microseconds
from satchel.trust import did
from satchel.trust.age import NOBODY, Identities, begins_age
from satchel.trust.public_keys import PublicKey
from satchel.trust.signatures import PrivateKey

_STREAMED = frozenset({"memories", "relations", "conversations_index"})
#: Faults that do not count when signing: they are of the signature that is about to go.
_MENDED = frozenset({"schema-conditional", "signature-integrity", "signed-early", "signature-alphabet"})
_FORMS: dict[Form, Step] = {
    "raw": Step("checksum", "passed", "checksum", "integrity.checksum is that of the memories"),
    "sdk": Step(
        "checksum", "noticed", "checksum-sdk-form", "integrity.checksum is that of the form the reference SDK gives them"
    ),
    "neither": Step("checksum", "failed", "checksum-wrong", "integrity.checksum is not that of the memories"),
}


class _Head(msgspec.Struct, frozen=True):
    """A store without its memories: the other root members, where they stand, and the checksum of the memories."""

    root: dict[str, Any]
    spans: dict[str, Span]
    integrity: Integrity


class _Edit(msgspec.Struct, frozen=True):
    """The members of a store that are written anew, and what is to be told of it."""

    members: dict[str, bytes]
    spans: dict[str, Span]
    findings: tuple[Finding, ...]


def store_file(path: Path) -> Path:
    """The memory store of a package folder, or the file itself.

    Raises:
        MalformedInput: the package has none, or only a link to one.
    """
    if not path.is_dir():
        return path
    file = path / terms.STORE_FILE
    if not is_regular(file):
        raise MalformedInput(f"the package has no {terms.STORE_FILE}")
    return file


@contextlib.contextmanager
def _store(path: Path, limits: Limits, identities: Identities) -> Iterator[File]:
    """The memory store of a package of any form, or the file itself. Raises as ``store_file`` and ``files.opened``."""
    if path.is_dir() or not (is_zip(path) or begins_age(path)):
        yield store_file(path)
        return
    with opened(path, limits, identities) as package:
        yield package.store


def verify(path: Path, trust: Trust, limits: Limits = DEFAULT, identities: Identities = NOBODY) -> Verification:
    """What the signature of the store at ``path`` is worth; see ``formats.signing.Signer.verify``."""
    with _store(path, limits, identities) as file:
        head = _read(file, limits)
        return _verified(head, trust, limits)


def _verified(head: _Head, trust: Trust, limits: Limits) -> Verification:
    root = head.root
    if root.get("signature") is None:
        checksum = _checksum_step(head)
        text = "the store is not signed; that alone is no reason to refuse it"
        return Verification(
            verdict="unsigned", holds=False, owner=_member(root, "owner", "id"), steps=(checksum, _noticed("unsigned", text))
        )
    checked = signature.check(root)
    conditions = [step for step in checked.steps if step.name in ("block", "conditions")]
    checksum = _checksum_step(head)
    steps = [*conditions, checksum, *(step for step in checked.steps if step not in conditions)]
    holds = checked.holds and checksum.outcome != "failed"
    owner, owner_did = _member(root, "owner", "id"), _member(root, "owner", "did")
    key, name = checked.key, ""
    match = ""
    exported = signature.moment(root, "export_date")
    verdict: Verdict = "invalid"
    if key is not None:
        # Nobody is asked on behalf of a signature that does not hold.
        fetch = trust.fetch if holds else None
        match, found = _owner_steps(owner, owner_did, _member(root, "signature", "key_id"), key, fetch, limits)
        steps += found
        name, trusted = _trusted(key, owner_did, match, trust)
        bound = not any(step.outcome == "failed" for step in found)
        if holds:
            verdict = "verified" if trusted and bound else "untrusted"
            steps.append(_trust_step(trusted))
            steps += _seen_steps(trust.seen(owner), key, exported)
    return Verification(
        verdict=verdict,
        holds=holds,
        key=key,
        name=name,
        algorithm=_member(root, "signature", "algorithm"),
        key_id=_member(root, "signature", "key_id"),
        owner=owner,
        did=owner_did,
        did_match=match,
        exported=_datetime(exported),
        steps=tuple(steps),
        unproven=signature.UNPROVEN,
    )


def sign(
    path: Path, key: PrivateKey, options: SignOptions, limits: Limits = DEFAULT, signed_at: datetime | None = None
) -> tuple[Finding, ...]:
    """Sign the store at ``path``; see ``formats.signing.Signer.sign``. ``integrity`` is added where there is none.

    Args:
        signed_at: when, the present by default.
    """
    path = path.resolve()
    if is_zip(path):
        return _sign_zip(path, key, options, limits, signed_at)
    file = store_file(path)
    _refuse_invalid(path, validation.validate(path, limits))
    with _on_disk(file) as stream:
        known = identity(stream)
    edit = _edit(_read(file, limits), key, options, limits, signed_at)
    replace_members(file, edit.members, edit.spans, known)
    return edit.findings


def _sign_zip(
    path: Path, key: PrivateKey, options: SignOptions, limits: Limits, signed_at: datetime | None
) -> tuple[Finding, ...]:
    with _on_disk(path) as zipped:
        known = identity(zipped)
        _refuse_invalid(path, validate_zip(path, limits))
        with store_of_zip(path, limits) as (name, file):
            edit = _edit(_read(file, limits), key, options, limits, signed_at)

            def write(sink: BinaryIO) -> None:
                with file.open("rb") as source:
                    with_members(source, sink, edit.members, edit.spans)

            def check() -> None:
                # By its name, too: another file may have been put there.
                with path.open("rb") as stream:
                    if identity(stream) != known:
                        raise OutputError(f"{path} changed while it was read", hint="try again")

            put_store(zipped, path, name, write, check)
    return edit.findings


def _on_disk(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise InputError(f"{file.name} cannot be read: {error.strerror or 'the system refuses'}") from error


def _edit(head: _Head, key: PrivateKey, options: SignOptions, limits: Limits, signed_at: datetime | None) -> _Edit:
    if head.integrity.fault:
        raise MalformedInput(f"the memories have no checksum: {head.integrity.fault}")
    root, checksum = head.root, head.integrity.checksum()
    members: dict[str, bytes] = {}
    if type(root.get("integrity")) is not dict:
        block = {"canonicalization": "RFC8785", "checksum": checksum, "total_memories": head.integrity.count}
        members["integrity"] = dump(block)
    elif _member(root, "integrity", "checksum") != checksum:
        raise MalformedInput(
            "integrity.checksum is that of the reference SDK's form of the memories, not of the memories that are there",
            hint="export the store anew, then sign it",
        )
    export_id, export_date = (root.get(name) or "" for name in ("export_id", "export_date"))
    if not export_id or not export_date:
        raise MalformedInput("a signed store needs export_id and export_date", hint="they are the exporter's to give")
    signed_at = signed_at or datetime.now(UTC)
    exported = signature.moment(root, "export_date")
    if exported is not None and exported > to_microseconds(signed_at):
        raise MalformedInput("export_date lies in the future: nothing can be signed before it is exported")
    owner = dict(root["owner"])
    owner_did, key_id, findings = _owner_did(owner, key.public, options, limits)
    if owner_did != owner.get("did"):
        members["owner"] = dump({**owner, "did": owner_did})
    data = signature.payload(checksum, export_id, export_date, owner["id"])
    members["signature"] = dump(signature.make_block(key, data, signed_at, key_id))
    return _Edit(members, head.spans, findings)


def _read(file: File, limits: Limits) -> _Head:
    root: dict[str, Any] = {}
    spans: dict[str, Span] = {}
    integrity = Integrity(file, limits)
    try:
        with file.open("rb") as stream:
            for name, element in iter_members(stream, arrays=_STREAMED, file=file.name, limits=limits):
                if element is None:
                    root[name] = []
                elif name not in _STREAMED:
                    place = Place(file=file.name, offset=element.offset, pointer=f"/{name}")
                    root[name] = decode_unique(element.whole(), place=place, limits=limits)
                    spans[name] = Span(element.offset, len(element.data))
                elif name == "memories" and name in root:
                    integrity.add(element)
    except OSError as error:
        raise InputError(f"{file.name} cannot be read: {error.strerror or 'the system refuses'}") from error
    if "memories" not in root:
        integrity.fault = "there is no array of memories"
    return _Head(root, spans, integrity)


def _checksum_step(head: _Head) -> Step:
    declared = _member(head.root, "integrity", "checksum")
    if not declared:
        return Step("checksum", "skipped", "checksum-missing", "the store declares no checksum")
    form = head.integrity.form_of(declared)
    if form == "uncomputable":
        text = f"the memories have no checksum: {head.integrity.fault}"
        return Step("checksum", "failed", "checksum-uncomputable", text)
    return _FORMS[form]


def _owner_steps(
    owner: str, owner_did: str, key_id: str, key: PublicKey, fetch: did.Fetch | None, limits: Limits
) -> tuple[did.Match | str, list[Step]]:
    """Step 7: whether the key is one of the owner's DID; and of ``owner.id``, which is signed, where that is a DID."""
    steps: list[Step] = []
    match: did.Match | str = ""
    for name, text in (("owner-did", owner_did), ("owner-id", owner)):
        if not text.startswith("did:") or (name == "owner-id" and text == owner_did):
            continue
        resolution = did.resolve(text, fetch=fetch, limits=limits)
        found = resolution.match(key)
        if found == "match":
            steps.append(Step(name, "passed", "did-match", "the key is one of its verification methods"))
        elif found == "no-match":
            steps.append(Step(name, "failed", "did-no-match", "the key is none of its verification methods"))
        else:
            steps.append(Step(name, "noticed", f"did-{found}", resolution.text))
        if name == "owner-did":
            match = found
            if key_id and resolution.outcome == "resolved" and key_id not in {each.id for each in resolution.methods}:
                steps.append(
                    Step("key-id", "noticed", "key-id-unknown", "key_id names no verification method of the owner's DID")
                )
    return match, steps


def _trusted(key: PublicKey, owner_did: str, match: str, trust: Trust) -> tuple[str, bool]:
    if key in trust.keys:
        return trust.keys[key], True
    if match == "match" and owner_did in trust.dids:
        return trust.dids[owner_did], True
    return "", False


def _trust_step(trusted: bool) -> Step:
    if trusted:
        return Step("trust", "passed", "key-trusted", "you trust this key")
    return Step("trust", "failed", "key-untrusted", "nobody whom you trust vouches for this key")


def _seen_steps(seen: Seen | None, key: PublicKey, exported: int | None) -> list[Step]:
    """What an earlier export of the same owner tells: another key now, or an older export than one already seen."""
    steps = []
    if seen is not None and seen.key != key:
        text = f"the first export of this owner that was verified here was signed by another key, {seen.key.fingerprint}"
        steps.append(Step("seen", "noticed", "owner-key-changed", text))
    if seen is not None and seen.exported is not None and exported is not None and exported < to_microseconds(seen.exported):
        text = "an export of this owner that is newer than this one was verified here before"
        steps.append(Step("seen", "noticed", "older-than-seen", text))
    return steps


def _refuse_invalid(path: Path, findings: Iterator[Finding]) -> None:
    faults = [
        finding
        for finding in findings
        if finding.severity == "error" and not finding.place.pointer.startswith("/signature") and finding.code not in _MENDED
    ]
    if faults:
        more = f" and {len(faults) - 1} more" if len(faults) > 1 else ""
        raise MalformedInput(f"the store is not valid ({faults[0].code}{more})", hint=f"satchel validate {path} tells why")


def _owner_did(
    owner: dict[str, Any], key: PublicKey, options: SignOptions, limits: Limits
) -> tuple[str | None, str, tuple[Finding, ...]]:
    """The owner's DID to stand in the file, the ``key_id``, and what is to be told.

    A DID that is asked for must be the key's: it is written only if it resolves and has the key (PAM-122, PAM-123).
    """
    present = owner.get("did")
    if options.did == "key":
        return (*signature.own_did(key), ())
    wanted = options.did or present
    if not wanted:
        return present, "", ()
    resolution = did.resolve(wanted, fetch=options.fetch, limits=limits)
    method = resolution.method_of(key)
    if method is not None:
        return wanted, method.id, ()
    said = resolution.text or "the signing key is none of its verification methods"
    if options.did:
        hint = "--resolve lets it be fetched" if resolution.outcome == "off" else ""
        raise UsageError(f"the DID does not stand for the signing key: {said}", hint=hint)
    text = f"the owner's DID does not tell of the signing key: {said}"
    place = Place(file=terms.STORE_FILE, pointer="/owner/did")
    return present, "", (Finding(code=f"did-{resolution.match(key)}", severity="warning", text=text, place=place),)


def _datetime(instant: int | None) -> datetime | None:
    try:
        return None if instant is None else from_microseconds(instant)
    except OverflowError:
        # Its offset takes it out of the calendar: 0001-01-01T00:00:00+14:00.
        return None


def _noticed(code: str, text: str) -> Step:
    return Step("signature", "noticed", code, text)


def _member(root: dict[str, Any], outer: str, name: str) -> str:
    value = root.get(outer)
    member = value.get(name) if type(value) is dict else None
    return member if type(member) is str else ""
