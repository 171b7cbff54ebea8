"""``flowhqd demo``."""

from __future__ import annotations

import click

from flowhqd.demo import run_demo, run_script


@click.command(short_help="Try it: the daemon and a simulated WhatsApp.")
@click.option("--script", is_flag=True, help="Play the whole story in the terminal, then end.")
def demo(*, script: bool) -> None:
    """Run the daemon against a simulated WhatsApp, from an empty state."""
    if script:
        run_script(click.echo)
    else:
        run_demo(click.echo)
