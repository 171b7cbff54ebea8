"""Accounts: signing up, logging in, links that the operator hands out, and passwords.

There is no e-mail here: a user who forgot their password asks the operator for a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from flowhqd.clock import Clock
from flowhqd.errors import Invalid
from flowhqd.http.client import client_address
from flowhqd.http.errors import TooManyFailures
from flowhqd.http.portal.auth import PORTAL_SESSION
from flowhqd.http.portal.errors import (
    AccountDisabled,
    SignupClosed,
    WrongCredentials,
    WrongPassword,
)
from flowhqd.http.portal.models import (
    OWN_PASSWORD,
    ChangePassword,
    LogIn,
    NewPassword,
    SignUp,
    is_own_address,
)
from flowhqd.http.services import services
from flowhqd.http.throttle import Throttle, Who
from flowhqd.log import get_logger
from flowhqd.passwords import Passwords
from flowhqd.settings import Signup
from flowhqd.states import Language
from flowhqd.store import people, portal_events, portal_sessions, portal_tokens
from flowhqd.store.people import AddressTaken, Origin, PortalUser
from flowhqd.store.portal_events import PortalEvent
from flowhqd.store.portal_tokens import TokenKind

PASSWORDS = web.AppKey("PASSWORDS", Passwords)
ATTEMPTS = web.AppKey("ATTEMPTS", Throttle)

_log = get_logger(__name__)


def setup(app: web.Application, clock: Clock) -> None:
    """Give ``app`` what accounts need."""
    app[PASSWORDS] = Passwords()
    app[ATTEMPTS] = Throttle(clock)


async def sign_up(request: web.Request, body: SignUp) -> PortalUser:
    """Make an account.

    Raises SignupClosed, AddressTaken, and TooManyFailures for an address that asks too often.
    """
    match services(request).settings.signup:
        case Signup.INVITE:
            raise SignupClosed("accounts are made by invitation: ask the operator for a link")
        case Signup.OFF:
            raise SignupClosed("no new accounts are made here")
    # Whoever tries which addresses have an account waits as those do who try passwords.
    async with _attempt(request, client_address(request)) as attempt:
        async with services(request).database.connection() as connection:
            found = await people.by_email(connection, body.email, Origin.LOCAL)
        if found is not None:
            await attempt.failed()
            raise AddressTaken("this address has an account already: log in with it")
        password_hash = await request.config_dict[PASSWORDS].hash(body.password)
        async with services(request).database.transaction() as connection:
            user = await people.create(
                connection,
                email=body.email,
                origin=Origin.LOCAL,
                password_hash=password_hash,
                language=body.language,
            )
            await portal_events.record(connection, PortalEvent.SIGNED_UP, user_id=user.id)
    _log.info("signed_up", user_id=str(user.id))
    return user


async def log_in(request: web.Request, body: LogIn) -> PortalUser:
    """The user with this address and password.

    Raises WrongCredentials with the same words, after the same work, whether there is no such user
    or the password is another; AccountDisabled only for who knows the password.
    """
    email = body.email.strip().lower()
    async with services(request).database.connection() as connection:
        user = await people.by_email(connection, email, Origin.LOCAL)
    if not await _is_right(request, email, user, body.password):
        raise WrongCredentials("the e-mail address or the password is wrong")
    assert user is not None  # noqa: S101 - no password is right for nobody
    if user.disabled_at is not None:
        raise AccountDisabled("this account is switched off; ask the operator")
    await _renew_hash(request, user, body.password)
    return user


async def change_password(request: web.Request, body: ChangePassword) -> None:
    """Another password for the user who is logged in; their other logins end.

    Raises WrongPassword, Invalid.
    """
    session = request[PORTAL_SESSION]
    user = session.user
    _refuse_own_address(user, body.password)
    await check_own_password(request, body.current_password)
    password_hash = await request.config_dict[PASSWORDS].hash(body.password)
    async with services(request).database.transaction() as connection:
        await people.set_password(connection, user.id, password_hash)
        await portal_sessions.delete_all(connection, user.id, but=session.id)
        await portal_tokens.void(connection, user.id)
    _log.info("password_changed", user_id=str(user.id))


async def check_own_password(request: web.Request, password: str) -> None:
    """Pass the user who is logged in only with their password; raises WrongPassword."""
    user = request[PORTAL_SESSION].user
    if not await _is_right(request, user.email, user, password):
        raise WrongPassword("the present password is another")


async def set_language(request: web.Request, language: Language) -> None:
    """Remember the language that the user who is logged in reads."""
    async with services(request).database.connection() as connection:
        await people.set_language(connection, request[PORTAL_SESSION].user.id, language)


async def user_of_link(request: web.Request, kind: TokenKind, value: str) -> PortalUser:
    """Whom a link is for, so that its page can say so; raises LinkOver, SignupClosed."""
    _refuse_closed(request, kind)
    async with services(request).database.connection() as connection:
        user_id = await portal_tokens.user_of(connection, kind, value)
        return await people.get(connection, user_id)


async def use_link(
    request: web.Request, kind: TokenKind, value: str, body: NewPassword
) -> PortalUser:
    """Set the password of a link's user, whose logins all end.

    Raises LinkOver, SignupClosed, Invalid. A link is used up by the password that is taken alone.
    """
    user = await user_of_link(request, kind, value)
    _refuse_own_address(user, body.password)
    password_hash = await request.config_dict[PASSWORDS].hash(body.password)
    async with services(request).database.transaction() as connection:
        await portal_tokens.use(connection, kind, value)
        await people.set_password(connection, user.id, password_hash, by_link=True)
        await portal_sessions.delete_all(connection, user.id)
        if kind is TokenKind.INVITE:
            await portal_events.record(
                connection,
                PortalEvent.SIGNED_UP,
                user_id=user.id,
                tenant_id=user.tenant_id,
                payload={"invited": True},
            )
    _log.info("link_used", user_id=str(user.id), kind=kind)
    return user


class _Attempt:
    """Something that is tried, in the name of an address or upon an account."""

    def __init__(self, throttle: Throttle, whose: tuple[Who, ...]) -> None:
        self._throttle = throttle
        self._whose = whose

    async def failed(self) -> None:
        """Wait as long as so many failures deserve."""
        await asyncio.sleep(max(self._throttle.penalty(who) for who in self._whose))


@asynccontextmanager
async def _attempt(request: web.Request, *whose: Who) -> AsyncIterator[_Attempt]:
    """Count what is tried; raises TooManyFailures when too much is under way."""
    throttle = request.config_dict[ATTEMPTS]
    begun: list[Who] = []
    try:
        for who in whose:
            if not throttle.begin(who):
                raise TooManyFailures("too many attempts at once; wait a few seconds")
            begun.append(who)
        yield _Attempt(throttle, whose)
    finally:
        for who in begun:
            throttle.waited(who)


async def _is_right(
    request: web.Request, email: str, user: PortalUser | None, password: str
) -> bool:
    address = client_address(request)
    async with _attempt(request, address, email) as attempt:
        password_hash = user.password_hash if user else None
        if await request.config_dict[PASSWORDS].is_right(password_hash, password):
            return True
        _log.warning("wrong_password", address=str(address), user_id=str(user.id) if user else None)
        await attempt.failed()
        return False


async def _renew_hash(request: web.Request, user: PortalUser, password: str) -> None:
    """A hash that was made at other costs is made anew, now that the password is known."""
    passwords = request.config_dict[PASSWORDS]
    if user.password_hash is not None and passwords.is_outdated(user.password_hash):
        renewed = await passwords.hash(password)
        async with services(request).database.connection() as connection:
            await people.set_password(connection, user.id, renewed)


def _refuse_closed(request: web.Request, kind: TokenKind) -> None:
    if kind is TokenKind.INVITE and services(request).settings.signup is Signup.OFF:
        raise SignupClosed("no new accounts are made here")


def _refuse_own_address(user: PortalUser, password: str) -> None:
    if is_own_address(user.email, password):
        raise Invalid({"password": OWN_PASSWORD})
