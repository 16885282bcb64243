"""``satchel validate``: check a file or package of an open format."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("path", type=options.PATH)
@click.option("--format", default="", help="Check as this format, not as what it looks like.")
@options.identity
@options.limit
@options.json
def validate(path: Path, format: str, identity: tuple[Path, ...], limit: tuple[str, ...], json: bool) -> None:
    """Check a file against its format. Exit code 0: valid (warnings allowed); 3: not valid.

    \b
    satchel validate my-memory
    satchel validate --identity key.txt my-memory.zip.age
    """
    from satchel import limits
    from satchel.cli.console import counted, say, say_json
    from satchel.cli.import_ import print_findings
    from satchel.cli.sealed import identities
    from satchel.errors import InputError
    from satchel.formats import registry

    if not path.exists():
        raise InputError(f"there is nothing at {path}")
    bounds = limits.raised(list(limit))
    keys = identities(identity, bounds)
    chosen = registry.get(format, keys) if format else registry.recognise(path, keys)
    findings = tuple(chosen.validate(path, limits=bounds))
    errors = sum(finding.severity == "error" for finding in findings)
    warnings = sum(finding.severity == "warning" for finding in findings)
    if json:
        say_json({"format": chosen.info, "valid": not errors, "findings": findings})
    else:
        print_findings(findings, limit=200)
        verdict = "Valid" if not errors else "Not valid"
        say(f"{verdict} {chosen.info.title} {chosen.info.version}: {counted(errors, 'error')}, {counted(warnings, 'warning')}.")
    if errors:
        raise SystemExit(3)
