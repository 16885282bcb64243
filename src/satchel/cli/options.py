"""Options that more than one command takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


class _Path(click.Path):
    """A path that a person names. The empty one is this folder to pathlib, and a forgotten variable to everybody else."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("its name is empty", param, ctx)
        return super().convert(value, param, ctx)


#: The type of a file or folder that is named.
PATH = _Path(path_type=Path)
FILE = _Path(path_type=Path, dir_okay=False)
#: The number of a change of the vault: as large as the vault counts.
CHANGE = click.IntRange(0, 2**63 - 1)
#: ``--json``: one JSON document on standard output, nothing else.
json = click.option("--json", "json", is_flag=True, help="One JSON document for machines.")
#: ``--as-of DATE``
as_of = click.option("--as-of", default="", metavar="DATE", help="What held on this day or at this time, by what is known now.")
#: ``--dry-run``
dry_run = click.option("--dry-run", is_flag=True, help="Tell what would be done; change nothing.")
#: ``--yes``
yes = click.option("--yes", "-y", is_flag=True, help="Do not ask.")
#: ``--identity FILE``, repeated.
identity = click.option(
    "--identity",
    "identity",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="What opens an encrypted file: an age identity file or an SSH private key. A passphrase is asked for, or "
    "SATCHEL_PACKAGE_PASSPHRASE.",
)
#: ``--words-only``
words_only = click.option("--words-only", is_flag=True, help="Leave the model of satchel embed out.")
#: ``--limit NAME=VALUE``, repeated.
limit = click.option("--limit", multiple=True, metavar="NAME=VALUE", help="Raise a limit: element_bytes=256m.")
#: ``--no-residue``
no_residue = click.option(
    "--no-residue", is_flag=True, help="Let nothing of other standards ride along; the way back gives what can be said here."
)
#: ``--encrypt-to KEY``, repeated, and ``--encrypt-passphrase``; see ``sealed.recipients``.
encrypt_to = click.option(
    "--encrypt-to",
    multiple=True,
    metavar="KEY",
    help="Encrypt it, for whoever has the private half of age1… or 'ssh-ed25519 …'; may be repeated.",
)
encrypt_passphrase = click.option(
    "--encrypt-passphrase", is_flag=True, help="Encrypt it under a passphrase: asked for, or SATCHEL_PACKAGE_PASSPHRASE."
)
