"""The files that messages bring along, each copied once into ``attachments/`` (a folder of the SDK's; dossier 1.1).

A file's name in the package is its own UUID, behind it what is left of its name; nothing that a source says is a path.
"""

from __future__ import annotations

from collections.abc import Callable

from satchel.errors import NotFound
from satchel.formats.base import Selection
from satchel.formats.folder import Files
from satchel.formats.portable_ai_memory import terms
from satchel.formats.portable_ai_memory.messages import File
from satchel.formats.portable_ai_memory.spelling import file_name
from satchel.model.bodies import Document
from satchel.model.ids import make_uid, uuid_of
from satchel.model.ledger import Ledger
from satchel.model.record import Record

_CHUNK_BYTES = 1 << 20


class Attachments:
    """Finds and copies; ``copied`` holds where the bytes of documents are in the package, by uid."""

    def __init__(self, selection: Selection, folder: Files, is_taken: Callable[[str], bool], ledger: Ledger) -> None:
        """``is_taken``: whether a path is that of a file that came in a package of this format."""
        self._is_taken = is_taken
        self.copied: dict[str, str] = {}
        self._selection = selection
        self._folder = folder
        self._ledger = ledger
        self._known: dict[str, File] = {}
        #: Of each file that was copied for a conversation while those came in any order, who asked for it: the one that
        #: stands first by uid, and what place in it the asking has.
        self._asked: dict[str, tuple[str, int]] = {}
        self._asking = ""
        self._count = 0

    def asks(self, conversation: str) -> None:
        """What is found from now on is for this conversation."""
        self._asking, self._count = conversation, 0

    def in_order(self) -> list[tuple[str, str]]:
        """What was copied and where it is, in the order of the conversations that asked for it."""
        copied = list(self.copied.items())
        if self._asking:
            copied.sort(key=lambda pair: self._asked[pair[0]])
        return copied

    def find(self, uid: str) -> File:
        """The file of a document record, copied now if it was not before."""
        if uid not in self._known:
            self._known[uid] = self._fetch(uid)
        if self._asking and uid in self.copied:
            self._count += 1
            asked = self._asking, self._count
            self._asked[uid] = min(self._asked.get(uid, asked), asked)
        return self._known[uid]

    def _fetch(self, uid: str) -> File:
        record = self._selection.get(uid)
        if record is None or not isinstance(record.body, Document) or not record.access.exportable:
            return File()
        document = record.body
        ref = ""
        if document.blob:
            tail = file_name(document.name)
            dash = "" if tail.startswith(".") or not tail else "-"
            ref = f"{terms.ATTACHMENTS_FOLDER}/{uuid_of(uid)}{dash}{tail}"
            if self._is_taken(ref):
                # It came in an earlier package of ours.
                ref = f"{terms.ATTACHMENTS_FOLDER}/{uuid_of(make_uid(uid, 'again'))}{dash}{tail}"
            ref = self._copy(uid, document, ref)
        return File(ref, document.name, document.media_type, document.size_bytes)

    def put(self, record: Record, path: str) -> bool:
        """Copy a file that came in a package of this format to ``path``; whether its bytes are there."""
        assert isinstance(record.body, Document)
        return bool(self._copy(record.uid, record.body, path))

    def _copy(self, uid: str, document: Document, ref: str) -> str:
        try:
            source = self._selection.open_blob(document.blob)
        except NotFound:
            text = "the bytes of the file are not in the vault"
            self._ledger.field("document", "body.blob", "lost", "blob-missing", text, uid=uid)
            return ""
        with source, self._folder.create(ref) as sink:
            while chunk := source.read(_CHUNK_BYTES):
                sink.write(chunk)
        self.copied[uid] = ref
        return ref
