"""Runs the adapter over files at hand, as an import does: claim each, give the rest as loose, read everything."""

from __future__ import annotations

from typing import Any

from satchel.adapters.claude import ADAPTER
from satchel.limits import DEFAULT, Limits
from satchel.model.bodies import Document, Message, Part
from tests.adapters import reading
from tests.adapters.reading import Outcome, folder
from tests.conftest import SHARED

ACCOUNT = "9f6b23a1-4e97-43b3-b2e1-dc6e3f94d9c8"
ROOT = "00000000-0000-4000-8000-000000000000"


def run(files: dict[str, Any], *, account: str = "", limits: Limits = DEFAULT) -> Outcome:
    """``files``: path to bytes, or to a value that is written as JSON."""
    return reading.run(ADAPTER, files, account=account, limits=limits)


def messages(*items: dict[str, Any], **members: Any) -> list[dict[str, Any]]:
    """A conversations.json with one conversation."""
    return [{"uuid": "c1", "name": "N", "account": {"uuid": ACCOUNT}, "chat_messages": list(items), **members}]


def one(content: Any, **members: Any) -> list[Part]:
    """The parts of one message with this content."""
    item = {"uuid": "m1", "sender": "assistant", "content": content, **members}
    return list(run({"conversations.json": messages(item)}).parts())


def texts(parts: list[Part]) -> list[tuple[str, str]]:
    return [(part.type, part.text) for part in parts]


__all__ = ["ACCOUNT", "ROOT", "SHARED", "Document", "Message", "Outcome", "folder", "messages", "one", "run", "texts"]
