"""Files that stand inside a content block as base64 come out as files (providers.md 3.2, ``content[]``)."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from satchel.model.bodies import Message
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault

PNG = bytes.fromhex("89504e470d0a1a0a") + b"pixels" * 40
FILE_ID = "3f0f0f6e-9d7b-4d59-8f1e-0a5c1e2d3b4c"


def image(data: str, **more: Any) -> dict[str, Any]:
    return {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}, **more}


def talk(uuid: str, *blocks: Any) -> dict[str, Any]:
    message = {"uuid": f"m-{uuid}", "sender": "human", "content": [{"type": "text", "text": "look"}, *blocks]}
    return {"uuid": uuid, "name": uuid, "chat_messages": [message]}


@pytest.fixture
def encoded() -> str:
    return base64.b64encode(PNG).decode()


def test_inline_images_are_blobs_that_their_parts_name(tmp_path: Path, encoded: str) -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": [image(encoded, file_uuid=FILE_ID)]}
    path = tmp_path / "c.json"
    path.write_text(json.dumps([talk("one", image(encoded)), talk("two", image(encoded), result)]))
    with trial_vault() as store:
        batch = import_paths(store, [path])
        assert batch.summary.counts["document"]["new"] == 2, "the same picture without an id is one document"
        assert batch.summary.blobs == 1
        documents = {record.uid: record.body for record in store.records("document")}
        parts = [
            part
            for message in store.records("message")
            if isinstance(message.body, Message)
            for part in message.body.parts
            if part.type == "image"
        ]
        assert len(parts) == 3
        for part in parts:
            assert store.open_blob(documents[part.asset].blob).read() == PNG  # type: ignore[union-attr]
        again = import_paths(store, [path])
        assert set(again.summary.counts["document"]) == {"unchanged"}
        export(store, tmp_path / "out", format="portable-ai-memory")
        assert {file.read_bytes() for file in (tmp_path / "out" / "attachments").iterdir()} == {PNG}


def test_broken_base64_is_told_and_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(
        json.dumps([talk("one", image("no base64 at all!"), image(""), {"source": 5}, {"source": {"type": "base64"}})])
    )
    with trial_vault() as store:
        batch = import_paths(store, [path])
        assert [finding.code for finding in batch.summary.findings if finding.severity == "warning"] == ["bad-base64"]
        assert batch.summary.counts["message"] == {"new": 1}
        assert "document" not in batch.summary.counts
