"""Files whose bytes stand inside a content block, as base64: kept as files, like those that came beside the export.

``image{source{type: base64, media_type, data}}`` and the like (providers.md 3.2, ``content[]``). A block that names no file id
is known by what it holds, so that the same picture in two conversations is one document.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
from collections.abc import Iterator
from typing import Any

from satchel.adapters.claude.wire import decoded_json, ident, origin, provenance, text_of, uid_of
from satchel.codec import json_values
from satchel.errors import Place, SatchelError
from satchel.limits import Limits
from satchel.model.bodies import Document
from satchel.model.findings import Finding
from satchel.model.ids import make_uid
from satchel.model.record import Asset, Item, Link, Record

_MARK = b"base64"


def inline_uid(source: Any) -> str:
    """The uid of the document that a block's ``source`` holds; "" when it holds none."""
    data = source.get("data") if type(source) is dict and source.get("type") == "base64" else None
    if type(data) is not str or not data:
        return ""
    return make_uid("claude", "inline", hashlib.sha256(data.encode("utf-8", "surrogatepass")).hexdigest())


def inline_assets(data: bytes, conversation: str, account: str, place: Place, limits: Limits) -> Iterator[Item]:
    """The files inside this conversation, each once, as documents that are part of it."""
    if _MARK not in data:
        return
    try:
        value = json_values.decode(json_values.repair_text(data), place=place, limits=limits)
    except SatchelError:
        # Told where the conversation itself is read.
        return
    seen: set[str] = set()
    broken = 0
    for block in _blocks(value, limits):
        source = block["source"]
        file_id = ident(block.get("file_uuid")) or ident(block.get("uuid"))
        uid = uid_of(account, "file", file_id) if file_id else inline_uid(source)
        if uid in seen:
            continue
        seen.add(uid)
        try:
            content = base64.b64decode(source["data"], validate=True)
        except (binascii.Error, ValueError):
            broken += 1
            continue
        name = text_of(block.get("title")) or text_of(block.get("file_name")) or text_of(block.get("name"))
        yield Asset(
            record=Record(
                uid=uid,
                body=Document(
                    name=name or text_of(block.get("type")) or "file",
                    media_type=text_of(source.get("media_type")) or text_of(block.get("media_type")),
                    size_bytes=len(content),
                ),
                origin=origin("file", file_id),
                links=(Link("part_of", conversation),) if file_id else (),
                provenance=provenance(account),
            ),
            place=place,
            size_bytes=len(content),
            open=lambda content=content: io.BytesIO(content),  # type: ignore[misc]
        )
    if broken:
        yield Finding(
            "bad-base64", "warning", "a file inside a message is no base64; its text is kept", place, "skipped", broken
        )


def _blocks(value: Any, limits: Limits) -> Iterator[dict[str, Any]]:
    """Every object with a base64 ``source``, in order; strings that are themselves JSON are opened once."""
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is dict:
            source = item.get("source")
            if type(source) is dict and inline_uid(source):
                yield item
            else:
                stack.extend(reversed(item.values()))
        elif type(item) is list:
            stack.extend(reversed(item))
        elif type(item) is str and "base64" in item:
            opened = decoded_json(item, limits)
            if opened is not None:
                stack.append(opened)
