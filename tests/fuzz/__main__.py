"""The fuzzer itself. See the package."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["satchel"]):
    from tests.fuzz import mutators, seeds
    from tests.fuzz.targets import TARGETS

#: Longer inputs are slower and show nothing more.
_MOST_BYTES = 8 << 10
_HANG_S = 20


def main(arguments: list[str]) -> None:
    """Run until libFuzzer's options say that it is enough."""
    if not arguments or arguments[0] not in TARGETS:
        sys.exit(f"usage: python -m tests.fuzz {'|'.join(TARGETS)} [FOLDER] [LIBFUZZER-OPTION…]")
    name, *options = arguments
    with tempfile.TemporaryDirectory(prefix="satchel-fuzz-") as made:
        folder = Path(made)
        words = folder / "words.dict"
        words.write_text("".join(f'"{_escaped(word)}"\n' for word in mutators.dictionary()))
        corpora = [option for option in options if not option.startswith("-")]
        if not any(Path(path).is_file() for path in corpora):
            found = folder / "found"
            begun = folder / "seeds"
            for new in (found, begun):
                new.mkdir()
            for at, seed in enumerate(seeds.all_of(name)):
                (begun / f"{at:04}").write_bytes(seed)
            # The first folder is the one that libFuzzer writes to.
            options = [*(options if corpora else [*options, str(found)]), str(begun)]
        sizes = [f"-max_len={_MOST_BYTES}", f"-timeout={_HANG_S}", f"-dict={words}"]
        if name == "bundle":
            atheris.Setup(
                ["tests.fuzz", *sizes, *options],
                TARGETS[name],
                custom_mutator=lambda data, most, seed: mutators.mutate_bundle(bytes(data), most, seed, atheris.Mutate),
                custom_crossover=lambda data, other, most, seed: mutators.cross_bundles(bytes(data), bytes(other), most, seed),
            )
        else:
            atheris.Setup(
                ["tests.fuzz", *sizes, *options],
                TARGETS[name],
                custom_mutator=lambda data, most, seed: mutators.mutate_line(bytes(data), most, seed, atheris.Mutate),
            )
        atheris.Fuzz()


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


main(sys.argv[1:])
