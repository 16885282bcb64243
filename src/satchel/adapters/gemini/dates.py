"""The dates of an HTML Takeout, which are written in the language of the account (providers.md 3.3, HTML).

A date is read under every locale of the Unicode CLDR table ``locales.txt`` at once: month words, words that are part of a
pattern, day periods and short names of time zones. It is certain when all locales that can explain every word of it give the
same moment. Where they do not, what the file's other dates allow narrows them; a date that is still two dates is none, and so
is one whose time zone is not written or is not one alone. Nothing here knows a language by name.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib import resources

import msgspec

#: Bard began in 2023; a year far from that is another calendar or no date.
_YEARS = range(2000, 2101)
#: Years of the Buddhist era, which Thai dates are in, begin so much earlier.
_BUDDHIST = 543
_MAX_CHARACTERS = 100
_MAX_OFFSET = 14 * 60
_MAX_WORDS = 8
_MIN_NAME = 3
_MAX_NAME = 5
_INVISIBLE = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SEPARATORS = r"\s\d,()\[\]/\-\u2013:;\u060c\u104a\u3001+\u2212"
_TOKEN = re.compile(rf"\d+|[^{_SEPARATORS}]+")
_DOTS = str.maketrans("", "", ".\u3002\u00b7'\u2019\u05f3\u05f4\u0970\u02bc\"")
#: ``GMT-3``, ``UTC+05:30``, ``+3:30`` and a word behind it: an offset is understood in any script.
_OFFSET = re.compile(r"[^\s\d]*(?<!\d)([+\-\u2212])(\d{1,2})(?:[:.]?(\d{2}))?(?=\D*\Z)")
_CLOCKS = (
    re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])"),
    re.compile(r"(?<![\d.])(\d{1,2})\.(\d{2})\.(\d{2})(?![\d.]\d|\d)"),
    re.compile(r"(?<!\d)(\d{1,2})\s?[h\u6642\u65f6\uc2dc]\s?(\d{1,2})\s?(?:min|[m\u5206\ubd84])\s?(\d{1,2})\s?[s\u79d2\ucd08]"),
)
#: Abbreviations with one meaning in the time zone database (2023 to 2026), in minutes; CST, IST, PST and their like have more
#: than one and are understood only where the locale's own CLDR names have them.
_ZONES = {
    "mez": 60, "mesz": 120, "oez": 120, "oesz": 180, "wez": 0, "wesz": 60,
    "wet": 0, "west": 60, "cet": 60, "cest": 120, "eet": 120, "eest": 180, "msk": 180,
    "est": -300, "edt": -240, "mst": -420, "mdt": -360, "pdt": -420, "akst": -540, "akdt": -480, "hst": -600, "adt": -180,
    "nst": -210, "ndt": -150, "brt": -180, "brst": -120, "jst": 540, "kst": 540, "hkt": 480, "pkt": 300, "wib": 420,
    "wita": 480, "wit": 540, "sast": 120, "cat": 120, "eat": 180, "wat": 60, "acst": 570, "acdt": 630, "aest": 600,
    "aedt": 660, "awst": 480, "nzst": 720, "nzdt": 780, "chst": 600, "idt": 180,
}  # fmt: skip


class Moment(msgspec.Struct, frozen=True):
    """What a date says. ``at`` is certain or None; ``rough`` orders dates of one file, though not their place in the world."""

    at: datetime | None = None
    rough: datetime | None = None


class _Locale(msgspec.Struct, frozen=True):
    months: dict[str, int]
    literals: frozenset[str]
    periods: dict[str, int]
    zones: dict[str, int]
    is_day_first: bool
    is_buddhist: bool
    has_periods: bool


class _Reading(msgspec.Struct, frozen=True):
    """Local time, and the offset in minutes where one is told."""

    local: datetime
    offset: int | None


class _Explained(msgspec.Struct, frozen=True):
    """What the words of a date say under some locales: month (0: a number), day period (-1: none), offset, order of numbers."""

    month: int
    period: int
    offset: int | None
    is_day_first: bool
    is_buddhist: bool


#: What a date may be, each with the numbers of the locales under which it is that.
_Found = dict[_Reading, frozenset[int]]


def words_of(text: str) -> list[str]:
    """The numbers and words of a date, in order, without case and dots; what the table of locales was made with."""
    return [word for token in _TOKEN.findall(text) if (word := token.translate(_DOTS).casefold())]


def plain(text: str) -> str:
    """The text with ASCII digits, without marks of direction, each white space a space."""
    text = _INVISIBLE.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", "".join([_ascii_digit(char) for char in text]))
    return " ".join(text.split())


def _ascii_digit(char: str) -> str:
    digit = unicodedata.decimal(char, None)
    return char if digit is None else str(digit)


def looks_like_date(text: str) -> bool:
    """Whether a line of a cell is its date: a clock, a year and little else. It need not be readable."""
    if len(text) > _MAX_CHARACTERS:
        return False
    bare = plain(text)
    return re.search(r"(?<!\d)[12]\d{3}(?!\d)", bare) is not None and any(clock.search(bare) for clock in _CLOCKS)


class Dates:
    """The dates of one file. ``learn`` sees them all first; what ``read`` says may depend on every one."""

    def __init__(self) -> None:
        self._allowed: frozenset[int] = frozenset()
        self._is_mixed = False

    def learn(self, text: str) -> None:
        """Keep only the locales under which this date can be read too; a file of several languages teaches nothing."""
        found = frozenset().union(*_find(text).values())
        if found and not self._is_mixed:
            self._allowed = self._allowed & found if self._allowed else found
            self._is_mixed = not self._allowed

    def read(self, text: str) -> Moment:
        """The moment, where it is certain."""
        found = _find(text)
        moment = _agreed(found)
        if moment.at is None and self._allowed:
            moment = _agreed(reading for reading, locales in found.items() if locales & self._allowed)
        return moment


def _agreed(readings: Iterable[_Reading]) -> Moment:
    found = list(readings)
    local = {reading.local for reading in found}
    if len(local) != 1:
        return Moment()
    rough = local.pop().replace(tzinfo=UTC)
    # A locale whose names do not have the abbreviation does not contradict one whose names do.
    offsets = {reading.offset for reading in found if reading.offset is not None}
    if len(offsets) != 1:
        return Moment(rough=rough)
    return Moment(rough - timedelta(minutes=offsets.pop()), rough)


@functools.lru_cache(4096)
def _find(text: str) -> _Found:
    if len(text) > _MAX_CHARACTERS:
        return {}
    bare, offset = _take_offset(plain(text))
    clocks = next((met for clock in _CLOCKS if (met := list(clock.finditer(bare)))), [])
    if len(clocks) != 1:
        return {}
    clock = clocks[0]
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    tokens = words_of(bare[: clock.start()] + " " + bare[clock.end() :])
    numbers = [token for token in tokens if token.isdecimal()]
    words = tuple(token for token in tokens if not token.isdecimal())
    if len(numbers) not in (2, 3) or len(words) > _MAX_WORDS:
        return {}
    found: dict[_Reading, frozenset[int]] = {}
    for explained, locales in _explain(words, len(numbers) == 2).items():
        day = _day(explained, numbers)
        right_hour = hour
        if explained.period >= 0:
            right_hour = hour % 12 + 12 * explained.period if 0 < hour <= 12 else -1
        zone = explained.offset if offset is None else offset
        if day is not None:
            try:
                reading = _Reading(datetime(*day, right_hour, minute, second), zone)
            except ValueError:
                continue
            found[reading] = found.get(reading, frozenset()) | locales
    return found


def _take_offset(text: str) -> tuple[str, int | None]:
    found = _OFFSET.search(text)
    offset = int(found[2]) * 60 + int(found[3] or 0) if found else 0
    if found is None or offset > _MAX_OFFSET:
        return text, None
    return f"{text[: found.start()]} {text[found.end() :]}", offset if found[1] == "+" else -offset


@functools.lru_cache(4096)
def _explain(words: tuple[str, ...], has_month: bool) -> dict[_Explained, frozenset[int]]:
    found: dict[_Explained, set[int]] = {}
    for number, locale in enumerate(_locales()):
        explained = _under(locale, words, has_month)
        if explained is not None:
            found.setdefault(explained, set()).add(number)
    return {explained: frozenset(locales) for explained, locales in found.items()}


def _under(locale: _Locale, words: tuple[str, ...], has_month: bool) -> _Explained | None:
    """What the words say when this locale has a place for every one of them."""
    month, period, zone = 0, -1, None
    name = ""
    at = 0
    while at < len(words):
        word = words[at]
        pair = f"{word} {words[at + 1]}" if at + 1 < len(words) else ""
        if pair and pair in locale.periods:
            period = locale.periods[pair]
            at += 1
        elif has_month and not month and word in locale.months:
            month = locale.months[word]
        elif word in locale.periods and period < 0:
            period = locale.periods[word]
        elif word in locale.literals:
            pass
        elif word in ("utc", "gmt", "z"):
            zone = 0
        elif not name and _MIN_NAME <= len(word) <= _MAX_NAME and (at == len(words) - 1 or word in locale.zones):
            name = word
        else:
            return None
        at += 1
    if has_month and not month:
        return None
    if name in _ZONES:
        zone = _ZONES[name]
    elif name in locale.zones and (period >= 0) is locale.has_periods and (month or period >= 0):
        # The locale's own name, in a date as that locale writes it and with a word of its own. Other names are no certain
        # offset, but a date all the same.
        zone = locale.zones[name]
    return _Explained(month, period, zone, locale.is_day_first, locale.is_buddhist)


def _day(explained: _Explained, numbers: list[str]) -> tuple[int, int, int] | None:
    """Year, month and day; the year is the number of four digits."""
    years = [int(number) for number in numbers if len(number) == 4]
    rest = [int(number) for number in numbers if len(number) < 4]
    if len(years) != 1 or len(rest) + 1 != len(numbers):
        return None
    year = years[0]
    if explained.is_buddhist and year - _BUDDHIST in _YEARS:
        year -= _BUDDHIST
    if year not in _YEARS:
        return None
    if explained.month:
        return year, explained.month, rest[0]
    # With the year first the month follows, in every locale that there is.
    if explained.is_day_first and len(numbers[0]) != 4:
        rest.reverse()
    return year, rest[0], rest[1]


@functools.cache
def _locales() -> tuple[_Locale, ...]:
    """The rows of ``locales.txt``: name, order, months, literals, words for before noon, for after noon, zones."""
    text = resources.files(__package__).joinpath("locales.txt").read_text("utf-8")
    return tuple(_row(line) for line in text.splitlines() if line and not line.startswith("#"))


def _row(line: str) -> _Locale:
    _, order, months, literals, before, after, zones = line.split("\t")
    return _Locale(
        months={word: number for number, words in enumerate(months.split(","), 1) for word in words.split("|") if word},
        literals=frozenset(filter(None, literals.split("|"))),
        periods={word: 0 for word in before.split("|") if word} | {word: 1 for word in after.split("|") if word},
        zones={name: int(minutes) for name, _, minutes in (zone.partition("=") for zone in zones.split("|")) if name},
        is_day_first=order.index("d") < order.index("m"),
        is_buddhist=order.endswith("era"),
        has_periods="12" in order,
    )
