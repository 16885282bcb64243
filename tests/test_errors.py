"""The error tree: drawn at the top of the module, stable codes, one line for people."""

from __future__ import annotations

import inspect
import re

import pytest

from satchel import errors
from satchel.errors import InputError, MalformedInput, Place, SatchelError, UsageError, VaultError

CLASSES = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, SatchelError)]


def test_the_drawing_is_the_tree() -> None:
    drawn: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"(?P<lead>[ │]*(?:[├└]── )?)(?P<name>[A-Z]\w+)  +\S", line)
        if found and line.startswith("    "):
            drawn.append(((len(found["lead"]) - 4) // 4, found["name"]))
    assert sorted(name for _, name in drawn) == sorted(error.__name__ for error in CLASSES)
    above: dict[int, str] = {-1: "Exception"}
    for depth, name in drawn:
        above[depth] = name
        assert getattr(errors, name).__bases__[0].__name__ == above[depth - 1]


def test_codes_are_stable_and_each_ones_own() -> None:
    codes = {error.__name__: error.code for error in CLASSES}
    assert len(set(codes.values())) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", code) for code in codes.values())
    # Scripts and findings hold these.
    assert codes["MalformedInput"] == "malformed"
    assert codes["LimitExceeded"] == "limit"
    assert codes["UnsafeArchive"] == "unsafe-archive"
    assert codes["NotRecognised"] == "not-recognised"
    assert codes["CanonicalError"] == "not-canonicalisable"


@pytest.mark.parametrize("error", CLASSES)
def test_exit_codes(error: type[SatchelError]) -> None:
    assert error.exit_code == (2 if error is UsageError else 1)


@pytest.mark.parametrize("error", CLASSES)
def test_an_error_is_one_line_that_says_where_and_what_to_do(error: type[SatchelError]) -> None:
    full = error("it broke", place=Place(file="a.json", element=3, offset=17, pointer="/b/0"), hint="mend it")
    assert str(full) == "a.json, element 3, at /b/0, byte 17: it broke (mend it)"
    assert str(error("it broke")) == "it broke"
    assert str(error("it broke", place=Place())) == "it broke"
    assert str(error("it broke", hint="mend it")) == "it broke (mend it)"
    assert (full.message, full.hint) == ("it broke", "mend it")


def test_the_first_element_and_byte_are_named() -> None:
    assert str(Place(file="a", element=0, offset=0)) == "a, element 0, byte 0"
    assert str(Place()) == ""


def test_families_can_be_caught() -> None:
    assert issubclass(MalformedInput, InputError)
    assert issubclass(errors.WrongKey, VaultError)
    assert not issubclass(UsageError, InputError)
    assert not any(issubclass(error, ValueError) for error in CLASSES)
