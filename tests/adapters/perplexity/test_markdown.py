"""A thread as Markdown: where questions begin, what belongs to an answer, which marks are resolved."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.adapters.perplexity import ADAPTER
from tests.adapters.reading import Outcome, run

LOGO = '<img src="https://r2cdn.perplexity.ai/pplx-full-logo-primary-dark%402x.png" style="height:64px;margin-right:32px"/>\n\n'
OLD_LOGO = '<img src="https://r2cdn.perplexity.ai/pplx-full-logo-primary-dark%402x.png" class="logo" width="120"/>\n\n'
END = '<div align="center">⁂</div>\n\n'
FIRST = f"""# first question

The answer[^1_1] of the first.

---

# A heading in the answer

```
---

# code
```
<span style="display:none">[^1_2]</span>

{END}[^1_1]: https://a.example/x

[^1_2]: report.txt
"""
SECOND = f"""# second question

Second answer[^2_1].

{END}[^2_1]: https://b.example/
"""


def read(text: str | bytes) -> Outcome:
    return run(ADAPTER, {"thread.md": text if isinstance(text, bytes) else text.encode()})


def said(outcome: Outcome) -> list[tuple[str, str]]:
    return [(body.role, body.parts[0].text) for body in outcome.bodies("message")]


def test_a_thread_of_two_questions() -> None:
    outcome = read(f"{LOGO}{FIRST}\n\n---\n\n{SECOND}")
    assert outcome.roles == {"thread.md": "markdown"}
    (_, q1), (_, a1), (_, q2), (_, a2) = said(outcome)
    assert (q1, q2, a2) == ("first question", "second question", "Second answer[^2_1].")
    assert a1.startswith("The answer[^1_1]") and a1.endswith("# code\n```")
    assert outcome.codes() == {"question-boundary": 2}
    assert outcome.bodies("conversation")[0].title == "first question"
    citations = outcome.bodies("message")[1].parts[0].citations
    assert [(c.url, c.title, c.marker) for c in citations] == [("https://a.example/x", "", "[^1_1]"), ("", "report.txt", "")]
    assert all(record.times.created is None for record in outcome.records)


def test_an_older_file_says_where_the_question_ends() -> None:
    outcome = read(f"{OLD_LOGO}# question\n\n---\nThe answer.\n")
    assert said(outcome) == [("user", "question"), ("assistant", "The answer.")]
    assert outcome.codes() == {}


def test_without_sources_each_rule_with_a_heading_begins_a_question() -> None:
    outcome = read(f"{LOGO}# one\n\nA.\n\n---\n\n# two\n\nB.\n")
    assert [text for _, text in said(outcome)] == ["one", "A.", "two", "B."]


def test_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    text = f"{LOGO}{FIRST}\n\n---\n\n{SECOND}"
    plain, other = read(text), read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert plain.records == other.records


def test_a_thread_that_grew_is_the_same_thread() -> None:
    grown = f"{LOGO}{FIRST}\n\n---\n\n{SECOND}"
    alone = LOGO + FIRST.replace("[^1_", "[^")
    assert read(grown).originals[0].uid == read(alone).originals[0].uid


@pytest.mark.parametrize(
    "text", ["# just a note\n\ntext", f"{LOGO}no heading", "<img src='x'/>\n\n# q\n\na", f"{'x' * 5000}{LOGO}# q\n"]
)
def test_other_texts_are_not_claimed(text: str) -> None:
    assert read(text).roles == {}


def test_a_question_without_an_answer_and_an_answer_of_rules() -> None:
    assert said(read(f"{LOGO}# only a question")) == [("user", "only a question")]
    assert said(read(f"{LOGO}# q\n\n***\n\n---\n"))[0] == ("user", "q")


def test_what_is_no_utf_8_is_repaired_and_told() -> None:
    assert read(LOGO.encode() + b"# caf\xe9\n\nx").codes()["repaired-text"] == 1


def test_hostile_texts_take_linear_time() -> None:
    for piece in (
        "---\n\n# x\n\n",
        "---\n",
        "# x\n",
        "```\n",
        "[^1]: http://x\n",
        END,
        "<div align='center'>",
        "\n",
        "<span style=",
    ):
        read(LOGO + "# q\n\n" + piece * 20_000)
    read(LOGO + "# q\n\n<div " + "center" * 100_000)
    read(LOGO + "# q\n\na\n\n[^1]: x" + " " * 200_000 + "y")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(["# q\n", "\n", "---\n", "```\n", END, "[^1]: https://x\n", "a[^1]\n", "<span", "\x00", "\r"]),
        max_size=20,
    )
)
def test_no_text_raises_and_none_is_read_twice(pieces: list[str]) -> None:
    outcome = read(LOGO + "# q\n\n" + "".join(pieces))
    assert len({record.uid for record in outcome.records}) == len(outcome.records)
    assert "".join(text for _, text in said(outcome)).count("a[^1]") <= pieces.count("a[^1]\n")
