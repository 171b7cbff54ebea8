"""script/setup on systems that it cannot set up, played by a PATH of a few commands."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "script" / "setup"
TOOLS = ("basename", "cat", "cut", "dirname", "env", "grep", "head", "readlink", "sed", "sh")


class System:
    """A machine that has the usual tools and the commands given to it."""

    def __init__(self, root: Path) -> None:
        self.bin = root / "bin"
        self.script = root / "checkout" / "script" / "setup"
        self.bin.mkdir()
        self.script.parent.mkdir(parents=True)
        shutil.copy(SCRIPT, self.script)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found
            (self.bin / tool).symlink_to(found)
        self.command("id", "echo 1000")

    def command(self, name: str, *lines: str) -> None:
        path = self.bin / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)

    def debian(self, *installed: str, candidates: dict[str, str] | None = None) -> None:
        """apt and dpkg; what apt is asked to install is noted in the file ``installed``."""
        known = "|".join(installed) or "none"
        self.command(
            "dpkg-query",
            f'for p; do :; done; case $p in {known}) echo "install ok installed" ;; esac',
        )
        self.command(
            "apt-cache",
            "case $2 in",
            *(f'{name}) echo "  Candidate: {of}" ;;' for name, of in (candidates or {}).items()),
            '*) echo "  Candidate: (none)" ;;',
            "esac",
        )
        self.command("apt-get", f'echo "$@" >>{self.bin.parent}/apt')
        self.command("sudo", 'exec "$@"')

    def python(self, version: str) -> None:
        """A python3 of ``version``; it says whether it is new enough, and its version."""
        major, minor, *_ = (int(part) for part in version.split("."))
        code = int((major, minor) < (3, 11))
        self.command(
            "python3",
            f"case $2 in *version_info*) exit {code} ;; *platform*) echo {version} ;; esac",
        )

    def set_up(self) -> tuple[int, str]:
        done = subprocess.run(
            [self.script],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.stdout == ""
        return done.returncode, done.stderr

    def apt_calls(self) -> list[str]:
        calls = self.bin.parent / "apt"
        return calls.read_text().splitlines() if calls.exists() else []


@pytest.fixture
def system(tmp_path: Path) -> System:
    return System(tmp_path)


def test_another_system_is_told_what_to_install_by_hand(system: System) -> None:
    code, text = system.set_up()
    assert code == 1
    for word in ("not Debian or Ubuntu", "Python 3.11", "Chromium", "Noto", "certificates"):
        assert word in text


def test_an_old_python_is_named_before_anything_is_installed(system: System) -> None:
    system.debian()
    system.python("3.9.2")
    code, text = system.set_up()
    assert code == 1
    assert "Python 3.9.2 is too old" in text
    assert "Debian 12" in text
    assert system.apt_calls() == []


def test_a_release_without_a_new_python_is_left_alone(system: System) -> None:
    system.debian(candidates={"python3": "3.10.6-1~22.04", "chromium": "156.0-1"})
    code, text = system.set_up()
    assert code == 1
    assert "Python 3.10.6-1~22.04 is too old" in text
    assert system.apt_calls() == ["update"]


@pytest.mark.parametrize("candidates", [{}, {"chromium": "2:1snap1-0ubuntu2"}])
def test_a_chromium_that_is_a_snap_is_not_installed(
    system: System, candidates: dict[str, str]
) -> None:
    system.debian(candidates=candidates)
    system.python("3.12.3")
    system.command("chromium-browser", "exec /snap/bin/chromium")
    code, text = system.set_up()
    assert code == 1
    assert "snap" in text
    assert "Google Chrome" in text
    assert system.apt_calls() == ["update"]


def test_without_root_and_sudo_the_command_for_root_is_shown(system: System) -> None:
    system.debian("ca-certificates", "fonts-noto-core")
    (system.bin / "sudo").unlink()
    system.python("3.11.2")
    system.command("chromium", "exit 0")
    code, text = system.set_up()
    assert code == 1
    assert "apt-get install --no-install-recommends fonts-noto-color-emoji" in text


def test_only_what_is_missing_is_installed(system: System) -> None:
    system.debian("ca-certificates", "fonts-noto-core", candidates={"chromium": "156.0-1"})
    system.python("3.11.2")
    system.set_up()
    update, install = system.apt_calls()
    assert update == "update"
    assert install.endswith(
        "--no-install-recommends fonts-noto-color-emoji chromium chromium-sandbox"
    )


def test_what_apt_says_is_shown_when_it_fails(system: System) -> None:
    system.debian()
    system.python("3.11.2")
    system.command("chromium", "exit 0")
    system.command("apt-get", "echo no space left on device >&2; exit 100")
    code, text = system.set_up()
    assert code == 1
    assert "no space left on device" in text
