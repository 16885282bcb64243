"""A model that lies in a folder of this machine, laid out as sentence-transformers or model2vec write it.

    modules.json                      which parts there are, and where; without it: an encoder, mean pooling
    config.json                       the encoder's sizes
    onnx/model.onnx, model.onnx       the encoder as a graph, run by onnxruntime; else
    model.safetensors                 its weights (BERT's and RoBERTa's layout), run by NumPy; or the table of a static model
    tokenizer.json, or vocab.txt
    1_Pooling/config.json             how a text's vector is made of its tokens'
    sentence_bert_config.json         how many tokens it reads
    config_sentence_transformers.json what is put before a question and before a text

Nothing is fetched, no code of the folder runs, and no pickle is read: weights in ``pytorch_model.bin`` are refused. Its digest
is of every file that decides a vector.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import numpy as np

from satchel.errors import InputError
from satchel.recall.embedders import pooling
from satchel.recall.embedders.tokenizing import Tokens, tokens_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satchel.recall.embedders import Vectors

#: From token ids and mask, both (texts, tokens), to a vector for each token (texts, tokens, dimensions), or for each text.
Encoder = Callable[["NDArray[np.int64]", "NDArray[np.int64]"], "NDArray[np.float32]"]
#: Tokens at once, the padding included: what an encoder of the usual size holds in 200 MB.
BATCH_TOKENS = 4096
#: A text's tokens that are read, whatever the model says: attention's memory is their square.
MOST_TOKENS = 1024
#: The largest JSON of a model; vocabularies have their own reader.
_CONFIG_BYTES = 1 << 20
_ONNX = ("onnx/model.onnx", "model.onnx")
_WEIGHTS = "model.safetensors"
_PICKLES = ("pytorch_model.bin", "model.pt", "model.pkl")


class Parts(NamedTuple):
    """What a folder holds: where the encoder is, whether it is a table, how its tokens become one vector, and what is put
    before questions and texts."""

    at: Path
    is_static: bool
    pooling: tuple[str, ...]
    question: str
    text: str


class FolderEmbedder:
    """See the module's text. ``dimensions`` and the rest are told by the model.

    Raises:
        InputError: it is no such folder, or something in it is not understood; the message names the file.
        UsageError: a package that runs it is not installed.
    """

    is_lexical = False

    def __init__(self, folder: Path) -> None:
        try:
            self._parts = _parts(folder)
            self.name = folder.resolve().name
            if self._parts.is_static:
                from satchel.recall.embedders.static import StaticTable

                self._table: StaticTable | None = StaticTable.read(self._parts.at)
                used = [self._parts.at / _WEIGHTS]
            else:
                self._table = None
                self._encode, self._pad, used = _encoder(self._parts.at)
                self._most = min(MOST_TOKENS, _most_tokens(folder, self._parts.at))
                self._tokens = tokens_of(self._parts.at, lowercase=bool(_setting(folder, "do_lower_case")))
            self.digest = _digest(folder, used)
            self.dimensions = int(self.embed(["dimensions"]).shape[1])
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise InputError(
                f"{folder} is no model that can be read: {type(error).__name__}",
                hint="the layout of sentence-transformers or model2vec is expected",
            ) from error

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> Vectors:
        """See Embedder.embed."""
        try:
            return self._embed(texts, self._parts.question if is_question else self._parts.text)
        except (ValueError, KeyError, IndexError, TypeError) as error:
            # A token without a row, weights that do not fit one another.
            raise InputError(f"the model {self.name} cannot be run: its files do not fit together") from error

    def _embed(self, texts: Sequence[str], before: str) -> Vectors:
        shown = [(before + text).encode("utf-8", "replace").decode() for text in texts]
        if self._table is not None:
            return unit(self._table.embed(shown))
        encoded = self._tokens.encode(shown, self._most)
        made: dict[int, NDArray[np.float32]] = {}
        # Texts of about the same length together: padding is computed too.
        order = sorted(range(len(encoded)), key=lambda at: len(encoded[at]))
        first = 0
        while first < len(order):
            count = 1
            while first + count < len(order) and (count + 1) * len(encoded[order[first + count]]) <= BATCH_TOKENS:
                count += 1
            batch = order[first : first + count]
            made.update(zip(batch, self._batch([encoded[at] for at in batch]), strict=True))
            first += count
        if not texts:
            return np.zeros((0, getattr(self, "dimensions", 0)), np.float32)
        return unit(np.stack([made[at] for at in range(len(texts))]))

    def _batch(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        long = max(1, max(map(len, batch)))
        ids = np.full((len(batch), long), self._pad, np.int64)
        mask = np.zeros((len(batch), long), np.int64)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        found = self._encode(ids, mask)
        return found if found.ndim == 2 else pooling.pooled(found, mask, self._parts.pooling)


def unit(vectors: NDArray[np.float32]) -> Vectors:
    """Each row as long as 1; zeros, and what is no number, as zeros."""
    vectors = np.nan_to_num(np.asarray(vectors, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)


def read_json(path: Path) -> Any:
    """A model's JSON; {} where the file is not there.

    Raises:
        InputError: it is none, or is larger than such a file is.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_CONFIG_BYTES + 1)
        if len(data) > _CONFIG_BYTES:
            raise InputError(f"{path} is too large for a model's configuration")
        return msgspec.json.decode(data)
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InputError(f"{path} is no JSON") from None


