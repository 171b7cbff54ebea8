"""A tenant's messages from a shell: the log, also as it grows, and sending."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from flowhqd.cli.desk import Desk, of_tenant, talks
from flowhqd.cli.output import GAP, clock_time, cut, plain, width

FOLLOW_EVERY_SECONDS = 1.0
FOLLOWED = 200
"""How many of the newest messages are looked at for changes."""
WHY_INDENT = " " * 10

Row = dict[str, Any]


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--follow", "-f", is_flag=True, help="Go on: new messages, and what becomes of them.")
@click.option("--why", is_flag=True, help="Below each message, how it came and why it went so.")
@of_tenant
@talks
def logs(desk: Desk, wanted: str, limit: int, *, follow: bool, why: bool) -> None:
    """Show the newest messages, oldest of them first."""
    tenant_id = desk.find(wanted)["id"]
    answer = desk.client.get("admin", "tenants", tenant_id, "logs", limit=limit)
    lines = _lines_and_why if why else _lines
    if not follow:
        rows = reversed(answer["logs"])
        desk.tell(answer, itertools.chain.from_iterable(map(lines, rows)))
        return
    try:
        for row in itertools.chain(reversed(answer["logs"]), _news(desk, tenant_id)):
            desk.tell_next(row, lines(row))
    except KeyboardInterrupt:
        return


@click.command(short_help="Send a text to a customer.")
@click.option("--quoted", metavar="ID", help="Id of a message of this chat to quote.")
@click.option("--idempotency-key", metavar="KEY", help="Sent once, however often it is asked for.")
@of_tenant
@click.argument("chat")
@click.argument("text")
@talks
def send(
    desk: Desk,
    wanted: str,
    chat: str,
    text: str,
    quoted: str | None,
    idempotency_key: str | None,
) -> None:
    """Send TEXT to CHAT, a phone number with its country code; "-" takes the text from stdin."""
    body = {
        "chat": chat,
        "text": sys.stdin.buffer.read().decode("utf-8", "replace") if text == "-" else text,
        "quoted": quoted,
        "idempotency_key": idempotency_key,
    }
    tenant_id = desk.find(wanted)["id"]
    answer = desk.client.post("admin", "tenants", tenant_id, "messages", body=body)
    row = answer["message"]
    desk.tell(answer, [f"{row['status']} for {row['to_number']}", f"id {row['id']}"])


@click.command("test-message")
@of_tenant
@talks
def test_message(desk: Desk, wanted: str) -> None:
    """Send a test to the owner's own chat."""
    tenant_id = desk.find(wanted)["id"]
    answer = desk.client.post("admin", "tenants", tenant_id, "test-message")
    row = answer["message"]
    desk.tell(answer, [f"{row['status']} for {row['to_number']}", f"id {row['id']}"])


def _news(desk: Desk, tenant_id: str) -> Iterator[Row]:
    """Rows that are new or whose status changed, oldest first, as they come."""
    known: dict[str, str] | None = None
    while True:
        rows = _newest(desk, tenant_id, known)
        # The log only grows: what is behind the newest known row was known before.
        if known is not None:
            yield from (row for row in reversed(rows) if known.get(row["id"]) != row["status"])
        known = {row["id"]: row["status"] for row in rows[:FOLLOWED]}
        time.sleep(FOLLOW_EVERY_SECONDS)


def _newest(desk: Desk, tenant_id: str, known: dict[str, str] | None) -> list[Row]:
    """The newest rows, newest first, and on as far as they are not known."""
    rows: list[Row] = []
    before = None
    while True:
        page = desk.client.get("admin", "tenants", tenant_id, "logs", limit=FOLLOWED, before=before)
        rows += page["logs"]
        before = page["next"]
        if before is None or not known or any(row["id"] in known for row in page["logs"]):
            return rows


def _lines(row: Row) -> list[str]:
    return [_line(row)]


def _lines_and_why(row: Row) -> list[str]:
    return [_line(row), *(f"{WHY_INDENT}{plain(sentence)}" for sentence in row["story"])]


def _line(row: Row) -> str:
    outwards = row["direction"] == "OUT"
    number = row["to_number"] if outwards else row["from_number"]
    why = f"[{row['reason']}] " if row["reason"] else ""
    text = plain(f"{why}{row['error'] or row['message_text']}")
    cells = (
        clock_time(row["created_at"]),
        "→" if outwards else "←",
        f"{plain(number):<13}",
        f"{row['status']:<10}",
        text,
    )
    return cut(GAP.join(cells), width())
