"""What the public SDK's importer reads of Gemini, we read too: the same words by the same speakers at the same times."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from portable_ai_memory.converters.google import GoogleConverter
from portable_ai_memory.models.conversation import Conversation

from satchel.model.times import to_rfc3339
from tests.adapters.gemini.harness import SHARED, run, text_of

PAM = SHARED / "conformance" / "portable-ai-memory"
#: What crashes it (a null link), and where it keeps JSON as text instead of reading it.
FAULTY = {"g_urlnull", "g_b"}
FILES = [
    *(path for path in sorted(PAM.glob("derived/provider-probes/g_*/input/*")) if path.parent.parent.name not in FAULTY),
    *sorted(PAM.glob("upstream/sdk-test-inputs/gemini*/*")),
]

pytestmark = pytest.mark.skipif(not PAM.exists(), reason="the shared samples are not beside this checkout")


def theirs(path: Path) -> list[Conversation]:
    converter = GoogleConverter()
    if path.suffix == ".html":
        return converter.convert_conversations_from_html(path.read_text("utf-8"))
    return converter.convert_conversations(json.loads(path.read_bytes()))


def words(text: str | None) -> str:
    return " ".join((text or "").split())


@pytest.mark.parametrize("path", FILES, ids=["/".join(path.parts[-3:]) for path in FILES])
def test_at_least_what_the_sdk_reads(path: Path) -> None:
    outcome = run({path.name: path.read_bytes()})
    ours = {
        (record.body.role, words(text_of(record.body)), to_rfc3339(record.times.created))  # type: ignore[union-attr]
        for record in outcome.of("message")
        if record.times.created
    }
    read = theirs(path)
    for conversation in read:
        for message in conversation.messages:
            assert (message.role.value, words(message.content.text), to_rfc3339(message.created_at)) in ours
    assert len(outcome.of("message")) >= sum(len(conversation.messages) for conversation in read)
