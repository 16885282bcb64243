"""How long a text is for a model. A budget is never overrun: without the model's vocabulary, bytes stand for tokens, for no
tokenizer that reads bytes makes more of them than there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from satchel.errors import InputError, UsageError


class Counter(msgspec.Struct, frozen=True):
    """``name`` goes into receipts. ``count`` never tells too few; ``is_exact``: nor too many."""

    name: str
    count: Callable[[str], int]
    is_exact: bool = False


BYTES = Counter("bytes", lambda text: len(text.encode("utf-8", "surrogatepass")))


def from_vocabulary(path: Path) -> Counter:
    """An exact counter by a model's ``tokenizer.json``.

    Raises:
        UsageError: the package that reads it is not there.
        InputError: the file is no vocabulary.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UsageError("counting by a vocabulary needs the package tokenizers", hint="pip install 'satchel[embed]'") from None
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # The package raises plain Exception for whatever is wrong with the file.
        raise InputError(f"{path.name} is no tokenizer.json that can be read") from error
    return Counter(path.name, lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids), is_exact=True)
