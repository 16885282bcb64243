"""Negations are counted by what they do."""

from __future__ import annotations

import pytest

from satchel.move.semantic.cues import KNOWN, NEGATIONS
from satchel.move.semantic.polarity import compare, polarity_of

#: In each known language a sentence, the same denied, and the same denied in other words.
DENIED = {
    "en": ("we share it", "we do not share it", "we never share it"),
    "de": ("wir teilen es", "wir teilen es nicht", "wir teilen es nie"),
    "fr": ("nous le partageons", "nous ne le partageons pas", "nous ne le partageons jamais"),
    "es": ("lo compartimos", "no lo compartimos", "no lo compartimos nunca"),
    "it": ("lo condividiamo", "non lo condividiamo", "non lo condividiamo mai"),
    "pt": ("nós o partilhamos", "nós não o partilhamos", "nós nunca o partilhamos"),
    "nl": ("we delen het", "we delen het niet", "we delen het nooit"),
    "pl": ("udostępniamy to", "nie udostępniamy tego", "nigdy tego nie udostępniamy"),
    "ru": ("мы делимся этим", "мы не делимся этим", "мы никогда этим не делимся"),
    "zh": ("我们分享它", "我们不分享它", "我们没分享它"),
    "ja": ("共有します", "共有しません", "共有しない"),
}


def test_every_known_language_has_negations_and_a_sample() -> None:
    assert set(KNOWN) == set(NEGATIONS) == set(DENIED)


@pytest.mark.parametrize("language", KNOWN)
def test_a_denial_is_told_from_a_statement_and_not_from_another_denial(language: str) -> None:
    plain, denied, otherwise = (polarity_of(text, language) for text in DENIED[language])
    assert compare(plain, denied, 0.5) == compare(denied, plain, 0.5) == "negation-changed"
    assert compare(denied, otherwise, 0.5) == compare(otherwise, denied, 0.5) == ""


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("guests are not allowed", "guests are forbidden", ""),
        ("guests are allowed", "guests are forbidden", "negation-changed"),
        ("guests are not allowed", "guests are not forbidden", "negation-changed"),
        ("never push and never force", "push and force", "negation-changed"),
        ("use tabs, not spaces", "use tabs rather than spaces", ""),
        ("use tabs rather than spaces, never mix", "use tabs rather than spaces, mix", "negation-changed"),
        ("not only tea but milk", "tea and milk", ""),
        ("you must sign", "you have to sign", ""),
        ("you must sign", "you may sign", "modality-changed"),
        ("you must sign", "sign", ""),
        ("always ask", "ask every time", ""),
        ("always ask", "rarely ask", "modality-changed"),
        ("all users", "some users", "modality-changed"),
        ("it is on", "it is off", "negation-changed"),
    ],
)
def test_what_turns_a_meaning(before: str, after: str, code: str) -> None:
    assert compare(polarity_of(before, "en"), polarity_of(after, "en"), 0.5) == code


def test_a_negation_at_other_words_is_noticed_where_the_words_are_nearly_the_same() -> None:
    before, after = (polarity_of(text, "en") for text in ("delete logs but not backups", "delete backups but not logs"))
    assert compare(before, after, 1.0) == "negation-moved"
    assert compare(before, after, 0.2) == ""


@pytest.mark.parametrize(
    "text", ["不同的问题", "别人的特别服务", "彼は少ないかもしれない", "no doubt about it", "sin embargo funciona"]
)
def test_what_only_looks_like_a_negation(text: str) -> None:
    language = {"不": "zh", "别": "zh", "彼": "ja", "n": "en", "s": "es"}[text[0]]
    assert polarity_of(text, language).negations == 0
