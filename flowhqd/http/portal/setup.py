"""Set-up requests as their users make them, and the consent that linking needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flowhqd.changes import Topic
from flowhqd.errors import Conflict
from flowhqd.http.portal.errors import HasTenant
from flowhqd.http.portal.models import SetupDraft, SetupRequestCreate, SetupSubmit
from flowhqd.http.services import Services
from flowhqd.states import SetupStatus
from flowhqd.store import people, portal_events, setup_requests
from flowhqd.store.portal_events import PortalEvent
from flowhqd.store.setup_requests import SetupRequest, Wish

if TYPE_CHECKING:
    from flowhqd.store.people import PortalUser
    from flowhqd.store.pool import Connection

CONSENT_VERSION = 1
"""Grows when what users agree to says something else, so that they are asked again."""

Filled = SetupDraft | SetupSubmit | SetupRequestCreate


async def latest(daemon: Services, user: PortalUser) -> SetupRequest | None:
    """The user's request, if they made one."""
    async with daemon.database.connection() as connection:
        return await setup_requests.latest_of_user(connection, user.id)


async def save(daemon: Services, user: PortalUser, body: SetupDraft) -> SetupRequest:
    """Keep what was filled in; raises HasTenant, and Conflict while a request is under way."""
    async with daemon.database.transaction() as connection:
        await _lock(connection, user)
        return await setup_requests.save(connection, user.id, _wish(body))


async def submit(
    daemon: Services, user: PortalUser, body: SetupSubmit | SetupRequestCreate
) -> SetupRequest:
    """Send a request to the operator; one that waits already is replaced.

    Raises HasTenant, and Conflict when it was decided meanwhile.
    """
    async with daemon.database.transaction() as connection:
        await _lock(connection, user)
        waiting = await setup_requests.latest_of_user(connection, user.id)
        if waiting is not None and waiting.status is SetupStatus.SUBMITTED:
            if _says(waiting, _wish(body)):
                return waiting
            await _move(connection, waiting, SetupStatus.DRAFT)
        saved = await setup_requests.save(connection, user.id, _wish(body))
        sent = await _move(connection, saved, SetupStatus.SUBMITTED)
        await portal_events.record(
            connection,
            PortalEvent.SUBMITTED,
            user_id=user.id,
            payload={"request_id": str(sent.id), "template_type": sent.template_type},
        )
    daemon.changes.publish(None, Topic.REQUESTS)
    return sent


async def withdraw(daemon: Services, user: PortalUser) -> SetupRequest:
    """Take back a request that waits, as a draft; raises Conflict when none does."""
    async with daemon.database.transaction() as connection:
        await _lock(connection, user)
        waiting = await setup_requests.latest_of_user(connection, user.id)
        if waiting is None:
            raise Conflict("there is no request to take back")
        drafted = await _move(connection, waiting, SetupStatus.DRAFT)
        await portal_events.record(
            connection,
            PortalEvent.WITHDRAWN,
            user_id=user.id,
            payload={"request_id": str(drafted.id)},
        )
    daemon.changes.publish(None, Topic.REQUESTS)
    return drafted


async def consent(daemon: Services, user: PortalUser) -> None:
    """Record, once, that the user was told what linking means and agreed."""
    async with daemon.database.transaction() as connection:
        locked = await people.lock(connection, user.id)
        if not await _has_consented(connection, locked):
            await portal_events.record(
                connection,
                PortalEvent.CONSENTED,
                user_id=user.id,
                tenant_id=locked.tenant_id,
                payload={"version": CONSENT_VERSION},
            )


async def has_consented(daemon: Services, user: PortalUser) -> bool:
    """Whether the user agreed to what linking means today."""
    async with daemon.database.connection() as connection:
        return await _has_consented(connection, user)


async def _has_consented(connection: Connection, user: PortalUser) -> bool:
    return await portal_events.has(
        connection, PortalEvent.CONSENTED, user.id, {"version": CONSENT_VERSION}
    )


async def _lock(connection: Connection, user: PortalUser) -> None:
    """One change of a user's request at a time, and none once they have a tenant."""
    if (await people.lock(connection, user.id)).tenant_id is not None:
        raise HasTenant("there is a tenant already; ask the operator to change its number")


async def _move(connection: Connection, request: SetupRequest, status: SetupStatus) -> SetupRequest:
    locked = await setup_requests.lock(connection, request.id)
    return await setup_requests.move(connection, locked, status)


def _wish(body: Filled) -> Wish:
    return Wish(
        body.template_type, body.business_name, body.language, body.whatsapp_number, body.notes
    )


def _says(request: SetupRequest, wish: Wish) -> bool:
    return all(getattr(request, name) == getattr(wish, name) for name in Wish.__slots__)
