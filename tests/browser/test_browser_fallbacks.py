"""Hosts that can do less: no hand-over, no user namespaces, a browser that hangs."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser import chromium, proc
from flowhqd.browser.host import BrowserHost, BrowserOptions, affordable_tenants

# Chromium in a user namespace that allows no further ones, as a kernel without them.
WITHOUT_NAMESPACES = """#!/bin/sh
exec unshare --user --map-current-user --keep-caps sh -c '
  echo 0 > /proc/sys/user/max_user_namespaces &&
  exec setpriv --ambient-caps -all --inh-caps -all "$0" "$@"' {chromium} "$@"
"""


async def test_one_process_for_each_tenant_behaves_the_same(
    options: BrowserOptions, site: str
) -> None:
    options = replace(options, hand_over=False)
    async with BrowserHost(options) as host:
        assert not host.hand_over
        pages = [await host.open(name) for name in ("a", "b")]
        for page in pages:
            await page.navigate(site, timeout=60)
            assert await page.call("recall", timeout=60) is None
            await page.call("remember", page.profile, timeout=60)
        a, b = host.describe()
        assert (a.profiles, b.profiles, a.hand_over) == (("a",), ("b",), False)
        os.kill(a.pid, signal.SIGKILL)
        assert await pages[0].closed == "browser_lost"
        await pages[1].close()
        assert await pages[1].closed == "closed"
        assert proc.members(b.pid) == []
        for name in ("b", "a"):
            page = await host.open(name)
            await page.navigate(site, timeout=60)
            assert await page.call("recall", timeout=60) == name
        await host.forget("a")
        assert [view.profiles for view in host.describe()] == [("b",)]


async def test_refused_hand_over_is_found_out(options: BrowserOptions, site: str) -> None:
    # With this switch Chromium takes over no window of a second process.
    async with BrowserHost(replace(options, extra_args=("--enable-automation",))) as host:
        assert not host.hand_over
        for name in ("a", "b"):
            await (await host.open(name)).navigate(site, timeout=60)
        assert [view.profiles for view in host.describe()] == [("a",), ("b",)]


@pytest.fixture
def without_namespaces(options: BrowserOptions, open_directory: Path) -> Path:
    """An executable that runs Chromium where the kernel refuses user namespaces."""
    trial = WITHOUT_NAMESPACES.format(chromium="true").partition("\n")[2]
    if subprocess.run(
        ["sh", "-c", trial], check=False, **unprivileged().spawn_options()
    ).returncode:
        pytest.skip("this host cannot imitate a kernel without user namespaces")
    wrapper = open_directory / "chromium-without-namespaces"
    wrapper.write_text(WITHOUT_NAMESPACES.format(chromium=options.executable))
    wrapper.chmod(0o755)
    return wrapper


async def test_sandbox_is_given_up_only_where_the_kernel_refuses_it(
    options: BrowserOptions, site: str, without_namespaces: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with BrowserHost(replace(options, executable=without_namespaces)) as host:
        await (await host.open("a")).navigate(site, timeout=60)
        [view] = host.describe()
        assert not view.sandbox
        assert b"--no-sandbox" in proc.command_line(view.pid)
    assert caplog.text.count("chromium_sandbox_off") == 1


async def test_hung_browser_is_killed_and_replaced(
    options: BrowserOptions,
    site: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with BrowserHost(options) as host:
        page = await host.open("a")
        [view] = host.describe()
        monkeypatch.setattr(chromium, "COMMAND_SECONDS", 1.0)
        os.kill(view.pid, signal.SIGSTOP)
        await page.close()
        async with asyncio.timeout(60):
            await proc.end_group(view.pid, grace=10)
        assert "browser_hung" in caplog.text
        monkeypatch.undo()
        await (await host.open("a")).navigate(site, timeout=60)


def test_tenants_are_limited_by_open_files() -> None:
    # With 1024 descriptors the tenth tenant ended the whole browser.
    assert affordable_tenants(16, hard_limit=1024) in range(5, 10)
    assert affordable_tenants(16, hard_limit=100) == 1
    assert affordable_tenants(16, hard_limit=65536) == 16
    assert affordable_tenants(16, hard_limit=resource.RLIM_INFINITY) == 16
