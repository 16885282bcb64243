"""Running a certification: each case on a clean host, then the controls on hosts that are broken on purpose."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from satchel.errors import SatchelError, UsageError
from satchel.move.certify import verdicts
from satchel.move.certify.cases import CASES, Case
from satchel.move.certify.mutants import MUTANTS, Mutant
from satchel.move.certify.needles import Needles
from satchel.move.certify.probe import NotApplicable, Probe
from satchel.move.certify.protocol import Hello, Host, HostFault, Refused, Timeouts
from satchel.move.certify.verdicts import Certificate, Control, Outcome, Verdict

#: A host that breaks down in so many cases in a row is not asked the rest: each may cost a whole timeout.
PATIENCE = 5
#: The sound host, and with ``--broken NAME`` the broken ones. Without -P a folder of our name here would be run instead.
REFERENCE = (sys.executable, "-P", "-m", "satchel.move.certify.reference_host")
#: ``told(done, total, what)`` is called before each case and each control.
Told = Callable[[int, int, str], None]


def certify(
    command: Sequence[str],
    *,
    only: Collection[str] = (),
    controls: bool = True,
    seed: str = "",
    timeouts: Timeouts | None = None,
    told: Told | None = None,
) -> Certificate:
    """Certify the host that ``command`` starts.

    Args:
        only: the cases to run, by id; empty for all. With some only, no badge can be reached.
        controls: also prove that broken hosts are caught; without it no badge can be reached.
        seed: for the needles, to repeat a run; "" draws one.

    Raises:
        UsageError: no such case, or no such command.
        HostFault: the host does not even greet, or cannot be reset.
    """
    chosen = _chosen(only)
    limits = timeouts or Timeouts()
    drawn = seed or hashlib.sha256(repr((time.time_ns(), id(chosen))).encode()).hexdigest()[:16]
    mutants = [mutant for mutant in MUTANTS.values() if controls and (not only or set(mutant.cases) & set(only))]
    total = len(chosen) + len(mutants)
    with tempfile.TemporaryDirectory(prefix="satchel-certify-") as folder:
        session = Session(command, Path(folder), limits)
        sound = Session(REFERENCE, Path(folder), Timeouts())
        try:
            hello = session.probe(Needles(drawn)).host.hello
            found = _run_cases(session, chosen, drawn, told, total)
            caught = []
            for number, mutant in enumerate(mutants, len(chosen)):
                if told:
                    told(number, total, f"control: {mutant.name}")
                caught.append(control(mutant, sound))
        finally:
            session.end()
            sound.end()
    return _certificate(hello, drawn, found, caught, session.bundles, partial=bool(only))


def _run_cases(session: Session, chosen: Sequence[Case], seed: str, told: Told | None, total: int) -> list[Verdict]:
    found: list[Verdict] = []
    faults = 0
    for number, case in enumerate(chosen):
        if told:
            told(number, total, f"{case.id} {case.title}")
        if faults >= PATIENCE:
            reasons = [f"not asked: the host broke down in {PATIENCE} cases in a row"]
            found.append(Verdict(case.id, case.family, case.title, "inconclusive", reasons, [], [], 0.0))
            continue
        verdict, broke = session.run(case, Needles(f"{seed}/{case.id}"))
        faults = faults + 1 if broke else 0
        found.append(verdict)
    return found


class Session:
    """One host, asked case after case. Each case starts from a reset store; a host that breaks down is started anew."""

    def __init__(self, command: Sequence[str], folder: Path, timeouts: Timeouts) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="host-", dir=folder))
        #: SHA-256 of each bundle's CHECKSUMS, by case and number.
        self.bundles: dict[str, str] = {}
        self._command = command
        self._timeouts = timeouts
        self._host: Host | None = None
        self._known: dict[str, Verdict] = {}
        self._state = self.folder / "state-0"

    def probe(self, needles: Needles) -> Probe:
        """A probe over this session's host."""
        if self._host is not None and not self._host.alive:
            self.end()
        place = Path(tempfile.mkdtemp(prefix="case-", dir=self.folder))
        probe = Probe(self._command, place, self._state, needles, timeouts=self._timeouts, host=self._host)
        self._host = probe.host
        return probe

    def run(self, case: Case, needles: Needles) -> tuple[Verdict, bool]:
        """One case; also whether the host broke down in it."""
        started = time.monotonic()
        broke = False
        inapplicable = ""
        probe = Probe(self._command, self.folder, self._state, needles, timeouts=self._timeouts)
        try:
            probe = self.probe(needles)
            probe.reset()
            left = probe.look()
            probe.control(not (left.rows or left.foreign or left.tombstones), "a reset does not empty the store")
            case.run(probe)
        except NotApplicable as reason:
            inapplicable = str(reason)
        except Refused as refused:
            probe.failures.append(f"the host refused what it must do: {refused}")
        except HostFault as fault:
            broke = True
            probe.failures.append(f"the host broke down ({fault.how}): {fault}")
        except (SatchelError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            # A row in an export may have any shape; whatever the case could not bear is the host's to mend.
            probe.failures.append(f"what the host gave has no shape of the format: {type(error).__name__}: {error}")
        self._host = probe.running
        if broke:
            # What it died of may lie in its store: the next case must not start from there.
            self.end()
            self._state = self.folder / f"state-{len(self._known) + 1}"
        self.bundles.update({f"{case.id}/{number}": digest for number, digest in enumerate(probe.digests)})
        outcome: Outcome = "pass"
        if probe.failures:
            outcome = "fail"
        elif probe.doubts:
            outcome = "inconclusive"
        elif inapplicable:
            outcome = "not-applicable"
        verdict = Verdict(
            case=case.id,
            family=case.family,
            title=case.title,
            outcome=outcome,
            reasons=list(dict.fromkeys([*probe.failures, *probe.doubts, *([inapplicable] if inapplicable else [])])),
            notes=list(dict.fromkeys(probe.notes)),
            inconclusive_routes=sorted(set(probe.dark_routes)),
            seconds=round(time.monotonic() - started, 3),
        )
        self._known[case.id] = verdict
        return verdict, broke

    def passes(self, case: Case) -> bool:
        """Whether this session's host passes a case; run once."""
        if case.id not in self._known:
            self.run(case, Needles(f"sound/{case.id}"))
        return self._known[case.id].outcome == "pass"

    def end(self) -> None:
        """End the host."""
        if self._host is not None:
            self._host.close()
            self._host = None


def control(mutant: Mutant, sound: Session) -> Control:
    """Whether a broken host fails one of the cases that are there to notice it, and by which.

    What ``sound``, the reference host, fails too does not count: a case that nobody can pass would notice everything.
    """
    session = Session([*REFERENCE, "--broken", mutant.name], sound.folder, Timeouts())
    caught = []
    try:
        for id in mutant.cases:
            verdict, _ = session.run(CASES[id], Needles(f"{mutant.name}/{id}"))
            if verdict.outcome == "fail" and sound.passes(CASES[id]):
                caught.append(id)
    finally:
        session.end()
    return Control(mutant.name, mutant.family, mutant.what, bool(caught), caught)


def _chosen(only: Collection[str]) -> list[Case]:
    unknown = [id for id in only if id not in CASES]
    if unknown:
        raise UsageError(f"no case is called {', '.join(unknown)}", hint="cases: " + " ".join(CASES))
    return [case for case in CASES.values() if not only or case.id in only]


def _certificate(
    hello: Hello, seed: str, found: list[Verdict], caught: list[Control], bundles: dict[str, str], *, partial: bool
) -> Certificate:
    lacking = verdicts.missing(found, caught, sorted({mutant.family for mutant in MUTANTS.values()}))
    if partial:
        lacking.insert(0, "only some cases were run")
    badge = not lacking
    return Certificate(
        host=hello.name,
        version=hello.version,
        kinds=hello.kinds,
        routes=hello.routes,
        features=hello.features,
        seed=seed,
        partial=partial,
        verdicts=found,
        controls=caught,
        level=verdicts.level_of(found, badge, partial=partial),
        badge=badge,
        missing=lacking,
        bundles=bundles,
    )
