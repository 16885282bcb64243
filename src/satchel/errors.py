"""Every error that Satchel raises on purpose.

    SatchelError                      code, exit code, one line that says where and what to do
    ├── UsageError                    the command or call was used wrongly (exit 2)
    ├── InputError                    what was given to read is at fault
    │   ├── MalformedInput            not the JSON, zip or text that it should be
    │   ├── LimitExceeded             larger, deeper or more than a stated limit
    │   ├── UnsafeArchive             an archive member that must not be touched
    │   └── NotRecognised             no adapter or format knows this input
    ├── CanonicalError                a value that has no canonical bytes
    ├── VaultError                    the vault cannot do it
    │   ├── VaultMissing              there is no vault at that place
    │   ├── VaultExists               there is one already
    │   ├── WrongKey                  the key does not open the vault
    │   ├── VaultBusy                 another process is writing
    │   ├── VaultFull                 the disk (or a quota) is full
    │   ├── VaultDamaged              the file is not what was written
    │   ├── VaultTooNew               written by a later Satchel
    │   └── NotFound                  no record, batch or blob of that id
    ├── AccessDenied                  a capability token does not allow it
    ├── KeyStoreError                 the key cannot be kept or fetched
    ├── NetworkError                  what was asked for over the network did not come
    │   └── UnsafeAddress             an address or answer that is refused on purpose
    └── OutputError                   the target cannot be written

A foreign exception is wrapped where it enters; a leaked ValueError is a bug.
"""

from __future__ import annotations

from typing import ClassVar

import msgspec


class Place(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where in the input something is: file, element of its array, byte offset, member inside the element.

    ``element`` counts from 0; ``offset`` is in bytes of the uncompressed file; ``pointer`` is a JSON pointer (RFC 6901)
    relative to the element.
    """

    file: str = ""
    element: int | None = None
    offset: int | None = None
    pointer: str = ""

    def __str__(self) -> str:
        words = [self.file] if self.file else []
        if self.element is not None:
            words.append(f"element {self.element}")
        if self.pointer:
            words.append(f"at {self.pointer}")
        if self.offset is not None:
            words.append(f"byte {self.offset}")
        return ", ".join(words)


class SatchelError(Exception):
    """The root. ``code`` is stable and for machines; ``str(error)`` is one line for people."""

    code: ClassVar[str] = "satchel"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, place: Place | None = None, hint: str = "") -> None:
        self.message = message
        self.place = place
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place and str(self.place) else ""
        return f"{where}{self.message}" + (f" ({self.hint})" if self.hint else "")


class UsageError(SatchelError):
    code = "usage"
    exit_code = 2


class InputError(SatchelError):
    code = "input"


class MalformedInput(InputError):
    code = "malformed"


class LimitExceeded(InputError):
    code = "limit"


class UnsafeArchive(InputError):
    code = "unsafe-archive"


class NotRecognised(InputError):
    code = "not-recognised"


class CanonicalError(SatchelError):
    code = "not-canonicalisable"


class VaultError(SatchelError):
    code = "vault"


class VaultMissing(VaultError):
    code = "vault-missing"


class VaultExists(VaultError):
    code = "vault-exists"


class WrongKey(VaultError):
    code = "wrong-key"


class VaultBusy(VaultError):
    code = "vault-busy"


class VaultFull(VaultError):
    code = "vault-full"


class VaultDamaged(VaultError):
    code = "vault-damaged"


class VaultTooNew(VaultError):
    code = "vault-too-new"


class NotFound(VaultError):
    code = "not-found"


class AccessDenied(SatchelError):
    """``refusal`` is Portable Agent Memory's code (dossier 10.5), ``detail`` ours where that one says too little."""

    code = "access-denied"

    def __init__(
        self,
        message: str,
        *,
        refusal: str = "PAM_FORBIDDEN",
        detail: str = "",
        place: Place | None = None,
        hint: str = "",
    ) -> None:
        self.refusal = refusal
        self.detail = detail
        super().__init__(message, place=place, hint=hint)


class KeyStoreError(SatchelError):
    code = "key-store"


class NetworkError(SatchelError):
    code = "network"


class UnsafeAddress(NetworkError):
    code = "unsafe-address"


class OutputError(SatchelError):
    code = "output"
