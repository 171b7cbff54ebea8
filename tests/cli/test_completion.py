"""Completion, as a shell asks for it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import flowhqd


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_shell_gets_its_script(shell: str) -> None:
    ended = await flowhqd("completion", shell)
    assert ended.status == 0
    assert f"_FLOWHQD_COMPLETE={shell}_complete" in ended.out


async def words(*typed: str) -> list[str]:
    ended = await flowhqd(
        _FLOWHQD_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("flowhqd", *typed)),
        COMP_CWORD=str(len(typed)),
        FLOWHQD_URL="http://127.0.0.1:9",
        ADMIN_PASSWORD="kahawa-na-chai",
    )
    assert (ended.status, ended.err) == (0, "")
    return [line.partition(",")[2] for line in ended.out.splitlines() if line]


async def test_commands_and_options_are_completed() -> None:
    assert await words("tenant", "st") == ["start", "stop"]
    assert await words("mi") == ["migrate"]
    assert "--follow" in await words("tenant", "logs", "--")


async def test_without_a_daemon_no_tenant_is_offered() -> None:
    for command in (("tenant", "show"), ("user", "disable"), ("request", "approve")):
        assert await words(*command, "") == []
