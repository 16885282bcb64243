"""Models in a folder: the vectors that onnxruntime's run of the same network gives, and one clear error for what is none."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

from satchel.errors import InputError, SatchelError, UsageError
from satchel.recall.embedders.folder import FolderEmbedder
from tests.recall.embedders.models import SIZE, graph, vocabulary, weights, write, write_bert, write_tokenizer

TEXTS = [
    "the cat sat on the mat",
    "a dog ran",
    "",
    "Painted bread, butter and jam? Painting!",
    "é" * 5 + " zebra",
    "the cat sat on the mat. " * 30,
]


POOLINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "mean_tokens": lambda tokens: tokens.mean(0),
    "cls_token": lambda tokens: tokens[0],
    "max_tokens": lambda tokens: tokens.max(0),
    "mean_sqrt_len_tokens": lambda tokens: tokens.sum(0) / np.sqrt(len(tokens)),
    "lasttoken": lambda tokens: tokens[-1],
    "weightedmean_tokens": lambda tokens: np.average(tokens, axis=0, weights=np.arange(1, len(tokens) + 1)),
}


def reference(folder: Path, texts: list[str], pooling: str, most: int = 24, kind: str = "bert") -> np.ndarray:
    """Each text by itself, without padding: ids by the tokenizers package, the graph by onnxruntime, pooled here."""
    session = onnxruntime.InferenceSession(graph(weights(kind), first=1 if kind == "roberta" else 0).SerializeToString())
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most)
    made = []
    for text in texts:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        (tokens,) = session.run(
            None, {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        )
        vector = POOLINGS[pooling](tokens[0].astype(np.float64))
        made.append(vector / np.linalg.norm(vector))
    return np.array(made)


@pytest.mark.parametrize("pooling", POOLINGS)
@pytest.mark.parametrize("as_onnx", [True, False])
def test_vectors_are_those_of_the_network(tmp_path: Path, pooling: str, as_onnx: bool) -> None:
    write_bert(tmp_path, pooling=pooling, as_onnx=as_onnx)
    embedder = FolderEmbedder(tmp_path)
    found = embedder.embed(TEXTS)
    assert embedder.dimensions == SIZE and found.dtype == np.float32 and not embedder.is_lexical
    assert found == pytest.approx(reference(tmp_path, TEXTS, pooling), abs=2e-5)
    # Who stands beside it in a batch changes nothing.
    assert embedder.embed(TEXTS[:1]) == pytest.approx(found[:1], abs=2e-5)
    assert embedder.embed([]).shape == (0, SIZE)


def test_a_roberta_counts_its_positions_behind_the_padding(tmp_path: Path) -> None:
    write_bert(tmp_path, kind="roberta")
    assert FolderEmbedder(tmp_path).embed(TEXTS) == pytest.approx(
        reference(tmp_path, TEXTS, "mean_tokens", kind="roberta"), abs=2e-5
    )


def test_weights_of_a_model_with_a_head_are_found_under_its_prefix(tmp_path: Path) -> None:
    write_bert(tmp_path)
    save_file({f"bert.{name}": tensor for name, tensor in weights().items()}, str(tmp_path / "model.safetensors"))
    assert FolderEmbedder(tmp_path).embed(TEXTS) == pytest.approx(reference(tmp_path, TEXTS, "mean_tokens"), abs=2e-5)


def test_weights_of_half_precision(tmp_path: Path) -> None:
    write_bert(tmp_path)
    save_file({name: tensor.astype(np.float16) for name, tensor in weights().items()}, str(tmp_path / "model.safetensors"))
    assert FolderEmbedder(tmp_path).embed(TEXTS) == pytest.approx(reference(tmp_path, TEXTS, "mean_tokens"), abs=1e-2)


def test_a_list_of_pieces_does_for_a_tokenizer(tmp_path: Path) -> None:
    write_bert(tmp_path / "one")
    write_bert(tmp_path / "two")
    (tmp_path / "two" / "tokenizer.json").unlink()
    (tmp_path / "two" / "vocab.txt").write_text("\n".join(vocabulary()))
    one, two = FolderEmbedder(tmp_path / "one"), FolderEmbedder(tmp_path / "two")
    assert two.embed(TEXTS) == pytest.approx(one.embed(TEXTS), abs=1e-6)
    assert one.digest != two.digest


def test_a_graph_that_gives_whole_vectors_is_not_pooled(tmp_path: Path) -> None:
    write_bert(tmp_path, as_onnx=True)
    made = graph(weights())
    axes = onnx.numpy_helper.from_array(np.array([1], np.int64), "mean_axes")
    made.graph.initializer.append(axes)
    made.graph.node.append(
        onnx.helper.make_node("ReduceMax", ["last_hidden_state"], ["sentence_embedding"], axes=[1], keepdims=0)
    )
    made.graph.output.append(onnx.helper.make_tensor_value_info("sentence_embedding", onnx.TensorProto.FLOAT, ["texts", SIZE]))
    onnx.save(made, str(tmp_path / "onnx" / "model.onnx"))
    assert FolderEmbedder(tmp_path).embed(TEXTS[:1]) == pytest.approx(reference(tmp_path, TEXTS[:1], "max_tokens"), abs=2e-5)


def test_without_modules_an_encoder_is_pooled_by_its_mean(tmp_path: Path) -> None:
    write_bert(tmp_path)
    (tmp_path / "modules.json").unlink()
    (tmp_path / "sentence_bert_config.json").unlink()
    expected = reference(tmp_path, TEXTS, "mean_tokens", most=48)
    assert FolderEmbedder(tmp_path).embed(TEXTS) == pytest.approx(expected, abs=2e-5)


def test_what_is_put_before_questions_and_texts(tmp_path: Path) -> None:
    write_bert(tmp_path)
    write(tmp_path / "config_sentence_transformers.json", {"prompts": {"query": "a dog ", "document": "the mat "}})
    embedder = FolderEmbedder(tmp_path)
    assert embedder.embed(["ran"]) == pytest.approx(reference(tmp_path, ["the mat ran"], "mean_tokens"), abs=2e-5)
    assert embedder.embed(["ran"], is_question=True) == pytest.approx(
        reference(tmp_path, ["a dog ran"], "mean_tokens"), abs=2e-5
    )


def test_whatever_decides_a_vector_decides_the_digest(tmp_path: Path) -> None:
    write_bert(tmp_path)
    digests = {FolderEmbedder(tmp_path).digest}
    (tmp_path / "README.md").write_text("nothing of it")
    assert FolderEmbedder(tmp_path).digest in digests
    for name in ("config.json", "1_Pooling/config.json", "sentence_bert_config.json", "tokenizer.json", "modules.json"):
        path = tmp_path / name
        path.write_text(path.read_text() + "\n")
        digests.add(FolderEmbedder(tmp_path).digest)
    save_file(weights(seed=2), str(tmp_path / "model.safetensors"))
    digests.add(FolderEmbedder(tmp_path).digest)
    assert len(digests) == 7
    (tmp_path / "elsewhere").mkdir()
    moved = tmp_path.rename(tmp_path.with_name("moved-away"))
    assert FolderEmbedder(moved).digest in digests


@pytest.mark.parametrize("layout", ["model2vec", "mapped", "sentence-transformers"])
def test_a_static_model_is_the_mean_of_its_tokens(tmp_path: Path, layout: str) -> None:
    rng = np.random.default_rng(5)
    at = tmp_path / "0_StaticEmbedding" if layout == "sentence-transformers" else tmp_path
    tokenizer = write_tokenizer(at)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    table = rng.standard_normal((len(vocabulary()), 16)).astype(np.float32)
    rows, token_weights = np.arange(len(table)), np.ones(len(table))
    if layout == "sentence-transformers":
        save_file({"embedding.weight": table}, str(at / "model.safetensors"))
        write(
            tmp_path / "modules.json",
            [{"idx": 0, "name": "0", "path": at.name, "type": "sentence_transformers.models.StaticEmbedding"}],
        )
    else:
        tensors = {"embeddings": table}
        if layout == "mapped":
            rows, token_weights = rng.integers(0, len(table), len(table)), rng.random(len(table))
            tensors |= {"mapping": rows, "weights": token_weights}
        save_file(tensors, str(at / "model.safetensors"))
        write(tmp_path / "config.json", {"model_type": "model2vec", "normalize": True})
    embedder = FolderEmbedder(tmp_path)
    found = embedder.embed(TEXTS[:4])
    for text, vector in zip(TEXTS[:4], found, strict=True):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if layout != "sentence-transformers":
            ids = [id for id in ids if id != 1]
        if not ids:
            assert not vector.any()
            continue
        mean = (table[rows[ids]] * token_weights[ids][:, None]).mean(0)
        assert vector == pytest.approx(mean / np.linalg.norm(mean), abs=1e-5)


class _Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return (sys.exit, ("read",))


def _set(name: str, value: object) -> object:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        write(path, {**json.loads(path.read_text()), name: value})

    return change


def _without(name: str) -> object:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda folder: (folder / "model.safetensors").write_bytes(b"\x08" + b"\0" * 30), "weights"),
        (lambda folder: os.truncate(folder / "model.safetensors", 9_000), "weights"),
        (_without("model.safetensors"), "neither"),
        (_without("tokenizer.json"), "tokenizer"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: (folder / "config.json").write_text("[1]"), "no model"),
        (lambda folder: (folder / "config.json").write_text("[" * 100_000), "config.json"),
        (lambda folder: (folder / "modules.json").write_text('{"a": 1}'), "no model"),
        (_set("num_hidden_layers", 3), "fit"),
        (_set("num_attention_heads", 5), "fit"),
        (_set("model_type", "mpnet"), "ONNX"),
        (lambda folder: write(folder / "1_Pooling" / "config.json", {}), "pooling"),
        (lambda folder: write(folder / "modules.json", [{"type": "x.Transformer", "path": "../.."}]), "outside"),
        (lambda folder: write(folder / "modules.json", [{"type": "x.Dense", "path": "2"}]), "Dense"),
    ],
)  # fmt: skip
def test_a_folder_that_is_no_model_is_one_clear_error(tmp_path: Path, break_it: object, says: str) -> None:
    folder = tmp_path / "model"
    write_bert(folder)
    break_it(folder)  # type: ignore[operator]
    with pytest.raises(InputError, match=says) as caught:
        FolderEmbedder(folder)
    assert "Traceback" not in str(caught.value)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder"):
        FolderEmbedder(tmp_path / "none")


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    write_bert(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(InputError, match="can run code"):
        FolderEmbedder(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x08\x07", b"no graph" * 100])
def test_a_graph_that_is_none(tmp_path: Path, content: bytes) -> None:
    write_bert(tmp_path, as_onnx=True)
    (tmp_path / "onnx" / "model.onnx").write_bytes(content)
    with pytest.raises(InputError, match="ONNX"):
        FolderEmbedder(tmp_path)


def test_a_tokenizer_with_more_tokens_than_the_table_has_rows(tmp_path: Path) -> None:
    write_bert(tmp_path)
    found = load_file(str(tmp_path / "model.safetensors"))
    found["embeddings.word_embeddings.weight"] = found["embeddings.word_embeddings.weight"][:20].copy()
    save_file(found, str(tmp_path / "model.safetensors"))
    with pytest.raises(InputError, match="fit together"):
        FolderEmbedder(tmp_path).embed(["paint zebra jam"])


@pytest.mark.parametrize("missing", ["tokenizers", "safetensors", "onnxruntime"])
def test_a_package_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    write_bert(tmp_path, as_onnx=missing == "onnxruntime")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(UsageError, match=missing) as caught:
        FolderEmbedder(tmp_path)
    assert isinstance(caught.value, SatchelError) and "satchel[embed]" in caught.value.hint


def test_running_a_model_reports_to_nobody(tmp_path: Path) -> None:
    """onnxruntime keeps what it would send to its maker in a cache folder; none is made."""
    write_bert(tmp_path / "model", as_onnx=True)
    (tmp_path / "home").mkdir()
    told = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    home = {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(tmp_path / "home")}
    code = (
        "import sys; from pathlib import Path; from satchel.recall.embedders.folder import FolderEmbedder;"
        "FolderEmbedder(Path(sys.argv[1])).embed(['the cat']); assert 'onnxruntime' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "model")], env={**told, **home}, check=True)
    assert [path for path in (tmp_path / "home").rglob("*") if path.is_file()] == []
