"""The text of a record: what people read of it, what search indexes, what two witnesses have in common.

``searchable`` must stay a pure function of the record: the index removes a document by giving the same text again. When its
result changes for any record, raise ``TEXT_VERSION``, and vaults rebuild their index.
"""

from __future__ import annotations

import re
import unicodedata
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
from satchel.model.record import Record

TEXT_VERSION = 1

# Scripts written without spaces between words, and symbols that people search for by themselves: each character becomes a
# word of its own, in the index and in the query alike (engineering.md 1f). Han and its extensions, kana, bopomofo, Hangul,
# Thai, Lao, Myanmar, Khmer; emoji and other pictographs, regional indicators.
_SOLITARY = re.compile(
    "(["
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3040-\u30ff\u3100-\u312f\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u25a0-\u27bf\u2900-\u297f\u2b00-\u2bff\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f3fa\U0001f400-\U0001faff\U00020000-\U000323af"
    "])[\U0001f3fb-\U0001f3ff]?"
)

# Lead bytes of UTF-8 sequences, and continuation bytes, that no solitary character begins with.
_NO_SOLITARY_LEAD = bytes(set(range(0xE0)) | {0xEE})
_PUNCTUATION = (b"\xe2\x80", b"\xe2\x81", b"\xe2\x82", b"\xe2\x84")


def spaced(text: str, data: bytes | None = None) -> str:
    """``text`` with a space round every character that is a word of its own; NUL becomes a space.

    ``data`` is its UTF-8, where the caller has it.
    """
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii() or not _may_hold_solitary(text.encode("utf-8", "surrogatepass") if data is None else data):
        return text
    # Splitting and joining run in C; a substitution would call back for every character. Skin tones go with the split;
    # joiners and variation selectors are no part of a word for the tokenizer: so 👩🏽‍💻 is found by 👩, ❤️ by ❤.
    return " ".join(_SOLITARY.split(text))


def _may_hold_solitary(data: bytes) -> bool:
    """Whether UTF-8 may hold a solitary character, by its lead bytes: most text beyond ASCII has only dashes, quotes and
    accents, and looking through it for the characters themselves costs as much as indexing half of it."""
    leads = data.translate(None, _NO_SOLITARY_LEAD)
    if not leads:
        return False
    # E2 begins both: general punctuation, currency and letter-like symbols are none.
    return leads.strip(b"\xe2") != b"" or len(leads) != sum(map(data.count, _PUNCTUATION))


def normalised(text: str) -> str:
    """Trimmed, lower-cased, NFC, each run of white space one space (Portable AI Memory 6.1, Appendix C)."""
    text = text.lower()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return " ".join(text.split())


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
    """Title and text of the record, as search sees them (before ``spaced``)."""
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
        text = body.name
    elif not isinstance(body, _STATING):
        return b""
    elif title:
        text = f"{title} {text}"
    said = unicodedata.normalize("NFC", text.lower())
    return "".join(said.split()).encode("utf-8", "surrogatepass")
