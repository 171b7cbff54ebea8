"""A page's line to the server: QR codes while it is not linked, its device once it is."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from flowhqd.simulator.message import digits
from flowhqd.simulator.ticks import Tick

if TYPE_CHECKING:
    from flowhqd.simulator.device import Device
    from flowhqd.simulator.server import Simulator

# whatsapp-web.js adds the platform as a fifth part, wa-js leaves it out.
PLATFORM = "1"


@dataclass(frozen=True, slots=True)
class LinkCode:
    """A pairing code that a page shows for one phone number, until ``expires_at`` (loop time)."""

    phone: str
    code: str
    expires_at: float


class Page:
    """One connected page. ``send`` and ``close`` never wait; a writer task does the talking."""

    def __init__(self, simulator: Simulator, socket: web.WebSocketResponse) -> None:
        self.simulator = simulator
        self.device: Device | None = None
        self.ref: str | None = None
        self.link_code: LinkCode | None = None
        self.url = ""
        self._socket = socket
        self._is_closing = False
        self._keys: dict[str, str] = {}
        self._outgoing: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rotation: asyncio.Task[None] | None = None

    @property
    def profile(self) -> str:
        """A name for the browser profile: the same until a log-out gives it new keys."""
        noise = self._keys.get("noise", "")
        return hashlib.sha256(noise.encode()).hexdigest()[:12]

    @property
    def qr(self) -> str | None:
        """The text of the QR code that the page shows now."""
        if self.ref is None:
            return None
        return ",".join((self.ref, *self.key_parts(), PLATFORM))

    def key_parts(self) -> tuple[str, str, str]:
        return self._keys["noise"], self._keys["identity"], self._keys["adv"]

    def send(self, frame: dict[str, Any]) -> None:
        self._outgoing.put_nowait(frame)

    def close(self, last: dict[str, Any] | None = None) -> None:
        """Say ``last``, if anything, and hang up."""
        self._is_closing = True
        if last is not None:
            self.send(last)
        self._outgoing.put_nowait(None)
        if self.device is not None:
            self.device.detach(self)
        self.simulator.changed.notify()

    async def run(self) -> None:
        """Serve the line until either side hangs up."""
        writer = asyncio.create_task(self._write(), name="simulator:page:writer")
        try:
            async for message in self._socket:
                # What the page still says after a hang-up does not arrive.
                if not self._is_closing:
                    self._receive(message.json())
        finally:
            self._stop_rotation()
            for task in self._tasks:
                task.cancel()
            writer.cancel()
            if self.device is not None:
                self.device.detach(self)

    async def _write(self) -> None:
        while (frame := await self._outgoing.get()) is not None:
            if self._socket.closed:
                return
            await self._socket.send_json(frame)
        await self._socket.close(code=WSCloseCode.GOING_AWAY)

    def _receive(self, frame: dict[str, Any]) -> None:
        match frame["op"]:
            case "hello":
                self._hello(frame)
            case "refresh_codes":
                self._start_rotation()
            case "link_code":
                self._offer_code(frame)
                self._answer(frame, None)
            case "exists":
                self._answer(frame, self.simulator.person(frame["wid"]))
            case operation if self.device is not None:
                self._receive_from_device(operation, frame, self.device)
        self.simulator.changed.notify()

    def _receive_from_device(self, operation: str, frame: dict[str, Any], device: Device) -> None:
        match operation:
            case "confirm":
                device.confirm(frame["seqs"])
            case "send":
                self._spawn(self._take(device, frame["message"]))
            case "seen":
                device.phone.customer_of_chat(frame["chat"]).mark_seen(frame["chat"])
            case "typing":
                device.phone.customer_of_chat(frame["chat"]).see_typing(frame["kind"])
            case "unlink":
                device.phone.unlink(device)
                self._answer(frame, None)

    def _answer(self, frame: dict[str, Any], result: object) -> None:
        self.send({"op": "answer", "request": frame["request"], "result": result})

    def _hello(self, frame: dict[str, Any]) -> None:
        self._keys = frame["keys"]
        self.url = frame["url"]
        options = self.simulator.options
        if options.blocked:
            self.close({"op": "blocked", "state": options.blocked})
        elif frame["login"] is None:
            self._start_rotation()
        elif (device := self.simulator.device_of(frame["login"])) is None:
            self.close({"op": "failure", "reason": "unknown_companion"})
        elif not device.phone.is_online:
            self.close()
        else:
            self.device = device
            device.attach(self)

    def paired(self, device: Device) -> None:
        """The phone accepted this page: it gets its login and comes back as ``device``."""
        self._stop_rotation()
        self.ref = None
        self.link_code = None
        self.send({"op": "paired", "login": device.login})

    def _start_rotation(self) -> None:
        self._stop_rotation()
        self._rotation = asyncio.create_task(self._rotate(), name="simulator:page:codes")

    def _stop_rotation(self) -> None:
        if self._rotation is not None:
            self._rotation.cancel()
            self._rotation = None

    async def _rotate(self) -> None:
        options = self.simulator.options
        for number in range(options.qr_count):
            self.ref = f"2@{secrets.token_urlsafe(48)}"
            self.send({"op": "ref", "ref": self.ref})
            self.simulator.changed.notify()
            seconds = options.qr_next_seconds if number else options.qr_first_seconds
            await asyncio.sleep(seconds * options.qr_scale)
        self.ref = None
        self.send({"op": "idle"})
        self.simulator.changed.notify()

    def _offer_code(self, frame: dict[str, Any]) -> None:
        lifetime = self.simulator.options.link_code_seconds
        expires_at = asyncio.get_running_loop().time() + lifetime
        self.link_code = LinkCode(digits(frame["phone"]), frame["code"], expires_at)

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work, name="simulator:page:send")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, device: Device, wire: dict[str, Any]) -> None:
        """Take a message at once; the acknowledgement may be late, held back or a refusal."""
        options = self.simulator.options
        key = f"true_{wire['chat']}_{wire['id']}"
        if options.fail_sends:
            self.send({"op": "refused", "key": key, "error": options.fail_sends})
            return
        device.phone.take(device, wire)
        await asyncio.sleep(options.ack_delay_seconds)
        await self.simulator.changed.wait_until(lambda: not options.hold_acks, None)
        if device.page is not self:
            return  # The page asks again on its next line.
        self.send({"op": "accepted", "key": key, "t": int(self.simulator.now())})
        device.phone.ticks.rise(wire["chat"], wire["id"], Tick.SENT, from_me=True)
        if options.delivery_receipts:
            device.phone.receipt(wire["chat"], [wire["id"]], Tick.DELIVERED)
        self.simulator.changed.notify()
