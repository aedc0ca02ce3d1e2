"""What every prompt says, in both languages, with the reading of the Chinese ones.

Chinese is spoken from pinyin with tone digits, for espeak-ng's own dictionary of characters is
too small: it spells most of them out as Unicode numbers. The pinyin is what is said, with the
tone changes of 一 and 不 written in (下一位: xia4 yi2 wei4).
"""

from typing import Final, NamedTuple


class Chinese(NamedTuple):
    """A text and its reading."""

    text: str
    pinyin: str


# fmt: off
_ENGLISH_WORDS: Final = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen", "twenty",
)
# fmt: on
_TENS: Final = ("thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

_ENGLISH_NUMBERS: Final = {
    **{f"number-{value}": word for value, word in enumerate(_ENGLISH_WORDS, start=1)},
    **{f"number-{value}": word for value, word in zip(range(30, 100, 10), _TENS, strict=True)},
}

ENGLISH: Final[dict[str, str]] = {
    "greeting": "Welcome. Thank you for calling.",
    "disclosure": (
        "To improve our service, we keep a record of when and how this call took place,"
        " and speech activity, loudness and pitch are analysed during the call."
    ),
    "disclosure-emotion": (
        "To improve our service, we note when and how this call took place,"
        " and software analyses your voice, also for how you feel."
        " If you do not want that, press 9."
    ),
    "disclosure-emotion-consent": (
        "To improve our service, we note when and how this call took place,"
        " and analyse speech activity, loudness and pitch. May software also recognise"
        " from your voice how you feel? For yes press 1, for no press 9."
    ),
    "emotion-agreed": "Thank you. Your answer has been noted.",
    "emotion-refused": "Your answer has been noted. How you feel will not be analysed.",
    "queue-full": (
        "We are sorry. All our lines are busy at the moment. Please call again later. Goodbye."
    ),
    "closed": (
        "Our office is closed at this time. Please call again during our opening hours. Goodbye."
    ),
    "wait-exceeded": (
        "We are sorry that we could not answer your call in time. Please call again later. Goodbye."
    ),
    "agent-left": (
        "We are sorry, the connection to our agent was lost."
        " Please stay on the line, you will be served next."
    ),
    "transfer": "Please stay on the line, I am connecting you to a colleague.",
    "callback-offer": "To hang up, keep your place and be called back, press",
    "callback-confirmed": "Thank you. You keep your place, and we will call you back. Goodbye.",
    "callback-refused": "Sorry, we cannot call you back. Please stay on the line.",
    "callback-hello": "Hello. This is the call back that you asked for.",
    "callback-agent": "Call back. I am calling the customer.",
    "technical-difficulty": (
        "We are sorry, we have a technical difficulty. Please call again later. Goodbye."
    ),
    "thank-you-for-waiting": "Thank you for waiting. We will be with you as soon as we can.",
    "you-are-next": "You are next in the queue.",
    "you-are-number": "You are number",
    "in-the-queue": "in the queue.",
    "wait-under-one-minute": "The expected wait is less than one minute.",
    "wait-about": "The expected wait is about",
    "minute": "minute.",
    "minutes": "minutes.",
    "wait-over-one-hour": "The expected wait is more than one hour.",
    "hundred": "hundred",
    "ready": "You are now ready.",
    "not-ready": "You are now not ready.",
    "logged-out": "You are now logged out.",
    "not-allowed": "This is not allowed.",
    **_ENGLISH_NUMBERS,
}

_DIGITS: Final = tuple(
    Chinese(text, pinyin)
    for text, pinyin in zip(
        "一二三四五六七八九十",
        ["yi1", "er4", "san1", "si4", "wu3", "liu4", "qi1", "ba1", "jiu3", "shi2"],
        strict=True,
    )
)
_TEN: Final = _DIGITS[9]

_CHINESE_NUMBERS: Final = {
    **{f"number-{value}": digit for value, digit in enumerate(_DIGITS, start=1)},
    **{
        f"number-{10 + value}": Chinese(_TEN.text + digit.text, f"{_TEN.pinyin}{digit.pinyin}")
        for value, digit in enumerate(_DIGITS[:9], start=1)
    },
    **{
        f"number-{10 * value}": Chinese(digit.text + _TEN.text, f"{digit.pinyin}{_TEN.pinyin}")
        for value, digit in enumerate(_DIGITS[1:9], start=2)
    },
}

CHINESE: Final[dict[str, Chinese]] = {
    "greeting": Chinese("您好，感谢您的来电。", "nin2hao3, gan3xie4 nin2de5 lai2dian4."),
    "disclosure": Chinese(
        "为了改善服务，我们会记录本次通话的时间和经过，并分析通话中的语音活动、音量和音高。",
        "wei4le5 gai3shan4 fu2wu4, wo3men5 hui4 ji4lu4 ben3ci4 tong1hua4 de5 shi2jian1 he2"
        " jing1guo4, bing4 fen1xi1 tong1hua4 zhong1 de5 yu3yin1 huo2dong4, yin1liang4 he2"
        " yin1gao1.",
    ),
    "disclosure-emotion": Chinese(
        "为了改善服务，我们会记录本次通话的时间和经过，并由软件分析您的声音和情绪。"
        "如果您不愿意，请按九。",
        "wei4le5 gai3shan4 fu2wu4, wo3men5 hui4 ji4lu4 ben3ci4 tong1hua4 de5 shi2jian1 he2"
        " jing1guo4, bing4 you2 ruan3jian4 fen1xi1 nin2de5 sheng1yin1 he2 qing2xu4."
        " ru2guo3 nin2 bu2 yuan4yi4, qing3 an4 jiu3.",
    ),
    "disclosure-emotion-consent": Chinese(
        "为了改善服务，我们会记录本次通话的时间和经过，并分析语音活动、音量和音高。"
        "是否允许软件通过您的声音识别您的情绪？同意请按一，不同意请按九。",
        "wei4le5 gai3shan4 fu2wu4, wo3men5 hui4 ji4lu4 ben3ci4 tong1hua4 de5 shi2jian1 he2"
        " jing1guo4, bing4 fen1xi1 yu3yin1 huo2dong4, yin1liang4 he2 yin1gao1. shi4fou3"
        " yun3xu3 ruan3jian4 tong1guo4 nin2de5 sheng1yin1 shi2bie2 nin2de5 qing2xu4."
        " tong2yi4 qing3 an4 yi1, bu4 tong2yi4 qing3 an4 jiu3.",
    ),
    "emotion-agreed": Chinese("谢谢，您的选择已记录。", "xie4xie5, nin2de5 xuan3ze2 yi3 ji4lu4."),
    "emotion-refused": Chinese(
        "您的选择已记录，我们不会分析您的情绪。",
        "nin2de5 xuan3ze2 yi3 ji4lu4, wo3men5 bu2hui4 fen1xi1 nin2de5 qing2xu4.",
    ),
    "queue-full": Chinese(
        "非常抱歉，目前线路繁忙，请您稍后再拨。再见。",
        "fei1chang2 bao4qian4, mu4qian2 xian4lu4 fan2mang2, qing3 nin2 shao1hou4 zai4 bo1,"
        " zai4jian4.",
    ),
    "closed": Chinese(
        "现在是非工作时间，请您在工作时间再拨。再见。",
        "xian4zai4 shi4 fei1 gong1zuo4 shi2jian1, qing3 nin2 zai4 gong1zuo4 shi2jian1 zai4 bo1,"
        " zai4jian4.",
    ),
    "wait-exceeded": Chinese(
        "非常抱歉，我们未能及时接听您的来电，请您稍后再拨。再见。",
        "fei1chang2 bao4qian4, wo3men5 wei4neng2 ji2shi2 jie1ting1 nin2de5 lai2dian4,"
        " qing3 nin2 shao1hou4 zai4 bo1, zai4jian4.",
    ),
    "agent-left": Chinese(
        "非常抱歉，与客服人员的通话中断了。请不要挂机，我们将优先为您服务。",
        "fei1chang2 bao4qian4, yu3 ke4fu2 ren2yuan2 de5 tong1hua4 zhong1duan4 le5."
        " qing3 bu2yao4 gua4ji1, wo3men5 jiang1 you1xian1 wei4 nin2 fu2wu4.",
    ),
    "transfer": Chinese(
        "请不要挂机，正在为您转接同事。",
        "qing3 bu2yao4 gua4ji1, zheng4zai4 wei4 nin2 zhuan3jie1 tong2shi4.",
    ),
    "callback-offer": Chinese(
        "如需挂机并保留排队位置，由我们给您回电，请按",
        "ru2xu1 gua4ji1 bing4 bao3liu2 pai2dui4 wei4zhi5, you2 wo3men5 gei3 nin2 hui2dian4,"
        " qing3 an4",
    ),
    "callback-confirmed": Chinese(
        "谢谢，您的位置已保留，我们会给您回电。再见。",
        "xie4xie5, nin2de5 wei4zhi5 yi3 bao3liu2, wo3men5 hui4 gei3 nin2 hui2dian4. zai4jian4.",
    ),
    "callback-refused": Chinese(
        "抱歉，我们无法给您回电，请不要挂机。",
        "bao4qian4, wo3men5 wu2fa3 gei3 nin2 hui2dian4, qing3 bu2yao4 gua4ji1.",
    ),
    "callback-hello": Chinese(
        "您好，这是您要求的回电。", "nin2hao3, zhe4 shi4 nin2 yao1qiu2 de5 hui2dian4."
    ),
    "callback-agent": Chinese(
        "客户回电，正在呼叫客户。", "ke4hu4 hui2dian4, zheng4zai4 hu1jiao4 ke4hu4."
    ),
    "technical-difficulty": Chinese(
        "非常抱歉，系统出现故障，请您稍后再拨。再见。",
        "fei1chang2 bao4qian4, xi4tong3 chu1xian4 gu4zhang4, qing3 nin2 shao1hou4 zai4 bo1,"
        " zai4jian4.",
    ),
    "thank-you-for-waiting": Chinese(
        "感谢您的耐心等待，我们会尽快为您服务。",
        "gan3xie4 nin2de5 nai4xin1 deng3dai4, wo3men5 hui4 jin3kuai4 wei4 nin2 fu2wu4.",
    ),
    "you-are-next": Chinese("您是下一位。", "nin2 shi4 xia4 yi2 wei4."),
    "you-are-number": Chinese("您目前排在第", "nin2 mu4qian2 pai2zai4 di4"),
    "in-the-queue": Chinese("位。", "wei4."),
    "wait-under-one-minute": Chinese(
        "预计等待时间不到一分钟。", "yu4ji4 deng3dai4 shi2jian1 bu2dao4 yi4 fen1zhong1."
    ),
    "wait-about": Chinese("预计等待时间大约", "yu4ji4 deng3dai4 shi2jian1 da4yue1"),
    "minutes": Chinese("分钟。", "fen1zhong1."),
    "wait-over-one-hour": Chinese(
        "预计等待时间超过一小时。", "yu4ji4 deng3dai4 shi2jian1 chao1guo4 yi4 xiao3shi2."
    ),
    "hundred": Chinese("百", "bai3"),
    "zero": Chinese("零", "ling2"),
    "ten-after-hundred": Chinese("一十", "yi4shi2"),
    "number-2-counted": Chinese("两", "liang3"),
    "ready": Chinese("您已就绪。", "nin2 yi3 jiu4xu4."),
    "not-ready": Chinese("您已示忙。", "nin2 yi3 shi4mang2."),
    "logged-out": Chinese("您已签出。", "nin2 yi3 qian1chu1."),
    "not-allowed": Chinese("操作不允许。", "cao1zuo4 bu4 yun3xu3."),
    **_CHINESE_NUMBERS,
}
