"""The age format (age-encryption.org/v1, C2SP): files for others, and the vault's own key at rest.

``sealing`` and ``Identities.unsealed`` are streams for files of any size; what is read can be read from any place on, which
pyrage cannot give (docs/adr/0011). Any age tool opens what is written here.

The vault's key lies in such a file under a passphrase, or for a recovery key. Its work factor is lower than that of other
files: a command line tool opens its vault at each command.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, cast

import msgspec

from satchel.errors import InputError, Locked, MalformedInput, Place, UsageError, WrongKey
from satchel.limits import DEFAULT, Limits
from satchel.trust.age_header import (
    ARMOR,
    FILE_KEY_BYTES,
    NONCE_BYTES,
    Header,
    Stanza,
    damaged,
    is_age,
    payload_key,
    read_header,
    write_header,
)
from satchel.trust.secrets import Secret

if TYPE_CHECKING:
    from satchel.trust.age_keys import Identity, Recipient
    from satchel.trust.age_stream import Sealer, Sink, Unsealer

#: log2 of scrypt's N (r=8, p=1) for the vault's key: 32 MiB and some 0.1 s for each guess, and for each command. See
#: docs/security.md.
WORK_FACTOR = 15
#: The same for files that leave, which are opened seldom and may fall into any hands: age's own choice, 256 MiB and some 0.7 s.
FILE_WORK_FACTOR = 18
#: Where the passphrase of such a file is taken from, before anybody is asked.
VARIABLE = "SATCHEL_PACKAGE_PASSPHRASE"
_IDENTITY_BYTES = 64 << 10


class Recipients(msgspec.Struct, frozen=True):
    """Who shall be able to open a file; never nobody. Made by ``recipients``."""

    all: tuple[Recipient, ...]


def recipients(texts: Sequence[str] = (), passphrase: Secret | None = None) -> Recipients:
    """Those whom ``texts`` name (``age_keys.read_recipient``), or whoever knows the passphrase.

    Raises:
        UsageError: nobody, both, or a text that names nobody.
    """
    from satchel.trust.age_keys import Passphrase, read_recipient

    if passphrase is not None:
        if texts:
            raise UsageError("the age format has a passphrase or recipients, not both", hint="leave one of them out")
        if not passphrase.reveal():
            raise UsageError("the passphrase is empty", hint=f"type one, or set {VARIABLE}")
        return Recipients((Passphrase(passphrase, FILE_WORK_FACTOR),))
    if not texts:
        raise UsageError("there is nobody to encrypt to")
    return Recipients(tuple(read_recipient(text) for text in dict.fromkeys(texts)))


def sealing(sink: Sink, to: Recipients) -> Sealer:
    """Write an age header to ``sink``; what is written to the stream that is returned goes there encrypted. Its ``finish`` ends
    the file: without it, it is not whole."""
    from satchel.trust.age_stream import Sealer

    file_key, nonce = os.urandom(FILE_KEY_BYTES), os.urandom(NONCE_BYTES)
    sink.write(write_header([each.wrap(file_key) for each in to.all], file_key))
    sink.write(nonce)
    return Sealer(sink, payload_key(file_key, nonce))


class Identities:
    """What opens age files: private keys, and a passphrase that is asked for when a file first needs it.

    File keys that were found stay until the object goes, so that a passphrase is asked for and stretched once.
    """

    def __init__(
        self, keys: Sequence[Identity] = (), ask: Callable[[str], str] | None = None, limits: Limits = DEFAULT
    ) -> None:
        """``ask`` gets the file's name and returns the passphrase, "" where nobody can be asked."""
        self._limits = limits
        self._keys = tuple(keys)
        self._ask = ask
        self._passphrase: Secret | None = None
        self._found: dict[bytes, bytes] = {}

    def unsealed(self, file: IO[bytes], name: str) -> Unsealer:
        """What is encrypted in ``file``, which seeks and stays open as long as the stream is read.

        Raises:
            Locked: nothing here opens it; the message says what would.
            MalformedInput: the header is damaged, or the end missing.
            LimitExceeded: the header is past the limits.
        """
        from satchel.trust.age_stream import Unsealer

        place = Place(file=name)
        try:
            file.seek(0)
            header = read_header(file, place=place, limits=self._limits)
            file.seek(header.size_bytes)
            nonce = file.read(NONCE_BYTES)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or 'input/output error'}", place=place) from None
        if len(nonce) != NONCE_BYTES:
            raise damaged(place)
        known = hashlib.sha256(header.signed + header.mac).digest()
        if known not in self._found:
            self._found[known] = self._file_key(header, place)
        key = payload_key(self._found[known], nonce)
        return Unsealer(file, key, start=header.size_bytes + NONCE_BYTES, place=place)

    def unseal(self, file: BinaryIO, name: str) -> BinaryIO | None:
        """The same, authenticated to its end; None where ``file`` does not begin as an age file does."""
        if not is_age(file.read(len(ARMOR))):
            return None
        found = self.unsealed(file, name)
        found.check()
        return cast(BinaryIO, found)

    def _file_key(self, header: Header, place: Place) -> bytes:
        kinds = [stanza.kind for stanza in header.stanzas]
        found: bytes | None
        if "scrypt" in kinds:
            if len(kinds) > 1:
                raise MalformedInput("the age header has a passphrase and other recipients", place=place)
            found = self._by_passphrase(header.stanzas[0], place)
        else:
            found = self._by_key(header.stanzas, place)
        if len(found) != FILE_KEY_BYTES or not header.is_of(found):
            raise MalformedInput("the age header is damaged: its MAC does not hold", place=place, hint="copy it again")
        return found

    def _by_passphrase(self, stanza: Stanza, place: Place) -> bytes:
        from satchel.trust.age_keys import check_work, unwrap_by_passphrase

        check_work(stanza, place=place, limits=self._limits)
        if self._passphrase is None:
            text = os.environ.get(VARIABLE) or (self._ask(place.file) if self._ask else "")
            if not text:
                raise Locked("is encrypted with a passphrase", place=place, hint=f"set {VARIABLE}, or type it on a terminal")
            self._passphrase = Secret(text.encode("utf-8", "surrogateescape"))
        found = unwrap_by_passphrase(stanza, self._passphrase, place=place, limits=self._limits)
        if found is None:
            self._passphrase = None
            raise Locked("the passphrase does not open it", place=place, hint="nothing was read")
        return found

    def _by_key(self, stanzas: Sequence[Stanza], place: Place) -> bytes:
        for stanza in stanzas:
            for key in self._keys:
                try:
                    found = key.unwrap(stanza)
                except ValueError:
                    raise damaged(place) from None
                if found is not None:
                    return found
        # Some tools add a stanza that is nobody's, to keep readers tolerant.
        count = sum(not stanza.kind.endswith("-grease") for stanza in stanzas)
        to = f"to {count:,} {'key' if count == 1 else 'keys'}"
        if self._keys:
            raise Locked(f"is encrypted {to}, and none of yours is among them", place=place, hint="--identity names another")
        raise Locked(f"is encrypted {to}", place=place, hint="--identity FILE names the private key that opens it")


