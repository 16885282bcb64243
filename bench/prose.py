"""Text that costs what people's text costs: sentences of a Zipf-distributed vocabulary, lists, code, CJK, emoji.

Nothing here means anything. What counts is that a tokenizer meets about 30,000 different words with the frequencies of
a language, that a compressor finds no more to save than in real chats, and that not everything is ASCII.
"""

from __future__ import annotations

import random
from itertools import accumulate

WORDS = 30_000
SENTENCES = 50_000
#: Of all sentences, those in Chinese or Japanese: about 2 % of the characters.
CJK_SHARE = 0.04
EMOJI_SHARE = 0.015

_ONSETS = "b br c ch cl d dr f fl g gr h j k l m n p pl pr qu r s sc sh sl st t th tr v w y"
_VOWELS = "a a a e e e i i o o u ai ea ee io ou oo"
_CODAS = "n r s t l m ck nd ng nt rd st x"
_SHORT = (
    "the of and to in a is that for it as with on be by this are or an at from you can not have but if they which one "
    "was all we there their use your how when will each about up out then so some would make like into time has look"
)
_EMOJI = [
    "🙂",
    "🚀",
    "✅",
    "🎉",
    "🤔",
    "👍🏽",
    "👩\u200d💻",
    "🇯🇵",
    "❤\ufe0f",
    "🔧",
    "📊",
    "⚠\ufe0f",
    "👨\u200d👩\u200d👧",
    "🧪",
]
_HAN = (
    "的一是不了人我在有他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去"
    "之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方"
    "又如前所本见经头面公同三已老从动两长"
)
_KANA = (
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
    "アイウカキクコサシスセタチツテトナニネノハフマミメモラリルレロン"
)
_KANJI = "日本語時間問題方法確認設定使用場合必要結果情報開発環境変更追加説明理解質問回答会議資料東京"
_STOP = "\u3002"
_NAMES = [
    *("value", "index", "result", "items", "count", "config", "total", "buffer", "user", "path", "node", "data"),
    *("size", "offset", "state", "key", "table", "row"),
]


def _vocabulary(rng: random.Random) -> list[str]:
    onsets, vowels, codas = [*_ONSETS.split(), "", ""], _VOWELS.split(), ["", "", "", "", *_CODAS.split()]
    words = _SHORT.split()
    short = len(words)
    seen = set(words)
    while len(words) < WORDS:
        syllables = rng.choices((1, 2, 3, 4), (2, 9, 6, 2))[0]
        word = "".join(
            rng.choice(onsets) + rng.choice(vowels) + (rng.choice(codas) if rng.random() < 0.6 else "")
            for _ in range(syllables)
        )
        if len(word) > 2 and word not in seen:
            seen.add(word)
            words.append(word)
    # Short words are the frequent ones, as in languages, but not strictly.
    rare = words[short:]
    rare.sort(key=lambda word: len(word) + rng.gauss(0.0, 2.0))
    return [*words[:short], *rare]


class Prose:
    """A pool of sentences and code blocks, made once from the seed, from which texts are put together."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words = _vocabulary(rng)
        self._weights = list(accumulate(1.0 / (rank + 2.7) for rank in range(WORDS)))
        self._sentences = [self._sentence() for _ in range(SENTENCES)]
        self._blocks = [self._code() for _ in range(1_500)]
        self.mean_sentence = sum(map(len, self._sentences)) / SENTENCES

    def _sentence(self) -> str:
        rng = self._rng
        kind = rng.random()
        if kind < CJK_SHARE / 2:
            return "".join(rng.choices(_HAN, k=rng.randint(12, 60))) + _STOP
        if kind < CJK_SHARE:
            return "".join(rng.choices(_KANA * 2 + _KANJI * 3, k=rng.randint(12, 60))) + _STOP
        words = rng.choices(self._words, cum_weights=self._weights, k=min(45, max(3, round(rng.gammavariate(4.0, 3.6)))))
        style = rng.random()
        place = rng.randrange(len(words))
        if style < 0.06:
            words[place] = f"**{words[place]}**"
        elif style < 0.11:
            words[place] = f"`{words[place]}_{rng.choice(_NAMES)}`"
        elif style < 0.16:
            words[place] = f"\u201c{words[place]}\u201d" if style < 0.13 else f'"{words[place]}"'
        elif style < 0.24:
            words[place] += "\u2019s" if style < 0.20 else " \u2014"
        elif style < 0.32:
            words[place] = str(rng.randint(2, 2100))
        if len(words) > 9:
            words[rng.randrange(3, len(words) - 3)] += ","
        text = " ".join(words)
        text = text[0].upper() + text[1:] + rng.choices((".", "?", "!", ":"), (85, 8, 4, 3))[0]
        return f"{text} {rng.choice(_EMOJI)}" if rng.random() < EMOJI_SHARE else text

    def _code(self) -> str:
        rng = self._rng
        lines = [f"def {rng.choice(self._words)}_{rng.choice(_NAMES)}({', '.join(rng.sample(_NAMES, 2))}):"]
        for _ in range(rng.randint(3, 18)):
            indent = "    " * rng.randint(1, 3)
            left, right, word = rng.choice(_NAMES), rng.choice(_NAMES), rng.choice(self._words)
            lines.append(
                indent
                + rng.choice(
                    (
                        f"{left} = {right}[{rng.randint(0, 99)}]",
                        f'{left} = {right}.get("{word}", {rng.randint(0, 9)})',
                        f"if {left} > {rng.randint(1, 500)} and not {right}:",
                        f"for {left} in {word}({right}):",
                        f'print(f"{{{left}}}\\t{word}\\n")',
                        f"# {word} {rng.choice(self._words)}",
                    )
                )
            )
        return "\n".join([*lines, f"    return {rng.choice(_NAMES)}"])

    def words(self, count: int) -> str:
        """A title or a search query."""
        return " ".join(self._rng.choices(self._words, cum_weights=self._weights, k=count))

    def sentences(self, length: int) -> str:
        """About ``length`` characters of plain sentences, at least one."""
        count = max(1, round(length / self.mean_sentence))
        return " ".join(self._rng.choices(self._sentences, k=count))

    def code(self) -> str:
        """A function that does nothing."""
        return self._rng.choice(self._blocks)

    def markdown(self, length: int) -> str:
        """About ``length`` characters as an assistant writes them: paragraphs, headings, lists, code."""
        rng = self._rng
        pieces: list[str] = []
        left = length
        while left > 0:
            kind = rng.random()
            if kind < 0.62 or left < 300:
                piece = self.sentences(min(left, rng.randint(180, 520)))
            elif kind < 0.87:
                head = rng.random() < 0.5
                items = rng.choices(self._sentences, k=rng.randint(3, 6))
                piece = "\n".join(f"- {item}" for item in items)
                if head:
                    piece = f"### {self.words(3)}\n\n{piece}"
            else:
                piece = f"```python\n{self.code()}\n```"
            pieces.append(piece)
            left -= len(piece) + 2
        return "\n\n".join(pieces)

    def short(self) -> str:
        """What a person types: mostly a line or two, now and then a page that was pasted."""
        length = self._rng.lognormvariate(4.7, 0.9)
        return self.sentences(int(min(length, 6_000)))

    def long(self, median: float = 700.0) -> str:
        """What an assistant answers: hundreds to thousands of characters."""
        scale = self._rng.lognormvariate(0.0, 0.75)
        return self.markdown(int(min(median * scale, 12_000)))
