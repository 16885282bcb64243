"""An edit that somebody makes with a format's own public SDK, in what was converted to it, comes home; all else stays."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

import portable_ai_memory as sdk
import portable_memory as pm
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from satchel.move.conversions import convert
from tests.interop.sdk_store import SdkStore, through
from tests.move.test_round_trips import SOURCES, STANDARDS, bytes_of, renamed, said

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip() == text and not text.startswith("Statement number")
)


def edit_bundle(path: Path, old: str, new: str) -> Path:
    """The SDK imports the bundle, an episode is edited, the SDK exports it."""
    store = SdkStore()
    pm.BundleImporter().import_bundle(store, path, reembed=False)
    edited = [episode.details == old for episode in store.episodes]
    assert sum(edited) == 1
    at = edited.index(True)
    store.episodes[at] = dataclasses.replace(store.episodes[at], details=new, summary=new)
    target = path.with_name("edited.mem")
    pm.BundleExporter().export(store, target)
    return target


def edit_package(path: Path, old: str, new: str) -> Path:
    """The SDK loads the store, a memory is edited, the SDK saves it where it was."""
    file = path / "memory-store.json"
    document: Any = sdk.load(file)
    memories = [memory for memory in document.memories if memory.content == old]
    assert len(memories) == 1
    memories[0].content = new
    memories[0].content_hash = sdk.compute_content_hash(new)
    document.integrity.checksum = sdk.compute_integrity_checksum([sdk.to_dict(memory) for memory in document.memories])
    sdk.save(document, file)
    assert sdk.validate(sdk.load(file)).is_valid
    return path


EDITS = {"portable-memory": edit_bundle, "portable-ai-memory": edit_package}
PAIRS = [(own, other) for own in STANDARDS for other in EDITS if own != other]


@pytest.mark.parametrize(("own", "other"), PAIRS)
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(new=texts, number=st.integers(0, 3))
def test_an_edit_of_the_sdk_comes_home_and_the_rest_stays(own: str, other: str, new: str, number: int) -> None:
    old = f"Statement number {number}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = SOURCES[own](folder)
        convert([source], folder / STANDARDS[other], format=other)
        edited = EDITS[other](folder / STANDARDS[other], old, new)
        (folder / "back").mkdir()
        back = folder / "back" / source.name
        convert([edited], back, format=own)
        before, after = said(own, source), said(own, back)
        expected = {(new if text == old else text): renamed(value, old, new) for text, value in before.items()}
        assert after.keys() == expected.keys()
        for text, value in expected.items():
            if own == "portable-agent-memory" and text == new:
                # An entry's name is its hash: an edited one is a new one.
                value, after[text] = ({**each, "parent_ids": []} for each in (value, after[text]))
            if own != "portable-agent-memory" or text != new:
                assert after[text] == value


@pytest.mark.parametrize("own", ["portable-ai-memory", "portable-agent-memory"])
def test_a_bundle_that_the_sdk_passed_on_comes_home_to_the_byte(own: str, tmp_path: Path) -> None:
    source = SOURCES[own](tmp_path)
    convert([source], tmp_path / "b.mem", format="portable-memory")
    through(tmp_path / "b.mem", tmp_path / "passed.mem")
    (tmp_path / "back").mkdir()
    convert([tmp_path / "passed.mem"], tmp_path / "back" / source.name, format=own)
    assert bytes_of(tmp_path / "back" / source.name) == bytes_of(source)


@pytest.mark.parametrize("own", ["portable-memory", "portable-agent-memory"])
def test_a_store_that_the_sdk_saved_again_comes_home_to_the_byte(own: str, tmp_path: Path) -> None:
    source = SOURCES[own](tmp_path)
    convert([source], tmp_path / "b", format="portable-ai-memory")
    file = tmp_path / "b" / "memory-store.json"
    before = json.loads(file.read_bytes())
    sdk.save(sdk.load(file), file)
    assert file.read_bytes() != json.dumps(before).encode()
    (tmp_path / "back").mkdir()
    convert([tmp_path / "b"], tmp_path / "back" / source.name, format=own)
    assert bytes_of(tmp_path / "back" / source.name) == bytes_of(source)
