"""The provenance graph: soundness, size and depth, deriving, and disclosed parts with their witness (dossier 3)."""

from __future__ import annotations

import copy
import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.errors import MalformedInput, UsageError
from satchel.formats.portable_agent_memory import graphs, wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import check
from satchel.formats.portable_agent_memory.disclosure import DISCLOSURE, disclose_descendants, disclose_with_ancestors
from satchel.formats.portable_agent_memory.hashing import entry_id
from satchel.formats.portable_agent_memory.profiles import SDK, SPEC, Profile
from satchel.formats.portable_agent_memory.provenance import (
    ancestors,
    depths_of,
    derive,
    descendants,
    faults,
    graph_of,
    roots_of,
    verify_chain,
)
from satchel.formats.portable_agent_memory.sealing import complete, resign
from satchel.limits import DEFAULT
from tests.formats.portable_agent_memory.made import DAY, OPERATOR, OTHER, artifact, entries

NOW = datetime(2025, 3, 1, tzinfo=UTC)
PROFILES = pytest.mark.parametrize("profile", [SDK, SPEC], ids=lambda profile: profile.name)


def drawn(edges: dict[str, list[str]]) -> Artifact:
    """An artifact with forged ids: only its graph is looked at."""
    return Artifact(SDK, {"episodic": [{"id": own, "parent_ids": parents} for own, parents in edges.items()]})


def codes(made: Artifact, **told: Any) -> list[tuple[str, str]]:
    return [(fault.code, fault.detail) for fault in faults(made, graph_of(made), DEFAULT, **told) if fault.is_error()]


def grown(profile: Profile) -> tuple[Artifact, list[str]]:
    """A signed artifact with a chain of five semantic entries, each derived from the one before, and a stranger beside."""
    made = artifact(profile)
    chain = [made.entries("episodic")[0]["id"]]
    facts = list(made.entries("semantic"))
    for number in range(4):
        made = artifact(profile, {**{name: made.entries(name) for name in made.counts}, "semantic": facts})
        fields = {
            **entries(profile)["semantic"][0],
            "object": f"tea {number}",
            "created_at": "1999",
            profile.version_member: "7",
        }
        facts.append(derive(made, "semantic", fields, [chain[-1], chain[-1]], now=NOW))
        chain.append(facts[-1]["id"])
    values = {**{name: made.entries(name) for name in made.counts}, "semantic": facts}
    return artifact(profile, values, metadata={"private": "of the whole"}), chain


@pytest.mark.row("DAG-01")
@pytest.mark.parametrize(
    "edges",
    [
        {"a": ["a"]},
        {"a": ["b"], "b": ["a"]},
        {"a": [], "b": ["a", "d"], "c": ["b"], "d": ["c"]},
    ],
)
def test_a_cycle_is_found(edges: dict[str, list[str]]) -> None:
    assert ("PAM_PROVENANCE_CYCLE", "") in codes(drawn(edges))


@pytest.mark.row("DAG-01", "DAG-02", "DAG-03", "DAG-04")
@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), max_size=3), min_size=1, max_size=10))
def test_the_verdict_on_any_graph_is_that_of_a_search_by_hand(lists: list[list[int]]) -> None:
    """Cycles by depth-first search, dangling parents and roots by looking; the ids are all forged, so anything can be drawn."""
    edges = {str(own): [str(parent) for parent in parents] for own, parents in enumerate(lists)}
    found = {code for code, _ in codes(drawn(edges))}
    details = {detail for _, detail in codes(drawn(edges))}

    def leads_back(start: str) -> bool:
        seen, waiting = set(), list(edges[start])
        while waiting:
            each = waiting.pop()
            if each == start:
                return True
            if each in edges and each not in seen:
                seen.add(each)
                waiting += edges[each]
        return False

    assert ("PAM_PROVENANCE_CYCLE" in found) == any(leads_back(own) for own in edges)
    assert ("PAM_DANGLING_REFERENCE" in found) == any(parent not in edges for parents in edges.values() for parent in parents)
    assert ("NO_ROOT_ENTRY" in details) == all(edges.values())


