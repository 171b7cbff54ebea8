"""What this host and this Chromium can do, tried once before any tenant depends on it."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace

from flowhqd.browser.chromium import Chromium, HandOverRefused
from flowhqd.browser.flags import Launch
from flowhqd.browser.profiles import CONTROL, Profiles
from flowhqd.errors import BrowserLost, StartupError
from flowhqd.log import get_logger

log = get_logger(__name__)

NO_SANDBOX_SIGNS = (
    "No usable sandbox",
    "Failed to move to new namespace",
    # It turns to its helper only without namespaces; a mount with nosuid makes that useless, too.
    "SUID sandbox helper binary was found, but is not configured correctly",
)
"""What Chromium says before it ends where the kernel refuses it user namespaces."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """``sandbox``: renderers are sandboxed. ``hand_over``: one process can hold many profiles."""

    sandbox: bool
    hand_over: bool


async def probe(launch: Launch, profiles: Profiles, *, hand_over: bool) -> Abilities:
    """Start a Chromium on an empty directory, and with ``hand_over`` try a second profile.

    Raises StartupError when it does not start, with the last it said.
    """
    user_data = profiles.root / "probe"
    shutil.rmtree(user_data, ignore_errors=True)
    profiles.make(user_data)
    launch = replace(launch, log_level=2)
    try:
        try:
            browser, _ = await Chromium.start(launch, user_data, CONTROL)
        except BrowserLost as error:
            if not any(sign in str(error) for sign in NO_SANDBOX_SIGNS):
                raise StartupError(f"Chromium does not start: {error}") from error
            launch = replace(launch, sandbox=False)
            browser = await _start_unsandboxed(launch, profiles)
        try:
            return Abilities(
                sandbox=launch.sandbox and "--no-sandbox" not in launch.extra_args,
                hand_over=hand_over and await _hands_over(browser),
            )
        finally:
            await browser.stop()
    finally:
        await asyncio.to_thread(shutil.rmtree, user_data, ignore_errors=True)


async def _start_unsandboxed(launch: Launch, profiles: Profiles) -> Chromium:
    try:
        browser, _ = await Chromium.start(launch, profiles.root / "probe", CONTROL)
    except BrowserLost as error:
        raise StartupError(f"Chromium does not start, even without sandbox: {error}") from error
    log.warning(
        "chromium_sandbox_off",
        detail="this kernel refuses unprivileged user namespaces, so a web page that breaks out "
        "of its renderer has the rights of Chromium's user; allow them with "
        "sysctl kernel.unprivileged_userns_clone=1 (Debian) or an AppArmor profile (Ubuntu), or "
        "install the package chromium-sandbox",
    )
    return browser


async def _hands_over(browser: Chromium) -> bool:
    try:
        await browser.hand_over("probe")
    except HandOverRefused as error:
        log.warning(
            "chromium_hand_over_refused",
            detail=f"{error}; every tenant gets a Chromium of its own, at about 300 MB each",
        )
        return False
    return True
