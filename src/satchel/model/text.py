"""The text of a record: what people read of it, what search indexes, what two witnesses have in common.

``searchable`` must stay a pure function of the record: the index removes a document by giving the same text again. When its
result changes for any record, raise ``TEXT_VERSION``, and vaults rebuild their index.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from satchel.model.bodies import (
    Chunk,
    Conversation,
    Document,
    Entity,
    Foreign,
    Instruction,
    Memory,
    Message,
    Part,
    Procedure,
    Profile,
    Relation,
    Scope,
    SecretRef,
    Setting,
    Skill,
    Task,
    ToolServer,
)
from satchel.model.normal_forms import nfc
from satchel.model.record import Record

TEXT_VERSION = 1
_ASCII = bytes(range(0x80))
#: All white space in ASCII but the space: what bytes know as such, and what only text does.
_BREAKS = b"\t\n\v\f\r"
_ODD_SPACES = b"\x1c\x1d\x1e\x1f"


def normalised(text: str) -> str:
    """Trimmed, lower-cased, NFC, each run of white space one space (Portable AI Memory 6.1, Appendix C)."""
    text = text.lower()
    if not text.isascii():
        text = nfc(text)
    # Of all white space only the space can be printed: where all can, what is left to look for is a second space.
    if text.isprintable() and "  " not in text:
        return text.strip(" ")
    return " ".join(text.split())


def all_normalised(texts: list[str]) -> list[bytes]:
    """``normalised`` of each, as UTF-8.

    What takes longest is asked of all at once: which characters there are past ASCII, and whether there is white space but
    single spaces. Where all those characters stay, only ASCII is left to change, and that bytes can do, in a third of the time.
    """
    encoded = [text.encode() for text in texts]
    joined = b"".join(encoded)
    if any(space in joined for space in _ODD_SPACES) or not _staying().fullmatch(joined.translate(None, _ASCII).decode()):
        return [normalised(text).encode() for text in texts]
    lower = [data.lower() for data in encoded]
    if b"  " in joined or any(space in joined for space in _BREAKS):
        return [b" ".join(data.split()) for data in lower]
    return [data.strip(b" ") for data in lower]


@functools.cache
def _staying() -> re.Pattern[str]:
    """Characters past ASCII that stay as they are whatever stands beside them when text is lower-cased and put in NFC, and that
    are no white space: the most usual of those without case, and small letters."""
    # Of Latin, Greek and Cyrillic.
    small = "".join(filter(str.islower, map(chr, (*range(0xDF, 0x180), *range(0x3AC, 0x460)))))
    return re.compile(
        f"[{small}\xa1-\xbf\xd7\u05d0-\u05ea\u0621-\u064a\u200d\u2010-\u2027\u2030-\u205e\u20a0-\u20bf\u2190-\u2328\u232b-\u24b5"
        "\u24d0-\u27ff\u3001-\u3029\u3030-\u3096\u309b-\u30ff\u3400-\u9fff\uac00-\ud7a3\ufe0e\ufe0f\uff01-\uff20\uff3b-\uff9d"
        "\U0001f300-\U0001faff\U00020000-\U0002ebe0]*+"
    )


def leaves(value: Any) -> list[str]:
    """The strings inside a JSON value, in order, member names left out. Iterative: depth is bounded by the parser alone."""
    found: list[str] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) is str:
            found.append(item)
        elif type(item) is dict:
            stack.extend(reversed(item.values()))
        elif type(item) is list:
            stack.extend(reversed(item))
    return found


def part_text(part: Part) -> str:
    """All text of one part: its own, its tool data's strings, its name where it is a file."""
    if part.data is None:
        if not part.asset and not part.ref:
            return part.text
        return f"{part.name}\n{part.text}" if part.name else part.text
    strings = leaves(part.data)
    if part.text:
        strings.insert(0, part.text)
    return "\n".join(strings)


def searchable(record: Record) -> tuple[str, str]:
    """Title and text of the record, as search sees them (before ``spacing.spaced``)."""
    body = record.body
    match body:
        case Message():
            parts = body.parts
            if len(parts) == 1:
                return "", part_text(parts[0])
            return "", "\n".join([part_text(part) for part in parts])
        case Memory() | Instruction() | Profile():
            return body.title, body.text
        case Conversation():
            return body.title, body.summary
        case Document() | Entity() | Scope():
            return body.name, body.text
        case Skill():
            return body.name, f"{body.description}\n{body.text}"
        case Procedure():
            return body.name, "\n".join((body.trigger, *body.steps, body.text))
        case Task() | Foreign():
            return body.title, body.text
        case Chunk() | Relation():
            return "", body.text
        case Setting():
            return body.name, "\n".join(leaves(body.value))
        case ToolServer():
            return body.name, body.address
        case SecretRef():
            return body.label, ""


#: Kinds whose text is a statement that others may make in the same words.
_STATING = (Memory, Instruction, Profile, Procedure, Skill)
_COPIES = (Message, Document, Chunk)


def statement(record: Record, title: str, text: str) -> bytes:
    """What two witnesses of one statement have in common, as UTF-8; nothing when there is nothing to compare.

    The text without case, in NFC, without white space (so that a line break or a double space tells no two apart); a message or
    a document, which is a copy and no paraphrase, letter for letter. ``title`` and ``text`` are what ``searchable`` gives.
    """
    body = record.body
    if isinstance(body, _COPIES):
        return text.encode("utf-8", "surrogatepass")
    if isinstance(body, Entity):
        return same_words("", body.name)
    return same_words(title, text) if isinstance(body, _STATING) else b""


def same_words(title: str, text: str) -> bytes:
    """What statements in the same words have in common, whatever their case, form and white space; as UTF-8."""
    said = (f"{title} {text}" if title else text).lower()
    if not said.isascii():
        said = nfc(said)
    return "".join(said.split()).encode("utf-8", "surrogatepass")
