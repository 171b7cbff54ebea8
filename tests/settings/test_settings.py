from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flowhqd.environment import load_settings
from flowhqd.errors import SettingsError
from flowhqd.settings import LogLevel, Signup, variables

# One variable each that cannot be used, with a word that the problem must say.
WRONG = {
    "DATABASE_URL": ("mysql://owner:tembo-twiga@db/x", "postgresql://"),
    "ADMIN_PASSWORD": ("kiboko", "at least 8"),
    "PORTAL_INTERNAL_KEY": ("siri yangu ya mlango", "HTTP header"),
    "HOST": ("http://0.0.0.0", "IP address"),
    "PORT": ("70000", "from 0 to 65535"),
    "TRUSTED_PROXIES": ("127.0.0.1, 10.0.0.1/8", "'10.0.0.1/8'"),
    "STATE_PATH": ("~no-such-user/state", "home directory"),
    "LOG_LEVEL": ("loud", "DEBUG, INFO, WARNING"),
    "LOG_MESSAGE_BODIES": ("perhaps", "true or false"),
    "CHROMIUM_ARGS": ("--lang='sw", "No closing quotation"),
    "TENANTS_PER_BROWSER": ("65", "from 1 to 64 tenants"),
    "WHATSAPP_WEB_URL": ("ftp://web.whatsapp.com/", "http:// or https://"),
    "RATE_LIMIT_MAX_PER_MINUTE": ("-1", "too small"),
    "RATE_LIMIT_WINDOW_MS": ("0", "too small"),
    "HEARTBEAT_INTERVAL_MS": ("often", "not a whole number"),
    "STALE_THRESHOLD_MINUTES": ("nan", "above 0"),
    "RECONNECT_INITIAL_DELAY_MS": ("1.5", "not a whole number"),
    "RECONNECT_MAX_DELAY_MS": ("9" * 5000, "whole number"),
    "RECONNECT_BACKOFF_MULTIPLIER": ("0.9", "from 1"),
    "RECONNECT_MAX_ATTEMPTS": ("ten", "not a whole number"),
    "CHAT_QUEUE_MAX_SIZE": ("0", "too small"),
    "DEDUP_TTL_MS": ("-5", "too small"),
    "LOOP_BREAKER_MAX_REPLIES": ("x", "not a whole number"),
    "REPLY_DELAY_MS": ("1s", "not a whole number"),
    "OWNER_PAUSE_MINUTES": ("-1", "too small"),
    "REPLY_MAX_AGE_MINUTES": ("-1", "too small"),
    "MESSAGE_RETENTION_DAYS": ("-1", "too small"),
    "SIGNUP": ("everyone", "open, invite, off"),
    "ALERT_URL": ("mailto:owner@example.org", "http://"),
}
# Any text is a path.
NEVER_WRONG = {"SESSIONS_PATH", "LOGS_PATH", "PUPPETEER_EXECUTABLE_PATH"}


