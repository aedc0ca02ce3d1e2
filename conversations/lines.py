"""What the customer of a chat is told by us, in English and Chinese."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from config.conversations import Line, LineName, Lines

LINES: Final[Mapping[LineName, Line]] = {
    "notice": Line(
        en="For better service this chat is stored and may be analysed automatically, also for how "
        "you feel. You can ask us not to.",
        zh="为改进服务，本次聊天会被保存，并可能由系统自动分析，包括您的感受。您可以要求我们不作分析。",
    ),
    "queued": Line(
        en="Thank you. An agent will be with you as soon as possible.",
        zh="您好，您的消息已收到，客服人员会尽快为您服务。",
    ),
    "outside_hours": Line(
        en="Nobody is here at this time. We will be back at {opens} and answer your message then; "
        "you need not wait, and will find the answer in this chat.",
        zh="现在是非工作时间。我们将在{opens}恢复服务并回复您的消息；您无需等候，可在此聊天中看到回复。",
    ),
    "joined": Line(en="{agent} is here for you now.", zh="{agent}现在为您服务。"),
    "left": Line(
        en="Sorry, {agent} has lost the connection. You are first in line for the next agent.",
        zh="抱歉，{agent}的连接已中断。我们会优先为您安排下一位客服人员。",
    ),
    "transferred": Line(
        en="You are being handed over to a colleague, who can read what was written so far.",
        zh="正在为您转接其他同事，对方可以看到此前的聊天内容。",
    ),
    "idle_warning": Line(
        en="Are you still there? This chat closes soon if nobody writes.",
        zh="您还在吗？如无新消息，本次聊天即将结束。",
    ),
    "closed": Line(
        en="This chat is closed. Write at any time to go on.",
        zh="本次聊天已结束。您可随时留言继续咨询。",
    ),
    "offline": Line(
        en="You need not wait here: we will answer your message, and you will find the answer in "
        "this chat.",
        zh="您无需在此等候：我们会回复您的消息，您可在此聊天中看到回复。",
    ),
}
"""The operator's own words, `conversations.lines`, take their place."""
_PLACE: Final = re.compile(r"(.?)\{(agent|opens)\}(?=(.?))", re.DOTALL)
_DAYS: Final = (
    ("Monday", "星期一"),
    ("Tuesday", "星期二"),
    ("Wednesday", "星期三"),
    ("Thursday", "星期四"),
    ("Friday", "星期五"),
    ("Saturday", "星期六"),
    ("Sunday", "星期日"),
)
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def line_of(
    own: Lines,
    name: LineName,
    language: str,
    agent: str = "",
    opens_at: datetime | None = None,
) -> str:
    """Return one line.

    Args:
        own: The operator's words.
        name: Which line.
        language: BCP 47 tag; every Chinese one is answered in Chinese, all others in English.
        agent: Name of the agent it is about; "" where none is named.
        opens_at: When the customer's queue opens, as a clock there shows it; None: it is open.
    """
    said: Line | None = getattr(own, name)
    line = LINES[name] if said is None else said
    is_chinese = language.lower().partition("-")[0] == "zh"
    nobody = "客服人员" if is_chinese else "An agent" if name == "joined" else "the agent"
    opens = "稍后" if is_chinese else "soon"
    if opens_at is not None:
        opens = moment(opens_at, is_chinese=is_chinese)
    words = {"agent": agent or nobody, "opens": opens}

    def named(place: re.Match[str]) -> str:
        before, name, after = place.groups()
        word = words[name]
        return before + _space(before, word[0]) + word + _space(word[-1], after)

    # Not str.format: braces of the operator's own must not fail in front of a customer.
    return _PLACE.sub(named, line.zh if is_chinese else line.en)


def moment(at: datetime, *, is_chinese: bool) -> str:
    """Return day and time as people say them: "09:00 on Monday, 30 November"."""
    english, chinese = _DAYS[at.weekday()]
    if is_chinese:
        return f"{at.month}月{at.day}日{chinese}{at:%H:%M}"
    return f"{at:%H:%M} on {english}, {at.day} {_MONTHS[at.month - 1]}"


def _space(left: str, right: str) -> str:
    """Return the space that parts a Chinese character from a letter or digit beside it."""
    parted = left.isalnum() and right.isalnum() and _is_han(left) is not _is_han(right)
    return " " if parted else ""


def _is_han(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff"
