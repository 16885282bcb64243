"""The commands; each a thin call into the rooms below. Only this room and the pages print."""

from __future__ import annotations


def main() -> None:
    """The ``satchel`` command."""
    try:
        from satchel.cli.app import run

        run()
    except KeyboardInterrupt:
        # While it starts or ends; what runs in between says more.
        raise SystemExit(130) from None
