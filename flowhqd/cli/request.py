"""``flowhqd request …``: what businesses ask for on the portal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click
from click.shell_completion import CompletionItem

from flowhqd.cli.client import Client
from flowhqd.cli.desk import COMPLETION_SECONDS, Desk, begins, is_number, only, talks
from flowhqd.cli.output import clock_time, plain, table
from flowhqd.errors import FlowHQError

LIST = ("ID", "ADDRESS", "NUMBER", "TEMPLATE", "STATUS", "SENT")
FLEXIBLE = LIST.index("ADDRESS")
STATUSES = ("DRAFT", "SUBMITTED", "APPROVED", "ACTIVE", "REJECTED")

Request = dict[str, Any]


def approval(command: Callable[..., None]) -> Callable[..., None]:
    """A command that approves, with what can be said along with it."""
    for option in (
        click.option("--share", is_flag=True, help="Though others look after the number's tenant."),
        click.option("--business-name", help="What customers call it  [default: as asked for]"),
        click.option("--name", help="What you call the tenant  [default: the business name]"),
    ):
        command = option(command)
    return command


def _complete(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Ids of requests that wait; none when the daemon cannot be asked."""
    try:
        client = Client.of_environment(ctx.params.get("url"), connect_seconds=COMPLETION_SECONDS)
        found = requests(Desk(client, as_json=True))
    except FlowHQError:
        return []
    return [
        CompletionItem(one["id"], help=one["user"]["email"])
        for one in found
        if one["id"].startswith(incomplete.lower())
    ]


def of_request(command: Callable[..., None]) -> Callable[..., None]:
    """A command about one request, which a shell can complete."""
    return click.argument("wanted", metavar="REQUEST", shell_complete=_complete)(command)


@click.group()
def request() -> None:
    """Decide upon the set-up requests of the portal.

    REQUEST is an id or the beginning of one, or, of a request that waits, its user's e-mail address
    or its WhatsApp number.
    """


@request.command("list")
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), default="SUBMITTED",
              show_default=True)  # fmt: skip
@click.option("--all", "everything", is_flag=True, help="Of every status.")
@talks
def list_(desk: Desk, status: str, *, everything: bool) -> None:
    """List requests, newest first; those that wait, unless told otherwise."""
    found = requests(desk, None if everything else status)
    desk.tell(
        {"setupRequests": found}, table(LIST, [_row(one) for one in found], flexible=FLEXIBLE)
    )


@request.command()
@of_request
@approval
@talks
def approve(desk: Desk, /, wanted: str, **given: Any) -> None:
    """Make the tenant, or link the one that has the number, and start it."""
    told(desk, approve_request(desk, _find(desk, wanted), given))


@request.command()
@of_request
@click.option("--note", required=True, help="What its user should know or change.")
@talks
def reject(desk: Desk, wanted: str, note: str) -> None:
    """Refuse a request; its user may change it and send it again."""
    found = _find(desk, wanted)
    answer = desk.client.post("admin", "setup-requests", found["id"], "reject", body={"note": note})
    told(desk, answer)


def requests(desk: Desk, status: str | None = "SUBMITTED") -> list[Request]:
    """The requests of a status, or all, newest first."""
    return desk.all("setup-requests", "setupRequests", status=status)


def approve_request(desk: Desk, found: Request, given: Mapping[str, Any]) -> Any:
    """The answer to approving the very request that was found."""
    body = {"updated_at": found["updated_at"], **given}
    return desk.client.post("admin", "setup-requests", found["id"], "approve", body=body)


def told(desk: Desk, answer: Any) -> None:
    """Show what was decided."""
    found = answer["setupRequest"]
    lines = [f"{plain(found['user']['email'])}: {found['status']}"]
    if found["tenant_id"]:
        lines.append(f"tenant {found['tenant_id']}")
    desk.tell(answer, lines)


def _find(desk: Desk, wanted: str) -> Request:
    waiting = [one for one in requests(desk) if _is_meant(one, wanted)]
    found = waiting or [one for one in requests(desk, None) if begins(one, wanted)]
    return only(
        found,
        f"no request {wanted!r} waits; 'flowhqd request list --all' names them all",
        f"{wanted!r} may mean {{}} requests",
    )


def _is_meant(found: Request, wanted: str) -> bool:
    return (
        begins(found, wanted)
        or found["user"]["email"] == wanted.strip().lower()
        or is_number(found["whatsapp_number"], wanted)
    )


def _row(found: Request) -> tuple[str, ...]:
    return (
        found["id"][:8],
        found["user"]["email"],
        found["whatsapp_number"],
        found["template_type"],
        found["status"],
        clock_time(found["submitted_at"], "%Y-%m-%d"),
    )
