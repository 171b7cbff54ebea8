"""The operator looks after the portal's people from a shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
import orjson

from flowhqd.simulator import Simulator
from tests.cli.conftest import Ended, flowhqd
from tests.system.daemon import PASSWORD, Daemon, running

ASHA, JUMA = "asha@example.com", "juma@example.com"
NUMBERS = {ASHA: "+255712000001", JUMA: "+255712000002"}
KEY = "portal-key-of-sixteen"


class Shell:
    """A shell whose environment knows the daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.environment = {"FLOWHQD_URL": daemon.url, "ADMIN_PASSWORD": PASSWORD}

    async def run(self, *words: str) -> Ended:
        return await flowhqd(*words, **self.environment)

    async def well(self, *words: str) -> str:
        """What a command prints that must succeed."""
        ended = await self.run(*words)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out

    async def json(self, *words: str) -> Any:
        return orjson.loads(await self.well(*words, "--json"))

    async def refused(self, *words: str) -> str:
        """The one line of a command that the daemon refuses."""
        ended = await self.run(*words)
        assert ended.status == 1
        return ended.problem

    async def complete(self, *words: str) -> list[str]:
        """What zsh is offered for the last of these words."""
        asked = {
            "_FLOWHQD_COMPLETE": "zsh_complete",
            "COMP_WORDS": " ".join(("flowhqd", *words)),
            "COMP_CWORD": str(len(words)),
        }
        ended = await flowhqd(**self.environment, **asked)
        return ended.out.splitlines()


async def ask(daemon: Daemon, email: str) -> str:
    """Ask for a tenant in the name of a front end's user; the id of the request."""
    headers = {"x-portal-key": KEY, "x-user-email": email}
    body = {"template_type": "BOOKING", "business_name": "Duka", "whatsapp_number": NUMBERS[email]}
    async with (
        aiohttp.ClientSession(daemon.url, headers=headers) as session,
        session.post("/portal/setup-request", json=body) as response,
    ):
        assert response.status == 201, await response.text()
        made: str = (await response.json())["setupRequest"]["id"]
        return made


async def test_people_are_invited_and_their_requests_decided(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon(PORTAL_INTERNAL_KEY=KEY)
    async with running(daemon):
        shell = Shell(daemon)
        invited = (await shell.well("user", "add", "Neema@Example.com")).splitlines()
        assert invited[0].startswith(f"{daemon.url}/app/invite/")
        assert invited[1].startswith("for neema@example.com, once, until 20")
        assert "account already" in await shell.refused("user", "add", "neema@example.com")
        again = await shell.json("user", "reset-link", "neema@example.com")
        assert again["link"]["url"] != invited[0]
        neema = again["user"]["id"]
        assert await shell.well("user", "disable", neema[:8]) == "neema@example.com: disabled\n"
        assert await shell.well("user", "enable", neema) == "neema@example.com: invited\n"
        for wanted in ("nobody@example.com", ""):
            assert "no user" in await shell.refused("user", "disable", wanted)

        asha, juma = [await ask(daemon, email) for email in (ASHA, JUMA)]
        lines = (await shell.well("request", "list")).splitlines()
        assert [line.split()[:3] for line in lines[1:]] == [
            [juma[:8], JUMA, NUMBERS[JUMA]],
            [asha[:8], ASHA, NUMBERS[ASHA]],
        ]
        assert max(map(len, lines)) <= 80
        assert await shell.complete("request", "approve", asha[:6]) == ["plain", asha, ASHA]
        assert await shell.complete("user", "disable", "ne") == [
            "plain", "neema@example.com", "invited",
        ]  # fmt: skip

        rejected = await shell.well("request", "reject", NUMBERS[JUMA], "--note", "Piga simu")
        assert rejected == f"{JUMA}: REJECTED\n"
        assert "REJECTED" in await shell.refused("request", "approve", juma)
        assert "no request" in await shell.refused("request", "approve", JUMA)
        approved = await shell.json("user", "approve", ASHA, "--name", "Asha wa soko")
        tenant = approved["tenant"]
        assert (tenant["name"], tenant["phone_number"]) == ("Asha wa soko", NUMBERS[ASHA])
        assert tenant["worker"]["status"] == "RUNNING"
        assert "asked for nothing" in await shell.refused("user", "approve", ASHA)
        assert (await shell.well("request", "approve", asha)).splitlines() == [
            f"{ASHA}: APPROVED", f"tenant {tenant['id']}",
        ]  # fmt: skip
        assert len((await shell.json("request", "list", "--all"))["setupRequests"]) == 2

        second = await shell.json("user", "add", "baraka@example.com", "--tenant", "Asha wa soko")
        assert second["user"]["tenant_id"] == tenant["id"]
        found = (await shell.json("user", "list", "--search", "A@EXAMPLE"))["users"]
        assert [one["email"] for one in found] == [
            "baraka@example.com", JUMA, ASHA, "neema@example.com",
        ]  # fmt: skip
        log = daemon.log.read_text()
        assert "/app/invite/" not in log
        assert KEY not in log
