"""Limits: data, positive, raised by name."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import SatchelError, UsageError
from satchel.limits import DEFAULT, GIB, MIB, Limits, raised

NAMES = Limits.__struct_fields__


def test_every_default_is_a_positive_whole_number() -> None:
    for name in NAMES:
        value = getattr(DEFAULT, name)
        assert type(value) is int
        assert value > 0


def test_the_bounds_that_parsers_set() -> None:
    # orjson does not write past 254, CPython not past 4,300 digits (engineering.md 4.1).
    assert DEFAULT.json_depth == 128
    assert DEFAULT.json_digits == 1000
    assert DEFAULT.archive_ratio == 200
    assert DEFAULT.ratio_free_bytes == 10 * MIB


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("4096", 4096), ("2k", 2048), ("256m", 256 * MIB), ("3G", 3 * GIB), ("5MiB", 5 * MIB), ("5MB", 5 * MIB),
        (" 7 ", 7), ("7 m", 7 * MIB), ("9b", 9),
    ],
)  # fmt: skip
def test_values_with_units(text: str, value: int) -> None:
    assert raised([f"element_bytes={text}"]).element_bytes == value


def test_one_limit_is_changed_and_the_others_stay() -> None:
    changed = raised(["json-depth = 200", "archive_ratio=500", "archive_ratio=600"])
    assert (changed.json_depth, changed.archive_ratio) == (200, 600)
    assert msgspec.structs.replace(changed, json_depth=128, archive_ratio=200) == DEFAULT
    assert raised([]) is not None
    assert raised([]) == DEFAULT
    assert raised(["json_depth=1"], changed).archive_ratio == 600


@pytest.mark.parametrize("name", NAMES)
def test_every_limit_can_be_raised(name: str) -> None:
    assert getattr(raised([f"{name}=12345"]), name) == 12345


@pytest.mark.parametrize("value", ["", "0", "0k", "-1", "1.5", "1e3", "k", "m", "1t", "1kk", "0x10", "١", "²", "one", "1 2"])
def test_what_is_no_size_is_wrong_use(value: str) -> None:
    with pytest.raises(UsageError):
        raised([f"element_bytes={value}"])


@pytest.mark.parametrize("setting", ["", "=", "=1", "element_bytes", "nothing=1", "ELEMENT_BYTES=1", "__class__=1"])
def test_an_unknown_name_is_wrong_use(setting: str) -> None:
    with pytest.raises(UsageError):
        raised([setting])


def test_the_error_names_what_there_is() -> None:
    with pytest.raises(UsageError, match="element_bytes"):
        raised(["elements=1"])


@given(st.lists(st.text(max_size=20) | st.sampled_from(NAMES).flatmap(lambda n: st.text(max_size=8).map(f"{n}={{}}".format))))
def test_only_our_errors_leave(settings: list[str]) -> None:
    try:
        limits = raised(settings)
    except SatchelError:
        return
    assert all(getattr(limits, name) > 0 for name in NAMES)


def test_limits_cannot_be_changed_in_place() -> None:
    with pytest.raises(AttributeError):
        DEFAULT.json_depth = 1  # type: ignore[misc]
