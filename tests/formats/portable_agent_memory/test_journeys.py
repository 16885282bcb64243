"""Artifacts into a vault and out again: what is taken, what is refused, what goes home and as what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from satchel.errors import LimitExceeded, MalformedInput, OutputError, Place, UsageError
from satchel.formats import registry
from satchel.formats.base import Since, WriteOptions
from satchel.formats.portable_agent_memory import FORMAT, reader, wire, writer
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.profiles import SCHEMA, SDK, SPEC, Profile
from satchel.formats.portable_agent_memory.records import artifact_uid, uid_of
from satchel.formats.portable_agent_memory.reissue import convert, migrate
from satchel.formats.portable_agent_memory.sealing import complete, resign, seal
from satchel.limits import DEFAULT, Limits
from satchel.model import bodies
from satchel.model.record import Access, Link, Original, Provenance, Reading, Record, Tombstone
from satchel.trust.public_keys import read_typed_key
from satchel.trust.secrets import Secret
from satchel.trust.signatures import ED25519, PrivateKey
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.formats.portable_agent_memory import made
from tests.formats.portable_agent_memory.journeys import (
    OPERATOR,
    SAMPLES,
    TRUSTED,
    Held,
    Nothing,
    given,
    needs_samples,
    records_in,
    taken,
)
from tests.formats.portable_ai_memory.bag import NOON, Bag, conversation, memory, message, record, text, uid

#: How many records of each kind the samples hold, counted by hand in their files. An identity is one for each thing it says.
COUNTS = {
    "sdk-profile/minimal-signed.pam": {"memory": 1, "profile": 1},
    "sdk-profile/five-components-signed.pam": {
        "memory": 9,
        "procedure": 2,
        "task": 1,
        "profile": 1,
        "instruction": 2,
        "setting": 1,
    },
    "sdk-profile/tokens-embedded.pam": {"memory": 4},
    "sdk-profile/redacted-with-original.pam": {"memory": 2},
    "sdk-profile/paper-mix-127.pam": {"memory": 77, "procedure": 20, "task": 25},
    "sdk-profile/unsigned.pam": {"memory": 1},
    "sdk-profile/empty-signed.pam": {},
    "sdk-profile/sdk-default-timestamps.pam": {"memory": 1},
    "spec-profile/multi-component.pam.json": {"memory": 4, "procedure": 1, "task": 1},
    "spec-profile/redacted.pam.json": {"memory": 2},
    "schema-profile/minimal.pam.json": {"memory": 1},
}
_LENIENT = (
    "accept in sdk profile",
    "when a signature is required",
    "PAM_INVALID_SCHEMA in strict mode",
    "(strict) / ok (lenient)",
    "sdk profile: ok",
)
KEY = PrivateKey(ED25519, Secret(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))


def verdicts() -> list[tuple[str, str]]:
    """Every sample with what a strict reader ought to say of it; "" for one that is sound."""
    if not SAMPLES.is_dir():
        return []
    found = [(each["file"], each["strict_verdict"]) for each in json.loads((SAMPLES / "manifest.json").read_text())]
    spec = json.loads((SAMPLES / "manifest-spec-profile.json").read_text())
    found += [(each["file"], each["expected"]) for each in spec]
    codes = []
    for file, said in found:
        code = next((word.strip(";,") for word in said.split() if word.startswith("PAM_")), "")
        # Refused by the letter alone; taken as artifacts in use are.
        if any(words in said for words in _LENIENT):
            code = ""
        elif said == "reject":
            code = "PAM_"
        codes.append((file, code))
    return codes


SOUND = [file for file, code in verdicts() if not code]


@needs_samples
@pytest.mark.parametrize(("file", "code"), verdicts())
def test_every_sample_is_taken_or_refused_as_it_should_be(store: SqliteStore, file: str, code: str) -> None:
    if code:
        with pytest.raises(MalformedInput, match=code) as refused:
            taken(store, SAMPLES / file, trusted=TRUSTED)
        assert refused.value.place is not None
        assert refused.value.place.file == Path(file).name
        assert store.count() == 0
        return
    batch = taken(store, SAMPLES / file, trusted=TRUSTED)
    counts = {kind: sum(found.values()) for kind, found in batch.summary.counts.items()}
    # The artifact as a whole.
    assert counts.pop("foreign") == 1
    for kind, count in COUNTS.get(file.removesuffix(".cbor"), {}).items():
        assert counts[kind] == count


@needs_samples
@pytest.mark.parametrize("file", SOUND)
def test_an_artifact_goes_home_byte_for_byte(store: SqliteStore, tmp_path: Path, file: str) -> None:
    taken(store, SAMPLES / file, trusted=TRUSTED)
    target = tmp_path / Path(file).name
    given(store, target)
    assert target.read_bytes() == (SAMPLES / file).read_bytes()
    # Over itself it may be written again.
    given(store, target)


@needs_samples
def test_both_encodings_of_an_artifact_are_one_memory(store: SqliteStore, tmp_path: Path) -> None:
    first, second = (SAMPLES / f"sdk-profile/five-components-signed.pam{end}" for end in ("", ".cbor"))
    taken(store, first)
    batch = taken(store, second)
    assert batch.summary.counts.pop("foreign") == {"new": 1}
    assert {outcome for found in batch.summary.counts.values() for outcome in found} == {"unchanged"}
    for source, name in ((first, "a.pam"), (second, "b.pam.cbor")):
        given(store, tmp_path / name)
        assert (tmp_path / name).read_bytes() == source.read_bytes()


@needs_samples
def test_the_other_encoding_keeps_root_and_signature(store: SqliteStore, tmp_path: Path) -> None:
    taken(store, SAMPLES / "sdk-profile/five-components-signed.pam")
    given(store, tmp_path / "out.pam.cbor")
    made = wire.parse((tmp_path / "out.pam.cbor").read_bytes())
    assert check(made, keys=[read_typed_key(OPERATOR)]).signature == "valid"
    # What the SDK itself writes of it.
    assert (tmp_path / "out.pam.cbor").read_bytes() == (SAMPLES / "sdk-profile/five-components-signed.pam.cbor").read_bytes()


@needs_samples
@pytest.mark.parametrize("spelled", ["indented", "ended"])
def test_a_file_that_nobody_else_spells_so_goes_home_too(store: SqliteStore, tmp_path: Path, spelled: str) -> None:
    data = (SAMPLES / "sdk-profile/five-components-signed.pam").read_bytes()
    odd = tmp_path / "odd.pam"
    odd.write_bytes(data + b"\n" if spelled == "ended" else json.dumps(json.loads(data), indent=4).encode())
    taken(store, odd)
    given(store, tmp_path / "out.pam")
    assert (tmp_path / "out.pam").read_bytes() == odd.read_bytes()


@needs_samples
def test_a_folder_of_artifacts_is_read(store: SqliteStore, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("five-components-signed.pam", "tokens-embedded.pam.cbor"):
        (folder / name).write_bytes((SAMPLES / "sdk-profile" / name).read_bytes())
    assert FORMAT.recognises(folder)
    taken(store, folder)
    ids = {
        entry["id"]
        for file in folder.iterdir()
        for component in ("episodic", "semantic")
        for entry in wire.parse(file.read_bytes()).entries(component)
    }
    assert {each.origin.id for each in store.records("memory")} == ids
    (folder / "notes.txt").write_text("no artifact")
    assert not FORMAT.recognises(folder)


# Trust ------------------------------------------------------------------------------------------------------------------------


@needs_samples
def test_a_trusted_signature_makes_entries_verified(store: SqliteStore) -> None:
    taken(store, SAMPLES / "sdk-profile/five-components-signed.pam", trusted=TRUSTED)
    found = [each for each in store.records() if each.kind != "foreign"]
    assert {each.trust for each in found} == {"verified"}


@needs_samples
def test_without_trusted_keys_entries_are_imported_and_it_is_told(store: SqliteStore) -> None:
    batch = taken(store, SAMPLES / "sdk-profile/five-components-signed.pam")
    assert {each.trust for each in store.records()} == {"imported"}
    assert "signature-unchecked" in {finding.code for finding in batch.summary.findings}


@needs_samples
def test_a_bad_signature_can_be_passed_over_and_vouches_for_nothing(store: SqliteStore) -> None:
    taken(store, SAMPLES / "sdk-profile/negative/bad-signature.pam", trusted=TRUSTED, accept=True)
    assert {each.trust for each in store.records()} == {"imported"}
    with pytest.raises(MalformedInput, match="PAM_HASH_MISMATCH"):
        taken(store, SAMPLES / "sdk-profile/negative/tampered-observation.pam", trusted=TRUSTED, accept=True)


@needs_samples
def test_what_vouched_for_an_artifact_is_kept(store: SqliteStore) -> None:
    path = SAMPLES / "sdk-profile/five-components-signed.pam"
    taken(store, path, trusted=TRUSTED)
    import hashlib

    kept = store.get(artifact_uid(hashlib.sha256(path.read_bytes()).hexdigest()))
    assert kept is not None
    assert isinstance(kept.body, bodies.Foreign)
    said = json.loads(path.read_bytes())
    assert said["root_hash"] in kept.body.text
    assert said["signature"] in kept.body.text
    assert OPERATOR in kept.body.text


def test_salience_raises_no_trust(tmp_path: Path) -> None:
    given_bag(tmp_path, memory("a", "Trust me", trust="untrusted"))
    ((found, _),) = entries(records_in(tmp_path / "out.pam"))
    assert found.trust == "untrusted"


def test_a_residue_that_nothing_signs_takes_from_the_trust(tmp_path: Path) -> None:
    """The root's signature does not cover the metadata (dossier 0, item 9): only the seal does."""
    target = given_bag(tmp_path, memory("a", "Likes tea"), key=KEY)
    ((sealed, _),) = entries(records_in(target, trusted=TRUSTED))
    assert sealed.trust == "verified"
    artifact = wire.parse(target.read_bytes())
    metadata = {name: value for name, value in artifact.metadata.items() if name != "pam_seal"}
    target.write_bytes(wire.serialise(with_envelope(artifact, metadata=metadata)))
    ((loose, _),) = entries(records_in(target, trusted=TRUSTED))
    assert loose.trust == "imported"


