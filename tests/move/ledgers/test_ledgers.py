"""Ledgers of real journeys: they validate, their digests and seals hold, and what was changed in one shows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from satchel.codec import canonical
from satchel.errors import MalformedInput, OutputError, Place, UsageError
from satchel.formats.base import WriteOptions
from satchel.formats.signing import Trust
from satchel.model.ledger import Ledger
from satchel.move.conversions import convert
from satchel.move.exports import export
from satchel.move.imports import import_paths, import_told, recognised
from satchel.move.ledgers import digests, reading
from satchel.move.ledgers.document import LedgerEnd, schema
from satchel.move.ledgers.writing import LedgerWriter, Wanted
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ED25519, PrivateKey
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.conftest import ROOT
from tests.formats.portable_memory import made

EXAMPLES = ROOT / "examples"
KEY = PrivateKey(ED25519, Secret(bytes(range(32))))
TRUST = Trust(keys={KEY.public: "main"})
TARGETS = ["portable-memory", "portable-ai-memory", "portable-agent-memory", "claude-text", "system-prompt"]
VALID = Draft202012Validator(schema())


def value_of(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_bytes())
    return value


def check(path: Path) -> dict[str, Any]:
    """What must hold of every ledger."""
    value = value_of(path)
    VALID.validate(value)
    head = reading.read(path)
    assert head.is_whole
    lines = "".join(canonical.encode(each).decode() + "\n" for each in value["records"])
    assert value["seal"] == {"records": len(value["records"]), "sha256": hashlib.sha256(lines.encode()).hexdigest()}
    fates: dict[str, int] = {}
    fields: dict[str, int] = {}
    for each in value["records"]:
        count = each.get("count", 1)
        fates[each["fate"]] = fates.get(each["fate"], 0) + count
        told = [field["fate"] for field in each.get("fields", ())] + ["mapped"] * len(each.get("mapped", ()))
        for fate in [*told, *["kept"] * each.get("kept", 0)]:
            fields[fate] = fields.get(fate, 0) + count
    assert {fate: count for fate, count in value["totals"]["records"].items() if count} == fates
    assert {fate: count for fate, count in value["totals"]["fields"].items() if count} == fields
    return value


@pytest.mark.parametrize("to", TARGETS)
def test_a_conversions_ledger(to: str, tmp_path: Path) -> None:
    wanted = Wanted(tmp_path / "ledger.json", KEY)
    convert([EXAMPLES], tmp_path / "out", format=to, ledger=wanted)
    value = check(tmp_path / "ledger.json")
    assert value["operation"] == "convert"
    assert value["target"]["files"] == [{"name": "out", "sha256": digests.of_path(tmp_path / "out").sha256}]
    assert value["source"]["files"][0]["sha256"] == digests.of_path(EXAMPLES).sha256
    # Every record that was read is told of, and the lines say the same as the records one by one.
    uids = [each["uid"] for each in value["records"] if "uid" in each]
    with trial_vault() as store:
        import_paths(store, [EXAMPLES])
        assert sorted(uids) == sorted(record.uid for record in store.records())
    counted = sum(line["count"] for line in value["lines"] if not line["field"])
    assert counted == len(value["records"])
    assert reading.verify_ledger(reading.read(tmp_path / "ledger.json"), TRUST).verdict == "verified"


@pytest.mark.parametrize("to", TARGETS[:3])
def test_what_goes_home_is_kept(to: str, tmp_path: Path) -> None:
    convert([EXAMPLES], tmp_path / "one", format=to)
    convert([tmp_path / "one"], tmp_path / "two", format=to, ledger=Wanted(tmp_path / "ledger.json"))
    value = check(tmp_path / "ledger.json")
    assert value["totals"]["records"]["omitted"] == 0
    assert value["totals"]["fields"]["lost"] == 0
    assert value["totals"]["fields"]["kept"] > 0


def test_an_imports_ledger_has_each_source_object_and_what_was_refused(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "conversations.json"
    good = json.loads((EXAMPLES / "chatgpt" / "conversations-000.json").read_bytes())
    path.write_text(json.dumps([*good, 17]))
    for expected in ("", "unchanged"):
        with recognised([path]) as source:
            batch, _ = import_told(source, store, Wanted(tmp_path / "ledger.json"))
        value = check(tmp_path / "ledger.json")
        assert value["target"] == {"vault": store.owner_id, "change": batch.id}
        talks = [each for each in value["records"] if each["kind"] == "chatgpt.conversation"]
        assert [each["element"] for each in talks] == list(range(len(good)))
        assert {(each["fate"], each.get("code", "")) for each in talks} == {("accepted", expected)}
        (refused,) = (each for each in value["records"] if each["fate"] in ("rejected", "omitted"))
        assert (refused["kind"], refused["file"], refused["element"]) == ("part", "conversations.json", len(good))


def test_an_exports_ledger_names_the_vault(store: SqliteStore, tmp_path: Path) -> None:
    with recognised([EXAMPLES]) as source:
        batch, _ = import_told(source, store, None)
    written = export(
        store, tmp_path / "out.zip", format="portable-ai-memory", strip_identifiers=True, ledger=Wanted(tmp_path / "l.json")
    )
    value = check(tmp_path / "l.json")
    assert value["source"] == {"vault": store.owner_id, "change": batch.id}
    assert value["options"] == {"strip_identifiers": True}
    assert not any("id" in each for each in value["records"])
    assert written.document is not None
    assert digests.matches(tmp_path / "out.zip", reading.read(tmp_path / "l.json").ledger.target.files)


def test_a_ledger_holds_no_content(tmp_path: Path) -> None:
    row = made.episode("ep_secretive", "Canary words", categories=["canary-tag"], actors=["Canary Person"])
    bundle = made.write(tmp_path / "canary.mem", {"episode": [row], "preference": [{"key": "canary_key", "value": "canary"}]})
    for to in TARGETS[:4]:
        convert([bundle], tmp_path / to, format=to, ledger=Wanted(tmp_path / "l.json"))
        data = (tmp_path / "l.json").read_bytes().replace(b"canary.mem", b"")
        assert b"canary" not in data.lower()
        assert str(tmp_path).encode() not in data


def test_what_fails_leaves_no_ledger_and_what_stands_there_stays(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.json"
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.json").write_text("{}")
    with pytest.raises(Exception, match=r"x\.json"):
        convert([tmp_path / "in"], tmp_path / "out", format="portable-memory", ledger=Wanted(ledger))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]
    ledger.write_text("a letter")
    with pytest.raises(OutputError, match="is no ledger"):
        convert([EXAMPLES], tmp_path / "out", format="portable-memory", ledger=Wanted(ledger))
    assert ledger.read_text() == "a letter"
    assert not (tmp_path / "out").exists()
    for place in (tmp_path / "out", tmp_path / "out" / "ledger.json", EXAMPLES / "ledger.json"):
        with pytest.raises(UsageError, match="would stand in"):
            convert([EXAMPLES], tmp_path / "out", format="portable-memory", ledger=Wanted(place))


def test_an_earlier_ledger_is_replaced(tmp_path: Path) -> None:
    for to in TARGETS[:2]:
        convert([EXAMPLES], tmp_path / to, format=to, ledger=Wanted(tmp_path / "l.json"))
    assert check(tmp_path / "l.json")["target"]["formats"][0]["name"] == TARGETS[1]


def _edits(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Forgeries: each is one that somebody could gain by."""
    records = value["records"]
    other = {**records[0], "fate": "rejected"}
    totals = {**value["totals"], "whole": value["totals"]["whole"] + 1}
    files = {**value["target"], "files": [{"name": "other", "sha256": "0" * 64}]}
    return [
        {**value, "records": records[1:]},
        {**value, "records": [*records, records[0]]},
        {**value, "records": [records[1], records[0], *records[2:]]},
        {**value, "records": [other, *records[1:]]},
        {**value, "totals": totals},
        {**value, "target": files},
        {**value, "lines": value["lines"][1:]},
        {**value, "made": "2020-01-01T00:00:00Z"},
        {**value, "signature": {**value["signature"], "value": value["signature"]["value"][:-4] + "AAAA"}},
    ]


