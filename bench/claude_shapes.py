"""Conversations in the shape of a Claude export: the members of the real ones, invented text."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from chatgpt_shapes import uuid4
from prose import Prose

ROOT = "00000000-0000-4000-8000-000000000000"
ACCOUNT = "5a7c4e10-0000-4000-a000-0000000000aa"
_START = datetime(2024, 3, 1, tzinfo=UTC)
_UNSUPPORTED = "```\nThis block is not supported on your current device yet.\n```"


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="microseconds")[:26] + "Z"


class _Talk:
    """One conversation's messages while it grows; ``tip`` is the message that the next one answers."""

    def __init__(self, rng: random.Random, prose: Prose) -> None:
        self.rng = rng
        self.prose = prose
        self.now = _START + timedelta(seconds=rng.random() * 80_000_000, microseconds=rng.randrange(1_000_000))
        self.start = self.now
        self.messages: list[dict[str, Any]] = []
        self.tip = ROOT
        self.has_parents = rng.random() > 0.3

    def say(
        self,
        sender: str,
        content: list[dict[str, Any]],
        attachments: list[dict[str, Any]] | None = None,
        files: list[dict[str, Any]] | None = None,
    ) -> None:
        self.now += timedelta(seconds=1 + self.rng.random() * 90)
        stamp = _iso(self.now)
        text = "\n\n".join(
            block["text"] if block["type"] == "text" else _UNSUPPORTED for block in content if block["type"] != "thinking"
        )
        name = uuid4(self.rng)
        message = {
            "uuid": name,
            "text": text,
            "content": [{"start_timestamp": stamp, "stop_timestamp": stamp, "flags": None, **block} for block in content],
            "sender": sender,
            "created_at": stamp,
            "updated_at": stamp,
            "attachments": attachments or [],
            "files": files or [],
        }
        if self.has_parents:
            message["parent_message_uuid"] = self.tip
        self.tip = name
        self.messages.append(message)


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "citations": []}


def _call(talk: _Talk, name: str, given: dict[str, Any], result: list[dict[str, Any]]) -> list[dict[str, Any]]:
    call = f"toolu_01{talk.rng.getrandbits(88):022x}"
    return [
        {
            "type": "tool_use",
            "id": call,
            "name": name,
            "input": given,
            "message": talk.prose.words(4),
            "integration_name": None,
            "integration_icon_url": None,
            "context": None,
            "display_content": None,
            "approval_options": None,
            "approval_key": None,
        },
        {
            "type": "tool_result",
            "tool_use_id": call,
            "name": name,
            "content": result,
            "is_error": talk.rng.random() < 0.04,
            "structured_content": None,
            "meta": None,
            "message": None,
            "integration_name": None,
            "display_content": None,
        },
    ]


def _thinking(talk: _Talk) -> dict[str, Any]:
    return {
        "type": "thinking",
        "thinking": talk.prose.sentences(talk.rng.randint(300, 2_500)),
        "summaries": [{"summary": talk.prose.words(6)} for _ in range(talk.rng.randint(1, 3))],
        "cut_off": False,
        "truncated": False,
        "alternative_display_type": None,
        "signature": None,
    }


def _artifact(talk: _Talk) -> list[dict[str, Any]]:
    given = {
        "id": talk.prose.words(2).replace(" ", "-"),
        "type": "text/markdown",
        "title": talk.prose.words(3),
        "command": "create",
        "content": talk.prose.markdown(talk.rng.randint(800, 6_000)),
        "version_uuid": uuid4(talk.rng),
    }
    return _call(talk, "artifacts", given, [{"type": "text", "text": "OK", "uuid": uuid4(talk.rng)}])


def _search(talk: _Talk) -> list[dict[str, Any]]:
    rng, prose = talk.rng, talk.prose
    found = [
        {
            "type": "knowledge",
            "title": prose.words(6),
            "url": f"https://{prose.words(1).lower()}.example.org/{rng.getrandbits(32):x}",
            "text": prose.sentences(900),
            "metadata": {"type": "webpage_metadata", "site_domain": "example.org", "site_name": prose.words(2)},
            "is_missing": False,
            "is_citable": True,
            "prompt_context_metadata": {"age": f"{rng.randint(1, 300)} days"},
        }
        for _ in range(rng.randint(2, 5))
    ]
    text, citations = "", []
    for page in found[:3]:
        start = len(text)
        text += prose.sentences(300)
        details = {
            "type": "web_search_citation",
            "url": page["url"],
            "title": page["title"],
            "cited_text": prose.sentences(120),
        }
        citations.append({"uuid": uuid4(rng), "start_index": start, "end_index": len(text), "details": details})
        text += "\n\n"
    answer = {"type": "text", "text": text, "citations": citations}
    return [*_call(talk, "web_search", {"query": prose.words(5)}, found), answer]


def _ask(talk: _Talk) -> None:
    rng, prose = talk.rng, talk.prose
    attachments: list[dict[str, Any]] = []
    files: list[dict[str, Any]] = []
    if rng.random() < 0.05:
        text = prose.markdown(rng.randint(2_000, 20_000))
        name = f"{prose.words(1)}.md"
        attachments.append({"file_name": name, "file_size": len(text), "file_type": "text/markdown", "extracted_content": text})
    if rng.random() < 0.05:
        files.append({"file_uuid": uuid4(rng), "file_name": f"{prose.words(1)}.png"})
    talk.say("human", [_text(prose.short())], attachments, files)


def _answer(talk: _Talk) -> None:
    rng = talk.rng
    content = [_thinking(talk)] if rng.random() < 0.3 else []
    kind = rng.random()
    if kind < 0.10:
        content += _search(talk)
    elif kind < 0.22:
        content += [_text(talk.prose.sentences(150)), *_artifact(talk), _text(talk.prose.long(300))]
    else:
        content.append(_text(talk.prose.long()))
    talk.say("assistant", content)


def _turn(talk: _Talk) -> None:
    before = talk.tip
    _ask(talk)
    if talk.has_parents and talk.rng.random() < 0.06:
        _answer(talk)
        talk.tip = before
        _ask(talk)
    asked = talk.tip
    _answer(talk)
    if talk.has_parents and talk.rng.random() < 0.08:
        talk.tip = asked
        _answer(talk)


def conversation(rng: random.Random, prose: Prose) -> dict[str, Any]:
    """One element of conversations.json."""
    talk = _Talk(rng, prose)
    for _ in range(max(1, min(200, round(rng.lognormvariate(1.65, 0.8))))):
        _turn(talk)
    return {
        "uuid": uuid4(rng),
        "name": "" if rng.random() < 0.05 else prose.words(rng.randint(2, 7)),
        "summary": prose.sentences(600) if rng.random() < 0.3 else "",
        "created_at": _iso(talk.start),
        "updated_at": _iso(talk.now),
        "account": {"uuid": ACCOUNT},
        "chat_messages": talk.messages,
    }
