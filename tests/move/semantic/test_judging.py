"""Sabotage is caught, an honest rewording passes, and a model can fail a pair and never pass one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from satchel.move.semantic import judge
from satchel.move.semantic.embedding import LEAST, LEAST_LEXICAL
from tests.move.semantic.samples import ALIKE, HELD_OUT_ALIKE, HELD_OUT_OPPOSED, HONEST, OPPOSED, RULES, SABOTAGE


class Fixed:
    """A model whose cosine of any two different texts is the one that was asked for."""

    def __init__(self, cosine: float, name: str = "fixed") -> None:
        self.name = name
        self.digest = "0" * 64
        self.dimensions = 64
        self._cosine = cosine
        self._seen: dict[str, int] = {}

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        # All share one direction, and each has one of its own besides.
        rows = np.zeros((len(texts), self.dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = self._cosine**0.5
            row[1 + self._seen.setdefault(text, len(self._seen))] = (1 - self._cosine) ** 0.5
        return rows


@pytest.mark.parametrize("name", SABOTAGE)
def test_sabotage_is_caught_and_named(name: str) -> None:
    text, code = SABOTAGE[name]
    assert text != RULES
    found = judge(RULES, text)
    assert found.outcome == "fail"
    assert code in found.codes


@pytest.mark.parametrize("name", SABOTAGE)
def test_no_model_passes_sabotage(name: str) -> None:
    assert judge(RULES, SABOTAGE[name][0], embedder=Fixed(0.999)).outcome == "fail"


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_rewording_passes(name: str) -> None:
    for before, after in ((RULES, HONEST[name]), (HONEST[name], RULES)):
        found = judge(before, after)
        assert (found.verdict, [each for each in found.differences if each.severity != "info"]) == ("equivalent", [])


@pytest.mark.parametrize(("before", "after"), OPPOSED)
def test_opposed_sentences_are_told_apart_from_either_side(before: str, after: str) -> None:
    assert judge(before, after).outcome == "fail"
    assert judge(after, before).outcome == "fail"


@pytest.mark.parametrize(("before", "after"), ALIKE)
def test_sentences_that_say_the_same_pass_from_either_side(before: str, after: str) -> None:
    assert judge(before, after).outcome == "pass"
    assert judge(after, before).outcome == "pass"


def test_pairs_that_nothing_was_tuned_on_are_counted() -> None:
    """They were written down before they were first judged: 18 and 5 then (docs/semantic-check.md says what was mended)."""
    caught = sum(judge(*pair).outcome == "fail" for pair in HELD_OUT_OPPOSED)
    alarmed = sum(judge(*pair).outcome == "fail" for pair in HELD_OUT_ALIKE)
    assert (caught, len(HELD_OUT_OPPOSED)) == (21, 22)
    assert (alarmed, len(HELD_OUT_ALIKE)) == (4, 20)


@given(st.text(max_size=400))
def test_identical_text_always_passes(text: str) -> None:
    assert judge(text, text).verdict == "identical"


@given(st.text(max_size=400))
def test_white_space_between_words_is_no_difference(text: str) -> None:
    spaced = "\n\n" + " ".join(text.split()) + "  \n"
    if "```" not in text and "~~~" not in text:
        assert judge(text, spaced).outcome == "pass"


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_are_judged(before: str, after: str) -> None:
    assert judge(before, after, embedder=Fixed(0.5)).outcome in ("pass", "fail", "not-checked")


def test_a_text_that_is_gone_or_new_is_told() -> None:
    assert judge("She lives in Oslo.", " ").codes == ("text-missing",)
    assert judge("", "She lives in Oslo.").codes == ("text-added",)


def test_a_model_fails_what_the_other_tiers_see_nothing_in() -> None:
    before, after = "The meadow is lovely in spring.", "The kitchen is tidy in spring."
    assert judge(before, after).outcome == "pass"
    found = judge(before, after, embedder=Fixed(LEAST - 0.01))
    assert (found.outcome, found.codes) == ("fail", ("unit-unlike",))
    assert judge(before, after, embedder=Fixed(LEAST + 0.01)).outcome == "pass"


@pytest.mark.parametrize("name", ["1 of 10 dropped", "injected line"])
def test_a_model_sees_what_is_gone_and_what_is_new(name: str) -> None:
    found = judge(RULES, SABOTAGE[name][0], embedder=Fixed(LEAST - 0.01))
    assert "unit-unlike" in found.codes
    assert found.measures is not None
    assert min(found.measures.least_recall, found.measures.least_precision) < LEAST


def test_a_model_passes_nothing_that_failed_before_it() -> None:
    before, after = "Alice pays Bob.", "Bob pays Alice."
    alone = judge(before, after)
    with_model = judge(before, after, embedder=Fixed(0.9999))
    assert alone.verdict == with_model.verdict == "inconsistent"
    assert with_model.measures is not None and with_model.measures.least_recall > 0.999


def test_hashed_words_tell_gross_loss_and_nothing_less() -> None:
    before, after = "The meadow is lovely in spring.", "The kitchen is tidy in spring."
    assert judge(before, after, embedder=Fixed(LEAST - 0.3, "hashing")).outcome == "pass"
    found = judge(before, after, embedder=Fixed(LEAST_LEXICAL / 2, "hashing"))
    assert (found.outcome, found.codes) == ("fail", ("gross-loss",))


def test_a_model_is_not_asked_about_what_is_the_same() -> None:
    class Untouched(Fixed):
        def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
            raise AssertionError

    assert judge(RULES, RULES + "\n", embedder=Untouched(1)).outcome == "pass"
    assert judge(RULES, HONEST["reordered"], embedder=Untouched(1)).outcome == "pass"


@pytest.mark.parametrize(
    ("before", "after"),
    [("Jangan makan daging di rumah.", "Makan daging di rumah."), ("אל תאכל בשר", "תאכל בשר"), ("لا تأكل اللحم", "تأكل اللحم")],
)
def test_changed_text_of_a_language_without_known_negations_is_not_passed(before: str, after: str) -> None:
    found = judge(before, after)
    assert found.outcome == "not-checked"
    assert found.codes == ("language-unknown",)


@pytest.mark.parametrize("text", ["Jangan makan daging di rumah.", "אל תאכל בשר", "لا تأكل اللحم", "Ni bhfuil se fuar."])
def test_unchanged_text_of_any_language_passes(text: str) -> None:
    assert judge(text, f"- {text}").outcome == "pass"
    assert judge(f"{text} {text}", f"{text}\n\n{text}").outcome == "pass"


def test_marks_that_point_at_sources_say_nothing() -> None:
    before = "It is 70 km.\ue200cite\ue202turn0search0\ue201 Two days are enough."
    assert judge(before, "It is 70 km. [1] Two days are enough. [2]").outcome == "pass"


def test_too_many_changed_sentences_are_not_passed() -> None:
    before = " ".join(f"The {word} is old." for word in ("cat", "dog", "hen", "cow"))
    after = " ".join(f"Old is the {word}." for word in ("cat", "dog", "hen", "cow"))
    assert judge(before, after, most_units=3).verdict == "not-checked"


def test_a_difference_says_where_and_shows_nothing_of_itself() -> None:
    [found] = judge("One is here. Port 8080 is open.", "One is here. Port 8081 is open.").differences
    assert (found.code, found.tier, found.severity) == ("number-changed", "anchors", "error")
    assert (found.unit_before, found.unit_after) == (1, 1)
    assert (found.before.text, found.after.text) == ("Port 8080 is open.", "Port 8081 is open.")
    assert "8080" not in repr(found)


@pytest.mark.parametrize(
    "hostile",
    [
        "a+" * 8_000,
        "[" * 8_000,
        "*a " * 8_000,
        "A. " * 6_000,
        "# " + "#" * 8_000 + "x",
        "- " * 8_000 + "x",
        "`" * 8_001,
        '"' * 8_001,
        "a_" * 8_000,
        "/" * 8_000,
        "a/" * 8_000,
        "1," * 8_000,
        "a." * 8_000,
        "Aa" * 8_000,
        "~~a " * 4_000,
        "{" * 8_000,
        "|" * 8_000,
        "> " * 8_000,
        "𝟏" * 4_000,
        "﷽" * 2_000,
    ],
    ids=range(20),
)
def test_hostile_text_is_judged(hostile: str) -> None:
    assert judge(hostile, hostile + " and more of it").outcome in ("pass", "fail", "not-checked")
    assert judge(hostile, "Something else.").outcome in ("fail", "not-checked")
