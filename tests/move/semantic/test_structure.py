"""Units are what Markdown shows a reader, whatever block they stand in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.move.semantic.structure import canonical, flattened, plain, sentences, units_of

PAGE = """\
# Title #

First sentence. Second one! A third
that goes on? Yes.

1. one
2) two
- [x] done
- [ ] open
> quoted. Twice.

| a | b |
|---|--:|
| 1 | **2** |

---
```python
x = 1

y = 2
```
"""


def test_blocks_and_sentences() -> None:
    assert [(unit.kind, unit.text, unit.number, unit.ticked) for unit in units_of(PAGE)] == [
        ("heading", "Title", None, None),
        ("sentence", "First sentence.", None, None),
        ("sentence", "Second one!", None, None),
        ("sentence", "A third that goes on?", None, None),
        ("sentence", "Yes.", None, None),
        ("item", "one", 1, None),
        ("item", "two", 2, None),
        ("item", "done", None, True),
        ("item", "open", None, False),
        ("quote", "quoted.", None, None),
        ("quote", "Twice.", None, None),
        ("row", "a | b", None, None),
        ("row", "1 | 2", None, None),
        ("code", "x = 1\n\ny = 2", None, None),
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Dr. Smith came. He left.", 2),
        ("See e.g. This one.", 1),
        ("Version 1.2 is out. Take it.", 2),
        ("Er kam (gestern). Dann ging er.", 2),
        ("彼は来た。そして帰った。", 2),
        ("She said “stop.” Then she left.", 2),
        ("no stop at all", 1),
        ("J. R. R. Tolkien wrote it.", 1),
    ],
)
def test_sentences_end_where_they_end(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_a_fence_that_is_never_closed_runs_to_the_end() -> None:
    assert [unit.kind for unit in units_of("```\na\n\n- b")] == ["code"]


def test_an_inner_fence_of_another_kind_is_code() -> None:
    assert [unit.text for unit in units_of("~~~\n```\nx\n```\n~~~\nend")] == ["```\nx\n```", "end"]


def test_white_space_in_code_counts_and_elsewhere_not() -> None:
    assert canonical("a  b\n\nc") == canonical("a b c")
    assert canonical("```\nif x:\n  y\n```") != canonical("```\nif x:\ny\n```")
    assert canonical("e\u0301") == canonical("é")


def test_emphasis_is_taken_off_and_identifiers_are_left() -> None:
    assert plain("**never** do _this_ to snake_case_name or 2 * 3 * 4") == "never do this to snake_case_name or 2 * 3 * 4"


def test_json_lines_are_their_strings() -> None:
    assert flattened('before\n{"a": "one", "b": [2, "three"]}\n[broken') == "before\none\nthree\n[broken"
    assert flattened("[" * 5000) == "[" * 5000


@given(st.text(max_size=300))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    words = {word for unit in units_of(text) for word in unit.text.split()}
    for word in "".join(each if each.isalpha() and each.isascii() else " " for each in text).split():
        assert any(word in other for other in words) or any(mark in text for mark in "`~#")
