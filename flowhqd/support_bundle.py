"""``flowhqd support-bundle``: what somebody who helps needs to see, and nothing that is secret.

Secrets, phone numbers, the texts of messages and the names of businesses stay out. What is read
line by line and is not understood stays out, too.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import io
import json
import os
import platform
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import click
import orjson
from pydantic import SecretStr

from flowhqd import __version__
from flowhqd.accounts import become_owner_of
from flowhqd.check.command import as_document, collect, quiet
from flowhqd.check.database import CONNECT_SECONDS, reached
from flowhqd.check.holder import holder
from flowhqd.check.run import read_settings, run
from flowhqd.credentials import KEPT
from flowhqd.errors import FlowHQError, SettingsError
from flowhqd.redact import Redactor
from flowhqd.settings import Settings
from flowhqd.store import tenants
from flowhqd.store.errors import store_errors
from flowhqd.store.pool import connect
from flowhqd.store.tenants import Tenant

TAIL_BYTES = 200_000
"""Of each log file, from its end."""
LOG_FILES = 50
"""Tenants whose logs are taken along: those written last."""
JOURNAL_LINES = 5_000
JOURNAL_SECONDS = 20.0
JOURNALCTL = ("journalctl", "--unit=flowhqd", "--output=cat", "--no-pager", "--quiet")
TENANTS = 10_000
SHORTEST_NAME = 4
"""Characters: blanking a shorter name everywhere would leave nothing to read."""

# What systemd and flowhqd itself say in plain words; a line of any other kind may hold anything.
PLAIN_LINE = re.compile(r"flowhqd[ :.]|(Start|Stopp)(ed|ing) flowhqd|Failed to start flowhqd")

README = """\
What flowhqd tells about itself for somebody who helps; made by `flowhqd support-bundle`.
Left out: passwords and keys, phone numbers (but their last 4 digits), texts of messages, names of
businesses and people. Look through it before you hand it on.
"""


@dataclass(frozen=True, slots=True)
class Contents:
    """What was gathered, not yet redacted."""

    problems: list[str]
    checks: dict[str, object]
    tenants: list[Tenant]
    trouble: str | None
    journal: list[str]


@click.command("support-bundle")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def support_bundle(file: Path | None) -> None:
    """Write FILE (a tar.gz) with versions, settings, checks, states and logs, without secrets.

    A running daemon is asked and not disturbed.
    """
    settings, problems = read_settings()
    if settings is None:
        raise SettingsError(problems)
    path = file or Path(f"flowhqd-support-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz")
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be made: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as output:
        journal = _journal()
        # The file and the journal were the caller's to open; all else is the daemon's.
        become_owner_of(settings.state_path)
        quiet()
        contents = asyncio.run(_gather(settings, problems, journal))
        write(output, settings, contents)
    click.echo(f"{path}: look through it before you hand it on (tar tzf, tar xzf)")


async def _gather(settings: Settings, problems: list[str], journal: list[str]) -> Contents:
    found = await collect(run(settings, problems, with_whatsapp=False), lambda _: None)
    rows: list[Tenant] = []
    trouble = None
    try:
        async with reached(settings, holder(settings.state_path)) as database:
            if not database.is_new:
                with store_errors():
                    connection = await connect(database.dsn, deadline_seconds=CONNECT_SECONDS)
                    try:
                        rows = await tenants.page(connection, limit=TENANTS)
                    finally:
                        await connection.close()
    except FlowHQError as error:
        trouble = str(error)
    return Contents(problems, as_document(found), rows, trouble, journal)


def write(output: io.BufferedIOBase, settings: Settings, contents: Contents) -> None:
    """The bundle of ``contents`` and the logs of ``settings``, redacted, as tar.gz."""
    redactor = Redactor(_unspeakable(settings, contents.tenants))

    def cleaned(document: object) -> bytes:
        return json.dumps(_clean(document, redactor), indent=2, default=str).encode()

    states = [_state(tenant) for tenant in contents.tenants]
    with tarfile.open(fileobj=output, mode="w:gz") as archive:
        for name, data in (
            ("README.txt", README.encode()),
            ("versions.json", cleaned(_versions())),
            ("host.json", cleaned(_host(settings))),
            ("settings.json", cleaned(_settings(settings, contents.problems))),
            ("check.json", cleaned(contents.checks)),
            ("tenants.json", cleaned({"trouble": contents.trouble, "tenants": states})),
            ("logs/service.log", _lines(contents.journal, redactor)),
            ("logs/postgres.log", _postgres_log(settings, redactor)),
            *_tenant_logs(settings.logs_path, redactor),
        ):
            member = tarfile.TarInfo(f"flowhqd-support/{name}")
            member.size, member.mode, member.mtime = len(data), 0o600, int(time.time())
            archive.addfile(member, io.BytesIO(data))


def _unspeakable(settings: Settings, rows: Iterable[Tenant]) -> Iterator[str]:
    """Every value that is known and must not be in the bundle."""
    for value in dict(settings).values():
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
            yield from _login(value.get_secret_value())
    for name in KEPT:
        try:
            yield (settings.state_path / name).read_text().strip()
        except (OSError, UnicodeDecodeError):
            continue
    for tenant in rows:
        yield tenant.phone_number.removeprefix("+")
        for text in (
            tenant.name,
            tenant.config.business_name,
            (tenant.session.account or "").removeprefix("+"),
            tenant.session.account_lid or "",
        ):
            if len(text) >= SHORTEST_NAME:
                yield text


def _login(url: str) -> Iterator[str]:
    """The password within a URL, as it stands there and as it is meant."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return
    if password:
        yield from {password, unquote(password)}


