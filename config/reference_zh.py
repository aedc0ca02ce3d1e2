"""The Chinese words of docs/configuration.zh.md.

`MEANINGS` has an entry for each section and field of the schema; a test names what is missing
and what is left over.
"""

import re
from typing import Final

from config import (
    attachments_zh,
    callback_zh,
    chat_zh,
    conversations_zh,
    http_zh,
    mail_zh,
    messengers_zh,
    outreach_zh,
    routing_zh,
    sip_zh,
    tickets_zh,
)

TITLE: Final = "配置"
INTRODUCTION: Final = """\
Warmline 读取一个 YAML 文件。`python run_pbx.py check --config FILE` 检查该文件，并逐行指出每一处
错误；`check --schema` 输出 JSON Schema，编辑器可据此补全键名并标出错误。请从
`config/examples/` 中的 `minimal.yaml`、`small-office.yaml` 或 `demo.yaml` 开始。

- 未知的键会被拒绝。省略的键取默认值。可以为“无”的值写 `null` 或留空。
- `0800`、`+4930123` 这样的号码按书写的原样读取，可以不加引号，但编辑器更喜欢有引号。`"*60"`
  必须加引号，因为 `*` 在 YAML 中表示别名。
- 键名的结尾表示单位：`_s` 为秒，`_mib` 为 MiB，`_per_s` 为每秒。
- 相对路径从 YAML 文件所在的文件夹算起。
- 密码和令牌从不写在文件里，只写 `{env: 环境变量名}` 或 `{file: 路径}`。
- `trunks`、`agents`、`queues`、`prompts`、`router`、`suggestions`、`business_hours` 和 `tickets`
  可在通话进行中更改：保存文件一两秒后或收到 SIGHUP 时生效。其余部分要重启后才生效，日志会指明。
  有错误的文件不会改变任何东西。
- 座席拨 \\*60 示闲，拨 \\*61 示忙，拨 \\*62 签出。"""
COLUMNS: Final = ("键", "允许的值", "默认值", "含义")
REQUIRED: Final = "必填"
NOTHING: Final = "无"
FOOTER: Final = "本文件由 `python -m config.reference` 根据 `config/schema.py` 生成。"

_UNITS: Final = {
    "": "",
    " seconds": "，秒",
    " milliseconds": "，毫秒",
    " per second": "，每秒",
    " MiB": "，MiB",
    " bytes": "，字节",
}
_NUMBER: Final = re.compile(
    r"a (?P<whole>whole )?number"
    r"(?: from (?P<low>\S+) to (?P<high>\S+)| of at least (?P<least>\S+)"
    r"| over (?P<over>\S+)(?: and at most (?P<most>\S+))?)?"
    r"(?P<unit> seconds| milliseconds| per second| MiB| bytes)?"
)
_TEXT: Final = re.compile(r"text of (?P<low>\d+) to (?P<high>\d+) characters")
_LIST: Final = re.compile(r"a list(?P<least>, at least 1)?: (?P<item>.+)", re.DOTALL)
_MAPPING: Final = re.compile(
    r"a mapping of names to (?P<item>.+?)(?P<full> that is not empty)?", re.DOTALL
)
_CHOICE: Final = re.compile(r"one of (?P<words>.+)")

