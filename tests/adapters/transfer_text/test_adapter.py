"""Texts as records: what is taken, what is told, what other tools would make of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from portable_memory import to_wire
from portable_memory.adapters import transfer

from satchel.adapters import registry
from satchel.adapters.transfer_text import ADAPTER, TransferTextAdapter
from satchel.codec.probe import Probe, probe
from satchel.codec.sources import BytesMember, Member
from satchel.errors import NotRecognised
from satchel.limits import Limits
from satchel.model.ids import make_uid
from satchel.move.imports import import_paths
from satchel.vault.folder import trial_vault
from satchel.vault.sqlite.store import SqliteStore
from tests.adapters.episodes import line, run
from tests.vault.state import dump_state

TEXT = "[2025-11-03] - Likes tea.\n## Work\n- Builds boats.\n  And ships.\n[date unknown] - Lives in Split.\n"
NOW = datetime.fromtimestamp(1700000000, UTC)


def is_taken(text: str | bytes) -> bool:
    data = text if isinstance(text, bytes) else text.encode()
    member = BytesMember("notes.md", data)
    return ADAPTER.unasked.claim(member, probe(member)) is not None


def test_the_expected_episodes_of_the_conformance_suite(shared: Path) -> None:
    folder = shared / "conformance" / "portable-memory" / "Conformance" / "fixtures" / "transfer"
    outcome = run(ADAPTER.unasked, {"export.txt": (folder / "sample-export.txt").read_bytes()}, account="chatgpt")
    found = sorted(outcome.episodes(), key=lambda item: item["id"])
    assert b"".join(map(line, found)) == (folder / "expected-episode.jsonl").read_bytes()
    assert outcome.codes() == {"outside-fence": 2, "repeated-statement": 1}


def test_the_shared_samples_are_taken_and_settle(shared: Path) -> None:
    folders = sorted((shared / "fixtures" / "memory-text").iterdir())
    assert len(folders) == 2
    for folder in folders:
        with trial_vault() as store:
            batch = import_paths(store, [folder])
            assert batch.platforms == ("transfer_text",)
            before = dump_state(store)
            again = import_paths(store, [folder])
            assert set(again.summary.counts["memory"]) == {"unchanged"}
            after = dump_state(store)
            before.pop("summaries"), after.pop("summaries")
            assert before == after
            assert store.check() == []


def test_a_memory_passport(shared: Path) -> None:
    text = (shared / "fixtures" / "memory-text" / "memory-passport-chatgpt" / "memories.txt").read_bytes()
    outcome = run(ADAPTER.unasked, {"memories.txt": text})
    assert outcome.texts()[0] == ". The user likes ice cream and cookies."
    assert [record.times.observed.date().isoformat() for record in outcome.records if record.times.observed] == [
        "2025-05-02",
        "2025-05-04",
        "2025-06-01",
    ]
    assert len(outcome.records) == 5


def test_a_statement_is_a_memory() -> None:
    outcome = run(ADAPTER, {"t.txt": TEXT}, account="gemini")
    tea, boats, split = outcome.records
    assert [record.body.text for record in outcome.records] == ["Likes tea.", "Builds boats.\nAnd ships.", "Lives in Split."]  # type: ignore[union-attr]
    assert tea.body.type == "fact"  # type: ignore[union-attr]
    assert tea.times.observed == datetime(2025, 11, 3, tzinfo=UTC)
    assert (boats.times.observed, boats.times.created, boats.times.updated) == (None, None, None)
    assert (tea.tags, boats.tags, split.tags) == ((), ("Work",), ("Work",))
    assert tea.provenance.platform == "transfer_text" and tea.provenance.account == "gemini"
    assert tea.uid == make_uid("transfer_text", "gemini", "memory", tea.origin.id)
    assert split.residue["portable-memory"]["metadata"]["transfer_date_raw"] == "date unknown"
    assert outcome.originals[0].native == TEXT.encode()
    assert outcome.codes() == {}


def test_the_source_is_part_of_an_id_and_the_file_is_not() -> None:
    def uids(name: str, account: str = "") -> list[str]:
        return [record.uid for record in run(ADAPTER, {name: TEXT}, account=account).records]

    assert uids("a.txt") == uids("b/c.md")
    assert not set(uids("a.txt")) & set(uids("a.txt", "claude"))


def test_the_summary_is_the_first_line() -> None:
    outcome = run(ADAPTER, {"t.txt": "- " + "x" * 130 + "\n  y\n- a\n  b\n"})
    assert "summary" not in outcome.records[0].residue["portable-memory"]
    assert [item["summary"] for item in outcome.episodes()] == ["x" * 120, "a"]


def test_a_byte_order_mark_is_no_word() -> None:
    assert run(ADAPTER, {"t.txt": b"\xef\xbb\xbf" + TEXT.encode()}).texts() == run(ADAPTER, {"t.txt": TEXT}).texts()


def test_what_was_left_out_is_told() -> None:
    outcome = run(ADAPTER, {"t.txt": "intro\n```\n- a\n- a\n[x]\n[31 Feb 2024] b\n```\n"})
    assert outcome.texts() == ["a", "b"]
    assert outcome.codes() == {"outside-fence": 1, "repeated-statement": 1, "empty-statement": 1, "unread-date": 1}
    assert run(ADAPTER, {"t.txt": "NASA\n"}).codes() == {"no-statements": 1}


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        "2026-02-02 - Began Rust.\n- Likes tea.\n",
        "1. [Jan 2026] Likes tea, rye\n2. Lives in Split\n",
        "Here it is:\n```\n- [2025] a\n- b\n```\n",
    ],
)
def test_dated_statements_are_recognised(text: str) -> None:
    assert is_taken(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Likes tea.\n",
        "- Likes tea.\n- Lives in Split.\n",
        "[2025-11-03] - Likes tea.\n",
        "# Changes\n\n## [1.0.0] - 2025-01-01\n\n- One\n- Two\n",
        "- [a](http://x)\n- [b](http://y)\n",
        "- [ ] to do\n- [x] done\n",
        "2025-11-03T10:11:12Z - INFO start\n2025-11-03T10:11:13Z - INFO end\n",
        "One line\nTwo lines\nThree lines\nFour lines\nFive lines\n- [2025-01-01] a\n- b\n",
        "date,text\n2025-01-01,a\n2025-01-02,b\n",
        "---\nname: x\ntype: user\n---\n\n- a\n",
        '[["2025-01-01"], ["2025-01-02"]]',
        b"- [2025] a\n- \x00b\n",
    ],
)
def test_ordinary_documents_are_left_alone(text: str | bytes) -> None:
    assert not is_taken(text)


def test_other_samples_are_left_alone(shared: Path) -> None:
    """No text in any other folder of samples, a memory file of another agent among them, is taken for one."""
    taken = []
    for path in sorted((shared / "fixtures").rglob("*")):
        if path.is_file() and path.suffix in (".md", ".txt", ".mdc", ".csv") and "memory-text" not in path.parts:
            member = BytesMember(path.name, path.read_bytes()[: 1 << 20])
            if ADAPTER.unasked.claim(member, probe(member)):
                taken.append(path.relative_to(shared))
    assert taken == []


def test_any_text_is_taken_when_it_is_named(store: SqliteStore, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("Likes tea.\n\nLives in Split.\n")
    with pytest.raises(NotRecognised):
        import_paths(store, [path])
    assert import_paths(store, [path], adapter="transfer_text").summary.counts["memory"] == {"new": 2}
    (tmp_path / "one.txt").write_text("[2025] - Likes rye bread.")
    assert import_paths(store, [tmp_path / "one.txt"], adapter="transfer_text").summary.counts["memory"] == {"new": 1}
    (tmp_path / "data.json").write_text('[{"memory": "x"}]')
    with pytest.raises(NotRecognised):
        import_paths(store, [tmp_path / "data.json"], adapter="transfer_text")


def test_it_is_asked_last() -> None:
    assert registry.OURS[-1] == "transfer_text"


def test_next_months_text_adds_what_is_new(store: SqliteStore, tmp_path: Path) -> None:
    first, second = tmp_path / "a.txt", tmp_path / "b.txt"
    first.write_text(TEXT)
    second.write_text(TEXT + "[2026-01-01] - Learns Rust.\n")
    import_paths(store, [first])
    assert import_paths(store, [second]).summary.counts["memory"] == {"unchanged": 3, "new": 1}
    assert import_paths(store, [first]).summary.counts["memory"] == {"unchanged": 3}


def test_findings_hold_no_words_of_the_person() -> None:
    outcome = run(ADAPTER, {"t.txt": b"secretword\n```\n[secretword 12]\n[12 secretword] secretword \xff\n```"})
    assert outcome.findings
    assert "secretword" not in str(outcome.findings)


PIECES = st.sampled_from(
    ["- ", "* ", "\u2022 ", "1. ", "(12) ", "[", "]", "] - ", "2025-01-01", "0099-12-31", "T10:11:12Z", " - ", ":", "#", "**",
     "```", "\n", "\n", "\r\n", "\r", "  ", "\t", "\u00a0", "\u2028", "\x1c", "NASA", "\u00c4\u00d6\u00dc", "\u1e9eSS",
     "\u2167", "\u6f22\u5b57", "Jan 2024", "Sept 5th, 2024", "31 feb 2024", "a b", "one two three four five six seven eight",
     "\x00", "x" * 130, "\u0662", "2024"]
)  # fmt: skip


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(PIECES, st.text(max_size=6)), max_size=14).map("".join), st.sampled_from(["", "chatgpt"]))
def test_every_text_gives_the_episodes_of_the_public_sdk(text: str, source: str) -> None:
    text = text.removeprefix("\ufeff")
    expected = [to_wire(item) for item in transfer.parse_episodes(text, source=source or None, now=NOW)]
    found = run(_Anything(), {"t.txt": text}, account=source)
    assert [_padded(item) for item in found.episodes()] == [_padded(item) for item in expected]


class _Anything(TransferTextAdapter):
    """Takes also what begins as a file of another form does."""

    def claim(self, member: Member, probe: Probe) -> str | None:
        return "text"


def _padded(item: dict[str, object]) -> dict[str, object]:
    """Years before 1000 are written with four digits by us alone (portable-memory.md 0, item 16)."""
    return {
        name: value.zfill(20) if name.endswith("Time") and isinstance(value, str) else value for name, value in item.items()
    }


@settings(max_examples=150, deadline=None)
@given(
    st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-16")), st.text().map(str.encode))
)
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    outcome = run(ADAPTER, {"t.txt": data})
    assert outcome.roles == {} or outcome.records or outcome.findings


def test_one_line_of_ten_megabytes_and_a_million_lines() -> None:
    for text in ("- [2025] " + "ab " * 3_500_000, "[" * 10_000_000, "- [2025-01-01] x\n  y\n" * 300_000, "#" * 5_000_000):
        outcome = run(ADAPTER, {"t.txt": text})
        assert outcome.records or outcome.findings


def test_invalid_utf8_is_told_and_the_rest_read() -> None:
    outcome = run(ADAPTER, {"t.txt": b"- [2025] a\xff\xfe\n- b\x00c\n"})
    assert outcome.texts() == ["a\ufffd\ufffd", "b\x00c"] or not outcome.roles
    outcome = run(ADAPTER, {"t.txt": b"- " + b"z" * 2000 + b"\n- [2025] a\xff\n- b\x00c\n"})
    assert outcome.texts()[1:] == ["a\ufffd", "b\x00c"]
    assert outcome.codes() == {"repaired-text": 1}


def test_a_text_over_the_limit_is_told() -> None:
    outcome = run(ADAPTER, {"t.txt": TEXT}, limits=Limits(document_bytes=10))
    assert outcome.codes() == {"limit": 1}
