"""L, residue: after settling, no byte of the text is left where the host keeps its store, nor in what it exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import NotApplicable, Probe

#: What a scan reads of the raw store: a store under test is small.
_SCAN_BYTES = 1 << 30


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (inner for inner in sorted(path.rglob("*")) if inner.is_file() and not inner.is_symlink())
        elif path.is_file():
            yield path


@case("L1", "raw scan of the store's files: UTF-8, UTF-16, base64, escaped, hex")
def raw(probe: Probe) -> None:
    probe.needs("raw_paths")
    scene = probe.scene()
    probe.give(scene.rows)
    probe.settle()
    files = [path for path in _files(probe.paths()) if path.stat().st_size <= _SCAN_BYTES]
    if not probe.control(files, "the host names no files to scan"):
        return
    if not any(scene.needle.in_bytes(path.read_bytes()) for path in files):
        probe.notes.append("the text could not be seen in the raw files before either (encrypted or compressed)")
    probe.delete("episode", scene.target, derived=scene.derived)
    probe.settle()
    left = _SCAN_BYTES
    for path in _files(probe.paths()):
        left -= path.stat().st_size
        if not probe.control(left > 0, "the raw store is too large to scan"):
            return
        data = path.read_bytes()
        way = scene.needle.in_bytes(data)
        probe.must(not way, f"{path.name} holds the text ({way})")


@case("L2", "a fresh full export: no text, and the tombstone")
def fresh(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.control(scene.needle.in_bytes(probe.look().all_bytes()), "the text was not in the export before")
    probe.give({}, [probe.mark("episode", scene.target, derived=scene.derived)])
    probe.settle()
    found = probe.absent(scene.needle, "after the deletion")
    probe.must(found.tombstones_of("episode", scene.target), "the tombstone is not in the export")


@case("L3", "an export into the folder of an older one")
def over_old(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    folder = probe.export()
    probe.control(any(scene.needle.in_bytes(path.read_bytes()) for path in _files([folder])), "the old export lacks the text")
    probe.give({}, [probe.mark("episode", scene.target, derived=scene.derived)])
    probe.settle()
    probe.export(into=folder)
    for path in _files([folder]):
        probe.must(not scene.needle.in_bytes(path.read_bytes()), f"{path.name} still holds the text")


@case("L4", "backups: how long they are kept, and that a restore replays the tombstones")
def backups(_probe: Probe) -> None:
    raise NotApplicable("declared by the host's makers; nothing over the protocol can show it")
