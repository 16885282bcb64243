"""Corpora of attacks and of harmless text, as they are published: JSON, JSONL, CSV or plain lines. None comes with Satchel.

Published sets have no common form, so a text is looked for under the names that they use, and a family likewise; ``text`` and
``family`` name others. An object whose members are lists of texts (BIPIA) has its families as names. Files and folders are
read; of a folder the files whose names end as one of ``ENDS``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from satchel.codec import json_values
from satchel.errors import InputError, LimitExceeded, MalformedInput, Place
from satchel.limits import DEFAULT, Limits

ENDS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt")
#: Under what published sets have the text, the likeliest first.
TEXTS = (
    "text",
    "attack",
    "prompt",
    "user_input",
    "injection",
    "injected_instruction",
    "payload",
    "jailbreak",
    "content",
    "input",
    "instruction",
    "goal",
    "goal_text",
    "question",
    "message",
    "query",
    "observation",
    "value",
)
FAMILIES = (
    "family",
    "injection_variant",
    "attack_type",
    "attack_family",
    "category",
    "injection_type",
    "type",
    "group",
    "source",
    "label",
    "risk_category",
    "name",
)


class Sample(msgspec.Struct, frozen=True):
    """A text and its family, "" where the corpus names none."""

    text: str
    family: str = ""


class Corpus(msgspec.Struct, frozen=True):
    """A corpus that was read: by its file's name; ``skipped`` elements held no text."""

    name: str
    samples: tuple[Sample, ...]
    skipped: int = 0


def read(path: Path, *, text: str = "", family: str = "", limits: Limits = DEFAULT) -> list[Corpus]:
    """The corpora at a path, one for each file.

    Args:
        text, family: names of the members or columns; guessed where they are "".

    Raises:
        InputError: there is nothing to read, or no text in it.
        MalformedInput: a file is not what its name says.
        LimitExceeded: one is larger than ``limits.document_bytes``.
    """
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.suffix.lower() in ENDS and each.is_file())
        if not files:
            raise InputError(f"there is no corpus in {path}", hint="files that end in " + ", ".join(ENDS))
    else:
        files = [path]
    found = [_read(file, path, text, family, limits) for file in files]
    return [corpus for corpus in found if corpus.samples] or found[:1]


def _read(file: Path, root: Path, text: str, family: str, limits: Limits) -> Corpus:
    name = file.name if file == root else str(file.relative_to(root))
    try:
        with file.open("rb") as stream:
            data = stream.read(limits.document_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot read {file}: {error.strerror}") from None
    if len(data) > limits.document_bytes:
        raise LimitExceeded(
            f"{name} is larger than {limits.document_bytes:,} bytes", hint="--limit document_bytes=256m raises it"
        )
    end = file.suffix.lower()
    if end == ".json":
        values: Iterable[Any] = [_json(data, Place(file=name), limits)]
    elif end in (".jsonl", ".ndjson"):
        lines = enumerate(data.split(b"\n"))
        values = [_json(line, Place(file=name, element=number), limits) for number, line in lines if line.strip()]
    elif end in (".csv", ".tsv"):
        values = _rows(data, name, "\t" if end == ".tsv" else ",")
    else:
        values = [line for line in _decoded(data, name).splitlines() if line.strip()]
    samples: list[Sample] = []
    skipped = 0
    for sample in _samples(values, text, family, ""):
        if sample is None:
            skipped += 1
        else:
            samples.append(sample)
    if not samples and (text or file == root):
        what = f"no member or column {text!r}" if text else "no text under any name that is known"
        raise InputError(f"{name} holds {what}", hint="--text-field NAME says where it is")
    return Corpus(name, tuple(samples), skipped)


def _json(data: bytes, place: Place, limits: Limits) -> Any:
    return json_values.decode(data, place=place, limits=limits)


def _decoded(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedInput(f"{name} is no text in UTF-8") from None


def _rows(data: bytes, name: str, delimiter: str) -> list[dict[str, str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(data) + 1))
    try:
        found = list(csv.DictReader(_decoded(data, name).splitlines(keepends=True), delimiter=delimiter))
    except csv.Error as error:
        raise MalformedInput(f"{name} is no table: {error}") from None
    return [{key: value for key, value in row.items() if isinstance(key, str) and isinstance(value, str)} for row in found]


def _samples(values: Iterable[Any], text: str, family: str, under: str) -> Iterator[Sample | None]:
    """Every text in the values; None for an element without one. ``under``: the family that the place names."""
    stack = [(value, under) for value in reversed(list(values))]
    while stack:
        value, place = stack.pop()
        if isinstance(value, str):
            if value.strip():
                yield Sample(value, place)
        elif isinstance(value, list):
            stack.extend((each, place) for each in reversed(value))
        elif isinstance(value, dict):
            said = _member(value, (text,) if text else TEXTS)
            if said:
                yield Sample(said, _member(value, (family,) if family else FAMILIES)[:80] or place)
                continue
            inner = [(each, str(name)[:80]) for name, each in value.items() if isinstance(each, list | dict)]
            if not inner:
                yield None
            stack.extend(reversed(inner))


def _member(value: dict[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        found = value.get(name)
        if isinstance(found, str) and found.strip():
            return found
        if isinstance(found, list) and found and all(isinstance(each, str) for each in found):
            return "\n".join(found)
    return ""
