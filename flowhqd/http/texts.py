"""A tenant's reply texts: what ships with its template, what it wrote in its place, and before.

For the operator and the tenant's owner alike: who may ask has been settled by whoever calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from flowhqd.changes import Topic
from flowhqd.errors import Invalid, NotFound
from flowhqd.http.models import Body, LanguageName
from flowhqd.http.services import Services
from flowhqd.http.views import View
from flowhqd.messages.answering import business_of
from flowhqd.replies import preview, problem_of, registry
from flowhqd.replies.render import placeholders
from flowhqd.states import Language
from flowhqd.store import portal_events, reply_templates, states
from flowhqd.store.portal_events import PortalEvent
from flowhqd.store.reply_templates import OwnText
from flowhqd.store.tenants import Tenant

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "greeting": "Greeting",
        "thanks": "Thanks",
        "goodbye": "Goodbye",
        "okay": "Okay",
        "human": "Wants to talk to a person",
        "problem": "Complaint",
        "prices": "Prices",
        "hours": "Opening hours",
        "location": "Where the business is",
        "booking": "Appointment",
        "change": "Change of an appointment",
        "services": "List of services",
        "orders": "Order",
        "order_status": "Where an order is",
        "payment": "Payment",
        "delivery": "Delivery",
        "stock": "Is it in stock",
        "progress": "How far a case is",
        "help": "Help",
        "noted": "Details after a question",
        "media": "Picture or voice note without words",
        "fallback": "Nothing recognised",
        "away": "Closed",
        "opt_out": "Wants no more answers",
        "opt_in": "Wants answers again",
        "wait": "Too many messages from one customer",
        "slow_down": "Rate limit reached",
    }
)
"""What the texts of a rule answer, by its name."""


class TextBody(Body):
    """A new version of a text; ``body`` null brings the shipped one back.

    ``language`` is the tenant's when left out.
    """

    body: str | None
    language: LanguageName | None = None


class PreviewBody(Body):
    """A text to look at; ``language`` is the tenant's when left out."""

    body: str
    language: LanguageName | None = None


class PreviewView(View):
    """The text as a customer would get it, what would be found in a message being examples."""

    preview: str


class TextView(View):
    """A text as it is sent now.

    ``version`` counts the tenant's own; 0 when it never wrote one. ``is_own`` is false as well
    when the newest version brought the shipped text back.
    """

    key: str
    title: str
    language: Language
    body: str
    shipped: str
    preview: str
    placeholders: list[str]
    is_own: bool
    version: int
    created_by: str | None
    created_at: datetime | None


class TextVersionView(View):
    """A version; ``body`` null brought the shipped text back."""

    version: int
    body: str | None
    created_by: str
    created_at: datetime


class TextsView(View):
    """A tenant's texts in one language."""

    template_type: str
    language: Language
    texts: list[TextView]


class TextAnswer(View):
    text: TextView


class TextWithVersions(View):
    """A text and the versions that are kept, newest first."""

    text: TextView
    versions: list[TextVersionView]


async def all_of(daemon: Services, tenant: Tenant, language: Language) -> list[TextView]:
    """Every text of the tenant's template in one language, in the template's order."""
    async with daemon.database.connection() as connection:
        newest = await reply_templates.newest(connection, tenant.id)
    own = {text.key: text for text in newest if text.language is language}
    return [
        _view(daemon, tenant, key, language, own.get(key)) for key in _shipped(tenant, language)
    ]


async def find(daemon: Services, tenant: Tenant, key: str, language: Language) -> TextView:
    """One text; raises NotFound when the tenant's template has none with this key."""
    return (await find_with_versions(daemon, tenant, key, language))[0]


async def find_with_versions(
    daemon: Services, tenant: Tenant, key: str, language: Language
) -> tuple[TextView, list[TextVersionView]]:
    """One text and the versions that are kept, newest first; raises NotFound."""
    _check_key(tenant, key)
    async with daemon.database.connection() as connection:
        versions = await reply_templates.versions(connection, tenant.id, key, language)
    text = _view(daemon, tenant, key, language, next(iter(versions), None))
    return text, [
        TextVersionView(
            version=version.version,
            body=version.body or None,
            created_by=version.created_by,
            created_at=version.created_at,
        )
        for version in versions
    ]


