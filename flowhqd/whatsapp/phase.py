"""What a look at the page means: the one place that reads WhatsApp's own state words.

Sources: Socket.state and Stream.mode as wa-js (enums/SOCKET_STATE.ts, StreamMode.ts) and
whatsapp-web.js (Constants.js, WAState) name them.
"""

from __future__ import annotations

from enum import Enum, auto

from flowhqd.whatsapp.events import PageState


class Phase(Enum):
    LOADING = auto()
    PAIRING = auto()
    PAIRING_IDLE = auto()
    SYNCING = auto()
    READY = auto()
    OFFLINE = auto()
    CONFLICT = auto()
    OUTDATED = auto()
    PROXY_BLOCKED = auto()
    RESTRICTED = auto()


_REFUSED = {
    "CONFLICT": Phase.CONFLICT,
    "DEPRECATED_VERSION": Phase.OUTDATED,
    "PROXYBLOCK": Phase.PROXY_BLOCKED,
    "TOS_BLOCK": Phase.RESTRICTED,
    "SMB_TOS_BLOCK": Phase.RESTRICTED,
}


def phase(state: PageState) -> Phase:
    """The phase a page is in; a page that was ready and is not linked to the network is OFFLINE."""
    for word in (state.socket, state.mode):
        if word in _REFUSED:
            return _REFUSED[word]
    match state.socket:
        case "UNPAIRED":
            return Phase.PAIRING
        case "UNPAIRED_IDLE":
            return Phase.PAIRING_IDLE
        case "CONNECTED":
            return Phase.READY if _usable(state) else Phase.SYNCING
        case "PAIRING":
            return Phase.SYNCING
        case "OPENING" | "TIMEOUT" if state.synced or state.mode in ("MAIN", "OFFLINE"):
            return Phase.OFFLINE
    return Phase.LOADING


def _usable(state: PageState) -> bool:
    """Connected and synced: only then has the offline queue been drained."""
    return state.synced and state.mode in (None, "MAIN")