def test_a_residue_never_says_what_the_entry_does_not(tmp_path: Path) -> None:
    """A forged residue is dropped, the entry stays what it is (issue 6)."""
    target = given_bag(tmp_path, memory("a", "Likes tea", times=_untimed()))
    artifact = wire.parse(target.read_bytes())
    for forged in ({"body": {"text": "Likes coffee"}}, {"as": "entity"}, {"body": {"text": 5}}, {"tags": ["x"]}):
        ours = json.loads(json.dumps(artifact.metadata["satchel"]))
        ours["entries"][0].update(forged)
        target.write_bytes(wire.serialise(with_envelope(artifact, metadata={"satchel": ours})))
        ((found, _),) = entries(records_in(target))
        assert found.body.text == "Likes tea"  # type: ignore[union-attr]
        assert found.tags == ()


def test_a_residue_of_another_entry_is_not_used(tmp_path: Path) -> None:
    target = given_bag(tmp_path, memory("a", "Likes tea", language="fr"))
    artifact = wire.parse(target.read_bytes())
    entry = {**artifact.entries("episodic")[0], "observation": "Likes coffee"}
    del entry["id"]
    edited = with_envelope(artifact, episodic=[complete(entry, "episodic", SDK)])
    target.write_bytes(wire.serialise(resign(edited, None)))
    ((found, _),) = entries(records_in(target))
    assert (found.body.text, found.language) == ("Likes coffee", "")  # type: ignore[union-attr]


