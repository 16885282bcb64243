"""A selection as an artifact, or as a folder of them where one cannot hold it (dossier 1.8).

Where the selection is exactly one artifact that came, unedited, that very file goes out again, signature and all. Anything
else is an artifact of our own making: entries that came keep their ids and members, their artifacts' roots and signatures
stand in its metadata as evidence, and it is signed only by the key that was asked for. The same selection gives the same bytes.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from satchel.codec.collector import paused
from satchel.errors import OutputError
from satchel.formats.base import Progress, Selection, Written
from satchel.formats.capsules import Capsule
from satchel.formats.folder import Folder
from satchel.formats.portable_agent_memory import capsules, wire
from satchel.formats.portable_agent_memory import kept as keeping
from satchel.formats.portable_agent_memory.artifact import Encoding
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.kept import Kept, evidence, sources_in
from satchel.formats.portable_agent_memory.packing import Item, packed
from satchel.formats.portable_agent_memory.placing import is_ours, place
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES, SDK, Component, Profile
from satchel.formats.portable_agent_memory.reader import SUFFIXES
from satchel.formats.portable_agent_memory.records import ARTIFACT, carried_uid, ids_in, uid_of
from satchel.formats.portable_agent_memory.residue import CAPSULES, FORMAT_NAME, Residue
from satchel.formats.portable_agent_memory.rows import Entry
from satchel.formats.portable_agent_memory.sealing import seal
from satchel.formats.portable_agent_memory.spools import Spool, Where
from satchel.formats.portable_agent_memory.weaving import Loom, is_home
from satchel.limits import DEFAULT
from satchel.model.ledger import Ledger, Witness
from satchel.model.times import to_rfc3339
from satchel.trust.signatures import PrivateKey

#: What the public SDK loads at most (dossier 1.8).
SDK_BYTES = 50 << 20
_BATCH = 256
_AGENT = "satchel"


class _Came(NamedTuple):
    """An artifact that came: its record's uid ("" of one that another one was issued from), and what was kept of it."""

    uid: str
    kept: Kept


def names_file(target: Path) -> bool:
    """Whether a target is to be one file, by its name; else it is a folder of artifacts."""
    return target.name.lower().endswith((*SUFFIXES, ".cbor")) and not target.is_dir()


def encoding_of(target: Path) -> Encoding:
    """How a file is written, by its name."""
    return "cbor" if target.name.lower().endswith(".cbor") else "json"


def write(
    selection: Selection,
    target: Path,
    progress: Progress | None = None,
    *,
    profile: Profile | None = None,
    signing_key: PrivateKey | None = None,
    riding: tuple[Capsule, ...] = (),
    witness: Witness | None = None,
) -> Written:
    """Write ``selection`` as the file ``target``, or where it is not named as an artifact is, as a folder of such files.

    Args:
        riding: capsules that it carries, in the first artifact.
        profile: the shape; None: that of the artifact which the selection is, else ``sdk-0.1`` (dossier 2.4).

        witness: see ``formats.base.WriteOptions``.

    Raises:
        OutputError: it does not fit one artifact, or ``target`` cannot be written; nothing of it was.
        UsageError: the key is no Ed25519 key.
    """
    with Spool() as spool, paused():
        export = _Export(selection, target, progress, profile, signing_key, spool, riding, witness)
        return export.run()


