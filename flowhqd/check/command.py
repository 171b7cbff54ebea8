"""The command ``flowhqd check``."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable

import click
import orjson

from flowhqd.accounts import become_owner_of
from flowhqd.check.finding import Finding, Status
from flowhqd.check.run import read_settings, run

COLOURS = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILURE: "red"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--whatsapp",
    "with_whatsapp",
    is_flag=True,
    help="Also load the page of WHATSAPP_WEB_URL, without login, and try what flowhqd needs of it.",
)
def check(as_json: bool, with_whatsapp: bool) -> None:
    """Tell whether this host can run flowhqd, and what to do where it cannot.

    A running daemon is asked and not disturbed. Ends with 1 when something fails; a warning is no
    failure.
    """
    settings, problems = read_settings()
    if settings is not None:
        become_owner_of(settings.state_path)
    quiet()
    found = asyncio.run(
        collect(
            run(settings, problems, with_whatsapp=with_whatsapp),
            (lambda _: None) if as_json else show,
        )
    )
    if as_json:
        click.echo(orjson.dumps(as_document(found), option=orjson.OPT_INDENT_2))
    sys.exit(0 if passed(found) else 1)


def quiet() -> None:
    """Keep the log lines of what is tried off the terminal: the findings tell it better."""
    logging.getLogger().addHandler(logging.NullHandler())


async def collect(
    findings: AsyncIterator[Finding], tell: Callable[[Finding], None]
) -> list[Finding]:
    """All findings, each told as soon as it is known."""
    found = []
    async for finding in findings:
        tell(finding)
        found.append(finding)
    return found


def show(finding: Finding) -> None:
    """One finding for a person, its cure on a line of its own."""
    status = click.style(f"{finding.status:<8}", fg=COLOURS[finding.status])
    click.echo(f"{status} {finding.name:<17} {' '.join(finding.detail.split())}")
    if finding.cure:
        click.echo(f"{'':26} → {finding.cure}")


def passed(found: list[Finding]) -> bool:
    """Whether nothing fails."""
    return not any(finding.status is Status.FAILURE for finding in found)


def as_document(found: list[Finding]) -> dict[str, object]:
    """The findings as JSON."""
    return {"ok": passed(found), "checks": found}
