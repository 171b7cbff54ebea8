"""The service as files: the unit, the settings file, the command, and what script/install refuses.

That it installs, starts and is removed needs a booted host and is not tried here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowhqd.browser.host import FILES_PER_BROWSER, FILES_PER_TENANT
from flowhqd.environment import load_settings
from flowhqd.settings import Settings, variables

REPOSITORY = Path(__file__).parents[2]
UNIT = REPOSITORY / "systemd" / "flowhqd.service"


def run(
    *command: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_every_line_of_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub("(?m)^ExecStart=.*$", "ExecStart=/bin/true", UNIT.read_text()))
    done = run("systemd-analyze", "verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_unit_has_files_for_the_fullest_chromium() -> None:
    [limit] = re.findall(r"(?m)^LimitNOFILE=(\d+)$", UNIT.read_text())
    most = next(each.le for each in Settings.model_fields["tenants_per_browser"].metadata
                if hasattr(each, "le"))  # fmt: skip
    assert int(limit) >= FILES_PER_BROWSER + most * FILES_PER_TENANT


def test_the_unit_lets_debians_chromium_see_the_processor() -> None:
    # It is a shell script that greps /proc/cpuinfo and gives up without it.
    assert not re.search(r"(?m)^ProcSubset=pid", UNIT.read_text())


@pytest.fixture(scope="module")
def environment_file() -> list[str]:
    done = run(
        sys.executable,
        REPOSITORY / "script" / "environment-file",
        environment=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_settings_file_changes_nothing_as_it_is(environment_file: list[str]) -> None:
    assert all(not line or line.startswith("#") for line in environment_file)


def test_the_settings_file_has_every_variable_with_its_default(environment_file: list[str]) -> None:
    offered = dict(
        line.removeprefix("#").split("=", 1)
        for line in environment_file
        if re.match(r"#[A-Z_]+=", line)
    )
    of_the_unit = {"STATE_PATH", "SESSIONS_PATH", "LOGS_PATH"}
    assert offered.keys() == {each.name for each in variables()} - of_the_unit
    state = {"STATE_PATH": "/var/lib/flowhqd"}
    assert load_settings({**offered, **state}) == load_settings(state)


def test_the_command_has_the_settings_of_the_service(tmp_path: Path) -> None:
    settings, programs = tmp_path / "flowhqd.env", tmp_path / "bin"
    settings.write_text(
        "# a comment\n#PORT=1\nPORT=9000\nADMIN_PASSWORD=$HOME `id` \\ it's\n"
        "CHROMIUM_ARGS=\"--lang=sw --proxy-server='http://p:3128'\"\nLOG_LEVEL='DEBUG'\n"
        "HOST=::1"
    )
    programs.mkdir()
    (programs / "flowhqd").write_text('#!/bin/sh\necho "$@"\nexec env\n')
    (programs / "flowhqd").chmod(0o755)
    command = tmp_path / "flowhqd"
    command.write_text(
        (REPOSITORY / "systemd" / "flowhqd")
        .read_text()
        .replace("/etc/flowhqd/flowhqd.env", str(settings))
        .replace("/opt/flowhqd/current/bin", str(programs))
    )
    done = run("sh", command, "tenant", "a b", environment={"PATH": "/usr/bin:/bin", "PORT": "1"})
    first, *rest = done.stdout.splitlines()
    assert first == "tenant a b"
    found = dict(line.split("=", 1) for line in rest)
    assert {name: found.get(name) for name in ("PORT", "ADMIN_PASSWORD", "HOST", "LOG_LEVEL")} == {
        "PORT": "9000",
        "ADMIN_PASSWORD": "$HOME `id` \\ it's",
        "HOST": "::1",
        "LOG_LEVEL": "DEBUG",
    }
    assert found["CHROMIUM_ARGS"] == "--lang=sw --proxy-server='http://p:3128'"
    assert found["STATE_PATH"] == "/var/lib/flowhqd"


def test_removing_knows_the_command_for_its_own() -> None:
    [mark] = re.findall("(?m)^mark='(.*)'$", (REPOSITORY / "script" / "install").read_text())
    assert mark in (REPOSITORY / "systemd" / "flowhqd").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--uninstall"], "unknown option --uninstall"),
        (["--purge"], "--purge goes with --remove"),
        (["--remove", "now"], "unknown option now"),
        ([], "run this as root"),
        (["--remove"], "run this as root"),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    # Of all commands it finds these alone, so it could not do harm if it went on.
    for name in ("dirname", "sh"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    script = REPOSITORY / "script" / "install"
    done = run(script, *arguments, environment={"PATH": str(tmp_path)})
    assert done.returncode == 1
    assert words in done.stderr


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
def test_shell_scripts_have_no_known_traps() -> None:
    scripts = [
        path
        for directory in ("script", "systemd", ".ci")
        for path in (REPOSITORY / directory).iterdir()
        if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh")
    ]
    done = run("shellcheck", *scripts)
    assert (done.returncode, done.stdout) == (0, "")
