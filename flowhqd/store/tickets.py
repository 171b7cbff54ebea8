"""What a browser's cookie holds: the id of a login and a secret, of which a hash is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID, uuid4

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Ticket:
    """``str`` of it is the cookie's value."""

    id: UUID
    secret: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A ticket that nobody can guess."""
        return cls(uuid4(), new_secret())

    @classmethod
    def parse(cls, cookie: str) -> Self | None:
        """The ticket of a cookie; None when it is none."""
        name, _, secret = cookie.partition(".")
        try:
            return cls(UUID(name), secret)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.id}.{self.secret}"

    @property
    def digest(self) -> bytes:
        """What is stored in place of the secret."""
        return digest(self.secret)


def new_secret() -> str:
    """A secret of 256 random bits, safe in URLs."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """A hash of a random secret, for which a fast one will do."""
    return hashlib.sha256(encoded(secret)).digest()


def encoded(secret: str) -> bytes:
    """The bytes of a secret as a request brought it."""
    # aiohttp hands on what is not UTF-8 in a header as unpaired surrogates.
    return secret.encode("utf-8", "surrogateescape")
