"""``flowhqd run``."""

from __future__ import annotations

import os
import sys

import click

from flowhqd import __version__, daemon
from flowhqd.daemon import Running
from flowhqd.environment import load_settings


@click.command(short_help="Run the daemon.")
def run() -> None:
    """Run the daemon; it is configured by the environment (see the README's table)."""
    daemon.run(load_settings(), announce=announce)


def announce(running: Running) -> None:
    """Tell once, on stdout, where the daemon is and how to get in."""
    click.echo(f"flowhqd {__version__} serves {running.url}/admin/tenants")
    credentials = running.credentials
    # systemd's name for a stdout that is its journal, which keeps what it is told.
    if credentials.generated and "JOURNAL_STREAM" in os.environ:
        files = " and ".join(name.lower() for name in credentials.generated)
        click.echo(f"  generated now: {files} in STATE_PATH")
        sys.stdout.flush()
        return
    if "ADMIN_PASSWORD" in credentials.generated:
        click.echo(f"  user admin, password {credentials.admin_password.get_secret_value()}")
        click.echo("  (generated now, kept in STATE_PATH; it will not be shown again)")
    if "PORTAL_INTERNAL_KEY" in credentials.generated:
        key = credentials.portal_internal_key.get_secret_value()
        click.echo(f"  portal key for other front ends: {key}")
    sys.stdout.flush()
