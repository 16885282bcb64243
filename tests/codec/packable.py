"""Documents with arrays of objects where packing looks for them, and elsewhere; and what a decoder makes of their bytes."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st

from satchel.codec.packed import unpacked
from satchel.errors import InputError
from satchel.limits import DEFAULT

ARRAYS = frozenset({"episodic", "semantic"})
LIMITS = msgspec.structs.replace(DEFAULT, json_depth=6, json_digits=40)


def documents(texts: st.SearchStrategy[str], scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Root objects of these texts and other scalars."""
    values = st.recursive(
        scalars | texts,
        lambda child: st.lists(child, max_size=3) | st.dictionaries(texts, child, max_size=3),
        max_leaves=8,
    )
    arrays = st.lists(st.dictionaries(texts, values, max_size=3) | values, max_size=4) | values
    holders = st.dictionaries(st.sampled_from(["episodic", "semantic", "metadata", "x:y"]), arrays, max_size=4)
    return st.tuples(holders, st.none() | holders | values).map(
        lambda both: {**both[0], **({} if both[1] is None else {"components": both[1]})}
    )


def parsed(decode: Any, *words: Any) -> Any:
    """The value, nothing in it packed; or what is said of the input, and where."""
    try:
        return unpacked(decode(*words, limits=LIMITS))
    except InputError as error:
        return type(error), error.message, error.place
