"""The phones in a browser: pages, the QR codes they can tap, and a stream of what they show.

=================================  ==================================================
``GET /phones``                    every phone, and a way to a new one
``GET /phone/{number}``            the owner's phone and the customers' beside it
``GET /phones/events``             what ``/phones`` shows, as server-sent events
``GET /phone/{number}/events``     what a phone shows, likewise
``GET /waiting/{profile}.svg``     the QR code that a page shows now, as a picture
=================================  ==================================================

What is tapped goes to the control API.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from flowhqd import qr
from flowhqd.resources import resource
from flowhqd.simulator.conversation import phone_screen, waiting
from flowhqd.simulator.message import digits

if TYPE_CHECKING:
    from flowhqd.simulator.phone import Phone
    from flowhqd.simulator.server import Simulator

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PING_SECONDS = 15.0
# One picture for the many changes that a single message makes.
PAUSE_SECONDS = 0.03


def add_phone_routes(application: web.Application, simulator: Simulator) -> None:
    page = PhonePage(simulator)
    application.router.add_get("/phones", page.phones)
    application.router.add_get("/phones/events", page.phones_events)
    application.router.add_get("/phone/{number}", page.phone)
    application.router.add_get("/phone/{number}/events", page.phone_events)
    application.router.add_get("/waiting/{profile}.svg", page.code)


class PhonePage:
    """The handlers; each is one line of the table above."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._assets = resource("web/simulator/phone")

    async def phones(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(self._assets / "phones.html", headers=HEADERS)

    async def phone(self, request: web.Request) -> web.StreamResponse:
        self._phone(request)
        return web.FileResponse(self._assets / "phone.html", headers=HEADERS)

    async def phones_events(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, self._overview)

    async def phone_events(self, request: web.Request) -> web.StreamResponse:
        phone = self._phone(request)
        return await self._stream(request, lambda: phone_screen(phone))

    async def code(self, request: web.Request) -> web.Response:
        for page in self._simulator.devices:
            if page.profile == request.match_info["profile"] and page.qr is not None:
                return web.Response(
                    body=qr.svg(page.qr), content_type="image/svg+xml", headers=HEADERS
                )
        raise web.HTTPNotFound

    def _phone(self, request: web.Request) -> Phone:
        number = request.match_info["number"]
        # E.164 has 15 digits at most; a number of another shape would be another phone.
        if number != digits(number) or not number.isascii() or not 6 <= len(number) <= 15:
            raise web.HTTPNotFound(text="a phone's number is 6 to 15 digits, such as 255712000001")
        return self._simulator.phone(number)

    def _overview(self) -> dict[str, Any]:
        simulator = self._simulator
        return {
            "phones": [
                {"number": phone.number, "name": phone.name, "link_state": phone.link_state}
                for phone in simulator.phones.values()
            ],
            "waiting": len(waiting(simulator.devices)),
        }

    async def _stream(
        self, request: web.Request, view: Callable[[], dict[str, Any]]
    ) -> web.StreamResponse:
        """The view now and after every change, until the browser leaves."""
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        changed = self._simulator.changed
        said = ""
        while True:
            seen = changed.count
            text = json.dumps(view())
            line = f"data: {text}\n\n" if text != said else ": still here\n\n"
            said = text
            try:
                await response.write(line.encode())
            except ConnectionResetError:
                return response
            try:
                await changed.wait_for_next(seen, PING_SECONDS)
                await asyncio.sleep(PAUSE_SECONDS)
            except TimeoutError:
                continue
