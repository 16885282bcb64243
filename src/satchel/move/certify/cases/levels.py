"""L0 and L1 of dossier section 8, as far as they can be asked from outside: what an export promises, what an import keeps."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import canonical, snapshots
from satchel.move.certify.cases.kinds import specimen
from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import FIELDS, key_of, row
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.scene import Scene
from satchel.move.certify.snapshots import Snapshot


def _given(probe: Probe) -> Scene:
    scene = probe.scene()
    probe.give(scene.rows)
    return scene


def _verified(probe: Probe, folder: Path) -> Snapshot | None:
    try:
        return snapshots.read_verified(folder)
    except MalformedInput as error:
        probe.must(False, f"the export does not hold together: {error}")
        return None


def _steady(folder: Path) -> dict[str, bytes]:
    """A bundle's bytes without what may change from export to export: the time and the signature over it."""
    found = snapshots.read(folder)
    manifest = {name: value for name, value in found.manifest.items() if name != "createdAt"}
    files = {name: data for name, data in found.files.items() if name not in ("manifest.sig", "audit/log.jsonl", "CHECKSUMS")}
    for name in ("files", "bundleDigest", "counts"):
        if "audit/log.jsonl" in found.files:
            manifest.pop(name, None)
    return {**files, "manifest.json": canonical.encode(manifest)}


@case("L0-3", "its own export validates: digests, canonical lines, order, counts")
def valid(probe: Probe) -> None:
    _given(probe)
    folder = probe.export()
    found = _verified(probe, folder)
    for fault in snapshots.faults(found) if found else ():
        probe.must(False, fault)
    if probe.has("validate"):
        probe.must(not probe.validate(folder), "its own validator refuses it")


@case("L0-4", "exporting twice gives the same bytes but for createdAt")
def twice(probe: Probe) -> None:
    _given(probe)
    probe.must(_steady(probe.export()) == _steady(probe.export()), "two exports of one store differ")


@case("L0-5", "the order in which rows came does not change the export")
def any_order(probe: Probe) -> None:
    scene = probe.scene()
    ends = []
    for turn in (sorted, lambda lines: sorted(lines, reverse=True)):
        probe.reset()
        probe.load(probe.bundle(scene.rows, arrange=turn))
        ends.append(_steady(probe.export()))
    probe.must(ends[0] == ends[1], "the same rows in another order are exported as other bytes")


@case("L0-6", "no file for an empty kind; absent optionals left out")
def sparse(probe: Probe) -> None:
    scene = probe.scene()
    probe.give({"episode": scene.rows["episode"]})
    found = probe.look()
    names = {name for name in found.files if name.startswith("items/")}
    probe.must(names == {"items/episode.jsonl"}, "there are files of kinds without rows")
    rows = found.rows.get("episode", {}).values()
    probe.must(all(value is not None for one in rows for value in one.values()), "an absent optional is written as null")


@case("L0-7", "CHECKSUMS: form, order, digests")
def checksums(probe: Probe) -> None:
    _given(probe)
    found = _verified(probe, probe.export())
    if found:
        lines = (found.folder / "CHECKSUMS").read_bytes()
        entries = sorted(found.manifest["files"], key=lambda entry: str(entry["path"]))
        wanted = "".join(f"{entry['sha256']}  {entry['path']}\n" for entry in entries)
        probe.must(lines == (wanted.encode() or b"\n"), "CHECKSUMS is not in its form or order")


@case("L0-8", "specURL, coverage, scopes and bundleDigest right, and absent where empty")
def overview(probe: Probe) -> None:
    bare = probe.look().manifest
    probe.must("coverage" not in bare and "scopes" not in bare, "an empty store exports coverage or scopes")
    scene = probe.scene()
    later = scene.target_row(eventTime="2026-02-03T04:05:06Z")
    probe.give({**scene.only("context"), "episode": [later, *scene.rows["episode"][1:]]})
    manifest = probe.look().manifest
    wanted = {"from": scene.rows["episode"][1]["eventTime"], "to": "2026-02-03T04:05:06Z"}
    probe.must(manifest.get("coverage") == wanted, "coverage is wrong")
    probe.must(manifest.get("scopes") == [scene.id("ctx")], "scopes is wrong")
    probe.must("bundleDigest" in manifest, "there is no bundleDigest")


@case("L0-9", "an export into a used folder leaves no stale file")
def stale_files(probe: Probe) -> None:
    _given(probe)
    folder = probe.export()
    probe.reset()
    scene = probe.scene()
    probe.give({"episode": scene.rows["episode"]})
    probe.export(into=folder)
    found = _verified(probe, folder)
    if found:
        probe.must(set(found.rows) == {"episode"}, "rows of the older export are in it")


