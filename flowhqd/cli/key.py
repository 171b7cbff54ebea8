"""``flowhqd key …``: the keys by which programs come in."""

from __future__ import annotations

from typing import Any

import click

from flowhqd.cli.client import Refused
from flowhqd.cli.desk import SHORTEST_PREFIX, Desk, talks
from flowhqd.cli.output import clock_time, plain, table

LIST = ("ID", "NAME", "SCOPES", "STATE", "LAST USED")
FLEXIBLE = LIST.index("NAME")
SCOPES = ("read", "send", "control", "admin")


@click.group()
def key() -> None:
    """Make and revoke keys for programs."""


@key.command("list")
@talks
def list_(desk: Desk) -> None:
    """List all keys, those that are good first."""
    found = desk.client.get("admin", "keys")
    desk.tell(found, table(LIST, [_row(one) for one in found["keys"]], flexible=FLEXIBLE))


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(SCOPES),
    help="What it may do; can be given again. admin is for everything.",
)
@talks
def add(desk: Desk, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key for the program NAME; it is printed this once."""
    answer = desk.client.post("admin", "keys", body={"name": name, "scopes": sorted({*scopes})})
    made = answer["key"]
    lines = [
        f"added {made['id'][:8]} with {', '.join(made['scopes'])}; it is shown this once:",
        answer["secret"],
    ]
    desk.tell(answer, lines)


@key.command()
@click.argument("wanted", metavar="KEY")
@talks
def revoke(desk: Desk, wanted: str) -> None:
    """Let KEY be good no more: its name, its id or the beginning of that."""
    found = [one for one in desk.client.get("admin", "keys")["keys"] if _is_meant(one, wanted)]
    if not found:
        raise Refused(f"there is no good key {wanted!r}; 'flowhqd key list' names them all")
    if len(found) > 1:
        ids = ", ".join(one["id"][:8] for one in found[:5])
        raise Refused(f"{wanted!r} may mean {len(found)} keys ({ids}); use an id")
    answer = desk.client.post("admin", "keys", found[0]["id"], "revoke")
    desk.tell(answer, [f"revoked {plain(found[0]['name'])}"])


def _is_meant(one: dict[str, Any], wanted: str) -> bool:
    if one["revoked_at"] is not None:
        return False
    begins = len(wanted) >= SHORTEST_PREFIX and one["id"].startswith(wanted.lower())
    return begins or str(one["name"]).casefold() == wanted.strip().casefold()


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    return (
        one["id"][:8],
        one["name"],
        ",".join(one["scopes"]),
        "revoked" if one["revoked_at"] else "good",
        clock_time(one["last_used_at"], "%Y-%m-%d %H:%M") or "never",
    )
