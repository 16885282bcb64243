"""``--token``: the commands that a capability token opens, and the token that the command line holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import click

if TYPE_CHECKING:
    from satchel.trust.capabilities.tokens import Presented

#: The commands that work with a token; each says in ``vaults.opened_to`` for which permission. All others are the owner's.
OPEN = frozenset({"search", "show", "recall", "context", "export", "redactions"})
_HELD = "satchel.token"


class Held(NamedTuple):
    """The files of the tokens, and who says to ask."""

    files: tuple[str, ...]
    caller: str


def hold(context: click.Context, files: tuple[str, ...], caller: str) -> None:
    """Keep the tokens for the command that follows. Raises AccessDenied where it is one that no token opens."""
    if not files:
        return
    context.meta[_HELD] = Held(files, caller)
    if context.invoked_subcommand not in OPEN:
        refuse_tokens()


def held() -> Held | None:
    """The token that this command was given."""
    context = click.get_current_context(silent=True)
    return context.meta.get(_HELD) if context else None


def refuse_tokens(
    why: str = "a capability token opens search, show, recall, context, export and redactions recover alone",
) -> None:
    """Raise AccessDenied where there is a token: this is for the owner."""
    if held() is not None:
        from satchel.errors import AccessDenied

        raise AccessDenied(f"PAM_FORBIDDEN: {why}", hint="leave --token and SATCHEL_TOKEN out to work as the owner")


def read(held: Held) -> list[Presented]:
    """The tokens in their files, each with its parents.

    Raises:
        InputError: there is no such file, or none that holds a token.
    """
    return [read_file(file) for file in held.files]


def read_file(name: str) -> Presented:
    """The token in this file, with its parents. Raises InputError."""
    from pathlib import Path

    from satchel.errors import InputError, Place
    from satchel.limits import DEFAULT
    from satchel.trust.capabilities.tokens import read_presented

    path = Path(name).expanduser()
    try:
        with path.open("rb") as stream:
            data = stream.read(DEFAULT.token_bytes + 1)
    except OSError as error:
        raise InputError(f"cannot read the token: {error.strerror}", place=Place(file=str(path))) from None
    return read_presented(data, place=Place(file=str(path)))
