"""What is passed all at once is what nothing would be said of one by one; the checksum is the same whichever way it is made."""

from __future__ import annotations

import copy
import functools
import hashlib
import itertools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.codec import arrays, jcs
from satchel.codec.arrays import Run, iter_members
from satchel.errors import CanonicalError, LimitExceeded, MalformedInput
from satchel.formats.portable_ai_memory import check_store, quick
from satchel.formats.portable_ai_memory.checksum import RunningChecksum, checksum_of
from satchel.formats.portable_ai_memory.hashing import content_hash
from satchel.formats.portable_ai_memory.memory_rules import memory_rules, nothing_to_say
from satchel.formats.portable_ai_memory.quick import Quick, parser_of, quick_of
from satchel.formats.portable_ai_memory.structure import Report
from satchel.formats.portable_ai_memory.validation import validate
from satchel.limits import DEFAULT, Limits
from satchel.model.findings import Finding
from tests.formats.portable_ai_memory.bag import SHARED
from tests.formats.portable_ai_memory.test_schemas import NAMES, ODD, places

ARRAYS = frozenset({"memories", "relations", "conversations_index"})


def memory(at: int, **members: Any) -> dict[str, Any]:
    content = f"User likes tea number {at}"
    return {
        "id": f"m{at:05}",
        "type": "fact",
        "status": "active",
        "content": content,
        "content_hash": content_hash(content),
        "tags": ["tea", "drinks"],
        "confidence": {"initial": 0.5, "current": 0.25, "decay_model": "none", "last_reinforced": "2026-02-01T00:00:00Z"},
        "temporal": {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00.5Z", "valid_until": None},
        "provenance": {"platform": "chatgpt", "extractor": "a/1.0.0", "conversation_ref": "c" if at % 2 else None},
        "access": {"visibility": "shared", "exportable": True, "shared_with": [{"entity": "e", "permissions": ["read"]}]},
        "metadata": {"language": "en", "own": {"deep": [1, 2.5, None, "x:y"]}},
        **members,
    }


def store(memories: list[Any], **members: Any) -> dict[str, Any]:
    known = [each["id"] for each in memories if type(each) is dict and type(each.get("id")) is str]
    talk = {"id": "c", "platform": "chatgpt", "temporal": {"created_at": "2026-01-01T00:00:00Z"}}
    talk["derived_memories"] = [own for own in known if int(own[1:]) % 2] if all(own[1:].isdigit() for own in known) else []
    return {
        "schema": "portable-ai-memory",
        "schema_version": "1.0",
        "owner": {"id": "u"},
        "memories": memories,
        "relations": [
            {"id": f"r{at}", "from": one, "to": other, "type": "extends", "created_at": "2026-01-01T00:00:00Z"}
            for at, (one, other) in enumerate(itertools.pairwise(known))
            if one != other
        ],
        "conversations_index": [talk, {**talk, "id": "d", "derived_memories": []}, {**talk, "id": "e", "derived_memories": []}],
        **members,
    }


def findings(data: bytes, *, slow: bool, limits: Limits = DEFAULT) -> list[Finding]:
    """What validation says, on the quick way where it can, or with every element looked at."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "memory-store.json"
        path.write_bytes(data)
        if slow:
            patch.setattr(check_store, "iter_members", functools.partial(_without_runs))
        return list(validate(path, limits))


def _without_runs(*given: Any, runs: Any, **named: Any) -> Any:
    return iter_members(*given, **named)


def runs_of(data: bytes, name: str) -> list[Run]:
    import io

    parts = iter_members(io.BytesIO(data), arrays=ARRAYS, runs=parser_of)
    return [part for at, part in parts if at == name and isinstance(part, Run)]


def lines_of(data: bytes, name: str = "memories", limits: Limits = DEFAULT) -> bytes | None:
    """What the quick way makes of the elements in ``data``."""
    try:
        values = parser_of(name).decode(b"[%b]" % data)
    except msgspec.ValidationError:
        values = None
    return quick_of(name).passes(Run(0, 0, data, 1, values), limits)


def passed(values: list[Any], name: str = "memories", limits: Limits = DEFAULT) -> bool:
    return lines_of(json.dumps(values).encode()[1:-1], name, limits) is not None


def canonical(values: list[Any]) -> bytes:
    return b"".join(rfc8785.dumps(value) + b"\n" for value in values)


def test_what_is_sound_is_passed() -> None:
    document = store([memory(at) for at in range(20)])
    assert passed(document["memories"])
    assert passed(document["relations"], "relations")
    assert passed(document["conversations_index"], "conversations_index")
    assert findings(json.dumps(document).encode(), slow=False) == []


def test_its_canonical_bytes_are_those_of_rfc_8785() -> None:
    values = [memory(at, metadata={"\U0001f600": 1.0, "\uff5e": 1e-6, "n": 1e16, "é": -0.0}) for at in range(3)]
    data = json.dumps(values).encode()[1:-1]
    assert lines_of(data) == canonical(values)


@pytest.mark.parametrize("initial", ["0", "1", "0.0", "1.0", "-0", "-0.0", "1e0", "1e-5", "2.5e-6", "1e-7", "1e-400", "5e-324"])
@pytest.mark.parametrize(
    "own", ["1", "2.0", "1e5", "1e16", "1.5e20", "1e21", "1e22", "0.00001", "1e-6", "-0.0", "9007199254740991"]
)
def test_numbers_however_spelled_are_written_as_rfc_8785_asks(initial: str, own: str) -> None:
    text = json.dumps([memory(0), memory(1, confidence={"initial": "INITIAL"}, metadata={"own": "OWN"}), memory(2)])[1:-1]
    data = text.replace('"INITIAL"', initial).replace('"OWN"', own).encode()
    assert lines_of(data) == canonical(json.loads(b"[%b]" % data))


words = st.text(st.characters(codec="utf-8") | st.sampled_from('"\\/\x00\n\x7f\u2028:\ue000\uffff\U0001f600'), max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**54), 2**54) | st.sampled_from([1.0, 1e16, 1e-6])
trees = st.recursive(
    st.none() | st.booleans() | numbers | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(words, trees, max_size=3), words, st.none() | st.floats(0, 1) | st.sampled_from([0, 1]), st.booleans())
def test_whatever_is_passed_is_written_as_rfc_8785_asks(own: dict[str, Any], text: str, share: Any, escaped: bool) -> None:
    confidence = {"initial": share} if share is not None else {}
    values = [memory(0, content=f"c{text}", summary=text, confidence=confidence, metadata={"own": own}), memory(1)]
    lines = lines_of(json.dumps(values, ensure_ascii=escaped).encode()[1:-1])
    if lines is not None:
        assert lines == canonical(values)
    else:
        # Nothing but integers that have no canonical form is sent back.
        assert re.search(r"(?<![0-9.])[0-9]{16,}", json.dumps(own))


def test_a_msgspec_that_writes_otherwise_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jcs, "_LINES_AS_MEASURED", False)
    values = [memory(at) for at in range(3)]
    assert lines_of(json.dumps(values).encode()[1:-1]) == canonical(values)


def test_nesting_past_what_msgspec_writes_is_no_traceback() -> None:
    # Each of the parsers and writers has an end of its own: whatever they say, it is said as one by one.
    limits = Limits(json_depth=100_000)
    for depth in (250, 253, 900, 940, 960, 980, 1000, 3000):
        deep = "[" * depth + "]" * depth
        data = json.dumps(store([memory(0), memory(1, metadata={"x": "DEEP"})])).replace('"DEEP"', deep).encode()
        assert findings(data, slow=False, limits=limits) == findings(data, slow=True, limits=limits)


@pytest.mark.parametrize(
    "members",
    [
        {"id": ""},
        {"type": "other"},
        {"type": "custom"},
        {"custom_type": "x"},
        {"type": "custom", "custom_type": None},
        {"content": ""},
        {"tags": ["a", "a"]},
        {"tags": ["a\nb"]},
        {"tags": ["a\n"]},
        {"tags": ["A"]},
        {"tags": None},
        {"unknown": 1},
        {"metadata": {"language": "english"}},
        {"metadata": {"big": 2**53}},
        {"metadata": {"huge": 2**80}},
        {"temporal": {"created_at": "2026-02-30T00:00:00Z"}},
        {"temporal": {"created_at": "2026-01-01 00:00:00Z"}},
        {"temporal": {"created_at": "2026-01-01T00:00:00+00:00"}},
        {"temporal": {"created_at": "0000-01-01T00:00:00Z"}},
        {"temporal": {"created_at": "2026-01-01T00:00:00Z", "updated_at": "x"}},
        {"provenance": {"platform": "X"}},
        {"provenance": {"platform": "chatgpt", "extractor": "a/1.0"}},
        {"access": {"shared_with": [{"entity": "e", "permissions": ["read", "read"]}]}},
        {"access": {"shared_with": [{"entity": "e", "permissions": []}]}},
        {"confidence": {"initial": 1.5}},
        {"confidence": {"initial": True}},
    ],
)
def test_what_is_odd_is_not_passed(members: dict[str, Any]) -> None:
    assert not passed([memory(0), memory(1, **members), memory(2)])


def test_a_condition_may_be_kept_in_both_ways() -> None:
    assert passed([memory(0), memory(1, type="custom", custom_type="recipe"), memory(2, custom_type=None)])


def test_a_name_that_stands_twice_is_not_passed() -> None:
    for twice in ('{"a":1,"a":1}', '{"a":1,"a":":"}', '{"a":1,"a":"\\u003a"}', '{"a":{"b":2,"b":2}}'):
        data = json.dumps([memory(0), memory(1, metadata={"x": "HERE"})])[1:-1].replace('"HERE"', twice).encode()
        assert lines_of(data) is None


def test_depth_and_digits_are_bounded_as_one_by_one() -> None:
    deep: Any = 0
    for _ in range(20):
        deep = [deep]
    assert passed([memory(0, metadata={"x": deep})])
    assert not passed([memory(0, metadata={"x": deep})], limits=Limits(json_depth=20))
    assert not passed([memory(0)], limits=Limits(json_depth=4))
    data = json.dumps([memory(0, metadata={"x": 0.5})]).encode()[1:-1].replace(b"0.5}", b"0." + b"5" * 2000 + b"}")
    assert lines_of(data) is None


@st.composite
def stores(draw: st.DrawFn) -> dict[str, Any]:
    """Stores of up to eight memories, some members changed: most sound, some not."""
    memories: list[Any] = [memory(at) for at in range(draw(st.integers(0, 8)))]
    memories = draw(st.permutations(memories))
    document: dict[str, Any] = store(memories)
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        *path, last = draw(st.sampled_from([place for place in places(document) if len(place) > 1]))
        owner: Any = document
        for step in path:
            owner = owner[step]
        match draw(st.sampled_from(["set", "take", "add", "again"])):
            case "set":
                owner[last] = copy.deepcopy(draw(ODD))
            case "take":
                del owner[last]
            case "add" if type(owner) is dict:
                owner[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(ODD))
            case _ if type(owner) is list:
                owner.append(copy.deepcopy(owner[last]))
            case _:
                owner[last] = draw(st.text(max_size=5))
    return document


@settings(max_examples=300, deadline=None)
@given(stores(), st.sampled_from([None, 1]))
def test_both_ways_find_the_same(document: dict[str, Any], indent: int | None) -> None:
    data = json.dumps(document, indent=indent).encode()
    assert findings(data, slow=False) == findings(data, slow=True)


FRACTIONS = ["00Z", "00.5Z", "00.50Z", "01Z", "00.499999Z"]
TIMES = [f"2026-01-01T00:00:{end}" for end in FRACTIONS]
GRANTS = [{"entity": "e", "permissions": ["read"]}]
some_times = st.sampled_from(TIMES)


@given(some_times, st.none() | some_times, st.none() | some_times, st.none() | some_times, st.none() | some_times, st.data())
def test_of_what_has_nothing_to_say_nothing_is_reported(
    created: str, updated: str | None, start: str | None, end: str | None, reinforced: str | None, data: st.DataObject
) -> None:
    value = memory(
        1,
        temporal={"created_at": created, "updated_at": updated, "valid_from": start, "valid_until": end},
        confidence=data.draw(st.sampled_from([{}, {"last_reinforced": reinforced}])),
        status=data.draw(st.sampled_from(["active", "superseded"])),
        provenance={"platform": data.draw(st.sampled_from(["chatgpt", "openai"]))},
        access=data.draw(
            st.sampled_from(
                [
                    *({}, {"visibility": "shared"}, {"visibility": "public"}, {"exportable": False}, {"shared_with": GRANTS}),
                    *({"visibility": "shared", "shared_with": GRANTS}, {"visibility": "private", "shared_with": []}),
                ]
            )
        ),
    )
    content = data.draw(st.sampled_from(["tea", " ", "Tea \t x", "\u3000", "\u0130"]))
    value["content"] = content
    value["content_hash"] = data.draw(st.sampled_from([content_hash(content), content_hash("tea")]))
    if data.draw(st.booleans()):
        value["temporal"]["superseded_by"] = "x"
    report = Report(check_store.Place())
    memory_rules(value, report)
    (parsed,) = parser_of("memories").decode(json.dumps([value]))
    said = not nothing_to_say([parsed])
    (sound,) = parser_of("memories").decode(json.dumps([memory(1)]))
    assert nothing_to_say([sound, parsed, sound]) != said
    assert said or not report.findings
    # It may send back what is sound, but not much of it: here only equal times that are spelled in two ways.
    if not report.findings and len({updated, created, reinforced} - {None}) < 2 and start == end:
        assert not said


@pytest.mark.parametrize(
    "members",
    [
        *({"access": access} for access in ({}, {"visibility": "shared"}, {"visibility": "public"}, {"visibility": "private"})),
        *(
            {"access": {**shared, "shared_with": GRANTS}}
            for shared in ({}, {"visibility": "private"}, {"visibility": "public"})
        ),
        *({"access": {"shared_with": [], **more}} for more in ({}, {"visibility": "shared"}, {"exportable": False})),
        *({"status": status} for status in ("superseded", "archived")),
        {"temporal": {"created_at": TIMES[0], "superseded_by": "x"}},
        {"status": "superseded", "temporal": {"created_at": TIMES[0], "superseded_by": "x"}},
        {"status": "superseded", "temporal": {"created_at": TIMES[0], "superseded_by": ""}},
        *({"temporal": {"created_at": one, "updated_at": other}} for one in TIMES for other in TIMES),
        *({"temporal": {"created_at": TIMES[0], "valid_from": one, "valid_until": other}} for one in TIMES for other in TIMES),
        *({"temporal": {"created_at": one}, "confidence": {"last_reinforced": other}} for one in TIMES for other in TIMES),
        *({"provenance": {"platform": platform}} for platform in ("openai", "chatgpt")),
        *(
            {"content": content, "content_hash": content_hash(content)}
            for content in (" ", "\u3000", "\t", "İ", "e\u0301 \t X ")
        ),
        {"content": "another"},
    ],
)
def test_each_rule_is_seen_quickly_too(members: dict[str, Any]) -> None:
    value = memory(2, **members)
    report = Report(check_store.Place())
    memory_rules(value, report)
    parsed = parser_of("memories").decode(json.dumps([memory(0), value]))
    said = not nothing_to_say(parsed)
    # "00.5" and "00.50" are one time, and are looked at closely.
    times = [*value["temporal"].values(), value["confidence"].get("last_reinforced")]
    assert said == bool(report.findings) or (said and {TIMES[1], TIMES[2]} <= {*times})


def test_whole_numbers_of_a_memory_cost_no_second_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quick, "_ANY", None)
    values = [memory(0, confidence={"initial": 1.0, "current": 0.0}), memory(1, confidence={"initial": 0.5, "current": 0})]
    assert lines_of(json.dumps(values).encode()[1:-1]) == canonical(values)


# ---- the checksum


def expected(memories: list[dict[str, Any]]) -> str:
    ordered = sorted(memories, key=lambda each: each["id"])
    return "sha256:" + hashlib.sha256(rfc8785.dumps(ordered)).hexdigest()


@pytest.mark.row("PAM-102", "PAM-104")
@settings(max_examples=60, deadline=None)
@given(st.permutations(range(12)), st.integers(0, 40), st.sampled_from([None, 2]))
def test_the_checksum_is_of_the_sorted_memories(order: list[int], wide: int, indent: int | None) -> None:
    memories = [memory(at, summary="s" * wide, metadata={"n": at * 1.0}) for at in order]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "memory-store.json"
        path.write_text(json.dumps(store(memories), indent=indent))
        assert checksum_of(path) == expected(memories)


@pytest.mark.parametrize("room", [0, 3000, 1 << 20])
def test_what_is_not_kept_is_read_again(room: int, tmp_path: Path) -> None:
    memories = [memory(at * 7 % 50) for at in range(50)]
    path = tmp_path / "memory-store.json"
    path.write_text(json.dumps(store(memories), indent=2))
    running = RunningChecksum(room)
    with path.open("rb") as stream:
        for name, part in iter_members(stream, arrays=ARRAYS, runs=parser_of):
            if name == "memories" and part is not None:
                values = json.loads(b"[%b]" % part.data)
                ids = [value["id"] for value in values]
                running.add(ids, canonical(values), part.offset, len(part.data))
    assert running.text(path) == expected(memories)
    path.write_text("{}")
    if room < 1 << 20:
        with pytest.raises(MalformedInput, match="changed"):
            running.text(path)


def test_duplicates_keep_the_order_of_the_file(tmp_path: Path) -> None:
    memories = [memory(2), memory(1, summary="first"), memory(1, summary="second"), memory(0)]
    path = tmp_path / "memory-store.json"
    path.write_text(json.dumps(store(memories)))
    assert checksum_of(path) == expected(memories)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"memories":[{"id":"a","id":"b"}]}', MalformedInput),
        ('{"memories":[{}]}', MalformedInput),
        ('{"memories":[1]}', MalformedInput),
        ('{"memories":[{"id":"a","n":9007199254740993}]}', CanonicalError),
        ('{"memories":[{"id":"a","n":' + "[" * 200 + "]" * 200 + "}]}", LimitExceeded),
        ('{"memories":[{"id":"a"}', MalformedInput),
    ],
)
def test_what_has_no_checksum_says_so(text: str, error: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "memory-store.json"
    path.write_text(text)
    with pytest.raises(error):
        checksum_of(path)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not beside this clone")
def test_the_declared_checksum_of_the_examples() -> None:
    path = SHARED / "upstream" / "examples" / "example-memory-store.json"
    assert checksum_of(path) == json.loads(path.read_bytes())["integrity"]["checksum"]


def test_a_store_of_many_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    # Small runs, so that their ends fall everywhere.
    monkeypatch.setattr(arrays, "RUN_BYTES", 2500)
    memories = [memory(at, summary="}, {" * (at % 3)) for at in range(120)]
    data = json.dumps(store(memories), indent=2).encode()
    assert len(runs_of(data, "memories")) > 20
    assert findings(data, slow=False) == []


def test_types_without_patterns_are_made_for_every_model() -> None:
    from satchel.formats.portable_ai_memory import models

    for model in (models.Memory, models.Relation, models.IndexEntry, models.Message, models.Embedding):
        assert Quick(model)
