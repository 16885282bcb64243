"""Entries of "My Activity" in HTML, in any language (providers.md 3.3, HTML; portable-ai-memory.md 7.4)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from satchel.limits import Limits
from tests.adapters.gemini.harness import answer, cell, entry, page, run

NAME = "Takeout/Meine Aktivitäten/Gemini-Apps/MeineAktivitäten.html"
DATE = "18.04.2026, 17:38:51 MESZ"
AT = datetime(2026, 4, 18, 15, 38, 51, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "verb", "date", "at"),
    [
        ("Gemini Apps", "Prompted\xa0", "Jan 2, 2025, 3:04:05\u202fPM EST", datetime(2025, 1, 2, 20, 4, 5, tzinfo=UTC)),
        ("Gemini-Apps", "Eingegebener Prompt:\xa0", DATE, AT),
        ("Apps do Gemini", "Solicitou ", "17 de fev. de 2026, 15:08:20 BRT", datetime(2026, 2, 17, 18, 8, 20, tzinfo=UTC)),
        ("Gemini-appar", "Gav instruktionen\xa0", "4 juli 2026 09:15:00 CEST", datetime(2026, 7, 4, 7, 15, tzinfo=UTC)),
        ("Applications Gemini", "Demandé\xa0", "3 juil. 2026, 09:15:00 CEST", datetime(2026, 7, 3, 7, 15, tzinfo=UTC)),
        ("Apps con Gemini", "Preguntó:\xa0", "2 mar 2026, 4:12:33 a.m. GMT-03:00", datetime(2026, 3, 2, 7, 12, 33, tzinfo=UTC)),
        ("Gemini アプリ", "送信\xa0", "2026/02/17 15:08:20 JST", datetime(2026, 2, 17, 6, 8, 20, tzinfo=UTC)),
        ("Gemini 앱", "입력함\xa0", "2026. 2. 17. 오후 3:08:20 GMT+9", datetime(2026, 2, 17, 6, 8, 20, tzinfo=UTC)),
        ("Aplikacje Gemini", "Wpisano prompt\xa0", "17 lut 2026, 15:08:20 CET", datetime(2026, 2, 17, 14, 8, 20, tzinfo=UTC)),
        (
            "Приложения Gemini",
            "Введен запрос\xa0",
            "17 февр. 2026 г., 15:08:20 MSK",
            datetime(2026, 2, 17, 12, 8, 20, tzinfo=UTC),
        ),
        (
            "تطبيقات Gemini",
            "تم إدخال\xa0",
            "١٧\u200f/٠٢\u200f/٢٠٢٦، ٣:٠٨:٢٠ م غرينتش+٢",
            datetime(2026, 2, 17, 13, 8, 20, tzinfo=UTC),
        ),
        ("แอป Gemini", "ป้อนพรอมต์\xa0", "17 ก.พ. 2569 15:08:20 GMT+7", datetime(2026, 2, 17, 8, 8, 20, tzinfo=UTC)),
    ],
)
def test_any_language(header: str, verb: str, date: str, at: datetime) -> None:
    outcome = run({NAME: page(cell(f"{verb}a b?<br>{date}<br><p>x</p>", header=header))})
    assert outcome.said() == [("user", "a b?"), ("assistant", "x")]
    assert outcome.times() == [at, at]
    assert "bad-time" not in outcome.codes()


@pytest.mark.parametrize(
    "date",
    [
        "5 lip 2026, 15:08:20 CEST",  # July in Polish, June in Croatian
        "02/03/2026, 15:08:20 GMT",  # day or month first
        "2026年2月17日 15:08:20 CST",  # China's or America's
        "Feb 17, 2026, 3:08:20 PM",  # no zone
        "30 Feb 2026, 15:08:20 CET",  # no such day
        "17 Xyzzy 2026, 15:08:20 CET",
        "۲۸ بهمن ۱۴۰۴،‏ ۱۵:۰۸:۲۰ GMT",  # another calendar
    ],
)
def test_a_date_that_is_not_certain_is_missing(date: str) -> None:
    """Never UTC for an unknown zone, never now (portable-ai-memory.md 7.4, faults seen)."""
    outcome = run({NAME: page(cell(f"Prompted\xa0a<br>{date}<br><p>x</p>"))})
    assert outcome.said() == [("user", "a"), ("assistant", "x")]
    assert outcome.times() == [None, None]
    assert outcome.codes()["bad-time"] == 1
    assert outcome.of("message")[0].residue == {"gemini": {"time": date}} or date.startswith("۲")


def test_the_files_other_dates_tell() -> None:
    """17 March can only be day first, 5 września only Polish: so are the others."""
    for told, open_, at in (
        ("17/03/2026, 15:08:20 GMT", "02/03/2026, 15:08:20 GMT", datetime(2026, 3, 2, 15, 8, 20, tzinfo=UTC)),
        ("5 wrz 2026, 15:08:20 CEST", "5 lip 2026, 15:08:20 CEST", datetime(2026, 7, 5, 13, 8, 20, tzinfo=UTC)),
    ):
        outcome = run({NAME: page(*(cell(f"Prompted\xa0a<br>{date}<br><p>x</p>") for date in (open_, told)))})
        assert at in outcome.times() and None not in outcome.times()


def test_undated_entries_are_talks_apart_but_rough_times_group() -> None:
    cells = [cell(f"Prompted\xa0{at}<br>Feb 17, 2026, 3:0{at}:20 PM<br><p>x</p>") for at in range(3)]
    assert run({NAME: page(*cells)}).talks() == [["0", "x", "1", "x", "2", "x"]]
    cells = [cell(f"Prompted\xa0{at}<br>17 Xyzzy 2026, 15:0{at}:20 CET<br><p>x</p>") for at in range(3)]
    assert sorted(run({NAME: page(*cells)}).talks()) == [["0", "x"], ["1", "x"], ["2", "x"]]


def test_a_prompt_that_holds_a_date() -> None:
    """The reference SDK loses the entry."""
    body = f"Prompted\xa0what was<br>Feb 17, 2024, 10:00:00 AM EST<br>about?<br>{DATE}<br><p>x 2024, 10:00:00</p>"
    outcome = run({NAME: page(cell(body))})
    assert outcome.said() == [("user", "what was\nFeb 17, 2024, 10:00:00 AM EST\nabout?"), ("assistant", "x 2024, 10:00:00")]
    assert outcome.times() == [AT, AT]


def test_inner_divs_belong_to_the_answer() -> None:
    """The reference SDK cuts the answer at the first inner end of a div."""
    html = "<p>a</p><div>b<div>c</div></div><p>d</p>"
    outcome = run({NAME: page(cell(f"Prompted\xa0q<br>{DATE}<br>{html}"))})
    assert outcome.said()[1] == ("assistant", "a\n\nb\n\nc\n\nd")


def test_form_is_kept() -> None:
    html = (
        "<h2>Head</h2><ul><li>one</li><li>two<ol><li>deep</li></ol></li></ul>"
        "<pre><code>if a &lt; b:\n    x</code></pre><table><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr></table>"
    )
    text = run({NAME: page(cell(f"Prompted\xa0q<br>{DATE}<br>{html}"))}).said()[1][1]
    assert text == "## Head\n\n- one\n- two\n  1. deep\n\n```\nif a < b:\n    x\n```\n\nk | v\n1 | 2"


def test_files_and_the_line_that_counts_them() -> None:
    """Told by links into the export and by the number, in any language."""
    body = (
        'Eingegebener Prompt:\xa0was ist das/<br>2 Dateien angehängt.<br>-  <a href="spec-abc.md">spec.md</a><br>'
        f'-  <a href="b%20c-1.png">b c.png</a><br>{DATE}<br><p>x</p>'
    )
    outcome = run({NAME: page(cell(body)), "Takeout/Meine Aktivitäten/Gemini-Apps/b c-1.png": b"\x89PNG"})
    assert outcome.said()[0] == ("user", "was ist das/")
    assert [(part.type, part.name, part.ref) for part in outcome.parts()[1:3]] == [
        ("file", "spec.md", "spec-abc.md"),
        ("image", "b c.png", "b c-1.png"),
    ]
    assert [asset.record.body.name for asset in outcome.assets] == ["b c.png"]  # type: ignore[union-attr]


def test_a_line_of_the_prompt_is_not_taken_for_a_note() -> None:
    body = f"Prompted\xa0first<br>I have 3 cats.<br>- milk<br>{DATE}<br><p>x</p>"
    assert run({NAME: page(cell(body))}).said()[0] == ("user", "first\nI have 3 cats.\n- milk")


@pytest.mark.parametrize("where", ["title", "caption"])
def test_the_talk_by_its_link(where: str) -> None:
    link = "https://gemini.google.com/app/0f1e2d"
    bodies = [f"Prompted\xa0{at}<br>18.04.2026, {at}:00:00 MESZ<br><p>x</p>" for at in (10, 15)]
    if where == "title":
        bodies = [body.replace("\xa0", f'\xa0<a href="{link}">', 1).replace("<br>", "</a><br>", 1) for body in bodies]
    caption = f'<b>Details:</b><br>&emsp;<a href="{link}">x</a>' if where == "caption" else ""
    outcome = run({NAME: page(*(cell(body, caption=caption) for body in bodies))})
    assert outcome.talks() == [["10", "x", "15", "x"]]
    assert outcome.of("conversation")[0].origin.id == "0f1e2d"


def test_other_products_are_not_kept() -> None:
    cells = [
        cell('Visited <a href="https://a.example/">Gemini the zodiac</a><br>Nov 13, 2025, 9:50:57 AM CST<br>', header="Chrome"),
        cell(f"Prompted\xa0a<br>{DATE}<br><p>x</p>"),
    ]
    outcome = run({NAME: page(*cells)})
    assert outcome.said() == [("user", "a"), ("assistant", "x")]
    assert outcome.codes()["other-product"] == 1
    assert run({NAME: page(cells[0])}).roles == {}


def test_an_entry_without_a_product_is_known_by_its_answer() -> None:
    with_answer = cell(f"Prompted a<br>{DATE}<br><p>x</p>", header="")
    without = cell(f"Searched for a<br>{DATE}<br>", header="")
    assert run({NAME: page(with_answer)}).said() == [("user", "a"), ("assistant", "x")]
    assert run({NAME: page(without)}).roles == {}


def test_the_style_of_a_real_page_is_longer_than_a_probe() -> None:
    whole = page(cell(f"Prompted\xa0a<br>{DATE}<br><p>x</p>"))
    assert run({NAME: whole.replace("<style>", "<style>" + ".mdl-x{a:b}" * 20_000)}).said()[0] == ("user", "a")


def test_html_and_json_are_the_same_entry() -> None:
    """The same export in both formats is not two talks."""
    html = run({NAME: page(cell("Prompted\xa0a  b<br>Jan 2, 2026, 3:04:05 PM GMT<br><p>x</p>"))})
    made = run({"a.json": [entry("Prompted a b", "2026-01-02T15:04:05.678Z", **answer("<p>x</p>"))]})
    assert {record.uid for record in html.records} == {record.uid for record in made.records}


def test_the_native_bytes_are_the_files() -> None:
    whole = page(*(cell(f"Prompted\xa0{at}<br>{DATE}<br><p>x</p>") for at in range(3))).encode()
    outcome = run({NAME: whole})
    assert all(whole[original.place.offset :].startswith(original.native) for original in outcome.originals)
    assert whole.find(b"".join(original.native for original in outcome.originals)) > 0


def test_an_entry_too_large_does_not_cost_the_others() -> None:
    cells = [cell(f"Prompted\xa0{at}<br>{DATE}<br><p>{'x' * size}</p>") for at, size in enumerate((10, 900_000, 10))]
    outcome = run({NAME: page(*cells)}, limits=Limits(element_bytes=100_000))
    assert [text for role, text in outcome.said() if role == "user"] == ["2", "0"] or len(outcome.of("message")) == 4
    assert outcome.codes()["limit"] == 1


def test_bytes_that_are_no_utf8() -> None:
    whole = page(cell(f"Prompted\xa0a@<br>{DATE}<br><p>x</p>")).encode().replace(b"@", b"\xff\xfe")
    assert run({NAME: whole}).said()[0] == ("user", "a\ufffd\ufffd")


def test_pictures_in_an_answer() -> None:
    html = '<p>see</p><img src="made-1.png"><img src="https://lh3.example/x=s1"><img src="data:image/png;base64,AAAA">'
    outcome = run({NAME: page(cell(f"Prompted\xa0a<br>{DATE}<br>{html}")), "Takeout/made-1.png": b"\x89PNG"})
    pictures = [(part.type, part.ref, part.url, part.media_type) for part in outcome.bodies("message")[1].parts[1:]]
    assert pictures == [
        ("image", "made-1.png", "", ""), ("image", "", "https://lh3.example/x=s1", ""), ("image", "", "", "image/png"),
    ]  # fmt: skip
