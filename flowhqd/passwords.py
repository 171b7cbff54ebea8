"""Passwords of the portal's users: hashed with argon2id, a few at a time, off the event loop."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# 19 MiB, two passes and one lane are OWASP's floor for argon2id: some 35 ms of one core. Logins
# share the host with every tenant's browser, so that memory is what is spared.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1
AT_A_TIME = 2


class Passwords:
    """Hashes and checks passwords in threads, ``AT_A_TIME`` of them."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES)
        # As costly to check as a real one, and right for nobody: its password is not kept.
        self._nobody: str | None = None
        self._slots = asyncio.Semaphore(AT_A_TIME)

    async def hash(self, password: str) -> str:
        """A hash that says how it was made."""
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the hash is of this password; None, which none is, takes as long to check."""
        async with self._slots:
            return await asyncio.to_thread(self._check, password_hash, password)

    def is_outdated(self, password_hash: str) -> bool:
        """Whether a hash was made with other costs than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _check(self, password_hash: str | None, password: str) -> bool:
        try:
            self._hasher.verify(password_hash or self._of_nobody(), password)
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def _of_nobody(self) -> str:
        if self._nobody is None:
            self._nobody = self._hasher.hash("")
        return self._nobody
