"""Where settings come from: the environment of the process, and what systemd hands it.

A variable that is set but empty counts as unset, and one that flowhqd does not know is ignored.
Under systemd, a credential (``LoadCredential=ADMIN_PASSWORD:…``) stands in for a variable that
is not in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from flowhqd.errors import SettingsError
from flowhqd.settings import Settings
from flowhqd.variable import explain


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from ``environ``, by default the process's own environment.

    Raises SettingsError that lists every problem at once, without the values of secrets.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    values: dict[str, Any] = {**_credentials(environ.get("CREDENTIALS_DIRECTORY"), problems)}
    values |= _Environment(environ)()
    if "state_path" not in values:
        values["state_path"] = default_state_path(environ)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            name = str(details["loc"][0])
            field = Settings.model_fields[name]
            problems.append(explain(name, field, values.get(name), details))
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return settings


def default_state_path(environ: Mapping[str, str]) -> Path:
    """Where state goes when STATE_PATH is unset.

    systemd hands a unit its directories as a list separated by colons; the XDG base directory
    specification asks that a relative XDG_STATE_HOME be ignored.
    """
    if directories := environ.get("STATE_DIRECTORY"):
        return Path(directories.split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/flowhqd")
    xdg = Path(environ.get("XDG_STATE_HOME", ""))
    base = xdg if xdg.is_absolute() else Path(environ.get("HOME") or "~") / ".local" / "state"
    return base / "flowhqd"


class _Environment(EnvSettingsSource):
    """The variables of one environment, by their exact names."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Settings)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {
            name.lower(): value
            for name, value in self._environ.items()
            if name.isupper() and value.strip()
        }


def _credentials(directory: str | None, problems: list[str]) -> dict[str, str]:
    """What systemd put into ``directory``; a file named like a variable is its value."""
    if not directory or not Path(directory).is_dir():
        return {}
    values: dict[str, str] = {}
    for path in Path(directory).iterdir():
        name = path.name.lower()
        if name not in Settings.model_fields:
            continue
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            problems.append(
                f"{name.upper()}: the credential {path} cannot be read ({type(error).__name__}); "
                "accepted: a readable file of UTF-8 text"
            )
        else:
            if value:
                values[name] = value
    return values