_ALLOWED: Final = {
    **tickets_zh.ALLOWED,
    "a mapping, see below": "一组键，见下文",
    "a list of mappings, see below": "列表，每项为一组键，见下文",
    "a list of mappings, at least 1, see below": "列表，至少一项，每项为一组键，见下文",
    "a secret, see below": "密码或令牌的所在，见下文",
    "true or false": "true 或 false",
    "text": "文本",
    "text of at most 255 characters": "文本，最多 255 个字符",
    "text of at most 500 characters": "文本，最多 500 个字符",
    "text of at least 1 character": "文本，至少一个字符",
    "2 to 8 digits": "2 到 8 位数字",
    "a path; a relative one begins at this file's folder": "路径；相对路径从本文件所在的文件夹算起",
    "a host name or an IPv4 address, without a port": "主机名或 IPv4 地址，不带端口",
    "an IPv4 or IPv6 address that others can send to": "对方能够发送到的 IPv4 或 IPv6 地址",
    "an IPv4 or IPv6 address of this machine, or 0.0.0.0 or ::": (
        "本机的 IPv4 或 IPv6 地址，或者 0.0.0.0 或 ::"
    ),
    "an IP address or a network such as 192.0.2.0/24": "IP 地址或网段，如 192.0.2.0/24",
    "1 to 63 of the characters a-z, 0-9, - and _, beginning with a letter or a digit": (
        "1 到 63 个字符，可用 a-z、0-9、- 和 _，以字母或数字开头"
    ),
    "a number as it is dialled, such as +4930123456 or 800: an optional + and 1 to 63 of the"
    " characters 0-9, A-Z, a-z, *, #, ., - and _": (
        "所拨的号码，如 +4930123456 或 800：可选的 + 和 1 到 63 个字符，"
        "可用 0-9、A-Z、a-z、*、#、.、- 和 _"
    ),
    "a BCP 47 language tag such as en, zh, fr or zh-Hant-TW": (
        "BCP 47 语言标记，如 en、zh、fr 或 zh-Hant-TW"
    ),
    "a time of day in quotes, 00:00 to 23:59": "带引号的时刻，00:00 到 23:59",
    "a list of 2 entries": "两项的列表",
    "a sip: URI with a user part, such as sip:21@10.0.0.5:5060": (
        "带用户部分的 sip: 地址，如 sip:21@10.0.0.5:5060"
    ),
    "a sip: URI with {number} or {digits} before the @, such as"
    " sip:{number}@192.0.2.10:5060;transport=udp": (
        "在 @ 之前含有 {number} 或 {digits} 的 sip: 地址，"
        "如 sip:{number}@192.0.2.10:5060;transport=udp"
    ),
    "the beginning of a number: an optional + and 1 to 15 digits": (
        "号码的开头：可选的 + 和 1 到 15 位数字"
    ),
    "one of the keys 1 to 9": "按键 1 到 9 之一",
    "the name of a WAV file without folder, language and ending, such as greeting": (
        "WAV 文件的名称，不带文件夹、语言和扩展名，如 greeting"
    ),
    "a URL such as https://desk.example.org/warmline": (
        "URL，如 https://desk.example.org/warmline"
    ),
    "text of at most 100 characters": "文本，最多 100 个字符",
    "text of at most 4000 characters": "文本，最多 4000 个字符",
    "the name of a type of event": "事件类型的名称",
    "a media type such as image/png, image/*, or application/vnd.oasis.opendocument.*": (
        "媒体类型，如 image/png、image/* 或 application/vnd.oasis.opendocument.*"
    ),
    "HOST:PORT, or the path of a Unix socket, beginning with /": (
        "主机:端口，或以 / 开头的 Unix 套接字路径"
    ),
    "the origin of a web page, such as https://www.example.org": (
        "网页的来源（origin），如 https://www.example.org"
    ),
    "a mail address without +, such as support@example.org": (
        "不带加号的邮件地址，如 support@example.org"
    ),
    "1 to 40 of the characters a-z, 0-9, - and _": "1 到 40 个字符，可用 a-z、0-9、- 和 _",
    "a DKIM selector such as s2024: letters, digits, ., - and _": (
        "DKIM 选择器，如 s2024：字母、数字、.、- 和 _"
    ),
    "an SQLAlchemy URL that begins with sqlite+aiosqlite:// or postgresql+asyncpg://": (
        "以 sqlite+aiosqlite:// 或 postgresql+asyncpg:// 开头的 SQLAlchemy URL"
    ),
}


