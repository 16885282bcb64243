"""A large document parsed without holding its arrays as values (``packed``)."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from satchel.codec.json_values import check_digits, check_text, decode_whole, is_within_depth
from satchel.codec.packed import Packed, runs
from satchel.errors import Place
from satchel.limits import DEFAULT, Limits

_NOWHERE = Place()
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_VALUE: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def decode_packed(
    data: bytes, arrays: frozenset[str], within: str, *, place: Place = _NOWHERE, limits: Limits = DEFAULT
) -> Any:
    """As ``json_values.decode_whole``, but the arrays of objects called so, in the root object or in the object ``within`` that
    it has, come packed: all of them is looked at once, in runs, and nothing of them is held but the bytes.

    Raises:
        MalformedInput, LimitExceeded: as ``decode_whole``.
    """
    found = _Packing(arrays, within, limits.json_depth).run(data)
    # What is not as it should be has to be told with its place; what has escaped colons cannot be counted so.
    return decode_whole(data, place=place, limits=limits) if found is None else _checked(data, found, place, limits)


def _checked(data: bytes, value: Any, place: Place, limits: Limits) -> Any:
    check_text(data, place)
    check_digits(data, place, limits)
    return value


class _Packing:
    """One document that is being taken apart."""

    def __init__(self, arrays: frozenset[str], within: str, depth: int) -> None:
        self._arrays = arrays
        self._within = within
        self._depth = depth
        #: Colons of all that was read: a name that stands twice takes one along (``json_values.repeats_a_name``).
        self._colons = 0

    def run(self, data: bytes) -> dict[str, Any] | None:
        """The root object; None where it is for ``decode_whole`` to say what this is."""
        if b"\\u003" in data:
            return None
        try:
            value = self._object(data, self._depth, is_root=True)
        except (msgspec.DecodeError, _OddError, RecursionError, ValueError, TypeError):
            return None
        return value if self._colons == data.count(b":") else None

    def _object(self, data: bytes | msgspec.Raw, depth: int, *, is_root: bool) -> dict[str, Any]:
        made: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for name, raw in _MEMBERS.decode(data).items():
            first = bytes(memoryview(raw)[:1])
            if name in self._arrays and first == b"[":
                made[name] = self._array(raw, depth - 1)
            elif is_root and name == self._within and first == b"{":
                made[name] = self._object(raw, depth - 1, is_root=False)
            else:
                made[name] = rest[name] = _VALUE.decode(raw)
                continue
            self._colons += orjson.dumps(name).count(b":") + 1
        self._count(rest, depth)
        return made

    def _array(self, raw: msgspec.Raw, depth: int) -> Packed[msgspec.Raw] | list[Any]:
        packed = Packed(_ELEMENTS.decode(raw), _VALUE.decode)
        if not packed:
            return []
        for run in runs(packed):
            if not all(type(value) is dict for value in run):
                raise _OddError
            self._count(run, depth)
        return packed

    def _count(self, value: Any, depth: int) -> None:
        if not is_within_depth(value, depth):
            raise _OddError
        self._colons += orjson.dumps(value).count(b":")


class _OddError(Exception):
    """It is no document of the kind that can be packed, or none at all."""
