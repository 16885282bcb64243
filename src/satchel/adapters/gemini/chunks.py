"""A chunk of AI Studio's, a content of its API: text, thoughts, programs and what came of them, files (providers.md 3.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from satchel.adapters.gemini.wire import PLATFORM, dicts, ident, items_of, origin, provenance, text_of, uid_of
from satchel.adapters.notes import Notes
from satchel.errors import Place
from satchel.model.bodies import Citation, Document, Part
from satchel.model.findings import Finding
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Item, Link, Record

_DRIVE: dict[str, Any] = {"driveDocument": "file", "driveImage": "image", "driveAudio": "audio", "driveVideo": "video"}
_INLINE = ("inlineFile", "inlineImage", "inlineAudio", "inlineVideo", "inlineData")
_REDIRECTS = frozenset({"www.google.com", "google.com"})
#: Of what a chunk must have one, to be a chunk.
CONTENT = frozenset(
    {"text", "parts", "executableCode", "codeExecutionResult", "functionCall", "functionResponse", "fileData", "youtubeVideo",
     "errorMessage", *_DRIVE, *_INLINE}
)  # fmt: skip


def is_chunk(value: Any) -> bool:
    """Whether an object has the form of a chunk."""
    return type(value) is dict and value.get("role") in ("user", "model") and bool(value.keys() & CONTENT)


def chunk_parts(chunk: dict[str, Any], account: str, notes: Notes) -> list[Part]:
    """The parts of a chunk. ``parts`` are the pieces of ``text`` as the model gave them; they count where they say more."""
    is_thought = chunk.get("isThought") is True or chunk.get("thought") is True
    text = text_of(chunk.get("text"))
    parts = _pieces(chunk, is_thought, account)
    said = "".join(part.text for part in parts if part.type in ("text", "reasoning"))
    if text and "".join(said.split()) not in "".join(text.split()):
        notes.add("two-texts", "a chunk's text and its parts differ; both are kept")
    elif text:
        parts = [part for part in parts if part.type not in ("text", "reasoning")]
    if text:
        parts.insert(0, Part(type="reasoning" if is_thought else "text", text=text, citations=_citations(chunk)))
    elif parts and parts[0].type == "text":
        parts[0] = msgspec.structs.replace(parts[0], citations=_citations(chunk))
    parts.extend(_others(chunk, account))
    return parts


def _pieces(chunk: dict[str, Any], is_thought: bool, account: str) -> list[Part]:
    found: list[Part] = []
    for piece in items_of(chunk.get("parts")):
        if type(piece) is str and piece:
            found.append(Part(type="reasoning" if is_thought else "text", text=piece))
        elif type(piece) is dict:
            text = text_of(piece.get("text"))
            if text:
                is_own = is_thought or piece.get("thought") is True
                if found and found[-1].type == ("reasoning" if is_own else "text"):
                    found[-1] = msgspec.structs.replace(found[-1], text=found[-1].text + text)
                else:
                    found.append(Part(type="reasoning" if is_own else "text", text=text))
            found.extend(_others(piece, account))
    return found


def _others(value: dict[str, Any], account: str) -> list[Part]:
    """What a chunk or a part holds besides text."""
    found: list[Part] = []
    for member in value:
        item = value[member]
        if member == "executableCode" and type(item) in (dict, str):
            code = item if type(item) is str else text_of(item.get("code"))
            language = "" if type(item) is str else text_of(item.get("language"))
            name = "" if type(item) is str else ident(item.get("id"))
            found.append(Part(type="code", text=code, call=name, language=_language(language)))
        elif member == "codeExecutionResult" and type(item) in (dict, str):
            output = item if type(item) is str else text_of(item.get("output"))
            outcome = "" if type(item) is str else text_of(item.get("outcome"))
            call = "" if type(item) is str else ident(item.get("id"))
            found.append(
                Part(
                    type="tool_result",
                    text=output,
                    name="code_execution",
                    call=call,
                    is_error=bool(outcome) and not outcome.upper().endswith("OK"),
                )
            )
        elif member == "functionCall" and type(item) is dict:
            found.append(
                Part(type="tool_call", name=text_of(item.get("name")), call=ident(item.get("id")), data=item.get("args"))
            )
        elif member == "functionResponse" and type(item) is dict:
            found.append(
                Part(type="tool_result", name=text_of(item.get("name")), call=ident(item.get("id")), data=item.get("response"))
            )
        elif member in _DRIVE:
            found.extend(_drive(file, _DRIVE[member], account) for file in items_of(item) if type(file) in (dict, str))
        elif member in _INLINE and type(item) is dict:
            found.append(_inline(item))
        elif member == "fileData" and type(item) is dict:
            media = text_of(item.get("mimeType"))
            found.append(Part(type=_kind(media), media_type=media, url=text_of(item.get("fileUri"))))
        elif member == "youtubeVideo" and type(item) is dict:
            video = ident(item.get("id"))
            found.append(Part(type="video", ref=video, url=f"https://www.youtube.com/watch?v={video}" if video else ""))
        elif member == "errorMessage" and type(item) is str and item:
            found.append(Part(type="error", text=item, is_error=True))
    return [part for part in found if part != Part(type=part.type)]


def _drive(file: Any, kind: Any, account: str) -> Part:
    file_id = file if type(file) is str else ident(file.get("id"))
    members = file if type(file) is dict else {}
    name = text_of(members.get("name")) or text_of(members.get("title"))
    return Part(
        type=kind,
        name=name,
        ref=file_id,
        media_type=text_of(members.get("mimeType")),
        asset=uid_of(account, "file", file_id) if file_id else "",
    )


def _inline(item: dict[str, Any]) -> Part:
    media = text_of(item.get("mimeType"))
    return Part(
        type=_kind(media),
        name=text_of(item.get("name")) or text_of(item.get("displayName")),
        media_type=media,
        asset=inline_uid(item),
    )


def inline_uid(item: dict[str, Any]) -> str:
    """The uid of the document that base64 ``data`` is; "" where there is none. The same bytes are one document."""
    data = item.get("data")
    if type(data) is not str or not data:
        return ""
    return make_uid(PLATFORM, "inline", hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest())


def inline_assets(chunks: list[Any], conversation: str, account: str, place: Place) -> Iterator[Item]:
    """The files whose bytes stand inside chunks, each once, as documents that are part of the prompt."""
    seen: set[str] = set()
    broken = 0
    holders = [holder for chunk in dicts(chunks) for holder in (chunk, *dicts(chunk.get("parts")))]
    for holder in holders:
        for member in _INLINE:
            item = holder.get(member)
            if type(item) is not dict:
                continue
            uid = inline_uid(item)
            if not uid or uid in seen:
                continue
            seen.add(uid)
            try:
                # Some tools write the alphabet for addresses, and leave the padding out.
                text = item["data"].translate(_ALPHABET)
                content = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
            except (binascii.Error, ValueError):
                broken += 1
                continue
            media = text_of(item.get("mimeType"))
            yield Asset(
                record=Record(
                    uid=uid,
                    body=Document(
                        name=text_of(item.get("name")) or text_of(item.get("displayName")) or _kind(media),
                        media_type=media,
                        size_bytes=len(content),
                    ),
                    origin=origin("file"),
                    links=(Link("part_of", conversation),),
                    provenance=provenance(account),
                ),
                place=place,
                size_bytes=len(content),
                open=lambda content=content: io.BytesIO(content),  # type: ignore[misc]
            )
    if broken:
        yield Finding("bad-base64", "warning", "a file inside a chunk is no base64; its text is kept", place, "skipped", broken)


_ALPHABET = str.maketrans("-_", "+/", "\r\n")


def _kind(media_type: str) -> Any:
    head = media_type.partition("/")[0]
    return head if head in ("image", "audio", "video") else "file"


def _language(value: str) -> str:
    return "" if value.upper().endswith("UNSPECIFIED") else value.lower()


def _citations(chunk: dict[str, Any]) -> tuple[Citation, ...]:
    """The sources of an answer: ``citations``, and ``grounding``, where a source is named again at each place it supports."""
    found: dict[str, str] = {}
    grounding = chunk.get("grounding")
    members = grounding if type(grounding) is dict else {}
    for item in (
        *dicts(members.get("groundingSources")), *dicts(members.get("corroborationSegments")), *dicts(chunk.get("citations")),
    ):  # fmt: skip
        url = _unwrapped(text_of(item.get("uri")) or text_of(item.get("url")))
        title = text_of(item.get("title"))
        if url and not found.get(url):
            found[url] = title
    return tuple(Citation(title=title, url=url) for url, title in found.items())


def _unwrapped(url: str) -> str:
    """The address behind ``google.com/url?q=``."""
    try:
        parts = urlsplit(url)
        if parts.hostname in _REDIRECTS and parts.path == "/url":
            return (parse_qs(parts.query).get("q") or parse_qs(parts.query).get("url") or [url])[0]
    except ValueError:
        pass
    return url


def chunk_text(chunk: dict[str, Any]) -> str:
    """All that a chunk says, whether in ``text`` or in ``parts``."""
    text = text_of(chunk.get("text"))
    return text or "".join(piece if type(piece) is str else text_of(piece.get("text")) if type(piece) is dict else ""
                           for piece in items_of(chunk.get("parts")))  # fmt: skip


def drive_id(chunk: dict[str, Any]) -> str:
    """The id of the file in Drive that a chunk names, or ""."""
    for member in _DRIVE:
        for item in items_of(chunk.get(member)):
            file_id = item if type(item) is str else ident(item.get("id")) if type(item) is dict else ""
            if file_id:
                return file_id
    return ""
