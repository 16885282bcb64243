"""``satchel context`` and ``satchel reach``."""

from __future__ import annotations

import json
from pathlib import Path

from satchel.recall.framing import read_frame
from tests.cli.conftest import Run
from tests.conftest import ROOT
from tests.recall.evaluation.chat_host import ChatHost


def test_a_context_is_given_and_who_saw_what_is_told(satchel: Run) -> None:
    satchel("import", ROOT / "examples")
    done = satchel(
        "context", "--task", "plan the repair course: brakes, gears", "--for", "claude", "--reader", "desk", "--explain"
    )
    assert done.code == 0, done.err
    assert {name for name, _ in read_frame(done.out).blocks} >= {"identity", "semantic", "episodic", "summary"}
    assert "of 4,096 by bytes" in done.err
    told = json.loads(satchel("context", "--task", "brakes", "--json").out)
    assert told["context"]["cost"] <= told["context"]["budget"] == 4096
    uid = told["context"]["given"][0]["uid"]
    reach = json.loads(satchel("reach", uid[:12], "--json").out)
    assert [each["id"] for each in reach["contexts"]][-1] == told["handout"]
    assert {"desk", "plain"} >= {each["reader"] for each in reach["contexts"]}
    assert uid[:12] in satchel("reach", uid[:12]).out
    assert satchel("stats", "--check").code == 0


def test_wrong_uses(satchel: Run) -> None:
    satchel("import", ROOT / "examples" / "claude")
    for words in (["context", "--task", "x", "--budget", "20"], ["context", "--for", "hal"], ["reach", "nothing"]):
        refused = satchel(*words)
        assert refused.code == 2, refused
    assert satchel("context", "--tokenizer", ROOT / "README.md").code in (1, 2)


def test_a_token_opens_its_part_alone(satchel: Run, tmp_path: Path) -> None:
    satchel("import", ROOT / "examples")
    satchel("keys", "create")
    file = tmp_path / "token.json"
    made = satchel("grant", "--component", "identity", "-p", "rehydrate", "--audience", "agent:desk", "-o", file)
    assert made.code == 0, made.err
    door = ("--token", file, "--caller", "agent:desk")
    told = json.loads(satchel(*door, "context", "--task", "repair course, brakes", "--json").out)
    assert {item["block"] for item in told["context"]["given"]} == {"identity"} and told["reader"] == "agent:desk"
    reach = json.loads(satchel("reach", told["context"]["given"][0]["uid"], "--json").out)
    assert reach["contexts"][0]["token"]
    assert satchel("--token", file, "context", "--task", "brakes").code != 0
    assert satchel(*door, "search", "brakes").code != 0 and satchel(*door, "reach", "abcd").code != 0


def test_straight_from_a_file_without_a_vault(satchel: Run, tmp_path: Path) -> None:
    source = ROOT / "examples" / "claude"
    done = satchel("context", "--task", "repair course", "--from", source, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["handout"] is None and told["context"]["given"]
    broken = tmp_path / "conversations.json"
    broken.write_bytes((ROOT / "examples/claude/conversations.json").read_bytes().rstrip()[:-1] + b", 17]")
    done = satchel("context", "--task", "brakes", "--from", broken)
    assert done.code in (0, 3) and "no conversation" in done.err
    assert satchel("stats").code == 1


def test_a_question_in_plain_words(satchel: Run) -> None:
    satchel("import", ROOT / "examples")
    done = satchel("recall", "what", "did", "I", "say", "about", "the", "brakes?", "--explain", "-n", "3")
    assert done.code == 0 and "brakes" in done.out.lower() and "words 0." in done.out
    found = json.loads(satchel("recall", "brake", "--json").out)["found"]
    assert [each["evidence"]["score"] for each in found] == sorted((each["evidence"]["score"] for each in found), reverse=True)
    assert "Nothing" in satchel("recall", "xylophone").out


def test_formats_marks_and_messages(satchel: Run) -> None:
    satchel("import", ROOT / "examples")
    task = ("context", "--task", "repair course, brakes")
    told = json.loads(satchel(*task, "--for", "gpt", "--format", "narrative", "--datamark", "--message", "--explain").out)
    assert told["role"] == "user"
    items = [item for name, items in read_frame(told["content"]).blocks if name != "summary" for item in items]
    assert items and all(" " not in str(item["text"]) and "trust" in str(item["lead"]) for item in items)
    assert json.loads(satchel(*task, "--message").out).keys() == {"text"}
    explained = satchel(*task, "--explain", "--detector", "patterns").err
    assert all(f"{step:<9} " in explained for step in ("verify", "filter", "rank", "compress", "format", "frame", "inject"))
    assert "detector patterns" in explained


def test_a_summary_is_told_of_before_and_falls_back(satchel: Run) -> None:
    satchel("import", ROOT / "examples")
    words = ("context", "--task", "repair course, brakes, travel, cooking", "--budget", "4096", "--reader", "desk")
    model = ("--summary-model", "model-1")
    with ChatHost(lambda body: "Notes that a course on repairs was planned.") as host:
        refused = satchel(*words, "--summarise", host.url, *model)
        assert refused.code == 2 and "--yes" in refused.err and host.asked == []
        done = satchel(*words, "--summarise", host.url, *model, "--yes", "--json")
        assert done.code == 0 and f"to model-1 at {host.url}" in done.err.replace("\n", " "), done.err
        told = json.loads(done.out)
        summed = [item["uid"] for item in told["context"]["given"] if item["form"] == "summary"]
        assert summed and len(host.asked) == 1
    # The receipt has what a model elsewhere was given.
    assert json.loads(satchel("reach", summed[0], "--json").out)["contexts"][-1]["id"] == told["handout"]
    done = satchel(*words, "--summarise", host.url, *model, "--yes", "--explain")
    assert done.code == 0 and "no summary:" in done.err
    assert satchel(*words, "--summarise", host.url).code == 2
    assert satchel(*words, "--detector", "none").code == 2


def test_several_tokens(satchel: Run, tmp_path: Path) -> None:
    satchel("import", ROOT / "examples")
    satchel("keys", "create")
    for component in ("identity", "semantic"):
        words = ("-p", "rehydrate", "--audience", "agent:desk", "-o", tmp_path / f"{component}.json")
        assert satchel("grant", "--component", component, *words).code == 0
    door = ("--token", tmp_path / "identity.json", "--token", tmp_path / "semantic.json", "--caller", "agent:desk")
    told = json.loads(satchel(*door, "context", "--task", "repair course, brakes", "--json").out)
    assert {item["block"] for item in told["context"]["given"]} == {"identity", "semantic"}
    (reach,) = json.loads(satchel("reach", told["context"]["given"][0]["uid"], "--json").out)["contexts"]
    assert len(reach["token"].split()) == 2
