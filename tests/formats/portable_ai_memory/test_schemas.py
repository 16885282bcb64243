"""Our schemas and the originals give one verdict; so does our validator, but where the dossier says it must not."""

from __future__ import annotations

import copy
import json
import math
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from satchel.formats.portable_ai_memory import FORMAT
from satchel.formats.portable_ai_memory.schemas import ROOTS, schema
from satchel.limits import DEFAULT
from tests.formats.portable_ai_memory.bag import SHARED, needs_shared

pytestmark = needs_shared

FILES = {
    "memory-store": "portable-ai-memory.schema.json",
    "conversation": "portable-ai-memory-conversation.schema.json",
    "embeddings": "portable-ai-memory-embeddings.schema.json",
}


def load(path: Path) -> Any:
    return json.loads(path.read_bytes())


if SHARED.is_dir():
    ORIGINALS = {name: load(SHARED / "upstream" / "schemas" / file) for name, file in FILES.items()}
    THEIRS = {name: Draft202012Validator(original) for name, original in ORIGINALS.items()}
    OURS = {name: Draft202012Validator(schema(name)) for name in FILES}
    EXAMPLES = {
        name: load(SHARED / "upstream" / "examples" / f"example-{name}.json")
        for name in ("memory-store", "conversation", "embeddings")
    }


def same(document: Any) -> bool:
    """One verdict under both, for each of the three; whether it is valid under one at least."""
    verdicts = {name: THEIRS[name].is_valid(document) for name in FILES}
    assert {name: OURS[name].is_valid(document) for name in FILES} == verdicts
    return any(verdicts.values())


def test_ours_are_schemas_and_complete() -> None:
    assert set(ROOTS) == set(FILES)
    for name in FILES:
        Draft202012Validator.check_schema(schema(name))
        assert "$ref" not in schema(name)
        assert not re.search(r'"\$ref": "(?!#/\$defs/)', json.dumps(schema(name)))


def texts(value: Any) -> list[str]:
    if type(value) is list:
        return [text for item in value for text in texts(item)]
    if type(value) is not dict:
        return []
    own = [value[name] for name in ("description", "title", "$comment") if type(value.get(name)) is str]
    return own + [text for item in value.values() for text in texts(item)]


def sentences(document: Any) -> set[str]:
    found = {part for text in texts(document) for part in re.split(r"(?<=[.:;!?])\s+", text.lower())}
    return {" ".join(re.findall(r"\w+", part)) for part in found} - {""}


def test_no_sentence_is_copied() -> None:
    for name in FILES:
        assert len(sentences(schema(name))) > 10
        assert sentences(schema(name)).isdisjoint(sentences(ORIGINALS[name]))


def test_every_member_is_described() -> None:
    for name in FILES:
        document = schema(name)
        objects = [document, *document["$defs"].values()]
        assert [part for part in objects if not part.get("description")] == []
        assert [each for part in objects for each in part["properties"].values() if not each.get("description")] == []


def matrix() -> list[Any]:
    if not SHARED.is_dir():
        return []
    return [json.loads(line) for line in (SHARED / "derived" / "validation-matrix.jsonl").read_text().splitlines()]


def test_the_matrix() -> None:
    verdicts = [(case["case"], same(case["document"]), case["json_schema"] != "REJECT") for case in matrix()]
    assert len(verdicts) == 194
    assert [case for case, ours, told in verdicts if ours != told] == []


SAMPLES = [*SHARED.glob("upstream/*/*.json"), *SHARED.glob("derived/**/*.json")] if SHARED.is_dir() else []


def test_every_sample() -> None:
    valid = 0
    for path in SAMPLES:
        try:
            document = load(path)
        except (ValueError, RecursionError):
            continue
        valid += same(document)
        for store in document if type(document) is list else ():
            valid += type(store) is dict and same(store.get("store", store))
    assert valid >= 40


# ---- generated documents: valid ones with something changed

