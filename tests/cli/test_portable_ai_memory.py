"""A Portable AI Memory package from the command line: in, found, shown, out, checked, in again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.formats.portable_ai_memory import signed
from tests.formats.portable_ai_memory.packages import Package, checksum, entry, memory, message, store, talk, uid


@pytest.fixture
def package() -> Package:
    said = talk("t", message("1", "Where is the ferry?"))
    vector = {"id": "e", "memory_id": "m", "model": "x", "dimensions": 1, "created_at": "2026-01-02T03:04:05Z", "vector": [1]}
    files = {
        "conversations/t.json": said,
        "attachments/map.png": b"\x89PNG",
        "embeddings.json": {"schema": "portable-ai-memory-embeddings", "schema_version": "1.0", "embeddings": [vector]},
    }
    value = memory("m", "Rides a bicycle", embedding_ref="e", provenance={"platform": "chatgpt", "conversation_ref": "t"})
    secret = memory("s", "Not for others", access={"exportable": False})
    return Package(store(value, secret, conversations_index=[entry(said, "m")]), files)


@pytest.mark.parametrize("form", ["folder", "zip", "file"])
def test_a_package_comes_in_is_found_and_leaves(form: str, package: Package, satchel: Run, tmp_path: Path) -> None:
    folder = package.folder(tmp_path / "in")
    path = {"folder": folder, "zip": package.zip(tmp_path / "in.zip"), "file": folder / "memory-store.json"}[form]
    assert satchel("validate", folder).code == 0
    first = satchel("import", path)
    assert first.code == 0
    found = satchel("search", "bicycle", "--json")
    assert [hit["record"]["uid"] for hit in json.loads(found.out)["hits"]] == [uid("memory", "m")]
    assert "Rides a bicycle" in satchel("show", uid("memory", "m")).out
    assert json.loads(satchel("show", uid("memory", "m"), "--raw").out) == package.store["memories"][0]
    if form != "file":
        assert "Where is the ferry?" in satchel("show", uid("conversation", "t"), "--markdown").out
    wrote = satchel("export", "--to", "portable-ai-memory", tmp_path / "out")
    assert wrote.code == 0
    assert "marked as not to be exported" in wrote.out
    checked = satchel("validate", tmp_path / "out", "--json")
    assert (checked.code, json.loads(checked.out)["valid"]) == (0, True)
    got = json.loads((tmp_path / "out" / "memory-store.json").read_bytes())
    assert got["memories"] == package.store["memories"][:1]
    assert got["integrity"]["checksum"] == checksum(got["memories"])
    again = json.loads(satchel("import", tmp_path / "out", "--json").out)["batch"]["summary"]["counts"]
    assert "new" not in again.get("memory", {}) and "new" not in again.get("conversation", {})


def test_a_zip_is_validated_as_the_folder_is(package: Package, satchel: Run, tmp_path: Path) -> None:
    package.store["memories"][0]["content"] += "!"
    told = [satchel("validate", path) for path in (package.folder(tmp_path / "in"), package.zip(tmp_path / "in.zip"))]
    assert told[0].code == told[1].code == 3
    assert told[0].out == told[1].out
    assert "X-11" in told[1].out


def test_a_refused_package_is_one_line(package: Package, satchel: Run, tmp_path: Path) -> None:
    package.store["integrity"]["total_memories"] = 7
    refused = satchel("import", package.folder(tmp_path / "in"))
    assert refused.code == 1
    assert "X-12" in refused.err and "satchel validate" in refused.err
    assert "Traceback" not in refused.err
    assert satchel("search", "bicycle").out.count("bicycle") == 0


def test_a_signature_that_does_not_hold_is_refused_and_the_flag_is_named(satchel: Run, tmp_path: Path) -> None:
    file = signed.write(tmp_path / "memory-store.json", signed.store())
    signed.sign(file)
    signed.write(file, json.loads(file.read_bytes()) | {"export_id": "other"})
    refused = satchel("import", file)
    assert refused.code != 0 and "--accept-invalid-signature" in refused.err
    assert satchel("import", file, "--accept-invalid-signature").code == 0


def test_an_export_and_what_came_since(satchel: Run, tmp_path: Path) -> None:
    satchel("import", Package(store(memory("a"), memory("b"))).folder(tmp_path / "1"))
    assert satchel("export", "--to", "portable-ai-memory", tmp_path / "base").code == 0
    later = {"created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-02-02T03:04:05Z"}
    newer = store(memory("b", status="retracted", temporal=later), memory("c"))
    taken = satchel("import", Package(newer).folder(tmp_path / "2"))
    assert "Changes of status: active to retracted 1" in taken.out
    wrote = satchel("export", "--to", "portable-ai-memory", "--since", tmp_path / "base", tmp_path / "since.zip", "--json")
    assert json.loads(wrote.out)["written"]["memories"] == 2
    assert satchel("validate", tmp_path / "since.zip").code == 0
    onto = satchel("export", "--to", "portable-ai-memory", "--since", tmp_path / "base", tmp_path / "base")
    assert (onto.code, "that --since names" in onto.err) == (2, True)
    number = json.loads(satchel("log", "--json").out)["batches"][-1]["id"]
    assert "active to retracted 1" in satchel("log", str(number)).out
    undone = store(memory("b", temporal={**later, "updated_at": "2026-03-02T03:04:05Z"}))
    told = satchel("import", Package(undone).folder(tmp_path / "3"), "--json")
    (finding,) = json.loads(told.out)["batch"]["summary"]["findings"]
    assert (finding["code"], finding["severity"]) == ("status-step", "warning")
