"""Nested values: every text, every member's name, every number that is somebody's; and all of it back again."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import LimitExceeded
from satchel.trust.redaction.redactor import Redactor
from satchel.trust.redaction.tokens import Mint, recovered_value

_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["alice@example.com", "123-45-6789", "x 555-010-0123 y", "[REDACTED:email:x]", "hunter2hunter2"]),
)
_NUMBERS = st.one_of(st.integers(), st.sampled_from([5550100123, 4111111111111111, 1732291035]), st.floats(allow_nan=False))
_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(_TEXTS, st.just("password")), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(_VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    before = copy.deepcopy(value)
    mint = Mint()
    done, _ = Redactor(mint).value(value, "place")
    assert value == before
    assert repr(recovered_value(done, mint.kept)) == repr(before)


def test_texts_names_and_items_are_found_with_their_place() -> None:
    value = {
        "contacts": [{"alice@example.com": "x"}, {"note": ["call 555-010-0123"]}],
        "a/b": {"dob": "1990-04-01", "password": "hunter2"},
        "card": 4111111111111111,
    }
    mint = Mint()
    done, found = Redactor(mint).value(value, "place", path="")
    name = next(iter(done["contacts"][0]))
    assert [(each.path, each.type, each.in_name) for each in found] == [
        (f"/contacts/0/{name}", "email", True),
        ("/contacts/1/note/0", "phone_us", False),
        ("/a~1b/dob", "date_of_birth", False),
        ("/a~1b/password", "password", False),
        ("/card", "credit_card", False),
    ]
    assert "alice" not in repr(found) and "alice" not in repr(done)
    assert done["card"] in mint.kept


def test_numbers_that_are_times_or_counts_stay() -> None:
    value = {"at": 1732291035, "ms": 1732291035123, "us": 1732291035123456, "size": 5550, "score": 0.5550100123}
    assert Redactor(Mint()).value(value)[0] == value


@pytest.mark.parametrize(
    ("name", "number", "type"),
    [
        ("password", 1234, "password"),
        ("password", 12.5, "password"),
        ("wifi_password", 20061987, "password"),
        ("pin", 42, "password"),
        ("pinCode", 4711, "password"),
        ("cvv", 123, "password"),
        ("apiKey", -7, "api_key"),
        ("ssn", 12345678, "ssn"),
        ("ssn", 123456789.0, "ssn"),
        ("card_number", 378282246310005, "credit_card"),
        ("cardNumber", 4000000000000001, "credit_card"),
        ("home_phone", 5550123, "phone"),
        ("dob", 19900401, "date_of_birth"),
        ("dob", -324432000, "date_of_birth"),
        ("note", 4111111111111111.0, "credit_card"),
    ],
)
def test_a_number_is_what_its_members_name_says(name: str, number: float, type: str) -> None:
    mint = Mint()
    for value in ({name: number}, {"a": [{name: [number]}]}):
        done, found = Redactor(mint).value(value, "place")
        assert [each.type for each in found] == [type]
        assert repr(number) not in repr(done)
        assert repr(recovered_value(done, mint.kept)) == repr(value)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("pin_count", 3),
        ("gpio_pin", 17),
        ("table_cell", 1234567),
        ("password_length", 12),
        ("phone", 2),
        ("born", 1980),
        ("ssn", 0.5),
        ("card_number", 7),
        ("password", True),
        ("ssn", float("inf")),
    ],
)
def test_a_number_that_its_members_name_says_nothing_of_stays(name: str, number: float) -> None:
    assert Redactor(Mint()).value({name: number})[0] == {name: number}


def test_numbers_of_types_that_were_not_asked_for_stay() -> None:
    value = {"pin": 1234, "ssn": 123456789}
    done, _ = Redactor(Mint(), types=frozenset({"ssn"})).value(value)
    assert done["pin"] == 1234 and done["ssn"] != 123456789


def test_what_stood_behind_a_token_is_found_again() -> None:
    text = "a alice@example.com b 555-010-0123 c"
    done = Redactor(Mint()).text(text, "place")
    for sign in "abc":
        at = text.index(f"{sign} ") if sign != "c" else len(text) - 1
        assert done.text[done.moved(at)] == sign
    inside = text.index("example")
    assert done.text[done.moved(inside) : done.moved(inside + 3, is_end=True)].startswith("[REDACTED:email:")


def test_a_value_nested_past_the_limit_is_refused() -> None:
    value: Any = "x"
    for _ in range(200):
        value = [value]
    with pytest.raises(LimitExceeded):
        Redactor(Mint()).value(value)
