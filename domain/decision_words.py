"""The words that decisions are told in, in both languages.

In a template `[one|many]` is chosen by the number `n`. No sentence says "he" or "she" of an agent:
the name stands in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.decision import Obstacle, Reason, Scheme
from domain.decision_trail import Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language.

    Attributes:
        worse, better: What a reason says of an agent who costs more, or less, because of it;
            after the agent's name.
        obstacle: Why somebody cannot be offered the contact; after a number or a colon.
        scheme: By which rules it was decided, a sentence.
        fate: What became of the offer, a sentence.
        language: In the place of a language that is not told.
        skills: In the place of skills that are not told.
        languages: Names of languages by the first part of their tag.
        comma: Between things of a list.
        unknown: In the place of a number that cannot be told.
        told: Everything else, by name.
    """

    worse: Mapping[Reason, str]
    better: Mapping[Reason, str]
    obstacle: Mapping[Obstacle, str]
    scheme: Mapping[Scheme, str]
    fate: Mapping[Fate, str]
    language: str
    skills: str
    languages: Mapping[str, str]
    comma: str
    unknown: str
    told: Mapping[str, str]


ENGLISH: Final = Words(
    worse={
        Reason.SKILL: "is less proficient in {skills}",
        Reason.LANGUAGE: "speaks {language} less well",
        Reason.REGION: "does not know the customer's region",
        Reason.PRODUCT: "does not know the customer's product",
        Reason.RATING: "is rated lower by customers in this matter",
        Reason.SENIORITY: "has less of the experience that this contact asks for",
        Reason.EMOTION: "is less good at calming upset customers",
        Reason.FAMILIARITY: "is less known to this customer",
        Reason.EXPECTATION: "is less likely to settle the matter, by what was learnt from outcomes",
        Reason.RESERVE: "is needed more for contacts that few others can serve",
        Reason.IDLE: "has been idle for less time",
        Reason.OCCUPANCY: "has had more work lately",
    },
    better={
        Reason.SKILL: "is more proficient in {skills}",
        Reason.LANGUAGE: "speaks {language} better",
        Reason.REGION: "knows the customer's region",
        Reason.PRODUCT: "knows the customer's product",
        Reason.RATING: "is rated higher by customers in this matter",
        Reason.SENIORITY: "has more of the experience that this contact asks for",
        Reason.EMOTION: "is better at calming upset customers",
        Reason.FAMILIARITY: "is better known to this customer",
        Reason.EXPECTATION: "is more likely to settle the matter, by what was learnt from outcomes",
        Reason.RESERVE: "is needed less for contacts that few others can serve",
        Reason.IDLE: "has been idle for longer",
        Reason.OCCUPANCY: "has had less work lately",
    },
    obstacle={
        Obstacle.STATE: "not ready, logged out or in wrap-up",
        Obstacle.SHIFT: "outside working hours",
        Obstacle.CAPACITY: "already serving as much as possible at once",
        Obstacle.SKILL: "without enough proficiency in {skills}",
        Obstacle.LANGUAGE: "without enough command of {language}",
        Obstacle.RING: "in a ring that is not open yet",
        Obstacle.PREFERRED: "set aside while the contact is held for the preferred agent",
        Obstacle.PAUSED: "paused after declining or missing this contact a moment ago",
        Obstacle.TEAM_RULE: "kept back by a rule about the team",
    },
    scheme={
        Scheme.LEARNED: "What was learnt from outcomes had part in it.",
        Scheme.CONTROL: "Drawn by lot into the comparison group{chance}: what was learnt from"
        " outcomes had no part in it, so that its effect can be measured.",
        Scheme.PLAIN: "The customer does not want to be profiled: nothing that is known of the"
        " customer had part in it.",
        Scheme.UNLEARNED: "Nothing learnt from outcomes had part in it: it is switched off or has"
        " nothing to say yet.",
    },
    fate={
        Fate.ACCEPTED: "{who} answered{ring}{at}.",
        Fate.LOST: "{who} answered{ring}{at}, and the telephone was lost in mid-call.",
        Fate.EXPIRED: "{who} did not answer{ring}{at}.",
        Fate.DECLINED: "{who} declined{ring}{at}.",
        Fate.BUSY: "The telephone of {who} was busy{ring}{at}.",
        Fate.UNREACHABLE: "The telephone of {who} could not be reached{ring}{at}.",
        Fate.WITHDRAWN: "The offer was withdrawn{ring}{at}, before {who} had answered.",
        Fate.OPEN: "What became of the offer to {who} is not recorded yet.",
    },
    language="the customer's language",
    skills="what is asked for",
    languages={
        "ar": "Arabic",
        "de": "German",
        "en": "English",
        "es": "Spanish",
        "fr": "French",
        "hi": "Hindi",
        "it": "Italian",
        "ja": "Japanese",
        "ko": "Korean",
        "pl": "Polish",
        "pt": "Portuguese",
        "ru": "Russian",
        "tr": "Turkish",
        "zh": "Chinese",
    },
    comma=", ",
    unknown="unknown",
    told={
        "alone": "Offered to {who} after {waited} of waiting: nobody else could be offered it.",
        "because": "Offered to {who} after {waited} of waiting because, beside {other}, {who}"
        " {reasons}.",
        "offered": "Offered to {who} after {waited} of waiting.",
        "worse": "{other} was {points} worse{reasons}{but}.",
        "better": "{other} was {points} better{reasons}{but}.",
        "equal": "{other} was as well suited.",
        "incomparable": "How {other} compares cannot be told.",
        "reasons": ": {list}",
        "but": "; on the other hand {other} {list}",
        "offered_other": "At that moment {other} was offered another contact, for whom that saved"
        " more.",
        "together": "All offers of that moment together cost less this way.",
        "reason": "{phrase} ({points})",
        "points": "{number} [point|points]",
        "over": "over {number} points",
        "more": "{n} more [agent|agents] could have been offered it.",
        "obstacles": "{n} [agent|agents] could not be offered it: {list}.",
        "obstacle": "{n} {phrase}",
        "relaxed": "What is asked for had been relaxed by {n} [step|steps] because of the wait.",
        "ring": "Of the rings of agents {n} [was|were] open.",
        "situation": "Waiting at that moment: {waiting}; free agents: {free}; leaving this contact"
        " waiting would have cost {points}.",
        "chance": " (chance {percent} %)",
        "rang": " after {time} of ringing",
        "at": " at {time}",
        "seconds": "{seconds} s",
        "minutes": "{minutes} min {seconds} s",
        "eligible": "{who} can be offered this contact{cost}.",
        "costing": " at a cost of {points}",
        "gaining": " at a gain of {points}",
        "ineligible": "{who} cannot be offered this contact: {phrase}.",
    },
)

