"""Deletions that come in bundles: applied first, reaching, monotonic, never by strangers (portable-memory.md 4, 11)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.errors import MalformedInput
from satchel.formats.portable_memory.bundle import AUDIT_LOG
from satchel.formats.portable_memory.kinds import DERIVED, KINDS
from satchel.formats.portable_memory.records import uid_of
from satchel.model.ids import make_uid
from satchel.move.exports import export
from satchel.move.imports import import_paths
from satchel.trust import tokens
from satchel.trust.secrets import new_key
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.connection import rows
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Query
from tests.formats.portable_memory.made import TEST_KEY, TEST_PUBLIC, episode, files, plain, tombstone, write
from tests.move.conftest import Give

NEEDLE = "zucchinifest"
EMPTY: dict[str, Any] = {name: 0 if name.endswith("Count") else [] for name in DERIVED}


def entity(id: str) -> dict[str, Any]:
    return plain(KINDS["entity"], id=id, summary=NEEDLE)


def edge(id: str, evidence: list[str], source: str = "ent_1", target: str = "ent_2") -> dict[str, Any]:
    row = plain(KINDS["edge"], id=id, evidenceEpisodeIDs=evidence, srcEntityID=source, dstEntityID=target)
    return {name: value for name, value in row.items() if name not in ("supersededBy", "tValidTo")}


def fact(id: str, of: str) -> dict[str, Any]:
    row = plain(KINDS["fact"], id=id, episodeID=of, text=NEEDLE)
    return {name: value for name, value in row.items() if name not in ("supersededBy", "prunedAt")}


def ids(store: SqliteStore) -> set[str]:
    return {f"{record.origin.kind}:{record.origin.id}" for record in store.records()}


def exported(store: SqliteStore) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        export(store, Path(folder) / "b.mem", format="portable-memory")
        return {
            path: data for path, data in files(Path(folder) / "b.mem").items() if path.endswith(".jsonl") and path != AUDIT_LOG
        }


def test_b1_a_tombstone_and_its_row_in_one_bundle(store: SqliteStore, give: Give) -> None:
    batch = give(episode=[episode("ep_1", NEEDLE), episode("ep_2")], tombstones=[tombstone("ep_1")])
    assert ids(store) == {"episode:ep_2"}
    assert batch.summary.tombstones == 1 and batch.summary.removed == {}
    assert {finding.code for finding in batch.summary.findings} == {"erased", "tombstoned-row", "tombstone-unsigned"}


def test_b2_to_b5_a_stale_bundle_never_brings_it_back(store: SqliteStore, give: Give) -> None:
    stale = [episode("ep_1", NEEDLE), episode("ep_2")]
    give(episode=stale)
    assert store.search(Query(words=NEEDLE)).total == 1
    assert give(tombstones=[tombstone("ep_1")]).summary.removed == {"memory": 1}
    for _ in range(2):
        give(episode=stale)
        give(episode=[episode("ep_1", NEEDLE, importance=1.0, mentionTime="2030-01-01T00:00:00Z")])
        assert ids(store) == {"episode:ep_2"}
        assert store.search(Query(words=NEEDLE)).total == 0
    assert store.check() == []


def test_nothing_of_it_is_left_in_any_table(store: SqliteStore, give: Give) -> None:
    """A1, A5, L2: no version, no kept original, no index entry, no sighting."""
    give(episode=[episode("ep_1", "first")])
    give(episode=[episode("ep_1", NEEDLE, mentionTime="2027-01-01T00:00:00Z")])
    uid = bytes.fromhex(make_uid("portable-memory", "episode", "ep_1"))
    assert rows(store.connection, "SELECT count(*) FROM version") == [(1,)]
    give(tombstones=[tombstone("ep_1")])
    for table in ("record", "version", "original", "sighting", "witness", "link", "tag"):
        assert rows(store.connection, f"SELECT count(*) FROM {table}") == [(0,)], table
    assert rows(store.connection, "SELECT target FROM grave WHERE op <> 'alike'") == [(uid,)]
    assert NEEDLE.encode() not in b"".join(exported(store).values())
    assert store.check() == []


@pytest.mark.parametrize("name", [name for name in KINDS if name != "episode"])
def test_c1_to_c3_every_kind_by_its_own_key(store: SqliteStore, give: Give, name: str) -> None:
    """Also preference and category by name, links by the array of their keys (the reference fails C2 and C3)."""
    from satchel.formats.portable_memory.graves import key_of

    kind = KINDS[name]
    row = plain(kind, id="id-1") if "id" in kind.names else plain(kind)
    give(**{name: [row]})
    assert len(ids(store)) == 1
    give(tombstones=[tombstone(key_of(kind, row), name)])
    assert ids(store) == set()
    give(**{name: [row]})
    assert ids(store) == set()
    assert uid_of(name, row) == make_uid("portable-memory", name, key_of(kind, row))


def test_c4_a_vendors_row_by_its_id(store: SqliteStore, give: Give) -> None:
    lines = [b'{"id":"v1","text":"' + NEEDLE.encode() + b'"}', b'{"id":"v2"}', b"not json"]
    give(foreign={"vendorThing": lines})
    assert store.search(Query(words=NEEDLE)).total == 1
    give(tombstones=[tombstone("v1", "vendorThing")])
    give(foreign={"vendorThing": lines})
    assert store.search(Query(words=NEEDLE)).total == 0
    assert exported(store)["items/vendorThing.jsonl"] == b'{"id":"v2"}\nnot json\n'


def test_c5_a_kind_that_comes_later(store: SqliteStore, give: Give) -> None:
    give(tombstones=[tombstone("x", "futureKind")])
    give(foreign={"futureKind": [b'{"id":"x"}', b'{"id":"y"}']})
    assert exported(store)["items/futureKind.jsonl"] == b'{"id":"y"}\n'


def test_d1_to_d7_what_goes_with_it_and_what_stays(store: SqliteStore, give: Give) -> None:
    """Facts, chunks, links, edges without other evidence, the entities that they leave; shared ones stay (K1)."""
    link = plain(KINDS["episodeLink"], srcEpisodeID="ep_1", dstEpisodeID="ep_2", linkType="next")
    facts = plain(KINDS["factLink"], srcFactID="f1", dstFactID="f2", linkType="refines")
    world: dict[str, Any] = {
        "episode": [episode("ep_1", NEEDLE), episode("ep_2", "another")],
        "entity": [entity("ent_1"), entity("ent_2"), entity("ent_3"), entity("ent_4")],
        "edge": [
            edge("lost", ["ep_1"], "ent_1", "ent_2"),
            edge("lost_too", ["ep_1"], "ent_2", "ent_3"),
            edge("kept", ["ep_1", "ep_2"], "ent_3", "ent_4"),
        ],
        "fact": [fact("f1", "ep_1"), fact("f2", "ep_2")],
        "factLink": [facts],
        "episodeLink": [link],
    }
    give(**world)
    give(tombstones=[tombstone("ep_1")])
    left = {"episode:ep_2", "entity:ent_3", "entity:ent_4", "edge:kept", "fact:f2"}
    assert ids(store) == left
    # D2, D4: the stale bundle cannot bring back what was derived, though its tombstone named none of it.
    give(**world)
    assert ids(store) == left
    assert store.check() == []


def test_d6_a_resource_and_its_chunks(store: SqliteStore, give: Give) -> None:
    chunk = plain(KINDS["chunk"], id="chk_1", resourceID="res_1", text=NEEDLE)
    give(resource=[plain(KINDS["resource"], id="res_1")], chunk=[chunk])
    give(tombstones=[tombstone("res_1", "resource")])
    give(chunk=[chunk])
    assert ids(store) == set()


def test_e7_listed_as_derived_it_is_refused_under_another_parent(store: SqliteStore, give: Give) -> None:
    give(tombstones=[tombstone("ep_1", derived={**EMPTY, "factIDs": ["f1"], "chunkIDs": ["c1"], "entityIDs": ["ent_1"]})])
    chunk = plain(KINDS["chunk"], id="c1", resourceID="res_other")
    give(fact=[fact("f1", "ep_other")], chunk=[chunk], entity=[entity("ent_1"), entity("ent_2")])
    assert ids(store) == {"entity:ent_2"}


def test_e3_k3_other_kinds_of_the_same_id_live(store: SqliteStore, give: Give) -> None:
    """R5: for the reference an episode's tombstone `human` blocks the core block `human`."""
    give(core=[plain(KINDS["core"], id="human")], tombstones=[tombstone("human", "episode")])
    give(episode=[episode("human")], core=[plain(KINDS["core"], id="human")])
    assert ids(store) == {"core:human"}


