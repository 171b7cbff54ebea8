"""Linking a phone from a shell: codes to scan, drawn in the terminal, and a code to type."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from flowhqd.cli.client import Refused
from flowhqd.cli.desk import Desk, of_tenant, talks
from flowhqd.cli.output import clock_time, plain

FIRST_CODE_SECONDS = 120.0
LOOK_EVERY_SECONDS = 0.5
HOW_TO_SCAN = "On the phone: WhatsApp, Linked devices, Link a device. Then scan:"
HOW_TO_TYPE = (
    "On the phone: WhatsApp, Linked devices, Link a device,\n"
    "Link with phone number instead. Then type the code."
)


@click.command()
@click.option("--watch", is_flag=True, help="Draw each new code, until the phone is linked.")
@of_tenant
@talks
def qr(desk: Desk, wanted: str, *, watch: bool) -> None:
    """Draw the code to scan; the worker is started if need be."""
    tenant = desk.find(wanted)
    tenant_id = tenant["id"]
    # A phone that was linked meanwhile is what watching is for.
    if not (watch and tenant["session"]["state"] == "CONNECTED"):
        desk.client.post("admin", "tenants", tenant_id, "qr")
    for code in _codes(desk, tenant_id):
        if code is None:
            desk.tell_next({"state": "CONNECTED"}, ["linked"])
            return
        desk.tell_next(code, _drawn(desk, tenant_id, code, redraw=watch))
        if not watch:
            return


@click.command("pairing-code", short_help="Show a code to type on the phone.")
@of_tenant
@talks
def pairing_code(desk: Desk, wanted: str) -> None:
    """Show a code to type on the phone, where none can be scanned."""
    tenant_id = desk.find(wanted)["id"]
    answer = desk.client.post("admin", "tenants", tenant_id, "pairing-code")
    code, until = str(answer["code"]), clock_time(answer["expires_at"], "%H:%M:%S")
    desk.tell(answer, [f"{plain(code[:4])}-{plain(code[4:])}", f"good until {until}", HOW_TO_TYPE])


def _codes(desk: Desk, tenant_id: str) -> Iterator[dict[str, Any] | None]:
    """Each new code as the API shows it, and None at last, once a phone is linked.

    Raises Refused when the worker ends without one, or shows none in FIRST_CODE_SECONDS.
    """
    shown, deadline = None, time.monotonic() + FIRST_CODE_SECONDS
    while True:
        code = desk.client.get("admin", "tenants", tenant_id, "qr")
        if code["state"] == "CONNECTED":
            yield None
            return
        if code["qr"] is not None and code["qr"] != shown:
            shown = code["qr"]
            yield code
            deadline = time.monotonic() + FIRST_CODE_SECONDS
        tenant = desk.find(tenant_id)
        worker = tenant["worker"]
        if worker["status"] != "RUNNING":
            why = ", ".join(filter(None, (worker["reason"], worker["detail"], worker["action"])))
            raise Refused(f"the worker is {worker['status']}: {plain(why)}")
        if time.monotonic() > deadline:
            raise Refused(
                f"no code within {FIRST_CODE_SECONDS:.0f} s: the session is "
                f"{tenant['session']['state']} ({plain(tenant['session']['reason'])})"
            )
        time.sleep(LOOK_EVERY_SECONDS)


def _drawn(desk: Desk, tenant_id: str, code: dict[str, Any], *, redraw: bool) -> Iterator[str]:
    try:
        picture = desk.client.text("admin", "tenants", tenant_id, "qr", format="text")
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        return  # It was scanned, or replaced, just now: the next look tells.
    if redraw and sys.stdout.isatty():
        click.clear()
    yield HOW_TO_SCAN
    yield picture.rstrip("\n")
    yield f"code {code['seq']}, good until {clock_time(code['expires_at'], '%H:%M:%S')}"
