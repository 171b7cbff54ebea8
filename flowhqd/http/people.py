"""The portal's users as the operator looks after them, for JSON and pages."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from uuid import UUID

from aiohttp import web

from flowhqd.errors import Conflict, Invalid, NotFound
from flowhqd.http import cursors
from flowhqd.http.client import public_origin
from flowhqd.http.portal.models import Invitation
from flowhqd.http.services import Services, services
from flowhqd.http.views import View
from flowhqd.settings import Signup
from flowhqd.states import Language
from flowhqd.store import people, portal_sessions, portal_tokens, states, tenants
from flowhqd.store.people import Origin, PortalUser
from flowhqd.store.portal_tokens import Token, TokenKind


class UserView(View):
    """Somebody who uses the portal; ``is_invited`` until they chose a password."""

    id: UUID
    email: str
    origin: Origin
    language: Language
    tenant_id: UUID | None
    is_invited: bool
    email_verified_at: datetime | None
    disabled_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, user: PortalUser) -> Self:
        """The view of a stored user."""
        return cls.model_validate(user)


class LinkView(View):
    """A link to hand to its user, shown this once; it works once, until it expires."""

    kind: TokenKind
    url: str
    expires_at: datetime


class UserPage(View):
    """Some of the users; ``next`` is the cursor of the next page, null on the last."""

    users: list[UserView]
    next: str | None


class UserAnswer(View):
    user: UserView


class UserWithLink(View):
    """A user and the link to hand to them."""

    user: UserView
    link: LinkView


async def page(
    daemon: Services, *, search: str | None = None, after: str | None, limit: int
) -> UserPage:
    """Users, newest first, and the cursor of the next page."""
    scope = f"users {search or ''}"
    position = None if after is None else cursors.row_position(scope, after, field="after")
    async with daemon.database.connection() as connection:
        rows = await people.page(connection, after=position, search=search, limit=limit + 1)
    shown, more = rows[:limit], len(rows) > limit
    return UserPage(
        users=[UserView.of(row) for row in shown],
        next=cursors.of_row(scope, shown[-1].created_at, shown[-1].id) if more else None,
    )


async def get(daemon: Services, user_id: UUID) -> UserView:
    """One user; raises NotFound."""
    async with daemon.database.connection() as connection:
        return UserView.of(await people.get(connection, user_id))


async def invite(request: web.Request, body: Invitation, *, actor: str) -> UserWithLink:
    """Add a user, who chooses a password by the link.

    Raises Conflict for an address that has an account or while SIGNUP is off, and Invalid for a
    tenant that is not there.
    """
    if services(request).settings.signup is Signup.OFF:
        raise Conflict("SIGNUP is off: nobody can make an account")
    async with services(request).database.transaction() as connection:
        if body.tenant_id is not None:
            try:
                await tenants.get(connection, body.tenant_id)
            except NotFound:
                raise Invalid({"tenant_id": "is no tenant's id"}) from None
        user = await people.create(
            connection,
            email=body.email,
            origin=Origin.LOCAL,
            language=body.language,
            tenant_id=body.tenant_id,
        )
        token = await portal_tokens.create(connection, TokenKind.INVITE, user.id)
        await states.audit(
            connection,
            user.tenant_id,
            actor=actor,
            action="user_invited",
            detail={"user_id": str(user.id)},
        )
    return _with_link(request, user, token)


async def new_link(request: web.Request, user_id: UUID, *, actor: str) -> UserWithLink:
    """Another link for a user, the one before works no more: to choose a first password, or a new
    one.

    Raises NotFound, and Conflict for a user who has no password here or is kept out.
    """
    async with services(request).database.transaction() as connection:
        user = await people.lock(connection, user_id)
        if user.origin is Origin.TRUSTED:
            raise Conflict(f"{user.email} logs in at another front end, which has the password")
        if user.disabled_at is not None:
            raise Conflict(f"{user.email} is disabled; enable the account first")
        kind = TokenKind.INVITE if user.is_invited else TokenKind.RESET
        token = await portal_tokens.create(connection, kind, user.id)
        await states.audit(
            connection,
            user.tenant_id,
            actor=actor,
            action="user_link",
            detail={"user_id": str(user.id), "kind": kind},
        )
    return _with_link(request, user, token)


async def set_disabled(daemon: Services, user_id: UUID, *, disabled: bool, actor: str) -> UserView:
    """Keep a user out from now on, or let them in again; raises NotFound."""
    async with daemon.database.transaction() as connection:
        before = await people.lock(connection, user_id)
        user = await people.set_disabled(connection, user_id, disabled=disabled)
        if disabled:
            await portal_sessions.delete_all(connection, user_id)
            await portal_tokens.void(connection, user_id)
        if (before.disabled_at is None) is disabled:
            await states.audit(
                connection,
                user.tenant_id,
                actor=actor,
                action="user_disabled" if disabled else "user_enabled",
                detail={"user_id": str(user_id)},
            )
    return UserView.of(user)


def _with_link(request: web.Request, user: PortalUser, token: Token) -> UserWithLink:
    url = f"{public_origin(request)}/app/{token.kind}/{token.value}"
    link = LinkView(kind=token.kind, url=url, expires_at=token.expires_at)
    return UserWithLink(user=UserView.of(user), link=link)