def _parts(folder: Path) -> Parts:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    modules = read_json(folder / "modules.json") or []
    asked = read_json(folder / "config_sentence_transformers.json")
    prompts = asked.get("prompts") or {}
    usual = prompts.get(asked.get("default_prompt_name") or "", "")
    question = str(prompts.get("query") or usual)
    text = str(prompts.get("document") or prompts.get("passage") or usual)
    at, is_static = folder, False
    pools: tuple[str, ...] = ("mean",)
    for module in modules:
        kind = str(module["type"]).rsplit(".", 1)[-1]
        place = _inside(folder, str(module.get("path", "")))
        if kind == "Transformer":
            at = place
        elif kind == "StaticEmbedding":
            at, is_static = place, True
        elif kind == "Pooling":
            pools = pooling.modes(read_json(place / "config.json"))
        elif kind != "Normalize":
            # Normalised is every vector of ours; another part would be left out unsaid.
            raise InputError(f"{folder / 'modules.json'} has a part {kind}, which is not known here")
    if read_json(at / "config.json").get("model_type") == "model2vec":
        is_static = True
    return Parts(at, is_static, pools, question, text)


def _inside(folder: Path, path: str) -> Path:
    place = folder / path
    if not place.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{folder / 'modules.json'} names a folder outside of the model's")
    return place


def _encoder(at: Path) -> tuple[Encoder, int, list[Path]]:
    """What turns tokens to vectors, the token that fills up, and the files it is made of."""
    config = read_json(at / "config.json")
    pad = int(config.get("pad_token_id") or 0)
    graph = next((at / name for name in _ONNX if (at / name).is_file()), None)
    if graph is None:
        graph = next(iter(sorted((at / "onnx").glob("*.onnx"))), None)
    if graph is not None:
        from satchel.recall.embedders.onnx import encoder

        # Large graphs have their weights beside them.
        return encoder(graph), pad, sorted(graph.parent.glob(graph.name + "*"))
    weights = at / _WEIGHTS
    if weights.is_file():
        from satchel.recall.embedders.bert import Bert

        return Bert.read(weights, config), pad, [weights]
    pickles = [name for name in _PICKLES if (at / name).exists()]
    if pickles:
        raise InputError(
            f"{at / pickles[0]} can run code when it is read, so it is not",
            hint="get the model as model.safetensors or onnx/model.onnx",
        )
    raise InputError(f"{at} holds neither onnx/model.onnx nor {_WEIGHTS}")


def _setting(folder: Path, name: str) -> Any:
    return read_json(folder / "sentence_bert_config.json").get(name)


def _most_tokens(folder: Path, at: Path) -> int:
    config = read_json(at / "config.json")
    told = [_setting(folder, "max_seq_length"), read_json(at / "tokenizer_config.json").get("model_max_length")]
    positions = config.get("max_position_embeddings")
    if positions and config.get("model_type") in ("roberta", "xlm-roberta", "camembert"):
        # The first positions are the padding's.
        positions -= int(config.get("pad_token_id") or 0) + 1
    return max(2, int(min(float(each) for each in (*told, positions, MOST_TOKENS) if each)))


def _digest(folder: Path, used: Sequence[Path]) -> str:
    """SHA-256 over names and hashes of the files that decide a vector."""
    names = {"config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "modules.json", "special_tokens_map.json"}
    names |= {"sentence_bert_config.json", "config_sentence_transformers.json"}
    files = {path for path in folder.rglob("*.json") if path.name in names} | set(folder.glob("*/vocab.txt")) | set(used)
    files |= set(folder.glob("vocab.txt"))
    whole = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        whole.update(f"{path.relative_to(folder).as_posix()}\0{found}\n".encode("utf-8", "surrogateescape"))
    return whole.hexdigest()


__all__ = ["FolderEmbedder", "Tokens", "read_json", "unit"]