async def save(
    daemon: Services,
    tenant: Tenant,
    key: str,
    language: Language,
    body: str | None,
    *,
    actor: str,
    user_id: UUID | None = None,
) -> TextView:
    """A new version, used from the next message on; None brings the shipped text back.

    ``user_id`` is the portal's user who wrote it, if one did. What is so already makes no version.
    Raises NotFound, and Invalid for field ``body``.
    """
    _check_key(tenant, key)
    written = "" if body is None else tidy(body)
    if body is not None and (problem := problem_of(key, written)):
        raise Invalid({"body": str(problem)})
    async with daemon.database.transaction() as connection:
        versions = await reply_templates.versions(connection, tenant.id, key, language)
        if written == (versions[0].body if versions else ""):
            return _view(daemon, tenant, key, language, next(iter(versions), None))
        saved = await reply_templates.save(
            connection, tenant.id, key=key, language=language, body=written, created_by=actor
        )
        detail = {"key": key, "language": language, "version": saved.version}
        await states.audit(connection, tenant.id, actor=actor, action="text_changed", detail=detail)
        await portal_events.record(
            connection,
            PortalEvent.TEXT_CHANGED,
            user_id=user_id,
            tenant_id=tenant.id,
            payload=detail,
        )
    daemon.changes.publish(tenant.id, Topic.CONFIG)
    await daemon.control.changed(tenant.id)
    return _view(daemon, tenant, key, language, saved)


async def revert(
    daemon: Services,
    tenant: Tenant,
    key: str,
    language: Language,
    version: int,
    *,
    actor: str,
    user_id: UUID | None = None,
) -> TextView:
    """A new version with the body of an older one; raises NotFound when that is not kept."""
    _check_key(tenant, key)
    async with daemon.database.connection() as connection:
        versions = await reply_templates.versions(connection, tenant.id, key, language)
    wanted = next((text for text in versions if text.version == version), None)
    if wanted is None:
        raise NotFound(f"there is no version {version} of the text {key}")
    body = wanted.body or None
    return await save(daemon, tenant, key, language, body, actor=actor, user_id=user_id)


def look_at(daemon: Services, tenant: Tenant, key: str, language: Language, body: str) -> str:
    """A text as a customer would get it; raises NotFound, and Invalid for field ``body``."""
    _check_key(tenant, key)
    written = tidy(body)
    if problem := problem_of(key, written):
        raise Invalid({"body": str(problem)})
    return preview(business_of(tenant), key, language, written, now=daemon.clock.now())


def tidy(body: str) -> str:
    """A text as it is kept: lines end as WhatsApp ends them, nothing blank around it."""
    return body.replace("\r\n", "\n").replace("\r", "\n").strip()


def title(key: str) -> str:
    """What the text answers, for people."""
    rule = key.partition(".")[0]
    return TITLES.get(rule) or rule.replace("_", " ").capitalize()


def _shipped(tenant: Tenant, language: Language) -> Mapping[str, str]:
    return registry.get(tenant.config.template_type).texts(language)


def _check_key(tenant: Tenant, key: str) -> None:
    if key not in registry.get(tenant.config.template_type).keys:
        raise NotFound(f"the template {tenant.config.template_type} has no text {key[:100]!r}")


def _view(
    daemon: Services, tenant: Tenant, key: str, language: Language, own: OwnText | None
) -> TextView:
    shipped = _shipped(tenant, language)[key]
    body = own.body if own and own.body else shipped
    return TextView(
        key=key,
        title=title(key),
        language=language,
        body=body,
        shipped=shipped,
        preview=preview(business_of(tenant), key, language, body, now=daemon.clock.now()),
        placeholders=sorted(placeholders(key)),
        is_own=bool(own and own.body),
        version=own.version if own else 0,
        created_by=own.created_by if own else None,
        created_at=own.created_at if own else None,
    )
