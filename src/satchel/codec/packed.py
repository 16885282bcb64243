"""Long arrays of JSON without their objects: held as bytes, and made into values each time that somebody looks.

An array of 100,000 objects takes two to five times its bytes as values, and most work looks at one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeGuard, TypeVar, overload

#: Elements that are looked at together.
RUN = 1000
#: Characters that are looked at together.
TEXT_RUN = 1 << 20
#: How deep ``is_large`` looks: at what rides in an artifact's metadata.
_DEPTH = 6

Kept = TypeVar("Kept")


class Packed(Sequence[Any], Generic[Kept]):
    """A list of what ``read`` makes of each of ``kept``. Nothing that is taken out of it is in it: it cannot be changed so.

    ``run``: how many of them are looked at together.
    """

    __slots__ = ("_kept", "_read", "run")

    def __init__(self, kept: Sequence[Kept], read: Callable[[Kept], Any], run: int = RUN) -> None:
        self._kept = kept
        self._read = read
        self.run = run

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Any]:
        return map(self._read, self._kept)

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...

    def __getitem__(self, at: int | slice) -> Any:
        kept = self._kept[at]
        return list(map(self._read, kept)) if isinstance(at, slice) else self._read(kept)  # type: ignore[arg-type]

    def in_order(self, numbers: Sequence[int]) -> Packed[Kept]:
        """The elements of these numbers, in that order."""
        return Packed([self._kept[number] for number in numbers], self._read, self.run)


def is_array(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether a value is written as an array, however it is held."""
    return type(value) is list or type(value) is Packed


def is_large(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a value is, or holds, an array of so many elements or a text so long that it is looked at in runs."""
    kind = type(value)
    if kind is dict or (kind is list and len(value) <= RUN):
        return depth > 0 and any(is_large(item, depth - 1) for item in (value.values() if kind is dict else value))
    return kind is Packed or kind is list or (kind is str and len(value) > TEXT_RUN)


def runs(value: Sequence[Any]) -> Iterator[Any]:
    """A large array or text in runs: lists of its elements, one by one where they are large themselves, or pieces of it."""
    if type(value) is str:
        yield from (value[at : at + TEXT_RUN] for at in range(0, len(value), TEXT_RUN))
    elif type(value) is list and len(value) <= RUN:
        yield from ([item] for item in value)
    else:
        step = value.run if type(value) is Packed else RUN
        yield from (list(value[at : at + step]) for at in range(0, len(value), step))


def parts(value: Any) -> Iterator[Any]:
    """``value`` in parts of bounded size, for work that copies: what is large in it in runs."""
    if not is_large(value):
        yield value
    elif type(value) is dict:
        rest: dict[str, Any] = {}
        for name, item in value.items():
            if is_large(item):
                yield from parts(item)
                rest[name] = None
            else:
                rest[name] = item
        yield rest
    else:
        for run in runs(value):
            if type(run) is list and len(run) == 1 and is_large(run[0]):
                yield from parts(run[0])
            else:
                yield run


def unpacked(value: Any) -> Any:
    """``value`` with lists for what is packed in its objects."""
    if type(value) is dict and is_large(value):
        return {name: unpacked(item) for name, item in value.items()}
    return list(value) if type(value) is Packed else value
