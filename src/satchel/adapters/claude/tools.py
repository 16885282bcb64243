"""Tool calls and tool results as parts (providers.md 3.2, ``tool_use`` and ``tool_result``)."""

from __future__ import annotations

from typing import Any

import msgspec

from satchel.adapters.claude.inline import inline_uid
from satchel.adapters.claude.wire import decoded_json, ident, text_of, uid_of
from satchel.limits import Limits
from satchel.model.bodies import Citation, Part

# Members that hold names, marks and addresses of pictures: no text that anyone would look for.
_NOT_TEXT = frozenset(
    {
        "type", "id", "uuid", "flags", "start_timestamp", "stop_timestamp", "signature", "icon_url", "favicon_url",
        "icon_name", "integration_icon_url", "tool_use_id", "mime_type", "media_type", "doc_uuid", "file_uuid", "data",
    }
)  # fmt: skip
# What describes a passage of a page; its text, title and address have fields of their own.
_PASSAGE = frozenset({"title", "url", "metadata", "prompt_context_metadata", "extras", "ingestion_date", "uri"})
_RESULT_EXTRAS = ("structured_content", "display_content", "meta", "message")
#: Characters looked through to tell whether a result's text already says what its extra members say.
_SEARCH_BUDGET = 20_000_000


def text_leaves(value: Any) -> list[str]:
    """The strings of a JSON value under members that can hold text, in order."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str:
            if item:
                found.append(item)
        elif type(item) is dict:
            stack.extend([child for name, child in reversed(item.items()) if name not in _NOT_TEXT])
        elif type(item) is list:
            stack.extend(reversed(item))
    return found


def tool_call(block: dict[str, Any], limits: Limits) -> Part:
    """A call; its input may come as an object or as a JSON string, which is decoded once."""
    data = block.get("input")
    text = ""
    if type(data) is str:
        text, data = data, decoded_json(data, limits)
        if data is not None:
            text = ""
    return Part(type="tool_call", name=text_of(block.get("name")), call=ident(block.get("id")), data=data, text=text)


def tool_results(block: dict[str, Any], name: str, account: str, limits: Limits) -> list[Part]:
    """A result: one part for each text or passage in it, files and images as such, all joined to the same call."""
    call = ident(block.get("tool_use_id"))
    name = text_of(block.get("name")) or name
    is_error = block.get("is_error") is True
    content = block.get("content")
    if type(content) is str:
        blocks = decoded_json(content, limits)
        if type(blocks) is list and blocks and all(type(item) is dict and "type" in item for item in blocks):
            content = blocks
    parts: list[Part] = []
    for item in content if type(content) is list else [content]:
        part = _result_item(item, name, call, is_error, account)
        if part is not None:
            parts.append(part)
    extras = _extras(block, [part.text for part in parts])
    if extras is not None or not parts:
        if parts and parts[0].type == "tool_result" and parts[0].data is None:
            parts[0] = msgspec.structs.replace(parts[0], data=extras)
        else:
            parts.append(Part(type="tool_result", name=name, call=call, is_error=is_error, data=extras))
    return parts


def _result_item(item: Any, name: str, call: str, is_error: bool, account: str) -> Part | None:
    if type(item) is str:
        return Part(type="tool_result", name=name, call=call, is_error=is_error, text=item) if item else None
    if type(item) is not dict:
        if type(item) is list and text_leaves(item):
            return Part(type="tool_result", name=name, call=call, is_error=is_error, data=item)
        return None
    kind = item.get("type")
    if kind == "local_resource" or kind == "image":
        return _resource(item, kind, call, account)
    text = text_of(item.get("text"))
    title, url = text_of(item.get("title")), text_of(item.get("url"))
    citations = (Citation(title=title, url=url),) if title or url else ()
    data = None
    if not text or kind not in ("text", "knowledge"):
        rest = {member: value for member, value in item.items() if member not in _PASSAGE and value != text}
        data = rest if text_leaves(rest) else None
    if not text and not citations and data is None:
        return None
    return Part(type="tool_result", name=name, call=call, is_error=is_error, text=text, citations=citations, data=data)


def _resource(item: dict[str, Any], kind: str, call: str, account: str) -> Part:
    file_id = ident(item.get("file_uuid")) or ident(item.get("uuid"))
    path = text_of(item.get("file_path"))
    source = item.get("source")
    source = source if type(source) is dict else {}
    media_type = text_of(item.get("mime_type")) or text_of(item.get("media_type")) or text_of(source.get("media_type"))
    return Part(
        type="image" if kind == "image" or media_type.startswith("image/") else "file",
        call=call,
        name=text_of(item.get("name")) or text_of(item.get("title")) or path,
        media_type=media_type,
        ref=file_id or path,
        url=text_of(source.get("url")) or text_of(item.get("url")),
        text=text_of(item.get("text")),
        data={"file_path": path} if path and file_id else None,
        asset=uid_of(account, "file", file_id) if file_id else inline_uid(source),
    )


def _extras(block: dict[str, Any], texts: list[str]) -> dict[str, Any] | None:
    """The members beside ``content`` that say something which the result's text does not."""
    found: dict[str, Any] = {}
    said: str | None = None
    for member in _RESULT_EXTRAS:
        value = block.get(member)
        if not value:
            continue
        strings = text_leaves(value)
        if not strings:
            continue
        if said is None:
            said = "\n".join(texts)
        if len(strings) * len(said) > _SEARCH_BUDGET or any(string not in said for string in strings):
            found[member] = value
    return found or None
