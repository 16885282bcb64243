"""The shared vectors: canonical text, ids, roots, signatures and the graph (dossier 2, 3, 13.3)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.codec.canonical import check
from satchel.formats.portable_agent_memory import graphs, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.disclosure import disclose_descendants, disclose_with_ancestors
from satchel.formats.portable_agent_memory.hashing import digest, entry_id, root_hash, root_of_ids, roots, signed_text
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SDK, SPEC
from satchel.formats.portable_agent_memory.provenance import ancestors, descendants, graph_of, roots_of
from satchel.formats.portable_agent_memory.signatures import key_id, read_signature, spelled
from satchel.trust.public_keys import ed25519
from tests.formats.portable_agent_memory.made import OPERATOR


@pytest.fixture(scope="session")
def folder(shared: Path) -> Path:
    return shared / "conformance" / "portable-agent-memory"


def vectors(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def read(folder: Path, name: str) -> Artifact:
    return wire.parse((folder / name).read_bytes())


@pytest.mark.row("HSH-01", "ENT-01", "GEN-02", "CAN-01", "CAN-02", "CAN-03", "CAN-06", "CAN-07", "CAN-10")
def test_ids_of_the_sdks_entries(folder: Path) -> None:
    component = {f"{name.title()}Entry": name for name in COMPONENTS}
    found = vectors(folder, "sdk-profile/vectors.json")["entries"]
    assert len(found) > 10
    for vector in found:
        assert check(vector["canonical"].encode(), "pam-ascii")
        entry = json.loads(vector["canonical"])
        assert entry_id({**entry, "id": "another"}, component[vector["type"]], SDK) == vector["id"]


@pytest.mark.row("HSH-01", "CAN-06")
def test_ids_of_the_specifications_entries(folder: Path) -> None:
    found = vectors(folder, "spec-profile/vectors.json")["entries"]
    assert len(found) > 3
    for vector in found:
        assert check(vector["canonical"].encode(), "pam-utf8")
        assert entry_id(json.loads(vector["canonical"]), "episodic", SPEC) == vector["id"]


@pytest.mark.row("DAG-06", "GEN-07", "GEN-08")
def test_roots_and_signatures_of_the_sdk(folder: Path) -> None:
    found = vectors(folder, "sdk-profile/vectors.json")["roots"]
    assert len(found) == 3
    for vector in found:
        root = root_of_ids(json.loads(vector["payload"]))
        assert root == vector["root_hash"]
        if vector["signature"]:
            assert spelled(OPERATOR.sign(signed_text(root)), "hex") == vector["signature"]
            assert read_signature(vector["signature"]) == OPERATOR.sign(signed_text(root))


@pytest.mark.row("DAG-05")
def test_the_anchors(folder: Path) -> None:
    """Dossier 13.3 and 2.3."""
    assert root_of_ids([]) == "blake3:d53d18c23212ea7b6300594bb89bce60218f6eff2b9d628b8cc42d3e79bbd5ab"
    five = read(folder, "sdk-profile/five-components-signed.pam")
    assert root_hash(five) == "blake3:746ed30ea5f6f0ca855a72b435d2b8b3898efd00bd1e224f50a9df1fd7bcb33b"
    minimal = {(rule, numbers): root for rule, numbers, root in roots(read(folder, "spec-profile/minimal.pam.json"))}
    assert minimal["R-comp", "py"] == "blake3:4a87abee086e274f4b921f7a4c6ce583af0099873efb3edfbeb75d0ce6aa38cf"
    assert minimal["R-env", "py"] == "blake3:eb5db9a3b0b17dc7c10dc6159f7271f4e89f2aef6655e35f227b91455afca3b0"
    several = read(folder, "spec-profile/multi-component.pam.json")
    assert root_hash(several) == "blake3:79b6b84f04a44cad2d72cda7d26a502046ff362e97889ff872571de0517a4e00"
    in_ascii = "blake3:" + digest(several.envelope["components"], "pam-ascii")
    assert in_ascii.startswith("blake3:dc44b508")
    assert in_ascii not in [root for _, _, root in roots(several)]


def test_roots_of_the_specification(folder: Path) -> None:
    found = vectors(folder, "spec-profile/vectors.json")["roots"]
    for name, file in (("minimal", "minimal"), ("multi", "multi-component")):
        said = next(value for key, value in found.items() if key.startswith(name))
        artifact = read(folder, f"spec-profile/{file}.pam.json")
        for words, root in said.items():
            if words.startswith("components_canonical_utf8"):
                assert root_hash(artifact) == root
            elif words.startswith("components_canonical_ascii"):
                assert "blake3:" + digest(artifact.envelope["components"], "pam-ascii") == root
            elif words.startswith("envelope"):
                assert root in [each for _, _, each in roots(artifact)]
            elif words.startswith("sorted_ids"):
                assert root_of_ids([entry["id"] for _, entry in artifact.all_entries()]) == root


def test_a_keys_id() -> None:
    """Dossier 4: ``k:`` and the first 16 digits of BLAKE3 of the 32 bytes."""
    from blake3 import blake3

    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    assert key_id(ed25519(public)) == "k:" + blake3(public).hexdigest()[:16] == key_id(OPERATOR.public)


@pytest.mark.row("DAG-09")
def test_the_graph(folder: Path) -> None:
    said = vectors(folder, "sdk-profile/dag-vectors.json")
    artifact = read(folder, f"sdk-profile/{said['file']}")
    graph = graph_of(artifact)
    assert roots_of(graph) == said["roots"]
    assert set(said["ancestors"]) == set(graph.nodes)
    for own in graph.nodes:
        assert sorted(ancestors(graph, [own])) == said["ancestors"][own]
        assert sorted(descendants(graph, [own])) == said["descendants"][own]
        forward = [entry["id"] for entry in disclose_descendants(artifact, [own, "blake3:unknown"])]
        assert forward == said["sdk_selective_disclose_descendants"][own]
        part = disclose_with_ancestors(artifact, [own])
        assert sorted(entry["id"] for _, entry in part.all_entries()) == said["spec_selective_disclose_ancestors"][own]


def test_the_graph_as_graphviz(folder: Path) -> None:
    """What the SDK's ``to_dot`` gives; its order of edges is its own."""
    said = vectors(folder, "sdk-profile/dag-vectors.json")
    drawn = list(graphs.dot(graph_of(read(folder, f"sdk-profile/{said['file']}")), 1000))
    assert drawn[0] == said["dot"].split("\n")[0]
    assert sorted(drawn) == sorted(said["dot"].rstrip("\n").split("\n"))
