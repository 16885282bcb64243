"""Small exports to read: what an importer does (probe, claim, read), and conversations to build inputs from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from satchel.adapters.base import Claim, ReadContext
from satchel.adapters.chatgpt import ADAPTER
from satchel.codec.probe import probe
from satchel.codec.sources import BytesMember
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Message, Part
from satchel.model.findings import Finding
from satchel.model.record import Asset, Original, Reading, Record

SHARED = Path(__file__).parents[4] / "shared"


class Imported(msgspec.Struct):
    """Everything that one run yielded, each original read once."""

    roles: dict[str, str | None] = {}
    originals: list[Original] = []
    readings: list[Reading] = []
    assets: list[Asset] = []
    findings: list[Finding] = []

    @property
    def records(self) -> list[Record]:
        return [record for reading in self.readings for record in reading.records]

    def of(self, kind: str) -> list[Record]:
        return [record for record in self.records if record.kind == kind]

    @property
    def messages(self) -> list[Message]:
        return [record.body for record in self.of("message") if isinstance(record.body, Message)]

    @property
    def parts(self) -> list[Part]:
        return [part for message in self.messages for part in message.parts]

    @property
    def all_findings(self) -> list[Finding]:
        return self.findings + [finding for reading in self.readings for finding in reading.findings]

    @property
    def codes(self) -> list[str]:
        return [finding.code for finding in self.all_findings]


def take(files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT, whole: bool = False) -> Imported:
    """What the adapter makes of ``files``; values that are no bytes are written as JSON. ``whole``: see ReadContext."""
    imported = Imported()
    claims: list[Claim] = []
    loose: list[BytesMember] = []
    for path, value in files.items():
        member = BytesMember(path, value if type(value) is bytes else json.dumps(value).encode())
        seen = probe(member)
        role = ADAPTER.unasked.claim(member, seen)
        imported.roles[path] = role
        if role is None:
            loose.append(member)
        else:
            claims.append(Claim(role, member, seen))
    for item in ADAPTER.read(claims, ReadContext(limits=limits, account=account, loose=loose, whole=whole)):
        if isinstance(item, Original):
            imported.originals.append(item)
            imported.readings.append((item.read_whole or item.read)() if whole else item.read())
        elif isinstance(item, Asset):
            imported.assets.append(item)
        else:
            imported.findings.append(item)
    return imported


def node(key: str, message: Any, parent: str | None = None, children: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"id": key, "message": message, "parent": parent, "children": list(children)}


def message(text: Any = "hi", role: str = "user", key: str = "m", **members: Any) -> dict[str, Any]:
    """A message as exports have it; ``text`` may be the whole content."""
    content = text if type(text) is dict else {"content_type": "text", "parts": [text]}
    author = {"role": role, "name": members.pop("name", None), "metadata": {}}
    return {
        "id": key,
        "author": author,
        "create_time": 1700000000.5,
        "update_time": None,
        "content": content,
        "status": "finished_successfully",
        "end_turn": True,
        "weight": 1.0,
        "metadata": {},
        "recipient": "all",
        "channel": None,
    } | members


def talk(*messages: dict[str, Any], id: str = "c1", **members: Any) -> dict[str, Any]:
    """A conversation of one thread, with a root as ChatGPT writes it."""
    keys = [f"n{index}" for index in range(len(messages))]
    mapping = {"root": node("root", None, None, tuple(keys[:1]))}
    for index, each in enumerate(messages):
        before = keys[index - 1] if index else "root"
        mapping[keys[index]] = node(keys[index], each, before, tuple(keys[index + 1 : index + 2]))
    return {
        "id": id,
        "conversation_id": id,
        "title": "T",
        "create_time": 1700000000.0,
        "update_time": 1700000100.0,
        "current_node": keys[-1] if keys else "root",
        "mapping": mapping,
    } | members


def read_one(*messages: dict[str, Any], **members: Any) -> Imported:
    return take({"conversations.json": [talk(*messages, **members)]})


def shared(*parts: str) -> Path:
    """A path among the samples of others; the test is skipped where they are not at hand."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        pytest.skip("the shared samples are not beside this checkout")
    return path
