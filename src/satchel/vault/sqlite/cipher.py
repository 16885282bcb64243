"""The vault's pages as they lie on the disk, opened one by one: what a check of the raw file needs, and SQLite does not give.

SQLite3 Multiple Ciphers' ``chacha20``: the last 32 bytes of a page are a nonce and a tag. The key of a page is the first 64
bytes of a ChaCha20 stream under the vault's key and the nonce, whose last four bytes, exclusive or the page's number, are the
counter; half of it keys the Poly1305 tag, half the stream over the page. The first 24 bytes of page 1 are not encrypted: a
random salt, and the shape of the file.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from cryptography.hazmat.primitives.poly1305 import Poly1305

from satchel.codec.sqlite_pages import HEADER
from satchel.trust.secrets import Secret

RESERVED_BYTES = 32
_CLEAR_BYTES = 24
_NONCE_BYTES = 16


def open_page(key: Secret, number: int, page: bytes) -> bytes | None:
    """The page without its reserved bytes; None when it is not what this key wrote as this page."""
    usable = len(page) - RESERVED_BYTES
    nonce, tag = page[usable : usable + _NONCE_BYTES], page[usable + _NONCE_BYTES :]
    counter = int.from_bytes(nonce[12:], "little") ^ number
    once = _stream(key.reveal(), counter, nonce[:12], bytes(64))
    try:
        Poly1305.verify_tag(once[:32], page[: usable + _NONCE_BYTES], tag)
    except InvalidSignature:
        return None
    clear = _CLEAR_BYTES if number == 1 else 0
    data = page[:clear] + _stream(once[32:], counter + 1, nonce[:12], page[clear:usable])
    return HEADER + data[len(HEADER) :] if number == 1 else data


def _stream(key: bytes, counter: int, nonce: bytes, data: bytes) -> bytes:
    start = (counter & 0xFFFFFFFF).to_bytes(4, "little") + nonce
    return Cipher(ChaCha20(key, start), None).encryptor().update(data)
