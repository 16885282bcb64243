"""Bech32 (BIP 173), as far as age's keys need it: decoding, without the limit of 90 letters."""

from __future__ import annotations

from collections.abc import Iterable

_LETTERS = {letter: value for value, letter in enumerate("qpzry9x8gf2tvdw0s3jn54khce6mua7l")}
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
#: More than any key: its checksum is not looked for.
_MOST = 200


def decode(text: str) -> tuple[str, bytes] | None:
    """The human-readable part in lower case and the bytes; None when ``text`` is no Bech32."""
    if len(text) > _MOST or not text.isascii() or text not in (text.lower(), text.upper()):
        return None
    prefix, one, rest = text.lower().rpartition("1")
    values = [_LETTERS.get(letter, -1) for letter in rest]
    if not prefix or not one or len(values) < 6 or -1 in values:
        return None
    spread = [ord(letter) >> 5 for letter in prefix] + [0] + [ord(letter) & 31 for letter in prefix]
    if _polymod([*spread, *values]) != 1:
        return None
    number, bits = 0, 5 * (len(values) - 6)
    for value in values[:-6]:
        number = number << 5 | value
    # What is left of the last letter: less than five bits, all zero.
    left = bits % 8
    if left > 4 or number & ((1 << left) - 1):
        return None
    return prefix, (number >> left).to_bytes(bits // 8, "big")


def _polymod(values: Iterable[int]) -> int:
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATORS):
            if top >> bit & 1:
                check ^= generator
    return check
