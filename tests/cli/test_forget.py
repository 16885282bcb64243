"""``satchel forget`` and ``satchel redact`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.formats.portable_memory.made import episode, write
from tests.move.copies import Copy, chatgpt, mem0

TEXT = "Anna Müller keeps twelve brass lanterns in the harbour loft."


@pytest.fixture
def uid(satchel: Run, tmp_path: Path) -> str:
    """A vault with a talk and a memory; the id of the message."""
    assert satchel("import", chatgpt(tmp_path / "a", Copy(TEXT)), mem0(tmp_path / "b", Copy("Likes tea."))).code == 0
    found = json.loads(satchel("search", "lanterns", "--json").out)
    return str(found["hits"][0]["record"]["uid"])


def test_it_shows_and_asks_before_it_erases(satchel: Run, uid: str) -> None:
    shown = satchel("forget", uid[:10], "--dry-run")
    assert shown.code == 0 and "asked for" in shown.out and "message" in shown.out and "Dry run" in shown.out
    refused = satchel("forget", uid[:10])
    assert refused.code == 2 and "--yes goes ahead" in refused.err
    assert "lanterns" in satchel("search", "lanterns").out
    done = satchel("forget", uid[:10], "--yes")
    assert done.code == 0 and "Forgotten: 1 message" in done.out and "1 signed tombstone" in done.out
    assert "Nothing found" in satchel("search", "lanterns").out
    assert satchel("show", uid[:10]).code == 1
    assert "erased 1 record for good" in satchel("log").out
    assert "intact" in satchel("log", "--audit").out


def test_json_gives_all_of_it(satchel: Run, uid: str) -> None:
    told = json.loads(satchel("forget", uid, "--json", "--dry-run").out)
    assert told["dry_run"] is True
    assert [record["how"] for record in told["closure"]["records"]] == ["named"]
    done = json.loads(satchel("forget", uid, "--json", "--yes").out)
    assert done["erased"]["counts"] == {"message": 1} and done["erased"]["uids"] == [uid]
    assert done["erased"]["request"]["by"] == ["id"] and done["erased"]["log_cleared"] is True
    assert TEXT not in json.dumps(done)


@pytest.mark.parametrize(
    ("words", "left"),
    [
        (["--search", "lanterns"], {"tea", "weather"}),
        (["--search", '"brass lanterns"', "--source", "chatgpt"], {"tea", "weather"}),
        (["--source", "mem0"], {"lanterns"}),
        (["--import", "2"], set()),
        (["--kind", "message", "--until", "2026-03-01T10:00:07Z"], {"tea", "weather"}),
        (["--about", "Tea"], {"lanterns", "weather"}),
        (["--about", "Anna Müller", "--kind", "message"], {"tea", "weather"}),
    ],
)
def test_ways_to_name_it(satchel: Run, uid: str, words: list[str], left: set[str]) -> None:
    assert satchel("forget", *words, "--yes").code == 0
    found = {word for word in ("lanterns", "tea", "weather") if "Nothing found" not in satchel("search", word).out}
    assert left <= found and not ({"lanterns", "tea"} - left) & found


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "nothing was named"),
        (["--kind", "message"], "nothing was named"),
        (["--kind", "massage", "--source", "x"], "no kind is called"),
        (["ffffffffff"], "no record begins with"),
        (["--search", "elephants"], "nothing in the vault is what was named"),
        (["--since", "soon"], "takes a date"),
    ],
)
def test_used_wrongly(satchel: Run, uid: str, words: list[str], told: str) -> None:
    refused = satchel("forget", *words, "--yes")
    assert refused.code in (1, 2) and told in refused.err and "Traceback" not in refused.err


def test_redact_keeps_that_it_was(satchel: Run, uid: str) -> None:
    assert "Redacted: 1 message" in satchel("redact", uid[:10], "--yes").out
    assert "Nothing found" in satchel("search", "lanterns").out
    kept = json.loads(satchel("show", uid[:10], "--json").out)
    assert TEXT not in json.dumps(kept) and "2026-03-01" in json.dumps(kept)


def test_quotations_are_told_or_taken_out(satchel: Run, tmp_path: Path) -> None:
    rows = [episode("ep_1", TEXT), episode("ep_2", f"Remember what was said: {TEXT} Do not tell.")]
    satchel("import", write(tmp_path / "a.mem", {"episode": rows}))
    uid = next(
        hit["record"]["uid"]
        for hit in json.loads(satchel("search", "lanterns", "--json").out)["hits"]
        if hit["record"]["origin"]["id"] == "ep_1"
    )
    flagged = satchel("forget", uid, "--dry-run")
    assert "quotes them" in flagged.out
    done = satchel("forget", uid, "--yes", "--quotations", "scrub")
    assert "1 quotation taken out" in done.out
    assert "Nothing found" in satchel("search", "lanterns").out
    assert "Do not tell" in satchel("search", "remember").out
    # Nor by the bundle that had it.
    satchel("import", tmp_path / "a.mem")
    assert "Nothing found" in satchel("search", "lanterns").out


def test_it_is_let_in_only_by_name(satchel: Run, uid: str, tmp_path: Path) -> None:
    satchel("forget", uid, "--yes")
    told = satchel("import", chatgpt(tmp_path / "a", Copy(TEXT)))
    assert f"--allow-erased {uid[:12]}" in told.out and "Nothing found" in satchel("search", "lanterns").out
    assert satchel("import", tmp_path / "a" / "conversations.json", "--allow-erased", "short").code == 2
    satchel("import", tmp_path / "a" / "conversations.json", "--allow-erased", uid[:12])
    assert "lanterns" in satchel("search", "lanterns").out
    assert "allow-erased" in satchel("log", "--audit").out


def test_with_an_undo_window_it_is_said_everywhere_that_the_content_is_still_there(
    satchel: Run, uid: str, tmp_path: Path
) -> None:
    assert satchel("forget", "--undo-window", "7d", uid).code == 2
    assert satchel("forget", "--undo-window", "soon").code == 2
    assert "for 7d" in satchel("forget", "--undo-window", "7d").out
    assert "stays in the vault for 7 days" in satchel("forget", uid, "--dry-run").out
    receipt = tmp_path / "receipt.json"
    done = satchel("forget", uid, "--yes", "--receipt", receipt)
    assert "Still there" in done.out and "satchel undo 3 brings it back" in done.out
    assert "Nothing found" in satchel("search", "lanterns").out
    for command in ("stats", "erase-check"):
        assert "Still there: what change 3 erased (1 record)" in satchel(command).out
    assert satchel("erase-check").code == 3
    assert "erased 1 record; sealed until" in satchel("log").out
    assert json.loads(satchel("stats", "--json").out)["stats"]["held_back"][0]["change"] == 3
    told = json.loads(receipt.read_bytes())
    assert told["held_back"]["purged"] is None and told["out_of_reach"][0]["kind"] == "held-back"
    assert b"The content is still there." in receipt.with_suffix(".html").read_bytes()
    assert "keeps the content, sealed" in satchel("verify", receipt).out

    # A bundle meanwhile has neither the record nor its tombstone: what it deleted elsewhere would stay deleted.
    satchel("export", "--to", "portable-memory", tmp_path / "now.mem")
    assert satchel("undo", "3", "--yes").code == 0
    assert "lanterns" in satchel("search", "lanterns").out
    assert "taken back by 4" in satchel("log").out and "intact" in satchel("log", "--audit").out
    assert satchel("verify", receipt).code == 3
    assert satchel("import", tmp_path / "now.mem").code == 0
    assert "lanterns" in satchel("search", "lanterns").out


def test_what_is_sealed_is_destroyed_when_that_is_asked(satchel: Run, uid: str, tmp_path: Path) -> None:
    satchel("forget", "--undo-window", "24h")
    satchel("forget", uid, "--yes")
    assert "purging cannot be undone" in satchel("forget", "--purge").err
    assert "Still there" in satchel("forget", "--purge", "--dry-run").out
    assert "Destroyed: change 3 (1 record)" in satchel("forget", "--purge", "--yes").out
    assert satchel("undo", "3", "--yes").code == 2
    receipt = tmp_path / "receipt.json"
    satchel("receipt", receipt)
    assert json.loads(receipt.read_bytes())["held_back"]["purged"]
    assert b"and destroyed on" in receipt.with_suffix(".html").read_bytes()
    assert satchel("verify", receipt).code == 0
    assert satchel("erase-check").code == 0
    # The next one at once, though the window is open.
    done = satchel("forget", "--search", "tea", "--yes", "--purge")
    assert "Still there" not in done.out and "undo" not in satchel("stats").out
    assert "gone at once" in satchel("forget", "--undo-window", "none").out


def test_what_is_near_is_listed_where_that_is_asked_and_stays(satchel: Run, uid: str, tmp_path: Path) -> None:
    close = "In the harbour loft Anna Müller was keeping twelve lanterns of brass."
    satchel("import", mem0(tmp_path / "c", Copy(close)))
    assert "nearly the same" not in satchel("forget", uid, "--dry-run").out
    shown = satchel("forget", uid, "--near", "--dry-run")
    assert "Says nearly the same, and stays" in shown.out and "was keeping twelve" in shown.out
    (near,) = json.loads(satchel("forget", uid, "--near", "--dry-run", "--json").out)["near"]
    assert near["of"] == uid and near["share"] >= 0.4
    assert satchel("forget", uid, "--near", "--yes").code == 0
    assert "was keeping twelve" in satchel("search", "lanterns").out
