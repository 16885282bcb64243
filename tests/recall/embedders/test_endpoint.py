"""Vectors by a URL: what is sent, and what comes back in whatever shape."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from satchel.errors import MalformedInput, NetworkError, SatchelError, UnsafeAddress, UsageError
from satchel.recall.embedders import endpoint
from satchel.recall.embedders.endpoint import BATCH_TEXTS, EndpointEmbedder
from tests.recall.evaluation.chat_host import ChatHost


def answer(vectors: list[Any], **more: Any) -> tuple[int, dict[str, str], bytes]:
    items = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
    return 200, {}, json.dumps({"object": "list", "data": items, **more}).encode()


def lengths(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    """Of each text its length and 1."""
    return answer([[len(text), 1.0] for text in body["input"]])


def test_what_is_sent_and_that_rows_have_length_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_API_KEY", "sk-test")
    with ChatHost(lengths) as host:
        embedder = EndpointEmbedder(host.url, "small")
        found = embedder.embed(["abc", "", "d"])
    assert found == pytest.approx(np.array([[3, 1], [0, 0], [1, 1]]) / np.array([[10**0.5], [1], [2**0.5]]))
    assert embedder.dimensions == 2 and not embedder.is_lexical
    (path, headers, body), _ = host.asked[1], host.asked[0]
    assert path == "/v1/embeddings" and headers["authorization"] == "Bearer sk-test"
    assert body == {"model": "small", "input": ["abc", "d"], "encoding_format": "float"}
    # To know its size it was asked one word, which says nothing.
    assert host.asked[0][2]["input"] == ["dimensions"]


def test_where_the_size_is_known_nothing_is_asked_for_it() -> None:
    with ChatHost(lengths) as host:
        EndpointEmbedder(host.url, "small", dimensions=2).embed([])
        assert host.asked == []


def test_many_texts_go_in_requests_that_a_server_takes() -> None:
    with ChatHost(lengths) as host:
        found = EndpointEmbedder(host.url, "small", dimensions=2).embed(
            [f"{'x' * (at % 7 + 1)}" for at in range(BATCH_TEXTS + 5)]
        )
    assert [len(body["input"]) for _, _, body in host.asked] == [BATCH_TEXTS, 5] and len(found) == BATCH_TEXTS + 5


def test_vectors_are_put_in_the_order_of_the_texts() -> None:
    def turned(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        status, headers, data = lengths(body)
        value = json.loads(data)
        value["data"].reverse()
        return status, headers, json.dumps(value).encode()

    with ChatHost(turned) as host:
        found = EndpointEmbedder(host.url, "small", dimensions=2).embed(["a", "bbbb"])
    assert found[0, 0] < found[1, 0]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b'{"data": []}', b'{"data": [{"embedding": []}]}', b'{"data": [{"embedding": ["x", 1]}]}',
     b'{"data": [{"embedding": [1e999, 1]}]}', b'{"data": [{"embedding": [1, 2, 3]}]}', b'{"data": [{"embedding": [null, 1]}]}',
     b'{"data": [{"embedding": [1, 2]}, {"embedding": [1]}]}', b'{"data": [{"embedding": [1, 2]}, {"embedding": [1, 2]}]}',
     b"<html>"],
)  # fmt: skip
def test_an_answer_of_another_shape(data: bytes) -> None:
    with ChatHost(lambda _: (200, {}, data)) as host, pytest.raises((MalformedInput, NetworkError)) as caught:
        EndpointEmbedder(host.url, "small", dimensions=2).embed(["secret words"])
    assert "secret" not in str(caught.value)


def test_a_busy_server_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint.time, "sleep", lambda _: None)
    times = []

    def busy(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        times.append(1)
        return (429, {}, b"{}") if len(times) < 3 else lengths(body)

    with ChatHost(busy) as host:
        assert EndpointEmbedder(host.url, "small", dimensions=2).embed(["a"]).shape == (1, 2)
    assert len(times) == 3


@pytest.mark.parametrize("status", [401, 404, 503])
def test_a_refusal_is_told_without_what_was_sent(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint.time, "sleep", lambda _: None)
    with ChatHost(lambda _: (status, {}, b'{"error": "no"}')) as host, pytest.raises(NetworkError, match=str(status)) as caught:
        EndpointEmbedder(host.url, "small", dimensions=2).embed(["secret words"])
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "ftp://x/v1", "http://me:word@localhost/v1", "http://localhost/v1?key=1", "nonsense"])
def test_what_is_no_plain_url(url: str) -> None:
    with pytest.raises(UsageError):
        EndpointEmbedder(url, "small")


def test_a_key_goes_to_no_other_machine_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_API_KEY", "sk-test")
    with pytest.raises(UsageError, match="clear"):
        EndpointEmbedder("http://192.168.0.9/v1", "small")


def test_texts_go_to_no_public_address_in_clear() -> None:
    with pytest.raises((UnsafeAddress, NetworkError)):
        EndpointEmbedder("http://93.184.216.34/v1", "small", dimensions=2).embed(["a"])


def test_nobody_there() -> None:
    with ChatHost(lengths) as host:
        url = host.url
    with pytest.raises(SatchelError):
        EndpointEmbedder(url, "small", dimensions=2).embed(["a"])


def test_another_model_or_place_is_another_digest() -> None:
    made = [
        EndpointEmbedder(url, model, dimensions=2) for url in ("http://localhost/v1", "http://localhost/v2") for model in "ab"
    ]
    assert len({each.digest for each in made}) == 4
