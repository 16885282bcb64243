"""The command line as a whole: global options, exit codes, errors in one line.

Exit codes: 0 done; 1 failed; 2 used wrongly; 3 done, but some parts of the input could not be read (import) or the file is not
valid (validate).

Built on Click, not on Typer: Typer loads pydantic at each command, which costs more than all else of a start (docs/adr/0005).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from satchel.cli import (
    certify,
    context,
    convert,
    embed,
    erase_check,
    evidence,
    export,
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


class _InOrder(click.Group):
    """Commands listed in the order of a journey, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--vault", metavar="FOLDER", envvar="SATCHEL_VAULT", help="The vault; else your data folder's.")
@click.option(
    "--token",
    metavar="FILE",
    envvar="SATCHEL_TOKEN",
    help="Only what this capability token grants: search, show, export, redactions recover.",
)
@click.option("--caller", metavar="NAME", envvar="SATCHEL_CALLER", default="", help="Who asks with the token: agent:NAME.")
@click.option(
    "--version", is_flag=True, callback=_print_version, is_eager=True, expose_value=False, help="Print the version and exit."
)
@click.pass_context
def app(context: click.Context, vault: str | None, token: str | None, caller: str) -> None:
    """Carry what AI assistants know about you, in an encrypted vault that you own.

    \b
    satchel import ~/Downloads/chatgpt-export.zip
    satchel search "sourdough starter"
    satchel export --to portable-ai-memory my-memory
    """
    if vault is not None:
        os.environ["SATCHEL_VAULT"] = vault
    hold(context, token, caller)


for command in (
    import_.import_,
    search.search,
    recall.recall,
    context.context,
    embed.embed,
    reach.reach,
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

    try:
        sys.exit(app(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except click.Abort:
        sys.stderr.write("satchel: stopped; nothing of the unfinished change was kept\n")
        raise SystemExit(130) from None
    except SatchelError as error:
        from satchel.cli.console import say_json, tell

        if "--json" in sys.argv:
            say_json({"error": {"code": error.code, "message": str(error), **_refusal(error)}})
        tell(f"satchel: {error}")
        raise SystemExit(error.exit_code) from None
    except UnicodeEncodeError:
        from satchel.cli.console import tell

        tell("satchel: an argument is no text in UTF-8")
        raise SystemExit(2) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # The reader of our output went away (a pager, head): no error of ours.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(0) from None
        from satchel.cli.console import tell

        tell(f"satchel: {error.filename or 'the system'}: {error.strerror or error}")
        raise SystemExit(1) from None
