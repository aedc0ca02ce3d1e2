"""The Chinese words of config/tickets.py and config/business_hours.py."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Calendar": "一处的工作时间。",
    "Calendar.id": "日历的名称，其他部分以此引用它。",
    "Calendar.timezone": "所在时区：时间按当地钟表计，夏令时和冬令时皆然。",
    "Calendar.hours": "何时有人工作。",
    "Calendar.holidays": "无人工作的日子。",
    "WeekHours": "每天何时有人工作；省略的日子为休息日。",
    "WeekHours.mon": "星期一。",
    "WeekHours.tue": "星期二。",
    "WeekHours.wed": "星期三。",
    "WeekHours.thu": "星期四。",
    "WeekHours.fri": "星期五。",
    "WeekHours.sat": "星期六。",
    "WeekHours.sun": "星期日。",
    "Tickets": "联络结束之后仍未了结、须办结为止的事项（工单）。",
    "Tickets.enabled": "规则是否自动建单，客户的消息是否推动工单；人工随时可以建单。",
    "Tickets.rules": "何时自动建单；空：从不。",
    "Tickets.due": "应在多久之内办结。",
    "Tickets.calendar": "办结时限按 `business_hours` 中哪个日历计算；无：昼夜计算。",
    "Tickets.close_solved_after_days": "已解决的工单过此时间即关闭；在此之前一步即可重新打开。",
    "Tickets.reopen_days": (
        "解决后在此时间内客户所写的内容属于同一事项：已解决的工单重新打开；已关闭的，另建一张与之"
        "关联的新工单。此后不再自动发生任何事。"
    ),
    "TicketDue": "办结之前的工作时间；无：这类工单没有期限。",
    "TicketDue.low_s": "优先级 1：五个八小时工作日。",
    "TicketDue.ordinary_s": "优先级 2：两个八小时工作日。",
    "TicketDue.high_s": "优先级 3：一个八小时工作日。",
    "TicketDue.urgent_s": "优先级 4：两小时。",
    "TicketRule": "何时自动建单。按顺序以第一条符合的规则为准，只建一张。",
    "TicketRule.id": "规则的名称；工单的第一条备注会写明它。",
    "TicketRule.when": (
        "`complaint`：客户写了 `words` 中的一个词。`unresolved`：座席或调查表示问题未解决。"
        "`angry`：通话结束时客户的情绪达到或差于 `mood_min`。`unanswered`：客户未得到接待。"
    ),
    "TicketRule.channels": "只限这些联络渠道；空：全部。",
    "TicketRule.queues": "只限进入这些队列的；空：全部。",
    "TicketRule.topics": "只限关于这些主题的；空：全部，包括无人指明主题的。",
    "TicketRule.words": (
        "表示投诉的词，取代我们自带的中英文词表。不区分大小写；英文词也匹配以它开头的更长的词，"
        "中文在任何位置都匹配。"
    ),
    "TicketRule.mood_min": (
        "用于 `angry`：达到此情绪即建单。未启用 `emotion` 或客户已拒绝时，不读取任何情绪。"
    ),
    "TicketRule.wait_s_min": (
        "用于 `unanswered`：更早放弃的人多半是拨错了号。只对自己放弃的人有效；被我们拒绝的人无论"
        "等了多久都建单。"
    ),
    "TicketRule.priority": "1 低，2 普通，3 高，4 紧急。",
    "TicketRule.queue_id": "工单所属队列；无：联络所在的队列。",
    "TicketRule.owner": "一开始就负责的座席；无：无人负责。",
    "TicketRule.topic": "工单的主题；无：联络的主题。",
    "Configuration.business_hours": "何时有人工作，按日历列出。",
    "Configuration.tickets": "联络结束之后仍未了结、须办结为止的事项。",
}

ALLOWED: Final[dict[str, str]] = {
    "a name of the time zone database, such as Asia/Shanghai": (
        "时区数据库中的名称，如 Asia/Shanghai"
    ),
    "two times of a day, such as 09:00-17:30; 24:00 is its end": (
        "一天中的两个时刻，如 09:00-17:30；24:00 为一天的结束"
    ),
    "a date such as 2026-12-25": "日期，如 2026-12-25",
}
"""What may stand there."""
