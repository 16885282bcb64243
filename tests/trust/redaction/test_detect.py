"""What is found and what is left alone; the numbers that docs/redaction.md reports."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import UsageError
from satchel.trust.redaction.detect import TYPES, Found, chosen, detect
from satchel.trust.redaction.folding import fold
from satchel.trust.redaction.layer_one import PATTERNS, luhn
from tests.conftest import ROOT
from tests.trust.redaction import pii

#: The six patterns of the specification, written out again.
SPECIFIED = {
    "email": r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}",
    "phone_us": r"\b(\+?1[-.\s]?)?\(?\d{3}\)?[-.\s]?\d{3}[-.\s]?\d{4}\b",
    "ssn": r"\b\d{3}-\d{2}-\d{4}\b",
    "credit_card": r"\b\d{4}[-\s]?\d{4}[-\s]?\d{4}[-\s]?\d{4}\b",
    "ip_address": r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b",
    "date_of_birth": r"\b(0[1-9]|1[0-2])/(0[1-9]|[12]\d|3[01])/\d{4}\b",
}
_SIGNS = st.text(alphabet="aZ09._%+-@/()\n ,", max_size=60)


def found(text: str) -> list[tuple[str, str]]:
    return [(each.type, text[each.start : each.end]) for each in detect(text)]


def test_red_02_the_patterns_are_the_specifications() -> None:
    assert PATTERNS == SPECIFIED


@pytest.mark.parametrize("type", sorted(SPECIFIED))
@given(text=_SIGNS)
def test_red_02_what_the_six_patterns_match_is_found(type: str, text: str) -> None:
    """With nothing else looked for, exactly the pattern's own matches and what our rules of the type add; each match is
    covered whole."""
    finds = detect(text, types=frozenset({type}))
    for match in re.finditer(SPECIFIED[type], text, re.ASCII):
        assert any(each.start <= match.start() and match.end() <= each.end for each in finds), match


@given(st.text(alphabet="ab1._-@", max_size=80))
def test_the_linear_search_for_addresses_gives_what_the_pattern_gives(text: str) -> None:
    from satchel.trust.redaction.layer_one import emails

    assert [text[each.start : each.end] for each in emails(text)] == [m[0] for m in re.finditer(SPECIFIED["email"], text)]


@pytest.mark.parametrize(("type", "text", "personal"), pii.FOUND)
def test_it_is_found_to_its_full_length(type: str, text: str, personal: str) -> None:
    assert found(text) == [(type, personal)]


@pytest.mark.parametrize("text", pii.ALIKE)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(("type", "text"), pii.TAKEN_FOR)
def test_what_the_specified_patterns_take_is_taken(type: str, text: str) -> None:
    assert {each.type for each in detect(text)} == {type}


@pytest.mark.parametrize("text", pii.MISSED)
def test_what_is_said_to_be_missed_is_missed(text: str) -> None:
    """When one of these is found one day, the documentation has to say so."""
    assert found(text) == []


def test_the_documentation_reports_these_numbers() -> None:
    text = (ROOT / "docs" / "redaction.md").read_text()
    numbers = {
        "found": f"{len(pii.FOUND)} of {len(pii.FOUND) + len(pii.MISSED)}",
        "alike": f"{len(pii.ALIKE)} of {len(pii.ALIKE) + len(pii.TAKEN_FOR)}",
    }
    assert all(number in text for number in numbers.values()), numbers


def test_the_longest_names_the_type_and_covers_what_it_overlaps() -> None:
    text = "postgres://bob:s3cr3tpw@db.example.com/x"
    assert found(text) == [("email", "s3cr3tpw@db.example.com")]
    # A run of digits in which an account number, a card and a telephone number overlap leaves nothing beside the token.
    text = "DE89 3704 0044 0532 0130 00"
    assert found(text) == [("iban", text)]


def test_among_equals_the_priority_decides() -> None:
    class Both:
        def find(self, text: str) -> list[Found]:
            return [Found(0, 11, "phone", 1.0), Found(0, 11, "credit_card", 1.0)]

    assert [each.type for each in detect("123-45-6789", detectors=[Both()])] == ["ssn"]
    assert [each.type for each in detect("x" * 11, detectors=[Both()])] == ["credit_card"]


def test_a_members_name_says_what_its_value_is() -> None:
    assert detect("1990-04-01") == []
    assert [each.type for each in detect("1990-04-01", name="date_of_birth")] == ["date_of_birth"]
    assert [each.type for each in detect("hunter2", name="Password")] == ["password"]
    assert detect("hunter2", name="passwords_are_stored") == []
    assert [each.type for each in detect(" 123456789 ", name="ssn")] == ["ssn"]


def test_only_the_chosen_types_are_taken() -> None:
    text = "alice@example.com 123-45-6789"
    assert [each.type for each in detect(text, types=chosen(["ssn"]))] == ["ssn"]
    assert chosen([]) == chosen([""]) == frozenset(TYPES)
    with pytest.raises(UsageError, match="no rule finds 'name'"):
        chosen(["email", "name"])


def test_a_detector_that_names_no_type_is_refused() -> None:
    class Odd:
        def find(self, text: str) -> list[Found]:
            return [Found(0, 1, "a-b:c", 1.0)]

    with pytest.raises(UsageError):
        detect("x", detectors=[Odd()])


def test_luhn() -> None:
    """The example of ISO/IEC 7812's annex, and the published test numbers of card companies."""
    assert all(luhn(number) for number in ("79927398713", "378282246310005", "6011111111111117", "5105105105105100"))
    assert not luhn("79927398710")


@given(st.text(max_size=60))
def test_every_span_of_a_folded_text_leads_back_into_the_text(text: str) -> None:
    folded = fold(text)
    for start in range(len(folded.text)):
        first, last = folded.original(start, start + 1)
        assert 0 <= first < last <= len(text)
    if folded.text:
        assert folded.original(0, len(folded.text))[1] == len(text) or folded.offsets is not None