def _tampered(probe: Probe) -> list[tuple[str, Callable[[Path], None]]]:
    episode = "items/episode.jsonl"

    def manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
        made = snapshots.read(folder).manifest
        change(made)
        (folder / "manifest.json").write_bytes(canonical.encode(made))

    def listed(folder: Path, path: str) -> None:
        manifest(folder, lambda made: made["files"][0].update(path=path))

    def flipped(folder: Path) -> None:
        data = bytearray((folder / episode).read_bytes())
        data[data.index(b"harbour")] ^= 1
        (folder / episode).write_bytes(bytes(data))

    def unlisted(folder: Path) -> None:
        (folder / "items" / "core.jsonl").write_bytes(b"{}\n")

    def linked(folder: Path) -> None:
        outside = probe.path().with_suffix(".jsonl")
        (folder / episode).rename(outside)
        (folder / episode).symlink_to(outside)

    return [
        ("a flipped bit", flipped),
        ("a wrong byte count", lambda folder: manifest(folder, lambda made: made["files"][0].update(bytes=1))),
        ("a missing file", lambda folder: (folder / episode).unlink()),
        ("a file that is not listed", unlisted),
        ("a path out of the bundle", lambda folder: listed(folder, "../escape.jsonl")),
        ("an absolute path", lambda folder: listed(folder, os.devnull)),
        ("a symbolic link", linked),
        ("a wrong bundleDigest", lambda folder: manifest(folder, lambda made: made.update(bundleDigest="0" * 64))),
        ("no CHECKSUMS beside a bundleDigest", lambda folder: (folder / "CHECKSUMS").unlink()),
    ]


@case("L0-10", "whatever was tampered with is refused, and nothing of it taken")
def tampered(probe: Probe) -> None:
    before = probe.look().content()
    for what, spoil in _tampered(probe):
        folder = probe.bundle({"episode": probe.scene().rows["episode"]})
        spoil(folder)
        if probe.must(probe.tries(folder) is None, f"{what}: the bundle was taken"):
            probe.must(probe.look().content() == before, f"{what}: something of it was taken")
        else:
            probe.reset()


@case("L0-11", "format 1.0 is taken, major 2 refused, unknown manifest members borne with")
def versions(probe: Probe) -> None:
    old = {"format": "1.0.0", "specURL": None, "coverage": None, "scopes": None, "bundleDigest": None}
    for what, changes, taken in (
        ("a 1.0 bundle", old, True),
        ("a 2.0 bundle", {"format": "2.0.0"}, False),
        ("a bundle with unknown manifest members", {"vendorThing": {"a": [1]}}, True),
    ):
        folder = probe.bundle({"episode": probe.scene().rows["episode"]}, manifest=changes)
        found = probe.tries(folder) is not None
        probe.must(found == taken, f"{what} was {'taken' if found else 'refused'}")


@case("L1-1", "every kind comes out as the bytes that went in")
def round_trip(probe: Probe) -> None:
    rows: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in FIELDS:
        if probe.supports(kind):
            for of, made in specimen(kind, probe.needles.needle(), probe.needles.word())[0].items():
                rows.setdefault(of, {}).update({key_of(of, one): one for one in made})
    given = probe.bundle({kind: list(of.values()) for kind, of in rows.items()})
    probe.load(given)
    before, after = snapshots.read(given), probe.look()
    for name, data in before.files.items():
        if name.startswith("items/"):
            probe.must(after.files.get(name) == data, f"{name} is not what went in")


@case("L1-2", "members of no standard on an episode come out again, numbers canonical")
def ext(probe: Probe) -> None:
    scene = probe.scene()
    line = (
        canonical.encode(scene.target_row())[:-1]
        + b',"zNumber":1E2,"zVendor":{"a":[1.0,0.1234567890123456789,null,"\\u00e9"]}}'
    )
    probe.give({"episode": [line]})
    found = probe.look().row("episode", scene.target) or {}
    wanted = {"a": [1, 0.12345678901234568, None, "\u00e9"]}
    probe.must(found.get("zVendor") == wanted and found.get("zNumber") == 100, "they are lost or changed")
    exported = probe.look().files.get("items/episode.jsonl", b"")
    probe.must(b'"zNumber":100,' in exported and b"[1,0.12345678901234568,null," in exported, "their numbers are not canonical")


@case("L1-3", "lines of foreign kinds come out byte for byte")
def foreign(probe: Probe) -> None:
    lines = [b'{"b": 1.0,  "a":2}', b'  {"id":"x"} ', b"not JSON at all"]
    probe.give({"x-probe-thing": lines})
    probe.must(probe.look().foreign.get("x-probe-thing") == lines, "they are lost or changed")


@case("L1-4", "importing again changes nothing, tombstones included")
def idempotent(probe: Probe) -> None:
    scene = probe.scene()
    folder = probe.bundle(scene.rows, [probe.mark("episode", scene.target, derived=scene.derived)])
    probe.load(folder)
    first = probe.look().content()
    probe.load(folder)
    probe.must(probe.look().content() == first, "the second import changed the store")
    own = probe.export()
    probe.load(own)
    probe.must(probe.look().content() == first, "importing its own export changed the store")


