"""L3 of dossier section 8: audit, Evidence Packs and signatures."""

from __future__ import annotations

from satchel.errors import MalformedInput
from satchel.move.certify import signing, snapshots
from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import row
from satchel.move.certify.probe import NotApplicable, Probe

#: The seed of the published test key (dossier section 5).
_TEST_SEED = bytes(range(32))


@case("L3-1", "each mutation has one audit row")
def audit(probe: Probe) -> None:
    probe.needs("audit")
    scene = probe.scene()
    probe.give(scene.rows)
    asked = [(scene.target, "delete"), (scene.id("decoy"), "redact" if probe.has("redact") else "delete")]
    for key, op in asked:
        probe.delete("episode", key, op=op)
    rows = [(entry.get("targetID"), entry.get("op")) for entry in probe.look().audit]
    for found in asked:
        probe.must(rows.count(found) == 1, f"there are {rows.count(found)} audit rows for a {found[1]}")


@case("L3-2", "the Evidence Pack validates, and holds tombstones, audit and provenance")
def evidence(probe: Probe) -> None:
    probe.needs("evidence")
    scene = probe.scene()
    probe.give(scene.rows)
    probe.delete("episode", scene.target, derived=scene.derived)
    try:
        found = snapshots.read_verified(probe.export("evidence"))
    except MalformedInput as error:
        probe.must(False, f"it does not hold together: {error}")
        return
    probe.must(found.manifest.get("conformanceLevel") == "L3", "its level is not L3")
    probe.must("coverage" not in found.manifest and "scopes" not in found.manifest, "it has coverage or scopes")
    probe.must(not found.rows and not found.foreign, "it holds items")
    probe.must("audit/tombstones.jsonl" in found.files, "it holds no tombstones")
    if probe.supports("edge"):
        probe.must("provenance/edges.jsonl" in found.files, "it holds no provenance")


@case("L3-3", "where keys are trusted, only a bundle that one of them signed is taken")
def signatures(probe: Probe) -> None:
    probe.needs("trusted_keys")
    ours, theirs = signing.seed("trusted"), signing.seed("stranger")
    keys = [signing.public_key(ours)]
    rows = {"episode": probe.scene().rows["episode"]}
    for what, folder in (
        ("unsigned", probe.bundle(rows)),
        ("signed by a stranger", probe.bundle(rows, signed_by=theirs)),
        ("with a malformed signature", probe.bundle(rows)),
        ("with a tampered manifest", probe.bundle(rows, signed_by=ours)),
    ):
        if what.startswith("with a m"):
            (folder / "manifest.sig").write_text("ed25519:00:00\n")
        if what.startswith("with a t"):
            data = (folder / "manifest.json").read_bytes()
            (folder / "manifest.json").write_bytes(data.replace(b'"schemaVersion":0', b'"schemaVersion":1'))
        probe.must(probe.tries(folder, trusted_keys=keys) is None, f"a bundle {what} was taken")
    probe.must(probe.tries(probe.bundle(rows, signed_by=ours), trusted_keys=keys), "a rightly signed bundle was refused")


@case("L3-4", "its own signature verifies")
def own_signature(probe: Probe) -> None:
    probe.needs("signing")
    probe.give(probe.scene().rows)
    folder = probe.export(sign=_TEST_SEED.hex())
    found = snapshots.read(folder)
    by = signing.signer(found.files.get("manifest.sig", b""), found.manifest_bytes)
    probe.must(by == signing.public_key(_TEST_SEED), "its signature does not hold")
    probe.must("signed" in found.manifest.get("capabilities", []), "it does not say that it is signed")


@case("L3-5", "tombstones that it signs verify, and no longer once altered")
def tombstone_signature(probe: Probe) -> None:
    probe.needs("signing")
    scene = probe.scene()
    probe.give(scene.rows)
    probe.delete("episode", scene.target, derived=scene.derived, sign=_TEST_SEED.hex())
    marks = probe.look().tombstones_of("episode", scene.target)
    keys = [signing.public_key(_TEST_SEED)]
    if probe.must(marks, "there is no tombstone"):
        probe.must(signing.tombstone_signer(marks[0], keys), "its signature does not hold")
        altered = {**marks[0], "targetID": scene.id("decoy")}
        probe.must(not signing.tombstone_signer(altered, keys), "its signature holds for another target too")


@case("L3-6", "a redact tombstone stays one over the wire")
def redact(probe: Probe) -> None:
    scene = probe.scene()
    probe.give({}, [probe.mark("episode", scene.target, op="redact")])
    passed = probe.export()
    probe.reset()
    probe.load(passed)
    ops = [mark.get("op") for mark in probe.look().tombstones_of("episode", scene.target)]
    probe.must(ops == ["redact"], f"its op is {ops}")


@case("L3-7", "secretRefs: the import warns")
def secrets(probe: Probe) -> None:
    if not probe.supports("secretRef"):
        raise NotApplicable("the host does not support secretRef")
    report = probe.give({"secretRef": [row("secretRef", id=f"sec_{probe.needles.word()}", label="bank", preview="…1234")]})
    probe.must(report.warnings, "it does not warn")
