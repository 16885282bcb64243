"""Encrypted packages at the command line: who shall open one, and what opens one."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satchel.limits import Limits
    from satchel.trust.age import Identities, Recipients


def identities(files: Sequence[Path], limits: Limits) -> Identities:
    """What the person has to open packages with: key files, and a passphrase that is asked for when one needs it.

    Raises:
        InputError: a key file cannot be read or holds no key.
    """
    from satchel.trust.age import Identities, read_identity_file

    return Identities([key for file in files for key in read_identity_file(file)], _ask, limits)


def _ask(name: str) -> str:
    import getpass

    from satchel.cli.console import clean

    return getpass.getpass(f"Passphrase of {clean(name)}: ") if sys.stdin.isatty() else ""


def recipients(texts: Sequence[str], *, by_passphrase: bool) -> Recipients | None:
    """For whom an export is encrypted; None for nobody in particular. A new passphrase is asked for twice.

    Raises:
        UsageError: a text names nobody, both kinds are asked for, or nobody can be asked.
    """
    if not texts and not by_passphrase:
        return None
    from satchel.trust.age import recipients as read
    from satchel.trust.secrets import Secret

    if not by_passphrase:
        return read(texts)
    text = "" if texts else _new_passphrase()
    return read(texts, Secret(text.encode("utf-8", "surrogateescape")))


def _new_passphrase() -> str:
    import getpass

    from satchel.errors import UsageError
    from satchel.trust.age import VARIABLE

    text = os.environ.get(VARIABLE)
    if text:
        return text
    if not sys.stdin.isatty():
        raise UsageError("a passphrase is asked for on a terminal", hint=f"or set {VARIABLE}")
    text = getpass.getpass("Passphrase for the package: ")
    if text and text != getpass.getpass("The same again: "):
        raise UsageError("the two are not the same", hint="nothing was written; run the command again")
    return text
