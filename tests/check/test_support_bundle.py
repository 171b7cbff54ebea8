"""What a support bundle holds, and what it must not."""

from __future__ import annotations

import tarfile
from pathlib import Path

import orjson

from flowhqd.simulator import Simulator
from tests.check.conftest import Host
from tests.system.daemon import PASSWORD, eventually, running

OWNER, CUSTOMER = "255712000077", "255754000088"
BUSINESS, TENANT = "Saluni ya Mwanahamisi", "Duka la Mwanahamisi"
BODY = "Nataka kusuka nywele za bibi harusi kesho"
TOKEN, KEY = "alert-token-4711-abcdef", "portal-key-0815-ghijkl"
PLANTED = "hunter2-in-a-plain-line"


def members(bundle: Path) -> dict[str, str]:
    """The text of each file in the bundle."""
    found = {}
    with tarfile.open(bundle) as archive:
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            found[member.name.removeprefix("flowhqd-support/")] = file.read().decode()
    return found


async def test_a_bundle_tells_the_states_and_keeps_every_secret(
    host: Host, simulator: Simulator, tmp_path: Path
) -> None:
    host.environment.update(
        PORTAL_INTERNAL_KEY=KEY,
        ALERT_URL=f"https://alerts.example/{TOKEN}",
        # The worst case: the logs hold what customers wrote.
        LOG_MESSAGE_BODIES="true",
    )
    async with running(host.daemon()) as operator:
        tenant_id = await operator.create(f"+{OWNER}", name=TENANT, business_name=BUSINESS)
        await operator.verb(tenant_id, "worker/start")
        await simulator.phone(OWNER).scan(await operator.qr(tenant_id))
        await operator.state(tenant_id, "CONNECTED")
        customer = simulator.phone(OWNER).customer(CUSTOMER, name="Mwajuma")
        await customer.send(BODY)
        await customer.wait_for(1)
        log = host.state / "logs" / f"{tenant_id}.log"

        async def replied() -> str | None:
            text = log.read_text() if log.exists() else ""
            return text if "message_out" in text else None

        raw = await eventually(replied, "reply in the log")
        assert CUSTOMER in raw
        with log.open("a") as file:
            file.write(f"{PLANTED}\n")
            file.write(orjson.dumps({"event": "planted", "body": BODY, "error": TENANT}).decode())
            file.write("\n")

        bundle = tmp_path / "bundle.tar.gz"
        status, _ = await host.flowhqd("support-bundle", str(bundle))
        assert status == 0
        again, _ = await host.flowhqd("support-bundle", str(bundle))
        assert again == 1, "a file that is there must not be overwritten"

    assert bundle.stat().st_mode & 0o777 == 0o600
    found = members(bundle)
    whole = "".join(found.values())
    secrets = (PASSWORD, KEY, TOKEN, PLANTED)
    people = (OWNER, CUSTOMER, BUSINESS, TENANT, "Mwanahamisi", "Mwajuma", BODY)
    assert [each for each in (*secrets, *people) if each in whole] == []

    [tenant] = orjson.loads(found["tenants.json"])["tenants"]
    assert (tenant["id"], tenant["session"]["state"]) == (tenant_id, "CONNECTED")
    assert tenant["session"]["is_linked"] is True
    values = orjson.loads(found["settings.json"])["values"]
    assert values["ALERT_URL"] == values["ADMIN_PASSWORD"] == "(set)"
    assert values["PORT"] == int(host.environment["PORT"])
    assert orjson.loads(found["check.json"])["checks"]
    assert orjson.loads(found["versions.json"])["pyppeteer"] == "2.0.0"
    lines = found[f"logs/{tenant_id}.log"].splitlines()
    assert any(orjson.loads(line)["event"] == "message_out" for line in lines[:-1])
    assert lines[-1] == "(1 lines of another kind were left out)"
