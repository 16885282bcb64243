"""Anchors are found in one spelling, and whichever of them is dropped or altered is noticed."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.move.semantic import judge
from satchel.move.semantic.anchors import anchors_of, without_pointers


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("Retry 3 times", "number", "3"),
        ("wait 5 minutes", "number", "5 min"),
        ("wait five minutes", "number", "5 min"),
        ("it is 1,000 users", "number", "1000"),
        ("it is 1 000 users", "number", "1000"),
        ("es sind 3,5 kg", "number", "3.5 kg"),
        ("it is -5 °C", "number", "-5 °c"),
        ("it is −5 °C", "number", "-5 °c"),
        ("it costs $5", "number", "5 $"),
        ("it costs 5 €", "number", "5 €"),
        ("at 2:30 pm", "number", "14:30"),
        ("at 12:15 am", "number", "0:15"),
        ("٣ مرات", "number", "3"),
        ("100円です", "number", "100 ¥"),
        ("on 1 May 2024", "date", "2024-05-01"),
        ("on May 1st, 2024", "date", "2024-05-01"),
        ("am 1. Mai 2024", "date", "2024-05-01"),
        ("el 1 de mayo de 2024", "date", "2024-05-01"),
        ("on 2024-05-01", "date", "2024-05-01"),
        ("2024年5月1日に", "date", "2024-05-01"),
        ("in May 2024", "date", "2024-05"),
        ("on 29 April", "date", "--04-29"),
        ("on Tuesdays", "date", "weekday 2"),
        ("v1.2.3 of it", "version", "1.2.3"),
        ("1.2.3-rc.1 of it", "version", "1.2.3-rc.1"),
        ("see https://a.b/c?d=1.", "address", "https://a.b/c?d=1"),
        ("see [it](https://x.y/z)", "address", "https://x.y/z"),
        ("mail mailto:a.b@example.org", "address", "a.b@example.org"),
        ("in /etc/hosts", "path", "/etc/hosts"),
        ("in ~/notes/a.md", "path", "~/notes/a.md"),
        ("in src/main.py now", "path", "src/main.py"),
        (r"in C:\Temp\x.txt", "path", r"C:\Temp\x.txt"),
        ("in config.toml", "path", "config.toml"),
        ("in .env", "path", ".env"),
        ("set FOO_BAR", "identifier", "FOO_BAR"),
        ("call camelCase", "identifier", "camelCase"),
        ("pass --dry-run", "identifier", "--dry-run"),
        ("issue #42", "identifier", "#42"),
        ("ask @mina", "identifier", "@mina"),
        ("run `git push --force`", "code", "git push --force"),
        ("run npm test", "command", "npm test"),
        ('he said "go home".', "quotation", "go home"),
        ("er sagte „geh heim“", "quotation", "geh heim"),
        ("彼は「帰れ」と言った", "quotation", "帰れ"),
        ("it is ~~wrong~~", "mark", "struck wrong"),
    ],
)
def test_an_anchor_and_its_spelling(text: str, kind: str, value: str) -> None:
    language = "de" if text.startswith(("es ", "er ", "am ")) else "en"
    found, _ = anchors_of(text, language)
    assert [(each.kind, each.value) for each in found] == [(kind, value)]


@pytest.mark.parametrize(
    "text", ["and/or", "e.g. this", "a well-known fact", "it's fine", "to and fro - and back", "i.e. that"]
)
def test_plain_words_are_no_anchors(text: str) -> None:
    assert anchors_of(text, "en")[0] == []


def test_places_are_kept_and_nothing_is_found_twice() -> None:
    text = "Set RETRIES_MAX=3 in `conf/app.toml` by 1 May 2024 (see https://a.b/v1.2.3)."
    found, rest = anchors_of(text, "en")
    assert len(rest) == len(text)
    assert [each.kind for each in found] == ["identifier", "number", "code", "date", "address"]


def test_footnotes_and_private_marks_are_taken_out() -> None:
    assert without_pointers("a\ue200cite\ue202turn0\ue201 b [1] c【4†source】") == "a b  c"


_WORDS = st.sampled_from(
    ["garden", "kettle", "window", "morning", "silver", "quiet", "letter", "bridge", "pencil", "market", "basket", "ladder"]
)
_SENTENCE = st.lists(_WORDS, min_size=2, max_size=6).map(" ".join)
_NUMBER = st.integers(2, 99_999)
_NAME = st.sampled_from(["Alice", "Bob", "Carla", "Dieter", "Elena", "Felix", "Greta", "Hiroshi", "Klaus", "Nora", "Oscar"])
_SLUG = st.text("abcdefghjkmnpqrstuvwxyz", min_size=3, max_size=8)
#: Each makes two anchors of one kind that are not the same.
_PLANTED = st.one_of(
    st.tuples(_NUMBER, _NUMBER).map(lambda pair: (f"{pair[0]}", f"{pair[1]}")),
    st.tuples(_NUMBER, st.sampled_from([("kg", "mg"), ("ms", "s"), ("km", "cm"), ("GB", "MB"), ("°C", "°F"), ("%", "€")])).map(
        lambda pair: (f"{pair[0]} {pair[1][0]}", f"{pair[0]} {pair[1][1]}")
    ),
    st.tuples(_NAME, _NAME),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f"https://example.org/{pair[0]}", f"https://example.org/{pair[1]}")),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f"/srv/{pair[0]}/data.csv", f"/srv/{pair[1]}/data.csv")),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f"`{pair[0]} --all`", f"`{pair[1]} --all`")),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f"--{pair[0]}", f"--{pair[1]}")),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f"{pair[0]}_{pair[1]}", f"{pair[1]}_{pair[0]}")),
    st.tuples(_SLUG, _SLUG).map(lambda pair: (f'"{pair[0]} it"', f'"{pair[1]} it"')),
    st.tuples(st.integers(1, 28), st.integers(1, 28)).map(lambda pair: (f"2024-05-{pair[0]:02}", f"2024-05-{pair[1]:02}")),
    st.tuples(_NUMBER, _NUMBER).map(lambda pair: (f"v1.{pair[0]}.0", f"v1.{pair[1]}.0")),
    st.sampled_from([("is never", "is always"), ("must not be", "must be"), ("is not", "is"), ("cannot be", "can be")]),
).filter(lambda pair: pair[0] != pair[1])


def _text(sentences: list[str], anchor: str, at: int) -> str:
    at %= len(sentences)
    planted = [f"The {each} was there." for each in sentences]
    planted[at] = f"The {sentences[at]} {anchor} seen in the hall."
    return " ".join(planted)


@given(st.lists(_SENTENCE, min_size=1, max_size=5), _PLANTED, st.integers(0, 4))
def test_whichever_anchor_is_altered_is_noticed(sentences: list[str], planted: tuple[str, str], at: int) -> None:
    before, after = (_text(sentences, anchor, at) for anchor in planted)
    assert judge(before, before).verdict == "identical"
    assert judge(before, after).outcome == "fail"


@given(st.lists(_SENTENCE, min_size=1, max_size=5), _PLANTED, st.integers(0, 4))
def test_whichever_anchor_is_dropped_is_noticed(sentences: list[str], planted: tuple[str, str], at: int) -> None:
    if planted[1] in ("is", "must be", "can be", "is always"):
        planted = ("is not", "is")
        dropped = _text(sentences, "is", at)
    else:
        dropped = _text(sentences, "", at)
    assert judge(_text(sentences, planted[0], at), dropped).outcome == "fail"


@given(st.lists(_SENTENCE, min_size=2, max_size=6), st.lists(_PLANTED, min_size=1, max_size=4), st.integers(0, 99))
def test_the_same_sentences_in_another_order_or_block_pass(
    sentences: list[str], planted: list[tuple[str, str]], seed: int
) -> None:
    said = [f"The {each} is here with {anchor[0]} today." for each, anchor in zip(sentences, planted * 6, strict=False)]
    moved = list(said)
    random.Random(seed).shuffle(moved)
    assert judge(" ".join(said), "\n".join(f"- {each}" for each in moved)).outcome == "pass"
