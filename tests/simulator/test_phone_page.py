"""The phones in a browser: what is tapped there, and what they show."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from flowhqd.browser.host import BrowserHost
from flowhqd.simulator import Phone, Simulator
from flowhqd.simulator.ticks import Tick, Ticks
from tests.simulator.conftest import OWNER
from tests.simulator.screen import Screen
from tests.simulator.tab import LINK_CODE, Tab
from tests.window import SECONDS

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASHA = "255754000001"
ASHA_CHAT = f"{ASHA}@c.us"
LINE = "document.querySelector('#line').textContent"
WILD = (
    "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    "&amp; {{7*7}} ' \" ` \u202eback \ud83d\ude00\n\tend"
)
SEEN = """(id) => {
  const chat = require('WAWebCollections').Chat.get(id);
  return require('WAWebUpdateUnreadChatAction').sendSeen({chat});
}"""
TYPE = """(id) => require('WAWebChatStateBridge').sendChatStateComposing(
  require('WAWebWidFactory').createWid(id))"""


@pytest_asyncio.fixture(loop_scope="session")
async def screen(
    browsers: BrowserHost, simulator: Simulator, phone: Phone
) -> AsyncIterator[Screen]:
    """The page of ``phone``, with one customer."""
    phone.customer(ASHA, "Asha")
    async with await Screen.opened(browsers, "phone") as screen:
        await screen.open(f"{simulator.url}phone/{OWNER}")
        yield screen
        assert screen.violations == []


async def test_tapping_a_code_links_the_page_that_shows_it(
    screen: Screen, tab: Tab, phone: Phone
) -> None:
    assert await screen.js(LINE) == "not linked"
    await tab.open()
    await screen.until("document.querySelector('.code img')?.naturalWidth > 0")
    await screen.click(".code")
    await tab.until("mode", "MAIN")
    await screen.until(f"{LINE} === 'connected' && !document.querySelector('.code')")
    assert phone.link_state == "online"


async def test_a_pairing_code_links_and_a_wrong_one_is_explained(screen: Screen, tab: Tab) -> None:
    await tab.open()
    await screen.click(".code")
    await tab.until("mode", "MAIN")
    await screen.click("[data-act=logout]")
    await tab.until("logout")
    await tab.open()
    await screen.until("document.querySelector('.code')")
    code = await tab.call(LINK_CODE, OWNER)
    await screen.until("!document.querySelector('#wants-code').hidden")
    await screen.submit("#code", "AAAA-AAAA")
    await screen.until("document.querySelector('#notice').textContent.includes('pairing code')")
    await screen.submit("#code", f"{code[:4]}-{code[4:].lower()}")
    await screen.until(f"{LINE} === 'connected'")
    assert await screen.js("document.querySelector('#notice').hidden") is True


async def test_a_customers_ticks_tell_how_far_the_message_got(screen: Screen, linked: Tab) -> None:
    await screen.click("#offline")
    await screen.until(f"{LINE} === 'line cut'")
    await screen.write("Mpo?")
    await screen.until_bubble("customer", "Mpo?", "sent")
    await screen.click("#offline")
    await screen.until_bubble("customer", "Mpo?", "delivered")
    await linked.call(SEEN, ASHA_CHAT)
    await screen.until_bubble("customer", "Mpo?", "read")


async def test_a_replys_ticks_change_as_the_customer_reads(
    screen: Screen, linked: Tab, simulator: Simulator, phone: Phone
) -> None:
    await screen.click("#reads")
    asked = await phone.customer(ASHA).send("Bei gani?")
    key = f"false_{ASHA_CHAT}_{asked}"
    await linked.until("add", key, "chat", "Bei gani?")
    simulator.options.hold_acks = True
    await linked.send(ASHA_CHAT, "3EB001", "Elfu kumi", quoted=key)
    await screen.click("#tab-owner-chat")
    await screen.until_bubble("owner", "Elfu kumi", "not sent yet")
    simulator.options.hold_acks = False
    await screen.until_bubble("owner", "Elfu kumi", "delivered")
    await screen.until_bubble("customer", "Elfu kumi")
    assert await screen.js("document.querySelector('#customer-chat blockquote').textContent") == (
        "Bei gani?"
    )
    await screen.until("document.querySelector('#people .unread')")
    await screen.click("#reads")
    await screen.until_bubble("owner", "Elfu kumi", "read")
    await screen.until("!document.querySelector('#people .unread')")


async def test_a_sealed_message_can_be_made_readable(screen: Screen, linked: Tab) -> None:
    await screen.click("input[value=ciphertext]")
    await screen.write("Siri")
    await screen.click("#tab-owner-chat")
    await screen.until("document.querySelector('#owner-chat .gone')")
    await screen.click(".sealed button")
    await screen.until_bubble("owner", "Siri")
    assert await screen.js("document.querySelector('#owner-chat .gone')") is None


async def test_photos_and_voice_notes_are_sent(screen: Screen, linked: Tab, phone: Phone) -> None:
    await screen.click("input[value=image]")
    await screen.write("Nywele")
    await screen.click("input[value=ptt]")
    await screen.submit("#customer-text", "")
    await screen.until("document.querySelectorAll('#customer-chat .media').length === 2")
    image, note = phone.messages
    assert (image.type, image.caption) == ("image", "Nywele")
    assert (note.type, note.caption) == ("ptt", None)


async def test_typing_and_the_owners_answer_arrive_live(screen: Screen, linked: Tab) -> None:
    await screen.write("Habari")
    await linked.call(TYPE, ASHA_CHAT)
    await screen.until("document.querySelector('#customer-chat .typing')")
    await screen.click("#tab-owner-chat")
    await screen.submit("#owner-text", "Karibu, ni mimi")
    await screen.until_bubble("customer", "Karibu, ni mimi")
    await screen.until("!document.querySelector('#customer-chat .typing')")


async def test_edits_and_deletions_show(screen: Screen, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    first, second = await asha.send("Kesho"), await asha.send("Basi")
    asha.edit(first, "Kesho kutwa")
    asha.revoke(second)
    await screen.until_bubble("customer", "Kesho kutwa", "sent")
    await screen.until("document.querySelector('#customer-chat .gone')")
    assert await screen.js("document.querySelectorAll('#customer-chat .bubble').length") == 2


async def test_a_customer_edits_and_deletes_by_keyboard(screen: Screen, phone: Phone) -> None:
    await screen.write("Kesho")
    await screen.until_bubble("customer", "Kesho", "sent")
    await screen.js("void document.querySelector('.bubble .edit').focus()")
    await screen.press("Enter")
    await screen.until("document.activeElement.id === 'customer-text'")
    assert await screen.js("document.activeElement.value") == "Kesho"
    await screen.press("Escape")
    await screen.until("document.querySelector('.editing').hidden")
    assert await screen.js("document.querySelector('#customer-text').value") == ""

    await screen.click(".bubble .edit")
    assert await screen.js("document.querySelector('.editing').hidden") is False
    await screen.write("Kesho kutwa")
    await screen.until_bubble("customer", "Kesho kutwa", "sent")
    assert await screen.js("document.querySelector('.editing').hidden") is True
    await screen.js("void document.querySelector('.bubble .revoke').focus()")
    await screen.press("Enter")
    await screen.until("document.querySelector('#customer-chat .gone')")
    assert await screen.js("document.activeElement.className") == "log"
    assert await screen.js("document.querySelector('#customer-chat .bubble button')") is None
    assert [(one.type, one.subtype, one.body) for one in phone.messages] == [
        ("chat", None, "Kesho"),
        ("protocol", "message_edit", "Kesho kutwa"),
        ("protocol", "sender_revoke", None),
    ]


async def test_another_customers_tab_ends_an_edit(screen: Screen, phone: Phone) -> None:
    """What was to be put in Asha's message must not be sent by Juma."""
    phone.customer("255754000002", "Juma")
    await screen.write("Kesho")
    await screen.click(".bubble .edit")
    await screen.click("#people [aria-selected=false]")
    await screen.until("document.querySelector('.editing').hidden")
    assert await screen.js("document.querySelector('#customer-text').value") == ""