def test_f1_to_f3_redaction(store: SqliteStore, give: Give) -> None:
    bare = episode("ep_1", "", actors=[], categories=[])
    give(episode=[episode("ep_1", NEEDLE)], fact=[fact("f1", "ep_1")])
    give(tombstones=[tombstone("ep_1", op="redact")])
    assert NEEDLE.encode() not in b"".join(exported(store).values())
    give(episode=[episode("ep_1", NEEDLE)], fact=[fact("f1", "ep_1")])
    assert ids(store) == set()
    # F3: its own skeleton may stand; the reference refuses it.
    give(episode=[bare], tombstones=[tombstone("ep_1", op="redact")])
    assert ids(store) == {"episode:ep_1"}
    assert b'"op":"redact"' in exported(store)["audit/tombstones.jsonl"]


def test_f4_delete_and_redact_in_either_order(store: SqliteStore, give: Give) -> None:
    marks = [tombstone("ep_1"), {**tombstone("ep_1", op="redact"), "id": "tomb_r"}]
    give(tombstones=marks)
    with trial_vault() as other:
        give(other, tombstones=marks[1:])
        give(other, tombstones=marks[:1])
        for each in (store, other):
            give(each, episode=[episode("ep_1", "")])
            assert ids(each) == set()
        assert exported(store) == exported(other)


