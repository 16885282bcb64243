"""A model behind a URL that speaks OpenAI's ``/embeddings``.

Texts leave the machine, so it is used only where its owner asked for it by name. https, or this machine; the key comes from the
environment alone (``SATCHEL_API_KEY``); see trust.api. Its digest is of URL and name: nobody can tell from here whether the
server has other weights under the same name, but another number of dimensions is noticed.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from satchel.errors import MalformedInput, NetworkError
from satchel.recall.embedders.folder import unit
from satchel.recall.evaluation.endpoint import KEY_VARIABLE, TRIES, Endpoint
from satchel.trust.api import Api
from satchel.trust.fetch import SYSTEM, Network
from satchel.trust.secrets import Secret

if TYPE_CHECKING:
    from satchel.recall.embedders import Vectors

#: Texts of one request: servers take some hundred, of some hundred tokens each.
BATCH_TEXTS = 64
_BUSY = frozenset({429, 500, 502, 503, 504})


class _Item(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Answer(msgspec.Struct):
    data: list[_Item]


class EndpointEmbedder:
    """See the module's text.

    Args:
        url: the base that ``/embeddings`` follows: ``http://localhost:8080/v1``.
        model: its name there.
        dimensions: where they are known; else the server tells when it is first asked, with the one word "dimensions".

    Raises:
        UsageError: no plain http or https URL; or the key would go in clear.
        NetworkError, MalformedInput: as ``embed``.
    """

    is_lexical = False

    def __init__(self, url: str, model: str, *, dimensions: int = 0, network: Network = SYSTEM) -> None:
        told = Endpoint.named(url)
        self._api = Api(told.url, Secret(told.key.encode()) if told.key else None, network=network)
        self._model = model
        self.name = f"{model} at {self._api.host}"
        self.digest = hashlib.sha256(f"satchel endpoint {told.url} {model}".encode()).hexdigest()
        self._dimensions = dimensions

    @property
    def dimensions(self) -> int:
        """See Embedder.dimensions. Raises as ``embed``."""
        if not self._dimensions:
            self._dimensions = self._asked(["dimensions"]).shape[1]
        return self._dimensions

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> Vectors:  # noqa: ARG002
        """See Embedder.embed.

        Raises:
            NetworkError: no answer, or a refusal.
            MalformedInput: an answer of another shape, or of vectors of another size than before.
        """
        made = np.zeros((len(texts), self.dimensions), np.float32)
        # Servers refuse an empty text.
        told = [at for at, text in enumerate(texts) if text.strip()]
        for first in range(0, len(told), BATCH_TEXTS):
            batch = told[first : first + BATCH_TEXTS]
            found = self._asked([texts[at] for at in batch])
            if found.shape != (len(batch), self.dimensions):
                raise MalformedInput(
                    f"{self.name} gives vectors of another size than it did", hint="satchel embed makes them anew"
                )
            made[batch] = found
        return made

    def _asked(self, texts: Sequence[str]) -> Vectors:
        body = {"model": self._model, "input": [text.encode("utf-8", "replace").decode() for text in texts]}
        for attempt in range(TRIES):
            answer = self._api.call("POST", "embeddings", body={**body, "encoding_format": "float"})
            if answer.status not in _BUSY or attempt == TRIES - 1:
                break
            time.sleep(2.0**attempt)
        if not answer.is_good:
            hint = f"set {KEY_VARIABLE}" if answer.status in (401, 403) else "run the command again to go on where it stopped"
            raise NetworkError(f"{self._api.host} answered with status {answer.status}", hint=hint)
        return unit(_vectors(answer.value, len(texts), self.name))


def _vectors(value: Any, count: int, name: str) -> Vectors:
    """The answer's vectors in the order of the texts."""
    try:
        items = msgspec.convert(value, _Answer, strict=False).data
        if all(item.index is not None for item in items):
            items = sorted(items, key=lambda item: item.index or 0)
        made = np.array([item.embedding for item in items], np.float32)
    except (msgspec.ValidationError, ValueError, OverflowError):
        made = np.zeros((0,), np.float32)
    if made.ndim != 2 or len(made) != count or not made.shape[1] or not np.isfinite(made).all():
        raise MalformedInput(f"{name} answered, but not as an embeddings endpoint does")
    return made
