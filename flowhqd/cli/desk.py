"""What every command has that talks to the daemon: the daemon, and how to tell the answer."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Concatenate, ParamSpec

import click
import orjson
from click.shell_completion import CompletionItem

from flowhqd.cli.client import Client, Refused
from flowhqd.errors import FlowHQError

COMPLETION_SECONDS = 1.0
# What is no more than this of an id is as likely to be something else.
SHORTEST_PREFIX = 4

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_PREFIX = re.compile(rf"[0-9a-f-]{{{SHORTEST_PREFIX},36}}", re.ASCII)

P = ParamSpec("P")
Tenant = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Desk:
    """``client`` asks the daemon; ``tell`` shows the answer as the caller wants it."""

    client: Client
    as_json: bool

    def tell(self, value: object, lines: Iterable[str]) -> None:
        """``value`` as one JSON document, or ``lines`` for people."""
        if self.as_json:
            click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        else:
            for line in lines:
                click.echo(line)

    def tell_next(self, value: object, lines: Iterable[str]) -> None:
        """One of many answers: JSON has a line for each."""
        if self.as_json:
            click.echo(orjson.dumps(value))
        else:
            self.tell(value, lines)

    def find(self, wanted: str) -> Tenant:
        """The tenant with this id, beginning of an id, phone number or name; raises Refused."""
        if _UUID.fullmatch(wanted):
            found: Tenant = self.client.get("admin", "tenants", wanted, "status")["tenant"]
            return found
        return only(
            [one for one in self.tenants() if _is_meant(one, wanted)],
            f"there is no tenant {wanted!r}; 'flowhqd tenant list' names them all",
            f"{wanted!r} may mean {{}} tenants",
        )

    def tenants(self) -> list[Tenant]:
        """All tenants, in the order they were made."""
        return self.all("tenants", "tenants")

    def all(self, path: str, name: str, **query: object) -> list[dict[str, Any]]:
        """Every page of a list of the admin's, which has its rows under ``name``."""
        found: list[dict[str, Any]] = []
        after = None
        while True:
            page = self.client.get("admin", path, limit=1000, after=after, **query)
            found += page[name]
            after = page["next"]
            if after is None:
                return found


def only(candidates: list[dict[str, Any]], none: str, several: str) -> dict[str, Any]:
    """The one candidate; raises Refused with ``none``, or ``several`` and their number."""
    if not candidates:
        raise Refused(none)
    if len(candidates) > 1:
        ids = ", ".join(one["id"][:8] for one in candidates[:5])
        raise Refused(f"{several.format(len(candidates))} ({ids}); use an id")
    return candidates[0]


def begins(row: dict[str, Any], wanted: str) -> bool:
    """Whether ``wanted`` is a row's id, or enough of its beginning to be meant as one."""
    prefix = wanted.lower()
    return bool(_PREFIX.fullmatch(prefix)) and row["id"].startswith(prefix)


def is_number(number: str, wanted: str) -> bool:
    """Whether ``wanted`` is a phone number, however it is written."""
    digits = "".join(character for character in wanted if character not in " ()-./")
    return number.removeprefix("+") == digits.removeprefix("+")


def talks(command: Callable[Concatenate[Desk, P], None]) -> Callable[..., None]:
    """A command with ``--url`` and ``--json``, handed a desk."""

    @click.option(
        "--url",
        envvar="FLOWHQD_URL",
        metavar="URL",
        help="The daemon's address  [default: HOST and PORT of the environment]",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    @functools.wraps(command)
    def with_desk(*args: Any, url: str | None, as_json: bool, **options: Any) -> None:
        command(Desk(Client.of_environment(url), as_json), *args, **options)

    return with_desk


def of_tenant(command: Callable[..., None]) -> Callable[..., None]:
    """A command about one tenant, which a shell can complete."""
    return click.argument("wanted", metavar="TENANT", shell_complete=_complete)(command)


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of tenants, with their names; none when the daemon cannot be asked."""
    try:
        client = Client.of_environment(ctx.params.get("url"), connect_seconds=COMPLETION_SECONDS)
        tenants = Desk(client, as_json=True).tenants()
    except FlowHQError:
        return []
    return [
        CompletionItem(one["id"], help=one["name"])
        for one in tenants
        if one["id"].startswith(incomplete.lower())
    ]


def _is_meant(tenant: Tenant, wanted: str) -> bool:
    return (
        begins(tenant, wanted)
        or str(tenant["name"]).casefold() == wanted.strip().casefold()
        or is_number(tenant["phone_number"], wanted)
    )