def allowed(text: str) -> str:
    """Return in Chinese what the English words allow.

    Raises:
        KeyError: The words are not known here.
    """
    if text in _ALLOWED:
        return _ALLOWED[text]
    if match := _NUMBER.fullmatch(text):
        return _number(match)
    if match := _TEXT.fullmatch(text):
        return f"文本，{match['low']} 到 {match['high']} 个字符"
    if match := _LIST.fullmatch(text):
        return f"列表{'，至少一项' if match['least'] else ''}：{allowed(match['item'])}"
    if match := _MAPPING.fullmatch(text):
        return f"名称与 {allowed(match['item'])}的对应{'，不得为空' if match['full'] else ''}"
    if match := _CHOICE.fullmatch(text):
        return f"{match['words'].replace(', ', '、')} 之一"
    raise KeyError(text)


def _number(match: re.Match[str]) -> str:
    kind = "整数" if match["whole"] else "数字"
    unit = _UNITS[match["unit"] or ""]
    if match["low"]:
        return f"{match['low']} 到 {match['high']} 的{kind}{unit}"
    if match["least"]:
        return f"不小于 {match['least']} 的{kind}{unit}"
    if match["over"]:
        most = f"、不大于 {match['most']} " if match["most"] else " "
        return f"大于 {match['over']}{most}的{kind}{unit}"
    return f"{kind}{unit}"


