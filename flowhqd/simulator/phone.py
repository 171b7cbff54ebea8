"""An owner's phone: one WhatsApp account, its linked devices and its customers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from flowhqd.simulator.customer import Customer
from flowhqd.simulator.device import Device
from flowhqd.simulator.message import Quote, WireMessage, digits, phone_message_id
from flowhqd.simulator.ticks import Tick, Ticks

if TYPE_CHECKING:
    from flowhqd.simulator.page import Page
    from flowhqd.simulator.server import Simulator

MessageKey = tuple[str, str | None, bool, str]
LinkState = Literal["unlinked", "offline", "online"]
Disturbance = Literal[
    "hang", "reload", "leave", "throw",
    "reload_before_storing", "reload_once_stored", "reload_once_sent",
]  # fmt: skip
"""An endless loop, the same address anew, an address elsewhere, an exception in the next send, or
the page loaded anew in the midst of its next send."""

# Own lids are derived, so that they are the same in every run; real ones are opaque as well.
OWN_LID_BASE = 10**14


class Phone:
    """Made by ``Simulator.phone``; ``number`` is E.164 digits."""

    def __init__(self, simulator: Simulator, number: str, name: str) -> None:
        self.simulator = simulator
        self.number = number
        self.name = name
        self.lid = f"{OWN_LID_BASE + int(number)}@lid"
        self.customers: dict[str, Customer] = {}
        self.devices: list[Device] = []
        self.is_online = True
        self.ticks = Ticks()
        self._messages: dict[MessageKey, WireMessage] = {}
        self._linked_so_far = 0

    @property
    def wid(self) -> str:
        return f"{self.number}@c.us"

    @property
    def messages(self) -> Iterable[WireMessage]:
        """Every message of the account, in order of arrival."""
        return self._messages.values()

    @property
    def link_state(self) -> LinkState:
        """Whether a device is linked, and whether one is connected right now."""
        if not self.devices:
            return "unlinked"
        return "online" if any(device.page for device in self.devices) else "offline"

    def customer(
        self,
        number: str,
        name: str = "",
        lid: str | None = None,
        *,
        shares_number: bool = True,
    ) -> Customer:
        """The customer with this number, made on first use.

        With ``shares_number=False`` the page never learns which number belongs to the lid.
        """
        key = digits(number)
        if key not in self.customers:
            self.customers[key] = Customer(self, key, name, lid, shares_number=shares_number)
            self.simulator.changed.notify()
        return self.customers[key]

    async def scan(self, qr_text: str) -> Device:
        """Link the page that shows this QR code; raises QrRejected."""
        return self._link(self.simulator.page_of_qr(qr_text))

    async def enter_code(self, code: str) -> Device:
        """Link the page that shows this pairing code; raises CodeRejected."""
        return self._link(self.simulator.page_of_code(self.number, code))

    def _link(self, page: Page) -> Device:
        self._linked_so_far += 1
        device = Device(self, self._linked_so_far)
        self.devices.append(device)
        for message in self._messages.values():
            device.enqueue({"op": "message", "message": message.as_json(), "history": True})
        page.paired(device)
        self.simulator.changed.notify()
        return device

    async def wait_for(self, state: LinkState, timeout: float | None = 60.0) -> None:
        """Return once the link is in ``state``; TimeoutError after ``timeout`` seconds."""
        await self.simulator.changed.wait_until(lambda: self.link_state == state, timeout)

    def log_out(self, reason: str = "user_initiated") -> None:
        """Unlink every device from the phone; connected pages are told so."""
        for page in self._unlink_all():
            page.close({"op": "logout", "reason": reason})

    def revoke(self) -> None:
        """Unlink without a word: a page learns it only when its saved login is refused."""
        for page in self._unlink_all():
            page.close()

    def _unlink_all(self) -> list[Page]:
        pages = [device.page for device in self.devices if device.page]
        self.devices.clear()
        self.simulator.changed.notify()
        return pages

    def unlink(self, device: Device) -> None:
        """The page itself logs out."""
        if device in self.devices:
            self.devices.remove(device)
        self.simulator.changed.notify()

    def drop_line(self) -> None:
        """Cut the line once; pages come back by themselves."""
        for device in self.devices:
            if device.page:
                device.page.close()

    def go_offline(self) -> None:
        """Cut the line, and keep this account's pages from WhatsApp until ``go_online``."""
        self.is_online = False
        self.drop_line()
        self.simulator.changed.notify()

    def go_online(self) -> None:
        self.is_online = True
        self.simulator.changed.notify()

    def force_conflict(self) -> None:
        """As if the session was opened elsewhere: the page shows CONFLICT until it takes over."""
        self._close_all({"op": "conflict"})

    def block(self, state: str) -> None:
        """Put connected pages into ``TOS_BLOCK``, ``PROXYBLOCK``, ``DEPRECATED_VERSION``, ..."""
        self._close_all({"op": "blocked", "state": state})

    def disturb(self, what: Disturbance) -> None:
        """Have something go wrong in connected pages: at once, or with the next they send."""
        for device in self.devices:
            if device.page:
                device.page.send({"op": what})

    def _close_all(self, last: dict[str, Any]) -> None:
        for device in self.devices:
            if device.page:
                device.page.close(last)

    def send_as_owner(self, customer: Customer, text: str, *, type: str = "chat") -> str:
        """The owner answers a customer on the phone itself; returns the message id."""
        message = WireMessage(
            id=phone_message_id(),
            chat=customer.chat_id(),
            from_me=True,
            type=type,
            body=text,
            t=int(self.simulator.now()),
        )
        customer.accept(message.as_json())
        self.deliver(message, customer)
        self.ticks.rise(message.chat, message.id, Tick.DELIVERED, from_me=True)
        return message.id

    def read_as_owner(self, customer: Customer) -> None:
        """The owner looks at a chat on the phone: every device shows it as read."""
        for chat in {message.chat for message in self.messages if not message.from_me}:
            if chat in (customer.wid, f"{customer.lid}@lid"):
                for device in self.devices:
                    device.enqueue({"op": "read", "chat": chat})
                customer.mark_seen(chat)

    def deliver(
        self, message: WireMessage, customer: Customer, *, but: Device | None = None
    ) -> None:
        """Bring a message to every linked device, except the one it came from."""
        # A ciphertext that became readable takes its own place again.
        key = (message.chat, message.participant, message.from_me, message.id)
        self._messages[key] = message
        for device in self.devices:
            if device is but:
                continue
            if device.page and customer.number not in device.known_people:
                device.known_people.add(customer.number)
                device.page.send({"op": "contacts", "contacts": [customer.as_contact()]})
            device.enqueue({"op": "message", "message": message.as_json(), "history": False})
        if not message.from_me:
            self.ticks.rise(message.chat, message.id, Tick.SENT, from_me=False)
        self.simulator.changed.notify()

    def receipt(self, chat: str, ids: list[str], ack: Tick) -> None:
        """Ticks for messages the phone's devices sent: delivered, read."""
        for message_id in ids:
            self.ticks.rise(chat, message_id, ack, from_me=True)
        for device in self.devices:
            device.enqueue({"op": "receipt", "chat": chat, "ids": ids, "ack": ack})
        self.simulator.changed.notify()

    def take(self, device: Device, wire: dict[str, Any]) -> None:
        """A linked device sends a message; the same id of one device counts once."""
        key = (wire["chat"], wire["id"])
        if key in device.accepted_ids:
            return
        device.accepted_ids.add(key)
        customer = self.customer_of_chat(wire["chat"])
        customer.accept(wire)
        quoted = wire.get("quoted")
        message = WireMessage(
            id=wire["id"],
            chat=wire["chat"],
            from_me=True,
            type=wire["type"],
            body=wire.get("body"),
            t=int(self.simulator.now()),
            caption=wire.get("caption"),
            quoted=Quote(quoted["id"], quoted["participant"]) if quoted else None,
        )
        self.deliver(message, customer, but=device)

    def customer_of_chat(self, chat: str) -> Customer:
        """The customer behind a chat; groups and numbers never seen become one of their own."""
        user, _, server = chat.partition("@")
        if server == "lid":
            for customer in self.customers.values():
                if customer.lid == user:
                    return customer
        key = user if server == "c.us" else chat
        if key not in self.customers:
            lid = user if server == "lid" else None
            self.customers[key] = Customer(self, key, "", lid, shares_number=server == "c.us")
        return self.customers[key]
