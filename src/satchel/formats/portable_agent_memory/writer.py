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

from satchel.codec import pam_json
from satchel.codec.collector import paused
from satchel.codec.packed import Packed
from satchel.errors import OutputError
from satchel.formats.base import Progress, Selection, Written
from satchel.formats.capsules import Capsule
from satchel.formats.folder import Folder
from satchel.formats.portable_agent_memory import capsules, wire
from satchel.formats.portable_agent_memory import kept as keeping
from satchel.formats.portable_agent_memory.artifact import Artifact, Encoding
from satchel.formats.portable_agent_memory.conversion import OURS
from satchel.formats.portable_agent_memory.files import SUFFIXES
from satchel.formats.portable_agent_memory.kept import Kept, evidence, sources_in
from satchel.formats.portable_agent_memory.packing import Item, Spread, packed
from satchel.formats.portable_agent_memory.placing import is_ours, place
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, PROFILES, SDK, Component, Profile
from satchel.formats.portable_agent_memory.records import ARTIFACT, carried_uid, ids_in, uid_of
from satchel.formats.portable_agent_memory.residue import CAPSULES, FORMAT_NAME
from satchel.formats.portable_agent_memory.rows import Entry
from satchel.formats.portable_agent_memory.sealing import seal
from satchel.formats.portable_agent_memory.spools import Spool, Where, where_of
from satchel.formats.portable_agent_memory.weaving import Loom, is_home
from satchel.limits import DEFAULT
from satchel.model.ledger import Ledger, Witness
from satchel.model.times import to_rfc3339
from satchel.trust.signatures import PrivateKey

#: What the public SDK loads at most (dossier 1.8).
SDK_BYTES = 50 << 20
#: How much of that a part is planned to have: what its entries will have is an estimate.
_FILLED = 0.85
#: How many times the bytes that are kept of a record without an entry it has there.
_INDENTED = 2
#: How far an entry's lines are indented in an artifact, some more and some less.
_INDENT_BYTES = 6
_BATCH = 256
_CHUNK = 1 << 20
_AGENT = "satchel"


class _Came(NamedTuple):
    """An artifact that came: its record's uid ("" of one that another one was issued from), and what was kept of it."""

    uid: str
    kept: Kept