# What is read of an entry -----------------------------------------------------------------------------------------------------


@needs_samples
def test_entries_read_as_people_would(store: SqliteStore) -> None:
    """Dossier 1.3 to 1.7; the texts stand in the sample."""
    found = {record.uid: record for record, _ in records_in(SAMPLES / "sdk-profile/five-components-signed.pam").values()}
    said = {getattr(each.body, "text", ""): each for each in found.values()}
    fact = said["ACME Corp q3 2024 revenue $4.2 billion"]
    assert isinstance(fact.body, bodies.Memory)
    assert (fact.body.subject, fact.body.predicate, fact.body.confidence) == ("ACME Corp", "q3_2024_revenue", 0.95)
    source = uid_of("blake3:f8ce7edb79e943ae60cc3ff576da4bd078205c917e5739df10e7cb765a585149")
    assert set(fact.links) == {Link("derived_from", source), Link("evidence", source)}
    event = found[source]
    assert isinstance(event.body, bodies.Memory)
    assert (event.body.type, event.body.salience, event.provenance.actor) == ("episode", 0.95, "agent:research-bot")
    steps = next(each.body for each in found.values() if isinstance(each.body, bodies.Procedure) and each.body.steps)
    assert steps.steps[1] == "Identify YoY changes."
    task = next(each.body for each in found.values() if isinstance(each.body, bodies.Task))
    assert task.title == "Answer user query about ACME Corp Q3 2024 results"
    assert "Retrieve 10-Q filing (completed)" in task.text
    profile = next(each for each in found.values() if each.kind == "profile")
    assert profile.language == "en"
    parts = [each for each in found.values() if each.linked("part_of") == profile.uid]
    assert sorted(each.kind for each in parts) == ["instruction", "instruction", "setting"]


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ({}, ["profile"]),
        ({"persona": "Bot"}, ["profile"]),
        ({"policies": ["Cite.", "Never guess."]}, ["instruction"]),
        ({"custom_instructions": "Be brief", "policies": ["Cite."]}, ["instruction", "instruction"]),
        ({"preferences": {"theme": "dark"}}, ["setting"]),
        ({"preferences": {"theme": "dark", "units": 1.0}, "persona": "Bot"}, ["profile", "setting"]),
    ],
)
def test_an_identity_is_what_it_says_and_goes_home_whole(
    store: SqliteStore, tmp_path: Path, said: dict[str, Any], kinds: list[str]
) -> None:
    entry = complete({"created_at": "2026-01-01T00:00:00Z", **said}, "identity", SDK)
    agent = {"name": "a", "model_family": "b", "runtime": "c"}
    artifact = seal(SDK, {"identity": [entry]}, source_agent=agent, created_at="2026-01-01T00:00:00Z")
    (tmp_path / "in.pam").write_bytes(wire.serialise(artifact))
    taken(store, tmp_path / "in.pam")
    assert sorted(each.kind for each in store.records() if each.kind != "foreign") == kinds
    given(store, tmp_path / "out.pam")
    assert (tmp_path / "out.pam").read_bytes() == (tmp_path / "in.pam").read_bytes()


