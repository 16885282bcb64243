"""Microsoft Presidio as a second layer beside the rules: it knows names, places and the papers of many countries (RED-03).

An extra (``pip install 'satchel[pii]'``), loaded only when asked for. Names need a spaCy model that the person installed;
without one (``blank``) Presidio's patterns still run. Nothing is fetched: Presidio itself would download a missing model, and
its recogniser of e-mail addresses asks the network for a list of top-level domains, so neither is used.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from satchel.errors import UsageError
from satchel.trust.redaction.detect import Found

#: Models that are looked for, in this order, where none is named.
_USUAL = ("en_core_web_lg", "en_core_web_trf", "en_core_web_md", "en_core_web_sm")
BLANK = "blank"
#: Presidio's words for what the rules find, and for the rest its own in lower case.
_TYPES = {
    "US_SSN": "ssn",
    "CREDIT_CARD": "credit_card",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address",
}
#: No personal data by themselves, or better found by the rules.
_LEFT_OUT = frozenset({"URL", "DATE_TIME", "EMAIL_ADDRESS", "EMAIL", "UUID", "ORGANIZATION"})
#: What it is less sure of is not taken.
_LEAST_SCORE = 0.4
#: spaCy refuses texts of more than a million characters, and takes memory by their length.
_PIECE_LENGTH = 100_000
_NOT_IN_TYPE = re.compile(r"[^a-z_]+")


class Presidio:
    """Implements ``detect.Detector``."""

    def __init__(self, model: str = "") -> None:
        """
        Args:
            model: an installed spaCy model, a folder with one, ``blank`` for none, "" for the usual English one.

        Raises:
            UsageError: Presidio or the model is not installed.
        """
        try:
            import presidio_analyzer as presidio
            import spacy
            from presidio_analyzer.nlp_engine import SpacyNlpEngine
        except ImportError:
            raise UsageError("Presidio is not installed", hint="pip install 'satchel[pii]'") from None
        model = model or next((name for name in _USUAL if spacy.util.is_package(name)), "")
        if not model or (model != BLANK and not spacy.util.is_package(model) and not Path(model).is_dir()):
            raise UsageError(
                f"no spaCy model {model!r} is installed" if model else "no spaCy model is installed",
                hint="python -m spacy download en_core_web_lg; presidio=blank looks for patterns alone",
            )
        # It warns of each language that it leaves out.
        logging.getLogger("presidio-analyzer").setLevel(logging.ERROR)
        nlp = spacy.blank("en") if model == BLANK else spacy.load(model)
        self._language: str = nlp.lang
        engine: Any = SpacyNlpEngine(models=[{"lang_code": nlp.lang, "model_name": model}])
        engine.nlp = {nlp.lang: nlp}
        registry: Any = presidio.RecognizerRegistry(supported_languages=[nlp.lang])
        registry.load_predefined_recognizers(languages=[nlp.lang], nlp_engine=engine)
        registry.remove_recognizer("EmailRecognizer")
        self._analyzer: Any = presidio.AnalyzerEngine(
            registry=registry, nlp_engine=engine, supported_languages=[nlp.lang], default_score_threshold=_LEAST_SCORE
        )
        known = {entity for each in registry.recognizers for entity in each.supported_entities}
        self._entities = sorted(known - _LEFT_OUT)

    def find(self, text: str) -> Iterator[Found]:
        """See ``detect.Detector.find``."""
        for start, piece in _pieces(text):
            for found in self._analyzer.analyze(text=piece, language=self._language, entities=self._entities):
                type = _TYPES.get(found.entity_type) or _NOT_IN_TYPE.sub("_", found.entity_type.lower())[:32]
                yield Found(start + found.start, start + found.end, type, float(found.score))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The text in pieces that end at white space where there is any, each with where it begins."""
    at = 0
    while at < len(text):
        end = min(at + _PIECE_LENGTH, len(text))
        if end < len(text):
            space = max(text.rfind("\n", at + _PIECE_LENGTH // 2, end), text.rfind(" ", at + _PIECE_LENGTH // 2, end))
            end = space + 1 if space > 0 else end
        yield at, text[at:end]
        at = end
