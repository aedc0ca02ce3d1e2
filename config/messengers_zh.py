"""The Chinese words of config/messengers.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Messenger": (
        "客户借以写信给我们的另一个系统，由一个小程序（适配器）接入。适配器把客户写的内容发到 "
        "`/messengers/v1/ID/messages`，也接收写给客户的内容，双方用同一密钥签名。"
        "做法见 docs/protocols/messenger.zh.md。"
    ),
    "Messenger.id": "该信使在记录、指标和路径中的名称；待发的内容以此名保存。",
    "Messenger.queue_id": "其客户等候的队列。",
    "Messenger.language": "适配器未说明语言时客户的语言。",
    "Messenger.url": "适配器接收写给客户的内容之处。",
    "Messenger.secret": (
        "双方签名所用密钥所在之处：`whsec_` 加上 24 至 64 字节的 Base64，"
        "可用 `echo whsec_$(openssl rand -base64 32)` 生成。"
    ),
    "Messenger.timeout_s": "一次发送尝试最多用时。",
    "Messenger.attempts_max": ("一条消息发送多少次后放弃并告知其座席：12 次大约分布在一小时之内。"),
    "Messenger.is_identity_proved": (
        "该信使是否为其用户的标识作保，从而客户凭自己的标识被认出；否则其标识只如来电号码一般可信。"
    ),
    "Messenger.allow_http": "是否允许向任何主机使用 `http`：所发内容途中可被读取。",
}
