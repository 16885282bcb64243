"""Entries of "My Activity" in JSON, and which of them are one talk (providers.md 3.3; portable-ai-memory.md 7.4)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from satchel.adapters.gemini import ADAPTER
from tests.adapters.gemini.harness import answer, entry, run

NAME = "Takeout/My Activity/Gemini Apps/MyActivity.json"


def test_todays_form() -> None:
    """Prompt in the title, answer as HTML; the verb is not what was said."""
    outcome = run({NAME: [entry("Prompted What is PAM?", **answer("<p>It is a <strong>format</strong></p>"))]})
    assert outcome.said() == [("user", "What is PAM?"), ("assistant", "It is a format")]
    assert outcome.times() == [datetime(2026, 1, 1, 10, tzinfo=UTC)] * 2


def test_the_native_bytes_are_the_entrys() -> None:
    data = (
        b'[ {"header":"Gemini Apps","title":"Prompted a" , "time":"2026-01-01T10:00:00Z"} ,\n{"header":"Search","title":"b"}]'
    )
    outcome = run({NAME: data})
    assert [original.native for original in outcome.originals] == [data[2:79]]
    assert outcome.originals[0].updated == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_other_products_are_not_kept() -> None:
    value = [entry("Searched for b", header="Search", products=["Search"]), entry("Prompted a")]
    outcome = run({NAME: value})
    assert outcome.said() == [("user", "a")]
    assert outcome.codes()["other-product"] == 1
    assert not any(b"Searched" in original.native for original in outcome.originals)


@pytest.mark.parametrize(
    "members",
    [
        {"header": "Gemini-Apps", "products": ["Gemini-Apps"]},
        {"header": "Gemini アプリ", "products": ["Gemini アプリ"]},
        {"header": "تطبيقات Gemini", "products": None},
        {"header": "Bard", "products": None},
        {"header": "Something", "products": ["Gemini Apps"]},
        {"header": None, "products": None, "titleUrl": "https://gemini.google.com/app/0123456789abcdef"},
    ],
)
def test_gemini_is_known_in_any_language(members: dict[str, Any]) -> None:
    """By product, header or link (providers.md 2, rule 10)."""
    outcome = run({NAME: [entry("Eingegebener Prompt: a", **answer("<p>b</p>"), **members)]})
    assert [text for _, text in outcome.said()] == ["a", "b"]


def test_a_journal_whose_first_entries_are_of_others() -> None:
    """Gemini's entries may begin behind the first 64 KiB."""
    others = [entry("Searched for " + "x" * 500, header="Search", products=["Search"]) for _ in range(400)]
    assert run({NAME: [*others, entry("Prompted a")]}).said() == [("user", "a")]
    assert run({NAME: others}).roles == {}


@pytest.mark.parametrize(
    ("title", "prompt"),
    [
        ("Prompted a b", "a b"),
        ("Prompted\xa0a b", "a b"),
        ("Eingegebener Prompt: a b", "a b"),
        ("Solicitó a b", "a b"),
        ("Demandé\xa0a b", "a b"),
        ("Gav instruktionen\xa0a b", "a b"),
        ("Branched a b", "a b"),
        # No verb is known: the words stay, for they may be the person's.
        ("Zapytano: a b", "Zapytano: a b"),
        # A no-break space between words is Google's; beside punctuation it is the person's.
        ("Wpisano prompt\xa0a b", "a b"),
        ("Comment\xa0?", "Comment\xa0?"),
        ("10\xa0000 steps", "10\xa0000 steps"),
    ],
)
def test_verbs(title: str, prompt: str) -> None:
    assert run({NAME: [entry(title, **answer("<p>x</p>"))]}).said()[0] == ("user", prompt)


def test_what_was_done_is_kept_apart_from_what_was_said() -> None:
    titles = ["Gave feedback: Good response", "Selected preferred draft", "Created Gemini Canvas titled A", "Used an Assistant"]
    outcome = run({NAME: [entry(title) for title in titles]})
    assert outcome.of("message") == []
    assert {body.title for body in outcome.bodies("foreign")} == set(titles)
    assert outcome.codes()["activity"] == len(titles)


def test_an_unknown_verb_is_judged_by_its_company() -> None:
    """What has an answer was a prompt; an entry that begins otherwise, and has none, was not said."""
    asked = [entry(f"Pytanie\xa0numer {at}", f"2026-01-01T10:0{at}:00Z", **answer("<p>x</p>")) for at in range(6)]
    outcome = run({NAME: [*asked, entry("Oceniono\xa0dobra"), entry("Pytanie\xa0bez odpowiedzi", "2026-01-01T11:00:00Z")]})
    assert [body.title for body in outcome.bodies("foreign")] == ["Oceniono dobra"]
    assert ("user", "bez odpowiedzi") in outcome.said()
    # Too little company tells nothing: then it is taken for said.
    assert ("user", "dobra") in run({NAME: [entry("Oceniono\xa0dobra")]}).said()


