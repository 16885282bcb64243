"""Mutations that keep the shape of an input, so that the fuzzer reaches what lies behind the parsers.

Half of them are libFuzzer's own, of bytes: they break what these leave whole.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from satchel.formats.portable_memory.kinds import AUDIT, DERIVED, KINDS, TOMBSTONE
from tests.formats.portable_memory.made import plain, tombstone
from tests.fuzz.cases import SORTS, SWITCHES, Case, Section

#: libFuzzer's own mutation of bytes: data, most bytes → data.
Native = Callable[[bytes, int], bytes]

_PATHS = [
    *(f"items/{kind}.jsonl" for kind in KINDS), "items/vendorThing.jsonl", "items/Episode.jsonl", "items/tombstone.jsonl",
    "items/con.jsonl", "items/episode.txt", "items/a b.jsonl", "items/sub/fact.jsonl", "audit/tombstones.jsonl",
    "audit/log.jsonl", "audit/other.jsonl", "provenance/edges.jsonl", "embeddings/episode.bge-m3.vec", "manifest.json",
    "manifest.sig", "CHECKSUMS", "README.md", ".DS_Store", "items", "audit", "../elsewhere", "/etc/hostname",
    "items/../../elsewhere", "items//fact.jsonl", "items/./fact.jsonl", "~/x", "a:b", "", "a/b/c/d/e",
]  # fmt: skip
_VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2**53 + 1, 2**63, -(2**63) - 1, 10**30, 10**120, 0.0, -0.0, 1.0, 5e-05, 1e16, 1e20, 1e21,
    1.5e-07, 1e300, 5e-324, 0.1, "", " ", "a", "ep_1", "EP_1", "ep_1\u200b", "e\u0301", "\u2028", "\x00", "\x7f", "\ufffe",
    "\U0001f600", "x" * 130, "?", "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.5+02:00", "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "delete", "redact", "episode", "preference", "vendorThing",
    "HOT", "low", [], {}, [[]], [None], ["a"], ["ep_1", "ep_1"], {"": ""}, {"a": None}, {"id": "ep_1"}, {"uid": "00" * 20},
    [1.0], "satchel", {"uid": "0" * 39},
]  # fmt: skip
#: Ids that the rows of the seeds have.
_IDS = ["x", "a", "b", "r", "ep_1", "ep_2", "EP_1", "ent_1", "ent_2", "edge_1", "fact_1", "f1", "f2", "v1", "work", "theme"]
_RAW = [
    b"1e400", b"NaN", b"-Infinity", b'"\\ud800"', b"01", b"1.", b"\xff", b"\xef\xbb\xbf{}", b'{"id":1,"id":2}',
    b"[" * 40 + b"]" * 40, b'"\\u0061"', b"-0", b"1E2", b"9" * 120, b"{}", b"[]", b"", b"\r", b" ", b"null",
]  # fmt: skip
_NAMES = sorted(
    {field.name for kind in (*KINDS.values(), TOMBSTONE, AUDIT) for field in kind.fields} | DERIVED.keys() | {"satchel", "x"}
)
_MEMBERS = [
    "format", "generator", "conformanceLevel", "createdAt", "exportMode", "since", "schemaVersion", "embeddingModel",
    "embeddingDim", "embeddingsIncluded", "capabilities", "counts", "files", "specURL", "coverage", "scopes", "bundleDigest",
    "tombstoneDigest", "x",
]  # fmt: skip


def dictionary() -> list[bytes]:
    """Words for libFuzzer's own mutations: names of members, paths, values."""
    words = [f'"{name}":' for name in (*_NAMES, *_MEMBERS)] + [json.dumps(value) for value in _VALUES] + _PATHS
    return [word.encode() for word in words if word] + [raw for raw in _RAW if raw]


def mutate_bundle(data: bytes, most: int, seed: int, native: Native) -> bytes:
    """Another input of the target ``bundle``."""
    draw = random.Random(seed)
    if draw.random() < 0.25:
        return native(data, most)
    case = Case.parse(data)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        draw.choices([_change_line, _change_lines, _change_sections, _change_manifest, _switch], (10, 4, 2, 1, 1))[0](
            case, draw, native
        )
    return bytes(case)[:most]


def mutate_line(data: bytes, most: int, seed: int, native: Native) -> bytes:
    """Another input of the target ``line``."""
    draw = random.Random(seed)
    if draw.random() < 0.5:
        return native(data, most)
    return _other_line(data, draw, native, data)[:most]


def cross_bundles(data: bytes, other: bytes, most: int, seed: int) -> bytes:
    """Some sections of either input."""
    draw = random.Random(seed)
    case, more = Case.parse(data), Case.parse(other)
    sections = [section for section in (*case.sections, *more.sections) if draw.random() < 0.7]
    return bytes(Case(draw.choice((case, more)).switches, sections))[:most]


def _lined(case: Case) -> list[Section]:
    return [section for section in case.sections if section.sort == "==" and section.path.endswith(b".jsonl")]


def _change_line(case: Case, draw: random.Random, native: Native) -> None:
    sections = _lined(case)
    if not sections:
        _change_sections(case, draw, native)
        return
    section = draw.choice(sections)
    lines = section.data.split(b"\n")
    at = draw.randrange(len(lines))
    donor = draw.choice(draw.choice(sections).data.split(b"\n"))
    lines[at] = _other_line(lines[at], draw, native, donor).replace(b"\n", b" ")
    section.data = b"\n".join(lines)


