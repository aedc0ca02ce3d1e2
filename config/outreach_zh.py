"""The Chinese words of config/outreach.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Outreach": "我们可以主动写给客户的内容。",
    "Outreach.templates": "可经接口或由规则发送的消息。",
    "Template": "可发给客户的一条消息，客户所用的每种语言各有一份。",
    "Template.id": "模板名称，发送时以此指明。",
    "Template.purpose": (
        "`offers` 只发给同意接受优惠的客户；`service` 关乎客户自己的事，例如包裹晚到。"
    ),
    "Template.channels": "可发往哪些渠道，最好的在前；客户偏好其中另一个时从其偏好。",
    "Template.queue_id": "客户的回复在哪个队列等候。",
    "Template.variables": (
        "由发送者填写的内容；在文本中各置于花括号内：`{order}`。`name` 会自动填写。"
    ),
    "Template.subject": "邮件的主题，按语言；`channels` 含 `mail` 时必填。",
    "Template.text": "所写内容，按语言；各语言的变量相同。",
}
