"""The command ``flowhqd``."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from flowhqd import __version__
from flowhqd.errors import FlowHQError, SettingsError, StartupError

COMMANDS = {
    "run": "flowhqd.cli.run:run",
    "demo": "flowhqd.cli.demo:demo",
    "tenant": "flowhqd.cli.tenant:tenant",
    "key": "flowhqd.cli.key:key",
    "user": "flowhqd.cli.user:user",
    "request": "flowhqd.cli.request:request",
    "check": "flowhqd.check.command:check",
    "support-bundle": "flowhqd.support_bundle:support_bundle",
    "migrate": "flowhqd.cli.migrate:migrate",
    "completion": "flowhqd.cli.completion:completion",
}
"""Where each command is; a shell that completes a word should not have to wait for the daemon."""


class Commands(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="flowhqd")
def cli() -> None:
    """One daemon that answers WhatsApp for hundreds of small businesses."""


def main() -> None:
    """Run the command; what goes wrong ends with one line per problem, never a traceback.

    The exit status is 1 for what was refused, 2 for wrong settings or a wrong command line, and 3
    when the daemon cannot start or is not there.
    """
    try:
        cli(prog_name="flowhqd")
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"flowhqd: {problem}", err=True)
        sys.exit(error.exit_code)
    except FlowHQError as error:
        click.echo(f"flowhqd: {error}", err=True)
        sys.exit(error.exit_code if isinstance(error, StartupError) else 1)
