"""What the fuzzer begins from: the files of ``seeds/``, and the shared bundles where they are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.conftest import SHARED
from tests.fuzz.cases import Case, Section

FOLDER = Path(__file__).parent / "seeds"
_BUNDLES = SHARED / "conformance" / "portable-memory" / "Conformance"


def kept(target: str) -> list[Path]:
    """The seed files of a target, by name."""
    return sorted((FOLDER / target).iterdir())


def all_of(target: str) -> Iterator[bytes]:
    """Every seed of a target."""
    for path in kept(target):
        yield path.read_bytes()
    yield from shared(target)


def shared(target: str) -> Iterator[bytes]:
    """The shared bundles as inputs: whole, or line by line."""
    for manifest in sorted(_BUNDLES.rglob("manifest.json")):
        sections = [
            Section("==", str(path.relative_to(manifest.parent)).encode(), path.read_bytes().removesuffix(b"\n"))
            for path in sorted(manifest.parent.rglob("*.jsonl"))
        ]
        if target == "bundle":
            yield bytes(Case(b"s", sections))
        else:
            for section in sections:
                yield from section.data.split(b"\n")
