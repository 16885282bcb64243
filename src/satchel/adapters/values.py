"""Values of a platform's JSON, taken without trusting their types: a value of another type than expected is no value."""

from __future__ import annotations

import re
from typing import Any

from satchel.adapters.notes import Notes
from satchel.codec import json_values
from satchel.codec.arrays import Element
from satchel.codec.sources import Member
from satchel.errors import MalformedInput, Place
from satchel.limits import Limits

_MAX_WHOLE = 1 << 53
_DIGITS = re.compile(r"\d{1,15}", re.ASCII)


def text_of(value: Any) -> str:
    """A string as it is, anything else as ""."""
    return value if type(value) is str else ""


def ident(value: Any) -> str:
    """A native id: a string, or a number's digits; anything else is none."""
    if type(value) is str:
        return value
    return str(value) if type(value) is int else ""


def first_text(value: dict[str, Any], *names: str) -> str:
    """The first of these members that is a string with more in it than white space, as it is; "" without one."""
    for name in names:
        found = value.get(name)
        if type(found) is str and found.strip():
            return found
    return ""


def first_id(value: dict[str, Any], *names: str) -> str:
    """The first of these members that is an id."""
    return next((found for name in names if (found := ident(value.get(name)))), "")


def whole(value: Any) -> int | None:
    """A size: a whole number that is not negative, or its digits; else None."""
    if type(value) is str and _DIGITS.fullmatch(value):
        value = int(value)
    return value if type(value) is int and 0 <= value < _MAX_WHOLE else None


def dict_of(value: Any) -> dict[str, Any]:
    """An object as it is, anything else as an empty one."""
    return value if type(value) is dict else {}


def list_of(value: Any) -> list[Any]:
    """An array as it is, anything else as an empty one."""
    return value if type(value) is list else []


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects of an array."""
    return [item for item in list_of(value) if type(item) is dict]


def beyond(value: dict[str, Any], *carried: str) -> dict[str, Any]:
    """The members that are not ``carried``; null says nothing."""
    return {name: item for name, item in value.items() if item is not None and name not in carried}


def decode(data: bytes, notes: Notes, limits: Limits) -> Any:
    """The JSON value of ``data``; text that is no Unicode is repaired and told of.

    Raises:
        MalformedInput, LimitExceeded: it cannot be read at all.
    """
    try:
        return json_values.decode(data, place=notes.place, limits=limits)
    except MalformedInput:
        repaired = json_values.repair_text(data)
        if repaired == data:
            raise
        value = json_values.decode(repaired, place=notes.place, limits=limits)
        notes.add("repaired-text", "text that is no Unicode was replaced by U+FFFD", "warning", "changed")
        return value


def place_of(member: Member, element: Element) -> Place:
    """Where an element of a member's array is."""
    return Place(file=member.name, element=element.index, offset=element.offset)