@case("L1-5", "a changed edge or fact supersedes; the old one stays")
def supersedes(probe: Probe) -> None:
    scene = probe.scene()
    old_edge = {**scene.rows["edge"][2], "edgeType": f"knew_{scene.word}"}
    probe.give({**scene.rows, "edge": [*scene.rows["edge"][:2], old_edge]})
    later = "2026-03-01T00:00:00Z"
    changes = {
        "edge": {**old_edge, "edgeType": "owns", "tValidFrom": later},
        "fact": {**scene.rows["fact"][2], "text": "There are none.", "tValidFrom": later},
    }
    asked = {kind: [one] for kind, one in changes.items() if probe.supports(kind)}
    if not asked:
        raise NotApplicable("the host supports neither edge nor fact")
    probe.give(asked)
    found = probe.look()
    for kind, name in (("edge", "edgeType"), ("fact", "text")):
        if kind in asked:
            said = {str(one.get(name)) for one in found.rows.get(kind, {}).values()}
            probe.must(str(asked[kind][0][name]) in said, f"the new {kind} is not there")
            old = {"edge": old_edge, "fact": scene.rows["fact"][2]}[kind]
            probe.must(str(old[name]) in said, f"the old {kind} was overwritten")


@case("L1-6", "rows without an id merge by their natural key")
def natural_keys(probe: Probe) -> None:
    needle, word = probe.needles.needle(), probe.needles.word()
    for kind in ("preference", "category", "factLink", "episodeLink"):
        if probe.supports(kind):
            rows, _ = specimen(kind, needle, word)
            probe.give(rows)
            changed = {"preference": "value", "category": "description"}.get(kind)
            more = [{**rows[kind][-1], changed: "changed"} if changed else rows[kind][-1]]
            probe.give({**rows, kind: more})
            lines = probe.look().files.get(f"items/{kind}.jsonl", b"").count(b"\n")
            probe.must(lines == 1, f"one {kind} came twice and is there {lines} times")


@case("L1-8", "times with fractions and offsets are taken and put in one form")
def times(probe: Probe) -> None:
    scene = probe.scene()
    given = {"eventTime": "2026-01-05T12:00:00.987654+02:00", "mentionTime": "2026-01-05T10:00:00.5Z"}
    probe.give({"episode": [scene.target_row(**given)]})
    found = probe.look().row("episode", scene.target) or {}
    probe.must(
        found.get("eventTime") == found.get("mentionTime") == "2026-01-05T10:00:00Z", "they are not 2026-01-05T10:00:00Z"
    )


@case("L1-9", "an integral float is taken as an integer; wrong types are refused")
def types(probe: Probe) -> None:
    scene = probe.scene()
    plain = canonical.encode(scene.target_row())
    probe.give({"episode": [plain.replace(b'"accessCount":0', b'"accessCount":2.0')]})
    probe.must((probe.look().row("episode", scene.target) or {}).get("accessCount") == 2, "2.0 was not taken as 2")
    for what, wrong in (
        ("a fraction where an integer belongs", {"accessCount": 1.5}),
        ("a number where text belongs", {"details": 7}),
        ("text where a flag belongs", {"pinned": "yes"}),
        ("a number in metadata", {"metadata": {"a": 1}}),
        ("null in a list", {"actors": [None]}),
    ):
        folder = probe.bundle({"episode": [scene.target_row(id=scene.id("wrong"), **wrong)]})
        probe.tries(folder)
        probe.must(probe.look().row("episode", scene.id("wrong")) is None, f"{what} was taken")


@case("L1-10", "an incremental export on top of an old full one ends where a full one does")
def incremental(probe: Probe) -> None:
    probe.needs("incremental")
    scene = _given(probe)
    old = probe.export()
    since = probe.now()
    late = {"ingestionTime": since, "mentionTime": since, "eventTime": since}
    probe.give({"episode": [{**scene.target_row(), "id": scene.id("later"), **late}]})
    probe.delete("episode", scene.id("third"))
    delta = probe.export("incremental", since=since)
    full = probe.look().content()
    probe.reset()
    probe.load(old)
    probe.load(delta)
    probe.must(probe.look().content() == full, "the two stores differ")


@case("L1-11", "a dry run writes nothing")
def dry(probe: Probe) -> None:
    probe.needs("dry_run")
    scene = _given(probe)
    before = probe.look().content()
    probe.load(probe.bundle(probe.scene().rows, [probe.mark("episode", scene.target)]), dry_run=True)
    probe.must(probe.look().content() == before, "it wrote")


@case("L1-12", "a bundle that fails verification writes nothing")
def unverified(probe: Probe) -> None:
    scene = _given(probe)
    before = probe.look().content()
    folder = probe.bundle(probe.scene().rows, [probe.mark("episode", scene.target)])
    (folder / "items" / "fact.jsonl").write_bytes(b"{}\n")
    probe.must(probe.tries(folder) is None, "it was taken")
    probe.must(probe.look().content() == before, "it wrote")


@case("L1-13", "another store's audit log is not replayed as one's own")
def audit_log(probe: Probe) -> None:
    word = probe.needles.word()
    entry = {"actor": "elsewhere", "op": "delete", "targetID": word, "ts": "2026-01-01T00:00:00Z"}
    probe.give({"episode": [row("episode", id=word, details="It stays.", summary="")]}, audit=[entry])
    found = probe.look()
    probe.must(found.row("episode", word), "an audit row of another store deleted something")
    probe.must(entry not in found.audit, "an audit row of another store is passed off as its own")
