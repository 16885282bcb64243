"""Coverage-guided fuzzing of what reads a bundle that nobody trusts: nothing but clean errors may leave.

Two targets (``targets``):

    bundle   a whole bundle folder through the validator and the reader of ``satchel.formats.portable_memory``
    line     one line through the decoder, the canonical dialects and the checks of every kind; much faster

With the dependency group ``fuzz`` installed (``uv sync --group fuzz``; atheris has wheels for Linux):

    python -m tests.fuzz bundle -max_total_time=2400
    python -m tests.fuzz line -max_total_time=1200

Whatever follows the target's name goes to libFuzzer; a folder named there keeps what the fuzzer finds, a file is run alone. It
begins from ``seeds/`` and, where they lie beside the project, the shared bundles. Inputs that crash or hang are written to the
current folder (``-artifact_prefix=DIR/`` names another). One that did becomes a seed of its own name once the fault is mended:
``test_seeds`` runs all of them through the same functions, without atheris.

What an input looks like is told in ``cases``. It is text, so that a seed can be read and written by hand.
"""
