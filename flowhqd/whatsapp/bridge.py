"""Commands to the page's bridge, each with its deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from flowhqd.errors import BridgeLost, DocumentLost, PageError, RecipientUnknown, Undecidable
from flowhqd.log import get_logger
from flowhqd.resources import resource
from flowhqd.whatsapp.addresses import phone_number
from flowhqd.whatsapp.events import UNREADABLE, Message, PageState, clean, message, page_state

if TYPE_CHECKING:
    from flowhqd.browser.page import Page

log = get_logger(__name__)

BINDING = "flowhqdEnvelope"

_QUICK_SECONDS = 10.0
# Sending waits for the page to take the message, not for WhatsApp's ack.
_SEND_SECONDS = 30.0
_LOOK_UP_SECONDS = 30.0

_RUN = """async (name, args) => {
  const bridge = window[Symbol.for("flowhqd.bridge")];
  return bridge ? {value: await bridge.run(name, args)} : {lost: true};
}"""


@dataclass(frozen=True, slots=True)
class Account:
    """The linked account: its phone's JID and its LID, where the page knows them."""

    pn: str | None
    lid: str | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The page's state with its server's time, None where it shows none."""

    state: PageState
    server_now: datetime | None
    account: Account


@dataclass(frozen=True, slots=True)
class Probe:
    """Which way serves the page, and which capabilities it has."""

    provider: str
    capabilities: dict[str, bool]


@dataclass(frozen=True, slots=True)
class Accepted:
    """The page has taken a message: "queued" now, or it "exists" from before."""

    outcome: str
    ack: int
    quoted: bool | None


@dataclass(frozen=True, slots=True)
class History:
    """A chat's messages; where the page ``refused`` to search for them, only some may be there."""

    messages: list[Message]
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class ChatHead:
    """A chat that may have news; ``at`` is its newest message's time where known."""

    chat_id: str
    at: datetime | None


def script(web_url: str) -> str:
    """The source to run on every new document of WhatsApp Web at ``web_url``."""
    address = urlsplit(web_url)
    config = orjson.dumps(
        {"binding": BINDING, "origin": f"{address.scheme}://{address.netloc}"}
    ).decode()
    sources = [
        (resource("web/bridge") / name).read_text("utf-8")
        for name in ("history.js", "native.js", "bridge.js")
    ]
    return "\n".join(["(() => {", *sources, f"installBridge({config}, nativeWay());", "})();"])


class Bridge:
    """What can be asked of a tenant's page.

    Every command raises BridgeLost while the page navigates, PageTimeout when it hangs, PageLost or
    BrowserLost when it is gone, and PageError with the page's own words when it refuses.
    """

    def __init__(self, page: Page) -> None:
        self._page = page

    async def _run(self, name: str, timeout: float, **args: Any) -> Any:
        try:
            answer = await self._page.call(_RUN, name, args, timeout=timeout)
        except DocumentLost as error:
            raise BridgeLost(str(error)) from error
        if not isinstance(answer, dict) or "value" not in answer:
            raise BridgeLost("the page has no bridge; it navigates or left WhatsApp Web")
        return answer["value"]

    async def state(self) -> Snapshot:
        """A fresh look at the page."""
        data = await self._run("state", _QUICK_SECONDS)
        seconds = data.get("server_seconds")
        account = data.get("account") or {}
        return Snapshot(
            page_state(data),
            datetime.fromtimestamp(seconds, UTC) if seconds else None,
            Account(account.get("pn"), account.get("lid")),
        )

    async def probe(self) -> Probe:
        """Which capabilities the page has right now."""
        data = await self._run("probe", _QUICK_SECONDS)
        return Probe(data["provider"], {k: bool(v) for k, v in data["capabilities"].items()})

    async def refresh_qr(self) -> bool:
        """Ask for a new round of codes; False where the page offers no such command."""
        return bool(await self._run("refresh_qr", _QUICK_SECONDS))

    async def pairing_code(self, phone: str) -> str:
        """A code of 8 characters that the phone with these digits accepts instead of a QR."""
        return clean(str(await self._run("pairing_code", _SEND_SECONDS, phone=phone)))

    async def link_by_qr(self) -> None:
        """Show codes to scan again, after a pairing code was asked for."""
        await self._run("link_by_qr", _QUICK_SECONDS)

    async def take_over(self) -> bool:
        """Take the session back from another page; False where the page offers no such command."""
        return bool(await self._run("take_over", _QUICK_SECONDS))

    async def send_text(
        self,
        chat_id: str,
        message_id: str,
        text: str,
        quoted: str | None,
        *,
        again: bool,
        never: bool,
    ) -> Accepted:
        """Hand a text to the page under an id fixed in advance.

        ``quoted`` is the full key of the message to quote; a quote that fails does not stop the
        send. ``again`` hands over a message that the page has and that failed; one that was
        ``never`` handed over before need not be looked for where the page cannot. Raises
        RecipientUnknown where WhatsApp knows nobody.
        """
        data = await self._run(
            "send_text",
            _SEND_SECONDS,
            chat=chat_id,
            id=message_id,
            text=text,
            quoted=quoted,
            again=again,
            never=never,
        )
        if data["outcome"] == "recipient_unknown":
            raise RecipientUnknown(
                f"WhatsApp knows nobody under {phone_number(chat_id) or chat_id}: nothing was sent"
            )
        return Accepted(data["outcome"], int(data["ack"]), data["quoted"])

    async def find_outbound(self, chat_id: str, message_id: str) -> int | None:
        """The ack of an own message in memory or in the page's database; None: surely absent.

        Raises Undecidable when the page cannot tell.
        """
        try:
            data = await self._run("find_message", _LOOK_UP_SECONDS, chat=chat_id, id=message_id)
        except PageError as error:
            raise Undecidable(str(error)) from error
        return None if data["ack"] is None else int(data["ack"])

    async def recent_chats(self, since: datetime) -> list[ChatHead]:
        """Chats that may hold messages since then."""
        data = await self._run("recent_chats", _LOOK_UP_SECONDS, since=since.timestamp())
        return [
            ChatHead(
                clean(row["chat"]),
                datetime.fromtimestamp(row["t"], UTC) if row["t"] is not None else None,
            )
            for row in data
        ]

    async def history_since(self, chat_id: str, since: datetime, limit: int) -> History:
        """A chat's messages since then, oldest first, the newest ``limit`` of them.

        A row that cannot be read is left out, and logged.
        """
        data = await self._run(
            "history_since",
            _LOOK_UP_SECONDS,
            chat=chat_id,
            since=int(since.timestamp()),
            limit=limit,
        )
        found = []
        for row in data["messages"]:
            try:
                found.append(message(row))
            except UNREADABLE as error:
                log.warning("message_unreadable", chat_id=chat_id, error=repr(error))
        refused = data["refused"]
        return History(found, None if refused is None else clean(str(refused)))

    async def mark_read(self, chat_id: str) -> None:
        """Show the customer that the chat was read."""
        await self._run("mark_read", _QUICK_SECONDS, chat=chat_id)

    async def typing(self, chat_id: str, *, on: bool) -> None:
        """Show, or stop showing, that an answer is being written."""
        await self._run("typing", _QUICK_SECONDS, chat=chat_id, on=on)

    async def log_out(self) -> None:
        """End the link; the page wipes itself and navigates."""
        await self._run("logout", _QUICK_SECONDS)