#: With these nothing opens.
NOBODY = Identities()


def read_identity_file(path: Path) -> tuple[Identity, ...]:
    """The identities in a file that a person names.

    Raises:
        InputError: it cannot be read or holds none.
    """
    from satchel.trust.age_keys import read_identities

    place = Place(file=path.name)
    try:
        with path.open("rb") as stream:
            data = stream.read(_IDENTITY_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read: {getattr(error, 'strerror', error)}", place=place) from None
    if is_age(data):
        raise InputError("the identity file is encrypted itself", place=place, hint="age --decrypt it, and name what comes")
    if len(data) > _IDENTITY_BYTES:
        raise InputError("is larger than any identity file", place=place)
    return read_identities(data, path.name)


def begins_age(path: Path) -> bool:
    """Whether a regular file begins as an age file does, whatever its name."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return is_age(stream.read(len(ARMOR)))
    except (OSError, ValueError):
        return False


def wrap_with_passphrase(secret: Secret, passphrase: str) -> bytes:
    """An age file of ``secret`` for one passphrase (age v1 format, section "The scrypt recipient type")."""
    from satchel.trust.age_keys import Passphrase

    file = io.BytesIO()
    sealer = sealing(file, Recipients((Passphrase(Secret(passphrase.encode()), WORK_FACTOR),)))
    sealer.write(secret.reveal())
    sealer.finish()
    return file.getvalue()


def unwrap_with_passphrase(data: bytes, passphrase: str) -> Secret:
    """The secret in an age file of one scrypt recipient.

    Raises:
        WrongKey: the passphrase is not the one, or the file is damaged.
    """
    import pyrage

    try:
        return Secret(pyrage.passphrase.decrypt(data, passphrase))
    except pyrage.DecryptError:
        raise WrongKey(
            "the passphrase does not open the vault's key", hint="the recovery key opens it too: satchel keys recover"
        ) from None


def new_recovery(secret: Secret) -> tuple[Secret, bytes]:
    """A fresh recovery key (an age identity, ``AGE-SECRET-KEY-1…``) and the age file in which it opens ``secret``."""
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    return Secret(str(identity).encode()), pyrage.encrypt(secret.reveal(), [identity.to_public()])


def unwrap_with_recovery(data: bytes, recovery_key: str) -> Secret:
    """The secret in a recovery file.

    Raises:
        WrongKey: it is no recovery key, or not this vault's.
    """
    import pyrage

    try:
        identity = pyrage.x25519.Identity.from_str(recovery_key.strip().upper())
    except pyrage.IdentityError:
        raise WrongKey(
            "that is not a recovery key", hint="it begins with AGE-SECRET-KEY-1 and was shown when the vault was made"
        ) from None
    try:
        return Secret(pyrage.decrypt(data, [identity]))
    except pyrage.DecryptError:
        raise WrongKey("the recovery key belongs to another vault") from None
