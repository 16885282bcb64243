"""Inputs made to hurt: wrong types everywhere, depth, length, broken bytes. Only findings come of them, and soon."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.adapters.gemini import markup
from satchel.limits import Limits
from tests.adapters.gemini.harness import answer, cell, entry, page, run
from tests.adapters.gemini.test_pages import GEMS, IMPORT, WORKSPACE
from tests.adapters.gemini.test_studio import PNG, model, prompt, user

RICH = entry(
    "Prompted a",
    titleUrl="https://gemini.google.com/app/1",
    subtitles=[{"name": "-  a.png", "url": "a-1.png"}],
    attachedFiles=["a-1.png", {"name": "b"}],
    imageFile="c.png",
    details=[{"name": "x", "value": "https://gemini.google.com/app/1"}],
    userInteractions=[{"userInteraction": {"request": '[{"text": "a"}]', "response": "b"}}],
    **answer("<p>b</p>", "<p>c</p>"),
)
STUDIO = prompt(
    user(driveDocument={"id": "1" * 20}, createTime="2025-01-01T00:00:00Z"),
    model("t", isThought=True, parts=[{"text": "t", "thought": True}]),
    model("a", grounding={"groundingSources": [{"uri": "u", "title": "t"}]}, citations=[{"uri": "v"}]),
    model("", executableCode={"code": "x"}, codeExecutionResult={"output": "y"}, inlineImage={"mimeType": "i/p", "data": PNG}),
    systemInstruction={"parts": [{"text": "s"}]},
    pendingInputs=[{"text": "p"}],
)
ODD = st.sampled_from(
    [None, 0, -1, 1e300, 10**400, True, "", "odd", "\ud800", "\x00", "../../x", [], [None], [[]], {}, {"odd": None}, {"": [1]},
     "https://gemini.google.com/app/\u202e", "2026-13-45T99:99:99Z"]
)  # fmt: skip
CHOICES = st.lists(st.tuples(st.integers(0, 10_000), ODD), min_size=1, max_size=6)
DATE = "Feb 17, 2026, 3:08:20 PM EST"


def mutate(value: Any, choices: list[tuple[int, Any]]) -> Any:
    value = copy.deepcopy(value)
    for choice, odd in choices:
        spots: list[tuple[Any, Any]] = []
        stack = [value]
        while stack:
            item = stack.pop()
            keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
            for key in keys:
                spots.append((item, key))
                stack.append(item[key])
        if spots:
            container, key = spots[choice % len(spots)]
            container[key] = copy.deepcopy(odd)
    return value


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CHOICES)
def test_any_member_of_an_entry_may_be_anything(choices: list[tuple[int, Any]]) -> None:
    # The first entry keeps the file recognisable.
    outcome = run({"a.json": [entry("Prompted first", "2020-01-01T00:00:00Z"), mutate(RICH, choices)], "a-1.png": b"\0"})
    assert ("user", "first") in outcome.said()
    assert len(outcome.originals) == 2 or outcome.findings
    assert all(record.body.parent != record.uid for record in outcome.of("message"))  # type: ignore[union-attr]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from([STUDIO, WORKSPACE]), CHOICES)
def test_any_member_of_a_document_may_be_anything(value: Any, choices: list[tuple[int, Any]]) -> None:
    outcome = run({"a": mutate(value, choices)})
    assert len({record.uid for record in outcome.records}) == len(outcome.records)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000), st.binary(max_size=8))
def test_damaged_bytes(at: int, junk: bytes) -> None:
    html = page(cell(f'Prompted\xa0a<br>1 file<br>- <a href="a.png">a.png</a><br>{DATE}<br><p>x</p>'), cell("b"))
    for name, whole in (
        ("a.json", json.dumps([entry("Prompted first"), RICH])), ("a.html", html), ("p", json.dumps(STUDIO)),
        ("gemini_gems_data.html", GEMS), ("m.md", IMPORT), ("c.txt", json.dumps(WORKSPACE)),
    ):  # fmt: skip
        data = whole.encode()
        spot = at % len(data)
        run({name: data[:spot] + junk + data[spot + len(junk) :]})
        run({name: data[:spot]})


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='<>/="abp !-?&;#\x00\n\ud800', max_size=80) | st.text(max_size=80))
def test_any_text_may_stand_in_an_answer(text: str) -> None:
    said, _ = markup.read(text)
    assert all(0 <= link.start <= link.end <= len(said.text) for link in said.links)
    run({"a.html": page(cell(f"Prompted\xa0{text}<br>{DATE}<br>{text}")).encode("utf-8", "surrogatepass")})


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<!--",
        "<a ",
        "</",
        "<a x='",
        "<![",
        "<?",
        "<div>",
        "<b><p>",
        "<ul><li>",
        "<script>",
        "<a href=x>y</a>",
        "&#x",
        "<br>",
    ],
)
def test_html_that_takes_other_parsers_forever(piece: str) -> None:
    """300,000 characters of each: Python's own parser needs quadratic time for half of them."""
    count = 300_000 // len(piece)
    outcome = run(
        {"a.html": page(cell(f"Prompted\xa0a<br>{DATE}<br><p>x</p>{piece * count}"), cell(f"Prompted\xa0b<br>{DATE}<br>"))}
    )
    assert ("user", "a") in outcome.said()


def test_deep_nesting() -> None:
    deep = "[" * 400 + "]" * 400
    data = json.dumps([entry("Prompted a"), entry("Prompted b", extra="DEEP")]).replace('"DEEP"', deep).encode()
    outcome = run({"a.json": data})
    assert outcome.said() == [("user", "a")] and outcome.codes()["limit"] == 1
    html = page(cell(f"Prompted\xa0a<br>{DATE}<br>{'<div>' * 5000}x{'</div>' * 5000}"))
    assert run({"a.html": html}).said() == [("user", "a"), ("assistant", "x")]


def test_a_document_over_its_limit() -> None:
    outcome = run({"p": STUDIO}, limits=Limits(document_bytes=100))
    assert outcome.records == [] and outcome.codes() == {"limit": 1}
    outcome = run({"a.html": page(*[cell(f"Prompted\xa0a<br>{DATE}<br>")] * 5)}, limits=Limits(array_elements=3))
    assert outcome.codes()["limit"] >= 1


def test_duplicate_names_and_huge_numbers() -> None:
    data = b'[{"header":"Gemini Apps","title":"Prompted a","title":"Prompted b","time":1' + b"0" * 2000 + b',"products":[]},' \
        b'{"header":"Gemini Apps","title":"Prompted c","time":"2026-01-01T00:00:00Z"}]'  # fmt: skip
    assert ("user", "c") in run({"a.json": data}).said()


def test_findings_hold_nothing_of_the_person() -> None:
    outcome = run({"a.json": [entry("Prompted SECRET", "SECRET"), 7, {"header": "SECRET"}], "b.html": page(cell("SECRET"))})
    assert outcome.findings
    assert "SECRET" not in "".join(finding.text for finding in outcome.findings)
