"""What outlives a check holds codes and counts, and nothing that anybody wrote."""

from __future__ import annotations

from collections import Counter

import msgspec
import orjson
import pytest

from satchel.move.semantic.values import CODES, OUTCOMES, UNJUDGED, Difference, Excerpt, Semantic, verdict_of


def test_no_encoder_takes_an_excerpt_and_no_log_shows_one() -> None:
    excerpt = Excerpt("my secret")
    difference = Difference("name-changed", excerpt, excerpt)
    assert "secret" not in f"{excerpt} {excerpt!r} {difference!r} {difference}"
    with pytest.raises(TypeError):
        msgspec.json.encode(difference)
    with pytest.raises(TypeError):
        orjson.dumps({"difference": difference})


def test_a_summary_goes_through_json_and_back() -> None:
    found = Semantic(records=2, counterparts=1, verdicts={"identical": 1, "inconsistent": 1}, codes={"record-missing": 1})
    assert msgspec.json.decode(msgspec.json.encode(found), type=Semantic) == found
    assert (found.outcomes, found.has_failed) == ({"pass": 1, "fail": 1, "not-checked": 0}, True)


@pytest.mark.parametrize("code", CODES)
def test_what_a_code_comes_to(code: str) -> None:
    tier, severity, text = CODES[code]
    expected = "not-checked" if code in UNJUDGED else {"error": "fail", "warning": "fail", "info": "pass"}[severity]
    assert OUTCOMES[verdict_of(Counter([code]))] == expected
    assert tier in ("structure", "anchors", "embedding") and text


def test_worse_findings_win() -> None:
    assert verdict_of(Counter(["language-unknown", "name-changed"])) == "inconsistent"
    assert verdict_of(Counter(["language-unknown", "title-missing"])) == "needs-review"
    assert verdict_of(Counter()) == "equivalent"
