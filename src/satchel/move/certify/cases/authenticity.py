"""I, authenticity: a deletion is a power; who may use it? Reported for the badge, required for L3."""

from __future__ import annotations

from satchel.move.certify import bundles, canonical, signing, snapshots
from satchel.move.certify.cases.registry import case
from satchel.move.certify.probe import Probe

_OURS = signing.seed("trusted")
_THEIRS = signing.seed("stranger")


@case("I1", "unsigned tombstones where only vouched deletions are asked for")
def unsigned(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    probe.tries(probe.bundle({}, [probe.mark("episode", scene.target)]), deletions="verified")
    probe.must(probe.look().row("episode", scene.target), "a deletion that nobody vouches for was applied")


@case("I2", "a tombstone's own signature is wrong, or a stranger's")
def signatures(probe: Probe) -> None:
    probe.needs("trusted_keys")
    for what in ("malformed", "altered", "stranger"):
        probe.reset()
        scene = probe.scene()
        probe.give(scene.rows)
        mark = probe.mark("episode", scene.target, signed_by=_THEIRS if what == "stranger" else _OURS)
        if what == "malformed":
            mark["signature"] = "ed25519:00:00"
        if what == "altered":
            mark["deletedAt"] = "2026-01-11T00:00:00Z"
        folder = probe.bundle({}, [mark], signed_by=_OURS)
        probe.tries(folder, trusted_keys=[signing.public_key(_OURS)])
        probe.must(probe.look().row("episode", scene.target), f"a tombstone was applied: {what} signature")


@case("I3", "tombstones taken out of a bundle, its digests made to fit again")
def stripped(probe: Probe) -> None:
    probe.needs("trusted_keys")
    for signed in (True, False):
        probe.reset()
        scene = probe.scene()
        probe.give(scene.rows)
        probe.delete("episode", scene.target, derived=scene.derived)
        whole = probe.export() if not signed else probe.bundle({}, probe.look().tombstones, signed_by=_OURS)
        cut = bundles.copy(whole, probe.path())
        (cut / "audit" / "tombstones.jsonl").unlink(missing_ok=True)
        manifest = snapshots.read(cut).manifest
        manifest["counts"] = {name: count for name, count in manifest.get("counts", {}).items() if name != "tombstone"}
        token = (cut / "manifest.sig").read_bytes() if signed else b""
        bundles.seal(cut, manifest, signed_by=None)
        if signed:
            (cut / "manifest.sig").write_bytes(token)
        probe.reset()
        report = probe.tries(cut, trusted_keys=[signing.public_key(_OURS)] if signed else [])
        noticed = report is None or report.warnings or report.flagged
        probe.must(noticed, f"{'a signed' if signed else 'an unsigned'} bundle without its tombstones was taken in silence")


@case("I4", "an older signed bundle replayed into a fresh store")
def replayed(probe: Probe) -> None:
    probe.needs("trusted_keys")
    keys = [signing.public_key(_OURS)]
    scene = probe.scene()
    old = probe.bundle(scene.rows, signed_by=_OURS, created_at="2026-02-01T00:00:00Z")
    new = probe.bundle({}, [probe.mark("episode", scene.target)], signed_by=_OURS, created_at="2026-03-01T00:00:00Z")
    probe.load(new, trusted_keys=keys)
    probe.reset(keep_watermarks=True)
    report = probe.tries(old, trusted_keys=keys)
    probe.must(report is None or report.warnings or report.flagged, "the older bundle was taken in silence")


@case("I5", "10,000 guessed ids in tombstones")
def guessed(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    nothing = canonical.encode(bundles.derived_lists())
    lines = [
        b'{"actor":"probe","deletedAt":"2026-01-10T00:00:00Z","derived":%b,"id":"tomb_%d","op":"delete","targetID":"guess_%d",'
        b'"targetKind":"episode"}' % (nothing, number, number)
        for number in range(10_000)
    ]
    probe.tries(probe.bundle({}, [*lines, probe.mark("episode", scene.target)]))
    probe.must(probe.look().row("episode", scene.target), "10,000 deletions were applied without asking")
