"""What people and assistants said in an export, by kind of content, told from the provider's JSON alone.

Written from providers.md 3.1 and 3.2 and without Satchel's readers: the judge of what they keep.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Kind of content → every text of that kind.
Said = dict[str, list[str]]

_PLACEHOLDER = "This block is not supported on your current device yet."


def strings(value: Any) -> Iterator[str]:
    """All strings inside a JSON value, names left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)


def chatgpt(conversations: list[Any]) -> Said:
    said: Said = defaultdict(list)
    for conversation in conversations:
        for node in ((conversation or {}).get("mapping") or {}).values():
            message = (node or {}).get("message") or {}
            content = message.get("content") or {}
            role = (message.get("author") or {}).get("role")
            kind = content.get("content_type")
            tool = "tool output" if role == "tool" else "text"
            for part in content.get("parts") or []:
                if isinstance(part, str):
                    said[tool].append(part)
                elif isinstance(part, dict) and part.get("content_type") == "audio_transcription":
                    said["transcript"].append(part["text"])
            if kind == "code":
                said["code"].append(content["text"])
            if kind == "execution_output":
                said["tool output"].append(content["text"])
            if kind == "thoughts":
                for thought in content.get("thoughts") or []:
                    said["reasoning"] += [thought.get("content") or "", thought.get("summary") or ""]
            if kind == "reasoning_recap":
                said["reasoning"].append(content.get("content") or "")
            if kind in ("tether_quote", "tether_browsing_display", "system_error"):
                said["tool output"] += [content.get(name) or "" for name in ("text", "result", "title")]
            if kind == "user_editable_context":
                said["instructions"] += [content.get("user_profile") or "", content.get("user_instructions") or ""]
    return said


def claude(conversations: list[Any]) -> Said:
    said: Said = defaultdict(list)
    for conversation in conversations:
        for message in conversation.get("chat_messages") or []:
            blocks = message.get("content") or []
            if not any(block.get("text") or block.get("type") != "text" for block in blocks):
                said["text"].append(message.get("text") or "")
            for attachment in message.get("attachments") or []:
                said["attachment"].append(attachment.get("extracted_content") or "")
            for block in blocks:
                match block.get("type"):
                    case "text":
                        said["text"].append(block.get("text") or "")
                    case "thinking":
                        said["reasoning"].append(block.get("thinking") or "")
                    case "tool_use":
                        said["tool input"] += list(strings(block.get("input")))
                    case "tool_result":
                        for item in block.get("content") or []:
                            said["tool output"].append(item.get("text") or "")
    return said


def in_files(*paths: Path, reader: Any) -> Said:
    """What is said in these export files together."""
    said: Said = defaultdict(list)
    for path in paths:
        value = json.loads(path.read_bytes())
        if isinstance(value, dict):
            value = value.get("conversations", [value])
        for kind, texts in reader(value).items():
            said[kind] += [text for text in texts if text and text != _PLACEHOLDER]
    return said