@pytest.mark.row("DAG-02", "DAG-03")
def test_a_parent_in_another_artifact_at_hand_is_no_dangling_one() -> None:
    made = drawn({"a": [], "b": ["a", "elsewhere"]})
    assert codes(made) == [("PAM_DANGLING_REFERENCE", "")]
    assert codes(made, known={"elsewhere"}) == []


@pytest.mark.row("DAG-04")
def test_an_empty_artifact() -> None:
    """The specification has at least one root entry; the SDK writes empty artifacts (dossier 12.6)."""
    assert codes(artifact(SPEC, {})) == [("PAM_INVALID_SCHEMA", "NO_ROOT_ENTRY")]
    made = artifact(SDK, {})
    assert codes(made) == []
    assert check(made).verdict(strict=True) == "PAM_INVALID_SCHEMA"


def test_an_id_that_stands_twice_is_told() -> None:
    values = entries(SDK)
    values["episodic"].append(values["episodic"][0])
    report = check(artifact(SDK, values))
    assert report.verdict() == "PAM_INVALID_SCHEMA"
    assert "DUPLICATE_ENTRY" in {fault.detail for fault in report.faults}


def test_soft_references_are_only_told() -> None:
    values = entries(SDK)
    values["semantic"][0]["source_event_ids"] = ["blake3:" + "0" * 64]
    report = check(artifact(SDK, values))
    assert report.verdict(strict=True) == ""
    assert [(fault.detail, fault.severity) for fault in report.faults] == [("SOFT_REFERENCE", "warning")]


@pytest.mark.row("SEC-03", "SEC-04", "DAG-08")
def test_a_hundred_thousand_entries_in_one_line() -> None:
    """No recursion and no square: a line, a fan and a ladder of diamonds; the first that is deeper than 1,000 are flagged."""
    line: dict[str, list[str]] = {"0": []}
    for number in range(1, 100_000):
        line[str(number)] = [str(number - 1)]
    shuffled = list(line.items())
    random.Random(7).shuffle(shuffled)
    made = drawn(dict(shuffled))
    graph = graph_of(made)
    found = list(faults(made, graph, DEFAULT))
    assert [(fault.detail, fault.severity, fault.count) for fault in found] == [("DEPTH_LIMIT", "warning", 98_999)]
    assert max(depths_of(graph).values()) == 99_999
    assert len(ancestors(graph, ["99999"])) == len(descendants(graph, ["0"])) == 99_999
    assert roots_of(graph) == ["0"]
    assert len(list(graphs.tree(made, graph, 50))) == 51
    assert len(disclose_descendants(made, ["0"])) == 100_000
    fan = drawn({"0": []} | {str(number): ["0"] for number in range(1, 100_000)})
    assert codes(fan) == []
    ladder: dict[str, list[str]] = {"a0": [], "b0": []}
    for number in range(1, 30_000):
        ladder[f"a{number}"] = ladder[f"b{number}"] = [f"a{number - 1}", f"b{number - 1}"]
    assert codes(drawn(ladder)) == []


def test_a_chain_of_twenty_thousand_honest_hashes_is_verified() -> None:
    values: list[dict[str, Any]] = []
    base = entries(SDK)["working"][0]
    for _ in range(20_000):
        parents = [values[-1]["id"]] if values else []
        values.append(complete({**base, "parent_ids": parents}, "working", SDK))
    made = Artifact(SDK, {"working": values})
    assert verify_chain(made, values[-1]["id"])
    values[0]["scratch"] = "another"
    assert not verify_chain(made, values[-1]["id"])


