"""The host's room, and who may use the state directory."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowhqd import room
from flowhqd.accounts import unprivileged
from flowhqd.check import chromium, daemon, host
from flowhqd.check.finding import Status
from flowhqd.check.holder import holder
from flowhqd.environment import load_settings
from flowhqd.settings import Settings
from flowhqd.store.owner import StateLock


def settings(state: Path, **environment: str) -> Settings:
    return load_settings({"STATE_PATH": str(state), **environment})


def test_the_lock_is_seen_without_being_tried(tmp_path: Path) -> None:
    assert holder(tmp_path) is None
    with StateLock(tmp_path):
        assert holder(tmp_path) == os.getpid()
    assert (tmp_path / "daemon.lock").read_text().strip() == str(os.getpid())
    assert holder(tmp_path) is None


async def test_a_port_of_another_program_is_no_daemon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _, found = await daemon.findings(settings(tmp_path, PORT=port), None)
    assert found.status is Status.FAILURE
    assert f"127.0.0.1:{port} is in use" in found.detail
    _, free = await daemon.findings(settings(tmp_path, PORT=port), None)
    assert free.status is Status.OK


async def test_a_daemon_that_does_not_answer_is_a_failure(tmp_path: Path, free_port: int) -> None:
    [found] = await daemon.findings(settings(tmp_path, PORT=str(free_port)), os.getpid())
    assert found.status is Status.FAILURE
    assert f"process {os.getpid()} runs, but flowhqd does not answer" in found.detail


async def test_a_file_in_the_place_of_the_state_is_named(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("")
    found = next(
        each for each in await host.findings(settings(place), None) if each.name == "permissions"
    )
    assert found.status is Status.FAILURE
    assert found.detail == f"{place} is no directory"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has children of another account")
async def test_a_closed_directory_above_the_state_is_told(open_directory: Path) -> None:
    above = open_directory / "closed"
    above.mkdir(mode=0o700)
    found = (await host.findings(settings(above / "state"), None))[0]
    assert found.status is Status.FAILURE
    assert unprivileged().name in found.detail
    above.chmod(0o711)
    assert (await host.findings(settings(above / "state"), None))[0].status is Status.OK
    assert list(above.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
async def test_a_profile_directory_of_another_user_is_told(open_directory: Path) -> None:
    sessions = open_directory / "foreign" / "sessions"
    sessions.mkdir(parents=True)
    found = (await host.findings(settings(sessions.parent), None))[0]
    assert found.status is Status.FAILURE
    assert found.cure.startswith(f"chown -R {unprivileged().name}: {sessions}")


@given(st.integers(0, 1 << 42), st.integers(1, 64), st.booleans())
def test_the_room_for_tenants_holds_what_is_assumed(
    available: int, per_browser: int, is_running: bool
) -> None:
    count = room.tenants_in(available, per_browser, is_running=is_running)
    assert count >= 0
    assert count * room.TENANT_BYTES <= available
    if not is_running and count:
        assert count * room.TENANT_BYTES + room.BASE_BYTES <= available


def test_the_tightest_control_group_above_a_process_decides(tmp_path: Path) -> None:
    service = tmp_path / "system.slice" / "flowhqd.service"
    service.mkdir(parents=True)
    for group, limit, used in ((service, "max", 50), (service.parent, "1000", 300)):
        (group / "memory.max").write_text(f"{limit}\n")
        (group / "memory.current").write_text(f"{used}\n")
    membership = tmp_path / "cgroup"
    membership.write_text("0::/system.slice/flowhqd.service\n")
    assert room.group_room(membership, tmp_path) == [700]
    membership.write_text("4:memory:/flowhqd\n")
    assert room.group_room(membership, tmp_path) == []


@pytest.mark.parametrize(
    ("hard_limit", "status"), [(1024, Status.WARNING), (2000, Status.OK), (-1, Status.OK)]
)
def test_open_files_are_counted_for_a_full_browser(hard_limit: int, status: Status) -> None:
    assert chromium._open_files(16, hard_limit).status is status


@pytest.mark.parametrize(
    ("says", "status", "words"),
    [
        ("echo Chromium 90.0.4430.212 built on Debian", Status.FAILURE, "90.0.4430.212"),
        ("echo no libnss3.so >&2; exit 127", Status.FAILURE, "no libnss3.so"),
        ("echo Chromium 156.0.8078.79", Status.OK, "156.0.8078.79"),
    ],
)
def test_the_version_of_chromium_is_asked(
    open_directory: Path, says: str, status: Status, words: str
) -> None:
    program = open_directory / "chromium"
    program.write_text(f"#!/bin/sh\n{says}\n")
    program.chmod(stat.S_IRWXU | stat.S_IXGRP | stat.S_IRGRP | stat.S_IXOTH | stat.S_IROTH)
    found = chromium._version(program, unprivileged())
    assert found.status is status
    assert words in found.detail


async def test_a_sandbox_that_is_switched_off_is_told(tmp_path: Path) -> None:
    found = await chromium.findings(settings(tmp_path, CHROMIUM_ARGS="--no-sandbox"), None)
    sandbox = next(each for each in found if each.name == "sandbox")
    assert sandbox.status is Status.WARNING
    assert "CHROMIUM_ARGS" in sandbox.detail
