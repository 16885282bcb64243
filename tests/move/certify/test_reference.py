"""The sound host gets the badge; each broken one is caught by a case of its family; reports say so in a stable shape."""

from __future__ import annotations

import json
import subprocess
import sys
from xml.etree import ElementTree

import msgspec
import pytest

from satchel.errors import UsageError
from satchel.move.certify import report
from satchel.move.certify.cases import CASES
from satchel.move.certify.mutants import MUTANTS
from satchel.move.certify.runner import certify
from satchel.move.certify.verdicts import BADGE_FAMILIES, Certificate, Control, Verdict, level_of, missing
from tests.move.certify.hosts import REFERENCE, judged, outcomes


@pytest.fixture(scope="module")
def whole() -> Certificate:
    return certify(REFERENCE, seed="tests")


def test_the_reference_host_gets_the_badge(whole: Certificate) -> None:
    left = {verdict.case: verdict.reasons for verdict in whole.verdicts if verdict.outcome not in ("pass", "not-applicable")}
    assert left == {}
    assert [verdict.case for verdict in whole.verdicts if verdict.outcome == "not-applicable"] == ["L4"]
    assert [verdict.case for verdict in whole.verdicts if verdict.inconclusive_routes] == []
    assert (whole.badge, whole.level, whole.missing) == (True, "L3", [])


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_every_broken_host_is_caught(whole: Certificate, name: str) -> None:
    control = next(control for control in whole.controls if control.mutant == name)
    assert control.caught
    assert set(control.by) <= set(MUTANTS[name].cases)
    assert CASES[control.by[0]].family == MUTANTS[name].family


def test_every_family_has_a_broken_host_and_every_row_a_case() -> None:
    assert {mutant.family for mutant in MUTANTS.values()} == {*BADGE_FAMILIES, "I"}
    rows = {"A": 8, "B": 6, "C": 5, "D": 11, "E": 9, "F": 5, "G": 6, "H": 6, "I": 5, "J": 5, "K": 3, "L": 4, "M": 3}
    wanted = {f"{family}{number}" for family, count in rows.items() for number in range(1, count + 1)}
    assert wanted == {id for id in CASES if "-" not in id}


def test_cases_are_noticed_by_nothing_else(whole: Certificate) -> None:
    """A broken host fails where it is broken, not everywhere: the cases tell hosts apart."""
    broken = [*REFERENCE, "--broken", "keeps-cache"]
    assert outcomes(broken, ["A1", "A2", "A4", "B2", "C2", "K1"]) == {
        "A1": "pass", "A2": "pass", "A4": "fail", "B2": "pass", "C2": "pass", "K1": "pass",
    }  # fmt: skip


def test_the_json_report_has_a_stable_shape(whole: Certificate) -> None:
    found = json.loads(report.as_json(whole))
    assert list(found) == [
        "shape", "tool", "host", "version", "kinds", "routes", "features", "seed", "partial", "verdicts", "controls", "level",
        "badge", "missing", "bundles", "counts",
    ]  # fmt: skip
    assert found["shape"] == 1
    keys = ["case", "family", "title", "outcome", "reasons", "notes", "inconclusive_routes", "seconds"]
    assert all(list(verdict) == keys for verdict in found["verdicts"])
    assert all(list(control) == ["mutant", "family", "what", "caught", "by"] for control in found["controls"])
    assert found["counts"] == {"not-applicable": 1, "pass": len(CASES) - 1}
    assert all(len(digest) == 64 for digest in found["bundles"].values())
    assert msgspec.convert(found, Certificate) == whole


def test_the_junit_report_is_xml(whole: Certificate) -> None:
    odd = msgspec.structs.replace(
        whole,
        host='<odd & "quoted">\x1b[31m',
        verdicts=[
            Verdict("A1", "A", "a <title>", "fail", ["it's <gone> & \x00 \ud800", "more"], [], [], 0.25),
            Verdict("A2", "A", "b", "inconclusive", ["dark"], [], ["text"], 0.0),
            Verdict("A3", "A", "c", "not-applicable", ["no route"], [], [], 0.0),
            Verdict("A4", "A", "d", "pass", [], [], [], 0.0),
        ],
        controls=[Control("m", "A", "what", False, []), Control("n", "A", "what", True, ["A1"])],
    )
    for certificate in (whole, odd):
        root = ElementTree.fromstring(report.as_junit(certificate))
        cases, controls = root.findall("testsuite")
        assert int(cases.get("tests", 0)) == len(cases.findall("testcase")) == len(certificate.verdicts)
        assert len(controls.findall("testcase")) == len(certificate.controls)
    assert [child.tag for case in cases for child in case] == ["failure", "error", "skipped"]
    assert (cases.get("failures"), cases.get("errors"), cases.get("skipped")) == ("1", "1", "1")
    assert controls.get("failures") == "1"


def test_the_same_seed_makes_the_same_bundles(whole: Certificate) -> None:
    again = certify(REFERENCE, seed="tests", only=["B1", "C1", "G6"], controls=False)
    assert again.bundles
    assert again.bundles == {name: whole.bundles[name] for name in again.bundles}


def test_a_part_of_the_cases_never_reaches_the_badge() -> None:
    found = certify(REFERENCE, only=["A1"], seed="tests")
    assert [verdict.outcome for verdict in found.verdicts] == ["pass"]
    assert [control.mutant for control in found.controls] == ["keeps-index"]
    assert (found.badge, found.level, found.missing[0]) == (False, "", "only some cases were run")


def test_an_unknown_case() -> None:
    with pytest.raises(UsageError, match="no case is called Z9"):
        certify(REFERENCE, only=["Z9"])


