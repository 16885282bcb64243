"""Vectors without a model: the same everywhere, alike as far as the spelling is."""

from __future__ import annotations

import hashlib
import math
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.recall.embedders import Embedder
from satchel.recall.embedders.hashing import BATCH_TEXTS, HashingEmbedder


def _alike(one: str, other: str) -> float:
    first, second = HashingEmbedder().embed([one, other])
    return float(first @ second)


def test_it_is_an_embedder() -> None:
    embedder: Embedder = HashingEmbedder()
    assert embedder.embed(["a dog"]).shape == (1, embedder.dimensions)
    assert embedder.embed(["a dog"]).dtype == np.float32
    assert len(bytes.fromhex(embedder.digest)) == 32
    assert embedder.embed([]).shape == (0, embedder.dimensions)


def test_another_size_is_another_model() -> None:
    assert HashingEmbedder(64).digest != HashingEmbedder(128).digest


@given(st.lists(st.text(), max_size=8))
def test_rows_have_length_one_or_are_zeros_and_do_not_know_of_one_another(texts: list[str]) -> None:
    embedder = HashingEmbedder()
    together = embedder.embed(texts)
    lengths = np.linalg.norm(together, axis=1)
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths == 0))
    for text, row in zip(texts, together, strict=True):
        assert np.allclose(embedder.embed([text])[0], row, atol=1e-6)


@pytest.mark.parametrize("text", ["", " ", "...", "what was the", "\x00", "\ud800"])
def test_a_text_that_says_nothing_gives_zeros(text: str) -> None:
    assert not HashingEmbedder().embed([text]).any()


def test_spellings_alike_are_near_and_others_far() -> None:
    assert _alike("She painted a sunrise", "painting sunrises, she said") > 0.5
    assert _alike("the bicycle was repaired", "bycicle repair") > 0.4
    assert _alike("xbicycle", "a bicycle") > 0.3
    assert abs(_alike("She painted a sunrise", "quarterly budget numbers")) < 0.2
    # It knows no synonyms; nobody should think it does.
    assert abs(_alike("car", "automobile")) < 0.3


def test_scripts_without_spaces_are_compared_by_their_characters() -> None:
    assert _alike("我喜欢吃苹果", "他也喜欢苹果") > _alike("我喜欢吃苹果", "明天下雨") + 0.3


def test_more_texts_than_a_batch() -> None:
    embedder = HashingEmbedder()
    texts = [f"note number {number}" for number in range(BATCH_TEXTS + 3)]
    assert np.array_equal(embedder.embed(texts)[-1], embedder.embed(texts[-1:])[0])


def test_a_memory_of_words_that_is_emptied_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = HashingEmbedder().embed(["one two three", "three four"])
    monkeypatch.setattr("satchel.recall.embedders.hashing.MAX_WORDS", 1)
    embedder = HashingEmbedder()
    embedder.embed(["quite other words before"])
    assert np.array_equal(embedder.embed(["one two three", "three four"]), before)


def test_another_process_with_another_hash_seed_gives_the_same() -> None:
    code = (
        "from satchel.recall.embedders.hashing import HashingEmbedder;"
        "import sys; sys.stdout.buffer.write(HashingEmbedder().embed(['We ordered brake pads, 刹车片']).tobytes())"
    )
    out = [
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert out[0] == out[1] == HashingEmbedder().embed(["We ordered brake pads, 刹车片"]).tobytes()


def test_it_is_what_the_module_says() -> None:
    """Pure Python, from the words of the module's text; numbers that a release must not change."""
    sums = [0.0] * 512
    for word, stem, often in (("painted", "paint", 2), ("ox", "ox", 1)):
        edged = f"^{word}$"
        trigrams = [edged[at : at + 3] for at in range(len(edged) - 2)]
        for feature, weight in [(f"w {stem}", 1.0), *((f"t {each}", 1 / math.sqrt(len(trigrams))) for each in trigrams)]:
            hashed = zlib.crc32(feature.encode())
            place = (((hashed * 0x9E3779B1) % 2**32) // 2 * 512) // 2**31
            sums[place] += (1 if hashed % 2 else -1) * weight * (1 + math.log(often))
    length = math.sqrt(sum(value * value for value in sums))
    found = HashingEmbedder().embed(["Painted the ox; painted!"])[0]
    assert found == pytest.approx([value / length for value in sums], abs=1e-6)
    assert HashingEmbedder().digest == hashlib.sha256(b"satchel hashing 1 512 1.0").hexdigest()
