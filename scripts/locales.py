#!/usr/bin/env -S uv run --with babel==2.18.0 python
"""Write src/satchel/adapters/gemini/locales.txt from the Unicode CLDR data that Babel carries.

Every locale is asked to format a day of each month; the words that all twelve have in common belong to its patterns, the
others are its months. Run it again when a locale is missing: scripts/locales.py > src/satchel/adapters/gemini/locales.txt
"""

import multiprocessing
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import babel
from babel.core import get_global
from babel.dates import format_date, format_datetime

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))
from satchel.adapters.gemini.dates import plain, words_of

#: The languages of Google's interface and the regions that write dates or zones in their own way.
LOCALES = [
    "af", "am", "ar", "ar_AE", "ar_EG", "ar_MA", "ar_SA", "as", "az", "be", "bg", "bn", "br", "bs", "ca", "ceb", "cs", "cy",
    "da", "de", "de_AT", "de_CH", "el", "en", "en_AU", "en_CA", "en_GB", "en_IE", "en_IN", "en_NZ", "en_SG", "en_ZA", "eo",
    "es", "es_419", "es_AR", "es_CL", "es_CO", "es_MX", "es_PA", "es_PE", "es_PR", "es_US", "et", "eu", "fa", "fi", "fil",
    "fo", "fr", "fr_BE", "fr_CA", "fr_CH", "fy", "ga", "gd", "gl", "gu", "ha", "he", "hi", "hr", "hu", "hy", "id", "ig",
    "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "ku", "ky", "lb", "ln", "lo", "lt", "lv", "mg", "mi", "mk", "ml",
    "mn", "mr", "ms", "mt", "my", "ne", "nl", "nl_BE", "no", "or", "pa", "pl", "pt", "pt_PT", "ro", "ru", "rw", "sd", "si",
    "sk", "sl", "so", "sq", "sr", "sr_Latn", "su", "sv", "sw", "ta", "te", "tg", "th", "ti", "tk", "tr", "tt", "ug", "uk",
    "ur", "uz", "vi", "xh", "zh", "zh_Hant", "zh_Hant_HK", "zu",
]  # fmt: skip
NOTICE = """# Month words, pattern words, day periods and short time zone names of the Unicode CLDR, from Babel {version}.
# Made by scripts/locales.py; not to be edited. CLDR data: Copyright (c) 1991-2025 Unicode, Inc. Unicode License v3,
# https://www.unicode.org/license.txt
# name, order of numbers (era: Buddhist years; 12: day periods), months, pattern words, before noon, after noon, zones"""


def main() -> None:
    print(NOTICE.format(version=babel.__version__))
    # A process for each: Babel's data of one locale leaks into that of others which inherit from the same root.
    with multiprocessing.Pool(1, maxtasksperchild=1) as pool:
        for line in pool.imap(line_of, LOCALES, chunksize=1):
            print(line)


def line_of(name: str) -> str:
    return "\t".join(row(babel.Locale.parse(name)))


def row(locale: babel.Locale) -> list[str]:
    before, after = periods(locale)
    known = set(before) | set(after)
    months, literals = month_words(locale, known)
    return [
        str(locale), order(locale), ",".join("|".join(sorted(words)) for words in months), "|".join(sorted(literals - known)),
        "|".join(before), "|".join(after), "|".join(f"{name}={minutes}" for name, minutes in sorted(zones(locale).items())),
    ]  # fmt: skip


def month_words(locale: babel.Locale, known: set[str]) -> tuple[list[set[str]], set[str]]:
    found: list[set[str]] = []
    for month in range(1, 13):
        words: set[str] = set()
        for pattern in ("medium", "long"):
            moment = datetime(2026, month, 28, 11, 22, 33, tzinfo=UTC)
            date_words = words_of(plain(format_date(moment, pattern, locale)))
            words |= {word for word in date_words if not word.isdecimal()}
        for width in ("abbreviated", "wide"):
            for context in ("format", "stand-alone"):
                said = [word for word in words_of(plain(locale.months[context][width][month])) if not word.isdecimal()]
                if len(said) == 1:
                    words |= set(said)
        found.append(words)
    common = set.intersection(*found)
    # A word of most months that is no month: an inflected preposition, such as the Catalan d'.
    common |= {word for word in set.union(*found) if sum(word in words for words in found) > 2}
    literals = common | glue(locale, known)
    return [words - common for words in found], literals


