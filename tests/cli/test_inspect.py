"""An agent's artifact on the command line: validated, signed, verified, looked into; and what is no artifact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.profiles import SDK, SPEC
from satchel.formats.portable_agent_memory.sealing import complete
from tests.cli.conftest import Run
from tests.formats.portable_agent_memory.made import OPERATOR, artifact, entries


@pytest.fixture
def path(tmp_path: Path) -> Path:
    values = entries(SDK)
    values["episodic"][0]["observation"] = 'Likes\x1b[31m red\n[tea] "and" <b>; `x`\u202e'
    first = artifact(SDK, values).entries("episodic")[0]["id"]
    values["semantic"][0]["parent_ids"] = [first]
    path = tmp_path / "agent.pam"
    path.write_bytes(wire.serialise(artifact(SDK, values)))
    return path


def test_the_report_and_the_tree(path: Path, satchel: Run) -> None:
    said = satchel("inspect", path)
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "profile    sdk-0.1, JSON"
    assert any(line.startswith("verdict    sound") for line in lines)
    assert any(line.startswith("seal       holds") for line in lines)
    tree = lines[lines.index("") + 1 :]
    assert len(tree) == 6 + 0
    assert tree[1].startswith("  ") and "semantic: Alice likes tea" in tree[1]
    assert "\x1b" not in said.out and "\u202e" not in said.out


def test_for_graphviz_and_for_mermaid(path: Path, satchel: Run) -> None:
    drawn = satchel("inspect", path, "--as", "dot").out
    assert drawn.startswith("digraph provenance {\n") and drawn.endswith("}\n")
    assert drawn.count(" -> ") == 1 and drawn.count("[label=") == 6
    drawn = satchel("inspect", path, "--as", "mermaid").out
    assert drawn.startswith("graph TD\n") and drawn.count(" --> ") == 1
    label = next(line for line in drawn.splitlines() if "Likes" in line)
    assert label.count('"') == 2 and "<" not in label and "`" not in label
    assert label.startswith('  n0["') and label.endswith('"]')


def test_what_is_not_drawn_is_told(path: Path, satchel: Run) -> None:
    assert "… and 4 more of 6 entries" in satchel("inspect", path, "--most", "2").out
    assert "// 4 more of 6 entries" in satchel("inspect", path, "--most", "2", "--as", "dot").out
    assert "%% 4 more of 6 entries" in satchel("inspect", path, "--most", "2", "--as", "mermaid").out
    graph = json.loads(satchel("inspect", path, "--most", "2", "--json").out)["graph"]
    assert (graph["entries"], graph["shown"], len(graph["nodes"])) == (6, 2, 2)


def test_edges_are_bounded_too(tmp_path: Path, satchel: Run) -> None:
    """60 entries, each derived from all before it and from 40 that are absent."""
    values = [{**entries(SDK)["semantic"][0], "subject": f"s{number}"} for number in range(60)]
    ids: list[str] = []
    away = [f"blake3:{number:064x}" for number in range(40)]
    for value in values:
        value["parent_ids"] = [*ids, *away]
        ids.append(complete(value, "semantic", SDK)["id"])
    path = tmp_path / "dense.pam"
    path.write_bytes(wire.serialise(artifact(SDK, {"semantic": values})))
    for way, sign, mark, edges in (("dot", " -> ", "//", 1770 + 60 * 40), ("mermaid", " --> ", "%%", 1770)):
        drawn = satchel("inspect", path, "--as", way, "--most", "60").out
        assert drawn.count(sign) == 8 * 60
        assert f"  {mark} {edges - 480:,} more edges between them are not drawn\n" in drawn


def test_for_machines(path: Path, satchel: Run) -> None:
    told = json.loads(satchel("inspect", path, "--json").out)
    report = told["report"]
    assert (told["verdict"], told["strict_verdict"]) == ("ok", "ok")
    assert (report["profile"], report["root_rule"], report["numbers"], report["sealed"]) == ("sdk-0.1", "R-ids", "py", True)
    assert report["unsigned"] == []
    assert [node["generation"] for node in told["graph"]["nodes"]] == [0, 0, 1, 0, 0, 0]
    envelope = json.loads(path.read_bytes())
    del envelope["metadata"]["pam_seal"]
    envelope["identity"][0]["persona"] = "Mallory"
    path.write_text(json.dumps(envelope))
    told = json.loads(satchel("inspect", path, "--json").out)
    assert told["verdict"] == "PAM_HASH_MISMATCH"
    assert "source_agent" in told["report"]["unsigned"]


def test_signed_and_verified_with_the_vaults_keys(path: Path, satchel: Run, tmp_path: Path) -> None:
    other = tmp_path / "theirs.pam"
    other.write_bytes(wire.serialise(artifact(SPEC), "cbor"))
    text = tmp_path / "note.txt"
    text.write_text("Remembers: tea\n")
    satchel("import", Path(__file__).parents[2] / "examples" / "chatgpt")
    assert satchel("keys", "create").code == 0
    assert satchel("verify", other).code == 3
    assert satchel("keys", "trust", OPERATOR.public.text, "--name", "operator").code == 0
    told = satchel("verify", other)
    assert (told.code, "Verified: signed by operator" in told.out) == (0, True)
    said = satchel("sign", other)
    assert (said.code, "another key" in said.out) == (0, True)
    assert "Verified: signed by main" in satchel("verify", other).out
    assert satchel("validate", other).code == 0
    broken = other.read_bytes().replace(b"Asked about tea", b"Asked about gin")
    other.write_bytes(broken)
    assert satchel("validate", other).code == 3
    report = json.loads(satchel("verify", other, "--json").out)
    assert (report["verified"], report["verdict"]) == (False, "invalid")
    assert "PAM_HASH_MISMATCH" in [step["code"] for step in report["steps"]]


def test_a_rotated_key_of_ones_own(path: Path, satchel: Run) -> None:
    satchel("import", Path(__file__).parents[2] / "examples" / "chatgpt")
    satchel("keys", "create")
    satchel("sign", path)
    old = json.loads(satchel("keys", "list", "--json").out)["signing"][0]["public"]
    satchel("keys", "rotate", "--yes")
    assert satchel("verify", path).code == 0
    satchel("keys", "distrust", old)
    assert satchel("verify", path).code == 3


def test_what_is_no_artifact(satchel: Run, tmp_path: Path) -> None:
    path = tmp_path / "x.pam"
    assert satchel("inspect", path).err == f"satchel: there is nothing at {path}\n"
    path.write_text("{}")
    assert satchel("inspect", path).code == 1
    path.write_text('{"schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "a"}, "memories": []}')
    said = satchel("inspect", path)
    assert (said.code, "Portable AI Memory, which has no provenance graph" in said.err) == (2, True)
    path.write_bytes(b"PAM\x07\xa0")
    assert "PAM_UNSUPPORTED_VERSION" in satchel("inspect", path).err
    path.write_text('{"pam_version": "1.0", "components": {"episodic": []}, "episodic": [{"id": "blake3:x"}]}')
    said = satchel("inspect", path)
    assert (said.code, "both components and arrays" in said.err, said.err.count("\n")) == (1, True, 1)
