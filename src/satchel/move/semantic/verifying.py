"""A whole conversion checked: what was read against what is read back from what was written.

Both sides are gone through several times: once for hashes, which tell what is the same; once for what found no counterpart; and
then for the texts of the pairs that differ, so many at a time as fit into ``Limits.compared_characters``. What is held is some
700 bytes a record and that bound, however long the texts are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from satchel.limits import DEFAULT, Limits
from satchel.model.ledger import Ledger
from satchel.model.record import Record
from satchel.move.semantic.embedding import Embedder, is_lexical
from satchel.move.semantic.judging import judge
from satchel.move.semantic.matching import Matched, Pair, Records, Sketch, header_codes, matched, sampled, sketch, spoken
from satchel.move.semantic.structure import canonical, flattened
from satchel.move.semantic.values import Judgement, RecordVerdict, Semantic, Verdict, verdict_of

_LEFT_OUT = ("omitted", "unresolved", "rejected")
#: Fates of a field of which the target has less, or has it where other readers do not look.
_LESS = ("lost", "narrowed", "carried")
_TITLES = ("title", "name", "body.title", "body.name")
_TEXTS = ("text", "summary", "body.text", "body.summary", "body.parts", "parts")
#: Codes that a ledger's line on a field accounts for.
_DECLARABLE = {"title-missing": _TITLES, "text-missing": _TEXTS}


class _Said(NamedTuple):
    title: str
    text: str
    language: str
    id: str


def check(before: Iterable[Record], after: Iterable[Record], *, embedder: Embedder | None = None) -> Semantic:
    """``verify`` for records that are at hand."""
    befores, afters = list(before), list(after)
    return verify(lambda: befores, lambda: afters, embedder=embedder)


def verify(
    source_records: Records | Iterable[Record],
    target_records: Records | Iterable[Record],
    *,
    embedder: Embedder | None,
    ledger: Ledger | None = None,
    limits: Limits = DEFAULT,
) -> Semantic:
    """Whether what was written says what was read.

    Args:
        source_records: the records that were to be written: something that can be iterated several times, or a function that
            gives them anew each time (``store.records``). The same records, in the same order.
        target_records: what our own reader makes of what was written.
        embedder: the third tier's model; None leaves that tier out.
        ledger: the conversion's. Records and fields that it says were left out are declared losses; without it every missing
            record fails.

    Raises:
        TypeError: an iterator, which can be gone through only once.
    """
    return _Check(_again(source_records), _again(target_records), embedder, ledger, limits).run()


def _again(records: Records | Iterable[Record]) -> Records:
    if callable(records):
        return records
    if iter(records) is records:
        raise TypeError("an iterator can be gone through only once: give a list, or a function that gives a new one")
    given: Iterable[Record] = records
    return lambda: given


class _Check:
    def __init__(
        self, source: Records, target: Records, embedder: Embedder | None, ledger: Ledger | None, limits: Limits
    ) -> None:
        self._source, self._target = source, target
        self._embedder = embedder
        self._limits = limits
        self._omitted: Counter[str] = Counter()
        self._transformed: set[str] | None = None
        #: How many records of a kind lost a field, as the ledger says: it excuses so many and no more.
        self._lost: Counter[tuple[str, str]] = Counter()
        if ledger is not None:
            self._transformed = set()
            for line in ledger.lines():
                if line.field:
                    if line.fate in _LESS:
                        self._lost[line.kind, line.field] += line.count
                elif line.fate in _LEFT_OUT:
                    self._omitted[line.kind] += line.count
                elif line.fate == "transformed":
                    self._transformed.add(line.kind)
        self._verdicts: Counter[Verdict] = Counter()
        self._codes: Counter[str] = Counter()
        self._told: list[RecordVerdict] = []

    def run(self) -> Semantic:
        self._before = [sketch(record) for record in self._source()]
        self._after = [sketch(record) for record in self._target()]
        found = matched(self._before, self._after, self._samples)
        found_by_number = {pair.before: self._standing(pair) for pair in found.pairs}
        for one in _out_of_order(self._before, self._after, found):
            found_by_number[one].append("order-changed")
        differing = [pair for pair in found.pairs if self._differs(pair)]
        texts = {pair.before for pair in differing}
        for pair in found.pairs:
            if pair.before not in texts:
                alike = self._before[pair.before].exact == self._after[pair.after[0]].exact
                self._settle(pair.before, "identical" if alike else "equivalent", found_by_number[pair.before])
        for several in self._rounds(differing):
            for one, codes, is_same in self._compared(several):
                self._settle(one, "equivalent" if is_same else None, [*found_by_number[one], *codes])
        self._missing(found.missing)
        for number in found.added:
            self._codes["record-added"] += 1
            self._verdicts["inconsistent"] += 1
            each = self._after[number]
            self._told.append(RecordVerdict(each.uid, each.kind, "inconsistent", ("record-added",)))
        embedder = self._embedder
        return Semantic(
            records=len(self._before),
            counterparts=len(self._after),
            verdicts=dict(sorted(self._verdicts.items())),
            codes=dict(sorted(self._codes.items())),
            told=tuple(self._told),
            embedder=embedder.name if embedder is not None else "",
            embedder_digest=embedder.digest if embedder is not None else "",
            is_lexical=embedder is not None and is_lexical(embedder),
        )

    def _differs(self, pair: Pair) -> bool:
        one = self._before[pair.before]
        return len(pair.after) > 1 or bool(pair.pieces) or self._after[pair.after[0]].canonical != one.canonical

    def _standing(self, pair: Pair) -> list[str]:
        one = self._before[pair.before]
        found = dict.fromkeys(code for number in pair.after for code in header_codes(one, self._after[number]))
        if "kind-changed" in found and self._transformed is not None and one.kind not in self._transformed:
            found["kind-unsaid"] = found.pop("kind-changed")
        return list(found)

    def _samples(self, left: list[int], right: list[int]) -> tuple[dict[int, frozenset[int]], dict[int, frozenset[int]]]:
        sides = []
        for records, numbers in ((self._source, left), (self._target, right)):
            wanted = set(numbers)
            sides.append(
                {number: sampled("\n".join(spoken(record))) for number, record in enumerate(records()) if number in wanted}
            )
        return sides[0], sides[1]

    def _rounds(self, pairs: list[Pair]) -> Iterator[list[Pair]]:
        """Pairs, so many at a time as may be held."""
        several: list[Pair] = []
        held = 0
        for pair in pairs:
            size = self._before[pair.before].size + sum(self._after[number].size for number in (*pair.after, *pair.pieces))
            if several and held + size > self._limits.compared_characters:
                yield several
                several, held = [], 0
            several.append(pair)
            held += size
        if several:
            yield several

    def _compared(self, pairs: list[Pair]) -> Iterator[tuple[int, list[str], bool]]:
        """For each pair the codes of what its texts do not have in common, and whether they are the same."""
        befores = _texts(self._source, {pair.before for pair in pairs})
        afters = _texts(self._target, {number for pair in pairs for number in (*pair.after, *pair.pieces)})
        for pair in pairs:
            yield (
                pair.before,
                *self._pair(befores[pair.before], [afters[n] for n in pair.after], [afters[n] for n in pair.pieces]),
            )

    def _pair(self, one: _Said, others: list[_Said], pieces: list[_Said]) -> tuple[list[str], bool]:
        text = "\n\n".join(other.text for other in others)
        if pieces and canonical(text) != canonical(one.text):
            # The whole may be an extract, and its pieces the text.
            codes = self._piece(one, text)
            text = "\n".join(piece.text for piece in pieces)
        else:
            codes = [code for piece in pieces for code in self._piece(one, piece.text)]
        # A format that asks for a name is given the id.
        named = (other.title for other in others if other.title and (other.title == one.title or other.title != other.id))
        title = next(named, "")
        codes += self._titled(one.title, one.text, title, text, one.language)
        return codes, not codes and canonical(one.text) == canonical(text)

    def _titled(self, title: str, text: str, other_title: str, other: str, language: str) -> list[str]:
        found: dict[str, None] = {}
        one, now = canonical(title), canonical(other_title)
        if one and not now and _begins(other, one) and not _begins(text, one):
            text, one = f"{title}\n\n{text}", ""
        elif now and not one and _begins(text, now) and not _begins(other, now):
            other, now = f"{other_title}\n\n{other}", ""
        if one and not now and one not in canonical(other):
            found["title-missing"] = None
        elif now and not one and now not in canonical(text):
            found["title-added"] = None
        elif one and now and one != now:
            found.update(dict.fromkeys(self._judged(title, other_title, language)))
        found.update(dict.fromkeys(self._judged(text, other, language)))
        return list(found)

    def _judged(self, before: str, after: str, language: str) -> Sequence[str]:
        found = self._judge(before, after, language)
        if found.outcome != "pass":
            # Structured data of a record may come back as its JSON text: then what it says is the strings in it.
            flat, other = flattened(before), flattened(after)
            if (flat == before) != (other == after):
                # Each is a statement of its own: the members of an object have no order.
                found = self._judge(flat.replace("\n", "\n\n"), other.replace("\n", "\n\n"), language)
        return found.codes

    def _judge(self, before: str, after: str, language: str) -> Judgement:
        return judge(before, after, embedder=self._embedder, language=language, most_units=self._limits.compared_units)

    def _piece(self, one: _Said, piece: str) -> list[str]:
        """A piece says nothing that the whole does not; it may be cut off anywhere."""
        if canonical(piece).rstrip("…") in canonical(one.text):
            return []
        codes = self._judged(one.text, piece, one.language)
        return [code for code in codes if code not in ("unit-missing", "text-missing", "gross-loss")]

    def _settle(self, one: int, same: Verdict | None, codes: list[str]) -> None:
        """One record's verdict; ``same`` where its text is."""
        each = self._before[one]
        counted = Counter(codes)
        undeclared = Counter({code: count for code, count in counted.items() if not self._excused(each.kind, code)})
        verdict = verdict_of(undeclared)
        if verdict == "equivalent":
            if undeclared != counted:
                verdict = "equivalent-with-declared-loss"
            elif same is not None:
                verdict = same
        self._note(each, verdict, counted)

    def _excused(self, kind: str, code: str) -> bool:
        field = next((field for field in _DECLARABLE.get(code, ()) if self._lost[kind, field]), None)
        if field is None:
            return False
        self._lost[kind, field] -= 1
        return True

    def _note(self, each: Sketch, verdict: Verdict, codes: Counter[str]) -> None:
        self._verdicts[verdict] += 1
        self._codes.update(codes.keys())
        if verdict in ("needs-review", "inconsistent", "not-checked", "equivalent-with-declared-loss"):
            self._told.append(RecordVerdict(each.uid, each.kind, verdict, tuple(sorted(codes))))

    def _missing(self, numbers: list[int]) -> None:
        """Records without a counterpart. A ledger counts, by kind, how many were left out; one that has neither title nor text
        says nothing that could be missed."""
        by_kind: dict[str, list[int]] = defaultdict(list)
        for number in numbers:
            by_kind[self._before[number].kind].append(number)
        for kind, those in by_kind.items():
            declared = self._omitted[kind]
            # The ones that say something first: they are what a declared loss is needed for.
            for number in sorted(those, key=lambda number: (self._before[number].is_blank, number)):
                each = self._before[number]
                if declared:
                    declared -= 1
                    self._note(each, "equivalent-with-declared-loss", Counter({"record-omitted": 1}))
                elif kind == "foreign":
                    self._note(each, "not-checked", Counter({"own-kind": 1}))
                elif each.is_blank:
                    self._note(each, "not-checked", Counter({"blank": 1}))
                else:
                    self._note(each, "inconsistent", Counter({"record-missing": 1}))


def _begins(text: str, title: str) -> bool:
    return canonical(text[: 4 * len(title) + 64]).lstrip("#* ").startswith(title)


def _texts(records: Records, wanted: set[int]) -> dict[int, _Said]:
    """What the records of these numbers say."""
    return {
        number: _Said(*spoken(record), record.language, record.origin.id)
        for number, record in enumerate(records())
        if number in wanted
    }


def _out_of_order(before: Sequence[Sketch], after: Sequence[Sketch], found: Matched) -> list[int]:
    """The messages that stand behind one that they stood before. Those matched by a text that others have too are left out:
    which of them is which, nobody knows."""
    often = Counter(each.exact for each in before)
    talks: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for pair in found.pairs:
        one, other = before[pair.before], after[pair.after[0]]
        if one.kind != "message" or other.kind != "message" or not one.whole:
            continue
        if pair.how == "id" or often[one.exact] == 1:
            talks[one.whole].append((one.position, other.position, pair.before))
    late = []
    for turns in talks.values():
        turns.sort()
        late += [now[2] for was, now in pairwise(turns) if now[0] > was[0] and now[1] < was[1]]
    return late