def test_drafts_stand_side_by_side() -> None:
    """Several answers are drafts; the talk goes on from the last."""
    first = entry("Prompted a", "2026-01-01T10:00:00Z", **answer("<p>one</p>", "<p>two</p>"))
    outcome = run({NAME: [entry("Prompted b", "2026-01-01T10:01:00Z"), first]})
    by_text = {record.body.parts[0].text: record for record in outcome.of("message")}  # type: ignore[union-attr]
    parent = {text: record.body.parent for text, record in by_text.items()}  # type: ignore[union-attr]
    assert parent == {"a": "", "one": by_text["a"].uid, "two": by_text["a"].uid, "b": by_text["two"].uid}


def test_entries_apart_are_talks_apart() -> None:
    """No id: by the pause of 30 minutes, said to be inferred (providers.md 3.3, Edge)."""
    times = ["12:00:00", "11:30:00", "10:59:59", "10:30:00"]
    outcome = run({NAME: [entry(f"Prompted {time}", f"2026-01-01T{time}Z") for time in times]})
    assert sorted(outcome.talks()) == [["10:30:00", "10:59:59"], ["11:30:00", "12:00:00"]]
    assert outcome.codes()["grouping-inferred"] == 2
    assert {record.origin.kind for record in outcome.of("conversation")} == {"gemini.inferred_conversation"}
    assert {record.residue["gemini"]["grouping"] for record in outcome.of("conversation")} == {"inferred"}


def test_the_order_of_the_file_does_not_matter() -> None:
    entries = [entry(f"Prompted {at}", f"2026-01-01T10:0{at}:00Z", **answer(f"<p>{at}!</p>")) for at in range(5)]
    one, two = run({NAME: entries}), run({NAME: entries[::-1]})
    assert {record.uid: record for record in one.records} == {record.uid: record for record in two.records}
    assert one.talks() == [["0", "0!", "1", "1!", "2", "2!", "3", "3!", "4", "4!"]]


def test_ids_and_places_survive_a_longer_export() -> None:
    """The next export has more entries, and no longer the oldest: what both have is the same."""
    entries = [entry(f"Prompted {at}", f"2026-01-01T10:{at:02}:00Z") for at in range(8)]
    before, after = run({NAME: entries[:6]}), run({NAME: entries[2:]})
    places = [{record.uid: record.body.position for record in run.of("message")} for run in (before, after)]  # type: ignore[union-attr]
    both = places[0].keys() & places[1].keys()
    assert len(both) == 4
    assert all(places[0][uid] == places[1][uid] for uid in both)


def test_an_entry_without_a_time_stands_by_itself() -> None:
    """Never the clock: a missing time stays missing."""
    value = [
        entry("Prompted a", None),
        entry("Prompted b", "yesterday"),
        entry("Prompted c", "2026-01-01"),
        entry("Prompted d"),
    ]
    outcome = run({NAME: value})
    assert outcome.times().count(None) == 3
    assert len(outcome.of("conversation")) == 4
    assert outcome.codes()["bad-time"] == 2 and outcome.codes()["no-time"] == 1
    assert {record.residue["gemini"]["time"] for record in outcome.of("message") if record.residue} == {
        "yesterday",
        "2026-01-01",
    }


def test_the_same_entry_twice_counts_once() -> None:
    value = entry("Prompted a", **answer("<p>b</p>"))
    outcome = run({NAME: [value, value, entry("Prompted a", **answer("<p>other</p>"))]})
    assert sorted(outcome.said()) == [("assistant", "b"), ("assistant", "other"), ("user", "a"), ("user", "a")]
    assert outcome.codes()["duplicate"] == 1


def test_files_are_found_among_the_loose_members() -> None:
    """By the name in the export; shown under the name that the person gave (providers.md 3.3, subtitles)."""
    value = entry(
        "Prompted look",
        subtitles=[
            {"name": "Attached 2 files."},
            {"name": "-  image_89b1bd.png", "url": "image_89b1bd-1e9873211d1a6157.png"},
            {"name": "-  a%20b.pdf", "url": "a%20b-77.pdf"},
            {"name": "X was used in this chat. Manage your Gems.", "url": "https://gemini.google.com/gems/view"},
        ],
        imageFile="image_89b1bd-1e9873211d1a6157.png",
        attachedFiles=["a b-77.pdf", {"name": "gone.txt"}],
        audioFiles=["voice.m4a"],
    )
    files = {"image_89b1bd-1e9873211d1a6157.png": b"\x89PNG", "a b-77.pdf": b"%PDF", "voice.m4a": b"\0", "other.bin": b"\0"}
    outcome = run({NAME: [value], **{f"Takeout/My Activity/Gemini Apps/{name}": data for name, data in files.items()}})
    parts = [(part.type, part.name, part.ref) for part in outcome.parts() if part.type != "text"]
    assert parts == [
        ("image", "image_89b1bd.png", "image_89b1bd-1e9873211d1a6157.png"),
        ("file", "a%20b.pdf", "a b-77.pdf"),
        ("file", "gone.txt", "gone.txt"),
        ("audio", "voice.m4a", "voice.m4a"),
    ]
    assert {asset.record.body.name for asset in outcome.assets} == {"image_89b1bd.png", "a%20b.pdf", "voice.m4a"}  # type: ignore[union-attr]
    held = {asset.record.uid for asset in outcome.assets}
    assert [part.asset in held for part in outcome.parts() if part.type != "text"] == [True, True, False, True]


