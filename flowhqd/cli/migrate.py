"""``flowhqd migrate``."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import click
import orjson

from flowhqd.accounts import become_owner_of, unprivileged
from flowhqd.environment import load_settings
from flowhqd.errors import StartupError, StoreUnavailable
from flowhqd.settings import Settings
from flowhqd.store import migrations
from flowhqd.store.database import Database
from flowhqd.store.embedded import EmbeddedPostgres
from flowhqd.store.owner import StateLock
from flowhqd.store.pool import open_pool

DATABASE_SECONDS = 30.0


@click.command(short_help="Bring the database up to date.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def migrate(*, as_json: bool) -> None:
    """Bring the database up to date without starting the daemon, which does so by itself."""
    settings = load_settings()
    become_owner_of(settings.state_path)
    with StateLock(settings.state_path):
        applied = asyncio.run(_migrate(settings))
    if as_json:
        click.echo(orjson.dumps({"applied": applied}))
    else:
        click.echo("\n".join(f"applied {name}" for name in applied) or "nothing to do")


async def _migrate(settings: Settings) -> list[str]:
    async with AsyncExitStack() as stack:
        if settings.database_url is not None:
            dsn = settings.database_url.get_secret_value()
        else:
            embedded = EmbeddedPostgres(settings.state_path, unprivileged())
            dsn = (await stack.enter_async_context(embedded)).dsn
        pool: asyncpg.Pool = await open_pool(dsn, deadline_seconds=DATABASE_SECONDS)
        stack.push_async_callback(pool.close)
        try:
            async with Database(pool).connection() as connection:
                return await migrations.migrate(connection)
        except StoreUnavailable as error:
            raise StartupError(str(error)) from error