def problems(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    return caught.value.problems


def test_no_configuration_at_all_is_a_complete_one() -> None:
    settings = load_settings({"STATE_PATH": "/srv/flowhqd"})
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.database_url is None
    assert settings.sessions_path == Path("/srv/flowhqd/sessions")
    assert settings.logs_path == Path("/srv/flowhqd/logs")
    assert settings.whatsapp_web_url == "https://web.whatsapp.com/"
    assert settings.dedup_ttl_ms == 24 * 60 * 60 * 1000


def test_every_variable_is_read_by_its_name() -> None:
    environ = {
        "DATABASE_URL": "postgresql://flowhqd@db/flowhqd",
        "ADMIN_PASSWORD": "mlango-wa-nyuma",
        "PORTAL_INTERNAL_KEY": "k" * 16,
        "HOST": "::1",
        "PORT": "0",
        "TRUSTED_PROXIES": "127.0.0.1,10.0.0.0/8 fd00::/8",
        "STATE_PATH": "/a",
        "SESSIONS_PATH": "/b",
        "LOGS_PATH": "/c",
        "LOG_LEVEL": "warning",
        "LOG_MESSAGE_BODIES": "true",
        "PUPPETEER_EXECUTABLE_PATH": "/usr/bin/chromium",
        "CHROMIUM_ARGS": "--lang=sw --proxy-server='http://proxy:3128'",
        "TENANTS_PER_BROWSER": "8",
        "WHATSAPP_WEB_URL": "http://127.0.0.1:9000",
        "RATE_LIMIT_MAX_PER_MINUTE": "0",
        "RATE_LIMIT_WINDOW_MS": "1000",
        "HEARTBEAT_INTERVAL_MS": "500",
        "STALE_THRESHOLD_MINUTES": "0.5",
        "RECONNECT_INITIAL_DELAY_MS": "10",
        "RECONNECT_MAX_DELAY_MS": "20",
        "RECONNECT_BACKOFF_MULTIPLIER": "1.5",
        "RECONNECT_MAX_ATTEMPTS": "3",
        "CHAT_QUEUE_MAX_SIZE": "5",
        "DEDUP_TTL_MS": "0",
        "LOOP_BREAKER_MAX_REPLIES": "0",
        "REPLY_DELAY_MS": "100",
        "OWNER_PAUSE_MINUTES": "0",
        "REPLY_MAX_AGE_MINUTES": "0",
        "MESSAGE_RETENTION_DAYS": "0",
        "SIGNUP": "Invite",
        "ALERT_URL": "https://alerts.example.org/hook",
    }
    assert environ.keys() == {each.name for each in variables()}
    settings = load_settings(environ)
    assert settings.trusted_proxies == (
        ip_network("127.0.0.1/32"),
        ip_network("10.0.0.0/8"),
        ip_network("fd00::/8"),
    )
    assert settings.chromium_args == ("--lang=sw", "--proxy-server=http://proxy:3128")
    assert settings.whatsapp_web_url == "http://127.0.0.1:9000/"
    assert settings.log_level is LogLevel.WARNING
    assert settings.log_message_bodies is True
    assert settings.signup is Signup.INVITE
    assert settings.stale_threshold_minutes == 0.5
    assert settings.admin_password is not None
    assert settings.admin_password.get_secret_value() == "mlango-wa-nyuma"
    defaults = load_settings({"STATE_PATH": "/other"})
    unread = [
        name
        for name in type(settings).model_fields
        if settings.model_dump()[name] == defaults.model_dump()[name]
    ]
    assert unread == []


def test_all_problems_are_told_at_once_and_by_name() -> None:
    assert WRONG.keys() | NEVER_WRONG == {each.name for each in variables()}
    told = problems({name: value for name, (value, _) in WRONG.items()})
    assert len(told) == len(WRONG)
    for name, (_, word) in WRONG.items():
        [problem] = [text for text in told if text.startswith(f"{name}: ")]
        assert word in problem
        assert "; accepted: " in problem
        assert "\n" not in problem
        assert len(problem) < 400


def test_a_problem_never_shows_a_secret() -> None:
    told = "\n".join(
        problems(
            {
                "DATABASE_URL": "mysql://owner:tembo-twiga@db/x",
                "ADMIN_PASSWORD": "kiboko",
                "PORTAL_INTERNAL_KEY": "siri yangu ya mlango",
                "ALERT_URL": "ftp://tembo-twiga@x",
                "WHATSAPP_WEB_URL": "https://owner:tembo-twiga@web.whatsapp.com/",
            }
        )
    )
    assert told.count("\n") == 4
    for secret in ("tembo-twiga", "kiboko", "siri yangu"):
        assert secret not in told


def test_settings_do_not_show_their_secrets() -> None:
    settings = load_settings({"ADMIN_PASSWORD": "mlango-wa-nyuma", "STATE_PATH": "/srv"})
    assert "mlango" not in repr(settings) + str(settings.model_dump())


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_is_an_unset_one(empty: str) -> None:
    environ = {each.name: empty for each in variables()}
    assert load_settings(environ) == load_settings({})


def test_unknown_and_lower_case_variables_are_ignored() -> None:
    assert load_settings({"port": "1", "PORTS": "2", "Port": "3"}).port == 8080


def test_settings_cannot_be_changed() -> None:
    settings = load_settings({})
    with pytest.raises(ValidationError):
        settings.port = 1


@pytest.mark.parametrize(
    ("environ", "wrong"),
    [
        ({"RECONNECT_INITIAL_DELAY_MS": "600000"}, "RECONNECT_MAX_DELAY_MS"),
        (
            {"RECONNECT_INITIAL_DELAY_MS": "20", "RECONNECT_MAX_DELAY_MS": "10"},
            "RECONNECT_MAX_DELAY_MS",
        ),
        ({"HEARTBEAT_INTERVAL_MS": "120000"}, "STALE_THRESHOLD_MINUTES"),
        ({"CHROMIUM_ARGS": "--remote-debugging-port=9222"}, "CHROMIUM_ARGS"),
        ({"CHROMIUM_ARGS": "--headless"}, "CHROMIUM_ARGS"),
        ({"CHROMIUM_ARGS": "https://example.org"}, "CHROMIUM_ARGS"),
        ({"WHATSAPP_WEB_URL": "https:///"}, "WHATSAPP_WEB_URL"),
        ({"WHATSAPP_WEB_URL": "https://host:port/"}, "WHATSAPP_WEB_URL"),
        ({"WHATSAPP_WEB_URL": "https://host/#part"}, "WHATSAPP_WEB_URL"),
        ({"HOST": "127.0.0.1:80"}, "HOST"),
        ({"HOST": "127.0.0.256"}, "HOST"),
    ],
)
def test_values_that_would_not_work_together_are_refused(
    environ: dict[str, str], wrong: str
) -> None:
    [problem] = problems(environ)
    assert problem.startswith(f"{wrong}: ")


def test_state_goes_where_systemd_says() -> None:
    environ = {"STATE_DIRECTORY": "/var/lib/flowhqd-a:/var/lib/b", "HOME": "/root"}
    assert load_settings(environ).state_path == Path("/var/lib/flowhqd-a")


def test_state_of_an_ordinary_user_goes_below_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    home = {"HOME": "/home/asha"}
    assert load_settings(home).state_path == Path("/home/asha/.local/state/flowhqd")
    for relative in ("state", "./x"):
        path = load_settings(home | {"XDG_STATE_HOME": relative}).state_path
        assert path == Path("/home/asha/.local/state/flowhqd")
    path = load_settings(home | {"XDG_STATE_HOME": "/data/state"}).state_path
    assert path == Path("/data/state/flowhqd")


def test_paths_are_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = load_settings({"STATE_PATH": "state"})
    assert settings.state_path == tmp_path / "state"
    assert settings.logs_path == tmp_path / "state" / "logs"


def test_a_systemd_credential_stands_in_for_a_missing_variable(tmp_path: Path) -> None:
    (tmp_path / "ADMIN_PASSWORD").write_text("mlango-wa-mbele\n")
    (tmp_path / "database_url").write_text("postgresql://db/one")
    (tmp_path / "another-service").write_text("not ours")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path), "DATABASE_URL": "postgresql://db/two"}
    settings = load_settings(environ)
    assert settings.admin_password is not None
    assert settings.admin_password.get_secret_value() == "mlango-wa-mbele"
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://db/two"


def test_an_unreadable_credential_is_a_problem_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "ADMIN_PASSWORD").write_bytes(b"\xff\xfe")
    told = problems({"CREDENTIALS_DIRECTORY": str(tmp_path), "PORT": "x"})
    assert [text.partition(":")[0] for text in told] == ["ADMIN_PASSWORD", "PORT"]


@given(st.dictionaries(st.sampled_from([each.name for each in variables()]), st.text(max_size=30)))
def test_any_environment_gives_settings_or_named_problems(environ: dict[str, str]) -> None:
    told: list[str] = []
    try:
        load_settings(environ)
    except SettingsError as error:
        told = error.problems or ["none"]
    # Two defaults depend on another variable, so they can be wrong without being set.
    names = environ.keys() | {"RECONNECT_MAX_DELAY_MS", "STALE_THRESHOLD_MINUTES"}
    for problem in told:
        assert re.fullmatch(r"[A-Z_]+: .+; accepted: .+", problem)
        assert problem.partition(":")[0] in names


@pytest.mark.parametrize("host", ["localhost", "0.0.0.0", "::", "fe80::1%eth0", "a-b.example.org"])
def test_addresses_and_host_names_are_hosts(host: str) -> None:
    assert load_settings({"HOST": host}).host == host