def test_g1_g2_tombstones_are_kept_once(store: SqliteStore, give: Give) -> None:
    marks = [tombstone("ep_1"), {**tombstone("ep_1"), "id": "tomb_2", "reason": "again"}]
    for _ in range(3):
        give(tombstones=marks)
    assert exported(store)["audit/tombstones.jsonl"].count(b"\n") == 2


def test_g4_unknown_members_and_signatures_survive(store: SqliteStore, give: Give) -> None:
    row = {**tombstone("ep_1"), "derived": EMPTY, "vendor": {"n": 1}}
    signed = {**row, "signature": tokens.sign(TEST_KEY, canonical.encode(row, "mem"))}
    give(tombstones=[signed])
    assert exported(store)["audit/tombstones.jsonl"] == canonical.encode(signed, "mem") + b"\n"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.integers(0, 5), max_size=3), min_size=1, max_size=4), st.randoms())
def test_g6_merging_tombstones_commutes_and_repeats(groups: list[list[int]], random: Any) -> None:
    world = {"episode": [episode(f"ep_{n}") for n in range(6)], "fact": [fact(f"f_{n}", f"ep_{n}") for n in range(6)]}

    def run(order: list[list[int]]) -> tuple[set[str], dict[str, bytes]]:
        with trial_vault() as store, tempfile.TemporaryDirectory() as folder:
            import_paths(store, [write(Path(folder) / "w.mem", world)])
            for at, group in enumerate(order):
                marks = {n: tombstone(f"ep_{n}") for n in group}
                import_paths(store, [write(Path(folder) / f"{at}.mem", {"tombstone": list(marks.values())})])
            import_paths(store, [write(Path(folder) / "w2.mem", world)])
            return ids(store), exported(store)

    shuffled = [*groups, groups[0]]
    random.shuffle(shuffled)
    assert run(groups) == run(shuffled)