def test_a_traversal_name_opens_nothing() -> None:
    value = entry("Prompted a", attachedFiles=["../../../../etc/passwd", "/etc/passwd", "C:\\x\\..\\passwd"])
    outcome = run({NAME: [value]})
    assert outcome.assets == []
    assert outcome.said() == [("user", "a")]


@pytest.mark.parametrize(
    ("url", "talk"),
    [
        ("https://gemini.google.com/app/0f1e2d", "0f1e2d"),
        ("https://gemini.google.com/app/c/conv-001", "conv-001"),
        ("https://gemini.google.com/u/1/app/0f1e2d?hl=de", "0f1e2d"),
        ("https://gemini.google.com/gem/gem1/0f1e2d", "0f1e2d"),
        ("https://bard.google.com/chat/0f1e2d", "0f1e2d"),
        ("https://gemini.google.com/gem/gem1", ""),
        ("https://gemini.google.com/app", ""),
        ("https://example.invalid/app/0f1e2d", ""),
        ("javascript:https://gemini.google.com/app/x", ""),
    ],
)
def test_links_that_name_a_talk(url: str, talk: str) -> None:
    outcome = run({NAME: [entry(titleUrl=url)]})
    assert [record.origin.id for record in outcome.of("conversation")] == [talk]


def test_a_link_in_the_details_names_the_talk_too() -> None:
    value = entry("Prompted a", details=[{"name": "https://gemini.google.com/app/0f1e2d"}])
    assert run({NAME: [value]}).of("conversation")[0].origin.id == "0f1e2d"


def test_links_in_an_answer_are_citations_where_they_stand() -> None:
    outcome = run({NAME: [entry(**answer('<p>See <a href="https://a.example/?x=1&amp;y=2">this</a> now.</p>'))]})
    part = outcome.parts()[1]
    assert part.text == "See this now."
    citation = part.citations[0]
    assert (citation.url, citation.title) == ("https://a.example/?x=1&y=2", "this")
    assert part.text[citation.start : citation.end] == "this"


def test_scripts_and_styles_are_not_said() -> None:
    dropped = "".join(f"<{tag}>PRIVATE</{tag}>" for tag in ("script", "style", "template", "noscript"))
    html = f"<p>a</p>{dropped}b"
    assert run({NAME: [entry(**answer(html))]}).said()[1] == ("assistant", "a\n\nb")


def test_what_has_no_field_is_unmapped_and_not_lost() -> None:
    """Reconstruct the entry from fields and unmapped members (portable-ai-memory.md 7.8)."""
    value = entry(
        "Prompted a",
        titleUrl="https://gemini.google.com/app/1",
        activityControls=["Gemini Apps Activity"],
        locationInfos=[{"name": "x"}],
        details=[{"name": "extra"}],
        description=None,
        **answer("<p>b</p>"),
    )
    outcome = run({NAME: [value]})
    user, reply = outcome.of("message")
    carried = ADAPTER.unmapped(user, value)
    assert carried == {
        name: value[name] for name in ("header", "products", "titleUrl", "activityControls", "locationInfos", "details")
    }
    assert ADAPTER.unmapped(reply, value["safeHtmlItem"][0]) == {"response_html": "<p>b</p>"}
    assert json.loads(outcome.originals[0].native) == value


def test_a_broken_element_does_not_cost_the_others() -> None:
    long = entry("Prompted a", **answer("x" * 70_000))
    data = json.dumps([long, "x", entry("Prompted b", "2026-01-01T10:01:00Z")]).replace('"x"', '{"header": tru}, 7').encode()
    outcome = run({NAME: data})
    assert [text[:9] for _, text in outcome.said()] == ["a", "xxxxxxxxx", "b"]
    assert outcome.codes()["malformed"] == 2


def test_a_file_that_breaks_off() -> None:
    data = json.dumps([entry("Prompted a"), entry("Prompted b")]).encode()
    outcome = run({NAME: data[:-30]})
    assert outcome.said() == [("user", "a")]
    assert outcome.codes()["malformed"] == 1


def test_an_older_entry_that_comes_later_brings_its_talk() -> None:
    """The oldest, the newest and the first to come carry the talk's record: one of them is new where the talk is."""
    entries = [entry(f"Prompted {at}", f"2026-01-01T10:0{at}:00Z") for at in (3, 4, 1, 2)]
    heads = [
        any(record.kind == "conversation" for record in original.read().records) for original in run({NAME: entries}).originals
    ]
    assert heads == [True, True, True, False]


def test_what_was_done_and_answered_keeps_its_title() -> None:
    value = entry("Created Gemini Canvas titled A", **answer("<p>b</p>"))
    outcome = run({NAME: [value]})
    assert outcome.said() == [("assistant", "b")]
    carried = ADAPTER.unmapped(outcome.of("message")[0], value)
    assert (carried["title"], carried["response_html"]) == (value["title"], value["safeHtmlItem"])