def _clean(value: object, redactor: Redactor) -> object:
    """``value`` with every text in it redacted; keys are our own and stay."""
    match value:
        case str():
            return redactor.text(value, keep_lines=True)
        case dict():
            return {str(key): _clean(each, redactor) for key, each in value.items()}
        case list() | tuple():
            return [_clean(each, redactor) for each in value]
        case None | bool() | int() | float():
            return value
    return _clean(orjson.loads(orjson.dumps(value, default=str)), redactor)


def _lines(lines: Iterable[str], redactor: Redactor) -> bytes:
    """Log lines as far as they are understood, and how many were not."""
    kept, left_out = [], 0
    for line in lines:
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            event = None
        if isinstance(event, dict):
            # The ids of chats and messages hold numbers, which the log itself needs.
            kept.append(json.dumps(_clean(redactor.event(event), redactor)))
        elif PLAIN_LINE.match(line):
            kept.append(redactor.text(line))
        else:
            left_out += bool(line)
    if left_out:
        kept.append(f"({left_out} lines of another kind were left out)")
    return "".join(f"{line}\n" for line in kept).encode()


def _tenant_logs(directory: Path, redactor: Redactor) -> Iterator[tuple[str, bytes]]:
    try:
        files = sorted(directory.glob("*.log"), key=lambda path: path.stat().st_mtime)
    except OSError:
        return
    for path in files[-LOG_FILES:]:
        yield f"logs/{path.name}", _lines(_tail(path), redactor)


def _postgres_log(settings: Settings, redactor: Redactor) -> bytes:
    """Starts, stops and refused connections; it is kept free of statements."""
    lines = _tail(settings.state_path / "postgres" / "log" / "server.log")
    return "".join(f"{redactor.text(line)}\n" for line in lines).encode()


def _tail(path: Path) -> list[str]:
    """The last whole lines of a file, none of one that cannot be read."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read(TAIL_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    return lines[1:] if size > TAIL_BYTES else lines


def _journal() -> list[str]:
    """What systemd kept of the service's output."""
    try:
        done = subprocess.run(  # noqa: S603
            [*JOURNALCTL, "--lines", str(JOURNAL_LINES)],
            capture_output=True,
            check=False,
            timeout=JOURNAL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.decode(errors="replace").splitlines()


def _versions() -> dict[str, str]:
    versions = {"flowhqd": __version__, "python": sys.version.split()[0]}
    for requirement in importlib.metadata.requires("flowhqd") or []:
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if "extra ==" not in requirement:
            versions[name] = importlib.metadata.version(name)
    return versions


def _host(settings: Settings) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "account": os.geteuid(),
    }
    for name, path in (("system", "/etc/os-release"), ("memory", "/proc/meminfo")):
        try:
            facts[name] = Path(path).read_text().splitlines()[:5]
        except OSError as error:
            facts[name] = str(error)
    for name, place in (("state", settings.state_path), ("sessions", settings.sessions_path)):
        try:
            disk = os.statvfs(place)
        except OSError as error:
            facts[f"{name}_disk"] = str(error)
        else:
            facts[f"{name}_disk"] = {
                "free_mb": disk.f_bavail * disk.f_frsize >> 20,
                "free_inodes": disk.f_favail,
            }
    return facts


def _settings(settings: Settings, problems: list[str]) -> dict[str, object]:
    """Every variable; of a secret only whether it is set."""
    values = {
        name.upper(): "(set)" if isinstance(value, SecretStr) else value
        for name, value in dict(settings).items()
    }
    return {"problems": problems, "values": values}


def _state(tenant: Tenant) -> dict[str, object]:
    """A tenant without what would tell who it is."""
    session, worker = tenant.session, tenant.worker
    return {
        "id": tenant.id,
        "status": tenant.status,
        "since": tenant.status_since,
        "wanted": tenant.wanted,
        "created_at": tenant.created_at,
        "config": {
            "template_type": tenant.config.template_type,
            "language": tenant.config.language,
            "has_hours": tenant.config.hours_json is not None,
            "limits": tenant.config.limits,
        },
        "session": {
            "state": session.state,
            "reason": session.reason,
            "detail": session.detail,
            "since": session.since,
            "last_seen_at": session.last_seen_at,
            "is_linked": session.account is not None,
            "provider": session.provider,
            "web_version": session.web_version,
            "capabilities": session.capabilities,
        },
        "worker": {
            "status": worker.status,
            "reason": worker.reason,
            "detail": worker.detail,
            "since": worker.since,
            "last_error": worker.last_error,
            "last_error_at": worker.last_error_at,
            "heartbeat_at": worker.heartbeat_at,
        },
    }
