"""``satchel certify``: does a memory store forget for real? Any store that speaks the protocol of docs/certify.md."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from satchel.cli import options

if TYPE_CHECKING:
    from satchel.move.certify.verdicts import Certificate


@click.command()
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- COMMAND [ARGS]...")
@click.option("--json", "json_file", type=options.PATH, metavar="FILE", help="Write the report as JSON to FILE.")
@click.option("--junit", "junit_file", type=options.PATH, metavar="FILE", help="Write it as JUnit XML to FILE.")
@click.option("--only", multiple=True, metavar="ID,...", help="Run these cases alone; no badge can be reached then.")
@click.option("--controls/--no-controls", default=True, help="Prove that broken hosts are caught; the badge asks for it.")
@click.option("--timeout", default=60.0, type=click.FloatRange(0.1, 3600), metavar="SECONDS", help="For one answer; 60.")
@click.option("--seed", default="", metavar="TEXT", help="Repeat a run: the seed that its report names.")
def certify(
    command: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    only: tuple[str, ...],
    controls: bool,
    timeout: float,
    seed: str,
) -> None:
    """Start COMMAND, a host of some memory store, and find out whether what it deletes is gone.

    The host speaks JSON lines on its standard input and output; docs/certify.md says how. It is given stores of its own to work
    on and never sees your vault.

    Exit code 0: the badge is reached (with --only: no case failed or was inconclusive); 1: it is not.

    \b
    satchel certify -- python my_host.py
    satchel certify --only A1,B2 --json report.json -- ./my-host --store memory
    """
    from satchel.cli.console import one_line, say, tell
    from satchel.move.certify import report
    from satchel.move.certify.protocol import Timeouts
    from satchel.move.certify.runner import certify as run

    def told(done: int, total: int, what: str) -> None:
        tell(one_line(f"[{done + 1}/{total}] {what}"))

    chosen = [id.strip() for id in ",".join(only).split(",") if id.strip()]
    timeouts = Timeouts(start_s=min(30.0, timeout), request_s=timeout)
    found = run(command, only=chosen, controls=controls, seed=seed, timeouts=timeouts, told=told)
    for file, data in ((json_file, report.as_json), (junit_file, report.as_junit)):
        if file is not None:
            _write(file, data(found))
    _table(found)
    say()
    for line in report.summary(found):
        say(one_line(line, 1000))
    good = all(verdict.outcome in ("pass", "not-applicable") for verdict in found.verdicts)
    caught = all(control.caught for control in found.controls)
    if not (found.badge or (found.partial and good and caught)):
        raise SystemExit(1)


def _write(file: Path, data: bytes) -> None:
    from satchel.errors import OutputError

    try:
        file.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{file} cannot be written: {error.strerror}") from None


def _table(found: Certificate) -> None:
    """Every case in a line; what did not pass with its first reason."""
    from satchel.cli.console import dim, one_line, say, table

    marks = {"pass": "pass", "fail": "FAIL", "inconclusive": "UNSURE", "not-applicable": dim("n/a")}
    rows = [
        [
            verdict.case,
            marks[verdict.outcome],
            one_line(verdict.title if verdict.outcome == "pass" else _why(verdict.reasons), 90),
        ]
        for verdict in found.verdicts
    ]
    table(rows, head=["case", "verdict", "about, or why"])
    missed = [control for control in found.controls if not control.caught]
    if missed:
        say()
        table(
            [[control.mutant, control.family, one_line(control.what)] for control in missed], head=["not caught", "family", ""]
        )


def _why(reasons: list[str]) -> str:
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return (reasons[0] if reasons else "") + more
