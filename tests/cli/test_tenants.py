"""An operator's day at the shell, with a real daemon and a simulated WhatsApp."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from flowhqd.simulator import Simulator
from tests.cli.conftest import Ended, flowhqd_fed
from tests.system.daemon import PASSWORD, Daemon, eventually, running

OWNER = "255712000001"
CUSTOMER = "255754000001"
LONG_NAME = "Duka kubwa lenye jina refu kupita upana wa jedwali lolote 你好"
SECONDS = 60.0


class Shell:
    """A shell whose environment knows the daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.environment = {"FLOWHQD_URL": daemon.url, "ADMIN_PASSWORD": PASSWORD}

    async def tenant(self, *words: str | bytes, stdin: bytes = b"") -> Ended:
        return await flowhqd_fed(stdin, "tenant", *words, **self.environment)

    async def well(self, *words: str | bytes, stdin: bytes = b"") -> str:
        """What a command prints that must succeed."""
        ended = await self.tenant(*words, stdin=stdin)
        assert (ended.status, ended.err) == (0, ""), ended
        return ended.out

    async def json(self, *words: str) -> Any:
        return orjson.loads(await self.well(*words, "--json"))

    async def refused(self, *words: str | bytes) -> str:
        """The one line of a command that the daemon refuses."""
        ended = await self.tenant(*words)
        assert ended.status == 1
        return ended.problem

    async def complete(self, *words: str) -> Ended:
        """What zsh is offered for the last of these words."""
        asked = {
            "_FLOWHQD_COMPLETE": "zsh_complete",
            "COMP_WORDS": " ".join(("flowhqd", *words)),
            "COMP_CWORD": str(len(words)),
        }
        return await flowhqd_fed(b"", **self.environment, **asked)

    async def add(self, number: str = f"+{OWNER}", name: str = "Duka la Asha") -> str:
        words = ("add", "--name", name, "--number", number, "--template", "booking")
        return str((await self.json(*words))["tenant"]["id"])


