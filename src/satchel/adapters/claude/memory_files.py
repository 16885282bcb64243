"""The files of Claude's memory since August 2026: front matter, bullets, links between files (providers.md 3.2, "memories").

Each bullet is a statement of its own: ``- [stated] fact``. Its tag says whether the person said it or Claude worked it out. The
file itself is kept whole as a document; a bullet's identity is its words, so that a changed bullet is another statement.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

import msgspec

from satchel.adapters.claude.wire import origin, provenance, text_of, uid_of
from satchel.adapters.notes import Notes
from satchel.model.bodies import Document, Memory, MemoryType
from satchel.model.ids import make_uid
from satchel.model.record import Link, Native, Record, Times
from satchel.model.text import normalised

_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t]*(?:\r?\n|\Z)", re.DOTALL | re.MULTILINE)
_MEMBER = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:[ \t]*(.*)", re.ASCII)
_BULLET = re.compile(r"[ \t]*[-*+\u2022][ \t]+(\S.*)")
_TAG = re.compile(r"\[([A-Za-z][A-Za-z _-]{2,30})\](?![\[(\]])[ \t]*")
_WIKILINK = re.compile(r"\[\[([^\[\]|#\n]{1,300})(?:[#|][^\[\]\n]{0,300})?\]\]")
_PROJECT = re.compile(r"/projects/([^/]+)/")
_TYPES: dict[str, MemoryType] = {
    "profile.md": "identity",
    "preferences.md": "preference",
    "areas": "context",
    "people": "relationship",
    "topics": "fact",
    "projects": "project",
}


class Front(msgspec.Struct, frozen=True):
    """What a file's front matter says."""

    name: str = ""
    description: str = ""
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    #: Where the text begins.
    end: int = 0


class Bullet(msgspec.Struct, frozen=True):
    """One statement: its words verbatim without marker and tags."""

    text: str
    tags: tuple[str, ...] = ()


def front_matter(content: str) -> Front:
    """The front matter read leniently: such YAML is often invalid, so each line stands for itself."""
    found = _FRONT.match(content)
    if found is None:
        return Front()
    members: dict[str, list[str]] = {}
    values: list[str] = []
    for line in found[1].splitlines():
        member = _MEMBER.match(line)
        if member:
            values = members.setdefault(member[1].lower(), [])
            values.extend(_values(member[2]))
        elif line.strip().startswith("- "):
            values.extend(_values(line.strip()[2:]))
    return Front(
        name=(members.get("name") or [""])[0],
        description=", ".join(members.get("description", ())),
        aliases=tuple(members.get("aliases", ())),
        sources=tuple(members.get("sources", ())),
        end=found.end(),
    )


def _values(text: str) -> list[str]:
    text = text.strip()
    items = text[1:-1].split(",") if text.startswith("[") and text.endswith("]") else [text]
    bare = [item.strip() for item in items]
    bare = [item[1:-1] if len(item) > 1 and item[0] == item[-1] and item[0] in "\"'" else item for item in bare]
    return [item for item in bare if item]


def bullets(body: str) -> list[Bullet]:
    """The statements of a file's text; indented lines belong to the bullet above them. A file of mere prose is one."""
    found: list[list[str]] = []
    is_open = False
    for line in body.split("\n"):
        bullet = _BULLET.match(line)
        if bullet:
            found.append([bullet[1].rstrip()])
            is_open = True
        elif is_open and line[:1] in (" ", "\t") and line.strip():
            found[-1].append(line.strip())
        else:
            is_open = False
    if not found:
        return [Bullet(body.strip())] if body.strip() else []
    return [_tagged("\n".join(lines)) for lines in found]


def _tagged(text: str) -> Bullet:
    tags: list[str] = []
    at = 0
    while (tag := _TAG.match(text, at)) and tag.end() < len(text):
        tags.append(tag[1].strip().lower())
        at = tag.end()
    return Bullet(text[at:], tuple(tags))