def changed(code: str) -> list[str]:
    """The reference host with some of its methods replaced."""
    head = "from satchel.move.certify.reference_host import *\nfrom satchel.move.certify.protocol import *\n"
    return [sys.executable, "-c", head + code + "\nserve(Odd())"]


def test_a_route_that_never_showed_the_text_is_inconclusive_not_passed() -> None:
    dark = changed(
        "class Odd(Service):\n"
        "    def search(self, params):\n"
        "        return Hits([]) if params['route'] == 'vectors' else super().search(params)"
    )
    found = judged(dark, "A1", "A2", "B2")
    assert (found["A2"].outcome, found["A2"].inconclusive_routes) == ("inconclusive", ["vectors"])
    assert found["A1"].outcome == "inconclusive"
    assert found["B2"].outcome == "pass"
    assert "route vectors inconclusive" in missing(list(found.values()), [], [])


def test_a_host_without_a_feature_is_not_asked() -> None:
    bare = changed(
        "class Odd(Service):\n"
        "    def hello(self, params):\n"
        "        return Hello(1, 'bare', '1', ['episode'], [Route('text', 'lexical')], [])"
    )
    found = outcomes(bare, ["A1", "A2", "A6", "B6", "C2", "F1", "L1", "M1", "I2"])
    assert found.pop("A1") == "pass"
    assert set(found.values()) == {"not-applicable"}


def test_a_reset_that_keeps_something_is_noticed() -> None:
    sticky = changed("class Odd(Service):\n    def reset(self, params):\n        return {}")
    found = judged(sticky, "B2", "B3")
    assert found["B2"].outcome == "pass"
    assert found["B3"].reasons == ["a reset does not empty the store"]


def test_a_host_whose_exports_are_not_there_or_no_bundles() -> None:
    absent = changed("class Odd(Service):\n    def export(self, params):\n        return {}")
    assert "there is no manifest.json" in judged(absent, "B2")["B2"].reasons[0]
    ruin = changed(
        "class Odd(Service):\n"
        "    def export(self, params):\n"
        "        path = Path(params['path']); path.mkdir(); (path / 'manifest.json').write_bytes(b'[')\n"
        "        return {}"
    )
    assert "export cannot be read" in judged(ruin, "B2")["B2"].reasons[0]


def test_rows_of_no_shape_do_not_stop_the_run() -> None:
    odd = changed(
        "class Odd(Service):\n"
        "    def export(self, params):\n"
        "        for row in self.store.rows['edge'].values():\n"
        "            row['evidenceEpisodeIDs'] = 7\n"
        "        return super().export(params)"
    )
    found = judged(odd, "D3", "B2")
    assert found["D3"].outcome == "fail"
    assert found["B2"].outcome == "pass"


def test_levels_build_on_one_another() -> None:
    def verdict(case: str, family: str, outcome: str = "pass") -> Verdict:
        return Verdict(case, family, "", outcome, [], [], [], 0.0)  # type: ignore[arg-type]

    l0, l1, l3, who = (
        verdict(case, family) for case, family in (("L0-3", "L0-"), ("L1-1", "L1-"), ("L3-1", "L3-"), ("I1", "I"))
    )
    assert level_of([l0, l1, l3, who], True, partial=False) == "L3"
    assert level_of([l0, l1, l3, verdict("I1", "I", "fail")], True, partial=False) == "L2"
    assert level_of([l0, l1, l3, who], False, partial=False) == "L1"
    assert level_of([l0, verdict("L1-1", "L1-", "fail"), l3], True, partial=False) == "L0"
    assert level_of([verdict("L0-3", "L0-", "inconclusive"), l1], True, partial=False) == ""
    assert level_of([l0, l1, l3, who], True, partial=True) == ""


def test_no_badge_without_controls_or_with_one_missed() -> None:
    good = [Verdict(case, case[0], "", "pass", [], [], [], 0.0) for case in ("A1", "A8", "B2", "L2")]
    assert missing(good, [], ["A"]) == ["no broken host caught in families A"]
    assert missing(good, [Control("m", "A", "", True, ["A1"])], ["A"]) == []
    lame = [Control("m", "A", "", True, ["A1"]), Control("n", "A", "", False, [])]
    assert missing(good, lame, ["A"]) == ["control n not caught"]
    assert missing([*good[1:], msgspec.structs.replace(good[0], outcome="not-applicable")], [], []) == ["A1 must be run"]
    # Who may delete is reported, not required.
    assert missing([*good, Verdict("I1", "I", "", "fail", [], [], [], 0.0)], [], []) == []


def test_the_reference_host_lists_its_broken_kin_and_knows_its_words() -> None:
    done = subprocess.run([*REFERENCE, "--list"], capture_output=True, text=True, check=True)
    assert len(done.stdout.splitlines()) == len(MUTANTS)
    assert subprocess.run([*REFERENCE, "--broken", "nothing"], capture_output=True).returncode == 2


def test_a_host_that_cannot_start_from_its_own_store_fails_that_case_alone() -> None:
    lame = changed("class Odd(Service):\n    def restore(self):\n        raise OSError('the store is torn')")
    found = judged(lame, "B5", "B6", "C2", "M2", "M3")
    assert {case: verdict.outcome for case, verdict in found.items()} == {
        "B5": "pass", "B6": "fail", "C2": "pass", "M2": "fail", "M3": "pass",
    }  # fmt: skip
    assert "broke down (died)" in found["B6"].reasons[0] and "the store is torn" in found["B6"].reasons[0]
