"""J, crash: a broken bundle or a killed host leaves the old state or the new one, and never a resurrection."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from satchel.move.certify import bundles, canonical, watch
from satchel.move.certify.cases.registry import case
from satchel.move.certify.kinds import row
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.protocol import Deleted, HostFault, Refused, Report

#: Moments after the request at which a host is killed, in seconds.
_KILLS_S = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05)
_FILLER_BYTES = 16 << 20
_SWAPS = 3


@case("J1", "killed during an import, then started again")
def killed(probe: Probe) -> None:
    probe.needs("restart")
    scene = probe.scene()
    mark = probe.bundle({}, [probe.mark("episode", scene.target, derived=scene.derived)])
    filler = [row("episode", id=f"filler_{number}", details=f"Line {number}.", summary="") for number in range(200)]
    stale = probe.bundle({**scene.rows, "episode": [*scene.rows["episode"], *filler]})
    probe.load(mark)
    for delay in _KILLS_S:
        probe.host.send("import", {"path": str(stale)})
        time.sleep(delay)
        probe.restart(kill=True)
        found = probe.look()
        probe.must(found.tombstones_of("episode", scene.target), f"killed after {delay} s: the tombstone is lost")
        probe.must(found.row("episode", scene.target) is None, f"killed after {delay} s: the row is back")
        count = len(found.rows.get("episode", {}))
        probe.must(count in (0, len(filler) + 2), f"killed after {delay} s: {count} episodes, neither none nor all")


@case("J2", "a later record is malformed, though its checksum holds")
def malformed(probe: Probe) -> None:
    scene = probe.scene()
    probe.give(scene.rows)
    before = probe.look().content()
    fresh = probe.scene()
    mark = probe.mark("episode", scene.target, derived=scene.derived)
    rows: dict[str, list[dict[str, object] | bytes]] = {kind: list(of) for kind, of in fresh.rows.items()}
    for broken in (b'{"id":"proc_broken","name":', b'{"id":7,"name":[]}'):
        refused = probe.tries(probe.bundle({**rows, "procedure": [broken]}, [mark])) is None
        same = probe.look().content() == before
        probe.must(refused and same, "the bundle was taken" if not refused else "part of the refused bundle was taken")


@case("J3", "a file swapped between its hashing and its reading")
def swapped(probe: Probe) -> None:
    if not watch.available():
        raise NotApplicable("this system cannot tell when a file is read")
    # Hashed after the target and read by nobody: time for the swap, for a host that hashes all before it reads any.
    filler = {"provenance/filler.bin": bytes(_FILLER_BYTES)}
    # On a busy machine the swap can come too late to be noticed, never too early.
    for _ in range(_SWAPS):
        scene, attack = probe.scene(), probe.scene()
        folder = probe.bundle({"episode": scene.rows["episode"]}, more_files=filler)
        other = probe.bundle({"episode": attack.rows["episode"]})
        target = folder / "items" / "episode.jsonl"
        with watch.swap_when_closed(target, other / "items" / "episode.jsonl"):
            probe.tries(folder)
        shutil.rmtree(folder)
        if not probe.must(not attack.needle.in_bytes(probe.look().all_bytes()), "a file that nobody hashed was imported"):
            return


def _hostile(probe: Probe) -> Iterator[tuple[str, Callable[[], Path]]]:
    scene = probe.scene()
    good = scene.rows["episode"]
    plain = canonical.encode(good[0])

    def with_ext(value: bytes) -> Path:
        return probe.bundle({"context": scene.rows["context"], "episode": [plain[:-1] + b',"zExt":' + value + b"}"]})

    def replaced(make: Callable[[Path], None]) -> Path:
        folder = probe.bundle({"episode": good})
        (folder / "items" / "episode.jsonl").unlink()
        make(folder / "items" / "episode.jsonl")
        return folder

    yield "deep nesting", lambda: with_ext(b"[" * 100_000 + b"]" * 100_000)
    yield "an integer of 5,000 digits", lambda: with_ext(b"7" * 5000)
    yield "NaN", lambda: with_ext(b"NaN")
    yield "an infinite number", lambda: with_ext(b"1e400")
    yield "a lone surrogate", lambda: with_ext(b'"\\ud800"')
    yield "a symbolic link", lambda: replaced(lambda path: path.symlink_to(bundles.write(probe.path(), {"episode": good})))
    yield "a named pipe", lambda: replaced(os.mkfifo)


@case("J4", "deep nesting, huge integers, NaN, a pipe, a link: refused, and nothing written")
def hostile(probe: Probe) -> None:
    base = probe.scene()
    probe.give(base.rows)
    before = probe.look().content()
    for what, make in _hostile(probe):
        folder = make()
        try:
            probe.host.ask("import", {"path": str(folder)}, Report, timeout_s=probe.timeouts.hostile_s)
            probe.must(False, f"{what}: the bundle was taken")
        except Refused:
            with contextlib.suppress(Refused):
                same = probe.look().content() == before
                probe.must(same, f"{what}: part of the refused bundle was taken")
                if same:
                    continue
            # An export that is refused now was broken by what came in.
        except HostFault as fault:
            probe.must(False, f"{what}: {fault}")
            probe.revive()
        probe.reset()
        probe.give(base.rows)


@case("J5", "a deletion while imports and exports run")
def busy(probe: Probe) -> None:
    scene = probe.scene()
    rows = scene.only("context", "episode")
    probe.give(rows)
    stale, into = probe.bundle(rows), probe.path()
    host = probe.host
    # All are sent before any is answered: a host that works on several at once has the race.
    asked = {"kind": "episode", "key": scene.target, "op": "delete", "derived": scene.derived}
    sent: list[tuple[str, type[Report | Deleted | dict[str, object]], int]] = [
        ("import", Report, host.send("import", {"path": str(stale)})),
        ("export", dict, host.send("export", {"path": str(into), "mode": "full"})),
        ("delete", Deleted, host.send("delete", asked)),
        ("import", Report, host.send("import", {"path": str(stale)})),
    ]
    for method, type, number in sent:
        host.answer(number, method, type)
    probe.settle()
    probe.absent(scene.needle, "after settling", targets=[("episode", scene.target)])
