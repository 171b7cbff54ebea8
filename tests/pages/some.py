"""Some of everything that pages show: tenants in each state, messages, people, keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from flowhqd.qr import png_data_url
from flowhqd.reasons import Reason, action
from flowhqd.states import Language, SessionState, SetupStatus, TenantStatus, WorkerStatus
from flowhqd.store import api_keys, contacts, messages, portal_tokens, setup_requests, states
from flowhqd.store.api_keys import Scope
from flowhqd.store.database import Database
from flowhqd.store.messages import Inbound, InStatus, Outbound, OutStatus
from flowhqd.store.people import Origin
from flowhqd.store.portal_tokens import TokenKind
from flowhqd.store.states import Qr, StateChange
from flowhqd.supervisor.alerts import Alert
from flowhqd.supervisor.live import BrowserView
from flowhqd.whatsapp.addresses import Alias
from tests.http.conftest import Site
from tests.http.portal import ASHA, PASSWORD, PASSWORD_HASH
from tests.people import new_user, wish
from tests.tenants import new_tenant

STATES = {
    "Duka la Neema": (
        TenantStatus.ACTIVE,
        SessionState.CONNECTED,
        WorkerStatus.RUNNING,
        "connected",
    ),
    "Hoteli Baraka": (
        TenantStatus.QR_PENDING,
        SessionState.QR_READY,
        WorkerStatus.RUNNING,
        "awaiting_scan",
    ),
    "Kinyozi Juma": (
        TenantStatus.ERROR,
        SessionState.DISCONNECTED,
        WorkerStatus.ERROR,
        "logged_out",
    ),
    "Gereji Imani": (TenantStatus.ERROR, SessionState.DISCONNECTED, WorkerStatus.ERROR, "stale"),
    "Mgahawa Zawadi": (
        TenantStatus.PAUSED,
        SessionState.CONNECTED,
        WorkerStatus.RUNNING,
        "paused",
    ),
}


@dataclass(frozen=True, slots=True)
class Some:
    """What paths name: ids of tenants by what they are, and who logs in at the portal."""

    connected: UUID
    linking: UUID
    never_started: UUID
    message: UUID
    user: UUID
    invitation: str
    email: str = ASHA
    password: str = PASSWORD


async def some_of_everything(site: Site) -> Some:
    """Fill a site that is empty."""
    database = site.services.database
    made = {name: await _tenant(database, name) for name in ("Saluni mpya", *STATES)}
    for name, about in STATES.items():
        await _become(database, made[name], *about)
    connected = made["Duka la Neema"]
    message = await _talk(database, connected)
    site.control.states = {connected: "CONNECTED", made["Hoteli Baraka"]: "QR_READY"}
    now = datetime.now(UTC)
    reason = Reason.LOGGED_OUT
    site.control.raised = [
        Alert(made["Kinyozi Juma"], reason, "", action(reason), now - timedelta(minutes=3))
    ]
    site.control.running = [
        BrowserView(4100, "142.0.7444.59", tuple(made.values()), now, True, True, 700 << 20),
        BrowserView(4200, "142.0.7444.59", (), now, False, False, 200 << 20),
    ]
    user, invitation = await _people(database, connected)
    async with database.transaction() as connection:
        key, _ = await api_keys.create(connection, "Website", [Scope.READ, Scope.SEND])
        await api_keys.create(connection, "Old", [Scope.ADMIN])
        await api_keys.revoke(connection, key.id)
    return Some(connected, made["Hoteli Baraka"], made["Saluni mpya"], message, user, invitation)


async def _tenant(database: Database, name: str) -> UUID:
    async with database.transaction() as connection:
        return await new_tenant(connection, name=name, business_name=name)


async def _become(
    database: Database,
    tenant: UUID,
    status: TenantStatus,
    session: SessionState,
    worker: WorkerStatus,
    reason: str,
) -> None:
    expires_at = datetime.now(UTC) + timedelta(hours=1)
    async with database.transaction() as connection:
        change = StateChange(reason, tenant=status, session=session, worker=worker)
        await states.apply(connection, tenant, change, actor="worker")
        if session is SessionState.QR_READY:
            code = Qr("2@code", png_data_url("2@code"), 2, expires_at)
            await states.show_qr(connection, tenant, code)


async def _talk(database: Database, tenant: UUID) -> UUID:
    """Messages with each kind of end; the id of one that nobody answered."""
    ends = [
        ("Habari, mna nafasi kesho?", InStatus.ANSWERED, None, OutStatus.READ),
        ("Bei gani?", InStatus.ANSWERED, None, OutStatus.FAILED),
        ("Mpo?", InStatus.UNANSWERED, "too_old", None),
        ("x" * 900, InStatus.QUEUE_FULL, "queue_full", None),
    ]
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        contact = await contacts.resolve(connection, tenant, [Alias("pn", "255754000001")], "Neema")
        for number, (text, status, reason, reply) in enumerate(ends):
            row = await messages.record_inbound(
                connection,
                tenant,
                Inbound(
                    contact_id=contact.id,
                    chat_id="255754000001@c.us",
                    from_number="+255754000001",
                    text=text,
                    type="chat",
                    wa_message_id=f"IN{number}",
                    origin="live",
                    wa_timestamp=now,
                    status=status,
                    reason=reason,
                    trace={"rule": "booking"},
                ),
            )
            assert row is not None
            if reason == "too_old":
                unanswered = row
            if reply is None:
                continue
            sent = await messages.record_outbound(
                connection,
                tenant,
                Outbound(
                    contact_id=contact.id,
                    chat_id="255754000001@c.us",
                    from_number="+255712000001",
                    to_number="+255754000001",
                    text="Karibu! Tuna nafasi saa nne.",
                    wa_message_id=f"OUT{number}",
                    origin="reply",
                    purpose="reply",
                    in_reply_to=row,
                    quoted_id=None,
                    wa_timestamp=now,
                    trace={"rule": "booking"},
                ),
            )
            assert sent is not None
            await messages.settle_outbound(connection, sent.id, reply, reason=None)
    return unanswered


async def _people(database: Database, tenant: UUID) -> tuple[UUID, str]:
    """Users in each state, and their requests: the tenant's, and an invitation that is open."""
    async with database.transaction() as connection:
        owner = await new_user(
            connection,
            email=ASHA,
            password_hash=PASSWORD_HASH,
            language=Language.EN,
            tenant_id=tenant,
            is_verified=True,
        )
        await new_user(connection, origin=Origin.TRUSTED)
        invited = await new_user(connection)
        for status in (SetupStatus.SUBMITTED, SetupStatus.REJECTED):
            asking = await new_user(connection, password_hash=PASSWORD_HASH)
            request = await setup_requests.save(
                connection, asking.id, wish(notes="Jumapili hapana")
            )
            request = await setup_requests.move(connection, request, SetupStatus.SUBMITTED)
            if status is SetupStatus.REJECTED:
                await setup_requests.move(connection, request, status, reviewer_note="Write us.")
        token = await portal_tokens.create(connection, TokenKind.INVITE, invited.id)
    return owner.id, token.value
