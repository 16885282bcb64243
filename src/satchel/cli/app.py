"""The command line as a whole: global options, exit codes, errors in one line.

Exit codes: 0 done; 1 failed; 2 used wrongly; 3 done, but some parts of the input could not be read (import) or the file is not
valid (validate).

Built on Click, not on Typer: Typer loads pydantic at each command, which costs more than all else of a start (docs/adr/0005).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click
from click.exceptions import NoArgsIsHelpError

from satchel.cli import (
    certify,
    context,
    convert,
    distrust,
    embed,
    erase_check,
    evidence,
    export,
    fidelity,
    forget,
    grants,
    import_,
    inspect,
    keys,
    ledger,
    log,
    reach,
    recall,
    receipt,
    redactions,
    schema,
    search,
    show,
    sign,
    stats,
    undo,
    validate,
)
from satchel.cli import eval as eval_
from satchel.cli.door import hold

if TYPE_CHECKING:
    from satchel.errors import SatchelError


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        click.echo(f"satchel {version('satchel')}")
        context.exit()


class _ReaderGone(Exception):
    """Whoever read our output has enough of it."""


class _InOrder(click.Group):
    """Commands listed in the order of a journey, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """The command, and all that it printed written: a reader that went away is told here, before Click takes it for an
        error, and a full disk while somebody can still be told."""
        try:
            done = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            raise _ReaderGone from None
        return done


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--vault", metavar="FOLDER", envvar="SATCHEL_VAULT", help="The vault; else your data folder's.")
@click.option(
    "--token",
    "tokens",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    envvar="SATCHEL_TOKEN",
    help="Only what this capability token grants, of several what any does: search, show, recall, context, export, redactions"
    " recover.",
)
@click.option("--caller", metavar="NAME", envvar="SATCHEL_CALLER", default="", help="Who asks with the token: agent:NAME.")
@click.option(
    "--version", is_flag=True, callback=_print_version, is_eager=True, expose_value=False, help="Print the version and exit."
)
@click.pass_context
def app(context: click.Context, vault: str | None, tokens: tuple[str, ...], caller: str) -> None:
    """Carry what AI assistants know about you, in an encrypted vault that you own.

    \b
    satchel import ~/Downloads/chatgpt-export.zip
    satchel search "sourdough starter"
    satchel export --to portable-ai-memory my-memory
    """
    if vault is not None:
        os.environ["SATCHEL_VAULT"] = vault
    hold(context, tokens, caller)


for command in (
    import_.import_,
    search.search,
    recall.recall,
    context.context,
    embed.embed,
    reach.reach,
    distrust.distrust,
    eval_.evaluate,
    show.show,
    log.log,
    stats.stats,
    undo.undo,
    forget.forget,
    forget.redact,
    erase_check.erase_check,
    receipt.receipt,
    export.export,
    convert.convert,
    ledger.ledger,
    fidelity.fidelity,
    redactions.redactions,
    validate.validate,
    inspect.inspect,
    schema.schema,
    sign.sign,
    sign.verify,
    evidence.evidence,
    certify.certify,
    keys.keys,
    grants.grant,
    grants.grants,
    grants.revoke,
):
    app.add_command(command)


def _refusal(error: SatchelError) -> dict[str, str]:
    """What a machine wants to know of a refused token: the protocol's code, and our detail."""
    from satchel.errors import AccessDenied

    return {"refusal": error.refusal, "detail": error.detail} if isinstance(error, AccessDenied) else {}


def run() -> None:
    """Run the command line; never shows a traceback for what Satchel raises on purpose."""
    from satchel.errors import SatchelError

    _open_streams()
    try:
        sys.exit(app.main(prog_name="satchel", standalone_mode=False) or 0)
    except _ReaderGone:
        # A pager, head: no error of ours. What is still held is not written anywhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        _end(error.exit_code, "usage", _used_wrongly(error))
    except (click.Abort, KeyboardInterrupt):
        _end(130, "stopped", "stopped; nothing of the unfinished change was kept")
    except SatchelError as error:
        _end(error.exit_code, error.code, str(error), **_refusal(error))
    except UnicodeEncodeError:
        _end(2, "usage", "an argument is no text in UTF-8")
    except OSError as error:
        _end(1, "system", f"{error.filename or 'the system'}: {error.strerror or error}")


def _open_streams() -> None:
    """Give the standard streams that were closed before we came somewhere to lead to."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - as long as the process lives


def _used_wrongly(error: click.ClickException) -> str:
    """Click's message in one line, and where more is told."""
    text = " ".join(error.format_message().split()).rstrip(".")
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f" ({context.command_path} --help tells more)" if context is not None else ""
    return text[:1].lower() + text[1:] + hint


def _end(status: int, code: str, message: str, **more: str) -> NoReturn:
    """Say what went wrong, to people and where asked to machines, and end."""
    from satchel.cli.console import say_json, tell

    try:
        if "--json" in sys.argv:
            say_json({"error": {"code": code, "message": message, **more}})
        tell(f"satchel: {message}")
    except OSError:
        # Nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(status) from None
