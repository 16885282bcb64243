"""``satchel schema``: names, one on standard output, all in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Run

NAMES = ["memory-store", "conversation", "embeddings", "ledger"]


def test_without_a_name_it_lists_them(satchel: Run) -> None:
    done = satchel("schema")
    assert (done.code, [line.split()[0] for line in done.out.splitlines()]) == (0, NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_prints_a_schema_of_the_draft(satchel: Run, name: str) -> None:
    done = satchel("schema", name)
    document = json.loads(done.out)
    assert done.code == 0
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(document)


def test_a_folder_gets_all_of_them_or_the_one_that_is_named(satchel: Run, tmp_path: Path) -> None:
    assert satchel("schema", "--out", tmp_path / "all").code == 0
    assert {path.name for path in (tmp_path / "all").iterdir()} == {f"{name}.schema.json" for name in NAMES}
    written = json.loads((tmp_path / "all" / "conversation.schema.json").read_bytes())
    assert written == json.loads(satchel("schema", "conversation").out)
    assert satchel("schema", "embeddings", "--out", tmp_path / "one").code == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == ["embeddings.schema.json"]


def test_what_cannot_be_is_said(satchel: Run, tmp_path: Path) -> None:
    unknown = satchel("schema", "nothing")
    assert unknown.code == 2
    assert "memory-store" in unknown.err
    (tmp_path / "file").write_text("")
    blocked = satchel("schema", "--out", tmp_path / "file")
    assert blocked.code == 1
    assert "Traceback" not in blocked.err
