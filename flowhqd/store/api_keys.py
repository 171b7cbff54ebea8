"""Keys by which programs come in: what each may do, and when it was used last.

A key is shown once, when it is made. The database has a hash of it, which lets nobody in.
"""

from __future__ import annotations

import enum


class Scope(enum.StrEnum):
    """What a key is for; ``admin`` is for everything, as it can make keys itself."""

    READ = "read"
    SEND = "send"
    CONTROL = "control"
    ADMIN = "admin"
