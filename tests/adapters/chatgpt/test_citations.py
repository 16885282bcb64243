"""Citations joined to their inline marks (providers.md 3.1, edge case c)."""

from __future__ import annotations

from typing import Any

from satchel.model.bodies import Citation
from tests.adapters.chatgpt.exports import message, read_one

MARK = "\ue200cite\ue202turn0search1\ue202turn0search4\ue201"


def cited(text: str, **metadata: Any) -> tuple[Citation, ...]:
    made = read_one(message(text, "assistant", metadata=metadata))
    assert made.parts[0].text == text
    return made.parts[0].citations


def test_content_references() -> None:
    text = f"😀 Tea is good{MARK} for you."
    reference = {
        "matched_text": MARK,
        # Counted in UTF-16 units by the provider: one off behind the emoji.
        "start_idx": text.index(MARK) + 1,
        "end_idx": text.index(MARK) + 1 + len(MARK),
        "type": "grouped_webpages",
        "items": [{"title": "A", "url": "https://a", "snippet": "s", "supporting_websites": [{"title": "B", "url": "b"}]}],
    }
    start = text.index(MARK)
    end = start + len(MARK)
    assert cited(text, content_references=[reference]) == (
        Citation(title="A", url="https://a", snippet="s", start=start, end=end, marker=MARK),
        Citation(title="B", url="b", start=start, end=end, marker=MARK),
    )


def test_a_repeated_mark_gets_its_own_places() -> None:
    text = f"a{MARK}b{MARK}"
    references = [{"matched_text": MARK, "title": str(index), "url": "u"} for index in range(2)]
    assert [citation.start for citation in cited(text, content_references=references)] == [1, 2 + len(MARK)]


def test_a_reference_without_a_mark_gets_none() -> None:
    sources = [{"title": "A", "url": "https://a", "attribution": "x"}]
    found = cited("plain", content_references=[{"type": "sources_footnote", "matched_text": " ", "sources": sources}])
    assert found == (Citation(title="A", url="https://a"),)


def test_citations_by_position() -> None:
    text = "Rome is old【12†source】."
    citation = {
        "start_ix": 11,
        "end_ix": 11 + len("【12†source】"),
        "citation_format_type": "tether_og",
        "metadata": {"type": "webpage", "title": "Rome", "url": "https://r", "text": "old city"},
    }
    assert cited(text, citations=[citation]) == (
        Citation(title="Rome", url="https://r", snippet="old city", start=11, end=22, marker="【12†source】"),
    )


def test_citations_by_the_numbers_in_the_mark() -> None:
    extra = {"cited_message_idx": 4, "search_result_idx": 2, "evidence_text": "source"}
    citation = {"start_ix": 900, "end_ix": 911, "metadata": {"title": "F", "url": "", "extra": extra}}
    assert cited("x【4:2†source】", citations=[citation])[0].marker == "【4:2†source】"


def test_search_result_groups_resolve_by_token() -> None:
    entry = {"ref_id": {"turn_index": 0, "ref_type": "search", "ref_index": 4}, "title": "S", "url": "https://s"}
    found = cited(f"t{MARK}", search_result_groups=[{"type": "search_result_group", "entries": [entry]}])
    assert found == (Citation(title="S", url="https://s", start=1, end=1 + len(MARK), marker=MARK),)


def test_sources_without_a_word_are_kept() -> None:
    groups = [{"entries": [{"title": "Source A", "url": "http://example.com/a"}]}]
    content = {"content_type": "text", "parts": []}
    made = read_one(message(content, "tool", metadata={"search_result_groups": groups}))
    assert made.parts[0].citations == (Citation(title="Source A", url="http://example.com/a"),)


def test_many_references_to_a_long_text_stay_cheap() -> None:
    text = "".join(f"word {index}\ue200cite\ue202turn0search{index}\ue201" for index in range(20_000))
    references = [{"matched_text": "never there", "start_idx": 3, "url": str(index)} for index in range(20_000)]
    assert len(cited(text, content_references=references)) == 20_000
