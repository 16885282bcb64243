"""Which bundle follows which: the manifest's foreign member ``satchel``, and what a vault makes of the order of bundles.

The format knows no sequence (dossier 5, 10.6 no. 12): an older signed bundle is as good as a newer one. Ours say of which vault
they are, up to which of its changes, and which bundle they follow; the signature covers it. Of others' bundles only
``createdAt`` tells, which nobody but the signer can alter either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from satchel.errors import InputError, Place, UsageError
from satchel.formats.base import Earlier, Known, Since, State
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory import moments
from satchel.formats.portable_memory.bundle import MANIFEST, Bundle
from satchel.formats.portable_memory.lens import CARRIED, FORMAT_NAME
from satchel.limits import DEFAULT
from satchel.model.findings import Finding
from satchel.model.packages import Edition

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
#: The vault's columns are signed integers of 8 bytes.
_MOST = 2**63 - 1


class Lineage(msgspec.Struct, frozen=True):
    """What a bundle of ours says of itself: the vault, its last change, and in an increment the change after which it begins
    and the digest of the bundle that it follows, "" where none was named."""

    vault: str
    change: int
    after: int | None = None
    previous: str = ""


def member(state: State, since: Since | None) -> dict[str, Any]:
    """The manifest's foreign member for an export of this state; none where it is no state of a vault's own."""
    if not state.vault:
        return {}
    said: dict[str, Any] = {"change": state.change, "vault": state.vault}
    if since is not None:
        said["after"] = since.change
        if since.previous:
            said["previous"] = since.previous
    return {CARRIED: said}


def lineage(manifest: Mapping[str, Any]) -> Lineage | None:
    """The inverse of ``member``; None where the bundle does not say it, or not as ours do."""
    said = manifest.get(CARRIED)
    if type(said) is not dict:
        return None
    try:
        found = msgspec.convert(said, Lineage)
    except msgspec.ValidationError:
        return None
    numbers = (found.change, found.after or 0)
    well = found.vault and all(0 <= number <= _MOST for number in numbers)
    return found if well and (not found.previous or _DIGEST.fullmatch(found.previous)) else None


def digest_of(manifest: Mapping[str, Any]) -> str:
    """The digest of what the bundle holds: ``bundleDigest``, or what it would be in a bundle of format 1.0."""
    return manifests.digest_of(manifests.checksums(manifests.files_of(manifest)))


def edition(manifest: Mapping[str, Any], signer: str) -> Edition:
    """The bundle as one of a series. ``signer``: whose signature on it holds, "" for nobody's."""
    own = lineage(manifest)
    return Edition(
        format=FORMAT_NAME,
        digest=digest_of(manifest),
        signer=signer,
        series=own.vault if own else "",
        number=own.change if own else 0,
        made=moments.read(str(manifest.get("createdAt"))),
    )


def told(manifest: Mapping[str, Any], this: Edition, known: Known) -> Iterator[Finding]:
    """What is odd about this bundle coming now (dossier 11, I4): it is older than one that came before, or one that it follows
    did not come."""
    place = Place(file=MANIFEST)
    newest = known.newest_edition(this.format, this.signer, this.series) if this.signer or this.series else None
    if newest is not None and newest.digest != this.digest and _is_older(this, newest):
        text = "the vault has taken a newer bundle of this signer: what was changed or deleted since stands in this one"
        yield Finding("bundle-older", "warning" if this.signer else "info", text, place)
    own = lineage(manifest)
    if own is None or manifest.get("exportMode") != "incremental":
        return
    before = newest or known.newest_edition(this.format, "", this.series)
    if not (known.was_taken(own.previous) if own.previous else before is not None and before.number >= (own.after or 0)):
        text = "it follows a bundle that this vault has not taken: something may be missing"
        yield Finding("bundle-gap", "warning", text, place)


def _is_older(this: Edition, newest: Edition) -> bool:
    if this.series:
        return this.number < newest.number
    return this.made is not None and newest.made is not None and this.made < newest.made


def earlier(path: Path) -> Earlier:
    """What an earlier bundle says of itself; see ``formats.base.Continued``. Its date is in whole seconds.

    Raises:
        UsageError: it is no bundle, or none of ours.
    """
    try:
        with Bundle(path, DEFAULT) as bundle:
            manifest: Any = msgspec.json.decode(bundle.read(MANIFEST))
    except (InputError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        manifest = None
    found = lineage(manifest) if type(manifest) is dict else None
    if found is None:
        raise UsageError(f"{path.name} is no bundle that this Satchel wrote", hint="name a time, or a change of satchel log")
    return Earlier(found.vault, found.change, moments.read(str(manifest.get("createdAt"))), digest_of(manifest))
