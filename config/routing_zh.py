"""The Chinese words of config/routing.py, for docs/configuration.zh.md."""

from typing import Final

MEANINGS: Final[dict[str, str]] = {
    "AgentEntry.team": "他所属的小组，用于 `rings` 和 `team_rules`。",
    "AgentEntry.seniority": "经验，1 到 5：用于有价值的客户和再次出现的问题。",
    "AgentEntry.emotion_handling": "他安抚不满客户的能力，1 到 5。只关乎能力，从不关乎他的情绪。",
    "AgentEntry.ratings": "客户按主题给他的评分，1 到 5。",
    "AgentEntry.regions": "他熟悉的地区。",
    "AgentEntry.products": "他熟悉的产品。",
    "AgentEntry.capacity": (
        "他可同时服务的联系数，按渠道；`router.exclusions` 规定哪些渠道可以并存。"
    ),
    "AgentEntry.shifts": "他何时工作；此外不再派给他新的联系。空：只要他示闲。",
    "Routing": "分配的规则：各项权重（各队列可另行设定）以及对所有队列有效的规则。",
    "Routing.wait_weight_per_s": "等待一秒值多少；0 会忘记谁先来。",
    "Routing.overdue_weight_per_s": (
        "超过队列 `service_level.target_s` 之后的每一秒另外值多少：即将失约的优先于尚未失约的。"
    ),
    "Routing.priority_weight_s": "优先级高一级相当于多等待多少秒。",
    "Routing.value_weight_s": (
        "客户价值（1 到 5）高一级相当于多等待多少秒：取 120 时，最有价值的客户先于早来四分钟的"
        "普通客户，但不先于早来五分钟的。如此有价值的客户很少，"
        "其他人几乎察觉不到。"
    ),
    "Routing.proficiency_weight_s": (
        "座席在所需技能上的熟练程度（取平均）比 5 每低一级值多少：更熟练的座席优先。"
    ),
    "Routing.language_weight_s": (
        "座席对客户语言的掌握比 5 每低一级值多少；与技能同样重，因为没被听懂的人必须再打一次。"
    ),
    "Routing.region_weight_s": "座席熟悉客户所在地区值多少。",
    "Routing.product_weight_s": "座席熟悉客户的产品值多少。",
    "Routing.rating_weight_s": (
        "座席在该主题上的评分比 5 每低一分值多少；没有评分的按所有人的平均分计算。"
    ),
    "Routing.seniority_weight_s": (
        "座席的资历比该联系所要求的每低一级值多少；要求与客户的价值相当，同一件事再次来电时更高。"
    ),
    "Routing.emotion_weight_s": (
        "座席处理情绪的能力比 5 每低一级值多少，再乘以客户不满的程度："
        "不安一倍，难过两倍，愤怒三倍。"
    ),
    "Routing.familiarity_weight_s": "座席对客户熟悉到极致值多少：谁也不必重复自己说过的话。",
    "Routing.expectation_weight_s": (
        "按结果模型的预期，从毫无把握到必定成功之间的差别值多少；百分之十于是值 15 秒。"
    ),
    "Routing.reserve_weight_s": (
        "占用唯一能服务另一队列的座席要付出多少；若有两人能服务则付一半。专长者留给需要他们的人。"
    ),
    "Routing.idle_weight_per_s": "座席空闲一秒值多少：条件相同时空闲最久者优先。",
    "Routing.occupancy_weight_s": (
        "毫无工作与毫无间歇的座席之间的差别值多少，以免最好的座席被累垮。"
    ),
    "Routing.unserved_s": (
        "除紧急程度之外，多服务一个联系值多少。代价更高的配对在联系还不够紧急时不会成立；"
        "0 允许求解器等待更合适的座席。"
    ),
    "Routing.decline_pause_s": "座席刚刚拒接或未接的来电，在此时间内不再派给他。",
    "Routing.channel_urgency": (
        "每种渠道中等待一秒的紧急程度，乘以 `wait_weight_per_s` 和 `overdue_weight_per_s`："
        "电话不能等，邮件可以。"
    ),
    "Routing.exclusions": "同一座席绝不同时服务的两种渠道；打开的邮件可以放在通话旁边。",
    "Routing.team_rules": "一个小组同时可有多少人忙于某些队列的上限。",
    "Routing.learning": "从结果中学习什么。",
    "Routing.timezone": (
        "`agents.shifts` 所用时区的 IANA 名称，例如 Europe/Berlin 或 Asia/Shanghai。"
    ),
    "TeamRule": "一个小组同时可有多少人忙于某些队列的上限。",
    "TeamRule.id": "规则的名称，派单说明中使用。",
    "TeamRule.team": "所涉及的小组。",
    "TeamRule.queues": "所涉及的队列。",
    "TeamRule.serving_max": "该组同时可服务这些队列的座席数；其余的人留给其他队列。",
    "Learning": "从结果中学习：谁为谁解决什么。",
    "Learning.enabled": "预期是否参与代价；无论如何结果都会被统计。",
    "Learning.control_share": (
        "抽签决定不使用预期的联系所占的比例，以便随时衡量其效果；十分之一代价很小，几周之内就能"
        "看出模型的价值。"
    ),
    "Learning.load_gain_max": (
        "模型所偏爱的座席最多可比别人多忙多少（比例）；超过之后，预期对他们不再起作用。"
    ),
    "Learning.half_life_days": "经过这么多天，一个结果只算一半：人会进步，产品会变。",
    "QueueRouting": "本队列的联系如何找到座席。",
    "QueueRouting.weights": "本队列与 `router` 不同的权重，名称相同。",
    "QueueRouting.language_min": "对客户语言的最低掌握程度，1 到 5。",
    "QueueRouting.relax": (
        "等待一段时间后要求什么，按时间排列：“法语至少 4 级，30 秒之后至少 3 级”。"
    ),
    "QueueRouting.rings": "先问谁，过一段时间再问谁；空：从一开始就问所有人。",
    "QueueRouting.preferred_s": ("若联系所偏爱的座席在岗但此刻不空闲，为其保留多久；0：不保留。"),
    "QueueRouting.overflow": "接管等待过久者的另一队列。",
    "Relaxation": "联系等待一段时间之后对座席的要求。",
    "Relaxation.after_s": "等待多少秒之后生效。",
    "Relaxation.skills": "从此要求的熟练程度，按本队列的技能；0：不再要求。",
    "Relaxation.language_min": "从此对客户语言的最低掌握程度；无：与之前相同。",
    "Ring": "联系等待一段时间之后可以派给的座席。",
    "Ring.after_s": "等待多少秒之后本圈开放；之前的圈保持开放。",
    "Ring.teams": "本圈中的小组。",
    "Ring.agents": "本圈中的座席；既无小组也无座席时为所有人。",
    "Overflow": "接管等待过久者的另一队列。",
    "Overflow.queue": "接管的队列；联系保留已等待的时间、语言和提示音。",
    "Overflow.after_s": "等待多少秒之后联系转到那里。",
    "Shift": "座席每周工作的时间。",
    "Shift.days": "班次开始于星期几。",
    "Shift.begin": '开始的当地时间，例如 "08:30"。',
    "Shift.end": "结束的当地时间；早于 `begin` 时为次日。",
}
