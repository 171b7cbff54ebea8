"""Messages between customers' phones and a linked page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flowhqd.simulator import Phone, Simulator, SimulatorOptions
from tests.simulator.tab import Tab

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASHA = "255754000001"
ASHA_CHAT = f"{ASHA}@c.us"
AWKWARD = "a\x00b \ud83d\ude00 \u202e שלום {{ name }} '; DROP TABLE tenant; --" + "x" * 65_000

UNREAD = """(id) => {
  const chat = require('WAWebCollections').Chat.get(id);
  return [chat.unreadCount, String(chat.lastReceivedKey)];
}"""
HISTORY = """async (id) => {
  const {Chat} = require('WAWebCollections');
  const {loadEarlierMsgs} = require('WAWebChatLoadMessages');
  const chat = Chat.get(id);
  while ((await loadEarlierMsgs({chat})).length > 0);
  const messages = chat.msgs.getModelsArray().sort((a, b) => a.t - b.t);
  return messages.map((msg) => [msg.body, msg.isNewMsg]);
}"""


async def test_a_message_is_answered_with_a_quote(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA, name="Asha")
    inbound = await asha.send("Habari")
    key = f"false_{ASHA_CHAT}_{inbound}"
    await linked.until("add", key, "chat", "Habari", True)

    await linked.send(ASHA_CHAT, "3EB0FEED", "Karibu", quoted=key)
    [reply] = await asha.wait_for(1)

    assert (reply.text, reply.message_id, reply.quoted_id) == ("Karibu", "3EB0FEED", inbound)
    assert await linked.send_result("3EB0FEED") == "OK"
    await linked.until("ack", f"true_{ASHA_CHAT}_3EB0FEED", 2)
    asha.read()
    await linked.until("ack", f"true_{ASHA_CHAT}_3EB0FEED", 3)


async def test_any_text_arrives_unchanged_both_ways(linked: Tab, phone: Phone) -> None:
    text = AWKWARD.encode("utf-16", "surrogatepass").decode("utf-16")
    asha = phone.customer(ASHA)
    inbound = await asha.send(text)
    await linked.until("add", f"false_{ASHA_CHAT}_{inbound}", "chat", text, True)
    await linked.send(ASHA_CHAT, "3EB001", text)
    [reply] = await asha.wait_for(1)
    assert reply.text == text


async def test_messages_of_many_chats_keep_their_order(linked: Tab, phone: Phone) -> None:
    customers = [phone.customer(f"25575400{number:04}") for number in range(10)]
    for number in range(20):
        for customer in customers:
            await customer.send(f"{number}")
    await linked.until("add", count=200)
    for customer in customers:
        texts = [add[2] for add in linked.seen("add") if customer.wid in add[0]]
        assert texts == [f"{number}" for number in range(20)]


async def test_the_same_id_of_two_customers_is_two_messages(linked: Tab, phone: Phone) -> None:
    for number in (ASHA, "255754000002"):
        await phone.customer(number).send("Habari", message_id="SAME")
        await linked.until("add", f"false_{number}@c.us_SAME")


@pytest.mark.parametrize("kinds", [("pn", "lid"), ("lid", "pn")])
async def test_one_message_may_arrive_under_both_addresses(
    linked: Tab, phone: Phone, kinds: tuple[str, str]
) -> None:
    asha = phone.customer(ASHA, lid="990001")
    for kind in kinds:
        await asha.send("Habari", message_id="SAME", addressed_by="lid" if kind == "lid" else "pn")
    await linked.until("add", f"false_{ASHA_CHAT}_SAME")
    await linked.until("add", "false_990001@lid_SAME")
    mapping = "() => { const c = require('WAWebApiContact'), w = require('WAWebWidFactory');" + (
        f"return [c.getPhoneNumber(w.createWid('990001@lid')).toString(),"
        f"c.getCurrentLid(w.createWid('{ASHA_CHAT}')).toString()]; }}"
    )
    assert await linked.call(mapping) == [ASHA_CHAT, "990001@lid"]

    await linked.send("990001@lid", "3EB001", "Karibu")
    [reply] = await asha.wait_for(1)
    assert reply.chat == "990001@lid"


async def test_a_number_nobody_shared_stays_unknown(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA, name="Asha", lid="990001", shares_number=False)
    await asha.send("Habari")
    await linked.until("add", count=1)
    known = """() => {
      const wid = require('WAWebWidFactory').createWid('990001@lid');
      const {Contact} = require('WAWebCollections');
      return [Contact.get(wid).name, require('WAWebApiContact').getPhoneNumber(wid) ?? null];
    }"""
    assert await linked.call(known) == ["Asha", None]


async def test_a_new_chat_can_need_a_lid_that_is_looked_up_first(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    simulator.options.lid_required = True
    asha = phone.customer(ASHA, lid="990001")
    find = f"""async () => {{
      const wid = require('WAWebWidFactory').createWid('{ASHA_CHAT}');
      const find = require('WAWebFindChatAction').findOrCreateLatestChat;
      const before = await find(wid).catch((error) => error.message);
      await require('WAWebQueryExistsJob').queryWidExists(wid);
      return [before, String((await find(wid)).chat.id)];
    }}"""
    assert await linked.call(find) == ["No LID for user", asha.wid]


async def test_ciphertext_becomes_readable_once_its_keys_arrive(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    inbound = await asha.send("Siri", type="ciphertext")
    key = f"false_{ASHA_CHAT}_{inbound}"
    await linked.until("add", key, "ciphertext", None, True)
    asha.decrypt(inbound)
    await linked.until("type", key, "chat", "ciphertext")
    await linked.until("body", key, "Siri")
    assert len(linked.seen("add")) == 1


async def test_edits_and_deletions_change_the_message(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    inbound = await asha.send("Habri")
    key = f"false_{ASHA_CHAT}_{inbound}"
    await linked.until("add", key)
    asha.edit(inbound, "Habari")
    await linked.until("body", key, "Habari")
    asha.revoke(inbound)
    await linked.until("type", key, "revoked", "chat")
    assert len(linked.seen("add")) == 1


async def test_media_have_their_text_in_the_caption(linked: Tab, phone: Phone) -> None:
    inbound = await phone.customer(ASHA).send(type="image", caption="Bei gani?")
    key = f"false_{ASHA_CHAT}_{inbound}"
    await linked.until("add", key, "image")
    read = "(key) => { const m = require('WAWebCollections').Msg.get(key); return m.caption; }"
    assert await linked.call(read, key) == "Bei gani?"


async def test_groups_and_status_carry_their_author(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    for chat in ("120363000000000001@g.us", "status@broadcast"):
        inbound = await asha.send("Habari wote", chat=chat)
        await linked.until("add", f"false_{chat}_{inbound}_{ASHA_CHAT}")
    await linked.send("120363000000000001@g.us", "3EB001", "Karibuni")
    await phone.customer_of_chat("120363000000000001@g.us").wait_for(1)
    inbound = await asha.send("Habari mpya", chat="120363000000000002@newsletter")
    await linked.until("add", f"false_120363000000000002@newsletter_{inbound}")
    count = "() => require('WAWebCollections').Chat.getModelsArray().map((c) => String(c.id))"
    assert await linked.call(count) == ["120363000000000001@g.us"]


async def test_the_owners_own_answer_shows_on_the_page(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    message_id = phone.send_as_owner(asha, "Nakuja")
    await linked.until("add", f"true_{ASHA_CHAT}_{message_id}", "chat", "Nakuja", True)
    assert [one.text for one in asha.received] == ["Nakuja"]


async def test_a_second_device_sees_what_the_first_sends(
    linked: Tab, phone: Phone, simulator: Simulator, new_tab: Callable[[], Tab]
) -> None:
    second = new_tab()
    await second.open()
    [code] = await simulator.wait_for_qr()
    await phone.scan(code)
    await second.until("mode", "MAIN")
    await linked.send(ASHA_CHAT, "3EB001", "Karibu")
    await second.until("add", f"true_{ASHA_CHAT}_3EB001", "chat", "Karibu")
    assert linked.seen("state")[-1] == ["CONNECTED"]


async def test_unread_counts_until_the_chat_is_seen(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    last = [await asha.send(text) for text in ("Habari", "Mpo?")][-1]
    await linked.until("unread", ASHA_CHAT, 2)
    assert await linked.call(UNREAD, ASHA_CHAT) == [2, f"false_{ASHA_CHAT}_{last}"]
    see = (
        "(id) => require('WAWebUpdateUnreadChatAction').sendSeen("
        "{chat: require('WAWebCollections').Chat.get(id), threadId: undefined})"
    )
    await linked.call(see, ASHA_CHAT)
    await linked.until("unread", ASHA_CHAT, 0)
    await phone.simulator.changed.wait_until(lambda: len(asha.seen) == 1, 5)


async def test_typing_reaches_the_customer(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    await linked.call(
        "(id) => require('WAWebChatStateBridge').sendChatStateComposing("
        "require('WAWebWidFactory').createWid(id))",
        ASHA_CHAT,
    )
    await phone.simulator.changed.wait_until(lambda: asha.typing == ["composing"], 5)


async def test_history_comes_with_the_link_and_is_not_new(
    tab: Tab, phone: Phone, simulator: Simulator
) -> None:
    asha = phone.customer(ASHA)
    for number in range(120):
        await asha.send(f"{number}")
    await tab.open()
    [code] = await simulator.wait_for_qr()
    await phone.scan(code)
    await tab.until("mode", "MAIN")
    assert {add[3] for add in tab.seen("add")} == {False}
    assert await tab.call(UNREAD, ASHA_CHAT) == [0, tab.seen("add")[-1][0]]

    await tab.open()
    await tab.until("mode", "MAIN")
    loaded = await tab.call(HISTORY, ASHA_CHAT)
    assert sorted(int(body) for body, _ in loaded) == list(range(120))


async def test_a_quote_that_is_refused_is_silent(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    asha = phone.customer(ASHA)
    inbound = await asha.send("Habari")
    simulator.options.fail_quotes = True
    await linked.until("add", count=1)
    await linked.send(ASHA_CHAT, "3EB001", "Karibu", quoted=f"false_{ASHA_CHAT}_{inbound}")
    [reply] = await asha.wait_for(1)
    assert reply.quoted_id is None


async def test_a_refused_send_resolves_with_its_error(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    simulator.options.fail_sends = "ERROR_UNKNOWN"
    await linked.send(ASHA_CHAT, "3EB001", "Karibu")
    assert await linked.send_result("3EB001") == "ERROR_UNKNOWN"
    await linked.until("ack", f"true_{ASHA_CHAT}_3EB001", -1)
    assert phone.customer(ASHA).received == []


class TestMinifiedKeys:
    @pytest.fixture
    def options(self, options: SimulatorOptions) -> SimulatorOptions:
        options.serialized = "minified"
        return options

    async def test_only_the_text_of_a_key_is_portable(self, linked: Tab, phone: Phone) -> None:
        inbound = await phone.customer(ASHA).send("Habari")
        key = f"false_{ASHA_CHAT}_{inbound}"
        await linked.until("add", key)
        read = (
            "(key) => { const {id} = require('WAWebCollections').Msg.get(key);"
            "return [id._serialized ?? null, String(id)]; }"
        )
        assert await linked.call(read, key) == [None, key]
