"""All checks, one after the other."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from flowhqd.check import chromium, daemon, database, host, reach, whatsapp
from flowhqd.check.finding import Finding, failure, ok
from flowhqd.check.holder import holder
from flowhqd.environment import load_settings
from flowhqd.errors import FlowHQError, SettingsError
from flowhqd.settings import Settings

SETTINGS_CURE = "put it right where flowhqd's environment is set"


def read_settings(environ: Mapping[str, str] | None = None) -> tuple[Settings | None, list[str]]:
    """The settings and every problem with them.

    What is wrong is taken as unset, so that the rest can be checked; None when that cannot help.
    """
    environ = os.environ if environ is None else environ
    try:
        return load_settings(environ), []
    except SettingsError as error:
        wrong = {problem.partition(":")[0] for problem in error.problems}
        try:
            rest = {name: value for name, value in environ.items() if name not in wrong}
            return load_settings(rest), error.problems
        except SettingsError:
            return None, error.problems


async def run(
    settings: Settings | None, problems: list[str], *, with_whatsapp: bool
) -> AsyncIterator[Finding]:
    """Every finding as soon as it is known; ``problems`` are those of the settings."""
    for problem in problems:
        yield failure("settings", problem, SETTINGS_CURE)
    if settings is None:
        return
    if not problems:
        yield ok("settings", "every variable is understood")
    found, pid = settings, holder(settings.state_path)
    rooms: tuple[tuple[str, Callable[[], Awaitable[list[Finding]]]], ...] = (
        ("host", lambda: host.findings(found, pid)),
        ("daemon", lambda: daemon.findings(found, pid)),
        ("database", lambda: database.findings(found, pid)),
        ("chromium", lambda: chromium.findings(found, pid)),
        ("reach", lambda: reach.findings(found)),
    )
    for name, check in rooms:
        try:
            for finding in await check():
                yield finding
        except (FlowHQError, OSError) as error:
            yield failure(
                name, f"not checked: {str(error) or type(error).__name__}", "see the detail"
            )
    if with_whatsapp:
        async for finding in whatsapp.findings(settings):
            yield finding
