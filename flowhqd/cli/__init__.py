"""The command ``flowhqd``."""

from __future__ import annotations

import os
import sys

import click

from flowhqd import __version__, daemon
from flowhqd.check.command import check
from flowhqd.daemon import Running
from flowhqd.demo import run_demo, run_script
from flowhqd.errors import SettingsError, StartupError
from flowhqd.settings import load_settings
from flowhqd.story import StoryFailed
from flowhqd.support_bundle import support_bundle


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowhqd")
def cli() -> None:
    """One daemon that answers WhatsApp for hundreds of small businesses."""


cli.add_command(check)
cli.add_command(support_bundle)


@cli.command()
def run() -> None:
    """Run the daemon; it is configured by the environment (see the README's table)."""
    daemon.run(load_settings(), announce=announce)


@cli.command()
@click.option("--script", is_flag=True, help="Play the whole story in the terminal, then end.")
def demo(*, script: bool) -> None:
    """Run the daemon against a simulated WhatsApp, from an empty state."""
    if not script:
        run_demo(click.echo)
        return
    try:
        run_script(click.echo)
    except StoryFailed as error:
        click.echo(f"flowhqd: {error}", err=True)
        sys.exit(1)


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


def main() -> None:
    """Run the command; what cannot start ends with one line per problem, never a traceback."""
    try:
        cli(prog_name="flowhqd")
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"flowhqd: {problem}", err=True)
        sys.exit(error.exit_code)
    except StartupError as error:
        click.echo(f"flowhqd: {error}", err=True)
        sys.exit(error.exit_code)
