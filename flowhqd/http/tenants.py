"""What JSON and pages both do with tenants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from aiohttp import web

from flowhqd.changes import Topic
from flowhqd.http.body import path_id
from flowhqd.http.models import TenantCreate, TenantPatch
from flowhqd.http.services import Control, Services, services
from flowhqd.http.views import TenantView
from flowhqd.store import states, tenants
from flowhqd.store.tenants import Change, Tenant


@dataclass(frozen=True, slots=True)
class Verb:
    """Something to ask of a worker; ``do`` takes the actor for the audit last."""

    summary: str
    do: Callable[[Control, UUID, str], Awaitable[None]]


VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "worker/start": Verb(
            "Have the worker run.",
            lambda control, tenant, actor: control.start(tenant, actor=actor),
        ),
        "worker/stop": Verb(
            "Have the worker stopped.",
            lambda control, tenant, actor: control.stop(tenant, actor=actor),
        ),
        "worker/restart": Verb(
            "Load the tenant's page again.",
            lambda control, tenant, actor: control.restart(tenant, actor=actor),
        ),
        "pause": Verb(
            "Log messages, answer nobody.",
            lambda control, tenant, actor: control.pause(tenant, actor=actor),
        ),
        "resume": Verb(
            "Answer again.",
            lambda control, tenant, actor: control.resume(tenant, actor=actor),
        ),
        "qr": Verb(
            "Start a round of codes to scan.",
            lambda control, tenant, actor: control.pair(tenant, actor=actor),
        ),
    }
)
"""What can be asked of a worker without saying more, by the end of its path."""


def tenant_id(request: web.Request) -> UUID:
    """The tenant of the path; raises NotFound for what is no UUID."""
    return path_id(request, "tenant")


async def find(request: web.Request) -> Tenant:
    """The stored tenant of the path; raises NotFound."""
    return await get(services(request), tenant_id(request))


async def get(daemon: Services, tenant: UUID) -> Tenant:
    """A stored tenant; raises NotFound."""
    async with daemon.database.connection() as connection:
        return await tenants.get(connection, tenant)


def view(daemon: Services, tenant: Tenant) -> TenantView:
    """A tenant as it is shown."""
    return TenantView.of(tenant, daemon.control.live(tenant.id))


async def create(daemon: Services, body: TenantCreate, *, actor: str) -> Tenant:
    """Make a tenant; raises Conflict for a taken number."""
    async with daemon.database.transaction() as connection:
        made = await tenants.create(connection, **body.model_dump())
        await states.audit(connection, made, actor=actor, action="tenant_created")
        tenant = await tenants.get(connection, made)
    daemon.changes.publish(made, Topic.CONFIG)
    return tenant


async def edit(daemon: Services, tenant: UUID, body: TenantPatch, *, actor: str) -> Tenant:
    """Change a tenant, from its next message on; raises NotFound, and Conflict for a taken number.

    Fields that were not given stay as they are.
    """
    given = body.model_dump(exclude_unset=True)
    async with daemon.database.transaction() as connection:
        await tenants.get(connection, tenant)
        if given:
            change = Change(**given, hours_given="hours_json" in given)
            await tenants.update(connection, tenant, change)
            await states.audit(
                connection, tenant, actor=actor, action="tenant_edited", detail={"fields": [*given]}
            )
    if given:
        daemon.changes.publish(tenant, Topic.CONFIG)
        await daemon.control.changed(tenant)
    return await get(daemon, tenant)
