"""The admin's password and the portal's key: from the settings, or made once and kept."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from flowhqd.errors import StartupError
from flowhqd.settings import Settings

# Bytes of randomness: a person may have to type the password (12 characters, 72 bits).
PASSWORD_BYTES = 9
KEY_BYTES = 32

KEPT = ("admin_password", "portal_internal_key")
"""The files in STATE_PATH that hold what was made; each is named like its variable."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens flowhqd's doors; ``generated`` names the variables that are new with this start.

    The daemon prints those once, because nobody has seen them yet.
    """

    admin_password: SecretStr
    portal_internal_key: SecretStr
    generated: tuple[str, ...] = field(default=())


def generate_secrets(settings: Settings) -> Credentials:
    """The credentials of ``settings``; what is unset there is kept in STATE_PATH, 0600.

    Raises StartupError when STATE_PATH cannot be used.
    """
    directory = settings.state_path
    generated: list[str] = []

    def complete(given: SecretStr | None, variable: str, size: int) -> SecretStr:
        if given is not None:
            return given
        value, is_new = _kept(directory / variable.lower(), size)
        if is_new:
            generated.append(variable)
        return SecretStr(value)

    try:
        return Credentials(
            admin_password=complete(settings.admin_password, "ADMIN_PASSWORD", PASSWORD_BYTES),
            portal_internal_key=complete(
                settings.portal_internal_key, "PORTAL_INTERNAL_KEY", KEY_BYTES
            ),
            generated=tuple(generated),
        )
    except (OSError, UnicodeDecodeError) as error:
        raise StartupError(
            f"STATE_PATH: generated secrets cannot be kept in {directory} "
            f"({getattr(error, 'strerror', None) or 'not text'}); make it a directory that this "
            "user may write, or set ADMIN_PASSWORD and PORTAL_INTERNAL_KEY"
        ) from error


def _kept(path: Path, size: int) -> tuple[str, bool]:
    """The secret in ``path``, made if there is none, and whether it was made now."""
    is_new = False
    if not path.exists():
        path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        is_new = _create(path, secrets.token_urlsafe(size))
    path.chmod(0o600)
    value = path.read_text(encoding="utf-8").strip()
    if not value:
        raise StartupError(f"{path} is empty; delete it to have a new secret made")
    return value, is_new


def _create(path: Path, value: str) -> bool:
    """Write a new file whole or not at all; False when another process was faster."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(value + "\n")
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
            return True
        return False
    finally:
        draft.unlink(missing_ok=True)


def kept_admin_password(settings: Settings) -> str | None:
    """The admin's password for who asks a running daemon; None where this user cannot know it."""
    if settings.admin_password is not None:
        return settings.admin_password.get_secret_value()
    try:
        kept = (settings.state_path / "admin_password").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return kept.strip() or None
