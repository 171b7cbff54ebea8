"""The named SQL of ``sql/queries``, read once.

A file holds blocks that psql can run as they are::

    -- name: tenant_by_id
    -- One tenant with its configuration.
    SELECT … WHERE tenant_id = $1;
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType

from flowhqd.errors import StartupError
from flowhqd.resources import resource

_MARK = re.compile(r"--\s*name\s*:", re.IGNORECASE)
_NAME = re.compile(r"-- name: ([a-z][a-z0-9_]*)")


class QueryError(StartupError):
    """A file of ``sql/queries`` is malformed; the message names the file and the line."""

    code = "query"


class Queries:
    """Named SQL texts, as ``queries["tenant_by_id"]`` or ``queries.tenant_by_id``."""

    __slots__ = ("_texts",)

    def __init__(self, texts: dict[str, str]) -> None:
        self._texts = MappingProxyType(texts)

    @classmethod
    def load(cls, directory: Path) -> Queries:
        """Read every ``*.sql`` of ``directory``; raises QueryError for what cannot be meant."""
        texts: dict[str, str] = {}
        for path in sorted(directory.glob("*.sql")):
            for line, name, text in _blocks(path):
                if name in texts or hasattr(cls, name):
                    raise QueryError(f"{path.name}:{line}: the query name {name!r} is taken")
                texts[name] = text
        return cls(texts)

    @property
    def names(self) -> frozenset[str]:
        """Every query's name."""
        return frozenset(self._texts)

    def __getitem__(self, name: str) -> str:
        return self._texts[name]

    def __getattr__(self, name: str) -> str:
        try:
            return self._texts[name]
        except KeyError:
            raise AttributeError(f"no query named {name!r} in sql/queries") from None


def _blocks(path: Path) -> Iterator[tuple[int, str, str]]:
    """The line, name and SQL of each block of one file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if _MARK.match(line.strip())]
    for number, line in enumerate(lines[: starts[0]] if starts else lines):
        if line.strip() and not line.startswith("--"):
            raise QueryError(f"{path.name}:{number + 1}: SQL before the first '-- name: …' line")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        where = f"{path.name}:{start + 1}"
        match = _NAME.fullmatch(lines[start].rstrip())
        if match is None:
            raise QueryError(f"{where}: write it as '-- name: lower_case_name'")
        name = match[1]
        body = lines[start + 1 : end]
        if not body or not re.match(r"--\s*\S", body[0]):
            raise QueryError(f"{where}: {name} needs one comment line that says what it does")
        text = "\n".join(body).strip()
        statement = "\n".join(line for line in body if not line.lstrip().startswith("--")).strip()
        if not statement.endswith(";") or statement == ";":
            raise QueryError(f"{where}: {name} needs one SQL statement that ends with ';'")
        yield start + 1, name, text


sql = Queries.load(resource("sql/queries"))