@pytest.mark.row("DAG-07")
@PROFILES
def test_deriving_sets_parents_time_version_and_id(profile: Profile) -> None:
    made, chain = grown(profile)
    first = next(entry for entry in made.entries("semantic") if entry["id"] == chain[1])
    assert first["parent_ids"] == [chain[0]]
    assert first["created_at"] == "2025-03-01T00:00:00Z"
    assert first[profile.version_member] == "1.0"
    assert first["id"] == entry_id(first, "semantic", profile)
    assert check(made, keys=[OPERATOR.public]).verdict(strict=True, require_signature=True) == ""


@PROFILES
def test_what_cannot_be_derived(profile: Profile) -> None:
    made = artifact(profile)
    own = made.entries("episodic")[0]["id"]
    with pytest.raises(UsageError):
        derive(made, "semantic", {}, [], now=NOW)
    with pytest.raises(UsageError):
        derive(made, "semantic", {}, [own, "blake3:" + "0" * 64], now=NOW)
    with pytest.raises(MalformedInput):
        derive(made, "semantic", {}, [own], now=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.row("DAG-08")
@PROFILES
def test_a_chain_fails_for_any_bad_or_missing_ancestor(profile: Profile) -> None:
    made, chain = grown(profile)
    assert all(verify_chain(made, own) for own in chain)
    assert not verify_chain(made, profile.id_prefix + "0" * 64)
    for broken in range(len(chain)):
        for how in ("edit", "remove"):
            envelope = copy.deepcopy(made.envelope)
            other = msgspec.structs.replace(made, envelope=envelope)
            component = "episodic" if broken == 0 else "semantic"
            array = other.entries(component)  # type: ignore[arg-type]
            at = next(index for index, entry in enumerate(array) if entry["id"] == chain[broken])
            if how == "edit":
                array[at]["created_at"] = DAY if broken else "2025-01-15T08:30:01Z"
            else:
                del array[at]
            assert [verify_chain(other, own) for own in chain] == [index < broken for index in range(len(chain))]


# ---- disclosure


@pytest.mark.row("DAG-09")
@PROFILES
def test_a_disclosed_part_is_closed_and_says_nothing_of_the_rest(profile: Profile) -> None:
    made, chain = grown(profile)
    part = disclose_with_ancestors(made, [chain[2]])
    assert {entry["id"] for _, entry in part.all_entries()} == set(chain[:3])
    assert "private" not in part.metadata
    assert part.signature == ""
    report = check(wire.parse(wire.serialise(part)), keys=[OPERATOR.public])
    assert report.verdict() == ""
    if profile is SDK:
        assert (report.signature, report.key, report.disclosed_of) == ("valid", OPERATOR.public, sum(made.counts.values()))
        assert report.verdict(require_signature=True) == ""
    else:
        assert report.verdict(require_signature=True) == "PAM_INVALID_SIGNATURE"
    with pytest.raises(UsageError):
        disclose_with_ancestors(made, [chain[0], "blake3:" + "0" * 64])
    with pytest.raises(UsageError):
        disclose_with_ancestors(made, [])


def test_a_part_of_a_part_and_a_part_that_its_holder_signs() -> None:
    made, chain = grown(SDK)
    part = disclose_with_ancestors(disclose_with_ancestors(made, [chain[3]]), [chain[1]])
    report = check(part, keys=[OPERATOR.public])
    assert (report.signature, sum(report.counts.values())) == ("valid", 2)
    held = check(resign(part, OTHER), keys=[OTHER.public, OPERATOR.public])
    assert (held.signature, held.key, held.sealed) == ("valid", OTHER.public, True)
    assert held.disclosed_of == sum(made.counts.values())


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_witness_vouches_for_what_was_not_signed(data: st.DataObject) -> None:
    made, chain = grown(SDK)
    part = disclose_with_ancestors(made, [data.draw(st.sampled_from(chain))])
    envelope = copy.deepcopy(part.envelope)
    witness = envelope["metadata"][DISCLOSURE]
    foreign = complete(entries(SDK)["working"][0] | {"scratch": "of mine"}, "working", SDK)
    change = data.draw(st.sampled_from(["add", "swap", "list", "both", "root", "signature", "resigned", "order"]))
    if change == "add":
        envelope["working"].append(foreign)
    elif change == "swap":
        envelope["episodic"] = []
        envelope["working"] = [foreign]
    elif change == "list":
        witness["all_ids"] = witness["all_ids"][1:]
    elif change == "both":
        envelope["working"].append(foreign)
        witness["all_ids"] = sorted([*witness["all_ids"], foreign["id"]])
    elif change == "root":
        witness["original_root"] = "blake3:" + "0" * 64
    elif change == "signature":
        witness["original_signature"] = OTHER.sign(witness["original_root"].encode()).hex()
    elif change == "resigned":
        envelope["working"].append(foreign)
        witness["all_ids"] = sorted([*witness["all_ids"], foreign["id"]])
        whole = artifact(
            SDK, {**{name: made.entries(name) for name in made.counts}, "working": [*made.entries("working"), foreign]}
        )
        witness["original_root"] = whole.root_hash
    else:
        witness["all_ids"] = witness["all_ids"][::-1]
    forged = resign(msgspec.structs.replace(part, envelope=envelope), None)
    assert check(forged, keys=[OPERATOR.public]).verdict(require_signature=True)


def test_parents_that_were_withheld_are_known_to_the_witness() -> None:
    """A part without its ancestors: its parents are in the signed whole, not in it."""
    made, chain = grown(SDK)
    part = disclose_with_ancestors(made, [chain[4]])
    envelope = copy.deepcopy(part.envelope)
    envelope["semantic"] = [entry for entry in envelope["semantic"] if entry["id"] == chain[4]]
    envelope["episodic"] = []
    alone = resign(msgspec.structs.replace(part, envelope=envelope), None)
    codes = {fault.code for fault in check(alone, keys=[OPERATOR.public]).faults if fault.is_error()}
    assert "PAM_DANGLING_REFERENCE" not in codes
    untrusted = check(alone, keys=[OTHER.public])
    assert "PAM_DANGLING_REFERENCE" in {fault.code for fault in untrusted.faults if fault.is_error()}


# ---- redaction boundaries (dossier 7.5)


def redacted() -> tuple[Artifact, str, str]:
    base = entries(SPEC)["episodic"][0]
    original = complete({**base, "observation": "My number is 555"}, "episodic", SPEC)
    hidden = complete(
        {
            **base,
            "observation": "My number is [REDACTED:phone_us:r8f3a]",
            "parent_ids": [original["id"]],
            "_redaction_metadata": {
                "original_id": original["id"],
                "redaction_count": 1,
                "pii_types": ["phone_us"],
                "redacted_at": DAY,
            },
        },
        "episodic",
        SPEC,
    )
    follower = complete({**entries(SPEC)["semantic"][0], "parent_ids": [hidden["id"]]}, "semantic", SPEC)
    return artifact(SPEC, {"episodic": [original, hidden], "semantic": [follower]}), original["id"], follower["id"]


def test_disclosure_stops_where_something_was_redacted() -> None:
    made, original, follower = redacted()
    part = disclose_with_ancestors(made, [follower])
    assert original not in {entry["id"] for _, entry in part.all_entries()}
    assert sum(part.counts.values()) == 2
    report = check(part)
    assert report.verdict() == ""
    assert "REDACTION_BOUNDARY" in {fault.detail for fault in report.faults}


def test_a_boundary_is_one_parent_that_is_the_original() -> None:
    made, original, _ = redacted()
    hidden = next(entry for entry in made.entries("episodic") if "_redaction_metadata" in entry)
    for change in (
        {"parent_ids": [original, "blake3:" + "1" * 64]},
        {"_redaction_metadata": {"original_id": "blake3:" + "1" * 64}},
        {"_redaction_metadata": {}},
    ):
        fields = {name: value for name, value in {**hidden, **change}.items() if name != "id"}
        report = check(artifact(SPEC, {"episodic": [fields]}))
        assert report.verdict() == "PAM_DANGLING_REFERENCE"
