"""Users of the portal for tests that need one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from flowhqd.states import Language
from flowhqd.store import people
from flowhqd.store.people import Origin, PortalUser
from flowhqd.store.setup_requests import Wish

if TYPE_CHECKING:
    from flowhqd.store.pool import Connection

_numbers = itertools.count(1)


async def new_user(connection: Connection, **given: Any) -> PortalUser:
    """Make a user; ``given`` replaces what ``people.create`` is told."""
    values = {"email": f"user{next(_numbers)}@example.com", "origin": Origin.LOCAL}
    return await people.create(connection, **{**values, **given})


def wish(**given: Any) -> Wish:
    """What a user may ask for."""
    values: dict[str, Any] = {
        "template_type": "BOOKING",
        "business_name": "Asha Salon",
        "language": Language.SW,
        "whatsapp_number": f"+25571{next(_numbers):07}",
        "notes": "",
    }
    return Wish(**{**values, **given})
