"""Words by which a message is taken for a complaint, and whether one stands in a text. Pure.

A list of words and no model: an operator reads it, changes it, and can say why a ticket was
opened. It errs on the side of a ticket too many.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final

TEXT_CHARACTERS_MAX: Final = 20_000
"""Looked at: who complains says so at the beginning, and a longer text would hold others up."""

ENGLISH: Final = (
    *("complain", "unacceptable", "disappointed", "dissatisfied", "outrageous", "ridiculous"),
    *("scam", "fraud", "lawyer", "legal action", "ombudsman", "consumer protection"),
    *("refund", "money back", "overcharged", "still waiting", "still not working"),
    *("worst service", "terrible service", "poor service", "cancel my contract"),
    *("never again", "no one answers", "nobody answers", "fed up", "sick of"),
)
CHINESE: Final = (
    *("投诉", "投訴", "抱怨", "不满", "不滿", "太差", "差劲", "差勁", "差评", "差評"),
    *("欺骗", "欺騙", "骗子", "騙子", "诈骗", "詐騙", "退款", "退钱", "退錢", "赔偿", "賠償"),
    *("律师", "律師", "起诉", "起訴", "消费者协会", "消协", "消協", "12315", "工商局"),
    *("曝光", "没人理", "沒人理", "没人接", "沒人接", "不解决", "不解決", "一直没有", "一直沒有"),
    *("忍无可忍", "忍無可忍", "太过分", "太過分", "受够了", "受夠了"),
)
WORDS: Final = (*ENGLISH, *CHINESE)


def finder(words: Iterable[str] = WORDS) -> Callable[[str], bool]:
    """Return a test for texts that hold one of the words.

    Case does not matter. A word of letters begins a word of the text, so that `complain` finds
    "complaints" and `scam` does not find "Buscamos"; Chinese is found anywhere.
    """
    parts = []
    for word in words:
        pattern = r"\s+".join(map(re.escape, word.casefold().split()))
        parts.append(rf"(?<!\w){pattern}" if word[:1].isascii() else pattern)
    if not parts:
        return lambda _text: False
    found = re.compile("|".join(parts))
    return lambda text: found.search(text[:TEXT_CHARACTERS_MAX].casefold()) is not None