@needs_samples
def test_objects_of_the_specification_read_as_text() -> None:
    found = [record for record, _ in records_in(SAMPLES / "spec-profile/multi-component.pam.json").values()]
    (profile,) = [each.body for each in found if isinstance(each.body, bodies.Profile)]
    assert profile.text == "ResearchBot (Financial Research Assistant); tone: professional"
    (task,) = [each.body for each in found if isinstance(each.body, bodies.Task)]
    assert "q3_revenue: $4.2B" in task.text.split("\n")


@needs_samples
def test_what_another_agent_is_told_to_do_is_no_instruction_of_ones_own() -> None:
    """Dossier 12.5 item 10: an identity is never merged."""
    found = [record for record, _ in records_in(SAMPLES / "sdk-profile/five-components-signed.pam").values()]
    told = [each.body.about for each in found if isinstance(each.body, bodies.Instruction)]
    assert told == ["project", "project"]


@needs_samples
def test_a_redacted_entry_outlives_its_original(store: SqliteStore) -> None:
    path = SAMPLES / "spec-profile/redacted.pam.json"
    taken(store, path)
    original = uid_of("blake3:5958583d9b82c1cfa0bc027892367808351aceed39a11b51a7df727fdf52c0f6")
    redacted = uid_of("blake3:23e8b9cc7bebf49b605107bdb6dc1f7ba1d71b07ef1d6b64cfcddfbe2c1c0bf3")
    assert Link("supersedes", original) in (store.get(redacted) or pytest.fail("it was not taken")).links
    bury(store, original)
    assert store.get(redacted) is not None
    assert store.get(original) is None
    # Alone it goes out as what it is: the boundary of a redaction (dossier 7.5).
    assert taken(store, path).summary.counts["memory"] == {"unchanged": 1}


# Erased is erased -------------------------------------------------------------------------------------------------------------


@needs_samples
def test_what_was_erased_does_not_come_back_nor_what_derives_from_it(store: SqliteStore, tmp_path: Path) -> None:
    path = SAMPLES / "sdk-profile/five-components-signed.pam"
    taken(store, path)
    first = uid_of("blake3:20ccd9b38e3b83772d92eaa132818051da25fb10958a86ea7f0d4698e3bdf985")
    before = store.count()
    bury(store, first)
    gone = before - store.count()
    assert gone > 1
    batch = taken(store, path)
    assert store.get(first) is None
    assert sum(finding.count for finding in batch.summary.findings if finding.code == "erased") >= gone - 1
    given(store, tmp_path / "out.pam")
    left = (tmp_path / "out.pam").read_bytes()
    assert b"What were ACME" not in left
    assert [fault for fault in check(wire.parse(left)).faults if fault.severity == "error"] == []


# What leaves ------------------------------------------------------------------------------------------------------------------


def test_what_may_not_leave_stays_and_nothing_names_it(tmp_path: Path) -> None:
    hidden = memory("secret", "My diagnosis", access=Access(exportable=False))
    told = memory("b", "Takes pills", links=(Link("derived_from", uid("secret")), Link("related_to", uid("secret"))))
    data = given_bag(tmp_path, hidden, told).read_bytes()
    assert b"diagnosis" not in data
    assert uid("secret").encode() not in data


@needs_samples
def test_a_child_of_what_may_not_leave_is_issued_anew(tmp_path: Path) -> None:
    found = records_in(SAMPLES / "sdk-profile/five-components-signed.pam")
    first = uid_of("blake3:20ccd9b38e3b83772d92eaa132818051da25fb10958a86ea7f0d4698e3bdf985")
    kept, native = found[first]
    found[first] = (msgspec.structs.replace(kept, access=Access(exportable=False)), native)
    FORMAT.write(Held(found), tmp_path / "out.pam")
    artifact = wire.parse((tmp_path / "out.pam").read_bytes())
    assert [fault for fault in check(artifact).faults if fault.severity == "error"] == []
    assert sum(artifact.counts.values()) == 12
    assert b"20ccd9b38e3b8377" not in (tmp_path / "out.pam").read_bytes()


@needs_samples
def test_entries_that_came_keep_their_ids_beside_ours(tmp_path: Path) -> None:
    source = json.loads((SAMPLES / "sdk-profile/five-components-signed.pam").read_bytes())
    found = records_in(SAMPLES / "sdk-profile/five-components-signed.pam")
    own = memory("a", "Likes tea")
    bag = Held({**found, own.uid: (own, b"{}")})
    FORMAT.write(bag, tmp_path / "out.pam", options=WriteOptions(signing_key=KEY))
    artifact = wire.parse((tmp_path / "out.pam").read_bytes())
    ids = {entry["id"] for _, entry in artifact.all_entries()}
    came = {entry["id"] for name in ("episodic", "semantic", "procedural", "working", "identity") for entry in source[name]}
    assert came < ids
    assert len(ids - came) == 1
    # It is ours by our signature, and says whose the entries were.
    assert artifact.source_agent["name"] == "satchel"
    report = check(artifact, keys=[KEY.public])
    assert (report.signature, report.sealed) == ("valid", True)
    (evidence,) = artifact.metadata["satchel"]["sources"]
    assert (evidence["root_hash"], evidence["signature"]) == (source["root_hash"], source["signature"])


