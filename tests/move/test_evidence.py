"""Evidence Packs: complete, valid for us and the public SDK, without content (portable-memory.md 6.3, L3-2, M3)."""

from __future__ import annotations

from pathlib import Path

import msgspec
import portable_memory
import pytest

from satchel.errors import OutputError
from satchel.formats.portable_memory.kinds import KINDS
from satchel.formats.portable_memory.validation import validate
from satchel.move.evidence import evidence
from satchel.move.imports import import_paths
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.formats.portable_memory.made import episode, files, plain, tombstone, write

WORD = "zucchinifest"


@pytest.fixture
def filled(store: SqliteStore, tmp_path: Path) -> SqliteStore:
    edge = plain(KINDS["edge"], id="e1", evidenceEpisodeIDs=["ep_2"], srcEntityID="ent_1", dstEntityID="ent_2")
    ends = [plain(KINDS["entity"], id=id, canonicalName=WORD) for id in ("ent_1", "ent_2")]
    rows = {"episode": [episode("ep_1", WORD), episode("ep_2", WORD + " again")], "entity": ends, "edge": [edge]}
    import_paths(store, [write(tmp_path / "rows.mem", rows)])
    import_paths(store, [write(tmp_path / "marks.mem", {"tombstone": [tombstone("ep_1", reason="a|b <script>")]})])
    import_paths(store, [ROOT / "examples" / "claude"])
    return store


def test_a_pack_holds_all_of_it_and_no_content(filled: SqliteStore, tmp_path: Path) -> None:
    filled.create_signing_key("main")
    pack = tmp_path / "pack.mem"
    written = evidence(filled, pack, signing_key=filled.signing_key("main"))
    entries = list(filled.audit())
    assert written.counts == {"tombstone": 1, "audit": len(entries), "provenanceEdge": 1}
    data = b"".join(files(pack).values()) + (tmp_path / "pack.mem.md").read_bytes()
    assert WORD.encode() not in data
    for message in filled.records("message"):
        for part in message.body.parts:  # type: ignore[union-attr]
            assert len(part.text) < 12 or part.text.encode() not in data
    rows = [msgspec.json.decode(line) for line in (pack / "audit/log.jsonl").read_bytes().split(b"\n")[:-1]]
    assert {row["satchel"]["hash"] for row in rows} == {entry.hash for entry in entries}
    trusted = frozenset(key.public for key in filled.signing_keys())
    told = [finding for finding in validate(pack, trusted=trusted) if finding.severity == "error"]
    # The tombstone came unsigned, and says so.
    assert told == []
    assert portable_memory.BundleValidator().validate(pack).issues == []


def test_the_page_tells_the_same(filled: SqliteStore, tmp_path: Path) -> None:
    evidence(filled, tmp_path / "pack.mem")
    page = (tmp_path / "pack.mem.md").read_text()
    assert "| tombstones | 1 |" in page and "ep\\_1" in page and "| signed by | nobody |" in page
    assert list(filled.audit())[-1].hash in page


def test_the_same_vault_gives_the_same_pack_in_its_place(filled: SqliteStore, tmp_path: Path) -> None:
    evidence(filled, tmp_path / "pack.mem")
    before = files(tmp_path)
    evidence(filled, tmp_path / "pack.mem")
    assert files(tmp_path) == before


def test_an_empty_vault_and_what_is_in_the_way(store: SqliteStore, tmp_path: Path) -> None:
    assert evidence(store, tmp_path / "pack.mem").counts["audit"] == 1
    (tmp_path / "other.mem.md").write_text("mine")
    with pytest.raises(OutputError, match="in the way"):
        evidence(store, tmp_path / "other.mem")
    assert (tmp_path / "other.mem.md").read_text() == "mine" and not (tmp_path / "other.mem").exists()
