"""Dates of any locale: what the CLDR formats is read back or left out, and never read wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import resources
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from babel.dates import format_datetime
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.gemini.dates import Dates, looks_like_date, plain

_TEXT = resources.files("satchel.adapters.gemini").joinpath("locales.txt").read_text("utf-8")
LOCALES = [line.split("\t")[0] for line in _TEXT.splitlines() if not line.startswith("#")]
ZONES = ("Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata")
MOMENTS = [datetime(2025, 1, 3, 5, 1, 2, tzinfo=UTC) + timedelta(days=11 * at, hours=7 * at) for at in range(60)]


def written(moment: datetime, locale: str, zone: str, pattern: str = "ZZZZ") -> str:
    """As Takeout writes it: the locale's usual form, and the zone behind it."""
    place = ZoneInfo(zone)
    day = format_datetime(moment, "medium", tzinfo=place, locale=locale)
    return f"{day} {format_datetime(moment, pattern, tzinfo=place, locale=locale)}"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_is_read_back(locale: str) -> None:
    """An independent library writes two years of dates; a file of them is read whole and right."""
    for zone in ZONES:
        texts = [written(moment, locale, zone) for moment in MOMENTS]
        dates = Dates()
        for text in texts:
            assert looks_like_date(text)
            dates.learn(text)
        assert [dates.read(text).at for text in texts] == MOMENTS


@pytest.mark.parametrize("locale", LOCALES)
def test_one_date_alone_is_right_or_missing(locale: str) -> None:
    for moment in MOMENTS[::5]:
        assert Dates().read(written(moment, locale, "Europe/Berlin")).at in (moment, None)


@pytest.mark.parametrize("locale", ["de", "en", "en_GB", "sv", "fr", "pl", "pt", "it", "es", "nl"])
def test_the_locales_own_zone_names(locale: str) -> None:
    """``MESZ``, ``CEST``: whatever short name the CLDR has."""
    dates = Dates()
    texts = [written(moment, locale, "Europe/Berlin", "z") for moment in MOMENTS]
    for text in texts:
        dates.learn(text)
    assert [dates.read(text).at for text in texts] == MOMENTS


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("Feb 17, 2026, 3:08:20 PM EST", 20), ("Feb 17, 2026, 3:08:20 PM CST", 21), ("Feb 17, 2026, 3:08:20 PM PST", 23),
        ("17 Feb 2026, 3:08:20 pm IST", 9), ("Feb 17, 2026, 3:08:20 pm GMT+8", 7), ("17 févr. 2026, 15:08:20 UTC−3", 18),
        ("Feb 17, 2026, 3:08:20 PM UTC", 15), ("17 feb 2026 15:08:20 GMT-03:00", 18), ("17 févr. 2026, 15:08:20 +0100", 14),
        ("17. feb. 2026 15.08.20 CET", 14), ("17 févr. 2026, 15 h 08 min 20 s GMT-5", 20),
    ],
)  # fmt: skip
def test_zones(text: str, hour: int) -> None:
    at = Dates().read(text).at
    assert at is not None and (at.month, at.day, at.hour, at.second) == (2, 17, hour, 20)


@pytest.mark.parametrize("name", ["IST", "CST", "PST", "XYZ", "AMT"])
def test_a_name_of_several_zones_is_none(name: str) -> None:
    """24 hours: no English of India or America writes so. The day is known, the moment is not."""
    moment = Dates().read(f"17.02.2026, 15:08:20 {name}")
    assert moment.at is None and moment.rough == datetime(2026, 2, 17, 15, 8, 20, tzinfo=UTC)


def test_a_file_of_several_languages_teaches_nothing() -> None:
    dates = Dates()
    for text in ("5 wrz 2026, 15:08:20 CEST", "5 srpnja 2026. 15:08:20 CEST"):
        dates.learn(text)
    assert dates.read("5 lip 2026, 15:08:20 CEST").at is None


@pytest.mark.parametrize(
    "text", ["", "2026", "10:00", "I met them in 2024, at 10:00:00 or so, when it rained, and we all went home " * 2]
)
def test_no_date(text: str) -> None:
    assert not looks_like_date(text)
    assert Dates().read(text).at is None


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=120) | st.from_regex(r"[0-9٠-٩ :./,apmGT+\-年月日lipCES]{0,100}", fullmatch=True))
def test_any_text_may_stand_for_a_date(text: str) -> None:
    dates = Dates()
    dates.learn(text)
    at = dates.read(text).at
    assert at is None or at.tzinfo is UTC
    plain(text)


def test_the_table_has_every_locale_of_the_script() -> None:
    assert len(LOCALES) == len(set(LOCALES)) > 100
    assert all(Locale.parse(name) for name in LOCALES)
