"""The browser host: many tenants' pages over few Chromium processes."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from weakref import WeakValueDictionary

from flowhqd.accounts import Account
from flowhqd.browser import orphans
from flowhqd.browser.chromium import Chromium
from flowhqd.browser.flags import Launch
from flowhqd.browser.page import Page
from flowhqd.browser.probe import Abilities, probe
from flowhqd.browser.profiles import (
    CONTROL,
    Profiles,
    check_name,
    directory_name,
    prune_local_state,
)
from flowhqd.errors import BrowserLost, DiskFull
from flowhqd.log import get_logger

log = get_logger(__name__)

OPENING_AT_ONCE = 2
"""Opening took 0.43 s for one at a time, 0.38 s each for 2 and 0.37 s each for 4."""
ROOM = 256 << 20
"""Bytes that must be left where the profiles lie. A write that a full disk cut short makes Chromium
throw away the profile's IndexedDB, and with it the WhatsApp login, the next time it opens it: seen
each time with Chromium 156, however soon there was room again."""
ROOM_CHECK_SECONDS = 1.0
FILES_PER_TENANT = 90
FILES_PER_BROWSER = 300
"""Descriptors in a browser process (86 and about 240 were seen). At its limit the whole browser
ends, not the one tenant."""


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """``profiles_path`` is SESSIONS_PATH; ``hand_over=False`` gives every tenant a process."""

    executable: Path
    profiles_path: Path
    account: Account
    extra_args: tuple[str, ...] = ()
    tenants_per_browser: int = 16
    hand_over: bool = True


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One running Chromium and the profiles whose pages are open in it."""

    pid: int
    version: str
    profiles: tuple[str, ...]
    started_at: datetime
    hand_over: bool
    sandbox: bool


