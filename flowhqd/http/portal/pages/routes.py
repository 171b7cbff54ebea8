"""Which page of the portal answers what."""

from __future__ import annotations

from aiohttp import web

from flowhqd.http.operation import Routes, Table
from flowhqd.http.portal import auth, i18n
from flowhqd.http.portal.pages import (
    account,
    data,
    entrance,
    link,
    log,
    opt_outs,
    own,
    settings,
    setup,
    status,
    texts,
    unanswered,
)
from flowhqd.http.portal.pages.render import CATALOGUES
from flowhqd.store.portal_tokens import TokenKind


def add(app: web.Application, table: Table) -> None:
    """Everything at and below /app; reads the catalogues, so it blocks shortly."""
    app[CATALOGUES] = i18n.Catalogues()
    _add_open(Routes(app, table))
    _add_own(Routes(app, table, guard=auth.middleware))


def _add_open(routes: Routes) -> None:
    """What needs no login."""
    page = routes.page
    page("GET", "/app", entrance.show)
    page("GET", "/app/", entrance.show)
    page("POST", "/app/language", entrance.choose_language)
    page("GET", "/app/signup", account.show_signup)
    page("POST", "/app/signup", account.sign_up)
    page("GET", "/app/login", account.show_login)
    page("POST", "/app/login", account.log_in)
    page("GET", "/app/gone", data.gone)
    for kind in TokenKind:
        page("GET", f"/app/{kind}/{{token}}", account.show_link(kind))
        page("POST", f"/app/{kind}/{{token}}", account.use_link(kind))


def _add_own(routes: Routes) -> None:
    """What is the user's own."""
    page = routes.page
    page("GET", "/app/status", status.show)
    page("POST", "/app/status/on", status.switch_on)
    page("POST", "/app/status/off", status.switch_off)
    page("GET", "/app/setup", setup.show)
    page("POST", "/app/setup", setup.save)
    page("POST", "/app/setup/withdraw", setup.withdraw)
    page("GET", "/app/whatsapp", link.show)
    page("POST", "/app/whatsapp/agree", link.agree)
    page("POST", "/app/whatsapp/code", link.ask_code)
    page("POST", "/app/whatsapp/qr", link.ask_qr)
    page("POST", "/app/whatsapp/unlink", link.unlink)
    page("GET", "/app/logs", log.show)
    page("GET", "/app/unanswered", unanswered.show)
    page("POST", "/app/unanswered/{id}/done", unanswered.done)
    page("GET", "/app/settings", settings.show)
    page("POST", "/app/settings/language", settings.save_language)
    page("GET", "/app/settings/hours", settings.show_hours)
    page("POST", "/app/settings/hours", settings.save_hours)
    page("GET", "/app/settings/texts", texts.list_)
    page("GET", "/app/settings/texts/{key}", texts.show)
    page("POST", "/app/settings/texts/{key}", texts.save)
    page("GET", "/app/settings/try", texts.show_trial)
    page("POST", "/app/settings/try", texts.try_it)
    page("GET", "/app/settings/silent", opt_outs.show)
    page("POST", "/app/settings/silent", opt_outs.add)
    page("POST", "/app/settings/silent/{id}/remove", opt_outs.remove)
    page("GET", "/app/account", account.show)
    page("POST", "/app/account/password", account.change_password)
    page("POST", "/app/logout", account.log_out)
    page("POST", "/app/logout-everywhere", account.log_out_everywhere)
    page("GET", "/app/data", data.show)
    page("POST", "/app/data/delete", data.delete)
    # What a page refers to is no page: the browser asks for pictures and files in other ways.
    routes.plain("GET", "/app/whatsapp/qr.svg", link.picture)
    routes.plain("GET", "/app/data/flowhqd.json", data.take_json)
    routes.plain("GET", "/app/data/messages.csv", data.take_csv)
    routes.plain("GET", "/app/events", own.events)
