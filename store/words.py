"""Words of a message as the search index knows them: keyed marks that tell nothing.

    text -> tokens (NFKC, folded; letters and digits in a row, CJK by characters) -> marks

The marks of one message are a set, sorted: neither their order nor their number of times is
kept, for these would let somebody without the key read the text as one reads a substitution
cipher. Where order matters, the opened text decides (`matches`).
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final

from store.vault import Vault

MARK_BYTES: Final = 5
"""Eight letters of base32: among a million words one in a million has the mark of another."""
TOKENS_MAX: Final = 20_000
"""Different ones of one message; what comes later in a longer one is not found."""
TOKEN_CHARACTERS_MAX: Final = 64
"""Longer ones are known by their beginning: no language has them."""
QUERY_CHARACTERS_MAX: Final = 200
PAIR: Final = 2
MARKS_KEPT: Final = 50_000
"""Marks that need not be made anew, about 8 MB: nearly all words are common ones."""
_IDEOGRAPHS: Final = (
    "\u3005-\u3007\u3040-\u30ff\u3105-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts without spaces between words, and Korean, whose words carry endings."""
_RUNS: Final = re.compile(rf"[{_IDEOGRAPHS}]+|[^\W_{_IDEOGRAPHS}]+")
_ASCII_GAPS: Final = {code: " " for code in range(128) if not chr(code).isalnum()}
"""What parts the runs of a text that is all ASCII: so they are found in a tenth of the time."""
_IDEOGRAPH: Final = re.compile(rf"[{_IDEOGRAPHS}]")


def folded(text: str) -> str:
    """Return the text in the form in which words are compared."""
    return unicodedata.normalize("NFKC", text).casefold()


def runs(text: str) -> dict[str, bool]:
    """Return each run of a folded text once, in order, and whether its script has no spaces."""
    if text.isascii():
        parted = text.translate(_ASCII_GAPS).split()
        return {run[:TOKEN_CHARACTERS_MAX]: False for run in dict.fromkeys(parted)}
    found: dict[str, bool] = {}
    # Words come again and again: each is looked at once.
    for run in dict.fromkeys(_RUNS.findall(text)):
        is_cjk = _IDEOGRAPH.match(run) is not None
        found[run if is_cjk else run[:TOKEN_CHARACTERS_MAX]] = is_cjk
    return found


def tokens(texts: Iterable[str]) -> set[str]:
    """Return what some texts are found by, at most `TOKENS_MAX`.

    Of Chinese, Japanese and Korean every character and every two neighbours.
    """
    found: dict[str, None] = {}
    for text in texts:
        for run, is_cjk in runs(folded(text)).items():
            if is_cjk:
                found.update(dict.fromkeys(run))
                found.update(dict.fromkeys(_pairs(run)))
            else:
                found[run] = None
        if len(found) >= TOKENS_MAX:
            return set(islice(found, TOKENS_MAX))
    return set(found)


class Query:
    """What somebody looks for: all of these words.

    Attributes:
        tokens: What a message must have to be opened at all; empty: nothing can be found.
    """

    def __init__(self, words: str) -> None:
        """Take the first 200 characters of what was typed."""
        wanted = list(runs(folded(words[:QUERY_CHARACTERS_MAX])).items())
        self._runs = wanted
        self.tokens: Final = frozenset(
            token for run, is_cjk in wanted for token in (_pairs(run) if is_cjk else (run,))
        )

    def matches(self, texts: Sequence[str]) -> bool:
        """Whether a message that has all the tokens has the characters in their order too.

        Words and pairs are tokens themselves; of three characters and more the two pairs may
        stand apart.
        """
        longer = [run for run, is_cjk in self._runs if is_cjk and len(run) > PAIR]
        if not longer:
            return True
        whole = [folded(text) for text in texts]
        return all(any(run in text for text in whole) for run in longer)

    def excerpt(self, text: str, characters: int) -> str:
        """Return what stands around the first hit; "" when the text has none.

        Args:
            text: As it was written.
            characters: Of the excerpt, at most; what is left out shows as an ellipsis.
        """
        place = self._place(text)
        if place is None:
            return ""
        if len(text) <= characters:
            return text
        begin = max(0, min(place - characters // 3, len(text) - characters + 1))
        end = begin + characters - (begin > 0)
        if end < len(text):
            end -= 1
        cut = text[begin:end].strip()
        return ("…" if begin else "") + cut + ("…" if end < len(text) else "")

    def _place(self, text: str) -> int | None:
        """Return where the first hit stands, in characters of the text as it was written."""
        whole = folded(text)
        places = [
            found.start()
            for run, is_cjk in self._runs
            if (found := re.search(re.escape(run) if is_cjk else rf"\b{re.escape(run)}", whole))
        ]
        if not places:
            return None
        # Folding changes lengths now and then; a few characters off still shows the hit.
        return min(*places, max(len(text) - 1, 0))


def _pairs(run: str) -> Iterable[str]:
    """Return what a run of characters is looked for by: its pairs, or its only character."""
    return (run,) if len(run) == 1 else (run[place : place + 2] for place in range(len(run) - 1))


class WordMarks:
    """Makes marks of tokens."""

    def __init__(self, vault: Vault) -> None:
        """Use the key of the vault that never changes."""
        self._vault = vault
        self._mark = lru_cache(maxsize=MARKS_KEPT)(self._made)

    def of(self, wanted: Iterable[str]) -> list[str]:
        """Return the marks of some tokens, each once, sorted: their order tells nothing."""
        return sorted({self._mark(token) for token in wanted})

    def _made(self, token: str) -> str:
        # Apart from other marks: a word may look like an address.
        mark = self._vault.mark(f"word\0{token}")[:MARK_BYTES]
        return base64.b32encode(mark).decode().lower()
