"""Attachments that came as files: found by the ids that conversations name (providers.md 3.2, ``files[]``).

No file name of theirs is documented, so a file belongs to an id when its path holds that id. The conversation's bytes are
searched for ids before it is known whether they are read again, so that a file is not missed when nothing else is new.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from satchel.adapters.claude.frames import media_type_of
from satchel.adapters.claude.wire import origin, provenance, uid_of
from satchel.codec.sources import Member
from satchel.errors import Place
from satchel.model.bodies import Document
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Link, Record

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# Also inside content that is a JSON string, where quotes are escaped.
_FILE_ID = re.compile(rb'file_uuid\\?"\s*:\s*\\?"([^"\\]{1,128})')
_ANY_ID = re.compile(rb'uuid\\?"\s*:\s*\\?"([^"\\]{1,128})')


class LooseFiles:
    """The files that nobody claimed, by the ids in their names; each is given out once."""

    def __init__(self, members: Sequence[Member]) -> None:
        self._by_id: dict[str, list[Member]] = {}
        for member in members:
            name = member.path.rpartition("/")[2]
            ids = {found.lower() for found in _UUID.findall(member.path)} | {name, name.rpartition(".")[0] or name}
            for key in ids:
                self._by_id.setdefault(key, []).append(member)

    def assets(self, data: bytes, conversation: str, account: str) -> Iterator[Asset]:
        """The files that this conversation names, as documents that are part of it."""
        if not self._by_id:
            return
        pattern = _ANY_ID if b"local_resource" in data else _FILE_ID
        for found in dict.fromkeys(pattern.findall(data)):
            file_id = found.decode("utf-8", "replace")
            members = self._by_id.pop(file_id, None) or self._by_id.pop(file_id.lower(), None)
            uid = uid_of(account, "file", file_id)
            for at, member in enumerate(sorted(members or (), key=lambda member: (len(member.path), member.path))):
                name = member.path.rpartition("/")[2]
                yield Asset(
                    record=Record(
                        uid=uid if at == 0 else make_uid(uid, "variant", name),
                        body=Document(name=name, media_type=media_type_of(member.path), size_bytes=member.size_bytes),
                        origin=origin("file", file_id),
                        links=(Link("part_of", conversation if at == 0 else uid),),
                        provenance=provenance(account),
                    ),
                    place=Place(file=member.name),
                    size_bytes=member.size_bytes,
                    open=member.open,
                )
