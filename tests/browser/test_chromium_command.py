"""Which Chromium is run, and how."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowhqd.accounts import unprivileged
from flowhqd.browser.executable import find_chromium
from flowhqd.browser.flags import Launch
from flowhqd.errors import StartupError


def program(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_first_on_path_is_found(path: Path) -> None:
    program(path / "google-chrome")
    assert find_chromium() == path / "google-chrome"
    program(path / "chromium")
    assert find_chromium() == path / "chromium"


def test_none_is_said_with_the_cure(path: Path) -> None:
    with pytest.raises(StartupError, match="apt install chromium"):
        find_chromium()
    with pytest.raises(StartupError, match="no executable Chromium at"):
        find_chromium(path / "missing")
    (path / "data").write_text("")
    with pytest.raises(StartupError, match="no executable Chromium at"):
        find_chromium(path / "data")


def test_snap_is_refused_by_name(path: Path) -> None:
    stub = program(path / "chromium-browser", "#!/bin/sh\nexec /snap/bin/chromium\n")
    for configured in (None, stub):
        with pytest.raises(StartupError, match=r"chromium-browser.* is a snap"):
            find_chromium(configured)
    (path / "chromium").symlink_to(program(path / "usr/bin/snap"))
    with pytest.raises(StartupError, match="is a snap"):
        find_chromium(path / "chromium")
    program(path / "google-chrome")
    assert find_chromium() == path / "google-chrome"


def test_command_merges_disabled_features() -> None:
    launch = Launch(
        executable=Path("/chromium"),
        account=unprivileged(),
        home=Path("/home"),
        tmp=Path("/tmp"),
        extra_args=("--disable-features=One,Two", "--lang=sw"),
        sandbox=False,
    )
    command = launch.command(Path("/data"), "tenant-a", "data:,")
    [features] = [argument for argument in command if argument.startswith("--disable-features=")]
    assert features.endswith(",One,Two")
    assert "Translate" in features
    assert {"--lang=sw", "--no-sandbox", "--user-data-dir=/data"} <= set(command)


def test_environment_holds_no_secret_and_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ADMIN_PASSWORD", "DATABASE_URL", "DISPLAY", "WAYLAND_DISPLAY", "HOME"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    environment = Launch(
        executable=Path("/chromium"), account=unprivileged(), home=Path("/h"), tmp=Path("/t")
    ).environment()
    assert "secret" not in environment.values()
    assert environment["HTTPS_PROXY"] == "http://proxy:3128"
    assert environment["HOME"] == "/h"
    assert environment["TMPDIR"] == "/t"
