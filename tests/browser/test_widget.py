"""The widget in Chromium: it sends, loses its connection, comes again and shows what was missed."""

from collections.abc import AsyncIterator

import pytest

from channels.chat.closing import CloseCode
from domain.conversation import ConversationState
from domain.message import Author, Delivery
from tests.chat_support import ChatRig, chat_rig, until
from tests.chromium import Page, chromium
from tests.programs import require_program

pytestmark = pytest.mark.chromium
ROOT = "document.querySelector('warmline-chat').shadowRoot"
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


class Widget:
    """What a customer does with the widget, and sees of it."""

    def __init__(self, page: Page, rig: ChatRig) -> None:
        self.page = page
        self.rig = rig

    async def open(self) -> None:
        await self.page.goto(f"{self.rig.server.url}/chat/v1/demo")
        await self.page.until(f"!{ROOT}.querySelector('.all').hidden")
        await self.page.eval(f"{ROOT}.querySelector('.launcher').click()")
        await self.page.until(f"{ROOT}.querySelector('.notice')")

    async def say(self, text: str) -> None:
        await self.page.eval(
            f"(() => {{ {ROOT}.querySelector('textarea').value = {text!r};"
            f"{ROOT}.querySelector('form').requestSubmit() }})()"
        )

    async def shows(self, *texts: str) -> None:
        """Wait until these are all messages, in order."""
        found = f"[...{ROOT}.querySelectorAll('.bubble p')].map(one => one.textContent)"
        await self.page.until(f"JSON.stringify({found}) === {_json(texts)!r}")

    async def until(self, what: str) -> None:
        await self.page.until(f"{ROOT}.{what}")


def _json(texts: tuple[str, ...]) -> str:
    return "[" + ",".join(f'"{text}"' for text in texts) + "]"


@pytest.fixture
async def rig() -> AsyncIterator[ChatRig]:
    require_program("chromium")
    async with chat_rig(demo=True) as made:
        yield made


async def test_what_was_missed_is_seen_after_a_lost_connection(rig: ChatRig) -> None:
    async with chromium() as page:
        widget = Widget(page, rig)
        await widget.open()
        await widget.say("Hello")
        await widget.shows("Hello")
        await widget.until("querySelectorAll('.sending').length === 0")
        conversation_id = next(iter(rig.conversations.conversations))
        rig.conversations.agent_says(conversation_id, "One")
        await widget.shows("Hello", "One")
        # The line is cut without a word on either side, and stays cut for a while.
        await page.call(
            "Network.emulateNetworkConditions",
            offline=True,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        rig.service.rooms.close(CloseCode.TRY_AGAIN)
        await until(lambda: not rig.service.rooms.all)
        rig.conversations.agent_says(conversation_id, "Missed")
        await widget.say("Written offline")
        await widget.shows("Hello", "One", "Written offline")
        await widget.until("querySelectorAll('.sending').length === 1")
        await page.call(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=-1,
        )
        await widget.shows("Hello", "One", "Missed", "Written offline")
        await widget.until("querySelectorAll('.sending').length === 0")
        texts = [one.text for one in rig.conversations.stored[conversation_id]]
        assert texts == ["Hello", "One", "Missed", "Written offline"]
        assert not page.errors


async def test_a_reload_shows_the_conversation_again(rig: ChatRig) -> None:
    async with chromium() as page:
        widget = Widget(page, rig)
        await widget.open()
        await widget.say("Hello")
        await widget.until("querySelectorAll('li.customer:not(.sending)').length === 1")
        await widget.open()
        await widget.shows("Hello")
        assert len(rig.conversations.conversations) == 1


async def test_the_language_is_the_browsers_and_can_be_switched(rig: ChatRig) -> None:
    async with chromium(language="zh-CN") as page:
        widget = Widget(page, rig)
        await widget.open()
        await widget.until("querySelector('h2').textContent === '联系我们'")
        await widget.until("querySelector('textarea').placeholder === '请输入消息'")
        await page.eval(f"{ROOT}.querySelector('.tools .quiet').click()")
        await widget.until("querySelector('textarea').placeholder === 'Write a message'")
        await widget.until("querySelector('.panel').lang === 'en'")


async def test_status_read_marks_typing_and_files(rig: ChatRig) -> None:
    async with chromium() as page:
        widget = Widget(page, rig)
        await widget.open()
        await widget.say("<b>Hello</b>")
        await widget.until("querySelector('.bubble p').textContent === '<b>Hello</b>'")
        await widget.until("querySelectorAll('li.customer:not(.sending)').length === 1")
        conversation_id = next(iter(rig.conversations.conversations))
        rig.conversations.stand(conversation_id, ConversationState.WAITING, position=3)
        await widget.until("querySelector('.sub').textContent.includes('number 3')")
        rig.conversations.stand(conversation_id, ConversationState.SERVED, agent="Ann")
        await widget.until("querySelector('.sub').textContent === 'You are talking to Ann'")
        await rig.conversations.mark(conversation_id, Author.AGENT, Delivery.READ, 1)
        await widget.until("querySelector('.customer .meta').textContent.endsWith('Read')")
        rig.conversations.typing(conversation_id, Author.AGENT, True)
        await widget.until("querySelector('.typing').hidden === false")
        rig.conversations.typing(conversation_id, Author.AGENT, False)
        await widget.until("querySelector('.typing').hidden === true")
        # A picture chosen, shown before it is sent, stored, and shown again from the server.
        await page.eval(
            f"(() => {{ const bytes = Uint8Array.from(atob('{PNG}'), c => c.charCodeAt(0));"
            "const data = new DataTransfer();"
            "data.items.add(new File([bytes], '包裹.png', {type: 'image/png'}));"
            f"const input = {ROOT}.querySelector('input[type=file]'); input.files = data.files;"
            "input.dispatchEvent(new Event('change')) })()"
        )
        await widget.until("querySelector('.tray img')")
        await widget.say("A picture")
        await widget.until("querySelector('.bubble img').naturalWidth === 1")
        assert [one[0].name for one in rig.vault.files.values()] == ["包裹.png"]
        assert not page.errors


async def test_who_ends_the_chat_is_asked_first(rig: ChatRig) -> None:
    async with chromium() as page:
        widget = Widget(page, rig)
        await widget.open()
        await widget.say("Hello")
        await widget.until("querySelectorAll('li.customer:not(.sending)').length === 1")
        await widget.until("querySelectorAll('.tools .quiet')[1].hidden === false")
        await page.eval(f"{ROOT}.querySelectorAll('.tools .quiet')[1].click()")
        assert not rig.conversations.closed
        await page.eval(f"{ROOT}.querySelector('.danger').click()")
        await until(lambda: bool(rig.conversations.closed))
        await widget.until("querySelector('.sub').textContent.includes('has ended')")
        # Who writes again is connected again.
        await widget.say("One more thing")
        await until(lambda: len(rig.conversations.inbounds) == 2)
        await widget.shows("Hello", "One more thing")