async def test_wild_texts_stay_text(screen: Screen, phone: Phone) -> None:
    await screen.click("#add")
    await screen.js("void (document.querySelector('[name=name]').value = '<b>Juma</b>\u202e')")
    await screen.js("void (document.querySelector('[name=lid]').value = '19001122')")
    await screen.submit("[name=number]", "+255 754 000 002")
    await screen.until("document.querySelector('#people [aria-selected=true] bdi')"
                       ".textContent.startsWith('<b>Juma</b>')")  # fmt: skip
    assert phone.customer("255754000002").lid == "19001122"
    await screen.write(WILD)
    await screen.until_bubble("customer", WILD, "sent")
    await phone.customer("255754000002").send("half \ud800 pair")
    await screen.until("document.querySelectorAll('#customer-chat .bubble').length === 2")
    markup = "document.querySelector('main').querySelectorAll('img, script, b').length"
    assert await screen.js(markup) == 0
    assert await screen.js("document.title") == "Phone +255 712 000 001 · flowhqd simulator"


async def test_a_refusal_is_shown(screen: Screen, phone: Phone) -> None:
    await screen.click("#add")
    await screen.submit("[name=number]", "++ 1 2 +")
    await screen.until("document.querySelector('#notice').textContent.includes('6 to 15 digits')")
    assert list(phone.customers) == [ASHA]


