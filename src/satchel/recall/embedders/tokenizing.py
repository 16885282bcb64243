"""A model's tokenizer, from the files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from satchel.errors import InputError, UsageError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

EXTRA = "pip install 'satchel[embed]'"


class Tokens:
    """Ids of texts, with the marks that the model expects round them."""

    def __init__(self, tokenizer: Tokenizer, *, lowercase: bool = False) -> None:
        self._tokenizer = tokenizer
        self._lowercase = lowercase
        tokenizer.no_padding()

    def encode(self, texts: Sequence[str], most: int, *, marked: bool = True) -> list[list[int]]:
        """Of each text at most so many ids, marks included; ``marked``: with them."""
        self._tokenizer.enable_truncation(most)
        given = [text.lower() if self._lowercase else text for text in texts]
        return [encoding.ids for encoding in self._tokenizer.encode_batch(given, add_special_tokens=marked)]

    @property
    def unknown(self) -> int | None:
        """The id of what the vocabulary does not have; None where everything is spelled out."""
        model = msgspec.json.decode(self._tokenizer.to_str())["model"]
        if isinstance(model.get("unk_id"), int):
            return int(model["unk_id"])
        token = model.get("unk_token")
        found: int | None = self._tokenizer.token_to_id(token) if token else None
        return found


def tokens_of(folder: Path, *, lowercase: bool = False) -> Tokens:
    """The tokenizer in a model's folder.

    Raises:
        UsageError: the package that runs it is not there.
        InputError: no tokenizer that can be read.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise UsageError("a model in a folder needs the package tokenizers", hint=EXTRA) from None
    path = folder / "tokenizer.json"
    try:
        if path.is_file():
            return Tokens(Tokenizer.from_file(str(path)), lowercase=lowercase)
        path = folder / "vocab.txt"
        if path.is_file():
            return Tokens(_word_pieces(folder), lowercase=lowercase)
    except Exception as error:  # The package raises plain Exception for whatever is wrong with a file.
        raise InputError(f"{path} is no tokenizer that can be read") from error
    raise InputError(f"{folder} holds neither tokenizer.json nor vocab.txt")


def _word_pieces(folder: Path) -> Any:
    """BERT's, from its list of pieces alone (Devlin et al. 2018; huggingface tokenizers' BertWordPieceTokenizer)."""
    from tokenizers import implementations

    from satchel.recall.embedders.folder import read_json

    told = read_json(folder / "tokenizer_config.json")
    return implementations.BertWordPieceTokenizer(  # type: ignore[attr-defined]
        str(folder / "vocab.txt"),
        lowercase=told.get("do_lower_case", True),
        strip_accents=told.get("strip_accents"),
        handle_chinese_chars=told.get("tokenize_chinese_chars", True),
    )
