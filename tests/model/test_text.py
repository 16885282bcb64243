"""The text of a record: what search indexes of it, and what two witnesses have in common."""

from __future__ import annotations

import unicodedata

import hypothesis.strategies as st
import pytest
from hypothesis import given

from satchel.model.bodies import Entity, Memory, Message, Part
from satchel.model.record import Origin, Record
from satchel.model.text import _staying, all_normalised, leaves, normalised, searchable, statement


def record(body: object) -> Record:
    return Record(uid="0" * 40, body=body, origin=Origin(format="made"))  # type: ignore[arg-type]


def said(body: object) -> bytes:
    return statement(record(body), *searchable(record(body)))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Likes  green tea", "likes green\ntea"), ("café", "CAFE\u0301"), ("a\u00a0b", "a b"), ("日本 語", "日本語")],
)
def test_statements_are_the_same_but_for_case_form_and_space(one: str, other: str) -> None:
    assert said(Memory(text=one)) == said(Memory(text=other)) != b""


def test_statements_that_differ() -> None:
    assert said(Memory(text="likes tea")) != said(Memory(text="likes teas"))
    assert said(Entity(name="x")) == b"x"


def test_a_message_is_the_same_letter_for_letter() -> None:
    one, same, other = (said(Message(role="user", parts=(Part(type="text", text=text),))) for text in ("a b", "a b", "a  b"))
    assert one == same != other


@pytest.mark.parametrize(
    ("text", "expected"),
    [("  Hello   World  ", "hello world"), ("a\t\nb", "a b"), ("cafe\u0301", "café"), ("STRASSE ẞ", "strasse ß")],
)
def test_normalised_follows_portable_ai_memory(text: str, expected: str) -> None:
    """portable-ai-memory.md 2.3."""
    assert normalised(text) == expected


@given(st.recursive(st.text() | st.integers() | st.none(), lambda child: st.lists(child) | st.dictionaries(st.text(), child)))
def test_leaves_are_all_strings_in_order(value: object) -> None:
    def walk(item: object) -> list[str]:
        if isinstance(item, str):
            return [item]
        if isinstance(item, dict):
            return [leaf for child in item.values() for leaf in walk(child)]
        return [leaf for child in item for leaf in walk(child)] if isinstance(item, list) else []

    assert leaves(value) == walk(value)


def test_a_tool_calls_text_is_its_strings() -> None:
    part = Part(type="tool_call", name="python", data={"code": "print(1)", "n": [1, {"s": "two"}]})
    assert searchable(record(Message(role="assistant", parts=(part,)))) == ("", "print(1)\ntwo")


def test_every_character_is_normalised_as_by_the_four_steps() -> None:
    # The short way for text that can be printed, against the steps as dossier 2.1 has them.
    for code in (*range(0xD800), *range(0xE000, 0x1FC00), *range(0xE0000, 0xE0200)):
        text = f"{chr(code)}A {chr(code)} \u0301y"
        assert normalised(text) == " ".join(unicodedata.normalize("NFC", text.lower()).split()), hex(code)


def test_characters_that_stay_do_so_whatever_stands_beside_them() -> None:
    # What NFC joins with the character before: the second of each pair that it composes, and the later parts of Hangul.
    pairs = [parts for code in range(0x110000) if len(parts := unicodedata.decomposition(chr(code)).split()) == 2]
    joined = {chr(int(second, 16)) for first, second in pairs if not first.startswith("<")}
    joined |= {chr(code) for code in (*range(0x1161, 0x1176), *range(0x11A8, 0x11C3))}
    staying = [chr(code) for code in range(0x80, 0x110000) if not 0xD800 <= code < 0xE000 and _staying().fullmatch(chr(code))]
    assert {"é", "’", "日", "か", "한", "я", "😀"} <= {*staying}
    for character in staying:
        assert character.lower() == character == unicodedata.normalize("NFC", character), hex(ord(character))
        assert not character.isspace() and not unicodedata.combining(character), hex(ord(character))
        assert character not in joined, hex(ord(character))


@given(
    st.lists(
        st.text(st.sampled_from("aB.é日か’😀  "), max_size=8)
        | st.text(st.sampled_from("aBé日 \t\n\v\f\r\x1c\x1f"), max_size=8)
        | st.text(st.sampled_from("aÄσΣé日\u0301\u3099か\u1100\u1161가\u11a8 \t\n\u00a0\u3000\x85"), max_size=8)
        | st.text(st.characters(codec="utf-8"), max_size=5),
        max_size=4,
    )
)
def test_all_at_once_are_normalised_as_each(texts: list[str]) -> None:
    assert all_normalised(texts) == [normalised(text).encode() for text in texts]


@given(st.text(st.sampled_from("aÄσΣ\u0301 \t\u00a0\u3000\u200b\ufeff\x1c\x85"), max_size=12))
def test_spaces_are_normalised_as_by_the_four_steps(text: str) -> None:
    assert normalised(text) == " ".join(unicodedata.normalize("NFC", text.lower()).split())
