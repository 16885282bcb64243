"""The rows of the checklist (dossier 10) that no test here names: the tests that hold them, or why there is none.

Every other row is named by a test: ``@pytest.mark.row("PAM-041")``, or a case of ``test_checklist.CASES``.
"""

from __future__ import annotations

_FOLDER = "tests/formats/portable_ai_memory"


def _held_by(where: str, *rows: int) -> dict[str, str]:
    return {f"PAM-{row:03}": where for row in rows}


#: Rows that tests hold without naming them: the test, the file or the folder.
ELSEWHERE: dict[str, str] = {
    **_held_by(f"{_FOLDER}/test_reader.py::test_every_member_of_a_memory_with_a_field_of_ours", 3),
    **_held_by(f"{_FOLDER}/test_reader.py::test_a_wrong_base_is_refused", 113, 119),
    **_held_by(f"{_FOLDER}/test_reader.py::test_increments_in_their_order", 114, 115, 116, 118),
    **_held_by(f"{_FOLDER}/test_signature_checklist.py::test_pam_121_a_signed_export_names_the_owners_did", 23, 121),
    **_held_by(f"{_FOLDER}/test_signature_checklist.py", 122, 123, 130, 132, 134, 135, 137, 138, 139, 141, 143),
    **_held_by(f"{_FOLDER}/test_identifiers.py", 175),
    **_held_by("tests/adapters/chatgpt", 193, 210, 211, 212, 213),
    **_held_by("tests/adapters/claude", 220, 221, 222, 223),
    **_held_by("tests/adapters/gemini", 230, 231, 232, 233),
    **_held_by("tests/adapters/copilot", 240, 241, 242),
    **_held_by("tests/adapters/grok", 250, 251, 252),
    **_held_by("tests/adapters", 161, 162, 200, 201),
}

#: Rows that no test of a file or a function can hold, and why.
UNTESTED: dict[str, str] = {
    "PAM-001": "a process: Satchel keeps its working data in the vault, a database; packages are written on request only",
    "PAM-004": "how the text's own keywords are to be read",
    "PAM-060": "a process: whoever names a platform may register it",
    "PAM-074": "a permission: vectors for search are made from the content by a model of one's own, or not at all",
    "PAM-075": (
        "not yet, for recall (issue 8): vectors that came go home with their memories, but nothing is found by them, the vault"
        " makes none of its own, and none is made anew when its memory's words are newer"
    ),
    "PAM-076": "nothing in Satchel reads a vector in place of the content, which is required of every memory (PAM-030)",
    "PAM-096": "a permission: what the memories say is what is read, so that nothing is to be rebuilt",
    "PAM-150": "a process: whoever invents a type may register it",
    "PAM-153": "a process of the format's authors",
    "PAM-160": "an attitude: what an importer does with what it does not know is held by the hostile tests of each adapter",
    "PAM-171": "Satchel sends no package anywhere",
    "PAM-174": "a prohibition: nothing asks content_hash whether a memory is genuine, which no test can show",
}
