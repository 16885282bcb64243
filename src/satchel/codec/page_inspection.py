"""The pages of a SQLite file searched for fragments: each page's bytes, and each compressed value, put together, unpacked; and
what is in base64."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from satchel.codec.base64_runs import Runs
from satchel.codec.inspection import Inspection, beginnings
from satchel.codec.matching import Matcher
from satchel.codec.sqlite_pages import GetPage, Shape, overflowing
from satchel.limits import DEFAULT, Limits
from satchel.model.fragments import Fragment

#: Pages that are searched at once.
_BATCH_BYTES = 1 << 20


class Page(NamedTuple):
    """A page: the place that a report names, its number, its bytes without the reserved ones, and whence its overflow comes."""

    place: int
    number: int
    data: bytes
    get: GetPage


def inspect_pages(
    pages: Iterable[Page],
    shape: Shape,
    count: int,
    matcher: Matcher,
    *,
    found: Callable[[Fragment, int], None],
    unreadable: Callable[[str, int], None],
    limits: Limits = DEFAULT,
) -> None:
    """Search pages; ``found`` and ``unreadable`` are told the place of the page.

    A compressed value that begins in a page without being a cell of it is read as far as the page goes.

    Args:
        count: how many pages the file has: no overflow page has a higher number.
    """
    batch: list[Page] = []
    size = 0
    for page in pages:
        if not page.data or page.data.count(0) == len(page.data):
            continue
        batch.append(page)
        size += len(page.data)
        if size >= _BATCH_BYTES:
            _search(batch, matcher, found, unreadable, limits)
            batch, size = [], 0
        _unpack(page, shape, count, matcher, found, unreadable, limits)
    _search(batch, matcher, found, unreadable, limits)


def _search(
    batch: list[Page],
    matcher: Matcher,
    found: Callable[[Fragment, int], None],
    unreadable: Callable[[str, int], None],
    limits: Limits,
) -> None:
    if not batch:
        return
    longest = max(len(page.data) for page in batch)
    # Pages of one length, so that a position tells its page.
    joined = b"".join(page.data.ljust(longest, b"\0") for page in batch)
    for position, fragment in matcher.find(joined):
        found(fragment, batch[position // longest].place)
    inside = Inspection(matcher, found, lambda reason: unreadable(reason, batch[0].place), limits=limits)
    decoded: list[tuple[int, bytes]] = []
    for page in batch:
        place = page.place
        runs = Runs(
            lambda pieces, place=place: decoded.extend((place, piece) for _, piece in pieces),  # type: ignore[misc]
            lambda _at, is_whole, place=place: inside.lane(place, is_whole),  # type: ignore[misc]
        )
        runs.feed(page.data)
        runs.close()
    inside.search_pieces(decoded)


def _unpack(
    page: Page,
    shape: Shape,
    count: int,
    matcher: Matcher,
    found: Callable[[Fragment, int], None],
    unreadable: Callable[[str, int], None],
    limits: Limits,
) -> None:
    def tell(reason: str) -> None:
        unreadable(reason, page.place)

    def inspection() -> Inspection:
        return Inspection(matcher, lambda fragment, _at: found(fragment, page.place), tell, limits=limits)

    covered: list[tuple[int, int]] = []
    for cell in overflowing(page.data, page.number, shape, page.get, count):
        covered.append((cell.start, cell.end))
        whole = inspection()
        for chunk in cell.chunks:
            whole.feed(chunk)
        whole.close()
    for position, kind in beginnings(page.data):
        if not any(start <= position < end for start, end in covered):
            alone = inspection()
            alone.feed_from(kind, page.data[position:])
            alone.close()
