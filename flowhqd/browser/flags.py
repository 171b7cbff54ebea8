"""How a Chromium is started: its arguments and its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from flowhqd.accounts import Account

# Each of these would keep a renderer or a connection of its own that no tenant uses (about 62 MB).
# Chromium heeds only the last --disable-features, so they travel in one flag.
DISABLED_FEATURES = (
    "SpareRendererForSitePerProcess",
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    "OmniboxAimPopup",
    "AiModeOmniboxEntryPoint",
    "AimEnabled",
    "WebUIOmniboxFullPopup",
    "Translate",
    "OptimizationHints",
    "MediaRouter",
    "DialMediaRouteProvider",
)

# Windows without a display, but not --headless: that, like --enable-automation, refuses the
# hand-over of further profiles to a running process.
FLAGS = (
    "--ozone-platform=headless",
    "--disable-gpu",
    "--window-size=1280,900",
    "--force-device-scale-factor=1",
    # The cookie key must not depend on a desktop's keyring that the next start may not have.
    "--password-store=basic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--no-pings",
    "--metrics-recording-only",
    "--disable-background-timer-throttling",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--deny-permission-prompts",
    "--disable-print-preview",
    "--mute-audio",
    "--hide-crash-restore-bubble",
    "--disable-breakpad",
    "--noerrdialogs",
)

FEATURES_FLAG = "--disable-features="

PASSED_ON = frozenset(
    name
    for lower in ("path", "lang", "tz", "http_proxy", "https_proxy", "no_proxy", "all_proxy")
    for name in (lower, lower.upper())
)
"""What Chromium may see of our environment; the rest holds secrets or belongs to a desktop."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that is the same for every Chromium of one host.

    ``home`` and ``tmp`` belong to ``account``. The singleton socket lies under ``tmp``: a socket's
    path holds at most 107 bytes, so ``tmp`` must be short. ``log_level`` is Chromium's: 3 says
    nothing but why it dies, 2 also says why it does not start.
    """

    executable: Path
    account: Account
    home: Path
    tmp: Path
    extra_args: tuple[str, ...] = ()
    sandbox: bool = True
    log_level: int = 3

    def command(self, user_data: Path, profile_directory: str, url: str) -> list[str]:
        """The command that opens ``url`` in a window without tabs, in one profile.

        The first such command for a user data directory becomes the browser; a later one hands
        its window over to that browser and exits.
        """
        features = list(DISABLED_FEATURES)
        extra = []
        for argument in self.extra_args:
            if argument.startswith(FEATURES_FLAG):
                features += argument.removeprefix(FEATURES_FLAG).split(",")
            else:
                extra.append(argument)
        return [
            str(self.executable),
            *FLAGS,
            FEATURES_FLAG + ",".join(features),
            f"--log-level={self.log_level}",
            *([] if self.sandbox else ["--no-sandbox"]),
            *extra,
            f"--user-data-dir={user_data}",
            f"--profile-directory={profile_directory}",
            f"--app={url}",
        ]

    def environment(self) -> dict[str, str]:
        """A small environment of its own: no display, no message bus, no secrets of the daemon."""
        passed = {name: value for name, value in os.environ.items() if name in PASSED_ON}
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            **passed,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "XDG_CACHE_HOME": str(self.home / ".cache"),
            "XDG_DATA_HOME": str(self.home / ".local/share"),
            "TMPDIR": str(self.tmp),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
            "DBUS_SYSTEM_BUS_ADDRESS": "disabled:",
        }