@pytest.mark.parametrize("action", ["logout", "revoke"])
async def test_the_phone_unlinks(screen: Screen, linked: Tab, phone: Phone, action: str) -> None:
    await screen.until(f"{LINE} === 'connected'")
    await screen.click(f"[data-act={action}]")
    await screen.until(f"{LINE} === 'not linked'")
    await screen.until("document.querySelector('.code')")
    assert phone.link_state == "unlinked"


async def test_a_cut_line_comes_back(screen: Screen, linked: Tab) -> None:
    await screen.until(f"{LINE} === 'connected'")
    await screen.click("[data-act=drop]")
    await linked.until("state", "OPENING", count=2)
    await linked.until("state", "CONNECTED", count=2)
    await screen.until(f"{LINE} === 'connected'")


async def test_arrow_keys_move_between_customers(screen: Screen, phone: Phone) -> None:
    phone.customer("255754000002", "Juma")
    await screen.until("document.querySelectorAll('#people [role=tab]').length === 2")
    await screen.js("void document.querySelector('#people [aria-selected=true]').focus()")
    press = "new KeyboardEvent('keydown', {key: 'ArrowRight', bubbles: true})"
    await screen.js(f"document.activeElement.dispatchEvent({press})")
    await screen.until("document.activeElement.textContent.endsWith('Juma')"
                       " && document.activeElement.ariaSelected === 'true'")  # fmt: skip


async def test_pages_are_strict_and_numbers_are_numbers(simulator: Simulator) -> None:
    async with aiohttp.ClientSession(simulator.url) as http:
        for path in ("/phones", f"/phone/{OWNER}"):
            async with http.get(path) as response:
                assert response.status == 200
                policy = response.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self';")
                assert "unsafe" not in policy
        for path in ("/phone/abc", "/phone/12", "/phone/²²²²²²²", "/waiting/unknown.svg"):
            async with http.get(path) as response:
                assert response.status == 404
    assert list(simulator.phones) == [OWNER]


async def test_the_list_of_phones_leads_to_each(
    browsers: BrowserHost, simulator: Simulator, phone: Phone
) -> None:
    async with await Screen.opened(browsers, "phone") as screen:
        await screen.page.navigate(f"{simulator.url}phones", timeout=SECONDS)
        await screen.until(f"document.querySelector('#phones a')?.pathname === '/phone/{OWNER}'")
        await screen.submit("#open-number", "+255 712 000 009")
        await screen.until("document.querySelector('#number')?.textContent === '+255 712 000 009'")
        assert screen.violations == []


async def test_ticks_never_fall() -> None:
    ticks = Ticks()
    for tick in (Tick.SENT, Tick.DELIVERED, Tick.SENT):
        ticks.rise("chat", "one", tick, from_me=False)
    assert ticks.of("chat", "one", from_me=False) is Tick.DELIVERED
    ticks.rise("chat", "two", Tick.SENT, from_me=False)
    ticks.read("chat")
    assert ticks.of("chat", "one", from_me=False) is Tick.READ
    assert ticks.of("chat", "two", from_me=False) is Tick.SENT
    ticks.rise("chat", "one", Tick.DELIVERED, from_me=False)
    assert ticks.of("chat", "one", from_me=False) is Tick.READ
    assert ticks.of("chat", "one", from_me=True) is Tick.PENDING