MEANINGS: Final[dict[str, str]] = {
    **attachments_zh.MEANINGS,
    **callback_zh.MEANINGS,
    **messengers_zh.MEANINGS,
    **outreach_zh.MEANINGS,
    **conversations_zh.MEANINGS,
    **chat_zh.MEANINGS,
    **mail_zh.MEANINGS,
    **http_zh.MEANINGS,
    **routing_zh.MEANINGS,
    **sip_zh.MEANINGS,
    **tickets_zh.MEANINGS,
    "Configuration.node": "整个进程。",
    "Configuration.sip": "SIP 边缘：在哪里接听，对外叫什么名字。",
    "Configuration.rtp": "在哪里接收语音。",
    "Configuration.cells": "承载通话的进程，每个进程同一时间只承载一路。",
    "Configuration.trunks": "可以送来电话的运营商或其他交换机。",
    "Configuration.agents": "接电话的人。",
    "Configuration.queues": "等待的来电，每个队列一套规则。",
    "Configuration.prompts": "您自己的 WAV 文件放在哪里。",
    "Configuration.router": "分配的规则：其代价的权重，以及对所有队列有效的规则。",
    "Configuration.analysis": "听：语音活动、音量、音高、话轮。",
    "Configuration.emotion": "客户的感受：是否分析，以及随后做什么。",
    "Configuration.attachments": "随消息而来的文件：接收哪些，怎样扫描。",
    "Configuration.http": "HTTP 接口。",
    "Configuration.customers": "对客户记住些什么，以及还向谁询问。",
    "Configuration.conversations": "聊天、消息和邮件：如何等待、受理和结束。",
    "Configuration.webhooks": "别处得知事件的程序，事件发生时即告知。",
    "Configuration.messengers": "客户借以写信给我们的其他系统，各由一个适配器接入。",
    "Configuration.outreach": "我们可以主动写给客户的内容。",
    "Configuration.store": "记录存放在哪里。",
    "Node": "整个进程。",
    "Node.name": "本节点在日志和指标中的名称。",
    "Node.data_folder": "存放数据库、话机密码和 queue_log 的文件夹；不存在时会创建。",
    "Node.drain_grace_s": (
        "要求停止后，进行中的通话还可以持续多久；之后会被切断。"
        "服务管理程序通常等待 90 秒后强行终止进程。"
    ),
    "Node.log_format": "`json` 每行写一个对象，供日志收集系统使用。",
    "Node.log_level": "写入日志的最低级别。",
    "Rtp": "在哪里接收语音；请在防火墙中开放这段 UDP 端口。",
    "Rtp.address": "接收语音的本机地址。",
    "Rtp.advertised_address": "从外面看到的语音地址；无：与 `sip` 相同。",
    "Rtp.port_min": "语音的第一个 UDP 端口。",
    "Rtp.port_max": "语音的最后一个 UDP 端口；`cells.max` 中的每一路需要 40 个端口。",
    "Cells": "承载通话的进程，每个进程同一时间只承载一路。",
    "Cells.warm": (
        "预先准备好的进程数，使新来电不必等待进程启动。通话结束一秒后进程又可使用，"
        "所以取繁忙时每秒新来电数的两倍即可。电话来去之间最多多保留一半。"
    ),
    "Cells.max": "同时的通话数；再来的以 503 回应。",
    "Cells.nice": (
        "这些进程的调度优先级，使语音优先于其他一切；低于 0 需要权限（CAP_SYS_NICE），否则取 0。"
    ),
    "Cells.realtime": (
        "每路通话的时钟每 20 毫秒发送一次语音，是否让它在内核的实时调度类（SCHED_RR 1）中运行："
        "它只占其中百分之一的时间，而机器上的其他工作不会使它迟到。"
        "需要权限（LimitRTPRIO、CAP_SYS_NICE），否则不用。"
    ),
    "Cells.heartbeat_s": "连续三个这样的时间没有动静的进程视为已死。",
    "Cells.memory_mib_max": "私有内存超过此值的进程会被终止；普通进程占 6 MiB。",
    "Cells.call_s_max": "通话到此时间即被结束：被遗忘的通话是要花钱的。默认四小时。",
    "Trunk": "可以送来电话的运营商或其他交换机：按地址、按摘要密码或两者识别。",
    "Trunk.id": "中继在记录和指标中的名称。",
    "Trunk.addresses": "它的来电来自哪些地址。",
    "Trunk.digest": "它必须出示的用户名和密码，可与地址同用，也可单用。",
    "Trunk.numbers": "该中继可以送来的被叫号码；空：所有队列的所有号码。",
    "Trunk.calls_max": "该中继同时的通话数，来去合计；再来的以 503 回应。",
    "Trunk.outbound": "如何经该中继给客户回电；无：不经它拨出任何电话。",
    "Digest": "中继必须知道的用户名和密码。",
    "Digest.username": "中继的 Authorization 头中的用户名。",
    "Digest.password": "密码放在哪里。",
    "Secret": "放在环境变量或文件中的密码或令牌，从不写在 YAML 里。",
    "Secret.env": "环境变量的名称。",
    "Secret.file": "只含该密码或令牌的文件；前后的空格和换行会被去掉。",
    "AgentEntry": "一名接电话的人。",
    "AgentEntry.id": "座席在记录中的名称，也是其话机的用户名。",
    "AgentEntry.name": "显示给人看的姓名。",
    "AgentEntry.extension": "他的短号，也是其话机的用户名。",
    "AgentEntry.skills": "他会什么，会到什么程度：1 到 5。",
    "AgentEntry.languages": "他说什么语言，说到什么程度：1 到 5。",
    "AgentEntry.contact": "位于另一台交换机上的话机的固定 SIP 地址；这样的座席不注册。",
    "AgentEntry.ready_on_register": "话机一注册即为示闲，不必拨 *60。",
    "QueueEntry": "按同一套规则等待的来电。",
    "QueueEntry.id": "队列在记录和指标中的名称。",
    "QueueEntry.name": "显示给人看的名称。",
    "QueueEntry.numbers": "通向本队列的号码，与中继送来的完全一致。",
    "QueueEntry.language": "提示音和来电者的语言。",
    "QueueEntry.skills": "座席必须会什么，至少到什么程度：1 到 5。",
    "QueueEntry.priority": "数值大者优先；优先多少由 `router.priority_weight_s` 决定。",
    "QueueEntry.service_level": "用来衡量各项数字的目标。",
    "QueueEntry.ring_s": "座席话机振铃多久；之后该座席被置忙，改呼另一名座席。",
    "QueueEntry.wrap_up_s": "通话之后多长时间内不再呼叫该座席。",
    "QueueEntry.waiting_max": "同时等待的来电数；再来的听到 `queue_full`。",
    "QueueEntry.wait_s_max": "等待到此时间的来电者听到 `wait_exceeded`。",
    "QueueEntry.announce_position": "是否告诉等待者他的位置和预计等待时间。",
    "QueueEntry.announce_first_s": "第一次播报的时间，从开始等待算起：更短的等待不受打扰。",
    "QueueEntry.announce_every_s": "两次播报之间的时间。",
    "QueueEntry.routing": "其联系如何找到座席。",
    "QueueEntry.opening": "何时开放；无：昼夜开放。",
    "Opening": (
        "队列何时开放。其他时间来电者在问候语之后听到 `prompts.closed`，然后挂断；"
        "来信者等到有座席为止，聊天客户会得知这一点；回复期限按开放时间计算。"
        "关闭时已在等候的仍会得到服务。"
    ),
    "Opening.calendar": "按 `business_hours` 中的哪个日历开放。",
    "Opening.other_queue": (
        "其他时间的来电和聊天转往哪个队列，如夜间值班台或地球另一边的办公室；"
        "它再看自己的 `opening`。无：无人接听。"
    ),
    "QueueEntry.callback": "来电者可以挂机，轮到时由我们回电。",
    "QueueEntry.prompts": "本队列的来电者听到什么。",
    "ServiceLevel": "应在目标时间内接听的来电所占的比例。",
    "ServiceLevel.target_s": "在此时间内接听的来电算作及时。",
    "ServiceLevel.share": "所追求的比例；20 秒内 80 % 是呼叫中心通常的目标。",
    "Prompts": "WAV 文件的名称，不带语言和扩展名，在 `prompts.folder` 中查找。",
    "Prompts.greeting": "来电者最先听到的；无：不播放，以下各项亦同。",
    "Prompts.disclosure": (
        "告知通话会被分析。只有以其他方式告知来电者时才可省去：在多数国家必须让他们知道。"
        "启用 `emotion` 时，我们的 `disclosure-emotion` 或 `disclosure-emotion-consent` 取代"
        " `disclosure`；您自己的提示音须自行说明。"
    ),
    "Prompts.music": "来电者等待时循环播放。",
    "Prompts.queue_full": "达到 `waiting_max` 时播放，然后挂断。",
    "Prompts.wait_exceeded": "超过 `wait_s_max` 时播放，然后挂断。",
    "Prompts.closed": "不在开放时间且没有其他队列接管时播放，然后挂断。",
    "Prompts.transfer": "座席将来电者转给同事时播放，之后来电者等待那位同事。",
    "Prompts.agent_left": "通话中座席一方断开时播放，之后来电者继续等待。",
    "PromptFolder": "您自己的 WAV 文件放在哪里；那里没有的取自我们的文件。",
    "PromptFolder.folder": (
        "文件夹，内有 `en/名称.wav`、`zh/名称.wav`，或不分语言的 `名称.wav`："
        "单声道，16 位，每秒 8,000 个采样。"
    ),
    "Analysis": "听：语音活动、音量、音高、话轮。",
    "Analysis.workers": "分析进程数，约每 200 路通话一个；0 关闭分析。",
    "Analysis.aggressiveness": "语音检测把多少声音当作噪声舍去；3 舍去最多。",
    "Analysis.pause_s": "更长的静默即结束一个语音段。",
    "Emotion": (
        "客户的感受：是否分析，以及随后做什么。从不分析座席的情绪。"
        "`enabled`、`weights`、`consent`、`remember_days` 和 `windows` 须重启后生效，"
        "其余重新加载即可。"
    ),
    "Emotion.enabled": (
        "是否从客户的声音中分析情绪。在有人决定可以这样做之前保持关闭："
        "必须告知客户，在一些国家还须征得同意。"
    ),
    "Emotion.weights": (
        "所用的模型：`prosody-open` 只评估愤怒和激动程度，用企业可以使用的数据训练；"
        "`prosody-research` 可区分七种情绪，但其许可仅限研究。"
    ),
    "Emotion.consent": (
        "客户沉默意味着什么：`notice` 在客户听完告知后开始分析，直到他反对；"
        "`opt_in` 只在他同意之后；`off` 从不分析。"
    ),
    "Emotion.agree_key": (
        "来电者按此键表示同意，从告知开始到接通座席为止；留空则无此键。"
        "我们用于 `opt_in` 的提示音 `disclosure-emotion-consent` 说的是 1。"
    ),
    "Emotion.refuse_key": (
        "来电者按此键表示反对，到接通座席为止；留空则无此键。我们的提示音说的是 9。"
    ),
    "Emotion.remember_days": (
        "来电者的答复，以及经其同意后他平时的说话方式，按其号码为下次来电保存多久；"
        "0：完全不保存，并删除已保存的内容。"
    ),
    "Emotion.windows": "每次评判的语音片段，以及评判如何连成一条曲线。",
    "Emotion.moods": "各种心情从哪个强度开始。",
    "Emotion.rules": "何时告知谁，以及做什么；空列表：不告知任何人。",
    "Emotion.phrases": (
        "您自己为座席准备的话术；我们自带 `calm-down` 和 `listen-first`，同名时以您的为先。"
    ),
    "EmotionWindows": "每次评判的语音片段，以及评判如何连成一条曲线。",
    "EmotionWindows.length_s": "一起评判的语音。更短则评判更差，更长则结果更晚。",
    "EmotionWindows.hop_s": "相邻两个片段的间隔；每个片段要运行一次模型。",
    "EmotionWindows.voiced_s_min": "其中说话少于此值的片段不予评判：一个词说明不了什么。",
    "EmotionWindows.smoothing_s": ("曲线多快淡忘：大约两句话。一个大声的词还不能构成一种心情。"),
    "Moods": (
        "各种心情在 0 到 1 的强度上从哪里进入、从哪里离开。低于全部界限时客户是平静的。"
        "进入与离开之间的距离使心情不致来回跳动。"
    ),
    "Moods.uneasy_enter": "从此强度起：有些事不合客户的意。",
    "Moods.uneasy_leave": "低于此值即不再是。",
    "Moods.upset_enter": "明显的不快，或愤怒的开始；0.5 表示可能性各半。",
    "Moods.upset_leave": "低于此值即不再是。",
    "Moods.angry_enter": (
        "明显的愤怒，可能性为二比一。必须大于 0.6，因为仅凭激动或悲伤就能达到 0.6。"
    ),
    "Moods.angry_leave": ("低于此值即不再是：可能性各半，因为已被告知的人不应因一次喘息就被叫停。"),
    "RuleEntry": "一条告警规则：寻找什么，持续多久，以及做什么。",
    "RuleEntry.id": "规则在事件和记录中的名称。",
    "RuleEntry.label": (
        "单个片段必须表现出的情绪；与 `mood` 二者取一。`prosody-open` 只认识 `angry`。"
    ),
    "RuleEntry.mood": "平滑曲线上的心情，达到此种或更差；与 `label` 二者取一。",
    "RuleEntry.level": (
        "与 `label` 同用：片段的得分至少为此值。与 `mood` 同用：强度也须至少为此值；无：只看心情。"
    ),
    "RuleEntry.clear_level": "低于此值即视为已消失；无：比 `level` 低 0.1。",
    "RuleEntry.rising_per_min": (
        "强度每分钟还须上升这么多；无：不要求上升。一分钟内由平静到愤怒约为 0.6。"
    ),
    "RuleEntry.confidence_min": (
        "可信度低于此值的评判不引发告警：被白白惊动两次的人不会再看第三次。"
    ),
    "RuleEntry.windows": "最近的片段中有多少必须符合规则；与 `seconds` 二者取一。",
    "RuleEntry.seconds": "规则须持续符合多少秒；与 `windows` 二者取一。",
    "RuleEntry.queues": "规则关注哪些队列的客户；空：全部。",
    "RuleEntry.tell": "告知谁：`supervisor` 通过事件，`agent` 通过 `advice` 所指的话术。",
    "RuleEntry.advice": "向座席显示的话术的名称，用客户的语言显示。",
    "RuleEntry.priority_step": "使等待中的客户提前多少级优先级；从不推后。",
    "RuleEntry.transfer": "建议座席把客户转给谁；无：不建议。",
    "RuleEntry.clear_s": "所关注的情况消失这么久后告警解除；比多数话轮更长。",
    "RuleEntry.again_s": "解除后在此时间内，该规则不再为同一客户告警。",
    "RuleEntry.clears_on_acknowledgement": (
        "告警是否在有人接手时即告结束；否则持续到所关注的情况消失。"
    ),
    "WindowCount": "最近的片段中有多少个。",
    "WindowCount.at_least": "至少这么多个须符合规则。",
    "WindowCount.of": "在最近的这么多个之中。",
    "Transfer": "建议座席把客户转给谁。",
    "Transfer.skill": "对方座席必须会什么。",
    "Transfer.proficiency_min": "至少到什么程度：1 到 5。",
    "Phrase": "座席可以说的话，用客户的各种语言。",
    "Phrase.id": "话术的名称，供 `advice` 使用。",
    "Phrase.en": "英文。",
    "Phrase.zh": "中文。",
    "Customers": "对客户记住些什么，以及路由可以知道他的什么。",
    "Customers.history_days": (
        "客户为何联络、由谁服务、结果如何，在他最后一次联络之后记住多久；0：不从任何人身上学习，"
        "已学到的予以删除。您自己录入的内容保留。不愿被画像的客户，从不从他身上学习。"
    ),
    "Customers.region": (
        "哪个国家的国内电话号码可被识别，ISO 3166-1 alpha-2 代码，例如 `DE`：此时 `030 1234567` 即 "
        "`+49301234567`，无论来自运营商还是由人录入。无：只有带国家代码的号码会统一成一种写法。"
    ),
    "Customers.lookup": "向哪个系统询问客户是谁；无：只以这里存放的为准。",
    "Lookup": (
        "另一个了解您的客户的系统，例如 CRM，在联络到达时询问。它从不延误联络：它的回答何时到，"
        "就何时采用。docs/customers.zh.md 说明问与答的格式。"
    ),
    "Lookup.url": (
        "向哪里询问。`https` 的证书必须有效；`http` 只可发往本机、私有网络的地址，"
        "或在设了 `allow_http` 时。客户的地址会发到那里。"
    ),
    "Lookup.secret": (
        "签名密钥放在哪里：`whsec_` 加 24 到 64 字节的 Base64，"
        "用 `echo whsec_$(openssl rand -base64 32)` 生成。"
    ),
    "Lookup.timeout_s": ("一次询问最多用多久，从建立连接到收到回答。半秒之后往往已经找到了座席。"),
    "Lookup.cache_s": "客户再次联络时，多久之内不再询问，因为回答已存下；0：每次都询问。",
    "Lookup.cache_max": "在 `cache_s` 内记住的客户数；最旧的先忘记。每个约 300 字节。",
    "Lookup.at_once_max": "同时的询问数；超出后到达的联络不等回答即得到服务。",
    "Lookup.failures_max": "连续失败这么多次之后，不再打扰该系统。",
    "Lookup.retry_s": "暂停这么久；之后用一次询问试探它是否恢复。",
    "Lookup.allow_http": "是否允许用 `http` 发往任何主机：途中的人就能读到客户是谁。",
    "Webhook": "别处的一个程序，会得知事件：每个事件以 JSON 形式、带签名地发送（POST）到它的 URL。",
    "Webhook.id": (
        "webhook 在日志和指标中的名称。它在事件流中的位置以此名称保存，因此重启不会丢失任何事件。"
    ),
    "Webhook.url": (
        "发到哪里。`https` 的证书必须有效；`http` 只可发往本机、私有网络的地址，"
        "或在设了 `allow_http` 时。"
    ),
    "Webhook.secret": (
        "签名密钥放在哪里：`whsec_` 加 24 到 64 字节的 Base64，"
        "用 `echo whsec_$(openssl rand -base64 32)` 生成。每个 webhook 用各自的密钥。"
    ),
    "Webhook.events": "发送哪些类型的事件；docs/events.md 列出全部。",
    "Webhook.queues": "只发送这些队列的联络的事件；空：全部，包括与任何联络无关的事件。",
    "Webhook.timeout_s": "一次尝试最多用多久，从建立连接到收到回答。",
    "Webhook.attempts_max": (
        "一个事件最多发送这么多次，之后放弃：10 次尝试分布在大约九分钟内，"
        "比接收方重启所需的时间长。"
    ),
    "Webhook.allow_http": "是否允许用 `http` 发往任何主机：途中的人就能读到所发的内容。",
    "Configuration.suggestions": "客户接下来可能需要什么，告知座席。",
    "Suggestions": (
        "客户接下来可能需要什么，告知被分配该联络的座席。"
        "不愿被画像或已拒绝推荐的客户：从不向其推荐，也从不据其学习。"
    ),
    "Suggestions.enabled": "是否给出建议；只有给出建议时才从历史中学习。",
    "Suggestions.margin": (
        "一项需求的可能性必须比其他任何客户高出多少（比例）：人人都需要的东西算不上建议。"
    ),
    "Suggestions.half_life_days": (
        "历史中的一步经过这么多天后只算一半；比结果的半衰期长，因为客户的变化比员工慢，来得也更少。"
    ),
    "Suggestions.entries": "可以建议什么；空：什么也不建议。",
    "SuggestionEntry": "对接下来可能需要某物的客户，座席可以说什么。",
    "SuggestionEntry.id": "建议的名称。",
    "SuggestionEntry.topic": "他接下来可能来询问的事项；与 `product` 二选一。",
    "SuggestionEntry.product": "他接下来可能购买的产品；与 `topic` 二选一。",
    "SuggestionEntry.en": "座席可以说的话，英文。",
    "SuggestionEntry.zh": "同一句话，中文。",
    "SuggestionEntry.offer": "您自己系统中优惠的代码，与话语一同显示；无：只是建议。",
    "SuggestionEntry.probability_min": (
        "它就是下一项需求的可能性至少要有多大；五次建议有四次落空的座席，很快就不再看建议了。"
    ),
    "SuggestionEntry.again": "是否也向以前买过该产品的客户建议。",
    "Store": "记录存放在哪里。",
    "Store.url": "SQLAlchemy URL，不含密码；无：数据文件夹中的 SQLite。",
    "Store.queue_log": "是否另按 Asterisk 的 queue_log 格式把通话写入文件。",
    "Store.queue_log_caller": "该文件是否写明来电者是谁：这是明文的个人数据，报表程序可读。",
    "Store.synchronous": (
        "SQLite：normal 在节点被强行终止时不丢失已提交的记录，断电时最多丢失最后几条；"
        "full 断电时也不丢失，但每次提交都要等待磁盘。"
    ),
    "Store.journal_events_max": "为重新连接的读者保留的事件数；最旧的先删除。每个约 300 字节。",
}
