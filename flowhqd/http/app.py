"""The application: which path is answered by what."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import auth, errors, headers, origin
from flowhqd.http.api import health, logs, qr, tenants, workers
from flowhqd.http.body import MAX_BYTES
from flowhqd.http.services import SERVICES, Services
from flowhqd.http.tenants import VERBS
from flowhqd.http.throttle import Throttle


def create_app(services: Services) -> web.Application:
    """The application of one daemon."""
    app = web.Application(
        middlewares=[errors.middleware(_no_page), origin.middleware], client_max_size=MAX_BYTES
    )
    app[SERVICES] = services
    app[auth.THROTTLE] = Throttle(services.clock)
    app.on_response_prepare.append(headers.add)
    app.router.add_get("/", _to_login)
    app.router.add_get("/healthz", health.healthz)
    app.router.add_get("/readyz", health.readyz)
    app.add_subapp("/admin/", _admin())
    return app


def _admin() -> web.Application:
    """Everything below /admin but the login itself."""
    admin = web.Application(middlewares=[auth.middleware], client_max_size=MAX_BYTES)
    one = "/tenants/{id}"
    admin.router.add_get("/tenants", tenants.list_)
    admin.router.add_post("/tenants", tenants.create)
    admin.router.add_get(one, tenants.read)
    admin.router.add_patch(one, tenants.edit)
    admin.router.add_delete(one, tenants.delete)
    admin.router.add_post(f"{one}/edit", tenants.edit)
    admin.router.add_post(f"{one}/delete", tenants.delete)
    admin.router.add_get(f"{one}/status", tenants.status)
    admin.router.add_get(f"{one}/qr", qr.show)
    admin.router.add_get(f"{one}/logs", logs.list_)
    for path, act in VERBS.items():
        admin.router.add_post(f"{one}/{path}", workers.verb(act))
    admin.router.add_post(f"{one}/worker/force-restart", workers.force_restart)
    admin.router.add_post(f"{one}/pairing-code", workers.pairing_code)
    return admin


async def _to_login(_: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther("/admin/tenants")


def _no_page(request: web.Request, problem: errors.Problem) -> web.StreamResponse:
    return web.Response(status=problem.status, text=problem.detail)
