"""Every error flowhqd raises on purpose.

The class carries what a caller needs to decide: a stable ``code``, whether the daemon's process
should end with it (``exit_code``), and a message for a person. Nothing outside the one adapter
that talks to a foreign library decides by matching strings.
"""

from __future__ import annotations


class FlowHQError(Exception):
    """Root of flowhqd's own errors; ``str(error)`` is one line for a person."""

    code = "error"


class StartupError(FlowHQError):
    """The daemon cannot run: one line on stderr and ``exit_code``, never a traceback."""

    code = "startup"
    exit_code = 3


class SettingsError(StartupError):
    """The configuration is wrong; ``problems`` names every variable at once."""

    code = "settings"
    exit_code = 2

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class NotFound(FlowHQError):
    """What was asked for does not exist, or is not the asker's to see."""

    code = "not_found"


class Conflict(FlowHQError):
    """The request is sound but collides with what is there."""

    code = "conflict"


class TooManyWaiting(FlowHQError):
    """As much waits already as may wait; it may be asked again once some of it is done."""

    code = "too_many_waiting"


class Invalid(FlowHQError):
    """A field has a value that cannot be used; ``errors`` maps field names to what is wrong."""

    code = "invalid"

    def __init__(self, errors: dict[str, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{field}: {text}" for field, text in errors.items()))


class StoreUnavailable(FlowHQError):
    """The database does not answer; what was asked may be retried once it is back."""

    code = "store_unavailable"


class NotServing(FlowHQError):
    """The daemon is starting or stopping; what was asked may be asked again in a moment."""

    code = "not_serving"


class BrowserError(FlowHQError):
    """Something between the daemon and a tenant's page failed."""

    code = "browser"


class BrowserLost(BrowserError):
    """The Chromium process, or the pipe to it, is gone."""

    code = "browser_lost"


class DiskFull(BrowserError):
    """Too little room is left on disk to open a page without danger to its login."""

    code = "disk_full"


class PageLost(BrowserError):
    """The tenant's page is gone: crashed, closed or replaced."""

    code = "page_lost"


class PageTimeout(BrowserError):
    """The page gave no answer before the deadline; it may be hung."""

    code = "page_timeout"


class PageError(BrowserError):
    """The page answered a call by throwing; the message is the page's."""

    code = "page_error"


class DocumentLost(PageError):
    """The page went elsewhere, or was loaded anew, while it was called."""

    code = "document_lost"


class BridgeLost(BrowserError):
    """The page has no bridge any more, as while it navigates."""

    code = "bridge_lost"


class Undecidable(BrowserError):
    """The page cannot tell whether a message was sent; it must not be sent again."""

    code = "undecidable"


class RecipientUnknown(BrowserError):
    """WhatsApp knows nobody under the address; nothing was sent."""

    code = "recipient_unknown"
