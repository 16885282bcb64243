"""Tiny models with random weights, laid out as sentence-transformers and model2vec write theirs; and the same network as an
ONNX graph of standard operators, which onnxruntime runs: what our own forward pass is judged by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORDS = ["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "hill", "fast", "slow", "bread", "butter", "jam", "paint"]
WORDS += ["##ing", "##ed", "##s", ",", ".", "?", "é"]
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    *WORDS,
    *"abcdefghijklmnopqrstuvwxyz",
    *(f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz"),
]
SIZE, LAYERS, HEADS, BETWEEN, POSITIONS = 32, 2, 4, 64, 48


def vocabulary() -> list[str]:
    return list(dict.fromkeys(VOCABULARY))


def write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def write_tokenizer(folder: Path) -> Tokenizer:
    ids = {token: at for at, token in enumerate(vocabulary())}
    made = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # As published: files often hold padding and truncation of their own.
    made.enable_padding(length=40)
    made.enable_truncation(5)
    folder.mkdir(parents=True, exist_ok=True)
    made.save(str(folder / "tokenizer.json"))
    return made


def weights(kind: str = "bert", seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights under the names of Hugging Face's files."""
    rng = np.random.default_rng(seed)

    def some(*shape: int, mean: float = 0.0) -> np.ndarray:
        return (mean + 0.3 * rng.standard_normal(shape)).astype(np.float32)

    found = {
        "embeddings.word_embeddings.weight": some(len(vocabulary()), SIZE),
        "embeddings.position_embeddings.weight": some(POSITIONS, SIZE),
        "embeddings.token_type_embeddings.weight": some(2 if kind == "bert" else 1, SIZE),
        "embeddings.LayerNorm.weight": some(SIZE, mean=1.0),
        "embeddings.LayerNorm.bias": some(SIZE),
    }
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}."
        square = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
        dense = {**dict.fromkeys(square, (SIZE, SIZE)), "intermediate.dense": (BETWEEN, SIZE), "output.dense": (SIZE, BETWEEN)}
        for name, shape in dense.items():
            found[f"{layer}{name}.weight"], found[f"{layer}{name}.bias"] = some(*shape), some(shape[0])
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            found[f"{layer}{name}.weight"], found[f"{layer}{name}.bias"] = some(SIZE, mean=1.0), some(SIZE)
    return found


def config(kind: str = "bert", **more: Any) -> dict[str, Any]:
    return {
        "model_type": kind,
        "hidden_size": SIZE,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": BETWEEN,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
        "position_embedding_type": "absolute",
        **more,
    }


def write_bert(folder: Path, *, pooling: str = "mean_tokens", as_onnx: bool = False, kind: str = "bert", **more: Any) -> None:
    """A whole folder; with ``as_onnx`` the graph is the only encoder in it."""
    names = ("Transformer", "Pooling", "Normalize")
    modules = [
        {"idx": at, "name": str(at), "path": "" if at == 0 else f"{at}_{name}", "type": f"sentence_transformers.models.{name}"}
        for at, name in enumerate(names)
    ]
    write(folder / "modules.json", modules)
    write(folder / "config.json", config(kind, **more))
    write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": SIZE, f"pooling_mode_{pooling}": True})
    write(folder / "sentence_bert_config.json", {"max_seq_length": 24, "do_lower_case": False})
    write_tokenizer(folder)
    if as_onnx:
        (folder / "onnx").mkdir(exist_ok=True)
        onnx.save(graph(weights(kind), first=1 if kind == "roberta" else 0), str(folder / "onnx" / "model.onnx"))
    else:
        save_file(weights(kind), str(folder / "model.safetensors"))


def graph(named: dict[str, np.ndarray], first: int = 0) -> onnx.ModelProto:
    """The network as ONNX's operators: nothing of it is shared with the forward pass in NumPy."""
    nodes: list[onnx.NodeProto] = []
    constants = [numpy_helper.from_array(value, name) for name, value in named.items()]

    def constant(name: str, value: Any, type: Any = np.float32) -> str:
        constants.append(numpy_helper.from_array(np.array(value, type), name))
        return name

    def node(operator: str, inputs: list[str], **attributes: Any) -> str:
        name = f"{operator}_{len(nodes)}"
        nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def dense(given: str, layer: str) -> str:
        turned = node("Transpose", [f"{layer}.weight"], perm=[1, 0])
        return node("Add", [node("MatMul", [given, turned]), f"{layer}.bias"])

    def normalised(given: str, layer: str) -> str:
        return node("LayerNormalization", [given, f"{layer}.weight", f"{layer}.bias"], axis=-1, epsilon=1e-12)

    zero, one, half = constant("zero", 0, np.int64), constant("one", 1, np.int64), constant("half", 0.5)
    tokens = node("Gather", [node("Shape", ["input_ids"]), one])
    places = node("Add", [node("Range", [zero, tokens, one]), constant("first", first, np.int64)])
    found = node(
        "Add",
        [
            node("Gather", ["embeddings.word_embeddings.weight", "input_ids"]),
            node("Gather", ["embeddings.position_embeddings.weight", places]),
        ],
    )
    found = node("Add", [found, node("Gather", ["embeddings.token_type_embeddings.weight", "token_type_ids"])])
    found = normalised(found, "embeddings.LayerNorm")
    seen = node("Unsqueeze", [node("Cast", ["attention_mask"], to=TensorProto.FLOAT), constant("axes", [1, 2], np.int64)])
    hidden = node("Mul", [node("Sub", [constant("unit", 1.0), seen]), constant("low", -1e9)])
    split = constant("split", [0, 0, HEADS, SIZE // HEADS], np.int64)
    joined = constant("joined", [0, 0, SIZE], np.int64)
    scale, root = constant("scale", (SIZE // HEADS) ** -0.5), constant("root", 2**-0.5)
    for number in range(LAYERS):
        layer = f"encoder.layer.{number}."
        query, key, value = (
            node("Transpose", [node("Reshape", [dense(found, f"{layer}attention.self.{name}"), split])], perm=perm)
            for name, perm in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3]))
        )
        scores = node("Softmax", [node("Add", [node("Mul", [node("MatMul", [query, key]), scale]), hidden])], axis=-1)
        mixed = node("Reshape", [node("Transpose", [node("MatMul", [scores, value])], perm=[0, 2, 1, 3]), joined])
        found = normalised(
            node("Add", [found, dense(mixed, f"{layer}attention.output.dense")]), f"{layer}attention.output.LayerNorm"
        )
        between = dense(found, f"{layer}intermediate.dense")
        bent = node(
            "Mul",
            [
                node("Mul", [between, half]),
                node("Add", [constant(f"unit{number}", 1.0), node("Erf", [node("Mul", [between, root])])]),
            ],
        )
        found = normalised(node("Add", [found, dense(bent, f"{layer}output.dense")]), f"{layer}output.LayerNorm")
    nodes.append(helper.make_node("Identity", [found], ["last_hidden_state"]))
    shape = ["texts", "tokens"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, shape)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, [*shape, SIZE])
    made = helper.make_graph(nodes, "encoder", inputs, [output], constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