@needs_samples
def test_an_edited_entry_gets_a_new_id_and_keeps_what_was_not_edited(tmp_path: Path) -> None:
    found = records_in(SAMPLES / "sdk-profile/five-components-signed.pam")
    old = uid_of("blake3:88efbe1cf8f176413537b624b8b98cea450eece6e742a6f70e7d7cf7c84b655f")
    kept, native = found[old]
    body = msgspec.structs.replace(kept.body, name="summarise")  # type: ignore[arg-type]
    found[old] = (msgspec.structs.replace(kept, body=body, touched=("body",)), native)
    FORMAT.write(Held(found), tmp_path / "out.pam")
    artifact = wire.parse((tmp_path / "out.pam").read_bytes())
    assert [fault for fault in check(artifact).faults if fault.severity == "error"] == []
    edited = next(entry for entry in artifact.entries("procedural") if entry["name"] == "summarise")
    assert (edited["usage_count"], edited["preconditions"]) == (14, ["report_text is non-empty"])


def test_messages_are_episodic_and_come_back_with_their_conversation(tmp_path: Path) -> None:
    talk = conversation()
    said = [
        message("m1", text("Hello"), position=0),
        message("m2", text("Hi"), position=1, parent="m1", role="assistant"),
    ]
    target = given_bag(tmp_path, talk, *said)
    artifact = wire.parse(target.read_bytes())
    assert {(each["actor"], each["observation"]) for each in artifact.entries("episodic")} == {
        ("user:owner", "Hello"),
        ("agent:assistant", "Hi"),
    }
    found = [record for record, _ in records_in(target).values() if record.kind in ("message", "conversation")]
    head = next(each for each in found if each.kind == "conversation")
    assert all(each.linked("part_of") == head.uid for each in found if each.kind == "message")
    answer = next(each.body for each in found if isinstance(each.body, bodies.Message) and each.body.role == "assistant")
    first = next(each.uid for each in found if isinstance(each.body, bodies.Message) and each.body.role == "user")
    assert answer.parent == first


def test_statements_do_not_contradict_one_another(tmp_path: Path) -> None:
    """Dossier 1.4: of two facts with one subject and predicate a reader keeps the later; only a triple is written as one."""
    triple = bodies.Memory(text="Ann likes tea", subject="Ann", predicate="likes", object="tea")
    target = given_bag(tmp_path, memory("a", "Likes tea"), memory("b", "Lives in Köln"), record("c", triple))
    artifact = wire.parse(target.read_bytes())
    assert [entry["subject"] for entry in artifact.entries("semantic")] == ["Ann"]
    assert {entry["observation"] for entry in artifact.entries("episodic")} == {"Likes tea", "Lives in Köln"}
    assert not [fault for fault in check(artifact).faults if fault.detail == "CONFLICT"]


def test_a_plain_message_carries_its_text_once(tmp_path: Path) -> None:
    data = given_bag(tmp_path, conversation(), message("m1", text("Only once"))).read_bytes()
    assert data.count(b"Only once") == 1


def test_what_holds_no_longer_is_no_entry(tmp_path: Path) -> None:
    """A format without tombstones: what was taken back is told to no agent as if it held."""
    target = given_bag(tmp_path, memory("a", "Lives in Bonn", status="retracted"), memory("b", "Lives in Köln"))
    artifact = wire.parse(target.read_bytes())
    assert [entry["observation"] for entry in artifact.entries("episodic")] == ["Lives in Köln"]
    found = {record.body.text: record.status for record, _ in records_in(target).values() if record.kind == "memory"}  # type: ignore[union-attr]
    assert found == {"Lives in Bonn": "retracted", "Lives in Köln": "active"}


def test_a_missing_time_is_told_and_comes_back_missing(tmp_path: Path) -> None:
    bag = Bag([memory("a", times=_untimed())])
    done = FORMAT.write(bag, tmp_path / "out.pam")
    assert ("memory", "times.created", "time-substituted") in {
        (line.kind, line.field, line.code) for line in done.ledger.lines()
    }
    ((found, _),) = entries(records_in(tmp_path / "out.pam"))
    assert found.times.created is None


def test_what_is_too_long_for_an_entry_rides_beside(tmp_path: Path) -> None:
    bag = Bag(
        [
            memory(
                "a",
                "x" * 300_000,
            ),
            memory("b"),
        ]
    )
    done = FORMAT.write(bag, tmp_path / "out.pam")
    assert "out-of-bounds" in {line.code for line in done.ledger.lines()}
    found = {len(record.body.text) for record, _ in records_in(tmp_path / "out.pam").values() if record.kind == "memory"}  # type: ignore[union-attr]
    assert found == {300_000, 9}


