"""Writing a bundle: rows in any order, in bounded memory, whole or not at all (dossier 0, 1, 6.2, 6.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, Self

import msgspec

from satchel.codec import canonical
from satchel.errors import CanonicalError, InputError, OutputError
from satchel.formats.folder import Folder
from satchel.formats.portable_memory import bundle as paths
from satchel.formats.portable_memory import manifest as manifests
from satchel.formats.portable_memory import moments, rows
from satchel.formats.portable_memory.bundle import Bundle, foreign_name
from satchel.formats.portable_memory.graves import key_of
from satchel.formats.portable_memory.kinds import AUDIT, DERIVED, KINDS, TOMBSTONE, TYPES, Kind
from satchel.formats.sorting import SortedLines
from satchel.limits import DEFAULT
from satchel.trust import tokens
from satchel.trust.secrets import Secret

GENERATOR = "satchel"
#: How numbers are spelled: as the public SDKs do, or as the format's text asks (dossier 3.3).
Profile = Literal["mem", "mem-spec"]


class _Episode(msgspec.Struct, gc=False):
    """What the manifest and the order of episodes need of one."""

    id: str
    eventTime: str  # noqa: N815 - the format's names
    contextID: str | None = None  # noqa: N815


class _Context(msgspec.Struct, gc=False):
    id: str


_EPISODE = msgspec.json.Decoder(_Episode)
_CONTEXT = msgspec.json.Decoder(_Context)
_NATIVE_LOWER = frozenset(name.lower() for name in KINDS)
_JOINED_BYTES = 1 << 20


class BundleWriter:
    """A bundle under way. A context manager: leaving it without ``finish`` leaves nothing behind.

    Rows are mappings of native members, times as text, and any foreign members; a member that is None is left out.
    """

    def __init__(self, target: Path, head: manifests.Head, *, profile: Profile = "mem", evidence: bool = False) -> None:
        """``evidence``: an Evidence Pack, which holds tombstones, the audit log and the edges' provenance alone (6.3).

        Raises:
            OutputError: ``target`` is not empty and no earlier bundle of ours, or cannot be written.
        """
        self._head = head
        self._profile: Profile = profile
        self._evidence = evidence
        self._folder = Folder(target, is_ours)
        self._streams: dict[str, SortedLines] = {}
        self._foreign: dict[str, IO[bytes]] = {}
        self._span = moments.Span()
        self._scopes: set[str] = set()
        #: Hashes of the keys of each kind.
        self._keys: dict[str, set[int]] = {}
        #: Files that are no streams of rows, and are written at once.
        self._whole: list[manifests.File] = []
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._folder.__exit__(kind, error, trace)

    def add(self, kind: str, row: Mapping[str, Any]) -> None:
        """A row of a native kind.

        Raises:
            OutputError: the row lacks a field, has one of another type, or cannot be written as JSON.
        """
        if self._evidence:
            raise OutputError(f"an Evidence Pack holds no rows of kind {kind}")
        rules = KINDS[kind]
        row = self._checked(rules, row)
        self._seen(kind, row)
        self._put(kind, row["id"].encode() if kind == "episode" else b"", self._line(rules, row))

    def has(self, kind: str, row: Mapping[str, Any]) -> bool:
        """Whether a row of this key was given to ``add`` before."""
        return hash(key_of(KINDS[kind], row)) in self._keys.get(kind, ())

    def reserve(self, kind: str, row: Mapping[str, Any]) -> None:
        """Take the key of a row that stands in another bundle: no row of this one may have it."""
        self._keys.setdefault(kind, set()).add(hash(key_of(KINDS[kind], row)))

    def add_file(self, path: str, chunks: Iterable[bytes]) -> None:
        """A file that is listed and counted nowhere else; ``path`` was looked at before.

        Raises:
            OutputError: it cannot be written.
        """
        self._whole.append(self._file(path, chunks))

    def add_line(self, kind: str, line: bytes) -> None:
        """A row of a native kind as it came: its own bytes where they are canonical in this spelling, else written anew.

        Raises:
            OutputError: as ``add``.
        """
        quick = rows.plain(KINDS[kind], line)
        if quick is not None:
            self.add_plain(kind, line)
            return
        row = msgspec.json.decode(line)
        times = [row[name] for name in KINDS[kind].times if row.get(name) is not None]
        if not all(map(moments.is_canonical, times)) or canonical.encode(row, self._profile) != line:
            self.add(kind, {**row, **_respelled(KINDS[kind], row)})
            return
        self._seen(kind, row)
        self._put(kind, row["id"].encode() if kind == "episode" else b"", line)

    def add_plain(self, kind: str, line: bytes) -> None:
        """A row of a native kind that is known to be in its canonical bytes, in every profile (``rows.plain``)."""
        key = b""
        if kind == "episode":
            episode = _EPISODE.decode(line)
            self._span.add_written(episode.eventTime)
            if episode.contextID:
                self._scopes.add(episode.contextID)
            key = episode.id.encode()
        elif kind == "context":
            self._scopes.add(_CONTEXT.decode(line).id)
        self._put(kind, key, line)

    def add_tombstone(self, row: Mapping[str, Any]) -> None:
        """A tombstone; a missing ``derived`` becomes an empty one. Raises as ``add``."""
        derived = dict(row.get("derived") or {})
        whole = {name: derived.get(name, 0 if name.endswith("Count") else []) for name in DERIVED}
        row = self._checked(TOMBSTONE, {**row, "derived": {**derived, **whole}})
        self._put("tombstone", b"", self._line(TOMBSTONE, row))

    def add_tombstone_line(self, line: bytes) -> None:
        """A tombstone as it came: its signature is over its bytes. Raises as ``add``."""
        if canonical.check(line, self._profile):
            self._put("tombstone", b"", line)
        else:
            row = msgspec.json.decode(line)
            self.add_tombstone({**row, **_respelled(TOMBSTONE, row)})

    def add_audit(self, row: Mapping[str, Any]) -> None:
        """A row of the audit log; level L0 has none. Raises as ``add``."""
        if self._head.level != "L0":
            self._put("audit", b"", self._line(AUDIT, self._checked(AUDIT, row)))

    def add_provenance(self, row: Mapping[str, Any]) -> None:
        """An edge, as provenance in an Evidence Pack. Raises as ``add``."""
        self._put("provenanceEdge", b"", self._line(KINDS["edge"], self._checked(KINDS["edge"], row)))

    def add_foreign(self, kind: str, lines: Iterable[bytes]) -> None:
        """A vendor's lines, verbatim and in their order, behind those already given.

        Raises:
            OutputError: the name is no safe file name or another's, or a line is no UTF-8, is empty, or has a line end in it.
        """
        if not foreign_name(kind, _NATIVE_LOWER):
            raise OutputError(f"{kind[:80]!r} cannot be the name of a kind", hint="letters, digits, dot, dash, underscore")
        if kind not in self._foreign:
            self._foreign[kind] = self._folder.spool()
        for line in lines:
            if not line or b"\n" in line:
                raise OutputError(f"a line of {kind} is empty or more than one")
            try:
                line.decode()
            except UnicodeDecodeError:
                raise OutputError(f"a line of {kind} is no UTF-8") from None
            self._foreign[kind].write(line + b"\n")
            self.counts[kind] = self.counts.get(kind, 0) + 1

    def finish(self, signing_key: Secret | None = None) -> dict[str, Any]:
        """Write everything and put the bundle in its place; returns the manifest.

        Raises:
            OutputError: it cannot be written; nothing of it was.
        """
        for name in ("audit", "provenance") if self._evidence else ("audit", "items"):
            (self._folder.path / name).mkdir(mode=0o700, exist_ok=True)
        files = [*self._whole]
        files += [self._file(_path_of(kind), _joined(stream)) for kind, stream in self._streams.items()]
        files += [self._file(_path_of(kind), _copied(spool)) for kind, spool in self._foreign.items() if kind in self.counts]
        files.sort(key=lambda file: file.path)
        sums = manifests.checksums(files)
        first, last = self._span.first, self._span.last
        manifest = manifests.build(
            self._head,
            counts=self.counts,
            files=files,
            digest=manifests.digest_of(sums),
            coverage=(first, last) if first is not None and last is not None else None,
            scopes=sorted(self._scopes),
            signed=signing_key is not None,
        )
        data = self._encoded(manifest, "manifest.json")
        self._small(paths.CHECKSUMS, sums)
        self._small(paths.MANIFEST, data)
        if signing_key is not None:
            self._small(paths.SIGNATURE, tokens.sign(signing_key, data).encode() + b"\n")
        self._folder.commit()
        return manifest

    def spool(self) -> IO[bytes]:
        """A nameless file on the bundle's disk, gone when the writer is left."""
        return self._folder.spool()

    @property
    def size_bytes(self) -> int:
        """What was written; known after ``finish``."""
        return self._folder.size_bytes

    @property
    def files(self) -> int:
        """How many files were written; known after ``finish``."""
        return self._folder.files

    def _checked(self, kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
        whole = {name: value for name, value in row.items() if value is not None or name not in kind.names}
        try:
            msgspec.convert(whole, TYPES[kind.name])
        except msgspec.ValidationError as error:
            raise OutputError(f"a row of kind {kind.name} is not as the format has it: {error}") from None
        for name in kind.times:
            if name in whole and (moments.read(whole[name]) is None or not moments.is_canonical(whole[name])):
                raise OutputError(f"a row of kind {kind.name} has no timestamp in {name}")
        for field in kind.fields:
            # An integer token would stay one (item 9).
            if field.type == "f" and type(whole.get(field.name)) is int:
                whole[field.name] = float(whole[field.name])
        return whole

    def _line(self, kind: Kind, row: dict[str, Any]) -> bytes:
        return self._encoded(row, f"a row of kind {kind.name}")

    def _encoded(self, value: dict[str, Any], what: str) -> bytes:
        try:
            return canonical.encode(value, self._profile)
        except CanonicalError as error:
            raise OutputError(f"{what} cannot be written: {error.message}") from None

    def _put(self, kind: str, key: bytes, line: bytes) -> None:
        stream = self._streams.get(kind)
        if stream is None:
            stream = self._streams[kind] = SortedLines(self._folder.spool)
        stream.add(key, line)
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def _seen(self, kind: str, row: Mapping[str, Any]) -> None:
        """What the manifest tells of the rows, and which keys are taken."""
        self._keys.setdefault(kind, set()).add(hash(key_of(KINDS[kind], row)))
        if kind == "context":
            self._scopes.add(row["id"])
        elif kind == "episode":
            self._cover(row["eventTime"], row.get("contextID"))

    def _cover(self, moment: str, scope: str | None) -> None:
        self._span.add(moment)
        if scope:
            self._scopes.add(scope)

    def _file(self, path: str, chunks: Iterable[bytes]) -> manifests.File:
        digest = hashlib.sha256()
        size = 0
        with self._folder.create(path) as file:
            for data in chunks:
                digest.update(data)
                size += len(data)
                file.write(data)
        return manifests.File(path, digest.hexdigest(), size)

    def _small(self, path: str, data: bytes) -> None:
        with self._folder.create(path) as file:
            file.write(data)


def _respelled(kind: Kind, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's times as they are written, and its whole numbers as integers, where a lenient writer had them otherwise."""
    found: dict[str, Any] = {}
    for field in kind.fields:
        value = row.get(field.name)
        if field.type == "t" and type(value) is str:
            moment = moments.read(value)
            if moment is not None:
                found[field.name] = moments.write(moment)
        elif field.type == "i" and type(value) is float and value.is_integer():
            found[field.name] = int(value)
    return found


def _path_of(kind: str) -> str:
    named = {"tombstone": paths.TOMBSTONES, "audit": paths.AUDIT_LOG, "provenanceEdge": paths.PROVENANCE}
    return named.get(kind, f"items/{kind}.jsonl")


def _joined(lines: Iterable[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size > _JOINED_BYTES:
            held.append(b"")
            yield b"\n".join(held)
            held, size = [], 0
    if held:
        held.append(b"")
        yield b"\n".join(held)


def _copied(spool: IO[bytes]) -> Iterator[bytes]:
    spool.seek(0)
    while chunk := spool.read(_JOINED_BYTES):
        yield chunk


def is_ours(target: Path) -> bool:
    """Whether a folder is an earlier bundle of ours and holds nothing besides what its manifest lists."""
    try:
        with Bundle(target, DEFAULT) as bundle:
            manifest = msgspec.json.decode(bundle.read(paths.MANIFEST))
            if type(manifest) is not dict or not str(manifest.get("generator")).startswith(f"{GENERATOR}/"):
                return False
            listed = {file.path for file in manifests.files_of(manifest)} | {
                paths.MANIFEST,
                paths.CHECKSUMS,
                paths.SIGNATURE,
            }
            return all(entry.is_file and entry.path in listed for entry in bundle.entries())
    except (InputError, OSError, msgspec.DecodeError, UnicodeDecodeError):
        return False