def _written_bytes(kept: Entry, *, ascii: bool) -> int:
    """The bytes that an entry and what is said of it will have in an artifact, or nearly."""
    data = pam_json.write_in_order(kept, ascii=ascii, pretty=True)
    return len(data) + _INDENT_BYTES * (data.count(b"\n") + 1)


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
    with Spool() as spool, Spool() as made, paused():
        export = _Export(selection, target, progress, profile, signing_key, spool, made, riding, witness)
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
        made: Spool,
        riding: tuple[Capsule, ...],
        witness: Witness | None,
    ) -> None:
        self._selection = selection
        self._target = target
        self._progress = progress
        self._wanted = profile
        self._key = signing_key
        self._spool = spool
        #: The files that were made.
        self._made = made
        self._riding = riding
        self._capsules = list(capsules.written(riding, made))
        self._riding_bytes = made.size_bytes
        self.ledger = Ledger(witness)
        self._items: list[Item] = []
        self._spread = Spread()
        self._counts: dict[str, int] = dict.fromkeys(COMPONENTS, 0)
        #: Where a record without an entry stands in the spool, by the uid that it has in an artifact.
        self._beside: dict[str, int] = {}
        self._at: dict[str, int] = {}
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
        if not self._came:
            loom.let_go()
        if home is None and not self._items and loom.profile is not SDK:
            hint = "sdk-0.1 has artifacts without entries"
            raise OutputError(
                f"there is nothing to write: an artifact of {loom.profile.name} has at least one entry", hint=hint
            )
        if names_file(self._target):
            where = home or self._one(loom.profile, encoding_of(self._target))
            place(self._target, lambda: self._made.chunks(where), where.size_bytes)
            return self._written(1, where.size_bytes)
        with Folder(self._target, is_ours) as folder:
            if home is not None:
                self._put(folder, "memory.pam", home)
            else:
                self._parts(folder, loom.profile)
            folder.commit()
            return self._written(folder.files, folder.size_bytes)

    def _written(self, files: int, size_bytes: int) -> Written:
        found = {name: count for name, count in self._counts.items() if count}
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

    def _whole(self) -> Where | None:
        """Where the file is made that the selection is, byte for byte, or the same artifact in the other encoding; None where
        it is no one artifact."""
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
                return self._made.put_all(wire.pieces(made, wanted))
            carried = None if each.spelling else self._carried(each.sha256)
            where = carried or self._made.put_all(wire.pieces(made, pretty=each.spelling != "compact"))
            if self._digest(where) != each.sha256:
                text = "the same artifact, root, signature and all; white space or the order of members is not as it came"
                self.ledger.field("artifact", "bytes", "widened", "respelled", text)
            return where
        return None

    def _digest(self, where: Where) -> str:
        digest = hashlib.sha256()
        for chunk in self._made.chunks(where):
            digest.update(chunk)
        return digest.hexdigest()

    def _candidates(self) -> Iterator[Kept]:
        for came in self._came:
            for kept in (came.kept, *sources_in(came.kept.envelope.get("metadata"))):
                if kept.profile == self._loom.profile.name:
                    yield kept

    def _carried(self, sha256: str) -> Where | None:
        """A file that was carried whole; None where it has left."""
        for file in self._selection.carried(FORMAT_NAME):
            if file.sha256 == sha256:
                with self._selection.open_carried(file) as stream:
                    return self._made.put_all(iter(lambda: stream.read(_CHUNK), b""))
        return None

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
                self._beside[woven.value["uid"]] = self._put_aside(woven.value).packed()
                continue
            entry = woven.value
            own = sys.intern(entry["id"])
            if own in self._at:
                self.ledger.record("entry", "accepted", "same-entry", "another record says the very same; it stands once")
                continue
            residue = woven.residue if not loom.profile.nested else {}
            kept = keeping.with_residue(entry, residue or None)
            where = self._put_aside(kept)
            self._at[own] = where.packed()
            # Most of them are of entries that came before: the same text once.
            names = tuple(map(sys.intern, (*ids_in(entry, "parent_ids"), *ids_in(entry, "source_event_ids"))))
            made = sys.intern(str(entry.get("created_at", "")))
            has_notes = not loom.profile.nested and bool(keeping.parted(kept, loom.profile.name)[1])
            self._counts[woven.component] += 1
            if self._spread.asks(woven.component):
                self._spread.saw(woven.component, where.size_bytes, _written_bytes(kept, ascii=loom.profile is SDK))
            self._items.append(Item(own, woven.component, made, names, where.size_bytes, has_notes))
        if self._progress is not None:
            self._progress(pending)

    def _put_aside(self, value: Any) -> Where:
        return self._spool.put(keeping.compact(value))

    def _fetched(self, where: int) -> Any:
        return msgspec.json.decode(self._spool.get(where_of(where)))

    def _kept_entry(self, id: str) -> Entry:
        found: Entry = self._fetched(self._at[id])
        return found

    def _beside_value(self, uid: str) -> dict[str, Any]:
        found: dict[str, Any] = self._fetched(self._beside[uid])
        return found

    # Artifacts of our own -----------------------------------------------------------------------------------------------------

    def _one(self, profile: Profile, encoding: Encoding) -> Where:
        hint = "name a folder: a target that does not end in .pam gets as many as it takes"
        # What is kept of an entry is never longer than its JSON, and never more than six times its CBOR (\u001f).
        least = sum(item.size_bytes for item in self._items) // (1 if encoding == "json" else 6)
        parts = packed(self._items, sys.maxsize)
        if len(parts) > 1:
            raise OutputError(f"it does not fit one artifact: {len(self._items):,} entries need {len(parts)}", hint=hint)
        if least > DEFAULT.artifact_bytes:
            raise OutputError(f"it does not fit one artifact: it has more than {least:,} bytes", hint=hint)
        made = self._artifact(profile, encoding, parts[0] if parts else [], with_beside=True)
        where = self._made.put_all(wire.pieces(made))
        self._measure(profile, where, hint)
        return where

    def _parts(self, folder: Folder, profile: Profile) -> None:
        """As many artifacts as it takes, none of them larger than the public SDK loads unless its entries are all joined."""
        beside = _INDENTED * sum(where_of(where).size_bytes for where in self._beside.values()) + self._riding_bytes * 4 / 3
        pending = packed(self._items, SDK_BYTES * _FILLED, self._spread.of, beside_bytes=beside) or [[]]
        # From here on only the parts are looked at, each until it is made.
        self._items.clear()
        pending.reverse()
        made: list[Where] = []
        while pending:
            part = pending.pop()
            where = self._made.put_all(wire.pieces(self._artifact(profile, "json", part, with_beside=not made)))
            if where.size_bytes > SDK_BYTES:
                # Its entries are not like those that stood for them.
                smaller = packed(part, sum(map(self._spread.of, part)) / 2, self._spread.of)
                if len(smaller) > 1:
                    pending += reversed(smaller)
                    continue
                self._measure(profile, where, "leave the records out that join its entries")
            made.append(where)
        for number, where in enumerate(made, 1):
            self._put(folder, "memory.pam" if len(made) == 1 else f"memory-{number:03}.pam", where)

    def _measure(self, profile: Profile, where: Where, hint: str) -> None:
        """Refuse what readers refuse, and tell what the public SDK does not load. Raises OutputError."""
        if where.size_bytes > DEFAULT.artifact_bytes:
            raise OutputError(f"an artifact would have {where.size_bytes:,} bytes, more than readers take", hint=hint)
        if profile is SDK and where.size_bytes > SDK_BYTES:
            text = "larger than 50 MiB, which the public SDK does not load; a folder gets smaller ones of what is not joined"
            self.ledger.field("artifact", "bytes", "widened", "past-the-sdk", text)

    def _put(self, folder: Folder, name: str, where: Where) -> None:
        with folder.create(name) as sink:
            sink.writelines(self._made.chunks(where))

    def _artifact(self, profile: Profile, encoding: Encoding, part: Sequence[Item], *, with_beside: bool) -> Artifact:
        """The artifact of these entries, each read when it is looked at."""
        ids: dict[Component, list[str]] = {component: [] for component in COMPONENTS}
        for item in part:
            ids[item.component].append(item.id)
        entries = {
            component: Packed(own, lambda own: keeping.parted(self._kept_entry(own), profile.name)[0])
            for component, own in ids.items()
        }
        noted = [item.id for item in part if item.has_notes]
        ours: dict[str, Any] = {"version": 1}
        if noted:
            ours["entries"] = Packed(noted, lambda own: {"id": own, **keeping.parted(self._kept_entry(own), profile.name)[1]})
        if with_beside and self._beside:
            ours["records"] = Packed(sorted(self._beside), self._beside_value)
        if with_beside and self._riding:
            ours[CAPSULES] = self._capsules
        sources = self._sources({item.id for item in part})
        if sources:
            ours["sources"] = sources
        own = version("satchel")
        return seal(
            profile,
            entries,
            source_agent={"name": _AGENT, "model_family": "none", "runtime": f"satchel/{own}", "version": own},
            created_at=to_rfc3339(self._selection.changed_at),
            metadata={OURS: ours},
            key=self._key,
            encoding=encoding,
        )

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