def glue(locale: babel.Locale, known: set[str]) -> set[str]:
    """What stands between day and clock, and behind the clock."""
    words: set[str] = set()
    moment = datetime(2026, 2, 28, 11, 22, 33, tzinfo=UTC)
    words |= set(words_of(plain(locale.zone_formats["gmt"].replace("%s", " ")))) - {"gmt", "utc"}
    for style in ("medium", "long", "full"):
        joined = str(locale.datetime_formats[style]).replace("'", " ").replace("{0}", " ").replace("{1}", " ")
        words |= set(words_of(plain(joined)))
    clock = format_datetime(moment, "medium", tzinfo=UTC, locale=locale).replace(format_date(moment, "medium", locale), " ")
    pattern = locale.time_formats["medium"].pattern
    quoted = pattern.split("'")[1::2]
    words |= {word for text in quoted for word in words_of(plain(text))}
    words |= {word for word in words_of(plain(clock)) if not word.isdecimal() and " " not in word}
    return {word for word in words if word not in known and not any(word in phrase.split() for phrase in known)}


def order(locale: babel.Locale) -> str:
    digits = [word for word in words_of(plain(format_date(date(2026, 2, 17), "medium", locale))) if word.isdecimal()]
    names = {"2026": "y", "2569": "y", "2": "m", "02": "m", "17": "d"}
    told = "".join(names.get(word, "") for word in digits)
    if len(told) != 3:
        short = [word for word in words_of(plain(format_date(date(2026, 2, 17), "short", locale))) if word.isdecimal()]
        told = "".join({"26": "y", "69": "y", **names}.get(word, "") for word in short)
    assert sorted(told) == ["d", "m", "y"], (locale, digits, told)
    fields = "".join(locale.time_formats["medium"].pattern.split("'")[0::2])
    cycle = "12" if "a" in fields or "B" in fields else "24"
    return told + cycle + ("era" if locale.language == "th" else "")


def periods(locale: babel.Locale) -> tuple[list[str], list[str]]:
    found: dict[str, set[str]] = {"am": {"am"}, "pm": {"pm"}}
    parts = day_parts(locale) if "B" in locale.time_formats["medium"].pattern else {}
    for context in locale.day_periods.values():
        for width in context.items():
            if width[0] == "narrow" and locale.language not in ("ar", "fa", "he"):
                continue
            for name, half in (("am", "am"), ("pm", "pm"), *parts.items()):
                if name in width[1]:
                    found[half].add(" ".join(words_of(plain(str(width[1][name])))))
    assert not found["am"] & found["pm"], locale
    return sorted(found["am"] - {""}), sorted(found["pm"] - {""})


def day_parts(locale: babel.Locale) -> dict[str, str]:
    """Morning, evening and their like, where all of one is before or after noon."""
    found = {}
    for name, spans in locale.day_period_rules[None].items():
        hours = [(span["from"] // 3600, span["before"] // 3600) for span in spans if "from" in span]
        if hours and all(start < end <= 12 for start, end in hours):
            found[name] = "am"
        elif hours and all(12 <= start < end for start, end in hours):
            found[name] = "pm"
    return found


def zones(locale: babel.Locale) -> dict[str, int]:
    names: dict[str, set[int]] = {}
    mapping = get_global("meta_zones")
    for zone, metazone in mapping.items():
        short = locale.time_zones.get(zone, {}).get("short") or locale.meta_zones.get(metazone, {}).get("short", {})
        try:
            place = ZoneInfo(zone)
        except (KeyError, OSError, ValueError):
            continue
        offsets = sorted({datetime(2025, month, 1, tzinfo=place).utcoffset() for month in range(1, 13)})
        said = {"standard": offsets[0], "daylight": offsets[-1]} if len(offsets) > 1 else {"standard": offsets[0]}
        for kind, offset in said.items():
            text = plain(str(short.get(kind, "") or ""))
            words = words_of(text)
            if len(words) == 1 and "∅" not in text and offset is not None:
                names.setdefault(words[0], set()).add(int(offset.total_seconds() // 60))
    if locale.territory == "IE":
        # Ireland's name for its summer is India's for all the year.
        names.pop("ist", None)
    # A name that a locale itself uses for two offsets is none.
    return {name: offsets.pop() for name, offsets in names.items() if len(offsets) == 1}


if __name__ == "__main__":
    main()
