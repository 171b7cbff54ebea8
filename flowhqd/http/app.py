"""The application: which path is answered by what."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http import auth, browsers, compression, errors, headers, live, openapi, origin
from flowhqd.http.api import (
    health,
    host,
    keys,
    logs,
    messages,
    metrics,
    people,
    qr,
    setup_requests,
    tenants,
    texts,
    unanswered,
    workers,
)
from flowhqd.http.body import MAX_BYTES
from flowhqd.http.errors import Problem
from flowhqd.http.operation import TABLE, Routes, Table
from flowhqd.http.pages import docs, login, problem, render, tenant, tenant_form, tenant_list
from flowhqd.http.pages import host as host_pages
from flowhqd.http.pages import keys as key_pages
from flowhqd.http.pages import logs as log_pages
from flowhqd.http.pages import people as people_pages
from flowhqd.http.pages import setup_requests as request_pages
from flowhqd.http.pages import texts as text_pages
from flowhqd.http.portal import accounts
from flowhqd.http.portal import api as portal
from flowhqd.http.portal import auth as portal_auth
from flowhqd.http.portal.pages import problem as portal_problem
from flowhqd.http.portal.pages import routes as portal_pages
from flowhqd.http.services import SERVICES, Services
from flowhqd.http.static import Assets
from flowhqd.http.tenants import VERBS
from flowhqd.http.throttle import Throttle


def create_app(services: Services) -> web.Application:
    """The application of one daemon; reads the templates and static files, so it blocks shortly."""
    assets = Assets()
    app = web.Application(
        middlewares=[
            compression.middleware,
            metrics.count_requests,
            errors.middleware(_show_problem),
            origin.middleware,
        ],
        client_max_size=MAX_BYTES,
    )
    app[SERVICES] = services
    app[auth.THROTTLE] = Throttle(services.clock)
    app[live.STREAMS] = live.Streams()
    app.on_response_prepare.append(headers.add)
    app.on_shutdown.append(_end_streams)
    app.cleanup_ctx.append(browsers.context)
    render.setup(app, assets)
    table: Table = {}
    app[TABLE] = table
    routes = Routes(app, table)
    routes.plain("GET", "/", _right_door)
    routes.json("GET", "/healthz", health.healthz)
    routes.json("GET", "/readyz", health.readyz)
    routes.plain("GET", "/static/{name}", assets.serve)
    routes.plain("GET", auth.LOGIN_PATH, login.show)
    routes.plain("POST", auth.LOGIN_PATH, login.submit)
    guarded = Routes(app, table, guard=auth.middleware)
    guarded.json("GET", "/openapi.json", openapi.show)
    guarded.page("GET", "/docs", docs.show)
    guarded.json("GET", "/metrics", metrics.show)
    app.add_subapp("/admin/", _admin(table))
    accounts.setup(app, services.clock)
    portal_pages.add(app, table)
    app.add_subapp("/api/portal/", portal.own_api(table))
    app.add_subapp("/portal/", portal.front_end_api(table))
    openapi.add(app)
    return app


def _admin(table: Table) -> web.Application:
    """Everything below /admin but the login itself."""
    admin = web.Application(middlewares=[auth.middleware], client_max_size=MAX_BYTES)
    routes = Routes(admin, table)
    add, page = routes.json, routes.page
    routes.plain("GET", "", _home)
    routes.plain("GET", "/", _home)
    routes.plain("POST", "/logout", login.log_out)
    page("POST", "/logins/end", login.log_out_everywhere)
    page("POST", "/logins/{id}/end", login.end)
    add("GET", "/events", live.admin_events)
    add("GET", "/tenants", tenants.list_, page=tenant_list.show)
    page("POST", "/tenants/many", tenant_list.act_on_many)
    add("POST", "/tenants", tenants.create, page=tenant_form.create)
    page("GET", "/tenants/new", tenant_form.new)
    add("GET", "/host", host.show, page=host_pages.show)
    add("GET", "/unanswered", unanswered.of_all, page=host_pages.list_unanswered)
    add("GET", "/keys", keys.list_, page=key_pages.list_)
    add("POST", "/keys", keys.create, page=key_pages.create)
    add("POST", "/keys/{id}/revoke", keys.revoke, page=key_pages.revoke)
    _tenant(routes)
    _people(routes)
    return admin


def _tenant(routes: Routes) -> None:
    """One tenant: what it is, what it says, and what can be asked of its worker."""
    add, page, one = routes.json, routes.page, "/tenants/{id}"
    add("GET", one, tenants.read, page=tenant.show)
    page("GET", f"{one}/edit", tenant_form.edit)
    add("POST", f"{one}/edit", tenants.edit, page=tenant_form.save)
    page("GET", f"{one}/delete", tenant.confirm_delete)
    add("POST", f"{one}/delete", tenants.delete, page=tenant.delete)
    add("PATCH", one, tenants.edit)
    add("DELETE", one, tenants.delete)
    add("GET", f"{one}/status", tenants.status, page=tenant.to_tenant)
    add("GET", f"{one}/qr", qr.show, page=qr.show_or(tenant.to_tenant))
    add("GET", f"{one}/logs", logs.list_, page=log_pages.list_)
    add("GET", f"{one}/logs.csv", logs.as_csv)
    add("GET", f"{one}/stats", logs.traffic)
    add("GET", f"{one}/audit", logs.list_events, page=tenant.list_events)
    add("GET", f"{one}/texts", texts.list_, page=text_pages.list_)
    add("GET", f"{one}/texts/{{key}}", texts.read, page=text_pages.edit)
    add("PUT", f"{one}/texts/{{key}}", texts.save)
    page("POST", f"{one}/texts/{{key}}", text_pages.save)
    add("POST", f"{one}/texts/{{key}}/preview", texts.preview)
    page("GET", f"{one}/try", text_pages.try_out)
    add("POST", f"{one}/try", texts.try_out, page=text_pages.try_out)
    add("GET", f"{one}/unanswered", unanswered.of_tenant)
    settle = f"{one}/unanswered/{{message_id}}/done"
    add("POST", settle, unanswered.done, page=host_pages.done)
    add("POST", f"{one}/messages", messages.send)
    add("POST", f"{one}/test-message", messages.send_test)
    for path, act in VERBS.items():
        add("POST", f"{one}/{path}", workers.verb(act), page=tenant.verb(act))
    worker = f"{one}/worker"
    add("POST", f"{worker}/force-restart", workers.force_restart, page=tenant.force_restart)
    page("GET", f"{one}/unlink", tenant.confirm_unlink)
    add("POST", f"{one}/pairing-code", workers.pairing_code, page=tenant.pairing_code)
    picture = workers.screenshot_or(tenant.screen)
    add("GET", f"{one}/screenshot", workers.screenshot, page=picture)


def _people(routes: Routes) -> None:
    """The portal's users, and what they ask for."""
    add = routes.json
    add("GET", "/users", people.list_, page=people_pages.list_)
    add("POST", "/users", people.invite, page=people_pages.invite)
    add("POST", "/users/{id}/reset-link", people.reset_link, page=people_pages.reset_link)
    for verb, disabled in (("disable", True), ("enable", False)):
        page = people_pages.set_disabled(disabled)
        add("POST", f"/users/{{id}}/{verb}", people.set_disabled(disabled), page=page)
    asked = "/setup-requests"
    add("GET", asked, setup_requests.list_, page=request_pages.list_)
    add("POST", f"{asked}/{{id}}/approve", setup_requests.approve, page=request_pages.approve)
    add("POST", f"{asked}/{{id}}/reject", setup_requests.reject, page=request_pages.reject)


async def _end_streams(app: web.Application) -> None:
    # Else the server would wait for readers of changes, who never go by themselves.
    app[SERVICES].changes.close()


async def _show_problem(request: web.Request, found: Problem) -> web.StreamResponse:
    """The page for a problem, each side's own."""
    is_portal = (request.path + "/").startswith("/app/")
    show = portal_problem.show if is_portal else problem.show
    return await show(request, found)


async def _right_door(request: web.Request) -> web.StreamResponse:
    """To the admin's pages for who is logged in there or offers to, else to the portal."""
    offers = "Authorization" in request.headers
    is_admin = offers or await auth.current_session(request) is not None
    raise web.HTTPSeeOther(login.HOME if is_admin else portal_auth.HOME)


async def _home(_: web.Request) -> web.StreamResponse:
    raise web.HTTPSeeOther(login.HOME)
