"""What goes compressed, to whom, and what that must not give away."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd.http import compression, csrf
from tests.http.conftest import PASSWORD, Site
from tests.http.test_http_pages import browser, token

TENANTS = "/admin/tenants"
HTML = {"Accept": "text/html"}


@pytest.fixture
async def wire(site: Site) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that leaves bodies as they came."""
    async with aiohttp.ClientSession(
        site.url, auto_decompress=False, headers={"Accept": "application/json"}
    ) as client:
        yield client


async def fetch(
    wire: aiohttp.ClientSession, path: str, accepted: str, **headers: str
) -> tuple[bytes, Mapping[str, str]]:
    given = {
        "Authorization": aiohttp.encode_basic_auth("admin", PASSWORD),
        "Accept-Encoding": accepted,
        **headers,
    }
    async with wire.get(path, headers=given) as response:
        assert response.status == 200
        return await response.read(), response.headers


@pytest.mark.parametrize(
    ("path", "headers", "vary"),
    [
        (TENANTS, HTML, "Accept, Accept-Encoding"),
        (f"{TENANTS}/new", HTML, "Accept, Accept-Encoding"),
        ("/openapi.json", {}, "Accept, Accept-Encoding"),
        ("/metrics", {}, "Accept, Accept-Encoding"),
        ("/static/flowhqd.css", {}, "Accept-Encoding"),
        ("/static/uPlot.iife.min.js", {}, "Accept-Encoding"),
    ],
)
async def test_text_is_smaller_for_who_takes_it_so(
    wire: aiohttp.ClientSession, path: str, headers: dict[str, str], vary: str
) -> None:
    for accepted in ("identity", "gzip;q=0", "br", ""):
        plain, given = await fetch(wire, path, accepted, **headers)
        assert "Content-Encoding" not in given
        assert given["Vary"] == vary
    for accepted in ("gzip", "br;q=1, GZIP;q=0.5"):
        small, given = await fetch(wire, path, accepted, **headers)
        assert given["Content-Encoding"] == "gzip"
        assert given["Vary"] == vary
        assert int(given["Content-Length"]) == len(small) < len(plain) / 2
        if path.startswith(("/static", "/openapi")):
            assert gzip.decompress(small) == plain


async def test_what_is_small_or_no_text_goes_as_it_is(
    site: Site,
    wire: aiohttp.ClientSession,
    tenant: str,
    show_qr: Callable[[str, str], Awaitable[object]],
) -> None:
    await show_qr(tenant, "2@abc")
    for path in ("/healthz", f"{TENANTS}/{tenant}/qr?format=png"):
        body, given = await fetch(wire, path, "gzip")
        assert "Content-Encoding" not in given
        assert int(given["Content-Length"]) == len(body)
    auth = aiohttp.encode_basic_auth("admin", PASSWORD)
    headers = {"Authorization": auth, "Accept-Encoding": "gzip"}
    async with wire.get("/admin/events", headers=headers) as response:
        assert response.content_type == "text/event-stream"
        assert "Content-Encoding" not in response.headers


async def test_a_file_is_compressed_while_it_is_made(
    wire: aiohttp.ClientSession, tenant: str, hear: Callable[..., Awaitable[object]]
) -> None:
    await hear(tenant, *["Habari, bei ya kusuka ni ngapi?"] * 50)
    path = f"{TENANTS}/{tenant}/logs.csv"
    plain, _ = await fetch(wire, path, "identity")
    small, given = await fetch(wire, path, "gzip")
    assert given["Content-Encoding"] == "gzip"
    assert gzip.decompress(small) == plain
    assert len(small) < len(plain) / 2


async def test_a_head_tells_what_a_get_would(wire: aiohttp.ClientSession) -> None:
    small, _ = await fetch(wire, "/openapi.json", "gzip")
    auth = aiohttp.encode_basic_auth("admin", PASSWORD)
    headers = {"Authorization": auth, "Accept-Encoding": "gzip"}
    async with wire.head("/openapi.json", headers=headers) as response:
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Content-Length"] == str(len(small))


async def test_a_large_page_is_compressed_beside_the_loop(
    wire: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "MAX_SYNC_BYTES", 100)
    small, _ = await fetch(wire, "/openapi.json", "gzip")
    plain, _ = await fetch(wire, "/openapi.json", "identity")
    assert gzip.decompress(small) == plain


async def test_no_two_pages_show_the_same_token(site: Site) -> None:
    """Else a listener who has a page repeat guesses of it would see the right one by its size."""
    person = browser(site)
    async with person.post("/admin/login", data={"password": PASSWORD}) as response:
        assert response.status == 200
    shown = [await token(person) for _ in range(3)]
    assert len(set(shown)) == 3
    for one in shown:
        async with person.post("/admin/keys", data={"csrf_token": one, "name": ""}) as response:
            assert response.status == 422
    async with person.get(TENANTS) as response:
        page = await response.text()
    assert len(set(re.findall(r'name="csrf_token" value="([^"]+)"', page))) == 1


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_a_masked_token_is_the_token(secret: str) -> None:
    masked = csrf.mask(secret)
    assert csrf.unmask(masked) == secret.encode()
    assert not secret or csrf.unmask(masked[4:]) != secret.encode()


@given(st.text(max_size=60))
def test_any_other_text_is_no_token(text: str) -> None:
    assert isinstance(csrf.unmask(text), bytes)
