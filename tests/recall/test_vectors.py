"""Making a vault's vectors: cut, resumed, switched; and what they do to recall."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.errors import InputError, NetworkError
from satchel.limits import DEFAULT, raised
from satchel.model.words import words_of
from satchel.move import forgetting
from satchel.recall import vectors
from satchel.recall.asking import question
from satchel.recall.embedders.hashing import HashingEmbedder
from satchel.recall.embedders.sources import Folder, Hashing, place_of
from satchel.recall.pipeline import Asked, context
from satchel.recall.retrieval import retrieve
from satchel.recall.vectors import PASSAGE_BYTES, Made, Sense, make, passages
from satchel.vault.sqlite.store import SqliteStore
from satchel.vault.values import Forgetting
from tests.recall.embedders.models import write_bert
from tests.recall.made import NOW, give, memory, talk

#: Words that mean the same, for an embedder that knows meanings.
MEANINGS = [{"car", "automobile", "vehicle"}, {"doctor", "physician"}, {"happy", "glad", "joy"}, {"tea"}, {"boat", "kayak"}]


class Knowing:
    """An embedder that knows those meanings: one dimension each, and one for all else."""

    name = "knowing"
    is_lexical = False
    dimensions = len(MEANINGS) + 1

    def __init__(self, digest: str = "aa") -> None:
        self.digest = digest
        self.embedded: list[str] = []

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> np.ndarray:
        self.embedded += texts
        made = np.zeros((len(texts), self.dimensions), np.float32)
        for at, text in enumerate(texts):
            for word in words_of(text.lower()):
                places = [place for place, group in enumerate(MEANINGS) if word in group]
                made[at, places[0] if places else -1] += 1 if places else 0.1
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


class Failing(Knowing):
    """It dies after so many calls."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.left = calls

    def embed(self, texts: Sequence[str], *, is_question: bool = False) -> np.ndarray:
        self.left -= 1
        if self.left < 0:
            raise NetworkError("gone")
        return super().embed(texts)


@given(st.text(max_size=4000) | st.text(alphabet="ab. \n", min_size=900, max_size=5000))
def test_passages_are_all_of_a_text_in_order_and_none_too_long(text: str) -> None:
    found = list(passages(text))
    assert all(len(piece.encode("utf-8", "replace")) <= PASSAGE_BYTES and piece.strip() for piece in found)
    assert "".join("".join(found).split()) == "".join(text.split())


def test_a_passage_ends_where_a_sentence_does() -> None:
    text = "It rained all day long. " * 100
    found = list(passages(text))
    assert all(piece.endswith("long.") for piece in found) and len(found) == 3


def test_a_text_of_ten_megabytes_without_a_break_is_cut_in_linear_time() -> None:
    assert sum(1 for _ in passages("x" * 10_000_000)) == 10_000


def test_all_records_get_vectors_and_the_model_answers(store: SqliteStore) -> None:
    give(store, memory("1", "green tea"), talk("1", [("user", "hello"), ("assistant", "long words. " * 300)]))
    told: list[Made] = []
    made = make(store, Knowing(), place_of(Hashing()), on_progress=told.append)
    assert made == Made(4, 4, True) and told[0] == Made(0, 4, False) and told[-1] == made
    # The talk itself has no text.
    assert make(store, embedder := Knowing(), "") == made and embedder.embedded == []


def test_of_a_very_long_text_so_many_passages_are_embedded(store: SqliteStore) -> None:
    give(store, memory("1", "words and words. " * 1000))
    make(store, embedder := Knowing(), "", limits=raised(["text_passages=3"]))
    assert len(embedder.embedded) == 3
    assert vectors.planned(store, Knowing("bb"), DEFAULT).passages > 10


def test_killed_it_goes_on_where_it_was(store: SqliteStore) -> None:
    give(store, *(memory(str(number), f"tea number {number} " * 40) for number in range(700)))
    with pytest.raises(NetworkError):
        make(store, Failing(2), "")
    (model,) = store.vector_models()
    assert 0 < model.records < 700 and not model.in_use
    assert vectors.planned(store, Knowing()).records == 700 - model.records
    embedder = Knowing()
    assert make(store, embedder, "").in_use
    assert len(embedder.embedded) == 700 - model.records


def test_a_limit_of_time_stops_it_and_keeps_what_was_done(store: SqliteStore) -> None:
    give(store, memory("1", "tea"))
    assert make(store, Knowing(), "", limit_s=0) == Made(0, 1, False)
    assert make(store, Knowing(), "", limit_s=60).in_use


