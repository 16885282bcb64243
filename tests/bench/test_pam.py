"""The store that the bench measures is one that the validators find nothing wrong with, in either order of ids."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import portable_ai_memory
import pytest

from satchel.formats.portable_ai_memory.validation import validate
from satchel.limits import DEFAULT

ROOT = Path(__file__).parents[2]


def step(name: str, store: Path, *options: str) -> str:
    command = [sys.executable, str(ROOT / "bench" / "pam.py"), "--data", str(store), "--only", name, *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("order", ["random", "ascending"])
def test_the_store_is_sound_to_all_who_look_at_it(order: str, tmp_path: Path) -> None:
    store = tmp_path / "memory-store.json"
    step("make", store, "--memories", "60", "--order", order)
    assert list(validate(store, DEFAULT)) == []
    document = portable_ai_memory.load_memory_store(store)
    assert portable_ai_memory.validate(document).issues == []
    ids = [memory.id for memory in document.memories]
    assert (ids == sorted(ids)) == (order == "ascending")
    for name in ("floor", "sdk api", "sdk checksum"):
        step(name, store)
    assert document.integrity is not None
    assert step("satchel checksum", store).strip() == document.integrity.checksum
