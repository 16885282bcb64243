"""The shared samples: every prompt and answer accounted for, nothing of others claimed, read twice the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from satchel.model.text import part_text
from tests.adapters.gemini.harness import SHARED, folder, run

GEMINI = SHARED / "fixtures" / "gemini"
PAM = SHARED / "conformance" / "portable-ai-memory"
FOLDERS = [
    *sorted(GEMINI.glob("*")),
    *sorted(PAM.glob("derived/provider-probes/g_*/input")),
    *sorted(PAM.glob("upstream/sdk-test-inputs/gemini*")),
]

pytestmark = pytest.mark.skipif(not GEMINI.exists(), reason="the shared samples are not beside this checkout")


@pytest.mark.parametrize("path", FOLDERS, ids=[str(path.relative_to(SHARED)).replace("/", ".") for path in FOLDERS])
def test_sample(path: Path) -> None:
    for name, data in folder(path).items():
        outcome = run({name: data})
        again = run({name: data})
        assert (outcome.records, outcome.findings) == (again.records, again.findings)
        if path.name == "knowledgemaxxing-takeout" and name.endswith(".html"):
            # Only Chrome and Search.
            assert outcome.roles == {}
            continue
        assert list(outcome.roles) == [name]
        assert outcome.of("message")
        known = {record.uid for record in outcome.records}
        for record in outcome.of("message"):
            assert record.linked("part_of") in known
            assert record.body.parent in ("", *known)  # type: ignore[union-attr]
        if name.endswith(".json"):
            _words_are_kept(json.loads(data), "\n".join(part_text(part) for part in outcome.parts()))


def _words_are_kept(value: Any, kept: str) -> None:
    chunks = value.get("chunkedPrompt", {}).get("chunks", []) if isinstance(value, dict) else []
    for chunk in chunks:
        assert chunk["text"] in kept
    for item in value if isinstance(value, list) else []:
        if item.get("header") in ("Gemini", "Gemini Apps", "Bard"):
            assert item["title"].removeprefix("Prompted ") in kept or item.get("details") or item.get("userInteractions")
            for detail in item["details"] if isinstance(item.get("details"), list) else []:
                assert detail["value"] in kept


def test_a_private_journal() -> None:
    """What is of other products, and what scripts hold, is in no record."""
    outcome = run(dict(folder(GEMINI / "paic-takeout")))
    assert outcome.said() == [
        ("user", "Build a privacy-safe Gemini activity adapter."),
        ("assistant", "The Gemini activity adapter is implemented.\n\nOnly supported text crosses the boundary."),
        ("user", "Verify the Gemini adapter tail."),
        ("assistant", "Tail verification passed.\n\n```\n2/2 messages preserved\n```"),
    ]
    kept = repr(outcome.records)
    for private in ("NON_GEMINI", "SCRIPT", "STYLE", "LOCATION", "ACCOUNT", "TOKEN", "AUTHORIZATION"):
        assert private not in kept
    assert not any(b"NON_GEMINI" in original.native for original in outcome.originals)


def test_other_platforms_samples_are_not_claimed() -> None:
    for path in sorted((SHARED / "fixtures").iterdir()):
        if path.is_dir() and path.name != "gemini":
            assert run(dict(folder(path))).roles == {}


def test_other_adapters_leave_these_alone() -> None:
    from satchel.adapters import registry
    from satchel.codec.probe import probe
    from satchel.codec.sources import BytesMember

    for path in FOLDERS:
        for name, data in folder(path).items():
            member = BytesMember(name, data)
            for adapter in registry.ours():
                assert adapter.info.name == "gemini" or adapter.claim(member, probe(member)) is None
