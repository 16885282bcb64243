"""Anchors: what a rewording must leave as it is (dossier 6.2, L2).

Code, URLs, paths, identifiers, commands, dates, versions, numbers with their units, quotations. Each is found once, the more
particular before the more general, and taken out of the text before the next is looked for; what is left is words and names.
Values are compared in one spelling: 1,000 is 1000, 5 minutes is 5 min, 1 May 2024 is 2024-05-01, two is 2.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

from satchel.move.semantic.cues import MONTHS, NUMBER_WORDS, PROGRAMS, UNITS, WEEKDAYS

#: Kinds of anchor, and the code of a difference in one.
CODES = {
    "code": "code-changed",
    "command": "code-changed",
    "address": "address-changed",
    "path": "path-changed",
    "identifier": "identifier-changed",
    "date": "date-changed",
    "version": "version-changed",
    "number": "number-changed",
    "quotation": "quotation-changed",
    "mark": "mark-changed",
    "name": "name-changed",
}


class Anchor(NamedTuple):
    """``value`` is what is compared; ``at`` where it stands in its unit."""

    kind: str
    value: str
    at: int


def _months(names: dict[str, int]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True))


_MONTH = _months(MONTHS)
_DAY = r"(\d{1,2})(?:st|nd|rd|th|er|º|\.)?"
_NUMBER = (
    r"(?:(?<![\w.,])[-−+])?(?<![A-Za-zÀ-ɏ0-9_])(?:\d{1,3}(?:[,’'_  ]\d{3}(?!\d))+(?:\.\d+)?|\d{1,3}(?: \d{3}(?!\d))+(?:\.\d+)?"
    r"|\d+(?:[.,:/]\d+)*)|[½¼¾⅓⅔⅛]"
)
_SIGNS = r"%|‰|°\s?[CF]?\b|°|[$€£¥₹円元]"
_UNIT = "|".join(sorted((re.escape(word) for word in UNITS if word[0].isalpha() or word[0] == "µ"), key=len, reverse=True))

# Long, and clearer on one line each.
# ruff: noqa: E501
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("code", re.compile(r"(?<!`)(`{1,3})(?!`)(.{1,4000}?)(?<!`)\1(?!`)")),
    ("address", re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s<>\"'`）)\]}。，]+|\bwww\.[^\s<>\"'`)\]]+", re.IGNORECASE)),
    ("address", re.compile(r"(?<![\w.+%-])(?:mailto:)?[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    (
        "date",
        re.compile(
            r"(?<![\w-])\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])"
            r"|\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|\d{1,2}月"
        ),
    ),
    ("date", re.compile(rf"\b{_DAY}\s*(?:of\s+|de\s+|di\s+)?({_MONTH})\b\.?(?:,?\s*(?:de\s+|del\s+)?(\d{{4}}))?", re.IGNORECASE)),
    ("date", re.compile(rf"\b({_MONTH})\b\.?\s+{_DAY}(?!\d)(?:,?\s+(\d{{4}})\b)?", re.IGNORECASE)),
    ("date", re.compile(rf"\b({_MONTH})\b\.?(?:\s+(?:of\s+|de\s+)?(\d{{4}}))\b", re.IGNORECASE)),
    ("date", re.compile(rf"\b(?:{_months(WEEKDAYS)})\b", re.IGNORECASE)),
    (
        "path",
        re.compile(
            r"(?<![\w/.])(?:~|\.{1,2}|[A-Za-z]:|\$\w+|%\w+%)?(?:[/\\][\w.@+~*%{}-]+)+[/\\]?|(?<![\w/.@+*-])(?:[\w.@+*-]+/)+[\w.@+*-]*\.\w{1,8}\b"
            r"|(?<![\w/.@+*-])(?:[\w@+*-]+/){2,}[\w.@+*-]*"
        ),
    ),
    ("path", re.compile(r"(?<![\w/.-])\.?[\w-]+(?:\.[\w-]+)*\.[A-Za-z][A-Za-z0-9]{0,7}\b(?!\()|(?<![\w/.])\.[A-Za-z][\w-]{2,}\b")),
    ("version", re.compile(r"\bv\d+(?:\.\d+)*(?:[-+][\w.]+)?\b|(?<![\w.])\d+\.\d+\.\d+(?:\.\d+)*(?:[-+][A-Za-z][\w.]*)?\b", re.IGNORECASE)),
    (
        "identifier",
        re.compile(
            r"(?<![\w-])--?[A-Za-z][\w-]*(?:=\S+)?|\$\{?[A-Za-z_]\w*\}?|(?<!\w)[#@][\w-]+|\b\w*[A-Za-z0-9]_+\w+\b|\b[a-z]+[A-Z]\w*\b"
            r"|\b[A-Z][a-z0-9]+[A-Z]\w*\b|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F-]{4,}\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,64}\b"
            r"|\b[A-Za-z]+\d[\w]*\b|\b\w+\(\)|\b[\w]+::[\w:]+"
        ),
    ),
    ("quotation", re.compile(r"\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|„([^“”\n]{1,400})[“”]|«\s?([^»\n]{1,400}?)\s?»|「([^」\n]{1,400})」|『([^』\n]{1,400})』")),
    ("number", re.compile(rf"(?:(?P<sign>[$€£¥₹]|US\$)\s?)?(?P<number>{_NUMBER})(?:(?:st|nd|rd|th)\b)?(?:[\s  -]?(?P<unit>(?:{_SIGNS})|(?:{_UNIT})(?![\w])))?", re.IGNORECASE)),
    ("number", re.compile(r"(?!一[一-鿿]?(?![一二三四五六七八九十百千万亿億兆零两〇]))[一二三四五六七八九十百千万亿億兆零两〇]{2,}|[二三四五六七八九十两](?=[个個人名本年月日天次位件时時分秒元円块塊岁歳张張杯只匹台])")),
)  # fmt: skip
_COMMAND = re.compile(
    rf"(?<![\w/.-])(?:{'|'.join(map(re.escape, PROGRAMS.split()))})(?=\s+[a-z-])\s+(?:--?\w[\w=-]*|[a-z][a-z-]*)(?:\s+--?\w[\w=-]*)*"
)
#: A provider's own marks, and the numbers of footnotes: they point at sources and say nothing.
_POINTER = re.compile(r"\ue200[^\ue201\n]{0,400}\ue201|【\d+†[^】\n]{0,200}】|\[\^?\d{1,3}\](?!\()|[\ue200-\ue206]")
_LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"\n]{0,400}\")?\s*\)")
_STRUCK = re.compile(r"~~(?=\S)(.{1,400}?)(?<=\S)~~")


def without_pointers(text: str) -> str:
    """A text without marks that point at sources."""
    return _POINTER.sub("", text)


def anchors_of(text: str, language: str) -> tuple[list[Anchor], str]:
    """The anchors of a unit in the order of their places, and its text with a space in the place of each."""
    found: list[Anchor] = []
    rest = text

    def take(kind: str, pattern: re.Pattern[str], value: Callable[[re.Match[str]], str]) -> None:
        nonlocal rest

        def one(match: re.Match[str]) -> str:
            said = value(match)
            if not said:
                return match[0]
            found.append(Anchor(kind, said, match.start()))
            return " " * (match.end() - match.start())

        rest = pattern.sub(one, rest)

    # A link is the words that it shows and the address that it leads to.
    def link(match: re.Match[str]) -> str:
        found.append(Anchor("address", _address(match[2]), match.start(2)))
        return match[0].replace(match[2], " " * len(match[2])).replace("[", " ").replace("](", "  ").replace("!", " ", 1)

    if "](" in rest:
        rest = _LINK.sub(link, rest)
    if "~~" in rest:
        take("mark", _STRUCK, _struck)
    for kind, pattern in _PATTERNS:
        take(kind, pattern, _VALUES[kind])
        if kind == "path":
            # After paths, so that a path is no command's argument; before identifiers, which would take its options.
            take("command", _COMMAND, lambda match: " ".join(match[0].split()))
    spelled = NUMBER_WORDS.get(language)
    if spelled:
        take("number", _word_pattern(language), lambda match: _measured(spelled[match[1].lower()], match[2] or ""))
    found.sort(key=lambda anchor: anchor.at)
    return found, rest


_WORD_PATTERNS: dict[str, re.Pattern[str]] = {}


def _word_pattern(language: str) -> re.Pattern[str]:
    pattern = _WORD_PATTERNS.get(language)
    if pattern is None:
        words = sorted(map(re.escape, NUMBER_WORDS[language]), key=len, reverse=True)
        pattern = _WORD_PATTERNS[language] = re.compile(rf"\b({'|'.join(words)})\b(?:[\s-]({_UNIT})\b)?", re.IGNORECASE)
    return pattern


def _struck(match: re.Match[str]) -> str:
    return f"struck {match[1]}"


def _code(match: re.Match[str]) -> str:
    return " ".join(match[2].split())


def _address(text: str) -> str:
    return text.rstrip(".,;:!?").removeprefix("mailto:")


def _date(match: re.Match[str]) -> str:
    text = match[0].lower()
    if text in WEEKDAYS:
        return f"weekday {WEEKDAYS[text]}"
    named = [group for group in match.groups() if group]
    if not named:
        if "月" in text or "年" in text:
            year, moon, day = (re.search(rf"(\d+){mark}", text) for mark in "年月日")
            return _day(year and year[1], int(moon[1]) if moon else None, day and day[1])
        return text.replace("t", " ").replace(",", ".").upper()
    month = next(MONTHS[group.lower()] for group in named if group.lower() in MONTHS)
    numbers = [group for group in named if group.isdecimal()]
    return _day(
        next((number for number in numbers if len(number) == 4), None),
        month,
        next((number for number in numbers if len(number) < 3), None),
    )


def _day(year: str | None, month: int | None, day: str | None) -> str:
    return f"{year or '-'}" + (f"-{month:02}" if month else "") + (f"-{int(day):02}" if day else "")


def _path(match: re.Match[str]) -> str:
    text = match[0].rstrip(".,;:")
    # "and/or" is no path, and neither is "e.g".
    if text.count("/") == 1 and text.replace("/", "").isalpha() and text.islower() and text[0] != "/":
        return ""
    return "" if "/" not in text and all(len(piece) < 2 for piece in text.split(".")) else text


def _version(match: re.Match[str]) -> str:
    return match[0].lower().removeprefix("v").rstrip(".")


def _quotation(match: re.Match[str]) -> str:
    return " ".join(next(group for group in match.groups() if group is not None).split()).rstrip(".,;:!?。、").strip()


def _number(match: re.Match[str]) -> str:
    named = match.groupdict()
    if "number" not in named:
        return match[0]
    unit = (named["unit"] or named["sign"] or "").lower().strip()
    if unit.replace(" ", "").startswith("°"):
        unit = unit.replace(" ", "")
    return _measured(_plain_number(named["number"]), unit)


def _measured(value: str, unit: str) -> str:
    unit = UNITS.get(unit.lower(), unit.lower())
    if unit in ("am", "pm"):
        return _clock(value, unit)
    # So many times is a number of its own.
    return value if unit in ("", "x") else f"{value} {unit}"


def _plain_number(text: str) -> str:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).replace("−", "-").replace("’", "'")
        text = "".join(str(unicodedata.digit(each)) if each.isdigit() else each for each in text)
    sign = "-" if text.startswith("-") else ""
    text = text.lstrip("+-")
    if re.fullmatch(r"\d{1,3}(?:[,'_ ]\d{3})+(?:\.\d+)?", text):
        text = re.sub(r"[,'_ ]", "", text)
    elif re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?|\d{1,3}\.\d{3},\d+", text):
        text = text.replace(".", "").replace(",", ".")
    elif re.fullmatch(r"\d+,\d{1,2}", text):
        text = text.replace(",", ".")
    if text.isdecimal():
        text = text.lstrip("0") or "0"
    return sign + text


def _clock(value: str, half: str) -> str:
    hours, _, minutes = value.replace(".", ":").partition(":")
    if not hours.isdecimal() or int(hours) > 12:
        return f"{value} {half}"
    hour = int(hours) % 12 + (12 if half == "pm" else 0)
    return f"{hour}:{minutes or '00'}"


_VALUES: dict[str, Callable[[re.Match[str]], str]] = {
    "code": _code,
    "address": lambda match: _address(match[0]),
    "date": _date,
    "path": _path,
    "version": _version,
    "identifier": lambda match: match[0],
    "quotation": _quotation,
    "number": _number,
}
