"""Opening the encrypted file, and wrapping what SQLite says into our errors.

Cipher: ChaCha20-Poly1305 on every page, database, write-ahead log and index alike; the key is 32 random bytes given raw, so
that no key derivation runs at each opening. Temporary data stays in memory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from satchel.errors import VaultBusy, VaultDamaged, VaultError, VaultFull, WrongKey
from satchel.trust.secrets import Secret

#: What the page cache may hold: an import's working set (the uid index and the text index's newest pages).
CACHE_KIB = 56 << 10
#: And where it is only read from now on.
READING_CACHE_KIB = 16 << 10
PAGE_BYTES = 8192
#: How long a writer waits for another one before it gives up: an import of a large export takes minutes.
WAIT_S = 3600.0
#: How long it waits before it says so.
_FIRST_WAIT_MS = 250
#: How long opening and reading wait: the last process to close folds the log into the file, and holds all of it meanwhile.
_READ_WAIT_MS = 120_000


@contextmanager
def our_errors() -> Iterator[None]:
    """Turn what SQLite raises into the vault's errors; see satchel.errors."""
    try:
        yield
    except apsw.BusyError as error:
        raise VaultBusy("another process is writing to the vault", hint="try again when it has finished") from error
    except apsw.FullError as error:
        raise VaultFull("the disk is full; nothing of this change was kept", hint="free some space and repeat") from error
    except apsw.CorruptError as error:
        raise VaultDamaged("the vault's file is damaged", hint="restore it from a backup") from error
    except apsw.NotADBError as error:
        raise WrongKey("the key does not open this vault") from error
    except apsw.ReadOnlyError as error:
        raise VaultError("the vault cannot be written here", hint="check the folder's permissions") from error
    except apsw.IOError as error:
        if "ENOSPC" in str(error) or getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_WRITE:
            raise VaultFull("writing failed, most likely for want of space; nothing of this change was kept") from error
        raise VaultError(f"the vault's file cannot be read or written: {error}") from error
    except apsw.CantOpenError as error:
        raise VaultError("the vault's file cannot be opened", hint="check the folder and its permissions") from error
    except apsw.Error as error:
        raise VaultError(f"the vault's store failed: {error}") from error


def connect(path: Path, key: Secret, *, create: bool = False) -> apsw.Connection:
    """An open, checked connection.

    Raises:
        WrongKey: the key does not decrypt the first page.
        VaultError: it cannot be opened.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    if create:
        # SQLite would create it with the process's umask.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with our_errors():
        connection = apsw.Connection(str(path), flags=flags)
        try:
            _unlock(connection, key)
            connection.pragma("temp_store", 2)
            connection.set_busy_timeout(_READ_WAIT_MS)
            if create:
                connection.pragma("page_size", PAGE_BYTES)
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            connection.pragma("synchronous", 2)
            # What leaves is overwritten, not only let go.
            connection.pragma("secure_delete", 1)
            connection.pragma("foreign_keys", 0)
            connection.pragma("cache_size", -CACHE_KIB)
            connection.pragma("journal_size_limit", 16 << 20)
        except BaseException:
            connection.close()
            raise
    if not create:
        use_log(connection)
    return connection


def only_read(connection: apsw.Connection) -> None:
    """Hold no more pages than reading needs."""
    with our_errors():
        connection.pragma("cache_size", -READING_CACHE_KIB)
        connection.pragma("shrink_memory")


def _unlock(connection: apsw.Connection, key: Secret) -> None:
    """Give the cipher its key. Tests that look at what is really in the pages leave this out."""
    connection.pragma("cipher", "chacha20")
    connection.pragma("key", "raw:" + key.reveal().hex())


def use_log(connection: apsw.Connection) -> bool:
    """Switch to a write-ahead log, in which reading goes on while another process writes; whether it was possible now.

    A new file begins without: there is no earlier state to read on in, and its first import writes each page once where
    the log would have it written, encrypted and read twice (measured: 6 % of the import).
    """
    with our_errors():
        if connection.pragma("journal_mode") == "wal":
            return True
        connection.set_busy_timeout(0)
        try:
            return bool(connection.pragma("journal_mode", "wal") == "wal")
        except apsw.BusyError:
            return False
        finally:
            connection.set_busy_timeout(_READ_WAIT_MS)


def clear_log(connection: apsw.Connection) -> bool:
    """Fold the write-ahead log into the file and cut it to nothing; whether that was done. While another process reads an
    earlier state it cannot be: then the last one to close does it."""
    with our_errors():
        if connection.pragma("journal_mode") != "wal":
            return True
        connection.set_busy_timeout(0)
        try:
            row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return bool(row is not None and row[0] == 0)
        except apsw.BusyError:
            return False
        finally:
            connection.set_busy_timeout(_READ_WAIT_MS)


@contextmanager
def writing(
    connection: apsw.Connection,
    *,
    keep: bool = True,
    on_wait: Callable[[], None] | None = None,
    wait_s: float | None = None,
) -> Iterator[None]:
    """One transaction: committed at the end, rolled back by an exception or when ``keep`` is False.

    Raises:
        VaultBusy: another writer did not finish within ``wait_s``, None: WAIT_S.
    """
    wait_s = WAIT_S if wait_s is None else wait_s
    with our_errors():
        try:
            connection.set_busy_timeout(min(_FIRST_WAIT_MS, int(wait_s * 1000)))
            try:
                connection.execute("BEGIN IMMEDIATE")
            except apsw.BusyError:
                if not wait_s:
                    raise
                if on_wait:
                    on_wait()
                connection.set_busy_timeout(int(wait_s * 1000))
                connection.execute("BEGIN IMMEDIATE")
        finally:
            connection.set_busy_timeout(_READ_WAIT_MS)
        try:
            yield
            connection.execute("COMMIT" if keep else "ROLLBACK")
        except BaseException:
            # A full disk may have ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def rows(connection: apsw.Connection, sql: str, values: Any = ()) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    with our_errors():
        return connection.execute(sql, values).fetchall()


def one(connection: apsw.Connection, sql: str, values: Any = ()) -> tuple[Any, ...] | None:
    """The first row of a query, or None."""
    with our_errors():
        return connection.execute(sql, values).fetchone()
