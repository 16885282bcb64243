"""The normative checklist (dossier 11): every row has a test, a home elsewhere, or a reason why not."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from satchel.errors import InputError
from satchel.formats.portable_agent_memory import wire
from satchel.formats.portable_agent_memory.artifact import Artifact
from satchel.formats.portable_agent_memory.checking import Report, check
from satchel.formats.portable_agent_memory.conflicts import conflicts
from satchel.formats.portable_agent_memory.faults import ERROR_CODES, STAGES
from satchel.formats.portable_agent_memory.profiles import BROWSER, COMPONENTS, MOST_ENTRIES, SCHEMA, SDK, SPEC, Profile
from satchel.formats.portable_agent_memory.sealing import complete, resign
from satchel.limits import DEFAULT
from tests.conftest import ROOT
from tests.conftest import SHARED as ALL_SHARED
from tests.formats.portable_agent_memory.checklist import HELD_BY, UNTESTED
from tests.formats.portable_agent_memory.made import DAY, OPERATOR, artifact, entries

Edit = Callable[[Any], object]
SCHEMA_FAULT = "PAM_INVALID_SCHEMA"
HEX = "0123456789abcdef" * 4


class Case(NamedTuple):
    """An edit of sound entries, which are then hashed and signed, and the verdict; "" where it is sound.

    ``detail``: of the fault that there must be. ``warns``: the fault is only a warning, and the verdict is "".
    """

    row: str
    edit: Edit
    code: str = ""
    profile: Profile = SPEC
    detail: str = ""
    warns: bool = False


def put(path: str, value: Any) -> Edit:
    """Set a member, for example ``episodic.0.salience``."""

    def edit(document: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            document = document[int(step)] if step.isdigit() else document[step]
        document[int(last) if last.isdigit() else last] = copy.deepcopy(value)

    return edit


def drop(path: str) -> Edit:
    def edit(document: Any) -> None:
        *steps, last = path.split(".")
        for step in steps:
            document = document[int(step)] if step.isdigit() else document[step]
        del document[last]

    return edit


def bad(row: str, path: str, *values: Any, profile: Profile = SPEC) -> list[Case]:
    return [Case(row, put(path, value), SCHEMA_FAULT, profile) for value in values]


def good(row: str, path: str, *values: Any, profile: Profile = SPEC) -> list[Case]:
    return [Case(row, put(path, value), "", profile) for value in values]


def missing(row: str, component: str, *names: str, profile: Profile = SPEC) -> list[Case]:
    return [Case(row, drop(f"{component}.0.{name}"), SCHEMA_FAULT, profile) for name in names]


PARAMETER = {"name": "minutes", "type": "integer", "required": False}
ACTION = {"action": "tool_call", "tool": "search", "status": "pending"}

CASES = [
    *(case for component in COMPONENTS for case in missing("ENT-02", component, "parent_ids")),
    *bad("ENT-02", "episodic.0.parent_ids", None, {}, "x", ["x"], [HEX], [1]),
    *(case for component in COMPONENTS for case in missing("ENT-03", component, "created_at")),
    *bad("ENT-03", "semantic.0.created_at", None, "", "yesterday", "2025-02-30T00:00:00Z", 1736930000),
    Case("ENT-03", put("semantic.0.created_at", "2025-01-15T08:30:00+00:00"), warns=True),
    *(case for component in COMPONENTS for case in missing("ENT-04", component, "version")),
    *bad("ENT-04", "identity.0.version", 1, "one", "1", ""),
    Case("ENT-04", put("identity.0.version", "2.0"), "PAM_UNSUPPORTED_SCHEMA"),
    *missing("EPI-01", "episodic", "timestamp", "actor", "observation", "salience", "tags"),
    *bad("EPI-01", "episodic.0.observation", None, 1, []),
    *bad("EPI-01", "episodic.0.tags", None, "tea", [1]),
    *bad(
        "EPI-02",
        "episodic.0.actor",
        "alice",
        "user:",
        "robot:x",
        "User:alice",
        "user:a b",
        "user:" + "a" * 129,
        "user:é",
        "user:a\n",
    ),
    *good("EPI-02", "episodic.0.actor", "user:a@b.c", "agent:x-1", "system:init", "tool:a_b", "user:" + "a" * 128),
    *bad("EPI-03", "episodic.0.salience", -0.0001, 1.0001, "0.5", None, True),
    *good("EPI-03", "episodic.0.salience", 0, 1, 0.5),
    *good("EPI-04", "episodic.0.tags", []),
    *good("EPI-05", "episodic.0.context", {}, {"a": [1, None, {"b": "c"}], "d": True, "e": "f", "g": 1.5}),
    *bad("EPI-05", "episodic.0.context", [], "text", None),
    *missing("SEM-01", "semantic", "subject", "predicate", "object", "confidence", "source_event_ids"),
    *bad("SEM-02", "semantic.0.confidence", -1, 2, None, "1"),
    *good("SEM-02", "semantic.0.confidence", 0, 1, 0.25),
    Case("SEM-03", put("semantic.0.predicate", "Likes Drink"), warns=True),
    *good("SEM-04", "semantic.0.source_event_ids", []),
    *bad("PRO-01", "procedural.0.name", "", "Brew", "1brew", "brew-tea", "a" * 129, "brew\n", None),
    *good("PRO-01", "procedural.0.name", "a", "a" * 128, "brew_2"),
    *missing("PRO-02", "procedural", "params", "body", "preconditions", "usage_count", "last_used"),
    *good("PRO-02", "procedural.0.last_used", None, DAY),
    *bad("PRO-02", "procedural.0.last_used", "never", 1),
    *good("PRO-03", "procedural.0.params", []),
    *good("PRO-03", "procedural.0.preconditions", []),
    *bad("PRO-04", "procedural.0.usage_count", -1, 1.5, "1", None, True),
    *good("PRO-04", "procedural.0.usage_count", 0, 2**40),
    *(
        Case("PRO-05", put("procedural.0.params", [{**PARAMETER, "name": name}]), SCHEMA_FAULT)
        for name in ("", "A", "a" * 65, "a b")
    ),
    *good("PRO-05", "procedural.0.params", [{**PARAMETER, "name": "a" * 64}]),
    *bad("PRO-06", "procedural.0.params", [{**PARAMETER, "type": "date"}], [{"name": "a", "required": True}]),
    *(
        Case("PRO-06", put("procedural.0.params", [{**PARAMETER, "type": type_}]))
        for type_ in ("string", "integer", "number", "boolean", "object", "array")
    ),
    *bad("PRO-07", "procedural.0.params", [{**PARAMETER, "required": "no"}], [{"name": "a", "type": "array"}]),
    *(
        Case("PRO-08", put("procedural.0.params", [{**PARAMETER, "type": type_, "default": value}]), SCHEMA_FAULT)
        for type_, value in (
            ("string", 1),
            ("integer", 1.5),
            ("integer", True),
            ("number", "1"),
            ("boolean", 0),
            ("object", []),
            ("array", {}),
        )
    ),
    *(
        Case("PRO-08", put("procedural.0.params", [{**PARAMETER, "type": type_, "default": value}]))
        for type_, value in (
            ("string", ""),
            ("integer", 1),
            ("number", 1),
            ("number", 1.5),
            ("boolean", False),
            ("object", {}),
            ("array", []),
        )
    ),
    *missing("WRK-01", "working", "goals", "subgoals", "scratch", "pending_actions"),
    *bad("WRK-01", "working.0.subgoals", [{"goal": "ask"}], "ask"),
    *bad("WRK-02", "working.0.scratch", "text", [], None),
    *good("WRK-02", "working.0.scratch", {}, {"a": {"b": [None, 1.5]}}),
    *good("WRK-03", "working.0.pending_actions", []),
    *bad("WRK-04", "working.0.pending_actions", [{**ACTION, "action": "search"}], [{"tool": "x", "status": "pending"}]),
    *good(
        "WRK-04",
        "working.0.pending_actions",
        [{"action": "message", "status": "pending"}],
        [{"action": "internal", "status": "failed"}],
    ),
    *bad("WRK-05", "working.0.pending_actions", [{"action": "tool_call", "status": "pending"}]),
    *bad("WRK-06", "working.0.pending_actions", [{**ACTION, "status": "queued"}], [{"action": "tool_call", "tool": "x"}]),
    *(
        Case("WRK-06", put("working.0.pending_actions", [{**ACTION, "status": status}]))
        for status in ("pending", "in_progress", "completed", "failed")
    ),
    *bad("IDN-01", "identity.0.preferences", {"Tone": "x"}, {"a b": 1}, {"": 1}, [], None),
    *good("IDN-01", "identity.0.preferences", {}, {"tone_2": {"Any": 1}}),
    *bad("IDN-02", "identity.0.persona", "Bot", {"name": "Bot"}, {"role": "host"}, {"name": 1, "role": "host"}),
    *good("IDN-02", "identity.0.persona", {"name": "Bot", "role": "host", "tone": "dry"}),
    *bad("IDN-03", "identity.0.language", "english_uk", "", None, "en-"),
    *good("IDN-03", "identity.0.language", "en", "de-CH", "zh-Hant-TW"),
    *bad("IDN-04", "identity.0.policies", "be kind", [1]),
    # The SDK's shape: what it fills in itself may be missing.
    *good("SDK-02", "episodic.0", {"created_at": DAY}, profile=SDK),
    *good("SDK-02", "episodic.0.actor", "user", "", profile=SDK),
    *bad("EPI-03", "episodic.0.salience", 1.5, None, "2", "high", profile=SDK),
    Case("EPI-03", put("episodic.0.salience", "0.5"), profile=SDK, warns=True),
    *bad("EPI-01", "episodic.0.event_type", "gossip", profile=SDK),
    *bad("PRO-02", "procedural.0.language", "cobol", profile=SDK),
    *bad("WRK-02", "working.0.scratch", {}, profile=SDK),
    *bad("IDN-02", "identity.0.persona", {"name": "Bot", "role": "host"}, profile=SDK),
    Case("SDK-02", put("episodic.0.extra", 1), profile=SDK, warns=True),
    Case("SDK-02", put("episodic.0.subject", "Alice"), SCHEMA_FAULT, SDK, detail="SHAPE"),
    *missing("ENT-03", "episodic", "created_at", profile=SDK),
    # The JSON Schemas' shape.
    *missing("EPI-01", "episodic", "event_type", "timestamp", "actor", "observation", "schema_version", profile=SCHEMA),
    *missing("PRO-02", "procedural", "description", "language", "body", profile=SCHEMA),
    *bad(
        "WRK-01", "working.0.subgoals", [{"goal": "a", "status": "later", "parent_goal": ""}], [{"goal": "a"}], profile=SCHEMA
    ),
    *bad("WRK-06", "working.0.pending_actions", [{"action": "a", "status": "pending"}], profile=SCHEMA),
    *bad("IDN-03", "identity.0.language", "en-GB", profile=SCHEMA),
]


def judged(made: Artifact) -> Report:
    """The report of what comes back from a file."""
    return check(wire.parse(wire.serialise(made)), keys=[OPERATOR.public])


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.row}-{case.profile.name}-{case.code or 'sound'}")
def test_a_row(case: Case) -> None:
    values = copy.deepcopy(entries(case.profile))
    case.edit(values)
    report = judged(artifact(case.profile, values))
    assert report.verdict(require_signature=True) == case.code, report.faults
    if case.detail:
        assert case.detail in {fault.detail for fault in report.faults}
    assert any(fault.severity == "warning" for fault in report.faults) == case.warns or case.code


def test_a_fault_never_quotes_what_stands_there() -> None:
    """Names and places alone: what a person wrote is not for logs."""
    secret = "Zebra-4711"
    for case in CASES:
        values = copy.deepcopy(entries(case.profile))
        case.edit(values)
        for component in COMPONENTS:
            for name, value in values[component][0].items():
                if type(value) is str and name not in ("created_at", "version", "schema_version"):
                    values[component][0][name] = secret
        values["working"][0]["pending_actions"] = [{"action": secret, "status": secret}]
        report = judged(artifact(case.profile, values))
        assert report.faults
        assert not any(secret in fault.text + str(fault.place) for fault in report.faults)


# ---- rows of the envelope


def changed(edit: Edit, profile: Profile = SPEC, *, again: bool = True) -> Report:
    """The report of an envelope that was edited, and, with ``again``, signed again."""
    made = artifact(profile)
    envelope = copy.deepcopy(made.envelope)
    edit(envelope)
    made = msgspec.structs.replace(made, envelope=envelope)
    return judged(resign(made, OPERATOR) if again else made)


@pytest.mark.row("ENV-01")
@pytest.mark.parametrize("profile", [SPEC, SCHEMA], ids=lambda profile: profile.name)
def test_all_members_of_the_envelope_are_there(profile: Profile) -> None:
    names = ["pam_version", "schema_version", "created_at", "source_agent", "root_hash", "signature"]
    if profile is SPEC:
        names.append("capability_tokens")
    for name in names:
        assert changed(drop(name), profile, again=False).verdict() == SCHEMA_FAULT
    for component in COMPONENTS:
        assert changed(drop(f"components.{component}"), profile).verdict() == SCHEMA_FAULT


@pytest.mark.row("ENV-02")
@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda profile: profile.name)
def test_the_source_agent(profile: Profile) -> None:
    for name in ("name", "model_family", "runtime"):
        assert changed(drop(f"source_agent.{name}"), profile).verdict() == SCHEMA_FAULT
    extra = changed(put("source_agent.extra", 1), profile).verdict()
    assert extra == ("" if profile is SPEC else SCHEMA_FAULT)
    version = changed(drop("source_agent.version"), profile).verdict() if profile is not SPEC else ""
    assert version == (SCHEMA_FAULT if profile is SCHEMA else "")


@pytest.mark.row("ENV-03")
def test_no_tokens_are_no_fault() -> None:
    assert artifact(SPEC).tokens == []
    assert changed(lambda envelope: None).verdict() == ""


@pytest.mark.row("GEN-07", "GRM-01")
@pytest.mark.parametrize(
    "root", ["", HEX, f"blake3:{HEX.upper()}", f"blake3:{HEX[:-1]}", f"sha256:{HEX}", f"blake3:{HEX}\n", None]
)
@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda profile: profile.name)
def test_a_root_hash_has_one_spelling(profile: Profile, root: Any) -> None:
    report = changed(put("root_hash", root), profile, again=False)
    assert report.verdict() == SCHEMA_FAULT


@pytest.mark.row("GEN-07", "ENT-01", "GRM-01")
def test_an_id_has_one_spelling() -> None:
    own = artifact(SPEC).entries("identity")[0]["id"]
    for said in (own.upper(), own[:-1], own + "0", own + "\n", "", None, 7, "x"):
        report = changed(put("components.identity.0.id", said))
        assert report.verdict() == SCHEMA_FAULT
    report = changed(drop("components.identity.0.id"))
    assert report.verdict() == SCHEMA_FAULT


@pytest.mark.row("GEN-08", "GRM-01", "DAG-06")
@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda profile: profile.name)
def test_a_signature_in_another_profiles_spelling_is_read_and_told(profile: Profile) -> None:
    """Dossier 2.4: lenient as to the profile, strict as to all else."""
    import base64

    value = OPERATOR.sign(artifact(profile).root_hash.encode())
    spellings = {"hex": value.hex(), "prefixed-hex": f"ed25519:{value.hex()}"}
    spellings["prefixed-base64"] = "ed25519:" + base64.b64encode(value).decode()
    assert artifact(profile).signature == spellings[profile.signature]
    for form, text in spellings.items():
        report = changed(put("signature", text), profile, again=False)
        assert report.verdict(require_signature=True) == ""
        assert report.verdict(strict=True) == ("" if form == profile.signature else "PAM_INVALID_SIGNATURE")
    for text in (
        value.hex().upper(),
        f" {value.hex()}",
        value.hex() + "\n",
        value.hex()[:-2],
        f"ED25519:{value.hex()}",
        "ed25519:",
        5,
    ):
        assert changed(put("signature", text), profile, again=False).verdict() == "PAM_INVALID_SIGNATURE"
    unpadded = spellings["prefixed-base64"].rstrip("=")
    assert changed(put("signature", unpadded), profile, again=False).verdict() == "PAM_INVALID_SIGNATURE"


@pytest.mark.row("GEN-09")
def test_times_end_in_z() -> None:
    for text in ("2025-01-15T08:30:00+00:00", "2025-01-15T08:30:00", "2025-01-15", "2025-01-15T09:30:00+01:00"):
        report = changed(put("created_at", text))
        assert (report.verdict(), report.verdict(strict=True)) == ("", SCHEMA_FAULT)
    for text in ("2025-01-15T08:30:00Z", "2025-01-15T08:30:00.5Z", "2025-01-15T08:30:00.123456Z"):
        assert changed(put("created_at", text)).verdict(strict=True) == ""


@pytest.mark.row("GEN-10")
def test_comparison_is_case_sensitive() -> None:
    values = entries(SPEC)
    values["semantic"].append({**values["semantic"][0], "subject": "ALICE", "object": "coffee"})
    assert conflicts(artifact(SPEC, values)) == []
    assert changed(put("components.working.0.pending_actions.0.action", "Tool_Call")).verdict() == SCHEMA_FAULT


@pytest.mark.row("EPI-06", "EPI-07")
def test_episodic_entries_stand_by_time_and_id() -> None:
    moments = ["2025-01-15T08:30:00Z", "2025-01-15T08:30:00.5Z", "2025-01-15T08:30:00Z", "2025-01-14T23:59:59Z"]
    values = {
        "episodic": [{**entries(SPEC)["episodic"][0], "timestamp": at, "observation": str(n)} for n, at in enumerate(moments)]
    }
    made = artifact(SPEC, values)  # type: ignore[arg-type]
    found = [(entry["timestamp"], entry["id"]) for entry in made.entries("episodic")]
    assert [at for at, _ in found] == [moments[3], moments[0], moments[0], moments[1]]
    assert found[1][1] < found[2][1]
    assert judged(made).verdict(strict=True) == ""

    def swap(first: int, second: int) -> Edit:
        def edit(envelope: Any) -> None:
            array = envelope["components"]["episodic"]
            array[first], array[second] = array[second], array[first]

        return edit

    for first, second in ((0, 1), (1, 2), (2, 3)):
        envelope = copy.deepcopy(made.envelope)
        swap(first, second)(envelope)
        report = judged(resign(msgspec.structs.replace(made, envelope=envelope), OPERATOR))
        assert report.verdict() == SCHEMA_FAULT
        assert "ORDERING" in {fault.detail for fault in report.faults}


@pytest.mark.row("SEM-05", "SEM-06")
def test_the_later_of_two_facts_prevails_and_close_ones_are_told() -> None:
    base = entries(SPEC)["semantic"][0]
    facts = [
        {**base, "object": "tea", "confidence": 0.8, "created_at": "2025-01-15T08:30:00Z"},
        {**base, "object": "coffee", "confidence": 0.7, "created_at": "2025-01-16T08:30:00Z"},
        {**base, "object": "water", "confidence": 0.2, "created_at": "2025-01-14T08:30:00Z"},
    ]
    made = artifact(SPEC, {"semantic": facts})  # type: ignore[dict-item]
    (conflict,) = conflicts(made)
    by_id = {entry["id"]: entry["object"] for entry in made.entries("semantic")}
    assert by_id[conflict.prevails] == "coffee"
    assert [by_id[own] for own in conflict.others] == ["tea", "water"]
    assert conflict.is_close
    assert [fault.count for fault in judged(made).faults if fault.detail == "CONFLICT"] == [1]
    apart = artifact(SPEC, {"semantic": [facts[1], facts[2]]})  # type: ignore[dict-item]
    assert not conflicts(apart)[0].is_close
    assert "CONFLICT" not in {fault.detail for fault in judged(apart).faults}


@pytest.mark.row("LIM-01", "LIM-02")
@pytest.mark.parametrize("component", COMPONENTS)
def test_as_many_entries_as_allowed_and_one_more(component: Any) -> None:
    assert MOST_ENTRIES == {"episodic": 100_000, "semantic": 50_000, "procedural": 10_000, "working": 1_000, "identity": 100}
    entry = complete(entries(SDK)[component][0], component, SDK)
    most = MOST_ENTRIES[component]
    from satchel.formats.portable_agent_memory.bounds import size_faults

    for count, codes in ((most, []), (most + 1, ["PAM_ARTIFACT_OVERSIZED"])):
        made = msgspec.structs.replace(artifact(SDK), envelope={component: [entry] * count})
        assert [fault.code for fault in size_faults(made, DEFAULT)] == codes


@pytest.mark.row("CAN-04", "CAN-05")
def test_numbers_of_both_readings_of_the_specification() -> None:
    """The prose wants 1 and no exponent that is not needed, the reference code prints 1.0: we write what satisfies both, and
    read either (dossier 2.1)."""
    values = entries(SPEC)
    values["episodic"][0]["salience"] = 1.0
    values["semantic"][0]["confidence"] = 0.00001234
    made = artifact(SPEC, values)
    assert b'"salience":1,' in wire.serialise(made, pretty=False)
    assert b'"confidence":0,' in wire.serialise(made, pretty=False)
    assert judged(made).numbers == "py"
    values["episodic"][0]["context"] = {"n": 1.0, "tiny": 1e-7}
    written = artifact(SPEC, values)
    assert judged(written).numbers == "py"
    other = js_written(written)
    report = judged(other)
    assert (report.verdict(require_signature=False), report.root_rule) == ("", "R-comp")
    assert report.numbers in ("es6", "mixed")


def js_written(made: Artifact) -> Artifact:
    """The same artifact as a tool would have hashed it that writes numbers as JavaScript does; without a signature."""
    from satchel.formats.portable_agent_memory.hashing import digest, entry_id

    envelope = copy.deepcopy(made.envelope)
    for component in COMPONENTS:
        for entry in envelope["components"][component]:
            entry["id"] = entry_id(entry, component, SPEC, "es6")
    envelope["components"]["episodic"].sort(key=lambda entry: (entry["timestamp"], entry["id"]))
    envelope |= {"signature": "", "metadata": {}, "root_hash": "blake3:" + digest(envelope["components"], "pam-es6")}
    return msgspec.structs.replace(made, envelope=envelope)


@pytest.mark.row("SDK-05")
def test_scores_that_a_javascript_tool_wrote_anew_still_verify() -> None:
    values = entries(SDK)
    values["episodic"][0]["salience"] = 1.0
    values["semantic"][0]["confidence"] = 0.0
    made = artifact(SDK, values)
    data = wire.serialise(made)
    again = (
        data.replace(b'"salience": 1.0', b'"salience": 1')
        .replace(b'"confidence": 0.0', b'"confidence": 0')
        .replace(b'"n": 1.0', b'"n": 1.0')
    )
    assert again != data
    report = check(wire.parse(again), keys=[OPERATOR.public])
    assert report.verdict(require_signature=True) == ""
    assert report.sealed


@pytest.mark.row("CAN-08", "CAN-09")
@pytest.mark.parametrize(
    "text",
    [
        '{"pam_version":"1.0","pam_version":"1.0","episodic":[]}',
        '{"pam_version":"1.0","episodic":[{"id":"","id":""}]}',
        '{"pam_version":"1.0","metadata":{"a:b":{"x":1,"\\u0078":2}},"episodic":[]}',
        '{"pam_version":"1.0","metadata":{"x":"\\u003a:","x":":::"},"episodic":[]}',
        '{"pam_version":"1.0","metadata":{"a":[{"b":":"},{"b":1,"b":":"}]},"episodic":[]}',
    ],
)
def test_a_name_that_stands_twice_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="PAM_INVALID_SCHEMA: an object has the same name twice"):
        wire.parse(text.encode())


@pytest.mark.row("CAN-08")
def test_a_name_that_stands_once_is_not_refused() -> None:
    text = '{"pam_version":"1.0","metadata":{"a:b":":","c":"\\u003a","d" : "x : y","e":"\\\\u003a","":"\\": "},"episodic":[]}'
    assert wire.parse(text.encode()).metadata["c"] == ":"


@pytest.mark.row("VER-01", "VER-04", "VER-05")
@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda profile: profile.name)
def test_versions(profile: Profile) -> None:
    for name, code in (("pam_version", "PAM_UNSUPPORTED_VERSION"), ("schema_version", "PAM_UNSUPPORTED_SCHEMA")):
        assert changed(put(name, "1.0"), profile).partial is False
        minor = changed(put(name, "1.7"), profile)
        assert (minor.verdict(require_signature=True), minor.partial) == ("", True)
        for said in ("2.0", "0.9", "10.0", "", "1", "one", "1.0.0"):
            assert changed(put(name, said), profile).verdict() == code
        assert changed(put(name, 1), profile).verdict() in (code, SCHEMA_FAULT)


@pytest.mark.row("VER-04")
def test_what_a_later_minor_version_adds_is_passed_over_and_kept() -> None:
    def edit(envelope: Any) -> None:
        envelope["schema_version"] = "1.7"
        envelope["novelty"] = {"kept": True}
        envelope["components"]["working"][0]["pending_actions"][1]["status"] = "paused"
        envelope["components"]["working"][0]["mood"] = "calm"

    made = artifact(SPEC)
    envelope = copy.deepcopy(made.envelope)
    edit(envelope)
    own = envelope["components"]["working"][0]
    own["id"] = complete(own, "working", SPEC)["id"]
    written = wire.serialise(resign(msgspec.structs.replace(made, envelope=envelope), OPERATOR))
    read = wire.parse(written)
    report = check(read, keys=[OPERATOR.public])
    assert (report.verdict(require_signature=True), report.partial) == ("", True)
    assert wire.serialise(read) == written
    assert read.envelope["novelty"] == {"kept": True}


@pytest.mark.row("VER-02")
@pytest.mark.parametrize("profile", [SDK, SPEC, SCHEMA], ids=lambda profile: profile.name)
@pytest.mark.parametrize("encoding", ["json", "cbor"])
def test_unknown_members_survive_and_ids_stay_valid(profile: Profile, encoding: Any) -> None:
    values = entries(profile)
    values["working"][0]["novelty"] = {"z": [1, 1.0, "é"], "a": None}
    made = artifact(profile, values, metadata={"other": {"b": 1, "a": 2}})
    read = wire.parse(wire.serialise(made, encoding))
    assert read.envelope == made.envelope
    assert check(read, keys=[OPERATOR.public]).verdict(require_signature=True) == ""


@pytest.mark.row("RHY-01", "RHY-02")
def test_the_first_stage_that_fails_decides() -> None:
    """All that can be wrong at once is mended stage by stage, and the verdict moves on (dossier 3.2)."""
    made = artifact(SPEC)
    envelope = copy.deepcopy(made.envelope)
    components = envelope["components"]
    good = {
        "version": lambda: envelope.update(pam_version="1.0"),
        "sizes": lambda: components.update(identity=components["identity"][:1]),
        "schema": lambda: components["episodic"][0].update(actor="user:alice"),
        "root": lambda: envelope.update(
            resign(msgspec.structs.replace(made, envelope=envelope), None).envelope, signature="00"
        ),
        "signature": lambda: envelope.update(resign(msgspec.structs.replace(made, envelope=envelope), OPERATOR).envelope),
    }
    envelope["pam_version"] = "9.0"
    components["identity"] = components["identity"] * 101
    components["episodic"][0]["actor"] = "nobody"
    components["semantic"][0]["object"] = "coffee"
    envelope["root_hash"] = f"blake3:{HEX}"
    wanted = {
        "version": "PAM_UNSUPPORTED_VERSION",
        "sizes": "PAM_ARTIFACT_OVERSIZED",
        "schema": "PAM_INVALID_SCHEMA",
        "root": "PAM_HASH_MISMATCH",
        "signature": "PAM_INVALID_SIGNATURE",
    }
    assert [stage for stage in STAGES if stage in wanted] == list(wanted)
    for stage, code in wanted.items():
        report = judged(msgspec.structs.replace(made, envelope=envelope))
        assert report.verdict() == code, stage
        good[stage]()
    report = judged(msgspec.structs.replace(made, envelope=envelope))
    assert report.verdict() == "PAM_HASH_MISMATCH"
    assert {fault.stage for fault in report.faults if fault.is_error()} == {"entries"}


@pytest.mark.row("ERR-01")
def test_the_sixteen_codes_and_their_statuses() -> None:
    by_status = {status: sum(each == status for each in ERROR_CODES.values()) for status in ERROR_CODES.values()}
    assert by_status == {400: 7, 401: 3, 403: 2, 404: 1, 406: 1, 409: 1, 413: 1}


@pytest.mark.row("SDK-04")
def test_the_browsers_shape_is_read_and_never_trusted() -> None:
    """Its rules are dossier 2.2 and 2.3; the expected hashes are worked out here, with hashlib alone."""
    import hashlib
    import json

    entry = {"content": "tea", "nested": {"content": "kept", "dropped": 1}, "type": "note"}
    said = json.dumps({"content": "tea", "nested": {"content": "kept"}, "type": "note"}, separators=(",", ":"))
    own = "sha256:" + hashlib.sha256(said.encode()).hexdigest()
    envelope = {
        "version": "1.0",
        "episodic": [{"id": own, **entry}],
        "root_hash": "sha256:" + hashlib.sha256(own.encode()).hexdigest(),
    }
    read = wire.parse(json.dumps(envelope).encode())
    assert read.profile is BROWSER
    report = check(read, keys=[OPERATOR.public])
    assert (report.verdict(), report.root_rule, report.signature) == ("", "R-browser", "none")
    assert report.verdict(require_signature=True) == "PAM_INVALID_SIGNATURE"
    assert "episodic" in report.unsigned
    envelope["root_hash"] = f"sha256:{HEX}"
    assert check(wire.parse(json.dumps(envelope).encode())).verdict() == "PAM_HASH_MISMATCH"


# ---- the list itself

MARK = re.compile(r"mark\.row\(([^)]*)\)")
ROW = re.compile(r"[A-Z]{3}-\d{2}(?!\d)")


def named() -> set[str]:
    """The rows that tests name."""
    found = {case.row for case in CASES}
    for folder in ("formats/portable_agent_memory", "trust", "move", "cli", "vault", "serve"):
        for path in (ROOT / "tests" / folder).rglob("test_*.py"):
            for words in MARK.findall(path.read_text(encoding="utf-8")):
                found |= set(ROW.findall(words))
    return found


def test_every_row_has_a_test_a_home_or_a_reason() -> None:
    dossier = ALL_SHARED / "spec" / "portable-agent-memory.md"
    if not dossier.is_file():
        pytest.skip("the dossier is not beside this clone")
    text = dossier.read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| ([A-Z]{3}-\d{2}) \|", text, re.MULTILINE)) | {f"SDK-{number:02}" for number in range(1, 6)}
    assert len(rows) == 164 + 5
    told = named() | set(HELD_BY) | set(UNTESTED)
    assert sorted(rows - told) == []
    assert sorted((set(HELD_BY) | set(UNTESTED)) - rows) == []
    assert sorted({case.row for case in CASES} - rows) == []


def test_no_row_has_both_a_reason_and_a_home() -> None:
    assert set(HELD_BY).isdisjoint(UNTESTED)
    assert all(len(reason) > 20 for reason in [*HELD_BY.values(), *UNTESTED.values()])
