"""Users of the portal, their logins and their links."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from flowhqd.errors import Conflict, NotFound
from flowhqd.passwords import Passwords
from flowhqd.states import Language
from flowhqd.store import people, portal_sessions, portal_tokens, tenants
from flowhqd.store.people import Origin
from flowhqd.store.portal_tokens import LIFETIMES, LinkOver, TokenKind
from flowhqd.store.tickets import Ticket, digest
from tests.people import new_user
from tests.tenants import new_tenant

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as connection:
        yield connection


async def test_an_address_is_one_user_for_each_origin(connection: Connection) -> None:
    local = await new_user(connection, email="asha@example.com")
    trusted = await new_user(connection, email="asha@example.com", origin=Origin.TRUSTED)
    assert local.id != trusted.id
    for origin, user in ((Origin.LOCAL, local), (Origin.TRUSTED, trusted)):
        assert await people.by_email(connection, "asha@example.com", origin) == user
        with pytest.raises(Conflict, match="has an account already"):
            await new_user(connection, email="asha@example.com", origin=origin)
    assert await people.by_email(connection, "juma@example.com", Origin.LOCAL) is None
    for find in (people.get, people.lock):
        with pytest.raises(NotFound, match="user"):
            await find(connection, uuid4())


async def test_users_are_listed_newest_first_and_searched(connection: Connection) -> None:
    made = [await new_user(connection, email=f"{name}@example.com") for name in ("a", "b", "a_c")]
    newest = list(reversed(made))
    assert await people.page(connection, limit=10) == newest
    after = (newest[0].created_at, newest[0].id)
    assert await people.page(connection, after=after, limit=1) == newest[1:2]
    assert await people.page(connection, search="A", limit=9) == [
        user for user in newest if "a" in user.email
    ]
    assert await people.page(connection, search="a_c", limit=9) == [made[2]]
    assert await people.page(connection, search="%", limit=9) == []


async def test_a_user_changes(connection: Connection) -> None:
    user = await new_user(connection)
    assert user.is_invited
    tenant_id = await new_tenant(connection)
    await people.set_password(connection, user.id, "hash")
    await people.set_language(connection, user.id, Language.EN)
    await people.set_tenant(connection, user.id, tenant_id)
    changed = await people.get(connection, user.id)
    assert (changed.password_hash, changed.language) == ("hash", Language.EN)
    assert (changed.email_verified_at, changed.is_invited) == (None, False)
    assert await people.of_tenant(connection, tenant_id) == [changed]
    assert "hash" not in repr(changed).replace("password_hash", "")

    await people.set_password(connection, user.id, "other", by_link=True)
    verified_at = (await people.get(connection, user.id)).email_verified_at
    assert verified_at is not None

    disabled = await people.set_disabled(connection, user.id, disabled=True)
    assert disabled.disabled_at is not None
    assert await people.set_disabled(connection, user.id, disabled=True) == disabled
    assert (await people.set_disabled(connection, user.id, disabled=False)).disabled_at is None

    await tenants.delete(connection, tenant_id)
    assert (await people.get(connection, user.id)).tenant_id is None


async def test_a_login_is_found_by_its_whole_cookie(connection: Connection) -> None:
    user = await new_user(connection)
    cookie = await portal_sessions.create(connection, user.id)
    ticket = Ticket.parse(cookie)
    assert ticket is not None
    found = await portal_sessions.find(connection, cookie)
    assert found is not None
    assert found.user == user
    assert found.csrf_token
    for forged in ("", ".", "x.y", f"{ticket.id}.", f"{ticket.id}.{'x' * 43}", f"{ticket.id}",
                   f"{uuid4()}.{ticket.secret}", f"{cookie}x", "\udcff.\udcff"):  # fmt: skip
        assert await portal_sessions.find(connection, forged) is None
    stored = await connection.fetchval("select secret_hash from portal_session")
    assert stored == digest(ticket.secret)
    assert ticket.secret not in repr(ticket)

    other = await portal_sessions.create(connection, user.id)
    await portal_sessions.delete_all(connection, user.id, but=found.id)
    assert await portal_sessions.find(connection, other) is None
    assert await portal_sessions.find(connection, cookie) == found
    await portal_sessions.delete(connection, found.id)
    assert await portal_sessions.find(connection, cookie) is None


@pytest.mark.parametrize(
    "ending",
    [
        "update portal_session set expires_at = now()",
        "update portal_session set last_used_at = now() - interval '30 days'",
        "update portal_user set disabled_at = now()",
    ],
)
async def test_a_login_ends(connection: Connection, ending: str) -> None:
    user = await new_user(connection)
    cookie = await portal_sessions.create(connection, user.id)
    await connection.execute(ending)
    assert await portal_sessions.find(connection, cookie) is None
    await portal_sessions.create(connection, user.id)
    left = 2 if "disabled" in ending else 1
    assert await connection.fetchval("select count(*) from portal_session") == left


async def test_a_login_in_use_stays(connection: Connection) -> None:
    user = await new_user(connection)
    cookie = await portal_sessions.create(connection, user.id)
    for _ in range(3):
        await connection.execute(
            "update portal_session set last_used_at = last_used_at - interval '20 days'"
        )
        assert await portal_sessions.find(connection, cookie) is not None


async def test_a_link_works_once(connection: Connection) -> None:
    user = await new_user(connection)
    token = await portal_tokens.create(connection, TokenKind.RESET, user.id)
    assert token.value not in repr(token)
    assert await portal_tokens.user_of(connection, TokenKind.RESET, token.value) == user.id
    for wrong in ((TokenKind.INVITE, token.value), (TokenKind.RESET, token.value + "x")):
        with pytest.raises(LinkOver):
            await portal_tokens.use(connection, *wrong)
    assert await portal_tokens.use(connection, TokenKind.RESET, token.value) == user.id
    for look in (portal_tokens.use, portal_tokens.user_of):
        with pytest.raises(LinkOver, match="ask for a new one"):
            await look(connection, TokenKind.RESET, token.value)


async def test_a_new_link_ends_the_one_before(connection: Connection) -> None:
    user, other = await new_user(connection), await new_user(connection)
    kept = await portal_tokens.create(connection, TokenKind.RESET, other.id)
    first = await portal_tokens.create(connection, TokenKind.INVITE, user.id)
    second = await portal_tokens.create(connection, TokenKind.RESET, user.id)
    with pytest.raises(LinkOver):
        await portal_tokens.use(connection, first.kind, first.value)
    assert await portal_tokens.use(connection, second.kind, second.value) == user.id
    assert await portal_tokens.use(connection, kept.kind, kept.value) == other.id


async def test_a_link_grows_old(connection: Connection) -> None:
    user = await new_user(connection)
    for kind, lifetime in LIFETIMES.items():
        for age, works in ((lifetime - timedelta(minutes=1), True), (lifetime, False)):
            token = await portal_tokens.create(connection, kind, user.id)
            await connection.execute(
                "update portal_token set expires_at = expires_at - $1::interval", age
            )
            if works:
                assert await portal_tokens.use(connection, kind, token.value) == user.id
            else:
                with pytest.raises(LinkOver):
                    await portal_tokens.use(connection, kind, token.value)


async def test_passwords_are_hashed_and_checked() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("kahawa na chai")
    assert hashed != await passwords.hash("kahawa na chai")
    assert "kahawa" not in hashed
    assert await passwords.is_right(hashed, "kahawa na chai")
    assert not await passwords.is_right(hashed, "kahawa na Chai")
    assert not await passwords.is_right("no hash", "kahawa na chai")
    assert not passwords.is_outdated(hashed)
    assert passwords.is_outdated(hashed.replace("t=2", "t=1"))


async def test_nobody_has_no_password() -> None:
    """What is checked in place of a user who is not there is right for no password."""
    passwords = Passwords()
    for password in ("", "kahawa na chai"):
        assert not await passwords.is_right(None, password)
