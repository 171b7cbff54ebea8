"""Accounts: signing up, logging in and out, passwords, the links that the operator hands out."""

from __future__ import annotations

import re

from aiohttp import web

from flowhqd.errors import Invalid
from flowhqd.http.again import FIELD, Typed, page_of_form
from flowhqd.http.body import form, validate
from flowhqd.http.errors import TooManyFailures
from flowhqd.http.negotiation import Handler
from flowhqd.http.portal import accounts, auth, wording
from flowhqd.http.portal.errors import (
    AccountDisabled,
    LoginNeeded,
    SignupClosed,
    WrongCredentials,
    WrongPassword,
)
from flowhqd.http.portal.models import ChangePassword, LogIn, NewPassword, SignUp
from flowhqd.http.portal.pages import again
from flowhqd.http.portal.pages.entrance import STATUS
from flowhqd.http.portal.pages.render import (
    language_of,
    remember_language,
    render,
    suggest_language,
)
from flowhqd.http.services import services
from flowhqd.settings import Signup
from flowhqd.store.people import AddressTaken, PortalUser
from flowhqd.store.portal_tokens import TokenKind

# A login leads back to what it was asked for, but not to the login itself.
_NO_TARGET = re.compile(r"/app/(?:login|signup|logout|invite|reset)\b.*")


async def show_signup(request: web.Request) -> web.Response:
    """The form for an account."""
    await _refuse_double(request)
    return _signup(request)


async def sign_up(request: web.Request) -> web.Response:
    """Make an account and log it in, or show the form with what is wrong."""
    fields = await form(request)
    given = {name: fields.get(name, "") for name in ("email", "password")}
    try:
        body = validate(SignUp, {**given, "language": language_of(request)})
        user = await accounts.sign_up(request, body)
    except Invalid as error:
        return _signup(request, fields, wording.of_fields(error.errors, given), 422)
    except TooManyFailures as error:
        return _signup(request, fields, {"email": wording.of_problem(error.code, 0)}, 429)
    except AddressTaken as error:
        # Who knows its password clicked twice, or forgot that they have an account.
        try:
            user = await accounts.log_in(request, validate(LogIn, given))
        except (WrongCredentials, AccountDisabled, TooManyFailures):
            return _signup(request, fields, {"email": wording.of_problem(error.code, 0)}, 409)
    raise await _enter(request, user, "/app/setup")


async def show_login(request: web.Request) -> web.Response:
    """The form; ``?next=`` is where it leads."""
    await _refuse_double(request)
    return _login(request, {"next": request.query.get("next", "")})


async def log_in(request: web.Request) -> web.Response:
    """Log in, or show the form with what is wrong; then what was typed when the last one ended."""
    fields = await form(request)
    typed = Typed.read(fields.get(FIELD, ""), again.FORMS)
    try:
        given = {name: fields.get(name, "")[:1000] for name in ("email", "password")}
        user = await accounts.log_in(request, validate(LogIn, given))
    except (WrongCredentials, AccountDisabled, TooManyFailures) as error:
        problem = wording.of_problem(error.code, error.status)
        return _login(request, fields, {"form": problem}, error.status, typed)
    if typed is None:
        raise await _enter(request, user, _target(fields))
    cookie = await auth.start_session(request, user)
    response = again.show(request, typed, status=200)
    auth.set_cookie(request, response, cookie)
    remember_language(request, response, user.language)
    return response


async def login_needed(request: web.Request) -> web.Response:
    """The form in place of what a form was sent to after its login was over.

    What it sent is kept for after the login; the login leads back to where it was sent from.
    """
    typed = await Typed.of(request, again.FORMS)
    said = wording.LOGIN_OVER if typed is None else wording.LOGIN_OVER_AND_KEPT
    fields = {"next": page_of_form(request)}
    return _login(request, fields, {"form": said}, LoginNeeded.status, typed)


async def log_out(request: web.Request) -> web.Response:
    """End this login."""
    raise await _leave(request, everywhere=False)


async def log_out_everywhere(request: web.Request) -> web.Response:
    """End every login of the user's."""
    raise await _leave(request, everywhere=True)


async def show(request: web.Request) -> web.Response:
    """The user's account."""
    return render(request, "account.html", errors={}, is_done="done" in request.query)


async def change_password(request: web.Request) -> web.Response:
    """Take another password, or show the form with what is wrong."""
    fields = await form(request)
    given = {name: fields.get(name, "") for name in ("current_password", "password")}
    try:
        await accounts.change_password(request, validate(ChangePassword, given))
    except Invalid as error:
        errors, status = wording.of_fields(error.errors, given), 422
    except (WrongPassword, TooManyFailures) as error:
        errors = {"current_password": wording.of_problem(error.code, error.status)}
        status = error.status
    else:
        raise web.HTTPSeeOther("/app/account?done")
    return render(request, "account.html", status=status, errors=errors, is_done=False)


def show_link(kind: TokenKind) -> Handler:
    """The page of a link of this kind: a form for a password."""

    async def handle(request: web.Request) -> web.Response:
        user = await accounts.user_of_link(request, kind, request.match_info["token"])
        return _link(request, kind, user)

    return handle


def use_link(kind: TokenKind) -> Handler:
    """Take the password of a link's form and log its user in, or show what is wrong."""

    async def handle(request: web.Request) -> web.Response:
        value = request.match_info["token"]
        user = await accounts.user_of_link(request, kind, value)
        try:
            body = validate(NewPassword, {"password": (await form(request)).get("password", "")})
            await accounts.use_link(request, kind, value, body)
        except Invalid as error:
            return _link(request, kind, user, wording.of_fields(error.errors, ["password"]))
        raise await _enter(request, user, STATUS)

    return handle


async def _refuse_double(request: web.Request) -> None:
    """Whoever is logged in goes on to their status."""
    if await auth.current_session(request) is not None:
        raise web.HTTPSeeOther(STATUS)


async def _enter(request: web.Request, user: PortalUser, target: str) -> web.HTTPSeeOther:
    """To ``target``, logged in."""
    entered = await auth.log_in(request, user, target)
    remember_language(request, entered, user.language)
    return entered


async def _leave(request: web.Request, *, everywhere: bool) -> web.HTTPSeeOther:
    left = await auth.end_session(request, everywhere=everywhere)
    remember_language(request, left, language_of(request))
    return left


def _target(fields: dict[str, str]) -> str:
    target = auth.own_path(fields.get("next", ""), STATUS)
    return STATUS if _NO_TARGET.fullmatch(target) else target


def _signup(
    request: web.Request,
    fields: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> web.Response:
    if services(request).settings.signup is not Signup.OPEN:
        raise SignupClosed("accounts are made by invitation")
    email = (fields or {}).get("email", "")
    return render(request, "signup.html", status=status, email=email, errors=errors or {})


def _login(
    request: web.Request,
    fields: dict[str, str],
    errors: dict[str, str] | None = None,
    status: int = 200,
    typed: Typed | None = None,
) -> web.Response:
    return render(
        request,
        "login.html",
        status=status,
        email=fields.get("email", ""),
        again_field=FIELD,
        again="" if typed is None else str(typed),
        next=_target(fields),
        errors=errors or {},
        is_open=services(request).settings.signup is Signup.OPEN,
    )


def _link(
    request: web.Request,
    kind: TokenKind,
    user: PortalUser,
    errors: dict[str, str] | None = None,
) -> web.Response:
    suggest_language(request, user.language)
    return render(
        request,
        "link.html",
        status=422 if errors else 200,
        kind=kind,
        email=user.email,
        errors=errors or {},
    )