def test_h1_h2_h6_across_hops(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    """A bundle always ships all tombstones, of kinds that nobody knows too, so that a third vault learns of them."""
    give(tombstones=[tombstone("ep_1"), tombstone("x", "futureKind")])
    export(store, tmp_path / "hop.mem", format="portable-memory")
    with trial_vault() as third:
        give(third, episode=[episode("ep_1", NEEDLE)])
        import_paths(third, [tmp_path / "hop.mem"])
        give(third, episode=[episode("ep_1", NEEDLE)])
        assert ids(third) == set()
        assert exported(third)["audit/tombstones.jsonl"] == exported(store)["audit/tombstones.jsonl"]


def test_i1_i2_where_keys_are_configured_strangers_delete_nothing(store: SqliteStore, give: Give) -> None:
    give(episode=[episode("ep_1", NEEDLE), episode("ep_2"), episode("ep_3"), episode("ep_4")])
    store.trust_key(TEST_PUBLIC, "laptop")

    def signed(target: str, key: Any) -> dict[str, Any]:
        row = {**tombstone(target), "derived": EMPTY}
        return {**row, "signature": tokens.sign(key, canonical.encode(row, "mem"))}

    told = give(tombstones=[tombstone("ep_1"), signed("ep_2", new_key())]).summary
    assert {finding.code for finding in told.findings} >= {"tombstone-untrusted"} and told.tombstones == 0
    assert len(ids(store)) == 4
    give(tombstones=[signed("ep_2", TEST_KEY)])
    assert ids(store) == {"episode:ep_1", "episode:ep_3", "episode:ep_4"}
    give(tombstones=[tombstone("ep_3")], key=TEST_KEY)
    assert ids(store) == {"episode:ep_1", "episode:ep_4"}
    give(tombstones=[tombstone("ep_4")], key=new_key())
    assert ids(store) == {"episode:ep_1", "episode:ep_4"}


def test_a_forged_tombstone_signature_refuses_the_bundle(store: SqliteStore, give: Give) -> None:
    give(episode=[episode("ep_1")])
    with pytest.raises(MalformedInput):
        give(tombstones=[tombstone("ep_1", signature="ed25519:00:00")])
    assert len(ids(store)) == 1


@pytest.mark.parametrize("id", ["ep_10", "ep_1%", "ep__", "*", "ep_1 ", "EP_1", "' OR 1=1 --", "../ep_1", "ep_1\u200b"])
def test_k2_ids_match_literally(store: SqliteStore, give: Give, id: str) -> None:
    give(episode=[episode("ep_1"), episode(id)])
    give(tombstones=[tombstone("ep_1")])
    assert ids(store) == {f"episode:{id}"}
    give(tombstones=[tombstone(id)])
    assert ids(store) == set()


def test_an_undo_does_not_take_a_tombstone_back(store: SqliteStore, give: Give) -> None:
    first = give(episode=[episode("ep_1", NEEDLE), episode("ep_2")])
    batch = give(tombstones=[tombstone("ep_1")])
    store.undo(batch.id)
    give(episode=[episode("ep_1", NEEDLE)])
    assert ids(store) == {"episode:ep_2"}
    store.undo(first.id)
    assert ids(store) == set() and store.check() == []


def test_a_dry_run_erases_nothing(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    give(episode=[episode("ep_1", NEEDLE)])
    bundle = write(tmp_path / "t.mem", {"tombstone": [tombstone("ep_1")]})
    assert import_paths(store, [bundle], dry_run=True).summary.removed == {"memory": 1}
    assert len(ids(store)) == 1 and store.search(Query(words=NEEDLE)).total == 1
    give(episode=[episode("ep_1", NEEDLE)])
    assert len(ids(store)) == 1


def test_the_audit_log_tells_of_it_without_content(store: SqliteStore, give: Give) -> None:
    """M1, F5."""
    give(episode=[episode("ep_1", NEEDLE)])
    give(tombstones=[tombstone("ep_1")])
    last = list(store.audit())[-1]
    assert last.detail["tombstones"] == 1 and last.detail["removed"] == {"memory": 1}
    assert NEEDLE not in str([entry.detail for entry in store.audit()])
    assert store.check_audit() == []


@pytest.mark.parametrize("id", ["EP_1", "ep_1 ", "ep_1\u200b", "ｅp_1"])
def test_e2_an_id_that_only_looks_alike_is_told(store: SqliteStore, give: Give, id: str) -> None:
    give(tombstones=[tombstone("ep_1")])
    told = give(episode=[episode(id, "something else")]).summary.findings
    assert "look-alike" in {finding.code for finding in told} and ids(store) == {f"episode:{id}"}
    assert "look-alike" not in {finding.code for finding in give(episode=[episode("ep_2", "more")]).summary.findings}


def test_e1_e5_e8_the_same_words_under_another_id_are_told(store: SqliteStore, give: Give) -> None:
    """In another case and spacing, as another kind, inside a vendor's row. Somebody else may have said it: it is taken."""
    text = f"Won the {NEEDLE} of 2019 in Riga"
    give(episode=[episode("ep_1", text), episode("ep_2", "Lives in Riga")])
    give(tombstones=[tombstone("ep_1")])

    def told(**content: Any) -> set[str]:
        return {finding.code for finding in give(**content).summary.findings}

    assert "erased-words" in told(episode=[episode("ep_9", f"  won THE {NEEDLE}  of 2019\nin riga ")])
    assert "erased-words" in told(fact=[{**fact("f1", "ep_2"), "text": text}])
    assert "erased-words" in told(foreign={"vendorThing": [canonical.encode({"id": "v", "old": {"text": text}}, "mem")]})
    assert "erased-words" not in told(episode=[episode("ep_8", "Lives in Oslo")])


def test_what_is_joined_anew_is_no_orphan(store: SqliteStore, give: Give) -> None:
    """A replica that deletes one episode and brings another must leave what a fresh vault has."""
    give(episode=[episode("ep_1")], entity=[entity("anna"), entity("acme")], edge=[edge("e1", ["ep_1"], "anna", "acme")])
    news: dict[str, Any] = {
        "tombstones": [tombstone("ep_1")],
        "episode": [episode("ep_5")],
        "entity": [entity("anna"), entity("acme")],
        "edge": [edge("e2", ["ep_5"], "anna", "acme")],
    }
    give(**news)
    with trial_vault() as fresh:
        give(fresh, **news)
        assert ids(store) == ids(fresh) == {"episode:ep_5", "entity:anna", "entity:acme", "edge:e2"}


def test_evidence_that_has_not_come_yet_is_not_gone(store: SqliteStore, give: Give) -> None:
    give(episode=[episode("ep_1")], entity=[entity("ent_1"), entity("ent_2")], edge=[edge("e", ["ep_1", "ep_2"])])
    give(tombstones=[tombstone("ep_1")])
    give(episode=[episode("ep_2")])
    assert ids(store) == {"episode:ep_2", "entity:ent_1", "entity:ent_2", "edge:e"}


def test_two_spellings_of_one_tombstone_leave_as_one(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    row = {**tombstone("ep_1"), "derived": {**EMPTY, "factIDs": ["f1"]}}
    more = {**tombstone("ep_1"), "derived": {**EMPTY, "factIDs": ["f2"]}}
    signed = {**row, "signature": tokens.sign(TEST_KEY, canonical.encode(row, "mem"))}
    give(tombstones=[row])
    give(tombstones=[more])
    assert b'"factIDs":["f1","f2"]' in exported(store)["audit/tombstones.jsonl"]
    give(tombstones=[signed])
    assert exported(store)["audit/tombstones.jsonl"] == canonical.encode(signed, "mem") + b"\n"
    export(store, tmp_path / "b.mem", format="portable-memory")
    with trial_vault() as other:
        import_paths(other, [tmp_path / "b.mem"])


def test_the_limit_counts_what_is_named_not_who_names_it(store: SqliteStore, tmp_path: Path) -> None:
    from satchel.errors import LimitExceeded
    from satchel.limits import Limits

    row = tombstone("zz", derived={**EMPTY, "entityIDs": [f"ent_{n}" for n in range(50)]})
    with pytest.raises(LimitExceeded):
        import_paths(store, [write(tmp_path / "b.mem", {"tombstone": [row]})], limits=Limits(tombstones=40))


def test_all_of_a_vendors_rows_with_the_id_go(store: SqliteStore, give: Give) -> None:
    lines = [b'{"id":"v1","n":1}', b'{"id":"v1","n":2}', b'{"id":"v2"}']
    give(foreign={"vendorThing": lines})
    give(tombstones=[tombstone("v1", "vendorThing")])
    assert exported(store)["items/vendorThing.jsonl"] == b'{"id":"v2"}\n'


def test_doubted_deletions_keep_their_vendors_rows_out_too(store: SqliteStore, give: Give) -> None:
    store.trust_key(TEST_PUBLIC, "laptop")
    give(tombstones=[tombstone("v1", "vendorThing")], foreign={"vendorThing": [b'{"id":"v1"}']})
    assert store.stats().records == {}


def test_a_skeleton_keeps_its_references_and_stays_when_redacted_again(store: SqliteStore, give: Give) -> None:
    bare = episode("ep_1", "", actors=[], categories=[])
    ends = [entity("ent_1"), entity("ent_2")]
    told = give(episode=[bare], entity=ends, edge=[edge("e", ["ep_1"])], tombstones=[tombstone("ep_1", op="redact")])
    assert "look-alike" not in {finding.code for finding in told.summary.findings}
    give(tombstones=[{**tombstone("ep_1", op="redact"), "id": "tomb_again"}])
    assert "episode:ep_1" in ids(store)
    assert b'"evidenceEpisodeIDs":["ep_1"]' in exported(store)["items/edge.jsonl"]


@pytest.mark.parametrize("more", [{"sourceType": "secret text here"}, {"vaultRefs": ["secret words"]}, {"contextID": "secret"}])
def test_a_skeleton_smuggles_nothing(store: SqliteStore, give: Give, more: dict[str, Any]) -> None:
    bare = episode("ep_1", "", actors=[], categories=[])
    give(tombstones=[tombstone("ep_1", op="redact")])
    give(episode=[{**bare, **more}])
    assert ids(store) == set()


def test_our_own_export_comes_back_once_and_deleted_it_leaves_no_more(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    source = tmp_path / "m.json"
    source.write_text('{"results":[{"id":"m1","memory":"Bakes rye bread","user_id":"u"}]}')
    import_paths(store, [source])
    for number in range(3):
        export(store, tmp_path / f"{number}.mem", format="portable-memory")
        import_paths(store, [tmp_path / f"{number}.mem"])
    assert store.stats().records == {"memory": 1}
    give(tombstones=[tombstone("m1")])
    found = exported(store)
    assert "items/episode.jsonl" not in found and b"m1" in found["audit/tombstones.jsonl"]


def test_d3_what_leaves_no_longer_names_what_was_erased(store: SqliteStore, give: Give) -> None:
    give(
        episode=[episode("ep_1"), episode("ep_2", "x")],
        entity=[entity("ent_1"), entity("ent_2")],
        edge=[edge("e", ["ep_1", "ep_2"])],
        context=[plain(KINDS["context"], id="ctx", parentID="ctx_up"), plain(KINDS["context"], id="ctx_up")],
    )
    give(tombstones=[tombstone("ep_1"), tombstone("ctx_up", "context")])
    found = exported(store)
    assert b'"evidenceEpisodeIDs":["ep_2"]' in found["items/edge.jsonl"]
    assert b"ctx_up" not in found["items/context.jsonl"] and b'"id":"ctx"' in found["items/context.jsonl"]


def test_i3_tombstones_that_were_taken_out_are_missed(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    from tests.formats.portable_memory.test_validation import relist

    give(episode=[episode("ep_2")], tombstones=[tombstone("ep_1")])
    export(store, tmp_path / "b.mem", format="portable-memory")
    (tmp_path / "b.mem/audit/tombstones.jsonl").unlink()
    relist(tmp_path / "b.mem")
    with trial_vault() as other, pytest.raises(MalformedInput, match="tombstone"):
        import_paths(other, [tmp_path / "b.mem"])


def test_i5_a_flood_of_guesses_is_refused(store: SqliteStore, give: Give, tmp_path: Path) -> None:
    from satchel.errors import LimitExceeded
    from satchel.limits import Limits

    give(episode=[episode("ep_1")])
    bundle = write(tmp_path / "b.mem", {"tombstone": [tombstone(f"ep_{n}") for n in range(50)]})
    with pytest.raises(LimitExceeded, match="40 deletions"):
        import_paths(store, [bundle], limits=Limits(tombstones=40))
    assert len(ids(store)) == 1
    store.trust_key(TEST_PUBLIC, "laptop")
    signed = write(tmp_path / "s.mem", {"tombstone": [tombstone(f"ep_{n}") for n in range(50)]}, key=TEST_KEY)
    import_paths(store, [signed], limits=Limits(tombstones=40))
    assert ids(store) == set()