def read_memory_files(files: list[Any], account: str, notes: Notes) -> list[Record]:
    """One document for each file, one memory for each bullet in it."""
    documents: list[tuple[int, dict[str, Any], str, str, str, Front]] = []
    known: dict[str, str] = {}
    seen: dict[str, int] = {}
    for index, file in enumerate(files):
        if type(file) is not dict or type(file.get("content")) is not str:
            notes.add("malformed-memory", "a memory file has no text; it is left out", "warning", "skipped")
            continue
        path, content = text_of(file.get("path")), file["content"]
        count = seen[path] = seen.get(path, 0) + 1
        uid = make_uid("claude", account, "memory_file", path, *([str(count)] if count > 1 else []))
        front = front_matter(content)
        documents.append((index, file, uid, path, content, front))
        for name in _names(path, front):
            known.setdefault(name, uid)
    records: list[Record] = []
    for index, file, uid, path, content, front in documents:
        records.extend(_file_records(index, file, uid, path, content, front, account, known, notes))
    return records


def _names(path: str, front: Front) -> list[str]:
    """What a link may call the file: path, path without ending, last word of the path, name, aliases."""
    bare = path.strip("/").lower()
    stem = bare.removesuffix(".md")
    last = stem.rsplit("/", 1)[-1]
    if last in ("index", "overview") and "/" in stem:
        last = stem.rsplit("/", 2)[-2]
    names = [bare, stem, last, normalised(front.name), *(normalised(alias) for alias in front.aliases)]
    return [name for name in names if name]


def _linked(text: str, own: str, known: dict[str, str]) -> tuple[Link, ...]:
    targets: dict[str, None] = {}
    for found in _WIKILINK.finditer(text):
        name = normalised(found[1])
        bare = name.strip("/")
        uid = known.get(name) or known.get(bare) or known.get(bare.removesuffix(".md"))
        if uid and uid != own:
            targets[uid] = None
    return tuple(Link("related_to", uid) for uid in targets)


def _file_records(
    index: int,
    file: dict[str, Any],
    uid: str,
    path: str,
    content: str,
    front: Front,
    account: str,
    known: dict[str, str],
    notes: Notes,
) -> list[Record]:
    project = _PROJECT.search("/" + path.lstrip("/"))
    scope = uid_of(account, "project", project[1]) if project else ""
    by = provenance(account)
    times = Times(created=notes.time(file.get("created_at")), updated=notes.time(file.get("updated_at")))
    sources = tuple(dict.fromkeys(f"source:{source}" for source in front.sources))
    pointer = Native(pointer=f"/memory_files/{index}")
    records = [
        Record(
            uid=uid,
            body=Document(name=path or front.name, text=content, media_type="text/markdown"),
            origin=origin("memory_file", path),
            times=times,
            links=_linked(content, uid, known),
            provenance=by,
            tags=sources + tuple(dict.fromkeys(f"alias:{alias}" for alias in front.aliases)),
            scope=scope,
            native=pointer,
        )
    ]
    inferred = msgspec.structs.replace(by, method="llm_inference")
    stated = msgspec.structs.replace(by, method="explicit_user_input")
    kind = _TYPES.get(path.strip("/").split("/", 1)[0].lower(), "fact")
    seen: dict[str, int] = {}
    for bullet in bullets(content[front.end :]):
        digest = hashlib.sha256(normalised(bullet.text).encode()).hexdigest()
        count = seen[digest] = seen.get(digest, 0) + 1
        records.append(
            Record(
                uid=make_uid("claude", account, "memory", path, digest, *([str(count)] if count > 1 else [])),
                body=Memory(text=bullet.text, type=kind, title=front.name),
                origin=origin("memory", path),
                times=times,
                links=(Link("part_of", uid), *_linked(bullet.text, uid, known)),
                provenance=stated if "stated" in bullet.tags else inferred,
                tags=tuple(dict.fromkeys((*bullet.tags, *sources))),
                scope=scope,
                native=pointer,
            )
        )
    return records
