"""Why a state is what it is, for people: each reason code with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Codes that go into the database, JSON and pages."""

    NEVER_STARTED = "never_started"
    STARTING = "starting"
    AWAITING_SCAN = "awaiting_scan"
    SYNCING = "syncing"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    QR_TIMEOUT = "qr_timeout"
    AUTH_FAILURE = "auth_failure"
    LOGGED_OUT = "logged_out"
    WRONG_NUMBER = "wrong_number"
    NUMBER_IN_USE = "number_in_use"
    CONFLICT = "conflict"
    RESTRICTED = "restricted"
    OUTDATED = "outdated"
    PROXY_BLOCKED = "proxy_blocked"
    NETWORK = "network"
    DATABASE = "database"
    DISK_FULL = "disk_full"
    LAUNCH_TIMEOUT = "launch_timeout"
    PAGE_TIMEOUT = "page_timeout"
    INJECT_TIMEOUT = "inject_timeout"
    SYNC_TIMEOUT = "sync_timeout"
    BROWSER_LOST = "browser_lost"
    PAGE_CRASHED = "page_crashed"
    PAGE_HUNG = "page_hung"
    CAPABILITY_MISSING = "capability_missing"
    STALE = "stale"
    DAEMON_RESTARTED = "daemon_restarted"
    INTERNAL_ERROR = "internal_error"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened, and what a person should do about it; an empty action means nothing."""

    what: str
    action: str = ""


_WAIT = "Nothing to do: it tries again by itself."
_SCAN_AGAIN = "Ask for a new code and scan it with the business's phone."

EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.NEVER_STARTED: Explanation("The worker was never started.", "Start the worker."),
    Reason.STARTING: Explanation("WhatsApp Web is being opened."),
    Reason.AWAITING_SCAN: Explanation(
        "WhatsApp shows a code.",
        "On the phone open WhatsApp, Linked devices, Link a device, and scan the code.",
    ),
    Reason.SYNCING: Explanation("The phone is linked; messages are being fetched."),
    Reason.CONNECTED: Explanation("Customers are being answered."),
    Reason.DEGRADED: Explanation(
        "Connected, but a part of WhatsApp Web could not be found.",
        "Look at the capabilities in the status; update flowhqd if it lasts.",
    ),
    Reason.PAUSED: Explanation(
        "Messages are logged, nobody is answered.", "Resume the tenant to answer again."
    ),
    Reason.RESUMED: Explanation("Answering was switched on again."),
    Reason.STOPPED: Explanation("The worker was stopped.", "Start the worker to answer again."),
    Reason.QR_TIMEOUT: Explanation("Nobody scanned the codes.", _SCAN_AGAIN),
    Reason.AUTH_FAILURE: Explanation("WhatsApp refused the saved login.", _SCAN_AGAIN),
    Reason.LOGGED_OUT: Explanation("The link was ended on the phone or by WhatsApp.", _SCAN_AGAIN),
    Reason.WRONG_NUMBER: Explanation(
        "The linked phone has another number than the tenant.",
        "Correct the tenant's number, or unlink the phone (force-restart with forget_login) and "
        "scan with the right one.",
    ),
    Reason.NUMBER_IN_USE: Explanation(
        "This phone is linked to another tenant already.",
        "Scan with the phone of this business, or delete the other tenant.",
    ),
    Reason.CONFLICT: Explanation(
        "WhatsApp Web is open elsewhere with this login.", "Force-restart the worker."
    ),
    Reason.RESTRICTED: Explanation(
        "WhatsApp restricts this account.",
        "Open WhatsApp on the phone, read its notice and wait until the restriction ends.",
    ),
    Reason.OUTDATED: Explanation(
        "WhatsApp says that this version of its page is too old.",
        "Force-restart the worker to load the new page; update Chromium if it stays.",
    ),
    Reason.PROXY_BLOCKED: Explanation(
        "WhatsApp refuses connections from this network.",
        "Check the host's network and proxy settings.",
    ),
    Reason.NETWORK: Explanation("WhatsApp cannot be reached.", _WAIT),
    Reason.DATABASE: Explanation("The database does not answer.", _WAIT),
    Reason.DISK_FULL: Explanation(
        "The disk is almost full; WhatsApp Web was closed to save its login.",
        "Make room on the disk; it goes on by itself then.",
    ),
    Reason.LAUNCH_TIMEOUT: Explanation(
        "Chromium did not open the profile in time.",
        "It is tried again; look at the host's memory and load if it stays.",
    ),
    Reason.PAGE_TIMEOUT: Explanation(
        "WhatsApp Web did not load in time.",
        "It is tried again; check that the host reaches WHATSAPP_WEB_URL.",
    ),
    Reason.INJECT_TIMEOUT: Explanation(
        "WhatsApp Web loaded, but its inside could not be found.",
        "It is tried again; update flowhqd if it stays.",
    ),
    Reason.SYNC_TIMEOUT: Explanation(
        "WhatsApp Web did not finish syncing.",
        "It is tried again; check that the phone is on and online.",
    ),
    Reason.BROWSER_LOST: Explanation("The Chromium process ended.", _WAIT),
    Reason.PAGE_CRASHED: Explanation("The page crashed.", _WAIT),
    Reason.PAGE_HUNG: Explanation("The page stopped answering.", _WAIT),
    Reason.CAPABILITY_MISSING: Explanation(
        "WhatsApp Web changed: messages cannot be read or sent.", "Update flowhqd."
    ),
    Reason.STALE: Explanation("The worker gave no sign of life.", "Force-restart the worker."),
    Reason.DAEMON_RESTARTED: Explanation("The daemon was restarted."),
    Reason.INTERNAL_ERROR: Explanation(
        "The worker failed in a way nobody foresaw.",
        "It is tried again; report the error in the tenant's log if it stays.",
    ),
}
assert EXPLANATIONS.keys() == set(Reason)  # noqa: S101 - a table with a hole must not start


def action(reason: str) -> str:
    """What a person should do about a reason code; empty when nothing, or when it is unknown."""
    try:
        return EXPLANATIONS[Reason(reason)].action
    except ValueError:
        return ""
