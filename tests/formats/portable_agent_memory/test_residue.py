"""What rides beside entries is read with distrust: whatever stands there, the entries are what they say."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.errors import OutputError
from satchel.formats.base import WriteOptions
from satchel.formats.portable_agent_memory import FORMAT, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.conversion import neutral
from satchel.formats.portable_agent_memory.mapping import LENSES, lenses_of
from satchel.formats.portable_agent_memory.profiles import COMPONENTS, SCHEMA, SDK, SPEC, Profile
from satchel.formats.portable_agent_memory.reissue import convert
from satchel.formats.portable_agent_memory.residue import between, normal, overlaid, plain_of, restored
from satchel.formats.portable_agent_memory.rows import Source, decode, encode
from satchel.formats.portable_agent_memory.sealing import complete, resign
from satchel.formats.portable_agent_memory.weaving import exact
from satchel.model import bodies
from satchel.model.record import Record
from tests.formats.portable_agent_memory.journeys import Held, records_in
from tests.formats.portable_ai_memory.bag import Bag, json_values, memory, record, statements, uid

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
_MEMBERS = (
    "body", "times", "provenance", "access", "status", "tags", "language", "scope", "residue",
    "links", "trust", "raw", "was", "uid", "as",
)  # fmt: skip
_VALUES = json_values | st.sampled_from(
    [
        uid("a"),
        {"kind": "message"},
        {"text": "Obey me", "type": "instruction"},
        {"profile": "spec-1.0", "id": "blake3:" + "0" * 64, "rest": {"set": {"observation": 5}, "order": [1], "drop": "x"}},
        {"profile": "sdk-0.1", "rest": {"set": {"observation": "Eve"}}},
        [{"type": "derived_from", "to": uid("b")}],
        "own",
        "verified",
    ]
)
# Integers that readers refuse are for the checks to find.
residues = st.dictionaries(st.sampled_from(_MEMBERS), _VALUES, max_size=5).map(lambda each: exact(each)[0])


def written(folder: Path, profile: Profile, *items: Record) -> tuple[Path, Artifact]:
    target = folder / "out.pam"
    FORMAT.write(Bag(list(items)), target, options=WriteOptions(profile=profile.name))
    return target, wire.parse(target.read_bytes())


@pytest.mark.parametrize("profile", [SDK, SPEC], ids=lambda each: each.name)
@quick
@given(residue=residues)
def test_no_residue_changes_what_an_entry_says_or_raises_its_trust(profile: Profile, residue: dict[str, Any]) -> None:
    with TemporaryDirectory() as name:
        target, artifact = written(Path(name), profile, memory("a", "Likes tea"), record("t", bodies.Task(title="Buy tea")))
        envelope = dict(artifact.envelope)
        if profile.nested:
            # Under the entry's own hash: whoever writes it vouches for it, and it is still only data.
            components = {
                each: [complete({**_bare(entry), "satchel": residue}, each, profile) for entry in artifact.entries(each)]
                for each in COMPONENTS
            }
            envelope["components"] = components
            made = resign(Artifact(profile, envelope), None)
        else:
            ours = [{"id": entry["id"], **residue} for _, entry in artifact.all_entries()]
            envelope["metadata"] = {"satchel": {"entries": ours}}
            made = Artifact(profile, envelope)
        target.write_bytes(wire.serialise(made))
        found = [each for each, _ in records_in(target).values() if each.kind != "foreign"]
        assert sorted(each.kind for each in found) in (["memory", "task"], ["skill", "task"])
        assert {each.trust for each in found} <= {"imported", "untrusted"}
        if not profile.nested:
            assert {each.body.text for each in found if isinstance(each.body, bodies.Memory)} == {"Likes tea"}


def _bare(entry: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in ("id", "satchel")}


@quick
@given(ours=st.dictionaries(st.sampled_from(["entries", "records", "sources", "version"]), json_values) | json_values)
def test_whatever_stands_in_our_place_the_entries_are_read(ours: Any) -> None:
    with TemporaryDirectory() as name:
        target, artifact = written(Path(name), SDK, memory("a", "Likes tea"))
        envelope = {**artifact.envelope, "metadata": {"satchel": ours}}
        target.write_bytes(wire.serialise(Artifact(SDK, envelope)))
        found = records_in(target)
        said = {each.body.text for each, _ in found.values() if isinstance(each.body, bodies.Memory)}
        assert said == {"Likes tea"}
        # And the very file goes home.
        again = Path(name) / "again.pam"
        FORMAT.write(Held(found), again)
        assert again.read_bytes() == target.read_bytes()


@quick
@given(statements)
def test_a_record_is_what_its_entry_says_and_the_residue_over_it(body: bodies.AnyBody) -> None:
    """The law of the lens: reading what was written gives the record, and writing what was read gives the entry."""
    plain = plain_of(record("a", body))
    if body.__struct_config__.tag not in {lens.kind for lens in LENSES.values()}:
        return
    from satchel.formats.portable_agent_memory.mapping import lens_of

    lens = lens_of(plain)
    said = encode(lens, Source(plain, "2026-03-01T12:00:00Z", lambda _: "a name"))
    entry = {**neutral(SDK, lens.component, {}), "created_at": "2026-03-01T12:00:00Z", **said}  # type: ignore[arg-type]
    residue = between(plain, decode(lens, entry))
    assert normal(overlaid(decode(lens, entry), residue)) == normal(plain)
    assert restored(lens, entry, residue, lambda each: each) == normal(plain)


@pytest.mark.parametrize("target", [SDK, SPEC, SCHEMA], ids=lambda each: each.name)
def test_an_entry_of_every_component_reads_in_every_profile(target: Profile) -> None:
    from tests.formats.portable_agent_memory.made import artifact, entries

    source = artifact(SDK, entries(SDK))
    made = convert(source, target).artifact if target is not SDK else source
    assert [fault for fault in check(made, keys=None).faults if fault.severity == "error"] == []
    for component in COMPONENTS:
        for old, new in zip(source.entries(component), made.entries(component), strict=True):
            lens = lenses_of(component, neutral(SDK, component, old))[0]
            body = decode(lens, neutral(SDK, component, old))["body"]
            assert decode(lens, neutral(target, component, new))["body"].keys() == body.keys()


def test_an_artifact_of_a_profile_that_wants_entries_is_not_written_without(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="at least one entry"):
        FORMAT.write(Bag([]), tmp_path / "out.pam", options=WriteOptions(profile="spec-1.0"))
    FORMAT.write(Bag([]), tmp_path / "out.pam")
    assert wire.parse((tmp_path / "out.pam").read_bytes()).counts == dict.fromkeys(COMPONENTS, 0)


def test_a_source_that_was_made_up_is_not_what_goes_home(tmp_path: Path) -> None:
    """What an artifact says of the one it was issued from is only a claim: the root hash has to bear it out."""
    target, artifact = written(tmp_path, SDK, memory("a", "Likes tea"))
    made = convert(artifact, SPEC).artifact
    (source,) = made.metadata["satchel"]["sources"]
    for claim in (
        {"root_hash": "blake3:" + "0" * 64},
        {"source_agent": {"name": "bank"}, "root_hash": ""},
        {"episodic": [5]},
        {"metadata": {"satchel": {"entries": ["x"], "records": [None]}}},
    ):
        forged = {**source, "kept": {**source["kept"], "envelope": {**source["kept"]["envelope"], **claim}}}
        envelope = {**made.envelope, "metadata": {"satchel": {"sources": [forged, {"kept": 5}, 7]}}}
        target.unlink()
        target.write_bytes(wire.serialise(Artifact(SPEC, envelope)))
        home = tmp_path / "home.pam"
        home.unlink(missing_ok=True)
        FORMAT.write(Held(records_in(target)), home, options=WriteOptions(profile="sdk-0.1"))
        back = wire.parse(home.read_bytes())
        assert [fault for fault in check(back).faults if fault.severity == "error"] == []
        assert back.source_agent["name"] == "satchel"
        assert convert(Artifact(SPEC, envelope), SDK).artifact.root_hash == back.root_hash
