"""``flowhqd completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from flowhqd import cli

SHELLS = ("bash", "zsh", "fish")


@click.command(short_help="Print what completes words in a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print what makes a shell complete flowhqd's commands, options and tenants.

    \b
    bash: flowhqd completion bash > /etc/bash_completion.d/flowhqd
    zsh:  flowhqd completion zsh > "${fpath[1]}/_flowhqd"
    fish: flowhqd completion fish > ~/.config/fish/completions/flowhqd.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click brings these three along
    click.echo(kind(cli.cli, {}, "flowhqd", "_FLOWHQD_COMPLETE").source())
