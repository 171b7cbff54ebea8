"""Tenants for tests that need one and don't care which."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flowhqd.states import Language
from flowhqd.store import tenants

if TYPE_CHECKING:
    from flowhqd.store.database import Connection

_numbers = itertools.count(1)


async def new_tenant(connection: Connection, **given: Any) -> UUID:
    """Make a tenant; ``given`` replaces what ``tenants.create`` is told."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "name": f"Tenant {number}",
        "phone_number": f"+25570{number:07}",
        "template_type": "BOOKING",
        "business_name": "Asha Salon",
        "language": Language.SW,
    }
    return await tenants.create(connection, **{**values, **given})