ODD = st.sampled_from(
    [
        *(
            None,
            True,
            False,
            0,
            1,
            5.0,
            0.5,
            -1,
            1.5,
            2**60,
            "",
            "x",
            "a b",
            "A",
            "a",
            "custom",
            "fact",
            "none",
            "multipart",
            " ",
        ),
        *(
            "2026-01-01T00:00:00Z",
            "sha256:" + "0" * 64,
            "sha256:" + "A" * 64,
            "a/1.2.3",
            "a/1.2",
            "did:x:y",
            "did:x:",
            "1.1",
            "1",
        ),
        *(
            "en",
            "zh-Hant-TW",
            "es-419",
            "p" * 32,
            "p" * 33,
            "RFC8785",
            "incremental",
            "Ed25519",
            "system",
            "file",
            "uri",
            "read",
        ),
        *(
            [],
            {},
            ["a"],
            ["a", "a"],
            [1],
            [None],
            [""],
            ["read", "read"],
            [{}],
            {"a": 1},
            {"type": "file", "ref": "r"},
            [[1.5]],
        ),
        *({"id": "x"}, {"created_at": "2026-01-01T00:00:00Z"}, {"entity": "e", "permissions": ["read"]}, {"type": "text"}),
    ]
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    return [path] * bool(path) + [place for name, item in inner for place in places(item, (*path, name))]


#: Every member that any of the three has, and strangers: what may be added to an object.
NAMES = sorted({name for kind in FILES for name in re.findall(r'"(\w+)": \{', json.dumps(schema(kind)))} | {"from_", "x", ""})


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """An example with up to three members changed, taken away, doubled or added."""
    name = draw(st.sampled_from(sorted(FILES)))
    document = copy.deepcopy(EXAMPLES[name])
    for _ in range(draw(st.integers(0, 3))):
        options = places(document)
        if not options:
            break
        *path, last = draw(st.sampled_from(options))
        owner = document
        for step in path:
            owner = owner[step]
        match draw(st.sampled_from(["set", "set", "take", "add", "null"])):
            case "set":
                owner[last] = copy.deepcopy(draw(ODD))
            case "null":
                owner[last] = None
            case "take":
                del owner[last]
            case "add" if type(owner) is dict:
                owner[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(ODD))
            case _:
                owner.append(copy.deepcopy(draw(ODD)))
    return name, document


@settings(max_examples=400, deadline=None)
@given(mutated())
def test_generated_documents_get_one_verdict(case: tuple[str, Any]) -> None:
    same(case[1])


#: Codes that say more than a schema can: what is no date-time, and another major version.
BEYOND = {"schema-time", "version-major"}
STRUCTURE = ("schema-", "malformed", "not-recognised")


@settings(max_examples=300, deadline=None)
@given(mutated())
def test_our_validator_judges_the_structure_of_generated_documents_alike(case: tuple[str, Any]) -> None:
    name, document = case
    if document.get("schema") not in ("portable-ai-memory", "portable-ai-memory-conversation", "portable-ai-memory-embeddings"):
        # Whose schema is it to be judged by?
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document.json"
        path.write_text(json.dumps(document))
        found = list(FORMAT.validate(path, limits=DEFAULT))
    said = document.get("schema_version")
    newer = type(said) is str and re.fullmatch(r"1\.[1-9]\d*", said)
    # A newer minor version may know better: there it is a warning.
    codes = {f.code for f in found if f.severity == "error" or (newer and f.code.startswith("schema-"))} - BEYOND
    refused = any(code.startswith(STRUCTURE) for code in codes)
    assert refused != THEIRS[name].is_valid(document), (codes, [e.message for e in THEIRS[name].iter_errors(document)])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("export_date", None),
        ("integrity", None),
        ("relations", None),
        ("memories", [None]),
        ("schema_version", "1.0.0"),
        ("exported_by", "a/1.0.0-rc1"),
        ("owner", {"id": ""}),
        ("owner", {"id": "x", "name": "Ann"}),
        ("total", math.nan),
    ],
)
def test_what_both_refuse(name: str, value: Any) -> None:
    document = copy.deepcopy(EXAMPLES["memory-store"])
    document[name] = value
    assert not same(document)
