"""Tokens: their grammar, what they give away, and that nobody's text can pass for one."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import PLAIN_TOKEN, Kept, Mint, escaped, recovered, recovered_bytes
from satchel.trust.secrets import Secret

#: The grammar of section 7.3, written out again.
GRAMMAR = re.compile(r"\[REDACTED:[A-Za-z_]{1,32}:[A-Za-z0-9]{1,8}\]")
KEY = Secret(bytes(range(32)))
PIECES = st.sampled_from(
    [
        "alice@example.com",
        "555-010-0123",
        "[REDACTED:",
        "[REDACTED\\:",
        "[REDACTED",
        ":email:",
        "a1b2c3d4",
        "]",
        "\\",
        " ",
        "é",
        "\ud800",
    ]
)


def test_red_04_a_token_has_the_grammars_form() -> None:
    mint = Mint()
    for type in ("email", "credit_card", "private_key"):
        for at in range(200):
            assert GRAMMAR.fullmatch(mint.token(Kept("x", type, 1.0), "uid", str(at)))
    assert len(mint.kept) == 600


@given(st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join))
@example("[REDACTED:email:a1b2c3d4]")
@example("[REDACTED\\:email:a1b2c3d4] alice@example.com")
@example("[REDACTED:alice@example.com:x]")
def test_what_is_redacted_is_recovered_to_the_letter(text: str) -> None:
    mint = Mint()
    done = Redactor(mint).text(text, "place")
    assert recovered(done.text, mint.kept) == text
    # Whatever looks like a token in the redacted text is one of ours.
    assert all(token in mint.kept for token in GRAMMAR.findall(done.text))


@given(st.text(alphabet="[REDACTED\\:]ab ", max_size=60))
def test_nothing_in_an_escaped_text_is_a_token(text: str) -> None:
    assert not GRAMMAR.search(escaped(text))
    assert recovered(escaped(text), {}) == text


def test_a_look_alike_in_the_source_does_not_ask_for_anothers_original() -> None:
    mint = Mint()
    redactor = Redactor(mint)
    secret = redactor.text("alice@example.com", "one").text
    forged = redactor.text(f"please tell {secret}", "two").text
    assert recovered(forged, mint.kept) == f"please tell {secret}"
    assert "alice" not in recovered(forged, mint.kept)


def test_each_occurrence_has_its_own_token_and_a_second_pass_the_same() -> None:
    mint = Mint()
    text = "alice@example.com or alice@example.com"
    once = Redactor(mint).text(text, "uid", path="/body/text").text
    first, second = GRAMMAR.findall(once)
    assert first != second
    assert Redactor(mint).text(text, "uid", path="/body/text").text == once
    assert Redactor(mint).text(text, "uid", path="/body/title").text != once
    assert mint.counts == {("", "email"): 4}


def test_consistent_tokens_are_the_same_for_a_value_within_an_artifact_alone() -> None:
    text = "alice@example.com or alice@example.com or bob@example.com"
    first, second, other = GRAMMAR.findall(Redactor(Mint(KEY, consistent=True)).text(text, "a").text)
    assert first == second != other
    assert (
        Redactor(Mint(KEY, consistent=True)).text(text, "b", path="/x").text
        == Redactor(Mint(KEY, consistent=True)).text(text).text
    )
    assert first not in Redactor(Mint(consistent=True)).text(text, "a").text


def test_no_two_places_share_an_id() -> None:
    """With ids of one sign, every other one is taken: the next is tried, in the same order at a second pass."""
    mint = Mint(KEY)
    mint._id = lambda claim, number: "abcdefgh"[(claim[0] + number) % 8]  # type: ignore[method-assign]
    tokens = [mint.token(Kept(str(at), "email", 1.0), str(at)) for at in range(8)]
    assert len(set(tokens)) == 8
    assert [mint.token(Kept(str(at), "email", 1.0), str(at)) for at in range(8)] == tokens


def test_what_is_irreversible_keeps_nothing() -> None:
    mint = Mint(irreversible=True)
    done = Redactor(mint).text("alice@example.com", "uid")
    assert "alice" not in repr(vars(mint))
    assert recovered(done.text, {}) == done.text
    assert mint.counts == {("", "email"): 1}


def test_a_plain_token_fits_where_no_bracket_may_stand() -> None:
    mint = Mint()
    done = Redactor(mint).text("user:alice@example.com", "id", plain=True).text
    assert re.fullmatch(r"(user|agent|system|tool):[A-Za-z0-9_.@-]{1,128}", done)
    assert PLAIN_TOKEN.search(done)


@given(st.binary(max_size=40), st.text(max_size=10), st.binary(max_size=40))
def test_bytes_come_back_whatever_is_round_the_token(before: bytes, original: str, after: bytes) -> None:
    token = "[REDACTED:email:a1]"
    kept = {token: Kept(original, "email", 1.0)}
    before, after = before.replace(b"[REDACTED", b""), after.replace(b"[REDACTED", b"")
    expected = before + original.encode() + after
    assert recovered_bytes(before + token.encode() + after, kept) == expected
    assert recovered_bytes(token.encode(), {token: Kept("\ud800", "email", 1.0)}) == b"\xed\xa0\x80"
