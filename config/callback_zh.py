"""The Chinese words of config/callback.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "Outbound": "如何经中继拨出。只拨客户自己要求的回电，别无其他。",
    "Outbound.uri": (
        "拨往何处。`{number}` 处代入中继当初送来的号码，`{digits}` 处代入同一号码但不带加号。"
        "域名按地址记录查询，不查 SRV。"
    ),
    "Outbound.caller": "客户看到的我们的号码；无：他当初所拨的号码。",
    "Outbound.digest": "中继要求时出示的用户名和密码；无：它凭地址认识我们。",
    "OutboundDigest": "中继要求我们出示的用户名和密码（401 或 407）。",
    "OutboundDigest.username": "我们在运营商处的用户名。",
    "OutboundDigest.password": "密码所在之处。",
    "Callback": (
        "来电者可以挂机，轮到时由我们回电，排队位置保留。先呼叫座席的话机，座席接听后才呼叫客户，"
        "这样客户不会被叫来等待。只呼叫来电时显示的号码，且只经他打进来的那条中继。"
    ),
    "Callback.enabled": "是否提供回电。中继须有 `outbound`。",
    "Callback.key": (
        "要求回电的按键；提示音会说出它。启用 `emotion` 时，它不得与 `emotion.agree_key` 或 "
        "`emotion.refuse_key` 相同。"
    ),
    "Callback.offer_after_s": "等待多久后首次提供回电：很快就能接通的人不受打扰。",
    "Callback.expected_wait_s": "只有预计还要等这么久，或无法预计时，才提供回电。",
    "Callback.offer_every_s": "两次提供之间的时间。",
    "Callback.attempts": "客户不接听时呼叫多少次，之后结束该联络。",
    "Callback.retry_s": "一次无人接听后的间隔；其间位置保留。",
    "Callback.ring_s": "客户的电话响多久，其间座席在线等候。",
    "Callback.hours_max": (
        "在此时间内未能回电的，予以结束：已无人再期待它。队列的 `wait_s_max` 不会结束它。"
    ),
    "Callback.waiting_max": (
        "本队列同时等待的回电数；再要求的人会听到无法回电。它们也计入队列自己的 `waiting_max`。"
    ),
    "Callback.calls_per_min": "每分钟回电的客户数；超出的推迟一分钟。",
    "Callback.numbers": "可以呼叫哪些号码。",
    "CallbackNumbers": "可以呼叫哪些号码。谁能决定我们拨什么号码，谁就能让我们花钱。",
    "CallbackNumbers.digits_min": "更短的号码不呼叫：短号是服务和紧急电话。",
    "CallbackNumbers.digits_max": "更长的号码不呼叫。ITU-T E.164 最多 15 位。",
    "CallbackNumbers.allowed": (
        "只呼叫以其中之一开头的号码；空：凡未禁止的都可以。`+49` 指该国的号码，无论中继如何书写"
        "（+49、0049、49）；不带加号的 `0` 指这样书写的号码。"
    ),
    "CallbackNumbers.denied": (
        "以其中之一开头的号码决不呼叫，不论是否允许：默认为卫星和国际网络以及国际付费号码"
        "（ITU-T E.164 国家代码表）。请加上本国的付费号码，如 `+49900` 或 `+1900`。"
    ),
}