def test_every_forgery_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "l.json"
    convert([EXAMPLES], tmp_path / "out", format="portable-memory", ledger=Wanted(path, KEY))
    value = value_of(path)
    for forged in _edits(value):
        path.write_text(json.dumps(forged))
        assert reading.verify_ledger(reading.read(path), TRUST).verdict == "invalid"
    # Spacing and the order of members are nobody's.
    path.write_text(json.dumps(dict(reversed(value.items())), indent=1))
    assert reading.verify_ledger(reading.read(path), TRUST).verdict == "verified"
    assert reading.verify_ledger(reading.read(path), Trust()).verdict == "untrusted"
    del value["signature"]
    path.write_text(json.dumps(value))
    assert reading.verify_ledger(reading.read(path), TRUST).verdict == "unsigned"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"type":"satchel-loss-ledger"}', '{"type":"satchel-loss-ledger","records":[1]}', "{" * 500],
)
def test_what_is_no_ledger_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(text)
    with pytest.raises(MalformedInput):
        reading.read(tmp_path / "l.json")


words = st.text(max_size=12)
uids = st.integers(0, 20).map(lambda number: f"{number:040x}")
calls = st.one_of(
    st.tuples(st.just("record"), uids, st.sampled_from(["accepted", "omitted"]), st.sampled_from(["", "no-place"])),
    st.tuples(st.just("field"), uids, st.sampled_from(["lost", "carried"]), st.sampled_from(["tags", "links"])),
    st.tuples(st.just("place"), words, st.integers(0, 9), st.integers(1, 5)),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(calls, max_size=40))
def test_whatever_is_told_is_a_valid_ledger(tmp_path: Path, told: list[tuple[Any, ...]]) -> None:
    path = tmp_path / "l.json"
    with LedgerWriter(path, operation="import", options={}) as writer:
        ledger = Ledger(writer)
        for call in told:
            match call:
                case ("record", uid, fate, code):
                    ledger.record("memory", fate, code, "", uid=uid)
                case ("field", uid, fate, field):
                    ledger.field("memory", field, fate, "no-member", "", uid=uid)
                case (_, file, element, count):
                    ledger.record("part", "rejected", "x", "", place=Place(file, element), count=count)
        writer.finish(ledger.lines(), LedgerEnd(), LedgerEnd())
    check(path)


def test_a_witness_need_not_be_asked_for() -> None:
    assert WriteOptions().witness is None
    assert not Ledger().is_witnessed