def test_the_model_before_answers_until_the_new_one_is_through(store: SqliteStore) -> None:
    give(store, *(memory(str(number), f"tea {number} " * 200) for number in range(20)), memory("c", "The automobile is blue"))
    make(store, one := Knowing("aa"), "")
    make(store, Knowing("bb"), "", limit_s=0)
    found = retrieve(store, question("vehicle", NOW), sense=Sense(one))
    assert found[0].record.origin.id == "c" and found[0].evidence.cosine is not None
    make(store, two := Knowing("bb"), "")
    assert [model.digest for model in store.vector_models()] == [Sense(two).digest]


def test_what_is_forgotten_while_it_is_being_embedded_gets_no_vector(store: SqliteStore) -> None:
    give(store, memory("1", "green tea"), memory("2", "black tea"))

    class Forgetting_(Knowing):  # noqa: N801
        def embed(self, texts: Sequence[str], *, is_question: bool = False) -> np.ndarray:
            if store.get(memory("1", "").uid):
                forgetting.forget(store, Forgetting(uids=(memory("1", "").uid,)))
            return super().embed(texts)

    assert make(store, Forgetting_(), "") == Made(1, 1, True)
    (near,) = store.nearest(Sense(Knowing()).digest, Knowing().embed(["tea"])[0], 9)
    assert store.by_rows([near.row])[0].origin.id == "2"  # type: ignore[union-attr]


def test_what_is_said_in_other_words_is_found(store: SqliteStore) -> None:
    give(store, memory("1", "The automobile needs new tyres"), memory("2", "Carpets and cartons"), memory("3", "Rain"))
    make(store, embedder := Knowing(), "")
    assert retrieve(store, question("my vehicle", NOW)) == []
    found = retrieve(store, question("my vehicle", NOW), sense=Sense(embedder))
    assert found[0].record.origin.id == "1" and found[0].evidence.words == 0 and found[0].evidence.meaning > 0
    assert found[0].evidence.cosine == pytest.approx(0.95, abs=0.05)
    # What has the words and what has the meaning both come before the rest.
    both = retrieve(store, question("vehicle carpets", NOW), sense=Sense(embedder))
    assert {each.record.origin.id for each in both[:2]} == {"1", "2"}


def test_what_may_not_be_given_is_not_found_by_its_vector_either(store: SqliteStore) -> None:
    give(store, memory("1", "The automobile is blue"), memory("2", "The vehicle is red", status="superseded"))
    make(store, embedder := Knowing(), "")
    made = context(store, Asked(task="car?"), now=NOW, sense=Sense(embedder))
    assert "blue" in made.text and "red" not in made.text
    assert {held.reason for held in made.held} == {"superseded"}


def test_a_lexical_model_changes_nothing_where_words_find_enough(store: SqliteStore) -> None:
    give(store, *(memory(str(number), f"tea and cake, {number} cups, plate {number % 7}") for number in range(90)))
    make(store, embedder := HashingEmbedder(), "")
    for asked in ("tea cups", "cake on plate 3"):
        by_words = retrieve(store, question(asked, NOW))
        assert retrieve(store, question(asked, NOW), sense=Sense(embedder)) == by_words


def test_a_lexical_model_finds_what_is_misspelt_behind_what_words_find(store: SqliteStore) -> None:
    give(store, memory("1", "We repaired the bicycle"), memory("2", "The bicyclle is red"), memory("3", "Rain tomorrow"))
    make(store, embedder := HashingEmbedder(), "")
    found = [each.record.origin.id for each in retrieve(store, question("bicycle", NOW), sense=Sense(embedder))]
    assert found[:2] == ["1", "2"]
    assert retrieve(store, question("bicyclle", NOW)) != []
    assert [each.record.origin.id for each in retrieve(store, question("xbicycle", NOW))] == []


def test_the_model_in_use_is_opened_again_and_another_in_its_place_is_noticed(store: SqliteStore, tmp_path: Path) -> None:
    assert vectors.in_use(store) is None
    give(store, memory("1", "a cat sat on the mat"))
    write_bert(tmp_path / "model")
    from satchel.recall.embedders.folder import FolderEmbedder

    make(store, FolderEmbedder(tmp_path / "model"), place_of(Folder(str(tmp_path / "model"))))
    sense = vectors.in_use(store)
    assert sense is not None
    (found,) = retrieve(store, question("dog", NOW), sense=sense)
    assert found.evidence.words == 0 and found.evidence.cosine is not None
    write_bert(tmp_path / "model", pooling="cls_token")
    with pytest.raises(InputError, match="not the one"):
        vectors.in_use(store)
    (tmp_path / "model").rename(tmp_path / "gone")
    with pytest.raises(InputError, match="no folder"):
        vectors.in_use(store)
