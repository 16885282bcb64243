"""Keys, signing and verifying from the command line: who vouches for a bundle, and what happens when nobody does."""

from __future__ import annotations

import json
import ssl
import stat
from pathlib import Path

import pytest

from satchel.trust.fetch import Network, fetch
from satchel.trust.public_keys import read_typed_key
from satchel.trust.secrets import Secret
from satchel.trust.tokens import public_key
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.formats.portable_ai_memory.signed import KEY, OWNER
from tests.formats.portable_ai_memory.signed import sign as sign_store
from tests.formats.portable_ai_memory.signed import store as memory_store
from tests.formats.portable_ai_memory.signed import write as write_json
from tests.formats.portable_memory.made import TEST_KEY, TEST_PUBLIC, episode, files, tombstone, write
from tests.trust.tls_host import Host, answer, certificate

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


# Memory stores of Portable AI Memory


def test_a_memory_store_is_exported_signed_and_verified(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    package = tmp_path / "p"
    assert satchel("export", "--to", "portable-ai-memory", "--sign", "main", package).code == 1 and not package.exists()
    satchel("keys", "create")
    assert satchel("export", "--to", "portable-ai-memory", "--sign", "main", package).code == 0
    assert satchel("validate", package).code == 0
    found = satchel("verify", package)
    assert found.code == 0 and f"Verified: signed by main ({public(satchel)})" in found.out
    assert "owner-did" in found.out and "It covers the memories" in found.out
    assert satchel("verify", "--key", TEST_PUBLIC, package).code == 3
    assert satchel("verify", "--key", f"did:key:{read_typed_key(public(satchel)).multibase}", package).code == 0
    said = json.loads(satchel("verify", "--json", package).out)
    assert (said["verdict"], said["did_match"], said["algorithm"]) == ("verified", "match", "Ed25519")
    assert said["format"]["name"] == "portable-ai-memory" and len(said["does_not_prove"]) == 4
    assert {step["outcome"] for step in said["steps"]} == {"passed"}
    store = package / "memory-store.json"
    store.write_text(store.read_text().replace("2026", "2025", 1))
    broken = satchel("verify", store)
    assert broken.code == 3 and "Not verified" in broken.out and "failed" in broken.out


def test_an_export_signed_twice_differs_in_its_signature_alone(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create")
    for name in ("one", "two"):
        satchel("export", "--to", "portable-ai-memory", "--sign", "main", tmp_path / name)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    first, second = json.loads(one.pop("memory-store.json")), json.loads(two.pop("memory-store.json"))
    assert first.pop("signature")["value"] == second.pop("signature")["value"]
    assert (one, first) == (two, second)


@pytest.mark.parametrize("algorithm", ["es256", "ES384", "rs256"])
def test_keys_of_other_algorithms(algorithm: str, satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    made = json.loads(satchel("keys", "create", "work", "--algorithm", algorithm, "--json").out)
    assert made["algorithm"] == algorithm.upper()
    listed = satchel("keys", "list").out
    fingerprint = read_typed_key(made["public"]).fingerprint
    assert made["algorithm"] in listed and (made["public"] in listed or fingerprint in listed)
    package = write_json(tmp_path / "store.json", memory_store())
    assert satchel("sign", "--key", "work", "--did", "key", package).code == 0
    assert satchel("verify", package).code == 0
    assert json.loads(package.read_text())["signature"]["algorithm"] == algorithm.upper()
    # A bundle takes no other key than Ed25519, and says so.
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    before = files(bundle)
    for words in (
        ("sign", "--key", "work", bundle),
        ("export", "--to", "portable-memory", "--sign", "work", tmp_path / "c.mem"),
    ):
        refused = satchel(*words)
        assert refused.code == 2 and "Ed25519 alone" in refused.err
    refused = satchel("evidence", "--sign", "work", tmp_path / "e.mem")
    assert refused.code == 2 and "Ed25519 alone" in refused.err
    assert files(bundle) == before and not (tmp_path / "c.mem").exists() and not (tmp_path / "e.mem").exists()
    # Rotated: what it signed stays verifiable until it is distrusted, by its text or its fingerprint.
    assert satchel("keys", "rotate", "work", "--yes").code == 0
    assert satchel("verify", package).code == 0
    assert satchel("keys", "distrust", fingerprint).code == 0
    assert satchel("verify", package).code == 3


def test_an_unknown_algorithm_is_told(satchel: Run) -> None:
    satchel("import", EXAMPLES)
    refused = satchel("keys", "create", "--algorithm", "hs256")
    assert refused.code == 2 and "RS512" in refused.err


def test_a_store_of_somebody_else(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    path = write_json(tmp_path / "store.json", memory_store())
    unsigned = satchel("verify", path)
    assert unsigned.code == 3 and "nobody signed it" in unsigned.out
    sign_store(path)
    stranger = satchel("verify", path)
    assert stranger.code == 3 and "nobody whom you trust" in stranger.out and "SHA256:" in stranger.out
    multibase = KEY.public.multibase
    assert satchel("keys", "trust", multibase, "--name", "laptop").code == 0
    assert "signed by laptop" in satchel("verify", path).out
    # Another key that is trusted too now signs for the same owner.
    satchel("keys", "create")
    assert satchel("sign", path).code == 0
    changed = satchel("verify", path)
    assert changed.code == 0 and "another key" in changed.out
    assert satchel("keys", "distrust", json.dumps(KEY.public.jwk)).code == 0


def test_an_older_export_of_the_same_owner_is_told(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create")
    old = write_json(tmp_path / "old.json", memory_store(export_date="2026-01-01T00:00:00Z"))
    new = write_json(tmp_path / "new.json", memory_store(export_date="2026-02-01T00:00:00Z"))
    for path in (old, new):
        satchel("sign", path)
    told = "newer than this one was verified"
    assert told not in satchel("verify", old).out + satchel("verify", new).out
    replayed = satchel("verify", old)
    assert replayed.code == 0 and told in replayed.out


def test_did_web_is_fetched_only_when_asked(satchel: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "did.host.example"
    pem = certificate(tmp_path, name)
    document: dict[str, object] = {}
    with Host(pem, lambda request, connection: answer(json.dumps(document).encode())(request, connection)) as host:
        did = f"did:web:{name}%3A{host.port}"
        method = {"id": "#k", "type": "Multikey", "publicKeyMultibase": KEY.public.multibase}
        document |= {"id": did, "verificationMethod": [method]}
        path = write_json(tmp_path / "store.json", memory_store(owner={"id": OWNER, "did": did}))
        sign_store(path)
        satchel("import", EXAMPLES)
        assert satchel("keys", "trust", did, "--name", "them").code == 0
        assert did in satchel("keys", "list").out
        off = satchel("verify", path)
        assert off.code == 3 and "was not asked" in off.out and host.connections == 0
        # The door as it is refuses this machine; only the test opens it.
        there = Network(resolver=lambda host, port: ["127.0.0.1"])
        monkeypatch.setattr("satchel.move.vouching.fetch", lambda url, **more: fetch(url, **{**more, "network": there}))
        guarded = satchel("verify", "--resolve", path)
        assert guarded.code == 3 and "not public" in guarded.out and host.connections == 0
        there = Network(
            resolver=lambda host, port: ["127.0.0.1"], allowed=lambda address: True, tls=ssl.create_default_context(cafile=pem)
        )
        resolved = satchel("verify", "--resolve", path)
        assert resolved.code == 0 and "Verified: signed by them" in resolved.out
        document["verificationMethod"] = []
        assert satchel("verify", "--resolve", path).code == 3
        assert satchel("keys", "distrust", did).code == 0


def test_what_a_store_says_of_itself_is_shown_not_obeyed(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    evil = "did:x:\x1b[31mred\x1b]8;;https://evil.example\x07[/link]\u202e"
    path = write_json(tmp_path / "store.json", memory_store(owner={"id": "\x1b[2J", "did": evil}))
    sign_store(path)
    for words in (("verify", path), ("verify", "--key", KEY.public.text, path)):
        shown = satchel(*words)
        assert "\x1b" not in shown.out + shown.err and "\u202e" not in shown.out and "\x07" not in shown.out


def test_signing_tells_of_a_did_that_has_another_key(satchel: Run, tmp_path: Path) -> None:
    satchel("import", EXAMPLES)
    satchel("keys", "create")
    did = f"did:key:{KEY.public.multibase}"
    path = write_json(tmp_path / "store.json", memory_store(owner={"id": OWNER, "did": did}))
    told = satchel("sign", path)
    assert told.code == 0 and "does not tell of the signing key" in told.out
    assert satchel("verify", path).code == 3
    refused = satchel("sign", "--did", did, path)
    assert refused.code == 2 and "does not stand for" in refused.err
    refused = satchel("sign", "--did", "did:web:example.com", path)
    assert refused.code == 2 and "--resolve" in refused.err
    assert satchel("sign", "--did", "key", path).code == 0
    assert satchel("verify", path).code == 0
    bundle = write(tmp_path / "b.mem", {"episode": [episode()]})
    assert satchel("sign", "--did", "key", bundle).code == 2
