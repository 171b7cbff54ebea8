"""Every environment variable of flowhqd, checked once into one frozen object.

``environment.load_settings`` makes it. Where ``0`` has a meaning of its own, the field says so.
"""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from pydantic import (
    SecretStr,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from flowhqd.variable import Variable, describe, variable

# RFC 1123; the last label is not a number, so that a mistyped address is no host name.
HOST_NAME = re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]{0,62})\.)*(?!\d+$)[A-Za-z0-9][A-Za-z0-9-]{0,62}")

# Switches the browser host sets itself; a second value would break the profile hand-over or open
# the tenants' pages to others on the host.
OWN_SWITCHES: Final = frozenset(
    {
        "--enable-automation",
        "--headless",
        "--profile-directory",
        "--remote-debugging-address",
        "--remote-debugging-pipe",
        "--remote-debugging-port",
        "--user-data-dir",
    }
)


class LogLevel(StrEnum):
    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class Signup(StrEnum):
    """Who may make an account on the portal."""

    OPEN = "open"
    INVITE = "invite"
    OFF = "off"


class Settings(BaseSettings):
    """The configuration of one daemon."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, str_strip_whitespace=True
    )

    database_url: SecretStr | None = variable(
        None,
        "PostgreSQL 15 or newer to use instead of the embedded one",
        shown="unset: embedded PostgreSQL",
        accepts="a URL such as postgresql://user:password@host:5432/database",
    )
    admin_password: SecretStr | None = variable(
        None,
        "password of the admin pages and the admin API",
        shown="made at first start",
        accepts="at least 8 characters",
        min_length=8,
    )
    portal_internal_key: SecretStr | None = variable(
        None,
        "key (`x-portal-key`) of other front ends that speak for their users",
        shown="made at first start",
        accepts="at least 16 printable ASCII characters without spaces",
        min_length=16,
    )
    host: str = variable(
        "127.0.0.1",
        "address the HTTP server listens on",
        accepts="an IP address or a host name",
    )
    port: int = variable(
        8080,
        "port the HTTP server listens on",
        zero="any free port, named at start",
        ge=0,
        le=65535,
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = variable(
        (),
        "proxies whose `X-Forwarded-*` headers are believed, separated by commas",
        shown="unset: none",
        accepts="IP addresses or networks such as 127.0.0.1, 10.0.0.0/8",
    )
    state_path: Path = variable(
        ...,
        "directory of everything flowhqd keeps: embedded database, generated secrets, "
        "and by default the next two",
        shown="`$STATE_DIRECTORY` under systemd, `/var/lib/flowhqd` as root, "
        "else `~/.local/state/flowhqd`",
        accepts="a directory",
    )
    sessions_path: Path = variable(
        None,
        "directory of the tenants' Chromium profiles, which hold their WhatsApp logins",
        shown="`$STATE_PATH/sessions`",
        accepts="a directory",
    )
    logs_path: Path = variable(
        None,
        "directory of the tenants' log files",
        shown="`$STATE_PATH/logs`",
        accepts="a directory",
    )
    log_level: LogLevel = variable(
        LogLevel.INFO, "least severe level that is logged: DEBUG, INFO, WARNING, ERROR, CRITICAL"
    )
    log_message_bodies: bool = variable(
        False,
        "whether the texts of messages are written to the logs",
        zero="no",
        accepts="true or false",
    )
    puppeteer_executable_path: Path | None = variable(
        None,
        "Chromium or Chrome to run",
        shown="the first found on `PATH`",
        accepts="the path of an executable",
    )
    chromium_args: Annotated[tuple[str, ...], NoDecode] = variable(
        (),
        "further Chromium switches, quoted as in a shell",
        shown="unset: none",
        accepts="switches such as --lang=sw --proxy-server='http://proxy:3128'",
    )
    tenants_per_browser: int = variable(
        16, "most tenants that share one Chromium process", unit="tenants", ge=1, le=64
    )
    whatsapp_web_url: str = variable(
        "https://web.whatsapp.com/",
        "page a tenant's session opens",
        accepts="an http:// or https:// URL without user name, password or fragment",
    )
    rate_limit_max_per_minute: int = variable(
        20,
        "replies a tenant may send in one window",
        unit="replies per window",
        zero="no limit",
        ge=0,
        le=100_000,
    )
    rate_limit_window_ms: int = variable(
        60_000, "length of the rate limit's window", unit="ms", ge=1, le=86_400_000
    )
    heartbeat_interval_ms: int = variable(
        30_000, "how often a running worker shows that it lives", unit="ms", ge=10, le=3_600_000
    )
    stale_threshold_minutes: float = variable(
        2.0,
        "age of the last heartbeat at which a worker counts as stale; more than the interval",
        unit="minutes",
        gt=0,
        le=1440,
        allow_inf_nan=False,
    )
    reconnect_initial_delay_ms: int = variable(
        5_000, "wait before the first try to reconnect", unit="ms", ge=1, le=86_400_000
    )
    reconnect_max_delay_ms: int = variable(
        300_000,
        "longest wait between two tries; at least the initial delay",
        unit="ms",
        ge=1,
        le=86_400_000,
    )
    reconnect_backoff_multiplier: float = variable(
        2.0,
        "factor by which the wait grows with each try",
        ge=1,
        le=100,
        allow_inf_nan=False,
    )
    reconnect_max_attempts: int = variable(
        10,
        "tries before a worker gives up and asks for a person; outages of network, database and "
        "disk are not counted",
        unit="tries",
        zero="never gives up",
        ge=0,
        le=1_000_000,
    )
    chat_queue_max_size: int = variable(
        50, "messages of one chat that may wait for their reply", unit="messages", ge=1, le=100_000
    )
    dedup_ttl_ms: int = variable(
        86_400_000,
        "how long the cache in memory remembers a message; the database never forgets one",
        unit="ms",
        zero="no cache",
        ge=0,
        le=2_592_000_000,
    )
    loop_breaker_max_replies: int = variable(
        30,
        "replies one chat may get in 10 minutes, against two machines answering each other",
        unit="replies",
        zero="no limit",
        ge=0,
        le=100_000,
    )
    reply_delay_ms: int = variable(
        0, "wait before each reply", unit="ms", zero="replies at once", ge=0, le=600_000
    )
    owner_pause_minutes: int = variable(
        60,
        "silence in a chat after the owner wrote there from the phone",
        unit="minutes",
        zero="no silence",
        ge=0,
        le=43_200,
    )
    reply_max_age_minutes: int = variable(
        10,
        "age up to which a message found after an outage is still answered",
        unit="minutes",
        zero="none is answered, only live messages are",
        ge=0,
        le=43_200,
    )
    message_retention_days: int = variable(
        90, "how long messages are kept", unit="days", zero="for ever", ge=0, le=36_500
    )
    signup: Signup = variable(
        Signup.OPEN, "who may make an account on the portal: open, invite, off"
    )
    alert_url: SecretStr | None = variable(
        None,
        "address that is told by POST when a tenant needs a person",
        shown="unset: no alerts",
        accepts="an http:// or https:// URL",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: the environment is read in ``load_settings`` and nowhere else."""
        return (init_settings,)

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("does not begin with postgresql://")
        return value

    @field_validator("portal_internal_key")
    @classmethod
    def _check_portal_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[!-~]+", value.get_secret_value()):
            raise ValueError("has a character that an HTTP header cannot carry")
        return value

    @field_validator("host")
    @classmethod
    def _check_host(cls, value: str) -> str:
        if not HOST_NAME.fullmatch(value):
            try:
                ip_address(value)
            except ValueError:
                raise ValueError("is not an address") from None
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_proxies(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(_network(part) for part in re.split(r"[,\s]+", value) if part)

    @field_validator("sessions_path", "logs_path", mode="wrap")
    @classmethod
    def _below_state_path(
        cls, value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        if value is None:
            state_path = info.data.get("state_path", Path("/"))
            return state_path / str(info.field_name).removesuffix("_path")
        return handler(value)

    @field_validator("state_path", "sessions_path", "logs_path", "puppeteer_executable_path")
    @classmethod
    def _make_absolute(cls, value: Path | None) -> Path | None:
        try:
            return value and value.expanduser().absolute()
        except RuntimeError as error:
            raise ValueError("names a home directory that does not exist") from error

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("signup", mode="before")
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("chromium_args", mode="before")
    @classmethod
    def _split_args(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return tuple(shlex.split(value))
        except ValueError as error:
            raise ValueError(f"cannot be split as a shell would ({error})") from error

    @field_validator("chromium_args")
    @classmethod
    def _check_args(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for arg in value:
            switch = arg.partition("=")[0]
            if not switch.startswith("--"):
                raise ValueError(f"has {arg!r}, which is not a switch")
            if switch in OWN_SWITCHES:
                raise ValueError(f"has {switch}, which flowhqd sets itself")
        return value

    @field_validator("whatsapp_web_url")
    @classmethod
    def _check_web_url(cls, value: str) -> str:
        url = _split_http_url(value)
        if url.username is not None or url.password is not None or url.fragment:
            raise ValueError("has a user name, a password or a fragment")
        return urlunsplit(url._replace(path=url.path or "/"))

    @field_validator("alert_url")
    @classmethod
    def _check_alert_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value:
            _split_http_url(value.get_secret_value())
        return value

    @field_validator("stale_threshold_minutes")
    @classmethod
    def _check_stale_threshold(cls, value: float, info: ValidationInfo) -> float:
        interval = info.data.get("heartbeat_interval_ms", 0)
        if value * 60_000 <= interval:
            raise ValueError(
                f"is not longer than HEARTBEAT_INTERVAL_MS ({interval} ms), "
                "so every worker would count as stale"
            )
        return value

    @field_validator("reconnect_max_delay_ms")
    @classmethod
    def _check_max_delay(cls, value: int, info: ValidationInfo) -> int:
        initial = info.data.get("reconnect_initial_delay_ms", 0)
        if value < initial:
            raise ValueError(f"is less than RECONNECT_INITIAL_DELAY_MS ({initial})")
        return value


def variables() -> list[Variable]:
    """All variables in the order of the README's table."""
    return [describe(name, field) for name, field in Settings.model_fields.items()]


def local_url(settings: Settings) -> str | None:
    """Where a daemon with these settings is reached from this host; None for "any free port"."""
    if settings.port == 0:
        return None
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"has {text!r}, which is neither an address nor a network") from error


def _split_http_url(value: str) -> SplitResult:
    try:
        url = urlsplit(value)
        port = url.port
    except ValueError as error:
        raise ValueError("is not a URL") from error
    if url.scheme not in {"http", "https"} or not url.hostname or port == 0:
        raise ValueError("is not an http:// or https:// URL")
    if re.search(r"\s", value):
        raise ValueError("has a space in it")
    return url
