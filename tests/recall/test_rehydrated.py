"""The SDK's re-hydrated artifacts (dossier Portable Agent Memory 13.2): what it keeps, ours looks at, and accounts for."""

from __future__ import annotations

import json
from pathlib import Path

from satchel.move.imports import import_paths
from satchel.recall.framing import read_frame
from satchel.recall.pipeline import Asked, context
from satchel.vault.folder import trial_vault
from tests.recall.made import NOW


def test_nothing_that_the_sdk_keeps_is_lost_unsaid(shared: Path) -> None:
    root = shared / "conformance/portable-agent-memory"
    entries = json.loads((root / "sdk-profile/rehydrated/index.json").read_bytes())
    entry = next(each for each in entries if each["max_tokens"] == 128_000 and each["task"])
    with trial_vault() as store:
        import_paths(store, [root / entry["artifact"]])
        made = context(store, Asked(task=entry["task"], budget=128_000), now=NOW)
        uids = {record.origin.id: record.uid for record in store.records()}
        seen = {item.uid for item in made.given} | {held.uid for held in made.held}
        standing = {record.uid for record in store.records("instruction", "profile")}
    assert entry["kept"] and all(id in uids for id in entry["kept"])
    # Ours does not look at what does not speak of the task, but for what stands by a person whatever it is.
    assert standing <= seen
    assert made.given and all(name in ("identity", "semantic", "episodic", "procedural", "working", "summary")
                              for name, _ in read_frame(made.text).blocks)  # fmt: skip
