"""The simulator over HTTP, for curl and for what is not Python. JSON in, JSON out.

========================================================  =====================================
``GET  /control/devices``                                 connected pages: profile, phone, qr
``GET  /control/phones``                                  phones and their link state
``POST /control/phones/{number}/scan``                    ``{"qr"}`` links the page showing it
``POST /control/phones/{number}/code``                    ``{"code"}`` links by pairing code
``POST /control/phones/{number}/{action}``                ``drop``, ``offline``, ``online``,
                                                          ``revoke``, ``conflict``,
                                                          ``logout`` (``{"reason"}``),
                                                          ``block`` (``{"state"}``)
``POST /control/phones/{number}/customers``               ``{"number", "name", "lid"}``
``POST /control/phones/{number}/customers/{customer}/messages``
                                                          ``{"text", ...}`` as in
                                                          ``Customer.send`` -> ``{"message_id"}``
``GET  /control/phones/{number}/customers/{customer}/messages``
                                                          what arrived at the customer
``POST /control/phones/{number}/customers/{customer}/messages/{id}/decrypt``
                                                          a ciphertext becomes readable
``POST /control/phones/{number}/customers/{customer}/messages/{id}/edit``
                                                          ``{"text"}`` the customer edits it
``POST /control/phones/{number}/customers/{customer}/messages/{id}/revoke``
                                                          and deletes it for everyone
``POST /control/phones/{number}/customers/{customer}/read``
                                                          the customer looks at the chat
``POST /control/phones/{number}/customers/{customer}/owner``
                                                          ``{"text"}`` the owner answers
``GET  /control/options``, ``PATCH /control/options``     the options, and changing them
========================================================  =====================================

Refused codes are 409 with ``{"error", "detail"}``, bad bodies 422, unknown actions and
messages 404.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from flowhqd.simulator.customer import Customer
from flowhqd.simulator.errors import CodeRejected, QrRejected
from flowhqd.simulator.message import digits
from flowhqd.simulator.options import SimulatorOptions
from flowhqd.simulator.phone import Phone

if TYPE_CHECKING:
    from flowhqd.simulator.server import Simulator

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FIXED_OPTIONS = frozenset({"host", "port", "tls", "observers"})
SEND_FIELDS = frozenset(
    {"text", "message_id", "addressed_by", "type", "caption", "quotes", "chat", "subtype"}
)


def add_control_routes(application: web.Application, simulator: Simulator) -> None:
    control = Control(simulator)
    customer = "/control/phones/{number}/customers/{customer}"
    routes: list[tuple[str, str, Handler]] = [
        ("GET", "/control/devices", control.devices),
        ("GET", "/control/phones", control.phones),
        ("POST", "/control/phones/{number}/scan", control.scan),
        ("POST", "/control/phones/{number}/code", control.code),
        ("POST", "/control/phones/{number}/customers", control.add_customer),
        ("POST", f"{customer}/messages", control.send),
        ("GET", f"{customer}/messages", control.received),
        ("POST", f"{customer}/messages/{{id}}/decrypt", control.decrypt),
        ("POST", f"{customer}/messages/{{id}}/edit", control.edit),
        ("POST", f"{customer}/messages/{{id}}/revoke", control.revoke),
        ("POST", f"{customer}/read", control.read),
        ("POST", f"{customer}/owner", control.owner),
        ("POST", "/control/phones/{number}/{action}", control.act),
        ("GET", "/control/options", control.options),
        ("PATCH", "/control/options", control.change_options),
    ]
    for method, path, handler in routes:
        application.router.add_route(method, path, handler)


class Control:
    """The handlers; each is one line of the table above."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def _phone(self, request: web.Request) -> Phone:
        return self._simulator.phone(request.match_info["number"])

    def _customer(self, request: web.Request) -> Customer:
        return self._phone(request).customer(request.match_info["customer"])

    async def devices(self, request: web.Request) -> web.Response:
        pages = [
            {
                "profile": page.profile,
                "phone": page.device.phone.number if page.device else None,
                "qr": page.qr,
                "link_code": page.link_code.code if page.link_code else None,
            }
            for page in self._simulator.devices
        ]
        return web.json_response({"devices": pages})

    async def phones(self, request: web.Request) -> web.Response:
        phones = [
            {"number": phone.number, "link_state": phone.link_state}
            for phone in self._simulator.phones.values()
        ]
        return web.json_response({"phones": phones})

    async def scan(self, request: web.Request) -> web.Response:
        return await self._link(self._phone(request).scan, await _field(request, "qr"))

    async def code(self, request: web.Request) -> web.Response:
        return await self._link(self._phone(request).enter_code, await _field(request, "code"))

    async def _link(self, link: Callable[[str], Awaitable[Any]], value: str) -> web.Response:
        try:
            device = await link(value)
        except (QrRejected, CodeRejected) as error:
            return web.json_response({"error": error.code, "detail": str(error)}, status=409)
        return web.json_response({"device": device.id}, status=201)

    async def act(self, request: web.Request) -> web.Response:
        phone = self._phone(request)
        match request.match_info["action"]:
            case "drop":
                phone.drop_line()
            case "offline":
                phone.go_offline()
            case "online":
                phone.go_online()
            case "revoke":
                phone.revoke()
            case "conflict":
                phone.force_conflict()
            case "logout":
                phone.log_out(str((await _body(request)).get("reason", "user_initiated")))
            case "block":
                phone.block(await _field(request, "state"))
            case _:
                raise web.HTTPNotFound
        return web.json_response({"link_state": phone.link_state})

    async def add_customer(self, request: web.Request) -> web.Response:
        body = await _body(request)
        number, name, lid = await _field(request, "number"), body.get("name", ""), body.get("lid")
        if not 6 <= len(digits(number)) <= 15:
            raise _unprocessable("'number' must have 6 to 15 digits")
        if not isinstance(name, str):
            raise _unprocessable("'name' must be a text")
        if lid is not None and not (isinstance(lid, str) and lid.isascii() and lid.isdigit()):
            raise _unprocessable("'lid' must be digits or null")
        customer = self._phone(request).customer(number, name, lid)
        return web.json_response({"customer": customer.number}, status=201)

    async def send(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if unknown := body.keys() - SEND_FIELDS:
            raise _unprocessable(f"unknown fields: {', '.join(sorted(unknown))}")
        if wrong := [name for name, value in body.items() if not isinstance(value, str | None)]:
            raise _unprocessable(f"not a text: {', '.join(sorted(wrong))}")
        message_id = await self._customer(request).send(**body)
        return web.json_response({"message_id": message_id}, status=201)

    async def received(self, request: web.Request) -> web.Response:
        messages = [
            {**dataclasses.asdict(one), "at": one.at.isoformat()}
            for one in self._customer(request).received
        ]
        return web.json_response({"messages": messages})

    async def decrypt(self, request: web.Request) -> web.Response:
        return self._change(request, Customer.decrypt)

    async def edit(self, request: web.Request) -> web.Response:
        text = await _field(request, "text")
        return self._change(request, lambda customer, sent: customer.edit(sent, text))

    async def revoke(self, request: web.Request) -> web.Response:
        return self._change(request, Customer.revoke)

    def _change(
        self, request: web.Request, change: Callable[[Customer, str], None]
    ) -> web.Response:
        message_id = request.match_info["id"]
        try:
            change(self._customer(request), message_id)
        except KeyError:
            raise web.HTTPNotFound from None
        return web.json_response({"message_id": message_id})

    async def read(self, request: web.Request) -> web.Response:
        self._customer(request).read()
        return web.json_response({})

    async def owner(self, request: web.Request) -> web.Response:
        text = await _field(request, "text")
        message_id = self._phone(request).send_as_owner(self._customer(request), text)
        return web.json_response({"message_id": message_id}, status=201)

    async def options(self, request: web.Request) -> web.Response:
        return web.json_response(_visible(self._simulator.options))

    async def change_options(self, request: web.Request) -> web.Response:
        body = await _body(request)
        options = self._simulator.options
        if unknown := body.keys() - _visible(options).keys():
            raise _unprocessable(f"unknown options: {', '.join(sorted(unknown))}")
        for name, value in body.items():
            setattr(options, name, _like(getattr(options, name), value, name))
        return web.json_response(_visible(options))


def _visible(options: SimulatorOptions) -> dict[str, Any]:
    names = (field.name for field in dataclasses.fields(options))
    return {name: getattr(options, name) for name in names if name not in FIXED_OPTIONS}


def _like(current: object, value: object, name: str) -> object:
    """``value`` if it may stand in for ``current``; JSON has one kind of number."""
    if isinstance(current, float) and type(value) is int:
        return float(value)
    if type(value) is not type(current):
        raise _unprocessable(f"{name!r} must be a {type(current).__name__}")
    return value


async def _body(request: web.Request) -> dict[str, Any]:
    # curl sends JSON as a form unless told otherwise, so the declared type is not looked at.
    text = await request.text()
    try:
        body = json.loads(text or "{}")
    except ValueError as error:
        raise _unprocessable("the body is not JSON") from error
    if not isinstance(body, dict):
        raise _unprocessable("the body is not a JSON object")
    return body


async def _field(request: web.Request, name: str) -> str:
    value = (await _body(request)).get(name)
    if not isinstance(value, str) or not value:
        raise _unprocessable(f"{name!r} is missing")
    return value


def _unprocessable(detail: str) -> web.HTTPUnprocessableEntity:
    return web.HTTPUnprocessableEntity(
        text=web.json_response({"error": "invalid", "detail": detail}).text,
        content_type="application/json",
    )
