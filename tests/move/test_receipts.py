"""Receipts: what they say, that no byte of them can be changed, that nothing of what was erased is in them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.codec import canonical
from satchel.errors import InputError, MalformedInput, NotFound
from satchel.formats.signing import Trust
from satchel.move import forgetting, receipts
from satchel.move.exports import digest_of, export
from satchel.move.receipt_page import page
from satchel.move.vouching import trust_in, trust_of
from satchel.trust.signatures import ALGORITHMS, generate
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting, Handed, Query
from tests.vault.made import conversation, memory

SECRET = "Zorblax the tortoise hides seventeen keys under the quince tree"


def fill(store: SqliteStore) -> None:
    with store.importing("first") as intake:
        intake.put(conversation("talk", ["hello there", SECRET, "good night"], title="Of tortoises"))
        intake.put(memory("m", f"Somebody said that {SECRET.lower()}"))
        intake.put(memory("n", "The garden gate squeaks"))
        intake.finish(())


@pytest.fixture
def filled(store: SqliteStore) -> SqliteStore:
    fill(store)
    return store


@pytest.fixture
def forgotten(filled: SqliteStore, tmp_path: Path) -> dict[str, Any]:
    """The receipt of an erasure, after two exports of which one was whole."""
    export(filled, tmp_path / "before.mem", format="portable-memory")
    export(filled, tmp_path / "pasted", format="claude-text")
    change = forgetting.forget(filled, Forgetting(words="Zorblax tortoise")).change
    export(filled, tmp_path / "after.mem", format="portable-memory")
    return receipts.receipt(filled, change)


def verdict(value: dict[str, Any], trust: Trust, store: SqliteStore | None = None) -> str:
    return receipts.verify_receipt(value, trust, store).verdict


def test_it_says_what_was_asked_and_what_went(forgotten: dict[str, Any], filled: SqliteStore) -> None:
    assert forgotten["asked"]["by"] == ["search"]
    assert forgotten["erased"]["records"] == {"memory": 1, "message": 1}
    assert forgotten["reached"]["records"] == 2
    assert forgotten["vault"] == filled.owner_id
    assert verdict(forgotten, trust_of(filled), filled) == "verified"


def test_exports_that_held_it_are_out_of_reach_and_later_ones_are_not(forgotten: dict[str, Any], tmp_path: Path) -> None:
    exports = [place for place in forgotten["out_of_reach"] if place["kind"] == "export"]
    assert [(Path(place["target"]).name, place["records"], place["certain"]) for place in exports] == [
        ("before.mem", 2, 2),
        ("pasted", 2, 0),
    ]
    assert exports[0]["digest"] == digest_of(tmp_path / "before.mem").hex()
    assert all(place["do"] for place in forgotten["out_of_reach"])


def test_the_platforms_that_it_came_from_are_named(forgotten: dict[str, Any]) -> None:
    accounts = [(place["platform"], place["records"]) for place in forgotten["out_of_reach"] if place["kind"] == "account"]
    assert accounts == [("made", 2)]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from paths(item, (*path, name))


def changed(value: Any) -> Any:
    if isinstance(value, str):
        return value + "0"
    if isinstance(value, bool) or value is None:
        return 7
    if isinstance(value, int):
        return value + 1
    return [value] if isinstance(value, dict) else {"was": value}


def test_tampered_in_any_member_it_does_not_verify(forgotten: dict[str, Any], filled: SqliteStore) -> None:
    trust = trust_of(filled)
    places = list(paths(forgotten))
    assert len(places) > 60
    for path in places:
        for operation in ("change", "remove", "add"):
            tampered = copy.deepcopy(forgotten)
            parent = tampered
            for name in path[:-1]:
                parent = parent[name]
            if operation == "change":
                parent[path[-1]] = changed(parent[path[-1]])
            elif operation == "remove":
                del parent[path[-1]]
            elif isinstance(parent, dict):
                parent["also"] = "said"
            else:
                parent.append("said")
            if tampered.keys() >= forgotten.keys():
                assert verdict(tampered, trust) == "invalid", path


def test_a_member_that_is_missing_makes_it_no_receipt(forgotten: dict[str, Any], tmp_path: Path) -> None:
    for name in ("type", "version", "vault", "change", "erased", "audit", "signature"):
        path = tmp_path / f"{name}.json"
        path.write_bytes(msgspec.json.encode({key: value for key, value in forgotten.items() if key != name}))
        assert not receipts.recognises(path)
        with pytest.raises(MalformedInput):
            receipts.read(path)


def test_it_holds_in_any_layout_of_the_same_json(forgotten: dict[str, Any], filled: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    receipts.write(forgotten, path)
    assert receipts.recognises(path)
    path.write_bytes(msgspec.json.encode(forgotten))
    assert verdict(receipts.read(path), trust_of(filled), filled) == "verified"


def test_a_name_that_stands_twice_is_refused(forgotten: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_bytes(msgspec.json.encode(forgotten).replace(b'{"', b'{"vault":"x","', 1))
    with pytest.raises(InputError, match="twice"):
        receipts.read(path)


def test_a_strangers_receipt_is_untrusted_and_a_named_key_is_enough(forgotten: dict[str, Any]) -> None:
    assert verdict(forgotten, Trust()) == "untrusted"
    assert verdict(forgotten, trust_in([forgotten["signature"]["key"]])) == "verified"


@pytest.mark.parametrize("name", ["Ed25519", "ES256"])
def test_signed_again_by_another_key_it_is_that_keys(forgotten: dict[str, Any], filled: SqliteStore, name: str) -> None:
    bare = {key: value for key, value in forgotten.items() if key != "signature"}
    forged = receipts.signed({**bare, "reached": {"records": 99}}, generate(ALGORITHMS[name]))
    assert verdict(forged, trust_of(filled), filled) == "untrusted"


def test_with_the_vault_at_hand_a_signed_lie_is_found(forgotten: dict[str, Any], filled: SqliteStore) -> None:
    key = filled.signing_key("main")
    bare = {name: value for name, value in forgotten.items() if name != "signature"}
    for lie in (
        {"erased": {**bare["erased"], "records": {"message": 2}}},
        {"audit": {**bare["audit"], "hash": "0" * 64}},
        {"change": 1},
        {"change": "3"},
    ):
        signed = receipts.signed({**bare, **lie}, key)
        assert verdict(signed, trust_of(filled)) == "verified", "the signature is the vault's own"
        assert verdict(signed, trust_of(filled), filled) == "invalid"


def test_what_came_back_is_told(forgotten: dict[str, Any], filled: SqliteStore) -> None:
    with filled.importing("again") as intake:
        intake.allow(filled.erasures()[0].uids)
        intake.put(memory("m", f"Somebody said that {SECRET.lower()}"))
        intake.finish(())
    found = receipts.verify_receipt(forgotten, trust_of(filled), filled)
    assert found.verdict == "invalid"
    assert [step.text for step in found.steps if step.outcome == "failed"] == ["1 of the records are in the vault again"]


def test_another_vault_is_not_asked(forgotten: dict[str, Any], filled: SqliteStore) -> None:
    signed = receipts.signed({**forgotten, "vault": "00000000-0000-4000-8000-000000000000"}, filled.signing_key("main"))
    steps = receipts.verify_receipt(signed, trust_of(filled), filled).steps
    assert [step.outcome for step in steps if step.name == "vault"] == ["skipped"]


def test_a_redaction_verifies_though_its_skeleton_is_there(filled: SqliteStore) -> None:
    change = forgetting.forget(filled, Forgetting(words="Zorblax", kinds=("memory",), mode="redact")).change
    value = receipts.receipt(filled, change)
    assert value["asked"]["mode"] == "redact"
    assert verdict(value, trust_of(filled), filled) == "verified"


def test_a_change_that_erased_nothing_has_none(filled: SqliteStore) -> None:
    with pytest.raises(NotFound, match="change 2 erased nothing"):
        receipts.receipt(filled, 2)


def test_two_receipts_of_one_change_differ_in_when_alone(filled: SqliteStore) -> None:
    change = forgetting.forget(filled, Forgetting(words="Zorblax")).change
    made = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
    assert receipts.receipt(filled, change, made=made) == receipts.receipt(filled, change, made=made)
    later = receipts.receipt(filled, change, made=made.replace(hour=13))
    assert {name for name, value in receipts.receipt(filled, change, made=made).items() if later[name] != value} == {
        "made",
        "signature",
    }


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        assert not any(name in ("src", "href") or name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_says_all_of_it_and_reaches_for_nothing(forgotten: dict[str, Any]) -> None:
    parsed = _Page()
    parsed.feed(page(forgotten, "receipt.json").decode())
    text = " ".join(parsed.words)
    for said in (
        "2 records erased",
        "before.mem",
        "may have held 2",
        "satchel verify receipt.json",
        forgotten["signature"]["key"],
        forgotten["audit"]["hash"],
        *forgotten["tombstones"],
    ):
        assert said in text
    assert "script" not in parsed.tags


CANARIES = st.text('ghijklmnopqrstuvwxyzÄßЖЩ日本語🐢"\\/<&', min_size=12, max_size=40).filter(lambda text: len(set(text)) > 8)


@given(CANARIES, st.data())
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_content_is_in_receipt_page_or_log(
    tmp_path_factory: pytest.TempPathFactory, canary: str, data: st.DataObject
) -> None:
    from satchel.vault.folder import trial_vault

    by = data.draw(st.sampled_from(["words", "about", "tags", "title"]))
    with trial_vault() as store:
        with store.importing(f"label {canary}") as intake:
            intake.put(conversation("talk", [canary, "other words"], title=canary))
            intake.put(memory("m", f"{canary} quincetree", tags=(canary,)))
            intake.finish(())
        asked = {
            "words": Forgetting(words="quincetree"),
            "about": Forgetting(about="quincetree"),
            "tags": Forgetting(tags=(canary,)),
            "title": Forgetting(kinds=("conversation",), platforms=("made",)),
        }[by]
        change = forgetting.forget(store, asked).change
        value = receipts.receipt(store, change)
        for written in (canonical.encode(value), page(value, "r.json"), msgspec.json.encode(list(store.audit(change - 1)))):
            for spelled in (canary, canary.casefold(), msgspec.json.encode(canary).decode()[1:-1]):
                assert spelled.encode("utf-8", "surrogatepass") not in written


def test_hostile_names_are_text_on_the_page(forgotten: dict[str, Any]) -> None:
    for place in forgotten["out_of_reach"]:
        if place["kind"] == "export":
            place["target"] = "/home/x/<script>alert(1)</script>\u202egnp.\x1b[31m"
    whole = page(forgotten, "<img>.json").decode()
    assert "<script>" not in whole
    assert "<img>" not in whole
    assert "\u202e" not in whole
    assert "\x1b" not in whole


def test_it_says_which_agents_were_given_it_and_nobody_else(filled: SqliteStore) -> None:
    (secret, *_) = [hit.record.uid for hit in filled.search(Query(words="Zorblax")).hits]
    other = next(record.uid for record in filled.records("memory") if record.body.text.startswith("The garden"))  # type: ignore[union-attr]
    for reader, uid, day in (("desk", secret, 3), ("desk", secret, 5), ("van", secret, 4), ("gate", other, 4)):
        handed = [Handed(uid, "verbatim", "00" * 32)]
        filled.hand_out(handed, reader=reader, token="", at=datetime(2026, 11, day, tzinfo=UTC), cost=9)
    made = receipts.receipt(filled, forgetting.forget(filled, Forgetting(words="Zorblax tortoise")).change)
    told = [place for place in made["out_of_reach"] if place["kind"] == "reader"]
    assert [(place["reader"], place["contexts"], place["records"], place["first"], place["last"]) for place in told] == [
        ("desk", 2, 1, "2026-11-03T00:00:00Z", "2026-11-05T00:00:00Z"),
        ("van", 1, 1, "2026-11-04T00:00:00Z", "2026-11-04T00:00:00Z"),
    ]
    assert b"desk was given 1 of them, in 2 contexts" in page(made, "r.json")


def test_a_receipt_that_is_called_a_page_is_not_overwritten_by_it(forgotten: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "erased.html"
    beside = receipts.write(forgotten, target)
    assert receipts.read(target) == forgotten and beside != target and beside.read_bytes().startswith(b"<!doctype html>")


def test_a_file_nested_without_end_is_no_receipt(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_bytes(b'{"a":"satchel-erasure-receipt","b":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert not receipts.recognises(path)