def test_more_than_one_artifact_holds_is_refused_for_a_file_and_cut_for_a_folder(tmp_path: Path) -> None:
    """Dossier 1.8: 100 identity entries at most."""
    bag = Bag([record(f"p{number}", bodies.Instruction(text=f"Rule {number}")) for number in range(230)])
    with pytest.raises(OutputError, match="does not fit one artifact"):
        FORMAT.write(bag, tmp_path / "out.pam")
    assert not (tmp_path / "out.pam").exists()
    done = FORMAT.write(bag, tmp_path / "many")
    assert (done.files, done.counts) == (3, {"identity": 230})
    files = sorted((tmp_path / "many").iterdir())
    for file in files:
        assert [fault for fault in check(wire.parse(file.read_bytes())).faults if fault.severity == "error"] == []
    assert FORMAT.recognises(tmp_path / "many")
    found = {record.body.text for record, _ in records_in(tmp_path / "many").values() if record.kind == "instruction"}  # type: ignore[union-attr]
    assert found == {f"Rule {number}" for number in range(230)}
    # An earlier export of ours is replaced, anything else is not.
    FORMAT.write(bag, tmp_path / "many")
    (tmp_path / "many" / "mine.txt").write_text("keep me")
    with pytest.raises(OutputError, match="no earlier export"):
        FORMAT.write(bag, tmp_path / "many")


