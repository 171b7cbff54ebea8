"""A simulator page in a real Chromium, and what its models announce."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from flowhqd.browser.host import BrowserHost
from flowhqd.browser.page import Page
from flowhqd.simulator import Simulator
from flowhqd.simulator.signals import Changed

OBSERVER = Path(__file__).with_name("observer.js").read_text(encoding="utf-8")
TIMEOUT = 60.0

LINK_CODE = """async (phone) => {
  const api = require('WAWebAltDeviceLinkingApi');
  api.setPairingType('ALT_DEVICE_LINKING');
  await api.initializeAltDeviceLinking();
  return api.startAltLinkingFlow(phone, true);
}"""
SEND = """async (chatId, id, text, quoted) => {
  const chat = (await require('WAWebFindChatAction').findOrCreateLatestChat(
    require('WAWebWidFactory').createWid(chatId))).chat;
  const {getMaybeMePnUser, getMaybeMeLidUser} = require('WAWebUserPrefsMeUser');
  const from = chat.id.isLid() ? getMaybeMeLidUser() : getMaybeMePnUser();
  const key = new (require('WAWebMsgKey'))({from, to: chat.id, id, selfDir: 'out'});
  let context = {};
  if (quoted) {
    const {Msg} = require('WAWebCollections');
    const msg = Msg.get(quoted) ?? (await Msg.getMessagesById([quoted])).messages[0];
    if (require('WAWebMsgReply').canReplyMsg(msg.unsafe())) context = msg.msgContextInfo(chat);
  }
  const pair = require('WAWebSendMsgChatAction').addAndSendMsgToChat(chat, {
    id: key, ack: 0, body: text, from, to: chat.id, local: true, self: 'out', isNewMsg: true,
    t: require('WATimeUtils').unixTime(), type: 'chat', ...context});
  await pair[0];
  window.sent = {...window.sent, [id]: pair[1]};
  return String(key);
}"""


class Tab:
    """One page; ``events`` are lists such as ``["state", "CONNECTED"]``."""

    def __init__(self, host: BrowserHost, simulator: Simulator, profile: str) -> None:
        self.events: list[list[Any]] = []
        self._host = host
        self._simulator = simulator
        self._profile = profile
        self._page: Page | None = None
        self._changed = Changed()

    @property
    def page(self) -> Page:
        assert self._page is not None
        return self._page

    async def open(self, query: str = "") -> None:
        """Open the profile's page, or open it anew."""
        self._page = await self._host.open(self._profile)
        self.events.clear()
        await self.page.install(OBSERVER, binding="observed", on_message=self._on_message)
        await self.page.navigate(self._simulator.url + query, timeout=TIMEOUT)

    async def close(self) -> None:
        if self._page is not None:
            await self._page.close()

    def _on_message(self, text: str) -> None:
        self.events.append(json.loads(text))
        self._changed.notify()

    async def until(self, *event: Any, count: int = 1) -> None:
        """Return once the page has announced ``event`` that often since it was opened."""
        wanted = list(event)

        def happened() -> bool:
            return sum(one[: len(wanted)] == wanted for one in self.events) >= count

        try:
            await self._changed.wait_until(happened, TIMEOUT)
        except TimeoutError:
            raise AssertionError(f"no {wanted} x {count} in {self.events}") from None

    def seen(self, kind: str) -> list[list[Any]]:
        return [event[1:] for event in self.events if event[0] == kind]

    async def call(self, function: str, *args: Any) -> Any:
        return await self.page.call(function, *args, timeout=TIMEOUT)

    async def send(self, chat: str, message_id: str, text: str, quoted: str | None = None) -> str:
        """Send as whatsapp-web.js does; returns the key once the page has stored the message."""
        key: str = await self.call(SEND, chat, message_id, text, quoted)
        return key

    async def send_result(self, message_id: str) -> str:
        result: dict[str, Any] = await self.call("(id) => window.sent[id]", message_id)
        return str(result["messageSendResult"])