CHINESE: Final = Words(
    worse={
        Reason.SKILL: "{skills}的熟练程度较低",
        Reason.LANGUAGE: "{language}水平较低",
        Reason.REGION: "不了解客户所在地区",
        Reason.PRODUCT: "不了解客户的产品",
        Reason.RATING: "客户在此类事项上的评分较低",
        Reason.SENIORITY: "此次联络所需的资历较浅",
        Reason.EMOTION: "安抚激动客户的能力较弱",
        Reason.FAMILIARITY: "与该客户较不熟悉",
        Reason.EXPECTATION: "根据以往结果，解决问题的可能性较小",
        Reason.RESERVE: "更需要留给少有人能处理的联络",
        Reason.IDLE: "空闲时间较短",
        Reason.OCCUPANCY: "近期工作较多",
    },
    better={
        Reason.SKILL: "{skills}的熟练程度较高",
        Reason.LANGUAGE: "{language}水平较高",
        Reason.REGION: "了解客户所在地区",
        Reason.PRODUCT: "了解客户的产品",
        Reason.RATING: "客户在此类事项上的评分较高",
        Reason.SENIORITY: "此次联络所需的资历较深",
        Reason.EMOTION: "安抚激动客户的能力较强",
        Reason.FAMILIARITY: "与该客户较为熟悉",
        Reason.EXPECTATION: "根据以往结果，解决问题的可能性较大",
        Reason.RESERVE: "较不需要留给少有人能处理的联络",
        Reason.IDLE: "空闲时间较长",
        Reason.OCCUPANCY: "近期工作较少",
    },
    obstacle={
        Obstacle.STATE: "未就绪、已登出或正在话后处理",
        Obstacle.SHIFT: "不在工作时间内",
        Obstacle.CAPACITY: "同时处理的联络已达上限",
        Obstacle.SKILL: "{skills}的熟练程度不够",
        Obstacle.LANGUAGE: "{language}水平不够",
        Obstacle.RING: "所在的环尚未开放",
        Obstacle.PREFERRED: "该联络正留给首选座席",
        Obstacle.PAUSED: "刚刚拒接或未接此联络，暂停分配",
        Obstacle.TEAM_RULE: "受团队规则限制",
    },
    scheme={
        Scheme.LEARNED: "决策参考了从以往结果中学到的内容。",
        Scheme.CONTROL: "抽签进入对照组{chance}：未参考从以往结果中学到的内容，以便衡量其效果。",
        Scheme.PLAIN: "客户不愿被画像：未使用任何已知的客户信息。",
        Scheme.UNLEARNED: "未参考从以往结果中学到的内容：该功能已关闭，或尚无结论。",
    },
    fate={
        Fate.ACCEPTED: "{who}{ring}接听{at}。",
        Fate.LOST: "{who}{ring}接听{at}，通话中话机断开。",
        Fate.EXPIRED: "{who}{ring}未接听{at}。",
        Fate.DECLINED: "{who}{ring}拒接{at}。",
        Fate.BUSY: "{who}的话机占线{ring}{at}。",
        Fate.UNREACHABLE: "{who}的话机无法接通{ring}{at}。",
        Fate.WITHDRAWN: "在{who}接听之前，分配已撤回{ring}{at}。",
        Fate.OPEN: "分配给{who}的结果尚无记录。",
    },
    language="客户语言",
    skills="所需技能",
    languages={
        "ar": "阿拉伯语",
        "de": "德语",
        "en": "英语",
        "es": "西班牙语",
        "fr": "法语",
        "hi": "印地语",
        "it": "意大利语",
        "ja": "日语",
        "ko": "韩语",
        "pl": "波兰语",
        "pt": "葡萄牙语",
        "ru": "俄语",
        "tr": "土耳其语",
        "zh": "中文",
    },
    comma="，",
    unknown="未知",
    told={
        "alone": "等待 {waited}后分配给{who}：没有其他座席可以分配。",
        "because": "等待 {waited}后分配给{who}，因为与{other}相比，{who}的优势是：{reasons}。",
        "offered": "等待 {waited}后分配给{who}。",
        "worse": "{other}差 {points}{reasons}{but}。",
        "better": "{other}好 {points}{reasons}{but}。",
        "equal": "{other}同样合适。",
        "incomparable": "{other}的情况无法比较。",
        "reasons": "：{list}",
        "but": "；另一方面，{other}则{list}",
        "offered_other": "当时{other}被分配了另一个联络，那样节省更多。",
        "together": "当时的所有分配合起来，这样代价更小。",
        "reason": "{phrase}（{points}）",
        "points": "{number} 分",
        "over": "超过 {number} 分",
        "more": "另有 {n} 名座席也可以分配。",
        "obstacles": "{n} 名座席不能分配：{list}。",
        "obstacle": "{n} 名{phrase}",
        "relaxed": "由于等待时间较长，要求已放宽 {n} 级。",
        "ring": "已开放 {n} 个座席环。",
        "situation": "当时等待的联络：{waiting} 个；空闲座席：{free} 名；让此联络继续等待的代价为"
        " {points}。",
        "chance": "（概率 {percent}%）",
        "rang": "在振铃 {time}后",
        "at": "（{time}）",
        "seconds": "{seconds} 秒",
        "minutes": "{minutes} 分钟 {seconds} 秒",
        "eligible": "可以分配给{who}{cost}。",
        "costing": "，代价为 {points}",
        "gaining": "，收益为 {points}",
        "ineligible": "不能分配给{who}：{phrase}。",
    },
)

LANGUAGES: Final[Mapping[str, Words]] = {"en": ENGLISH, "zh": CHINESE}


def words_of(language: str) -> Words:
    """Return the words of a language, English where it is not known."""
    return LANGUAGES.get(language.partition("-")[0].lower(), ENGLISH)