def _other_line(line: bytes, draw: random.Random, native: Native, donor: bytes) -> bytes:
    value = _read(line)
    if type(value) is not dict or draw.random() < 0.1:
        return native(line, len(line) + 64) if line and draw.random() < 0.5 else draw.choice([*_RAW, _new_row(draw)])
    found = _read(donor)
    owner = draw.choice(_objects(value))
    names = list(owner)
    what = draw.random()
    if what < 0.35 and names:
        # Another value of the same type, so that the row can still be read.
        name = draw.choice(names)
        alike = [value for value in (*_VALUES, *_IDS) if type(value) is type(owner[name])]
        owner[name] = draw.choice(alike)
    elif what < 0.45 and names:
        owner[draw.choice(names)] = draw.choice(_VALUES)
    elif what < 0.65 and names and type(found) is dict and found:
        # The same word in two places is what references, tombstones and repeated keys are made of.
        owner[draw.choice(names)] = draw.choice(list(found.values()))
    elif what < 0.75 and names:
        del owner[draw.choice(names)]
    else:
        owner[draw.choice(_NAMES)] = draw.choice(_VALUES)
    data = _written(value)
    return data.replace(b'"id":', b'"id":"ep_1","id":', 1) if draw.random() < 0.02 else data


def _objects(value: Any) -> list[dict[str, Any]]:
    """The object and those that stand in its members."""
    return [value, *(member for member in value.values() if type(member) is dict)]


def _change_lines(case: Case, draw: random.Random, native: Native) -> None:
    sections = _lined(case)
    if not sections:
        _change_sections(case, draw, native)
        return
    section = draw.choice(sections)
    lines = section.data.split(b"\n")
    at = draw.randrange(len(lines))
    match draw.randrange(6):
        case 0:
            lines.append(lines[at])
        case 1:
            lines.pop(at)
        case 2:
            lines.sort()
        case 3:
            lines.insert(at, draw.choice([b"", b" ", b"\r", _new_row(draw)]))
        case 4:
            draw.choice(sections).data += b"\n" + lines[at]
        case _:
            draw.shuffle(lines)
    section.data = b"\n".join(lines)


def _change_sections(case: Case, draw: random.Random, native: Native) -> None:
    path = draw.choice(_PATHS).encode()
    what = draw.randrange(6)
    if what == 0 or not case.sections:
        case.sections.append(Section("==", path, _new_row(draw)))
    elif what == 1:
        case.sections.pop(draw.randrange(len(case.sections)))
    elif what == 2:
        draw.choice(case.sections).path = path
    elif what == 3:
        draw.choice(case.sections).sort = draw.choice(SORTS)
    elif what == 4:
        target = draw.choice([b"../elsewhere", b"/dev/zero", b"../../elsewhere", b".", b"items", b"fact.jsonl"])
        case.sections.append(Section("->", path, target))
    else:
        _bury(case, draw)
    del native


def _bury(case: Case, draw: random.Random) -> None:
    """Delete or redact something that the bundle holds, or does not."""
    targets = [(draw.choice([*KINDS, "vendorThing"]), draw.choice(_IDS))]
    for section in _lined(case):
        kind = section.path.rpartition(b"/")[2].removesuffix(b".jsonl").decode("utf-8", "replace")
        row = _read(draw.choice(section.data.split(b"\n")))
        key = [row.get(name) for name in KINDS[kind].key] if type(row) is dict and kind in KINDS else []
        if key and all(type(part) is str for part in key):
            targets.append((kind, key[0] if len(key) == 1 else _written(key).decode()))
    kind, target = draw.choice(targets)
    derived = {name: [draw.choice(_IDS)] for name in DERIVED if not name.endswith("Count") and draw.random() < 0.3}
    signed = draw.choice([{}, {"signature": "?"}])
    row = tombstone(target, kind, draw.choice(["delete", "redact"]), derived=derived, **signed)
    found = next((section for section in case.sections if section.path == b"audit/tombstones.jsonl"), None)
    if found is None:
        case.sections.append(Section("==", b"audit/tombstones.jsonl", _written(row)))
    else:
        found.data += b"\n" + _written(row)


def _change_manifest(case: Case, draw: random.Random, native: Native) -> None:
    section = next((found for found in case.sections if found.path == b"manifest.json"), None)
    if section is None:
        section = Section("==", b"manifest.json", b"{}")
        case.sections.append(section)
    changes = _read(section.data)
    if type(changes) is not dict:
        section.data = native(section.data, len(section.data) + 32)
        return
    files = [{"bytes": 0, "path": draw.choice(_PATHS), "sha256": "0" * 64}]
    more = [
        *_VALUES,
        files,
        {"episode": 1},
        {"from": "2026-01-02T03:04:05Z", "to": "x"},
        "L3",
        "incremental",
        "2.0.0",
        ["signed"],
    ]
    changes[draw.choice(_MEMBERS)] = draw.choice(more)
    section.data = _written(changes)


def _switch(case: Case, draw: random.Random, native: Native) -> None:
    letter = bytes([draw.choice(SWITCHES)])
    case.switches = case.switches.replace(letter, b"") if letter in case.switches else case.switches + letter
    del native


#: What changes a case, and how often.
_CHANGES = (_change_line, _change_lines, _change_sections, _change_manifest, _switch)
_WEIGHTS = (10, 4, 4, 1, 1)


def _new_row(draw: random.Random) -> bytes:
    kind = draw.choice(list(KINDS))
    return _written(plain(KINDS[kind], **draw.choice([{}, {"id": "ep_1"}, {"id": "a"}])))


def _read(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "replace")
