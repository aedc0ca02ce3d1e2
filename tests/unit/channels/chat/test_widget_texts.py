"""The widget says the same in both languages, and its files are what the server hands out."""

import re

from channels.chat.static import FILES
from tests.chat_support import chat_rig
from tests.house import ROOT

FOLDER = ROOT / "channels" / "chat" / "widget"
TEXTS = (FOLDER / "texts.js").read_text(encoding="utf-8")


def keys(language: str) -> list[str]:
    """Return the keys of a language's texts, those of its errors too."""
    begin = TEXTS.index(f"\n  {language}: {{")
    part = TEXTS[begin : TEXTS.index("\n  },\n", begin)]
    return re.findall(r'^ {4,6}"?([\w-]+)"?:', part, re.MULTILINE)


def test_both_languages_have_every_text() -> None:
    assert keys("en") == keys("zh")
    assert len(keys("en")) > 40


def test_every_text_that_is_used_is_there() -> None:
    used = re.findall(
        r"\btext\.(?!errors)(\w+)", (FOLDER / "widget.js").read_text(encoding="utf-8")
    )
    assert len(used) > 25
    # What is shown of a message is called text as well.
    assert set(used) - {"split", "trim", "length", "refused"} <= set(keys("en"))


async def test_the_files_are_served_to_any_page_and_loads_nothing_from_elsewhere() -> None:
    async with chat_rig(demo=True) as rig:
        for name in (*FILES, "demo"):
            answer = await rig.http.get(f"/chat/v1/{name}")
            assert answer.status_code == 200
            assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
            assert "://" not in re.sub(r"https://CHAT/|http/, \"ws\"", "", answer.text)
            again = await rig.http.get(
                f"/chat/v1/{name}", headers={"If-None-Match": answer.headers["etag"]}
            )
            assert again.status_code == 304
        policy = (await rig.http.get("/chat/v1/demo")).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-eval" not in policy
