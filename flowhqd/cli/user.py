"""``flowhqd user …``: the people of the portal."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from flowhqd.cli.client import Client
from flowhqd.cli.desk import COMPLETION_SECONDS, Desk, begins, only, talks
from flowhqd.cli.output import clock_time, plain, table
from flowhqd.cli.request import approval, approve_request, requests, told
from flowhqd.errors import FlowHQError

LIST = ("ID", "ADDRESS", "STATE", "TENANT", "SINCE")
FLEXIBLE = LIST.index("ADDRESS")

User = dict[str, Any]


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Addresses; none when the daemon cannot be asked."""
    try:
        client = Client.of_environment(ctx.params.get("url"), connect_seconds=COMPLETION_SECONDS)
        found = Desk(client, as_json=True).all("users", "users", q=incomplete or None)
    except FlowHQError:
        return []
    return [
        CompletionItem(one["email"], help=_state(one))
        for one in found
        if one["email"].startswith(incomplete.lower())
    ]


def of_user(command: Any) -> Any:
    """A command about one user, which a shell can complete."""
    return click.argument("wanted", metavar="USER", shell_complete=_complete)(command)


@click.group()
def user() -> None:
    """Look after the people of the portal.

    USER is an e-mail address, an id or the beginning of one. A link leads to the address at which
    the daemon was asked: give --url the one that people use.
    """


@user.command("list")
@click.option("--search", metavar="TEXT", help="Those with TEXT in their address.")
@talks
def list_(desk: Desk, search: str | None) -> None:
    """List users, newest first."""
    found = desk.all("users", "users", q=search)
    desk.tell({"users": found}, table(LIST, [_row(one) for one in found], flexible=FLEXIBLE))


@user.command()
@click.argument("email")
@click.option("--language", default="SW", show_default=True, help="What they read: SW, EN.")
@click.option("--tenant", help="A tenant that is there already, for them to look after.")
@talks
def add(desk: Desk, email: str, language: str, tenant: str | None) -> None:
    """Invite somebody: they choose a password by the link, which is shown this once."""
    body: dict[str, Any] = {"email": email, "language": language}
    if tenant is not None:
        body["tenant_id"] = desk.find(tenant)["id"]
    _tell_link(desk, desk.client.post("admin", "users", body=body))


@user.command("reset-link")
@of_user
@talks
def reset_link(desk: Desk, wanted: str) -> None:
    """Make a link by which a user chooses a new password; it is shown this once."""
    found = _find(desk, wanted)
    _tell_link(desk, desk.client.post("admin", "users", found["id"], "reset-link"))


@user.command()
@of_user
@talks
def disable(desk: Desk, wanted: str) -> None:
    """Log a user out and keep them out; their tenant goes on."""
    _act(desk, wanted, "disable")


@user.command()
@of_user
@talks
def enable(desk: Desk, wanted: str) -> None:
    """Let a user in again."""
    _act(desk, wanted, "enable")


@user.command()
@of_user
@approval
@talks
def approve(desk: Desk, /, wanted: str, **given: Any) -> None:
    """Approve a user's set-up request: make the tenant and start it."""
    found = _find(desk, wanted)
    asked = [one for one in requests(desk) if one["user_id"] == found["id"]]
    address = plain(found["email"])
    chosen = only(asked, f"{address} has asked for nothing", f"{address} has asked {{}} times")
    told(desk, approve_request(desk, chosen, given))


def _find(desk: Desk, wanted: str) -> User:
    if "@" in wanted:
        address = wanted.strip().lower()
        found = [one for one in desk.all("users", "users", q=address) if one["email"] == address]
    else:
        found = [one for one in desk.all("users", "users") if begins(one, wanted)]
    return only(
        found,
        f"there is no user {wanted!r}; 'flowhqd user list' names them all",
        f"{wanted!r} may mean {{}} users",
    )


def _act(desk: Desk, wanted: str, verb: str) -> None:
    found = _find(desk, wanted)
    answer = desk.client.post("admin", "users", found["id"], verb)
    desk.tell(answer, [f"{plain(found['email'])}: {_state(answer['user'])}"])


def _tell_link(desk: Desk, answer: Any) -> None:
    link = answer["link"]
    until = clock_time(link["expires_at"], "%Y-%m-%d %H:%M")
    desk.tell(answer, [link["url"], f"for {plain(answer['user']['email'])}, once, until {until}"])


def _row(found: User) -> tuple[str, ...]:
    return (
        found["id"][:8],
        found["email"],
        _state(found),
        (found["tenant_id"] or "")[:8],
        clock_time(found["created_at"], "%Y-%m-%d"),
    )


def _state(found: User) -> str:
    if found["disabled_at"]:
        return "disabled"
    if found["is_invited"]:
        return "invited"
    if found["origin"] == "trusted":
        return "trusted"
    return "verified" if found["email_verified_at"] else "not verified"
