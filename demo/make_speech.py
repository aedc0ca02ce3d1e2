"""Makes the recordings of the demo: `python -m demo.make_speech` (needs espeak-ng).

They are kept in the repository, so the demo itself needs no speech synthesis. No person was
recorded for any of them.
"""

from typing import Final

import numpy as np

from config.prompts.make_prompts import Voice, fit_to_telephone, speak, write
from demo.effort import Effort, say, spectrum
from demo.script import SPEECH_FOLDER

VOICES: Final = {
    "en-customer": Voice("en-us+m3", 165),
    "en-agent": Voice("en-us+f3", 160),
    "zh-customer": Voice("cmn-latn-pinyin+m3", 175),
    "zh-agent": Voice("cmn-latn-pinyin+f3", 170),
}

LINES: Final = {
    "en-agent-hello": "Warmline service, good morning. How can I help you?",
    "en-customer-bill": "Good morning. My bill for this month is twice as high as usual. "
    "I have called about this before, and nobody has called me back.",
    "en-customer-router": "Hello. My new router does not connect. The red light is blinking, "
    "and I need it for work today.",
    "en-customer-moving": "Hi. I am moving to another city next month. "
    "I would like to take my contract with me.",
    "en-agent-answer": "I see it here, and I am sorry for that. I have put it right, "
    "and you will get a confirmation by mail.",
    "en-customer-thanks": "Thank you, that was quick. Goodbye.",
    "en-customer-outage": "Hello. I am calling about the internet at home. It has not worked "
    "since Monday, and I would like to know when it will be repaired.",
    "en-agent-later": "I am sorry to hear that. A technician can be with you next week.",
    "en-customer-again": "Next week? You told me on Monday that somebody would come today! "
    "I took a day off, and nobody came!",
    "en-agent-sorry": "That should not have happened, and I apologise for it.",
    "en-customer-enough": "No! You always say that! This is the third time I call you, "
    "the third time! I cannot work, I pay you every month, and nobody there even calls me back! "
    "This is unacceptable! I want to talk to your manager, and I want to talk to him now!",
    "en-agent-manager": "I understand. I will stay with it, and I am getting my manager for you.",
    "en-customer-promise": "Well, then do it! And this time keep your word! Goodbye!",
    "zh-agent-hello": "ni3 hao3, ke4 fu2 zhong1 xin1, "
    "qing3 wen4 you3 shen2 me5 ke3 yi3 bang1 nin2?",
    "zh-customer-order": "ni3 hao3, wo3 de5 ding4 dan1 yi3 jing1 wan3 le5 san1 tian1, "
    "xian4 zai4 hai2 mei2 you3 shou1 dao4.",
    "zh-agent-answer": "dui4 bu4 qi3, wo3 yi3 jing1 cha2 dao4 le5, "
    "ming2 tian1 jiu4 hui4 song4 dao4.",
    "zh-customer-thanks": "hao3 de5, xie4 xie5 ni3, zai4 jian4.",
    "zh-customer-parcel": "ni3 hao3, wo3 xiang3 wen4 yi2 xia4, wo3 de5 bao1 guo3 "
    "shen2 me5 shi2 hou4 neng2 dao4? yi3 jing1 wan3 le5 san1 tian1.",
    "zh-agent-later": "hen3 bao4 qian4, ke3 neng2 hai2 yao4 deng3 ji3 tian1.",
    "zh-customer-again": "hai2 yao4 deng3? shang4 ci4 ni3 men5 ye3 shuo1 ming2 tian1 dao4! "
    "wo3 zai4 jia1 li3 deng3 le5 yi4 tian1, gen1 ben3 mei2 ren2 lai2!",
    "zh-agent-sorry": "zhe4 shi4 wo3 men5 de5 cuo4, fei1 chang2 dui4 bu4 qi3.",
    "zh-customer-enough": "bu4 xing2! mei3 ci4 dou1 shi4 zhe4 yang4! "
    "wo3 yi3 jing1 da3 le5 san1 ci4 dian4 hua4, san1 ci4! qian2 ye3 fu4 le5, "
    "dong1 xi5 mei2 you3, dian4 hua4 ye3 mei2 ren2 hui2! tai4 bu2 xiang4 hua4 le5! "
    "rang4 ni3 men5 jing1 li3 lai2 jie1 dian4 hua4, xian4 zai4 jiu4 lai2!",
    "zh-agent-manager": "wo3 li3 jie3 nin2. wo3 ma3 shang4 qing3 jing1 li3 lai2.",
    "zh-customer-promise": "hao3! zhe4 ci4 bie2 zai4 pian4 wo3! zai4 jian4!",
}
"""What is said; Chinese in pinyin with tones, as espeak-ng's voice reads it."""

EFFORTS: Final = {
    "customer-again": Effort.RAISED,
    "customer-enough": Effort.SHOUT,
    "customer-promise": Effort.LOUD,
}
"""Of the customers who grow angry, in either language; all else they say calmly."""


def effort_of(name: str) -> Effort:
    """Return with which effort a customer says this line."""
    return EFFORTS.get(name.partition("-")[2], Effort.NORMAL)


def main() -> None:
    """Write every recording."""
    SPEECH_FOLDER.mkdir(exist_ok=True)
    for whose, voice in VOICES.items():
        spoken = {
            name: speak(text, voice) for name, text in LINES.items() if name.startswith(f"{whose}-")
        }
        calm = [each for name, each in spoken.items() if effort_of(name) is Effort.NORMAL]
        own_db = spectrum(np.concatenate([samples for samples, _ in calm]), calm[0][1])
        for name, (samples, rate) in spoken.items():
            # An agent keeps the synthesiser's own voice: nobody judges it.
            line = (
                fit_to_telephone(samples, rate)
                if whose.endswith("agent")
                else say(LINES[name], voice, effort_of(name), own_db)
            )
            write(SPEECH_FOLDER / f"{name}.wav", line)


if __name__ == "__main__":
    main()
