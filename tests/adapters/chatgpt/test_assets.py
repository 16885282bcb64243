"""Files that came along (providers.md 3.1, asset URIs and their order of resolution)."""

from __future__ import annotations

import json
from typing import Any

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.chatgpt import ADAPTER
from satchel.adapters.chatgpt.files import file_id, file_uid
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.limits import DEFAULT
from satchel.model.bodies import Document
from satchel.model.record import Asset, Original
from tests.adapters.chatgpt.exports import Imported, message, take, talk

UPLOAD = "file-AbCdEfGhIjKlMnOpQrStUv"
MADE = "file_00000000abcd61f7bfe0c0ffee00"


def pointing(*pointers: str) -> dict[str, Any]:
    parts = [{"content_type": "image_asset_pointer", "asset_pointer": pointer} for pointer in pointers]
    return talk(message({"content_type": "multimodal_text", "parts": parts}))


def names(made: Imported) -> dict[str, str]:
    return {asset.record.uid: asset.record.body.name for asset in made.assets if isinstance(asset.record.body, Document)}


def test_members_are_known_by_the_exports_patterns() -> None:
    made = take(
        {
            f"{UPLOAD}-holiday photo.jpg": b"\xff\xd8\0",
            f"{MADE}-sanitized.png": b"\x89PNG\0",
            "dalle-generations/file-xYz-5b6ff00c-cdcd-4b9f-8d40-c7b3b3a0f0f5.webp": b"RIFF\0",
            "user-abc/file_0001-5b6ff00c.png": b"\x89PNG\0",
            "5b6ff00c-cdcd-4b9f-8d40-c7b3b3a0f0f5/audio/file_0002-x.wav": b"RIFF\0",
            "file-upload.txt": b"not an export's file",
            "notes.md": b"mine",
        }
    )
    found = names(made)
    assert found[file_uid("", UPLOAD)] == "holiday photo.jpg"
    assert file_uid("", MADE) in found
    assert file_uid("", "file-xYz") in found
    assert file_uid("", "file_0001") in found
    assert file_uid("", "file_0002") in found
    assert len(found) == 5


def test_dat_blobs_get_their_names_and_types() -> None:
    made = take(
        {
            "conversation_asset_file_names.json": {f"{UPLOAD}.dat": "dalle-generations/x.webp", "file-B.dat": "Screenshot.jpg"},
            "library_files.json": [
                {"file_id": "file-C", "file_name": "report.pdf", "mime_type": "application/pdf", "file_size_bytes": 4},
                {"file_id": "file-D", "file_name": "gone.csv", "file_size_bytes": 9, "created_at": "2026-05-01T00:00:00Z"},
            ],
            f"{UPLOAD}.dat": b"RIFF\0",
            "file-B.dat": b"\xff\xd8\0",
            "file-C.dat": b"%PDF\0",
            "conversations-000.json": [pointing(f"file-service://{UPLOAD}")],
        },
        account="me",
    )
    documents = {asset.record.uid: asset.record.body for asset in made.assets}
    assert documents[file_uid("me", UPLOAD)] == Document(name="x.webp", media_type="image/webp", size_bytes=5)
    assert documents[file_uid("me", "file-B")] == Document(name="Screenshot.jpg", media_type="image/jpeg", size_bytes=3)
    assert documents[file_uid("me", "file-C")] == Document(name="report.pdf", media_type="application/pdf", size_bytes=5)
    # The library also tells of a file whose bytes did not come.
    absent = made.of("document")
    assert [record.body for record in absent] == [Document(name="gone.csv", media_type="text/csv", size_bytes=9)]
    assert made.parts[0].asset == file_uid("me", UPLOAD)
    with made.assets[0].open() as stream:
        assert stream.read() == b"RIFF\0" or made.assets[0].size_bytes == 3


def test_a_member_that_starts_with_a_referenced_id() -> None:
    talked = pointing("file-service://fixture-input-image")
    talked["mapping"]["n0"]["message"]["metadata"] = {"attachments": [{"id": "fixture-upload-1", "name": "input.txt"}]}
    made = take(
        {
            "conversations.json": [talked],
            "fixture-input-image-cat.png": b"\x89PNG\0",
            "fixture-upload-1-input.txt": b"text",
            "fixture-other.png": b"\0",
        }
    )
    assert names(made) == {
        file_uid("", "fixture-input-image"): "cat.png",
        file_uid("", "fixture-upload-1"): "input.txt",
    }


def test_two_files_of_one_id_are_two_documents() -> None:
    made = take({f"dalle-generations/{UPLOAD}-1.webp": b"\0a", f"dalle-generations/{UPLOAD}-2.webp": b"\0b"})
    assert len(names(made)) == 2


def test_a_pointer_is_never_a_path() -> None:
    hostile = ["file-service://../../../etc/passwd", "sediment://*", "file-service:///etc/passwd", "sediment://"]
    opened: list[str] = []

    class Watched:
        def __init__(self, path: str) -> None:
            self.path = self.name = path
            self.size_bytes = 1

        def open(self) -> Any:
            opened.append(self.path)
            raise AssertionError

    member = BytesMember("conversations.json", json.dumps([pointing(*hostile)]).encode())
    loose = [Watched("passwd"), Watched("etc/passwd"), Watched("anything.txt")]
    claim = Claim("conversations", member, probe(member))
    items = list(ADAPTER.read([claim], ReadContext(limits=DEFAULT, loose=loose)))
    assert not [item for item in items if isinstance(item, Asset)]
    (original,) = [item for item in items if isinstance(item, Original)]
    parts = original.read().records[-1].body.parts  # type: ignore[union-attr]
    assert [part.ref for part in parts] == hostile
    assert opened == []


def test_canonical_ids() -> None:
    for spelling in ("file-service://file-A", "sediment://file-A", "file-A.dat", "file-A"):
        assert file_id(spelling) == "file-A"


def test_a_sandbox_path_names_no_asset() -> None:
    part = take({"x.json": [pointing("sandbox:/mnt/data/x.png")]}).parts[0]
    assert (part.ref, part.asset) == ("sandbox:/mnt/data/x.png", "")
