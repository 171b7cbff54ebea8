"""``flowhqd check`` as an operator runs it."""

from __future__ import annotations

from typing import Any

from flowhqd.check.holder import ask
from tests.check.conftest import Host
from tests.system.daemon import running


def by_name(findings: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {finding["name"]: finding for finding in findings}


async def test_beside_a_daemon_everything_is_well_and_the_daemon_is_left_alone(host: Host) -> None:
    daemon = host.daemon()
    async with running(daemon) as operator:
        assert daemon.process is not None
        tenant_id = await operator.create("+255712000001")
        await operator.verb(tenant_id, "worker/start")
        before = await operator.state(tenant_id, "QR_READY")
        status, found = await host.check("--whatsapp")
        named = by_name(found)
        # The disk and the fonts of the host that tests run on are its own affair.
        wrong = [each for each in found if each["status"] != "ok"]
        assert [each["name"] for each in wrong if each["name"] not in ("disk", "fonts")] == []
        assert status == 0
        assert str(daemon.process.pid) in named["daemon"]["detail"]
        assert named["port"]["detail"] == f"{daemon.url} is the daemon's"
        assert "the daemon's" in named["database"]["detail"]
        assert named["qr"]["detail"].startswith("a code to scan")
        served = {name for name in named if name.startswith("can_")}
        assert served >= {"can_state", "can_inbound", "can_send_text", "can_pairing_code"}
        after = await operator.tenant(tenant_id)
        assert after["session"] == before["session"]
        readiness = await ask(daemon.url)
        assert readiness is not None
        assert readiness.is_ready


async def test_every_wrong_variable_is_told_and_the_rest_is_checked(host: Host) -> None:
    status, found = await host.check(LOG_LEVEL="loud", TENANTS_PER_BROWSER="0")
    assert status == 1
    wrong = [each for each in found if each["name"] == "settings"]
    assert {each["detail"].partition(":")[0] for each in wrong} == {
        "LOG_LEVEL",
        "TENANTS_PER_BROWSER",
    }
    assert by_name(found)["reach"]["status"] == "ok"
    assert not host.state.exists()


async def test_each_failure_comes_with_a_cure_on_one_line(host: Host) -> None:
    status, text = await host.flowhqd(
        "check",
        PUPPETEER_EXECUTABLE_PATH="/nowhere/chromium",
        WHATSAPP_WEB_URL="http://127.0.0.1:9/",
    )
    assert status == 1
    lines = text.decode().splitlines()
    failures = [number for number, line in enumerate(lines) if line.startswith("failure")]
    assert {lines[number].split()[1] for number in failures} == {"chromium", "reach"}
    for number in failures:
        assert lines[number + 1].strip().startswith("→ ")
