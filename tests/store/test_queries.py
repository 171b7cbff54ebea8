from __future__ import annotations

import ast
from pathlib import Path

import asyncpg
import pytest

import flowhqd
from flowhqd.store.queries import Queries, QueryError, sql

GOOD = """-- Notes about the file.

-- name: one
-- The first number.
select 1;

-- name: echo
-- What it is given.
-- In two lines.
select
  $1::text -- as it is
;
"""


def written(directory: Path, text: str) -> Path:
    (directory / "some.sql").write_text(text)
    return directory


def test_blocks_become_named_texts(tmp_path: Path) -> None:
    queries = Queries.load(written(tmp_path, GOOD))

    assert queries.names == {"one", "echo"}
    assert queries.one == queries["one"] == "-- The first number.\nselect 1;"
    assert queries.echo.endswith("$1::text -- as it is\n;")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("select 1;\n-- name: one\n-- First.\nselect 1;", "some.sql:1: SQL before"),
        ("select 1;", "some.sql:1: SQL before"),
        ("-- name: One\n-- First.\nselect 1;", "some.sql:1: write it as"),
        ("\n--name: one\n-- First.\nselect 1;", "some.sql:2: write it as"),
        ("-- name: one two\n-- First.\nselect 1;", "write it as"),
        ("-- name: one\nselect 1;", "one needs one comment line"),
        ("-- name: one\n--\nselect 1;", "one needs one comment line"),
        ("-- name: one", "one needs one comment line"),
        ("-- name: one\n-- First.\n", "one needs one SQL statement"),
        ("-- name: one\n-- First.\nselect 1", "ends with ';'"),
        (GOOD + GOOD, "'one' is taken"),
        ("-- name: names\n-- A method.\nselect 1;", "'names' is taken"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(QueryError) as caught:
        Queries.load(written(tmp_path, text))

    assert complaint in str(caught.value)


def test_an_unknown_name_is_an_error(tmp_path: Path) -> None:
    queries = Queries.load(written(tmp_path, GOOD))

    with pytest.raises(AttributeError, match="no query named 'two'"):
        _ = queries.two
    with pytest.raises(KeyError):
        queries["two"]


def names_used() -> set[str]:
    """Every ``sql.name`` and ``sql["name"]`` in flowhqd."""
    used = set()
    for path in Path(flowhqd.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Attribute(value=ast.Name(id="sql"), attr=name):
                    used.add(name)
                case ast.Subscript(value=ast.Name(id="sql"), slice=ast.Constant(value=str(name))):
                    used.add(name)
    return used


def test_every_query_is_used_and_every_used_one_exists() -> None:
    used = names_used()

    assert used - sql.names == set(), "used but not in sql/queries"
    assert sql.names - used == set(), "in sql/queries but never used"


async def test_postgresql_accepts_every_query(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    refused = {}
    try:
        for name in sorted(sql.names):
            try:
                await connection.prepare(sql[name])
            except asyncpg.PostgresError as error:
                refused[name] = str(error)
    finally:
        await connection.close()

    assert refused == {}
