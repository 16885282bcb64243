"""A file's text as a value, and the engrams and PLUR episodes in it (dossier 9.5, "Collect")."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from satchel.adapters.engram.yaml import MAX_DEPTH, read_yaml
from satchel.codec import json_values
from satchel.codec.pointers import escape
from satchel.errors import MalformedInput, Place
from satchel.limits import DEFAULT, Limits

Kind = Literal["engram", "episode"]
LISTS: tuple[tuple[str, Kind], ...] = (("engrams", "engram"), ("episodes", "episode"))
_EPISODE_MARKS = ("timestamp", "agent", "session_id")
_SPACE = b" \t\r\n"


class Text(msgspec.Struct, frozen=True):
    """What a file says."""

    value: Any
    #: Its bytes are JSON, so that JSON pointers lead into them.
    is_json: bool = False
    #: Some of it was no Unicode and became U+FFFD.
    is_repaired: bool = False
    #: Lines of YAML that no structure takes.
    ignored_lines: int = 0


class Found(msgspec.Struct, frozen=True):
    """One object of a file. ``pointer`` is a JSON pointer to it (RFC 6901)."""

    kind: Kind
    value: dict[str, Any]
    pointer: str


class Collected(msgspec.Struct, frozen=True):
    """All engrams in the order of the file, then all episodes."""

    found: tuple[Found, ...] = ()
    #: Objects and members that are neither and were not read.
    unread: int = 0


def read_text(data: bytes, *, place: Place, limits: Limits = DEFAULT) -> Text:
    """The value of a file's bytes: JSON where they begin like JSON and are some, the YAML subset otherwise.

    Raises:
        LimitExceeded: JSON that nests deeper than ``limits.json_depth``, or a number of too many digits.
    """
    if data.lstrip(_SPACE)[:1] in (b"[", b"{"):
        for is_repaired in (False, True):
            candidate = json_values.repair_text(data) if is_repaired else data
            try:
                return Text(json_values.decode(candidate, place=place, limits=limits), not is_repaired, is_repaired)
            except MalformedInput:
                pass
    text = data.decode("utf-8", "replace")
    read = read_yaml(text)
    # A replacement that was there before is no repair.
    is_repaired = "\ufffd" in text and text.encode() != data
    return Text(read.value, is_repaired=is_repaired, ignored_lines=read.ignored_lines)


def is_episode(value: dict[str, Any]) -> bool:
    """Whether an object without ``statement`` is a PLUR episode."""
    return "summary" in value and any(mark in value for mark in _EPISODE_MARKS)


def collect(value: Any) -> Collected:
    """What is in a file's value. Objects under ``engrams`` and ``episodes`` are taken for what the list's name says."""
    engrams: list[Found] = []
    episodes: list[Found] = []
    into = {"engram": engrams, "episode": episodes}
    unread = 0
    # Depth first, in the order of the file.
    stack: list[tuple[Any, str, int]] = [(value, "", 0)]
    while stack:
        item, at, depth = stack.pop()
        if type(item) is list and depth < 2 * MAX_DEPTH:
            stack.extend((item[index], f"{at}/{index}", depth + 1) for index in range(len(item) - 1, -1, -1))
        elif type(item) is not dict:
            unread += item is not None
        elif is_wrapper(item):
            for name, kind in LISTS:
                members = item.get(name)
                if type(members) is list:
                    for index, member in enumerate(members):
                        if type(member) is dict:
                            into[kind].append(Found(kind, member, f"{at}/{escape(name)}/{index}"))
                        else:
                            unread += 1
            unread += sum(type(item.get(name)) is not list for name in item if name in ("engrams", "episodes"))
            unread += sum(name not in ("engrams", "episodes") for name in item)
        elif "statement" in item:
            engrams.append(Found("engram", item, at))
        elif is_episode(item):
            episodes.append(Found("episode", item, at))
        else:
            unread += 1
    return Collected((*engrams, *episodes), unread)


def is_wrapper(value: dict[str, Any]) -> bool:
    """Whether an object holds a list of engrams or episodes.

    An engram may have a list of such a name too, of the ids of others: it stays an engram.
    """
    lists = [value[name] for name, _ in LISTS if type(value.get(name)) is list]
    return bool(lists) and ("statement" not in value or any(type(item) is dict for members in lists for item in members))
