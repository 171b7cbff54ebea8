"""Imports go one way (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import flowhqd

ROOT = Path(flowhqd.__file__).parent

# What each room may import from the others; leaves are modules directly in flowhqd/.
MAY_IMPORT = {
    "browser": set(),
    "replies": set(),
    "store": set(),
    "whatsapp": {"browser"},
    "messages": {"replies", "store", "whatsapp"},
    "supervisor": {"browser", "messages", "store", "whatsapp"},
    "http": {"messages", "replies", "store", "supervisor", "whatsapp"},
    "simulator": set(),
    # The doctor tries the parts one by one; the command line speaks to a running daemon.
    "check": {"browser", "replies", "store", "supervisor", "whatsapp"},
    "cli": {"check", "store", "supervisor"},
}
# Pure rooms and modules: no I/O of their own, a clock handed in.
PURE = [
    "messages/decision.py",
    "messages/dedup.py",
    "messages/ids.py",
    "messages/loop_breaker.py",
    "messages/rate_limit.py",
    "supervisor/reconnect.py",
    "supervisor/transitions.py",
    "whatsapp/phase.py",
]
IMPURE = {"asyncio", "aiohttp", "asyncpg", "os", "socket", "subprocess", "time"}


def imports(path: Path) -> set[str]:
    """The modules a file imports at run time, not merely for its types."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "flowhqd" and len(parts) > 1 and (ROOT / parts[1]).is_dir():
                allowed = MAY_IMPORT[room] | {room}
                assert parts[1] in allowed, f"{path.relative_to(ROOT)} imports {module}"


@pytest.mark.parametrize("module", PURE)
def test_a_pure_module_does_no_io(module: str) -> None:
    assert not imports(ROOT / module) & IMPURE
