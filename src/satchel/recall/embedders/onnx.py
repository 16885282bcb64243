"""An encoder that is an ONNX graph, run by onnxruntime on this machine's processor."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from satchel.errors import InputError, UsageError
from satchel.recall.embedders.tokenizing import EXTRA

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from satchel.recall.embedders.folder import Encoder

#: Outputs that are a text's vector already; else the first with a vector for each token is pooled.
_WHOLE = ("sentence_embedding", "sentence_embeddings")


def encoder(path: Path) -> Encoder:
    """The graph as a function.

    Raises:
        UsageError: the package that runs it is not there.
        InputError: the file is no graph, or takes other things than tokens.
    """
    # Builds of it report their use to their maker unless this stands before they are loaded.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
    except ImportError:
        raise UsageError("an ONNX model needs the package onnxruntime", hint=EXTRA) from None
    if hasattr(onnxruntime, "disable_telemetry_events"):
        onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    # Errors alone; they reach the user as ours.
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # Its errors have no common parent.
        raise InputError(f"{path} is no ONNX model that can be run") from error
    wanted = [given.name for given in session.get_inputs()]
    if not set(wanted) <= {"input_ids", "attention_mask", "token_type_ids"} or "input_ids" not in wanted:
        raise InputError(f"{path} takes {', '.join(wanted)}, which is more than tokens")
    outputs = session.get_outputs()
    name = next((each.name for each in outputs if each.name in _WHOLE), None)
    name = name or next((each.name for each in outputs if len(each.shape) == 3), None) or outputs[0].name

    def encode(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        try:
            (found,) = session.run([name], {each: given[each] for each in wanted})
        except Exception as error:
            raise InputError(f"{path} cannot be run on texts") from error
        return np.asarray(found, np.float32)

    return encode
