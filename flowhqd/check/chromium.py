"""Chromium: which one, its sandbox, the hand-over, and the files it may open.

It is tried as the daemon does, but on directories of its own that are gone afterwards.
"""

from __future__ import annotations

import asyncio
import re
import resource
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from flowhqd.accounts import Account, unprivileged
from flowhqd.browser.executable import CURE, find_chromium
from flowhqd.browser.host import (
    FILES_PER_BROWSER,
    FILES_PER_TENANT,
    BrowserHost,
    BrowserOptions,
    affordable_tenants,
)
from flowhqd.check.finding import Finding, failure, ok, warning
from flowhqd.check.scratch import scratch_directory
from flowhqd.errors import StartupError
from flowhqd.settings import Settings

OLDEST_MAJOR = 111
"""The first with String.prototype.toWellFormed, which the bridge calls."""
VERSION_SECONDS = 20.0
NO_SANDBOX = "--no-sandbox"

# What keeps an ordinary user from making the namespaces that the sandbox is built of.
SYSCTLS = (
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "kernel.apparmor_restrict_unprivileged_userns=0",
    ),
)


@asynccontextmanager
async def browser_host(settings: Settings) -> AsyncIterator[BrowserHost]:
    """A browser host as the daemon's, on directories that are gone afterwards.

    Raises StartupError.
    """
    account = unprivileged()
    with scratch_directory() as directory:
        options = BrowserOptions(
            executable=find_chromium(settings.puppeteer_executable_path),
            profiles_path=account.own(directory / "sessions"),
            account=account,
            extra_args=settings.chromium_args,
            tenants_per_browser=settings.tenants_per_browser,
        )
        async with BrowserHost(options) as host:
            yield host


async def findings(settings: Settings, pid: int | None) -> list[Finding]:
    """``pid`` is a running daemon, whose limits count rather than ours."""
    try:
        executable = find_chromium(settings.puppeteer_executable_path)
    except StartupError as error:
        return [failure("chromium", str(error).partition(";")[0], CURE)]
    found = [await asyncio.to_thread(_version, executable, unprivileged())]
    try:
        async with browser_host(settings) as host:
            found += [_sandbox(host.sandbox, settings), _hand_over(host.hand_over)]
    except StartupError as error:
        found.append(
            failure(
                "chromium_start",
                str(error),
                "start it by hand as the daemon's user and see what it says; reinstall it if "
                "libraries are missing",
            )
        )
    return [*found, _open_files(settings.tenants_per_browser, _hard_limit(pid))]


def _version(executable: Path, account: Account) -> Finding:
    try:
        done = subprocess.run(  # noqa: S603
            [executable, "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"},
            timeout=VERSION_SECONDS,
            **account.spawn_options(),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return failure("chromium", f"{executable} does not run: {error}", CURE)
    version = re.search(r"(\d+)(\.\d+){2,}", done.stdout)
    if version is None:
        said = (done.stderr or done.stdout).strip().splitlines()
        return failure(
            "chromium", f"{executable} tells no version: {said[-1] if said else 'nothing'}", CURE
        )
    if int(version[1]) < OLDEST_MAJOR:
        return failure(
            "chromium",
            f"{executable} is version {version[0]}",
            f"upgrade it to {OLDEST_MAJOR} or newer (on Debian: apt upgrade chromium)",
        )
    return ok("chromium", f"{executable}, version {version[0]}")


def _sandbox(is_on: bool, settings: Settings) -> Finding:
    if is_on:
        return ok("sandbox", "on")
    if NO_SANDBOX in settings.chromium_args:
        return warning(
            "sandbox", f"off: CHROMIUM_ARGS has {NO_SANDBOX}", f"take {NO_SANDBOX} out of it"
        )
    for name, refusing, setting in SYSCTLS:
        try:
            value = (Path("/proc/sys") / name).read_text().strip()
        except OSError:
            continue
        if value == refusing:
            return warning(
                "sandbox",
                f"off: {name.replace('/', '.')} is {value}, so there are no user namespaces",
                f"echo '{setting}' > /etc/sysctl.d/60-flowhqd.conf && sysctl --system",
            )
    return warning(
        "sandbox",
        "off: this host refuses user namespaces",
        "allow them (a container needs them from its host), or install chromium-sandbox",
    )


def _hand_over(works: bool) -> Finding:
    if works:
        return ok("hand_over", "one Chromium can hold many tenants")
    return warning(
        "hand_over",
        "this Chromium does not take over further profiles, so each tenant gets one of its own",
        "reckon with about 300 MB more for each tenant, or use Debian's chromium package",
    )


def _open_files(wanted: int, hard_limit: int) -> Finding:
    room = affordable_tenants(wanted, hard_limit=hard_limit)
    limit = "unlimited" if hard_limit == resource.RLIM_INFINITY else str(hard_limit)
    if room < wanted:
        return warning(
            "open_files",
            f"the hard limit of {limit} has room for {room} tenants in one Chromium, not for "
            f"TENANTS_PER_BROWSER={wanted}",
            f"raise it to {FILES_PER_BROWSER + FILES_PER_TENANT * wanted} or more "
            "(LimitNOFILE=65536 in a unit)",
        )
    return ok("open_files", f"hard limit {limit}, enough for {wanted} tenants in one Chromium")


def _hard_limit(pid: int | None) -> int:
    if pid is not None:
        try:
            limits = Path(f"/proc/{pid}/limits").read_text()
        except OSError:
            limits = ""
        if found := re.search(r"^Max open files +\S+ +(\S+)", limits, re.MULTILINE):
            return resource.RLIM_INFINITY if found[1] == "unlimited" else int(found[1])
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
