"""The optional detector, against the real library; without a model of names, its own patterns run."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from satchel.errors import UsageError
from satchel.trust.redaction import presidio
from satchel.trust.redaction.detect import detect
from satchel.trust.redaction.presidio import Presidio
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import Mint, recovered


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "presidio_analyzer", None)
    with pytest.raises(UsageError, match=r"satchel\[pii\]"):
        Presidio()


def test_pieces_join_to_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presidio, "_PIECE_LENGTH", 10)
    for text in ("", "a" * 35, "ab cd ef gh ij kl mn op", "aaaaaaaaa\nbbbbbbbbbb"):
        pieces = list(presidio._pieces(text))
        assert "".join(piece for _, piece in pieces) == text
        assert all(text[at : at + len(piece)] == piece and piece for at, piece in pieces)


@pytest.fixture(scope="module")
def detector() -> Iterator[Presidio]:
    pytest.importorskip("presidio_analyzer", reason="the extra [pii] is not installed")

    def refuse(*_: Any) -> None:
        raise AssertionError("Presidio asked the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refuse)
        yield Presidio(presidio.BLANK)


def test_it_finds_what_the_rules_do_not_know(detector: Presidio) -> None:
    text = "pay to 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ, mail alice@example.com"
    assert {each.type for each in detect(text)} == {"email"}
    found = detect(text, detectors=[detector])
    assert [(each.type, text[each.start : each.end]) for each in found] == [
        ("crypto", "16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"),
        ("email", "alice@example.com"),
    ]


def test_what_it_finds_becomes_a_token_and_comes_back(detector: Presidio) -> None:
    mint = Mint()
    text = "pay to 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"
    done = Redactor(mint, detectors=[detector]).text(text, "place")
    assert "[REDACTED:crypto:" in done.text and recovered(done.text, mint.kept) == text
    # A member that no person writes is for the rules alone.
    assert Redactor(mint, detectors=[detector]).text(text, "place", prose=False).text == text


def test_a_model_that_is_not_there_is_not_fetched(detector: Presidio) -> None:
    for name in ("en_core_web_lg", "no_such_model"):
        with pytest.raises(UsageError, match="no spaCy model"):
            Presidio(name)