async def test_tenants_are_added_listed_found_and_deleted(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon()
    async with running(daemon):
        shell = Shell(daemon)
        assert (await shell.well("list")).split()[0] == "ID"
        tenant_id = await shell.add()
        other = await shell.add("+254712000002", LONG_NAME)
        assert "phone_number" in await shell.refused(
            "add", "--name=x", "--number=0712", "--template=BOOKING"
        )
        assert f"+{OWNER}" in await shell.refused(
            "add", "--name=x", f"--number=+{OWNER}", "--template=BOOKING"
        )
        lines = (await shell.well("list")).splitlines()
        assert [line.split()[0] for line in lines] == ["ID", tenant_id[:8], other[:8]]
        assert lines[1].split()[-4:] == [f"+{OWNER}", "NEW", "DISCONNECTED", "STOPPED"]
        assert max(map(len, lines)) <= 80
        assert [one["id"] for one in (await shell.json("list"))["tenants"]] == [tenant_id, other]

        # A tenant goes by its id, the beginning of one, its number and its name.
        for word in (tenant_id, tenant_id[:8], f"+{OWNER}", "255 712 000 001", "duka la asha"):
            assert tenant_id in await shell.well("show", word)
        completed = await shell.complete("tenant", "show", tenant_id[:7])
        assert completed.out.split("\n")[:3] == ["plain", tenant_id, "Duka la Asha"]
        await shell.add("+254712000003")
        assert "may mean 2 tenants" in await shell.refused("show", "Duka la Asha")
        for word in ("somebody", "", "+", "4b0e6f0a-0000-4000-8000-000000000001"):
            assert "no tenant" in (await shell.refused("show", word)).replace("such ", "")

        ended = await shell.tenant("delete", tenant_id, stdin=b"n\n")
        assert ended.status == 1
        assert "Duka la Asha" in ended.err
        assert await shell.well("delete", "--yes", tenant_id) == "deleted Duka la Asha\n"
        assert "no tenant" in (await shell.refused("show", tenant_id)).replace("such ", "")

        shell.environment["ADMIN_PASSWORD"] = "not the operator's"
        assert "password is wrong" in await shell.refused("list")


@pytest.mark.timeout(240)
async def test_a_phone_is_linked_and_talked_to(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    phone = simulator.phone(OWNER)
    async with running(daemon) as operator:
        shell = Shell(daemon)
        tenant_id = await shell.add()
        code = (await shell.well("pairing-code", tenant_id)).splitlines()[0]
        assert len(code) == 9
        assert (await shell.json("pairing-code", tenant_id))["code"] == code.replace("-", "")
        assert code[4] == "-"

        picture = await shell.well("qr", tenant_id)
        assert "Linked devices" in picture.splitlines()[0]
        assert "▀" in picture
        watching = asyncio.create_task(shell.tenant("qr", "--watch", "--json", tenant_id))
        await phone.scan(await operator.qr(tenant_id))
        watched = await watching
        assert watched.status == 0
        assert orjson.loads(watched.out.splitlines()[-1]) == {"state": "CONNECTED"}
        for command in ("qr", "pairing-code"):
            assert "CONNECTED" in await shell.refused(command, tenant_id)

        customer = phone.customer(CUSTOMER)
        sent = await shell.well("send", tenant_id, f"+{CUSTOMER}", "Miadi yako ni kesho.")
        assert sent.startswith(f"QUEUED for +{CUSTOMER}\n")
        text = "Ujumbe mrefu:\nkesho"
        words = ("send", "--idempotency-key=1", tenant_id, CUSTOMER, "-")
        first = await shell.well(*words, stdin=text.encode())
        assert [one.text for one in await customer.wait_for(2)] == ["Miadi yako ni kesho.", text]
        again = await shell.well(*words, stdin=text.encode())
        assert again.splitlines()[1] == first.splitlines()[1]
        assert "idempotency_key" in await shell.refused(*words[:-1], "Kingine")
        assert "group" in await shell.refused("send", tenant_id, "1@g.us", "Habari")
        assert "JSON" in await shell.refused("send", tenant_id, CUSTOMER, b"\xff")

        tried = await shell.well("test-message", tenant_id)
        assert tried.startswith(f"QUEUED for +{OWNER}\n")

        assert "tenant PAUSED" in await shell.well("pause", tenant_id)
        await customer.send("Habari,\x1b[2J nataka\nkuweka miadi " + "tafadhali " * 20)

        async def logged() -> list[str] | None:
            lines = (await shell.well("logs", tenant_id)).splitlines()
            return lines if len(lines) == 4 else None

        lines = await eventually(logged, "four messages")
        assert ["→" in line for line in lines] == [True, True, True, False]
        assert "[paused] Habari" in lines[3]
        assert max(map(len, lines)) <= 80
        assert "\x1b" not in "".join(lines)
        told = await shell.well("logs", "--limit=1", "--why", tenant_id)
        assert "\n          Not answered: the tenant was paused.\n" in told
        [row] = (await shell.json("logs", "--limit=1", tenant_id))["logs"]
        assert row["direction"] == "IN"
        assert "tenant ACTIVE" in await shell.well("resume", tenant_id)

        assert "worker STOPPED" in await shell.well("stop", tenant_id)
        for verb in ("start", "restart", "force-restart"):
            assert "worker RUNNING" in await shell.well(verb, tenant_id)
        await operator.state(tenant_id, "CONNECTED")
        assert "worker RUNNING" in await shell.well("force-restart", "--forget-login", tenant_id)
        await operator.state(tenant_id, "QR_READY")


async def test_a_followed_log_tells_what_comes_and_what_becomes_of_it(
    make_daemon: Callable[..., Daemon], simulator: Simulator
) -> None:
    daemon = make_daemon()
    phone = simulator.phone(OWNER)
    async with running(daemon) as operator:
        shell = Shell(daemon)
        tenant_id = await shell.add()
        await shell.well("start", tenant_id)
        await phone.scan(await operator.qr(tenant_id))
        await operator.state(tenant_id, "CONNECTED")
        customer = phone.customer(CUSTOMER)
        await shell.well("send", tenant_id, CUSTOMER, "Kwanza")
        await customer.wait_for(1)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "flowhqd", "tenant", "logs", "-f", "--json", tenant_id,
            env={"PATH": os.environ["PATH"], **shell.environment},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            seen: list[tuple[str, str]] = []

            async def until(text: str, status: str) -> None:
                assert process.stdout is not None
                while (text, status) not in seen:
                    row = orjson.loads(await asyncio.wait_for(process.stdout.readline(), SECONDS))
                    seen.append((row["message_text"], row["status"]))

            await until("Kwanza", "DELIVERED")
            await customer.send("Bei gani?")
            await until("Bei gani?", "ANSWERED")
            await shell.well("send", tenant_id, CUSTOMER, "Mwisho")
            await until("Mwisho", "DELIVERED")
            assert len(seen) == len(set(seen))
            process.send_signal(signal.SIGINT)
            _, err = await asyncio.wait_for(process.communicate(), SECONDS)
            assert (process.returncode, err) == (0, b"")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
