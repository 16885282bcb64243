"""The files of the asset server: ``prod-mc-asset-server/<id>/content``, without a name or an extension (providers.md 3.4).

An asset is known by the folder that bears its id. Its first bytes tell what it is, and the first conversation that names it
has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from satchel.adapters.grok.wire import PLATFORM, file_uid
from satchel.codec.sources import Member
from satchel.errors import InputError, Place
from satchel.model.bodies import Document
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Link, Record

_FOLDER = "prod-mc-asset-server"
_LISTS = re.compile(
    rb'"(?:file_attachments|image_attachments|generated_image_urls|asset_ids|image_edit_uri)"\s*:\s*(\[[^\]]*\]|"[^"]*")'
)
_WORD = re.compile(rb"[A-Za-z0-9][A-Za-z0-9_-]{3,127}")
_HEAD_BYTES = 16
#: First bytes, media type and usual extension.
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
    (b"GIF8", "image/gif", ".gif"),
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"PK\x03\x04", "application/zip", ".zip"),
    (b"\x1aE\xdf\xa3", "video/webm", ".webm"),
    (b"ID3", "audio/mpeg", ".mp3"),
    (b"OggS", "audio/ogg", ".ogg"),
)


class Assets:
    """The loose members of the asset server, by id; ``look`` finds out which conversation names which."""

    def __init__(self, members: Sequence[Member], account: str) -> None:
        self.account = account
        self._members: dict[str, list[Member]] = {}
        self._owners: dict[str, tuple[str, str]] = {}
        for member in members:
            folders = member.path.split("/")
            if _FOLDER in folders[:-1]:
                at = folders.index(_FOLDER) + 1
                # A few lie there as files of their own.
                self._members.setdefault(folders[at], []).append(member)

    def look(self, data: bytes, conversation: str, account: str) -> None:
        """Remember which assets a conversation's bytes name; the first one has them."""
        if not self._members:
            return
        for found in _LISTS.finditer(data):
            for word in _WORD.findall(found[1]):
                id = word.decode()
                if id in self._members:
                    self._owners.setdefault(id, (conversation, account))

    def items(self) -> Iterator[Asset]:
        """Every asset, with its document record."""
        for id, members in self._members.items():
            conversation, account = self._owners.get(id, ("", self.account))
            uid = file_uid(account, id)
            for at, member in enumerate(sorted(members, key=lambda member: (len(member.path), member.path))):
                base = member.path.rpartition("/")[2]
                media_type, extension = _kind(member)
                links = (Link("part_of", conversation),) if conversation and not at else ()
                yield Asset(
                    record=Record(
                        uid=uid if at == 0 else make_uid(uid, "variant", base),
                        body=Document(
                            name=f"{id}{extension}" if base in ("content", id) else base,
                            media_type=media_type,
                            size_bytes=member.size_bytes,
                        ),
                        origin=PLATFORM.origin("file", id),
                        links=links if at == 0 else (Link("part_of", uid),),
                        provenance=PLATFORM.provenance(account),
                    ),
                    place=Place(file=member.name),
                    size_bytes=member.size_bytes,
                    open=member.open,
                )


def _kind(member: Member) -> tuple[str, str]:
    """Media type and extension by the first bytes; nothing when they tell nothing."""
    try:
        with member.open() as stream:
            head = stream.read(_HEAD_BYTES)
    except InputError:
        # The vault tells of it when it reads the file.
        return "", ""
    for magic, media_type, extension in _MAGIC:
        if head.startswith(magic):
            return media_type, extension
    if head[:4] == b"RIFF":
        return {b"WEBP": ("image/webp", ".webp"), b"WAVE": ("audio/wav", ".wav")}.get(head[8:12], ("", ""))
    return ("video/mp4", ".mp4") if head[4:8] == b"ftyp" else ("", "")
