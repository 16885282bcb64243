"""What benches that run their own steps as processes share: how such a step is called, and the folder that they work in."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from run import StepError


def itself(script: str, data: Path) -> list[str]:
    """The command of one step of ``script`` over ``data``; the step's name and its options go behind it."""
    return [sys.executable, script, "--data", str(data), "--only"]


def within(data: Path, name: str, rounds: Callable[[Path], None]) -> int:
    """Run ``rounds`` in a folder of their own under ``data``, and remove it; the exit status: 1 where a step failed."""
    work = data / f"{name}-{os.getpid()}"
    work.mkdir(parents=True)
    try:
        rounds(work)
    except StepError as failure:
        print(f"stopped: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if not any(data.iterdir()):
            data.rmdir()
    return 0
