"""A message's blocks, text, attachments and files as parts, in the order of the source (providers.md 3.2, ``content[]``).

No character of text is lost: a block of a type that nobody has described gives a part for each member that can hold text, and
what ``text`` says beyond the blocks becomes a part of its own. ``text`` mostly repeats the blocks, with placeholders where
tools were; that repetition is dropped.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from satchel.adapters.claude.inline import inline_uid
from satchel.adapters.claude.tools import text_leaves, tool_call, tool_results
from satchel.adapters.claude.wire import decoded_json, ident, text_of, uid_of, whole
from satchel.adapters.notes import Notes
from satchel.limits import Limits
from satchel.model.bodies import Citation, Part

_PLACEHOLDER = re.compile(r"(?:```[^\n`]*\n)?This block is not supported on your current device yet\.(?:\s*\n```)?")
# What stands between the blocks in ``text``: white space and placeholders.
_BETWEEN = re.compile(rf"(?:\s++|{_PLACEHOLDER.pattern})*+")
_FENCE = re.compile(r"^[ \t]*```[^\n`]*$", re.MULTILINE)
_IMAGE_NAMES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".bmp", ".heic", ".avif", ".tif", ".tiff")
#: Lines of ``text`` that no block has as a line are looked for inside the blocks until this many characters were compared.
_SEARCH_BUDGET = 20_000_000
_TEXT_IN = {"thinking": "thinking", "injected_prompt_block": "prompt"}
# Members of a block that carry no text of the talk, whatever its type.
_MARKS = frozenset({"type", "start_timestamp", "stop_timestamp", "flags", "citations", "uuid", "id", "index"})


class Content:
    """Reads the parts of one conversation's messages; ``calls`` remembers the tools' names by call id."""

    def __init__(self, account: str, notes: Notes, limits: Limits) -> None:
        self.account = account
        self.notes = notes
        self.limits = limits
        self.calls: dict[str, str] = {}
        #: Where in the message's parts a file of this id is: ``files`` and ``files_v2`` name the same ones.
        self._refs: dict[str, int] = {}
        #: The published artifacts (``frames-000.zip``) that the message's results name.
        self.published: dict[str, None] = {}

    def parts(self, content: Any, text: Any, attachments: Any, files: Any, files_v2: Any) -> list[Part]:
        """All parts of one message."""
        parts: list[Part] = []
        if self.published:
            self.published = {}
        if content:
            for block in self._blocks(content, text is not None):
                if type(block) is dict:
                    self.block(block, parts)
                elif type(block) is str:
                    if block:
                        parts.append(Part(type="text", text=block))
                elif block is not None:
                    self._malformed("block")
        if text:
            if type(text) is str:
                # The usual case, told at once: one block that says what ``text`` says.
                if not (len(parts) == 1 and parts[0].text == text):
                    rest = extra_text(text, parts)
                    if rest:
                        parts.append(Part(type="text", text=rest))
            else:
                parts.extend(Part(type="text", text=string) for string in text_leaves(text))
        if attachments:
            self._each(attachments, self._attachment, parts, "attachment")
        if files or files_v2:
            self._refs = {part.ref: at for at, part in enumerate(parts) if part.ref and part.type in ("file", "image")}
            for group in (files, files_v2):
                if group:
                    self._each(group, self._file, parts, "file")
        return parts

    def _blocks(self, content: Any, has_text: bool) -> list[Any]:
        """The blocks that ``content`` holds; beside a ``text`` member, "[]" is an empty array and nobody's words."""
        if type(content) is str:
            decoded = decoded_json(content, self.limits)
            blocks = [decoded] if type(decoded) is dict else decoded
            if blocks == [] and has_text:
                return []
            if blocks and all(type(block) is dict and "type" in block for block in blocks):
                return blocks
            return [content]
        if type(content) is dict:
            return [content]
        if type(content) is not list:
            self._malformed("content")
            return []
        return content

    def _malformed(self, what: str) -> None:
        self.notes.add(f"malformed-{what}", f"a {what} is of a type that no export has; it is left out", "warning", "skipped")

    def block(self, block: dict[str, Any], parts: list[Part]) -> None:
        """Append the parts of one content block."""
        kind = block.get("type")
        if kind == "text":
            text = block.get("text")
            citations = block.get("citations")
            marks = self._citations(citations) if citations else ()
            if type(text) is not str:
                self._unknown(block, kind, parts)
            elif text or marks:
                parts.append(Part(type="text", text=text, citations=marks))
        elif (
            type(kind) is str
            and kind in _TEXT_IN
            and not block.get(_TEXT_IN[kind])
            and (block.get("text") or block.get("content"))
        ):
            self._unknown(block, kind, parts)
        elif kind == "thinking":
            self._thinking(block, parts)
        elif kind == "tool_use":
            part = tool_call(block, self.limits)
            if part.call and part.name:
                self.calls[part.call] = part.name
            parts.append(part)
        elif kind == "tool_result":
            call = block.get("tool_use_id")
            name = self.calls.get(call, "") if type(call) is str else ""
            parts.extend(tool_results(block, name, self.account, self.limits))
            structured = block.get("structured_content")
            artifact = ident(structured.get("artifact_id")) if type(structured) is dict else ""
            if artifact:
                self.published[uid_of(self.account, "artifact", artifact)] = None
        elif kind == "injected_prompt_block":
            self._injected(block, parts)
        elif kind == "document" or kind == "image":
            self._resource(block, kind, parts)
        elif type(kind) is str and kind.endswith("tool_use"):
            parts.append(tool_call(block, self.limits))
        elif type(kind) is str and kind.endswith("tool_result"):
            parts.extend(tool_results(block, "", self.account, self.limits))
        else:
            self._unknown(block, text_of(kind), parts)

    def _thinking(self, block: dict[str, Any], parts: list[Part]) -> None:
        thought = block.get("thinking")
        if thought:
            parts.extend(Part(type="reasoning", text=string) for string in text_leaves(thought))
        if block.get("summaries"):
            parts.extend(Part(type="reasoning_summary", text=string) for string in text_leaves(block["summaries"]))

    def _injected(self, block: dict[str, Any], parts: list[Part]) -> None:
        prompt = block.get("prompt")
        name = text_of(block.get("injection_source"))
        parts.extend(Part(type="context", text=string, name=name) for string in text_leaves(prompt))

    def _resource(self, block: dict[str, Any], kind: str, parts: list[Part]) -> None:
        file_id = ident(block.get("file_uuid"))
        source = block.get("source")
        source = source if type(source) is dict else {}
        text = text_of(block.get("text")) or text_of(block.get("extracted_content"))
        if not text and source.get("type") == "text":
            text = text_of(source.get("data"))
        parts.append(
            Part(
                type="image" if kind == "image" else "file",
                name=text_of(block.get("title")) or text_of(block.get("file_name")),
                text=text,
                media_type=text_of(source.get("media_type")) or text_of(block.get("media_type")),
                url=text_of(source.get("url")),
                ref=file_id,
                asset=uid_of(self.account, "file", file_id) if file_id else inline_uid(source),
            )
        )

    def _unknown(self, block: dict[str, Any], kind: str, parts: list[Part]) -> None:
        """Every text of a block that nobody has described (``token_budget`` has none, ``summaries`` has its summaries)."""
        before = len(parts)
        rest = {name: value for name, value in block.items() if name not in _MARKS}
        text = rest.pop("text", None)
        marks = self._citations(block.get("citations"))
        for string in [text] if type(text) is str else text_leaves(text):
            if string:
                parts.append(Part(type="text", text=string, citations=marks))
                marks = ()
        self._thinking({"thinking": rest.pop("thinking", None), "summaries": rest.pop("summaries", None)}, parts)
        if rest.get("input"):
            parts.append(tool_call(block, self.limits))
            rest.pop("input")
            rest.pop("name", None)
        if rest.get("content") and text_leaves(rest["content"]):
            parts.extend(tool_results(block, "", self.account, self.limits))
            for name in ("content", "structured_content", "display_content", "meta", "message"):
                rest.pop(name, None)
        if text_leaves(rest):
            parts.append(Part(type="context", name=kind, data=rest))
        if len(parts) > before and kind != "summaries":
            self.notes.add("unknown-block", "a content block of an unknown type was read by its members", "info", "changed")

    def _citations(self, value: Any) -> tuple[Citation, ...]:
        found: list[Citation] = []
        for item in value if type(value) is list else ():
            if type(item) is not dict:
                continue
            details = item.get("details")
            details = details if type(details) is dict else {}
            citation = Citation(
                title=text_of(details.get("title")) or text_of(item.get("title")),
                url=text_of(details.get("url")) or text_of(item.get("url")),
                snippet=text_of(details.get("cited_text")) or text_of(item.get("cited_text")) or text_of(item.get("snippet")),
                start=whole(item.get("start_index")),
                end=whole(item.get("end_index")),
            )
            if citation != _NO_CITATION:
                found.append(citation)
        return tuple(found)

    def _each(self, value: Any, read: Any, parts: list[Part], what: str) -> None:
        for item in value if type(value) is list else [value]:
            if type(item) is dict:
                read(item, parts)
            elif type(item) is str:
                if item:
                    parts.append(Part(type="file", name=item))
            elif item is not None:
                self._malformed(what)

    def _attachment(self, item: dict[str, Any], parts: list[Part]) -> None:
        text = item.get("extracted_content")
        name = text_of(item.get("file_name")) or text_of(item.get("name"))
        file_id = ident(item.get("file_uuid")) or ident(item.get("id"))
        part = Part(
            type="file",
            name=name,
            text=text_of(text),
            size_bytes=whole(item.get("file_size")),
            media_type=text_of(item.get("file_type")),
            ref=file_id,
            data=text if type(text) is not str and text_leaves(text) else None,
            asset=uid_of(self.account, "file", file_id) if file_id else "",
        )
        if part != _NO_FILE:
            parts.append(part)

    def _file(self, item: dict[str, Any], parts: list[Part]) -> None:
        file_id = ident(item.get("file_uuid")) or ident(item.get("uuid"))
        name = text_of(item.get("file_name")) or text_of(item.get("name"))
        known = self._refs.get(file_id) if file_id else None
        if known is not None:
            if name and not parts[known].name:
                parts[known] = msgspec.structs.replace(parts[known], name=name)
            if name in ("", parts[known].name):
                return
        if file_id or name:
            if file_id:
                self._refs.setdefault(file_id, len(parts))
            is_image = item.get("file_kind") == "image" or name.lower().endswith(_IMAGE_NAMES)
            parts.append(
                Part(
                    type="image" if is_image else "file",
                    name=name,
                    ref=file_id,
                    media_type=text_of(item.get("file_type")) or text_of(item.get("mime_type")),
                    size_bytes=whole(item.get("file_size")) or whole(item.get("size_bytes")),
                    asset=uid_of(self.account, "file", file_id) if file_id else "",
                )
            )


