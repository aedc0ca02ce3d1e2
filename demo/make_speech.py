"""Makes the recordings of the demo: `python -m demo.make_speech` (needs espeak-ng).

They are kept in the repository, so the demo itself needs no speech synthesis.
"""

from typing import Final

from config.prompts.make_prompts import Voice, fit_to_telephone, speak, write
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
    "zh-agent-hello": "ni3 hao3, ke4 fu2 zhong1 xin1, "
    "qing3 wen4 you3 shen2 me5 ke3 yi3 bang1 nin2?",
    "zh-customer-order": "ni3 hao3, wo3 de5 ding4 dan1 yi3 jing1 wan3 le5 san1 tian1, "
    "xian4 zai4 hai2 mei2 you3 shou1 dao4.",
    "zh-agent-answer": "dui4 bu4 qi3, wo3 yi3 jing1 cha2 dao4 le5, "
    "ming2 tian1 jiu4 hui4 song4 dao4.",
    "zh-customer-thanks": "hao3 de5, xie4 xie5 ni3, zai4 jian4.",
}
"""What is said; Chinese in pinyin with tones, as espeak-ng's voice reads it."""


def main() -> None:
    """Write every recording."""
    SPEECH_FOLDER.mkdir(exist_ok=True)
    for name, text in LINES.items():
        language, speaker, _ = name.split("-")
        samples, rate = speak(text, VOICES[f"{language}-{speaker}"])
        write(SPEECH_FOLDER / f"{name}.wav", fit_to_telephone(samples, rate))


if __name__ == "__main__":
    main()
