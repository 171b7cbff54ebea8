"""The simulator: WhatsApp's servers, the page they serve, and the phones around them."""

from __future__ import annotations

import asyncio
import html
import itertools
import json
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from flowhqd.resources import resource
from flowhqd.simulator.control import add_control_routes
from flowhqd.simulator.device import Device
from flowhqd.simulator.errors import CodeRejected, QrRejected
from flowhqd.simulator.message import digits
from flowhqd.simulator.options import SimulatorOptions
from flowhqd.simulator.page import Page
from flowhqd.simulator.phone import Phone
from flowhqd.simulator.phone_page import add_phone_routes
from flowhqd.simulator.signals import Changed

# As strict as the page allows: nothing inline, nothing from elsewhere. WhatsApp Web has a policy
# too, and what is injected into the page must work under one.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
)


class Simulator:
    """An asynchronous context manager: the server runs inside ``async with``."""

    def __init__(self, options: SimulatorOptions | None = None) -> None:
        self.options = options or SimulatorOptions()
        self.changed = Changed()
        self.phones: dict[str, Phone] = {}
        self.devices: list[Page] = []
        """The pages that are connected now, linked or not."""
        self.port = 0
        self._order = itertools.count(1)
        self._assets: Path = resource("web/simulator")
        self._index = (self._assets / "index.html").read_text(encoding="utf-8")
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        scheme = "https" if self.options.tls else "http"
        return f"{scheme}://{self.options.host}:{self.port}/"

    async def __aenter__(self) -> Self:
        # Browsers keep idle connections open: nothing is gained by waiting for them at the end.
        self._runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        options = self.options
        site = web.TCPSite(self._runner, options.host, options.port, ssl_context=options.tls)
        await site.start()
        self.port = self._runner.addresses[0][1]
        options.observers.append(self._options_changed)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.options.observers.remove(self._options_changed)
        for page in list(self.devices):
            page.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/", self._serve_page)
        application.router.add_get("/line", self._serve_line)
        application.router.add_static("/assets/", self._assets)
        add_control_routes(application, self)
        add_phone_routes(application, self)
        return application

    async def _serve_page(self, request: web.Request) -> web.Response:
        options = html.escape(json.dumps(self.options.for_page()))
        return web.Response(
            text=self._index.replace("{{options}}", options),
            content_type="text/html",
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "Cache-Control": "no-store",
            },
        )

    async def _serve_line(self, request: web.Request) -> web.StreamResponse:
        if self.options.refuse_connections:
            raise web.HTTPServiceUnavailable
        # No limit on frames: a message may be 65,536 characters of any kind.
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        page = Page(self, socket)
        self.devices.append(page)
        try:
            await page.run()
        finally:
            self.devices.remove(page)
            self.changed.notify()
        return socket

    def _options_changed(self) -> None:
        for page in self.devices:
            page.send({"op": "options", "options": self.options.for_page()})
        self.changed.notify()

    def now(self) -> float:
        """WhatsApp's clock, in Unix seconds."""
        return time.time() + self.options.clock_skew_seconds

    def next_order(self) -> int:
        return next(self._order)

    def phone(self, number: str, name: str = "") -> Phone:
        """The owner's phone with this number, made on first use."""
        key = digits(number)
        if key not in self.phones:
            self.phones[key] = Phone(self, key, name or f"Owner {key}")
            self.changed.notify()
        return self.phones[key]

    def page_of_qr(self, qr_text: str) -> Page:
        """The page that shows this QR code now; raises QrRejected."""
        parts = qr_text.split(",")
        if len(parts) not in (4, 5) or not all(parts):
            raise QrRejected(f"not a WhatsApp QR code: {len(parts)} parts instead of 4 or 5")
        for page in self.devices:
            if page.ref == parts[0]:
                if page.key_parts() != tuple(parts[1:4]):
                    raise QrRejected("the code's keys are not those of the page that shows it")
                return page
        raise QrRejected("the code is stale: no page shows it any more")

    def page_of_code(self, number: str, code: str) -> Page:
        """The page that shows this pairing code for this number; raises CodeRejected."""
        wanted = code.replace("-", "").strip().upper()
        for page in self.devices:
            offer = page.link_code
            if offer is None or (offer.phone, offer.code) != (number, wanted):
                continue
            if asyncio.get_running_loop().time() > offer.expires_at:
                raise CodeRejected("the pairing code has expired")
            return page
        raise CodeRejected("no page shows this pairing code for this number")

    def device_of(self, login: dict[str, str]) -> Device | None:
        """The linked device a saved login belongs to; None once it was unlinked."""
        for phone in self.phones.values():
            for device in phone.devices:
                if device.token == login["token"]:
                    return device
        return None

    def person(self, wid: str) -> dict[str, str | None] | None:
        """Who uses WhatsApp under this wid, if anybody."""
        for phone in self.phones.values():
            if wid in (phone.wid, phone.lid):
                return {"pn": phone.wid, "lid": phone.lid, "name": phone.name}
            for customer in phone.customers.values():
                if wid in (customer.wid, f"{customer.lid}@lid"):
                    return customer.as_contact()
        return None

    async def wait_for_qr(self, timeout: float | None = 60.0, *, count: int = 1) -> list[str]:
        """The QR texts that pages show, once there are ``count`` of them."""
        await self.changed.wait_until(lambda: len(self._codes()) >= count, timeout)
        return self._codes()

    def _codes(self) -> list[str]:
        return [page.qr for page in self.devices if page.qr is not None]
