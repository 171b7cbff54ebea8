from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from flowhqd.credentials import Credentials, generate_secrets
from flowhqd.environment import load_settings
from flowhqd.errors import StartupError

BOTH = ("ADMIN_PASSWORD", "PORTAL_INTERNAL_KEY")


def generate(state_path: Path, **environ: str) -> Credentials:
    return generate_secrets(load_settings({"STATE_PATH": str(state_path), **environ}))


def test_secrets_are_made_once_and_read_again(tmp_path: Path) -> None:
    first = generate(tmp_path / "state")
    again = generate(tmp_path / "state")
    assert first.generated == BOTH
    assert again.generated == ()
    assert again.admin_password == first.admin_password
    assert again.portal_internal_key == first.portal_internal_key
    assert generate(tmp_path / "other").admin_password != first.admin_password


def test_generated_secrets_satisfy_the_settings(tmp_path: Path) -> None:
    made = generate(tmp_path)
    settings = load_settings(
        {
            "ADMIN_PASSWORD": made.admin_password.get_secret_value(),
            "PORTAL_INTERNAL_KEY": made.portal_internal_key.get_secret_value(),
        }
    )
    assert settings.admin_password == made.admin_password


def test_what_is_set_is_used_and_not_written(tmp_path: Path) -> None:
    made = generate(tmp_path, ADMIN_PASSWORD="mlango-wa-nyuma")
    assert made.generated == ("PORTAL_INTERNAL_KEY",)
    assert made.admin_password.get_secret_value() == "mlango-wa-nyuma"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["portal_internal_key"]


def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    generate(tmp_path)
    (tmp_path / "admin_password").chmod(0o644)
    generate(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"admin_password": 0o600, "portal_internal_key": 0o600}


def test_secrets_do_not_show_in_a_repr(tmp_path: Path) -> None:
    made = generate(tmp_path)
    assert made.admin_password.get_secret_value() not in repr(made)


def test_a_state_path_that_is_a_file_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StartupError, match=r"^STATE_PATH: .*File exists") as caught:
        generate(tmp_path / "state")
    assert "\n" not in str(caught.value)


def test_an_emptied_secret_is_not_taken_for_a_password(tmp_path: Path) -> None:
    generate(tmp_path)
    (tmp_path / "admin_password").write_text("\n")
    with pytest.raises(StartupError, match="admin_password is empty"):
        generate(tmp_path)


@pytest.fixture
def rival(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another process that stores its secret in the instant before ours is put in place."""
    link = os.link

    def link_late(source: Path, target: Path) -> None:
        target.write_text("the rival's secret\n")
        link(source, target)

    monkeypatch.setattr(os, "link", link_late)
    return tmp_path


def test_of_two_that_start_together_one_secret_wins(rival: Path) -> None:
    made = generate(rival)
    assert made.admin_password.get_secret_value() == "the rival's secret"
    assert made.generated == ()
    assert not list(rival.glob(".*"))
