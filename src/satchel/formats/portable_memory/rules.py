"""What a bundle can be wrong in, as one table: stable codes, how bad, and a sentence. The numbers are the dossier's."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from satchel.errors import Place
from satchel.model.findings import Finding, Severity

#: Findings of one code in one file that are told one by one; past that they are counted together.
MAX_ALIKE = 20


class Rule(NamedTuple):
    section: str
    severity: Severity
    text: str


RULES: dict[str, Rule] = {
    # The manifest.
    "manifest-missing": Rule("1.4", "error", "the folder has no manifest.json"),
    "manifest-malformed": Rule("1.4", "error", "manifest.json is no JSON object"),
    "manifest-field": Rule("1.4", "error", "a member of the manifest is missing or not what it should be"),
    "manifest-not-canonical": Rule("3.1", "error", "manifest.json is not in canonical form"),
    "format-major": Rule("1.4", "error", "the bundle is of another major version of the format"),
    "format-newer": Rule("1.4", "info", "the bundle is of a newer minor version; what is unknown is let pass"),
    "level-unfounded": Rule("8", "warning", "the bundle claims a conformance level that it does not show"),
    "capability-unfounded": Rule("1.4", "warning", "the manifest claims a capability that the bundle does not show"),
    # Integrity.
    "unsafe-path": Rule("6.4", "error", "a listed path leads out of the bundle"),
    "not-a-file": Rule("10.2", "error", "a link, or no regular file"),
    "path-repeated": Rule("1.3", "error", "the manifest lists a file twice"),
    "file-missing": Rule("7.1", "error", "a listed file is missing"),
    "checksum-mismatch": Rule("7.1", "error", "the file's SHA-256 is not the listed one"),
    "size-mismatch": Rule("7.1", "error", "the file's size is not the listed one"),
    "unlisted-file": Rule("7.1", "error", "the manifest does not list the file"),
    "unknown-entry": Rule("10.6", "warning", "the bundle holds something that the format does not know"),
    "litter": Rule("10.6", "warning", "an operating system left a file in the bundle"),
    "checksums-missing": Rule("1.3", "error", "the bundle has no CHECKSUMS"),
    "checksums-mismatch": Rule("1.3", "error", "CHECKSUMS is not what the manifest's files make it"),
    "digest-mismatch": Rule("1.4", "error", "bundleDigest is not the SHA-256 of CHECKSUMS"),
    "signature-missing": Rule("5", "error", "a signature is required and there is none"),
    "signature-invalid": Rule("5", "error", "the signature does not verify"),
    "signature-untrusted": Rule("5", "error", "the signature is of a key that is not trusted"),
    "signature-unchecked": Rule("5", "info", "the signature verifies; whether its key is to be trusted was not asked"),
    # Streams.
    "not-utf8": Rule("1.1", "error", "the file is not UTF-8"),
    "blank-line": Rule("1.1", "error", "a line is blank"),
    "no-final-newline": Rule("1.1", "error", "the last line has no end"),
    "empty-stream": Rule("0, item 4", "warning", "the file is empty; a kind without rows has no file"),
    "malformed-line": Rule("7.1", "error", "a line is not a JSON object"),
    "name-repeated": Rule("3.3", "error", "an object has the same name twice"),
    "not-canonical": Rule("3.1", "error", "a line is not in canonical form"),
    "spec-numbers": Rule("3.3", "info", "numbers stand as the text asks and not as the public SDKs write them"),
    "field": Rule("1.6", "error", "a field is missing or not of its type"),
    "null-field": Rule("0, item 13", "error", "an absent field is written as null"),
    "negative-count": Rule("2", "error", "a count is below zero"),
    "time": Rule("3.4", "error", "a timestamp names no moment"),
    "order": Rule("0, item 17", "error", "the lines are not in their order"),
    "key-repeated": Rule("2", "error", "two rows have the same key"),
    "key-blank": Rule("2", "error", "a row's key is empty"),
    "foreign-name": Rule("10.6", "error", "a vendor's kind has a name that is not safe, or is another's"),
    "foreign-line": Rule("2", "info", "a line of a vendor's kind is no JSON; it is carried as it is"),
    "divergent-number": Rule("3.3", "warning", "implementations write this number in different ways"),
    # What the streams say together.
    "counts-mismatch": Rule("1.4", "error", "the manifest's counts are not those of the streams"),
    "coverage-mismatch": Rule("1.4", "error", "coverage is not the span of the episodes' eventTime"),
    "scopes-mismatch": Rule("1.4", "error", "scopes are not those of the episodes and contexts"),
    "dangling": Rule("7.1", "warning", "a row refers to one that the bundle does not hold"),
    "tombstoned-row": Rule("4.2", "error", "the bundle ships a row that its own tombstones delete"),
    "redacted-text": Rule("4.2", "error", "the bundle ships text that its own tombstones redact"),
    "tombstones-taken": Rule("11, I3", "error", "the tombstones are not those that the bundle was written with"),
    "tombstone-kind": Rule("10.6", "warning", "a tombstone names a kind that is neither native nor in the bundle"),
    "tombstone-unsigned": Rule("5", "warning", "a tombstone is not signed"),
    "tombstone-signature": Rule("4.4", "error", "a tombstone's signature does not verify"),
    "tombstone-untrusted": Rule("4.4", "error", "a tombstone is signed by a key that is not trusted"),
    "secret": Rule("L3-7", "error", "a secret reference holds more than a masked hint"),
    "evidence-pack": Rule("6.3", "info", "this is an Evidence Pack: proof of deletions, which an import carries out"),
    "secret-refs": Rule("L3-7", "info", "the bundle refers to secrets; what refers to them travels, they do not"),
    "embeddings-name": Rule("1.1", "warning", "a file of embeddings is not called embeddings/<table>.<model>.vec"),
    "embeddings-model": Rule("1.4", "warning", "the bundle holds embeddings and does not say of which model"),
    "embeddings-flag": Rule("1.4", "warning", "embeddingsIncluded and the embeddings in the bundle do not go together"),
}


class Findings:
    """Collects findings; many alike in one file are told once with their number."""

    def __init__(self) -> None:
        self._told: list[Finding] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._more: dict[tuple[str, str], Finding] = {}

    def add(self, code: str, place: Place, note: str = "", *, severity: Severity | None = None) -> None:
        """Rule ``code`` is broken at ``place``; ``note`` says more, never what a record says."""
        rule = RULES[code]
        text = f"{rule.text}: {note}" if note else rule.text
        self.put(Finding(code=code, severity=severity or rule.severity, text=text, place=place))

    def put(self, finding: Finding) -> None:
        """Add a finding of another maker."""
        key = (finding.code, finding.place.file)
        count = self._seen[key] = self._seen.get(key, 0) + 1
        if count <= MAX_ALIKE:
            self._told.append(finding)
            return
        more = self._more.get(key)
        if more is None:
            place = Place(file=finding.place.file)
            self._more[key] = msgspec.structs.replace(finding, text=f"and more of it: {finding.text}", place=place)
        else:
            self._more[key] = msgspec.structs.replace(more, count=more.count + 1)

    def all(self) -> list[Finding]:
        """What was found, in the order of finding; the counted ones last."""
        return [*self._told, *self._more.values()]

    def has(self, code: str) -> bool:
        """Whether this was found anywhere."""
        return any(code == seen for seen, _ in self._seen)
