"""Whether anything is left of what was erased: the vault's folder read byte by byte, with no help from the store's own tables.

1. The fragments (model.fragments) that the erasing transactions kept are taken out of the vault, and the vault is closed.
2. Every file of its folder is read: the database and its log page by page, opened with the key, free pages and stale frames as
   well; the rest as it lies there; and whatever is compressed in either.
3. The vault is opened again: files that are kept in it are read whole, so that archives among them open; and the full-text
   index is asked for the erased words.
4. What was found, and stands in records that stay, was not only in what was erased: it is no residue.

See ``sqlite.survivors`` for what a record excuses.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import apsw
import msgspec

from satchel.codec.file_inspection import Progress, files_in, inspect_file, size_of
from satchel.codec.inspection import CHUNK_BYTES, Inspection
from satchel.codec.matching import Matcher
from satchel.limits import DEFAULT, Limits
from satchel.model.erasure import HeldBack
from satchel.model.fragments import SIZES, Fragment, Marker, spelled
from satchel.model.residue import Finds, Residue
from satchel.model.times import to_microseconds
from satchel.trust.secrets import Secret
from satchel.vault.folder import DATABASE, open_with_key
from satchel.vault.sqlite import audit
from satchel.vault.sqlite import fragments as kept
from satchel.vault.sqlite.blocks import Originals
from satchel.vault.sqlite.cipher import open_page
from satchel.vault.sqlite.connection import our_errors, rows, writing
from satchel.vault.sqlite.store import SqliteStore, now
from satchel.vault.sqlite.survivors import names, said, stays

#: Strings that are searched at once when survivors are asked.
_BATCH_BYTES = 1 << 20
#: Files of the folder that are encrypted with the vault's key.
_ENCRYPTED = (DATABASE, DATABASE + "-wal", DATABASE + "-journal")


class Sought(msgspec.Struct, frozen=True):
    """What a vault still keeps fragments of: the fragments, what makes them, and the changes that erased it."""

    fragments: frozenset[Fragment]
    marker: Marker
    changes: tuple[int, ...]
    held_back: tuple[HeldBack, ...] = ()


def sought(folder: Path, key: Secret) -> Sought:
    """What is to be looked for. The log of the vault stays as it is, to be read.

    Raises:
        WrongKey, VaultDamaged, VaultMissing.
    """
    with closing(open_with_key(folder, key)) as store:
        with our_errors():
            store.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return kept_in(store)


def kept_in(store: SqliteStore) -> Sought:
    """What an open vault still keeps fragments of."""
    found = frozenset(kept.kept(store.connection))
    return Sought(found, Marker(store.content_secret), tuple(kept.changes(store.connection)), tuple(store.held_back()))


def check(
    folder: Path,
    key: Secret,
    *,
    drop: bool = False,
    total: Callable[[int], None] | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> Residue:
    """Search a vault for what was erased from it. No connection to it may be open in this process.

    A search that finds nothing and could read everything drops the fragments: there is nothing to look for any more. While an
    undo window keeps something it does not: that is sealed, and still there.

    Args:
        drop: drop them whatever was found.
        total: is told how many bytes there are to read.
        progress: is told of bytes as they are read.

    Raises:
        WrongKey, VaultDamaged, VaultMissing, VaultBusy.
    """
    wanted = sought(folder, key)
    if not wanted.fragments:
        return Residue(sought=0, places=(), held_back=wanted.held_back)
    matcher = Matcher(wanted.fragments, wanted.marker)
    files = files_in(folder)
    if total:
        total(sum(map(size_of, files)))
    finds = [
        inspect_file(
            path,
            path.relative_to(folder).as_posix(),
            matcher,
            open_page=partial(open_page, key) if path.name in _ENCRYPTED and path.parent == folder else None,
            progress=progress,
            limits=limits,
        )
        for path in files
    ]
    with closing(open_with_key(folder, key)) as store:
        connection = store.connection
        in_files, excused = _files(store, matcher, limits)
        finds += [in_files, _index(store, wanted)]
        met = {fragment for find in finds for fragment in find.fragments} - excused
        excused |= _survivors(connection, met, wanted.marker)
        places = tuple(find.searched(frozenset(excused)) for find in finds)
        residue = Residue(
            sought=len(wanted.fragments),
            places=places,
            excused=len(excused),
            changes=wanted.changes,
            held_back=tuple(store.held_back()),
        )
        clean = not residue.found and not residue.unreadable and not residue.held_back
        with writing(connection):
            detail = {
                "changes": residue.changes,
                "sought": residue.sought,
                "found": residue.found,
                "unreadable": residue.unreadable,
            }
            if residue.held_back:
                detail["held_back"] = [each.change for each in residue.held_back]
            if drop or clean:
                detail["dropped"] = kept.drop(connection)
            audit.append(connection, at=to_microseconds(now()), operation="erase-check", detail=detail)
    return residue


def _files(store: SqliteStore, matcher: Matcher, limits: Limits) -> tuple[Finds, set[Fragment]]:
    """The files that are kept in the vault, each whole; and what stands in those that belong to records which stay."""
    finds = Finds("files in the vault", 0)
    excused: set[Fragment] = set()
    for (digest,) in rows(store.connection, "SELECT digest FROM blob"):
        here = Finds("", 0)
        inspection = Inspection(matcher, here.found, here.lacks, limits=limits)
        with store.open_blob(digest.hex()) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                finds.size_bytes += len(chunk)
                inspection.feed(chunk)
        inspection.close()
        if stays(store.connection, digest):
            # What is in it belongs to somebody else, whether it can be read or not.
            excused.update(here.fragments)
            continue
        for fragment in here.fragments:
            finds.found(fragment, 0)
        for reason in here.unreadable:
            finds.lacks(reason)
    return finds, excused


def _index(store: SqliteStore, wanted: Sought) -> Finds:
    """Erased words in the full-text index that are not words of the records that it names."""
    finds = Finds("full-text index", 0, unit="row")
    words = {fragment for fragment in wanted.fragments if fragment.spelling == "word"}
    if words:
        for row, word in kept.stray_words(store.connection, Originals(store.connection), words, wanted.marker):
            finds.found(word, row)
    return finds


def _survivors(connection: apsw.Connection, met: set[Fragment], marker: Marker) -> set[Fragment]:
    """Of these fragments, those that records which stay say themselves."""
    left = {fragment for fragment in met if fragment.size}
    if not left:
        return set()
    words = Matcher((fragment for fragment in left if fragment.size == SIZES[0]), marker)
    spoken = b"\0".join(name.encode("utf-8", "surrogatepass") for name in names(connection))
    excused = {fragment for _, fragment in words.find(spoken)}
    matcher = Matcher(left, marker)
    spellings = {fragment.spelling for fragment in left}
    batch: list[bytes] = []
    size = 0
    for text in said(connection, Originals(connection)):
        for spelling, data in spelled(text):
            if spelling in spellings or spelling == "UTF-8":
                batch.append(data)
                size += len(data)
        if size > _BATCH_BYTES:
            excused.update(fragment for _, fragment in matcher.find(b"\0".join(batch)))
            batch, size = [], 0
            if len(excused) == len(left):
                return excused
    excused.update(fragment for _, fragment in matcher.find(b"\0".join(batch)))
    return excused
