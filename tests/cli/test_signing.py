"""Keys, signing and verifying from the command line: who vouches for a bundle, and what happens when nobody does."""

from __future__ import annotations

import json
import stat
from pathlib import Path

from satchel.trust.secrets import Secret
from satchel.trust.tokens import public_key
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.formats.portable_memory.made import TEST_KEY, TEST_PUBLIC, episode, files, tombstone, write

EXAMPLES = ROOT / "examples"


def public(satchel: Run, name: str = "main") -> str:
    return satchel("keys", "export", name).out.strip()


def test_an_export_is_signed_and_verified(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    bundle = tmp_path / "b.mem"
    unknown = satchel("export", "--to", "portable-memory", "--sign", "main", bundle)
    assert unknown.code == 1 and "satchel keys create" in unknown.err and not bundle.exists()
    made = satchel("keys", "create")
    assert public(satchel) in made.out
    assert satchel("export", "--to", "portable-memory", "--sign", "main", bundle).code == 0
    verified = satchel("verify", bundle)
    assert verified.code == 0 and f"signed by main ({public(satchel)})" in verified.out
    assert satchel("verify", "--key", TEST_PUBLIC, bundle).code == 3
    assert satchel("verify", "--key", public(satchel), bundle).code == 0
    said = json.loads(satchel("verify", "--json", bundle).out)
    expected = {"verified": True, "verdict": "verified", "key": public(satchel), "name": "main", "findings": []}
    assert expected.items() <= said.items()


def test_the_same_vault_gives_the_same_bundle(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    for name in ("one.mem", "two.mem"):
        assert satchel("export", "--to", "portable-memory", tmp_path / name).code == 0
    assert files(tmp_path / "one.mem") == files(tmp_path / "two.mem")
    assert satchel("validate", tmp_path / "one.mem").code == 0


def test_a_bundle_of_somebody_else(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    bundle = write(tmp_path / "theirs.mem", {"episode": [episode()]}, key=TEST_KEY)
    stranger = satchel("verify", bundle)
    assert stranger.code == 3 and "not trusted" in stranger.out
    assert satchel("keys", "trust", TEST_PUBLIC, "--name", "laptop").code == 0
    assert "signed by laptop" in satchel("verify", bundle).out
    listed = satchel("keys", "list").out
    assert TEST_PUBLIC in listed and "laptop" in listed and "trusted" in listed
    (bundle / "items/episode.jsonl").write_bytes((bundle / "items/episode.jsonl").read_bytes().replace(b"tea", b"rye"))
    assert satchel("verify", bundle).code == 3
    assert satchel("keys", "distrust", TEST_PUBLIC).code == 0
    assert satchel("keys", "distrust", TEST_PUBLIC).code == 1


def test_signing_what_is_there(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create")
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    before = (bundle / "manifest.json").read_bytes()
    assert satchel("verify", bundle).code == 3
    assert satchel("sign", bundle).code == 0
    assert (bundle / "manifest.json").read_bytes() == before
    assert satchel("verify", bundle).code == 0
    (bundle / "items/episode.jsonl").write_bytes(b"broken")
    refused = satchel("sign", bundle)
    assert refused.code == 1 and "not valid" in refused.err
    assert satchel("sign", EXAMPLES).code == 1


def test_rotation_keeps_what_was_signed_verifiable(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create", "work")
    before = public(satchel, "work")
    bundle = tmp_path / "b.mem"
    satchel("export", "--to", "portable-memory", "--sign", "work", bundle)
    rotated = json.loads(satchel("keys", "rotate", "work", "--yes", "--json").out)
    assert rotated["retired"]["public"] == before != rotated["new"]["public"] == public(satchel, "work")
    assert satchel("verify", bundle).code == 0
    assert satchel("keys", "distrust", before).code == 0
    assert satchel("verify", bundle).code == 3
    assert satchel("keys", "create", "work").code == 2
    assert satchel("keys", "rotate", "none", "--yes").code == 1


def test_the_private_half_leaves_only_into_a_file_of_its_own(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create")
    file = tmp_path / "key"
    result = satchel("keys", "export", "--private", file)
    seed = file.read_text().strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert public_key(Secret(bytes.fromhex(seed))) == result.out.strip()
    assert seed not in result.out + result.err
    assert satchel("keys", "export", "--private", file).code == 1
    for command in (("keys", "list"), ("keys", "list", "--json"), ("log", "--audit"), ("stats",)):
        assert seed not in satchel(*command).out


def test_wrong_keys_are_told_in_one_line(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    for words in (("keys", "trust", "abc"), ("verify", "--key", "xyz", tmp_path)):
        result = satchel(*words)
        assert result.code in (1, 2) and result.err.count("\n") == 1 and "Traceback" not in result.err


def test_numbers_as_the_text_asks(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    assert satchel("export", "--to", "portable-memory", "--profile", "spec", tmp_path / "b.mem").code == 0
    assert satchel("validate", tmp_path / "b.mem").code == 0
    assert satchel("export", "--to", "portable-memory", "--profile", "none", tmp_path / "c.mem").code == 2
    assert satchel("export", "--to", "portable-ai-memory", "--profile", "spec", tmp_path / "d").code == 2


def test_deletions_that_come_are_asked_about(satchel: Run, tmp_path: Path) -> None:
    rows = write(tmp_path / "rows.mem", {"episode": [episode("ep_1", "zucchinifest"), episode("ep_2")]})
    marks = write(tmp_path / "marks.mem", {"tombstone": [tombstone("ep_1")]})
    assert satchel("import", rows).code == 0
    told = satchel("import", "--dry-run", marks)
    assert told.code == 0 and "erased from the vault: 1 memory" in told.out
    refused = satchel("import", marks)
    assert refused.code == 2 and "1 tombstone would erase from the vault: 1 memory" in refused.err and "--yes" in refused.err
    assert "zucchinifest" in satchel("search", "zucchinifest").out
    assert "1 new tombstone kept for good" in satchel("import", "--yes", marks).out
    assert "zucchinifest" not in satchel("search", "zucchinifest").out
    again = satchel("import", rows)
    assert again.code == 0 and "a tombstone in the vault forbids it" in again.out
