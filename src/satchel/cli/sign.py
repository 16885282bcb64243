"""``satchel sign`` and ``satchel verify``: who vouches for a bundle."""

from __future__ import annotations

from pathlib import Path

import click

from satchel.cli import options


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--key", default="main", show_default=True, metavar="NAME", help="The signing key.")
@options.json
def sign(path: Path, key: str, json: bool) -> None:
    """Sign a Portable Memory bundle that is valid; a signature that it has is replaced.

    \b
    satchel keys create
    satchel sign my-memory.mem
    """
    from satchel.cli.console import say, say_json
    from satchel.cli.vaults import opened
    from satchel.formats.portable_memory import signing

    _refuse_others(path)
    with opened() as store:
        public = signing.sign(path, store.signing_key(key))
    if json:
        say_json({"path": str(path), "key": public})
        return
    say(f"Signed {path} with {key} ({public}).")


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--key", "keys", multiple=True, metavar="PUBLIC_KEY", help="Trust this key alone; may be repeated.")
@options.limit
@options.json
def verify(path: Path, keys: tuple[str, ...], limit: tuple[str, ...], json: bool) -> None:
    """Verify a Portable Memory bundle: every byte, its signature and its tombstones' signatures, by keys that you trust.

    Without --key these are the vault's own signing keys and those of satchel keys trust. Exit code 0: verified; 3: not.

    \b
    satchel verify my-memory.mem
    satchel verify --key 03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8 theirs.mem
    """
    from satchel import limits
    from satchel.cli.console import counted, say, say_json
    from satchel.cli.import_ import print_findings
    from satchel.cli.vaults import folder, opened
    from satchel.errors import UsageError
    from satchel.formats.portable_memory import signing
    from satchel.formats.portable_memory.validation import validate
    from satchel.trust.tokens import parse_public
    from satchel.vault.folder import exists

    _refuse_others(path)
    bounds = limits.raised(list(limit))
    names: dict[str, str] = {parse_public(key): "" for key in keys}
    if not names:
        if not exists(folder()):
            raise UsageError("there is no vault whose keys could be trusted", hint="--key PUBLIC_KEY names one")
        with opened() as store:
            names = {key.public: key.name for key in store.trusted_keys()}
            names |= {key.public: key.name for key in store.signing_keys()}
    findings = tuple(validate(path, bounds, trusted=frozenset(names)))
    public = signing.signer(path, bounds)
    errors = sum(finding.severity == "error" for finding in findings)
    if json:
        say_json({"verified": not errors, "key": public, "name": names.get(public, ""), "findings": findings})
    else:
        print_findings(findings, limit=200)
        by = f"{names[public]} ({public})" if names.get(public) else public or "nobody"
        say(f"Verified: signed by {by}." if not errors else f"Not verified: {counted(errors, 'error')}; signed by {by}.")
    if errors:
        raise SystemExit(3)


def _refuse_others(path: Path) -> None:
    from satchel.errors import InputError
    from satchel.formats.portable_memory import FORMAT

    if not path.exists():
        raise InputError(f"there is nothing at {path}")
    if not FORMAT.recognises(path):
        raise InputError(f"{path} is no Portable Memory bundle", hint="only those are signed so far")
