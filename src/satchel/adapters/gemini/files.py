"""Attachments that came as files: members that nobody claimed, found by the names that entries and prompts give.

A name out of an export is only ever compared with the names of members; it opens nothing.
"""

from __future__ import annotations

import mimetypes
import posixpath
from collections.abc import Iterator, Sequence

from satchel.adapters.gemini.exchange import FileRef, base_name
from satchel.adapters.gemini.wire import origin, provenance, uid_of
from satchel.codec.sources import Member
from satchel.errors import Place
from satchel.model.bodies import Document
from satchel.model.record import Asset, Link, Record

#: Takeout writes one for the other in links.
_ALIASES = {".jpeg": ".jpg", ".jpg": ".jpeg"}


class LooseFiles:
    """The files that nobody claimed; each is given out once."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._by_path: dict[str, Member] = {}
        self._by_base: dict[str, list[str]] = {}
        for member in sorted(members, key=lambda member: (member.path, member.name)):
            path = member.path.replace("\\", "/")
            self._by_path.setdefault(path, member)
            base = base_name(path)
            # Some names are given without what comes behind their dot.
            for name in {base, posixpath.splitext(base)[0]}:
                self._by_base.setdefault(name, []).append(path)

    def assets(self, files: Sequence[FileRef], beside: str, part_of: str, account: str) -> Iterator[Asset]:
        """The files among ``files`` that came along, as documents that are part of ``part_of``.

        Args:
            beside: the path of the file that names them.
        """
        if not self._by_path:
            return
        folder = posixpath.dirname(beside.replace("\\", "/"))
        for file in files:
            base = base_name(file.ref)
            path = self._path(base, folder) if base else None
            if path is not None:
                member = self._by_path.pop(path)
                yield self.asset(member, file.name or base, base, part_of, account)

    def of_id(self, file_id: str, part_of: str, account: str) -> Iterator[Asset]:
        """The file whose name holds a Drive id: nothing else ties it to a prompt."""
        if len(file_id) < 10:
            return
        for path in [path for path in self._by_path if file_id in path]:
            member = self._by_path.pop(path)
            yield self.asset(member, base_name(path), file_id, part_of, account)

    def asset(self, member: Member, name: str, native_id: str, part_of: str, account: str) -> Asset:
        """One member as the document of that id."""
        return Asset(
            record=Record(
                uid=uid_of(account, "file", native_id),
                body=Document(
                    name=name,
                    media_type=mimetypes.guess_type(member.path, strict=False)[0] or "",
                    size_bytes=member.size_bytes,
                ),
                origin=origin("file", native_id),
                links=(Link("part_of", part_of),),
                provenance=provenance(account),
            ),
            place=Place(file=member.name),
            size_bytes=member.size_bytes,
            open=member.open,
        )

    def _path(self, base: str, folder: str) -> str | None:
        """The member of that name beside the entry, else the only one anywhere."""
        stem, extension = posixpath.splitext(base)
        for name in (base, stem + _ALIASES.get(extension.lower(), extension), stem):
            paths = [path for path in self._by_base.get(name, ()) if path in self._by_path]
            near = [path for path in paths if posixpath.dirname(path) == folder]
            if near or len(paths) == 1:
                return (near or paths)[0]
        return None