_NO_CITATION = Citation()
_NO_FILE = Part(type="file")


def _compact(text: str) -> str:
    return "".join(text.split()).replace("```", "")


def _repeats(text: str, parts: list[Part]) -> bool:
    """Whether ``text`` is the text blocks in order and nothing else: the usual case, told without copying."""
    at = _BETWEEN.match(text).end()  # type: ignore[union-attr]
    for part in parts:
        if part.type == "text":
            said = part.text.strip()
            if not text.startswith(said, at):
                return False
            at = _BETWEEN.match(text, at + len(said)).end()  # type: ignore[union-attr]
    return at == len(text)


def extra_text(text: str, parts: list[Part]) -> str:
    """What ``text`` says that no part says; placeholders, fences and white space aside."""
    said = [part.text for part in parts if part.text]
    if not said:
        rest = _PLACEHOLDER.sub("", text).strip("\n") if parts and "This block" in text else text
        return rest if rest.strip() and not (parts and _compact(rest) == "") else ""
    if text in said or _repeats(text, parts):
        return ""
    rest = _PLACEHOLDER.sub("\n", text) if "This block" in text else text
    wanted = _compact(_FENCE.sub("", rest))
    if not wanted:
        return ""
    compact = "".join([_compact(_FENCE.sub("", part)) for part in said])
    if wanted in compact:
        return ""
    lines = {line.strip() for part in said for line in part.split("\n")}
    budget = _SEARCH_BUDGET
    extra: list[str] = []
    for line in rest.split("\n"):
        bare = line.strip()
        if not bare or bare in lines or bare.startswith("```"):
            continue
        if budget > 0:
            budget -= len(compact)
            if _compact(bare) in compact:
                continue
        extra.append(line)
    return "\n".join(extra)
