"""The command line as a whole: global options, exit codes, errors in one line.

Exit codes: 0 done; 1 failed; 2 used wrongly; 3 done, but some parts of the input could not be read (import) or the file is
not valid (validate).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from satchel.cli import export, import_, keys, log, search, show, stats, undo, validate

app = typer.Typer(
    name="satchel",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("import")(import_.import_)
app.command("search")(search.search)
app.command("show")(show.show)
app.command("log")(log.log)
app.command("stats")(stats.stats)
app.command("undo")(undo.undo)
app.command("export")(export.export)
app.command("validate")(validate.validate)
app.add_typer(keys.app, name="keys")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"satchel {version('satchel')}")
        raise typer.Exit


@app.callback()
def satchel(
    vault: Annotated[
        Path | None,
        typer.Option("--vault", metavar="FOLDER", envvar="SATCHEL_VAULT", help="The vault; else your data folder's."),
    ] = None,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Carry what AI assistants know about you, in an encrypted vault that you own.

    \b
    satchel import ~/Downloads/chatgpt-export.zip
    satchel search "sourdough starter"
    satchel export --to portable-ai-memory my-memory
    """
    if vault is not None:
        os.environ["SATCHEL_VAULT"] = str(vault)


def run() -> None:
    """Run the command line; never shows a traceback for what Satchel raises on purpose."""
    from satchel.errors import SatchelError

    try:
        app()
    except SatchelError as error:
        from satchel.cli.console import say_json, tell

        if "--json" in sys.argv:
            say_json({"error": {"code": error.code, "message": str(error)}})
        tell(f"satchel: {error}")
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("satchel: stopped; nothing of the unfinished change was kept\n")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of our output went away (a pager, head): no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
