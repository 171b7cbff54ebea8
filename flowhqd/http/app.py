"""The application: which path is answered by what."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import auth, errors, headers, origin
from flowhqd.http.api import health, logs, messages, qr, tenants, workers
from flowhqd.http.body import MAX_BYTES
from flowhqd.http.negotiation import Handler, negotiated
from flowhqd.http.pages import login, problem, render, tenant_form
from flowhqd.http.pages import tenants as pages
from flowhqd.http.services import SERVICES, Services
from flowhqd.http.static import Assets
from flowhqd.http.tenants import VERBS
from flowhqd.http.throttle import Throttle


def create_app(services: Services) -> web.Application:
    """The application of one daemon; reads the templates and static files, so it blocks shortly."""
    assets = Assets()
    app = web.Application(
        middlewares=[errors.middleware(problem.show), origin.middleware], client_max_size=MAX_BYTES
    )
    app[SERVICES] = services
    app[auth.THROTTLE] = Throttle(services.clock)
    app.on_response_prepare.append(headers.add)
    render.setup(app, assets)
    app.router.add_get("/", _home)
    app.router.add_get("/healthz", health.healthz)
    app.router.add_get("/readyz", health.readyz)
    app.router.add_get("/static/{name}", assets.serve)
    app.router.add_get(auth.LOGIN_PATH, login.show)
    app.router.add_post(auth.LOGIN_PATH, login.submit)
    app.add_subapp("/admin/", _admin())
    return app


def _admin() -> web.Application:
    """Everything below /admin but the login itself."""
    admin = web.Application(middlewares=[auth.middleware], client_max_size=MAX_BYTES)

    def add(method: str, path: str, json: Handler, page: Handler) -> None:
        handler = negotiated(json, page)
        if method == "GET":
            admin.router.add_get(path, handler)
        else:
            admin.router.add_route(method, path, handler)

    router, one = admin.router, "/tenants/{id}"
    router.add_get("", _home)
    router.add_get("/", _home)
    router.add_post("/logout", login.log_out)
    add("GET", "/tenants", tenants.list_, pages.list_)
    add("POST", "/tenants", tenants.create, tenant_form.create)
    add("GET", "/tenants/new", _page_only, tenant_form.new)
    add("GET", one, tenants.read, pages.show)
    add("GET", f"{one}/edit", _page_only, tenant_form.edit)
    add("POST", f"{one}/edit", tenants.edit, tenant_form.save)
    add("GET", f"{one}/delete", _page_only, pages.confirm_delete)
    add("POST", f"{one}/delete", tenants.delete, pages.delete)
    router.add_patch(one, tenants.edit)
    router.add_delete(one, tenants.delete)
    add("GET", f"{one}/status", tenants.status, pages.to_tenant)
    add("GET", f"{one}/qr", qr.show, qr.show_or(pages.to_tenant))
    add("GET", f"{one}/logs", logs.list_, pages.logs)
    router.add_post(f"{one}/messages", messages.send)
    router.add_post(f"{one}/test-message", messages.send_test)
    for path, act in VERBS.items():
        add("POST", f"{one}/{path}", workers.verb(act), pages.verb(act))
    add("POST", f"{one}/worker/force-restart", workers.force_restart, pages.force_restart)
    add("POST", f"{one}/pairing-code", workers.pairing_code, pages.pairing_code)
    return admin


async def _home(_: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(login.HOME)


async def _page_only(_: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound
