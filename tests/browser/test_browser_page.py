"""What a page does for its tenant, and what it does not let happen."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from flowhqd.browser.page import JSONValue, Page
from flowhqd.errors import DocumentLost, PageError, PageLost, PageTimeout
from tests.browser.conftest import Shared, serving
from tests.system.daemon import eventually

FOREVER = "() => { while (true) {} }"


pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def site(shared: Shared) -> str:
    return shared.site


@pytest_asyncio.fixture(loop_scope="session")
async def page(shared: Shared) -> AsyncIterator[Page]:
    """A page in a profile that no other test has."""
    page = await shared.open(secrets.token_hex(4))
    yield page
    await page.close()


async def test_call_passes_json_both_ways(page: Page) -> None:
    value: JSONValue = {
        "text": "Habari \u2028 \"'`${1}\\",
        "list": [1, 2.5, None, True],
        "__proto__": {"a": 1},
    }
    assert await page.call("(a, b) => [b, a]", value, "z", timeout=60) == ["z", value]
    assert await page.call("async () => undefined", timeout=60) is None


async def test_call_never_returns_unpaired_surrogates(page: Page) -> None:
    function = r"() => ['a\ud800b', '😀', '\\ud800', {'\udc00': 1}]"
    expected = ["a\ufffdb", "😀", "\\ud800", {"\ufffd": 1}]
    assert await page.call(function, timeout=60) == expected


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("() => { throw new Error('no such chat') }", "no such chat"),
        ("async () => { throw 'a bare string' }", "a bare string"),
        ("() => {", "SyntaxError"),
        ("() => { throw new Error('one line') } // said", "one line$"),
        ("() => 'x'.repeat(9_000_000)", "9000002 characters"),
    ],
)
async def test_call_that_fails_says_why(page: Page, function: str, message: str) -> None:
    with pytest.raises(PageError, match=message):
        await page.call(function, timeout=60)


@pytest.mark.parametrize("where", ["location.href", "'?elsewhere'", "'about:blank'"])
async def test_call_ends_when_its_document_does(page: Page, where: str) -> None:
    call = asyncio.create_task(page.call("() => new Promise(() => {})", timeout=60))
    await page.call(f"() => {{ setTimeout(() => location.assign({where}), 50) }}", timeout=60)
    with pytest.raises(DocumentLost):
        await call


async def test_page_that_takes_a_new_document_closes_alone(shared: Shared, page: Page) -> None:
    neighbour = await shared.open(secrets.token_hex(4))
    call = asyncio.create_task(page.call("() => new Promise(() => {})", timeout=60))
    await page.call("() => { setTimeout(() => location.reload(), 50) }", timeout=60)
    with pytest.raises(DocumentLost):
        await call
    await page.close()
    assert await neighbour.call("() => 'still here'", timeout=60) == "still here"
    await neighbour.close()


async def test_large_result_arrives(page: Page) -> None:
    assert await page.call("() => 'é\"'.repeat(2_000_000)", timeout=60) == 'é"' * 2_000_000


async def test_late_answer_does_not_harm_the_connection(page: Page) -> None:
    for end in ("resolve(1)", "reject(new Error('late'))"):
        function = f"() => new Promise((resolve, reject) => setTimeout(() => {end}, 300))"
        with pytest.raises(PageTimeout):
            await page.call(function, timeout=0.1)
        assert (
            await page.call(
                "async () => { for (let i = 0; i < 5; i++) await new Promise("
                "r => setTimeout(r, 100)); return 'well' }",
                timeout=60,
            )
            == "well"
        )


async def test_hung_page_times_out_and_is_freed(page: Page) -> None:
    with pytest.raises(PageTimeout):
        await page.call(FOREVER, timeout=0.5)
    assert await page.unstick(timeout=60)
    assert await page.call("recall", timeout=60) is None


async def test_hung_page_can_be_closed_and_opened_anew(
    shared: Shared, page: Page, site: str
) -> None:
    with pytest.raises(PageTimeout):
        await page.call(FOREVER, timeout=0.3)
    page = await shared.host.open(page.profile)
    await page.navigate(site, timeout=60)


@pytest.mark.parametrize(
    ("path", "error"),
    [("file", "net::ERR_ABORTED"), ("http://127.0.0.1:1/", "net::ERR_UNSAFE_PORT")],
)
async def test_navigation_that_fails_names_the_network_error(
    page: Page, site: str, path: str, error: str
) -> None:
    with pytest.raises(PageError, match=error):
        await page.navigate(path if "://" in path else site + path, timeout=60)


async def test_navigation_that_does_not_end_times_out(page: Page, site: str) -> None:
    started = time.monotonic()
    with pytest.raises(PageTimeout):
        await page.navigate(site + "never", timeout=0.5)
    assert time.monotonic() - started < 3
    await page.navigate(site, timeout=60)


async def test_reload_that_fails_says_so(page: Page) -> None:
    async with serving() as address:
        await page.navigate(address, timeout=60)
    with pytest.raises(PageError):
        await page.reload(timeout=60)


async def test_navigations_are_told(page: Page, site: str) -> None:
    urls: list[str] = []
    page.on_navigated = urls.append
    await page.navigate(site + "?post_logout=1", timeout=60)
    await page.call("() => history.pushState(null, '', '/#there')", timeout=60)
    await page.call("() => 1", timeout=60)
    assert urls == [site + "?post_logout=1", site + "#there"]
    assert await page.url() == site + "#there"


async def test_dialogs_do_not_block(page: Page, site: str) -> None:
    answers = "() => [alert('hello'), confirm('sure?'), prompt('who?')]"
    assert await page.call(answers, timeout=60) == [None, False, None]
    await page.call("() => { window.onbeforeunload = () => 'stay'; print() }", timeout=60)
    await page.navigate(site + "?left", timeout=60)
    assert await page.url() == site + "?left"


async def test_screenshot_is_a_picture(page: Page) -> None:
    picture = await page.screenshot(timeout=60)
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"


async def test_messages_arrive_in_order_and_survive_a_reload(page: Page, site: str) -> None:
    messages: list[str] = []
    await page.install(
        "window.emit = n => { for (let i = 0; i < n; i++) tell(String(i)) }; tell('loaded');",
        binding="tell",
        on_message=messages.append,
    )
    await page.navigate(site, timeout=60)
    await page.call("() => emit(5000)", timeout=60)
    await page.reload(timeout=60)
    await page.call("() => emit(3)", timeout=60)
    assert messages == ["loaded", *map(str, range(5000)), "loaded", "0", "1", "2"]


async def test_bad_message_harms_only_itself(
    page: Page, site: str, caplog: pytest.LogCaptureFixture
) -> None:
    messages: list[str] = []

    def on_message(message: str) -> None:
        if message == "bad":
            raise ValueError(message)
        messages.append(message)

    await page.install("", binding="tell", on_message=on_message)
    await page.navigate(site, timeout=60)
    await page.call(
        r"() => { tell('bad'); tell('x'.repeat(2_000_000)); tell('a\ud800b😀\0') }", timeout=60
    )
    assert messages == ["a\ufffdb😀\0"]
    assert "message_dropped" in caplog.text


async def test_installing_again_replaces_the_script(page: Page, site: str) -> None:
    old: list[str] = []
    new: list[str] = []
    await page.install("tell('old')", binding="tell", on_message=old.append)
    await page.install("tell('new')", binding="tell", on_message=new.append)
    await page.navigate(site, timeout=60)
    await page.call("() => 1", timeout=60)
    assert (old, new) == ([], ["new"])


async def test_closed_page_says_so_and_stays_closed(page: Page) -> None:
    call = asyncio.create_task(page.call("() => new Promise(() => {})", timeout=60))
    await page.call("() => 1", timeout=60)
    await page.close()
    await page.close()
    assert await page.closed == "closed"
    for lost in (call, page.call("() => 1", timeout=60), page.navigate("about:blank", timeout=5)):
        with pytest.raises(PageLost):
            await lost


async def test_popups_are_closed(page: Page, site: str) -> None:
    await page.call("url => { window.popup = window.open(url) }", site, timeout=60)
    closed = "async () => { while (!popup.closed) await new Promise(r => setTimeout(r, 20)) }"
    await page.call(closed, timeout=60)
    assert await page.url() == site


async def test_downloads_are_denied(shared: Shared, page: Page, site: str) -> None:
    await page.call(
        "async () => { const link = document.createElement('a'); link.href = '/file';"
        " link.download = 'file.bin'; document.body.append(link); link.click() }",
        timeout=60,
    )
    with pytest.raises(PageError, match="ERR_ABORTED"):
        await page.navigate(site + "file", timeout=60)
    assert await page.call("recall", timeout=60) is None
    # A page that closes while a download begins must not let it through either.
    await page.close()
    downloads = shared.profiles_path / "home/Downloads"

    async def refused() -> bool | None:
        # Chromium begins a file under a name of its own before it asks whether it may.
        left = sorted(path.name for path in downloads.glob("*"))
        assert "file.bin" not in left
        return None if left else True

    await eventually(refused, "empty directory of downloads", 20)
