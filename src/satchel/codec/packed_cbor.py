"""A large CBOR document parsed without holding its arrays as values (``packed``)."""

from __future__ import annotations

import io
from typing import Any

from satchel.codec import cbor, pam_json
from satchel.codec.packed import Packed
from satchel.errors import CanonicalError, Place
from satchel.limits import DEFAULT, Limits

_NOWHERE = Place()
_ARRAY, _MAP = 4, 5
_BREAK = b"\xff"
#: A head's low five bits: the length itself, or how many bytes of it follow (1, 2, 4, 8), or that none is given.
_ONE_BYTE, _EIGHT_BYTES, _INDEFINITE = 24, 27, 31
#: Of what is packed, none has 4 GiB.
_SIZE_BITS = 32


def decode_packed(
    data: bytes,
    arrays: frozenset[str],
    within: str,
    *,
    start: int = 0,
    place: Place = _NOWHERE,
    limits: Limits = DEFAULT,
) -> Any:
    """As ``cbor.decode``, but the arrays of maps called so, in the root map or in the map ``within`` that it has, come packed:
    all of them is looked at once, and nothing of them is held but where each element stands in ``data``.

    Raises:
        MalformedInput, LimitExceeded: as ``cbor.decode``.
    """
    odd: tuple[type[Exception], ...] = (_OddError, CanonicalError, *cbor.faults())
    try:
        return _Packing(data, start, arrays, within, limits).run()
    except odd:
        # What is not as it should be has to be told as it is of any CBOR.
        return cbor.decode(data, start=start, place=place, limits=limits)


class _Packing:
    """One document that is being taken apart."""

    def __init__(self, data: bytes, start: int, arrays: frozenset[str], within: str, limits: Limits) -> None:
        self._data = data
        self._stream = io.BytesIO(data)
        self._stream.seek(start)
        self._arrays = arrays
        self._within = within
        self._depth = limits.json_depth

    def run(self) -> dict[str, Any]:
        value = self._map(self._depth, is_root=True)
        if self._stream.tell() != len(self._data):
            raise _OddError
        return value

    def _map(self, depth: int, *, is_root: bool) -> dict[str, Any]:
        """The map that begins here; ``depth``: how deep it may be."""
        made: dict[str, Any] = {}
        left = self._head(_MAP)
        decode = cbor.decoder(self._stream, depth - 1).decode
        while self._has_more(left):
            name = decode()
            if type(name) is not str or name in made:
                raise _OddError
            kind = self._kind()
            if name in self._arrays and kind == _ARRAY:
                made[name] = self._array(depth - 1)
            elif is_root and name == self._within and kind == _MAP:
                made[name] = self._map(depth - 1, is_root=False)
            else:
                made[name] = decode()
                pam_json.require(made[name])
            left = None if left is None else left - 1
        return made

    def _array(self, depth: int) -> Packed[int] | list[Any]:
        left = self._head(_ARRAY)
        decode, tell = cbor.decoder(self._stream, depth - 1).decode, self._stream.tell
        kept: list[int] = []
        while self._has_more(left):
            offset = tell()
            value = decode()
            if type(value) is not dict:
                raise _OddError
            pam_json.require(value)
            kept.append(offset << _SIZE_BITS | tell() - offset)
            left = None if left is None else left - 1
        return Packed(kept, self._element) if kept else []

    def _element(self, where: int) -> Any:
        offset, size = where >> _SIZE_BITS, where & (1 << _SIZE_BITS) - 1
        return cbor.decode_again(self._data[offset : offset + size])

    def _kind(self) -> int:
        """The kind of the item that comes next."""
        first = self._stream.read(1)
        if not first:
            raise _OddError
        self._stream.seek(-1, io.SEEK_CUR)
        return first[0] >> 5

    def _head(self, kind: int) -> int | None:
        """Pass the head of the item that comes next, which must be of this kind; how many it holds, None: up to a break."""
        first = self._stream.read(1)
        if not first or first[0] >> 5 != kind:
            raise _OddError
        low = first[0] & 31
        if low < _ONE_BYTE:
            return low
        if low == _INDEFINITE:
            return None
        size = 1 << low - _ONE_BYTE
        length = self._stream.read(size)
        if low > _EIGHT_BYTES or len(length) < size:
            raise _OddError
        return int.from_bytes(length, "big")

    def _has_more(self, left: int | None) -> bool:
        if left is not None:
            return left > 0
        next_byte = self._stream.read(1)
        if next_byte == _BREAK:
            return False
        self._stream.seek(-len(next_byte), io.SEEK_CUR)
        return True


class _OddError(Exception):
    """It is no document of the kind that can be packed, or none at all."""
