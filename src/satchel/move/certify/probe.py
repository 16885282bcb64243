"""What a case works with: a clean host, bundles to feed it, and ways to look into it from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from satchel.errors import MalformedInput
from satchel.move.certify import bundles, snapshots
from satchel.move.certify.kinds import FIELDS
from satchel.move.certify.needles import Needle, Needles
from satchel.move.certify.protocol import (
    Deleted,
    Findings,
    Hit,
    Hits,
    Host,
    HostFault,
    Nothing,
    Paths,
    Refused,
    Report,
    Route,
    Timeouts,
)
from satchel.move.certify.scene import Scene
from satchel.move.certify.snapshots import Snapshot

#: More than any probe's corpus holds: "k = corpus size".
ALL = 1000


class NotApplicable(Exception):
    """Raised by a case that this host cannot be asked; the text says why."""


class Probe:
    """One case on one host. ``must`` notes a failure, ``control`` something that cannot be told; the case goes on."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        state: Path,
        needles: Needles,
        *,
        timeouts: Timeouts,
        host: Host | None = None,
    ) -> None:
        """``folder`` is for bundles, ``state`` where the host may keep its store."""
        self.command = command
        self.folder = folder
        self.needles = needles
        self.timeouts = timeouts
        self.state = state
        self.state.mkdir(parents=True, exist_ok=True)
        #: The host as it is now; a restart or a breakdown changes it.
        self.running = host
        self._count = 0
        self.failures: list[str] = []
        self.doubts: list[str] = []
        self.notes: list[str] = []
        self.dark_routes: list[str] = []
        self.digests: list[str] = []

    # Verdicts

    def must(self, holds: object, otherwise: str) -> bool:
        """The case fails where ``holds`` is false."""
        if not holds:
            self.failures.append(otherwise)
        return bool(holds)

    def control(self, holds: object, otherwise: str) -> bool:
        """A positive control: without it the case can tell nothing."""
        if not holds:
            self.doubts.append(otherwise)
        return bool(holds)

    def needs(self, feature: str) -> None:
        """The case applies only to a host that declares ``feature``."""
        if feature not in self.host.hello.features:
            raise NotApplicable(f"the host does not declare {feature}")

    def has(self, feature: str) -> bool:
        return feature in self.host.hello.features

    def supports(self, kind: str) -> bool:
        return kind not in FIELDS or kind in self.host.hello.kinds

    # The host

    @property
    def host(self) -> Host:
        """The running host, started where there is none yet.

        Raises:
            HostFault: it ended without being asked to; starting it anew in silence would hide that.
        """
        if self.running is None:
            self.running = Host(self.command, timeouts=self.timeouts, state=str(self.state))
        if not self.running.alive:
            self.running.kill()
            raise HostFault("died", "the host ended between two requests")
        return self.running

    def revive(self) -> None:
        """Start the host anew after it broke down, for a case that has more to ask."""
        if self.running is not None:
            self.running.kill()
        self.running = Host(self.command, timeouts=self.timeouts, state=str(self.state))

    def restart(self, *, kill: bool = False) -> None:
        """End the host, in order or by a kill, and start it again over the same state."""
        old = self.host
        if kill:
            old.kill()
        else:
            old.close()
        self.running = Host(self.command, timeouts=self.timeouts, state=str(self.state))

    def reset(self, **params: Any) -> None:
        self.host.ask("reset", params, Nothing)

    def settle(self) -> None:
        self.host.ask("settle", {}, Nothing)

    # Feeding it

    def path(self) -> Path:
        """A new path, with nothing there yet."""
        self._count += 1
        return self.folder / f"{self._count:03}.mem"

    def bundle(
        self, rows: bundles.Rows | None = None, tombstones: Sequence[dict[str, Any] | bytes] = (), **options: Any
    ) -> Path:
        """A bundle on disk; options as ``bundles.write``."""
        import hashlib

        folder = bundles.write(self.path(), rows or {}, tombstones, **options)
        self.digests.append(hashlib.sha256((folder / "CHECKSUMS").read_bytes()).hexdigest())
        return folder

    def load(self, folder: Path, **params: Any) -> Report:
        """Import; raises Refused where the host will not."""
        return self.host.ask("import", {"path": str(folder), **params}, Report)

    def give(
        self, rows: bundles.Rows | None = None, tombstones: Sequence[dict[str, Any] | bytes] = (), **options: Any
    ) -> Report:
        """``bundle`` and ``load`` in one."""
        return self.load(self.bundle(rows, tombstones, **options))

    def tries(self, folder: Path, **params: Any) -> Report | None:
        """Import that may be refused: None where it was."""
        try:
            return self.load(folder, **params)
        except Refused as refused:
            self.notes.append(str(refused))
            return None

    def delete(
        self, kind: str, key: str, *, op: str = "delete", derived: dict[str, Any] | None = None, **params: Any
    ) -> Deleted:
        """Delete by the host's own means; ``derived`` is for a host that cannot work it out."""
        asked = {"kind": kind, "key": key, "op": op, "derived": derived or bundles.derived_lists(), **params}
        return self.host.ask("delete", asked, Deleted)

    def mark(self, kind: str, key: str, **options: Any) -> dict[str, Any]:
        """A tombstone with an id of its own."""
        return bundles.tombstone(kind, key, **{"id": f"tomb_{self.needles.word()}", **options})

    # Looking

    def export(self, mode: str = "full", *, into: Path | None = None, **params: Any) -> Path:
        folder = into or self.path()
        self.host.ask("export", {"path": str(folder), "mode": mode, **params}, Nothing)
        if not (folder / "manifest.json").is_file():
            raise HostFault("wrong-type", "the host says that it exported, and there is no manifest.json")
        return folder

    def look(self) -> Snapshot:
        """What a fresh full export says.

        Raises:
            HostFault: the host wrote something that is no bundle.
        """
        folder = self.export()
        try:
            return snapshots.read(folder)
        except MalformedInput as error:
            raise HostFault("wrong-type", f"the host's export cannot be read: {error}") from None

    def routes(self, *types: str) -> list[Route]:
        """The host's routes of these types; all for none."""
        return [route for route in self.host.hello.routes if not types or route.type in types]

    def search(self, route: Route, query: str, *, k: int = ALL, **options: Any) -> list[Hit]:
        return self.host.ask("search", {"route": route.name, "query": query, "k": k, **options}, Hits).hits

    def finds(self, route: Route, query: str, needle: Needle, **options: Any) -> bool:
        """Whether a route gives a hit with a mark of the needle."""
        return any(needle.in_text(hit.text) for hit in self.search(route, query, **options))

    def absent(self, needle: Needle, where: str, *, targets: Iterable[tuple[str, str]] = ()) -> Snapshot:
        """Fail the case where a full export or any search route still has a mark of the needle, or a row of ``targets``."""
        found = self.look()
        way = needle.in_bytes(found.all_bytes())
        self.must(not way, f"{where}: the export holds the text ({way})")
        for kind, key in targets:
            self.must(found.row(kind, key) is None, f"{where}: the {kind} row is in the export")
        for route in self.routes("lexical", "dense", "summary", "other", "replica"):
            self.must(not self.finds(route, needle.token, needle), f"{where}: route {route.name} gives the text")
        return found

    def paths(self) -> list[Path]:
        return [Path(path) for path in self.host.ask("paths", {}, Paths).paths]

    def validate(self, folder: Path) -> list[str]:
        return self.host.ask("validate", {"path": str(folder)}, Findings).findings

    def scene(self) -> Scene:
        """A small world around a fresh needle and a decoy that shares vocabulary, entity, resource and evidence with it."""
        return Scene.make(self.needles)

    @staticmethod
    def now() -> str:
        # Not time.gmtime(): its coarse clock lags, and a moment before what the host has just written would be the result.
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