class _Export:
    """One export under way."""

    def __init__(
        self,
        selection: Selection,
        target: Path,
        progress: Progress | None,
        profile: Profile | None,
        signing_key: PrivateKey | None,
        spool: Spool,
        riding: tuple[Capsule, ...],
        witness: Witness | None,
    ) -> None:
        self._selection = selection
        self._target = target
        self._progress = progress
        self._wanted = profile
        self._key = signing_key
        self._spool = spool
        self._riding = riding
        self.ledger = Ledger(witness)
        self._items: list[Item] = []
        #: Where a record without an entry stands in the spool, by the uid that it has in an artifact.
        self._beside: dict[str, Where] = {}
        self._at: dict[str, Where] = {}
        self._came = list(self._artifacts())
        #: Files of which the ledger says already what became of their signatures and tokens.
        self._told: set[str] = set()
        self._loom = Loom(selection, self.ledger, spool)

    def run(self) -> Written:
        loom = self._loom
        loom.plan()
        loom.profile = self._profile()
        self._weave()
        for came in self._came:
            if came.uid:
                self.ledger.record("foreign", "accepted", uid=came.uid)
        home = self._whole() if self._key is None and not self._riding else None
        if home is None and not self._items and loom.profile is not SDK:
            hint = "sdk-0.1 has artifacts without entries"
            raise OutputError(
                f"there is nothing to write: an artifact of {loom.profile.name} has at least one entry", hint=hint
            )
        if names_file(self._target):
            data = home if home is not None else self._one(loom.profile, encoding_of(self._target))
            place(self._target, data)
            return self._written(1, len(data))
        with Folder(self._target, is_ours) as folder:
            if home is not None:
                self._put(folder, "memory.pam", home)
            else:
                self._parts(folder, loom.profile)
            folder.commit()
            return self._written(folder.files, folder.size_bytes)

    def _written(self, files: int, size_bytes: int) -> Written:
        counts: dict[str, int] = dict.fromkeys(COMPONENTS, 0)
        for item in self._items:
            counts[item.component] += 1
        found = {name: count for name, count in counts.items() if count}
        return Written(counts=found, files=files, size_bytes=size_bytes, ledger=self.ledger)

    # What came ----------------------------------------------------------------------------------------------------------------

    def _artifacts(self) -> Iterator[_Came]:
        """The artifacts that came, and those that they say they were issued from."""
        for record in self._selection.records("foreign"):
            if not is_home(record) or record.origin.kind != ARTIFACT or not record.access.exportable:
                continue
            native = self._selection.native(record)
            if native is not None:
                yield _Came(record.uid, keeping.read(native))

    def _profile(self) -> Profile:
        """The profile to write: the one asked for, else that of the one artifact that all of it came in."""
        if self._wanted is not None:
            return self._wanted
        for came in self._came if self._key is None else ():
            profile = PROFILES[came.kept.profile]
            if profile.writable and self._is_all(came.kept):
                return profile
        return SDK

    def _is_all(self, kept: Kept) -> bool:
        """Whether an artifact is all that leaves."""
        beside = {carried_uid(uid) for uid in kept.carried()}
        return self._loom.entries == {uid_of(id) for id in kept.ids()} and self._loom.beside == beside

    def _whole(self) -> bytes | None:
        """The file that the selection is, byte for byte, or the same artifact in the other encoding; None where it is no one
        artifact."""
        ids, beside = {item.id for item in self._items}, set(self._beside)
        fitting = [came for came in self._candidates() if set(came.ids()) == ids and set(came.carried()) == beside]
        wanted = encoding_of(self._target)
        by_name = self._target.name.lower().endswith((".cbor", ".json"))
        # A name that ends in .pam alone says nothing of the encoding (dossier 8.1).
        fitting.sort(key=lambda each: each.encoding != wanted)
        for each in fitting:
            made = keeping.rebuilt(each, self._kept_entry, self._beside_value)
            if not keeping.is_rebuilt(made):
                continue
            if each.encoding != wanted and by_name:
                text = "the same artifact, root, signature and all, in the other encoding"
                self.ledger.field("artifact", "encoding", "widened", "other-encoding", text)
                return wire.serialise(made, wanted)
            if each.spelling:
                data = wire.serialise(made, pretty=each.spelling == "pretty")
            else:
                data = self._carried(each.sha256) or wire.serialise(made)
            if hashlib.sha256(data).hexdigest() != each.sha256:
                text = "the same artifact, root, signature and all; white space or the order of members is not as it came"
                self.ledger.field("artifact", "bytes", "widened", "respelled", text)
            return data
        return None

    def _candidates(self) -> Iterator[Kept]:
        for came in self._came:
            for kept in (came.kept, *sources_in(came.kept.envelope.get("metadata"))):
                if kept.profile == self._loom.profile.name:
                    yield kept

    def _carried(self, sha256: str) -> bytes:
        """A file that was carried whole; nothing where it has left."""
        for file in self._selection.carried(FORMAT_NAME):
            if file.sha256 == sha256:
                with self._selection.open_carried(file) as stream:
                    return stream.read()
        return b""

    # Entries ------------------------------------------------------------------------------------------------------------------

    def _weave(self) -> None:
        loom = self._loom
        pending = 0
        for woven in loom.weave():
            pending += 1
            if self._progress is not None and pending == _BATCH:
                self._progress(pending)
                pending = 0
            if woven.component is None:
                self._beside[woven.value["uid"]] = self._put_aside(woven.value)
                continue
            entry = woven.value
            if entry["id"] in self._at:
                self.ledger.record("entry", "accepted", "same-entry", "another record says the very same; it stands once")
                continue
            residue = woven.residue if not loom.profile.nested else {}
            where = self._put_aside(keeping.with_residue(entry, residue or None))
            self._at[entry["id"]] = where
            names = (*ids_in(entry, "parent_ids"), *ids_in(entry, "source_event_ids"))
            self._items.append(Item(entry["id"], woven.component, str(entry.get("created_at", "")), names, where.size_bytes))
        if self._progress is not None:
            self._progress(pending)

    def _put_aside(self, value: Any) -> Where:
        return self._spool.put(keeping.compact(value))

    def _fetched(self, where: Where) -> Any:
        return msgspec.json.decode(self._spool.get(where))

    def _kept_entry(self, id: str) -> Entry:
        found: Entry = self._fetched(self._at[id])
        return found

    def _beside_value(self, uid: str) -> dict[str, Any]:
        found: dict[str, Any] = self._fetched(self._beside[uid])
        return found

    # Artifacts of our own -----------------------------------------------------------------------------------------------------

    def _one(self, profile: Profile, encoding: Encoding) -> bytes:
        hint = "name a folder: a target that does not end in .pam gets as many as it takes"
        # What is kept of an entry is never longer than its JSON, and never more than six times its CBOR (\u001f).
        least = sum(item.size_bytes for item in self._items) // (1 if encoding == "json" else 6)
        parts = packed(self._items, sys.maxsize)
        if len(parts) > 1:
            raise OutputError(f"it does not fit one artifact: {len(self._items):,} entries need {len(parts)}", hint=hint)
        if least > DEFAULT.artifact_bytes:
            raise OutputError(f"it does not fit one artifact: it has more than {least:,} bytes", hint=hint)
        data = self._made(profile, encoding, parts[0] if parts else [], with_beside=True)
        self._measure(profile, data, hint)
        return data

    def _parts(self, folder: Folder, profile: Profile) -> None:
        """As many artifacts as it takes, none of them larger than the public SDK loads unless its entries are all joined."""
        pending = packed(self._items, SDK_BYTES // 2) or [[]]
        pending.reverse()
        made: list[Where] = []
        while pending:
            part = pending.pop()
            data = self._made(profile, "json", part, with_beside=not made)
            if len(data) > SDK_BYTES:
                # Indented, in ASCII and with what is said beside it, an entry can have several times the bytes that are kept.
                smaller = packed(part, sum(item.size_bytes for item in part) // 2)
                if len(smaller) > 1:
                    pending += reversed(smaller)
                    continue
                self._measure(profile, data, "leave the records out that join its entries")
            made.append(self._spool.put(data))
        for number, where in enumerate(made, 1):
            self._put(folder, "memory.pam" if len(made) == 1 else f"memory-{number:03}.pam", self._spool.get(where))

    def _measure(self, profile: Profile, data: bytes, hint: str) -> None:
        """Refuse what readers refuse, and tell what the public SDK does not load. Raises OutputError."""
        if len(data) > DEFAULT.artifact_bytes:
            raise OutputError(f"an artifact would have {len(data):,} bytes, more than readers take", hint=hint)
        if profile is SDK and len(data) > SDK_BYTES:
            text = "larger than 50 MiB, which the public SDK does not load; a folder gets smaller ones of what is not joined"
            self.ledger.field("artifact", "bytes", "widened", "past-the-sdk", text)

    def _put(self, folder: Folder, name: str, data: bytes) -> None:
        with folder.create(name) as sink:
            sink.write(data)

    def _made(self, profile: Profile, encoding: Encoding, part: Sequence[Item], *, with_beside: bool) -> bytes:
        entries: dict[Component, list[Entry]] = {component: [] for component in COMPONENTS}
        residues: list[Residue] = []
        for item in part:
            entry, residue = keeping.parted(self._kept_entry(item.id), profile.name)
            entries[item.component].append(entry)
            if residue and not profile.nested:
                residues.append({"id": item.id, **residue})
        ours: dict[str, Any] = {"version": 1}
        if residues:
            ours["entries"] = residues
        if with_beside and self._beside:
            ours["records"] = [self._beside_value(uid) for uid in sorted(self._beside)]
        if with_beside and self._riding:
            ours[CAPSULES] = list(capsules.written(self._riding))
        sources = self._sources({item.id for item in part})
        if sources:
            ours["sources"] = sources
        own = version("satchel")
        artifact = seal(
            profile,
            entries,
            source_agent={"name": _AGENT, "model_family": "none", "runtime": f"satchel/{own}", "version": own},
            created_at=to_rfc3339(self._selection.changed_at),
            metadata={OURS: ours},
            key=self._key,
            encoding=encoding,
        )
        return wire.serialise(artifact)

    def _sources(self, ids: set[str]) -> list[dict[str, Any]]:
        """What vouched for the entries that came: each artifact's root, signature and more; of one that is here whole and was
        of another profile, all that its way home needs."""
        found = []
        for came in self._came:
            kept = came.kept
            issued = {self._loom.id_now(id) for id in kept.ids()}
            if not issued & ids:
                continue
            is_told = kept.sha256 in self._told
            self._told.add(kept.sha256)
            if kept.envelope.get("capability_tokens") and not is_told:
                text = "they are of the artifact that came, and restrain nobody in this one; kept as evidence"
                self.ledger.field("artifact", "capability_tokens", "carried", "tokens", text)
            if kept.envelope.get("signature") and not is_told:
                text = "it is of the artifact that came, and of no other; kept as evidence"
                self.ledger.field("artifact", "signature", "carried", "signature", text)
            found.append(evidence(kept, whole=issued <= ids))
        return found
