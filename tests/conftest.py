"""Fixtures that every part of the suite may use; each comes from the module about its noun."""

from __future__ import annotations

from tests.database import dsn, empty_dsn, migrated, open_directory, pool, postgres
from tests.tenants import database, shared_dsn

__all__ = [
    "database",
    "dsn",
    "empty_dsn",
    "migrated",
    "open_directory",
    "pool",
    "postgres",
    "shared_dsn",
]