def test_parts_are_measured_as_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In ASCII, a text of accented letters or emoji has three times the bytes that it was kept in."""
    monkeypatch.setattr(writer, "SDK_BYTES", 100_000)
    texts = {f"{number} " + "éß🦆" * 450 for number in range(40)}
    done = FORMAT.write(Bag([memory(f"m{number}", text) for number, text in enumerate(sorted(texts))]), tmp_path / "many")
    sizes = [file.stat().st_size for file in (tmp_path / "many").iterdir()]
    assert done.files == len(sizes) > 1 and max(sizes) <= 100_000
    assert {record.body.text for record, _ in records_in(tmp_path / "many").values() if record.kind == "memory"} == texts  # type: ignore[union-attr]


def test_what_is_joined_is_one_part_up_to_what_readers_take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "SDK_BYTES", 50_000)
    chain = [
        memory(f"m{number}", f"{number} " + "x" * 2000, links=(Link("derived_from", uid(f"m{number - 1}")),) if number else ())
        for number in range(30)
    ]
    done = FORMAT.write(Bag(chain), tmp_path / "one")
    assert done.files == 1 and "past-the-sdk" in {line.code for line in done.ledger.lines()}
    monkeypatch.setattr(writer, "DEFAULT", Limits(artifact_bytes=60_000))
    for target in (tmp_path / "none", tmp_path / "none.pam", tmp_path / "none.pam.cbor"):
        with pytest.raises(OutputError, match="bytes"):
            FORMAT.write(Bag(chain), target)
        assert not target.exists()


def test_a_file_is_measured_and_not_what_is_kept_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bag = Bag([memory(f"m{number}", f"{number} " + "\x01" * 2000) for number in range(20)])
    size = FORMAT.write(bag, tmp_path / "all.pam.cbor").size_bytes
    monkeypatch.setattr(writer, "DEFAULT", Limits(artifact_bytes=size))
    assert FORMAT.write(bag, tmp_path / "again.pam.cbor").size_bytes == size
    with pytest.raises(OutputError, match="bytes"):
        FORMAT.write(bag, tmp_path / "again.pam")


def test_what_one_artifact_of_a_folder_names_may_stand_in_another(tmp_path: Path) -> None:
    rules = [
        record(f"p{number}", bodies.Instruction(text=f"Rule {number}"), links=(Link("part_of", uid("talk")),))
        for number in range(230)
    ]
    FORMAT.write(Bag([conversation(), *rules]), tmp_path / "many")
    found = [each for each, _ in records_in(tmp_path / "many").values()]
    (head,) = [each for each in found if each.kind == "conversation"]
    assert [each.linked("part_of") for each in found if each.kind == "instruction"] == [head.uid] * 230


@needs_samples
def test_a_folder_with_one_bad_artifact_is_not_taken_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for name in ("minimal-signed.pam", "negative/tampered-parent.pam"):
        (folder / Path(name).name).write_bytes((SAMPLES / "sdk-profile" / name).read_bytes())
    given_first = reader.read(folder, limits=DEFAULT, known=Nothing())
    with pytest.raises(MalformedInput, match="many/tampered-parent"):
        next(given_first)


@needs_samples
def test_somebody_elses_file_is_not_written_over(tmp_path: Path) -> None:
    target = tmp_path / "out.pam"
    target.write_bytes((SAMPLES / "sdk-profile/minimal-signed.pam").read_bytes())
    with pytest.raises(OutputError, match="in the way"):
        FORMAT.write(Bag([memory("a")]), target)
    assert target.read_bytes() == (SAMPLES / "sdk-profile/minimal-signed.pam").read_bytes()


def test_what_the_format_cannot_do_is_said(tmp_path: Path) -> None:
    for options in (
        WriteOptions(since=Since(3, NOON)),
        WriteOptions(budget=9),
        WriteOptions(strip_identifiers=True),
        WriteOptions(profile="browser"),
        WriteOptions(profile="spec-9"),
    ):
        with pytest.raises(UsageError):
            FORMAT.write(Bag([memory("a")]), tmp_path / "out.pam", options=options)
    assert registry.get("portable-agent-memory") is FORMAT


# Its own vault ----------------------------------------------------------------------------------------------------------------


def hold(store: SqliteStore, *items: Record) -> None:
    """Records that came from elsewhere."""
    with store.importing("elsewhere") as intake:
        for item in (msgspec.structs.replace(each, provenance=Provenance(platform="chatgpt")) for each in items):
            intake.put(
                Original(
                    uid=item.uid,
                    kind="chatgpt.thing",
                    native=item.uid.encode(),
                    place=Place(),
                    reader="chatgpt/1",
                    updated=None,
                    read=lambda item=item: Reading((item,)),  # type: ignore[misc]
                )
            )
        intake.finish(())


@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda each: each.name)
def test_an_export_that_comes_back_brings_nothing(store: SqliteStore, tmp_path: Path, profile: Profile) -> None:
    """What the vault holds is known again by the uid that rides with it."""
    hold(store, memory("a", "Likes tea"), conversation(), message("m1", text("Hello")), message("m2", text("Hi"), parent="m1"))
    before = {each.uid: each for each in store.records()}
    given(store, tmp_path / "out.pam", profile=profile)
    batch = taken(store, tmp_path / "out.pam")
    assert batch.summary.counts == {"foreign": {"new": 1}}
    assert sum(finding.count for finding in batch.summary.findings if finding.code == "own-record") == 4
    assert {each.uid: each for each in store.records() if each.kind != "foreign"} == before


def test_an_export_is_known_again_only_while_it_says_the_same(store: SqliteStore, tmp_path: Path) -> None:
    """A uid that somebody made up keeps out nothing but what says the same already."""
    hold(store, memory("a", "Likes tea"))
    target = given_bag(tmp_path, memory("a", "Likes coffee"))
    assert taken(store, target).summary.counts["memory"] == {"new": 1}


@needs_samples
def test_what_was_issued_anew_from_entries_of_the_vault_is_known_again(store: SqliteStore, tmp_path: Path) -> None:
    taken(store, SAMPLES / "sdk-profile/five-components-signed.pam")
    before = store.count()
    given(store, tmp_path / "out.pam", profile=SPEC)
    batch = taken(store, tmp_path / "out.pam")
    assert batch.summary.counts == {"foreign": {"new": 1}}
    assert store.count() == before + 1


@needs_samples
def test_an_entry_of_another_profile_reads_as_it_did_in_its_own(tmp_path: Path) -> None:
    found = records_in(SAMPLES / "sdk-profile/five-components-signed.pam")
    FORMAT.write(Held(found), tmp_path / "out.pam", options=WriteOptions(profile="spec-1.0"))
    again = records_in(tmp_path / "out.pam")
    assert _said(again) == _said(found)


def _said(found: dict[str, tuple[Record, bytes]]) -> set[str]:
    return {str((each.body, each.times, each.tags, each.provenance)) for each, _ in found.values() if each.kind != "foreign"}


# From profile to profile ------------------------------------------------------------------------------------------------------


@needs_samples
@pytest.mark.parametrize("target", [SDK, SPEC, SCHEMA], ids=lambda each: each.name)
@pytest.mark.parametrize("file", [file for file in SOUND if "empty" not in file and "negative" not in file])
def test_a_sample_converts_and_comes_back_byte_for_byte(file: str, target: Profile) -> None:
    """Dossier 1.9: a re-issue with a map of ids, references rewritten, the source's root kept."""
    data = (SAMPLES / file).read_bytes()
    source = wire.parse(data)
    made = convert(source, target)
    if source.profile is target:
        return
    report = check(made.artifact)
    assert [fault for fault in report.faults if fault.severity == "error"] == []
    assert (report.profile, report.signature) == (target.name, "none")
    assert len(made.ids) == sum(source.counts.values())
    (evidence,) = made.artifact.metadata["satchel"]["sources"]
    assert evidence["root_hash"] == source.root_hash
    back = convert(wire.parse(wire.serialise(made.artifact, "json")), source.profile).artifact
    assert wire.serialise(back) == data


@needs_samples
@pytest.mark.parametrize(
    ("file", "there"),
    [
        ("sdk-profile/five-components-signed.pam", SPEC),
        ("sdk-profile/paper-mix-127.pam.cbor", SCHEMA),
        ("spec-profile/multi-component.pam", SDK),
    ],
)
def test_an_artifact_comes_home_by_way_of_two_vaults_and_another_profile(tmp_path: Path, file: str, there: Profile) -> None:
    with trial_vault() as first, trial_vault() as second:
        taken(first, SAMPLES / file)
        between = tmp_path / "between.pam"
        given(first, between, profile=there)
        assert wire.parse(between.read_bytes()).profile is there
        taken(second, between)
        own = wire.parse((SAMPLES / file).read_bytes()).profile
        home = tmp_path / Path(file).name
        given(second, home, profile=own)
        assert home.read_bytes() == (SAMPLES / file).read_bytes()


