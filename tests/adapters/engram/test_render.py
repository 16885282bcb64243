"""The way back, rule by rule (dossier 9.5, "Restore" and "Emission order"), and that reading gives what was written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from satchel.adapters.engram import render
from satchel.adapters.engram.render import restored_engram, restored_episode
from satchel.adapters.engram.values import canonical
from satchel.adapters.engram.yaml import read_yaml
from satchel.errors import CanonicalError
from tests.adapters.engram.harness import run


def made(details: str = "S", **members: Any) -> dict[str, Any]:
    """An episode that was an engram with these members."""
    metadata = {f"engram_{name}": value if type(value) is str else canonical(value) for name, value in members.items()}
    return {"id": "E", "details": details, "metadata": {"engram_record": "engram", **metadata}}


FOREIGN = {
    "id": "ep_1", "details": "Likes rye.\nAnd tea.", "summary": "Likes rye.", "eventTime": "2026-01-02T03:04:05Z",
    "importance": 0.8, "accessCount": 3, "lifecycleState": "COLD", "categories": [], "metadata": {"k": "v"}, "pinned": False,
}  # fmt: skip


# Restore


def test_text_members_stay_texts_and_others_are_parsed() -> None:
    members = {
        "status": "1",
        "domain": "null",
        "rationale": "true",
        "version": "2",
        "x": '{"a": [1, 1.5]}',
        "y": "{",
        "z": "NaN",
    }
    assert restored_engram(made(**members)) == {
        "status": "1", "domain": None, "rationale": "true", "version": 2, "x": {"a": [1, 1.5]}, "y": "{", "z": "NaN",
        "id": "E", "statement": "S",
    }  # fmt: skip


def test_id_and_statement_are_the_episodes() -> None:
    assert restored_engram(made("New", id="old", statement="old")) == {"id": "E", "statement": "New"}


def test_a_foreign_episode_becomes_a_plain_engram() -> None:
    assert restored_engram(FOREIGN) == {
        "id": "ep_1", "version": 2, "status": "dormant", "type": "terminological", "scope": "global",
        "statement": "Likes rye.\nAnd tea.",
        "activation": {"retrieval_strength": 0.8, "storage_strength": 0.8, "frequency": 3},
        "temporal": {"learned_at": "2026-01-02"}, "source": "portable-memory",
    }  # fmt: skip
    more = {
        "contextID": "ctx", "lifecycleState": "ARCHIVED", "summary": "Bread", "categories": ["food"], "pinned": True,
        "lastAccessed": "2026-02-03T00:00:00Z", "expirationDate": "2027-01-01T00:00:00Z",
    }  # fmt: skip
    engram = restored_engram({**FOREIGN, **more})
    assert (engram["scope"], engram["status"], engram["summary"]) == ("ctx", "retired", "Bread")
    assert (engram["tags"], engram["pinned"]) == (["food"], True)
    assert engram["activation"]["last_accessed"] == "2026-02-03"
    assert engram["temporal"] == {"learned_at": "2026-01-02", "valid_until": "2027-01-01"}
    assert restored_engram({**FOREIGN, "lifecycleState": "WARM"})["status"] == "active"


def test_engram_rendering_omits_episodes_and_episode_rendering_takes_all() -> None:
    episode = {"id": "P", "details": "D", "summary": "s", "eventTime": "2026-02-01T00:00:00Z", "speaker": "a", "contextID": "c"}
    was = {**episode, "metadata": {"engram_record": "episode", "engram_timestamp": "2026-02-01", "engram_channel": "x"}}
    assert render([was]) == "[]\n"
    assert restored_episode(was) == {"id": "P", "summary": "D", "timestamp": "2026-02-01", "channel": "x"}
    assert restored_episode(episode) == {
        "id": "P", "summary": "D", "timestamp": "2026-02-01T00:00:00Z", "agent": "a", "session_id": "c",
    }  # fmt: skip
    assert restored_episode({"id": "P", "details": "", "summary": "s"}) == {"id": "P", "summary": "s"}
    assert len(read_yaml(render([was, episode, made()], kind="episode")).value) == 3


# Emission


def test_members_stand_in_order_at_every_level() -> None:
    lines = render([made(zz=1, b=2, summary="s", tags=[], x={"scope": 1, "a": 2, "id": 3}, version=2)]).splitlines()
    assert lines == [
        '- id: "E"', "  version: 2", '  statement: "S"', "  tags: []", '  summary: "s"', "  b: 2", "  x:", "    id: 3",
        "    scope: 1", "    a: 2", "  zz: 1",
    ]  # fmt: skip


def test_mappings_with_a_timestamp_stand_in_an_episodes_order() -> None:
    x = {"timestamp": 1, "z": 0, "session_id": 2, "summary": 3, "channel": 4, "agent": 5, "id": 6, "version": 7}
    names = [line.split(":")[0].strip() for line in render([made(x=x)]).splitlines()[3:]]
    assert names == ["id", "timestamp", "summary", "agent", "channel", "session_id", "version", "z"]


def test_sequences_and_scalars() -> None:
    value = [{"type": "a", "n": [1, {"b": 1}]}, "t", ["u", None], [["v"]], {}, [], -1.0, 1e16, "a\nb"]
    assert render([made(x=value)]).splitlines()[2:] == [
        "  x:", '    - type: "a"', "      n:", "        - 1", "        - b: 1", '    - "t"', '    - ["u", null]', "    -",
        '      - ["v"]', "    - {}", "    - []", "    - -1", "    - 1e+16", "    - |-", "      a", "      b",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["|-", "    a", "    b"]), ("a\n\nb\n", ["|", "    a", "", "    b"]),
        ("a\nb\n\n", ["|+", "    a", "    b", ""]),
        ("a\n b", ['"a\\n b"']), ("\ta\nb", ['"\\ta\\nb"']), ("a\n", ["|", "    a"]), ("é\u2028\"", ['"é\u2028\\""']),
        ("a\r\nb", ['"a\\r\\nb"']), ("\n", ['"\\n"']), ("", ['""']),
    ],
)  # fmt: skip
def test_strings(text: str, lines: list[str]) -> None:
    first, *rest = lines
    assert render([made(text)]) == "\n".join(['- id: "E"', f"  statement: {first}", *rest]) + "\n"
    assert read_yaml(render([made(text)])).value == [{"id": "E", "statement": text}]


@pytest.mark.parametrize("name", ["a", "A-1", "a.b/c_d", "1", "/x", "_"])
def test_bare_keys(name: str) -> None:
    assert f"  {name}: 1\n" in render([made(**{name: 1})])


@pytest.mark.parametrize("name", ["-a", ".a", "a b", "é", "a:", "", '"', "a#"])
def test_quoted_keys(name: str) -> None:
    assert f"  {json.dumps(name, ensure_ascii=False)}: 1\n" in render([made(**{name: 1})])


def test_wrapped_and_empty() -> None:
    assert render([made("a\nb")], wrapped=True) == 'engrams:\n  - id: "E"\n    statement: |-\n      a\n      b\n'
    assert render([{"id": "P", "summary": "s"}], kind="episode", wrapped=True) == 'episodes:\n  - id: "P"\n    summary: "s"\n'
    assert (render([]), render([], wrapped=True), render([], kind="episode", wrapped=True)) == (
        "[]\n", "engrams: []\n", "episodes: []\n",
    )  # fmt: skip


def test_what_canonical_json_has_not_is_refused() -> None:
    with pytest.raises(CanonicalError):
        render([{**FOREIGN, "importance": float("nan")}])


def test_half_a_character_is_written_as_an_escape() -> None:
    text = render([made("a\ud800"), made("a\n\udc00b")])
    assert text.isascii()
    assert [item["statement"] for item in read_yaml(text).value] == ["a\ufffd", "a\n\ufffdb"]


# Both ways

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.text(
    st.sampled_from(list(" \t\n\r#:-'\"[]{},|>\\&*!%@`~x1.é\u2028\0")), max_size=12
)
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(TEXT, VALUES, max_size=5), TEXT, st.booleans())
def test_reading_what_was_rendered_gives_the_same_values(members: dict[str, Any], text: str, is_wrapped: bool) -> None:
    episode = made(text, **{"x_" + name: value for name, value in members.items()})
    expected = restored_engram(episode)
    # Longer digits are written as they are and read as text (dossier 9.5, "Typing").
    assume(not any(type(value) is int and not -(2**63) <= value < 2**64 for value in expected.values()))
    read = read_yaml(render([episode], wrapped=is_wrapped))
    assert read.ignored_lines == 0
    assert canonical(read.value) == canonical({"engrams": [expected]} if is_wrapped else [expected])
    assert expected["statement"] == text


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(TEXT, st.dictionaries(TEXT, VALUES, max_size=3)), max_size=4))
def test_rendering_is_a_fixed_point(items: list[tuple[str, dict[str, Any]]]) -> None:
    episodes = [{**made(text, **members), "id": f"E{index}"} for index, (text, members) in enumerate(items)]
    once = render(episodes)
    if episodes:
        assert render(run(once).episodes()) == once
