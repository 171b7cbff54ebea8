"""A page's life: codes, pairing, restarts, cut lines, conflict, blocks and log-outs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from flowhqd.browser.host import BrowserHost
from flowhqd.simulator import CodeRejected, Phone, QrRejected, Simulator, SimulatorOptions
from tests.simulator.tab import LINK_CODE, Tab

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASHA = "255754000001"
ASHA_CHAT = f"{ASHA}@c.us"

CHAT = """(id) => {
  const chat = require('WAWebCollections').Chat.get(id);
  return [chat.unreadCount, chat.msgs.map((msg) => [msg.id.id, msg.isNewMsg])];
}"""
ALL = """async (id) => {
  const chat = require('WAWebCollections').Chat.get(id);
  while ((await require('WAWebChatLoadMessages').loadEarlierMsgs({chat})).length > 0);
  return chat.msgs.map((msg) => msg.body).sort((a, b) => a - b);
}"""
STORED = """async (key) => {
  const {messages} = await require('WAWebCollections').Msg.getMessagesById([key]);
  return messages.map((message) => [message.body, message.ack]);
}"""


async def test_pairing_moves_through_the_states_of_the_real_page(linked: Tab, phone: Phone) -> None:
    states = [state for [state] in linked.seen("state")]
    after_code = states[states.index("UNPAIRED") :]
    assert after_code == ["UNPAIRED", "PAIRING", "OPENING", "CONNECTED"]
    assert [mode for [mode] in linked.seen("mode")][-2:] == ["SYNCING", "MAIN"]
    kinds = [event[0] for event in linked.events]
    assert kinds.index("main_loaded") < kinds.index("synced")
    assert phone.link_state == "online"


async def test_a_restarted_page_is_logged_in_without_a_code(linked: Tab, phone: Phone) -> None:
    await linked.open()
    await linked.until("mode", "MAIN")
    states = {state for [state] in linked.seen("state")}
    assert states.isdisjoint({"UNPAIRED", "PAIRING"})
    me = "() => String(require('WAWebUserPrefsMeUser').getMaybeMePnUser())"
    assert await linked.call(me) == phone.wid


async def test_a_phone_refuses_codes_that_are_not_shown(
    tab: Tab, phone: Phone, simulator: Simulator
) -> None:
    await tab.open()
    [code] = await simulator.wait_for_qr()
    ref, noise, identity, adv, platform = code.split(",")
    for bad in (
        "hello",
        f"2@stale,{noise},{identity},{adv},{platform}",
        f"{ref},{identity},{noise},{adv},{platform}",
        f"{ref},{noise},{identity},{adv},{platform},more",
        f"{ref},{noise},{identity}",
    ):
        with pytest.raises(QrRejected):
            await phone.scan(bad)
    assert phone.link_state == "unlinked"
    await phone.scan(f"{ref},{noise},{identity},{adv}")
    await phone.wait_for("online")
    with pytest.raises(QrRejected):
        await phone.scan(code)


class TestRotation:
    @pytest.fixture
    def options(self, options: SimulatorOptions) -> SimulatorOptions:
        options.qr_scale = 0.005
        return options

    async def test_codes_rotate_run_out_and_can_be_refreshed(
        self, tab: Tab, phone: Phone, simulator: Simulator
    ) -> None:
        await tab.open()
        [first] = await simulator.wait_for_qr()
        await tab.until("state", "UNPAIRED_IDLE")
        assert [page.qr for page in simulator.devices] == [None]
        with pytest.raises(QrRejected):
            await phone.scan(first)
        simulator.options.qr_scale = 1
        await tab.call("() => require('WAWebCmd').Cmd.refreshQR()")
        [second] = await simulator.wait_for_qr()
        # Only the ref rotates: the keys belong to the profile.
        assert second.split(",")[0] != first.split(",")[0]
        assert second.split(",")[1:] == first.split(",")[1:]
        await tab.until("state", "UNPAIRED", count=2)
        await phone.scan(second)
        await phone.wait_for("online")


async def test_a_phone_links_by_typing_the_pairing_code(
    tab: Tab, phone: Phone, simulator: Simulator
) -> None:
    await tab.open()
    await tab.until("state", "UNPAIRED")
    code = await tab.call(LINK_CODE, f"+{phone.number}")
    assert len(code) == 8
    with pytest.raises(CodeRejected):
        await simulator.phone("255712000002").enter_code(code)
    with pytest.raises(CodeRejected):
        await phone.enter_code("ABCD1234")
    await phone.enter_code(f"{code[:4]}-{code[4:].lower()}")
    await tab.until("mode", "MAIN")


async def test_messages_wait_for_a_page_that_is_away(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    await linked.close()
    await phone.wait_for("offline")
    sent = [await asha.send(f"{number}") for number in range(30)]
    await linked.open()
    await linked.until("mode", "MAIN")
    assert linked.seen("progress")[-1] == [100]
    # They came in before there was anybody to hear of it: that they are new is all that shows.
    assert await linked.call(CHAT, ASHA_CHAT) == [30, [[one, True] for one in sent]]


async def test_a_cut_line_resumes_with_live_events(linked: Tab, phone: Phone) -> None:
    asha = phone.customer(ASHA)
    phone.go_offline()
    await phone.wait_for("offline")
    sent = await asha.send("Habari")
    phone.go_online()
    await linked.until("add", f"false_{ASHA_CHAT}_{sent}", "chat", "Habari", True)
    states = [state for [state] in linked.seen("state")]
    assert states[states.index("CONNECTED") :] == ["CONNECTED", "OPENING", "CONNECTED"]
    # The page keeps its mode and says once that it has synced.
    assert [mode for [mode] in linked.seen("mode")].count("MAIN") == 1
    assert linked.seen("synced") == [[True]]


class TestNoLine:
    @pytest.fixture
    def options(self, options: SimulatorOptions) -> SimulatorOptions:
        options.timeout_seconds = 0.2
        return options

    async def test_a_long_outage_shows_timeout(
        self, linked: Tab, phone: Phone, simulator: Simulator
    ) -> None:
        simulator.options.refuse_connections = True
        phone.drop_line()
        await linked.until("state", "TIMEOUT")
        simulator.options.refuse_connections = False
        await linked.until("state", "CONNECTED", count=2)


async def test_a_second_page_of_the_session_is_a_conflict(linked: Tab, phone: Phone) -> None:
    phone.force_conflict()
    await linked.until("state", "CONFLICT")
    await linked.until("mode", "CONFLICT")
    await linked.call("() => require('WAWebSocketModel').Socket.takeover()")
    await linked.until("state", "CONNECTED", count=2)
    await linked.until("mode", "MAIN", count=2)
    assert phone.link_state == "online"


@pytest.mark.parametrize("state", ["TOS_BLOCK", "PROXYBLOCK", "DEPRECATED_VERSION"])
async def test_a_blocked_page_shows_why(linked: Tab, phone: Phone, state: str) -> None:
    phone.block(state)
    await linked.until("state", state)
    await linked.until("mode", state)


async def test_a_page_may_be_blocked_from_the_start(tab: Tab, simulator: Simulator) -> None:
    simulator.options.blocked = "DEPRECATED_VERSION"
    await tab.open()
    await tab.until("mode", "DEPRECATED_VERSION")
    assert ["state", "DEPRECATED_VERSION"] in tab.events


async def test_a_log_out_on_the_phone_leads_back_to_a_code(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    await phone.customer(ASHA).send("Habari")
    await linked.until("add", count=1)
    phone.log_out()
    await linked.until("logout")
    [code] = await simulator.wait_for_qr()
    assert "post_logout=1" in await linked.page.url()
    assert phone.link_state == "unlinked"
    await linked.until("collections", count=2)
    # Nothing of the old login is left in the profile, the new link brings it back as history.
    chats = "() => require('WAWebCollections').Chat.length"
    assert await linked.call(chats) == 0
    await phone.scan(code)
    await linked.until("mode", "MAIN", count=2)
    assert await linked.call(chats) == 1


async def test_a_page_can_log_itself_out(linked: Tab, phone: Phone) -> None:
    await linked.call("() => { require('WAWebSocketModel').Socket.logout(); }")
    await linked.until("logout")
    await phone.wait_for("unlinked")
    await linked.until("mode", "QR", count=2)


async def test_a_session_revoked_while_down_ends_at_a_code_without_an_event(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    await linked.close()
    phone.revoke()
    await linked.open()
    await simulator.wait_for_qr()
    await linked.until("mode", "QR")
    assert "post_logout=1" in await linked.page.url()
    assert linked.seen("logout") == []


async def test_an_unsent_message_is_sent_by_the_page_itself_once(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    asha = phone.customer(ASHA)
    phone.go_offline()
    await phone.wait_for("offline")
    key = await linked.send(ASHA_CHAT, "3EB001", "Karibu")
    await linked.close()
    assert asha.received == []
    phone.go_online()
    await linked.open()
    await asha.wait_for(1)
    await linked.until("ack", key, 1)
    await linked.open()
    await linked.until("mode", "MAIN")
    assert await linked.call(STORED, key) == [["Karibu", 2]]
    assert [one.message_id for one in asha.received] == ["3EB001"]


async def test_a_lost_acknowledgement_does_not_send_twice(
    linked: Tab, phone: Phone, simulator: Simulator
) -> None:
    asha = phone.customer(ASHA)
    simulator.options.hold_acks = True
    key = await linked.send(ASHA_CHAT, "3EB001", "Karibu")
    await asha.wait_for(1)
    phone.drop_line()
    simulator.options.hold_acks = False
    await linked.until("ack", key, 1)
    assert await linked.send_result("3EB001") == "OK"
    assert len(asha.received) == 1


async def test_a_kill_in_a_burst_loses_and_doubles_nothing(
    linked: Tab, phone: Phone, browsers: BrowserHost
) -> None:
    asha = phone.customer(ASHA)
    for number in range(200):
        await asha.send(f"{number}")
    await linked.until("add", count=1)
    [chromium] = browsers.describe()
    os.killpg(chromium.pid, signal.SIGKILL)
    await phone.wait_for("offline")
    await linked.open()
    await linked.until("mode", "MAIN")
    loaded = await linked.call(ALL, ASHA_CHAT)
    assert loaded == [f"{number}" for number in range(200)]


async def test_two_pages_of_two_phones_see_only_their_own(
    linked: Tab, phone: Phone, simulator: Simulator, new_tab: Callable[[], Tab]
) -> None:
    other_phone, other = simulator.phone("255712000002"), new_tab()
    await other.open()
    [code] = await simulator.wait_for_qr()
    await other_phone.scan(code)
    await other.until("mode", "MAIN")
    await phone.customer(ASHA).send("Kwa wa kwanza")
    await other_phone.customer(ASHA).send("Kwa wa pili")
    await linked.until("add", count=1)
    await other.until("add", count=1)
    assert [add[2] for add in linked.seen("add")] == ["Kwa wa kwanza"]
    assert [add[2] for add in other.seen("add")] == ["Kwa wa pili"]


class TestSkew:
    @pytest.fixture
    def options(self, options: SimulatorOptions) -> SimulatorOptions:
        options.clock_skew_seconds = 3600
        return options

    async def test_the_page_knows_the_servers_time(self, linked: Tab) -> None:
        ahead = "() => require('WATimeUtils').unixTime() - Date.now() / 1000"
        assert await linked.call(ahead) == pytest.approx(3600, abs=2)


class TestLateModules:
    @pytest.fixture
    def options(self, options: SimulatorOptions) -> SimulatorOptions:
        options.module_delay_seconds = 2
        return options

    async def test_chat_modules_register_after_the_connection_is_up(self, linked: Tab) -> None:
        registered = "() => 'WALinkify' in require('__debug').modulesMap"
        assert await linked.call(registered) is False
        await linked.call(
            f"async () => {{ while (!({registered})()) await new Promise(setTimeout); }}"
        )
        assert await linked.call("() => require('WALinkify').findLink('www.x.tz').href")
