"""The search for residue in files that are not ours: the folder of another product's store, an export, a backup."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from satchel.codec.file_inspection import Progress, files_in, inspect_file, size_of
from satchel.codec.matching import Matcher
from satchel.errors import UsageError
from satchel.limits import DEFAULT, Limits
from satchel.model.fragments import Marker
from satchel.model.residue import Residue
from satchel.vault.erase_check import Sought, kept_in
from satchel.vault.sqlite.fragments import texts_of
from satchel.vault.sqlite.store import SqliteStore


def sought(lines: Iterable[str], store: SqliteStore | None = None, ids: Sequence[str] = ()) -> Sought:
    """What to look for: the lines of a text, what records say, and, where neither is given, what the vault forgot.

    Raises:
        UsageError: none of it is long enough to be told from chance.
        NotFound: there is no such record.
    """
    lines = list(lines)
    if store is not None and not lines and not ids:
        return kept_in(store)
    for id in ids:
        record = store.get(store.resolve(id)) if store is not None else None
        if record is not None:
            lines += texts_of(record)
    marker = Marker(secrets.token_bytes(32))
    fragments = frozenset(marker.of_texts(lines))
    if not fragments:
        raise UsageError("there is nothing to look for", hint="a text needs 8 characters, for less stands everywhere")
    return Sought(fragments, marker, ())


def check(
    place: Path,
    wanted: Sought,
    *,
    total: Callable[[int], None] | None = None,
    progress: Progress | None = None,
    limits: Limits = DEFAULT,
) -> Residue:
    """Search a file or folder; see ``codec.file_inspection``. A common phrase of 32 characters is found too: there are no
    records here that could excuse it.

    Raises:
        UsageError: nothing is there, or nothing that is long enough to be looked for.
    """
    files = files_in(place)
    if total:
        total(sum(map(size_of, files)))
    blocks = [fragment for fragment in wanted.fragments if fragment.size]
    if wanted.fragments and not blocks:
        raise UsageError(
            "what was forgotten is too short to be told from chance in other files", hint="--for FILE names a text"
        )
    matcher = Matcher(blocks, wanted.marker)
    root = place if place.is_dir() else place.parent
    finds = [inspect_file(path, path.relative_to(root).as_posix(), matcher, progress=progress, limits=limits) for path in files]
    places = tuple(find.searched() for find in finds)
    return Residue(sought=len(blocks), places=places, changes=wanted.changes)
