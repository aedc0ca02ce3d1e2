"""The Chinese words of config/conversations.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Line": "客户读到的话，两种语言。`{agent}` 处代入为他服务的座席的姓名，"
    "`{opens}` 处代入未开放的队列何时开放。",
    "Line.en": "英文。",
    "Line.zh": "同一句话，中文。",
    "Conversations": "聊天、应用和即时通讯的消息以及邮件：如何等待、受理和结束。",
    "Conversations.away_s": (
        "客户断开连接这么久的聊天，改为像消息一样择时处理：重新加载页面只要几秒，手机断网约一分钟。"
    ),
    "Conversations.idle_warn_s": "聊天自行结束前这么久提醒客户；0：不提醒。",
    "Conversations.idle_close_s": (
        "座席服务中的聊天，双方这么久都不写字就自行结束，名额让给别人。客户再写时对话继续。"
    ),
    "Conversations.agent_away_s": (
        "座席的工作台断开这么久后，他的对话重新排队，优先等他本人，并提高一级优先级。"
    ),
    "Conversations.offer_s": (
        "一次分派向座席显示多久，之后询问另一位，按渠道；未列出的渠道取队列的 `ring_s`。"
    ),
    "Conversations.answer_s": (
        "客户写来后多久应予答复，按渠道；未列出的渠道取队列的 `service_level.target_s`。"
    ),
    "Conversations.backlog_max": (
        "因队列已达 `waiting_max` 而在数据库中等待的消息和邮件，所有队列合计；再多则拒绝。"
        "每个约占 2 KB 内存。"
    ),
    "Conversations.parked_max": "一位座席可同时搁置的对话数。",
    "Conversations.typing_s": "对方程序未另行告知时，“正在输入”显示多久。",
    "Conversations.standing_every_s": "等待中的客户多久得知一次位置和预计等待时间（有变化时）。",
    "Conversations.follower_updates_max": "一个不取走更新的连接最多积压多少条更新；之后断开。",
    "Conversations.keep_days": (
        "静止的对话在这么多天无人写信后，连同其消息和文件一并遗忘；每天检查一次。0：从不。"
        "十年等于常见的商业信函保存义务中最长的期限。"
    ),
    "Conversations.lines": "您自己对聊天客户说的话。",
    "Lines": "您自己对聊天客户说的话；未写的用我们的说法。",
    "Lines.notice": "告知聊天可能被分析；启用 `emotion` 时最先说。",
    "Lines.queued": "会有座席前来。",
    "Lines.outside_hours": "现在无人服务，以及何时回复他的消息。",
    "Lines.joined": "由谁服务。",
    "Lines.left": "座席连接中断，客户重新等待。",
    "Lines.transferred": "正在转接。",
    "Lines.idle_warning": "聊天即将结束。",
    "Lines.closed": "聊天已结束。",
    "Lines.offline": "无需等候，会有回复。",
}