@needs_samples
def test_a_conversion_shows_what_the_other_shape_has_a_word_for() -> None:
    source = wire.parse((SAMPLES / "sdk-profile/five-components-signed.pam").read_bytes())
    made = convert(source, SPEC).artifact
    (identity,) = made.entries("identity")
    assert identity["persona"] == {"name": "ResearchBot", "role": "Financial Research Assistant"}
    assert identity["policies"][-1] == "Tone: professional"
    (work,) = made.entries("working")
    assert work["subgoals"] == ["Retrieve 10-Q filing"]
    assert work["pending_actions"][0]["action"] == "internal"
    assert work["pending_actions"][0]["status"] == "pending"


@needs_samples
def test_a_migration_rewrites_every_reference() -> None:
    """Dossier 10.3: the specification's sketch leaves children naming ids that are gone."""
    source = wire.parse((SAMPLES / "spec-profile/multi-component.pam.json").read_bytes())
    made = migrate(source, "1.1")
    report = check(made.artifact)
    assert [fault for fault in report.faults if fault.severity == "error"] == []
    assert (made.artifact.schema_version, report.partial, report.signature) == ("1.1", True, "none")
    assert all("context" in entry for entry in made.artifact.entries("episodic"))
    fact = made.artifact.entries("semantic")[0]
    assert fact["source_event_ids"] == [made.ids[id] for id in source.entries("semantic")[0]["source_event_ids"]]
    assert made.artifact.metadata["satchel"]["sources"][-1]["root_hash"] == source.root_hash


@needs_samples
def test_a_migration_without_a_way_is_refused() -> None:
    source = wire.parse((SAMPLES / "spec-profile/minimal.pam.json").read_bytes())
    with pytest.raises(MalformedInput, match="PAM_UNSUPPORTED_SCHEMA"):
        migrate(source, "3.0")
    steps: dict[tuple[str, str], Any] = {
        ("1.0", "2.0"): lambda component, entry: {**entry, "a": 1},
        ("2.0", "3.0"): lambda component, entry: {**entry, "b": 2},
    }
    made = migrate(source, "3.0", transforms=steps).artifact
    assert all((entry["a"], entry["b"], entry["version"]) == (1, 2, "3.0") for _, entry in made.all_entries())


def test_what_vouches_for_an_artifact_is_bounded_before_it_is_issued_anew() -> None:
    whole = made.artifact(SDK)
    few = Limits(artifact_string_bytes=1000, artifact_metadata_bytes=20_000)
    for name in ("root_hash", "signature", "created_at"):
        long = with_envelope(whole, **{name: "x" * 1001})
        for issue in (lambda it: convert(it, SPEC, limits=few), lambda it: migrate(it, "1.1", limits=few)):
            with pytest.raises(LimitExceeded, match="bytes"):
                issue(long)
    agent = with_envelope(whole, source_agent={**whole.source_agent, "name": "x" * 1001})
    tokens = with_envelope(whole, capability_tokens=[{}] * 65)
    for each, code in ((agent, "PAM_INVALID_SCHEMA"), (tokens, "PAM_INVALID_SCHEMA")):
        with pytest.raises(LimitExceeded, match=code):
            convert(each, SPEC, limits=few)
    with pytest.raises(MalformedInput, match="no id"):
        convert(with_envelope(whole, episodic=[{"observation": "x"}]), SPEC)


def test_an_artifact_that_is_converted_again_and_again_ends_at_the_limit() -> None:
    now, few, key = made.artifact(SDK), Limits(artifact_metadata_bytes=100_000), made.OPERATOR

    def there_and_back() -> Artifact:
        return convert(convert(now, SPEC, key, limits=few).artifact, SDK, key, limits=few).artifact

    for _ in range(2):
        now = there_and_back()
    with pytest.raises(LimitExceeded, match="PAM_TOO_LARGE"):  # noqa: PT012 - which is one too many, the sizes decide
        for _ in range(20):
            now = there_and_back()
    assert check(now, few).verdict() == ""


# What these tests are made of -------------------------------------------------------------------------------------------------


def _untimed() -> Any:
    from satchel.model.record import Times

    return Times()


def given_bag(folder: Path, *items: Record, key: PrivateKey | None = None) -> Path:
    target = folder / "out.pam"
    FORMAT.write(Bag(list(items)), target, options=WriteOptions(signing_key=key))
    return target


def entries(found: dict[str, tuple[Record, bytes]]) -> list[tuple[Record, bytes]]:
    """What is no artifact as a whole."""
    return [each for each in found.values() if each[0].kind != "foreign"]


def with_envelope(artifact: Artifact, **members: Any) -> Artifact:
    return msgspec.structs.replace(artifact, envelope={**artifact.envelope, **members})


def bury(store: SqliteStore, target: str) -> None:
    with store.importing("tombstones") as intake:
        intake.bury(
            Tombstone(targets=(target,), op="delete", format="portable-agent-memory", native=target.encode(), place=Place())
        )
        intake.finish(())
