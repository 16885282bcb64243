"""Texts made to take long: a million signs each. A pattern that goes over a run again from each of its signs would not end."""

from __future__ import annotations

import pytest

from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import Mint, recovered

_SIGNS = 1_000_000
#: A piece, and what stands before and behind all of them.
PIECES: dict[str, tuple[str, str, str]] = {
    "letters without an at": ("a", "", ""),
    "labels": ("a.", "a@", ""),
    "labels of digits": ("1.", "a@", ""),
    "at": ("@", "", ""),
    "local and at": ("a@", "", ""),
    "quotes": ('"', "", "@a.bc"),
    "quoted at": ('"@', "", ""),
    "digits": ("1", "", ""),
    "digits and dashes": ("1-", "", ""),
    "plus": ("+1", "", ""),
    "zeros": ("0", "", ""),
    "colons": (":", "", ""),
    "groups": ("a:", "", ""),
    "half an address": ("::1 ", "", ""),
    "token heads": ("-eyJaaaaaaaaaaaa", "", ""),
    "token claims": ("eyJaaaaaaaaaaaa.", "", ""),
    "keys without end": ("-----BEGIN PRIVATE KEY-----\nAAAAAAAAAAAAAAAAAAAA\n", "", ""),
    "key heads": ("-----BEGIN A ", "", ""),
    "key ends": ("-----END PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----", ""),
    "stated passwords": ("password:", "", ""),
    "spaces": (" ", "password", ""),
    "schemes": ("://a:", "", ""),
    "telephone words": ("tel ", "", ""),
    "birth words": ("born ", "", ""),
    "bearers": ("bearer ", "", ""),
    "prefixes": ("sk-", "", ""),
    "dots": ("SG.", "", ""),
    "wrong cards": ("4111 1111 1111 1112 ", "", ""),
    "wrong accounts": ("DE89", "", ""),
    "look-alike tokens": ("[REDACTED", "", ""),
    "look-alike backslashes": ("\\", "[REDACTED", ":"),
    "combining marks": ("\u0301", "e", ""),
    "long forms": ("\ufdfa", "", ""),
    "unseen signs": ("\u200b", "", ""),
    "Cyrillic": ("а", "", ""),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_million_signs_are_looked_through_in_one_go(name: str) -> None:
    piece, before, behind = PIECES[name]
    text = before + piece * (_SIGNS // len(piece)) + behind
    mint = Mint()
    done = Redactor(mint).text(text, "place")
    assert recovered(done.text, mint.kept) == text
