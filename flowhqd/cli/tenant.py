"""``flowhqd tenant …``: what the admin pages do, from a shell."""

from __future__ import annotations

from typing import Any

import click
import orjson

from flowhqd.cli.desk import Desk, Tenant, of_tenant, talks
from flowhqd.cli.linking import pairing_code, qr
from flowhqd.cli.messages import logs, send, test_message
from flowhqd.cli.output import clock_time, pairs, plain, table

LIST = ("ID", "NAME", "NUMBER", "TENANT", "SESSION", "WORKER")
FLEXIBLE = LIST.index("NAME")


@click.group()
def tenant() -> None:
    """Look after the tenants of the running daemon.

    TENANT is an id or the beginning of one, a phone number or a name. The admin's password is taken
    from ADMIN_PASSWORD, or from STATE_PATH where the daemon keeps it.
    """


tenant.add_command(qr)
tenant.add_command(pairing_code)
tenant.add_command(logs)
tenant.add_command(send)
tenant.add_command(test_message)


@tenant.command("list")
@talks
def list_(desk: Desk) -> None:
    """List all tenants with their states."""
    found = desk.tenants()
    desk.tell({"tenants": found}, table(LIST, [_row(one) for one in found], flexible=FLEXIBLE))


@tenant.command()
@click.option("--name", required=True, help="What you call the tenant.")
@click.option("--number", required=True, help="Its WhatsApp number, such as +255712345678.")
@click.option("--template", required=True, help="BOOKING, ECOMMERCE, SUPPORT or one of your own.")
@click.option("--business-name", help="What customers call it  [default: the name]")
@click.option("--language", default="SW", show_default=True, help="Language of replies: SW, EN.")
@click.option("--hours", help="Opening hours as JSON  [default: always open]")
@talks
def add(
    desk: Desk,
    name: str,
    number: str,
    template: str,
    business_name: str | None,
    language: str,
    hours: str | None,
) -> None:
    """Add a tenant; its worker is not started yet."""
    body = {
        "name": name,
        "phone_number": number,
        "template_type": template,
        "business_name": business_name or name,
        "language": language,
        "hours_json": _hours(hours),
    }
    answer = desk.client.post("admin", "tenants", body=body)
    made = answer["tenant"]["id"]
    desk.tell(answer, [f"added {made}", f"next: flowhqd tenant qr {made[:8]}"])


@tenant.command()
@of_tenant
@talks
def show(desk: Desk, wanted: str) -> None:
    """Show one tenant's states, and why they are what they are."""
    found = desk.find(wanted)
    desk.tell({"tenant": found}, _whole(found))


@tenant.command()
@of_tenant
@talks
def start(desk: Desk, wanted: str) -> None:
    """Start the worker."""
    _act(desk, wanted, "worker", "start")


@tenant.command()
@of_tenant
@talks
def stop(desk: Desk, wanted: str) -> None:
    """Stop the worker; its login stays."""
    _act(desk, wanted, "worker", "stop")


@tenant.command()
@of_tenant
@talks
def restart(desk: Desk, wanted: str) -> None:
    """Stop the worker and start it again."""
    _act(desk, wanted, "worker", "restart")


@tenant.command("force-restart")
@click.option("--forget-login", is_flag=True, help="Log out first; a phone has to be linked anew.")
@of_tenant
@talks
def force_restart(desk: Desk, wanted: str, *, forget_login: bool) -> None:
    """Close the browser profile by force and open it anew."""
    _act(desk, wanted, "worker", "force-restart", body={"forget_login": forget_login})


@tenant.command()
@of_tenant
@talks
def pause(desk: Desk, wanted: str) -> None:
    """Answer nobody; messages are logged."""
    _act(desk, wanted, "pause")


@tenant.command()
@of_tenant
@talks
def resume(desk: Desk, wanted: str) -> None:
    """Answer again."""
    _act(desk, wanted, "resume")


@tenant.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@of_tenant
@talks
def delete(desk: Desk, wanted: str, *, yes: bool) -> None:
    """Log the device out and delete everything of a tenant."""
    found = desk.find(wanted)
    name = plain(found["name"])
    if not yes:
        click.confirm(
            f"Delete {name} ({found['phone_number']}) with its log and its WhatsApp login?",
            abort=True,
            err=True,
        )
    desk.client.delete("admin", "tenants", found["id"])
    desk.tell({"deleted": found["id"]}, [f"deleted {name}"])


def _act(desk: Desk, wanted: str, *verb: str, body: object = None) -> None:
    found = desk.find(wanted)
    answer = desk.client.post("admin", "tenants", found["id"], *verb, body=body)
    desk.tell(answer, [_line(answer["tenant"])])


def _hours(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"is not JSON: {error}", param_hint="--hours") from None


def _row(found: Tenant) -> tuple[str, ...]:
    return (
        found["id"][:8],
        found["name"],
        found["phone_number"],
        found["status"],
        found["session"]["state"],
        found["worker"]["status"],
    )


def _line(found: Tenant) -> str:
    session, worker = found["session"], found["worker"]
    return (
        f"{plain(found['name'])}: tenant {found['status']}, session {session['state']}, "
        f"worker {worker['status']} ({plain(worker['reason'])})"
    )


def _whole(found: Tenant) -> list[str]:
    session, worker, config = found["session"], found["worker"], found["config"]
    rate, reconnect = worker["rate_limit"], worker["reconnect"]
    delay = reconnect["next_delay_ms"]
    return pairs(
        [
            ("id", found["id"]),
            ("name", found["name"]),
            ("number", found["phone_number"]),
            ("business", config["business_name"]),
            ("template", f"{config['template_type']}, {config['language']}"),
            ("hours", "always open" if config["hours_json"] is None else "set"),
            ("own limits", ", ".join(_own(config["limits"]))),
            ("tenant", found["status"]),
            ("session", _why(session, session["state"])),
            ("what to do", session["action"]),
            ("last seen", clock_time(session["last_seen_at"], "%Y-%m-%d %H:%M:%S")),
            ("worker", _why(worker, worker["status"])),
            ("what to do", worker["action"] if worker["action"] != session["action"] else ""),
            ("last error", worker["last_error"]),
            ("tries again", f"in {delay / 1000:.0f} s" if delay is not None else ""),
            ("waiting", f"{worker['queue']['total']} messages in {worker['queue']['chats']} chats"),
            ("replies", f"{rate['used']} of {rate['limit'] or 'any number'} in this window"),
        ]
    )


def _own(limits: dict[str, int | None]) -> list[str]:
    return [f"{name} {value}" for name, value in limits.items() if value is not None]


def _why(part: dict[str, Any], state: str) -> str:
    since = clock_time(part["since"], "%Y-%m-%d %H:%M")
    detail = f": {part['detail']}" if part["detail"] else ""
    return f"{state} since {since} ({part['reason']}{detail})"
