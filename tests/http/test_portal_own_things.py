"""The portal's pages for a business of one's own: messages, settings, data."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from flowhqd.http.app import create_app
from flowhqd.http.operation import TABLE
from flowhqd.states import Language
from flowhqd.store import contacts, messages, opt_outs, people, reply_templates, tenants
from flowhqd.store.messages import Inbound, InStatus
from flowhqd.whatsapp.addresses import Alias
from tests.http.conftest import Site
from tests.http.portal import PASSWORD, Owner, owner, owner_of, pieces
from tests.http.test_http_pages import Checker
from web import catalogues

NEEMA, JUMA = "+255754000001", "+255754000002"
TRACE = {
    "rule": "booking",
    "found": {"day": "kesho"},
    "late_seconds": 200,
    "edits": [{"text": "Nataka miadi leo", "at": "2026-11-21T09:00:00Z"}],
}


pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
async def asha(site: Site, tenant: str) -> Owner:
    """The owner of the tenant, who agreed to linking."""
    return await owner_of(site, tenant)


@pytest.fixture
def receive(site: Site) -> Callable[..., Awaitable[UUID]]:
    """Puts a customer's message into a tenant's log and returns its id."""

    async def put(tenant: str, text: str, number: str = NEEMA, **given: Any) -> UUID:
        digits = number.removeprefix("+")
        async with site.services.database.transaction() as connection:
            contact = await contacts.resolve(connection, UUID(tenant), [Alias("pn", digits)])
            count = await connection.fetchval("select count(*) from message_log")
            values: dict[str, Any] = {
                "contact_id": contact.id,
                "chat_id": f"{digits}@c.us",
                "from_number": number,
                "text": text,
                "type": "chat",
                "wa_message_id": f"3EB0{count:08}",
                "origin": "live",
                "wa_timestamp": datetime.now(UTC),
                "status": InStatus.ANSWERED,
            }
            message = Inbound(**{**values, **given})
            made = await messages.record_inbound(connection, UUID(tenant), message)
        assert made is not None
        return made

    return put


async def test_the_messages(
    asha: Owner, tenant: str, receive: Callable[..., Awaitable[UUID]]
) -> None:
    assert "No messages yet" in (await asha.browser.get("/app/logs")).said
    await receive(tenant, "Nataka <b>miadi</b>", trace=TRACE)
    await receive(tenant, "", JUMA, type="image", status=InStatus.UNANSWERED, reason="paused")
    page = await asha.browser.get("/app/logs")
    for said in (NEEMA, JUMA, "Nataka <b>miadi</b>", "Answered", "Picture", "was switched off"):
        assert said in page.said
    assert "Recognised as: Appointment" in page.said
    assert "Found in it: kesho" in page.said
    assert "It was found 3 minutes later." in page.said
    assert "The customer changed it to: Nataka miadi leo" in page.said
    assert "<b>" not in page.text
    assert 'data-live-url="/app/logs"' in page.text
    page = await asha.browser.get("/app/logs", params={"q": "MIADI", "status": ""})
    assert NEEMA in page.said
    assert JUMA not in page.said
    page = await asha.browser.get("/app/logs", params={"status": "UNANSWERED"})
    assert NEEMA not in page.said
    assert JUMA in page.said
    assert "Nothing found" in (await asha.browser.get("/app/logs", params={"q": "chai"})).said


async def test_older_messages_are_a_page_away(
    asha: Owner, tenant: str, receive: Callable[..., Awaitable[UUID]]
) -> None:
    for number in range(31):
        await receive(tenant, f"ujumbe namba {number}")
    page = await asha.browser.get("/app/logs", params={"q": "ujumbe"})
    assert "ujumbe namba 30" in page.said
    assert "ujumbe namba 0" not in page.said
    (older,) = re.findall(r'rel="next" href="([^"]+)"', page.text)
    assert "q=ujumbe" in older
    page = await asha.browser.get(older.replace("&amp;", "&"))
    assert "ujumbe namba 0" in page.said
    assert "data-live-url" not in page.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("q=" + "x" * 10_000, 422),
        ("status=NONE", 422),
        ("since=jana", 200),
        ("before=7", 400),
        ("before=" + "A" * 600, 400),
        ("other=x", 200),
    ],
)
async def test_what_cannot_be_looked_for(asha: Owner, query: str, status: int) -> None:
    page = await asha.browser.get(f"/app/logs?{query}")
    assert page.status == status
    if status == 422:
        assert 'class="error"' in page.text


async def test_what_waits_for_the_owner(
    asha: Owner, tenant: str, receive: Callable[..., Awaitable[UUID]]
) -> None:
    assert "Nobody waits for you" in (await asha.browser.get("/app/unanswered")).said
    message = await receive(tenant, "Upo?", status=InStatus.UNANSWERED, reason="too_old")
    page = await asha.browser.get("/app/unanswered")
    assert "Upo?" in page.said
    assert "found too late" in page.said
    assert "1 message waits for you." in (await asha.browser.get("/app/status")).said
    page = await asha.browser.post(f"/app/unanswered/{message}/done")
    assert "Nobody waits for you" in page.said
    assert (await asha.browser.post(f"/app/unanswered/{message}/done")).status == 200
    assert (await asha.browser.post("/app/unanswered/7/done")).status == 404


async def test_opening_hours(site: Site, asha: Owner, tenant: str) -> None:
    assert "Always open" in (await asha.browser.get("/app/settings")).said
    fields = {
        "hours": "set",
        "tz": "Africa/Dar_es_Salaam",
        "mon_1_from": "8.30",
        "mon_1_to": "17:00",
        "as_monday": "yes",
        "closed": "2026-12-25",
        "closed_more": "2026-12-26",
    }
    page = await asha.browser.post("/app/settings/hours", **fields)
    assert page.path == "/app/settings"
    assert "Saved." in page.said
    assert "08:30–17:00" in page.said
    async with site.services.database.connection() as connection:
        hours = (await tenants.get(connection, UUID(tenant))).config.hours_json
    assert hours is not None
    assert hours["fri"] == [["08:30", "17:00"]]
    assert hours["closed"] == ["2026-12-25", "2026-12-26"]
    assert site.control.calls[-1] == ("changed", UUID(tenant))
    page = await asha.browser.get("/app/settings/hours")
    assert 'value="08:30"' in page.text
    wrong = {**fields, "mon_1_to": "", "closed": "Krismasi", "tz": "Mars"}
    page = await asha.browser.post("/app/settings/hours", **wrong)
    assert page.status == 422
    assert "Give both an opening and a closing time." in page.said
    assert "Write each date as year-month-day" in page.said
    assert "Krismasi" in page.said
    page = await asha.browser.post("/app/settings/hours", **{**fields, "tz": "Mars"})
    assert "Choose a time zone" in page.said
    page = await asha.browser.post("/app/settings/hours", hours="always")
    assert "Always open" in page.said


async def test_the_language_of_the_answers(site: Site, asha: Owner, tenant: str) -> None:
    page = await asha.browser.post("/app/settings/language", language="EN")
    assert "Saved." in page.said
    async with site.services.database.connection() as connection:
        config = (await tenants.get(connection, UUID(tenant))).config
    assert config.language is Language.EN
    page = await asha.browser.post("/app/settings/language", language="FR")
    assert page.status == 422
    assert "Choose one of these." in page.said


async def test_a_text_in_ones_own_words(site: Site, asha: Owner, tenant: str) -> None:
    address = "/app/settings/texts/greeting"
    page = await asha.browser.get("/app/settings/texts")
    assert "Greeting" in page.said
    page = await asha.browser.get(f"{address}?language=sw")
    (shipped,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.S)
    body = "Karibu {{ business }}, <mteja>!"
    page = await asha.browser.post(address, language="sw", body=body, do="look")
    assert page.status == 200
    assert "Karibu Asha Salon, <mteja>!" in page.said
    async with site.services.database.connection() as connection:
        assert await reply_templates.newest(connection, UUID(tenant)) == []
    page = await asha.browser.post(address, language="sw", body=body, do="save")
    assert page.path == "/app/settings/texts"
    assert "your words" in page.said
    assert "Karibu Asha Salon, <mteja>!" in page.said
    async with site.services.database.connection() as connection:
        events = await connection.fetch(
            "select payload_json from portal_event_log where event_type = 'text_changed'"
        )
    assert [row["payload_json"] for row in events] == [
        {"key": "greeting", "language": "SW", "version": 1}
    ]
    page = await asha.browser.post(address, language="sw", do="reset")
    assert "your words" not in page.said
    assert (await asha.browser.get(f"{address}?language=sw")).text.count(shipped) >= 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "Fill this in."),
        (
            "Habari\n{{ jina }}",
            "Line 2: {{ jina }} means nothing here. You can write {{ business }}.",
        ),
        ("Habari }} wewe", "Line 1: }} means nothing here."),
        ("x" * 4001, "Write 4,000 characters at most."),
        ("a\u0007b", "Line 1 has a character that cannot be sent."),
    ],
)
async def test_a_text_that_cannot_be_sent(asha: Owner, body: str, said: str) -> None:
    page = await asha.browser.post("/app/settings/texts/greeting", body=body, do="save")
    assert page.status == 422
    assert said in page.said
    assert re.search(r'id="body"[^>]*aria-invalid="true"', page.text)


async def test_texts_that_are_not_there(asha: Owner) -> None:
    for path in ("none_such", "greeting?language=fr", "GREETING"):
        assert (await asha.browser.get(f"/app/settings/texts/{path}")).status == 404
    page = await asha.browser.post("/app/settings/texts/none_such", body="x", do="save")
    assert page.status == 404


async def test_trying_it_out(asha: Owner) -> None:
    page = await asha.browser.post("/app/settings/try", text="Nataka kuweka miadi kesho")
    assert "Recognised as: Appointment" in page.said
    assert "At the moment nobody is answered" in page.said, "no phone is linked"
    page = await asha.browser.post("/app/settings/try", text="  ")
    assert page.status == 422
    assert "Fill this in." in page.said


async def test_people_who_are_not_answered(site: Site, asha: Owner, tenant: str) -> None:
    path = "/app/settings/silent"
    assert "Everybody is answered" in (await asha.browser.get(path)).said
    page = await asha.browser.post(path, number="mama")
    assert page.status == 422
    assert 'value="mama"' in page.text
    page = await asha.browser.post(path, number="+255 754 000 001")
    assert NEEMA in page.said
    async with site.services.database.connection() as connection:
        (silent,) = await opt_outs.of_tenant(connection, UUID(tenant), limit=9)
        conversation = await contacts.conversation(connection, silent.contact_id)
    assert conversation.opted_out_at is not None
    assert "added here, " in page.said
    page = await asha.browser.post(f"{path}/{silent.contact_id}/remove")
    assert "Everybody is answered" in page.said
    async with site.services.database.connection() as connection:
        await opt_outs.said(connection, silent.contact_id, opts_out=True, at=datetime.now(UTC))
        rows = await connection.fetch(
            "select event_type, user_id, payload_json from portal_event_log"
            " where event_type like 'opted_%' order by id"
        )
    assert "asked for it, " in (await asha.browser.get(path)).said
    contact = {"contact": str(silent.contact_id), "by": "owner"}
    assert [tuple(row.values()) for row in rows] == [
        ("opted_out", asha.user.id, contact),
        ("opted_in", asha.user.id, contact),
    ]
    page = await asha.browser.post(path, number=NEEMA)
    assert "added here, " in page.said, "the owner wants it so, too"
    assert (await asha.browser.post(f"{path}/7/remove")).status == 404


async def test_taking_a_copy(
    asha: Owner, tenant: str, receive: Callable[..., Awaitable[UUID]], monkeypatch: Any
) -> None:
    monkeypatch.setattr("flowhqd.http.portal.export.CHUNK", 2)
    for number in range(5):
        await receive(tenant, f"ujumbe {number}")
    await asha.browser.post("/app/settings/silent", number=JUMA)
    await asha.browser.post("/app/settings/texts/greeting", body="Karibu!", do="save")
    page = await asha.browser.get("/app/data/flowhqd.json")
    assert page.headers["Content-Disposition"] == 'attachment; filename="flowhqd.json"'
    copy = json.loads(page.text)
    assert copy["account"]["email"] == asha.user.email
    assert "password" not in page.text
    assert copy["business"]["phone_number"] == "+255712345678"
    assert [each["body"] for each in copy["texts"]] == ["Karibu!"]
    assert [each["number"] for each in copy["not_answered"]] == [JUMA.removeprefix("+")]
    assert [each["message_text"] for each in copy["messages"]] == [
        f"ujumbe {number}" for number in (4, 3, 2, 1, 0)
    ]
    page = await asha.browser.get("/app/data/messages.csv")
    assert page.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert len(page.text.splitlines()) == 6


async def test_a_copy_without_a_business(site: Site) -> None:
    somebody = await owner(site)
    copy = json.loads((await somebody.browser.get("/app/data/flowhqd.json")).text)
    assert copy["messages"] == []
    assert copy["setup_request"] is None
    assert (await somebody.browser.get("/app/data/messages.csv")).path == "/app/status"


async def test_leaving_for_good(site: Site, asha: Owner, tenant: str) -> None:
    path = "/app/data/delete"
    page = await asha.browser.post(path, name="Duka lingine", password="not it")
    assert page.status == 422
    assert "This is not the name of your business." in page.said
    assert "This is not your password." in page.said
    assert 'value="Duka lingine"' in page.text
    page = await asha.browser.post(path, name="asha  SALON", password="not it")
    assert "This is not the name" not in page.said
    assert site.control.calls == []
    page = await asha.browser.post(path, name=" asha salon ", password=PASSWORD)
    assert page.path == "/app/gone"
    assert "Everything is deleted" in page.said
    assert site.control.calls == [("remove", UUID(tenant))]
    assert (await asha.browser.get("/app/status")).path == "/app/login"
    async with site.services.database.connection() as connection:
        assert await connection.fetchval("select count(*) from portal_user") == 0
        assert await connection.fetchval("select count(*) from portal_session") == 0


async def test_leaving_by_a_double_click(
    site: Site, asha: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, remove = asyncio.Barrier(2), site.control.remove

    async def remove_once_both_are_in(tenant_id: UUID, *, actor: str) -> None:
        await both.wait()
        await remove(tenant_id, actor=actor)

    monkeypatch.setattr(site.control, "remove", remove_once_both_are_in)
    await asha.browser.get("/app/data")
    path, given = "/app/data/delete", {"name": "Asha Salon", "password": PASSWORD}
    pages = await asyncio.gather(*(asha.browser.send(path, **given) for _ in range(2)))
    assert {page.headers.get("Location") for page in pages} == {"/app/gone"}


async def test_an_account_without_a_business_can_go_too(site: Site) -> None:
    somebody = await owner(site)
    page = await somebody.browser.post("/app/data/delete", password=PASSWORD)
    assert page.path == "/app/gone"


async def test_nothing_of_another_owner_is_shown_or_changed(
    site: Site,
    asha: Owner,
    make_tenant: Callable[..., Awaitable[str]],
    receive: Callable[..., Awaitable[UUID]],
) -> None:
    """Every route, as one owner with the ids of another."""
    other = await make_tenant(phone_number="+255712000009", business_name="Duka la Juma")
    juma = await owner(site, "juma@example.com")
    await juma.give(other)
    message = await receive(other, "Siri ya Juma", JUMA, status=InStatus.UNANSWERED, reason="loop")
    async with site.services.database.transaction() as connection:
        contact = await contacts.resolve(connection, UUID(other), [Alias("pn", JUMA[1:])])
        await opt_outs.add(connection, UUID(other), contact.id, user_id=None)
    for number in range(31):
        await receive(other, f"Siri {number}", JUMA)
    page = await juma.browser.get("/app/logs")
    (cursor,) = re.findall(r"before=([^\"&]+)", page.text)
    assert (await asha.browser.get(f"/app/logs?before={cursor}")).status == 400
    ids = {"key": "greeting", "token": "x"}
    leave = {"/app/logout", "/app/logout-everywhere", "/app/language", "/app/login", "/app/signup"}
    walked = 0
    for route in create_app(site.services)[TABLE]:
        assert route.resource is not None
        path = route.resource.canonical
        if not path.startswith("/app/") or path in leave or route.method == "HEAD":
            continue
        walked += 1
        ids["id"] = str(message if "unanswered" in path else contact.id)
        address = re.sub(r"{(\w+)}", lambda name: ids[name[1]], path)
        if route.method == "POST":
            fields = {**ids, "tenant_id": other, "do": "save", "body": "Karibu", "number": NEEMA}
            page = await asha.browser.post(address, **fields)
        elif path == "/app/events":
            continue
        else:
            page = await asha.browser.get(address, params={"tenant": other, "tenant_id": other})
        for secret in ("Duka la Juma", "juma@", "Siri", JUMA, "+255712000009"):
            assert secret not in page.text, (route.method, path)
        if "{id}" in path:
            assert page.status == 404, path
    assert walked > 35
    async with site.services.database.connection() as connection:
        assert (await opt_outs.of_tenant(connection, UUID(other), limit=9))[0].number == JUMA[1:]
        waiting = await messages.unanswered(connection, UUID(other), limit=9)
        assert (await people.get(connection, juma.user.id)).tenant_id == UUID(other)
    assert [row.id for row in waiting] == [message]
    assert UUID(other) not in {tenant for _, tenant in site.control.calls}


async def test_every_page_is_labelled_and_has_no_english_left(
    site: Site,
    asha: Owner,
    tenant: str,
    receive: Callable[..., Awaitable[UUID]],
    connect: Callable[[str], Awaitable[None]],
) -> None:
    await receive(tenant, "Upo?", status=InStatus.UNANSWERED, reason="too_old")
    async with site.services.database.connection() as connection:
        await people.set_language(connection, asha.user.id, Language.SW)
    english = {
        message.id
        for message in catalogues.read("sw")
        if isinstance(message.id, str) and message.id and message.id != message.string
    }
    paths = [
        "/app/status",
        "/app/whatsapp",
        "/app/logs",
        "/app/unanswered",
        "/app/settings",
        "/app/settings/hours",
        "/app/settings/texts",
        "/app/settings/texts/greeting",
        "/app/settings/try",
        "/app/settings/silent",
        "/app/account",
        "/app/data",
        "/app/gone",
        "/app/nothing",
    ]
    pages = [await asha.browser.get(path) for path in paths]
    await connect(tenant)
    pages.append(await asha.browser.get("/app/status"))
    pages.append(await asha.browser.post("/app/settings/try", text="Habari"))
    await asha.browser.post("/app/logout")
    pages += [await asha.browser.get(path) for path in ("/app", "/app/login", "/app/signup")]
    for page in pages:
        checker = Checker()
        checker.feed(page.text)
        assert checker.wrong == [], page.path
        for control in checker.controls:
            named = control.get("id") in checker.labelled or "aria-label" in control
            inside = control.get("type") in {"radio", "checkbox"}
            assert named or inside or "hidden" in control, (page.path, control)
        assert checker.headings == ["h1"], page.path
        assert '<html lang="sw">' in page.text
        assert {piece.strip() for piece in pieces(page.text)} & english == set(), page.path
