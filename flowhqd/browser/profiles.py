"""Where tenants' profiles lie on disk, and their care.

    SESSIONS_PATH/
      browser-01/            the user data directory of one Chromium at a time
        tenant-<profile>/    a tenant's profile: cookies, IndexedDB, the WhatsApp login
        control/             the profile of the window that keeps the browser alive
      browser-02/ ...
      home/                  HOME of every Chromium
      tmp/                   TMPDIR of every Chromium, emptied at each start of the daemon

A profile stays in the directory it was made in, and so with the same process, as long as there is
room. When there is not, it moves: a closed profile is an ordinary directory that may be renamed
into another user data directory, because with ``--password-store=basic`` its cookies are not tied
to one. Where a profile is, is read from the disk each time; nothing else remembers it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import time
from pathlib import Path

import orjson

from flowhqd.accounts import Account
from flowhqd.browser import proc
from flowhqd.errors import BrowserError, Invalid, StartupError
from flowhqd.log import get_logger

log = get_logger(__name__)

BROWSER = re.compile(r"browser-\d+")
NAME = re.compile(r"[a-z0-9-]{1,64}")
PREFIX = "tenant-"
"""Keeps profiles apart from what Chromium itself puts beside them, such as ``hyphen-data``."""
CONTROL = "control"
PREFERENCES = {"download_restrictions": 3}
"""What a new profile starts with; 3 blocks every download. DevTools can deny them too, but forgets
it while a page closes (Page.setDownloadBehavior), or finds only the profile used last
(Browser.setDownloadBehavior)."""
UNUSED_SECONDS = 15.0
RETRY_SECONDS = 0.1
"""A closed profile had no open file after 0.5 s."""
MAX_TMP = 60
"""Bytes of TMPDIR that leave room for Chromium's socket in the 107 of a socket's path."""


class Profiles:
    """The profiles under ``root``, which belongs to ``account``."""

    def __init__(self, root: Path, account: Account) -> None:
        self.root = root.absolute()
        self._account = account

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def tmp(self) -> Path:
        """Short by force: see MAX_TMP."""
        inside = self.root / "tmp"
        if len(os.fsencode(inside)) <= MAX_TMP:
            return inside
        name = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path("/tmp") / f"flowhqd-{name}"  # noqa: S108

    def prepare(self) -> None:
        """Make the directories that are missing.

        Raises StartupError when the account cannot use them, with what to do about it.
        """
        try:
            self._account.own(self.root)
        except OSError as error:
            raise StartupError(
                f"the browser profiles cannot be kept in {self.root} ({error.strerror}); make it "
                "a directory of flowhqd's user, or set SESSIONS_PATH to another place"
            ) from error
        self.root = self.root.resolve()
        if not self._account.can_reach(self.root):
            raise StartupError(
                f"Chromium runs as the user {self._account.name!r}, who may not pass through every "
                f"directory above {self.root}; set SESSIONS_PATH to a place such as "
                f"/var/lib/flowhqd/sessions, or allow passing with chmod o+x"
            )
        for directory in (self.home, self.tmp):
            self.make(directory)
        for directory in (self.root, self.home, self.tmp, *self.browsers()):
            status = directory.lstat()
            if status.st_uid != self._account.uid or directory.is_symlink():
                raise StartupError(
                    f"{directory} does not belong to {self._account.name!r}, the user that "
                    f"Chromium runs as; run: chown -R {self._account.name}: {directory}"
                )

    def room(self) -> int:
        """Bytes that the account may still write."""
        return shutil.disk_usage(self.root).free

    def remove_tmp(self) -> None:
        """Remove what no Chromium uses any more; ``prepare`` makes it again."""
        shutil.rmtree(self.tmp, ignore_errors=True)

    def make(self, directory: Path) -> None:
        """Make one directory of the account, unless it exists."""
        try:
            directory.mkdir(mode=0o700)
        except FileExistsError:
            return
        if os.geteuid() == 0:
            os.chown(directory, self._account.uid, self._account.gid, follow_symlinks=False)

    def browsers(self) -> list[Path]:
        """The user data directories there are."""
        return sorted(path for path in self.root.iterdir() if BROWSER.fullmatch(path.name))

    def browser(self, number: int) -> Path:
        """The user data directory with this number, made if need be."""
        path = self.root / f"browser-{number:02}"
        self.make(path)
        return path

    def find(self, profile: str) -> Path | None:
        """The profile's directory, or None while it has none."""
        for browser in self.browsers():
            if (path := browser / directory_name(profile)).is_dir():
                return path
        return None

    def prepare_profile(self, path: Path) -> None:
        """Make the profile's directory, with our preferences, unless Chromium has its own there."""
        self.make(path)
        try:
            descriptor = os.open(path / "Preferences", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(PREFERENCES))
            if os.geteuid() == 0:
                os.fchown(descriptor, self._account.uid, self._account.gid)

    async def move(self, path: Path, browser: Path) -> None:
        """Move a closed profile to another user data directory. Raises BrowserError."""
        await self._unused(path)
        await asyncio.to_thread(path.rename, browser / path.name)

    async def delete(self, path: Path) -> None:
        """Delete a closed profile once nothing has it open. Raises BrowserError."""
        deadline = time.monotonic() + UNUSED_SECONDS
        while True:
            await self._unused(path)
            try:
                await asyncio.to_thread(shutil.rmtree, path)
            except OSError as error:
                # A closing profile may write once more after nothing seemed to have it open.
                if time.monotonic() > deadline:
                    text = f"the profile {path} could not be deleted: {error}"
                    raise BrowserError(text) from error
                await asyncio.sleep(RETRY_SECONDS)
            else:
                return

    async def _unused(self, path: Path) -> None:
        deadline = time.monotonic() + UNUSED_SECONDS
        needle = os.fsencode(self.root)
        while await asyncio.to_thread(_is_used, path, needle):
            if time.monotonic() > deadline:
                raise BrowserError(f"Chromium still has files open in {path} after its page closed")
            await asyncio.sleep(RETRY_SECONDS)


def check_name(profile: str) -> None:
    """Raises Invalid unless it is 1 to 64 of a-z, 0-9 and hyphen."""
    if not NAME.fullmatch(profile):
        raise Invalid({"profile": "must be 1 to 64 characters of a-z, 0-9 and hyphen"})


def directory_name(profile: str) -> str:
    return PREFIX + profile


def prune_local_state(user_data: Path) -> None:
    """Forget profiles that are not there any more; call while no Chromium runs on it.

    Chromium keeps about 423 bytes for each profile it ever saw, also of a deleted tenant.
    """
    path = user_data / "Local State"
    try:
        # In place, so that it keeps its owner, and never through a link that Chromium's account
        # may have laid there. Chromium makes a new one should the writing be cut short.
        with open(path, "r+b", opener=_not_through_a_link) as file:
            state = orjson.loads(file.read())
            known = state["profile"]["info_cache"]
            gone = [name for name in known if not (user_data / name).is_dir()]
            for name in gone:
                del known[name]
            if gone:
                file.seek(0)
                file.write(orjson.dumps(state))
                file.truncate()
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError) as error:
        log.debug("local_state_not_pruned", detail=str(error))


def _not_through_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


def _is_used(path: Path, root: bytes) -> bool:
    browsers = (pid for pid in proc.pids() if root in proc.command_line(pid))
    return proc.holds_files_under(path, browsers)