class Slot:
    """A user data directory, the Chromium that runs on it, and the tenants that have a place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.browser: Chromium | None = None
        self.profiles: set[str] = set()
        self.changing = asyncio.Lock()

    @property
    def is_running(self) -> bool:
        return self.browser is not None and not self.browser.lost.done()

    async def stop(self) -> None:
        async with self.changing:
            if self.browser is not None:
                await self.browser.stop()
                self.browser = None


class BrowserHost:
    """Opens tenants' pages; an async context manager that leaves no process behind.

    Browsers start when a page needs them. A browser that ends resolves ``closed`` of its pages
    and is started again by the next ``open``: the host itself never reopens a page.
    """

    def __init__(self, options: BrowserOptions) -> None:
        self._options = options
        self._profiles = Profiles(options.profiles_path, options.account)
        self._abilities = Abilities(sandbox=True, hand_over=options.hand_over)
        self._room = options.tenants_per_browser
        self._slots: dict[int, Slot] = {}
        self._pages: dict[str, Page] = {}
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._opening = asyncio.Semaphore(OPENING_AT_ONCE)

    async def __aenter__(self) -> Self:
        """Clean up after a dead daemon and probe Chromium. Raises StartupError."""
        self._profiles.prepare()
        await orphans.reap(self._profiles.root)
        orphans.empty(self._profiles.tmp)
        for path in self._profiles.browsers():
            orphans.unlink_singleton(path)
            self._slots[int(path.name.rpartition("-")[2])] = Slot(path)
        self._abilities = await probe(
            self._launch(), self._profiles, hand_over=self._options.hand_over
        )
        self._room = self._tenants_per_browser()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(slot.stop() for slot in self._slots.values()))
        self._profiles.remove_tmp()

    @property
    def sandbox(self) -> bool:
        """Whether renderers are sandboxed, as probed."""
        return self._abilities.sandbox

    @property
    def hand_over(self) -> bool:
        """Whether one process holds many tenants, as probed and wanted."""
        return self._abilities.hand_over

    async def open(self, profile: str) -> Page:
        """A fresh page in the profile, which is made if it is new.

        A page that is still open there is closed first: two pages of one WhatsApp login are a
        conflict to WhatsApp. Raises Invalid for a bad name, BrowserError and its children.
        """
        check_name(profile)
        async with self._lock(profile):
            await self._close(profile)
            if (left := self._profiles.room()) < ROOM:
                raise DiskFull(_no_room(self._profiles.root, left))
            slot = self._place(profile)
            try:
                async with self._opening:
                    page = await self._open_in(slot, profile)
            except BaseException:
                slot.profiles.discard(profile)
                raise
            self._pages[profile] = page
            page.closed.add_done_callback(lambda _: self._on_closed(page, slot))
            return page

    async def watch(self) -> None:
        """End every Chromium while it still can write what it must. Runs until cancelled."""
        while True:
            await asyncio.sleep(ROOM_CHECK_SECONDS)
            running = [slot for slot in self._slots.values() if slot.is_running]
            if running and (left := self._profiles.room()) < ROOM:
                log.error("browsers_ended_for_room", detail=_no_room(self._profiles.root, left))
                await asyncio.gather(*(slot.stop() for slot in running))

    async def forget(self, profile: str) -> None:
        """Close the profile's page and delete all it ever stored. Raises BrowserError."""
        check_name(profile)
        async with self._lock(profile):
            await self._close(profile)
            if (path := self._profiles.find(profile)) is not None:
                await self._profiles.delete(path)

    async def restart_process_of(self, profile: str) -> None:
        """End the Chromium that holds the profile; every page in it resolves "browser_lost".

        The next ``open`` of any of them starts it again. Nothing happens when none runs.
        """
        check_name(profile)
        path = self._profiles.find(profile)
        for slot in self._slots.values():
            if path is not None and slot.path == path.parent:
                await slot.stop()

    def describe(self) -> list[ProcessView]:
        """The running Chromiums."""
        return [
            ProcessView(
                pid=slot.browser.pid,
                version=slot.browser.version,
                profiles=tuple(sorted(slot.profiles)),
                started_at=slot.browser.started_at,
                hand_over=self.hand_over,
                sandbox=self.sandbox,
            )
            for slot in self._slots.values()
            if slot.browser is not None and not slot.browser.lost.done()
        ]

    def _launch(self) -> Launch:
        return Launch(
            executable=self._options.executable,
            account=self._options.account,
            home=self._profiles.home,
            tmp=self._profiles.tmp,
            extra_args=self._options.extra_args,
            sandbox=self._abilities.sandbox,
        )

    def _lock(self, profile: str) -> asyncio.Lock:
        lock = self._locks.get(profile)
        if lock is None:
            self._locks[profile] = lock = asyncio.Lock()
        return lock

    def _on_closed(self, page: Page, slot: Slot) -> None:
        # A page that was replaced has given up its place already, maybe to its successor.
        if self._pages.get(page.profile) is page:
            slot.profiles.discard(page.profile)

    async def _close(self, profile: str) -> None:
        for slot in self._slots.values():
            slot.profiles.discard(profile)
        if (page := self._pages.pop(profile, None)) is not None:
            await page.close()

    def _place(self, profile: str) -> Slot:
        """The slot the profile is to open in, with a place in it taken."""
        slot = next(
            (slot for slot in self._candidates(profile) if len(slot.profiles) < self._room), None
        )
        if slot is None:
            number = next(n for n in range(1, len(self._slots) + 2) if n not in self._slots)
            slot = self._slots[number] = Slot(self._profiles.browser(number))
        slot.profiles.add(profile)
        return slot

    def _candidates(self, profile: str) -> Iterator[Slot]:
        """Where the profile lies, then what runs already, then the rest."""
        path = self._profiles.find(profile)
        yield from (slot for slot in self._slots.values() if path and slot.path == path.parent)
        yield from (slot for slot in self._slots.values() if slot.is_running)
        yield from self._slots.values()

    def _tenants_per_browser(self) -> int:
        if not self.hand_over:
            return 1
        wanted = self._options.tenants_per_browser
        _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        room = affordable_tenants(wanted, hard_limit=hard_limit)
        if room < wanted:
            log.warning(
                "tenants_per_browser_lowered",
                detail=f"{room} tenants in one Chromium instead of {wanted}, because the hard "
                f"limit of open files is {hard_limit}; raise it (LimitNOFILE=65536 in a unit)",
            )
        return room

    async def _open_in(self, slot: Slot, profile: str) -> Page:
        directory = directory_name(profile)
        path = self._profiles.find(profile)
        if path is not None and path.parent != slot.path:
            await self._profiles.move(path, slot.path)
        self._profiles.prepare_profile(slot.path / directory)
        async with slot.changing:
            if not slot.is_running or not self.hand_over:
                if slot.browser is not None:
                    await slot.browser.stop()
                prune_local_state(slot.path)
                first = CONTROL if self.hand_over else directory
                slot.browser, info = await Chromium.start(self._launch(), slot.path, first)
            browser = slot.browser
        if browser is None:
            raise BrowserLost(f"the Chromium of {profile} was stopped while opening its page")
        if self.hand_over:
            info = await browser.hand_over(directory)
        return await Page.attach(profile, browser, info, alone=not self.hand_over)


def affordable_tenants(wanted: int, *, hard_limit: int) -> int:
    """How many of the wanted tenants one Chromium has file descriptors for; at least one."""
    if hard_limit == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, (hard_limit - FILES_PER_BROWSER) // FILES_PER_TENANT))


def _no_room(path: Path, left: int) -> str:
    return (
        f"{left >> 20} MB are left for {path}, and Chromium would lose logins on a full disk: it "
        f"goes on once there are {ROOM >> 20} MB"
    )
